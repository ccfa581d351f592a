package kernels

var castTable = []Kernel{
	{Name: "cast_spans_any", Stem: "cast", Target: 75, Threads: 128, Tile: 4, Params: 9},
}
