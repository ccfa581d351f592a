package exec

import (
	"math/bits"
	"slices"
)

const full = ^uint32(0)

// A frame is the registers and parameters of one activation of a function, for all lanes of a warp.
// Lanes of different paths that are in the same activation share it.
type frame struct {
	fn        *function
	r32       []lanes32
	r64       []lanes64
	p         []uint32
	def       []uint32             // lanes in which the register was written; only of registers that are checked
	parts     map[int32]*lanes64   // of registers that are not defined in each lane: the bits that are not; all without
	origins   map[int32][]origin   // of undefined registers
	watched   bool                 // def is kept of all registers, and all instructions check
	params    []byte               // of each lane fn.paramBytes
	stored    []byte               // of each byte of params: 1 where it was stored
	passed    map[paramByte]origin // of bytes of params that were stored with what was loaded and undefined
	localBase int                  // of the local variables
	refs      int                  // paths that have it
}

// An entry of a path's stack is what to go on with when the path has come to its rpc, or is empty:
// the other side of a branch, the lanes of both sides together, or the caller.
type entry struct {
	pc, rpc int32
	mask    uint32
	call    bool // the frame on top ends here
}

// A path is a set of lanes that run together.
type path struct {
	pc, rpc int32
	mask    uint32
	stack   []entry
	frames  []*frame
	calls   []*callInfo // of each frame above the first

	state   pathState
	barrier int    // atBarrier: its number
	at      *inst  // what it waits at
	m       uint32 // the lanes that execute it
	members uint32 // atWarpSync: the lanes that have to come
}

type pathState uint8

const (
	ready      pathState = iota
	atBarrier            // for other warps
	atWarpSync           // for lanes of other paths, at bar.warp.sync
	atMerge              // for other paths, to go on as one
)

// lanes is all that run under the path, those that wait on its stack included.
func (p *path) lanes() uint32 {
	m := p.mask
	for i := range p.stack {
		m |= p.stack[i].mask
	}
	return m
}

// A warp is up to 32 threads of a block.
type warp struct {
	// The registers of the frame on top of the path that runs.
	r32   []lanes32
	r64   []lanes64
	p     []uint32
	def   []uint32
	fn    *function
	frame *frame
	// watched is the frame's.
	watched bool

	cta          *cta
	id           int
	live         uint32 // lanes that have not exited
	clusterPhase int    // in which it arrived last
	paths        []*path
	cur          *path
	pc           int32  // of the instruction that is executed, for messages and those that branch
	mask         uint32 // active lanes of cur
	carry        uint32 // the condition code of add.cc and the like (§9.7.2)
	used         uint64 // instructions executed
	turn         int    // left of this turn
	polls        bool   // this turn has read memory that another thread may be about to write

	counts []Count
	groups []group
	bytes  [64]byte
	buf    [4]lanes64
	addr   lanes64
	tmp32  lanes32
	tmp64  lanes64

	pool map[*function][]*frame // frames to be used again

	sync  syncState
	async asyncState
	local localMemory
	unset unsetBytes
}

// executed is the number of instructions that the warp has executed up to now.
func (w *warp) executed() uint64 { return w.used }

// enter makes a frame the one on top.
func (w *warp) enter(f *frame) {
	w.frame, w.fn = f, f.fn
	w.r32, w.r64, w.p, w.def, w.watched = f.r32, f.r64, f.p, f.def, f.watched
}

// newFrame is a frame of a function with its constants set.
func (w *warp) newFrame(fn *function) *frame {
	if list := w.pool[fn]; len(list) > 0 {
		f := list[len(list)-1]
		w.pool[fn] = list[:len(list)-1]
		clear(f.def)
		clear(f.parts)
		clear(f.origins)
		f.watched = false
		clear(f.stored)
		clear(f.passed)
		f.refs = 1
		return f
	}
	f := &frame{fn: fn, refs: 1, r32: make([]lanes32, fn.n32), r64: make([]lanes64, fn.n64), p: make([]uint32, fn.nPred),
		def: make([]uint32, fn.nDef), params: make([]byte, 32*fn.paramBytes), stored: make([]byte, 32*fn.paramBytes)}
	if fn.predOne >= 0 {
		f.p[fn.predOne] = full
	}
	for _, c := range fn.const32 {
		for l := range f.r32[c.idx] {
			f.r32[c.idx][l] = uint32(c.value)
		}
	}
	for _, c := range fn.const64 {
		v := w.cta.worker.resolve(c)
		for l := range f.r64[c.idx] {
			f.r64[c.idx][l] = v
		}
	}
	return f
}

