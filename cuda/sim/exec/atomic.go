package exec

import (
	"bytes"
	"math/bits"

	"github.com/rapt-go/rapt/cuda/ptx"
	"github.com/rapt-go/rapt/cuda/sim/arith"
)

// This file is atom and red (§9.7.13.5, .6).

// An atomicInst is a decoded atom or red.
type atomicInst struct {
	f       func(old, b, c uint64) uint64
	global  func(old, b, c uint64) uint64 // in global memory, where it differs
	b, c    []slot
	dst     []slot
	results bool
	pair    bool // cas of 128 bits, of which both halves have to agree
}

func decodeAtom(d *decoder) {
	in := d.src
	args := in.Args
	first, t := wide(args[0], in.Type(0))
	x := &atomicInst{results: in.Op == ptx.OpAtom}
	a := &memAccess{space: in.Space(), size: t.Size(), write: true, strong: true, block: in.Scope() == ptx.ModCTA}
	if t.Size() == 0 || t.Size() > 8 {
		d.refuse("type .%v", t)
		return
	}
	if x.results {
		for _, o := range first {
			x.dst = append(x.dst, d.dst(o, t))
		}
		args = args[1:]
	}
	d.memory(args[0], a)
	switch in.Order() {
	case ptx.ModAcquire:
		a.acquires = true
	case ptx.ModRelease, ptx.ModAcqRel, ptx.ModSC:
		a.releases = true
	}
	d.synchronises(a)
	operands := func(i int) []ptx.Operand {
		o, _ := wide(args[i], in.Type(0))
		return o
	}
	for _, o := range operands(1) {
		x.b = append(x.b, d.val(o, t))
	}
	x.c = x.b
	if in.Operation() == ptx.ModCas {
		x.c = nil
		x.pair = in.Type(0) == ptx.B128
		for _, o := range operands(2) {
			x.c = append(x.c, d.val(o, t))
		}
	}
	a.total = a.size * len(x.b)
	d.touches(a)
	x.f = d.atomicOp(t)
	if t == ptx.F32 && in.Operation() == ptx.ModAdd {
		// §9.7.13.5: on global memory the f32 sum flushes subnormals.
		x.global = func(old, b, _ uint64) uint64 { return uint64(flushedSum(uint32(old), uint32(b))) }
		if len(x.b) > 1 {
			x.global = nil
		}
	}
	if d.refused {
		return
	}
	d.inst.mem = a
	d.inst.run = func(w *warp, in *inst, m uint32) {
		w.counts[in.id].Atomics += uint64(bits.OnesCount32(m))
		w.bySpace(a, m, func(space ptx.Space, addr *lanes64, m uint32) { w.atomic(in, x, space, addr, m) })
	}
}

func flushedSum(a, b uint32) uint32 { return arith.AddF32FTZ(a, b) }

// atomicOp is the new value of the memory.
func (d *decoder) atomicOp(t ptx.Type) func(old, b, c uint64) uint64 {
	op := d.src.Operation()
	switch op {
	case ptx.ModExch:
		return func(_, b, _ uint64) uint64 { return b }
	case ptx.ModCas:
		return func(old, b, c uint64) uint64 {
			if old == b {
				return c
			}
			return old
		}
	case ptx.ModInc:
		return func(old, b, _ uint64) uint64 { return uint64(arith.Inc32(uint32(old), uint32(b))) }
	case ptx.ModDec:
		return func(old, b, _ uint64) uint64 { return uint64(arith.Dec32(uint32(old), uint32(b))) }
	}
	ops := map[ptx.Mod]arith.Op{ptx.ModAnd: arith.And, ptx.ModOr: arith.Or, ptx.ModXor: arith.Xor, ptx.ModAdd: arith.Add,
		ptx.ModMin: arith.Min, ptx.ModMax: arith.Max}
	if ops[op] == 0 {
		d.refuse("operation .%v", op)
		return nil
	}
	f, err := arith.Binary(ops[op], d.arithType(t), arith.Options{})
	d.check(err)
	return func(old, b, _ uint64) uint64 { return f(old, b) }
}

func (w *warp) atomic(in *inst, x *atomicInst, space ptx.Space, addr *lanes64, m uint32) {
	a := in.mem
	count := &w.counts[in.id]
	switch space {
	case ptx.SharedSpace:
		count.countBanks(addr, m, a.total)
		for ; m != 0; m &= m - 1 {
			l := bits.TrailingZeros32(m) & 31
			b := w.sharedAt(in, l, addr[l], a.total)
			w.syncShared(int(addr[l]), true, a.releases || w.sync.fencedCTA)
			w.readShared(in, l, addr[l], a.total, true)
			w.writeShared(in, l, addr[l], b, w.update(x, x.f, l, a.size, b), cellStrong)
			copy(b, w.bytes[:a.total])
		}
	case ptx.GlobalSpace:
		count.countSectors(addr, m, a.total)
		f := x.f
		if x.global != nil {
			f = x.global
		}
		for ; m != 0; m &= m - 1 {
			l := bits.TrailingZeros32(m) & 31
			s, off := w.globalAt(in, l, addr[l], a.total)
			w.atomicGlobal(in, x, f, l, addr[l], s, off)
		}
	default:
		l := bits.TrailingZeros32(m)
		w.fatalIssue(in, WrongSpace, l, &issue{space: space, addr: addr[l], bytes: a.total, otherID: -1}, "an atomic operation on .%v memory", space)
	}
}

func (w *warp) atomicGlobal(in *inst, x *atomicInst, f func(old, b, c uint64) uint64, l int, addr uint64, s *shadow, off int64) {
	a := in.mem
	lock := w.lockGlobal(addr)
	lock.Lock()
	defer lock.Unlock()
	if a.block {
		w.syncShared(int(addr), true, a.releases || w.sync.fencedCTA)
	} else {
		w.syncGlobal(addr, true, a.releases || w.sync.fenced)
	}
	b := s.alloc.Data[off : off+int64(a.total)]
	w.readGlobal(in, l, s, off, a.total, true)
	w.writeGlobal(in, l, s, off, b, w.update(x, f, l, a.size, b), true)
	copy(b, w.bytes[:a.total])
}

// update gives the results of the lane and is the new bytes, valid until the next call. What changes
// nothing (a lock that is taken) is polling.
func (w *warp) update(x *atomicInst, f func(old, b, c uint64) uint64, l, size int, mem []byte) []byte {
	next := w.bytes[:len(mem)]
	if x.pair && (element(mem, 8) != w.get(x.b[0], l) || element(mem[8:], 8) != w.get(x.b[1], l)) {
		f = func(old, _, _ uint64) uint64 { return old }
	}
	for i := range x.b {
		old := element(mem[i*size:], size)
		putElement(next[i*size:], size, f(old, w.get(x.b[i], l), w.get(x.c[i], l)))
		if x.results {
			w.set(x.dst[i], l, old)
		}
	}
	if bytes.Equal(mem, next) {
		w.poll()
	} else {
		w.polls = false
	}
	return next
}
