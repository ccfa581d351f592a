package kernels

var takeTable = []Kernel{
	{Name: "take_rows_any", Stem: "take", Target: 75, Threads: 128, Tile: 4, Params: 12},
}
