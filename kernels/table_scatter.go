package kernels

var scatterTable = []Kernel{
	{Name: "scatter_pairs_any", Stem: "scatter", Target: 75, Threads: 128, Tile: 128, Params: 11},
}
