package kernels

var pointwiseTable = []Kernel{
	{Name: "pointwise_spans_any", Stem: "pointwise", Target: 75, Threads: 128, Tile: 4, Params: 18},
}
