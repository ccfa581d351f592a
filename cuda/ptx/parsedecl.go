package ptx

import (
	"math"
)

// Declarations: variables, registers and functions, ISA 5.4, 11.2 and 11.4.

const (
	// maxBytes bounds the size of a variable, so that sizes never overflow.
	maxBytes = 1 << 46
	// maxAlign is far more than a page of a GPU's memory.
	maxAlign = 1 << 20
)

func (p *parser) variables(link Linkage) ([]*Var, error) {
	v, err := p.varHead(link)
	if err != nil {
		return nil, err
	}
	var out []*Var
	for {
		w := *v
		if err := p.varName(&w, p.fn == nil || w.Space != ParamSpace); err != nil {
			return out, err
		}
		out = append(out, &w)
		if !p.accept(",") {
			return out, p.expect(";", "after the declaration")
		}
	}
}

// varHead reads space, alignment, attributes, vector width and type in any order that the ISA shows.
func (p *parser) varHead(link Linkage) (*Var, error) {
	v := &Var{Pos: p.tok.pos, Linkage: link, Vec: 1, Scope: p.fn}
	if p.tok.kind == tokDot {
		v.Space = varSpace(p.tok.text)
	}
	if v.Space == Generic {
		return nil, p.want("a state space such as .global")
	}
	p.advance()
	if v.Space == ConstSpace && p.accept("[") { // .const[bank], deprecated
		if _, err := p.integer("a bank number"); err != nil {
			return nil, err
		}
		if err := p.expect("]", "after the bank number"); err != nil {
			return nil, err
		}
	}
	for p.tok.kind == tokDot {
		if err := p.varAttr(v); err != nil {
			return nil, err
		}
	}
	if v.Type == NoType {
		return nil, p.want("a type such as .b32")
	}
	return v, nil
}

func varSpace(s string) Space {
	switch s {
	case "reg":
		return RegSpace
	case "const":
		return ConstSpace
	case "global":
		return GlobalSpace
	case "local":
		return LocalSpace
	case "param":
		return ParamSpace
	case "shared":
		return SharedSpace
	case "tex":
		return TexSpace
	}
	return Generic
}

func (p *parser) varAttr(v *Var) error {
	t := p.tok
	p.advance()
	switch t.text {
	case "align":
		n, err := p.alignment()
		if v.Ptr {
			v.PtrAl = n
		} else {
			v.Align = n
		}
		return err
	case "ptr":
		if v.Space != ParamSpace {
			return p.fail(t.pos, ErrSyntax, "found .ptr, which only kernel parameters have")
		}
		v.Ptr = true
		if p.tok.kind == tokDot {
			if s := varSpace(p.tok.text); s != Generic {
				v.PtrTo = s
				p.advance()
			}
		}
		return nil
	case "attribute":
		return p.attribute(v)
	case "v2", "v4", "v8":
		v.Vec = int(t.text[1] - '0')
		return nil
	}
	typ := modByName[t.text].Type()
	if typ == NoType || v.Type != NoType {
		return p.fail(t.pos, ErrSyntax, "found %s, expected a type or .align", t.describe())
	}
	v.Type = typ
	return nil
}

func (p *parser) alignment() (int, error) {
	pos := p.tok.pos
	n, err := p.integer("an alignment")
	if err != nil {
		return 0, err
	}
	if n == 0 || n&(n-1) != 0 || n > maxAlign {
		return 0, p.fail(pos, ErrSyntax, "found .align %d, expected a power of two, at most %d", n, maxAlign)
	}
	return int(n), nil
}

// attribute reads .attribute(.managed) and .attribute(.unified(a, b)), ISA 5.4.8 and 11.9.
func (p *parser) attribute(v *Var) error {
	if err := p.expect("(", "after .attribute"); err != nil {
		return err
	}
	for {
		switch {
		case p.acceptDot("managed"):
			v.Managed = true
		case p.acceptDot("unified"):
			if err := p.expect("(", "after .unified"); err != nil {
				return err
			}
			for range 2 {
				n, err := p.integer("a number")
				if err != nil {
					return err
				}
				v.Unified = append(v.Unified, n)
				p.accept(",")
			}
			if err := p.expect(")", "after .unified"); err != nil {
				return err
			}
		default:
			return p.want(".managed or .unified")
		}
		if !p.accept(",") {
			return p.expect(")", "after the attribute")
		}
	}
}

