// Package half converts between float32 and the floats of 16 bits.
package half

import "math"

// ToBF16 rounds to BF16, the upper half of a float32.
func ToBF16(x float32) uint16 {
	b := math.Float32bits(x)
	if x != x {
		return uint16(b>>16) | 0x40 // quiet, so that the rest of its payload may be cut off
	}
	return uint16((b + 0x7fff + b>>16&1) >> 16)
}

// FromF16 widens F16: one bit of sign, five of exponent with bias 15, ten of
// fraction.
func FromF16(h uint16) float32 {
	sign, exponent, fraction := uint32(h>>15)<<31, uint32(h>>10&31), uint32(h&1023)
	switch exponent {
	case 0: // fraction·2⁻²⁴, exactly
		return math.Float32frombits(sign | math.Float32bits(float32(fraction)*0x1p-24))
	case 31:
		return math.Float32frombits(sign | 255<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}

// ToF16 rounds to F16; from 65520 on that is infinity.
func ToF16(x float32) uint16 {
	b := math.Float32bits(x)
	sign, b := uint16(b>>31)<<15, b&^(1<<31)
	switch {
	case b > 255<<23: // NaN
		return sign | 0x7e00 | uint16(b>>13&1023)
	case b >= 0x477ff000: // 65520
		return sign | 0x7c00
	case b < (127-14)<<23: // below the normal numbers: the sum rounds to a multiple of 2⁻²⁴
		return sign | uint16(math.Float32bits(math.Float32frombits(b)+0.5)-math.Float32bits(0.5))
	}
	return sign | uint16((b-(127-15)<<23+0xfff+b>>13&1)>>13)
}

// FromBF16 widens BF16.
func FromBF16(b uint16) float32 { return math.Float32frombits(uint32(b) << 16) }
