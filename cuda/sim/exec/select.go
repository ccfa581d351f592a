package exec

import (
	"math/bits"

	"github.com/rapt-go/rapt/cuda/ptx"
	"github.com/rapt-go/rapt/cuda/sim/arith"
)

// This file decodes comparison, selection and moves.

var comparisons = map[ptx.Mod]arith.Cmp{ptx.ModEQ: arith.EQ, ptx.ModNE: arith.NE, ptx.ModLT: arith.LT, ptx.ModLE: arith.LE,
	ptx.ModGT: arith.GT, ptx.ModGE: arith.GE, ptx.ModLo: arith.LO, ptx.ModLS: arith.LS, ptx.ModHi: arith.HI, ptx.ModHS: arith.HS,
	ptx.ModEQU: arith.EQU, ptx.ModNEU: arith.NEU, ptx.ModLTU: arith.LTU, ptx.ModLEU: arith.LEU, ptx.ModGTU: arith.GTU,
	ptx.ModGEU: arith.GEU, ptx.ModNum: arith.NUM, ptx.ModNaN: arith.NAN}

// combine is what the boolean operator of set and setp makes of the comparison and the predicate.
func combine(op ptx.Mod, p, c uint32) uint32 {
	switch op {
	case ptx.ModAnd:
		return p & c
	case ptx.ModOr:
		return p | c
	case ptx.ModXor:
		return p ^ c
	}
	return p
}

// comparison is the comparison of the instruction's last type: of packed types that of the low and
// the high halves.
func (d *decoder) comparison(t ptx.Type) (low, high func(a, b uint64) bool) {
	at := d.arithType(t)
	f, err := arith.Compare(comparisons[d.src.Compare()], at.Lane(), d.src.Has(ptx.ModFTZ))
	d.check(err)
	if at.Lane() == at {
		return f, nil
	}
	return func(a, b uint64) bool { return f(a&0xffff, b&0xffff) },
		func(a, b uint64) bool { return f(a>>16&0xffff, b>>16&0xffff) }
}

// compare is a comparison over the lanes.
func (w *warp) compare(f func(a, b uint64) bool, a, b slot) uint32 {
	x, y := w.read(a, &w.buf[0]), w.read(b, &w.buf[1])
	var p uint32
	for l := range x {
		if f(x[l], y[l]) {
			p |= 1 << l
		}
	}
	return p
}

// decodeSetp is setp: p = (a cmp b) op c, q = !(a cmp b) op c; of packed types p is for the low
// halves and q for the high ones.
func decodeSetp(d *decoder) {
	in := d.src
	t := in.Types[len(in.Types)-1]
	low, high := d.comparison(t)
	a, b := d.val(in.Args[1], t), d.val(in.Args[2], t)
	op := in.Operation()
	c := slot{}
	if len(in.Args) > 3 {
		c = d.val(in.Args[3], ptx.Pred)
	}
	pair, ok := in.Args[0].(*ptx.Pair)
	if !ok {
		p := d.dst(in.Args[0], ptx.Pred)
		d.inst.run = func(w *warp, _ *inst, m uint32) {
			v := w.compare(low, a, b)
			if op != 0 {
				v = combine(op, v, w.pred(c))
			}
			w.setPred(p, v, m)
		}
		if op == 0 {
			d.fastCompare(t, p, a, b)
		}
		return
	}
	p, q := d.dst(pair.A, ptx.Pred), d.dst(pair.B, ptx.Pred)
	d.inst.run = func(w *warp, _ *inst, m uint32) {
		v := w.compare(low, a, b)
		u := ^v
		if high != nil {
			u = w.compare(high, a, b)
		}
		if op != 0 {
			k := w.pred(c)
			v, u = combine(op, v, k), combine(op, u, k)
		}
		w.setPred(p, v, m)
		w.setPred(q, u, m)
	}
}

// decodeSet is set: the value that its type has for true or false.
func decodeSet(d *decoder) {
	in := d.src
	dt, t := in.Type(0), in.Type(len(in.Types)-1)
	low, high := d.comparison(t)
	a, b := d.val(in.Args[1], t), d.val(in.Args[2], t)
	op := in.Operation()
	c := slot{}
	if len(in.Args) > 3 {
		c = d.val(in.Args[3], ptx.Pred)
	}
	dst := d.dst(in.Args[0], dt)
	at := d.arithType(dt)
	yes, no := arith.SetValue(at.Lane(), true), arith.SetValue(at.Lane(), false)
	pick := func(v uint32, l int) uint64 {
		if v>>l&1 != 0 {
			return yes
		}
		return no
	}
	// A packed comparison with a plain result sets both halves of it (§9.7.7.1).
	d.inst.run = func(w *warp, _ *inst, m uint32) {
		v := w.compare(low, a, b)
		u := v
		if high != nil {
			u = w.compare(high, a, b)
		}
		if op != 0 {
			k := w.pred(c)
			v, u = combine(op, v, k), combine(op, u, k)
		}
		out := &w.buf[3]
		for l := range out {
			out[l] = pick(v, l)
			if high != nil {
				out[l] = out[l]&0xffff | pick(u, l)&0xffff<<16
			}
		}
		w.write(dst, out, m)
	}
}

