package tokenizer

// The second step: cutting the text into words, between which no token reaches.

import (
	"slices"
	"unicode/utf8"
)

// piece is a range of bytes of a normalized text.
type piece struct{ lo, hi int }

// preTokenizer appends the pieces that in falls into, left to right. One that rewrites (a byte-level or Metaspace one) appends its text to n
// and gives pieces there.
type preTokenizer interface {
	split(dst []piece, n *normalized, in piece) []piece
}

// preTokenizers cuts the pieces of one with the next.
type preTokenizers []preTokenizer

func (s preTokenizers) split(dst []piece, n *normalized, in piece) []piece {
	start := len(dst)
	dst = append(dst, in)
	for _, step := range s {
		end := len(dst)
		for i := start; i < end; i++ {
			dst = step.split(dst, n, dst[i])
		}
		dst = slices.Delete(dst, start, end)
	}
	return dst
}

// delimiter says what becomes of a match of a pattern at which a text is cut.
type delimiter int

const (
	removed delimiter = iota
	isolated
	mergedWithPrevious
	mergedWithNext
	contiguous // runs of matches stay together
)

// part is a piece that is, or is not, a match.
type part struct {
	piece
	match bool
}

// cut appends the pieces that parts, which cover a text, give.
func (d delimiter) cut(dst []piece, parts []part) []piece {
	start := len(dst)
	previous := false
	if d == mergedWithNext {
		slices.Reverse(parts)
	}
	for _, p := range parts {
		merge := len(dst) > start
		switch d {
		case contiguous:
			merge = merge && p.match == previous
		case mergedWithPrevious, mergedWithNext:
			merge = merge && p.match && !previous
		default:
			merge = false
		}
		previous = p.match
		switch {
		case d == removed && p.match || p.lo == p.hi:
		case merge:
			last := &dst[len(dst)-1]
			last.lo, last.hi = min(last.lo, p.lo), max(last.hi, p.hi)
		default:
			dst = append(dst, p.piece)
		}
	}
	if d == mergedWithNext {
		slices.Reverse(dst[start:])
		slices.Reverse(parts)
	}
	return dst
}

// runeSplit cuts at the code points that match: WhitespaceSplit, Punctuation, Digits.
type runeSplit struct {
	match func(rune) bool
	delimiter
}

func (s runeSplit) split(dst []piece, n *normalized, in piece) []piece {
	if s.delimiter == removed {
		return s.between(dst, n.text[:in.hi], in.lo)
	}
	var parts []part
	start := in.lo
	for i := in.lo; i < in.hi; {
		r, size := utf8.DecodeRune(n.text[i:in.hi])
		if s.match(r) {
			if start < i {
				parts = append(parts, part{piece{start, i}, false})
			}
			parts = append(parts, part{piece{i, i + size}, true})
			start = i + size
		}
		i += size
	}
	if start < in.hi {
		parts = append(parts, part{piece{start, in.hi}, false})
	}
	return s.cut(dst, parts)
}

// between appends what lies between matches.
func (s runeSplit) between(dst []piece, text []byte, at int) []piece {
	start := at
	for i := at; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(text[i:])
		}
		if s.match(r) {
			if start < i {
				dst = append(dst, piece{start, i})
			}
			start = i + size
		}
		i += size
	}
	if start < len(text) {
		dst = append(dst, piece{start, len(text)})
	}
	return dst
}

// patternSplit cuts at the matches of a pattern, or at what lies between them.
type patternSplit struct {
	pattern pattern
	invert  bool
	delimiter
}

func (s patternSplit) split(dst []piece, n *normalized, in piece) []piece {
	if s.pattern.dfa != nil && (s.delimiter == isolated || s.delimiter == removed && s.invert) {
		return s.direct(dst, n.text[:in.hi], in.lo)
	}
	var parts []part
	at := in.lo
	for _, m := range s.pattern.find(n.text[in.lo:in.hi]) {
		lo, hi := in.lo+m[0], in.lo+m[1]
		if at < lo {
			parts = append(parts, part{piece{at, lo}, s.invert})
		}
		parts = append(parts, part{piece{lo, hi}, !s.invert})
		at = hi
	}
	if at < in.hi {
		parts = append(parts, part{piece{at, in.hi}, s.invert})
	}
	return s.cut(dst, parts)
}

// direct gives the matches as pieces, and what lies between them where it is not removed.
func (s patternSplit) direct(dst []piece, text []byte, at int) []piece {
	m := s.pattern.dfa.over(text[at:])
	base := at
	for lo, hi, ok := m.next(); ok; lo, hi, ok = m.next() {
		if at < base+lo && s.delimiter == isolated {
			dst = append(dst, piece{at, base + lo})
		}
		if at = base + hi; lo < hi {
			dst = append(dst, piece{base + lo, at})
		}
	}
	if at < len(text) && s.delimiter == isolated {
		dst = append(dst, piece{at, len(text)})
	}
	return dst
}

// wordSplit keeps runs of word characters and runs of what is neither word nor space: the pattern \w+|[^\w\s]+.
type wordSplit struct{ classes *classes }

func (s wordSplit) split(dst []piece, n *normalized, in piece) []piece {
	start, kind := in.lo, uint8(isSpace)
	for i := in.lo; i < in.hi; {
		r, size := utf8.DecodeRune(n.text[i:in.hi])
		k := s.classes.of(r) & (isWord | isSpace)
		if k != kind {
			if kind != isSpace && start < i {
				dst = append(dst, piece{start, i})
			}
			start, kind = i, k
		}
		i += size
	}
	if kind != isSpace && start < in.hi {
		dst = append(dst, piece{start, in.hi})
	}
	return dst
}
