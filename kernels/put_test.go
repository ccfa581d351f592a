package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// TestPutAdd adds many rows to few, in f32 in their order, to the bit.
func TestPutAdd(t *testing.T) {
	each(t, func(r *rig, seed uint64) {
		for i, d := range []dtype{f32, f16} {
			rng := rand.New(rand.NewPCG(seed, uint64(i)))
			const rows, cols, places = 150, 131, 4
			src, dst := r.matrix(f16, rows, cols, rng), r.result(d, places, cols)
			for row := range places {
				r.set(dst, row, func(int) float64 { return rng.NormFloat64() })
			}
			at := make([]int32, rows)
			sums := append([]float64(nil), dst.v...)
			for i := range at {
				if at[i] = int32(rng.IntN(places)) - 1; at[i] < 0 { // the last place gets nothing
					continue
				}
				for col, v := range src.row(i) {
					sum := &sums[int(at[i])*cols+col]
					*sum = float64(float32(*sum) + float32(v))
				}
			}
			r.launch("put_add_any", [3]int{ceil(rows*ceil(cols, 128), 4), 1, 1}, dst.arg(), 0, src.arg(), r.ints(at...), number(rows), number(cols), number(places),
				dst.ld(), src.ld(), d.code(), f16.code(), truth(seed%2 == 0))
			r.check(dst, func(row int) (want, tolerance []float64) {
				want = sums[row*cols:][:cols]
				for _, v := range want {
					tolerance = append(tolerance, map[dtype]float64{f32: 0, f16: f16.unit*math.Abs(v) + f16.tiny}[d])
				}
				return want, tolerance
			}, fmt.Sprintf("to %s", d.name))
		}
	})
}
