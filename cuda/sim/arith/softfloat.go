package arith

import "math/bits"

// This file is exact binary floating point: what every rounding mode of every format is computed
// with, where the machine's own arithmetic does not serve. A value is unpacked to 128 bits of
// significand, operated upon with what is lost jammed into the lowest bit, and packed with one
// rounding.

// A format is a binary interchange format: 1 sign bit, the exponent, and mantissa stored bits.
type format struct {
	mantissa int    // stored significand bits
	bias     int    // exponent bias
	width    int    // all bits
	max      uint64 // the largest finite magnitude
	inf      uint64 // infinity, or 0 where the format has none (E4M3)
	nan      uint64 // the canonical NaN, or what a NaN becomes in a format without (§9.7.9.21: the largest value)
	finite   bool   // neither infinity nor NaN
}

var formats = [...]format{
	E2M1: {mantissa: 1, bias: 1, width: 4, max: 0x7, nan: 0x7, finite: true},
	E2M3: {mantissa: 3, bias: 1, width: 6, max: 0x1f, nan: 0x1f, finite: true},
	E3M2: {mantissa: 2, bias: 3, width: 6, max: 0x1f, nan: 0x1f, finite: true},
	E4M3: {mantissa: 3, bias: 7, width: 8, max: 0x7e, nan: 0x7f},
	E5M2: {mantissa: 2, bias: 15, width: 8, max: 0x7b, inf: 0x7c, nan: 0x7f},
	F16:  {mantissa: 10, bias: 15, width: 16, max: 0x7bff, inf: 0x7c00, nan: 0x7fff},
	BF16: {mantissa: 7, bias: 127, width: 16, max: 0x7f7f, inf: 0x7f80, nan: 0x7fff},
	// tf32 in its own 19 bits; [Cvt] moves it to the top of a 32-bit register.
	TF32: {mantissa: 10, bias: 127, width: 19, max: 0x3fbff, inf: 0x3fc00, nan: 0x3ffff},
	F32:  {mantissa: 23, bias: 127, width: 32, max: 0x7f7fffff, inf: 0x7f800000, nan: 0x7fffffff},
	F64:  {mantissa: 52, bias: 1023, width: 64, max: 0x7fefffffffffffff, inf: 0x7ff0000000000000, nan: 0xfff8000000000000},
}

func (f *format) sign() uint64 { return 1 << uint(f.width-1) }

// bits are the low bits of a register that hold a value.
func (f *format) bits(a uint64) uint64 { return a & (f.sign()<<1 - 1) }

func (f *format) isNaN(a uint64) bool {
	if f.inf == 0 {
		return !f.finite && a&(f.sign()-1) == f.nan
	}
	return a&(f.sign()-1) > f.inf
}

func (f *format) isSubnormal(a uint64) bool {
	magnitude := a & (f.sign() - 1)
	return magnitude != 0 && magnitude < 1<<uint(f.mantissa)
}

// flush makes a subnormal value a zero of its sign.
func (f *format) flush(a uint64) uint64 {
	if f.isSubnormal(a) {
		return a & f.sign()
	}
	return a
}

// nanOf is the NaN that an operation makes of its operands, the first of them a NaN.
func (f *format) nanOf(operands ...uint64) uint64 {
	if f.width == 64 {
		for _, a := range operands {
			if f.isNaN(a) {
				return a | 1<<51
			}
		}
	}
	return f.nan
}

type class uint8

const (
	zero class = iota
	finite
	infinite
	notANumber
)

// A number is ±(hi·2⁶⁴ + lo)·2^(exp−127) with the top bit of hi set, if finite. The lowest bit of
// lo also stands for everything that was lost below it.
type number struct {
	class  class
	neg    bool
	exp    int
	hi, lo uint64
}

// unpack is exact.
func (f *format) unpack(a uint64) number {
	n := number{neg: a&f.sign() != 0}
	magnitude := a & (f.sign() - 1)
	switch {
	case magnitude == 0:
		return n
	case f.isNaN(a):
		n.class = notANumber
		return n
	case f.inf != 0 && magnitude == f.inf:
		n.class = infinite
		return n
	}
	n.class = finite
	biased := int(magnitude >> uint(f.mantissa))
	significand := magnitude & (1<<uint(f.mantissa) - 1)
	if biased != 0 {
		significand |= 1 << uint(f.mantissa)
	} else {
		biased = 1
	}
	shift := bits.LeadingZeros64(significand)
	n.hi = significand << uint(shift)
	n.exp = biased - f.bias + 63 - f.mantissa - shift
	return n
}

