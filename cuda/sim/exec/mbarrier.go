package exec

import (
	"math/bits"

	"github.com/rapt-go/rapt/cuda/ptx"
)

// This file is mbarrier (§9.7.13.15): barriers in shared memory that count arrivals and bytes, phase
// after phase.

// An mbarrier is one such object. What the ISA keeps in its 8 bytes is kept here.
type mbarrier struct {
	expected, pending int
	bytes             int // transactions that are outstanding
	phase             uint32
	clocks            []uint32 // of the arrivals of this phase
	done              []uint32 // of all phases before
	copies            []asyncArrival
}

// An asyncArrival is a cp.async.mbarrier.arrive whose copies have not landed: they do when somebody
// looks at the barrier.
type asyncArrival struct {
	w      *warp
	lane   int
	copies []pendingCopy
}

type pendingCopy struct {
	c   *asyncCopy
	seq uint64
}

// maxArrivals is the largest count of an mbarrier.
const maxArrivals = 1<<20 - 1

// mbarrierAt is the barrier at a lane's address, which must have been initialised.
func (w *warp) mbarrierAt(in *inst, l int, off uint64) *mbarrier {
	b := w.cta.mbars[off]
	if b == nil {
		w.fatal(in, IllegalOperand, l, "no mbarrier was initialised at offset %d of shared memory", off)
	}
	return b
}

// mbarrierInst decodes an operation on the barrier of each lane.
func (d *decoder) mbarrierInst(addr ptx.Operand, f func(w *warp, in *inst, l int, off uint64)) {
	a := &memAccess{space: d.src.Space(), size: 8, total: 8, write: true, strong: true}
	d.memory(addr, a)
	d.touches(a)
	d.k.precise = true
	d.inst.run = func(w *warp, in *inst, m uint32) {
		w.bySpace(a, m, func(space ptx.Space, addr *lanes64, m uint32) {
			for ; m != 0; m &= m - 1 {
				l := bits.TrailingZeros32(m) & 31
				if space != ptx.SharedSpace {
					w.fatalIssue(in, WrongSpace, l, &issue{space: space, addr: addr[l], bytes: 8, otherID: -1}, "an mbarrier that is not in shared memory")
				}
				b := w.sharedAt(in, l, addr[l], 8)
				w.writeShared(in, l, addr[l], b, b, cellStrong)
				f(w, in, l, addr[l])
			}
		})
	}
}

func decodeMbarrierInit(d *decoder) {
	count := d.val(d.src.Args[1], ptx.U32)
	d.mbarrierInst(d.src.Args[0], func(w *warp, in *inst, l int, off uint64) {
		n := int(w.get(count, l))
		if n < 1 || n > maxArrivals {
			w.fatal(in, IllegalOperand, l, "an mbarrier for %d arrivals, expected 1 to %d", n, maxArrivals)
		}
		if w.cta.mbars == nil {
			w.cta.mbars = map[uint64]*mbarrier{}
		}
		warps := len(w.cta.warps)
		w.cta.mbars[off] = &mbarrier{expected: n, pending: n, clocks: make([]uint32, warps), done: make([]uint32, warps)}
	})
}

func decodeMbarrierInval(d *decoder) {
	d.mbarrierInst(d.src.Args[0], func(w *warp, in *inst, l int, off uint64) {
		w.mbarrierAt(in, l, off)
		delete(w.cta.mbars, off)
	})
}

// decodeMbarrierArrive is arrive and arrive_drop, with a count or with bytes to expect.
func decodeMbarrierArrive(d *decoder) {
	in := d.src
	drop, expect := in.Op == ptx.OpMbarrierArriveDrop, in.Has(ptx.ModExpectTx)
	noComplete := in.Has(ptx.ModNoComplete)
	state := d.dst(in.Args[0], ptx.B64)
	var n slot
	hasCount := len(in.Args) > 2
	if hasCount {
		n = d.val(in.Args[2], ptx.U32)
	}
	d.mbarrierInst(in.Args[1], func(w *warp, in *inst, l int, off uint64) {
		b := w.mbarrierAt(in, l, off)
		count := 1
		if hasCount && expect {
			b.bytes += int(w.get(n, l))
		} else if hasCount {
			count = int(w.get(n, l))
		}
		w.set(state, l, b.state())
		if count < 1 || count > b.pending || noComplete && count == b.pending {
			w.fatal(in, IllegalOperand, l, "%d arrivals at an mbarrier that has %d pending", count, b.pending)
		}
		if drop {
			b.expected -= count
		}
		w.publish(b.clocks)
		b.arrive(count)
	})
}

