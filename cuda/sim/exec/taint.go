package exec

import (
	"math/bits"
	"slices"

	"github.com/rapt-go/rapt/cuda/ptx"
)

// This file is how undefined bits of operands spread to those of results.

// The ways in which undefined operands make results undefined, of instructions with flow.copies.
type spread uint8

const (
	spreadAll   spread = iota // one undefined bit of an operand makes the results undefined
	spreadExact               // bits are moved, or combined with those in the same place: see exact
	spreadCarry               // a bit has an effect on those from its place on, as in an addition
	spreadLanes               // in.taint says in which lanes
	spreadStore               // there is no result but memory, see storedUndefined
)

// passesOn reports whether an instruction only computes: its result is undefined where an operand is.
func passesOn(in *ptx.Inst) bool {
	switch in.Op {
	case ptx.OpSet, ptx.OpSetp, ptx.OpSelp, ptx.OpSlct, ptx.OpTestp, ptx.OpMov, ptx.OpCvt, ptx.OpCvtPack, ptx.OpCvta, ptx.OpIsspacep:
		return true
	}
	return (decoderOfArithmetic(in.Op) != nil || decoderOfBits(in.Op) != nil) && !in.Has(ptx.ModCC) // the condition code is not followed
}

// passOn makes what the instruction reads, but for its guard, the registers that its results depend on.
func (d *decoder) passOn() {
	if d.inst.copies != nil || !passesOn(d.src) {
		return
	}
	guard := 0
	if d.inst.guard >= 0 {
		guard = 1
	}
	uses := d.inst.uses
	d.inst.uses, d.inst.copies = uses[:guard:guard], uses[guard:]
	if exact, controls := d.exact(); exact {
		d.inst.spread, d.inst.controls = spreadExact, controls
	} else if d.carries() {
		d.inst.spread = spreadCarry
	}
}

// exact reports whether each bit of the results is one of an operand or a boolean function of bits of
// different operands, but for operands that control which: those have to be defined.
func (d *decoder) exact() (ok bool, controls []int32) {
	in := d.src
	var list []int
	switch in.Op {
	case ptx.OpMov, ptx.OpAnd, ptx.OpOr, ptx.OpXor, ptx.OpNot, ptx.OpBrev:
	case ptx.OpLop3:
		if len(in.Args) != 5 { // .BoolOp has a predicate of the whole result
			return false, nil
		}
	case ptx.OpCvt:
		if len(in.Args) != 2 || !plainInteger(in.Type(0)) || !plainInteger(in.Type(1)) || in.Has(ptx.ModSat) {
			return false, nil
		}
	case ptx.OpShl, ptx.OpShr:
		list = []int{2}
	case ptx.OpSelp, ptx.OpSlct, ptx.OpShf, ptx.OpPrmt:
		list = []int{3}
	case ptx.OpBfe:
		list = []int{2, 3}
	case ptx.OpBfi:
		list = []int{3, 4}
	default:
		return false, nil
	}
	for _, i := range list {
		if i >= len(in.Args) {
			return false, nil
		}
		if r, ok := in.Args[i].(*ptx.RegRef); ok {
			controls = append(controls, d.reg(r).def)
		}
	}
	return true, controls
}

// carries reports whether the instruction is an integer sum or product of which the low bits depend only on
// the low bits of the operands.
func (d *decoder) carries() bool {
	in := d.src
	switch in.Op {
	case ptx.OpAdd, ptx.OpSub, ptx.OpMul, ptx.OpMad, ptx.OpNeg:
		return plainInteger(in.Type(0)) && in.Half() != ptx.ModHi && !in.Has(ptx.ModSat)
	}
	return false
}

// plainInteger is an integer or untyped scalar.
func plainInteger(t ptx.Type) bool {
	switch t {
	case ptx.U8, ptx.S8, ptx.B8, ptx.U16, ptx.S16, ptx.B16, ptx.U32, ptx.S32, ptx.B32, ptx.U64, ptx.S64, ptx.B64:
		return true
	}
	return false
}

func widthMask(n int) uint64 { return ^uint64(0) >> (64 - n) }

// undefinedLanes is the lanes of m in which a register has undefined bits.
func (w *warp) undefinedLanes(u int32, m uint32) uint32 {
	bad := m &^ w.def[u]
	if bad == 0 {
		return 0
	}
	if p := w.frame.parts[u]; p != nil {
		for rest := bad; rest != 0; rest &= rest - 1 {
			if l := bits.TrailingZeros32(rest); p[l] == 0 {
				bad &^= 1 << l
			}
		}
	}
	return bad
}

// undefinedBits is the undefined bits of a register that is not defined in a lane.
func (w *warp) undefinedBits(u int32, lane int) uint64 {
	if p := w.frame.parts[u]; p != nil {
		return p[lane]
	}
	return w.fn.slots[u].mask()
}

// mask is the bits that a register has.
func (s slot) mask() uint64 {
	if s.class == cPred {
		return 1
	}
	return widthMask(int(s.bits))
}

