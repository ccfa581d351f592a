package ptx

import (
	"strings"
)

// Bodies: statements, instructions and operands, ISA 4.3 and 6.

func (p *parser) block() (*Block, error) {
	b := &Block{Pos: p.tok.pos}
	p.advance()
	if p.depth++; p.depth > maxDepth {
		return b, p.fail(b.Pos, ErrSyntax, "found more than %d nested scopes", maxDepth)
	}
	defer func() { p.depth-- }()
	for !p.is("}") {
		if p.tok.kind == tokEOF {
			return b, p.want("'}' at the end of the scope")
		}
		if p.full() {
			return b, errAbort
		}
		if p.statement(b) != nil {
			if p.depth > maxDepth {
				return b, errAbort
			}
			p.recover()
		}
	}
	b.End = p.tok.pos
	p.advance()
	return b, nil
}

func (p *parser) statement(b *Block) error {
	switch p.tok.kind {
	case tokPunct:
		switch {
		case p.accept(";"):
			return nil
		case p.is("{"):
			inner, err := p.block()
			b.Stmts = append(b.Stmts, inner)
			return err
		case p.is("@"):
			return p.guarded(b)
		}
	case tokDot:
		return p.directive(b, "")
	case tokIdent:
		name := p.tok
		p.advance()
		if p.accept(":") {
			return p.labelled(b, name)
		}
		return p.instruction(b, name, nil)
	}
	return p.want("a statement")
}

// labelled reads what a label names: a place, or a list of targets or prototypes.
func (p *parser) labelled(b *Block, name token) error {
	if p.tok.kind == tokDot {
		switch p.tok.text {
		case "branchtargets", "calltargets", "callprototype":
			return p.directive(b, name.text)
		}
	}
	b.Stmts = append(b.Stmts, &Label{name.pos, name.text})
	return nil
}

func (p *parser) directive(b *Block, label string) error {
	pos := p.tok.pos
	switch p.tok.text {
	case "reg":
		d, err := p.registers()
		if d != nil {
			b.Stmts = append(b.Stmts, d)
		}
		return err
	case "loc":
		l, err := p.parseLoc()
		if err == nil {
			p.loc = l
			b.Stmts = append(b.Stmts, l)
		}
		return err
	case "pragma":
		s, err := p.pragma()
		if err == nil {
			b.Stmts = append(b.Stmts, s)
		}
		return err
	case "branchtargets", "calltargets":
		branch := p.tok.text == "branchtargets"
		p.advance()
		return p.targets(b, pos, label, branch)
	case "callprototype":
		p.advance()
		return p.prototype(b, pos, label)
	}
	link := p.linkage()
	vars, err := p.variables(link)
	for _, v := range vars {
		b.Stmts = append(b.Stmts, v)
	}
	return err
}

func (p *parser) targets(b *Block, pos Pos, label string, branch bool) error {
	if label == "" {
		return p.fail(pos, ErrSyntax, "found a list of targets without a label in front")
	}
	br, ca := &BranchTargets{Pos: pos, Name: label}, &CallTargets{Pos: pos, Name: label}
	for {
		s, at, err := p.ident("a target")
		if err != nil {
			return err
		}
		br.Targets = append(br.Targets, &LabelRef{Pos: at, Name: s})
		ca.Targets = append(ca.Targets, &SymRef{Pos: at, Func: &Func{Name: s}})
		if !p.accept(",") {
			break
		}
	}
	if branch {
		b.Stmts = append(b.Stmts, br)
	} else {
		b.Stmts = append(b.Stmts, ca)
	}
	return p.expect(";", "after the targets")
}

// prototype reads .callprototype (results) _ (params) {.noreturn}, ISA 11.3.3.
func (p *parser) prototype(b *Block, pos Pos, label string) error {
	if label == "" {
		return p.fail(pos, ErrSyntax, "found .callprototype without a label in front")
	}
	pr := &Prototype{Pos: pos, Name: label}
	var err error
	if p.is("(") {
		if pr.Results, err = p.paramList(); err != nil {
			return err
		}
	}
	if _, _, err = p.ident("_"); err != nil {
		return err
	}
	if p.is("(") {
		if pr.Params, err = p.paramList(); err != nil {
			return err
		}
	}
	f := &Func{}
	if err := p.perf(f); err != nil {
		return err
	}
	pr.NoReturn = f.NoReturn
	b.Stmts = append(b.Stmts, pr)
	return p.expect(";", "after the prototype")
}

