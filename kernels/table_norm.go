package kernels

var normTable = []Kernel{
	{Name: "norm_block_any", Stem: "norm", Target: 75, Threads: 256, Tile: 1, Params: 25, Shared: 32<<10 + 32},
	{Name: "norm_block_bf16", Stem: "norm", Target: 80, Threads: 256, Tile: 1, Params: 16, Shared: 32},
	{Name: "norm_block_f16", Stem: "norm", Target: 75, Threads: 256, Tile: 1, Params: 16, Shared: 32},
	{Name: "norm_block_f32", Stem: "norm", Target: 75, Threads: 256, Tile: 1, Params: 16, Shared: 32},
	{Name: "norm_row_any", Stem: "norm", Target: 75, Threads: 128, Tile: 4, Params: 25, Shared: 16 << 10},
	{Name: "norm_row_bf16", Stem: "norm", Target: 80, Threads: 128, Tile: 4, Params: 16},
	{Name: "norm_row_f16", Stem: "norm", Target: 75, Threads: 128, Tile: 4, Params: 16},
	{Name: "norm_row_f32", Stem: "norm", Target: 75, Threads: 128, Tile: 4, Params: 16},
}
