package arith

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func dotOf(t *testing.T, accumulator Type, m Model, core TensorCore) DotFunc {
	t.Helper()
	f, err := DotFloat(accumulator, m, core)
	require.NoError(t, err)
	return f
}

// elements are n values of a matrix's type, decoded.
func elements(rng *rand.Rand, t Type, n int, spread int) []float32 {
	var x []float32
	for len(x) < n {
		v := float32(math.Ldexp(rng.Float64()*2-1, rng.IntN(spread+1)-spread/2))
		switch t {
		case F16:
			x = Decode(F16, uint32(F16FromF32(math.Float32bits(v))), x)[:len(x)+1]
		case BF16:
			x = Decode(BF16, uint32(BF16FromF32(math.Float32bits(v))), x)[:len(x)+1]
		default:
			x = Decode(TF32, math.Float32bits(v), x)
		}
	}
	return x
}

func exactDot(c float64, a, b []float32) *big.Float {
	sum := new(big.Float).SetPrec(2000).SetFloat64(c)
	for k := range a {
		p := new(big.Float).SetPrec(200).SetFloat64(float64(a[k]))
		p.Mul(p, new(big.Float).SetPrec(200).SetFloat64(float64(b[k])))
		sum.Add(sum, p)
	}
	return sum
}

// TestDotExact compares with sums of 2000 bits, in narrow and in wide ranges of exponents.
func TestDotExact(t *testing.T) {
	rng := newRand(t)
	f32, f16 := dotOf(t, F32, Exact, TensorCore{}), dotOf(t, F16, Exact, TensorCore{})
	for range 10_000 {
		typ := []Type{F16, BF16, TF32}[rng.IntN(3)]
		n, spread := []int{4, 8, 16}[rng.IntN(3)], []int{2, 10, 30, 100}[rng.IntN(4)]
		if typ == F16 {
			spread = min(spread, 28) // within its range
		}
		a, b := elements(rng, typ, n, spread), elements(rng, typ, n, spread)
		if rng.IntN(2) == 0 { // cancel pairs, so that the small terms decide
			for k := range n / 2 {
				a[n/2+k], b[n/2+k] = -a[k], b[k]
			}
			if k := rng.IntN(n); rng.IntN(2) == 0 {
				a[k] = elements(rng, typ, 1, spread)[0]
			}
		}
		c := math.Float32bits(float32(math.Ldexp(rng.Float64()*2-1, rng.IntN(spread+1)-spread/2)))
		exact := exactDot(float64(math.Float32frombits(c)), a, b)
		want := uint32(0)
		if exact.Sign() != 0 {
			want = uint32(ieees[F32].round(dyadicOfPrec(exact), RN))
		}
		require.Equal(t, want, f32(c, a, b), "%v %v %v", math.Float32frombits(c), a, b)
		h := F16FromF32(c)
		if h&0x7fff == 0x7c00 {
			h ^= 1 << 10 // a finite one
		}
		exact = exactDot(float64(math.Float32frombits(F32FromF16(h))), a, b)
		want = 0
		if exact.Sign() != 0 {
			want = uint32(ieees[F16].round(dyadicOfPrec(exact), RN))
		}
		require.Equal(t, want, f16(uint32(h), a, b), "f16 %#x %v %v", h, a, b)
	}
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	assert.EqualValues(t, 0x7f800000, f32(0, []float32{inf, 1}, []float32{1, 1}))
	assert.EqualValues(t, NaNF32, f32(0, []float32{inf, inf}, []float32{1, -1}))
	assert.EqualValues(t, NaNF32, f32(0xffc00000, []float32{1}, []float32{1}))
	assert.EqualValues(t, NaNF32, f32(0, []float32{nan}, []float32{0}))
	minus0 := float32(math.Copysign(0, -1))
	assert.EqualValues(t, uint32(0x80000000), f32(0x80000000, []float32{minus0}, []float32{1}))
	assert.EqualValues(t, 0, f32(0xbf800000, []float32{1}, []float32{1}), "1 − 1 is +0")
}

