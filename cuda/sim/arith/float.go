package arith

import "math"

// This file is the floating point arithmetic instructions (§9.7.3 of f32 and f64, §9.7.4 of f16 and
// bf16): the selectors, and the modifiers that apply to all of them. The fast paths are in
// float32.go and half.go.

func unaryFloat(op Op, t Type, o Options) unaryFunc {
	if t.Bits() < 16 || t == TF32 || o.Round > RP {
		return nil
	}
	f := &formats[t]
	var compute unaryFunc
	switch op {
	case Abs: // §9.7.3.9, §9.7.4.6
		compute = func(a uint64) uint64 { return f.bits(a) &^ f.sign() }
	case Neg: // §9.7.3.10, §9.7.4.5
		compute = func(a uint64) uint64 { return f.bits(a) ^ f.sign() }
	case Rcp: // §9.7.3.13
		divide := divFloat(t, o)
		one := uint64(f.bias) << uint(f.mantissa)
		compute = func(a uint64) uint64 { return divide(one, a) }
	case Sqrt: // §9.7.3.15
		compute = sqrtFloat(t, o)
	default:
		return nil
	}
	if o.FTZ {
		inner := compute
		compute = func(a uint64) uint64 { return inner(f.flush(a)) }
	}
	if finish := clampFloat(t, o); finish != nil {
		return func(a uint64) uint64 { return finish(compute(a)) }
	}
	return compute
}

func binaryFloat(op Op, t Type, o Options) binaryFunc {
	if t.Bits() < 16 || t == TF32 || o.Round > RP {
		return nil
	}
	f := &formats[t]
	var compute binaryFunc
	switch op {
	case Add: // §9.7.3.3, §9.7.4.1
		compute = addFloat(t, o)
	case Sub: // a − b is a + (−b), NaN included
		sum := addFloat(t, o)
		compute = func(a, b uint64) uint64 {
			if !f.isNaN(b) {
				b ^= f.sign()
			}
			return sum(a, b)
		}
		if t == F32 && o.Round == RN && !o.FTZ {
			compute = func(a, b uint64) uint64 { return uint64(SubF32(uint32(a), uint32(b))) }
		}
	case Mul: // §9.7.3.5, §9.7.4.3
		compute = mulFloat(t, o)
	case Div: // §9.7.3.8
		compute = divFloat(t, o)
	case Min, Max:
		return minMaxFloat(op, t, o)
	case Copysign: // §9.7.3.2: the sign of a, the magnitude of b
		return func(a, b uint64) uint64 { return a&f.sign() | f.bits(b)&^f.sign() }
	default:
		return nil
	}
	if o.FTZ {
		inner := compute
		compute = func(a, b uint64) uint64 { return inner(f.flush(a), f.flush(b)) }
	}
	if finish := clampFloat(t, o); finish != nil {
		return func(a, b uint64) uint64 { return finish(compute(a, b)) }
	}
	return compute
}

func ternaryFloat(op Op, t Type, o Options) ternaryFunc {
	if t.Bits() < 16 || t == TF32 || o.Round > RP {
		return nil
	}
	f := &formats[t]
	switch op {
	case Min, Max:
		return minMax3Float(op, t, o)
	case Fma: // §9.7.3.6, §9.7.3.7, §9.7.4.4: a·b + c in one rounding
	default:
		return nil
	}
	compute := fmaFloat(t, o)
	if o.FTZ {
		inner := compute
		compute = func(a, b, c uint64) uint64 { return inner(f.flush(a), f.flush(b), f.flush(c)) }
	}
	if finish := clampFloat(t, o); finish != nil {
		return func(a, b, c uint64) uint64 { return finish(compute(a, b, c)) }
	}
	return compute
}

// clampFloat is .sat (clamp to [+0, 1], NaN to +0), .relu (negative, and −0, to +0; NaN to the
// canonical NaN) or nil.
func clampFloat(t Type, o Options) unaryFunc {
	f := &formats[t]
	one := uint64(f.bias) << uint(f.mantissa)
	switch {
	case o.Sat:
		return func(a uint64) uint64 {
			if a&f.sign() != 0 || f.isNaN(a) {
				return 0
			}
			return min(a, one)
		}
	case o.Relu:
		return func(a uint64) uint64 {
			if f.isNaN(a) {
				return f.nan
			}
			if a&f.sign() != 0 {
				return 0
			}
			return a
		}
	}
	return nil
}

