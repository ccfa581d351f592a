package exec

import (
	"fmt"
	"math"
	"slices"

	"github.com/rapt-go/rapt/cuda/ptx"
	"github.com/rapt-go/rapt/cuda/sim/arith"
)

// kernelDecoder decodes an entry and the functions that it can call. Functions are decoded again for
// each kernel, since the offsets of shared variables are the kernel's.
type kernelDecoder struct {
	k      *Kernel
	byFunc map[*ptx.Func]*function
	errs   []error

	strong, fences bool // seen so far; see Kernel.precise
}

func compileKernel(p *Program, entry *ptx.Func) (*Kernel, []error) {
	kd := &kernelDecoder{k: &Kernel{program: p, sharedGranule: 16, globalGranule: 16}, byFunc: map[*ptx.Func]*function{}}
	k := kd.k
	for _, f := range reachable(p.module, entry) {
		fn := &function{src: f, params: map[*ptx.Var]int{}, locals: map[*ptx.Var]int{}, predOne: -1}
		kd.byFunc[f] = fn
		k.funcs = append(k.funcs, fn)
	}
	k.entry = k.funcs[0]
	k.layoutParams()
	k.shared = layoutShared(k.funcs)
	for _, fn := range k.funcs {
		d := newDecoder(kd, fn)
		d.function()
	}
	if kd.strong && kd.fences {
		k.precise = true
	}
	return k, kd.errs
}

// reachable is the entry and all functions with a body that it calls or whose address it takes.
func reachable(m *ptx.Module, entry *ptx.Func) []*ptx.Func {
	list, seen := []*ptx.Func{entry}, map[*ptx.Func]bool{entry: true}
	add := func(f *ptx.Func) {
		if f != nil && f.Body != nil && !seen[f] {
			seen[f] = true
			list = append(list, f)
		}
	}
	operand := func(o ptx.Operand) {
		if s, ok := o.(*ptx.SymRef); ok {
			add(s.Func)
		}
	}
	for i := 0; i < len(list); i++ {
		list[i].Walk(func(s ptx.Stmt) {
			in, ok := s.(*ptx.Inst)
			if !ok {
				return
			}
			for _, a := range in.Args {
				operand(a)
			}
			if in.Call == nil {
				return
			}
			operand(in.Call.Callee)
			if _, direct := in.Call.Callee.(*ptx.SymRef); direct {
				return
			}
			for _, f := range m.Funcs { // an address from anywhere
				if !f.Entry {
					add(f)
				}
			}
		})
	}
	return list
}

// layoutParams places the parameters, each at its alignment (§5.1.6.1), as the driver does.
func (k *Kernel) layoutParams() {
	for _, v := range k.entry.src.Params {
		align := v.AlignOf()
		k.nParams = (k.nParams + align - 1) &^ (align - 1)
		size := int(v.Size())
		k.params = append(k.params, Param{v.Name, k.nParams, size, align})
		k.nParams += size
	}
}

// A decoder decodes one function.
type decoder struct {
	kd      *kernelDecoder
	k       *Kernel
	fn      *function
	regs    map[*ptx.Reg]slot
	consts  map[constKey]slot
	names   map[specialKey]slot
	labels  map[*ptx.Label]int32
	src     *ptx.Inst
	inst    *inst
	refused bool
}

type constKey struct {
	class class
	value uint64
	sym   *ptx.Var
	fn    *ptx.Func
}

type specialKey struct {
	reg  ptx.SReg
	elem int
}

func newDecoder(kd *kernelDecoder, fn *function) *decoder {
	return &decoder{kd: kd, k: kd.k, fn: fn, regs: map[*ptx.Reg]slot{}, consts: map[constKey]slot{},
		names: map[specialKey]slot{}, labels: map[*ptx.Label]int32{}}
}