func (p *parser) guarded(b *Block) error {
	p.advance()
	g := &Ident{Not: p.accept("!")}
	var err error
	if g.Name, g.Pos, err = p.ident("a predicate"); err != nil {
		return err
	}
	name := p.tok
	if name.kind != tokIdent {
		return p.want("an instruction after the predicate")
	}
	p.advance()
	return p.instruction(b, name, g)
}

// instruction reads from behind the first word of the opcode to ';'.
func (p *parser) instruction(b *Block, name token, guard *Ident) error {
	from, to := name.off, name.end
	for p.tok.kind == tokDot {
		to = p.tok.end
		p.advance()
	}
	op, mods, err := p.opcode(name.pos, p.src[from:to])
	if err != nil {
		return err
	}
	in := &Inst{Pos: name.pos, Op: op, Mods: mods, Loc: p.loc}
	if guard != nil {
		in.Guard = &RegRef{Pos: guard.Pos, Reg: &Reg{Name: guard.Name, Index: -1}, Elem: -1, Not: guard.Not}
	}
	n := 0
	for _, m := range mods {
		if m.Type() != NoType {
			n++
		}
	}
	if n > 0 {
		in.Types = make([]Type, 0, n)
		for _, m := range mods {
			if t := m.Type(); t != NoType {
				in.Types = append(in.Types, t)
			}
		}
	}
	if op == OpCall {
		in.Call, err = p.call()
	} else {
		in.Args, err = p.operands()
	}
	if err != nil {
		return err
	}
	b.Stmts = append(b.Stmts, in)
	return p.expect(";", "after the instruction")
}

// opcode splits add.rn.f32 into its operation and modifiers; results are shared by equal texts.
func (p *parser) opcode(pos Pos, text string) (Op, []Mod, error) {
	if strings.ContainsAny(text, " \t\r\n\f\v/") {
		text = stripSpace(text)
	}
	op, rest := splitOp(text)
	if f := unclaimed(text); f != "" && !claimed(op) {
		return 0, nil, p.fail(pos, ErrUnsupported, "%s: %s", clip(text), f)
	}
	if op == OpNone {
		word, _, _ := strings.Cut(text, ".")
		return 0, nil, p.fail(pos, ErrSyntax, "found %s, which is not an instruction", clip(word))
	}
	if mods, ok := p.mods[text]; ok {
		return op, mods, nil
	}
	var mods []Mod
	for rest != "" {
		var w string
		w, rest, _ = strings.Cut(rest[1:], ".")
		if rest != "" {
			rest = "." + rest
		}
		m, ok := modByName[w]
		if !ok {
			return 0, nil, p.fail(pos, ErrIllegal, "%s: unknown modifier .%s; %s", clip(text), clip(w), legalForms(op))
		}
		mods = append(mods, m)
	}
	p.mods[text] = mods
	return op, mods, nil
}

// stripSpace drops blanks and comments between the parts of an opcode.
func stripSpace(s string) string {
	l := lexer{src: s}
	var b strings.Builder
	for t := l.next(); t.kind != tokEOF; t = l.next() {
		if t.kind == tokDot {
			b.WriteByte('.')
		}
		b.WriteString(t.text)
	}
	return b.String()
}

// splitOp finds the longest instruction name that the opcode starts with.
func splitOp(text string) (Op, string) {
	end := strings.IndexByte(text, '.')
	if end < 0 {
		return opByName[text], ""
	}
	best, rest := opByName[text[:end]], text[end:]
	if !dottedOps[text[:end]] {
		return best, rest
	}
	for i := end + 1; i <= len(text); i++ {
		if i == len(text) || text[i] == '.' {
			if o := opByName[text[:i]]; o != OpNone {
				best, rest = o, text[i:]
			}
		}
	}
	return best, rest
}

// opByName and dottedOps (the first words of names with dots) are read-only after package initialisation.
var opByName, dottedOps = func() (map[string]Op, map[string]bool) {
	m, d := make(map[string]Op, numOps), map[string]bool{}
	for o := OpNone + 1; o < numOps; o++ {
		m[opNames[o]] = o
		if w, _, ok := strings.Cut(opNames[o], "."); ok {
			d[w] = true
		}
	}
	return m, d
}()

func (p *parser) operands() ([]Operand, error) {
	if p.is(";") {
		return nil, nil
	}
	args := make([]Operand, 0, 4)
	for {
		a, err := p.operandOrPair()
		if err != nil {
			return nil, err
		}
		args = append(args, a)
		if !p.accept(",") {
			return args, nil
		}
	}
}

func (p *parser) operandOrPair() (Operand, error) {
	a, err := p.operand()
	if err != nil || !p.is("|") {
		return a, err
	}
	p.advance()
	b, err := p.operand()
	return &Pair{a.Position(), a, b}, err
}

