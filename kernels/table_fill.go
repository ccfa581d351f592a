package kernels

var fillTable = []Kernel{
	{Name: "fill_spans_any", Stem: "fill", Target: 75, Threads: 128, Tile: 4, Params: 7},
}
