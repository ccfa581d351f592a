package kernels

var poolTable = []Kernel{
	{Name: "pool_sequences_any", Stem: "pool", Target: 75, Threads: 256, Tile: 1, Params: 19, Shared: 4 << 10},
}
