package kernels

var gemmTable = []Kernel{
	{Name: "gemm_fast16_f32", Stem: "gemm_fast", Target: 80, Threads: 32, Tile: 16, Params: 35, Shared: 24 << 10},
	{Name: "gemm_fast64_f32", Stem: "gemm_fast", Target: 80, Threads: 128, Tile: 64, Params: 35, Shared: 48 << 10},
	{Name: "gemm_fast64_full_f32", Stem: "gemm_fast", Target: 80, Threads: 128, Tile: 64, Params: 35, Shared: 48 << 10},
	{Name: "gemm_few16_f32", Stem: "gemm_few", Target: 75, Threads: 64, Tile: 16, Params: 36, Shared: 32 << 10},
	{Name: "gemm_mma128_bf16", Stem: "gemm", Target: 80, Threads: 256, Tile: 128, Params: 35, Shared: 48 << 10},
	{Name: "gemm_mma128_f16", Stem: "gemm", Target: 75, Threads: 256, Tile: 128, Params: 35, Shared: 48 << 10},
	{Name: "gemm_mma16_bf16", Stem: "gemm", Target: 80, Threads: 32, Tile: 16, Params: 35, Shared: 32 << 10},
	{Name: "gemm_mma16_f16", Stem: "gemm", Target: 75, Threads: 32, Tile: 16, Params: 35, Shared: 32 << 10},
	{Name: "gemm_mma64_bf16", Stem: "gemm", Target: 80, Threads: 128, Tile: 64, Params: 35, Shared: 24 << 10},
	{Name: "gemm_mma64_f16", Stem: "gemm", Target: 75, Threads: 128, Tile: 64, Params: 35, Shared: 24 << 10},
	{Name: "gemm_mma64_full_bf16", Stem: "gemm", Target: 80, Threads: 128, Tile: 64, Params: 35, Shared: 24 << 10},
	{Name: "gemm_mma64_full_f16", Stem: "gemm", Target: 75, Threads: 128, Tile: 64, Params: 35, Shared: 24 << 10},
	{Name: "gemm_simt128_f32", Stem: "gemm_simt", Target: 75, Threads: 256, Tile: 128, Params: 36, Shared: 34304},
	{Name: "gemm_simt64_any", Stem: "gemm_simt", Target: 75, Threads: 128, Tile: 64, Params: 36, Shared: 17664},
	{Name: "gemm_simt64_f32", Stem: "gemm_simt", Target: 75, Threads: 128, Tile: 64, Params: 36, Shared: 17664},
}
