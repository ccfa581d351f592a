package ptx

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Print writes the module as PTX that parses to the same tree: names resolved or not, constants as bit patterns, comments gone.
func (m *Module) Print(w io.Writer) error {
	_, err := io.WriteString(w, m.String())
	return err
}

// String is what Print writes.
func (m *Module) String() string {
	p := &printer{}
	p.f(".version %v\n.target %v", m.Version, m.Target)
	if o := m.Target.Options; o != "" {
		p.f(", %s", strings.ReplaceAll(o, ",", ", "))
	}
	p.f("\n.address_size %d\n", m.AddressSize)
	for _, it := range m.Items {
		p.item(it)
	}
	return p.String()
}

type printer struct {
	bytes.Buffer
	indent int
}

func (p *printer) f(format string, args ...any) { fmt.Fprintf(&p.Buffer, format, args...) }

func (p *printer) line(format string, args ...any) {
	for range p.indent {
		p.WriteByte('\t')
	}
	p.f(format, args...)
	p.WriteByte('\n')
}

func (p *printer) item(it Item) {
	switch it := it.(type) {
	case *File:
		p.f(".file %d \"%s\"", it.Index, it.Name)
		if it.HasTimeSize {
			p.f(", %d, %d", it.Time, it.Size)
		}
		p.WriteByte('\n')
	case *Alias:
		p.line(".alias %s, %s;", it.Name, it.Target)
	case *Section:
		p.line(".section %s\n{\n%s\n}", it.Name, it.Text)
	case *Pragma:
		p.pragma(it)
	case *Var:
		p.line("%s;", varString(it))
	case *Func:
		p.function(it)
	}
}

func (p *printer) pragma(it *Pragma) { p.line(".pragma \"%s\";", strings.Join(it.Text, `", "`)) }

func varString(v *Var) string {
	var s strings.Builder
	if v.Linkage != Internal {
		s.WriteString(v.Linkage.String() + " ")
	}
	s.WriteString("." + v.Space.String())
	if v.Managed {
		s.WriteString(" .attribute(.managed)")
	}
	if len(v.Unified) == 2 {
		fmt.Fprintf(&s, " .attribute(.unified(%d, %d))", v.Unified[0], v.Unified[1])
	}
	if v.Align > 0 {
		fmt.Fprintf(&s, " .align %d", v.Align)
	}
	if v.Vec > 1 {
		fmt.Fprintf(&s, " .v%d", v.Vec)
	}
	s.WriteString(" ." + v.Type.String())
	if v.Ptr {
		s.WriteString(" .ptr")
		if v.PtrTo != Generic {
			s.WriteString(" ." + v.PtrTo.String())
		}
		if v.PtrAl > 0 {
			fmt.Fprintf(&s, " .align %d", v.PtrAl)
		}
	}
	s.WriteString(" " + v.Name)
	for _, d := range v.Dims {
		if d < 0 {
			s.WriteString("[]")
		} else {
			fmt.Fprintf(&s, "[%d]", d)
		}
	}
	if v.Init != nil {
		s.WriteString(" = ")
		initString(&s, v.Init)
	}
	return s.String()
}

func initString(s *strings.Builder, in *Init) {
	if in.Value == nil {
		s.WriteByte('{')
		for i, e := range in.List {
			if i > 0 {
				s.WriteString(", ")
			}
			initString(s, e)
		}
		s.WriteByte('}')
		return
	}
	switch {
	case in.Mask != 0:
		whole := *in
		whole.Mask = 0
		fmt.Fprintf(s, "0x%X(", in.Mask)
		initString(s, &whole)
		s.WriteByte(')')
		return
	case in.Generic:
		fmt.Fprintf(s, "generic(%s)", symName(in.Value))
	default:
		s.WriteString(operandString(in.Value))
		return
	}
	if o := symOffset(in.Value); o != 0 {
		fmt.Fprintf(s, "+%d", o)
	}
}

func symName(o Operand) string {
	switch o := o.(type) {
	case *Ident:
		return o.Name
	case *SymRef:
		return o.Name()
	}
	return ""
}

func symOffset(o Operand) int64 {
	switch o := o.(type) {
	case *Ident:
		return o.Offset
	case *SymRef:
		return o.Offset
	}
	return 0
}

