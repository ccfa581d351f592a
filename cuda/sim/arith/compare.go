package arith

import (
	"fmt"
	"math"
)

// This file is comparison and selection (§9.7.6, §9.7.7), testp, and min and max of floats.

// A Cmp is a comparison operator of setp and set (§9.3.1). LO to HS compare unsigned
// integers. The U forms are true where an operand is a NaN, the others false; NUM and NAN test for
// that alone.
type Cmp uint8

// The comparison operators.
const (
	EQ Cmp = iota + 1
	NE
	LT
	LE
	GT
	GE
	LO
	LS
	HI
	HS
	EQU
	NEU
	LTU
	LEU
	GTU
	GEU
	NUM
	NAN
)

var cmpNames = [...]string{
	EQ: "eq", NE: "ne", LT: "lt", LE: "le", GT: "gt", GE: "ge", LO: "lo", LS: "ls", HI: "hi", HS: "hs",
	EQU: "equ", NEU: "neu", LTU: "ltu", LEU: "leu", GTU: "gtu", GEU: "geu", NUM: "num", NAN: "nan",
}

// String is the operator as PTX spells it.
func (c Cmp) String() string {
	if int(c) < len(cmpNames) && cmpNames[c] != "" {
		return cmpNames[c]
	}
	return fmt.Sprintf("cmp(%d)", uint8(c))
}

// Compare selects the comparison of setp and set. For a packed type, compare its halves with the
// type of its lane. ftz flushes subnormal operands.
func Compare(op Cmp, t Type, ftz bool) (func(a, b uint64) bool, error) {
	var f compareFunc
	switch {
	case t.isInt() && op <= HS:
		f = compareInt(op, t)
	case t == F16 || t == BF16 || t == F32 || t == F64:
		f = compareFloat(op, t, ftz)
	}
	if f == nil {
		return nil, fmt.Errorf("%w: comparison %v.%v", ErrUnsupported, op, t)
	}
	return f, nil
}

func compareInt(op Cmp, t Type) compareFunc {
	mask := t.mask()
	if t.Signed() && op >= LT && op <= GE {
		switch op {
		case LT:
			return func(a, b uint64) bool { return int64(t.extend(a)) < int64(t.extend(b)) }
		case LE:
			return func(a, b uint64) bool { return int64(t.extend(a)) <= int64(t.extend(b)) }
		case GT:
			return func(a, b uint64) bool { return int64(t.extend(a)) > int64(t.extend(b)) }
		default:
			return func(a, b uint64) bool { return int64(t.extend(a)) >= int64(t.extend(b)) }
		}
	}
	switch op {
	case EQ:
		return func(a, b uint64) bool { return a&mask == b&mask }
	case NE:
		return func(a, b uint64) bool { return a&mask != b&mask }
	case LT, LO:
		return func(a, b uint64) bool { return a&mask < b&mask }
	case LE, LS:
		return func(a, b uint64) bool { return a&mask <= b&mask }
	case GT, HI:
		return func(a, b uint64) bool { return a&mask > b&mask }
	case GE, HS:
		return func(a, b uint64) bool { return a&mask >= b&mask }
	}
	return nil
}

// value64 is the value of a float, which f64 holds exactly.
func value64(t Type) func(a uint64) float64 {
	switch t {
	case F64:
		return math.Float64frombits
	case F32:
		return func(a uint64) float64 { return float64(math.Float32frombits(uint32(a))) }
	}
	return halves[t].to
}

func compareFloat(op Cmp, t Type, ftz bool) compareFunc {
	value := value64(t)
	if ftz {
		f, inner := &formats[t], value
		value = func(a uint64) float64 { return inner(f.flush(a)) }
	}
	switch op {
	case EQ:
		return func(a, b uint64) bool { return value(a) == value(b) }
	case NE:
		return func(a, b uint64) bool { x, y := value(a), value(b); return x < y || x > y }
	case LT:
		return func(a, b uint64) bool { return value(a) < value(b) }
	case LE:
		return func(a, b uint64) bool { return value(a) <= value(b) }
	case GT:
		return func(a, b uint64) bool { return value(a) > value(b) }
	case GE:
		return func(a, b uint64) bool { return value(a) >= value(b) }
	case EQU:
		return func(a, b uint64) bool { x, y := value(a), value(b); return !(x < y || x > y) }
	case NEU:
		return func(a, b uint64) bool { return value(a) != value(b) }
	case LTU:
		return func(a, b uint64) bool { return !(value(a) >= value(b)) }
	case LEU:
		return func(a, b uint64) bool { return !(value(a) > value(b)) }
	case GTU:
		return func(a, b uint64) bool { return !(value(a) <= value(b)) }
	case GEU:
		return func(a, b uint64) bool { return !(value(a) < value(b)) }
	case NUM:
		return func(a, b uint64) bool { x, y := value(a), value(b); return x == x && y == y }
	case NAN:
		return func(a, b uint64) bool { x, y := value(a), value(b); return x != x || y != y }
	}
	return nil
}

