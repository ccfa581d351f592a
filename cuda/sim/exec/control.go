package exec

import (
	"math/bits"
	"slices"

	"github.com/rapt-go/rapt/cuda/ptx"
)

// This file is branches, calls and the end of threads (§9.7.12, §9.7.19).

func decodeBra(d *decoder) {
	l, ok := d.src.Args[0].(*ptx.LabelRef)
	if !ok || l.Label == nil {
		d.refuse("target of kind %T", d.src.Args[0])
		return
	}
	d.inst.kind, d.inst.target = kBranch, d.labels[l.Label]
}

func decodeBrx(d *decoder) {
	l, ok := d.src.Args[1].(*ptx.LabelRef)
	if !ok || l.Targets == nil {
		d.refuse("targets of kind %T", d.src.Args[1])
		return
	}
	d.inst.kind, d.inst.a = kBrx, d.val(d.src.Args[0], ptx.U32).idx
	for _, t := range l.Targets.Targets {
		d.inst.targets = append(d.inst.targets, d.labels[t.Label])
	}
}

func decodeRet(d *decoder) {
	d.inst.kind = kRet
	d.inst.uses = append(d.inst.uses, d.fn.results...)
	if d.fn.src.Entry {
		d.inst.kind = kExit
	}
}

func decodeExit(d *decoder) { d.inst.kind = kExit }

func decodeTrap(d *decoder) {
	d.inst.kind = kBlock
	d.inst.block = func(w *warp, in *inst, m uint32) bool {
		w.fatal(in, Trap, bits.TrailingZeros32(m), "%v was executed%s", in.src.Op, otherLanes(m))
		return true
	}
}

// decodeNanosleep ends the turn of the warp: what it waits for may then happen.
func decodeNanosleep(d *decoder) {
	if len(d.src.Args) > 0 {
		d.val(d.src.Args[0], ptx.U32)
	}
	d.inst.run = func(w *warp, _ *inst, _ uint32) { w.turn, w.polls = 0, true }
}

// decodeFence is membar and fence: what orders this thread's accesses before with those behind. A
// fence of the block alone releases nothing to other blocks.
func decodeFence(d *decoder) {
	d.kd.fences = true
	cta := d.src.Scope() == ptx.ModCTA
	d.inst.run = func(w *warp, _ *inst, _ uint32) {
		w.sync.fencedCTA = true
		if !cta {
			w.sync.fenced = true
		}
	}
}

// callInfo is how a call passes what.
type callInfo struct {
	fn       *function // nil: indirect
	callee   slot
	args     []passed
	results  []passed
	indirect bool
}

// A passed value is a register, or bytes of a parameter variable in the frame.
type passed struct {
	reg    slot
	isReg  bool
	off, n int
}

func decodeCall(d *decoder) {
	c := d.src.Call
	info := &callInfo{}
	switch callee := c.Callee.(type) {
	case *ptx.SymRef:
		info.fn = d.kd.byFunc[callee.Func]
		if info.fn == nil {
			d.refuse("%s has no body here", callee.Name())
			return
		}
	default:
		info.indirect = true
		info.callee = d.val(c.Callee, ptx.U64)
	}
	for _, o := range c.Args {
		info.args = append(info.args, d.pass(o, false))
	}
	for _, o := range c.Results {
		info.results = append(info.results, d.pass(o, true))
	}
	d.inst.kind, d.inst.call = kCall, info
}

func (d *decoder) pass(o ptx.Operand, result bool) passed {
	if s, ok := o.(*ptx.SymRef); ok && s.Var != nil && s.Var.Space == ptx.ParamSpace {
		off, ok := d.fn.params[s.Var]
		if !ok {
			d.refuse("parameter %s is not of this function", s.Var.Name)
		}
		return passed{off: off, n: int(s.Var.Size())}
	}
	if result {
		if r, ok := o.(*ptx.RegRef); ok {
			return passed{isReg: true, reg: d.dst(o, r.Reg.Type)}
		}
		return passed{isReg: true, reg: d.dst(o, ptx.B64)}
	}
	return passed{isReg: true, reg: d.val(o, ptx.B64)}
}

// formal is how a function takes a parameter.
func (fn *function) formal(v *ptx.Var) passed {
	if v.Space == ptx.RegSpace {
		return passed{isReg: true, reg: fn.regOf[v.Reg]}
	}
	return passed{off: fn.params[v], n: int(v.Size())}
}