func (p *parser) operand() (Operand, error) {
	pos := p.tok.pos
	switch p.tok.kind {
	case tokIdent:
		return p.name(pos, false)
	case tokPunct:
		switch p.tok.text {
		case "[":
			return p.address()
		case "{":
			return p.vector()
		case "!", "-":
			return p.signed(pos)
		}
	}
	return p.constant()
}

// signed reads !p, and tells a constant from a register behind - and !.
func (p *parser) signed(pos Pos) (Operand, error) {
	save, tok := p.lexer, p.tok
	op := p.tok.text
	p.advance()
	if p.tok.kind == tokIdent {
		id, err := p.name(pos, true)
		if id, ok := id.(*Ident); ok {
			id.Not, id.Neg = op == "!", op == "-"
		}
		return id, err
	}
	p.lexer, p.tok = save, tok
	return p.constant()
}

// name reads what starts with a name: a register, a special register, a label, a symbol with an offset or an index.
func (p *parser) name(pos Pos, plain bool) (Operand, error) {
	if p.tok.text == "_" && !plain {
		p.advance()
		return &Sink{pos}, nil
	}
	id := &Ident{Pos: pos, Name: p.tok.text}
	p.advance()
	if p.tok.kind == tokDot {
		id.Elem = p.tok.text
		p.advance()
		return id, nil
	}
	if plain {
		return id, nil
	}
	if p.is("[") { // sym[n] is [sym+n·size] in memory instructions, ISA 6.4.2
		return p.indexed(id)
	}
	return id, p.offset(id)
}

func (p *parser) indexed(id *Ident) (Operand, error) {
	p.advance()
	c, err := p.constant()
	if err != nil {
		return nil, err
	}
	if c.Kind > ImmUint {
		return nil, p.fail(c.Pos, ErrSyntax, "found a fractional index")
	}
	if err := p.expect("]", "after the index"); err != nil {
		return nil, err
	}
	return &Indexed{id.Pos, id.Name, int64(c.Bits)}, nil
}

func (p *parser) address() (Operand, error) {
	a := &Addr{Pos: p.tok.pos}
	p.advance()
	if p.tok.kind == tokIdent {
		id := &Ident{Pos: p.tok.pos, Name: p.tok.text}
		p.advance()
		if p.tok.kind == tokDot {
			id.Elem = p.tok.text
			p.advance()
		}
		if err := p.offset(id); err != nil {
			return nil, err
		}
		a.Base, a.Offset = id, id.Offset
		id.Offset, id.HasOff = 0, false
	} else {
		c, err := p.constant()
		if err != nil {
			return nil, err
		}
		if c.Kind > ImmUint {
			return nil, p.fail(c.Pos, ErrSyntax, "found a fractional address")
		}
		a.Offset = int64(c.Bits)
	}
	return a, p.expect("]", "after the address")
}

func (p *parser) vector() (Operand, error) {
	v := &Vector{Pos: p.tok.pos}
	p.advance()
	if p.depth++; p.depth > maxDepth {
		return nil, p.fail(v.Pos, ErrSyntax, "found more than %d nested braces", maxDepth)
	}
	defer func() { p.depth-- }()
	for !p.accept("}") {
		e, err := p.operandOrPair()
		if err != nil {
			return nil, err
		}
		v.Elems = append(v.Elems, e)
		if !p.is("}") {
			if err := p.expect(",", "between the elements of a vector"); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

// call reads the operands of call, ISA 9.7.12.5.
func (p *parser) call() (*Call, error) {
	c := &Call{}
	var err error
	if p.is("(") {
		if c.Results, err = p.callList(); err != nil {
			return nil, err
		}
		if err := p.expect(",", "after the results of call"); err != nil {
			return nil, err
		}
	}
	if p.tok.kind != tokIdent {
		return nil, p.want("the function to call")
	}
	if c.Callee, err = p.name(p.tok.pos, true); err != nil {
		return nil, err
	}
	if p.accept(",") {
		if p.is("(") {
			if c.Args, err = p.callList(); err != nil {
				return nil, err
			}
			if !p.accept(",") {
				return c, nil
			}
		}
		if p.tok.kind != tokIdent {
			return nil, p.want("the targets or the prototype of the call")
		}
		if c.Table, err = p.name(p.tok.pos, true); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (p *parser) callList() ([]Operand, error) {
	p.advance()
	list := []Operand{}
	for !p.accept(")") {
		a, err := p.operand()
		if err != nil {
			return nil, err
		}
		list = append(list, a)
		if !p.is(")") {
			if err := p.expect(",", "between the parameters of a call"); err != nil {
				return nil, err
			}
		}
	}
	return list, nil
}
