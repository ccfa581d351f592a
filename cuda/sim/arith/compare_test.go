package arith

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestCompareFloat is the tables of §9.3.1.2: the ordered operators are false with a NaN, the
// unordered ones true.
func TestCompareFloat(t *testing.T) {
	rng := newRand(t)
	for typ, s := range ieees {
		for ordered, unordered := range map[Cmp]Cmp{EQ: EQU, NE: NEU, LT: LTU, LE: LEU, GT: GTU, GE: GEU, NUM: NAN} {
			f, err := Compare(ordered, typ, false)
			require.NoError(t, err)
			g, err := Compare(unordered, typ, false)
			require.NoError(t, err)
			for range 1000 {
				a, b := s.random(rng), s.random(rng)
				if rng.IntN(8) == 0 {
					b = a ^ rng.Uint64N(2)<<(s.width-1)
				}
				x, y := s.float(a), s.float(b)
				unorderedPair := x != x || y != y
				want := map[Cmp]bool{EQ: x == y, NE: x != y, LT: x < y, LE: x <= y, GT: x > y, GE: x >= y, NUM: true}[ordered]
				require.Equal(t, want && !unorderedPair, f(dirty(typ, a), dirty(typ, b)), "%v.%v %v %v", ordered, typ, x, y)
				want = want && ordered != NUM
				require.Equal(t, want || unorderedPair, g(dirty(typ, a), dirty(typ, b)), "%v.%v %v %v", unordered, typ, x, y)
			}
		}
	}
	gt, err := Compare(GT, F32, true)
	require.NoError(t, err)
	assert.False(t, gt(1, 0), "2⁻¹⁴⁹ is flushed")
	assert.True(t, gt(0x00800000, 0x007fffff))
}

func TestCompareInt(t *testing.T) {
	rng := newRand(t)
	for _, typ := range []Type{U8, S8, U16, S16, B16, U32, S32, B32, U64, S64, B64} {
		for _, op := range []Cmp{EQ, NE, LT, LE, GT, GE, LO, LS, HI, HS} {
			f, err := Compare(op, typ, false)
			require.NoError(t, err)
			for range 500 {
				a, b := randomInt(rng), randomInt(rng)
				if rng.IntN(4) == 0 {
					b = a
				}
				x, y := bigOf(typ, a), bigOf(typ, b)
				if op >= LO {
					unsigned := typ
					if typ.Signed() {
						unsigned-- // each signed type follows its unsigned one
					}
					x, y = bigOf(unsigned, a), bigOf(unsigned, b)
				}
				c := x.Cmp(y)
				want := []bool{c == 0, c != 0, c < 0, c <= 0, c > 0, c >= 0, c < 0, c <= 0, c > 0, c >= 0}[op-EQ]
				require.Equal(t, want, f(a, b), "%v.%v %v %v", op, typ, x, y)
			}
		}
	}
	_, err := Compare(EQU, S32, false)
	assert.ErrorIs(t, err, ErrUnsupported)
	_, err = Compare(EQ, F16x2, false)
	assert.ErrorIs(t, err, ErrUnsupported)
}

func TestSetValue(t *testing.T) {
	for typ, want := range map[Type]uint64{
		F32: 0x3f800000, F16: 0x3c00, BF16: 0x3f80, F16x2: 0x3c00, BF16x2: 0x3f80, U32: 0xffffffff, S32: 0xffffffff, U16: 0xffff,
	} {
		assert.Equal(t, want, SetValue(typ, true), "%v", typ)
		assert.Zero(t, SetValue(typ, false), "%v", typ)
	}
}

func TestSlct(t *testing.T) {
	const a, b uint64 = 0x1122334455667788, 42
	integer, err := Slct(S32, false)
	require.NoError(t, err)
	assert.EqualValues(t, a, integer(a, b, 0))
	assert.EqualValues(t, b, integer(a, b, 0x80000000))
	float, err := Slct(F32, false)
	require.NoError(t, err)
	flushed, err := Slct(F32, true)
	require.NoError(t, err)
	assert.EqualValues(t, a, float(a, b, 0x80000000), "−0 ≥ 0")
	assert.EqualValues(t, b, float(a, b, 0x7fffffff), "a NaN selects b")
	assert.EqualValues(t, b, float(a, b, 0x80000001))
	assert.EqualValues(t, a, flushed(a, b, 0x80000001))
	_, err = Slct(F64, false)
	assert.ErrorIs(t, err, ErrUnsupported)
}