func addFloat(t Type, o Options) binaryFunc {
	f, r := &formats[t], o.Round
	switch {
	case t == F32 && r == RN: // a subnormal sum is exact: flushing it is left to the end
		if o.FTZ {
			return func(a, b uint64) uint64 { return uint64(FlushF32(AddF32(uint32(a), uint32(b)))) }
		}
		return func(a, b uint64) uint64 { return uint64(AddF32(uint32(a), uint32(b))) }
	case t == F64 && r == RN && !o.FTZ:
		return func(a, b uint64) uint64 {
			return result64(math.Float64frombits(a)+math.Float64frombits(b), a, b)
		}
	case t.Bits() == 16 && r == RN:
		h := halves[t]
		return func(a, b uint64) uint64 { return h.round(oddSum(h.to(a), h.to(b)), o.FTZ) }
	}
	return func(a, b uint64) uint64 {
		if f.isNaN(a) || f.isNaN(b) {
			return f.nanOf(a, b)
		}
		return f.result(add(f.unpack(a), f.unpack(b), r), o)
	}
}

func mulFloat(t Type, o Options) binaryFunc {
	f, r := &formats[t], o.Round
	switch {
	case t == F32 && r == RN && o.FTZ:
		return func(a, b uint64) uint64 { return uint64(MulF32FTZ(uint32(a), uint32(b))) }
	case t == F32 && r == RN:
		return func(a, b uint64) uint64 { return uint64(MulF32(uint32(a), uint32(b))) }
	case t == F64 && r == RN && !o.FTZ:
		return func(a, b uint64) uint64 {
			return result64(math.Float64frombits(a)*math.Float64frombits(b), a, b)
		}
	case t.Bits() == 16 && r == RN:
		h := halves[t]
		return func(a, b uint64) uint64 { return h.round(h.to(a)*h.to(b), o.FTZ) }
	}
	return func(a, b uint64) uint64 {
		if f.isNaN(a) || f.isNaN(b) {
			return f.nanOf(a, b)
		}
		return f.result(mul(f.unpack(a), f.unpack(b)), o)
	}
}

func fmaFloat(t Type, o Options) ternaryFunc {
	f, r := &formats[t], o.Round
	switch {
	case t == F32 && r == RN && o.FTZ:
		return func(a, b, c uint64) uint64 { return uint64(FmaF32FTZ(uint32(a), uint32(b), uint32(c))) }
	case t == F32 && r == RN:
		return func(a, b, c uint64) uint64 { return uint64(FmaF32(uint32(a), uint32(b), uint32(c))) }
	case t == F64 && r == RN && !o.FTZ:
		return func(a, b, c uint64) uint64 {
			return result64(math.FMA(math.Float64frombits(a), math.Float64frombits(b), math.Float64frombits(c)), a, b, c)
		}
	case t.Bits() == 16 && r == RN:
		h := halves[t]
		return func(a, b, c uint64) uint64 { return h.round(oddSum(h.to(a)*h.to(b), h.to(c)), o.FTZ) }
	}
	return func(a, b, c uint64) uint64 {
		if f.isNaN(a) || f.isNaN(b) || f.isNaN(c) {
			return f.nanOf(a, b, c)
		}
		return f.result(add(mul(f.unpack(a), f.unpack(b)), f.unpack(c), r), o)
	}
}

func divFloat(t Type, o Options) binaryFunc {
	f, r := &formats[t], o.Round
	switch {
	case t == F32 && r == RN && !o.FTZ:
		return func(a, b uint64) uint64 { return uint64(DivF32(uint32(a), uint32(b))) }
	case t == F64 && r == RN && !o.FTZ:
		return func(a, b uint64) uint64 {
			return result64(math.Float64frombits(a)/math.Float64frombits(b), a, b)
		}
	}
	return func(a, b uint64) uint64 {
		if f.isNaN(a) || f.isNaN(b) {
			return f.nanOf(a, b)
		}
		return f.result(div(f.unpack(a), f.unpack(b)), o)
	}
}

// sqrtFloat needs no flushing of its own: a root is never subnormal.
func sqrtFloat(t Type, o Options) unaryFunc {
	f, r := &formats[t], o.Round
	switch {
	case t == F32 && r == RN:
		return func(a uint64) uint64 { return uint64(SqrtF32(uint32(a))) }
	case t == F64 && r == RN:
		return func(a uint64) uint64 { return result64(math.Sqrt(math.Float64frombits(a)), a) }
	}
	return func(a uint64) uint64 {
		if f.isNaN(a) {
			return f.nanOf(a)
		}
		return f.pack(sqrt(f.unpack(a)), r)
	}
}

// result is the rounded result of an arithmetic instruction; .ftz makes what is subnormal before
// rounding a zero.
func (f *format) result(n number, o Options) uint64 {
	if o.FTZ && n.class == finite && n.exp < 1-f.bias {
		n = number{neg: n.neg}
	}
	return f.pack(n, o.Round)
}

// result64 is the bits of an f64 result, with the NaN that the package promises.
func result64(x float64, operands ...uint64) uint64 {
	if x != x {
		return formats[F64].nanOf(operands...)
	}
	return math.Float64bits(x)
}
