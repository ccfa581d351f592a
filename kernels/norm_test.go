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

// A normCase is what a launch of norm gets.
type normCase struct {
	rows, cols                    int
	residual, affine, inside, rms bool // inside: dst is x
	all                           bool // with sum and stat
}

// TestNorm compares with the formula in float64, and the kernels of one type with those of any to the bit.
func TestNorm(t *testing.T) {
	cases := []normCase{
		{1, 1, false, true, false, false, false}, {5, 7, true, true, false, false, true}, {3, 384, true, true, true, false, true},
		{6, 1021, false, false, false, true, true}, {2, 1531, true, true, false, false, true}, {1, 8213, true, false, true, false, false},
	}
	each(t, func(r *rig, seed uint64) {
		for _, d := range []dtype{f32, f16, bf16} {
			if !r.has("norm_row_" + d.name) {
				continue
			}
			for i, c := range cases {
				launch := func(wide int32) []byte { return norm(r, d, c, wide, rand.New(rand.NewPCG(seed, uint64(i)))) }
				result := launch(ofOneType)
				if (i+int(seed))%3 == 0 {
					require.True(r.t, bytes.Equal(result, launch(1)), "%s, %+v: other bits of any type", d.name, c)
					require.True(r.t, bytes.Equal(result, launch(0)), "%s, %+v: other bits of one element at a time", d.name, c)
				}
			}
		}
	})
}

const ofOneType = -1

// norm launches a case, by the kernels of one type or, with wide, by those of any, and returns all outputs.
func norm(r *rig, d dtype, c normCase, wide int32, rng *rand.Rand) []byte {
	x, dst := r.matrix(d, c.rows, c.cols, rng), r.result(d, c.rows, c.cols)
	var residual, gain, bias, sum, stat *matrix
	if c.inside { // what stands around the rows is the guard's
		for row := range c.rows {
			r.copyRow(dst, x, row)
		}
		dst.v = x.v
		x = dst
	}
	if c.residual {
		residual = r.matrix(d, c.rows, c.cols, rng)
	}
	if c.affine {
		gain, bias = r.matrix(f32, 1, c.cols, rng), r.matrix(f32, 1, c.cols, rng)
	}
	if c.all {
		sum, stat = r.result(d, c.rows, c.cols), r.result(f32, c.rows, 2)
	}
	const eps = float32(1e-5)
	args := []driver.Arg{dst.arg(), sum.arg(), stat.arg(), x.arg(), residual.arg(), gain.arg(), bias.arg(), number(c.rows), number(c.cols),
		dst.ld(), sum.ld(), stat.ld(), x.ld(), residual.ld(), truth(c.rms), driver.F32(eps)}
	strategy, grid := "row", [3]int{ceil(c.rows, 4), 1, 1}
	if c.cols > 1024 {
		strategy, grid = "block", [3]int{c.rows, 1, 1}
	}
	name := "norm_" + strategy + "_" + d.name
	if wide != ofOneType {
		name = "norm_" + strategy + "_any"
		args = append(args, d.code(), d.code(), d.code(), d.code(), driver.I32(wide), 0, driver.F32(1), 0, 0)
	}
	r.launch(name, grid, args...)
	label := fmt.Sprintf("%s, %+v", name, c)
	results := r.copyOut(dst.at, dst.size())
	r.check(dst, func(row int) (want, tolerance []float64) {
		return normRow(d, row, c.rms, x, residual, gain, bias, float64(eps)).dst()
	}, label)
	if c.all {
		r.check(sum, func(row int) (want, tolerance []float64) {
			return normRow(d, row, c.rms, x, residual, gain, bias, float64(eps)).sum()
		}, label+", sum")
		r.check(stat, func(row int) (want, tolerance []float64) {
			return normRow(d, row, c.rms, x, residual, gain, bias, float64(eps)).stat()
		}, label+", stat")
		results = append(append(results, r.copyOut(sum.at, sum.size())...), r.copyOut(stat.at, stat.size())...)
	}
	return results
}

// A normed row is in float64, with how far a kernel may be from it. With u = 2⁻²⁴ and n columns: s is off by u·|s|; a sum of n
// terms in f32 by n·u times the sum of their magnitudes, however it is ordered, so the mean by e = (n+2)·u·mean|s| and s − mean
// by e + 2u·(|s|+|mean|) = δ; the variance is the mean of squares, each off by 2|s−mean|·δ, and by (n+3)·u relatively; a
// relative error ε of the variance is ½ε of its root, to first order, and the root and its inverse are rounded. A last rounding
// to the dtype.
type normed struct {
	d               dtype
	s, gain, bias   []float64
	mean, e         float64 // and its error
	scale, relative float64 // and its relative error
}

func normRow(d dtype, row int, rms bool, x, residual, gain, bias *matrix, eps float64) normed {
	const u = 0x1p-24
	n := float64(x.cols)
	r := normed{d: d, s: append([]float64(nil), x.row(row)...)}
	if gain != nil {
		r.gain, r.bias = gain.v, bias.v
	}
	var size, variance, off float64
	for j := range r.s {
		if residual != nil {
			r.s[j] += residual.row(row)[j]
		}
		r.mean += r.s[j] / n
		size += math.Abs(r.s[j]) / n
	}
	r.e = (n + 2) * u * size
	if rms {
		r.mean, r.e = 0, 0
	}
	for _, v := range r.s {
		variance += (v - r.mean) * (v - r.mean) / n
		off += (2*math.Abs(v-r.mean)*r.delta(v) + r.delta(v)*r.delta(v)) / n
	}
	r.relative = off/(variance+eps) + (n+7)*u
	r.scale = 1 / math.Sqrt(variance+eps)
	return r
}

// delta is the error of v − mean.
func (r *normed) delta(v float64) float64 { return r.e + 2*0x1p-24*(math.Abs(v)+math.Abs(r.mean)) }

func (r normed) dst() (want, tolerance []float64) {
	want, tolerance = make([]float64, len(r.s)), make([]float64, len(r.s))
	for j, v := range r.s {
		g, b := 1.0, 0.0
		if r.gain != nil {
			g, b = r.gain[j], r.bias[j]
		}
		y := (v - r.mean) * r.scale
		want[j] = y*g + b
		inner := math.Abs(g) * (r.delta(v)*r.scale + math.Abs(y)*(r.relative+4*0x1p-24))
		tolerance[j] = r.rounded(want[j], inner)
	}
	return want, tolerance
}

func (r normed) sum() (want, tolerance []float64) {
	for _, v := range r.s {
		tolerance = append(tolerance, r.rounded(v, 0x1p-24*math.Abs(v)))
	}
	return r.s, tolerance
}

func (r normed) stat() (want, tolerance []float64) {
	return []float64{r.mean, r.scale}, []float64{r.e, r.scale * r.relative}
}

// rounded is the error of a value that is off by inner and then rounded.
func (r *normed) rounded(v, inner float64) float64 {
	return inner + (r.d.unit+0x1p-24)*(math.Abs(v)+inner) + r.d.tiny
}