// fromUint is the integer (neg ? −a : a).
func fromUint(neg bool, a uint64) number {
	if a == 0 {
		return number{}
	}
	shift := bits.LeadingZeros64(a)
	return number{class: finite, neg: neg, exp: 63 - shift, hi: a << uint(shift)}
}

// up reports whether a magnitude is to be rounded away from zero: odd is its last kept bit, rest
// the bits below with the half at the top, sticky whether there are more.
func (r Round) up(neg, odd bool, rest uint64, sticky bool) bool {
	const half = 1 << 63
	switch r {
	case RN:
		return rest > half || rest == half && (sticky || odd)
	case RNA:
		return rest >= half
	case RM:
		return neg && (rest != 0 || sticky)
	case RP:
		return !neg && (rest != 0 || sticky)
	}
	return false
}

// split is the top keep bits of the significand, and what is below them.
func (n *number) split(keep int) (kept, rest uint64, sticky bool) {
	sticky = n.lo != 0
	switch {
	case keep > 0:
		return n.hi >> uint(64-keep), n.hi << uint(keep), sticky
	case keep == 0:
		return 0, n.hi, sticky
	}
	return 0, 0, true
}

// pack rounds to the format, which has at most 64 significand bits. A NaN is the canonical one;
// overflow is to infinity or the largest finite value, as the rounding asks, and in a format
// without infinity to the NaN.
func (f *format) pack(n number, r Round) uint64 {
	var sign uint64
	if n.neg {
		sign = f.sign()
	}
	switch n.class {
	case zero:
		return sign
	case infinite:
		return sign | f.infinity()
	case notANumber:
		return f.nan
	}
	minExp := 1 - f.bias
	keep := f.mantissa + 1 - max(0, minExp-n.exp)
	kept, rest, sticky := n.split(keep)
	if r.up(n.neg, kept&1 != 0, rest, sticky) {
		kept++
	}
	// kept has the hidden bit of a normal value, which therefore adds one to the exponent field.
	biased := max(n.exp, minExp) + f.bias - 1
	if biased > f.bias*2+1 {
		return sign | f.overflow(n.neg, r)
	}
	magnitude := uint64(biased)<<uint(f.mantissa) + kept
	if magnitude > f.max {
		magnitude = f.overflow(n.neg, r)
	}
	return sign | magnitude
}

func (f *format) infinity() uint64 {
	if f.inf == 0 {
		return f.nan
	}
	return f.inf
}

func (f *format) overflow(neg bool, r Round) uint64 {
	if r == RZ || r == RM && !neg || r == RP && neg {
		return f.max
	}
	return f.infinity()
}

// mul is exact for factors of at most 64 significant bits.
func mul(a, b number) number {
	neg := a.neg != b.neg
	switch {
	case a.class == notANumber || b.class == notANumber,
		a.class == infinite && b.class == zero, a.class == zero && b.class == infinite:
		return number{class: notANumber}
	case a.class == infinite || b.class == infinite:
		return number{class: infinite, neg: neg}
	case a.class == zero || b.class == zero:
		return number{neg: neg}
	}
	p := number{class: finite, neg: neg, exp: a.exp + b.exp + 1}
	p.hi, p.lo = bits.Mul64(a.hi, b.hi)
	p.normalize()
	return p
}

// normalize brings the top bit of the significand to the top of hi.
func (n *number) normalize() {
	if n.hi == 0 {
		n.hi, n.lo, n.exp = n.lo, 0, n.exp-64
	}
	if n.hi == 0 {
		*n = number{neg: n.neg}
		return
	}
	shift := uint(bits.LeadingZeros64(n.hi))
	n.hi = n.hi<<shift | n.lo>>(64-shift)
	n.lo <<= shift
	n.exp -= int(shift)
}

