package arith

import "math/bits"

// This file is the integer arithmetic instructions (§9.7.1) and the extended-precision ones
// (§9.7.2), and the selectors' view of them and of the bit instructions in bits.go.

func boolBits(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// AddSatS32 is add.sat.s32: a + b clamped to MININT..MAXINT (§9.7.1.1).
func AddSatS32(a, b uint32) uint32 { return clampS32(int64(int32(a)) + int64(int32(b))) }

// SubSatS32 is sub.sat.s32: a − b clamped to MININT..MAXINT (§9.7.1.2).
func SubSatS32(a, b uint32) uint32 { return clampS32(int64(int32(a)) - int64(int32(b))) }

// MadHiSatS32 is mad.hi.sat.s32: (a·b)<63..32> + c clamped to MININT..MAXINT (§9.7.1.4).
func MadHiSatS32(a, b, c uint32) uint32 {
	return clampS32(int64(int32(a))*int64(int32(b))>>32 + int64(int32(c)))
}

func clampS32(x int64) uint32 { return uint32(int32(min(max(x, -1<<31), 1<<31-1))) }

// AddCarry32 is add.cc and addc.cc of 32 bits: a + b + CC.CF and the new CC.CF (§9.7.2.1, §9.7.2.2).
func AddCarry32(a, b, cf uint32) (d, carry uint32) { return bits.Add32(a, b, cf&1) }

// AddCarry64 is add.cc and addc.cc of 64 bits.
func AddCarry64(a, b, cf uint64) (d, carry uint64) { return bits.Add64(a, b, cf&1) }

// SubBorrow32 is sub.cc and subc.cc of 32 bits: a − (b + CC.CF), with the borrow as the new CC.CF
// (§9.7.2.3, §9.7.2.4).
func SubBorrow32(a, b, cf uint32) (d, borrow uint32) { return bits.Sub32(a, b, cf&1) }

// SubBorrow64 is sub.cc and subc.cc of 64 bits.
func SubBorrow64(a, b, cf uint64) (d, borrow uint64) { return bits.Sub64(a, b, cf&1) }

// MadCarry32 is mad{c}.lo.cc and, where hi, mad{c}.hi.cc of 32 bits: the half of a·b, plus c, plus
// CC.CF, and the carry out of that addition (§9.7.2.5, §9.7.2.6).
func MadCarry32(a, b, c, cf uint32, hi, signed bool) (d, carry uint32) {
	t := a * b
	switch {
	case hi && signed:
		t = uint32(int64(int32(a)) * int64(int32(b)) >> 32)
	case hi:
		t = uint32(uint64(a) * uint64(b) >> 32)
	}
	return bits.Add32(t, c, cf&1)
}

// MadCarry64 is MadCarry32 of 64 bits.
func MadCarry64(a, b, c, cf uint64, hi, signed bool) (d, carry uint64) {
	t := a * b
	switch {
	case hi && signed:
		t = MulHiS64(a, b)
	case hi:
		t, _ = bits.Mul64(a, b)
	}
	return bits.Add64(t, c, cf&1)
}

// MulHiU64 is mul.hi.u64: (a·b)<127..64> (§9.7.1.3).
func MulHiU64(a, b uint64) uint64 {
	hi, _ := bits.Mul64(a, b)
	return hi
}

// MulHiS64 is mul.hi.s64. The signed product is the unsigned one less 2⁶⁴ times the other factor
// for each negative factor.
func MulHiS64(a, b uint64) uint64 {
	hi, _ := bits.Mul64(a, b)
	return hi - uint64(int64(a)>>63)&b - uint64(int64(b)>>63)&a
}

// Inc32 is the operation of atom.inc.u32: old ≥ b ? 0 : old + 1 (§9.7.13.5).
func Inc32(old, b uint32) uint32 {
	if old >= b {
		return 0
	}
	return old + 1
}

// Dec32 is the operation of atom.dec.u32: old = 0 or old > b ? b : old − 1 (§9.7.13.5).
func Dec32(old, b uint32) uint32 {
	if old == 0 || old > b {
		return b
	}
	return old - 1
}

// divInt is div.type of values extended to 64 bits: truncated toward zero. The ISA leaves a zero
// divisor to the machine; every division routine that ptxas 12.9 emits for sm_80 (u16 to s64)
// returns all ones then, quotient and remainder alike. MININT ÷ −1 is MININT.
func divInt(t Type, a, b uint64) uint64 {
	switch {
	case b == 0:
		return ^uint64(0)
	case !t.Signed():
		return a / b
	case int64(b) == -1:
		return -a
	}
	return uint64(int64(a) / int64(b))
}

// remInt is rem.type; the sign is the dividend's. See divInt for a zero divisor.
func remInt(t Type, a, b uint64) uint64 {
	switch {
	case b == 0:
		return ^uint64(0)
	case !t.Signed():
		return a % b
	case int64(b) == -1:
		return 0
	}
	return uint64(int64(a) % int64(b))
}

// lessInt compares values extended to 64 bits.
func lessInt(signed bool, a, b uint64) bool {
	if signed {
		return int64(a) < int64(b)
	}
	return a < b
}

// mulHiInt is the upper half of the product of values extended to 64 bits.
func mulHiInt(t Type, a, b uint64) uint64 {
	switch {
	case t.Bits() < 64:
		return a * b >> uint(t.Bits()) // the product fits in 64 bits, and its sign is shifted away
	case t.Signed():
		return MulHiS64(a, b)
	}
	return MulHiU64(a, b)
}

// mul24 is the 48-bit product of the low 24 bits of a and b (§9.7.1.5), sign-extended where signed.
func mul24(signed bool, a, b uint64) uint64 {
	if signed {
		return uint64(int64(a) << 40 >> 40 * (int64(b) << 40 >> 40))
	}
	return a & 0xffffff * (b & 0xffffff)
}

func unaryInt(op Op, t Type) unaryFunc {
	mask, width := t.mask(), uint64(t.Bits())
	switch op {
	case Abs: // §9.7.1.10; |MININT| is MININT
		return func(a uint64) uint64 {
			if x := t.extend(a); int64(x) >= 0 || !t.Signed() {
				return x & mask
			} else {
				return -x & mask
			}
		}
	case Neg: // §9.7.1.11
		return func(a uint64) uint64 { return -a & mask }
	case Not: // §9.7.8.4
		return func(a uint64) uint64 { return ^a & mask }
	case CNot: // §9.7.8.5: a = 0 ? 1 : 0
		return func(a uint64) uint64 { return boolBits(a&mask == 0) }
	case Popc: // §9.7.1.14
		return func(a uint64) uint64 { return uint64(bits.OnesCount64(a & mask)) }
	case Clz: // §9.7.1.15; the width for 0
		return func(a uint64) uint64 { return uint64(bits.LeadingZeros64(a&mask)) - (64 - width) }
	case Brev: // §9.7.1.18
		return func(a uint64) uint64 { return bits.Reverse64(a) >> (64 - width) }
	case Bfind, BfindShift:
		return func(a uint64) uint64 { return bfind(t, a, op == BfindShift) }
	}
	return nil
}

func binaryInt(op Op, t Type, o Options) binaryFunc {
	mask, signed := t.mask(), t.Signed()
	switch op {
	case Add, Sub:
		return addSub(op, t, o)
	case MulLo: // §9.7.1.3
		return func(a, b uint64) uint64 { return a * b & mask }
	case MulHi:
		return func(a, b uint64) uint64 { return mulHiInt(t, t.extend(a), t.extend(b)) & mask }
	case MulWide:
		if t.Bits() > 32 {
			return nil
		}
		return func(a, b uint64) uint64 { return t.extend(a) * t.extend(b) & (1<<uint(2*t.Bits()) - 1) }
	case Mul24Lo:
		return func(a, b uint64) uint64 { return mul24(signed, a, b) & mask }
	case Mul24Hi: // t<47..16>
		return func(a, b uint64) uint64 { return mul24(signed, a, b) >> 16 & mask }
	case Div: // §9.7.1.8
		return func(a, b uint64) uint64 { return divInt(t, t.extend(a), t.extend(b)) & mask }
	case Rem: // §9.7.1.9
		return func(a, b uint64) uint64 { return remInt(t, t.extend(a), t.extend(b)) & mask }
	case Min, Max:
		return minMaxInt(op, t, o)
	case And: // §9.7.8
		return func(a, b uint64) uint64 { return a & b & mask }
	case Or:
		return func(a, b uint64) uint64 { return (a | b) & mask }
	case Xor:
		return func(a, b uint64) uint64 { return (a ^ b) & mask }
	}
	return binaryBits(op, t, o)
}

func addSub(op Op, t Type, o Options) binaryFunc {
	mask := t.mask()
	switch {
	case o.Sat && t != S32:
		return nil
	case o.Sat && op == Add:
		return func(a, b uint64) uint64 { return uint64(AddSatS32(uint32(a), uint32(b))) }
	case o.Sat:
		return func(a, b uint64) uint64 { return uint64(SubSatS32(uint32(a), uint32(b))) }
	case op == Add:
		return func(a, b uint64) uint64 { return (a + b) & mask }
	}
	return func(a, b uint64) uint64 { return (a - b) & mask }
}

// minMaxInt is min and max (§9.7.1.12, §9.7.1.13); .relu clamps the result to 0 from below.
func minMaxInt(op Op, t Type, o Options) binaryFunc {
	mask, signed := t.mask(), t.Signed()
	if o.Relu && !signed {
		return nil
	}
	return func(a, b uint64) uint64 {
		x, y := t.extend(a), t.extend(b)
		if lessInt(signed, y, x) == (op == Min) {
			x = y
		}
		if o.Relu && int64(x) < 0 {
			return 0
		}
		return x & mask
	}
}

func ternaryInt(op Op, t Type, o Options) ternaryFunc {
	mask, signed := t.mask(), t.Signed()
	if o.Sat && (t != S32 || op != MadHi && op != Mad24Hi) {
		return nil
	}
	switch op {
	case MadLo: // §9.7.1.4
		return func(a, b, c uint64) uint64 { return (a*b + c) & mask }
	case MadHi:
		if o.Sat {
			return func(a, b, c uint64) uint64 { return uint64(MadHiSatS32(uint32(a), uint32(b), uint32(c))) }
		}
		return func(a, b, c uint64) uint64 { return (mulHiInt(t, t.extend(a), t.extend(b)) + c) & mask }
	case MadWide:
		if t.Bits() > 32 {
			return nil
		}
		return func(a, b, c uint64) uint64 { return (t.extend(a)*t.extend(b) + c) & (1<<uint(2*t.Bits()) - 1) }
	case Mad24Lo: // §9.7.1.6
		return func(a, b, c uint64) uint64 { return (mul24(signed, a, b) + c) & mask }
	case Mad24Hi:
		if o.Sat {
			return func(a, b, c uint64) uint64 {
				return uint64(clampS32(int64(int32(mul24(true, a, b)>>16)) + int64(int32(c))))
			}
		}
		return func(a, b, c uint64) uint64 { return (mul24(signed, a, b)>>16 + c) & mask }
	case Sad: // §9.7.1.7: c + |a − b|
		return func(a, b, c uint64) uint64 {
			x, y := t.extend(a), t.extend(b)
			if lessInt(signed, x, y) {
				x, y = y, x
			}
			return (x - y + c) & mask
		}
	}
	return ternaryBits(op, t, o)
}
