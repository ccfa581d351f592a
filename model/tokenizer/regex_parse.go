package tokenizer

// Regular expressions of the kind that published tokenizers cut texts with, in Oniguruma's syntax: sets, groups, alternatives, repeats
// (lazy and possessive ones too), and a look ahead at the next character. A pattern becomes a program for regex_dfa.go.

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// node is a part of a pattern.
type node struct {
	kind     nodeKind
	set      runeSet
	end      bool // look: holds at the end of the text
	parts    []*node
	min, max int // repeat; max < 0: no limit
	lazy     bool
}

type nodeKind int

const (
	nodeSet    nodeKind = iota // a character of a set
	nodeLook                   // nothing, if the next character is of the set
	nodeCat                    // its parts in a row
	nodeAlt                    // the first of its parts that leads to a match
	nodeRepeat                 // its part min to max times
)

// nullable reports whether a node matches nothing at all.
func (n *node) nullable() bool {
	switch n.kind {
	case nodeLook:
		return true
	case nodeCat:
		return !slices.ContainsFunc(n.parts, func(p *node) bool { return !p.nullable() })
	case nodeAlt:
		return slices.ContainsFunc(n.parts, (*node).nullable)
	case nodeRepeat:
		return n.min == 0 || n.parts[0].nullable()
	}
	return false
}

// parser reads an expression. Its methods panic with a syntaxError, which parseRegex catches: every one of them may find one.
type parser struct {
	rest  string
	fold  bool // within (?i:…)
	last  rune // the letter before, within (?i:…)
	depth int
	room  int // how many bounds of ranges sets may have still
}

type syntaxError string

func (p *parser) fail(format string, args ...any) { panic(syntaxError(fmt.Sprintf(format, args...))) }

// setRunes is how many bounds of ranges in sets count for an instruction: \w alone has over a thousand, which take time to put in order.
const setRunes = 1 << 8

// parseRegex gives the syntax tree of an expression, taking what its sets count from the instructions that are left.
func parseRegex(expr string, left *int) (n *node, err error) {
	if !utf8.ValidString(expr) {
		return nil, fmt.Errorf("not UTF-8")
	}
	defer func() {
		if e := recover(); e != nil {
			s, ok := e.(syntaxError)
			if !ok {
				panic(e)
			}
			err = fmt.Errorf("%s", string(s))
		}
	}()
	p := &parser{rest: expr, room: *left * setRunes}
	n = p.alternatives()
	*left = p.room / setRunes
	if p.rest != "" {
		p.fail("an unmatched )")
	}
	return n, nil
}

func (p *parser) take(prefix string) bool {
	rest, ok := strings.CutPrefix(p.rest, prefix)
	p.rest = rest
	return ok
}

func (p *parser) rune() rune {
	r, size := utf8.DecodeRuneInString(p.rest)
	if size == 0 {
		p.fail("it ends in the middle")
	}
	p.rest = p.rest[size:]
	return r
}

// maxNesting bounds groups within groups, and sets within sets.
const maxNesting = 32

func (p *parser) nested(f func() *node) *node {
	if p.depth++; p.depth > maxNesting {
		p.fail("more than %d levels", maxNesting)
	}
	n := f()
	p.depth--
	return n
}

func (p *parser) alternatives() *node {
	alt := &node{kind: nodeAlt}
	for {
		cat := &node{kind: nodeCat}
		p.last = 0
		for p.rest != "" && p.rest[0] != '|' && p.rest[0] != ')' {
			cat.parts = append(cat.parts, p.repeated(p.atom()))
		}
		alt.parts = append(alt.parts, cat)
		if !p.take("|") {
			break
		}
	}
	if len(alt.parts) == 1 {
		return alt.parts[0]
	}
	return alt
}

func (p *parser) atom() *node {
	switch r := p.rune(); r {
	case '(':
		return p.group()
	case '[':
		return p.nested(func() *node { return &node{kind: nodeSet, set: p.set()} })
	case '.':
		return &node{kind: nodeSet, set: newline.complement()}
	case '$':
		return &node{kind: nodeLook, set: newline, end: true}
	case '\\':
		if p.take("z") {
			return &node{kind: nodeLook, end: true}
		}
		set, literal := p.escape()
		if set != nil {
			return &node{kind: nodeSet, set: p.counted(set)}
		}
		return p.literal(literal)
	case '^', '*', '+', '?':
		p.fail("%c at this place", r)
		return nil
	default:
		return p.literal(r)
	}
}

