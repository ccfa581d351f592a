package kernels

var softmaxTable = []Kernel{
	{Name: "softmax_block_any", Stem: "softmax", Target: 75, Threads: 256, Tile: 1, Params: 11, Shared: 32<<10 + 32},
	{Name: "softmax_row_any", Stem: "softmax", Target: 75, Threads: 128, Tile: 4, Params: 11, Shared: 16 << 10},
}
