package ptx

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// The lexer, ISA 4.1 to 4.5.

type tokKind uint8

const (
	tokEOF    tokKind = iota
	tokIdent          // name, %name, $name
	tokDot            // .word or .word::word; text is without the dot
	tokInt            // val, unsigned
	tokFloat          // val, imm
	tokString         // text is without the quotes
	tokPunct          // text is the character or the two of << >> <= >= == != && ||
	tokBad            // text says why
)

type token struct {
	kind     tokKind
	imm      ImmKind
	off, end int32
	pos      Pos
	text     string
	val      uint64
}

// describe is the token as a message quotes it.
func (t token) describe() string {
	switch t.kind {
	case tokEOF:
		return "the end of the file"
	case tokDot:
		return "." + clip(t.text)
	case tokString:
		return strconv.Quote(clip(t.text))
	case tokBad:
		return t.text
	}
	return clip(t.text)
}

// clip keeps messages short whatever the input.
func clip(s string) string {
	if len(s) > 60 {
		return s[:60] + "…"
	}
	return s
}

type lexer struct {
	src       string
	off       int
	line      int32
	lineStart int
}

const (
	charLetter = 1 << iota
	charDigit
	charHex
	charSpace
)

var charClass = func() (c [256]uint8) {
	for b := 'a'; b <= 'z'; b++ {
		c[b] |= charLetter
		c[b-'a'+'A'] |= charLetter
	}
	for b := 'a'; b <= 'f'; b++ {
		c[b] |= charHex
		c[b-'a'+'A'] |= charHex
	}
	for b := '0'; b <= '9'; b++ {
		c[b] |= charDigit | charHex
	}
	for _, b := range "_$%" {
		c[b] |= charLetter
	}
	for _, b := range " \t\r\n\f\v" {
		c[b] |= charSpace
	}
	return c
}()

func (l *lexer) at(i int) byte {
	if i < len(l.src) {
		return l.src[i]
	}
	return 0
}

// space skips blanks, comments and the preprocessor's line markers (ISA 4.1); it is false at a comment that does not end.
func (l *lexer) space() bool {
	for l.off < len(l.src) {
		c := l.src[l.off]
		switch {
		case c == '\n':
			l.off++
			l.line++
			l.lineStart = l.off
		case charClass[c]&charSpace != 0:
			l.off++
		case c == '/' && l.at(l.off+1) == '/', c == '#' && l.lineMarker():
			for l.off < len(l.src) && l.src[l.off] != '\n' {
				l.off++
			}
		case c == '/' && l.at(l.off+1) == '*':
			i, line, start := l.off+2, l.line, l.lineStart
			for ; i+1 < len(l.src) && (l.src[i] != '*' || l.src[i+1] != '/'); i++ {
				if l.src[i] == '\n' {
					l.line++
					l.lineStart = i + 1
				}
			}
			if i+1 >= len(l.src) {
				l.line, l.lineStart = line, start
				return false
			}
			l.off = i + 2
		default:
			return true
		}
	}
	return true
}

// lineMarker tells a line such as # 1 "scale.cu" or #line 1 "scale.cu", of which nothing is taken.
func (l *lexer) lineMarker() bool {
	if strings.TrimLeft(l.src[l.lineStart:l.off], " \t") != "" {
		return false
	}
	rest := l.off + 1
	for l.at(rest) == ' ' || l.at(rest) == '\t' {
		rest++
	}
	return charClass[l.at(rest)]&charDigit != 0 || strings.HasPrefix(l.src[rest:], "line ")
}

func (l *lexer) pos() Pos {
	return Pos{l.line + 1, int32(l.off-l.lineStart) + 1}
}

func (l *lexer) word(i int, class uint8) int {
	for i < len(l.src) && charClass[l.src[i]]&class != 0 {
		i++
	}
	return i
}

// next is the next token. After tokBad the lexer has moved on, so that it always ends.
func (l *lexer) next() token {
	if !l.space() {
		t := token{kind: tokBad, pos: l.pos(), text: "a comment that does not end", off: int32(l.off)}
		l.off = len(l.src)
		t.end = int32(l.off)
		return t
	}
	t := token{pos: l.pos(), off: int32(l.off)}
	if l.off >= len(l.src) {
		t.end = t.off
		return t
	}
	start := l.off
	c := l.src[start]
	switch {
	case charClass[c]&charLetter != 0:
		l.off = l.word(start+1, charLetter|charDigit)
		t.kind, t.text = tokIdent, l.src[start:l.off]
	case charClass[c]&charDigit != 0:
		l.number(&t)
	case c == '.' && charClass[l.at(start+1)]&(charLetter|charDigit) != 0:
		i := l.word(start+1, charLetter|charDigit)
		for l.at(i) == ':' && l.at(i+1) == ':' && charClass[l.at(i+2)]&(charLetter|charDigit) != 0 {
			i = l.word(i+2, charLetter|charDigit)
		}
		t.kind, t.text, l.off = tokDot, l.src[start+1:i], i
	case c == '"':
		l.str(&t)
	default:
		l.punct(&t, c)
	}
	t.end = int32(l.off)
	return t
}

