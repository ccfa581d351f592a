package arith

import (
	"fmt"
	"math"
	"math/bits"
)

// This file is the conversions: cvt of scalars and pairs, and cvt.pack (§9.7.9.21, §9.7.9.22).

// Cvt selects cvt between two scalar types, and between the packed types of one operand: f16x2 of
// e4m3x2 and e5m2x2, and those of f16x2.
//
// The modifiers mean what the ISA says. An integer is truncated to a narrower one, or clamped with
// Sat. A float becomes an integer by one of the I roundings and is always clamped; a NaN becomes 0,
// or the sign bit alone where the source is f64 or the destination has 64 bits. With an I rounding,
// or none, between floats of one format the value is rounded to an integer, or kept. FTZ applies to
// the sides that are f32. TF32 is a destination only: f32 with the 13 lowest bits clear.
func Cvt(dst, src Type, o Options) (func(a uint64) uint64, error) {
	var f unaryFunc
	switch {
	case o.Round > RPI:
	case dst.Lane() != dst && src.Lane() != src:
		return cvtPacked(dst, src, o)
	case dst.isInt() && src.isInt():
		f = cvtIntInt(dst, src, o)
	case dst.isInt() && src.scalarFloat():
		f = cvtFloatInt(dst, src, o)
	case dst.scalarFloat() && src.isInt():
		f = cvtIntFloat(dst, src, o)
	case dst.scalarFloat() && src.scalarFloat(), dst == TF32 && src == F32:
		f = cvtFloatFloat(dst, src, o)
	}
	if f == nil {
		return nil, fmt.Errorf("%w: cvt.%v.%v with %+v", ErrUnsupported, dst, src, o)
	}
	return f, nil
}

// scalarFloat reports whether the type is a float that registers hold by itself.
func (t Type) scalarFloat() bool { return t == F16 || t == BF16 || t == F32 || t == F64 }

// limits are the least and the greatest value of an integer type, as 64 bits of its signedness.
func (t Type) limits() (least, most uint64) {
	if !t.Signed() {
		return 0, t.mask()
	}
	most = t.mask() >> 1
	return ^most, most
}

func cvtIntInt(dst, src Type, o Options) unaryFunc {
	if !o.Sat {
		return func(a uint64) uint64 { return dst.extend(src.extend(a)) }
	}
	return func(a uint64) uint64 { return clampInt(dst, src.Signed() && int64(src.extend(a)) < 0, src.extend(a)) }
}

// clampInt clamps an integer of 64 bits, negative where neg, to an integer type.
func clampInt(dst Type, neg bool, a uint64) uint64 {
	least, most := dst.limits()
	switch {
	case neg && (!dst.Signed() || int64(a) < int64(least)):
		return least
	case !neg && a > most:
		return most
	}
	return a
}

func cvtIntFloat(dst, src Type, o Options) unaryFunc {
	if _, integral := o.Round.toInteger(); integral || o.Round == RNA {
		return nil
	}
	f, r := &formats[dst], o.Round
	finish := clampFloat(dst, o)
	return func(a uint64) uint64 {
		x := src.extend(a)
		neg := src.Signed() && int64(x) < 0
		if neg {
			x = -x
		}
		d := f.pack(fromUint(neg, x), r)
		if finish != nil {
			d = finish(d)
		}
		return d
	}
}

func cvtFloatInt(dst, src Type, o Options) unaryFunc {
	r, integral := o.Round.toInteger()
	if !integral {
		return nil
	}
	f := &formats[src]
	least, most := dst.limits()
	var nan uint64
	if src == F64 || dst.Bits() == 64 {
		nan = dst.extend(1 << uint(dst.Bits()-1))
	}
	return func(a uint64) uint64 {
		if o.FTZ && src == F32 {
			a = f.flush(a)
		}
		n := f.unpack(a)
		switch {
		case n.class == notANumber:
			return nan
		case n.class == zero:
			return 0
		case n.class == infinite || n.exp > 63:
			if n.neg {
				return least
			}
			return most
		}
		x := n.round(r)
		if n.neg {
			if x > -least { // beyond MININT; for unsigned types beyond 0
				return least
			}
			return -x
		}
		return min(x, most)
	}
}