// varName reads name{[n]}{= init}.
func (p *parser) varName(v *Var, initOK bool) error {
	var err error
	if v.Name, v.Pos, err = p.ident("a name"); err != nil {
		return err
	}
	if p.accept("<") { // .param .b32 p<3> is read by declarations of ranges only
		return p.fail(v.Pos, ErrSyntax, "found a range of names, expected a name")
	}
	for p.accept("[") {
		if p.accept("]") {
			v.Dims = append(v.Dims, -1)
			continue
		}
		pos := p.tok.pos
		c, err := p.constant()
		if err != nil {
			return err
		}
		if c.Kind > ImmUint || int64(c.Bits) < 0 {
			return p.fail(pos, ErrSyntax, "found a negative or fractional array size")
		}
		v.Dims = append(v.Dims, int64(c.Bits))
		if err := p.expect("]", "after the array size"); err != nil {
			return err
		}
	}
	size := float64(v.Type.Size()) * float64(v.Vec)
	for _, d := range v.Dims {
		size *= float64(max(d, 1))
	}
	if size > maxBytes {
		return p.fail(v.Pos, ErrSyntax, "found %s of %.3g bytes, at most %d are possible", clip(v.Name), size, int64(maxBytes))
	}
	if initOK && p.accept("=") {
		v.Init, err = p.initializer()
		if err == nil && len(v.Dims) > 0 && v.Dims[0] == -1 {
			v.Dims[0] = int64(max(len(v.Init.List), 1))
		}
	}
	return err
}

// initializer reads a value or a list in braces, ISA 5.4.4.
func (p *parser) initializer() (*Init, error) {
	in := &Init{Pos: p.tok.pos}
	if p.accept("{") {
		in.List = []*Init{}
		if p.depth++; p.depth > maxDepth {
			return nil, p.fail(in.Pos, ErrSyntax, "found more than %d nested braces", maxDepth)
		}
		defer func() { p.depth-- }()
		for !p.accept("}") {
			e, err := p.initializer()
			if err != nil {
				return nil, err
			}
			in.List = append(in.List, e)
			if !p.is("}") {
				if err := p.expect(",", "between initializers"); err != nil {
					return nil, err
				}
			}
		}
		return in, nil
	}
	if p.tok.kind != tokIdent {
		v, err := p.constant()
		if in.Value = v; err != nil || !p.is("(") {
			return in, err
		}
		if err := p.addressMask(in, v); err != nil {
			return in, err
		}
		p.advance()
		if err := p.symbolInit(in); err != nil {
			return in, err
		}
		return in, p.expect(")", "after the symbol")
	}
	return in, p.symbolInit(in)
}

// addressMask takes the mask of 0xFF00(sym), one byte of an address, ISA 5.4.4.
func (p *parser) addressMask(in *Init, v *Imm) error {
	for shift := 0; shift < 64; shift += 8 {
		if v.Kind <= ImmUint && v.Bits == 0xFF<<shift {
			in.Mask = v.Bits
		}
	}
	if in.Mask == 0 {
		return p.fail(v.Pos, ErrIllegal, "found a mask of %#x, expected one byte, such as 0xFF00", v.Bits)
	}
	if !p.m.Version.AtLeast(Version{7, 1}) {
		return p.fail(v.Pos, ErrVersion, "masks of addresses need .version 7.1")
	}
	return nil
}

// symbolInit reads sym, sym+4 and generic(sym)+4.
func (p *parser) symbolInit(in *Init) error {
	id := &Ident{}
	var err error
	if id.Name, id.Pos, err = p.ident("a symbol"); err != nil {
		return err
	}
	in.Value = id
	if id.Name == "generic" && p.is("(") {
		in.Generic = true
		p.advance()
		if id.Name, id.Pos, err = p.ident("a symbol"); err != nil {
			return err
		}
		if err := p.offset(id); err != nil {
			return err
		}
		if err := p.expect(")", "after the symbol"); err != nil {
			return err
		}
	}
	return p.offset(id)
}

// offset reads +n behind a symbol.
func (p *parser) offset(id *Ident) error {
	if !p.accept("+") {
		return nil
	}
	pos := p.tok.pos
	c, err := p.constant()
	if err != nil {
		return err
	}
	if c.Kind > ImmUint {
		return p.fail(pos, ErrSyntax, "found a fractional offset")
	}
	id.Offset += int64(c.Bits)
	id.HasOff = true
	return nil
}

