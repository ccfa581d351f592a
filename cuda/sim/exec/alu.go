package exec

import (
	"github.com/rapt-go/rapt/cuda/ptx"
	"github.com/rapt-go/rapt/cuda/sim/arith"
)

// This file decodes arithmetic: each instruction becomes a function of package arith applied to the
// lanes, or one of the loops of lanes.go for the most frequent ones.

// arithTypes are the types of package arith by those of package ptx.
var arithTypes = map[ptx.Type]arith.Type{
	ptx.B1: arith.B1, ptx.U4: arith.U4, ptx.S4: arith.S4, ptx.B8: arith.B8, ptx.U8: arith.U8, ptx.S8: arith.S8,
	ptx.B16: arith.B16, ptx.U16: arith.U16, ptx.S16: arith.S16, ptx.B32: arith.B32, ptx.U32: arith.U32, ptx.S32: arith.S32,
	ptx.B64: arith.B64, ptx.U64: arith.U64, ptx.S64: arith.S64, ptx.F16: arith.F16, ptx.BF16: arith.BF16, ptx.TF32: arith.TF32,
	ptx.F32: arith.F32, ptx.F64: arith.F64, ptx.F16x2: arith.F16x2, ptx.BF16x2: arith.BF16x2, ptx.U16x2: arith.U16x2,
	ptx.S16x2: arith.S16x2, ptx.E4M3: arith.E4M3, ptx.E5M2: arith.E5M2, ptx.E4M3x2: arith.E4M3x2, ptx.E5M2x2: arith.E5M2x2,
	ptx.E2M1x2: arith.E2M1x2, ptx.E2M3x2: arith.E2M3x2, ptx.E3M2x2: arith.E3M2x2, ptx.UE8M0x2: arith.UE8M0x2,
	ptx.U2: arith.U2, ptx.S2: arith.S2,
}

func (d *decoder) arithType(t ptx.Type) arith.Type {
	a, ok := arithTypes[t]
	if !ok {
		d.refuse("type .%v", t)
	}
	return a
}

var arithRounds = map[ptx.Mod]arith.Round{ptx.ModRZ: arith.RZ, ptx.ModRM: arith.RM, ptx.ModRP: arith.RP, ptx.ModRNA: arith.RNA,
	ptx.ModRNI: arith.RNI, ptx.ModRZI: arith.RZI, ptx.ModRMI: arith.RMI, ptx.ModRPI: arith.RPI}

// options are the modifiers of the instruction.
func (d *decoder) options() arith.Options {
	in := d.src
	if in.Has(ptx.ModOOB) {
		d.refuse("modifier .oob")
	}
	return arith.Options{Round: arithRounds[in.Rounding()], FTZ: in.Has(ptx.ModFTZ), Sat: in.Has(ptx.ModSat),
		SatFinite: in.Has(ptx.ModSatfinite), Relu: in.Has(ptx.ModRelu), NaN: in.Has(ptx.ModPropagateNaN), XorSign: in.Has(ptx.ModXorsign),
		Abs: in.Has(ptx.ModAbs), Wrap: in.Has(ptx.ModWrap)}
}

// flopsOf is the floating point operations of one lane: n for each element of the type.
func flopsOf(t ptx.Type, n uint32) uint32 {
	switch {
	case t == ptx.F16x2 || t == ptx.BF16x2 || t == ptx.F32x2:
		return 2 * n
	case t.IsFloat():
		return n
	}
	return 0
}

// apply1 to apply3 make the instruction a function of its operands, all of type t but for the types
// that are given.
func (d *decoder) apply1(f func(a uint64) uint64, dt, at ptx.Type) {
	args := d.src.Args
	a := d.val(args[1], at)
	d.inst.run = run1(f, d.dst(args[0], dt), a)
}

func (d *decoder) apply2(f func(a, b uint64) uint64, dt, at, bt ptx.Type) (a, b slot) {
	args := d.src.Args
	a, b = d.val(args[1], at), d.val(args[2], bt)
	d.inst.run = run2(f, d.dst(args[0], dt), a, b)
	return a, b
}

