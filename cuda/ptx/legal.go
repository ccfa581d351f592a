package ptx

import (
	"fmt"
	"strings"
)

// minVersion and maxVersion are the ISA versions that the table describes.
var (
	minVersion = Version{6, 0}
	maxVersion = Version{8, 8}
)

// targetSince says which .version first knows a .target, ISA 11.1.2.
var targetSince = map[string]Version{
	"sm_50": {4, 0}, "sm_52": {4, 1}, "sm_53": {4, 2}, "sm_60": {5, 0}, "sm_61": {5, 0}, "sm_62": {5, 0}, "sm_70": {6, 0}, "sm_72": {6, 1}, "sm_75": {6, 3},
	"sm_80": {7, 0}, "sm_86": {7, 1}, "sm_87": {7, 4}, "sm_89": {7, 8}, "sm_90": {7, 8}, "sm_90a": {8, 0},
	"sm_100": {8, 6}, "sm_100a": {8, 6}, "sm_101": {8, 6}, "sm_101a": {8, 6}, "sm_120": {8, 7}, "sm_120a": {8, 7},
	"sm_103": {8, 8}, "sm_103a": {8, 8}, "sm_121": {8, 8}, "sm_121a": {8, 8},
	"sm_100f": {8, 8}, "sm_101f": {8, 8}, "sm_103f": {8, 8}, "sm_120f": {8, 8}, "sm_121f": {8, 8},
}

// legality holds instructions against the table for one version and target.
type legality struct {
	version Version
	target  Target
	known   map[opcodeKey][]formMatch
	quiet   bool // words no complaints
}

// opcodeKey identifies an opcode's text: the parser shares the modifiers of equal texts.
type opcodeKey struct {
	op   Op
	mods *Mod
	n    int
}

type formMatch struct {
	form *Form
	need need
}

func newLegality(v Version, t Target) *legality {
	return &legality{version: v, target: t, known: map[opcodeKey][]formMatch{}}
}

// matches are the rows whose suffixes fit the instruction's.
func (l *legality) matches(in *Inst) []formMatch {
	key := opcodeKey{op: in.Op, n: len(in.Mods)}
	if key.n > 0 {
		key.mods = &in.Mods[0]
	}
	m, ok := l.known[key]
	if !ok {
		if orderly(in.Op, in.Mods) {
			for _, f := range tables()[in.Op] {
				if n, ok := f.match(in.Mods); ok {
					m = append(m, formMatch{f, n})
				}
			}
		}
		l.known[key] = m
	}
	return m
}

// orderly tells that suffixes which belong to an instruction's name stand right behind it (mul.lo, cvta.to, div.full, bar.cta.red): the only
// ones whose place counts, types among themselves aside.
func orderly(op Op, mods []Mod) bool {
	for i, m := range mods {
		if ofName(op, m) && i != 0 && (i != 1 || mods[0] != ModCTA) {
			return false
		}
	}
	return true
}

func ofName(op Op, m Mod) bool {
	switch op {
	case OpMul, OpMad, OpMul24, OpMad24, OpMadc, OpDp2a:
		return m == ModLo || m == ModHi || m == ModWide
	case OpShf:
		return m == ModLeft || m == ModRight
	case OpCvta:
		return m == ModTo
	case OpBar, OpBarrier:
		return m == ModCTA || m == ModArrive || m == ModRed
	case OpSetmaxnreg:
		return m == ModInc || m == ModDec
	case OpDiv:
		return m == ModFull
	case OpMbarrierTestWait, OpMbarrierTryWait:
		return m == ModParity
	}
	return false
}

// check sets in.Form, or says why no row allows the instruction.
func (l *legality) check(in *Inst) *Error {
	if in.Op == OpCall {
		return l.call(in)
	}
	rows := l.matches(in)
	if len(rows) == 0 {
		if l.quiet {
			return &Error{Kind: ErrIllegal}
		}
		return &Error{Pos: in.Pos, Kind: ErrIllegal, Msg: fmt.Sprintf("%s: no form of %v has these suffixes; %s", clip(in.Opcode()), in.Op, nearest(in))}
	}
	var low, bad *Error
	for i := range rows {
		m := &rows[i]
		if e := l.operands(in, m.form); e != nil {
			if bad == nil || e.depth > bad.depth {
				bad = e
			}
			continue
		}
		if e := l.vectorWidth(in); e != nil {
			low = e
			continue
		}
		if e := l.needs(in, m); e != nil {
			if low == nil {
				low = e
			}
			continue
		}
		in.Form = m.form
		return nil
	}
	if low != nil {
		return low
	}
	if bad.Kind == ErrIllegal && !l.quiet {
		bad.Msg += "; legal: " + plain(rows[0].form.Text)
	}
	return bad
}

