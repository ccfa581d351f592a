package exec

import (
	"encoding/binary"
	"math/bits"

	"github.com/rapt-go/rapt/cuda/ptx"
)

// This file is ld and st (§9.7.9.8 to .13).

// A memAccess is what an instruction does to memory.
type memAccess struct {
	space    ptx.Space
	size     int // bytes of an element
	total    int // of a lane
	regs     []slot
	signed   bool // extend the sign to the register
	write    bool
	readOnly bool // .nc and ldu, which may read what was there before the launch
	strong   bool // volatile, relaxed, acquire or release, or atomic: no data race with its like
	block    bool // of .cta scope, so that it is none for other blocks; only of atomics
	acquires bool
	releases bool
	off      int64 // added to the address
	base     slot
	param    int  // of functionParam: the offset in the frame
	word     bool // one register of 32 bits, not strong
}

// functionParam is the space of parameters of device functions, in the frame.
const functionParam = ptx.TexSpace

// memory decodes the address operand of a load or store of type t.
func (d *decoder) memory(o ptx.Operand, a *memAccess) {
	addr, ok := o.(*ptx.Addr)
	if !ok {
		d.refuse("address of kind %T", o)
		return
	}
	a.off = addr.Offset
	switch base := addr.Base.(type) {
	case nil:
		a.base = d.constant(ptx.U64, 0)
	case *ptx.SymRef:
		if base.Var != nil && base.Var.Space == ptx.ParamSpace {
			if off, ok := d.fn.params[base.Var]; ok {
				a.space, a.param = functionParam, off+int(a.off+base.Offset)
				return
			}
		}
		a.base = d.address(base)
	default:
		a.base = d.val(base, ptx.U64)
	}
	if v := symbol(addr); v != nil && a.space == ptx.Generic && v.Space != ptx.GlobalSpace {
		// A bare name in a generic access is an address of its own space.
		a.space = v.Space
	}
	switch a.space {
	case ptx.SharedCTA, ptx.SharedCluster:
		a.space = ptx.SharedSpace
	case ptx.ParamEntry, ptx.ParamFunc:
		a.space = ptx.ParamSpace
	}
}

// touches takes note of the number of bytes that an access has in each lane, of which its address is a
// multiple: what the races of the smallest of them are told apart by is the size of a cell.
func (d *decoder) touches(a *memAccess) {
	if a.total <= 0 || a.total&(a.total-1) != 0 {
		d.refuse("an access of %d bytes", a.total)
		return
	}
	if a.space == ptx.SharedSpace || a.space == ptx.Generic {
		d.k.sharedGranule = min(d.k.sharedGranule, a.total)
	}
	if a.space == ptx.GlobalSpace || a.space == ptx.Generic {
		d.k.globalGranule = min(d.k.globalGranule, a.total)
	}
}

// ordering reads the memory order of the instruction.
func (d *decoder) ordering(a *memAccess) {
	switch d.src.Order() {
	case ptx.ModVolatile, ptx.ModRelaxed, ptx.ModMmio:
		a.strong = true
	case ptx.ModAcquire:
		a.strong, a.acquires = true, true
	case ptx.ModRelease:
		a.strong, a.releases = true, true
	case ptx.ModAcqRel, ptx.ModSC:
		a.strong, a.acquires, a.releases = true, true, true
	}
	d.synchronises(a)
}

// synchronises takes note of accesses by which warps may be ordered.
func (d *decoder) synchronises(a *memAccess) {
	if a.strong {
		d.kd.strong = true
	}
	if a.acquires || a.releases { // as if behind a fence
		d.kd.fences = true
	}
}