// function decodes the body: statements to instructions, then the graph of their flow.
func (d *decoder) function() {
	d.frame()
	n := int32(0)
	d.fn.src.Walk(func(s ptx.Stmt) {
		switch s := s.(type) {
		case *ptx.Label:
			d.labels[s] = n
		case *ptx.Inst:
			n++
		}
	})
	d.fn.code, d.fn.flow = make([]inst, 0, n+1), make([]flow, n+1)
	d.k.insts, d.k.owner = slices.Grow(d.k.insts, int(n+1)), slices.Grow(d.k.owner, int(n+1))
	d.fn.src.Walk(func(s ptx.Stmt) {
		if in, ok := s.(*ptx.Inst); ok {
			d.instruction(in)
		}
	})
	// Control that falls off the end returns.
	d.fn.flow[n].uses = d.fn.results
	d.fn.code = append(d.fn.code, inst{kind: kRet, guard: -1, rpc: -1, id: d.newID(nil), flow: &d.fn.flow[n]})
	if d.fn.src.Entry {
		d.fn.code[n].kind = kExit
	}
	d.fn.regOf = d.regs
	if len(d.kd.errs) > 0 {
		return
	}
	for i := range d.fn.code {
		d.k.flops = append(d.k.flops, d.fn.code[i].flops)
	}
	g := buildGraph(d.fn)
	g.reconverge()
	d.fn.regPressure = g.pressure()
	g.definitions()
}

// frame places the parameters and local variables of the function.
func (d *decoder) frame() {
	place := func(v *ptx.Var, bytes *int, to map[*ptx.Var]int) {
		align := v.AlignOf()
		*bytes = (*bytes + align - 1) &^ (align - 1)
		to[v] = *bytes
		*bytes += int(v.Size())
	}
	if !d.fn.src.Entry {
		formal := func(list []*ptx.Var, regs *[]int32) {
			for _, v := range list {
				if v.Space == ptx.ParamSpace {
					place(v, &d.fn.paramBytes, d.fn.params)
				} else if v.Reg != nil {
					*regs = append(*regs, d.reg(&ptx.RegRef{Reg: v.Reg, Elem: -1}).def)
				}
			}
		}
		formal(d.fn.src.Results, &d.fn.results)
		formal(d.fn.src.Params, &d.fn.formals)
	}
	d.fn.src.Walk(func(s ptx.Stmt) {
		v, ok := s.(*ptx.Var)
		switch {
		case !ok:
		case v.Space == ptx.ParamSpace:
			place(v, &d.fn.paramBytes, d.fn.params)
		case v.Space == ptx.LocalSpace:
			place(v, &d.fn.localBytes, d.fn.locals)
		}
	})
	d.fn.localBytes = (d.fn.localBytes + 15) &^ 15
}

func (d *decoder) newID(src *ptx.Inst) int32 {
	d.k.insts = append(d.k.insts, src)
	d.k.owner = append(d.k.owner, d.fn)
	return int32(len(d.k.insts) - 1)
}

// refuse records that the instruction being decoded is not executed.
func (d *decoder) refuse(format string, args ...any) {
	if d.refused || len(d.kd.errs) >= maxCompileErrors {
		return
	}
	d.refused = true
	d.kd.errs = append(d.kd.errs, fmt.Errorf("%s:%d:%d: %w: %s: %s", d.k.program.module.Name, d.src.Pos.Line, d.src.Pos.Col,
		ErrNotSimulated, instText(d.src), fmt.Sprintf(format, args...)))
}

// check is refuse for the errors of package arith.
func (d *decoder) check(err error) {
	if err != nil {
		d.refuse("%v", err)
	}
}

func (d *decoder) instruction(src *ptx.Inst) {
	d.fn.code = append(d.fn.code, inst{guard: -1, guardDef: -1, rpc: -1, src: src, id: d.newID(src), flow: &d.fn.flow[len(d.fn.code)]})
	d.src, d.inst, d.refused = src, &d.fn.code[len(d.fn.code)-1], false
	if src.Guard != nil {
		g := d.reg(src.Guard)
		d.inst.guard, d.inst.guardNot, d.inst.guardDef = g.idx, g.not, g.def
		d.inst.uses = append(d.inst.uses, g.def)
	}
	decode := decoderOf(src.Op)
	if decode == nil {
		d.refuse("no implementation")
		return
	}
	decode(d)
	d.passOn()
	if !d.refused {
		d.refresh()
	}
}

// refresh makes the instruction ask for the dynamic special registers that it reads.
func (d *decoder) refresh() {
	var list []special
	for _, s := range d.fn.dynamic {
		if d.readsSpecial(s) {
			list = append(list, s)
		}
	}
	if len(list) == 0 {
		return
	}
	run := d.inst.run
	if run == nil {
		d.refuse("a clock as an operand")
		return
	}
	d.inst.kind = kRun // not one of the loops that know nothing of it
	d.inst.run = func(w *warp, in *inst, m uint32) {
		for _, s := range list {
			w.setSpecial(s)
		}
		run(w, in, m)
	}
}