// shiftRight shifts a 128-bit value with what is lost jammed into the lowest bit.
func shiftRight(hi, lo uint64, n int) (uint64, uint64) {
	switch {
	case n == 0:
		return hi, lo
	case n >= 128:
		return 0, boolBits(hi|lo != 0)
	case n >= 64:
		lost := boolBits(lo != 0 || n > 64 && hi<<uint(128-n) != 0)
		return 0, hi>>uint(n-64) | lost
	}
	lost := boolBits(lo<<uint(64-n) != 0)
	return hi >> uint(n), hi<<uint(64-n) | lo>>uint(n) | lost
}

// add is a + b, exact but for what is jammed. Its operands must have their lowest two bits clear,
// as those of unpack and mul of at most 63 bits have. An exact zero sum is −0 when rounding to −∞.
func add(a, b number, r Round) number {
	switch {
	case a.class == notANumber || b.class == notANumber, a.class == infinite && b.class == infinite && a.neg != b.neg:
		return number{class: notANumber}
	case a.class == infinite:
		return a
	case b.class == infinite:
		return b
	case a.class == zero && b.class == zero:
		return number{neg: a.neg && b.neg || a.neg != b.neg && r == RM}
	case b.class == zero:
		return a
	case a.class == zero:
		return b
	}
	if a.exp < b.exp || a.exp == b.exp && (a.hi < b.hi || a.hi == b.hi && a.lo < b.lo) {
		a, b = b, a
	}
	sum := number{class: finite, neg: a.neg, exp: a.exp + 1} // one bit of room for the carry
	hi, lo := shiftRight(a.hi, a.lo, 1)
	bhi, blo := shiftRight(b.hi, b.lo, a.exp-b.exp+1)
	var carry uint64
	if a.neg == b.neg {
		sum.lo, carry = bits.Add64(lo, blo, 0)
		sum.hi, _ = bits.Add64(hi, bhi, carry)
	} else {
		sum.lo, carry = bits.Sub64(lo, blo, 0)
		sum.hi, _ = bits.Sub64(hi, bhi, carry)
	}
	if sum.hi|sum.lo == 0 {
		return number{neg: r == RM}
	}
	sum.normalize()
	return sum
}

// div is a ÷ b of at most 64 significant bits each, to 64 bits and the jammed rest.
func div(a, b number) number {
	neg := a.neg != b.neg
	switch {
	case a.class == notANumber || b.class == notANumber, a.class == infinite && b.class == infinite, a.class == zero && b.class == zero:
		return number{class: notANumber}
	case a.class == infinite || b.class == zero:
		return number{class: infinite, neg: neg}
	case a.class == zero || b.class == infinite:
		return number{neg: neg}
	}
	q := number{class: finite, neg: neg, exp: a.exp - b.exp}
	var rest uint64
	if a.hi >= b.hi { // the dividend is scaled so that the quotient has its top bit at 63
		q.hi, rest = bits.Div64(a.hi>>1, a.hi<<63, b.hi)
	} else {
		q.exp--
		q.hi, rest = bits.Div64(a.hi, 0, b.hi)
	}
	q.lo = boolBits(rest != 0)
	return q
}

// sqrt is √a of at most 64 significant bits, to 64 bits and the jammed rest.
func sqrt(a number) number {
	switch {
	case a.class == notANumber || a.neg && a.class != zero:
		return number{class: notANumber}
	case a.class != finite:
		return a
	}
	// The radicand is hi·2⁶³ or, for odd exponents, hi·2⁶⁴: a root of 64 bits with its top bit set.
	hi, lo := a.hi>>1, a.hi<<63
	if a.exp&1 != 0 {
		hi, lo = a.hi, 0
	}
	root := number{class: finite, exp: a.exp >> 1}
	var square [2]uint64
	for bit := uint64(1) << 63; bit != 0; bit >>= 1 {
		t := root.hi | bit
		thi, tlo := bits.Mul64(t, t)
		if thi < hi || thi == hi && tlo <= lo {
			root.hi, square = t, [2]uint64{thi, tlo}
		}
	}
	root.lo = boolBits(square != [2]uint64{hi, lo})
	return root
}
