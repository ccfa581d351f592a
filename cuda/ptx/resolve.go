package ptx

import "fmt"

// Names: every Ident becomes the register, variable, function or label that it stands for, ISA 4.4 and 5.4.

// Check resolves the names of a parsed module in place and holds every instruction against the table of legal forms for the
// module's version and target. A module is checked once. The error is an [ErrorList] of [ErrName], [ErrIllegal],
// [ErrVersion], [ErrTarget] and [ErrUnsupported].
func (m *Module) Check() error {
	c := &checker{m: m, vars: map[string]*Var{}, funcs: map[string]*Func{}, legal: newLegality(m.Version, m.Target)}
	c.header()
	c.globals()
	for _, f := range m.Funcs {
		if len(c.errs) >= maxErrors {
			break
		}
		c.function(f)
	}
	return c.errs.err()
}

type checker struct {
	m        *Module
	vars     map[string]*Var
	funcs    map[string]*Func
	declared map[string]Pos // where the module first has a name
	fn       *Func
	scopes   []*scope
	errs     ErrorList
	legal    *legality
	// namesOnly leaves the instructions unchecked.
	namesOnly bool
}

func (c *checker) fail(pos Pos, kind error, format string, args ...any) {
	c.add(&Error{Pos: pos, Kind: kind, Msg: fmt.Sprintf(format, args...)})
}

func (c *checker) add(e *Error) {
	e.File = c.m.Name
	if len(c.errs) < maxErrors {
		c.errs = append(c.errs, e)
	}
}

// header checks .version against .target, ISA 11.1.2.
func (c *checker) header() {
	v := c.m.Version
	if !v.AtLeast(minVersion) || v.AtLeast(Version{maxVersion.Major, maxVersion.Minor + 1}) {
		c.fail(Pos{1, 1}, ErrUnsupported, ".version %v, expected %v to %v", v, minVersion, maxVersion)
		return
	}
	since, ok := targetSince[c.m.Target.String()]
	if !ok {
		c.fail(Pos{1, 1}, ErrUnsupported, ".target %v is not known", c.m.Target)
		return
	}
	if !v.AtLeast(since) {
		c.fail(Pos{1, 1}, ErrVersion, ".target %v needs .version %v, the file has %v", c.m.Target, since, v)
	}
	c.targetOptions()
}

func (c *checker) globals() {
	c.declared = map[string]Pos{}
	for _, v := range c.m.Vars {
		c.first(v.Name, v.Pos)
		if old := c.vars[v.Name]; old != nil && old.Linkage != Extern && v.Linkage != Extern {
			c.fail(v.Pos, ErrName, "%s is declared again, first at line %d", v.Name, old.Pos.Line)
		} else if old == nil || old.Linkage == Extern {
			c.vars[v.Name] = v
		}
		c.variable(v)
	}
	for _, f := range c.m.Funcs {
		c.first(f.Name, f.Pos)
		old := c.funcs[f.Name]
		switch {
		case c.vars[f.Name] != nil:
			c.fail(f.Pos, ErrName, "function %s has the name of the variable at line %d", f.Name, c.vars[f.Name].Pos.Line)
		case old != nil && old.Body != nil && f.Body != nil:
			c.fail(f.Pos, ErrName, "function %s is defined again, first at line %d", f.Name, old.Pos.Line)
		case old == nil || f.Body != nil:
			c.funcs[f.Name] = f
		}
	}
	for _, v := range c.m.Vars {
		if v.Init != nil {
			c.initial(v)
		}
	}
	for _, it := range c.m.Items {
		if a, ok := it.(*Alias); ok {
			c.alias(a)
		}
	}
}

func (c *checker) function(f *Func) {
	c.fn = f
	c.scopes = []*scope{{}}
	c.perf(f)
	c.paramSpace(f)
	for _, list := range [][]*Var{f.Results, f.Params} {
		for _, v := range list {
			c.declareVar(v)
		}
	}
	if f.Body != nil { // whose outermost names share a scope with the parameters
		c.stmts(f.Body)
	}
}

