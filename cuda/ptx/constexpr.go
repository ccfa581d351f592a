package ptx

import (
	"math"
	"strconv"
	"strings"
)

// Constant expressions, ISA 4.5.3 to 4.5.6: 64-bit integers with C's operators and its signed and unsigned rules, and
// floating-point literals with a sign.

// constant reads a constant expression.
func (p *parser) constant() (*Imm, error) {
	pos := p.tok.pos
	v, err := p.ternary()
	if err != nil {
		return nil, err
	}
	v.Pos = pos
	return &v, nil
}

func (p *parser) ternary() (Imm, error) {
	if p.depth++; p.depth > maxDepth {
		return Imm{}, p.fail(p.tok.pos, ErrSyntax, "found an expression nested more than %d deep", maxDepth)
	}
	defer func() { p.depth-- }()
	c, err := p.binary(0)
	if err != nil || !p.is("?") {
		return c, err
	}
	p.advance()
	a, err := p.ternary()
	if err != nil {
		return a, err
	}
	if err := p.expect(":", "in a conditional expression"); err != nil {
		return a, err
	}
	b, err := p.ternary()
	if err != nil {
		return b, err
	}
	if c.Kind > ImmUint {
		return c, p.fail(c.Pos, ErrSyntax, "found a fractional condition")
	}
	if c.Bits != 0 {
		return a, nil
	}
	return b, nil
}

// binaryOps are the operators by rising precedence. '|' between names separates results; names are no part of constants.
var binaryOps = [][]string{{"||"}, {"&&"}, {"|"}, {"^"}, {"&"}, {"==", "!="}, {"<", "<=", ">", ">="}, {"<<", ">>"}, {"+", "-"}, {"*", "/", "%"}}

func (p *parser) binary(level int) (Imm, error) {
	if level == len(binaryOps) {
		return p.unary()
	}
	a, err := p.binary(level + 1)
	for err == nil {
		op := p.binaryOp(level)
		if op == "" {
			return a, nil
		}
		pos := p.tok.pos
		p.advance()
		var b Imm
		if b, err = p.binary(level + 1); err != nil {
			break
		}
		if a.Kind > ImmUint || b.Kind > ImmUint {
			return a, p.fail(pos, ErrSyntax, "found %s on floating-point constants, expected integers", op)
		}
		if (op == "/" || op == "%") && b.Bits == 0 {
			return a, p.fail(pos, ErrSyntax, "found a division by zero")
		}
		a = fold(op, a, b)
	}
	return a, err
}

func (p *parser) binaryOp(level int) string {
	if p.tok.kind != tokPunct && (p.tok.kind != tokIdent || p.tok.text != "%") {
		return ""
	}
	for _, o := range binaryOps[level] {
		if p.tok.text == o {
			return o
		}
	}
	return ""
}

func fold(op string, a, b Imm) Imm {
	kind := max(a.Kind, b.Kind)
	x, y := int64(a.Bits), int64(b.Bits)
	truth := func(t bool) Imm {
		if t {
			return Imm{Bits: 1}
		}
		return Imm{}
	}
	less := x < y
	if kind == ImmUint {
		less = a.Bits < b.Bits
	}
	switch op {
	case "||":
		return truth(x != 0 || y != 0)
	case "&&":
		return truth(x != 0 && y != 0)
	case "|":
		return Imm{Kind: kind, Bits: a.Bits | b.Bits}
	case "^":
		return Imm{Kind: kind, Bits: a.Bits ^ b.Bits}
	case "&":
		return Imm{Kind: kind, Bits: a.Bits & b.Bits}
	case "==":
		return truth(x == y)
	case "!=":
		return truth(x != y)
	case "<":
		return truth(less)
	case "<=":
		return truth(less || x == y)
	case ">":
		return truth(!less && x != y)
	case ">=":
		return truth(!less)
	case "<<":
		return Imm{Kind: a.Kind, Bits: a.Bits << (b.Bits & 63)}
	case ">>":
		if a.Kind == ImmUint {
			return Imm{Kind: a.Kind, Bits: a.Bits >> (b.Bits & 63)}
		}
		return Imm{Kind: a.Kind, Bits: uint64(x >> (b.Bits & 63))}
	case "+":
		return Imm{Kind: kind, Bits: a.Bits + b.Bits}
	case "-":
		return Imm{Kind: kind, Bits: a.Bits - b.Bits}
	case "*":
		return Imm{Kind: kind, Bits: a.Bits * b.Bits}
	case "/":
		switch {
		case kind == ImmUint:
			return Imm{Kind: kind, Bits: a.Bits / b.Bits}
		case y == -1:
			return Imm{Bits: -a.Bits}
		}
		return Imm{Bits: uint64(x / y)}
	}
	switch { // %
	case kind == ImmUint:
		return Imm{Kind: kind, Bits: a.Bits % b.Bits}
	case y == -1:
		return Imm{}
	}
	return Imm{Bits: uint64(x % y)}
}

