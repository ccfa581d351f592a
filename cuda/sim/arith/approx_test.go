package arith

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func approxOf(t *testing.T, op ApproxOp, typ Type, ftz bool) func(a uint64, jitter float64) uint64 {
	t.Helper()
	f, err := Approx(op, typ, ftz)
	require.NoError(t, err)
	return f
}

// TestApproxSpecialCases is the tables of §9.7.3 and §9.7.4: −Inf, −subnormal (with ftz), −0, +0,
// +subnormal (with ftz), +Inf, NaN. They hold whatever the jitter.
func TestApproxSpecialCases(t *testing.T) {
	inputs := []float64{math.Inf(-1), -1e-40, math.Copysign(0, -1), 0, 1e-40, math.Inf(1), math.NaN()}
	nan, inf, minus0 := math.NaN(), math.Inf(1), math.Copysign(0, -1)
	for op, want := range map[ApproxOp][7]float64{
		ApproxRcp:   {minus0, -inf, -inf, inf, inf, 0, nan},
		ApproxSqrt:  {nan, minus0, minus0, 0, 0, inf, nan},
		ApproxRsqrt: {nan, -inf, -inf, inf, inf, 0, nan},
		ApproxSin:   {nan, minus0, minus0, 0, 0, nan, nan},
		ApproxCos:   {nan, 1, 1, 1, 1, nan, nan},
		ApproxLg2:   {nan, -inf, -inf, -inf, -inf, inf, nan},
		ApproxEx2:   {0, 1, 1, 1, 1, inf, nan},
		ApproxTanh:  {-1, minus0, minus0, 0, 0, 1, nan},
	} {
		types := []Type{F32}
		if op == ApproxEx2 || op == ApproxTanh {
			types = append(types, F16, BF16)
		}
		for _, typ := range types {
			s := ieees[typ]
			for i, x := range inputs {
				for _, jitter := range []float64{0, 1, -1} {
					a := s.fromFloat(x)
					if math.Abs(x) == 1e-40 {
						a = s.round(dyadic{x < 0, bigOne, s.minExp - 3}, RN)
					}
					got := approxOf(t, op, typ, true)(a, jitter)
					if want[i] != want[i] {
						assert.Equal(t, s.nan, got, "%v.%v %v", op, typ, x)
						continue
					}
					assert.Equal(t, want[i], s.float(got), "%v.%v %v", op, typ, x)
					assert.Equal(t, math.Signbit(want[i]), got>>(s.width-1) == 1, "%v.%v %v", op, typ, x)
				}
			}
		}
	}
	for _, op := range []ApproxOp{ApproxSqrt, ApproxRsqrt, ApproxLg2} {
		f := approxOf(t, op, F32, false)
		assert.EqualValues(t, NaNF32, f(0xbf800000, 0.5), "%v of −1", op)
		assert.EqualValues(t, NaNF32, f(0x80000001, 0.5), "%v of a negative subnormal without ftz", op)
	}
	// Without ftz subnormals are supported, and tanh passes them through.
	assert.EqualValues(t, uint32(0x80000001), approxOf(t, ApproxTanh, F32, false)(0x80000001, 0))
	assert.EqualValues(t, 1, approxOf(t, ApproxEx2, F32, false)(uint64(math.Float32bits(-149)), 0))
	assert.EqualValues(t, 0, approxOf(t, ApproxEx2, F32, true)(uint64(math.Float32bits(-127)), 0))
	assert.EqualValues(t, 0x7f800000, approxOf(t, ApproxEx2, F32, true)(uint64(math.Float32bits(128)), -1))
}

// approxCase is an instruction, operands to try it on, and the bound in the ISA's words, typed here
// from it.
type approxCase struct {
	op     ApproxOp
	typ    Type
	lo, hi float64 // the operands
	count  int
	bound  func(x, y, ulp float64) float64
}

func relative(exp float64) func(x, y, ulp float64) float64 {
	return func(_, y, _ float64) float64 { return math.Exp2(exp) * math.Abs(y) }
}

func absolute(exp float64) func(x, y, ulp float64) float64 {
	return func(_, _, _ float64) float64 { return math.Exp2(exp) }
}

func ulps(n float64) func(x, y, ulp float64) float64 {
	return func(_, _, ulp float64) float64 { return n * ulp }
}

var approxCases = []approxCase{
	{ApproxRcp, F32, -1e30, 1e30, 4000, ulps(1)},
	{ApproxSqrt, F32, 0, 3e38, 4000, relative(-23)},
	{ApproxRsqrt, F32, 0, 3e38, 4000, relative(-22.9)},
	{ApproxSin, F32, -2 * math.Pi, 2 * math.Pi, 1000, absolute(-20.5)},
	{ApproxCos, F32, -2 * math.Pi, 2 * math.Pi, 1000, absolute(-20.5)},
	{ApproxSin, F32, -100 * math.Pi, 100 * math.Pi, 300, absolute(-14.7)},
	{ApproxCos, F32, -100 * math.Pi, 100 * math.Pi, 300, absolute(-14.7)},
	{ApproxLg2, F32, 0.5, 2, 1500, absolute(-22)},
	{ApproxLg2, F32, 0, 3e38, 1500, func(x, y, ulp float64) float64 {
		if x > 0.5 && x < 2 {
			return math.Exp2(-22)
		}
		return math.Exp2(-22) * math.Abs(y)
	}},
	{ApproxEx2, F32, -149, 128, 2000, ulps(2.5)}, // 2 ulp from the rounded result
	{ApproxTanh, F32, -10, 10, 1000, relative(-11)},
	{ApproxTanh, F16, -6, 6, 1000, absolute(-10.987)},
	{ApproxTanh, BF16, -6, 6, 1000, absolute(-8)},
	{ApproxEx2, F16, -14, 15.9, 1000, relative(-9.9)},
	{ApproxEx2, BF16, -126, 127, 1000, relative(-7)},
}

