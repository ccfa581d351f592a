package kernels

var topkTable = []Kernel{
	{Name: "topk_first_any", Stem: "topk", Target: 75, Threads: 1024, Tile: 1, Params: 10, Shared: 256},
	{Name: "topk_rows_any", Stem: "topk", Target: 75, Threads: 1024, Tile: 1, Params: 10, Shared: 9368},
}