// state is the opaque value that arrive returns.
func (b *mbarrier) state() uint64 { return uint64(b.phase)<<32 | uint64(uint32(b.pending)) }

func (b *mbarrier) arrive(n int) {
	b.pending -= n
	b.advance()
}

// advance starts the next phase if the current one is complete.
func (b *mbarrier) advance() {
	if b.pending > 0 || b.bytes != 0 {
		return
	}
	b.phase++
	b.pending = b.expected
	for i, t := range b.clocks {
		b.done[i] = max(b.done[i], t)
	}
}

func decodeMbarrierTx(d *decoder) {
	sign := 1
	if d.src.Op == ptx.OpMbarrierCompleteTx {
		sign = -1
	}
	n := d.val(d.src.Args[1], ptx.U32)
	d.mbarrierInst(d.src.Args[0], func(w *warp, in *inst, l int, off uint64) {
		b := w.mbarrierAt(in, l, off)
		b.bytes += sign * int(w.get(n, l))
		if sign < 0 {
			b.advance()
		}
	})
}

// decodeMbarrierWait is test_wait and try_wait: whether the phase of a state, or of a parity, is over.
func decodeMbarrierWait(d *decoder) {
	in := d.src
	parity := in.Has(ptx.ModParity)
	t := ptx.B64
	if parity {
		t = ptx.U32
	}
	s := d.val(in.Args[2], t)
	if len(in.Args) > 3 {
		d.val(in.Args[3], ptx.U32)
	}
	p := d.dst(in.Args[0], ptx.Pred)
	d.mbarrierInst(in.Args[1], func(w *warp, in *inst, l int, off uint64) {
		b := w.mbarrierAt(in, l, off)
		b.landCopies()
		over := b.phase != uint32(w.get(s, l)>>32)
		if parity {
			over = uint64(b.phase&1) != w.get(s, l)&1
		}
		w.set(p, l, toUint(over))
		if over {
			w.learn(b.done)
		} else {
			w.polls, w.turn = true, 0
		}
	})
}

func decodeMbarrierPendingCount(d *decoder) {
	d.apply1(func(state uint64) uint64 { return state & 0xffffffff }, ptx.U32, ptx.B64)
}

// decodeCpAsyncArrive is cp.async.mbarrier.arrive: an arrival when the thread's copies up to now have
// landed. Without .noinc it is one that nobody else counts on.
func decodeCpAsyncArrive(d *decoder) {
	noinc := d.src.Has(ptx.ModNoinc)
	d.mbarrierInst(d.src.Args[0], func(w *warp, in *inst, l int, off uint64) {
		b := w.mbarrierAt(in, l, off)
		if !noinc {
			b.pending++
		}
		a := asyncArrival{w: w, lane: l}
		for _, c := range w.async.copies {
			if c.lanes>>l&1 != 0 {
				a.copies = append(a.copies, pendingCopy{c, c.seq})
			}
		}
		b.copies = append(b.copies, a)
	})
}

// landCopies lets the copies land that arrivals wait for.
func (b *mbarrier) landCopies() {
	for _, a := range b.copies {
		for _, p := range a.copies {
			if p.c.seq == p.seq && p.c.lanes>>a.lane&1 != 0 {
				a.w.landLanes(p.c, 1<<a.lane)
			}
		}
		a.w.dropLanded()
		a.w.publish(b.clocks)
		b.arrive(1)
	}
	b.copies = b.copies[:0]
}

func decodeCreatepolicy(d *decoder) {
	dst := d.dst(d.src.Args[0], ptx.B64)
	d.inst.run = func(w *warp, _ *inst, m uint32) { lanesOf(m, func(l int) { w.set(dst, l, 1) }) }
}