func (c *checker) block(b *Block) {
	c.open(b)
	c.scopes = c.scopes[:len(c.scopes)-1]
}

// open checks the statements of a block and leaves its scope open.
func (c *checker) open(b *Block) {
	c.scopes = append(c.scopes, &scope{})
	c.stmts(b)
}

// stmts checks the statements of a block in the innermost scope.
func (c *checker) stmts(b *Block) {
	for _, st := range b.Stmts { // labels are visible from the start of their scope
		switch st := st.(type) {
		case *Label:
			c.declare(st.Pos, st.Name, st)
		case *BranchTargets:
			c.declare(st.Pos, st.Name, st)
		case *CallTargets:
			c.declare(st.Pos, st.Name, st)
		case *Prototype:
			c.declare(st.Pos, st.Name, st)
		}
	}
	for _, st := range b.Stmts {
		if len(c.errs) >= maxErrors {
			break
		}
		c.stmt(st)
	}
}

func (c *checker) stmt(st Stmt) {
	switch st := st.(type) {
	case *Inst:
		c.inst(st)
	case *Block:
		c.block(st)
	case *RegDecl:
		c.registerType(st.Pos, st.Type, st.Vec)
		for i := range st.Names {
			c.declareReg(st, &st.Names[i])
		}
	case *Var:
		c.declareVar(st)
	case *BranchTargets:
		for _, t := range st.Targets {
			if t.Label = c.label(t.Name); t.Label == nil {
				c.fail(t.Pos, ErrName, "label %s is not declared", clip(t.Name))
			}
		}
	case *CallTargets:
		for _, t := range st.Targets {
			f := c.funcs[t.Func.Name]
			if f == nil {
				c.fail(t.Pos, ErrName, "function %s is not declared", clip(t.Func.Name))
			} else {
				t.Func = f
			}
		}
	}
}

func (c *checker) inst(in *Inst) {
	ok := true
	if g := in.Guard; g != nil {
		r, found := c.lookup(g.Reg.Name).(*Reg)
		switch {
		case !found:
			c.fail(g.Pos, ErrName, "predicate %s is not declared", clip(g.Reg.Name))
			ok = false
		case r.Type != Pred:
			c.fail(g.Pos, ErrIllegal, "found @%s of type .%v, expected a predicate", r.Name, r.Type)
			ok = false
		default:
			g.Reg = r
		}
	}
	for i := range in.Args {
		ok = c.operand(in, &in.Args[i]) && ok
	}
	if k := in.Call; k != nil {
		for i := range k.Results {
			ok = c.operand(in, &k.Results[i]) && ok
		}
		for i := range k.Args {
			ok = c.operand(in, &k.Args[i]) && ok
		}
		ok = c.operand(in, &k.Callee) && ok
		if k.Table != nil {
			ok = c.operand(in, &k.Table) && ok
		}
	}
	if ok && !c.namesOnly {
		if e := c.legal.check(in); e != nil {
			c.add(e)
		}
	}
}

// operand resolves one operand in place; false when it complained.
func (c *checker) operand(in *Inst, at *Operand) bool {
	switch o := (*at).(type) {
	case *Ident:
		r := c.ident(o)
		if r == nil {
			return false
		}
		*at = r
	case *Indexed:
		return c.indexed(in, o, at)
	case *Addr:
		if o.Base != nil {
			return c.operand(in, &o.Base)
		}
	case *Vector:
		ok := true
		for i := range o.Elems {
			ok = c.operand(in, &o.Elems[i]) && ok
		}
		return ok
	case *Pair:
		return c.operand(in, &o.A) && c.operand(in, &o.B)
	}
	return true
}

