package exec

import (
	"github.com/rapt-go/rapt/cuda/ptx"
	"github.com/rapt-go/rapt/cuda/sim/arith"
)

// This file decodes the bit instructions whose operands differ in type or meaning.

func decodeShf(d *decoder) {
	left, wrap := d.src.Has(ptx.ModLeft), d.src.Has(ptx.ModWrap)
	f := func(a, b, c uint64) uint64 { return uint64(arith.ShfR32(uint32(a), uint32(b), uint32(c), wrap)) }
	if left {
		f = func(a, b, c uint64) uint64 { return uint64(arith.ShfL32(uint32(a), uint32(b), uint32(c), wrap)) }
	}
	d.apply3(f, ptx.B32, ptx.B32, ptx.B32, ptx.U32)
}

func decodeBfi(d *decoder) {
	in, t := d.src, d.src.Type(0)
	a, b := d.val(in.Args[1], t), d.val(in.Args[2], t)
	pos, length := d.val(in.Args[3], ptx.U32), d.val(in.Args[4], ptx.U32)
	dst := d.dst(in.Args[0], t)
	d.inst.run = func(w *warp, _ *inst, m uint32) {
		x, y, p := w.read(a, &w.buf[0]), w.read(b, &w.buf[1]), w.read(pos, &w.buf[2])
		n, out := &w.r32[length.idx], &w.buf[3]
		for l := range out {
			if t.Bits() == 64 {
				out[l] = arith.Bfi64(x[l], y[l], uint32(p[l]), n[l])
			} else {
				out[l] = uint64(arith.Bfi32(uint32(x[l]), uint32(y[l]), uint32(p[l]), n[l]))
			}
		}
		w.write(dst, out, m)
	}
}

func decodeBmsk(d *decoder) {
	wrap := d.src.Has(ptx.ModWrap)
	d.apply2(func(a, b uint64) uint64 { return uint64(arith.Bmsk32(uint32(a), uint32(b), wrap)) }, ptx.B32, ptx.U32, ptx.U32)
}

func decodeSzext(d *decoder) {
	t, wrap := d.src.Type(0), d.src.Has(ptx.ModWrap)
	d.apply2(func(a, b uint64) uint64 { return uint64(arith.Szext32(uint32(a), uint32(b), t.IsSigned(), wrap)) }, t, t, ptx.U32)
}

func decodeFns(d *decoder) {
	d.apply3(func(a, b, c uint64) uint64 { return uint64(arith.Fns(uint32(a), uint32(b), uint32(c))) }, ptx.B32, ptx.B32, ptx.B32, ptx.S32)
}

// decodeLop3 is lop3, with a predicate of it (d != 0) op q in the form with .BoolOp (§9.7.8.6).
func decodeLop3(d *decoder) {
	in := d.src
	args := in.Args
	var p, q, dst slot
	pair, boolean := args[0].(*ptx.Pair)
	a, b, c := d.val(args[1], ptx.B32), d.val(args[2], ptx.B32), d.val(args[3], ptx.B32)
	lut, ok := args[4].(*ptx.Imm)
	if !ok {
		d.refuse("a table that is no constant")
		return
	}
	f := arith.Lop3(uint8(lut.Bits))
	g := func(a, b, c uint64) uint64 { return uint64(f(uint32(a), uint32(b), uint32(c))) }
	if !boolean {
		d.inst.run = run3(g, d.dst(args[0], ptx.B32), a, b, c)
		return
	}
	op := in.Operation()
	q = d.val(args[5], ptx.Pred)
	dst, p = d.dst(pair.A, ptx.B32), d.dst(pair.B, ptx.Pred)
	d.inst.run = func(w *warp, _ *inst, m uint32) {
		v, k := uint32(0), w.pred(q)
		lanesOf(m, func(l int) {
			r := f(w.r32[a.idx][l], w.r32[b.idx][l], w.r32[c.idx][l])
			w.buf[3][l] = uint64(r)
			if r != 0 {
				v |= 1 << l
			}
		})
		w.write(dst, &w.buf[3], m)
		w.setPred(p, combine(op, v, k), m)
	}
}

func decodePrmt(d *decoder) {
	mode := arith.PrmtGeneric
	for m, p := range map[ptx.Mod]arith.PrmtMode{ptx.ModF4E: arith.PrmtF4E, ptx.ModB4E: arith.PrmtB4E, ptx.ModRC8: arith.PrmtRC8,
		ptx.ModECL: arith.PrmtECL, ptx.ModECR: arith.PrmtECR, ptx.ModRC16: arith.PrmtRC16} {
		if d.src.Has(m) {
			mode = p
		}
	}
	f := arith.Prmt(mode)
	d.apply3(func(a, b, c uint64) uint64 { return uint64(f(uint32(a), uint32(b), uint32(c))) }, ptx.B32, ptx.B32, ptx.B32, ptx.B32)
}

func decodeDp4a(d *decoder) {
	a, b := d.src.Type(0), d.src.Type(1)
	ct := ptx.U32
	if a.IsSigned() || b.IsSigned() {
		ct = ptx.S32
	}
	d.apply3(func(x, y, z uint64) uint64 {
		return uint64(arith.Dp4a(uint32(x), uint32(y), uint32(z), a.IsSigned(), b.IsSigned()))
	}, ct, ptx.B32, ptx.B32, ct)
}

func decodeDp2a(d *decoder) {
	a, b, hi := d.src.Type(0), d.src.Type(1), d.src.Has(ptx.ModHi)
	ct := ptx.U32
	if a.IsSigned() || b.IsSigned() {
		ct = ptx.S32
	}
	d.apply3(func(x, y, z uint64) uint64 {
		return uint64(arith.Dp2a(uint32(x), uint32(y), uint32(z), hi, a.IsSigned(), b.IsSigned()))
	}, ct, ptx.B32, ptx.B32, ct)
}
