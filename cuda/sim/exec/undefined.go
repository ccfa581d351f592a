package exec

import (
	"fmt"
	"math/bits"

	"github.com/rapt-go/rapt/cuda/ptx"
)

// This file follows values that nothing has written.
//
// Compilers compute with such registers where the result does not matter: they move arithmetic in
// front of a branch and throw it away by selp, or copy padding. So what computes passes undefinedness
// on (flow.copies), lane by lane and where it can be told bit by bit (see taint.go), and a finding is made
// where the value has an effect: in the address of an access, in a guard, a branch or a call, as an operand
// of a barrier, vote, atomic or matrix instruction, in a store, in the condition code. A shuffle passes on
// what it reads, but its lane numbers and masks have to be defined.
//
// Memory is followed as registers are. A load of bytes that nothing has written gives an undefined value,
// and what it means is decided where that has an effect; the finding then names the load and the bytes.
// A store of a value as it was loaded is a copy of memory: the bytes stay unwritten in their new place, as
// valgrind's memcheck has it. But a word in shared or local memory or a parameter that nothing was ever
// stored in is a finding when all of it comes to global memory: compilers copy structures in pieces of
// their alignment, which padding is smaller than, and nobody else can have written it. Unwritten stay also the
// bytes that a store of a vector or st.param puts there from a register that nothing has written, which may
// be padding; in any other store such a register is a finding. A byte of memory counts as unwritten only
// where all of its bits are undefined.
//
// It costs nothing where it cannot happen: graph.definitions finds the instructions that may read a
// register that was not written, and only those ask. Once a load has found bytes that were not written,
// all instructions of the function do so until it returns (frame.watched).

// checkDefined reports registers that the instruction reads, not only passes on, in lanes where nothing
// wrote them. The result is the lanes in which what it writes is undefined.
func (w *warp) checkDefined(in *inst, f *flow, mask, m uint32) (taint uint32) {
	for _, u := range f.uses {
		lanes := m
		if u == in.guardDef {
			lanes = mask
		}
		if bad := w.undefinedLanes(u, lanes); bad != 0 {
			w.undefined(in, u, bad)
		}
	}
	if len(f.copies) == 0 {
		return 0
	}
	if in.spread == spreadStore {
		w.storedUndefined(in, m)
		return 0
	}
	if taint = w.taint(in, f, m); taint != 0 {
		w.trace(in, f, taint)
	}
	return taint
}

// watch makes all instructions of the frame on top check what they read.
func (w *warp) watch() {
	if w.watched {
		return
	}
	f := w.frame
	for u := range f.def {
		if !f.fn.followed.has(int32(u)) { // it is surely written wherever it is read
			f.def[u] = full
		}
	}
	f.watched, w.watched = true, true
}

// follow is the bookkeeping of an instruction.
func (w *warp) follow(in *inst, f *flow, mask, m uint32) {
	written := m
	if len(f.uses)+len(f.copies) > 0 {
		written &^= w.checkDefined(in, f, mask, m)
	}
	for _, d := range f.defs {
		w.def[d] = w.def[d]&^m | written
	}
}

// An origin is where an undefined value came from: the register that nothing had written, and the first
// instruction that computed with it, or else moved it; or the load of bytes that nothing had written.
type origin struct {
	reg      int32
	in       *inst
	lanes    uint32
	computed bool
	load     *unsetLoad // nil: a register
}

// moves reports whether an instruction leaves the value of an origin as it is. What the bits of something
// loaded are moved about for is a copy, in pieces of another size.
func (o *origin) moves(in *inst) bool {
	switch in.src.Op {
	case ptx.OpMov, ptx.OpSelp, ptx.OpShfl:
		return true
	}
	return o.load != nil && in.spread == spreadExact
}

// trace remembers where the undefined results of an instruction come from.
func (w *warp) trace(in *inst, fl *flow, taint uint32) {
	f := w.frame
	if f.origins == nil {
		f.origins = map[int32][]origin{}
	}
	var from []origin
	take := func(o origin, lanes uint32) {
		if o.lanes = lanes & taint; o.lanes == 0 {
			return
		}
		taint &^= o.lanes
		if !o.computed && !o.moves(in) {
			o.computed = true
			if o.load == nil {
				o.in = in
			}
		}
		from = append(from, o)
	}
	for _, u := range fl.copies {
		for _, o := range f.origins[u] {
			take(o, w.undefinedLanes(u, o.lanes))
		}
	}
	for _, u := range fl.copies {
		take(origin{reg: u, in: in}, w.undefinedLanes(u, full))
	}
	// Of another lane, by a shuffle.
	for _, o := range f.origins[fl.copies[0]] {
		o.lanes = full
		take(o, full)
	}
	take(origin{reg: fl.copies[0], in: in}, full)
	for _, d := range fl.defs {
		for _, o := range from {
			f.origins[d] = addOrigin(f.origins[d], o)
		}
	}
}