// dyadicOfPrec is dyadicOf of any precision.
func dyadicOfPrec(x *big.Float) dyadic {
	mantissa := new(big.Float).SetPrec(x.Prec())
	exp := x.MantExp(mantissa)
	mantissa.SetMantExp(mantissa, int(x.Prec()))
	m, _ := mantissa.Int(nil)
	return dyadic{x.Sign() < 0, m.Abs(m), exp - int(x.Prec())}
}

// TestDotInOrder repeats the definition with the instructions of their own.
func TestDotInOrder(t *testing.T) {
	rng := newRand(t)
	f32, f16 := dotOf(t, F32, InOrder, TensorCore{}), dotOf(t, F16, InOrder, TensorCore{})
	fma := selectFloat(t, Fma, F16, Options{Round: RN})
	for range 5000 {
		a, b := elements(rng, F16, 16, 10), elements(rng, F16, 16, 10)
		c := math.Float32bits(float32(rng.NormFloat64()))
		want, half := c, uint64(F16FromF32(c))
		want16 := half
		for k := range a {
			want = AddF32(want, MulF32(math.Float32bits(a[k]), math.Float32bits(b[k])))
			want16 = fma(uint64(F16FromF32(math.Float32bits(a[k]))), uint64(F16FromF32(math.Float32bits(b[k]))), want16)
		}
		require.Equal(t, want, f32(c, a, b))
		require.EqualValues(t, want16, f16(uint32(half), a, b))
	}
}

// truncatingDot is the model of TensorCore with integers of any size. c and the result are bits of
// the accumulator.
func truncatingDot(core TensorCore, accumulator Type, c uint64, a, b []float32) uint64 {
	s := ieees[accumulator]
	exponentOf := func(x float64, least int) int {
		_, e := math.Frexp(x)
		return max(e-1, least)
	}
	for start := 0; start < len(a); start += core.Block {
		end := min(start+core.Block, len(a))
		x := s.float(c)
		if math.IsInf(x, 0) { // the f16 of a block before overflowed
			return c
		}
		top := -108 - core.Fraction // of a zero
		if x != 0 {
			top = exponentOf(x, s.minExp)
		}
		terms := []*big.Float{new(big.Float).SetFloat64(x)}
		for k := start; k < end; k++ {
			p, q := float64(a[k]), float64(b[k])
			e := -108 - core.Fraction
			if p*q != 0 {
				e = exponentOf(p, core.MinExponent) + exponentOf(q, core.MinExponent)
			}
			top = max(top, e)
			terms = append(terms, new(big.Float).SetPrec(300).Mul(new(big.Float).SetFloat64(p), new(big.Float).SetFloat64(q)))
		}
		sum := new(big.Int)
		for _, term := range terms {
			n, _ := new(big.Float).SetPrec(300).SetMantExp(term, core.Fraction-top).Int(nil) // toward zero
			sum.Add(sum, n)
		}
		r := RZ
		if accumulator == F16 {
			r = RN
		}
		c = 0
		if sum.Sign() != 0 {
			c = s.round(dyadic{sum.Sign() < 0, new(big.Int).Abs(sum), top - core.Fraction}, r)
		}
	}
	return c
}

func TestDotTruncating(t *testing.T) {
	rng := newRand(t)
	for _, sm := range []int{70, 75, 80, 90} {
		for _, typ := range []Type{F16, BF16, TF32} {
			core := TensorCoreOf(sm, typ)
			for _, accumulator := range []Type{F32, F16} {
				s := ieees[accumulator]
				f := dotOf(t, accumulator, Truncating, core)
				for range 1000 {
					spread := []int{2, 10, 26}[rng.IntN(3)]
					a, b := elements(rng, typ, 16, spread), elements(rng, typ, 16, spread)
					if rng.IntN(4) == 0 { // zeros and subnormals
						a[rng.IntN(16)], b[rng.IntN(16)] = 0, math.Float32frombits(uint32(rng.IntN(2))*0x33800000)
					}
					c := s.round(dyadicOf(bigFloat(math.Ldexp(rng.Float64()-0.5, rng.IntN(spread)-spread/2))), RN)
					if rng.IntN(8) == 0 {
						c = 0
					}
					want, got := truncatingDot(core, accumulator, c, a, b), uint64(f(uint32(c), a, b))
					if s.float(want) == 0 { // the sign of zero is not modelled
						want, got = 0, got&(1<<(s.width-1)-1)
					}
					require.Equal(t, want, got, "%v %+v %#x %v %v", accumulator, core, c, a, b)
				}
			}
		}
	}
	// The exponent of a zero is low enough that it cuts off nothing of a subnormal result.
	f := dotOf(t, F32, Truncating, TensorCoreOf(80, BF16))
	tiny := []float32{0x1p-75, 0x1p-75, 0x1p-75, 0x1p-75}
	assert.Equal(t, uint32(2), f(0, tiny, tiny), "four of 2⁻¹⁵⁰ are 2⁻¹⁴⁸")
}