// setUndefined notes which bits of register u are undefined in the lanes m; nil is all.
func (w *warp) setUndefined(u int32, m uint32, undefined *lanes64) {
	f := w.frame
	p := f.parts[u]
	if p == nil && undefined == nil {
		return
	}
	all := w.fn.slots[u].mask()
	if p == nil {
		if f.parts == nil {
			f.parts = map[int32]*lanes64{}
		}
		p = new(lanes64)
		for l := range p {
			p[l] = all
		}
		f.parts[u] = p
	}
	lanesOf(m, func(l int) {
		if undefined == nil {
			p[l] = all
		} else {
			p[l] = undefined[l] & all
		}
	})
}

// taint is the lanes in which the results of an instruction are undefined, of which it notes the bits.
func (w *warp) taint(in *inst, f *flow, m uint32) (taint uint32) {
	if in.spread == spreadLanes {
		taint = in.taint(w, m)
	} else {
		for _, u := range f.copies {
			taint |= w.undefinedLanes(u, m)
		}
	}
	if taint == 0 {
		return 0
	}
	switch in.spread {
	case spreadExact:
		return w.exact(in, f, m)
	case spreadCarry:
		var out lanes64
		lanesOf(taint, func(l int) {
			for _, u := range f.copies {
				if w.def[u]>>l&1 == 0 {
					out[l] |= w.undefinedBits(u, l)
				}
			}
			out[l] = -(out[l] & -out[l]) // from the lowest on
		})
		for _, d := range f.defs {
			w.setUndefined(d, taint, &out)
		}
	default:
		for _, d := range f.defs {
			w.setUndefined(d, taint, nil)
		}
	}
	return taint
}

// exact finds the undefined bits of the results by executing the instruction with those of the operands
// inverted, each operand alone and several together: what differs from the result as it is depends on them.
// Bits that are moved need only the former, and boolean functions have three operands at most.
func (w *warp) exact(in *inst, f *flow, m uint32) (taint uint32) {
	inverted, results := w.invertible(f, m), make([]operandBits, len(f.defs))
	for i, d := range f.defs {
		results[i] = w.operandBits(d)
	}
	restore := func() {
		for _, list := range [][]operandBits{results, inverted} {
			for i := range list {
				w.write(list[i].slot, &list[i].held, full)
			}
		}
	}
	w.compute(in, m)
	for i := range results {
		results[i].plain = *w.read(results[i].slot, &results[i].plain)
	}
	restore()
	for set := 1; set < 1<<len(inverted); set++ {
		if len(inverted) > 3 && set&(set-1) != 0 {
			continue
		}
		for i := range inverted {
			if set>>i&1 != 0 {
				inverted[i].invert(w)
			}
		}
		w.compute(in, m)
		for i := range results {
			results[i].differ(w)
		}
		restore()
	}
	var lost uint32 // lanes without defined controls
	for _, u := range in.controls {
		if u >= 0 {
			lost |= w.undefinedLanes(u, m)
		}
	}
	for i := range results {
		r := &results[i]
		lanesOf(lost, func(l int) { r.flips[l] = r.slot.mask() })
		lanesOf(m, func(l int) { taint |= bit(r.flips[l] != 0) << l })
	}
	for i, d := range f.defs {
		w.setUndefined(d, taint, &results[i].flips)
	}
	return taint
}

// invertible is the operands that are undefined in some of the lanes.
func (w *warp) invertible(f *flow, m uint32) (list []operandBits) {
	for i, u := range f.copies {
		lanes := w.undefinedLanes(u, m)
		if lanes == 0 || slices.Contains(f.copies[:i], u) {
			continue
		}
		o := w.operandBits(u)
		lanesOf(lanes, func(l int) { o.flips[l] = w.undefinedBits(u, l) })
		list = append(list, o)
	}
	return list
}

// operandBits is an operand or a result with its undefined bits.
type operandBits struct {
	slot               slot
	held, plain, flips lanes64
}

func (w *warp) operandBits(u int32) operandBits {
	o := operandBits{slot: w.fn.slots[u]}
	o.held = *w.read(o.slot, &o.held)
	return o
}

// invert gives the operand its value with the undefined bits inverted.
func (o *operandBits) invert(w *warp) {
	x := o.held
	for l := range x {
		x[l] ^= o.flips[l]
	}
	w.write(o.slot, &x, full)
}

// differ adds the bits in which a result differs from the plain one.
func (o *operandBits) differ(w *warp) {
	var buf lanes64
	for l, x := range w.read(o.slot, &buf) {
		o.flips[l] |= x ^ o.plain[l]
	}
}

// compute executes an instruction that does nothing but compute.
func (w *warp) compute(in *inst, m uint32) {
	switch in.kind {
	case kA32:
		in.a32(&w.tmp32, &w.r32[in.a], &w.r32[in.b], &w.r32[in.c])
		blend(&w.r32[in.d], &w.tmp32, m)
	case kA64:
		in.a64(&w.tmp64, &w.r64[in.a], &w.r64[in.b], &w.r64[in.c])
		blend(&w.r64[in.d], &w.tmp64, m)
	case kSet:
		w.p[in.d] = w.p[in.d]&^m | in.set32(&w.r32[in.a], &w.r32[in.b])&m
	case kSet64:
		w.p[in.d] = w.p[in.d]&^m | in.set64(&w.r64[in.a], &w.r64[in.b])&m
	default:
		in.run(w, in, m)
	}
}
