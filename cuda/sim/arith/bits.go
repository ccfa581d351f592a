package arith

import "math/bits"

// This file is the bit instructions: shifts and logic (§9.7.8), fields and searches (§9.7.1), byte
// permutation (§9.7.9.7) and the packed dot products (§9.7.1.23).

// Shl32 is shl.b32: amounts above 32 act as 32 (§9.7.8.8). A Go shift does the same.
func Shl32(a, b uint32) uint32 { return a << b }

// ShrU32 is shr.u32 and shr.b32 (§9.7.8.9).
func ShrU32(a, b uint32) uint32 { return a >> b }

// ShrS32 is shr.s32: the sign fills.
func ShrS32(a, b uint32) uint32 { return uint32(int32(a) >> b) }

// Shl64 is shl.b64.
func Shl64(a uint64, b uint32) uint64 { return a << b }

// ShrU64 is shr.u64 and shr.b64.
func ShrU64(a uint64, b uint32) uint64 { return a >> b }

// ShrS64 is shr.s64.
func ShrS64(a uint64, b uint32) uint64 { return uint64(int64(a) >> b) }

// shiftAmount is the amount of shf: c modulo 32 for .wrap, at most 32 for .clamp.
func shiftAmount(c uint32, wrap bool) uint32 {
	if wrap {
		return c & 31
	}
	return min(c, 32)
}

// ShfL32 is shf.l: the upper 32 bits of {b, a} << n (§9.7.8.7).
func ShfL32(a, b, c uint32, wrap bool) uint32 {
	n := shiftAmount(c, wrap)
	return b<<n | a>>(32-n)
}

// ShfR32 is shf.r: the lower 32 bits of {b, a} >> n.
func ShfR32(a, b, c uint32, wrap bool) uint32 {
	n := shiftAmount(c, wrap)
	return b<<(32-n) | a>>n
}

// bfe is the field of length bits of a from bit pos (§9.7.1.19). Only the low 8 bits of pos and
// length count. Bits beyond the field or above the type's top are 0 or, for signed types, the field's
// sign, which lies at min(pos + length − 1, top).
func bfe(t Type, a, pos, length uint64) uint64 {
	pos, length = pos&255, length&255
	if length == 0 {
		return 0
	}
	a = t.extend(a)
	if t.Signed() {
		a = uint64(int64(a) >> min(pos, 63))
		if length < 64 {
			a = uint64(int64(a) << (64 - length) >> (64 - length))
		}
		return a & t.mask()
	}
	return a >> pos & (1<<length - 1)
}

// BfeU32 is bfe.u32: length bits of a from bit pos.
func BfeU32(a, pos, length uint32) uint32 {
	return uint32(uint64(a) >> (pos & 255) & (1<<(length&255) - 1))
}

// BfeS32 is bfe.s32: BfeU32 with the field's sign above it.
func BfeS32(a, pos, length uint32) uint32 {
	return uint32(bfe(S32, uint64(a), uint64(pos), uint64(length)))
}

// Bfi64 is bfi.b64: b with its length bits from bit pos replaced by the low bits of a (§9.7.1.20).
func Bfi64(a, b uint64, pos, length uint32) uint64 {
	pos, length = pos&255, length&255
	field := (uint64(1)<<length - 1) << pos
	return b&^field | a<<pos&field
}

// Bfi32 is bfi.b32.
func Bfi32(a, b, pos, length uint32) uint32 { return uint32(Bfi64(uint64(a), uint64(b), pos, length)) }

// bfind is the position of the highest bit that differs from the sign (of signed types; the highest
// 1 of unsigned ones), or its distance from the top; all ones if there is none (§9.7.1.16).
func bfind(t Type, a uint64, shift bool) uint64 {
	a = t.extend(a)
	if t.Signed() && int64(a) < 0 {
		a = ^a
	}
	if a == 0 {
		return 0xffffffff
	}
	pos := bits.Len64(a) - 1
	if shift {
		pos = t.Bits() - 1 - pos
	}
	return uint64(pos)
}

// Fns is fns.b32: the position of the n-th set bit of mask counted from bit base, upward for n > 0
// and downward for n < 0, where bit base itself is the first; n = 0 asks for bit base. All ones if
// there is none (§9.7.1.17). base above 31 is undefined; it finds nothing here.
func Fns(mask, base, offset uint32) uint32 {
	n := int64(int32(offset))
	step := int64(1)
	if n < 0 {
		n, step = -n, -1
	}
	for pos := int64(base); pos >= 0 && pos < 32; pos += step {
		if mask>>pos&1 == 1 {
			if n <= 1 {
				return uint32(pos)
			}
			n--
		}
		if n == 0 {
			break
		}
	}
	return 0xffffffff
}

// Bmsk32 is bmsk.b32: b ones from bit a (§9.7.1.22). Amounts are taken modulo 32 for .wrap; for
// .clamp a ≥ 32 gives 0 and b ≥ 32 ones up to the top.
func Bmsk32(a, b uint32, wrap bool) uint32 {
	if wrap {
		a, b = a&31, b&31
	} else if a >= 32 {
		return 0
	}
	return uint32((uint64(1)<<min(b, 32) - 1) << a)
}

// Szext32 is szext: the low b bits of a, sign-extended where signed (§9.7.1.21). b is taken modulo 32
// for .wrap; for .clamp b ≥ 32 gives a. No bits are 0.
func Szext32(a, b uint32, signed, wrap bool) uint32 {
	if wrap {
		b &= 31
	}
	switch unused := 32 - min(b, 32); {
	case b == 0:
		return 0
	case signed:
		return uint32(int32(a<<unused) >> unused)
	default:
		return a << unused >> unused
	}
}

