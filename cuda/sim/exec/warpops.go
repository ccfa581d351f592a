package exec

import (
	"math/bits"

	"github.com/rapt-go/rapt/cuda/ptx"
	"github.com/rapt-go/rapt/cuda/sim/arith"
)

// This file is the instructions by which the lanes of a warp exchange values (§9.7.9.6, §9.7.13.6 to
// .11).

// warpInst makes the instruction wait until the lanes of its member masks run together, and then run
// f for each group of lanes with the same mask.
func (d *decoder) warpInst(members ptx.Operand, f func(w *warp, in *inst, g group)) {
	if members == nil || !d.src.Has(ptx.ModSync) {
		// The forms before .sync: whoever is active takes part.
		d.inst.run = func(w *warp, in *inst, m uint32) { f(w, in, group{m, m}) }
		return
	}
	s := d.val(members, ptx.B32)
	d.inst.kind = kBlock
	d.inst.block = func(w *warp, in *inst, m uint32) bool {
		p := w.cur
		for _, g := range w.memberGroups(in, s, m) {
			missing := g.members & w.live &^ g.lanes
			if missing == 0 {
				continue
			}
			if missing&p.lanes() == 0 && p.lanes() == m {
				return w.merge(p, in, m, g.members&w.live)
			}
			w.report(in, WarpSync, bits.TrailingZeros32(g.lanes), "the member mask %08x names lanes %08x, which do not execute it", g.members, missing)
		}
		for _, g := range w.groups {
			f(w, in, g)
		}
		p.pc++
		return false
	}
}

// pair is the two results of d|p; p is none without.
func (d *decoder) pair(o ptx.Operand, dt, pt ptx.Type) (dst, p slot, both bool) {
	if x, ok := o.(*ptx.Pair); ok {
		return d.dst(x.A, dt), d.dst(x.B, pt), true
	}
	return d.dst(o, dt), slot{}, false
}

// shuffleSource is the lane that a lane reads, and whether it is in range (§9.7.9.6).
func shuffleSource(mode ptx.Mod, lane int, b, c uint32) (j int, ok bool) {
	bval, cval, mask := int(b&31), int(c&31), int(c>>8&31)
	maxLane := lane&mask | cval&^mask
	switch mode {
	case ptx.ModUp:
		j = lane - bval
		ok = j >= maxLane
	case ptx.ModDown:
		j = lane + bval
		ok = j <= maxLane
	case ptx.ModBfly:
		j = lane ^ bval
		ok = j <= maxLane
	default:
		j = lane&mask | bval&^mask
		ok = j <= maxLane
	}
	if !ok {
		j = lane
	}
	return j, ok
}

func decodeShfl(d *decoder) {
	in := d.src
	mode := ptx.ModIdx
	for _, m := range []ptx.Mod{ptx.ModUp, ptx.ModDown, ptx.ModBfly} {
		if in.Has(m) {
			mode = m
		}
	}
	uses := len(d.inst.uses)
	a := d.val(in.Args[1], ptx.B32)
	d.inst.uses = d.inst.uses[:uses]
	b, c := d.val(in.Args[2], ptx.B32), d.val(in.Args[3], ptx.B32)
	dst, p, both := d.pair(in.Args[0], ptx.B32, ptx.Pred)
	var members ptx.Operand
	if len(in.Args) > 4 {
		members = in.Args[4]
	}
	if a.def >= 0 {
		// An undefined value may be passed on; only the lanes that are read count.
		d.inst.copies = []int32{a.def}
		d.inst.spread = spreadLanes
		d.inst.taint = func(w *warp, m uint32) (bad uint32) {
			lanesOf(m, func(l int) {
				if j, _ := shuffleSource(mode, l, w.r32[b.idx][l], w.r32[c.idx][l]); w.undefinedLanes(a.def, 1<<j) != 0 {
					bad |= 1 << l
				}
			})
			return bad
		}
	}
	d.warpInst(members, func(w *warp, in *inst, g group) {
		x, y, z, r := &w.r32[a.idx], &w.r32[b.idx], &w.r32[c.idx], &w.tmp32
		var inRange, inactive uint32
		for rest := g.lanes; rest != 0; rest &= rest - 1 {
			l := bits.TrailingZeros32(rest) & 31
			j, ok := shuffleSource(mode, l, y[l], z[l])
			if ok {
				inRange |= 1 << l
			}
			if g.lanes>>j&1 == 0 {
				inactive |= 1 << l
			}
			r[l] = x[j&31]
		}
		blend(&w.r32[dst.idx], r, g.lanes)
		if both {
			w.setPred(p, inRange, g.lanes)
			w.def[p.def] |= g.lanes
		}
		if inactive != 0 {
			l := bits.TrailingZeros32(inactive)
			j, _ := shuffleSource(mode, l, y[l], z[l])
			w.report(in, WarpSync, l, "it reads lane %d, which does not execute it%s", j, otherLanes(inactive))
		}
	})
}

