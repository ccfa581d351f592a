package exec

import (
	"math"

	"github.com/rapt-go/rapt/cuda/ptx"
	"github.com/rapt-go/rapt/cuda/sim/arith"
)

// This file is loops over the lanes for the instructions that kernels spend their time in. Each does
// what package arith's function for the instruction does.

type loop32 = func(d, a, b, c *lanes32)

var loops32 = map[arith.Op]loop32{
	arith.Add: func(d, a, b, _ *lanes32) {
		for i := range d {
			d[i] = a[i] + b[i]
		}
	},
	arith.Sub: func(d, a, b, _ *lanes32) {
		for i := range d {
			d[i] = a[i] - b[i]
		}
	},
	arith.MulLo: func(d, a, b, _ *lanes32) {
		for i := range d {
			d[i] = a[i] * b[i]
		}
	},
	arith.MadLo: func(d, a, b, c *lanes32) {
		for i := range d {
			d[i] = a[i]*b[i] + c[i]
		}
	},
	arith.And: func(d, a, b, _ *lanes32) {
		for i := range d {
			d[i] = a[i] & b[i]
		}
	},
	arith.Or: func(d, a, b, _ *lanes32) {
		for i := range d {
			d[i] = a[i] | b[i]
		}
	},
	arith.Xor: func(d, a, b, _ *lanes32) {
		for i := range d {
			d[i] = a[i] ^ b[i]
		}
	},
	arith.Shl: func(d, a, b, _ *lanes32) {
		for i := range d {
			d[i] = a[i] << b[i]
		}
	},
	arith.Neg: func(d, a, _, _ *lanes32) {
		for i := range d {
			d[i] = -a[i]
		}
	},
	arith.Not: func(d, a, _, _ *lanes32) {
		for i := range d {
			d[i] = ^a[i]
		}
	},
}

var loopsS32 = map[arith.Op]loop32{
	arith.Min: func(d, a, b, _ *lanes32) {
		for i := range d {
			d[i] = uint32(min(int32(a[i]), int32(b[i])))
		}
	},
	arith.Max: func(d, a, b, _ *lanes32) {
		for i := range d {
			d[i] = uint32(max(int32(a[i]), int32(b[i])))
		}
	},
	arith.Shr: func(d, a, b, _ *lanes32) {
		for i := range d {
			d[i] = uint32(int32(a[i]) >> b[i])
		}
	},
}

var loopsU32 = map[arith.Op]loop32{
	arith.Min: func(d, a, b, _ *lanes32) {
		for i := range d {
			d[i] = min(a[i], b[i])
		}
	},
	arith.Max: func(d, a, b, _ *lanes32) {
		for i := range d {
			d[i] = max(a[i], b[i])
		}
	},
	arith.Shr: func(d, a, b, _ *lanes32) {
		for i := range d {
			d[i] = a[i] >> b[i]
		}
	},
}

var loopsF32 = map[arith.Op]loop32{
	arith.Add: func(d, a, b, _ *lanes32) {
		for i := range d {
			d[i] = arith.AddF32(a[i], b[i])
		}
	},
	arith.Sub: func(d, a, b, _ *lanes32) {
		for i := range d {
			d[i] = arith.SubF32(a[i], b[i])
		}
	},
	arith.Mul: func(d, a, b, _ *lanes32) {
		for i := range d {
			d[i] = arith.MulF32(a[i], b[i])
		}
	},
	arith.Max: func(d, a, b, _ *lanes32) {
		for i := range d {
			d[i] = arith.MaxF32(a[i], b[i])
		}
	},
	arith.Min: func(d, a, b, _ *lanes32) {
		for i := range d {
			d[i] = arith.MinF32(a[i], b[i])
		}
	},
	arith.Fma: arith.FmaF32Lanes,
}

