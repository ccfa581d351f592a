package arith

import (
	"fmt"
	"math"
)

// This file is the approximate instructions. Hardware returns some value within a bound that the
// ISA states; so does [Approx], and its jitter says which: 0 the correctly rounded one, ±1 those at
// the ends of the bound. A kernel is right if its results are right for any jitter.

// An ApproxOp is an approximate instruction.
type ApproxOp uint8

// The approximate instructions with one operand.
const (
	ApproxRcp ApproxOp = iota + 1
	ApproxSqrt
	ApproxRsqrt
	ApproxSin
	ApproxCos
	ApproxLg2
	ApproxEx2
	ApproxTanh
)

var approxNames = [...]string{
	ApproxRcp: "rcp", ApproxSqrt: "sqrt", ApproxRsqrt: "rsqrt", ApproxSin: "sin", ApproxCos: "cos",
	ApproxLg2: "lg2", ApproxEx2: "ex2", ApproxTanh: "tanh",
}

// String is the mnemonic.
func (op ApproxOp) String() string {
	if int(op) < len(approxNames) && approxNames[op] != "" {
		return approxNames[op]
	}
	return fmt.Sprintf("approx(%d)", uint8(op))
}

// The bounds, in the ISA's words.
const (
	// RcpUlp: "The maximum ulp error is 1 across the full range of inputs." (§9.7.3.13)
	RcpUlp = 1
	// DivUlp: of div.approx "For |b| in [2^-126, 2^126], the maximum ulp error is 2", of div.full
	// "The maximum ulp error is 2 across the full range of inputs." (§9.7.3.8)
	DivUlp = 2
	// SqrtRelative: "The maximum relative error over the entire positive finite floating-point
	// range is 2^-23." (§9.7.3.15)
	SqrtRelative = 0x1p-23
	// RsqrtRelative: "The maximum relative error for rsqrt.f32 over the entire positive finite
	// floating-point range is 2^-22.9." (§9.7.3.16)
	RsqrtRelative = 1.2776535302e-7
	// SinAbsolute: "maximum absolute error over input range [-2pi .. 2pi] 2^-20.5". (§9.7.3.18,
	// §9.7.3.19)
	SinAbsolute = 6.7434957617e-7
	// SinAbsoluteFar: "[-100pi .. +100pi] 2^-14.7. Outside of the range only best effort is
	// provided. There are no defined error guarantees." It is used there as well.
	SinAbsoluteFar = 3.7571545817e-5
	// Lg2Bound: "The maximum absolute error is 2^-22 when the input operand is in the range (0.5, 2).
	// For positive finite inputs outside of this interval, maximum relative error is 2^-22."
	// (§9.7.3.20)
	Lg2Bound = 0x1p-22
	// Ex2Ulp: "The maximum ulp error is 2 ulp from correctly rounded result across the full range
	// of inputs." (§9.7.3.21)
	Ex2Ulp = 2
	// TanhRelative: "The maximum relative error over the entire floating point range is 2^-11."
	// (§9.7.3.22)
	TanhRelative = 0x1p-11
	// TanhAbsoluteF16: "The maximum absolute error for .f16 type is 2^-10.987." (§9.7.4.9)
	TanhAbsoluteF16 = 4.9270099308e-4
	// TanhAbsoluteBF16: "The maximum absolute error for .bf16 type is 2^-8." (§9.7.4.9)
	TanhAbsoluteBF16 = 0x1p-8
	// Ex2RelativeF16: "The maximum relative error for .f16 type is 2^-9.9." (§9.7.4.10)
	Ex2RelativeF16 = 1.0466537720e-3
	// Ex2RelativeBF16: "The maximum relative error for .bf16 type is 2^-7." (§9.7.4.10)
	Ex2RelativeBF16 = 0x1p-7
)

// errorBound is how far a result may be from y = f(x).
type errorBound struct {
	ulp, relative, absolute float64
	fromRounded             bool // counted from the rounded result, not from the exact one
}