func paramsString(vars []*Var) string {
	s := make([]string, len(vars))
	for i, v := range vars {
		s[i] = varString(v)
	}
	return "(" + strings.Join(s, ", ") + ")"
}

func (p *printer) function(f *Func) {
	if f.Linkage != Internal {
		p.f("%s ", f.Linkage)
	}
	if f.Entry {
		p.f(".entry ")
	} else {
		p.f(".func ")
		if f.Results != nil {
			p.f("%s ", paramsString(f.Results))
		}
	}
	p.f("%s", f.Name)
	if f.Params != nil {
		p.f("%s", paramsString(f.Params))
	}
	p.perf(f)
	if f.Body == nil {
		p.f(";\n")
		return
	}
	p.f("\n")
	p.block(f.Body)
}

func (p *printer) perf(f *Func) {
	q := &f.Perf
	if f.NoReturn {
		p.f(" .noreturn")
	}
	if len(q.Unified) == 2 {
		p.f(" .attribute(.unified(%d, %d))", q.Unified[0], q.Unified[1])
	}
	for _, d := range []struct {
		name string
		v    [3]int
	}{{"maxntid", q.MaxNTID}, {"reqntid", q.ReqNTID}, {"reqnctapercluster", q.ReqNCTAPerCluster}} {
		if d.v != [3]int{} {
			p.f("\n.%s %d, %d, %d", d.name, d.v[0], d.v[1], d.v[2])
		}
	}
	if q.ExplicitCluster {
		p.f("\n.explicitcluster")
	}
	for _, d := range []struct {
		name string
		v    int
	}{{"minnctapersm", q.MinNCTAPerSM}, {"maxnctapersm", q.MaxNCTAPerSM}, {"maxnreg", q.MaxNReg}, {"maxclusterrank", q.MaxClusterRank},
		{"abi_preserve", q.ABIPreserve}, {"abi_preserve_control", q.ABIPreserveCtl}} {
		if d.v != 0 {
			p.f("\n.%s %d", d.name, d.v)
		}
	}
	for _, s := range q.Pragmas {
		p.f("\n.pragma \"%s\";", s)
	}
}

func (p *printer) block(b *Block) {
	p.line("{")
	p.indent++
	for _, s := range b.Stmts {
		p.stmt(s)
	}
	p.indent--
	p.line("}")
}

func (p *printer) stmt(s Stmt) {
	switch s := s.(type) {
	case *Inst:
		p.line("%s", s)
	case *Label:
		p.indent--
		p.line("%s:", s.Name)
		p.indent++
	case *Block:
		p.block(s)
	case *RegDecl:
		p.regDecl(s)
	case *Var:
		p.line("%s;", varString(s))
	case *Loc:
		p.loc(s)
	case *Pragma:
		p.pragma(s)
	case *BranchTargets:
		names := make([]string, len(s.Targets))
		for i, t := range s.Targets {
			names[i] = t.Name
		}
		p.line("%s: .branchtargets %s;", s.Name, strings.Join(names, ", "))
	case *CallTargets:
		names := make([]string, len(s.Targets))
		for i, t := range s.Targets {
			names[i] = t.Name()
		}
		p.line("%s: .calltargets %s;", s.Name, strings.Join(names, ", "))
	case *Prototype:
		p.prototype(s)
	}
}

func (p *printer) prototype(s *Prototype) {
	t := s.Name + ": .callprototype "
	if s.Results != nil {
		t += paramsString(s.Results) + " "
	}
	t += "_"
	if s.Params != nil {
		t += " " + paramsString(s.Params)
	}
	if s.NoReturn {
		t += " .noreturn"
	}
	p.line("%s;", t)
}

func (p *printer) regDecl(d *RegDecl) {
	t := ".reg "
	if d.Vec > 1 {
		t += fmt.Sprintf(".v%d ", d.Vec)
	}
	t += "." + d.Type.String() + " "
	for i, n := range d.Names {
		if i > 0 {
			t += ", "
		}
		t += n.Name
		if n.Count > 0 {
			t += fmt.Sprintf("<%d>", n.Count)
		}
	}
	p.line("%s;", t)
}

