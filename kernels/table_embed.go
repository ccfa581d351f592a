package kernels

var embedTable = []Kernel{
	{Name: "embed_rows_any", Stem: "embed", Target: 75, Threads: 128, Tile: 4, Params: 27},
}
