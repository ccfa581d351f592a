package kernels

import (
	"math"
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

	// x and the result go in accesses of neighbouring lanes. Of gain and bias a lane has 32 bytes, in two accesses, whose sectors
	// a warp touches twice.
	const rows, width = 8, 768
	x, dst, gain := r.matrix(bf16, rows, width, rng), r.result(bf16, rows, width), r.matrix(f32, 1, width, rng)
	r.launch("norm_row_bf16", [3]int{rows / 4, 1, 1}, dst.arg(), x.arg(), 0, gain.arg(), gain.arg(), i32(rows), i32(width), dst.ld(), x.ld(), 0, driver.F32(1e-5))
	c := count("norm_row_bf16")
	assert.EqualValues(t, c.Total.Ideal+2*rows*width*4/32, c.Total.Sectors, "sectors")

	// The loop has no bank conflict. The epilogue's reads have two lanes of eight in a bank: as many wavefronts again as they
	// need, which are tile² · 4 bytes of 128, twice with an activation.
	const tile, k = 128, 256
	a, b := r.matrix(bf16, tile, k, rng), r.matrix(bf16, tile, k, rng)
	c2 := r.result(bf16, tile, tile)
	r.launch("gemm_mma128_bf16", [3]int{1, 1, 1}, c2.arg(), 0, a.arg(), b.arg(), 0, i32(tile), i32(tile), i32(k), c2.ld(), 0, a.ld(), b.ld(), i32(noAct))
	c = count("gemm_mma128_bf16")
	assert.Equal(t, c.Total.Ideal, c.Total.Sectors, "sectors")
	assert.EqualValues(t, 2*tile*tile*k, c.Total.MMAFLOPs)
	assert.LessOrEqual(t, c.Total.Conflicts(), uint64(tile*tile*4/128), "bank conflicts")

	// Four tiles of keys, in a matrix of two heads: no conflict at all.
	const n, d = 256, 64
	q, o := r.matrix(bf16, n, 2*d, rng), r.result(bf16, n, 2*d)
	start, length := r.ints(0), r.ints(n)
	r.launch("attention_flash64_bf16", [3]int{n / 64, 2, 1}, o.arg(), q.arg(), q.arg(), q.arg(), start, length, start, length,
		o.ld(), q.ld(), q.ld(), q.ld(), driver.F32(math.Log2E/8))
	c = count("attention_flash64_bf16")
	assert.EqualValues(t, 2*4*n*n*d, c.Total.MMAFLOPs)
	assert.Zero(t, c.Total.Conflicts(), "bank conflicts")
}
