package ptx

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

const (
	// maxSource bounds the input so that offsets fit the lexer's int32.
	maxSource = 1 << 30
	// maxDepth bounds nested scopes, initializers and parentheses.
	maxDepth = 200
)

// Load parses and checks PTX. name is for messages. Errors are as of [Parse] and [Module.Check].
func Load(name string, src []byte) (*Module, error) {
	m, err := Parse(name, src)
	if err != nil {
		return nil, err
	}
	if err := m.Check(); err != nil {
		return nil, err
	}
	return m, nil
}

// Parse reads PTX text. It knows the syntax and the names of instructions and modifiers, not what they may be combined
// with: see [Module.Check]. name is the file's name in messages. The error is an [ErrorList] of [ErrSyntax] and, for
// instructions of families that are not claimed, [ErrUnsupported].
func Parse(name string, src []byte) (*Module, error) {
	if len(src) > maxSource {
		return nil, ErrorList{{File: name, Kind: ErrSyntax, Msg: fmt.Sprintf("%d bytes, at most %d are read", len(src), maxSource)}}
	}
	// cuModuleLoadData takes a string that ends with a zero byte; files keep it.
	text := strings.TrimRight(string(src), "\x00")
	p := &parser{lexer: lexer{src: text}, m: &Module{Name: name, AddressSize: 64}, mods: map[string][]Mod{}}
	p.advance()
	p.module()
	if err := p.errs.err(); err != nil {
		return nil, err
	}
	return p.m, nil
}

// errAbort unwinds to the statement or declaration list that can go on; the complaint is in parser.errs.
var errAbort = errors.New("statement given up")

type parser struct {
	lexer
	tok   token
	m     *Module
	fn    *Func
	loc   *Loc
	depth int
	errs  ErrorList
	mods  map[string][]Mod // opcode text to its modifiers
}

func (p *parser) advance() { p.tok = p.lexer.next() }

// fail records a complaint; its result unwinds the statement.
func (p *parser) fail(pos Pos, kind error, format string, args ...any) error {
	if len(p.errs) < maxErrors {
		p.errs = append(p.errs, &Error{File: p.m.Name, Pos: pos, Kind: kind, Msg: fmt.Sprintf(format, args...)})
	}
	return errAbort
}

// want is the failure to find something.
func (p *parser) want(what string) error {
	return p.fail(p.tok.pos, ErrSyntax, "found %s, expected %s", p.tok.describe(), what)
}

func (p *parser) is(punct string) bool  { return p.tok.kind == tokPunct && p.tok.text == punct }
func (p *parser) isDot(dot string) bool { return p.tok.kind == tokDot && p.tok.text == dot }

func (p *parser) accept(punct string) bool {
	if p.is(punct) {
		p.advance()
		return true
	}
	return false
}

func (p *parser) acceptDot(dot string) bool {
	if p.isDot(dot) {
		p.advance()
		return true
	}
	return false
}

func (p *parser) expect(punct, after string) error {
	if !p.accept(punct) {
		return p.want("'" + punct + "' " + after)
	}
	return nil
}

func (p *parser) ident(what string) (string, Pos, error) {
	if p.tok.kind != tokIdent {
		return "", p.tok.pos, p.want(what)
	}
	s, pos := p.tok.text, p.tok.pos
	p.advance()
	return s, pos, nil
}

// recover skips what is left of a statement: to after its ';', or a block in braces, or to a closing brace or the end. Braces that
// operands go on behind are a vector.
func (p *parser) recover() {
	for p.tok.kind != tokEOF && !p.is("}") {
		if p.accept(";") {
			return
		}
		if p.is("{") {
			p.skipBlock()
			if !p.is(",") && !p.is("]") && !p.is(")") && !p.is(";") {
				return
			}
			continue
		}
		p.advance()
	}
}

// full tells that there is no point in going on.
func (p *parser) full() bool { return len(p.errs) >= maxErrors }

func (p *parser) module() {
	if p.header() != nil {
		return
	}
	for p.tok.kind != tokEOF && !p.full() {
		if p.item() != nil {
			p.recover()
			p.accept("}") // a scope that the item given up left open
		}
	}
}