func (d *decoder) apply3(f func(a, b, c uint64) uint64, dt, at, bt, ct ptx.Type) {
	args := d.src.Args
	a, b, c := d.val(args[1], at), d.val(args[2], bt), d.val(args[3], ct)
	d.inst.run = run3(f, d.dst(args[0], dt), a, b, c)
}

// unaryOp, binaryOp and ternaryOp decode instructions whose operands all have the instruction's type.
func unaryOp(op arith.Op) func(*decoder) {
	return func(d *decoder) {
		t := d.src.Type(0)
		f, err := arith.Unary(op, d.arithType(t), d.options())
		d.check(err)
		dt := t
		if op == arith.Popc || op == arith.Clz || op == arith.Bfind || op == arith.BfindShift {
			dt = ptx.U32
		}
		d.inst.flops = flopsOf(t, 1)
		if op == arith.Bfind && d.src.Has(ptx.ModShiftAmt) {
			f, err = arith.Unary(arith.BfindShift, d.arithType(t), arith.Options{})
			d.check(err)
		}
		d.apply1(f, dt, t)
		d.fast(op, t)
	}
}

func binaryOp(op arith.Op) func(*decoder) {
	return func(d *decoder) {
		t := d.src.Type(0)
		if t == ptx.Pred {
			d.predicateLogic(op)
			return
		}
		bt := t
		if op == arith.Shl || op == arith.Shr || op == arith.Bmsk || op == arith.Szext {
			bt = ptx.U32
		}
		d.inst.flops = flopsOf(t, 1)
		if len(d.src.Args) == 4 { // three-input min and max
			f, err := arith.Ternary(op, d.arithType(t), d.options())
			d.check(err)
			d.apply3(f, t, t, t, t)
			return
		}
		if t == ptx.F32x2 {
			f, err := arith.Binary(op, arith.F32, d.options())
			d.check(err)
			d.apply2(func(a, b uint64) uint64 { return f(a, b)&0xffffffff | f(a>>32, b>>32)<<32 }, t, t, t)
			return
		}
		f, err := arith.Binary(op, d.arithType(t), d.options())
		d.check(err)
		d.apply2(f, t, t, bt)
		d.fast(op, t)
	}
}

func ternaryOp(op arith.Op) func(*decoder) {
	return func(d *decoder) {
		t := d.src.Type(0)
		bt, ct := t, t
		if op == arith.Bfe {
			bt, ct = ptx.U32, ptx.U32
		}
		d.inst.flops = flopsOf(t, 2)
		if t == ptx.F32x2 {
			f, err := arith.Ternary(op, arith.F32, d.options())
			d.check(err)
			d.apply3(func(a, b, c uint64) uint64 { return f(a, b, c)&0xffffffff | f(a>>32, b>>32, c>>32)<<32 }, t, t, t, t)
			return
		}
		f, err := arith.Ternary(op, d.arithType(t), d.options())
		d.check(err)
		d.apply3(f, t, t, bt, ct)
		d.fast(op, t)
	}
}

// predicateLogic is and, or, xor and not of predicates.
func (d *decoder) predicateLogic(op arith.Op) {
	args := d.src.Args
	a, b := d.val(args[1], ptx.Pred), slot{}
	if op != arith.Not {
		b = d.val(args[2], ptx.Pred)
	}
	dst := d.dst(args[0], ptx.Pred)
	d.inst.run = func(w *warp, _ *inst, m uint32) {
		x, v := w.pred(a), uint32(0)
		switch op {
		case arith.And:
			v = x & w.pred(b)
		case arith.Or:
			v = x | w.pred(b)
		case arith.Xor:
			v = x ^ w.pred(b)
		case arith.Not:
			v = ^x
		}
		w.setPred(dst, v, m)
	}
}

func decodeNot(d *decoder) {
	if d.src.Type(0) == ptx.Pred {
		d.predicateLogic(arith.Not)
		return
	}
	unaryOp(arith.Not)(d)
}

