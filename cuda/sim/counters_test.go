package sim

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/cuda/driver"
)

func TestCounters(t *testing.T) {
	r := open(t, Options{})
	s, p, q := r.stream(), r.alloc(4096), r.alloc(4096)
	f := r.kernel(saxpy, "saxpy")
	r.ok(s.Fill(p, 0, 1024), s.Fill(q, 0, 1024))
	for range 3 {
		r.ok(s.Launch(f, grid(8, 128), []driver.Arg{driver.Addr(p), driver.Addr(q), driver.I32(1000), driver.F32(1)}))
	}
	assert.Empty(t, r.Counters())
	r.ok(s.Sync())
	list := r.Counters()
	require.Len(t, list, 1)
	c := list[0]
	assert.Equal(t, "saxpy", c.Kernel.Name())
	assert.Equal(t, 3, c.Launches)
	assert.EqualValues(t, 3*1000*2, c.Total.FLOPs)
	assert.EqualValues(t, 3*4000, c.DRAMWrite)
	assert.EqualValues(t, 3*8000, c.DRAMRead)
	assert.EqualValues(t, 3*1024, c.Threads)
	var lanes uint64
	for _, n := range c.ByLine() {
		lanes += n.Lane
	}
	assert.Equal(t, c.Total.Lane, lanes)
	assert.Equal(t, Occupancy{Blocks: 16, Warps: 64, Of: 64, Limit: "threads"}, c.Occupancy)
	r.ResetCounters()
	assert.Empty(t, r.Counters())
}

// Blocks per SM that NVIDIA's tools give for kernels that ptxas compiled: registers and shared memory
// as ptxas -v prints them, for sm_80, sm_86 and sm_90.
func TestOccupancy(t *testing.T) {
	for _, c := range []struct {
		info              driver.Info
		registers, shared int
		threads, want     int
		limit             string
	}{
		{A100, 94, 0, 128, 5, "registers"}, {A10, 102, 0, 128, 4, "registers"}, {H100, 91, 0, 128, 5, "registers"},
		{A100, 138, 40960, 128, 3, "registers"}, {A10, 139, 40960, 128, 2, "shared memory"}, {H100, 128, 40960, 128, 4, "registers"},
		{A100, 48, 0, 128, 10, "registers"},
		// By the calculator's rules: 5 warps take the registers of 8, and the driver keeps 1 KiB of each block's share.
		{A100, 128, 0, 160, 2, "registers"}, {A100, 16, 20 << 10, 32, 7, "shared memory"}, {T4, 16, 20 << 10, 32, 3, "shared memory"},
		{A100, 16, 0, 32, 32, "blocks"}, {T4, 16, 0, 32, 16, "blocks"}, {T4, 32, 0, 1024, 1, "threads"},
		{A100, 32, 163 << 10, 32, 1, "shared memory"}, {T4, 32, 64 << 10, 32, 1, "shared memory"}, {H100, 16, 227 << 10, 1, 1, "shared memory"},
		{A100, 255, 0, 257, 0, "registers"}, {A100, 64, 0, 1024, 1, "registers"}, {A100, 65, 0, 1024, 0, "registers"},
	} {
		o := Occupy(c.info, driver.Attrs{Registers: c.registers}, c.threads, c.shared)
		assert.Equal(t, c.want, o.Blocks, "%s: %+v", c.info.Name, c)
		assert.Equal(t, c.limit, o.Limit, "%s: %+v", c.info.Name, c)
	}
}