// pairsFolded are the letters that together equal one character in some case, as ß and ﬁ do, which needs a look at two.
var pairsFolded = []string{"ss", "ff", "fi", "fl", "st"}

func (p *parser) literal(r rune) *node {
	set := runeSet{r, r}
	if p.fold {
		set = p.folded(set)
		lower := unicode.ToLower(r)
		if slices.Contains(pairsFolded, string([]rune{p.last, lower})) {
			p.fail("%c%c in any case", p.last, lower)
		}
		p.last = lower
	}
	return &node{kind: nodeSet, set: set}
}

// folded adds the other cases of ASCII letters.
func (p *parser) folded(set runeSet) runeSet {
	if len(set) == 0 || set[len(set)-1] >= utf8.RuneSelf {
		p.fail("a character beyond ASCII in any case")
	}
	var out []rune
	for i := 0; i < len(set); i += 2 {
		for r := set[i]; r <= set[i+1]; r++ {
			out = append(out, r, r)
			for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
				out = append(out, f, f)
			}
		}
	}
	return newRuneSet(out)
}

func (p *parser) group() *node {
	fold, kind := p.fold, byte(0)
	switch {
	case p.take("?:"):
	case p.take("?i:"):
		p.fold = true
	case p.take("?="):
		kind = '='
	case p.take("?!"):
		kind = '!'
	case strings.HasPrefix(p.rest, "?"):
		p.fail("a group (%.3s", p.rest)
	}
	n := p.nested(p.alternatives)
	if !p.take(")") {
		p.fail("an unmatched (")
	}
	p.fold, p.last = fold, 0
	if kind == 0 {
		return n
	}
	set, end := p.ahead(n)
	if kind == '!' {
		set, end = set.complement(), !end
	}
	return &node{kind: nodeLook, set: set, end: end}
}

// ahead gives what a look ahead at one character looks for.
func (p *parser) ahead(n *node) (set runeSet, end bool) {
	switch {
	case n.kind == nodeSet || n.kind == nodeLook:
		return n.set, n.end
	case n.kind == nodeCat && len(n.parts) == 1:
		return p.ahead(n.parts[0])
	case n.kind == nodeAlt:
		for _, part := range n.parts {
			s, e := p.ahead(part)
			set, end = joinSets(set, s), end || e
		}
		return set, end
	}
	p.fail("a look ahead at more than one character")
	return nil, false
}

// maxRepeat bounds the numbers of a repeat; published ones go up to 3.
const maxRepeat = 1000

// repeated reads the quantifiers after an atom.
func (p *parser) repeated(n *node) *node {
	for {
		least, most, ok, exact := 0, -1, true, false
		interval := false
		switch {
		case p.take("*"):
		case p.take("+"):
			least = 1
		case p.take("?"):
			most = 1
		case strings.HasPrefix(p.rest, "{"):
			interval = true
			least, most, exact, ok = p.interval()
		default:
			ok = false
		}
		if !ok {
			return n
		}
		if n.nullable() {
			p.fail("a repeat of what may be nothing")
		}
		p.last = 0
		r := &node{kind: nodeRepeat, parts: []*node{n}, min: least, max: most}
		switch {
		case strings.HasPrefix(p.rest, "?") && exact:
			p.fail("? after {%d}", least)
		case p.take("?"):
			r.lazy = true
		case !interval && p.take("+"): // after an interval it is a repeat of the repeat
			r = p.possessive(r)
		}
		n = r
	}
}

// possessive gives a repeat that gives nothing back: it ends where its character does not follow.
func (p *parser) possessive(r *node) *node {
	c := r.parts[0]
	for c.kind == nodeCat && len(c.parts) == 1 {
		c = c.parts[0]
	}
	if c.kind != nodeSet {
		p.fail("a possessive repeat of more than one character")
	}
	stop := &node{kind: nodeLook, set: c.set.complement(), end: true}
	if r.max == 1 {
		return &node{kind: nodeAlt, parts: []*node{c, stop}}
	}
	return &node{kind: nodeCat, parts: []*node{r, stop}}
}