// needs compares what a row needs with the file's version and target.
func (l *legality) needs(in *Inst, m *formMatch) *Error {
	n := m.need
	if n.until != (Version{}) && !n.until.AtLeast(l.version) && l.target.SM >= 70 {
		return l.illegal(in.Pos, "%s: dropped after .version %v on sm_70 and up; use the .sync form", clip(in.Opcode()), n.until)
	}
	version, target := l.version.AtLeast(n.version), n.target(l.target)
	if version && target {
		return nil
	}
	e := &Error{Pos: in.Pos, Kind: ErrTarget}
	if l.quiet {
		return e
	}
	var want []string
	if !version {
		e.Kind = ErrVersion
		want = append(want, fmt.Sprintf(".version %v (the file has %v)", n.version, l.version))
		if !target {
			e.also = ErrTarget
		}
	}
	if !target {
		names := make([]string, len(n.targets))
		for i, t := range n.targets {
			names[i] = t.String()
		}
		want = append(want, fmt.Sprintf(".target %s (the file has %v)", strings.Join(names, " or "), l.target))
	}
	e.Msg = fmt.Sprintf("%s needs %s", clip(in.Opcode()), strings.Join(want, " and "))
	return e
}

// plain is a row without the marks of the notation that readers of a message need not know.
func plain(row string) string {
	row, req, needs := strings.Cut(row, ";")
	opcode, operands, _ := strings.Cut(strings.TrimSpace(row), " ")
	var b strings.Builder
	b.WriteString(opcode)
	operands = " " + strings.TrimSpace(operands)
	for i := range len(operands) {
		c := operands[i]
		mark := strings.IndexByte("~!&^", c) >= 0 || c == '*' && (i+1 == len(operands) || operands[i+1] < '0' || operands[i+1] > '9') ||
			c == '_' && operands[i-1] != ' ' && operands[i-1] != '|'
		if !mark {
			b.WriteByte(c)
		}
	}
	if needs {
		b.WriteString("; from" + req)
	}
	return strings.TrimSpace(b.String())
}

// nearest lists the rows that share most suffixes with the instruction.
func nearest(in *Inst) string {
	best := -1
	var rows []string
	for _, f := range tables()[in.Op] {
		n := f.shared(in.Mods)
		if n > best {
			best, rows = n, nil
		}
		if n == best && len(rows) < 3 {
			rows = append(rows, plain(f.Text))
		}
	}
	if len(rows) == 0 {
		return "no form of it is known"
	}
	return "legal: " + strings.Join(rows, " or ")
}

// shared counts the suffixes that a row has a place for, less those that it misses.
func (f *Form) shared(mods []Mod) int {
	n := 0
	for i := range f.items {
		for _, m := range mods {
			if f.items[i].find(m) >= 0 {
				n++
				break
			}
		}
	}
	return n
}

// legalForms lists rows of an operation for a message.
func legalForms(op Op) string { return nearest(&Inst{Op: op}) }

// vectorWidth holds loads and stores to vectors of 128 bits, ISA 5.4.2, and from .version 8.8 on sm_100 of 256 bits in generic and
// global memory. Eight elements are legal only there.
func (l *legality) vectorWidth(in *Inst) *Error {
	n := in.Vec()
	bits := n * in.Type(0).Bits()
	if n == 1 || n < 8 && bits <= 128 {
		return nil
	}
	switch in.Op {
	case OpLd, OpSt:
	case OpLdu, OpMov:
		return l.illegal(in.Pos, "%s: found a vector of %d bits, at most 128 are possible", clip(in.Opcode()), bits)
	default:
		return nil
	}
	if s := in.Space(); bits != 256 || s != Generic && s != GlobalSpace || in.Type(0) == B128 {
		return l.illegal(in.Pos, "%s: found a vector of %d bits in %d elements, expected at most 128 bits in 2 or 4", clip(in.Opcode()), bits, n)
	}
	return l.needs(in, &formMatch{need: need{version: Version{8, 8}, targets: []targetNeed{{sm: 100}}}})
}