// TestTensorCoreExperiments are experiments in the manner of Fasi et al. (2021), section 3, and what
// they found of V100, T4 and A100.
func TestTensorCoreExperiments(t *testing.T) {
	one := math.Float32bits(1)
	run := func(sm int, c float32, products ...float64) float32 {
		a, b := make([]float32, 4), make([]float32, 4)
		for k, p := range products {
			a[k], b[k] = float32(p*0x1p12), 0x1p-12 // both are f16
		}
		return math.Float32frombits(dotOf(t, F32, Truncating, TensorCoreOf(sm, F16))(math.Float32bits(c), a, b))
	}
	// Additions start from the largest: four addends of 2⁻²⁴ beside 1 vanish on V100, where in any
	// sequential order but one some survive. T4 and A100 have one more bit, which keeps them.
	tiny := 0x1p-24
	assert.Equal(t, float32(1), run(70, 1, tiny, tiny, tiny, tiny))
	assert.Equal(t, float32(1+0x1p-22), run(75, 1, tiny, tiny, tiny, tiny))
	assert.Equal(t, float32(1+0x1p-22), run(80, 1, tiny, tiny, tiny, tiny))
	// Results are cut off, not rounded: 1 + 2⁻²³ + 2⁻²⁴ is a tie that nearest-even would move up.
	assert.Equal(t, float32(1+0x1p-23), run(80, 1, 0x1p-23, tiny))
	assert.Equal(t, float32(-1-0x1p-23), run(80, -1, -0x1p-23, -tiny))
	// c cancels against a product: what was cut off beside it stays lost.
	assert.Equal(t, float32(0), run(70, -1, 1, tiny, tiny))
	assert.Equal(t, float32(0x1p-24), run(90, -1, 1, tiny))
	assert.Equal(t, one, dotOf(t, F32, Truncating, TensorCoreOf(80, F16))(one, []float32{0, 0}, []float32{5, 0}))
	// f16 results are rounded to nearest: 1 + 2⁻¹⁰ + 2⁻¹¹ is a tie.
	half := dotOf(t, F16, Truncating, TensorCoreOf(80, F16))
	assert.EqualValues(t, 0x3c02, half(0x3c00, []float32{0x1p-10, 0x1p-11}, []float32{1, 1}))
	// A subnormal counts with the exponent −14: 24 bits below it 2⁻³⁹ is cut off beside 2⁻²⁴, and so
	// it is beside a subnormal c, where it would have decided a tie.
	single := dotOf(t, F32, Truncating, TensorCoreOf(80, F16))
	assert.Equal(t, math.Float32bits(0x1p-24), single(0, []float32{0x1p-24, 0x1p-24}, []float32{1, 0x1p-15}))
	assert.EqualValues(t, 2, half(2, []float32{0x1p-24, 0x1p-24}, []float32{0.5, 0x1p-15}))
	inf := float32(math.Inf(1))
	for _, m := range []Type{F32, F16} {
		f := dotOf(t, m, Truncating, TensorCoreOf(80, F16))
		assert.EqualValues(t, formats[m].nan, f(0, []float32{inf, inf}, []float32{1, -1}))
		assert.EqualValues(t, formats[m].inf, f(0, []float32{inf, 1}, []float32{1, -1}))
	}
	// The parameters of MMA-Sim: a block of 8 bytes on Volta, 16 on Turing to Ada, 32 on Hopper.
	for sm, want := range map[int][3]int{70: {4, 2, 23}, 75: {8, 4, 24}, 80: {8, 4, 24}, 89: {8, 4, 24}, 90: {16, 8, 25}} {
		f16, tf32 := TensorCoreOf(sm, F16), TensorCoreOf(sm, TF32)
		assert.Equal(t, want, [3]int{f16.Block, tf32.Block, f16.Fraction}, "sm_%d", sm)
		assert.Equal(t, [2]int{-14, -126}, [2]int{f16.MinExponent, tf32.MinExponent})
	}
	for _, x := range []TensorCore{{}, {Block: 4}, {Block: 4, Fraction: 60}, {Block: 64, Fraction: 24}, TensorCoreOf(89, E4M3)} {
		_, err := DotFloat(F32, Truncating, x)
		assert.ErrorIs(t, err, ErrUnsupported)
	}
	_, err := DotFloat(F64, Exact, TensorCore{})
	assert.ErrorIs(t, err, ErrUnsupported)
}