func TestTestp(t *testing.T) {
	const smallest64, least64 = 1, 1 << 52
	inf, nan := math.Float64bits(math.Inf(-1)), uint64(0x7ff0000000000001)
	for _, x := range []struct {
		typ  Type
		a    uint64
		want string // finite, infinite, number, notanumber, normal, subnormal
	}{
		{F32, 0, "101010"}, {F32, 0x80000000, "101010"}, {F32, 1, "101001"}, {F32, 0x807fffff, "101001"},
		{F32, 0x00800000, "101010"}, {F32, 0x7f7fffff, "101010"}, {F32, 0xff800000, "011000"},
		{F32, 0x7f800001, "000100"}, {F32, 0xffffffff, "000100"},
		{F64, 0, "101010"}, {F64, smallest64, "101001"}, {F64, least64 - 1, "101001"}, {F64, least64, "101010"},
		{F64, inf, "011000"}, {F64, nan, "000100"},
	} {
		for i, op := range []TestpOp{TestFinite, TestInfinite, TestNumber, TestNotANumber, TestNormal, TestSubnormal} {
			f, err := Testp(op, x.typ)
			require.NoError(t, err)
			assert.Equal(t, x.want[i] == '1', f(x.a), "%v %#x %d", x.typ, x.a, op)
		}
	}
	_, err := Testp(TestFinite, F16)
	assert.ErrorIs(t, err, ErrUnsupported)
	_, err = Testp(0, F32)
	assert.ErrorIs(t, err, ErrUnsupported)
}

// TestMinMaxFloat is the semantics of §9.7.3.11 and §9.7.3.12, line by line.
func TestMinMaxFloat(t *testing.T) {
	rng := newRand(t)
	for typ, s := range ieees {
		sign := uint64(1) << (s.width - 1)
		less := func(a, b uint64) bool { // −0 < +0
			x, y := s.float(a), s.float(b)
			return x < y || x == 0 && y == 0 && a&sign != 0 && b&sign == 0
		}
		two := func(op Op, a, b uint64, nan bool) uint64 {
			switch nanA, nanB := s.isNaN(a), s.isNaN(b); {
			case nanA && nanB, nan && (nanA || nanB):
				return s.nan
			case nanA:
				return b
			case nanB:
				return a
			case op == Min && less(a, b), op == Max && less(b, a):
				return a
			}
			return b
		}
		same := func(want, got uint64) bool { // any NaN of f64 is one
			return want == got || typ == F64 && s.isNaN(want) && s.isNaN(got)
		}
		for _, op := range []Op{Min, Max} {
			for _, o := range []Options{{}, {NaN: true}, {XorSign: true, Abs: true}, {NaN: true, XorSign: true, Abs: true}} {
				f, err := Binary(op, typ, o)
				require.NoError(t, err)
				for range 1000 {
					a, b := s.random(rng), s.random(rng)
					if rng.IntN(6) == 0 {
						a, b = rng.Uint64()<<(s.width-1)&(sign<<1-1), rng.Uint64()<<(s.width-1)&(sign<<1-1) // zeros
					}
					x, y := a, b
					if o.Abs {
						x, y = a&^sign, b&^sign
					}
					want := two(op, x, y, o.NaN)
					if o.XorSign && !s.isNaN(want) {
						want = want&^sign | (a^b)&sign
					}
					got := f(dirty(typ, a), dirty(typ, b))
					require.True(t, same(want, got), "%v.%v%+v %#x %#x: %#x, want %#x", op, typ, o, a, b, got, want)
				}
			}
			for _, o := range []Options{{}, {NaN: true}, {Abs: true}, {NaN: true, Abs: true}} {
				f, err := Ternary(op, typ, o)
				require.NoError(t, err)
				for range 500 {
					a, b, c := s.random(rng), s.random(rng), s.random(rng)
					x, y, z := a, b, c
					if o.Abs {
						x, y, z = a&^sign, b&^sign, c&^sign
					}
					want := two(op, two(op, x, y, o.NaN), z, o.NaN)
					require.True(t, same(want, f(a, b, c)), "%v.%v%+v %#x %#x %#x", op, typ, o, a, b, c)
				}
			}
		}
	}
	for range 20_000 {
		a, b := uint32(ieees[F32].random(rng)), uint32(ieees[F32].random(rng))
		if rng.IntN(8) == 0 {
			a, b = rng.Uint32()&0x80000000, rng.Uint32()&0x80000000
		}
		minimum, _ := Binary(Min, F32, Options{})
		maximum, _ := Binary(Max, F32, Options{})
		require.Equal(t, uint32(minimum(uint64(a), uint64(b))), MinF32(a, b), "%#x %#x", a, b)
		require.Equal(t, uint32(maximum(uint64(a), uint64(b))), MaxF32(a, b), "%#x %#x", a, b)
	}
	flushed, err := Binary(Max, F32, Options{FTZ: true})
	require.NoError(t, err)
	assert.EqualValues(t, 0, flushed(0x007fffff, 0x80000001))
	_, err = Binary(Min, F32, Options{XorSign: true})
	assert.ErrorIs(t, err, ErrUnsupported)
}

// randomInt is any 64 bits, of small magnitude, or around a boundary of some integer type.
func randomInt(rng *rand.Rand) uint64 {
	switch rng.IntN(4) {
	case 0:
		return uint64(int64(rng.IntN(41) - 20))
	case 1:
		return uint64(1)<<rng.IntN(64) + rng.Uint64N(3) - 1
	case 2:
		return -(uint64(1)<<rng.IntN(64) + rng.Uint64N(3) - 1)
	}
	return rng.Uint64()
}
