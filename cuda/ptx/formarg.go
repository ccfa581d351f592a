package ptx

import (
	"fmt"
	"strings"
)

// Operands of the rows of the table: see [Form] for the notation.

type argKind uint8

const (
	argValue  argKind = iota // register, immediate, special register or symbol as the flags say
	argAddr                  // [a]
	argVector                // {a}
	argPair                  // a|b
	argLabel
	argTargets
	argSink // _ and nothing else
)

type argFlags uint8

const (
	flagDest argFlags = 1 << iota
	flagRegOnly
	flagImmOnly
	flagSink
	flagSpecial
	flagAddress
	flagWider
	flagNot
)

type argSpec struct {
	text     string
	kind     argKind
	flags    argFlags
	optional bool
	typ      Type  // fixed type, NoType: of the suffix
	index    int   // of the type suffix
	wide     bool  // twice as wide as the suffix
	lo, hi   int64 // of immediates, when ranged
	step     int64 // immediates are multiples of it, when not 0
	ranged   bool
	space    Space // of argAddr; Generic: that of the instruction
	count    int   // of argVector: 0 as .vN says, -1 split
	parts    []argSpec
	single   bool // of argPair: the second result may be absent
}

func parseArg(s string) (a argSpec, err error) {
	a.text = s
	s, a.optional = strings.CutSuffix(s, "?")
	switch {
	case s == "label":
		a.kind = argLabel
		return a, nil
	case s == "_":
		a.kind = argSink
		return a, nil
	case s == "targets":
		a.kind = argTargets
		return a, nil
	case strings.HasPrefix(s, "["):
		a.kind = argAddr
		if _, space, ok := strings.Cut(strings.TrimSuffix(s, "]"), ":"); ok {
			a.space = modByName[space].Space()
		}
		return a, nil
	case strings.HasPrefix(s, "{"):
		a.kind = argVector
		s = strings.TrimSuffix(s[1:], "}")
		s, a.count = cutCount(s)
		e, err := parseArg(s)
		a.parts, a.flags = []argSpec{e}, e.flags
		return a, err
	}
	x, y, ok := strings.Cut(s, "|")
	if !ok {
		x, y, ok = strings.Cut(s, "/")
		a.single = ok
	}
	if ok {
		a.kind = argPair
		p, err := parseArg(x)
		if err != nil {
			return a, err
		}
		q, err := parseArg(y)
		a.parts, a.flags = []argSpec{p, q}, flagDest
		return a, err
	}
	return a, a.parseValue(s)
}

// cutCount takes *4 or + from the text of a vector's element.
func cutCount(s string) (string, int) {
	if t, ok := strings.CutSuffix(s, "+"); ok {
		return t, -1
	}
	for n := 1; n <= 8; n++ {
		if i := strings.Index(s, fmt.Sprintf("*%d", n)); i >= 0 {
			return s[:i] + s[i+2:], n
		}
	}
	return s, 0
}

func (a *argSpec) parseValue(s string) error {
	if s == "" {
		return fmt.Errorf("empty operand")
	}
	switch s[0] {
	case 'd':
		a.flags |= flagDest
	case 'p', 'q':
		a.flags |= flagDest
		a.typ = Pred
	}
	s = strings.TrimLeft(s[1:], "0123456789")
	for s != "" {
		c := s[0]
		s = s[1:]
		switch c {
		case '!':
			a.flags |= flagRegOnly
		case '_':
			a.flags |= flagSink
		case '*':
			a.flags |= flagSpecial
		case '&':
			a.flags |= flagAddress
		case '~':
			a.flags |= flagWider
		case '^':
			a.flags |= flagNot
		case ':':
			n := strings.IndexAny(s, "!_*&~^#<")
			if n < 0 {
				n = len(s)
			}
			if err := a.parseType(s[:n]); err != nil {
				return err
			}
			s = s[n:]
		case '#', '<':
			if c == '#' {
				a.flags |= flagImmOnly
			}
			if s != "" {
				if n, err := fmt.Sscanf(s, "%d..%d%%%d", &a.lo, &a.hi, &a.step); n < 2 {
					return fmt.Errorf("range %s: %v", s, err)
				}
				a.ranged, s = true, ""
			}
		default:
			return fmt.Errorf("operand mark %c", c)
		}
	}
	return nil
}

func (a *argSpec) parseType(s string) error {
	switch {
	case s == "w":
		a.wide = true
	case len(s) == 1 && s[0] >= '0' && s[0] <= '9':
		a.index = int(s[0] - '0')
	default:
		if a.typ = modByName[s].Type(); a.typ == NoType {
			return fmt.Errorf("type %s", s)
		}
	}
	return nil
}