// Lop3 is lop3.b32 with the given table: bit i of the result is bit (4·a_i + 2·b_i + c_i) of lut
// (§9.7.8.6).
func Lop3(lut uint8) func(a, b, c uint32) uint32 {
	var m [8]uint32 // all ones where the table has a one
	for i := range m {
		m[i] = -uint32(lut >> i & 1)
	}
	return func(a, b, c uint32) uint32 {
		low := (b&c&m[3] | b&^c&m[2] | c&^b&m[1] | ^(b|c)&m[0]) &^ a
		return low | (b&c&m[7]|b&^c&m[6]|c&^b&m[5]|^(b|c)&m[4])&a
	}
}

// A PrmtMode is the mode of prmt.b32 (§9.7.9.7).
type PrmtMode uint8

// The modes: generic; forward and backward four extract; replicate 8; edge clamp left and right;
// replicate 16.
const (
	PrmtGeneric PrmtMode = iota
	PrmtF4E
	PrmtB4E
	PrmtRC8
	PrmtECL
	PrmtECR
	PrmtRC16
)

// prmtSelectors has, for each mode and value of c<1..0>, the selector that the generic mode would
// need: a nibble for each byte, lowest first.
var prmtSelectors = [...][4]uint32{
	PrmtF4E:  {0x3210, 0x4321, 0x5432, 0x6543},
	PrmtB4E:  {0x5670, 0x6701, 0x7012, 0x0123},
	PrmtRC8:  {0x0000, 0x1111, 0x2222, 0x3333},
	PrmtECL:  {0x3210, 0x3211, 0x3222, 0x3333},
	PrmtECR:  {0x0000, 0x1110, 0x2210, 0x3210},
	PrmtRC16: {0x1010, 0x3232, 0x1010, 0x3232},
}

// Prmt is prmt.b32: each byte of the result is the byte of {b, a} that a nibble of c names; bit 3 of
// the nibble replicates that byte's sign instead. The other modes take the selector from a table.
// A mode that is none is the generic one.
func Prmt(mode PrmtMode) func(a, b, c uint32) uint32 {
	if mode == PrmtGeneric || int(mode) >= len(prmtSelectors) {
		return permute
	}
	table := prmtSelectors[mode]
	return func(a, b, c uint32) uint32 { return permute(a, b, table[c&3]) }
}

func permute(a, b, c uint32) uint32 {
	source := uint64(b)<<32 | uint64(a)
	var d uint32
	for i := 0; i < 32; i += 8 {
		n := c >> (i / 2) & 15
		x := uint32(source>>((n&7)*8)) & 255
		if n&8 != 0 {
			x = -(x >> 7) & 255
		}
		d |= x << i
	}
	return d
}

// Dp4a is dp4a: c plus the sum of the products of the four bytes of a and b, modulo 2³² (§9.7.1.23).
func Dp4a(a, b, c uint32, aSigned, bSigned bool) uint32 {
	for i := 0; i < 32; i += 8 {
		c += byteOf(a>>i, aSigned) * byteOf(b>>i, bSigned)
	}
	return c
}

// Dp2a is dp2a.lo and, where hi, dp2a.hi: c plus the sum of the products of the two halves of a and
// two bytes of b, modulo 2³² (§9.7.1.24).
func Dp2a(a, b, c uint32, hi, aSigned, bSigned bool) uint32 {
	if hi {
		b >>= 16
	}
	low, high := a&0xffff, a>>16
	if aSigned {
		low, high = uint32(int32(int16(low))), uint32(int32(int16(high)))
	}
	return c + low*byteOf(b, bSigned) + high*byteOf(b>>8, bSigned)
}

func byteOf(a uint32, signed bool) uint32 {
	if signed {
		return uint32(int32(int8(a)))
	}
	return a & 255
}

func binaryBits(op Op, t Type, o Options) binaryFunc {
	mask := t.mask()
	switch {
	case op == Shl: // the amount is u32
		return func(a, b uint64) uint64 { return a << uint32(b) & mask }
	case op == Shr && t.Signed():
		return func(a, b uint64) uint64 { return uint64(int64(t.extend(a))>>uint32(b)) & mask }
	case op == Shr:
		return func(a, b uint64) uint64 { return a & mask >> uint32(b) }
	case op == Bmsk && t.Bits() == 32:
		return func(a, b uint64) uint64 { return uint64(Bmsk32(uint32(a), uint32(b), o.Wrap)) }
	case op == Szext && t.Bits() == 32:
		return func(a, b uint64) uint64 { return uint64(Szext32(uint32(a), uint32(b), t.Signed(), o.Wrap)) }
	}
	return nil
}

func ternaryBits(op Op, t Type, o Options) ternaryFunc {
	switch {
	case op == Bfe && t.Bits() >= 32:
		return func(a, b, c uint64) uint64 { return bfe(t, a, b, c) }
	case op == ShfL && t.Bits() == 32:
		return func(a, b, c uint64) uint64 { return uint64(ShfL32(uint32(a), uint32(b), uint32(c), o.Wrap)) }
	case op == ShfR && t.Bits() == 32:
		return func(a, b, c uint64) uint64 { return uint64(ShfR32(uint32(a), uint32(b), uint32(c), o.Wrap)) }
	}
	return nil
}