// callFunc enters the function for the lanes m; those that call others through a register come after.
func (w *warp) callFunc(p *path, in *inst, m uint32) {
	if m == 0 {
		p.pc++
		return
	}
	c := in.call
	fn := c.fn
	if c.indirect {
		lead := bits.TrailingZeros32(m)
		addr := w.get(c.callee, lead)
		fn = w.cta.launch.Kernel.codeAt(addr)
		if fn == nil {
			w.fatal(in, IllegalOperand, lead, "a call of %#x, which is no function", addr)
		}
		if len(fn.src.Params) != len(c.args) || len(fn.src.Results) != len(c.results) {
			w.fatal(in, IllegalOperand, lead, "a call of %s with %d arguments and %d results, it has %d and %d", fn.src.Name,
				len(c.args), len(c.results), len(fn.src.Params), len(fn.src.Results))
		}
		for rest := m; rest != 0; rest &= rest - 1 {
			if l := bits.TrailingZeros32(rest); w.get(c.callee, l) != addr {
				m &^= 1 << l
			}
		}
	}
	if rest := p.mask &^ m; rest != 0 {
		// Lanes that call another function execute the instruction again, those whose guard is false
		// go on behind it; both meet the others there.
		p.stack = append(p.stack, entry{pc: p.pc + 1, rpc: p.rpc, mask: p.mask})
		if again := w.guarded(in, p.mask) &^ m; again != 0 {
			p.stack = append(p.stack, entry{pc: p.pc, rpc: p.pc + 1, mask: again})
		}
		p.rpc = p.pc + 1
		p.mask = m
	}
	caller := w.frame
	f := w.newFrame(fn)
	f.localBase = w.local.top
	if n := f.localBase + fn.localBytes - w.cta.launch.Kernel.entry.localBytes + callBytes*len(p.frames); n > w.cta.launch.Stack {
		w.stop(in, StackOverflow, bits.TrailingZeros32(m), nil, "the call of %s, nested %d deep, takes %d bytes of local memory of a thread, and %d with the calls around it; calls have %d",
			fn.src.Name, len(p.frames), fn.localBytes+callBytes, n, w.cta.launch.Stack)
	}
	w.local.push(fn.localBytes)
	for i, a := range c.args {
		w.passValue(in, caller, a, f, fn.formal(fn.src.Params[i]), m)
	}
	p.stack = append(p.stack, entry{pc: p.pc + 1, rpc: p.rpc, mask: p.mask, call: true})
	p.frames, p.calls = append(p.frames, f), append(p.calls, c)
	w.enter(f)
	for _, id := range fn.formals {
		w.def[id] |= m
	}
	for _, s := range fn.static {
		w.setSpecial(s)
	}
	p.pc, p.rpc = 0, -1
}

// callBytes is what a call costs of the stack besides the callee's variables: a return address and
// saved registers.
const callBytes = 32

// guarded is the lanes of a mask whose guard is true.
func (w *warp) guarded(in *inst, mask uint32) uint32 {
	if in.guard < 0 {
		return mask
	}
	g := w.p[in.guard]
	if in.guardNot {
		g = ^g
	}
	return mask & g
}

// leave returns from the frame on top to the one below, where the lanes m go on at pc, behind the call.
func (w *warp) leave(p *path, pc int32, m uint32) {
	n := len(p.frames) - 1
	f, c := p.frames[n], p.calls[n-1]
	p.frames, p.calls = p.frames[:n], p.calls[:n-1]
	caller := p.frames[n-1]
	call := &caller.fn.code[pc-1]
	for i, r := range c.results {
		w.passValue(call, f, f.fn.formal(f.fn.src.Results[i]), caller, r, m)
	}
	if f.refs == 1 {
		w.local.pop(f.localBase)
	}
	w.release(f)
	w.enter(caller)
}

// passValue copies a value from a frame to another in the lanes m. What was not stored stays so in bytes of
// parameters; a register has to have a value.
func (w *warp) passValue(in *inst, from *frame, src passed, to *frame, dst passed, m uint32) {
	known := [8]byte{1, 1, 1, 1, 1, 1, 1, 1}
	for ; m != 0; m &= m - 1 {
		l := bits.TrailingZeros32(m)
		var value [8]byte
		b, stored := value[:], known[:]
		if src.isReg {
			w.enter(from)
			putElement(b, 8, w.get(src.reg, l))
		} else {
			at := l*from.fn.paramBytes + src.off
			b, stored = from.params[at:at+src.n], from.stored[at:at+src.n]
		}
		if dst.isReg {
			if !src.isReg {
				w.readParam(in, from, l, src.off, src.n)
			}
			w.enter(to)
			var wide [8]byte
			copy(wide[:], b)
			w.set(dst.reg, l, element(wide[:], 8))
		} else {
			at := l*to.fn.paramBytes + dst.off
			copy(to.params[at:at+dst.n], b)
			copy(to.stored[at:at+dst.n], stored)
			if len(from.passed) > 0 && !src.isReg {
				for i := range min(src.n, dst.n) {
					if o, ok := from.passed[paramByte{src.off + i, l}]; ok {
						to.passOrigin(paramByte{dst.off + i, l}, &o)
					}
				}
			}
		}
	}
	w.enter(from)
}

// push makes room for the variables of a frame.
func (m *localMemory) push(n int) {
	m.grow(m.top + n)
	for l := range 32 {
		clear(m.init[l*m.size+m.top : l*m.size+m.top+n])
	}
	m.top += n
}

// pop ends the frames from base on.
func (m *localMemory) pop(base int) { m.top = base }

// codeAddress is the address of a function, for calls through registers.
func (p *Program) codeAddress(f *ptx.Func) uint64 {
	return codeWindow + 16*uint64(slices.Index(p.module.Funcs, f))
}

// codeAt is the function at an address, nil without.
func (k *Kernel) codeAt(addr uint64) *function {
	funcs := k.program.module.Funcs
	i := (addr - codeWindow) / 16
	if addr%16 != 0 || i >= uint64(len(funcs)) || funcs[i].Entry {
		return nil
	}
	for _, f := range k.funcs {
		if f.src == funcs[i] {
			return f
		}
	}
	return nil
}