func (p *parser) registers() (*RegDecl, error) {
	d := &RegDecl{Pos: p.tok.pos, Vec: 1}
	p.advance()
	for p.tok.kind == tokDot {
		switch p.tok.text {
		case "v2", "v4", "v8":
			d.Vec = int(p.tok.text[1] - '0')
		default:
			t := modByName[p.tok.text].Type()
			if t == NoType || d.Type != NoType {
				return nil, p.want("a register type")
			}
			d.Type = t
		}
		p.advance()
	}
	if d.Type == NoType {
		return nil, p.want("a register type")
	}
	for {
		var n RegName
		var err error
		if n.Name, n.Pos, err = p.ident("a register name"); err != nil {
			return nil, err
		}
		if p.accept("<") {
			v, err := p.integer("the number of registers")
			if err != nil {
				return nil, err
			}
			if v == 0 || v > math.MaxInt32 {
				return nil, p.fail(n.Pos, ErrSyntax, "found %d registers, expected 1 to %d", v, math.MaxInt32)
			}
			n.Count = int64(v)
			if err := p.expect(">", "after the number of registers"); err != nil {
				return nil, err
			}
		}
		d.Names = append(d.Names, n)
		if !p.accept(",") {
			return d, p.expect(";", "after the registers")
		}
	}
}

// function reads .entry and .func, ISA 11.2.
func (p *parser) function(link Linkage) error {
	f := &Func{Pos: p.tok.pos, Linkage: link, Entry: p.tok.text == "entry"}
	p.advance()
	p.fn, p.loc = f, nil
	defer func() { p.fn = nil }()
	var err error
	if !f.Entry {
		if err := p.perf(f); err != nil { // .attribute and .noreturn may stand before the results
			return err
		}
		if p.is("(") {
			if f.Results, err = p.paramList(); err != nil {
				return err
			}
		}
	}
	if f.Name, f.Pos, err = p.ident("the function's name"); err != nil {
		return err
	}
	if p.is("(") {
		if f.Params, err = p.paramList(); err != nil {
			return err
		}
	}
	if err := p.perf(f); err != nil {
		return err
	}
	p.m.Funcs = append(p.m.Funcs, f)
	p.m.Items = append(p.m.Items, f)
	if p.accept(";") {
		return nil
	}
	if !p.is("{") {
		return p.want("the function's body or ';'")
	}
	f.Body, err = p.block()
	return err
}

// paramList reads (.param .u64 a, .reg .b32 b).
func (p *parser) paramList() ([]*Var, error) {
	p.advance()
	out := []*Var{}
	for !p.accept(")") {
		v, err := p.varHead(Internal)
		if err != nil {
			return nil, err
		}
		if v.Space != ParamSpace && v.Space != RegSpace {
			return nil, p.fail(v.Pos, ErrSyntax, "found a parameter in .%v, expected .param or .reg", v.Space)
		}
		if err := p.varName(v, false); err != nil {
			return nil, err
		}
		out = append(out, v)
		if !p.is(")") {
			if err := p.expect(",", "between parameters"); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// perf reads the directives between a function's head and its body, ISA 11.4 and 11.7.
func (p *parser) perf(f *Func) error {
	for p.tok.kind == tokDot {
		q := &f.Perf
		var err error
		name := p.tok
		p.advance()
		switch name.text {
		case "maxntid":
			err = p.triple(&q.MaxNTID, p.positive)
		case "reqntid":
			err = p.triple(&q.ReqNTID, p.positive)
		case "reqnctapercluster":
			err = p.triple(&q.ReqNCTAPerCluster, p.small)
		case "minnctapersm":
			err = p.positive(&q.MinNCTAPerSM)
		case "maxnctapersm":
			err = p.positive(&q.MaxNCTAPerSM)
		case "maxnreg":
			err = p.positive(&q.MaxNReg)
		case "maxclusterrank":
			err = p.small(&q.MaxClusterRank)
		case "abi_preserve":
			err = p.small(&q.ABIPreserve)
		case "abi_preserve_control":
			err = p.small(&q.ABIPreserveCtl)
		case "explicitcluster":
			q.ExplicitCluster = true
		case "noreturn":
			f.NoReturn = true
		case "attribute":
			var v Var
			err = p.attribute(&v)
			q.Unified = v.Unified
		case "pragma":
			p.tok, p.lexer.off = name, int(name.end) // pragma consumes its own name
			var s *Pragma
			if s, err = p.pragma(); err == nil {
				q.Pragmas = append(q.Pragmas, s.Text...)
			}
		default:
			return p.fail(name.pos, ErrSyntax, "found %s, expected a directive such as .maxntid or the body", name.describe())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// triple reads x{, y{, z}} with the given function; absent dimensions are 1.
func (p *parser) triple(to *[3]int, read func(*int) error) error {
	*to = [3]int{1, 1, 1}
	for i := range to {
		if err := read(&to[i]); err != nil {
			return err
		}
		if i == 2 || !p.accept(",") {
			break
		}
	}
	return nil
}