// decodeSelp is selp: c ? a : b.
func decodeSelp(d *decoder) {
	in, t := d.src, d.src.Type(0)
	a, b := d.val(in.Args[1], t), d.val(in.Args[2], t)
	c := d.val(in.Args[3], ptx.Pred)
	dst := d.dst(in.Args[0], t)
	d.inst.run = func(w *warp, _ *inst, m uint32) {
		p := w.pred(c)
		if dst.class == c32 && a.class == c32 && b.class == c32 {
			r, x, y := &w.r32[dst.idx], &w.r32[a.idx], &w.r32[b.idx]
			if m != full {
				r = &w.tmp32
			}
			for l := range r {
				s := -(p >> l & 1)
				r[l] = y[l] ^ (x[l]^y[l])&s
			}
			if m != full {
				blend(&w.r32[dst.idx], r, m)
			}
			return
		}
		x, y, out := w.read(a, &w.buf[0]), w.read(b, &w.buf[1]), &w.buf[3]
		for l := range out {
			s := -uint64(p >> l & 1)
			out[l] = y[l] ^ (x[l]^y[l])&s
		}
		w.write(dst, out, m)
	}
}

// decodeSlct is slct: c ≥ 0 ? a : b.
func decodeSlct(d *decoder) {
	t, ct := d.src.Type(0), d.src.Type(1)
	f, err := arith.Slct(d.arithType(ct), d.src.Has(ptx.ModFTZ))
	d.check(err)
	args := d.src.Args
	a, b, c := d.val(args[1], t), d.val(args[2], t), d.val(args[3], ct)
	d.inst.run = run3(f, d.dst(args[0], t), a, b, c)
}

func decodeTestp(d *decoder) {
	kinds := map[ptx.Mod]arith.TestpOp{ptx.ModFinite: arith.TestFinite, ptx.ModInfinite: arith.TestInfinite, ptx.ModNumber: arith.TestNumber,
		ptx.ModNotANumber: arith.TestNotANumber, ptx.ModNormal: arith.TestNormal, ptx.ModSubnormal: arith.TestSubnormal}
	in, t := d.src, d.src.Type(0)
	for _, m := range in.Mods {
		k, ok := kinds[m]
		if !ok {
			continue
		}
		f, err := arith.Testp(k, d.arithType(t))
		d.check(err)
		a := d.val(in.Args[1], t)
		p := d.dst(in.Args[0], ptx.Pred)
		d.inst.run = func(w *warp, _ *inst, m uint32) {
			w.setPred(p, w.compare(func(a, _ uint64) bool { return f(a) }, a, a), m)
		}
		return
	}
	d.refuse("no class of numbers")
}

// decodeMov is mov: a copy, or the packing of a vector into a scalar and back.
func decodeMov(d *decoder) {
	in := d.src
	dst, _ := wide(in.Args[0], in.Type(0))
	src, t := wide(in.Args[1], in.Type(0))
	part := func(n int) ptx.Type { // of a scalar of type t
		switch t.Bits() / n {
		case 8:
			return ptx.B8
		case 16:
			return ptx.B16
		case 32:
			return ptx.B32
		}
		return ptx.B64
	}
	var from, to []slot
	switch {
	case len(dst) == len(src):
		part = func(int) ptx.Type { return t }
	case len(dst) != 1 && len(src) != 1:
		d.refuse("%d registers from %d", len(dst), len(src))
		return
	}
	for _, o := range src {
		st := t
		if len(src) > 1 {
			st = part(len(src))
		}
		from = append(from, d.val(o, st))
	}
	for _, o := range dst {
		dt := t
		if len(dst) > 1 {
			dt = part(len(dst))
		}
		to = append(to, d.dst(o, dt))
	}
	switch {
	case len(dst) == len(src):
		d.inst.run = func(w *warp, _ *inst, m uint32) {
			var held [4]lanes64 // a source may be a destination before it
			for i := range from {
				held[i] = *w.read(from[i], &w.buf[0])
			}
			for i := range to {
				w.write(to[i], &held[i], m)
			}
		}
		if len(dst) == 1 {
			d.fastMove(to[0], from[0])
		}
	case len(dst) == 1:
		d.inst.run = pack(to[0], from, uint(t.Bits()/len(from)))
	default:
		d.inst.run = unpack(to, from[0], uint(t.Bits()/len(to)))
	}
}

