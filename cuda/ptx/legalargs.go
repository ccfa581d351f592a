package ptx

import (
	"fmt"
)

// Operands against a row of the table: ISA 6.2 to 6.5, 9.2 and 9.4, with the sizes and classes as ptxas applies them.

// operands says which operand does not fit the row; nil when all do.
func (l *legality) operands(in *Inst, f *Form) *Error {
	least := 0
	for _, a := range f.args {
		if !a.optional {
			least++
		}
	}
	if len(in.Args) < least || len(in.Args) > len(f.args) {
		e := l.illegal(in.Pos, "%s: found %d operands, expected %s", clip(in.Opcode()), len(in.Args), operandCount(least, len(f.args)))
		return e
	}
	for i, a := range in.Args {
		if e := l.arg(in, &f.args[i], a); e != nil {
			e.depth = i + 1
			if l.quiet {
				return e
			}
			e.Msg = fmt.Sprintf("%s: operand %d: %s", clip(in.Opcode()), i+1, e.Msg)
			return e
		}
	}
	return nil
}

func operandCount(lo, hi int) string {
	if lo == hi {
		return fmt.Sprint(lo)
	}
	return fmt.Sprintf("%d to %d", lo, hi)
}

// illegal is a complaint; quiet tables do not word it.
func (l *legality) illegal(pos Pos, format string, args ...any) *Error {
	if l.quiet {
		return &Error{Kind: ErrIllegal}
	}
	return &Error{Pos: pos, Kind: ErrIllegal, Msg: fmt.Sprintf(format, args...)}
}

// expected is the complaint about an operand of the wrong kind.
func (l *legality) expected(o Operand, what string) *Error {
	if l.quiet {
		return &Error{Kind: ErrIllegal}
	}
	return l.illegal(o.Position(), "found %s, expected %s", describe(o), what)
}

func describe(o Operand) string {
	if r, ok := o.(*RegRef); ok {
		if r.Reg.Vec > 1 && r.Elem < 0 {
			return fmt.Sprintf("%s of type .v%d .%v", operandString(o), r.Reg.Vec, r.Reg.Type)
		}
		return fmt.Sprintf("%s of type .%v", operandString(o), r.Reg.Type)
	}
	return clip(operandString(o))
}

func (l *legality) arg(in *Inst, a *argSpec, o Operand) *Error {
	switch a.kind {
	case argAddr:
		return l.address(in, a, o)
	case argVector:
		return l.vector(in, a, o)
	case argPair:
		p, ok := o.(*Pair)
		if !ok && a.single {
			return l.arg(in, &a.parts[0], o)
		}
		if !ok {
			return l.expected(o, "two results a|b")
		}
		if e := l.arg(in, &a.parts[0], p.A); e != nil {
			return e
		}
		return l.arg(in, &a.parts[1], p.B)
	case argLabel:
		if r, ok := o.(*LabelRef); !ok || r.Label == nil {
			return l.expected(o, "a label")
		}
		return nil
	case argSink:
		if _, ok := o.(*Sink); !ok {
			return l.expected(o, "_")
		}
		return nil
	case argTargets:
		if r, ok := o.(*LabelRef); !ok || r.Targets == nil {
			return l.expected(o, "the label of a .branchtargets list")
		}
		return nil
	}
	return l.value(in, a, a.typeOf(in), o)
}

// typeOf is the type that an operand has in the instruction.
func (a *argSpec) typeOf(in *Inst) Type {
	switch {
	case a.typ != NoType:
		return a.typ
	case a.wide:
		return widened(in.Type(0))
	}
	return in.Type(a.index)
}

func widened(t Type) Type {
	switch t {
	case U16:
		return U32
	case S16:
		return S32
	case U32:
		return U64
	case S32:
		return S64
	}
	return NoType
}

// value checks a scalar operand against its type and the row's marks.
func (l *legality) value(in *Inst, a *argSpec, t Type, o Operand) *Error {
	what := "." + t.String()
	switch o := o.(type) {
	case *RegRef:
		switch {
		case a.flags&flagImmOnly != 0:
			return l.expected(o, "a constant")
		case o.Not && a.flags&flagNot == 0:
			return l.expected(o, "a register without !")
		case o.Reg.Vec > 1 && o.Elem < 0:
			return l.expected(o, "a scalar register of type "+what)
		case !accepts(t, o.Reg.Type, a):
			return l.expected(o, "a register of type "+what)
		}
		return nil
	case *Imm:
		return l.immediate(a, t, o)
	case *Special:
		return l.special(a, t, o)
	case *SymRef:
		if a.flags&flagAddress != 0 && (t.IsInt() || t.IsBits()) && t.Bits() <= 64 {
			return l.addressValue(in, o)
		}
		return l.expected(o, "a register or constant of type "+what)
	case *Sink:
		if a.flags&flagSink != 0 {
			return nil
		}
		return l.expected(o, "a register of type "+what)
	}
	if a.flags&flagDest != 0 || a.flags&flagRegOnly != 0 {
		return l.expected(o, "a register of type "+what)
	}
	return l.expected(o, "a register or constant of type "+what)
}

