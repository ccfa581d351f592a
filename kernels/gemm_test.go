package kernels

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/cuda/driver"
)

const (
	noAct = iota
	geluErf
	geluTanh
)

// TestGemm compares with sums in float64, and the tiles with each other to the bit.
func TestGemm(t *testing.T) {
	type shape struct {
		m, n, k, act      int
		bias, add, inside bool // inside: dst is add
	}
	shapes := []shape{
		{1, 1, 1, noAct, false, false, false},
		{65, 131, 97, geluErf, true, false, false},
		{130, 61, 72, geluTanh, true, true, true},
		{33, 70, 31, noAct, true, true, false},
	}
	each(t, func(r *rig, seed uint64) {
		for i, s := range shapes {
			for _, d := range []dtype{f16, bf16} {
				if !r.has("gemm_mma64_" + d.name) {
					continue
				}
				rng := rand.New(rand.NewPCG(seed, uint64(i)))
				a, b := r.matrix(d, s.m, s.k, rng), r.matrix(d, s.n, s.k, rng)
				var bias, add *matrix
				if s.bias {
					bias = r.matrix(f32, 1, s.n, rng)
				}
				if s.add {
					add = r.matrix(d, s.m, s.n, rng)
				}
				var results [2][]byte
				for j, tile := range []int{64, 128} {
					name := fmt.Sprintf("gemm_mma%d_%s", tile, d.name)
					dst, sum := r.result(d, s.m, s.n), add
					if s.inside {
						for row := range s.m {
							r.copyRow(dst, add, row)
						}
						sum = dst
					}
					r.launch(name, [3]int{ceil(s.m, tile), ceil(s.n, tile), 1}, dst.arg(), sum.arg(), a.arg(), b.arg(), bias.arg(),
						driver.I32(int32(s.m)), driver.I32(int32(s.n)), driver.I32(int32(s.k)),
						dst.ld(), sum.ld(), a.ld(), b.ld(), driver.I32(int32(s.act)))
					r.check(dst, func(row int) (want, tolerance []float64) {
						return gemmRow(d, row, s.act, a, b, bias, add)
					}, fmt.Sprintf("%s, %+v", name, s))
					results[j] = r.copyOut(dst.at, dst.size())
				}
				require.True(r.t, bytes.Equal(results[0], results[1]), "%s, %+v: the tiles differ", d.name, s)
			}
		}
	})
}

// gemmRow is a row in float64 and how far a kernel may be from it. Products of 16-bit numbers are exact. Adding one to a sum
// is off by 2⁻²³ of the magnitudes so far at most, rounded or cut off: tensor cores cut 8 and the sum, together, to 24 bits
// below the largest and the result to 24 bits, (9/2+1)·2⁻²³ in all. k products are k such steps, bias one. The activations'
// slopes are below 1.13 and their errors below 2⁻¹⁶ (cu/math.h, where |w| < 32 and the result counts); the last rounding is to the dtype.
func gemmRow(d dtype, row, act int, a, b, bias, add *matrix) (want, tolerance []float64) {
	want, tolerance = make([]float64, b.rows), make([]float64, b.rows)
	for j := range want {
		var sum, size float64
		for k, x := range a.row(row) {
			sum += x * b.row(j)[k]
			size += math.Abs(x * b.row(j)[k])
		}
		if bias != nil {
			sum += bias.v[j]
			size += math.Abs(bias.v[j])
		}
		inner := 1.13 * float64(a.cols+1) * 0x1p-23 * size
		y := activation(act, sum)
		if act != noAct {
			inner += 0x1p-16 * math.Abs(y)
		}
		if add != nil {
			y += add.row(row)[j]
			inner += 0x1p-24 * (math.Abs(y) + inner)
		}
		want[j], tolerance[j] = y, inner+d.unit*(math.Abs(y)+inner)+d.tiny
	}
	return want, tolerance
}

func activation(act int, x float64) float64 {
	switch act {
	case geluErf:
		return x / 2 * math.Erfc(-x/math.Sqrt2)
	case geluTanh:
		return x / (1 + math.Exp(-2*math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
	}
	return x
}
