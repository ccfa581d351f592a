package arith

import "math"

// This file is f16 and bf16: their conversions from and to f32 and f64, and what the arithmetic
// instructions on them need.

// NaN16 is the NaN that every f16 and bf16 instruction returns (§9.7.4).
const NaN16 = 0x7fff

// F32FromF16 is cvt.f32.f16: exact.
func F32FromF16(a uint16) uint32 {
	sign, magnitude := uint32(a&0x8000)<<16, uint32(a&0x7fff)
	if magnitude >= 0x7c00 {
		if magnitude > 0x7c00 {
			return NaNF32
		}
		return sign | 0x7f800000
	}
	// The exponent field of the shifted bits is short by the difference of the biases, 127 − 15;
	// the product is right for subnormals as well.
	return sign | math.Float32bits(math.Float32frombits(magnitude<<13)*0x1p112)
}

// F16FromF32 is cvt.rn.f16.f32.
func F16FromF32(a uint32) uint16 {
	sign, magnitude := uint16(a>>16&0x8000), a&0x7fffffff
	switch {
	case magnitude > 0x7f800000:
		return NaN16
	case magnitude >= 0x47800000: // 2¹⁶
		return sign | 0x7c00
	case magnitude < 0x38800000: // 2⁻¹⁴: the ulp of [½, 1) is 2⁻²⁴, the step of subnormal f16
		return sign | uint16(math.Float32bits(math.Float32frombits(magnitude)+0.5)-0x3f000000)
	}
	magnitude += 0xfff + magnitude>>13&1
	return sign | uint16((magnitude-0x38000000)>>13)
}

// F32FromBF16 is cvt.f32.bf16: exact.
func F32FromBF16(a uint16) uint32 {
	if a&0x7fff > 0x7f80 {
		return NaNF32
	}
	return uint32(a) << 16
}

// BF16FromF32 is cvt.rn.bf16.f32.
func BF16FromF32(a uint32) uint16 {
	if a&0x7fffffff > 0x7f800000 {
		return NaN16
	}
	return uint16((a + 0x7fff + a>>16&1) >> 16)
}

// A halfFormat converts a 16-bit format from and to f64, the second rounding to nearest. Arithmetic
// on 16-bit floats is done in f64: sums and products of f16 are exact there but for a·b + c, and so
// are products of bf16; the other sums are rounded to odd.
type halfFormat struct {
	to   func(a uint64) float64
	from func(x float64) uint64

	leastNormal float64
}

var halves = [...]halfFormat{
	F16: {
		to:   func(a uint64) float64 { return float64(math.Float32frombits(F32FromF16(uint16(a)))) },
		from: func(x float64) uint64 { return uint64(F16FromF32(oddF32(x))) },

		leastNormal: 0x1p-14,
	},
	BF16: {
		to:   func(a uint64) float64 { return float64(math.Float32frombits(F32FromBF16(uint16(a)))) },
		from: func(x float64) uint64 { return uint64(BF16FromF32(oddF32(x))) },

		leastNormal: 0x1p-126,
	},
}

// round is from, after ftz has made what is subnormal a zero.
func (h *halfFormat) round(x float64, ftz bool) uint64 {
	if ftz && math.Abs(x) < h.leastNormal {
		x = math.Copysign(0, x)
	}
	return h.from(x)
}

// oddF32 rounds to f32, to odd: towards zero, with the last bit set if that was not exact. Rounding
// the result to a 16-bit format is then a single rounding of x.
func oddF32(x float64) uint32 {
	y := float32(x)
	u := math.Float32bits(y)
	if back := float64(y); back != x && x == x {
		if math.Abs(back) > math.Abs(x) {
			u-- // rounded away from zero; from infinity to the largest finite value
		}
		u |= 1
	}
	return u
}