func (d *decoder) readsSpecial(s special) bool {
	for _, a := range d.src.Args {
		if x, ok := a.(*ptx.Special); ok && x.Reg == s.reg && x.Elem == s.elem {
			return true
		}
	}
	return false
}

// reg is the slot of a register operand, or of one element of it.
func (d *decoder) reg(r *ptx.RegRef) slot {
	first, ok := d.regs[r.Reg]
	if r.Reg.Type == ptx.B128 && r.Elem < 0 {
		d.refuse("a register of type .b128 in an instruction of another type")
	}
	if !ok {
		first = d.newSlot(r.Reg.Name, r.Reg.Type, max(r.Reg.Vec, 1))
		d.regs[r.Reg] = first
	}
	if r.Elem > 0 {
		first.idx += int32(r.Elem)
		first.def += int32(r.Elem)
	}
	first.not = r.Not
	return first
}

func (d *decoder) newSlot(name string, t ptx.Type, n int) slot {
	s := slot{bits: uint8(t.Bits()), def: int32(d.fn.nDef)}
	if t == ptx.B128 { // its two halves
		s.bits, n = 64, 2*n
	}
	switch {
	case t == ptx.Pred:
		s.class, s.idx = cPred, int32(d.fn.nPred)
		d.fn.nPred += n
	case t.Bits() > 32:
		s.class, s.idx = c64, int32(d.fn.n64)
		d.fn.n64 += n
	default:
		s.class, s.idx = c32, int32(d.fn.n32)
		d.fn.n32 += n
	}
	for i := range n {
		e := s
		e.idx, e.def = e.idx+int32(i), e.def+int32(i)
		d.fn.slots = append(d.fn.slots, e)
		d.fn.names = append(d.fn.names, name)
	}
	d.fn.nDef += n
	return s
}

// trash is a register that nothing reads, for results that are thrown away.
func (d *decoder) trash(t ptx.Type) slot { return d.newSlot("_", t, 1) }

// dst is the slot of a destination operand.
func (d *decoder) dst(o ptx.Operand, t ptx.Type) slot {
	switch o := o.(type) {
	case *ptx.RegRef:
		s := d.reg(o)
		d.inst.defs = append(d.inst.defs, s.def)
		return s
	case *ptx.Sink:
		return d.trash(t)
	}
	d.refuse("destination of kind %T", o)
	return slot{}
}

// val is the slot of a source operand; constants take the width of t.
func (d *decoder) val(o ptx.Operand, t ptx.Type) slot {
	switch o := o.(type) {
	case *ptx.RegRef:
		s := d.reg(o)
		d.inst.uses = append(d.inst.uses, s.def)
		return s
	case *ptx.Imm:
		return d.constant(t, immBits(o, t))
	case *ptx.Special:
		if o.Reg == ptx.SRegWarpSize {
			return d.constant(t, 32)
		}
		return d.special(o)
	case *ptx.SymRef:
		return d.address(o)
	}
	d.refuse("source of kind %T", o)
	return slot{}
}

// immBits is a literal as a value of the type (§4.5.2).
func immBits(o *ptx.Imm, t ptx.Type) uint64 {
	switch {
	case o.Kind == ptx.ImmF64 && (t == ptx.F32 || t == ptx.TF32):
		return uint64(math.Float32bits(float32(math.Float64frombits(o.Bits))))
	case o.Kind == ptx.ImmF32 && t == ptx.F64:
		return math.Float64bits(float64(math.Float32frombits(uint32(o.Bits))))
	case o.Kind == ptx.ImmF64 && t == ptx.F16:
		return uint64(arith.F16FromF32(math.Float32bits(float32(math.Float64frombits(o.Bits)))))
	}
	if b := t.Bits(); b < 64 && t != ptx.Pred {
		return o.Bits & (1<<b - 1)
	}
	return o.Bits
}

func (d *decoder) constant(t ptx.Type, v uint64) slot {
	c := c32
	switch {
	case t == ptx.Pred:
		c = cPred
		if v != 0 {
			v = 1
		}
	case t.Bits() > 32:
		c = c64
	}
	return d.intern(constKey{class: c, value: v}, uint8(min(t.Bits(), 64)))
}

