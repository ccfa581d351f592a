package tokenizer

// Steps that few files have: normalizers, pre-tokenizers, decoders.

import (
	"strings"
	"unicode/utf8"
)

// nmt drops control characters and makes spaces of other white space and of what is invisible, as SentencePiece's rules of that name do.
type nmt struct{}

func (nmt) normalize(n *normalized) error {
	n.keep(func(dst []rune, r rune) []rune {
		switch {
		case 1 <= r && r <= 8, r == 0xb, 0xe <= r && r <= 0x1f, r == 0x7f, r == 0x8f, r == 0x9f:
			return dst
		case r == '\t', r == '\n', r == '\f', r == '\r', r == 0x1680, 0x200b <= r && r <= 0x200f, r == 0x2028, r == 0x2029,
			r == 0x2581, r == 0xfeff, r == utf8.RuneError:
			r = ' '
		}
		return append(dst, r)
	})
	return nil
}

// fixedLength cuts after so many code points.
type fixedLength int

func (f fixedLength) split(dst []piece, n *normalized, in piece) []piece {
	count, lo := fixedLength(0), in.lo
	for i := in.lo; i < in.hi; count++ {
		if count == f {
			dst = append(dst, piece{lo, i})
			count, lo = 0, i
		}
		_, size := utf8.DecodeRune(n.text[i:in.hi])
		i += size
	}
	return append(dst, piece{lo, in.hi})
}

// scriptSplit cuts where the script changes. Spaces, and what has no script, belong to the script before them; at the beginning they go.
type scriptSplit struct{}

const anyScript, noScriptYet = -1, -2

func (scriptSplit) split(dst []piece, n *normalized, in piece) []piece {
	last, lo := noScriptYet, in.hi
	for i := in.lo; i < in.hi; {
		r, size := utf8.DecodeRune(n.text[i:in.hi])
		if k := script(r); k != anyScript && k != last {
			if last != noScriptYet {
				dst = append(dst, piece{lo, i})
			}
			last, lo = k, i
		}
		i += size
	}
	if lo < in.hi {
		dst = append(dst, piece{lo, in.hi})
	}
	return dst
}

// script gives the number of a code point's script.
func script(r rune) int {
	if r == ' ' {
		return anyScript
	}
	lo, hi := 0, len(scripts)
	for lo < hi {
		if mid := (lo + hi) / 2; scripts[mid][1] < r {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(scripts) && scripts[lo][0] <= r {
		return int(scripts[lo][2])
	}
	return anyScript
}

// bpeDecoder makes spaces of a suffix, but for the last token, where it goes.
type bpeDecoder string

func (d bpeDecoder) decode(tokens []string) []string {
	for i, s := range tokens {
		space := " "
		if i == len(tokens)-1 {
			space = ""
		}
		tokens[i] = strings.ReplaceAll(s, string(d), space)
	}
	return tokens
}

// ctcDecoder takes one of equal tokens in a row and leaves padding out (Graves et al., Connectionist Temporal Classification, 2006).
type ctcDecoder struct {
	pad, delimiter string
	cleanUp        bool
}

func (d ctcDecoder) decode(tokens []string) []string {
	out := tokens[:0]
	previous, first := "", true
	for _, s := range tokens {
		same := !first && s == previous
		previous, first = s, false
		if !same {
			if s = d.token(s); s != "" {
				out = append(out, s)
			}
		}
	}
	return out
}

func (d ctcDecoder) token(s string) string {
	s = strings.ReplaceAll(s, d.pad, "")
	if d.cleanUp {
		s = strings.ReplaceAll(cleanUp(s, wordPiecePairs), d.delimiter, " ")
	}
	return s
}