func (l *lexer) str(t *token) {
	i := l.off + 1
	for i < len(l.src) && l.src[i] != '"' && l.src[i] != '\n' {
		if l.src[i] == '\\' && i+1 < len(l.src) && l.src[i+1] != '\n' {
			i++
		}
		i++
	}
	if i >= len(l.src) || l.src[i] == '\n' {
		t.kind, t.text, l.off = tokBad, "a string that does not end", min(i, len(l.src))
		return
	}
	t.kind, t.text, l.off = tokString, l.src[l.off+1:i], i+1
}

func (l *lexer) punct(t *token, c byte) {
	two := ""
	if l.off+1 < len(l.src) {
		two = l.src[l.off : l.off+2]
	}
	switch two {
	case "<<", ">>", "<=", ">=", "==", "!=", "&&", "||":
		t.kind, t.text = tokPunct, two
		l.off += 2
		return
	}
	t.kind, t.text = tokPunct, l.src[l.off:l.off+1]
	if c < ' ' || c >= 0x7f {
		t.kind, t.text = tokBad, fmt.Sprintf("byte 0x%02x", c)
	}
	l.off++
}

// number reads the constants of ISA 4.5: decimal, octal, hexadecimal and binary integers with an optional U, 0f and 0d bit
// patterns, decimal floating point.
func (l *lexer) number(t *token) {
	s := l.off
	bad := func(end int) {
		l.off = l.word(end, charLetter|charDigit)
		t.kind, t.text = tokBad, "number "+clip(l.src[s:l.off])
	}
	integer := func(from, to, base int) {
		v, err := strconv.ParseUint(l.src[from:to], base, 64)
		t.kind, t.val = tokInt, v
		if v > math.MaxInt64 {
			t.imm = ImmUint
		}
		end := to
		if l.at(end) == 'U' {
			t.imm = ImmUint
			end++
		}
		if err != nil || charClass[l.at(end)]&(charLetter|charDigit) != 0 {
			bad(end)
			return
		}
		l.off = end
		t.text = l.src[s:end]
	}
	if l.src[s] == '0' {
		switch l.at(s + 1) {
		case 'x', 'X':
			integer(s+2, l.word(s+2, charHex), 16)
			return
		case 'b', 'B':
			integer(s+2, l.word(s+2, charDigit), 2)
			return
		case 'f', 'F', 'd', 'D':
			l.floatBits(t, bad)
			return
		}
	}
	e := l.word(s, charDigit)
	if l.at(e) == '.' || l.at(e) == 'e' || l.at(e) == 'E' {
		l.decimalFloat(t, e, bad)
		return
	}
	if l.src[s] == '0' && e > s+1 {
		integer(s+1, e, 8)
		return
	}
	integer(s, e, 10)
}

func (l *lexer) floatBits(t *token, bad func(int)) {
	s := l.off
	n, kind := 8, ImmF32
	if c := l.src[s+1]; c == 'd' || c == 'D' {
		n, kind = 16, ImmF64
	}
	e := l.word(s+2, charHex)
	v, err := strconv.ParseUint(l.src[s+2:e], 16, 64)
	if err != nil || e-s-2 != n || charClass[l.at(e)]&(charLetter|charDigit) != 0 {
		bad(e)
		return
	}
	t.kind, t.imm, t.val, t.text, l.off = tokFloat, kind, v, l.src[s:e], e
}

func (l *lexer) decimalFloat(t *token, e int, bad func(int)) {
	s := l.off
	if l.at(e) == '.' {
		e = l.word(e+1, charDigit)
	}
	if c := l.at(e); c == 'e' || c == 'E' {
		i := e + 1
		if c := l.at(i); c == '+' || c == '-' {
			i++
		}
		if charClass[l.at(i)]&charDigit == 0 {
			bad(i)
			return
		}
		e = l.word(i, charDigit)
	}
	f, err := strconv.ParseFloat(l.src[s:e], 64)
	if err != nil && !math.IsInf(f, 0) || charClass[l.at(e)]&(charLetter|charDigit) != 0 {
		bad(e)
		return
	}
	t.kind, t.imm, t.val, t.text, l.off = tokFloat, ImmF64, math.Float64bits(f), l.src[s:e], e
}