func decodeLd(d *decoder) {
	in := d.src
	dst, t := wide(in.Args[0], in.Type(0))
	a := &memAccess{space: in.Space(), size: t.Size(), signed: t.IsSigned(), readOnly: in.Has(ptx.ModNC) || in.Op == ptx.OpLdu}
	if t.Size() == 0 || t.Size() > 8 {
		d.refuse("type .%v", t)
		return
	}
	d.memory(in.Args[1], a)
	d.ordering(a)
	for _, o := range dst {
		a.regs = append(a.regs, d.dst(o, t))
	}
	a.total = a.size * len(a.regs)
	d.touches(a)
	a.word = a.total == 4 && len(a.regs) == 1 && a.regs[0].class == c32 && a.regs[0].bits == 32 && !a.strong
	d.inst.mem, d.inst.run, d.inst.lazy = a, load, true
}

func decodeSt(d *decoder) {
	in := d.src
	src, t := wide(in.Args[1], in.Type(0))
	a := &memAccess{space: in.Space(), size: t.Size(), write: true}
	if t.Size() == 0 || t.Size() > 8 {
		d.refuse("type .%v", t)
		return
	}
	d.memory(in.Args[0], a)
	d.ordering(a)
	uses := len(d.inst.uses)
	for _, o := range src {
		a.regs = append(a.regs, d.val(o, t))
	}
	d.storesCopies(uses)
	a.total = a.size * len(a.regs)
	d.touches(a)
	if a.space == ptx.ConstSpace || a.space == ptx.ParamSpace {
		d.refuse("a store to .%v", a.space)
	}
	d.inst.mem, d.inst.run = a, store
}

// pollCost is what reading memory that another thread may be about to write takes of a warp's turn,
// in instructions: whoever spins on it lets the others go on soon.
const pollCost = 64

func (w *warp) poll() {
	w.polls = true
	w.turn -= pollCost
}

// addresses are the addresses of all lanes, valid until the next call.
func (w *warp) addresses(a *memAccess) *lanes64 {
	out := &w.addr
	off := uint64(a.off)
	if a.base.class == c64 {
		for l, x := range &w.r64[a.base.idx] {
			out[l] = x + off
		}
		return out
	}
	for l, x := range &w.r32[a.base.idx] {
		out[l] = uint64(x + uint32(off))
	}
	return out
}

// spaceOf is the space of a generic address, and the address in it.
func spaceOf(addr uint64) (ptx.Space, uint64) {
	switch addr >> 32 {
	case sharedWindow >> 32:
		return ptx.SharedSpace, addr - sharedWindow
	case localWindow >> 32:
		return ptx.LocalSpace, addr - localWindow
	case paramWindow >> 32, frameWindow >> 32:
		return ptx.ParamSpace, addr
	}
	return ptx.GlobalSpace, addr
}

// bySpace calls f for the lanes of each space that an access reaches, with addresses in the space.
func (w *warp) bySpace(a *memAccess, m uint32, f func(space ptx.Space, addr *lanes64, m uint32)) {
	addr := w.addresses(a)
	if a.space == ptx.ConstSpace {
		for l := range addr {
			addr[l] += w.cta.worker.image.constBase
		}
	}
	if a.space != ptx.Generic {
		f(a.space, addr, m)
		return
	}
	for m != 0 {
		space, _ := spaceOf(addr[bits.TrailingZeros32(m)])
		var lanes uint32
		for rest := m; rest != 0; rest &= rest - 1 {
			l := bits.TrailingZeros32(rest) & 31
			if s, x := spaceOf(addr[l]); s == space {
				addr[l] = x
				lanes |= 1 << l
			}
		}
		m &^= lanes
		f(space, addr, lanes)
	}
}

func load(w *warp, in *inst, m uint32) {
	a := in.mem
	if a.space == functionParam {
		w.loadParam(in, m)
	} else {
		if a.strong {
			w.poll()
		}
		w.bySpace(a, m, func(space ptx.Space, addr *lanes64, m uint32) { w.loadFrom(in, space, addr, m) })
	}
	if w.unset.lanes != 0 {
		w.loadUnset(in)
	}
}

