package tokenizer

// Spaces as a visible character, ▁: how models of SentencePiece see them, as a pre-tokenizer and as a decoder.

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// prependScheme says which pieces get a space at the beginning, unless they have one.
type prependScheme int

const (
	prependAlways prependScheme = iota
	prependFirst                // the one at the beginning of the whole text
	prependNever
)

// metaspace writes a visible character for a space, and cuts before each.
type metaspace struct {
	replacement string
	scheme      prependScheme
	whole       bool // does not cut
}

func (m metaspace) split(dst []piece, n *normalized, in piece) []piece {
	n.fill()
	text := n.text[in.lo:in.hi]
	start := len(n.text)
	spaced := text[0] == ' ' || bytes.HasPrefix(text, []byte(m.replacement))
	if !spaced && (m.scheme == prependAlways || m.scheme == prependFirst && n.align[in.lo].Start == 0) {
		n.text = append(n.text, m.replacement...)
		n.align = appendSpans(n.align, n.align[in.lo], len(m.replacement))
	}
	for i := in.lo; i < in.hi; {
		if n.text[i] == ' ' {
			n.text = append(n.text, m.replacement...)
			n.align = appendSpans(n.align, n.align[i], len(m.replacement))
			i++
			continue
		}
		end := in.hi
		if k := bytes.IndexByte(n.text[i:in.hi], ' '); k >= 0 {
			end = i + k
		}
		n.text = append(n.text, n.text[i:end]...)
		n.align = append(n.align, n.align[i:end]...)
		i = end
	}
	if m.whole {
		return append(dst, piece{start, len(n.text)})
	}
	for at := start; at < len(n.text); {
		end := len(n.text)
		if k := bytes.Index(n.text[at+1:], []byte(m.replacement)); k >= 0 {
			end = at + 1 + k
		}
		dst = append(dst, piece{at, end})
		at = end
	}
	return dst
}

// decode writes spaces again. The first token loses those that a text may have been given.
func (m metaspace) decode(tokens []string) []string {
	for i, s := range tokens {
		tokens[i] = m.token(i, s)
	}
	return tokens
}

func (m metaspace) token(i int, s string) string {
	with := " "
	if i == 0 && m.scheme != prependNever {
		with = ""
	}
	return strings.ReplaceAll(s, m.replacement, with)
}

func parseMetaspace(s section) (metaspace, error) {
	var f struct {
		Replacement string  `json:"replacement"`
		Prefix      *bool   `json:"add_prefix_space"`
		Scheme      *string `json:"prepend_scheme"`
		Split       *bool   `json:"split"`
	}
	if err := s.into(&f); err != nil {
		return metaspace{}, err
	}
	if utf8.RuneCountInString(f.Replacement) != 1 {
		return metaspace{}, fmt.Errorf("%s.replacement: %q, expected one character", s.path, f.Replacement)
	}
	m := metaspace{replacement: f.Replacement, whole: f.Split != nil && !*f.Split}
	if f.Scheme != nil {
		switch *f.Scheme {
		case "always":
		case "first":
			m.scheme = prependFirst
		case "never":
			m.scheme = prependNever
		default:
			return metaspace{}, fmt.Errorf("%s.prepend_scheme: unknown %q", s.path, *f.Scheme)
		}
	}
	if f.Prefix != nil && !*f.Prefix && m.scheme != prependNever {
		return metaspace{}, fmt.Errorf("%s: add_prefix_space is false, but prepend_scheme is not \"never\"", s.path)
	}
	return m, nil
}