// addressValue checks a symbol as a source: mov takes any, cvta and mapa those of their state space.
func (l *legality) addressValue(in *Inst, o *SymRef) *Error {
	if in.Op == OpMov {
		return nil
	}
	space := in.Space()
	if space == Generic {
		space = SharedSpace
	}
	return l.addressOf(o, space)
}

func (l *legality) immediate(a *argSpec, t Type, o *Imm) *Error {
	what := "." + t.String()
	if a.flags&(flagDest|flagRegOnly) != 0 {
		return l.expected(o, "a register of type "+what)
	}
	if !immediateOf(t, o.Kind) {
		return l.expected(o, "a register or constant of type "+what)
	}
	if v := int64(o.Bits); a.ranged && (v < a.lo || v > a.hi || a.step > 0 && v%a.step != 0) {
		if a.step > 0 {
			return l.expected(o, fmt.Sprintf("a multiple of %d from %d to %d", a.step, a.lo, a.hi))
		}
		return l.expected(o, fmt.Sprintf("a constant from %d to %d", a.lo, a.hi))
	}
	return nil
}

// immediateOf tells whether a constant can stand for a value of the type: integers for integers, bits and predicates, floating
// point for .f32 and .f64, bit patterns of matching width for .b32 and .b64; half and packed types take none. ISA 4.5.
func immediateOf(t Type, k ImmKind) bool {
	switch {
	case t == F32 || t == F64:
		return k >= ImmF32
	case t == B32 && k == ImmF32, t == B64 && k == ImmF64:
		return true
	case t.IsBits() || t.IsInt() || t == Pred:
		return k <= ImmUint && t != B128
	}
	return false
}

func (l *legality) special(a *argSpec, t Type, o *Special) *Error {
	info := &sregInfo[o.Reg]
	if o.Reg == SRegWarpSize { // a constant in all but its spelling
		if a.flags&(flagDest|flagRegOnly) == 0 && (!a.ranged || 32 <= a.hi) && immediateOf(t, ImmInt) {
			return nil
		}
		return l.expected(o, "another operand than WARP_SZ")
	}
	if !l.version.AtLeast(info.version) {
		return &Error{Pos: o.Pos, Kind: ErrVersion, Msg: fmt.Sprintf("%s needs .version %v, the file has %v", operandString(o), info.version, l.version)}
	}
	if l.target.SM < info.sm {
		return &Error{Pos: o.Pos, Kind: ErrTarget, Msg: fmt.Sprintf("%s needs .target sm_%d, the file has %v", operandString(o), info.sm, l.target)}
	}
	if a.flags&flagSpecial == 0 {
		return l.expected(o, "a register or constant, which mov makes of a special register")
	}
	if o.Elem < 0 && info.vector {
		return l.expected(o, operandString(o)+".x, .y or .z")
	}
	if a.flags&flagWider != 0 || specialFits(t, o.Reg) {
		return nil
	}
	return l.expected(o, fmt.Sprintf("a special register of type .%v (%s has .%v)", t, operandString(o), info.typ))
}

// specialFits tells whether mov can read a special register as a type: one of the same width; %gridid, which grew, as any; and
// those that had 16 bits in the first ISA still so, ISA 10.
func specialFits(t Type, r SReg) bool {
	own := sregInfo[r].typ
	switch {
	case t.IsFloat() || t == Pred || own == Pred:
		return t == own
	case t.Bits() == own.Bits():
		return true
	case r == SRegGridID:
		return t.Bits() <= 64
	case t.Bits() == 16:
		return r == SRegTID || r == SRegNTID || r == SRegCTAID || r == SRegNCTAID
	}
	return false
}

// accepts tells whether a register of type r can hold a t: ISA 9.4 table 26 (untyped registers agree with all of their width,
// integers with integers), and 9.4.1 where wider registers are allowed.
func accepts(t, r Type, a *argSpec) bool {
	if t == Pred || r == Pred {
		return t == r
	}
	if a.flags&flagWider != 0 {
		return r.Bits() >= t.Bits() && classes(t, r)
	}
	if r.Bits() != t.Bits() {
		return false
	}
	if r == F16x2 && a.typ != NoType && a.typ != F16x2 && a.typ != B32 {
		return false
	}
	return classes(t, r)
}

// classes tells whether a type and a register agree but for their widths.
func classes(t, r Type) bool {
	switch {
	case t.IsBits():
		return true
	case r.IsBits():
		return true
	case t.IsInt():
		return r.IsInt() || r == F16x2
	case t == F16 || t == F32 || t == F64 || t == F16x2:
		return r == t
	case t == U16x2 || t == S16x2:
		return r == F16x2
	}
	return false
}

