package exec

import (
	"sync/atomic"

	"github.com/rapt-go/rapt/cuda/ptx"
	"github.com/rapt-go/rapt/cuda/sim/mem"
)

// This file is reads by ld.global.nc and ldu (§9.7.9.9, .10): they may be served by a cache that knows
// nothing of writes, so that what they read must not be written anywhere in the launch, by any thread and
// at any time, before or after, whatever orders the two.

// cellReadOnly, of a read cell, is that the access was one of those; it takes the place of other reads.
const cellReadOnly = 1 << 58

// readOnlyGlobal is what readGlobal leaves to do for such a read. The cell is marked before the writes are
// looked at, and writeGlobal does it the other way round: one of two threads sees the other.
func (w *warp) readOnlyGlobal(in *inst, lane int, s *shadow, off int64, n int) {
	g := &w.cta.worker.run.global
	if !g.races || s.alloc.ReadOnly {
		return
	}
	p := g.page(s, off>>pageShift)
	mine := w.globalCell(in, lane, false) | cellReadOnly
	first := off & (pageSize - 1) >> g.shift
	last := (off&(pageSize-1) + int64(n) - 1) >> g.shift
	for c := first; c <= last; c++ {
		for {
			old := atomic.LoadUint64(&p.read[c])
			next := mine | old&cellManyBlocks
			if old != 0 && blockOf(old) != blockOf(mine) {
				next |= cellManyBlocks
			}
			if old&cellReadOnly != 0 || atomic.CompareAndSwapUint64(&p.read[c], old, next) {
				break
			}
		}
		if wr := atomic.LoadUint64(&p.write[c]); wr != 0 {
			w.readOnlyConflict(in, lane, s.alloc, off, n, wr, "reads through the read-only cache what the launch writes")
		}
	}
}

func (w *warp) readOnlyConflict(in *inst, lane int, a *mem.Allocation, off int64, n int, cell uint64, what string) {
	w.reportIssue(in, ReadOnlyCache, lane, &issue{space: ptx.GlobalSpace, addr: a.Base + uint64(off), bytes: n, other: w.globalOther(cell), otherID: cellID(cell),
		object: func() string { return w.cta.worker.image.memory.Describe(a.Base + uint64(off)) }}, "it %s", what)
}