func decodeAddSub(op arith.Op) func(*decoder) {
	carry := map[arith.Op]carryOp{arith.Add: carryAdd, arith.Sub: carrySub}[op]
	return func(d *decoder) {
		if d.src.Has(ptx.ModCC) {
			d.carry(carry, false)
			return
		}
		if len(d.src.Types) == 2 { // add.f32.f16 and the like: the second operand is converted, and widening
			d.mixed(op)
			return
		}
		binaryOp(op)(d)
	}
}

// mixed is add, sub and fma with f16 or bf16 inputs and an f32 result (§9.7.5).
func (d *decoder) mixed(op arith.Op) {
	t, at := d.src.Type(0), d.src.Type(1)
	wide, err := arith.Cvt(arith.F32, d.arithType(at), arith.Options{})
	d.check(err)
	if t != ptx.F32 || err != nil {
		d.refuse("types .%v.%v", t, at)
		return
	}
	d.inst.flops = 1
	if op == arith.Fma {
		d.inst.flops = 2
		f, err := arith.Ternary(op, arith.F32, d.options())
		d.check(err)
		d.apply3(func(a, b, c uint64) uint64 { return f(wide(a), wide(b), c) }, t, at, at, t)
		return
	}
	f, err := arith.Binary(op, arith.F32, d.options())
	d.check(err)
	d.apply2(func(a, b uint64) uint64 { return f(wide(a), b) }, t, at, t)
}

// decodeMul is mul and mul24: of integers the low, high or all bits, of floats the product.
func decodeMul(d *decoder) {
	in, t := d.src, d.src.Type(0)
	if t.IsFloat() || t.IsPacked() {
		binaryOp(arith.Mul)(d)
		return
	}
	op := arith.MulLo
	dt := t
	switch {
	case in.Op == ptx.OpMul24 && in.Half() == ptx.ModHi:
		op = arith.Mul24Hi
	case in.Op == ptx.OpMul24:
		op = arith.Mul24Lo
	case in.Half() == ptx.ModHi:
		op = arith.MulHi
	case in.Half() == ptx.ModWide:
		op, dt = arith.MulWide, wider(t)
	}
	f, err := arith.Binary(op, d.arithType(t), d.options())
	d.check(err)
	d.apply2(f, dt, t, t)
	d.fast(op, t)
}

// wider is the integer type of twice the width.
func wider(t ptx.Type) ptx.Type {
	switch t {
	case ptx.U16:
		return ptx.U32
	case ptx.S16:
		return ptx.S32
	case ptx.U32:
		return ptx.U64
	}
	return ptx.S64
}

func decodeMad(d *decoder) {
	in, t := d.src, d.src.Type(0)
	if t.IsFloat() {
		ternaryOp(arith.Fma)(d)
		return
	}
	if in.Has(ptx.ModCC) {
		d.carry(carryMad, false)
		return
	}
	op := arith.MadLo
	dt := t
	switch {
	case in.Op == ptx.OpMad24 && in.Half() == ptx.ModHi:
		op = arith.Mad24Hi
	case in.Op == ptx.OpMad24:
		op = arith.Mad24Lo
	case in.Half() == ptx.ModHi:
		op = arith.MadHi
	case in.Half() == ptx.ModWide:
		op, dt = arith.MadWide, wider(t)
	}
	f, err := arith.Ternary(op, d.arithType(t), d.options())
	d.check(err)
	d.apply3(f, dt, t, t, dt)
	d.fast(op, t)
}

func decodeFma(d *decoder) {
	if len(d.src.Types) == 2 {
		d.mixed(arith.Fma)
		return
	}
	ternaryOp(arith.Fma)(d)
}

type carryOp uint8

const (
	carryAdd carryOp = iota
	carrySub
	carryMad
)

