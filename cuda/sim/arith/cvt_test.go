package arith

import (
	"fmt"
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var cvtInts = []Type{U8, S8, U16, S16, U32, S32, U64, S64}
var cvtFloats = []Type{F16, BF16, F32, F64}

// register is an integer as Cvt returns it: in 64 bits, sign-extended if the type is signed.
func register(x *big.Int) uint64 { return low(x, 64) }

// wrapped is an integer modulo 2^width, as the type has it.
func wrapped(t Type, x *big.Int) *big.Int { return bigOf(t, low(x, t.Bits())) }

func TestCvtIntInt(t *testing.T) {
	rng := newRand(t)
	for _, dst := range cvtInts {
		for _, src := range cvtInts {
			plain, err := Cvt(dst, src, Options{})
			require.NoError(t, err)
			sat, err := Cvt(dst, src, Options{Sat: true})
			require.NoError(t, err)
			for range 2000 {
				a := randomInt(rng)
				x := bigOf(src, a)
				require.Equal(t, register(wrapped(dst, x)), plain(a), "cvt.%v.%v %v", dst, src, x)
				require.Equal(t, register(clampBig(dst, x)), sat(a), "cvt.sat.%v.%v %v", dst, src, x)
			}
		}
	}
}

func TestCvtIntFloat(t *testing.T) {
	rng := newRand(t)
	for _, dst := range cvtFloats {
		s := ieees[dst]
		for _, src := range cvtInts {
			for _, r := range allRounds {
				f, err := Cvt(dst, src, Options{Round: r})
				require.NoError(t, err)
				for range 1000 {
					a := randomInt(rng)
					x := bigOf(src, a)
					var want uint64
					if x.Sign() != 0 {
						want = s.round(dyadic{x.Sign() < 0, new(big.Int).Abs(x), 0}, r)
					}
					require.Equal(t, want, f(a), "cvt.%v.%v.%v %v", r, dst, src, x)
				}
			}
		}
	}
	sat, err := Cvt(F32, S32, Options{Sat: true})
	require.NoError(t, err)
	assert.EqualValues(t, 0x3f800000, sat(7))
	assert.EqualValues(t, 0, sat(0xffffffff))
}

// nanInt is what a NaN becomes: "Zero if source is not .f64 and destination is not .s64, .u64.
// Otherwise 1 << (BitWidth(dst) - 1)" (§9.7.9.21).
func nanInt(dst, src Type) uint64 {
	if src != F64 && dst != S64 && dst != U64 {
		return 0
	}
	return register(wrapped(dst, new(big.Int).Lsh(bigOne, uint(dst.Bits()-1))))
}

func wantFloatInt(dst, src Type, r Round, a uint64) uint64 {
	s := ieees[src]
	least, most := limitsOf(dst)
	d, ok := s.value(a)
	switch x := s.float(a); {
	case x != x:
		return nanInt(dst, src)
	case !ok && x < 0:
		return register(least)
	case !ok:
		return register(most)
	}
	x := d.roundInt(r)
	if d.neg {
		x = new(big.Int).Neg(x)
	}
	return register(clampBig(dst, x))
}

// TestCvtFloatInt runs over every f16 and bf16, and over many f32 and f64.
func TestCvtFloatInt(t *testing.T) {
	rng := newRand(t)
	for _, src := range cvtFloats {
		for _, dst := range cvtInts {
			for i, r := range allRounds {
				f, err := Cvt(dst, src, Options{Round: RNI + Round(i)})
				require.NoError(t, err)
				n := 2000
				if src.Bits() == 16 {
					n = 1 << 16
				}
				for a := range uint64(n) {
					switch {
					case src.Bits() == 16 && a%16 != uint64(i)+4*uint64(dst%4): // all modes and types together see each
						continue
					case src.Bits() > 16 && a%2 == 0:
						// a float of the magnitude of an integer, with a fraction
						x := float64(int64(randomInt(rng))) / float64(uint64(1)<<rng.IntN(40))
						a = math.Float64bits(x)
						if src == F32 {
							a = uint64(math.Float32bits(float32(x)))
						}
					case src.Bits() > 16:
						a = ieees[src].random(rng)
					}
					require.Equal(t, wantFloatInt(dst, src, r, a), f(dirty(src, a)), "cvt.%vi.%v.%v %v", r, dst, src, ieees[src].float(a))
				}
			}
		}
	}
	// Published vectors: cvt.rni takes ties to even; NaN and clamping as CUDA's __float2int_rn.
	f, err := Cvt(S32, F32, Options{Round: RNI})
	require.NoError(t, err)
	for x, want := range map[float32]int32{0.5: 0, 1.5: 2, 2.5: 2, -0.5: 0, -1.5: -2, 3e9: math.MaxInt32, -3e9: math.MinInt32} {
		assert.Equal(t, want, int32(f(uint64(math.Float32bits(x)))), "%v", x)
	}
	assert.EqualValues(t, 0, f(0x7fffffff))
	flushed, err := Cvt(S32, F32, Options{Round: RPI, FTZ: true})
	require.NoError(t, err)
	assert.EqualValues(t, 0, flushed(1))
	assert.EqualValues(t, 1, cvtOf(t, S32, F32, Options{Round: RPI})(1))
	_, err = Cvt(S32, F32, Options{})
	assert.ErrorIs(t, err, ErrUnsupported, "a float becomes an integer by an I rounding only")
}

func cvtOf(t *testing.T, dst, src Type, o Options) unaryFunc {
	t.Helper()
	f, err := Cvt(dst, src, o)
	require.NoError(t, err)
	return f
}

// wantFloatFloat is a conversion without modifiers.
func wantFloatFloat(dst, src Type, r Round, a uint64) uint64 {
	from, to := ieees[src], ieees[dst]
	d, ok := from.value(a)
	if ok && !d.zero() {
		return to.round(d, r)
	}
	x := from.float(a)
	switch {
	case x != x && dst == F64 && src == F64:
		return a | 1<<51
	case x != x && dst == F64: // sign, exponent, quiet bit and payload
		stored := from.precision - 1
		return a>>(from.width-1)&1<<63 | 0x7ff8<<48 | a&(1<<stored-1)<<(52-stored)
	}
	return to.fromFloat(x)
}

func TestCvtFloatFloat(t *testing.T) {
	rng := newRand(t)
	for _, dst := range cvtFloats {
		for _, src := range cvtFloats {
			for _, r := range allRounds {
				f := cvtOf(t, dst, src, Options{Round: r})
				n := 4000
				if src.Bits() == 16 {
					n = 1 << 16
				}
				for i := range uint64(n) {
					if n == 1<<16 && r != RN && dst.Bits() > 16 && i%16 != 0 {
						continue // exact, whatever the rounding
					}
					a := i
					if src.Bits() > 16 {
						a = ieees[src].random(rng)
						if i%2 == 0 && dst.Bits() < src.Bits() { // near a value of dst, or near a midpoint
							a = wantFloatFloat(src, dst, RN, ieees[dst].random(rng)) + rng.Uint64N(5) - 2 +
								rng.Uint64N(2)<<(ieees[src].precision-ieees[dst].precision-1)
							a &= src.mask()
						}
					}
					if want, got := wantFloatFloat(dst, src, r, a), f(dirty(src, a)); want != got {
						t.Fatalf("cvt.%v.%v.%v %#x = %#x, want %#x", r, dst, src, a, got, want)
					}
				}
			}
		}
	}
	for a := range 1 << 16 {
		require.EqualValues(t, wantFloatFloat(F32, F16, RN, uint64(a)), F32FromF16(uint16(a)))
		require.EqualValues(t, wantFloatFloat(F32, BF16, RN, uint64(a)), F32FromBF16(uint16(a)))
	}
}

// TestCvtIntegral rounds floats to integers in their own format; the sign of zero stays.
func TestCvtIntegral(t *testing.T) {
	rng := newRand(t)
	for _, typ := range cvtFloats {
		s := ieees[typ]
		for i, r := range allRounds {
			f := cvtOf(t, typ, typ, Options{Round: RNI + Round(i)})
			for range 5000 {
				a := s.random(rng)
				d, ok := s.value(a)
				want := a
				if ok {
					n := d.roundInt(r)
					want = s.fromFloat(math.Copysign(0, s.float(a)))
					if n.Sign() != 0 {
						want = s.round(dyadic{d.neg, n, 0}, RN)
					}
				} else if s.isNaN(a) {
					want = s.nan
					if typ == F64 {
						want = a | 1<<51
					}
				}
				require.Equal(t, want, f(a), "cvt.%vi.%v %#x", r, typ, a)
			}
		}
	}
	_, err := Cvt(F16, F32, Options{Round: RNI})
	assert.ErrorIs(t, err, ErrUnsupported)
}

func TestCvtModifiers(t *testing.T) {
	// f16: 65504 is the largest, 65520 the midpoint that rounds to infinity.
	bits := func(x float32) uint64 { return uint64(math.Float32bits(x)) }
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, x := range []struct {
		dst  Type
		o    Options
		in   float32
		want uint64
	}{
		{F16, Options{}, 65519.996, 0x7bff}, {F16, Options{}, 65520, 0x7c00}, {F16, Options{Round: RZ}, 1e9, 0x7bff},
		{F16, Options{SatFinite: true}, 65520, 0x7bff}, {F16, Options{SatFinite: true}, -inf, 0xfbff},
		{F16, Options{SatFinite: true}, nan, 0x7fff}, {F16, Options{Relu: true}, -1, 0}, {F16, Options{Relu: true}, nan, 0x7fff},
		{F16, Options{Relu: true}, inf, 0x7c00}, {F16, Options{Relu: true, SatFinite: true}, -inf, 0},
		{F16, Options{Sat: true}, 1.5, 0x3c00}, {F16, Options{Sat: true}, nan, 0}, {F16, Options{Sat: true}, -3, 0},
		{BF16, Options{}, 3.4e38, 0x7f80}, {BF16, Options{SatFinite: true}, 3.4e38, 0x7f7f},
		{BF16, Options{Round: RZ, SatFinite: true}, -inf, 0xff7f}, {BF16, Options{Relu: true}, -0.1, 0},
		{F32, Options{Sat: true}, 0.25, 0x3e800000}, {F32, Options{Sat: true}, 2, 0x3f800000},
		{F32, Options{FTZ: true}, -1e-40, 0x80000000}, {F32, Options{}, -1e-40, bits(-1e-40)},
		{F16, Options{FTZ: true, Round: RP}, 1e-40, 0}, {F16, Options{Round: RP}, 1e-40, 1},
		// tf32: 10 bits of mantissa in the upper 19 bits; ties away from zero
		{TF32, Options{Round: RNA}, math.Float32frombits(0x3f801000), 0x3f802000},
		{TF32, Options{Round: RNA}, math.Float32frombits(0xbf801000), 0xbf802000},
		{TF32, Options{Round: RNA}, math.Float32frombits(0x3f800fff), 0x3f800000},
		{TF32, Options{Round: RN}, math.Float32frombits(0x3f801000), 0x3f800000},
		{TF32, Options{Round: RZ}, math.Float32frombits(0x3f801fff), 0x3f800000},
		{TF32, Options{Round: RNA}, nan, 0x7fffffff}, {TF32, Options{Round: RNA}, inf, 0x7f800000},
		{TF32, Options{Round: RNA}, math.MaxFloat32, 0x7f800000},
		{TF32, Options{Round: RNA, SatFinite: true}, -math.MaxFloat32, 0xff7fe000},
		{TF32, Options{Round: RN, Relu: true}, -2, 0},
		{TF32, Options{Round: RNA}, math.Float32frombits(0x00001000), 0x00002000},
	} {
		assert.Equal(t, x.want, cvtOf(t, x.dst, F32, x.o)(bits(x.in)), "cvt.%v.f32 %+v %v", x.dst, x.o, x.in)
	}
	assert.EqualValues(t, uint32(0x80000000), cvtOf(t, F32, F64, Options{FTZ: true})(math.Float64bits(-1e-40)))
	// A subnormal f16 is no subnormal f32, and .ftz is about f32 alone.
	assert.EqualValues(t, 0x33800000, cvtOf(t, F32, F16, Options{FTZ: true})(1))
}

// fp8Values is each finite value of the 8-bit formats from its definition: OCP 8-bit Floating Point
// Specification (OFP8), table 1.
func fp8Values(t Type) (values map[uint64]float64, nan func(uint64) bool) {
	exponentBits, bias := 4, 7
	if t == E5M2 {
		exponentBits, bias = 5, 15
	}
	mantissaBits := 7 - exponentBits
	values = map[uint64]float64{}
	for a := range uint64(256) {
		e, m := int(a>>mantissaBits)&(1<<exponentBits-1), float64(a&(1<<mantissaBits-1))/float64(int(1)<<mantissaBits)
		x := math.Ldexp(1+m, e-bias)
		if e == 0 {
			x = math.Ldexp(m, 1-bias)
		}
		if t == E4M3 && a&0x7f == 0x7f || t == E5M2 && e == 31 {
			continue
		}
		values[a] = math.Copysign(x, 1-2*float64(a>>7))
	}
	return values, func(a uint64) bool { return a&0x7f == 0x7f || t == E5M2 && a&0x7f > 0x7c }
}

// TestCvtFP8 compares with a search for the nearest of the 8-bit values.
func TestCvtFP8(t *testing.T) {
	rng := newRand(t)
	for _, packed := range []Type{E4M3x2, E5M2x2} {
		values, isNaN := fp8Values(packed.Lane())
		decode := cvtOf(t, F16x2, packed, Options{})
		for a := range uint64(256) {
			got := decode(a<<8|0x38) >> 16
			switch x, ok := values[a]; {
			case ok:
				assert.Equal(t, x, ieees[F16].float(got), "%v %#x", packed, a)
				assert.Equal(t, math.Signbit(x), got>>15 == 1)
			case isNaN(a):
				assert.EqualValues(t, 0x7fff, got, "%v %#x", packed, a)
			default: // infinity
				assert.EqualValues(t, 0x7c00|a>>7<<15, got, "%v %#x", packed, a)
			}
		}
		most := map[Type]uint64{E4M3x2: 0x7e, E5M2x2: 0x7b}[packed]
		nearest := func(x float64) uint64 {
			if x != x {
				return 0x7f
			}
			best := most
			if math.IsInf(x, 0) {
				return best | boolBits(x < 0)<<7
			}
			for a, v := range values {
				if a < 128 {
					d, e := math.Abs(v-math.Abs(x)), math.Abs(values[best]-math.Abs(x))
					if d < e || d == e && a&1 == 0 {
						best = a
					}
				}
			}
			return best | boolBits(math.Signbit(x))<<7
		}
		pair, err := CvtPair(packed, F32, Options{SatFinite: true})
		require.NoError(t, err)
		halves := cvtOf(t, packed, F16x2, Options{SatFinite: true})
		for range 2000 {
			var in [2]float64
			for i := range in {
				in[i] = float64(float32(math.Ldexp(rng.Float64()*2-1, rng.IntN(40)-20)))
				if rng.IntN(4) == 0 { // ties
					in[i] = math.Ldexp(float64(rng.IntN(64)-32), rng.IntN(30)-18)
				}
			}
			a, b := math.Float32bits(float32(in[0])), math.Float32bits(float32(in[1]))
			want := nearest(in[0])<<8 | nearest(in[1])
			require.Equal(t, want, pair(uint64(a), uint64(b)), "cvt.%v.f32 %v", packed, in)
			h := uint64(F16FromF32(a))<<16 | uint64(F16FromF32(b))
			want = nearest(ieees[F16].float(h>>16))<<8 | nearest(ieees[F16].float(h&0xffff))
			require.Equal(t, want, halves(h), "cvt.%v.f16x2 %#x", packed, h)
		}
		inf := uint64(math.Float32bits(float32(math.Inf(-1))))
		assert.Equal(t, (most|0x80)<<8|0x7f, pair(inf, 0x7fffffff))
		relu, err := CvtPair(packed, F32, Options{SatFinite: true, Relu: true})
		require.NoError(t, err)
		assert.EqualValues(t, 0x0000, relu(inf, 0xbf800000))
	}
}

func TestCvtPair(t *testing.T) {
	rng := newRand(t)
	for packed, lane := range map[Type]Type{F16x2: F16, BF16x2: BF16} {
		for _, o := range []Options{{}, {Round: RZ}, {Relu: true}, {SatFinite: true, Relu: true}} {
			f, err := CvtPair(packed, F32, o)
			require.NoError(t, err)
			one := cvtOf(t, lane, F32, o)
			for range 2000 {
				a, b := ieees[F32].random(rng), ieees[F32].random(rng)
				require.Equal(t, one(a)<<16|one(b), f(a, b), "cvt.%v.f32 %+v", packed, o)
			}
		}
	}
	for _, dst := range []Type{U16x2, F16, S32} {
		_, err := CvtPair(dst, F32, Options{})
		assert.ErrorIs(t, err, ErrUnsupported)
	}
}

// TestCvtPack is the semantics of §9.7.9.22, bit by bit.
func TestCvtPack(t *testing.T) {
	rng := newRand(t)
	for _, dst := range []Type{U16, S16, U8, S8, U4, S4, U2, S2} {
		f, err := CvtPack(dst)
		require.NoError(t, err)
		size := dst.Bits()
		for range 2000 {
			a, b, c := randomInt(rng), randomInt(rng), rng.Uint64()
			ta, tb := low(clampBig(dst, bigOf(S32, a)), size), low(clampBig(dst, bigOf(S32, b)), size)
			want := tb | ta<<size
			for i := 2 * size; i < 32; i++ {
				want |= c >> (i - 2*size) & 1 << i
			}
			require.Equal(t, want, f(a, b, c), "cvt.pack.sat.%v %#x %#x %#x", dst, a, b, c)
		}
	}
	_, err := CvtPack(U32)
	assert.ErrorIs(t, err, ErrUnsupported)
}

// TestCvtMatrix checks that every pair of scalar types has a conversion, and says so where not.
func TestCvtMatrix(t *testing.T) {
	all := append(append([]Type{}, cvtInts...), cvtFloats...)
	for _, dst := range all {
		for _, src := range all {
			o := Options{}
			if dst.isInt() && src.isFloat() {
				o.Round = RZI
			}
			_, err := Cvt(dst, src, o)
			assert.NoError(t, err, fmt.Sprintf("cvt.%v.%v", dst, src))
		}
	}
	for _, x := range [][2]Type{{F32, TF32}, {TF32, F64}, {E4M3, F32}, {F16x2, BF16x2}, {E4M3x2, E5M2x2}, {B1, U32}, {F32, F16x2}} {
		_, err := Cvt(x[0], x[1], Options{})
		assert.ErrorIs(t, err, ErrUnsupported, "%v", x)
	}
}