// skipBlock skips a balanced block in braces.
func (p *parser) skipBlock() {
	depth := 0
	for p.tok.kind != tokEOF {
		if p.is("{") {
			depth++
		} else if p.is("}") {
			depth--
		}
		p.advance()
		if depth <= 0 {
			return
		}
	}
}

// header is .version, .target and .address_size, ISA 11.1.
func (p *parser) header() error {
	if !p.acceptDot("version") {
		return p.want(".version")
	}
	v, err := p.version()
	if err != nil {
		return err
	}
	p.m.Version = v
	if !p.acceptDot("target") {
		return p.want(".target")
	}
	if err := p.target(); err != nil {
		return err
	}
	if p.acceptDot("address_size") {
		pos := p.tok.pos
		n, err := p.integer("32 or 64")
		if err != nil {
			return err
		}
		if n != 32 && n != 64 {
			return p.fail(pos, ErrSyntax, "found .address_size %d, expected 32 or 64", n)
		}
		p.m.AddressSize = int(n)
	}
	return nil
}

func (p *parser) version() (v Version, err error) {
	if p.tok.kind == tokFloat && p.tok.imm == ImmF64 {
		a, b, ok := strings.Cut(p.tok.text, ".")
		major, err1 := strconv.ParseUint(a, 10, 8)
		minor, err2 := strconv.ParseUint(b, 10, 8)
		if ok && err1 == nil && err2 == nil {
			p.advance()
			return Version{uint8(major), uint8(minor)}, nil
		}
	}
	return v, p.want("a version such as 7.0")
}

func (p *parser) target() error {
	for first := true; ; first = false {
		s, pos, err := p.ident("a target such as sm_80")
		if err != nil {
			return err
		}
		if t, ok := ParseTarget(s); ok && first {
			p.m.Target = t
		} else if first {
			return p.fail(pos, ErrSyntax, "found target %s, expected one such as sm_80", clip(s))
		} else {
			if p.m.Target.Options != "" {
				p.m.Target.Options += ","
			}
			p.m.Target.Options += s
		}
		if !p.accept(",") {
			return nil
		}
	}
}

// ParseTarget reads an architecture such as sm_90a.
func ParseTarget(s string) (Target, bool) {
	digits, ok := strings.CutPrefix(s, "sm_")
	if !ok {
		return Target{}, false
	}
	var t Target
	if n := len(digits); n > 0 && (digits[n-1] == 'a' || digits[n-1] == 'f') {
		t.Suffix = digits[n-1]
		digits = digits[:n-1]
	}
	n, err := strconv.ParseUint(digits, 10, 10)
	t.SM = int(n)
	return t, err == nil
}

func (p *parser) item() error {
	switch {
	case p.accept(";"):
		return nil
	case p.isDot("file"):
		return p.file()
	case p.isDot("section"):
		return p.section()
	case p.isDot("alias"):
		return p.alias()
	case p.isDot("pragma"):
		s, err := p.pragma()
		if err == nil {
			p.m.Items = append(p.m.Items, s)
		}
		return err
	case p.isDot("loc"):
		_, err := p.parseLoc()
		return err
	}
	link := p.linkage()
	switch {
	case p.isDot("entry"), p.isDot("func"):
		return p.function(link)
	case p.tok.kind == tokDot:
		vars, err := p.variables(link)
		for _, v := range vars {
			p.m.Vars = append(p.m.Vars, v)
			p.m.Items = append(p.m.Items, v)
		}
		return err
	}
	return p.want("a directive, variable or function")
}

func (p *parser) linkage() Linkage {
	for l, name := range linkageNames {
		if l != int(Internal) && p.acceptDot(name[1:]) {
			return Linkage(l)
		}
	}
	return Internal
}

func (p *parser) file() error {
	f := &File{Pos: p.tok.pos}
	p.advance()
	n, err := p.integer("a file number")
	if err != nil {
		return err
	}
	f.Index = int(min(n, math.MaxInt32))
	if p.tok.kind != tokString {
		return p.want("a file name in quotes")
	}
	f.Name = p.tok.text
	p.advance()
	if p.accept(",") {
		f.HasTimeSize = true
		if f.Time, err = p.integer("a time stamp"); err != nil {
			return err
		}
		if err := p.expect(",", "before the file size"); err != nil {
			return err
		}
		if f.Size, err = p.integer("a file size"); err != nil {
			return err
		}
	}
	p.m.Files = append(p.m.Files, f)
	p.m.Items = append(p.m.Items, f)
	return nil
}