func (w *warp) loadFrom(in *inst, space ptx.Space, addr *lanes64, m uint32) {
	a := in.mem
	count := &w.counts[in.id]
	switch space {
	case ptx.SharedSpace:
		count.countBanks(addr, m, a.total)
		if a.word && w.cta.shared.shift == 2 {
			w.loadWords(in, addr, m, &w.r32[a.regs[0].idx])
			return
		}
		for ; m != 0; m &= m - 1 {
			l := bits.TrailingZeros32(m) & 31
			b := w.sharedAt(in, l, addr[l], a.total)
			if a.strong {
				w.syncShared(int(addr[l]), true, false)
			}
			w.readShared(in, l, addr[l], a.total, a.strong)
			w.unpack(a, l, b)
		}
	case ptx.LocalSpace:
		count.countLocal(m, a.total)
		for ; m != 0; m &= m - 1 {
			l := bits.TrailingZeros32(m) & 31
			b, init := w.localAt(in, l, addr[l], a.total)
			w.readLocal(in, l, addr[l], init)
			w.unpack(a, l, b)
		}
	case ptx.ParamSpace:
		for ; m != 0; m &= m - 1 {
			l := bits.TrailingZeros32(m) & 31
			w.unpack(a, l, w.paramAt(in, l, addr[l], a.total))
		}
	default:
		count.countSectors(addr, m, a.total)
		for ; m != 0; m &= m - 1 {
			l := bits.TrailingZeros32(m) & 31
			s, off := w.globalAt(in, l, addr[l], a.total)
			if a.strong {
				w.strongLoad(in, l, s, off)
				continue
			}
			w.readGlobal(in, l, s, off, a.total, false)
			if a.readOnly {
				w.readOnlyGlobal(in, l, s, off, a.total)
			}
			w.unpack(a, l, s.alloc.Data[off:off+int64(a.total)])
		}
	}
}

func (w *warp) strongLoad(in *inst, l int, s *shadow, off int64) {
	a := in.mem
	addr := s.alloc.Base + uint64(off)
	lock := w.lockGlobal(addr)
	lock.Lock()
	defer lock.Unlock()
	w.syncGlobal(addr, true, false)
	w.readGlobal(in, l, s, off, a.total, true)
	w.unpack(a, l, s.alloc.Data[off:off+int64(a.total)])
}

// unpack puts the bytes of an access into the registers of a lane.
func (w *warp) unpack(a *memAccess, lane int, b []byte) {
	for i := range a.regs {
		r := &a.regs[i]
		v := element(b[i*a.size:], a.size)
		if a.signed {
			shift := 64 - 8*uint(a.size)
			v = uint64(int64(v<<shift) >> shift)
		}
		if r.class == c64 {
			w.r64[r.idx][lane] = v
		} else {
			w.r32[r.idx][lane] = uint32(v) & (full >> (32 - r.bits))
		}
	}
}

// element reads size bytes, lowest first.
func element(b []byte, size int) uint64 {
	switch size {
	case 4:
		return uint64(binary.LittleEndian.Uint32(b))
	case 8:
		return binary.LittleEndian.Uint64(b)
	case 2:
		return uint64(binary.LittleEndian.Uint16(b))
	}
	return uint64(b[0])
}

func putElement(b []byte, size int, v uint64) {
	switch size {
	case 4:
		binary.LittleEndian.PutUint32(b, uint32(v))
	case 8:
		binary.LittleEndian.PutUint64(b, v)
	case 2:
		binary.LittleEndian.PutUint16(b, uint16(v))
	default:
		b[0] = byte(v)
	}
}

// pack is the bytes that a lane stores, valid until the next call.
func (w *warp) pack(a *memAccess, lane int) []byte {
	b := w.bytes[:a.total]
	for i := range a.regs {
		putElement(b[i*a.size:], a.size, w.get(a.regs[i], lane))
	}
	return b
}