// indexed turns sym[n] into an address in memory instructions, the address of the element elsewhere.
func (c *checker) indexed(in *Inst, o *Indexed, at *Operand) bool {
	v, ok := c.lookup(o.Name).(*Var)
	if !ok {
		c.fail(o.Pos, ErrName, "array %s is not declared", clip(o.Name))
		return false
	}
	s := &SymRef{Pos: o.Pos, Var: v, Offset: o.Index * int64(v.Type.Size()*v.Vec)}
	*at = s
	switch in.Op {
	case OpLd, OpLdu, OpSt:
		if space := in.Space(); space == Generic && v.Space == ConstSpace {
			c.fail(o.Pos, ErrIllegal, "found %s[%d] of .const in a generic access", o.Name, o.Index)
			return false
		}
		*at = &Addr{o.Pos, &SymRef{Pos: o.Pos, Var: v}, s.Offset}
	}
	return true
}

// ident is what a name stands for, nil after a complaint.
func (c *checker) ident(o *Ident) Operand {
	elem := -1
	if o.Elem != "" {
		var ok bool
		if elem, ok = elemIndex[o.Elem]; !ok {
			c.fail(o.Pos, ErrIllegal, "found %s.%s, expected an element .x, .y, .z or .w", clip(o.Name), clip(o.Elem))
			return nil
		}
	}
	if o.Neg {
		c.fail(o.Pos, ErrIllegal, "found -%s: only constants take a sign", clip(o.Name))
		return nil
	}
	switch x := c.lookup(o.Name).(type) {
	case *Reg:
		return c.regRef(o, x, elem)
	case *Var:
		return c.sym(o, &SymRef{Pos: o.Pos, Var: x, Offset: o.Offset})
	case *Func:
		return c.sym(o, &SymRef{Pos: o.Pos, Func: x, Offset: o.Offset})
	case *Label:
		return c.sym(o, &LabelRef{Pos: o.Pos, Name: o.Name, Label: x})
	case *BranchTargets:
		return c.sym(o, &LabelRef{Pos: o.Pos, Name: o.Name, Targets: x})
	case *CallTargets:
		return c.sym(o, &LabelRef{Pos: o.Pos, Name: o.Name, Calls: x})
	case *Prototype:
		return c.sym(o, &LabelRef{Pos: o.Pos, Name: o.Name, Proto: x})
	}
	if r, n := specialByName(o.Name); r != NoSReg {
		return c.special(o, r, n, elem)
	}
	c.fail(o.Pos, ErrName, "%s is not declared", clip(o.Name))
	return nil
}

var elemIndex = map[string]int{"x": 0, "y": 1, "z": 2, "w": 3, "r": 0, "g": 1, "b": 2, "a": 3}

func (c *checker) sym(o *Ident, s Operand) Operand {
	if o.Elem != "" || o.Not {
		c.fail(o.Pos, ErrIllegal, "found %s, expected a plain name", identString(o))
		return nil
	}
	return s
}

func (c *checker) regRef(o *Ident, r *Reg, elem int) Operand {
	switch {
	case o.HasOff:
		c.fail(o.Pos, ErrIllegal, "found %s, a sum outside of brackets", identString(o))
		return nil
	case elem >= r.Vec || elem >= 0 && r.Vec == 1:
		c.fail(o.Pos, ErrIllegal, "found %s, but %s has %d elements", identString(o), r.Name, r.Vec)
		return nil
	}
	return &RegRef{Pos: o.Pos, Reg: r, Elem: elem, Not: o.Not}
}

func (c *checker) special(o *Ident, r SReg, number, elem int) Operand {
	info := sregInfo[r]
	switch {
	case o.HasOff || o.Not, elem >= 0 && !info.vector:
		c.fail(o.Pos, ErrIllegal, "found %s, expected %s", identString(o), o.Name)
		return nil
	}
	if number >= 0 {
		elem = number
	}
	return &Special{Pos: o.Pos, Reg: r, Elem: elem}
}
