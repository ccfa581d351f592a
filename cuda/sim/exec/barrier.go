package exec

import (
	"math/bits"
	"slices"

	"github.com/rapt-go/rapt/cuda/ptx"
)

// This file is the barriers of a block and of a warp (§9.7.13.1, .2).

// A barrierInst is a decoded bar or barrier.
type barrierInst struct {
	id, count slot // count is none where hasCount is false
	hasCount  bool
	aligned   bool
	arrive    bool
	red       ptx.Mod // operation of .red, 0
	pred      slot
	dst       slot
}

func decodeBar(d *decoder) {
	in := d.src
	b := &barrierInst{aligned: in.Op == ptx.OpBar || in.Has(ptx.ModAligned), arrive: in.Has(ptx.ModArrive)}
	args := in.Args
	if in.Has(ptx.ModRed) {
		b.red = in.Operation()
		t := ptx.Pred
		if b.red == ptx.ModPopc {
			t = ptx.U32
		}
		b.dst = d.dst(args[0], t)
		b.pred = d.val(args[len(args)-1], ptx.Pred)
		args = args[1 : len(args)-1]
	}
	b.id = d.val(args[0], ptx.U32)
	if len(args) > 1 {
		b.count, b.hasCount = d.val(args[1], ptx.U32), true
	}
	if b.hasCount || b.arrive || !b.id.isConst() {
		d.k.precise = true
	}
	d.inst.kind = kBlock
	d.inst.block = func(w *warp, in *inst, m uint32) bool { return w.barrier(in, b, m) }
	if b.red != 0 {
		d.inst.result = func(w *warp, p *path, bar *barrier) { w.barrierResult(b, p.m, bar) }
	}
}

// barrier is one warp's arrival; true when it has to wait.
func (w *warp) barrier(in *inst, b *barrierInst, m uint32) bool {
	p := w.cur
	w.counts[in.id].Barriers++
	lead := bits.TrailingZeros32(m)
	id, count := int(w.get(b.id, lead)), 0
	if b.hasCount {
		count = int(w.get(b.count, lead))
	}
	switch {
	case id > 15:
		w.fatal(in, IllegalOperand, lead, "barrier %d, there are 16", id)
	case b.hasCount && (count%32 != 0 || count > 1024 || count == 0 && b.arrive):
		w.fatal(in, IllegalOperand, lead, "a barrier for %d threads, expected a multiple of the warp size", count)
	}
	if b.aligned && m != w.live {
		if w.live&^p.lanes() != 0 && p.lanes() == m {
			return w.merge(p, in, m, w.live)
		}
		w.stop(in, DivergentBarrier, lead, nil, "lanes %08x of the warp execute the barrier without lanes %08x", m, w.live&^m)
	}
	bar := &w.cta.bars[id]
	if bar.first != nil && bar.arrived[w.id]&m != 0 && !b.arrive {
		w.stop(in, Deadlock, lead, w.access(bar.first, -1), "the warp arrives at barrier %d again before it is complete", id)
	}
	if b.red != 0 {
		w.reduceBarrier(b, bar, m)
	}
	if !b.arrive {
		if p.lanes() != m {
			p = w.takeOut(p, m)
		}
		p.state, p.barrier, p.at, p.m = atBarrier, id, in, m
		bar.waiting, bar.owners = append(bar.waiting, p), append(bar.owners, w)
	}
	if w.cta.arrive(w, in, id, count, m, b.aligned) {
		w.cta.open(bar)
		if b.arrive {
			p.pc++
			return false
		}
		return p != w.cur
	}
	if b.arrive {
		p.pc++
		return false
	}
	return true
}

func (w *warp) reduceBarrier(b *barrierInst, bar *barrier, m uint32) {
	v := w.pred(b.pred) & m
	if bar.first == nil {
		bar.and, bar.or, bar.pop = true, false, 0
	}
	bar.and = bar.and && v == m
	bar.or = bar.or || v != 0
	bar.pop += bits.OnesCount32(v)
}

func (w *warp) barrierResult(b *barrierInst, m uint32, bar *barrier) {
	v := uint64(bar.pop)
	switch b.red {
	case ptx.ModAnd:
		v = toUint(bar.and)
	case ptx.ModOr:
		v = toUint(bar.or)
	}
	lanesOf(m, func(l int) { w.set(b.dst, l, v) })
}

