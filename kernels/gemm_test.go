package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/cuda/driver"
)

// Some of gpu.Act.
const (
	noAct    = 0
	geluErf  = 1
	geluTanh = 2
	silu     = 7
)

// A gemm is a gpu.Gemm as kernels take it. Absent matrices are nil.
type gemm struct {
	dst, pre, a, b, bias, up, upBias, mul, add *matrix
	m, n, k, form, act                         int
	alpha                                      float32
}

// args are GEMM_PARAMETERS of cu/epilogue.h.
func (g *gemm) args() []driver.Arg {
	code := func(m *matrix) driver.Arg {
		if m == nil {
			return 0
		}
		return driver.I32(int32(map[string]int{"f32": 0, "f16": 1, "bf16": 2}[m.name]))
	}
	i32 := func(n int) driver.Arg { return driver.I32(int32(n)) }
	return []driver.Arg{
		g.dst.arg(), g.pre.arg(), 0, g.a.arg(), g.b.arg(), g.bias.arg(), g.up.arg(), g.upBias.arg(), g.mul.arg(), g.add.arg(),
		i32(g.m), i32(g.n), i32(g.k),
		g.dst.ld(), g.pre.ld(), 0, g.a.ld(), g.b.ld(), g.up.ld(), g.mul.ld(), g.add.ld(), i32(g.act), 0,
		code(g.dst), code(g.pre), 0, code(g.a), code(g.b), code(g.mul), code(g.add),
		driver.F32(g.alpha), 0, driver.F32(1), 0, 0,
	}
}

// run launches a kernel of the table over all tiles.
func (g *gemm) run(r *rig, name string) {
	k, ok := Find(name, r.Info().SM())
	require.True(r.t, ok, name)
	args, cols := g.args(), g.n
	if g.up != nil {
		cols *= 2
	}
	if k.Stem == "gemm_simt" || k.Stem == "gemm_few" {
		args = append(args, driver.I32(int32(g.form)))
	}
	r.launch(name, [3]int{ceil(g.m, k.Tile), ceil(cols, k.Tile), 1}, args...)
}

// A gemmShape is a case of the tests.
type gemmShape struct {
	m, n, k, form, act           int
	bias, add, inside, up, wider bool // inside: dst is add; wider: dst is f32
	alpha                        float32
}

// make allocates operands, those of a seed always with the same values.
func (s gemmShape) make(r *rig, d dtype, seed uint64) *gemm {
	rng := rand.New(rand.NewPCG(seed, 7))
	g := &gemm{m: s.m, n: s.n, k: s.k, form: s.form, act: s.act, alpha: s.alpha}
	switch s.form {
	case 0:
		g.a, g.b = r.matrix(d, s.m, s.k, rng), r.matrix(d, s.n, s.k, rng)
	case 1:
		g.a, g.b = r.matrix(d, s.m, s.k, rng), r.matrix(d, s.k, s.n, rng)
	case 2:
		g.a, g.b = r.matrix(d, s.k, s.m, rng), r.matrix(d, s.k, s.n, rng)
	}
	if s.bias {
		g.bias = r.matrix(f32, 1, s.n, rng)
	}
	if s.add {
		g.add = r.matrix(d, s.m, s.n, rng)
	}
	if s.up {
		g.up, g.upBias = r.matrix(d, s.n, s.k, rng), r.matrix(f32, 1, s.n, rng)
	}
	return g
}

// result gives g a new dst, which is add if that is asked for.
func (s gemmShape) result(r *rig, g *gemm, d dtype) {
	if s.wider {
		d = f32
	}
	g.dst = r.result(d, s.m, s.n)
	if s.inside {
		for row := range s.m {
			r.copyRow(g.dst, g.add, row)
		}
		g.dst.v = g.add.v
		g.add = g.dst
	}
}

// rows is what a matrix holds, without its gaps.
func (r *rig) rows(m *matrix) []byte {
	var rows []byte
	b := r.copyOut(m.at, m.size())
	for row := range m.rows {
		rows = append(rows, b[row*m.step*m.bytes:][:m.cols*m.bytes]...)
	}
	return rows
}

