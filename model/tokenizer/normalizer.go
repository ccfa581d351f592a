package tokenizer

// The first step: rewriting the text.

import (
	"bytes"
	"fmt"
	"math"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// normalizer rewrites a text. Its error is that the text grows beyond n.limit.
type normalizer interface {
	normalize(n *normalized) error
}

// maxNormalized is how many bytes a text of size bytes may grow to. A code point takes up to 11 times its bytes in NFKD (U+FDFA, of 3 bytes,
// gives 33), 13 times where ▁ then replaces spaces; what is put before a text counts little. Steps that repeat could double it each time.
func maxNormalized(size int) int {
	return int(min(maxGrowth*int64(size)+4096, math.MaxInt32))
}

const maxGrowth = 16

// bounded is a step that says by its name that a text grows too much.
type bounded struct {
	name string
	normalizer
}

func (b bounded) normalize(n *normalized) error {
	err := b.normalizer.normalize(n)
	if err == nil {
		err = n.fits(int64(len(n.text)))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", b.name, err)
	}
	return nil
}

// fits reports that a text would have more bytes than its limit.
func (n *normalized) fits(size int64) error {
	if size > int64(n.limit) {
		return fmt.Errorf("the text grows to %d bytes, more than the %d allowed: in all, %d for each byte given and 4096 more", size, n.limit, maxGrowth)
	}
	return nil
}

// normalizers applies one after another.
type normalizers []normalizer

func (s normalizers) normalize(n *normalized) error {
	for _, step := range s {
		if err := step.normalize(n); err != nil {
			return err
		}
	}
	return nil
}

// unicodeForm is NFC, NFD, NFKC or NFKD.
type unicodeForm norm.Form

func (f unicodeForm) normalize(n *normalized) error {
	form := norm.Form(f)
	changes := n.decomposeText(form == norm.NFKC || form == norm.NFKD)
	if form == norm.NFC || form == norm.NFKC {
		changes = recompose(changes)
	}
	n.transform(changes)
	return nil
}

// lowercase maps every code point to its lower case.
type lowercase struct{}

func (lowercase) normalize(n *normalized) error {
	n.keep(appendLower)
	return nil
}

func appendLower(dst []rune, r rune) []rune {
	dst = append(dst, toLower(r))
	if r == capitalIWithDot {
		dst = append(dst, '\u0307')
	}
	return dst
}

// stripAccents removes combining marks; it does not decompose.
type stripAccents struct{}

func (stripAccents) normalize(n *normalized) error {
	n.keep(func(dst []rune, r rune) []rune {
		if inSet(combining[:], r) {
			return dst
		}
		return append(dst, r)
	})
	return nil
}

// strip removes white space at the ends.
type strip struct{ left, right bool }

func (s strip) normalize(n *normalized) error {
	lo, hi := 0, len(n.text)
	if s.left {
		lo = hi - len(trimLeft(n.text))
	}
	if s.right {
		hi = lo + len(trimRight(n.text[lo:]))
	}
	if lo > 0 || hi < len(n.text) {
		n.slice(lo, hi)
	}
	return nil
}

// prepend puts a text before one that is not empty. It stands for the range of the first code point.
type prepend string

func (p prepend) normalize(n *normalized) error {
	if len(n.text) == 0 {
		return nil
	}
	if err := n.fits(int64(len(p)) + int64(len(n.text))); err != nil {
		return err
	}
	n.fill()
	first := n.align[0]
	n.begin()
	n.nextText = append(n.nextText, p...)
	n.nextAlign = appendSpans(n.nextAlign, first, len(p))
	n.nextText = append(n.nextText, n.text...)
	n.nextAlign = append(n.nextAlign, n.align...)
	n.swap()
	return nil
}

// replace puts content in the place of every match. It stands for the range of the last code point of the match.
type replace struct {
	pattern pattern
	content string
}

func (p replace) normalize(n *normalized) error {
	matches := p.pattern.find(n.text)
	if len(matches) == 0 {
		return nil
	}
	size := int64(len(n.text))
	for _, m := range matches {
		size += int64(len(p.content) - (m[1] - m[0]))
	}
	if err := n.fits(size); err != nil {
		return err
	}
	n.fill()
	n.begin()
	at := 0
	for _, m := range matches {
		n.nextText = append(n.nextText, n.text[at:m[0]]...)
		n.nextAlign = append(n.nextAlign, n.align[at:m[0]]...)
		s := Span{n.base, n.base}
		if m[1] > 0 {
			s = n.align[m[1]-1]
		}
		n.nextText = append(n.nextText, p.content...)
		n.nextAlign = appendSpans(n.nextAlign, s, len(p.content))
		at = m[1]
	}
	n.nextText = append(n.nextText, n.text[at:]...)
	n.nextAlign = append(n.nextAlign, n.align[at:]...)
	n.swap()
	return nil
}

// pattern is a literal or a regular expression.
type pattern struct {
	literal string
	dfa     *dfa
}

// find gives the ranges of the matches, left to right.
func (p pattern) find(text []byte) [][]int {
	var out [][]int
	if p.dfa != nil {
		m := p.dfa.over(text)
		for lo, hi, ok := m.next(); ok; lo, hi, ok = m.next() {
			out = append(out, []int{lo, hi})
		}
		return out
	}
	for at := 0; ; {
		k := bytes.Index(text[at:], []byte(p.literal))
		if k < 0 {
			return out
		}
		out = append(out, []int{at + k, at + k + len(p.literal)})
		at += k + len(p.literal)
	}
}

func trimLeft(text []byte) []byte {
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		if runeClasses().of(r)&isSpace == 0 {
			break
		}
		text = text[size:]
	}
	return text
}

func trimRight(text []byte) []byte {
	for len(text) > 0 {
		r, size := utf8.DecodeLastRune(text)
		if runeClasses().of(r)&isSpace == 0 {
			break
		}
		text = text[:len(text)-size]
	}
	return text
}
