package sim

import (
	"slices"

	"github.com/rapt-go/rapt/cuda/driver"
)

// This file is what a launch needs, and whether the device has it.

// launched is a kernel with its arguments.
type launched struct {
	fn     *Func
	config driver.Config
	args   []driver.Arg
	params []byte
}

// Name is the entry's name.
func (f *Func) Name() string { return f.name }

// Attrs is what the kernel needs.
func (f *Func) Attrs() driver.Attrs { return f.attrs }

func (f *Func) usable(d *Device, call string) error {
	switch {
	case f.module.dev != d:
		return fail(driver.InvalidHandle, call, "the function is of another context, on device %d", f.module.dev.index)
	case f.module.closed:
		return fail(driver.InvalidHandle, call, "%s was closed", f.module.name)
	}
	return nil
}

// prepare checks a launch against the device's limits.
func (f *Func) prepare(call string, c driver.Config, args []driver.Arg) (*launched, error) {
	info := &f.module.dev.info
	threads, err := f.geometry(call, c)
	if err != nil {
		return nil, err
	}
	if c.Shared < 0 {
		return nil, fail(driver.InvalidValue, call, "%d bytes of dynamic shared memory", c.Shared)
	}
	if c.Shared > info.SharedPerBlock-f.attrs.Shared {
		return nil, fail(driver.InvalidValue, call, "%d bytes of shared memory and %d declared, a block has at most %d", c.Shared, f.attrs.Shared, info.SharedPerBlock)
	}
	if o := Occupy(*info, driver.Attrs{Registers: f.attrs.Registers}, threads, 0); o.Blocks == 0 {
		return nil, fail(driver.LaunchOutOfResources, call, "%d threads of %d registers, the device has %d", threads, f.attrs.Registers, info.RegistersPerSM)
	}
	cells := make([]uint64, len(args))
	for i, a := range args {
		cells[i] = uint64(a)
	}
	params, err := f.kernel.PackArgs(cells)
	if err != nil {
		return nil, fail(driver.InvalidValue, call, "%v", err)
	}
	return &launched{fn: f, config: c, args: slices.Clone(args), params: params}, nil
}

// geometry is the threads of a block.
func (f *Func) geometry(call string, c driver.Config) (threads int, err error) {
	info := &f.module.dev.info
	threads = 1
	for i := range 3 {
		if c.Grid[i] < 1 || c.Grid[i] > info.MaxGrid[i] {
			return 0, fail(driver.InvalidValue, call, "grid %v, expected 1 to %v", c.Grid, info.MaxGrid)
		}
		if c.Block[i] < 1 || c.Block[i] > info.MaxBlock[i] {
			return 0, fail(driver.InvalidValue, call, "block %v, expected 1 to %v", c.Block, info.MaxBlock)
		}
		threads *= c.Block[i]
	}
	if threads > info.ThreadsPerBlock {
		return 0, fail(driver.InvalidValue, call, "block %v has %d threads, at most %d", c.Block, threads, info.ThreadsPerBlock)
	}
	if req := f.kernel.ReqBlock(); req[0] != 0 && c.Block != req {
		return 0, fail(driver.InvalidValue, call, "block %v, .reqntid demands %v", c.Block, req)
	}
	if threads > f.attrs.MaxThreads {
		return 0, fail(driver.InvalidValue, call, "block %v has %d threads, .maxntid allows %d", c.Block, threads, f.attrs.MaxThreads)
	}
	return threads, nil
}

// registerUnit is in what steps a thread's registers are given out, 256 a warp.
const registerUnit = 8

// An Occupancy is how many blocks of a kernel an SM holds at once, by the rules of NVIDIA's occupancy
// calculator.
type Occupancy struct {
	Blocks int
	Warps  int
	Of     int    // warps that an SM can hold
	Limit  string // what it has too little of: "registers", "shared memory", "threads" or "blocks"
}

// Occupy is the occupancy of a kernel in blocks of threads, with so many bytes of dynamic shared
// memory. Zero blocks is a launch that fails.
func Occupy(info driver.Info, a driver.Attrs, threads, shared int) Occupancy {
	warps := (threads + driver.WarpSize - 1) / driver.WarpSize
	o := Occupancy{Of: info.ThreadsPerSM / driver.WarpSize}
	o.Blocks, o.Limit = info.BlocksPerSM, "blocks"
	bound := func(n int, limit string) {
		if n < o.Blocks {
			o.Blocks, o.Limit = n, limit
		}
	}
	bound(o.Of/warps, "threads")
	// A quarter of the SM has a quarter of the registers, for whole warps, of which a block takes the
	// same number from each quarter.
	perWarp := roundUp(max(a.Registers, 1), registerUnit) * driver.WarpSize
	bound(4*(info.RegistersPerSM/4/perWarp)/roundUp(warps, 4), "registers")
	unit := 128
	if info.Major < 8 {
		unit = 256
	}
	if n := roundUp(a.Shared+shared+info.SharedReserved, unit); n > 0 {
		bound(info.SharedPerSM/n, "shared memory")
	}
	o.Warps = o.Blocks * warps
	return o
}

func roundUp(n, unit int) int { return (n + unit - 1) / unit * unit }

// Occupancy is that of the kernel on its device. It says nothing of launches that fail for other
// reasons.
func (f *Func) Occupancy(c driver.Config) Occupancy {
	return Occupy(f.module.dev.info, f.attrs, max(c.Block[0]*c.Block[1]*c.Block[2], 1), c.Shared)
}
