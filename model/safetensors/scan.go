// A JSON scanner for text whose structure is known beforehand.
//
// encoding/json keeps the last of two equal keys and tells no one, matches keys in any case and takes null for anything; all three
// could pass a broken header. This scanner hands every key to its caller, in order, and recursion is as deep as the caller's structure.

package safetensors

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

type scanner struct {
	s   string
	pos int
}

// document scans an object that is the whole of the text.
func (p *scanner) document(member func(key string) error) error {
	if !utf8.ValidString(p.s) {
		return errors.New("is not UTF-8")
	}
	if err := p.object(member); err != nil {
		return err
	}
	if p.peek() != 0 || p.pos < len(p.s) {
		return p.unexpected("nothing more")
	}
	return nil
}

// peek skips white space and returns the next byte without taking it, or 0 at the end.
func (p *scanner) peek() byte {
	for ; p.pos < len(p.s); p.pos++ {
		switch c := p.s[p.pos]; c {
		case ' ', '\t', '\r', '\n':
		default:
			return c
		}
	}
	return 0
}

func (p *scanner) take(c byte) bool {
	if p.peek() != c || p.pos == len(p.s) {
		return false
	}
	p.pos++
	return true
}

// unexpected describes what stands at pos: a whole literal or the start of anything else.
func (p *scanner) unexpected(want string) error {
	if p.peek() == 0 && p.pos == len(p.s) {
		return fmt.Errorf("is not valid JSON: it ends at byte %d, expected %s", p.pos, want)
	}
	rest := p.s[p.pos:]
	if end := strings.IndexAny(rest[1:], ",:]}\" \t\r\n"); end >= 0 {
		rest = rest[:end+1]
	}
	const most = 40
	if len(rest) > most {
		rest = rest[:most] + "…"
	}
	return fmt.Errorf("byte %d: found %s, expected %s", p.pos, strings.ToValidUTF8(rest, "…"), want)
}

// object calls member for every key; member must take the value.
func (p *scanner) object(member func(key string) error) error {
	if !p.take('{') {
		return p.unexpected("an object")
	}
	if p.take('}') {
		return nil
	}
	for {
		key, err := p.str()
		if err != nil {
			return err
		}
		if !p.take(':') {
			return p.unexpected("':'")
		}
		if err := member(key); err != nil {
			return err
		}
		if p.take('}') {
			return nil
		}
		if !p.take(',') {
			return p.unexpected("',' or '}'")
		}
	}
}

// array calls element for every element; element must take it.
func (p *scanner) array(element func() error) error {
	if !p.take('[') {
		return p.unexpected("an array")
	}
	if p.take(']') {
		return nil
	}
	for {
		if err := element(); err != nil {
			return err
		}
		if p.take(']') {
			return nil
		}
		if !p.take(',') {
			return p.unexpected("',' or ']'")
		}
	}
}

func (p *scanner) str() (string, error) {
	if !p.take('"') {
		return "", p.unexpected("a string")
	}
	start, escaped := p.pos, false
	for ; p.pos < len(p.s); p.pos++ {
		switch c := p.s[p.pos]; {
		case c < ' ':
			return "", fmt.Errorf("byte %d: control character %#02x in a string", p.pos, c)
		case c == '\\':
			escaped = true
			p.pos++
		case c == '"':
			p.pos++
			if !escaped {
				return p.s[start : p.pos-1], nil
			}
			return unescape(p.s[start-1:p.pos], start-1)
		}
	}
	p.pos = len(p.s)
	return "", p.unexpected("the end of a string")
}

// unescape decodes a string in quotes that stands at byte pos. encoding/json reads half a surrogate pair as U+FFFD, by which two
// names could become one; here it is an error.
func unescape(quoted string, pos int) (string, error) {
	var s string
	if err := json.Unmarshal([]byte(quoted), &s); err != nil {
		return "", fmt.Errorf("byte %d: %w", pos, err)
	}
	unit := func(i int) rune { // of the escape \uXXXX at i
		n, _ := strconv.ParseUint(quoted[i+2:i+6], 16, 16)
		return rune(n)
	}
	for i := 0; i < len(quoted); i++ {
		if quoted[i] != '\\' {
			continue
		}
		if quoted[i+1] != 'u' {
			i++
			continue
		}
		r := unit(i)
		i += 5
		if !utf16.IsSurrogate(r) {
			continue
		}
		if !strings.HasPrefix(quoted[i+1:], `\u`) || utf16.DecodeRune(r, unit(i+1)) == unicode.ReplacementChar {
			return "", fmt.Errorf("byte %d: half a surrogate pair in a string", pos+i-5)
		}
		i += 6
	}
	return s, nil
}

// integer takes a number without sign, point and exponent: what the format calls an integer.
func (p *scanner) integer() (int64, error) {
	const want = "a non-negative integer below 2^63"
	p.peek()
	end, n := p.pos, int64(0)
	for ; end < len(p.s) && '0' <= p.s[end] && p.s[end] <= '9'; end++ {
		digit := int64(p.s[end] - '0')
		if n > (math.MaxInt64-digit)/10 {
			return 0, p.unexpected(want)
		}
		n = 10*n + digit
	}
	text := p.s[p.pos:end]
	follows := end < len(p.s) && strings.IndexByte(",]} \t\r\n", p.s[end]) < 0
	if text == "" || follows || len(text) > 1 && text[0] == '0' {
		return 0, p.unexpected(want)
	}
	p.pos = end
	return n, nil
}

// skip takes a value of any kind.
func (p *scanner) skip() error {
	p.peek()
	start, depth := p.pos, 0
scan:
	for p.pos < len(p.s) {
		switch p.peek() {
		case '"':
			if _, err := p.str(); err != nil {
				return err
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth < 0 {
				break scan
			}
		case ',':
			if depth == 0 {
				break scan
			}
		}
		p.pos++
	}
	p.pos = min(p.pos, len(p.s))
	if !json.Valid([]byte(p.s[start:p.pos])) {
		p.pos = start
		return p.unexpected("a valid JSON value")
	}
	return nil
}
