package ptx

import (
	"strconv"
	"strings"
)

// Declarations against the ISA, as ptxas applies it: variables and registers (5.1 to 5.4), their initial values (5.4.4), the
// directives of functions (11.4, 11.7) and aliases (11.6.5).

// variable checks what a declaration may say, ISA 5.1, 5.2 and 5.4.
func (c *checker) variable(v *Var) {
	t := v.Type
	switch {
	case v.Space == RegSpace:
		c.registerType(v.Pos, t, v.Vec)
		return
	case t == Pred:
		c.fail(v.Pos, ErrIllegal, "%s: a predicate must be a register", v.Name)
	case typeInfo[t].kind == kindOpaque:
		c.fail(v.Pos, ErrUnsupported, "%s: .%v", v.Name, t)
	case t == B128 && !c.m.Version.AtLeast(Version{8, 3}):
		c.fail(v.Pos, ErrVersion, "%s: .b128 needs .version 8.3", v.Name)
	case t.Size() == 0 || t.IsPacked() && t != F16x2 || t == BF16 || t == TF32 || t == E4M3 || t == E5M2:
		c.fail(v.Pos, ErrIllegal, "%s: .%v is a type of instructions only", v.Name, t)
	case v.Vec > 1 && v.Vec*t.Bits() > 128:
		c.fail(v.Pos, ErrIllegal, "%s: a vector of %d bits, at most 128", v.Name, v.Vec*t.Bits())
	}
	unsized := v.Space == ParamSpace || v.Linkage == Extern
	for i, d := range v.Dims {
		switch {
		case d == -1 && (i > 0 || !unsized):
			c.fail(v.Pos, ErrIllegal, "%s: an array without size must be .extern", v.Name)
		case d == 0 && !unsized:
			c.fail(v.Pos, ErrIllegal, "%s: an array of 0 elements", v.Name)
		}
	}
}

func (c *checker) registerType(pos Pos, t Type, vec int) {
	switch {
	case t == B128 && !c.m.Version.AtLeast(Version{8, 3}):
		c.fail(pos, ErrVersion, "registers of type .b128 need .version 8.3")
	case t == B128 && c.m.Target.SM < 70:
		c.fail(pos, ErrTarget, "registers of type .b128 need .target sm_70")
	case t != Pred && (t.Size() == 0 || t.IsPacked() && t != F16x2 || t == BF16 || t == TF32 || t == E4M3 || t == E5M2) || typeInfo[t].kind == kindOpaque:
		c.fail(pos, ErrIllegal, "no register has type .%v", t)
	case vec > 1 && (t == Pred || vec > 4 || vec*t.Bits() > 128):
		c.fail(pos, ErrIllegal, "no vector register has %d elements of type .%v", vec, t)
	}
}

// initial checks the initial value of a variable and resolves the symbols in it, ISA 5.4.4.
func (c *checker) initial(v *Var) {
	if v.Space != GlobalSpace && v.Space != ConstSpace {
		c.fail(v.Init.Pos, ErrIllegal, "%s: only .global and .const variables have initial values", v.Name)
		return
	}
	if v.Type == F16 || v.Type == F16x2 {
		c.fail(v.Init.Pos, ErrIllegal, "%s: found an initial value of a .%v variable; declare it as .b%d, with its bits", v.Name, v.Type, v.Type.Bits())
		return
	}
	dims := v.Dims
	if v.Vec > 1 {
		dims = append(dims[:len(dims):len(dims)], int64(v.Vec))
	}
	c.initList(v, v.Init, dims)
}

// initList checks an initial value of an array: a list for each dimension, and in the end values.
func (c *checker) initList(v *Var, in *Init, dims []int64) {
	switch {
	case len(dims) == 0 && in.Value == nil:
		c.fail(in.Pos, ErrIllegal, "%s: found a list, expected an initial value of type .%v", v.Name, v.Type)
	case len(dims) == 0:
		c.initValue(v, in)
	case in.Value != nil:
		c.fail(in.Pos, ErrIllegal, "%s: found an initial value, expected a list of %d in braces", v.Name, dims[0])
	case int64(len(in.List)) > dims[0]:
		c.fail(in.List[dims[0]].Pos, ErrIllegal, "%s: found %d initial values, expected at most %d", v.Name, len(in.List), dims[0])
	default:
		for _, e := range in.List {
			c.initList(v, e, dims[1:])
		}
	}
}

// initValue checks one initial value. Integers that are too large lose their high bits, as ptxas has it.
func (c *checker) initValue(v *Var, in *Init) {
	t := v.Type
	switch o := in.Value.(type) {
	case *Imm:
		if fraction := o.Kind > ImmUint; fraction && t.IsInt() || !fraction && t.IsFloat() {
			c.fail(in.Pos, ErrIllegal, "%s: found %s, expected a constant of type .%v", v.Name, clip(operandString(o)), t)
		}
	case *Ident:
		s := &SymRef{Pos: o.Pos, Var: c.vars[o.Name], Offset: o.Offset}
		if s.Var == nil {
			s.Func = c.funcs[o.Name]
		}
		if s.Var == nil && s.Func == nil || !c.before(o.Name, o.Pos) {
			c.fail(o.Pos, ErrName, "%s is not declared before this", clip(o.Name))
			return
		}
		if !t.IsUnsigned() || t.Bits() < 32 && in.Mask == 0 {
			c.fail(in.Pos, ErrIllegal, "%s: found the address of %s, which a .%v does not take, but a .u64", v.Name, clip(o.Name), t)
		}
		in.Value = s
	}
}

