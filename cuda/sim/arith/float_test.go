package arith

import (
	"fmt"
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// exactly is the exact result of an operation, or ok false where IEEE 754 has a special one, which
// special then is.
func exactly(op Op, s ieee, r Round, a, b, c uint64) (d dyadic, special float64, ok bool) {
	x, y, z := s.float(a), s.float(b), s.float(c)
	da, okA := s.value(a)
	db, okB := s.value(b)
	dc, okC := s.value(c)
	switch op {
	case Add, Sub:
		if op == Sub {
			y, db.neg = -y, !db.neg
		}
		if !okA || !okB {
			return d, x + y, false
		}
		d = da.plus(db)
		if d.zero() {
			return d, zeroSum(x, y, r), false
		}
	case Mul:
		if !okA || !okB || da.zero() || db.zero() {
			return d, x * y, false
		}
		d = da.times(db)
	case Fma:
		if !okA || !okB || !okC {
			if okA && okB { // the product is finite, even where x·y is not
				return d, z, false
			}
			return d, x*y + z, false
		}
		d = da.times(db).plus(dc)
		if d.zero() {
			sign := math.Copysign(1, x) * math.Copysign(1, y)
			if da.zero() || db.zero() {
				return d, zeroSum(math.Copysign(0, sign), z, r), false
			}
			return d, zeroSum(sign, -sign, r), false
		}
	case Div:
		if !okA || !okB || da.zero() || db.zero() {
			return d, x / y, false
		}
		d = da.over(db)
	case Sqrt:
		if !okA || da.zero() || da.neg {
			return d, math.Sqrt(x), false
		}
		d = da.root()
	}
	return d, 0, true
}

// zeroSum is the zero that x + y is: of the common sign, else +0, or −0 when rounding to −∞.
func zeroSum(x, y float64, r Round) float64 {
	switch {
	case math.Signbit(x) && math.Signbit(y):
		return math.Copysign(0, -1)
	case math.Signbit(x) != math.Signbit(y) && r == RM:
		return math.Copysign(0, -1)
	}
	return 0
}

func wantFloat(op Op, typ Type, r Round, a, b, c uint64) uint64 {
	s := ieees[typ]
	d, special, ok := exactly(op, s, r, a, b, c)
	if ok {
		return s.round(d, r)
	}
	if special != special && typ == F64 {
		operands := []uint64{a, b, c}[:arity(op)]
		for _, x := range operands {
			if s.isNaN(x) {
				return x | 1<<51
			}
		}
	}
	return s.fromFloat(special)
}

func arity(op Op) int {
	switch op {
	case Sqrt, Rcp:
		return 1
	case Fma:
		return 3
	}
	return 2
}

// selectFloat gives any of the operations the shape of a ternary one.
func selectFloat(t *testing.T, op Op, typ Type, o Options) ternaryFunc {
	t.Helper()
	switch arity(op) {
	case 1:
		f, err := Unary(op, typ, o)
		require.NoError(t, err)
		return func(a, _, _ uint64) uint64 { return f(a) }
	case 2:
		f, err := Binary(op, typ, o)
		require.NoError(t, err)
		return func(a, b, _ uint64) uint64 { return f(a, b) }
	}
	f, err := Ternary(op, typ, o)
	require.NoError(t, err)
	return f
}

// garbage is what must be ignored above a value.
var garbage uint64 = 0xa5a5a5a5a5a5a5a5

func dirty(typ Type, a uint64) uint64 {
	if typ.Bits() == 64 {
		return a
	}
	return a | garbage<<uint(typ.Bits())
}

// TestFloatArithmetic compares every operation of every format in every rounding mode with exact
// arithmetic.
func TestFloatArithmetic(t *testing.T) {
	for typ, s := range ieees {
		for _, op := range []Op{Add, Sub, Mul, Fma, Div, Sqrt} {
			t.Run(fmt.Sprintf("%v.%v", op, typ), func(t *testing.T) {
				t.Parallel()
				rng := newRand(t)
				var f [4]ternaryFunc
				for i, r := range allRounds {
					f[i] = selectFloat(t, op, typ, Options{Round: r})
				}
				for range 8_000 {
					a, b, c := s.random(rng), s.random(rng), s.random(rng)
					if op == Fma && rng.IntN(2) == 0 { // c near −a·b: cancellation
						if d, ok := wantFloat(Mul, typ, RN, a, b, 0), true; ok {
							c = d ^ 1<<(s.width-1) ^ rng.Uint64N(3)
						}
					}
					for i, r := range allRounds {
						got := f[i](dirty(typ, a), dirty(typ, b), dirty(typ, c))
						if want := wantFloat(op, typ, r, a, b, c); got != want {
							t.Fatalf("%v.%v.%v(%#x, %#x, %#x) = %#x, want %#x", op, r, typ, a, b, c, got, want)
						}
					}
				}
			})
		}
	}
}

// TestFmaMidpoints aims at sums that rounding to f64 first would move to a midpoint of two f32.
func TestFmaMidpoints(t *testing.T) {
	rng := newRand(t)
	for range 50_000 {
		// a·b is a small odd multiple of a half ulp of c plus or minus a speck.
		c := rng.Uint32()&0x007fffff | uint32(100+rng.IntN(60))<<23
		exp := int(c>>23) - 127 - 24
		a := math.Float32bits(float32(math.Ldexp(1+float64(rng.IntN(3)-1)*0x1p-23, exp)))
		b := math.Float32bits(float32(1 + float64(rng.IntN(5)-2)*0x1p-23))
		want := uint32(wantFloat(Fma, F32, RN, uint64(a), uint64(b), uint64(c)))
		require.Equal(t, want, FmaF32(a, b, c), "%#x %#x %#x", a, b, c)
	}
	assert.Equal(t, uint32(NaNF32), FmaF32(0x7f800000, 0, 0x3f800000))
	assert.Equal(t, uint32(NaNF32), FmaF32(0x7f800001, 0, 0x3f800000))
	// c infinite; a·b finite though beyond the range of f32
	assert.Equal(t, uint32(0xff800000), FmaF32(0x7f7fffff, 0x7f7fffff, 0xff800000))
	var d, a, b, c [32]uint32
	for i := range a {
		a[i], b[i], c[i] = rng.Uint32(), rng.Uint32(), rng.Uint32()
	}
	FmaF32Lanes(&d, &a, &b, &c)
	for i := range d {
		assert.Equal(t, FmaF32(a[i], b[i], c[i]), d[i])
	}
}

// TestSoftFloat runs the exact path in the rounding for which the instructions do not take it, on
// sums that differ from a midpoint by the last bits of a product only.
func TestSoftFloat(t *testing.T) {
	rng := newRand(t)
	for _, typ := range []Type{F32, F64} {
		f, s := &formats[typ], ieees[typ]
		one := s.round(dyadic{m: bigOne}, RN)
		for range 20_000 {
			a, b, c := s.random(rng), s.random(rng), s.random(rng)
			if rng.IntN(2) == 0 { // a·b is half an ulp of c, more or less
				c = one | rng.Uint64()&(one&-one-1)
				a = one + rng.Uint64N(3) - 1
				b = s.round(dyadic{rng.IntN(2) == 0, bigOne, -s.precision}, RN)
			}
			if s.isNaN(a) || s.isNaN(b) || s.isNaN(c) {
				continue
			}
			got := f.pack(add(mul(f.unpack(a), f.unpack(b)), f.unpack(c), RN), RN)
			want := wantFloat(Fma, typ, RN, a, b, c)
			if s.isNaN(want) {
				want = s.nan
			}
			require.Equal(t, want, got, "%v %#x %#x %#x", typ, a, b, c)
		}
	}
}

// TestOddSum checks that a sum that is not exact has its last bit set and the exact one between its
// neighbours.
func TestOddSum(t *testing.T) {
	rng := newRand(t)
	s := ieees[F64]
	for range 20_000 {
		x := math.Ldexp(float64(int64(rng.Uint64())>>rng.IntN(40)), rng.IntN(30))
		y := math.Ldexp(float64(int64(rng.Uint64())>>rng.IntN(40)), rng.IntN(90)-80)
		got := oddSum(x, y)
		a, _ := s.value(math.Float64bits(x))
		b, _ := s.value(math.Float64bits(y))
		exact := new(big.Float).SetPrec(300).SetInt(a.plus(b).signed())
		exact.SetMantExp(exact, a.plus(b).e)
		if exact.Cmp(big.NewFloat(got)) == 0 {
			continue
		}
		require.EqualValues(t, 1, math.Float64bits(got)&1, "%v + %v", x, y)
		require.Negative(t, big.NewFloat(math.Nextafter(got, math.Inf(-1))).Cmp(exact), "%v + %v", x, y)
		require.Positive(t, big.NewFloat(math.Nextafter(got, math.Inf(1))).Cmp(exact), "%v + %v", x, y)
	}
}

func TestRcpIsDivision(t *testing.T) {
	rng := newRand(t)
	for typ, one := range map[Type]uint64{F32: 0x3f800000, F64: 0x3ff0000000000000} {
		for _, r := range allRounds {
			f, err := Unary(Rcp, typ, Options{Round: r})
			require.NoError(t, err)
			for range 3000 {
				a := ieees[typ].random(rng)
				require.Equal(t, wantFloat(Div, typ, r, one, a, 0), f(a), "rcp.%v.%v %#x", r, typ, a)
			}
		}
	}
}

// TestFloatModifiers checks .ftz, .sat and .relu by their definitions against the unmodified result,
// which the tests above check.
func TestFloatModifiers(t *testing.T) {
	rng := newRand(t)
	for typ, s := range ieees {
		subnormal := func(a uint64) bool {
			d, ok := s.value(a)
			return ok && !d.zero() && d.m.BitLen() < s.precision && d.e == s.minExp-s.precision+1
		}
		flush := func(a uint64) uint64 {
			if subnormal(a) {
				return a & (1 << (s.width - 1))
			}
			return a
		}
		one := s.round(dyadic{m: bigOne}, RN)
		for _, op := range []Op{Add, Sub, Mul, Fma, Div, Sqrt} {
			plain := selectFloat(t, op, typ, Options{})
			ftz := selectFloat(t, op, typ, Options{FTZ: true})
			sat := selectFloat(t, op, typ, Options{Sat: true})
			relu := selectFloat(t, op, typ, Options{Relu: true})
			for range 2000 {
				a, b, c := s.random(rng), s.random(rng), s.random(rng)
				x, y, z := flush(a), flush(b), flush(c)
				want := plain(x, y, z)
				if d, _, ok := exactly(op, s, RN, x, y, z); ok && d.m.BitLen()-1+d.e < s.minExp {
					want = boolBits(d.neg) << (s.width - 1) // subnormal before rounding
				}
				require.Equal(t, want, ftz(a, b, c), "%v.ftz.%v %#x %#x %#x", op, typ, a, b, c)
				d := plain(a, b, c)
				wantSat, wantRelu := d, d
				switch x := s.float(d); {
				case x != x:
					wantSat, wantRelu = 0, s.nan
				case x <= 0:
					wantSat, wantRelu = 0, 0
				case x > 1:
					wantSat = one
				}
				require.Equal(t, wantSat, sat(a, b, c), "%v.sat.%v %#x %#x %#x", op, typ, a, b, c)
				require.Equal(t, wantRelu, relu(a, b, c), "%v.relu.%v %#x %#x %#x", op, typ, a, b, c)
			}
		}
	}
	for range 20_000 {
		a, b, c := uint32(ieees[F32].random(rng)), uint32(ieees[F32].random(rng)), uint32(ieees[F32].random(rng))
		for _, x := range []struct {
			op   Op
			want uint32
		}{{Add, AddF32FTZ(a, b)}, {Mul, MulF32FTZ(a, b)}, {Fma, FmaF32FTZ(a, b, c)}} {
			f := selectFloat(t, x.op, F32, Options{FTZ: true})
			require.Equal(t, uint64(x.want), f(uint64(a), uint64(b), uint64(c)))
		}
	}
}

// TestPackedFloats checks that pairs are their halves.
func TestPackedFloats(t *testing.T) {
	rng := newRand(t)
	for _, packed := range []Type{F16x2, BF16x2} {
		lane := packed.Lane()
		for _, op := range []Op{Add, Sub, Mul, Fma} {
			pair, half := selectFloat(t, op, packed, Options{}), selectFloat(t, op, lane, Options{})
			for range 2000 {
				a, b, c := rng.Uint64(), rng.Uint64(), rng.Uint64()
				want := half(a>>16&0xffff, b>>16&0xffff, c>>16&0xffff)<<16 | half(a&0xffff, b&0xffff, c&0xffff)
				require.Equal(t, want, pair(a, b, c))
			}
		}
	}
	_, err := Unary(Popc, S16x2, Options{})
	assert.ErrorIs(t, err, ErrUnsupported)
	_, err = Ternary(Sad, S16x2, Options{})
	assert.ErrorIs(t, err, ErrUnsupported)
	for _, op := range []Op{MulWide, Shl, Bfe, Div} {
		_, err := Binary(op, F16x2, Options{})
		assert.ErrorIs(t, err, ErrUnsupported)
		_, err = Binary(op, S16x2, Options{})
		assert.ErrorIs(t, err, ErrUnsupported, "%v", op)
	}
}

// TestSignOperations checks that neg, abs and copysign touch the sign bit alone.
func TestSignOperations(t *testing.T) {
	rng := newRand(t)
	for typ, s := range ieees {
		neg, err := Unary(Neg, typ, Options{})
		require.NoError(t, err)
		abs, err := Unary(Abs, typ, Options{})
		require.NoError(t, err)
		copySign, err := Binary(Copysign, typ, Options{})
		require.NoError(t, err)
		sign := uint64(1) << (s.width - 1)
		for range 1000 {
			a, b := s.random(rng), s.random(rng)
			assert.Equal(t, a^sign, neg(dirty(typ, a)))
			assert.Equal(t, a&^sign, abs(dirty(typ, a)))
			assert.Equal(t, b&^sign|a&sign, copySign(dirty(typ, a), dirty(typ, b)))
		}
	}
}

// TestFTZBeforeRounding has products that round to the least normal value from below, of which ptxas
// 12.9.86 folds the first to −0.
func TestFTZBeforeRounding(t *testing.T) {
	assert.EqualValues(t, uint32(0x80000000), MulF32FTZ(0x3f7fffff, 0x80800000))
	assert.EqualValues(t, uint32(0x80800000), MulF32(0x3f7fffff, 0x80800000))
	assert.EqualValues(t, 0, FmaF32FTZ(0x3f7fffff, 0x00800000, 0x80000000))
	assert.EqualValues(t, 0x00800000, FmaF32FTZ(0x3f800000, 0x00800000, 0))
	for _, r := range allRounds {
		f, err := Binary(Mul, F32, Options{Round: r, FTZ: true})
		require.NoError(t, err)
		assert.EqualValues(t, 0, f(0x3f7fffff, 0x00800000), "%v", r)
	}
	f, err := Binary(Mul, F16, Options{FTZ: true})
	require.NoError(t, err)
	assert.EqualValues(t, 0, f(0x3bff, 0x0400))
	// cvt flushes after rounding; so folds ptxas as well.
	cvt, err := Cvt(F32, F64, Options{FTZ: true})
	require.NoError(t, err)
	assert.EqualValues(t, 0x00800000, cvt(0x380fffffffffffff))
}