func decodeVote(d *decoder) {
	in := d.src
	op := in.Operation()
	t := ptx.Pred
	if op == ptx.ModBallot {
		t = ptx.B32
	}
	a, dst := d.val(in.Args[1], ptx.Pred), d.dst(in.Args[0], t)
	var members ptx.Operand
	if len(in.Args) > 2 {
		members = in.Args[2]
	}
	d.warpInst(members, func(w *warp, _ *inst, g group) {
		v := w.pred(a) & g.lanes
		var r uint32
		switch op {
		case ptx.ModBallot:
			lanesOf(g.lanes, func(l int) { w.r32[dst.idx][l] = v })
			return
		case ptx.ModAll:
			r = -bit(v == g.lanes)
		case ptx.ModAny:
			r = -bit(v != 0)
		default: // uni: the same everywhere
			r = -bit(v == 0 || v == g.lanes)
		}
		w.setPred(dst, r, g.lanes)
	})
}

func decodeMatch(d *decoder) {
	in := d.src
	t := in.Type(0)
	a := d.val(in.Args[1], t)
	dst, p, both := d.pair(in.Args[0], ptx.B32, ptx.Pred)
	all := in.Operation() == ptx.ModAll
	d.warpInst(in.Args[2], func(w *warp, _ *inst, g group) {
		x := w.read(a, &w.buf[0])
		r := &w.tmp32
		same := uint32(0)
		lanesOf(g.lanes, func(l int) {
			r[l] = 0
			lanesOf(g.lanes, func(k int) { r[l] |= bit(x[k] == x[l]) << k })
			if r[l] == g.lanes {
				same |= 1 << l
			}
		})
		if all {
			lanesOf(g.lanes, func(l int) {
				if same == 0 {
					r[l] = 0
				} else {
					r[l] = g.members
				}
			})
		}
		blend(&w.r32[dst.idx], r, g.lanes)
		if both {
			w.setPred(p, -bit(same != 0), g.lanes)
		}
	})
}

func decodeRedux(d *decoder) {
	in := d.src
	t := in.Type(0)
	ops := map[ptx.Mod]arith.Op{ptx.ModAdd: arith.Add, ptx.ModMin: arith.Min, ptx.ModMax: arith.Max, ptx.ModAnd: arith.And,
		ptx.ModOr: arith.Or, ptx.ModXor: arith.Xor}
	o := d.options()
	abs := t == ptx.F32 && o.Abs
	o.Abs = false
	f, err := arith.Binary(ops[in.Operation()], d.arithType(t), o)
	d.check(err)
	a, dst := d.val(in.Args[1], t), d.dst(in.Args[0], t)
	d.warpInst(in.Args[2], func(w *warp, _ *inst, g group) {
		var sum uint64
		first := true
		lanesOf(g.lanes, func(l int) {
			x := uint64(w.r32[a.idx][l])
			if abs {
				x &= 1<<31 - 1
			}
			if first {
				sum, first = x, false
				return
			}
			sum = f(sum, x)
		})
		lanesOf(g.lanes, func(l int) { w.r32[dst.idx][l] = uint32(sum) })
	})
}

func decodeActivemask(d *decoder) {
	dst := d.dst(d.src.Args[0], ptx.B32)
	d.inst.run = func(w *warp, _ *inst, m uint32) {
		lanesOf(m, func(l int) { w.r32[dst.idx][l] = m })
	}
}

// decodeElect is elect.sync, which chooses the lowest lane.
func decodeElect(d *decoder) {
	dst, p, both := d.pair(d.src.Args[0], ptx.B32, ptx.Pred)
	d.warpInst(d.src.Args[1], func(w *warp, _ *inst, g group) {
		leader := bits.TrailingZeros32(g.lanes)
		lanesOf(g.lanes, func(l int) { w.r32[dst.idx][l] = uint32(leader) })
		if both {
			w.setPred(p, 1<<leader, g.lanes)
		}
	})
}