// pack is mov.b64 d, {a, b}: the first in the lowest bits.
func pack(d slot, from []slot, width uint) func(*warp, *inst, uint32) {
	return func(w *warp, _ *inst, m uint32) {
		out := &w.buf[3]
		clear(out[:])
		for i, s := range from {
			x := w.read(s, &w.buf[0])
			for l := range out {
				out[l] |= x[l] & (1<<width - 1) << (uint(i) * width)
			}
		}
		w.write(d, out, m)
	}
}

func unpack(to []slot, from slot, width uint) func(*warp, *inst, uint32) {
	return func(w *warp, _ *inst, m uint32) {
		w.buf[0] = *w.read(from, &w.buf[0]) // the source may be among the destinations
		for i, s := range to {
			out := &w.buf[3]
			for l, x := range &w.buf[0] {
				out[l] = x >> (uint(i) * width) & (1<<width - 1)
			}
			w.write(s, out, m)
		}
	}
}

func decodeCvt(d *decoder) {
	in := d.src
	dt, t := in.Type(0), in.Type(1)
	if len(in.Args) >= 3 {
		d.convertMany()
		return
	}
	f, err := arith.Cvt(d.arithType(dt), d.arithType(t), d.options())
	d.check(err)
	d.apply1(f, dt, t)
	d.fastConvert(dt, t)
}

// convertMany is cvt of two values into one packed register, and cvt.pack.
func (d *decoder) convertMany() {
	in := d.src
	dt, t := in.Type(0), in.Type(1)
	if t == ptx.S32 {
		f, err := arith.CvtPack(d.arithType(dt))
		d.check(err)
		if len(in.Args) == 4 {
			d.apply3(f, ptx.B32, ptx.S32, ptx.S32, ptx.B32)
			return
		}
		d.apply2(func(a, b uint64) uint64 { return f(a, b, 0) }, ptx.B32, ptx.S32, ptx.S32)
		return
	}
	if len(in.Args) != 3 {
		d.refuse("%d operands", len(in.Args))
		return
	}
	f, err := arith.CvtPair(d.arithType(dt), d.arithType(t), d.options())
	d.check(err)
	d.apply2(f, dt, t, t)
}

// windowOf is where a space lies in generic addresses; 0 where its addresses are generic already.
func windowOf(s ptx.Space) uint64 {
	switch s {
	case ptx.SharedSpace, ptx.SharedCTA, ptx.SharedCluster:
		return sharedWindow
	case ptx.LocalSpace:
		return localWindow
	}
	return 0
}

// decodeCvta is cvta and cvta.to (§9.7.9.20).
func decodeCvta(d *decoder) {
	in, t := d.src, d.src.Type(0)
	if t != ptx.U64 {
		d.refuse("generic addresses have 64 bits")
	}
	window := windowOf(in.Space())
	if in.Space() == ptx.ConstSpace {
		cvtaConst(d)
		return
	}
	if in.Has(ptx.ModTo) {
		d.apply1(func(a uint64) uint64 { return a - window }, t, t)
		return
	}
	d.apply1(func(a uint64) uint64 { return a + window }, t, t)
}

// cvtaConst is cvta of constant memory, which lies where the module was loaded.
func cvtaConst(d *decoder) {
	a, r := d.val(d.src.Args[1], ptx.U64), d.dst(d.src.Args[0], ptx.U64)
	to := d.src.Has(ptx.ModTo)
	d.inst.run = func(w *warp, _ *inst, m uint32) {
		base, x, out := w.cta.worker.image.constBase, w.read(a, &w.buf[0]), &w.buf[3]
		if to {
			base = -base
		}
		for l := range out {
			out[l] = x[l] + base
		}
		w.write(r, out, m)
	}
}

func decodeIsspacep(d *decoder) {
	in := d.src
	space := in.Space()
	a := d.val(in.Args[1], ptx.U64)
	p := d.dst(in.Args[0], ptx.Pred)
	d.inst.run = func(w *warp, _ *inst, m uint32) {
		x := w.read(a, &w.buf[0])
		var v uint32
		for l := range x {
			if w.isIn(space, x[l]) {
				v |= 1 << l
			}
		}
		w.setPred(p, v, m)
	}
}

func (w *warp) isIn(space ptx.Space, addr uint64) bool {
	s, _ := spaceOf(addr)
	switch space {
	case ptx.SharedSpace, ptx.SharedCTA, ptx.SharedCluster:
		return s == ptx.SharedSpace
	case ptx.ParamSpace, ptx.ParamEntry:
		return s == ptx.ParamSpace
	case ptx.ConstSpace, ptx.GlobalSpace:
		if s != ptx.GlobalSpace {
			return false
		}
		a := w.cta.worker.image.memory.Find(addr)
		return (a != nil && a.ReadOnly) == (space == ptx.ConstSpace)
	}
	return s == space
}

// lanesOf calls f for each lane of a mask.
func lanesOf(m uint32, f func(l int)) {
	for ; m != 0; m &= m - 1 {
		f(bits.TrailingZeros32(m))
	}
}