func (d *decoder) intern(key constKey, bits uint8) slot {
	if s, ok := d.consts[key]; ok {
		s.bits = bits
		return s
	}
	s := slot{class: key.class, bits: bits, def: -1}
	c := constant{value: key.value, sym: key.sym, fn: key.fn}
	switch key.class {
	case c32:
		s.idx = int32(d.fn.n32)
		d.fn.n32++
		c.idx = s.idx
		d.fn.const32 = append(d.fn.const32, c)
	case c64:
		s.idx = int32(d.fn.n64)
		d.fn.n64++
		c.idx = s.idx
		d.fn.const64 = append(d.fn.const64, c)
	case cPred:
		s.idx = int32(d.fn.nPred)
		d.fn.nPred++
		if key.value != 0 {
			d.fn.predOne = s.idx
		}
	}
	d.consts[key] = s
	return s
}

// address is the slot of the address of a symbol in its state space. Those of shared, local and
// parameter variables are known now, others when the module is loaded.
func (d *decoder) address(o *ptx.SymRef) slot {
	if o.Func != nil {
		return d.intern(constKey{class: c64, fn: o.Func}, 64)
	}
	v := o.Var
	switch v.Space {
	case ptx.SharedSpace:
		off, ok := d.k.shared.vars[v]
		if !ok {
			d.refuse("shared variable %s has no definition here", v.Name)
		}
		return d.intern(constKey{class: c64, value: uint64(off) + uint64(o.Offset)}, 64)
	case ptx.LocalSpace:
		off, ok := d.fn.locals[v]
		if !ok {
			d.refuse("local variable %s outside of a function", v.Name)
		}
		// The base of the frame is added when it is entered; see frame.enter.
		s := d.newSlot(v.Name, ptx.U64, 1)
		s.def = -1
		d.fn.static = append(d.fn.static, special{reg: frameAddress, elem: off + int(o.Offset), slot: s})
		return s
	case ptx.ParamSpace:
		if off, ok := d.kernelParam(v); ok {
			return d.intern(constKey{class: c64, value: paramWindow + uint64(off) + uint64(o.Offset)}, 64)
		}
		if off, ok := d.fn.params[v]; ok {
			return d.intern(constKey{class: c64, value: frameWindow + uint64(off) + uint64(o.Offset)}, 64)
		}
		d.refuse("parameter %s is not of this function", v.Name)
	case ptx.GlobalSpace, ptx.ConstSpace:
		return d.intern(constKey{class: c64, sym: v, value: uint64(o.Offset)}, 64)
	default:
		d.refuse("address of %s in space %v", v.Name, v.Space)
	}
	return slot{}
}

// kernelParam is the offset of a parameter of the entry in the bytes of the launch.
func (d *decoder) kernelParam(v *ptx.Var) (int, bool) {
	for i, p := range d.k.entry.src.Params {
		if p == v {
			return d.k.params[i].Offset, true
		}
	}
	return 0, false
}

// list is the operands of a vector, or the operand itself; a whole vector register is its elements.
func list(o ptx.Operand) []ptx.Operand {
	switch o := o.(type) {
	case *ptx.Vector:
		return o.Elems
	case *ptx.RegRef:
		if o.Elem < 0 && o.Reg.Vec > 1 {
			elems := make([]ptx.Operand, o.Reg.Vec)
			for i := range elems {
				elems[i] = &ptx.RegRef{Pos: o.Pos, Reg: o.Reg, Elem: i}
			}
			return elems
		}
	}
	return []ptx.Operand{o}
}

// wide is list for operands of type t, and the type of its elements: a .b128 is two .b64, the lower half first.
func wide(o ptx.Operand, t ptx.Type) ([]ptx.Operand, ptx.Type) {
	if t != ptx.B128 {
		return list(o), t
	}
	switch o := o.(type) {
	case *ptx.RegRef:
		if o.Reg.Type == ptx.B128 {
			low, high := *o, *o
			low.Elem, high.Elem = 0, 1
			return []ptx.Operand{&low, &high}, ptx.B64
		}
	case *ptx.Sink:
		return []ptx.Operand{o, o}, ptx.B64
	}
	return list(o), ptx.B64
}
