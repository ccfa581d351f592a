package tokenizer

// Patterns of tokenizer.json: literal strings, regular expressions, and those of them that Go's engine matches as the library's does.

import (
	"encoding/json"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"

	"github.com/rapt-go/rapt/model/internal/files"
)

// maxPattern bounds a regular expression, of which two bytes (\w) may translate to fourteen thousand.
const maxPattern = 1 << 12

// parsePattern reads {"String": "…"} or {"Regex": "…"}.
func parsePattern(s section, raw json.RawMessage) (pattern, error) {
	var f struct{ String, Regex *string }
	if err := files.Decode(raw, &f); err != nil {
		return pattern{}, fmt.Errorf("%s.pattern: %w", s.path, err)
	}
	switch {
	case f.String != nil && *f.String != "":
		return pattern{literal: *f.String}, nil
	case f.Regex != nil && *f.Regex != "":
		if len(*f.Regex) > maxPattern {
			return pattern{}, fmt.Errorf("%s: a pattern of %d bytes; at most %d", s.path, len(*f.Regex), maxPattern)
		}
		d, err := compileRegex(*f.Regex, &s.left.instructions)
		if err == nil {
			return pattern{dfa: d}, nil
		}
		if expr, e := compile(*f.Regex, &s.left.instructions); e == nil {
			return pattern{expr: expr}, nil
		}
		return pattern{}, fmt.Errorf("%s: pattern %q: %v: %w", s.path, *f.Regex, err, ErrUnsupported)
	}
	return pattern{}, fmt.Errorf("%s: no pattern, or an empty one", s.path)
}

// unicodeClass is what stands within brackets for one of Oniguruma's classes, which are those of Unicode where Go's are ASCII; "" for other letters.
func unicodeClass(c byte) string {
	switch c {
	case 'd':
		return `\p{Nd}`
	case 's':
		return `\t-\r\x{85}\p{Z}`
	case 'w':
		var b strings.Builder
		b.WriteString(`²³¹¼-¾`) // which the set wordly lacks; it has the joiners U+200C and U+200D instead
		for i := 0; i < len(wordly); i += 2 {
			if wordly[i] != 0x200c {
				fmt.Fprintf(&b, `\x{%x}-\x{%x}`, wordly[i], wordly[i+1])
			}
		}
		return b.String()
	}
	return ""
}

// compile compiles an expression. What takes more instructions than are left is an error.
func compile(expr string, left *int) (*regexp.Regexp, error) {
	expr, err := translate(expr)
	if err != nil {
		return nil, err
	}
	parsed, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return nil, err
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return nil, err
	}
	if *left -= len(program.Inst); *left < 0 {
		return nil, fmt.Errorf("it takes %d instructions, %d more than are left for all patterns of a section", len(program.Inst), -*left)
	}
	return regexp.Compile(expr)
}

// translate gives an Oniguruma expression as one of Go's. What means something else to Go, or nothing, is an error.
func translate(expr string) (string, error) {
	var b strings.Builder
	class := false
	for i := 0; i < len(expr); i++ {
		c := expr[i]
		rest := expr[i:]
		switch {
		case c == '\\' && len(rest) > 1:
			i++
			lower := rest[1] | 0x20
			set := unicodeClass(lower)
			ok := set != ""
			switch {
			case ok && rest[1] == lower && class:
				b.WriteString(set)
			case ok && rest[1] == lower:
				b.WriteString("[" + set + "]")
			case ok && !class:
				b.WriteString("[^" + set + "]")
			case strings.IndexByte(`pPtnrfvxae`, rest[1]) >= 0 || rest[1] < '0' || rest[1] > 'z' || strings.IndexByte(`:;<=>?@[\]^_`+"`", rest[1]) >= 0:
				b.WriteString(rest[:2])
			default:
				return "", fmt.Errorf("%s", rest[:2])
			}
			continue
		case class && c == '[', class && strings.HasPrefix(rest, "&&"):
			return "", fmt.Errorf("a set within a set")
		case c == '[':
			class = true
			if strings.HasPrefix(rest, "[^") {
				b.WriteByte(c)
				i, c = i+1, '^'
			}
			if strings.HasPrefix(expr[i+1:], "]") {
				return "", fmt.Errorf("an empty set")
			}
		case class && c == ']':
			class = false
		case class:
		case c == '^' || c == '$':
			return "", fmt.Errorf("%c, which matches at lines", c)
		case strings.HasPrefix(rest, "(?") && !strings.HasPrefix(rest, "(?:") && !strings.HasPrefix(rest, "(?i:"):
			return "", fmt.Errorf("a group of another kind than (?:…) and (?i:…)")
		}
		b.WriteByte(c)
	}
	return b.String(), nil
}
