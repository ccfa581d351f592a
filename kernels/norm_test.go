package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/rapt-go/rapt/cuda/driver"
)

// TestNorm compares with the formula in float64.
func TestNorm(t *testing.T) {
	type shape struct {
		rows, cols               int
		residual, affine, inside bool // inside: dst is x
	}
	shapes := []shape{{1, 1, false, true, false}, {5, 7, true, true, false}, {3, 384, true, true, true}, {6, 1021, false, false, false}, {2, 1531, true, true, false}}
	each(t, func(r *rig, seed uint64) {
		for _, d := range []dtype{f32, f16, bf16} {
			name := "norm_row_" + d.name
			if !r.has(name) {
				continue
			}
			for i, s := range shapes {
				rng := rand.New(rand.NewPCG(seed, uint64(i)))
				x, dst := r.matrix(d, s.rows, s.cols, rng), r.result(d, s.rows, s.cols)
				var residual, gain, bias *matrix
				if s.inside { // what stands around the rows is the guard's
					for row := range s.rows {
						r.copyRow(dst, x, row)
					}
					dst.v = x.v
					x = dst
				}
				if s.residual {
					residual = r.matrix(d, s.rows, s.cols, rng)
				}
				if s.affine {
					gain, bias = r.matrix(f32, 1, s.cols, rng), r.matrix(f32, 1, s.cols, rng)
				}
				const eps = float32(1e-5)
				r.launch(name, [3]int{ceil(s.rows, 4), 1, 1}, dst.arg(), x.arg(), residual.arg(), gain.arg(), bias.arg(),
					driver.I32(int32(s.rows)), driver.I32(int32(s.cols)), dst.ld(), x.ld(), residual.ld(), driver.F32(eps))
				r.check(dst, func(row int) (want, tolerance []float64) {
					return normRow(d, row, x, residual, gain, bias, float64(eps))
				}, fmt.Sprintf("%s, %d×%d", name, s.rows, s.cols))
			}
		}
	})
}

// normRow is a row in float64 and how far a kernel may be from it. With u = 2⁻²⁴ and n columns: s is off by u·|s|; a sum of n
// terms in f32 by n·u times the sum of their magnitudes, however it is ordered, so the mean by e = (n+2)·u·mean|s| and s − mean
// by e + 2u·(|s|+|mean|) = δ; the variance is the mean of squares, each off by 2|s−mean|·δ, and by (n+3)·u relatively; a
// relative error ε of the variance is ½ε of its root, to first order. A last rounding to the dtype.
func normRow(d dtype, row int, x, residual, gain, bias *matrix, eps float64) (want, tolerance []float64) {
	const u = 0x1p-24
	n := float64(x.cols)
	s := append([]float64(nil), x.row(row)...)
	var mean, size, variance float64
	for j := range s {
		if residual != nil {
			s[j] += residual.row(row)[j]
		}
		mean += s[j] / n
		size += math.Abs(s[j]) / n
	}
	e := (n + 2) * u * size
	var off float64
	for _, v := range s {
		variance += (v - mean) * (v - mean) / n
		delta := e + 2*u*(math.Abs(v)+math.Abs(mean))
		off += (2*math.Abs(v-mean)*delta + delta*delta) / n
	}
	relative := off/(variance+eps) + (n+3)*u
	scale := 1 / math.Sqrt(variance+eps)
	want, tolerance = make([]float64, len(s)), make([]float64, len(s))
	for j, v := range s {
		g, b := 1.0, 0.0
		if gain != nil {
			g = gain.v[j]
		}
		if bias != nil {
			b = bias.v[j]
		}
		y := (v - mean) * scale
		want[j] = y*g + b
		delta := e + 2*u*(math.Abs(v)+math.Abs(mean))
		inner := math.Abs(g) * (delta*scale + math.Abs(y)*(relative+4*u))
		tolerance[j] = inner + (d.unit+u)*(math.Abs(want[j])+inner) + d.tiny
	}
	return want, tolerance
}