var loops64 = map[arith.Op]func(d, a, b, c *lanes64){
	arith.Add: func(d, a, b, _ *lanes64) {
		for i := range d {
			d[i] = a[i] + b[i]
		}
	},
	arith.Sub: func(d, a, b, _ *lanes64) {
		for i := range d {
			d[i] = a[i] - b[i]
		}
	},
	arith.MulLo: func(d, a, b, _ *lanes64) {
		for i := range d {
			d[i] = a[i] * b[i]
		}
	},
	arith.MadLo: func(d, a, b, c *lanes64) {
		for i := range d {
			d[i] = a[i]*b[i] + c[i]
		}
	},
	arith.And: func(d, a, b, _ *lanes64) {
		for i := range d {
			d[i] = a[i] & b[i]
		}
	},
	arith.Or: func(d, a, b, _ *lanes64) {
		for i := range d {
			d[i] = a[i] | b[i]
		}
	},
	arith.Xor: func(d, a, b, _ *lanes64) {
		for i := range d {
			d[i] = a[i] ^ b[i]
		}
	},
}

// operands are the slots of the instruction, destination first; false where one is no register or
// constant of the class, or the destination is narrower than the class.
func (d *decoder) operands(c class) ([]slot, bool) {
	var slots []slot
	for i, o := range d.src.Args {
		var s slot
		switch o := o.(type) {
		case *ptx.RegRef:
			s = d.reg(o)
		case *ptx.Imm:
			s = d.constant(map[class]ptx.Type{c32: ptx.U32, c64: ptx.U64}[c], immBits(o, d.src.Type(0)))
		case *ptx.Special:
			s = d.special(o)
		default:
			return nil, false
		}
		if s.class != c || i == 0 && s.bits != 32 && s.bits != 64 {
			return nil, false
		}
		slots = append(slots, s)
	}
	for len(slots) < 4 {
		slots = append(slots, slots[0])
	}
	return slots, true
}

// fast replaces the function of the instruction by a loop where there is one for it.
func (d *decoder) fast(op arith.Op, t ptx.Type) {
	if d.refused || d.options() != (arith.Options{}) {
		return
	}
	if f := loops64[op]; f != nil && t.Bits() == 64 && !t.IsFloat() && !t.IsPacked() {
		if s, ok := d.operands(c64); ok {
			d.inst.kind, d.inst.a64 = kA64, f
			d.inst.d, d.inst.a, d.inst.b, d.inst.c = s[0].idx, s[1].idx, s[2].idx, s[3].idx
		}
		return
	}
	var f loop32
	switch t {
	case ptx.F32:
		f = loopsF32[op]
	case ptx.S32:
		f = loopsS32[op]
	case ptx.U32, ptx.B32:
		f = loopsU32[op]
	}
	if f == nil && t.Bits() == 32 && !t.IsFloat() && !t.IsPacked() {
		f = loops32[op]
	}
	if f == nil {
		return
	}
	if s, ok := d.operands(c32); ok {
		d.inst.kind, d.inst.a32 = kA32, f
		d.inst.d, d.inst.a, d.inst.b, d.inst.c = s[0].idx, s[1].idx, s[2].idx, s[3].idx
	}
}

func (d *decoder) fastMove(dst, src slot) {
	switch {
	case dst.class == c32 && src.class == c32 && dst.bits == 32:
		d.inst.kind, d.inst.a32 = kA32, func(d, a, _, _ *lanes32) { *d = *a }
	case dst.class == c64 && src.class == c64:
		d.inst.kind, d.inst.a64 = kA64, func(d, a, _, _ *lanes64) { *d = *a }
	default:
		return
	}
	d.inst.d, d.inst.a, d.inst.b, d.inst.c = dst.idx, src.idx, src.idx, src.idx
}

// fastConvert is the conversions between the widths of integers, which addresses are full of.
func (d *decoder) fastConvert(dt, t ptx.Type) {
	if d.refused || d.src.Has(ptx.ModSat) {
		return
	}
	dst, ok := d.src.Args[0].(*ptx.RegRef)
	src, ok2 := d.src.Args[1].(*ptx.RegRef)
	if !ok || !ok2 {
		return
	}
	to, from := d.reg(dst), d.reg(src)
	wide, narrow := dt.Bits() == 64 && (dt.IsInt()), t.Bits() == 32 && t.IsInt()
	switch {
	case wide && narrow && to.class == c64 && from.class == c32:
		signed := t.IsSigned()
		d.inst.run = func(w *warp, _ *inst, m uint32) {
			out, in := &w.r64[to.idx], &w.r32[from.idx]
			if m != full {
				out = &w.tmp64
			}
			if signed {
				for l := range out {
					out[l] = uint64(int64(int32(in[l])))
				}
			} else {
				for l := range out {
					out[l] = uint64(in[l])
				}
			}
			if m != full {
				blend(&w.r64[to.idx], out, m)
			}
		}
	case dt.Bits() == 32 && dt.IsInt() && t.Bits() == 64 && t.IsInt() && to.class == c32 && from.class == c64 && to.bits == 32:
		d.inst.run = func(w *warp, _ *inst, m uint32) {
			out, in := &w.r32[to.idx], &w.r64[from.idx]
			if m != full {
				out = &w.tmp32
			}
			for l := range out {
				out[l] = uint32(in[l])
			}
			if m != full {
				blend(&w.r32[to.idx], out, m)
			}
		}
	}
}

