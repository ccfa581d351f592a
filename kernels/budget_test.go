package kernels

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/cuda/sim"
)

// TestBudgets holds what the simulator counts in launches of BERT's widths against what the kernels are designed for. It says
// nothing of time.
func TestBudgets(t *testing.T) {
	r := open(t, sim.Options{})
	r.pad = 16 // rows of whole sectors, of 32 bytes
	rng := rand.New(rand.NewPCG(1, 2))
	i32 := func(n int) driver.Arg { return driver.I32(int32(n)) }
	count := func(name string) sim.Counters {
		for _, c := range r.Counters() {
			if c.Kernel.Name() == name {
				t.Logf("%s: %d instructions of warps, SIMD %.2f, %d sectors of %d, %d wavefronts of %d, %d FLOPs by mma", name, c.Total.Warp, c.Total.SIMD(),
					c.Total.Sectors, c.Total.Ideal, c.Total.Wavefronts, c.Total.WavefrontsIdeal, c.Total.MMAFLOPs)
				return c
			}
		}
		require.Fail(t, "not counted", name)
		return sim.Counters{}
	}

	// A row is read once, and written once, in requests of whole sectors.
	const rows, width = 8, 768
	x, dst, gain := r.matrix(bf16, rows, width, rng), r.result(bf16, rows, width), r.matrix(f32, 1, width, rng)
	r.launch("norm_row_bf16", [3]int{rows / 4, 1, 1}, dst.arg(), 0, 0, x.arg(), x.arg(), gain.arg(), gain.arg(), i32(rows), i32(width), dst.ld(), 0, 0, x.ld(), x.ld(),
		0, driver.F32(1e-5))
	c := count("norm_row_bf16")
	assert.EqualValues(t, rows*width*(3*2+2*4)/32, c.Total.Sectors, "sectors")
}