// release gives a frame back when no path has it any more.
func (w *warp) release(f *frame) {
	if f.refs--; f.refs > 0 {
		return
	}
	if w.pool == nil {
		w.pool = map[*function][]*frame{}
	}
	w.pool[f.fn] = append(w.pool[f.fn], f)
}

// start prepares the warp for a block.
func (w *warp) start(lanes uint32) {
	w.live, w.carry, w.used, w.unset.lanes = lanes, 0, 0, 0
	w.sync.reset()
	w.async.reset()
	w.local.reset()
	root := w.newFrame(w.cta.launch.Kernel.entry)
	root.localBase = 0
	w.local.push(root.fn.localBytes)
	p := &path{rpc: -1, mask: lanes, frames: []*frame{root}}
	w.paths = append(w.paths[:0], p)
	w.cur = p
	w.enter(root)
	for _, s := range root.fn.static {
		w.setSpecial(s)
	}
}

// run executes a path for at most n instructions or until it waits or ends.
func (w *warp) run(p *path, n int) {
	w.cur = p
	w.enter(p.frames[len(p.frames)-1])
	pc, rpc, mask := p.pc, p.rpc, p.mask
	code := w.fn.code
	w.turn = n
	for w.turn > 0 {
		if pc == rpc || mask == 0 {
			if !w.pop(p) {
				return
			}
			pc, rpc, mask, code = p.pc, p.rpc, p.mask, w.fn.code
			continue
		}
		w.turn--
		w.used++
		in := &code[pc]
		m := mask
		if in.guard >= 0 {
			g := w.p[in.guard]
			if in.guardNot {
				g = ^g
			}
			m &= g
		}
		count := &w.counts[in.id]
		count.Warp++
		count.Lane += uint64(bits.OnesCount32(m))
		w.pc, w.mask = pc, mask
		if w.watched {
			w.follow(in, &w.fn.flow[pc], mask, m)
		} else if in.flow != nil {
			w.follow(in, in.flow, mask, m)
		}
		switch in.kind {
		case kA32:
			if m == full {
				in.a32(&w.r32[in.d], &w.r32[in.a], &w.r32[in.b], &w.r32[in.c])
			} else if m != 0 {
				in.a32(&w.tmp32, &w.r32[in.a], &w.r32[in.b], &w.r32[in.c])
				blend(&w.r32[in.d], &w.tmp32, m)
			}
			pc++
		case kA64:
			if m == full {
				in.a64(&w.r64[in.d], &w.r64[in.a], &w.r64[in.b], &w.r64[in.c])
			} else if m != 0 {
				in.a64(&w.tmp64, &w.r64[in.a], &w.r64[in.b], &w.r64[in.c])
				blend(&w.r64[in.d], &w.tmp64, m)
			}
			pc++
		case kSet:
			v := in.set32(&w.r32[in.a], &w.r32[in.b])
			w.p[in.d] = w.p[in.d]&^m | v&m
			pc++
		case kSet64:
			v := in.set64(&w.r64[in.a], &w.r64[in.b])
			w.p[in.d] = w.p[in.d]&^m | v&m
			pc++
		case kRun:
			if m != 0 {
				in.run(w, in, m)
			}
			pc++
		case kBranch:
			if m == mask {
				pc = in.target
				break
			}
			if m == 0 {
				pc++
				break
			}
			p.pc, p.rpc, p.mask = pc, rpc, mask
			p.diverge(in, m)
			pc, rpc, mask = p.pc, p.rpc, p.mask
		default:
			p.pc, p.rpc, p.mask = pc, rpc, mask
			if w.control(p, in, m) {
				return
			}
			pc, rpc, mask, code = p.pc, p.rpc, p.mask, w.fn.code
		}
	}
	p.pc, p.rpc, p.mask = pc, rpc, mask
}

func blend[T uint32 | uint64](d, t *[32]T, m uint32) {
	for ; m != 0; m &= m - 1 {
		l := bits.TrailingZeros32(m) & 31
		d[l] = t[l]
	}
}