// boundAt is the bound for an operand, and the function itself in f64.
func boundAt(op ApproxOp, t Type) (f func(x float64) float64, at func(x float64) errorBound) {
	constant := func(b errorBound) func(float64) errorBound { return func(float64) errorBound { return b } }
	switch {
	case t == F32 && op == ApproxRcp:
		return func(x float64) float64 { return 1 / x }, constant(errorBound{ulp: RcpUlp})
	case t == F32 && op == ApproxSqrt:
		return math.Sqrt, constant(errorBound{relative: SqrtRelative})
	case t == F32 && op == ApproxRsqrt:
		return rsqrt, constant(errorBound{relative: RsqrtRelative})
	case t == F32 && op == ApproxSin:
		return math.Sin, sinBound
	case t == F32 && op == ApproxCos:
		return math.Cos, sinBound
	case t == F32 && op == ApproxLg2:
		return log2, func(x float64) errorBound {
			if x > 0.5 && x < 2 {
				return errorBound{absolute: Lg2Bound}
			}
			return errorBound{relative: Lg2Bound}
		}
	case t == F32 && op == ApproxEx2:
		return math.Exp2, constant(errorBound{ulp: Ex2Ulp, fromRounded: true})
	case t == F16 && op == ApproxEx2:
		return math.Exp2, constant(errorBound{relative: Ex2RelativeF16})
	case t == BF16 && op == ApproxEx2:
		return math.Exp2, constant(errorBound{relative: Ex2RelativeBF16})
	case t == F32 && op == ApproxTanh:
		return math.Tanh, constant(errorBound{relative: TanhRelative})
	case t == F16 && op == ApproxTanh:
		return math.Tanh, constant(errorBound{absolute: TanhAbsoluteF16})
	case t == BF16 && op == ApproxTanh:
		return math.Tanh, constant(errorBound{absolute: TanhAbsoluteBF16})
	}
	return nil, nil
}

func sinBound(x float64) errorBound {
	if math.Abs(x) <= 2*math.Pi {
		return errorBound{absolute: SinAbsolute}
	}
	return errorBound{absolute: SinAbsoluteFar}
}

// rsqrt of a negative value is a NaN, of a zero the infinity of its sign.
func rsqrt(x float64) float64 { return 1 / math.Sqrt(x) }

// log2 is math.Log2 but for values near 1, where that has no relative accuracy.
func log2(x float64) float64 {
	if x > 0.5 && x < 2 {
		return math.Log1p(x-1) * math.Log2E
	}
	return math.Log2(x)
}

// Approx selects an approximate instruction: on F32 any of them; on F16, BF16 and their pairs
// ApproxEx2 and ApproxTanh; on F64 ApproxRcp (rcp.approx.ftz.f64) and ApproxRsqrt (rsqrt.approx.f64
// and, with ftz, rsqrt.approx.ftz.f64), for which the ISA states no bound and jitter does nothing.
//
// The result is computed in f64, moved by jitter times the bound and rounded; where that would leave
// the bound, it is the last value inside. What the ISA's tables give for zeros, infinities and NaN
// is exact, results stay finite where the rounded one is, and sin, cos and tanh stay in [−1, 1].
func Approx(op ApproxOp, t Type, ftz bool) (func(a uint64, jitter float64) uint64, error) {
	if t == F64 {
		return approxF64(op, ftz)
	}
	lane := t.Lane()
	compute, at := boundAt(op, lane)
	if compute == nil {
		return nil, fmt.Errorf("%w: %v.approx.%v", ErrUnsupported, op, t)
	}
	f, value := &formats[lane], value64(lane)
	unit := op == ApproxSin || op == ApproxCos || op == ApproxTanh
	round := f.fromFloat64
	if lane == F32 {
		round = func(x float64) uint64 { return uint64(CanonF32(float32(x))) }
	}
	one := func(a uint64, jitter float64) uint64 {
		if ftz {
			a = f.flush(a)
		}
		x := value(a)
		y := compute(x)
		d := round(y)
		if jitter != 0 && x != 0 && !math.IsInf(x, 0) {
			d = f.move(d, y, jitter, at(x))
			if unit && value(d) > 1 {
				d = f.fromFloat64(1)
			} else if unit && value(d) < -1 {
				d = f.fromFloat64(-1)
			}
		}
		if ftz {
			d = f.flush(d)
		}
		return d
	}
	if lane == t {
		return one, nil
	}
	return func(a uint64, jitter float64) uint64 {
		return one(a&0xffff, jitter) | one(a>>16&0xffff, jitter)<<16
	}, nil
}

