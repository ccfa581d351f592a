package kernels

var topkTable = []Kernel{
	{Name: "topk_rows_any", Stem: "topk", Target: 75, Threads: 256, Tile: 1, Params: 9, Shared: 9288},
}
