package kernels

var sampleTable = []Kernel{
	{Name: "sample_rows_any", Stem: "sample", Target: 75, Threads: 256, Tile: 1, Params: 9, Shared: 64},
}