// round is the magnitude of a finite number with an exponent of at most 63, rounded to an integer.
// It saturates at 2⁶⁴ − 1.
func (n *number) round(r Round) uint64 {
	kept, rest, sticky := n.hi, uint64(0), n.lo != 0
	if n.exp < 63 {
		kept, rest, sticky = n.split(n.exp + 1)
	}
	if r.up(n.neg, kept&1 != 0, rest, sticky) && kept != math.MaxUint64 {
		kept++
	}
	return kept
}

func cvtFloatFloat(dst, src Type, o Options) unaryFunc {
	from, to := &formats[src], &formats[dst]
	r, integral := o.Round.toInteger()
	if integral && dst != src || r == RNA && dst != TF32 {
		return nil
	}
	finish := clampFloat(dst, o)
	convert := func(a uint64) uint64 {
		if o.FTZ && src == F32 {
			a = from.flush(a)
		}
		d := to.convert(from, a, r, integral, o.SatFinite)
		if o.FTZ && dst == F32 {
			d = to.flush(d)
		}
		if finish != nil {
			d = finish(d)
		}
		return d
	}
	switch {
	case dst == TF32: // computed in its 19 bits
		return func(a uint64) uint64 {
			d := convert(a)
			if d == to.nan {
				return NaNF32
			}
			return d << 13
		}
	case o == Options{} && dst == F32 && src == F16:
		return func(a uint64) uint64 { return uint64(F32FromF16(uint16(a))) }
	case o == Options{} && dst == F32 && src == BF16:
		return func(a uint64) uint64 { return uint64(F32FromBF16(uint16(a))) }
	case o == Options{} && dst == F16 && src == F32:
		return func(a uint64) uint64 { return uint64(F16FromF32(uint32(a))) }
	case o == Options{} && dst == BF16 && src == F32:
		return func(a uint64) uint64 { return uint64(BF16FromF32(uint32(a))) }
	}
	return convert
}

// convert rounds a value of another format to this one.
func (f *format) convert(from *format, a uint64, r Round, integral, satFinite bool) uint64 {
	if from.isNaN(a) {
		switch {
		case f == from:
			return f.nanOf(a)
		case f.width == 64: // the payload, widened
			payload := a & (1<<uint(from.mantissa) - 1) << uint(f.mantissa-from.mantissa)
			return boolBits(a&from.sign() != 0)<<63 | f.inf | 1<<51 | payload
		}
		return f.nan
	}
	n := from.unpack(a)
	if integral {
		n = n.integer(r)
	}
	if satFinite && n.class != zero {
		// Beyond the largest value means in magnitude, before rounding; what rounds up past it
		// from below is past it as well, because it is then no less than the midpoint.
		if d := f.pack(n, r); d&(f.sign()-1) <= f.max && !f.isNaN(d) {
			return d
		}
		return boolBits(n.neg)*f.sign() | f.max
	}
	return f.pack(n, r)
}

// integer rounds to an integer, keeping the sign of zero.
func (n number) integer(r Round) number {
	if n.class != finite || n.exp >= 63 { // 53 bits of significand: an integer already
		return n
	}
	x := fromUint(n.neg, n.round(r))
	x.neg = n.neg
	return x
}

func cvtPacked(dst, src Type, o Options) (func(a uint64) uint64, error) {
	if dst == UE8M0x2 || src == UE8M0x2 {
		return cvtScales(dst, src, o)
	}
	small := func(t Type) bool { return t >= E4M3x2 && t <= E3M2x2 }
	if !(small(dst) && src == F16x2 || dst == F16x2 && small(src)) || o.Round != RN {
		return nil, fmt.Errorf("%w: cvt.%v.%v with %+v", ErrUnsupported, dst, src, o)
	}
	half := cvtFloatFloat(dst.Lane(), src.Lane(), o)
	from, to := uint(src.Bits()/2), uint(dst.Bits()/2)
	mask := src.Lane().mask()
	return func(a uint64) uint64 { return half(a>>from&mask)<<to | half(a&mask) }, nil
}