func (p *parser) section() error {
	s := &Section{Pos: p.tok.pos}
	p.advance()
	switch p.tok.kind {
	case tokDot:
		s.Name = "." + p.tok.text
	case tokIdent:
		s.Name = p.tok.text
	default:
		return p.want("a section name")
	}
	p.advance()
	if !p.is("{") {
		return p.want("'{' after the section's name")
	}
	from := p.tok.end
	for p.tok.kind != tokEOF && !p.is("}") {
		p.advance()
	}
	if p.tok.kind == tokEOF {
		return p.want("'}' at the end of the section")
	}
	s.Text = strings.TrimSpace(p.src[from:p.tok.off])
	p.advance()
	p.m.Items = append(p.m.Items, s)
	return nil
}

func (p *parser) alias() error {
	a := &Alias{Pos: p.tok.pos}
	p.advance()
	var err error
	if a.Name, _, err = p.ident("the alias"); err != nil {
		return err
	}
	if err := p.expect(",", "after the alias"); err != nil {
		return err
	}
	if a.Target, _, err = p.ident("the function that the alias stands for"); err != nil {
		return err
	}
	p.m.Items = append(p.m.Items, a)
	return p.expect(";", "after the alias")
}

func (p *parser) pragma() (*Pragma, error) {
	s := &Pragma{Pos: p.tok.pos}
	p.advance()
	for {
		if p.tok.kind != tokString {
			return nil, p.want("a pragma in quotes")
		}
		s.Text = append(s.Text, p.tok.text)
		p.advance()
		if !p.accept(",") {
			return s, p.expect(";", "after the pragma")
		}
	}
}

// parseLoc reads .loc file line column{, function_name sym{+n}, inlined_at file line column}, ISA 11.5.4.
func (p *parser) parseLoc() (*Loc, error) {
	l := &Loc{Pos: p.tok.pos}
	p.advance()
	if err := p.locNumbers(l); err != nil {
		return nil, err
	}
	for p.accept(",") {
		word, pos, err := p.ident("function_name or inlined_at")
		if err != nil {
			return nil, err
		}
		switch word {
		case "function_name":
			if l.Func, _, err = p.ident("a label"); err != nil {
				return nil, err
			}
			if p.accept("+") {
				n, err := p.integer("an offset")
				if err != nil {
					return nil, err
				}
				l.FuncOffset = int64(n)
			}
		case "inlined_at":
			l.InlinedAt = &Loc{Pos: pos}
			if err := p.locNumbers(l.InlinedAt); err != nil {
				return nil, err
			}
		default:
			return nil, p.fail(pos, ErrSyntax, "found %s, expected function_name or inlined_at", clip(word))
		}
	}
	return l, nil
}

func (p *parser) locNumbers(l *Loc) error {
	for _, f := range []struct {
		to   *int
		what string
	}{{&l.File, "a file number"}, {&l.Line, "a line number"}, {&l.Col, "a column number"}} {
		n, err := p.integer(f.what)
		if err != nil {
			return err
		}
		*f.to = int(min(n, math.MaxInt32))
	}
	return nil
}

// integer is an unsigned literal.
func (p *parser) integer(what string) (uint64, error) {
	if p.tok.kind != tokInt {
		return 0, p.want(what)
	}
	v := p.tok.val
	p.advance()
	return v, nil
}

func (p *parser) small(to *int) error {
	pos := p.tok.pos
	n, err := p.integer("a number")
	if err != nil {
		return err
	}
	if n > math.MaxInt32 {
		return p.fail(pos, ErrSyntax, "found %d, expected at most %d", n, math.MaxInt32)
	}
	*to = int(n)
	return nil
}

func (p *parser) positive(to *int) error {
	pos := p.tok.pos
	if err := p.small(to); err != nil {
		return err
	}
	if *to == 0 {
		return p.fail(pos, ErrSyntax, "found 0, expected at least 1")
	}
	return nil
}