func (p *printer) loc(l *Loc) {
	t := fmt.Sprintf(".loc %d %d %d", l.File, l.Line, l.Col)
	if l.Func != "" {
		t += ", function_name " + l.Func
		if l.FuncOffset != 0 {
			t += fmt.Sprintf("+%d", l.FuncOffset)
		}
	}
	if l.InlinedAt != nil {
		t += fmt.Sprintf(", inlined_at %d %d %d", l.InlinedAt.File, l.InlinedAt.Line, l.InlinedAt.Col)
	}
	p.line("%s", t)
}

// Opcode is the operation with its modifiers, as in add.rn.f32.
func (in *Inst) Opcode() string {
	var b strings.Builder
	b.WriteString(in.Op.String())
	for _, m := range in.Mods {
		b.WriteByte('.')
		b.WriteString(m.String())
	}
	return b.String()
}

// String is the instruction as PTX, with its semicolon.
func (in *Inst) String() string {
	var b strings.Builder
	if g := in.Guard; g != nil {
		b.WriteByte('@')
		b.WriteString(operandString(g))
		b.WriteByte(' ')
	}
	b.WriteString(in.Opcode())
	if c := in.Call; c != nil {
		b.WriteByte(' ')
		if c.Results != nil {
			b.WriteString("(" + operandsString(c.Results) + "), ")
		}
		b.WriteString(operandString(c.Callee))
		if c.Args != nil {
			b.WriteString(", (" + operandsString(c.Args) + ")")
		}
		if c.Table != nil {
			b.WriteString(", " + operandString(c.Table))
		}
	} else if len(in.Args) > 0 {
		b.WriteByte(' ')
		b.WriteString(operandsString(in.Args))
	}
	b.WriteByte(';')
	return b.String()
}

func operandsString(list []Operand) string {
	s := make([]string, len(list))
	for i, o := range list {
		s[i] = operandString(o)
	}
	return strings.Join(s, ", ")
}

func operandString(o Operand) string {
	switch o := o.(type) {
	case *Ident:
		return identString(o)
	case *Indexed:
		return fmt.Sprintf("%s[%d]", o.Name, o.Index)
	case *RegRef:
		s := o.Reg.Name
		if o.Elem >= 0 {
			s += "." + "xyzw"[o.Elem:o.Elem+1]
		}
		if o.Not {
			s = "!" + s
		}
		return s
	case *Special:
		return specialString(o)
	case *SymRef:
		return withOffset(o.Name(), o.Offset)
	case *LabelRef:
		return o.Name
	case *Imm:
		return immString(o)
	case *Addr:
		if o.Base == nil {
			return fmt.Sprintf("[%d]", o.Offset)
		}
		return "[" + withOffset(operandString(o.Base), o.Offset) + "]"
	case *Vector:
		return "{" + operandsString(o.Elems) + "}"
	case *Pair:
		return operandString(o.A) + "|" + operandString(o.B)
	case *Sink:
		return "_"
	}
	return ""
}

func identString(o *Ident) string {
	s := o.Name
	if o.Elem != "" {
		s += "." + o.Elem
	}
	if o.HasOff {
		s += "+" + strconv.FormatInt(o.Offset, 10)
	}
	if o.Neg {
		s = "-" + s
	}
	if o.Not {
		s = "!" + s
	}
	return s
}

func specialString(o *Special) string {
	switch {
	case o.Reg == SRegPM:
		return fmt.Sprintf("%%pm%d", o.Elem)
	case o.Reg == SRegPM64:
		return fmt.Sprintf("%%pm%d_64", o.Elem)
	case o.Reg == SRegEnvReg:
		return fmt.Sprintf("%%envreg%d", o.Elem)
	case o.Reg == SRegReservedSMemOffset:
		return fmt.Sprintf("%%reserved_smem_offset_%d", o.Elem)
	case o.Elem >= 0:
		return o.Reg.String() + "." + "xyzw"[o.Elem:o.Elem+1]
	}
	return o.Reg.String()
}

func withOffset(s string, off int64) string {
	if off == 0 {
		return s
	}
	return s + "+" + strconv.FormatInt(off, 10)
}

func immString(o *Imm) string {
	switch o.Kind {
	case ImmUint:
		return strconv.FormatUint(o.Bits, 10) + "U"
	case ImmF32:
		return fmt.Sprintf("0f%08X", uint32(o.Bits))
	case ImmF64:
		return fmt.Sprintf("0d%016X", o.Bits)
	}
	return strconv.FormatInt(int64(o.Bits), 10)
}