// SetValue is what set writes for a predicate: 1.0 in a float, all ones in an integer, and 0 for
// false (§9.7.6.1). For a packed type it is one half.
func SetValue(dst Type, p bool) uint64 {
	switch lane := dst.Lane(); {
	case !p:
		return 0
	case lane.isFloat():
		return uint64(formats[lane].bias) << uint(formats[lane].mantissa)
	default:
		return lane.mask()
	}
}

// Slct selects slct: c ≥ 0 ? a : b with c of type S32 or F32 (§9.7.6.4). A NaN selects b, −0 a; ftz
// makes a subnormal c a zero.
func Slct(c Type, ftz bool) (func(a, b, c uint64) uint64, error) {
	compare, err := Compare(GE, c, ftz)
	if err != nil || c != S32 && c != F32 {
		return nil, fmt.Errorf("%w: slct with c of type %v", ErrUnsupported, c)
	}
	return func(a, b, c uint64) uint64 {
		if compare(c, 0) {
			return a
		}
		return b
	}, nil
}

// A TestpOp is a property that testp tests.
type TestpOp uint8

// The properties of testp. Zeros are normal.
const (
	TestFinite TestpOp = iota + 1
	TestInfinite
	TestNumber
	TestNotANumber
	TestNormal
	TestSubnormal
)

// Testp selects testp (§9.7.3.1).
func Testp(op TestpOp, t Type) (func(a uint64) bool, error) {
	if t != F32 && t != F64 {
		return nil, fmt.Errorf("%w: testp of %v", ErrUnsupported, t)
	}
	f := &formats[t]
	magnitude := func(a uint64) uint64 { return a & (f.sign() - 1) }
	switch op {
	case TestFinite:
		return func(a uint64) bool { return magnitude(a) < f.inf }, nil
	case TestInfinite:
		return func(a uint64) bool { return magnitude(a) == f.inf }, nil
	case TestNumber:
		return func(a uint64) bool { return !f.isNaN(a) }, nil
	case TestNotANumber:
		return f.isNaN, nil
	case TestNormal:
		return func(a uint64) bool { return magnitude(a) < f.inf && !f.isSubnormal(a) }, nil
	case TestSubnormal:
		return f.isSubnormal, nil
	}
	return nil, fmt.Errorf("%w: testp property %d", ErrUnsupported, op)
}

// minMax2 is min or max of two values without .xorsign (§9.7.3.11, §9.7.3.12): the number where one
// is a NaN, unless propagate; −0 is less than +0.
func (f *format) minMax2(a, b uint64, least, propagate bool) uint64 {
	switch nanA, nanB := f.isNaN(a), f.isNaN(b); {
	case nanA && nanB, propagate && (nanA || nanB):
		return f.nanOf(a, b)
	case nanA:
		return b
	case nanB:
		return a
	}
	if (f.order(a) < f.order(b)) == least {
		return a
	}
	return b
}

// order maps values to integers in their order, −0 just before +0.
func (f *format) order(a uint64) int64 {
	magnitude := int64(a & (f.sign() - 1))
	if a&f.sign() != 0 {
		return ^magnitude
	}
	return magnitude
}

func minMaxFloat(op Op, t Type, o Options) binaryFunc {
	f, least := &formats[t], op == Min
	if o.XorSign && !o.Abs {
		return nil
	}
	return func(a, b uint64) uint64 {
		a, b = f.bits(a), f.bits(b)
		if o.FTZ {
			a, b = f.flush(a), f.flush(b)
		}
		sign := (a ^ b) & f.sign()
		if o.Abs {
			a, b = a&^f.sign(), b&^f.sign()
		}
		d := f.minMax2(a, b, least, o.NaN)
		if o.XorSign && !f.isNaN(d) {
			d |= sign
		}
		return d
	}
}

// minMax3Float is min and max of three values, which has no .xorsign.
func minMax3Float(op Op, t Type, o Options) ternaryFunc {
	f, least := &formats[t], op == Min
	if o.XorSign {
		return nil
	}
	return func(a, b, c uint64) uint64 {
		a, b, c = f.bits(a), f.bits(b), f.bits(c)
		if o.FTZ {
			a, b, c = f.flush(a), f.flush(b), f.flush(c)
		}
		if o.Abs {
			a, b, c = a&^f.sign(), b&^f.sign(), c&^f.sign()
		}
		return f.minMax2(f.minMax2(a, b, least, o.NaN), c, least, o.NaN)
	}
}

// MinF32 is min.f32 (§9.7.3.11).
func MinF32(a, b uint32) uint32 {
	x, y := math.Float32frombits(a), math.Float32frombits(b)
	switch {
	case x < y:
		return a
	case y < x:
		return b
	case x == y: // equal bits, or zeros: −0 if either is
		return a | b
	case x != x && y != y:
		return NaNF32
	case x != x:
		return b
	}
	return a
}

// MaxF32 is max.f32 (§9.7.3.12).
func MaxF32(a, b uint32) uint32 {
	x, y := math.Float32frombits(a), math.Float32frombits(b)
	switch {
	case x > y:
		return a
	case y > x:
		return b
	case x == y: // equal bits, or zeros: +0 if either is
		return a & b
	case x != x && y != y:
		return NaNF32
	case x != x:
		return b
	}
	return a
}
