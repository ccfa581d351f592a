package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/rapt-go/rapt/cuda/driver"
)

// TestSoftmax compares rows of a warp, of a block, and longer than what a block holds, with the formula in float64.
func TestSoftmax(t *testing.T) {
	each(t, func(r *rig, seed uint64) {
		for i, cols := range []int{1, 77, 1025, 8203} {
			d := []dtype{f32, f16}[(i+int(seed))%2]
			log, wide := (i+int(seed))%3 == 0, seed%2 == 0
			rng := rand.New(rand.NewPCG(seed, uint64(i)))
			const rows, scale = 2, float32(1.75)
			x, dst := r.matrix(d, rows, cols, rng), r.result(d, rows, cols)
			name, grid := "softmax_row_any", [3]int{ceil(rows, 4), 1, 1}
			if cols > 1024 {
				name, grid = "softmax_block_any", [3]int{rows, 1, 1}
			}
			r.launch(name, grid, dst.arg(), x.arg(), number(rows), number(cols), dst.ld(), x.ld(), d.code(), d.code(), truth(wide), truth(log), driver.F32(scale))
			r.check(dst, func(row int) (want, tolerance []float64) { return softmaxRow(d, x.row(row), float64(scale), log) },
				fmt.Sprintf("%s, %d columns, log %v", name, cols, log))
		}
	})
}

// softmaxRow is a row in float64 and how far a kernel may be from it. With u = 2⁻²⁴ and m the largest |score|: a score is off by
// u·m and its difference to the maximum by 4u·m in all, an exponential relatively by that and 3 u, a sum of n terms by n·u more,
// its inverse and the product by u each; the logarithm of the sum by all that absolutely, by 3 u of itself, and two sums by u
// of their result. A last rounding to the dtype.
func softmaxRow(d dtype, x []float64, scale float64, log bool) (want, tolerance []float64) {
	const u = 0x1p-24
	n, m, top, sum := float64(len(x)), 0.0, math.Inf(-1), 0.0
	for _, v := range x {
		m, top = max(m, math.Abs(scale*v)), max(top, scale*v)
	}
	for _, v := range x {
		sum += math.Exp(scale*v - top)
	}
	relative := (4*m + 3 + n) * u
	for _, v := range x {
		y, off := math.Exp(scale*v-top)/sum, 0.0
		if log {
			y = scale*v - (top + math.Log(sum))
			off = relative + 3*u*math.Log(sum) + 2*u*(m+math.Log(sum)) + u*math.Abs(y)
		} else {
			off = (2*relative + 2*u) * y
		}
		want, tolerance = append(want, y), append(tolerance, off+(d.unit+u)*(math.Abs(y)+off)+d.tiny)
	}
	return want, tolerance
}
