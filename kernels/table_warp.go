package kernels

var warpTable = []Kernel{
	{Name: "warp_rows_any", Stem: "warp", Target: 75, Threads: 512, Tile: 1, Params: 9, Shared: 17344},
}