// first takes note of a name of the module.
func (c *checker) first(name string, pos Pos) {
	if _, ok := c.declared[name]; !ok {
		c.declared[name] = pos
	}
}

// before tells whether the module has the name before a place.
func (c *checker) before(name string, pos Pos) bool {
	d, ok := c.declared[name]
	return ok && (d.Line < pos.Line || d.Line == pos.Line && d.Col < pos.Col)
}

// perf checks the directives behind a function's head, ISA 11.4 and 11.7. The parser has refused zeros.
func (c *checker) perf(f *Func) {
	p := &f.Perf
	cluster := p.ReqNCTAPerCluster != [3]int{} || p.ExplicitCluster || p.MaxClusterRank > 0
	threads := p.MaxNTID != [3]int{} || p.ReqNTID != [3]int{} || p.MinNCTAPerSM > 0 || p.MaxNCTAPerSM > 0 || p.MaxNReg > 0
	switch {
	case !f.Entry && (threads || cluster):
		c.fail(f.Pos, ErrIllegal, "function %s: .maxntid, .maxnreg and their like are for an .entry", clip(f.Name))
	case p.MaxNTID != [3]int{} && p.ReqNTID != [3]int{}:
		c.fail(f.Pos, ErrIllegal, "kernel %s: found .maxntid and .reqntid, expected one of them", clip(f.Name))
	case p.ReqNCTAPerCluster != [3]int{} && p.MaxClusterRank > 0:
		c.fail(f.Pos, ErrIllegal, "kernel %s: found .reqnctapercluster and .maxclusterrank, expected one of them", clip(f.Name))
	case cluster && !c.m.Version.AtLeast(Version{7, 8}):
		c.fail(f.Pos, ErrVersion, "kernel %s: directives of clusters need .version 7.8, the file has %v", clip(f.Name), c.m.Version)
	case cluster && c.m.Target.SM < 90:
		c.fail(f.Pos, ErrTarget, "kernel %s: directives of clusters need .target sm_90, the file has %v", clip(f.Name), c.m.Target)
	case f.NoReturn && len(f.Results) > 0:
		c.fail(f.Pos, ErrIllegal, "function %s: found .noreturn and %d results, expected none", clip(f.Name), len(f.Results))
	}
}

// paramSpace holds the parameters of a kernel to the space that there is for them, ISA 5.1.6.1 and as ptxas has it.
func (c *checker) paramSpace(f *Func) {
	if !f.Entry {
		return
	}
	most := int64(4352)
	if c.m.Version.AtLeast(Version{8, 1}) && c.m.Target.SM >= 70 {
		most = 32764
	}
	size := int64(0)
	for _, v := range f.Params {
		al := int64(v.AlignOf())
		size = (size+al-1)/al*al + v.Size()
		if size > most {
			c.fail(v.Pos, ErrIllegal, "kernel %s: the parameters up to %s have %d bytes, at most %d are possible", clip(f.Name), clip(v.Name), size, most)
			return
		}
	}
}

// alias checks that an alias is a function declared without a body, for one that has a body, both before it and of one prototype.
func (c *checker) alias(a *Alias) {
	name, target := c.funcs[a.Name], c.funcs[a.Target]
	switch {
	case name == nil || !c.before(a.Name, a.Pos):
		c.fail(a.Pos, ErrName, ".alias: function %s is not declared before this", clip(a.Name))
	case target == nil || !c.before(a.Target, a.Pos):
		c.fail(a.Pos, ErrName, ".alias: function %s is not declared before this", clip(a.Target))
	case name.Entry || target.Entry || name.Body != nil || target.Body == nil:
		c.fail(a.Pos, ErrIllegal, ".alias: expected %s to be a .func without body and %s one with a body", clip(a.Name), clip(a.Target))
	case prototype(name) != prototype(target):
		c.fail(a.Pos, ErrIllegal, ".alias: %s and %s differ in their parameters or results", clip(a.Name), clip(a.Target))
	}
}

// prototype is what an alias and its function have in common, in words.
func prototype(f *Func) string {
	var b strings.Builder
	for _, list := range [][]*Var{f.Results, f.Params} {
		for _, v := range list {
			b.WriteString(v.Space.String() + "." + v.Type.String())
			for _, n := range append([]int64{int64(v.Vec), int64(v.AlignOf())}, v.Dims...) {
				b.WriteString(" " + strconv.FormatInt(n, 10))
			}
			b.WriteByte(',')
		}
		b.WriteByte(';')
	}
	return b.String()
}