// same runs kernels, those called full or simt in odd places as well, and wants results that are right and have the same bits.
func (s gemmShape) same(r *rig, d dtype, seed uint64, check func(g *gemm, row int) (want, tolerance []float64), prepare func(g *gemm), names ...string) {
	var first []byte
	for _, pad := range []int{8, 1} {
		r.pad = pad
		g := s.make(r, d, seed)
		oracle := *g
		if prepare != nil {
			prepare(g)
		}
		for _, name := range names {
			if pad == 1 && !strings.Contains(name, "full") && !strings.Contains(name, "simt") {
				continue
			}
			add := g.add
			s.result(r, g, d)
			oracle.add, oracle.dst = g.add, g.dst
			g.run(r, name)
			r.check(g.dst, func(row int) (want, tolerance []float64) { return check(&oracle, row) }, fmt.Sprintf("%s, %+v, pad %d", name, s, pad))
			got := r.rows(g.dst)
			g.add = add
			if first == nil {
				first = got
			}
			require.True(r.t, slices.Equal(first, got), "%s, %+v, pad %d: other bits than %s", name, s, pad, names[0])
		}
	}
}

// TestGemm compares products of 16-bit numbers with sums in float64, and all tiles and places with each other to the bit.
func TestGemm(t *testing.T) {
	shapes := []gemmShape{
		{m: 1, n: 1, k: 8, alpha: 1},
		{m: 65, n: 131, k: 104, act: geluErf, bias: true, alpha: 1},
		{m: 130, n: 61, k: 72, act: geluTanh, bias: true, add: true, inside: true, alpha: 1},
		{m: 33, n: 70, k: 200, bias: true, add: true, wider: true, alpha: -0.125},
		{m: 18, n: 41, k: 136, act: silu, bias: true, add: true, up: true, alpha: 1},
	}
	each(t, func(r *rig, seed uint64) {
		for i, s := range shapes {
			for _, d := range []dtype{f16, bf16} {
				if !r.has("gemm_mma64_" + d.name) {
					continue
				}
				if i > 0 && seed%3 != uint64(i)%3 { // each in three modes
					continue
				}
				s.same(r, d, seed+uint64(i), func(g *gemm, row int) (want, tolerance []float64) { return g.row(d, row, gemmError) }, nil,
					"gemm_mma64_"+d.name, "gemm_mma64_full_"+d.name, "gemm_mma16_"+d.name, "gemm_mma128_"+d.name)
			}
		}
	})
}

// TestGemmOdd has rows and sums of any length, which only the kernels for all places take.
func TestGemmOdd(t *testing.T) {
	each(t, func(r *rig, seed uint64) {
		for _, d := range []dtype{f16, bf16} {
			if !r.has("gemm_mma64_full_" + d.name) {
				continue
			}
			s := gemmShape{m: 21, n: 35, k: 2 + int(seed)*9, bias: true, alpha: 1}
			s.same(r, d, seed, func(g *gemm, row int) (want, tolerance []float64) { return g.row(d, row, gemmError) }, nil, "gemm_mma64_full_"+d.name)
		}
	})
}

// TestGemmSIMT compares products in f32, and of other types, in all forms.
func TestGemmSIMT(t *testing.T) {
	shapes := []gemmShape{
		{m: 1, n: 1, k: 1, alpha: 1},
		{m: 5, n: 41, k: 68, act: silu, bias: true, add: true, up: true, alpha: 1},
		{m: 65, n: 131, k: 27, act: geluErf, bias: true, alpha: 1},
		{m: 67, n: 35, k: 31, form: 1, bias: true, add: true, inside: true, alpha: 0.5},
		{m: 70, n: 33, k: 45, form: 2, add: true, alpha: 1},
		{m: 27, n: 21, k: 132, bias: true, add: true, alpha: 1},
	}
	each(t, func(r *rig, seed uint64) {
		for i, s := range shapes {
			if i > 0 && seed%5 != uint64(i)%5 { // each in one mode or two
				continue
			}
			check := func(d dtype) func(g *gemm, row int) (want, tolerance []float64) {
				return func(g *gemm, row int) (want, tolerance []float64) { return g.row(d, row, gemmError) }
			}
			names := []string{"gemm_simt64_f32", "gemm_simt64_any"}
			if s.form == 0 {
				names = append(names, "gemm_simt128_f32")
				if s.k%4 == 0 {
					names = append(names, "gemm_few16_f32")
				}
			}
			s.same(r, f32, seed+uint64(i), check(f32), nil, names...)
			s.same(r, f16, seed+uint64(i), check(f16), nil, "gemm_simt64_any")
		}
	})
}