func bit(b bool) uint32 {
	var x uint32
	if b {
		x = 1
	}
	return x
}

// signedOrder makes comparisons of signed integers those of unsigned ones.
const signedOrder = 1 << 31

func lessThan(a, b *lanes32, flip uint32) (p uint32) {
	for i := range a {
		p |= bit(a[i]^flip < b[i]^flip) << (i & 31)
	}
	return p
}

func equal(a, b *lanes32) (p uint32) {
	for i := range a {
		p |= bit(a[i] == b[i]) << (i & 31)
	}
	return p
}

// fastCompare is setp of 32-bit integers and f32.
func (d *decoder) fastCompare(t ptx.Type, p, a, b slot) {
	if d.refused || a.class != c32 || b.class != c32 || d.src.Has(ptx.ModFTZ) {
		return
	}
	var f func(a, b *lanes32) uint32
	cmp := d.src.Compare()
	switch {
	case t == ptx.F32:
		f = compareF32(cmp)
	case t.Bits() == 32 && (t.IsInt() || t.IsBits()):
		flip := uint32(0)
		if t.IsSigned() {
			flip = signedOrder
		}
		f = compareInt(cmp, flip)
	}
	if f == nil {
		return
	}
	d.inst.kind, d.inst.set32 = kSet, f
	d.inst.d, d.inst.a, d.inst.b = p.idx, a.idx, b.idx
}

func compareInt(cmp ptx.Mod, flip uint32) func(a, b *lanes32) uint32 {
	switch cmp {
	case ptx.ModEQ:
		return equal
	case ptx.ModNE:
		return func(a, b *lanes32) uint32 { return ^equal(a, b) }
	case ptx.ModLT, ptx.ModLo:
		return func(a, b *lanes32) uint32 { return lessThan(a, b, flip) }
	case ptx.ModGE, ptx.ModHS:
		return func(a, b *lanes32) uint32 { return ^lessThan(a, b, flip) }
	case ptx.ModGT, ptx.ModHi:
		return func(a, b *lanes32) uint32 { return lessThan(b, a, flip) }
	case ptx.ModLE, ptx.ModLS:
		return func(a, b *lanes32) uint32 { return ^lessThan(b, a, flip) }
	}
	return nil
}

func compareF32(cmp ptx.Mod) func(a, b *lanes32) uint32 {
	less := func(a, b *lanes32) (p uint32) {
		for i := range a {
			p |= bit(math.Float32frombits(a[i]) < math.Float32frombits(b[i])) << (i & 31)
		}
		return p
	}
	lessEqual := func(a, b *lanes32) (p uint32) {
		for i := range a {
			p |= bit(math.Float32frombits(a[i]) <= math.Float32frombits(b[i])) << (i & 31)
		}
		return p
	}
	switch cmp {
	case ptx.ModLT:
		return less
	case ptx.ModLE:
		return lessEqual
	case ptx.ModGT:
		return func(a, b *lanes32) uint32 { return less(b, a) }
	case ptx.ModGE:
		return func(a, b *lanes32) uint32 { return lessEqual(b, a) }
	case ptx.ModGEU:
		return func(a, b *lanes32) uint32 { return ^less(a, b) }
	case ptx.ModLEU:
		return func(a, b *lanes32) uint32 { return ^less(b, a) }
	case ptx.ModGTU:
		return func(a, b *lanes32) uint32 { return ^lessEqual(a, b) }
	case ptx.ModLTU:
		return func(a, b *lanes32) uint32 { return ^lessEqual(b, a) }
	}
	return nil
}