// interval reads {m}, {m,} or {m,n}. Other text in braces is no quantifier.
func (p *parser) interval() (least, most int, exact, ok bool) {
	inner, rest, found := strings.Cut(p.rest[1:], "}")
	low, high, comma := strings.Cut(inner, ",")
	least, err := strconv.Atoi(low)
	if !found || err != nil {
		p.fail("a brace that is no repeat {m}, {m,} or {m,n}")
	}
	most = least
	if comma {
		most = -1
		if high != "" {
			if most, err = strconv.Atoi(high); err != nil || most < least {
				p.fail("the repeat {%s}", inner)
			}
		}
	}
	if max(least, most) > maxRepeat || least < 0 || most == 0 {
		p.fail("the repeat {%s}", inner)
	}
	p.rest = rest
	return least, most, !comma, true
}

// counted takes the ranges of a set from the room there is.
func (p *parser) counted(ranges []rune) runeSet {
	if p.room -= len(ranges); p.room < 0 {
		p.fail("more ranges in sets than are left for all patterns of a section")
	}
	return ranges
}

// set reads what follows [.
func (p *parser) set() runeSet {
	negated := p.take("^")
	var ranges []rune
	for first := true; ; first = false {
		switch {
		case strings.HasPrefix(p.rest, "[:"), strings.HasPrefix(p.rest, "&&"), first && strings.HasPrefix(p.rest, "]"):
			p.fail("%.2s in a set", p.rest)
		case p.take("]"):
			set := newRuneSet(p.counted(ranges))
			if p.fold {
				set = p.folded(set)
			}
			if negated {
				set = set.complement()
			}
			return set
		case p.take("["):
			ranges = append(ranges, p.nested(func() *node { return &node{set: p.set()} }).set...)
			continue
		}
		set, lo := p.member()
		if set != nil {
			ranges = append(ranges, set...)
			continue
		}
		hi := lo
		if len(p.rest) > 1 && p.rest[0] == '-' && p.rest[1] != ']' {
			p.rest = p.rest[1:]
			if set, hi = p.member(); set != nil || hi < lo {
				p.fail("a range in a set")
			}
		}
		ranges = append(ranges, lo, hi)
	}
}

// member reads a character of a set, or a set named by an escape.
func (p *parser) member() (runeSet, rune) {
	r := p.rune()
	switch r {
	case '\\':
		return p.escape()
	case '[':
		p.fail("a set at the end of a range")
	}
	return nil, r
}

// escape reads what follows a backslash: a set, else a character.
func (p *parser) escape() (runeSet, rune) {
	r := p.rune()
	switch r {
	case 's':
		return newRuneSet(classSpace[:]), 0
	case 'S':
		return newRuneSet(classSpace[:]).complement(), 0
	case 'd':
		return newRuneSet(classNd[:]), 0
	case 'D':
		return newRuneSet(classNd[:]).complement(), 0
	case 'w':
		return newRuneSet(classWord[:]), 0
	case 'W':
		return newRuneSet(classWord[:]).complement(), 0
	case 'p', 'P':
		return p.property(r == 'P'), 0
	case 'x':
		return nil, p.hex()
	}
	if i := strings.IndexRune("tnrfvae", r); i >= 0 {
		return nil, rune("\t\n\r\f\v\a\x1b"[i])
	}
	if r >= utf8.RuneSelf || r == '_' || '0' <= r && r <= '9' || 'a' <= r|0x20 && r|0x20 <= 'z' {
		p.fail(`\%c`, r)
	}
	return nil, r
}

func (p *parser) property(negated bool) runeSet {
	name, rest, ok := strings.Cut(p.rest, "}")
	set, known := namedSet(strings.TrimPrefix(strings.TrimPrefix(name, "{"), "^"))
	if !ok || !known || !strings.HasPrefix(name, "{") {
		p.fail(`\p%.12s`, p.rest)
	}
	p.rest = rest
	if negated != strings.HasPrefix(name, "{^") {
		set = set.complement()
	}
	return set
}

// hex reads what follows \x: {…} or two digits below 80, which are a byte in Oniguruma and no character from there on.
func (p *parser) hex() rune {
	digits, rest := p.rest[:min(2, len(p.rest))], p.rest[min(2, len(p.rest)):]
	limit := uint64(utf8.RuneSelf - 1)
	if p.take("{") {
		digits, rest, _ = strings.Cut(p.rest, "}")
		limit = unicode.MaxRune
	}
	v, err := strconv.ParseUint(digits, 16, 32)
	if err != nil || v > limit {
		p.fail(`\x%s`, digits)
	}
	p.rest = rest
	return rune(v)
}
