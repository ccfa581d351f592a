package exec

import (
	"math/bits"

	"github.com/rapt-go/rapt/cuda/ptx"
)

// This file is cp.async (§9.7.9.25): copies from global to shared memory that land as late as they
// may, when the thread waits for their group. Until then their destination is neither to be read nor
// written.

// An asyncCopy is a warp instruction whose lanes' copies have not all landed.
type asyncCopy struct {
	in    *inst
	lanes uint32
	n     int
	dst   lanes64
	group lanes32 // of each lane, by number
	unset uint32  // lanes that copy bytes that nothing has written
	bytes lanes32 // of those the bytes, see unsetBytes
	data  [32][16]byte
	seq   uint64 // which use of the object this is
}

// asyncState is the copies of a warp, oldest first, and the number of groups that each lane has
// committed.
type asyncState struct {
	copies    []*asyncCopy
	committed lanes32
	free      []*asyncCopy
	issued    uint64
}

func (a *asyncState) reset() {
	a.free = append(a.free, a.copies...)
	a.copies = a.copies[:0]
	a.committed = lanes32{}
}

func decodeCpAsync(d *decoder) {
	in := d.src
	size, ok := in.Args[2].(*ptx.Imm)
	if !ok {
		d.refuse("a size that is no constant")
		return
	}
	args := in.Args
	if in.Has(ptx.ModL2CacheHint) {
		args = args[:len(args)-1]
	}
	n := int(size.Bits)
	to, from := &memAccess{space: ptx.SharedSpace, size: 4, total: n}, &memAccess{space: ptx.GlobalSpace, size: 4, total: n}
	d.memory(in.Args[0], to)
	d.memory(in.Args[1], from)
	d.touches(to)
	d.touches(from)
	var bytes, ignore slot
	hasBytes, hasIgnore := false, false
	if len(args) > 3 {
		if r, reg := args[3].(*ptx.RegRef); reg && r.Reg.Type == ptx.Pred {
			ignore, hasIgnore = d.val(args[3], ptx.Pred), true
		} else {
			bytes, hasBytes = d.val(args[3], ptx.U32), true
		}
	}
	d.inst.lazy = true
	d.inst.run = func(w *warp, in *inst, m uint32) {
		var sizes *lanes32
		if hasBytes {
			sizes = &w.r32[bytes.idx]
		}
		skip := uint32(0)
		if hasIgnore {
			skip = w.pred(ignore)
		}
		w.copyAsync(in, to, from, sizes, skip, m)
	}
}

func (w *warp) copyAsync(in *inst, to, from *memAccess, sizes *lanes32, skip, m uint32) {
	c := w.async.take()
	c.in, c.lanes, c.n, c.group = in, m, to.total, w.async.committed
	c.dst = *w.addresses(to)
	src := w.addresses(from)
	count := &w.counts[in.id]
	var reads uint32
	var last *shadow // of the lane before
	n := to.total
	for rest := m; rest != 0; rest &= rest - 1 {
		l := bits.TrailingZeros32(rest) & 31
		want := n
		if sizes != nil {
			if sizes[l] > uint32(n) {
				w.fatal(in, IllegalOperand, l, "cp.async of %d bytes with a source of %d", n, sizes[l])
			}
			want = int(sizes[l])
		}
		if skip>>l&1 != 0 {
			want = 0
		}
		if want < len(c.data[l]) {
			c.data[l] = [16]byte{}
		}
		if want > 0 {
			last = w.asyncSource(in, l, last, src[l], n, want, &c.data[l])
			reads |= 1 << l
		}
		b := w.sharedAt(in, l, c.dst[l], n)
		w.writeShared(in, l, c.dst[l], b, c.data[l][:n], cellPending)
	}
	if reads != 0 {
		count.countSectors(src, reads, n)
	}
	count.countBanks(&c.dst, m, n)
	w.async.copies = append(w.async.copies, c)
	if u := &w.unset; u.lanes != 0 {
		c.unset, c.bytes, u.lanes, u.passed = u.lanes, u.bytes, 0, 0
	}
}

// asyncSource reads the bytes that a copy takes from global memory; only those have to exist. They are
// most likely in the allocation that is given, which may be nil. The result is the one where they are.
func (w *warp) asyncSource(in *inst, l int, s *shadow, addr uint64, n, want int, to *[16]byte) *shadow {
	if addr&uint64(n-1) != 0 {
		w.misaligned(in, ptx.GlobalSpace, l, addr, n)
	}
	if s == nil || !s.alloc.Contains(addr, want) {
		s, _ = w.globalBytes(in, l, addr, want)
	}
	off := int64(addr - s.alloc.Base)
	w.readGlobal(in, l, s, off, want, false)
	if want == len(to) {
		*to = [16]byte(s.alloc.Data[off:])
	} else {
		copy(to[:want], s.alloc.Data[off:])
	}
	return s
}

func (a *asyncState) take() *asyncCopy {
	a.issued++
	var c *asyncCopy
	if n := len(a.free); n > 0 {
		c = a.free[n-1]
		a.free = a.free[:n-1]
	} else {
		c = new(asyncCopy)
	}
	c.seq, c.unset = a.issued, 0
	return c
}

func decodeCpCommit(d *decoder) {
	d.inst.run = func(w *warp, _ *inst, m uint32) {
		lanesOf(m, func(l int) { w.async.committed[l]++ })
	}
}

// decodeCpWait is wait_group n, which lets the last n groups go on, and wait_all, which waits also for
// what was not committed.
func decodeCpWait(d *decoder) {
	n, all := uint32(0), d.src.Op == ptx.OpCpAsyncWaitAll
	if !all {
		imm, ok := d.src.Args[0].(*ptx.Imm)
		if !ok {
			d.refuse("a count that is no constant")
			return
		}
		n = uint32(min(imm.Bits, 1<<30))
	}
	d.inst.run = func(w *warp, _ *inst, m uint32) { w.land(m, n, all) }
}

// land completes the copies of the lanes m but for their last n groups.
func (w *warp) land(m, n uint32, all bool) {
	a := &w.async
	for _, c := range a.copies {
		lanes := c.lanes & m
		if !all {
			for rest := lanes; rest != 0; rest &= rest - 1 {
				if l := bits.TrailingZeros32(rest) & 31; c.group[l]+n >= a.committed[l] {
					lanes &^= 1 << l
				}
			}
		}
		w.landLanes(c, lanes)
	}
	w.dropLanded()
}

// landLanes completes the copies of lanes. From now on it is those threads that have written the bytes:
// others have to synchronise with them.
func (w *warp) landLanes(c *asyncCopy, m uint32) {
	c.lanes &^= m
	s := &w.cta.shared
	cell := makeCell(w, c.in, 0, 0)
	for ; m != 0; m &= m - 1 {
		l := bits.TrailingZeros32(m) & 31
		first, end := c.dst[l], c.dst[l]+uint64(c.n)
		copy(s.data[first:end], c.data[l][:])
		for i := first >> s.shift; i <= (end-1)>>s.shift; i++ {
			s.write[i] = cell | uint64(l)
		}
		if c.unset>>l&1 != 0 {
			for i := range c.n {
				if c.bytes[l]>>i&1 != 0 {
					s.forget(first+uint64(i), 1)
				}
			}
		}
	}
}

// dropLanded forgets the copies that have landed in all lanes.
func (w *warp) dropLanded() {
	a := &w.async
	kept := a.copies[:0]
	for _, c := range a.copies {
		if c.lanes != 0 {
			kept = append(kept, c)
		} else {
			a.free = append(a.free, c)
		}
	}
	clear(a.copies[len(kept):])
	a.copies = kept
}
