package kernels

var putTable = []Kernel{
	{Name: "put_add_any", Stem: "put", Target: 75, Threads: 128, Tile: 4, Params: 12},
	{Name: "put_rows_any", Stem: "put", Target: 75, Threads: 128, Tile: 4, Params: 12},
}
