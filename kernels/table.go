package kernels

// A line for each entry point. A test compares it with the PTX.
var table = []Kernel{
	{Name: "attention_flash32_bf16", Stem: "attention", Target: 80, Threads: 128, Tile: 64, Params: 13, Shared: 20 << 10},
	{Name: "attention_flash32_f16", Stem: "attention", Target: 75, Threads: 128, Tile: 64, Params: 13, Shared: 20 << 10},
	{Name: "attention_flash64_bf16", Stem: "attention", Target: 80, Threads: 128, Tile: 64, Params: 13, Shared: 40 << 10},
	{Name: "attention_flash64_f16", Stem: "attention", Target: 75, Threads: 128, Tile: 64, Params: 13, Shared: 40 << 10},
	{Name: "gemm_mma128_bf16", Stem: "gemm", Target: 80, Threads: 256, Tile: 128, Params: 13, Shared: 48 << 10},
	{Name: "gemm_mma128_f16", Stem: "gemm", Target: 75, Threads: 256, Tile: 128, Params: 13, Shared: 48 << 10},
	{Name: "gemm_mma64_bf16", Stem: "gemm", Target: 80, Threads: 128, Tile: 64, Params: 13, Shared: 24 << 10},
	{Name: "gemm_mma64_f16", Stem: "gemm", Target: 75, Threads: 128, Tile: 64, Params: 13, Shared: 24 << 10},
	{Name: "norm_row_bf16", Stem: "norm", Target: 80, Threads: 128, Tile: 4, Params: 11},
	{Name: "norm_row_f16", Stem: "norm", Target: 75, Threads: 128, Tile: 4, Params: 11},
	{Name: "norm_row_f32", Stem: "norm", Target: 75, Threads: 128, Tile: 4, Params: 11},
}