func TestDotInt(t *testing.T) {
	rng := newRand(t)
	for range 2000 {
		var a, b []int32
		ra, rb := rng.Uint32(), rng.Uint32()
		types := [2]Type{[]Type{U8, S8}[rng.IntN(2)], []Type{U8, S8}[rng.IntN(2)]}
		if rng.IntN(2) == 0 {
			types = [2]Type{[]Type{U4, S4}[rng.IntN(2)], []Type{U4, S4}[rng.IntN(2)]}
		}
		a, b = DecodeInt(types[0], ra, a), DecodeInt(types[1], rb, b)
		width := types[0].Bits()
		require.Len(t, a, 32/width)
		c := []int32{rng.Int32(), math.MaxInt32, math.MinInt32}[rng.IntN(3)]
		want := big.NewInt(int64(c))
		for k := range a {
			x, y := bigOf(types[0], uint64(ra>>(k*width))), bigOf(types[1], uint64(rb>>(k*width)))
			want.Add(want, x.Mul(x, y))
		}
		require.EqualValues(t, int32(low(want, 32)), DotInt(c, a, b, false))
		require.EqualValues(t, clampBig(S32, want).Int64(), DotInt(c, a, b, true))
	}
	assert.EqualValues(t, 7+1, DotBits(7, 0b1100, 0b0101, true))
	assert.EqualValues(t, 7+2, DotBits(7, 0b1100, 0b0101, false))
	assert.Equal(t, 11.5, DotF64(0.5, []float64{1, 2}, []float64{3, 4}))
	assert.Equal(t, 0x1p-104, DotF64(-1-0x1p-51, []float64{1 + 0x1p-52}, []float64{1 + 0x1p-52}), "fused")
}

func TestDecode(t *testing.T) {
	assert.Equal(t, []float32{1, -2}, Decode(F16, 0xc0003c00, nil))
	assert.Equal(t, []float32{1, -2}, Decode(BF16, 0xc0003f80, nil))
	assert.Equal(t, []float32{1}, Decode(TF32, 0x3f801fff, nil), "the low 13 bits do not count")
	assert.Equal(t, []float32{3.25}, Decode(F32, 0x40500000, nil))
	assert.Equal(t, []float32{1, -448, 0x1p-9, 0}, Decode(E4M3, 0x0001fe38, nil))
	assert.Equal(t, []float32{1, -57344, 0x1p-16, 0}, Decode(E5M2, 0x0001fb3c, nil))
	assert.Equal(t, []int32{1, -1, -128, 127}, DecodeInt(S8, 0x7f80ff01, nil))
	assert.Equal(t, []int32{1, 255, 128, 127}, DecodeInt(U8, 0x7f80ff01, nil))
	assert.Equal(t, []int32{1, 0, -1, -1, 0, -8, -1, 7}, DecodeInt(S4, 0x7f80ff01, nil))
	assert.Equal(t, []int32{-2}, DecodeInt(S32, 0xfffffffe, nil))
	assert.Empty(t, Decode(S8, 1, nil))
	assert.Empty(t, DecodeInt(F32, 1, nil))
	assert.Empty(t, DecodeInt(U16, 1, nil))
}