// fromFloat64 rounds to nearest.
func (f *format) fromFloat64(x float64) uint64 {
	return f.pack(formats[F64].unpack(math.Float64bits(x)), RN)
}

func (f *format) toFloat64(a uint64) float64 {
	return math.Float64frombits(formats[F64].pack(f.unpack(a), RN))
}

// ulpAt is the distance of the values of the format around y, below powers of two where inward.
func (f *format) ulpAt(y float64, inward bool) float64 {
	fraction, exp := math.Frexp(y) // y in [2^(exp−1), 2^exp)
	if inward && math.Abs(fraction) == 0.5 {
		exp--
	}
	return math.Ldexp(1, max(exp-1, 1-f.bias)-f.mantissa)
}

// move is the value that lies about jitter times the bound from y, of which d is the rounding.
func (f *format) move(d uint64, y, jitter float64, b errorBound) uint64 {
	if d&(f.sign()-1) >= f.inf || jitter != jitter { // infinite or NaN
		return d
	}
	if b.fromRounded {
		y = f.toFloat64(d)
	}
	bound := b.absolute + b.relative*math.Abs(y) + b.ulp*f.ulpAt(y, (jitter < 0) == (y > 0))
	moved := f.fromFloat64(y + float64(min(max(jitter, -1), 1)*bound)) // not fused: the same everywhere
	if moved&(f.sign()-1) > f.max {
		moved = moved&f.sign() | f.max
	}
	for moved != d && math.Abs(f.toFloat64(moved)-y) > bound {
		moved = f.toward(moved, d)
	}
	return moved
}

// toward is the neighbour of a on the side of b.
func (f *format) toward(a, b uint64) uint64 {
	next := f.order(a)
	if next < f.order(b) {
		next++
	} else {
		next--
	}
	if next < 0 {
		return f.sign() | uint64(^next)
	}
	return uint64(next)
}

// ApproxDiv is div.approx.f32 and, where full, div.full.f32 (§9.7.3.8). div.approx has a zero of the
// quotient's sign for 2¹²⁶ < |b| < 2¹²⁸, and a NaN if a is infinite as well. jitter is that of
// [Approx].
func ApproxDiv(full, ftz bool) func(a, b uint64, jitter float64) uint64 {
	f := &formats[F32]
	return func(a, b uint64, jitter float64) uint64 {
		a, b = f.bits(a), f.bits(b)
		if ftz {
			a, b = f.flush(a), f.flush(b)
		}
		magnitude := b & (f.sign() - 1)
		if !full && magnitude > 0x7e800000 && magnitude < f.inf && !f.isNaN(a) {
			if a&(f.sign()-1) == f.inf {
				return f.nan
			}
			return (a ^ b) & f.sign()
		}
		x, y := f.toFloat64(a), f.toFloat64(b)
		d := uint64(DivF32(uint32(a), uint32(b)))
		if quotient := x / y; jitter != 0 && quotient != 0 && !math.IsInf(x, 0) && !math.IsInf(quotient, 0) {
			d = f.move(d, quotient, jitter, errorBound{ulp: DivUlp})
		}
		if ftz {
			d = f.flush(d)
		}
		return d
	}
}

// approxF64 is the f64 instructions: those with ftz see and give the upper 32 bits alone (§9.7.3.14,
// §9.7.3.17).
func approxF64(op ApproxOp, ftz bool) (func(a uint64, jitter float64) uint64, error) {
	f := &formats[F64]
	const upper = 0xffffffff00000000
	var compute func(x float64) float64
	switch {
	case op == ApproxRcp && ftz:
		compute = func(x float64) float64 { return 1 / x }
	case op == ApproxRsqrt && ftz:
		compute = rsqrt
	case op == ApproxRsqrt:
		return func(a uint64, _ float64) uint64 { return result64(rsqrt(math.Float64frombits(a)), a) }, nil
	default:
		return nil, fmt.Errorf("%w: %v.approx.f64 with ftz %t", ErrUnsupported, op, ftz)
	}
	return func(a uint64, _ float64) uint64 {
		y := compute(math.Float64frombits(f.flush(a & upper)))
		if y != y {
			return 0x7fffffff00000000
		}
		return f.flush(math.Float64bits(y) & upper)
	}, nil
}
