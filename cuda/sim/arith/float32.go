package arith

import "math"

// This file is the f32 instructions rounded to nearest, with the machine's own arithmetic: what a
// simulator's inner loops call.

// NaNF32 is the NaN that every f32 instruction returns (§9.7.3).
const NaNF32 = 0x7fffffff

// CanonF32 is the bits of x, with every NaN the canonical one.
func CanonF32(x float32) uint32 {
	if x != x {
		return NaNF32
	}
	return math.Float32bits(x)
}

// AddF32 is add.rn.f32 (§9.7.3.3).
func AddF32(a, b uint32) uint32 {
	return CanonF32(math.Float32frombits(a) + math.Float32frombits(b))
}

// SubF32 is sub.rn.f32 (§9.7.3.4).
func SubF32(a, b uint32) uint32 {
	return CanonF32(math.Float32frombits(a) - math.Float32frombits(b))
}

// MulF32 is mul.rn.f32 (§9.7.3.5).
func MulF32(a, b uint32) uint32 {
	return CanonF32(math.Float32frombits(a) * math.Float32frombits(b))
}

// DivF32 is div.rn.f32 (§9.7.3.8).
func DivF32(a, b uint32) uint32 {
	return CanonF32(math.Float32frombits(a) / math.Float32frombits(b))
}

// SqrtF32 is sqrt.rn.f32 (§9.7.3.15). The square root of an f32 is never so near a midpoint of two
// f32 that rounding it to f64 first matters: f64 has more than 2·24 + 2 bits.
func SqrtF32(a uint32) uint32 {
	return CanonF32(float32(math.Sqrt(float64(math.Float32frombits(a)))))
}

// FmaF32 is fma.rn.f32 and mad.rn.f32: a·b + c in one rounding (§9.7.3.6).
//
// The f64 product of two f32 is exact, and its sum with c is rounded to f64 and then to f32. That is
// one rounding too many only where the f64 sum is a midpoint of two f32 without being exact. The low
// 28 bits of such a sum are zeros, and so are those of a NaN, which comes from an f32.
func FmaF32(a, b, c uint32) uint32 {
	s := float64(math.Float32frombits(a))*float64(math.Float32frombits(b)) + float64(math.Float32frombits(c))
	if math.Float64bits(s)<<36 != 0 {
		return math.Float32bits(float32(s))
	}
	return fmaSlowF32(a, b, c)
}

func fmaSlowF32(a, b, c uint32) uint32 {
	p := float64(math.Float32frombits(a)) * float64(math.Float32frombits(b))
	return CanonF32(float32(oddSum(p, float64(math.Float32frombits(c)))))
}

// oddSum is x + y rounded to odd: where the sum is not exact, the neighbour whose last bit is one.
// Any rounding of that to a format of at most 51 bits is a single rounding of the exact sum (Boldo
// and Melquiond, Emulation of FMA and correctly rounded sums, 2008). The sum must not overflow.
func oddSum(x, y float64) float64 {
	s := x + y
	// Knuth's TwoSum: err is exactly x + y − s. A NaN or infinity anywhere leaves err a NaN.
	yy := s - x
	err := (x - (s - yy)) + (y - yy)
	if err == 0 || err != err {
		return s
	}
	u := math.Float64bits(s)
	if u&1 == 0 {
		// The neighbour on the side of err; away from zero exactly if err has the sign of s.
		if (err > 0) == (s > 0) {
			u++
		} else {
			u--
		}
	}
	return math.Float64frombits(u)
}

// FlushF32 is what .ftz does to an operand and a result: subnormals become zeros of their sign.
func FlushF32(a uint32) uint32 {
	if a&0x7f800000 == 0 {
		return a & 0x80000000
	}
	return a
}

// AddF32FTZ is add.rn.ftz.f32.
func AddF32FTZ(a, b uint32) uint32 { return FlushF32(AddF32(FlushF32(a), FlushF32(b))) }

// leastNormal is the least normal f32. The .ftz instructions flush what is below it before rounding.
const leastNormal = 0x1p-126

// MulF32FTZ is mul.rn.ftz.f32.
func MulF32FTZ(a, b uint32) uint32 {
	x, y := math.Float32frombits(FlushF32(a)), math.Float32frombits(FlushF32(b))
	p := float64(x) * float64(y) // exact
	if math.Abs(p) < leastNormal {
		return (a ^ b) & 0x80000000
	}
	return CanonF32(float32(p))
}

// FmaF32FTZ is fma.rn.ftz.f32.
func FmaF32FTZ(a, b, c uint32) uint32 {
	x, y, z := math.Float32frombits(FlushF32(a)), math.Float32frombits(FlushF32(b)), math.Float32frombits(FlushF32(c))
	s := oddSum(float64(x)*float64(y), float64(z))
	if math.Abs(s) < leastNormal {
		return uint32(math.Float64bits(s)>>32) & 0x80000000
	}
	return CanonF32(float32(s))
}

// FmaF32Lanes is [FmaF32] for each lane of a warp.
func FmaF32Lanes(d, a, b, c *[32]uint32) {
	for i := range d {
		d[i] = FmaF32(a[i], b[i], c[i])
	}
}