// vector checks {a, b}: as many elements as the row says, each like a scalar.
func (l *legality) vector(in *Inst, a *argSpec, o Operand) *Error {
	e := &a.parts[0]
	t := e.typeOf(in)
	n := a.count
	if n == 0 {
		n = in.Vec()
		if n == 1 {
			scalar := *e
			scalar.flags &^= flagSink // only elements can be thrown away
			return l.value(in, &scalar, t, o)
		}
	}
	if r, ok := o.(*RegRef); ok && r.Reg.Vec == n && r.Elem < 0 && n > 1 {
		if !accepts(t, r.Reg.Type, e) {
			return l.expected(o, fmt.Sprintf("a vector of %d elements of type .%v", n, t))
		}
		return nil
	}
	if r, ok := o.(*RegRef); ok && n == -1 && r.Reg.Vec > 1 && r.Elem < 0 && r.Reg.Vec*r.Reg.Type.Bits() == t.Bits() {
		return nil
	}
	v, ok := o.(*Vector)
	if !ok {
		return l.expected(o, fmt.Sprintf("a list in braces of type .%v", t))
	}
	if n == -1 {
		return l.split(in, e, t, v)
	}
	if len(v.Elems) != n {
		return l.illegal(v.Pos, "found %d elements, expected %d", len(v.Elems), n)
	}
	sinks := 0
	for _, x := range v.Elems {
		if err := l.value(in, e, t, x); err != nil {
			return err
		}
		if _, ok := x.(*Sink); ok {
			sinks++
		}
	}
	if sinks == n {
		return l.illegal(v.Pos, "found nothing but _, expected a register")
	}
	return l.sameWidth(v)
}

// sameWidth holds the registers of a list to one width, where each alone might be wider than the type.
func (l *legality) sameWidth(v *Vector) *Error {
	width := 0
	for _, x := range v.Elems {
		r, ok := x.(*RegRef)
		if !ok {
			continue
		}
		if n := r.Reg.Type.Bits(); width == 0 {
			width = n
		} else if n != width {
			return l.expected(x, fmt.Sprintf("a register of %d bits like the one before it", width))
		}
	}
	return nil
}

// split checks the parts that mov packs or unpacks, ISA 9.7.9.4: two or four of equal width that fill the type.
func (l *legality) split(in *Inst, e *argSpec, t Type, v *Vector) *Error {
	n := len(v.Elems)
	if n != 2 && n != 4 || t.Bits()/n < 8 {
		return l.illegal(v.Pos, "found %d parts of .%v, expected 2 or 4 of at least 8 bits", n, t)
	}
	part := bitsOf(t.Bits() / n)
	var float, integer Operand
	sinks := 0
	for _, x := range v.Elems {
		if err := l.value(in, e, part, x); err != nil {
			return err
		}
		switch x := x.(type) {
		case *Sink:
			sinks++
		case *RegRef:
			if x.Reg.Type.IsFloat() {
				float = x
			}
		case *Imm:
			if x.Kind <= ImmUint {
				integer = x
			}
		}
	}
	if sinks == n {
		return l.illegal(v.Pos, "found nothing but _, expected a register")
	}
	if float != nil && integer != nil {
		return l.expected(integer, fmt.Sprintf("a register or floating-point constant beside %s", operandString(float)))
	}
	return nil
}

func bitsOf(n int) Type {
	switch n {
	case 8:
		return B8
	case 16:
		return B16
	case 32:
		return B32
	case 64:
		return B64
	}
	return NoType
}

// address checks [a+n], ISA 6.4.1: an integer register, or a variable of the state space that the instruction names.
func (l *legality) address(in *Inst, a *argSpec, o Operand) *Error {
	m, ok := o.(*Addr)
	if !ok {
		return l.expected(o, "an address in brackets")
	}
	space := a.space
	if space == Generic {
		space = in.Space()
	}
	switch b := m.Base.(type) {
	case nil:
		if space != LocalSpace {
			return l.expected(o, "a register or a variable in the brackets: only .local has absolute addresses")
		}
		return nil
	case *RegRef:
		t := b.Reg.Type
		if !t.IsInt() && !t.IsBits() || b.Reg.Vec > 1 && b.Elem < 0 || t.Bits() < 16 || t.Bits() > 64 {
			return l.expected(b, "an integer register in the brackets")
		}
		return nil
	case *SymRef:
		if in.Op == OpSt && kernelParam(b.Var) {
			return l.illegal(b.Pos, "found %s, but parameters of a kernel are read-only", b.Name())
		}
		return l.addressOf(b, space)
	}
	return l.expected(m.Base, "a register or a variable in the brackets")
}

func (l *legality) addressOf(b *SymRef, space Space) *Error {
	if b.Var == nil {
		return l.expected(b, "a variable in the brackets")
	}
	have := b.Var.Space
	ok := have == space
	switch space {
	case Generic:
		ok = have == GlobalSpace || have == SharedSpace || have == LocalSpace
	case SharedCTA, SharedCluster:
		ok = have == SharedSpace
	case ParamEntry, ParamFunc:
		ok = have == ParamSpace
	}
	if !ok {
		return l.illegal(b.Pos, "found %s in .%v, expected a variable in .%v", b.Name(), have, space)
	}
	return nil
}

// kernelParam tells a parameter of an .entry from .param variables of bodies and functions.
func kernelParam(v *Var) bool {
	if v == nil || v.Scope == nil || !v.Scope.Entry {
		return false
	}
	for _, p := range v.Scope.Params {
		if p == v {
			return true
		}
	}
	return false
}