// operand is uniform in the range, or in its exponent.
func (c approxCase) operand(rng *rand.Rand) uint64 {
	s := ieees[c.typ]
	for {
		x := c.lo + rng.Float64()*(c.hi-c.lo)
		if rng.IntN(2) == 0 {
			x = math.Copysign(math.Exp2(rng.Float64()*140-130), x)
		}
		if c.op == ApproxLg2 && rng.IntN(3) == 0 {
			x = 1 + math.Copysign(math.Exp2(-rng.Float64()*23), rng.Float64()-0.5) // where it vanishes
		}
		if x >= c.lo && x <= c.hi && x != 0 {
			if a := s.round(dyadicOf(bigFloat(x)), RZ); s.float(a) != 0 {
				return a
			}
		}
	}
}

// TestApproxBounds compares with series of 700 bits: without jitter the result is the correctly
// rounded one, with any it is within the bound or, where the format is too coarse for that, correctly
// rounded; and jitter does move results to both sides.
func TestApproxBounds(t *testing.T) {
	for _, c := range approxCases {
		t.Run(fmt.Sprintf("%v.%v in %g..%g", c.op, c.typ, c.lo, c.hi), func(t *testing.T) {
			t.Parallel()
			rng := newRand(t)
			s := ieees[c.typ]
			f := approxOf(t, c.op, c.typ, false)
			var above, below int
			for range c.count {
				a := c.operand(rng)
				x := s.float(a)
				exact := bigFunctions[c.op](x)
				if exact.Sign() == 0 {
					require.Zero(t, s.float(f(a, 0))) // lg2 of 1
					continue
				}
				y, _ := exact.Float64()
				rounded := s.round(dyadicOf(exact), RN)
				require.Equal(t, rounded, f(a, 0), "%v", x)
				if c.op == ApproxEx2 {
					y = s.float(rounded) // of which the ISA counts the ulp
				}
				_, exp := math.Frexp(y)
				ulp := math.Ldexp(1, max(exp-1, s.minExp)-s.precision+1)
				for _, jitter := range []float64{1, -1, rng.Float64()*2 - 1} {
					got := f(a, jitter)
					if got == rounded {
						continue
					}
					z := s.float(got)
					off, _ := new(big.Float).Sub(bigFloat(z), exact).Float64()
					require.LessOrEqual(t, math.Abs(off), c.bound(x, y, ulp)*(1+1e-9), "%v(%v) = %v, jitter %v", c.op, x, z, jitter)
					if off > 0 {
						above++
					} else {
						below++
					}
				}
			}
			assert.Greater(t, above, c.count/20)
			assert.Greater(t, below, c.count/20)
		})
	}
}

// TestLg2NearOne has the f32 just above 1, whose logarithms are small differences of large ones.
func TestLg2NearOne(t *testing.T) {
	f := approxOf(t, ApproxLg2, F32, false)
	for a := uint64(0x3f800001); a < 0x3f800300; a++ {
		exact := bigLog2(ieees[F32].float(a))
		require.Equal(t, ieees[F32].round(dyadicOf(exact), RN), f(a, 0), "%#x", a)
	}
}

func TestApproxRange(t *testing.T) {
	rng := newRand(t)
	for _, op := range []ApproxOp{ApproxSin, ApproxCos, ApproxTanh} {
		f := approxOf(t, op, F32, false)
		for range 20_000 {
			y := ieees[F32].float(f(uint64(math.Float32bits(float32(rng.NormFloat64()*20))), rng.Float64()*2-1))
			require.LessOrEqual(t, math.Abs(y), 1.0)
		}
	}
	for _, x := range []struct {
		op  ApproxOp
		typ Type
	}{{ApproxSin, F16}, {ApproxEx2, F64}, {ApproxTanh, S32}, {0, F32}} {
		_, err := Approx(x.op, x.typ, false)
		assert.ErrorIs(t, err, ErrUnsupported)
	}
	pair, half := approxOf(t, ApproxEx2, F16x2, false), approxOf(t, ApproxEx2, F16, false)
	for range 1000 {
		a, jitter := rng.Uint64(), rng.Float64()
		assert.Equal(t, half(a>>16&0xffff, jitter)<<16|half(a&0xffff, jitter), pair(a, jitter))
	}
}

