package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// TestCrossEntropy compares with the formula in float64, on rows of one turn of the block and of several, whose large numbers
// come late too.
func TestCrossEntropy(t *testing.T) {
	each(t, func(r *rig, seed uint64) {
		for i, cols := range []int{1, 77, 1025, 9001} {
			d := []dtype{f32, f16}[(i+int(seed))%2]
			rng := rand.New(rand.NewPCG(seed, uint64(i)))
			const rows = 3
			x, loss, lse := r.alloc(d, rows, cols), r.result(f32, rows, 1), r.result(f32, rows, 1)
			for row := range rows {
				r.set(x, row, func(col int) float64 { return 3*rng.NormFloat64() + 20*float64(row*col)/float64(cols) })
			}
			target := []int32{int32(cols) - 1, -1, int32(cols / 2)}
			r.launch("cross_entropy_block_any", [3]int{rows, 1, 1}, loss.arg(), lse.arg(), 0, x.arg(), r.ints(target...), number(cols),
				loss.ld(), lse.ld(), x.ld(), number(1), d.code(), truth(seed%2 == 0))
			label := fmt.Sprintf("%d columns of %s", cols, d.name)
			r.check(lse, func(row int) ([]float64, []float64) { return crossEntropyRow(x.row(row), 0) }, label+", lse")
			r.check(loss, func(row int) ([]float64, []float64) {
				if target[row] < 0 {
					return []float64{0}, []float64{0}
				}
				return crossEntropyRow(x.row(row), x.row(row)[target[row]])
			}, label+", loss")
		}
	})
}

// crossEntropyRow is log Σ exp x − at in float64, and how far a kernel may be from it. With u = 2⁻²⁴ and m the largest |x|: a
// difference to a maximum is off by 2u·m, an exponential relatively by that and 3 u, a sum of n terms by n·u more, and shrunk
// for each of at most 40 larger maxima of a thread (a factor's exponential and a product, 4 u and the differences, which add up to
// 2u·m and 40·u·m) and at last; the logarithm of the sum absolutely by all that, and by 3 u of itself; two sums by u of their result.
func crossEntropyRow(x []float64, at float64) (want, tolerance []float64) {
	const u, rises = 0x1p-24, 40
	n, m, top, sum := float64(len(x)), 0.0, math.Inf(-1), 0.0
	for _, v := range x {
		m, top = max(m, math.Abs(v)), max(top, v)
	}
	for _, v := range x {
		sum += math.Exp(v - top)
	}
	y := top - at + math.Log(sum)
	off := (2*m + 3 + n + rises*(4+2*m) + 4 + 2*m) * u
	off += 3*u*math.Log(sum) + 2*u*(2*m+math.Log(sum))
	return []float64{y}, []float64{off + u*(math.Abs(y)+off) + f32.tiny}
}