func store(w *warp, in *inst, m uint32) {
	a := in.mem
	if a.space == functionParam {
		w.storeParam(in, m)
		return
	}
	w.polls = false
	w.bySpace(a, m, func(space ptx.Space, addr *lanes64, m uint32) { w.storeTo(in, space, addr, m) })
}

func (w *warp) storeTo(in *inst, space ptx.Space, addr *lanes64, m uint32) {
	a := in.mem
	count := &w.counts[in.id]
	switch space {
	case ptx.SharedSpace:
		count.countBanks(addr, m, a.total)
		flags := uint64(0)
		if a.strong {
			flags = cellStrong
		}
		for ; m != 0; m &= m - 1 {
			l := bits.TrailingZeros32(m) & 31
			old, b := w.sharedAt(in, l, addr[l], a.total), w.pack(a, l)
			if a.strong {
				w.syncShared(int(addr[l]), false, a.releases || w.sync.fencedCTA)
			}
			w.writeShared(in, l, addr[l], old, b, flags)
			copy(old, b)
			if in.flow != nil || w.watched {
				w.undefinedBytes(in, l, func(off, n int) { w.cta.shared.forget(addr[l]+uint64(off), n) })
			}
		}
	case ptx.LocalSpace:
		count.countLocal(m, a.total)
		for ; m != 0; m &= m - 1 {
			l := bits.TrailingZeros32(m) & 31
			data, init := w.localAt(in, l, addr[l], a.total)
			copy(data, w.pack(a, l))
			for i := range init {
				init[i] = 1
			}
			w.undefinedBytes(in, l, func(off, n int) { clear(init[off : off+n]) })
		}
	case ptx.ParamSpace:
		l := bits.TrailingZeros32(m)
		w.fatalIssue(in, WrongSpace, l, &issue{space: space, addr: addr[l], bytes: a.total, otherID: -1}, "a write to the parameters of the kernel")
	default:
		count.countSectors(addr, m, a.total)
		for ; m != 0; m &= m - 1 {
			l := bits.TrailingZeros32(m) & 31
			s, off := w.globalAt(in, l, addr[l], a.total)
			b, old := w.pack(a, l), s.alloc.Data[off:off+int64(a.total)]
			if a.strong {
				w.strongStore(in, l, s, off, old, b)
				continue
			}
			w.writeGlobal(in, l, s, off, old, b, false)
			copy(old, b)
			w.undefinedBytes(in, l, func(i, n int) { s.alloc.ClearInit(off+int64(i), int64(n)) })
		}
	}
}

func (w *warp) strongStore(in *inst, l int, s *shadow, off int64, old, b []byte) {
	a := in.mem
	addr := s.alloc.Base + uint64(off)
	lock := w.lockGlobal(addr)
	lock.Lock()
	defer lock.Unlock()
	w.syncGlobal(addr, false, a.releases || w.sync.fenced)
	w.writeGlobal(in, l, s, off, old, b, true)
	copy(old, b)
	w.undefinedBytes(in, l, func(i, n int) { s.alloc.ClearInit(off+int64(i), int64(n)) })
}

// countLocal counts a request to local memory, which the hardware interleaves so that equal addresses
// of the lanes lie side by side.
func (c *Count) countLocal(m uint32, n int) {
	c.Requests++
	c.Local++
	size := bits.OnesCount32(m) * n
	c.Bytes += uint64(size)
	c.Sectors += uint64((size + 31) / 32)
	c.Ideal += uint64((size + 31) / 32)
}

// syncShared orders warps by a strong access to shared memory, as syncGlobal does blocks.
func (w *warp) syncShared(off int, acquires, releases bool) {
	r := &w.cta.race
	set := r.syncs[off]
	if acquires && set != nil {
		w.learn(set)
	}
	if !releases {
		return
	}
	if set == nil {
		if r.syncs == nil {
			r.syncs = map[int][]uint32{}
		}
		set = make([]uint32, len(w.cta.warps))
		r.syncs[off] = set
	}
	w.publish(set)
}