// diverge splits the path at a branch that only the lanes m take. They go first.
func (p *path) diverge(in *inst, m uint32) {
	meet := in.rpc
	if meet < 0 {
		meet = p.rpc
	}
	rest := p.mask &^ m
	if meet != p.rpc {
		p.stack = append(p.stack, entry{pc: meet, rpc: p.rpc, mask: p.mask})
	}
	if in.target == meet {
		p.pc, p.rpc, p.mask = p.pc+1, meet, rest
		return
	}
	if p.pc+1 != meet {
		p.stack = append(p.stack, entry{pc: p.pc + 1, rpc: meet, mask: rest})
	}
	p.pc, p.rpc, p.mask = in.target, meet, m
}

// pop goes on with what is on the stack; false when nothing is left of the path.
func (w *warp) pop(p *path) bool {
	for len(p.stack) > 0 {
		e := p.stack[len(p.stack)-1]
		p.stack = p.stack[:len(p.stack)-1]
		if e.call {
			w.leave(p, e.pc, e.mask)
		}
		if e.mask != 0 {
			p.pc, p.rpc, p.mask = e.pc, e.rpc, e.mask
			w.mask = e.mask
			return true
		}
	}
	p.mask = 0
	w.remove(p)
	return false
}

// remove ends a path.
func (w *warp) remove(p *path) {
	w.release(p.frames[0])
	w.paths = slices.DeleteFunc(w.paths, func(q *path) bool { return q == p })
}

// control executes the instructions that move more than the program counter; true ends the turn.
func (w *warp) control(p *path, in *inst, m uint32) bool {
	switch in.kind {
	case kBlock:
		if m == 0 {
			p.pc++
			return false
		}
		return in.block(w, in, m)
	case kExit:
		w.exit(p, m)
		p.pc++
	case kRet:
		p.drop(m, true)
		p.pc++
	case kCall:
		w.callFunc(p, in, m)
	case kBrx:
		w.branchIndexed(p, in, m)
	}
	return false
}

// exit ends the lanes m.
func (w *warp) exit(p *path, m uint32) {
	w.live &^= m
	p.drop(m, false)
	w.cta.exited(w)
}

// drop takes lanes out of the path and of its stack, up to the last call where only the function
// ends.
func (p *path) drop(m uint32, function bool) {
	p.mask &^= m
	for i := len(p.stack) - 1; i >= 0; i-- {
		if function && p.stack[i].call {
			return
		}
		p.stack[i].mask &^= m
	}
}

// branchIndexed is brx.idx: the lanes of each target after one another.
func (w *warp) branchIndexed(p *path, in *inst, m uint32) {
	index := &w.r32[in.a]
	meet := in.rpc
	if meet < 0 {
		meet = p.rpc
	}
	groups := map[int32]uint32{}
	var order []int32
	add := func(pc int32, l uint32) {
		if groups[pc] == 0 {
			order = append(order, pc)
		}
		groups[pc] |= l
	}
	for l := range index {
		bit := uint32(1) << l
		switch {
		case p.mask&bit == 0:
		case m&bit == 0:
			add(p.pc+1, bit)
		case index[l] >= uint32(len(in.targets)):
			w.fatal(in, IllegalOperand, l, "brx.idx with index %d, the table has %d labels", index[l], len(in.targets))
		default:
			add(in.targets[index[l]], bit)
		}
	}
	if len(order) == 1 {
		p.pc = order[0]
		return
	}
	if meet != p.rpc {
		p.stack = append(p.stack, entry{pc: meet, rpc: p.rpc, mask: p.mask})
	}
	for _, pc := range slices.Backward(order) {
		if pc != meet {
			p.stack = append(p.stack, entry{pc: pc, rpc: meet, mask: groups[pc]})
		}
	}
	p.mask = 0 // the next turn of the loop takes the first
}

// split takes the lanes that run now out of the path, into one of their own, so that those that wait
// for them can be waited for in turn.
func (w *warp) split(p *path) *path {
	q := &path{pc: p.pc, rpc: p.rpc, mask: p.mask, frames: slices.Clone(p.frames), calls: slices.Clone(p.calls),
		stack: slices.Clone(p.stack)}
	for _, f := range q.frames {
		f.refs++
	}
	for i := range q.stack {
		q.stack[i].mask &= q.mask
		p.stack[i].mask &^= q.mask
	}
	p.mask = 0
	w.paths = append(w.paths, q)
	return q
}
