package kernels

var crossEntropyTable = []Kernel{
	{Name: "cross_entropy_block_any", Stem: "cross_entropy", Target: 75, Threads: 256, Tile: 1, Params: 12, Shared: 32},
}