// addOrigin is a register's origins with a new one, in whose lanes it replaces what was there.
func addOrigin(list []origin, o origin) []origin {
	kept := list[:0]
	for _, x := range list {
		x.lanes &^= o.lanes
		switch {
		case x.lanes == 0:
		case x.reg == o.reg && x.in == o.in && x.load == o.load && x.computed == o.computed:
			o.lanes |= x.lanes
		default:
			kept = append(kept, x)
		}
	}
	return append(kept, o)
}

// originOf is where the undefined value of a register in a lane comes from, nil where nothing is known but
// that it was never written.
func (w *warp) originOf(u int32, lane int) *origin {
	list := w.frame.origins[u]
	for i := range list {
		if list[i].lanes>>lane&1 != 0 {
			return &list[i]
		}
	}
	return nil
}

// undefined reports register u, which the lanes read, and then takes it as written.
func (w *warp) undefined(in *inst, u int32, lanes uint32) {
	lane := bits.TrailingZeros32(lanes)
	is := &issue{otherID: -1}
	kind, why := UninitRegister, "nothing has written it"
	if o := w.originOf(u, lane); o != nil {
		is.other, is.otherID = w.access(o.in, lane), o.in.id
		if o.load != nil {
			kind, why = UninitMemory, "its value was loaded from "+o.load.what+" that nothing has written a value to"
			is.space, is.addr, is.bytes = o.load.space, o.load.addr[lane], o.in.mem.total
			is.object = func() string { return o.load.object(lane, o.load.addr[lane]) }
		} else {
			why = fmt.Sprintf("its value comes from %s, which nothing has written", w.fn.names[o.reg])
		}
	}
	w.reportIssue(in, kind, lane, is, "register %s is read, but %s%s", w.fn.names[u], why, otherLanes(lanes))
	w.def[u] |= lanes
}

// storesCopies makes the uses from one on values that a store may put in memory undefined.
func (d *decoder) storesCopies(from int) {
	in := d.inst
	in.copies, in.uses = in.uses[from:], in.uses[:from:from]
	in.spread = spreadStore
}

// storedUndefined reports undefined registers that are stored and no copy: results of a computation, and,
// but where they may be padding, what nothing has written.
func (w *warp) storedUndefined(in *inst, m uint32) {
	a := in.mem
	padding := len(a.regs) > 1 || a.space == functionParam
	for _, r := range a.regs {
		if r.def < 0 {
			continue
		}
		var bad uint32
		lanesOf(w.undefinedLanes(r.def, m), func(l int) {
			all := widthMask(8 * a.size)
			switch o, undefined := w.originOf(r.def, l), w.undefinedBits(r.def, l)&all; {
			case undefined == 0:
			case o != nil && o.computed,
				!padding && (o == nil || o.load == nil),
				!padding && undefined == all && a.size >= 4 && o.load.isNew(l) && w.storesTo(a, l) == ptx.GlobalSpace:
				bad |= 1 << l
			}
		})
		for bad != 0 {
			// Those of one origin in one finding.
			lanes := bad
			if o := w.originOf(r.def, bits.TrailingZeros32(bad)); o != nil {
				lanes &= o.lanes
			} else {
				for _, o := range w.frame.origins[r.def] {
					lanes &^= o.lanes
				}
			}
			w.undefined(in, r.def, lanes)
			bad &^= lanes
		}
	}
}

// storesTo is the space that a lane stores to.
func (w *warp) storesTo(a *memAccess, lane int) ptx.Space {
	if a.space != ptx.Generic {
		return a.space
	}
	space, _ := spaceOf(w.addresses(a)[lane])
	return space
}

// undefinedBytes calls f for the runs of bytes of what a lane has stored that have no defined bit.
func (w *warp) undefinedBytes(in *inst, lane int, f func(off, n int)) {
	if !w.watched && (in.flow == nil || len(in.copies) == 0) {
		return // the registers are written, which is not followed then
	}
	a := in.mem
	for i, r := range a.regs {
		if r.def < 0 || w.undefinedLanes(r.def, 1<<lane) == 0 {
			continue
		}
		undefined := w.undefinedBits(r.def, lane)
		first := 0
		for b := range a.size + 1 {
			if b < a.size && undefined>>(8*b)&0xff == 0xff {
				continue
			}
			if first < b {
				f(i*a.size+first, b-first)
			}
			first = b + 1
		}
	}
}