func toUint(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// takeOut makes the lanes m, which run now, a path of their own, and leaves the rest of the path to
// be run: the lanes whose guard is false behind the instruction, and the stack.
func (w *warp) takeOut(p *path, m uint32) *path {
	rest := p.mask &^ m
	p.mask = m
	q := w.split(p)
	if rest != 0 {
		p.mask = rest
		p.pc++
	}
	return q
}

// merge waits for the needed lanes, which run on paths of their own, to come to the same instruction,
// and goes on with those that are there; true when some are missing.
func (w *warp) merge(p *path, in *inst, m, need uint32) bool {
	p.state, p.at, p.m, p.members = atMerge, in, m, need
	for _, q := range slices.Clone(w.paths) {
		if q != p && q.state == atMerge && q.at == in && p.alike(q) {
			p.mask |= q.mask
			p.m |= q.m
			for i := range p.stack {
				p.stack[i].mask |= q.stack[i].mask
			}
			for _, f := range q.frames[1:] {
				w.release(f)
			}
			w.remove(q)
		}
	}
	if need&w.live&^p.lanes() != 0 {
		return true
	}
	p.state = ready
	return false // the instruction is executed again, by all
}

// alike reports whether two paths differ in their lanes only.
func (p *path) alike(q *path) bool {
	return p.pc == q.pc && p.rpc == q.rpc && slices.Equal(p.frames, q.frames) &&
		slices.EqualFunc(p.stack, q.stack, func(a, b entry) bool { return a.pc == b.pc && a.rpc == b.rpc && a.call == b.call })
}

// decodeWarpSync is bar.warp.sync.
func decodeWarpSync(d *decoder) {
	members := d.val(d.src.Args[0], ptx.B32)
	d.inst.kind = kBlock
	d.inst.block = func(w *warp, in *inst, m uint32) bool {
		w.counts[in.id].Barriers++
		p := w.cur
		here := w.memberGroups(in, members, m)
		for _, g := range here {
			if missing := g.members & w.live &^ g.lanes; missing == 0 {
				w.syncLanes(g.lanes)
			} else if len(here) == 1 {
				return w.awaitLanes(p, in, m, g.members&w.live)
			} else {
				w.report(in, WarpSync, bits.TrailingZeros32(g.lanes), "lanes %08x wait for lanes %08x, which do not execute it", g.lanes, missing)
			}
		}
		p.pc++
		return false
	}
}

// A group is lanes that execute a warp instruction with the same member mask.
type group struct{ members, lanes uint32 }

// memberGroups is the lanes of an instruction by their member mask. Lanes that their own mask lacks
// are reported and taken in.
func (w *warp) memberGroups(in *inst, members slot, m uint32) []group {
	masks := &w.r32[members.idx]
	w.groups = w.groups[:0]
	for rest := m; rest != 0; {
		lead := bits.TrailingZeros32(rest)
		g := group{members: masks[lead]}
		for same := rest; same != 0; same &= same - 1 {
			if l := bits.TrailingZeros32(same) & 31; masks[l] == g.members {
				g.lanes |= 1 << l
			}
		}
		rest &^= g.lanes
		if bad := g.lanes &^ g.members; bad != 0 {
			w.report(in, WarpSync, bits.TrailingZeros32(bad), "lanes %08x execute it with the member mask %08x, which lacks them", bad, g.members)
			g.members |= bad
		}
		w.groups = append(w.groups, g)
	}
	return w.groups
}

// awaitLanes makes the lanes m wait at bar.warp.sync until all members have come; true when they have
// to wait.
func (w *warp) awaitLanes(p *path, in *inst, m, members uint32) bool {
	if p.lanes() != m {
		p = w.takeOut(p, m)
	}
	p.state, p.at, p.m, p.members = atWarpSync, in, m, members
	w.wake()
	return p != w.cur || p.state != ready
}

// wake lets paths go on whose lanes are all there: at bar.warp.sync those of all paths with the same
// mask, also at different places in the text.
func (w *warp) wake() {
	for _, p := range w.paths {
		if p.state == atMerge && p.members&w.live&^p.lanes() == 0 {
			p.state = ready
		}
		if p.state != atWarpSync {
			continue
		}
		var come uint32
		for _, q := range w.paths {
			if q.state == atWarpSync && q.members == p.members {
				come |= q.m
			}
		}
		if p.members&w.live&^come != 0 {
			continue
		}
		members := p.members
		w.syncLanes(come)
		for _, q := range w.paths {
			if q.state == atWarpSync && q.members == members {
				q.state = ready
				q.pc++
			}
		}
	}
}