func TestApproxDiv(t *testing.T) {
	rng := newRand(t)
	s := ieees[F32]
	for _, full := range []bool{false, true} {
		for _, ftz := range []bool{false, true} {
			f := ApproxDiv(full, ftz)
			moved := 0
			for range 6000 {
				a, b := s.random(rng), s.random(rng)
				flush := func(a uint64) uint64 {
					if ftz {
						return uint64(FlushF32(uint32(a)))
					}
					return a
				}
				x, y := flush(a), flush(b)
				want := flush(wantFloat(Div, F32, RN, x, y, 0))
				if size := math.Abs(s.float(y)); !full && size > 0x1p126 && !math.IsInf(size, 0) {
					// "if a is infinity, div.approx.f32 returns NaN, otherwise it returns a sign-preserving zero"
					switch m := s.float(x); {
					case math.IsInf(m, 0) || m != m:
						want = NaNF32
					default:
						want = (a ^ b) & 0x80000000
					}
					require.Equal(t, want, f(a, b, rng.Float64()), "%v / %v", s.float(x), s.float(y))
					continue
				}
				require.Equal(t, want, f(a, b, 0), "%v / %v", s.float(x), s.float(y))
				got := f(a, b, rng.Float64()*2-1)
				if got == want {
					continue
				}
				moved++
				exact := s.float(x) / s.float(y) // in f64: far more exact than the bound
				_, exp := math.Frexp(exact)
				ulp := math.Ldexp(1, max(exp-1, -126)-23)
				if ftz && got&0x7fffffff == 0 { // a subnormal neighbour, flushed
					ulp = 0x1p-126
				}
				require.LessOrEqual(t, math.Abs(s.float(got)-exact), 2*ulp*(1+1e-9), "%v / %v", s.float(x), s.float(y))
			}
			assert.Greater(t, moved, 500)
		}
	}
}

// TestApproxUlp counts ulp at powers of two, below which they are half as large as above.
func TestApproxUlp(t *testing.T) {
	rcp, ex2 := approxOf(t, ApproxRcp, F32, false), approxOf(t, ApproxEx2, F32, false)
	assert.EqualValues(t, 0x3f000001, rcp(0x40000000, 1), "½ and an ulp")
	assert.EqualValues(t, 0x3effffff, rcp(0x40000000, -1))
	assert.EqualValues(t, 0x40000002, ex2(0x3f800000, 1), "2 and two ulp")
	assert.EqualValues(t, 0x3ffffffe, ex2(0x3f800000, -1))
	assert.EqualValues(t, 0x40000001, ex2(0x3f800000, 0.5))
}

// TestApproxDivRange has the ends of the range of div.approx.
func TestApproxDivRange(t *testing.T) {
	f := ApproxDiv(false, false)
	assert.EqualValues(t, 0x40000000, f(0x7f000000, 0x7e800000, 0), "2¹²⁷ / 2¹²⁶")
	assert.EqualValues(t, uint32(0x80000000), f(0xff000000, 0x7e800001, 0), "beyond 2¹²⁶")
	assert.EqualValues(t, NaNF32, f(0x7f800000, 0x7e800001, 0))
	assert.EqualValues(t, 0x7f800000, f(0x7f800000, 0x7e800000, 0))
	assert.EqualValues(t, 0x7f800000, ApproxDiv(true, false)(0x7f800000, 0x7e800001, 0))
}

// TestApproxF64 checks the tables of §9.7.3.14 and §9.7.3.17, and that only the upper words count.
func TestApproxF64(t *testing.T) {
	bits := math.Float64bits
	inf := math.Inf(1)
	rcp, rsqrt := approxOf(t, ApproxRcp, F64, true), approxOf(t, ApproxRsqrt, F64, true)
	for in, want := range map[uint64][2]float64{
		bits(-inf): {math.Copysign(0, -1), math.NaN()}, bits(-5e-320): {-inf, -inf}, bits(math.Copysign(0, -1)): {-inf, -inf},
		0: {inf, inf}, 1: {inf, inf}, bits(inf): {0, 0}, bits(math.NaN()): {math.NaN(), math.NaN()}, bits(4): {0.25, 0.5},
	} {
		for i, f := range []func(uint64, float64) uint64{rcp, rsqrt} {
			if want[i] != want[i] {
				assert.EqualValues(t, uint64(0x7fffffff00000000), f(in, 0), "%#x", in)
				continue
			}
			assert.Equal(t, bits(want[i]), f(in, 1), "%#x", in)
		}
	}
	rng := newRand(t)
	for range 2000 {
		x := math.Exp2(rng.Float64()*1000 - 500)
		a := bits(x)
		assert.Equal(t, rcp(a&^0xffffffff, 0), rcp(a, 0))
		assert.Zero(t, rcp(a, 0)&0xffffffff)
		assert.InEpsilon(t, 1/x, math.Float64frombits(rcp(a, 0)), 0x1p-18)
		assert.InEpsilon(t, 1/math.Sqrt(x), math.Float64frombits(rsqrt(a, 0)), 0x1p-18)
		assert.InEpsilon(t, 1/math.Sqrt(x), math.Float64frombits(approxOf(t, ApproxRsqrt, F64, false)(a, 0)), 0x1p-51)
	}
}
