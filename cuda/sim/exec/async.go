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
	n := to.total
	for rest := m; rest != 0; rest &= rest - 1 {
		l := bits.TrailingZeros32(rest) & 31
		c.data[l] = [16]byte{}
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
		if want > 0 {
			w.asyncSource(in, l, src[l], n, want, c.data[l][:])
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
}

// asyncSource reads the bytes that a copy takes from global memory; only those have to exist.
func (w *warp) asyncSource(in *inst, l int, addr uint64, n, want int, to []byte) {
	if addr&uint64(n-1) != 0 {
		w.misaligned(in, ptx.GlobalSpace, l, addr, n)
	}
	s, off := w.globalBytes(in, l, addr, want)
	w.readGlobal(in, l, s, off, want, false)
	copy(to[:want], s.alloc.Data[off:])
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
	c.seq = a.issued
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
		for rest := c.lanes & m; rest != 0; rest &= rest - 1 {
			if l := bits.TrailingZeros32(rest) & 31; all || c.group[l]+n < a.committed[l] {
				w.landLane(c, l)
			}
		}
	}
	w.dropLanded()
}

// landLane completes a lane's copy. From now on it is that thread that has written the bytes: others
// have to synchronise with it.
func (w *warp) landLane(c *asyncCopy, l int) {
	c.lanes &^= 1 << l
	copy(w.sharedAt(c.in, l, c.dst[l], c.n), c.data[l][:c.n])
	s := &w.cta.shared
	mine := makeCell(w, c.in, l, 0)
	for i := c.dst[l] >> s.shift; i <= (c.dst[l]+uint64(c.n)-1)>>s.shift; i++ {
		s.write[i] = mine
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
