package kernels

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/cuda/sim"
)

// TestBudgetsOfRows holds the memory that kernels of rows and elements move, in sectors of 32 bytes, against what their operands
// have: at most a twentieth more, and of shared memory no bank conflict.
func TestBudgetsOfRows(t *testing.T) {
	const rows, width, words = 16, 768, 6000
	for _, d := range []dtype{f32, bf16} {
		r := open(t, sim.Options{})
		r.pad = 16 // rows of whole sectors
		rng := rand.New(rand.NewPCG(1, 2))
		row := width * d.bytes // bytes
		x, y, z, dst := r.matrix(d, rows, width, rng), r.matrix(d, rows, width, rng), r.matrix(d, rows, width, rng), r.result(d, rows, width)
		gain := r.matrix(f32, 1, width, rng)
		backwards := make([]int32, rows)
		for i := range backwards {
			backwards[i] = int32(rows - 1 - i)
		}
		at := r.ints(backwards...)
		moved := func(name string, bytes int, grid int, args ...driver.Arg) {
			t.Helper()
			r.ResetCounters()
			r.launch(name, [3]int{grid, 1, 1}, args...)
			c := r.Counters()[0].Total
			t.Logf("%s of %s: %.3f of the bytes that it has to move, SIMD %.2f, %d instructions of warps", name, d.name, float64(32*c.Sectors)/float64(bytes), c.SIMD(), c.Warp)
			assert.LessOrEqual(t, 32*float64(c.Sectors), 1.05*float64(bytes), "%s of %s: bytes", name, d.name)
			assert.Zero(t, c.Conflicts(), "%s of %s: bank conflicts", name, d.name)
		}
		// Gain and bias are in the cache after the first row: what comes from there is counted as well.
		moved("norm_row_"+d.name, rows*(3*row+2*4*width), rows/4, dst.arg(), 0, 0, x.arg(), y.arg(), gain.arg(), gain.arg(), number(rows), number(width),
			dst.ld(), 0, 0, x.ld(), y.ld(), 0, driver.F32(1e-5))
		moved("norm_row_any", rows*(4*row+2*4*width), rows/4, dst.arg(), z.arg(), 0, x.arg(), y.arg(), gain.arg(), gain.arg(), number(rows), number(width),
			dst.ld(), z.ld(), 0, x.ld(), y.ld(), 0, driver.F32(1e-5), d.code(), d.code(), d.code(), d.code(), 1, 0, driver.F32(1), 0, 0)
		moved("embed_rows_any", rows*4*row, rows/4, dst.arg(), 0, x.arg(), y.arg(), z.arg(), at, at, at, number(rows), number(width), number(rows), number(rows), number(rows),
			dst.ld(), x.ld(), y.ld(), z.ld(), d.code(), d.code(), d.code(), d.code(), 1, driver.F32(1), 0, driver.F32(1), 0, 0)
		moved("pointwise_spans_any", rows*3*row, rows*width/512, dst.arg(), x.arg(), y.arg(), number(rows), number(width), dst.ld(), x.ld(), y.ld(),
			d.code(), d.code(), d.code(), 1, number(geluErf), 0, 0, driver.F32(1), 0, 0)
		moved("put_rows_any", rows*2*row, rows/4, dst.arg(), 0, x.arg(), at, number(rows), number(width), number(rows), dst.ld(), x.ld(), d.code(), d.code(), 1)
		moved("take_rows_any", rows*2*row, rows/4, dst.arg(), 0, x.arg(), at, number(rows), number(width), number(rows), dst.ld(), x.ld(), d.code(), d.code(), 1)
		moved("softmax_row_any", rows*2*row, rows/4, dst.arg(), x.arg(), number(rows), number(width), dst.ld(), x.ld(), d.code(), d.code(), 1, 0, driver.F32(1))
		moved("pool_sequences_any", rows*row+row, width/128, dst.arg(), 0, x.arg(), 0, 0, 0, number(1), number(width), number(rows), 0, 0, dst.ld(), x.ld(), 0, d.code(), d.code(), 1, 2, 0)
		long, out := r.matrix(d, 1, words, rng), r.result(d, 1, words)
		moved("softmax_block_any", 2*words*d.bytes, 1, out.arg(), long.arg(), number(1), number(words), out.ld(), long.ld(), d.code(), d.code(), 1, 0, driver.F32(1))
	}
}