// scaleOf is the exponent, biased by 127, of the magnitude of an f32 rounded to a power of two, at most 254;
// 255 is NaN (§5.2.3, ue8m0).
func scaleOf(a uint64, r Round) uint64 {
	magnitude := a & 0x7fffffff
	exp, fraction := magnitude>>23, magnitude&0x7fffff
	switch {
	case magnitude > 0x7f800000:
		return 255
	case exp >= 254:
		return 254
	case r == RZ || fraction == 0 || exp == 0 && fraction <= 1<<22: // 2⁻¹²⁷ is a subnormal of f32
		return exp
	}
	return exp + 1
}

// cvtScales is cvt between two ue8m0 and bf16x2.
func cvtScales(dst, src Type, o Options) (func(a uint64) uint64, error) {
	switch {
	case dst == UE8M0x2 && src == BF16x2 && (o.Round == RZ || o.Round == RP):
		return func(a uint64) uint64 {
			return scaleOf(a&0xffff0000, o.Round)<<8 | scaleOf(a&0xffff<<16, o.Round)
		}, nil
	case dst == BF16x2 && src == UE8M0x2 && o.Round == RN:
		value := func(e uint64) uint64 {
			switch e {
			case 0:
				return 1 << 6 // subnormal
			case 255:
				return formats[BF16].nan
			}
			return e << 7
		}
		return func(a uint64) uint64 { return value(a>>8&255)<<16 | value(a&255) }, nil
	}
	return nil, fmt.Errorf("%w: cvt.%v.%v with %+v", ErrUnsupported, dst, src, o)
}

// CvtPair selects cvt of two f32 to a packed type: f16x2, bf16x2 or a pair of narrower floats. The first
// operand goes to the upper half.
func CvtPair(dst, src Type, o Options) (func(a, b uint64) uint64, error) {
	if dst == UE8M0x2 && src == F32 && (o.Round == RZ || o.Round == RP) {
		return func(a, b uint64) uint64 { return scaleOf(a, o.Round)<<8 | scaleOf(b, o.Round) }, nil
	}
	if src != F32 || dst.Lane() == dst || !dst.Lane().isFloat() || o.Round > RP {
		return nil, fmt.Errorf("%w: cvt.%v.%v with %+v", ErrUnsupported, dst, src, o)
	}
	half := cvtFloatFloat(dst.Lane(), src, o)
	if half == nil {
		return nil, fmt.Errorf("%w: cvt.%v.%v with %+v", ErrUnsupported, dst, src, o)
	}
	width := uint(dst.Bits() / 2)
	return func(a, b uint64) uint64 { return half(a)<<width | half(b) }, nil
}

// CvtPack selects cvt.pack.sat.dst.s32{.b32}: the signed a and b clamped to dst, b in the lowest
// bits and a above it; above them, for dst narrower than 16 bits, the low bits of c. dst is U16,
// S16, U8, S8, U4, S4, U2 or S2.
func CvtPack(dst Type) (func(a, b, c uint64) uint64, error) {
	width := uint(dst.Bits())
	if !dst.isInt() || bits.OnesCount(width) != 1 || width > 16 {
		return nil, fmt.Errorf("%w: cvt.pack.sat.%v.s32", ErrUnsupported, dst)
	}
	mask := dst.mask()
	one := func(a uint64) uint64 {
		x := S32.extend(a)
		return clampInt(dst, int64(x) < 0, x) & mask
	}
	return func(a, b, c uint64) uint64 {
		return (one(a)<<width | one(b) | c<<(2*width)) & 0xffffffff
	}, nil
}