// TestGemmFast compares products of pairs.
func TestGemmFast(t *testing.T) {
	shapes := []gemmShape{
		{m: 1, n: 1, k: 4, alpha: 1},
		{m: 65, n: 131, k: 68, act: geluErf, bias: true, alpha: 1},
		{m: 18, n: 41, k: 100, act: silu, bias: true, add: true, up: true, alpha: -0.125},
	}
	each(t, func(r *rig, seed uint64) {
		if !r.has("gemm_fast64_f32") {
			return
		}
		for i, s := range shapes {
			if i > 0 && seed%2 != uint64(i)%2 {
				continue
			}
			s.same(r, f32, seed+uint64(i), func(g *gemm, row int) (want, tolerance []float64) {
				// Three times as many products, and what the pairs lose.
				return g.row(f32, row, func(k int) float64 { return 3.1*gemmError(k) + 0x1p-15 })
			}, func(g *gemm) {
				g.b = r.pairs(g.b)
				if g.up != nil {
					g.up = r.pairs(g.up)
				}
			}, "gemm_fast64_f32", "gemm_fast64_full_f32", "gemm_fast16_f32")
		}
	})
}

// pairs is a weight as bf16, and below it what that leaves.
func (r *rig) pairs(w *matrix) *matrix {
	pad := r.pad
	defer func() { r.pad = pad }()
	r.pad = 64
	p := r.alloc(bf16, 2*w.rows, ceil(w.cols, 64)*64)
	for i := range w.rows {
		high := func(col int) float64 {
			if col >= w.cols {
				return 0
			}
			return w.row(i)[col]
		}
		r.set(p, i, high)
		r.set(p, w.rows+i, func(col int) float64 { return high(col) - p.row(i)[col] })
	}
	return p
}

// gemmError is how far a sum of k products may be from the truth, as a fraction of their magnitudes. Products of 16-bit numbers
// are exact. Adding one to a sum is off by 2⁻²³ of the magnitudes so far at most, rounded or cut off: tensor cores cut 8 and the
// sum, together, to 24 bits below the largest and the result to 24 bits, (9/2+1)·2⁻²³ in all. An fma is off by half of that. k
// products are k such steps, bias one.
func gemmError(k int) float64 { return float64(k+1) * 0x1p-23 }

// row is a row in float64 and how far a kernel may be from it. The activations' slopes are below 1.13 and their errors below 2⁻¹⁶
// (cu/math.h, where |w| < 32 and the result counts); the last rounding is to the dtype.
func (g *gemm) row(d dtype, row int, relative func(k int) float64) (want, tolerance []float64) {
	want, tolerance = make([]float64, g.n), make([]float64, g.n)
	if g.dst != nil {
		d = g.dst.dtype
	}
	for j := range want {
		y, inner := g.sum(g.b, g.bias, row, j, relative)
		inner *= 1.13
		y = activation(g.act, y)
		if g.act != noAct {
			inner += 0x1p-16 * math.Abs(y)
		}
		if g.up != nil {
			u, e := g.sum(g.up, g.upBias, row, j, relative)
			inner = inner*math.Abs(u) + e*math.Abs(y) + inner*e
			y *= u
			inner += 0x1p-24 * (math.Abs(y) + inner)
		}
		if g.add != nil {
			y += g.add.row(row)[j]
			inner += 0x1p-24 * (math.Abs(y) + inner)
		}
		want[j], tolerance[j] = y, inner+d.unit*(math.Abs(y)+inner)+d.tiny
	}
	return want, tolerance
}

// sum is alpha·Σa·b + bias, alpha being a power of two, and its error.
func (g *gemm) sum(b, bias *matrix, row, col int, relative func(k int) float64) (sum, off float64) {
	var size float64
	alpha := float64(g.alpha)
	for k := range g.k {
		x, y := 0.0, 0.0
		switch g.form {
		case 0:
			x, y = g.a.row(row)[k], b.row(col)[k]
		case 1:
			x, y = g.a.row(row)[k], b.row(k)[col]
		case 2:
			x, y = g.a.row(k)[row], b.row(k)[col]
		}
		sum += alpha * x * y
		size += math.Abs(alpha * x * y)
	}
	if bias != nil {
		sum += bias.v[col]
		size += math.Abs(bias.v[col])
	}
	return sum, relative(g.k) * size
}

func activation(act int, x float64) float64 {
	switch act {
	case geluErf:
		return x / 2 * math.Erfc(-x/math.Sqrt2)
	case geluTanh:
		return x / (1 + math.Exp(-2*math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
	case silu:
		return x / (1 + math.Exp(-x))
	}
	return x
}