func (p *parser) unary() (Imm, error) {
	t := p.tok
	if t.kind == tokPunct {
		switch t.text {
		case "-", "+", "~", "!":
			return p.prefix(t)
		case "(":
			return p.parenthesised()
		}
	}
	switch t.kind {
	case tokInt, tokFloat:
		p.advance()
		hex := t.kind == tokFloat && len(t.text) > 1 && t.text[0] == '0' && t.text[1] > '9'
		return Imm{Pos: t.pos, Kind: t.imm, Bits: t.val, noSign: hex}, nil
	case tokDot: // .5
		if f, err := strconv.ParseFloat("."+t.text, 64); err == nil && !strings.Contains(t.text, "_") {
			p.advance()
			return Imm{Pos: t.pos, Kind: ImmF64, Bits: math.Float64bits(f)}, nil
		}
	}
	return Imm{}, p.want("an operand")
}

func (p *parser) prefix(t token) (Imm, error) {
	p.advance()
	if p.depth++; p.depth > maxDepth {
		return Imm{}, p.fail(t.pos, ErrSyntax, "found an expression nested more than %d deep", maxDepth)
	}
	defer func() { p.depth-- }()
	v, err := p.unary()
	if err != nil {
		return v, err
	}
	switch {
	case v.noSign, v.Kind == ImmF64 && t.text != "-" && t.text != "+":
		return v, p.fail(t.pos, ErrSyntax, "found %s before a floating-point constant, expected a number", t.text)
	case v.Kind == ImmF64 && t.text == "-":
		v.Bits ^= 1 << 63
	case v.Kind == ImmF64:
	case t.text == "-":
		v.Bits = -v.Bits
	case t.text == "~":
		v.Bits = ^v.Bits
	case t.text == "!":
		v = Imm{Bits: b2u(v.Bits == 0)}
	}
	return v, nil
}

func b2u(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// parenthesised reads (expr), and the casts (.s64)expr and (.u64)expr.
func (p *parser) parenthesised() (Imm, error) {
	p.advance()
	if p.tok.kind == tokDot && (p.tok.text == "s64" || p.tok.text == "u64") {
		kind := ImmInt
		if p.tok.text == "u64" {
			kind = ImmUint
		}
		pos := p.tok.pos
		p.advance()
		if err := p.expect(")", "after the type"); err != nil {
			return Imm{}, err
		}
		if p.depth++; p.depth > maxDepth {
			return Imm{}, p.fail(pos, ErrSyntax, "found an expression nested more than %d deep", maxDepth)
		}
		defer func() { p.depth-- }()
		v, err := p.unary()
		if err == nil && v.Kind > ImmUint {
			return v, p.fail(pos, ErrSyntax, "found a cast of a floating-point constant")
		}
		v.Kind = kind
		return v, err
	}
	v, err := p.ternary()
	if err != nil {
		return v, err
	}
	return v, p.expect(")", "after the expression")
}