// carry decodes the extended-precision instructions (§9.7.2). The condition code is one bit of each
// lane; without .cc it is read only.
func (d *decoder) carry(op carryOp, in bool) {
	t, args := d.src.Type(0), d.src.Args
	a, b := d.val(args[1], t), d.val(args[2], t)
	c := a
	if op == carryMad {
		c = d.val(args[3], t)
	}
	dst := d.dst(args[0], t)
	out, hi, wide := d.src.Has(ptx.ModCC), d.src.Half() == ptx.ModHi, t.Bits() == 64
	signed := t.IsSigned()
	d.inst.run = func(w *warp, _ *inst, m uint32) {
		x, y, z, r := w.read(a, &w.buf[0]), w.read(b, &w.buf[1]), w.read(c, &w.buf[2]), &w.buf[3]
		carries := uint32(0)
		for l := range r {
			cf := uint64(0)
			if in {
				cf = uint64(w.carry >> l & 1)
			}
			var over uint64
			r[l], over = carryStep(op, x[l], y[l], z[l], cf, wide, hi, signed)
			carries |= uint32(over) << l
		}
		w.write(dst, r, m)
		if out {
			w.carry = w.carry&^m | carries&m
		}
	}
}

func carryStep(op carryOp, x, y, z, cf uint64, wide, hi, signed bool) (r, over uint64) {
	if wide {
		switch op {
		case carryAdd:
			return arith.AddCarry64(x, y, cf)
		case carrySub:
			return arith.SubBorrow64(x, y, cf)
		}
		return arith.MadCarry64(x, y, z, cf, hi, signed)
	}
	var r32, o32 uint32
	switch op {
	case carryAdd:
		r32, o32 = arith.AddCarry32(uint32(x), uint32(y), uint32(cf))
	case carrySub:
		r32, o32 = arith.SubBorrow32(uint32(x), uint32(y), uint32(cf))
	default:
		r32, o32 = arith.MadCarry32(uint32(x), uint32(y), uint32(z), uint32(cf), hi, signed)
	}
	return uint64(r32), uint64(o32)
}

func decodeDiv(d *decoder) {
	in, t := d.src, d.src.Type(0)
	d.inst.flops = flopsOf(t, 1)
	if in.Has(ptx.ModApprox) || in.Has(ptx.ModFull) {
		f := arith.ApproxDiv(in.Has(ptx.ModFull), in.Has(ptx.ModFTZ))
		args := in.Args
		a, b := d.val(args[1], t), d.val(args[2], t)
		dst := d.dst(args[0], t)
		code := in.Op
		d.inst.run = func(w *warp, in *inst, m uint32) {
			run2(func(a, b uint64) uint64 { return f(a, b, w.jitter(code, a^b<<32)) }, dst, a, b)(w, in, m)
		}
		return
	}
	binaryOp(arith.Div)(d)
}

// approximate decodes the functions with an error bound, and rcp and sqrt with a rounding.
func approximate(op arith.ApproxOp, exact arith.Op) func(*decoder) {
	return func(d *decoder) {
		in, t := d.src, d.src.Type(0)
		d.inst.flops = flopsOf(t, 1)
		if exact != 0 && in.Rounding() != 0 {
			unaryOp(exact)(d)
			return
		}
		f, err := arith.Approx(op, d.arithType(t), in.Has(ptx.ModFTZ))
		d.check(err)
		a := d.val(in.Args[1], t)
		dst := d.dst(in.Args[0], t)
		code := in.Op
		d.inst.run = func(w *warp, in *inst, m uint32) {
			run1(func(a uint64) uint64 { return f(a, w.jitter(code, a)) }, dst, a)(w, in, m)
		}
	}
}

// jitter is where an approximate result lies inside of its bound: the same for the same function of the same operand,
// as on hardware, whose units are tables and know of nothing else; and another one for another seed.
func (w *warp) jitter(code ptx.Op, x uint64) float64 {
	l := w.cta.launch
	if !l.Jitter {
		return 0
	}
	h := (x ^ l.JitterSeed*0x9e3779b97f4a7c15) + uint64(code)*0xbf58476d1ce4e5b9
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	h ^= h >> 31
	return float64(int64(h)>>11) / (1 << 52)
}
