package tokenizer

// What a code point is to a tokenizer: two-stage tables of classes, lower case, canonical decomposition.

import (
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// The classes of a code point.
const (
	isDropped     = 1 << iota // clean_text removes it
	isSpace                   // White_Space
	isPunctuation             // a token of its own to BertPreTokenizer
	isNonspacing              // category Mn
	isIdeograph               // handle_chinese_chars puts spaces around it
	isUpper                   // lower case differs
	isComposite               // NFD changes it or may move it
	isWord                    // \w
)

// classes holds a byte of class bits for every code point: pages of 256, equal empty ones shared.
type classes struct {
	page [(unicode.MaxRune + 1) >> 8]uint16
	bits [][256]uint8
}

func (c *classes) of(r rune) uint8 { return c.bits[c.page[r>>8]][r&0xff] }

// runeClasses builds the table on first use, in well under a millisecond.
var runeClasses = sync.OnceValue(func() *classes {
	c := &classes{bits: make([][256]uint8, 1, 512)}
	c.add(dropped[:], isDropped)
	c.add(punctuation[:], isPunctuation)
	c.add(nonspacing[:], isNonspacing)
	c.add(ideographs[:], isIdeograph)
	c.add(decomposing[:], isComposite)
	c.add(nonstarters[:], isComposite)
	c.add([]rune{hangulBase, hangulEnd - 1}, isComposite)
	c.add(wordly[:], isWord)
	for _, t := range []*unicode.RangeTable{unicode.Lu, unicode.Lt, unicode.Other_Uppercase} {
		for _, r := range t.R16 {
			c.upper(rune(r.Lo), rune(r.Hi))
		}
		for _, r := range t.R32 {
			c.upper(rune(r.Lo), rune(r.Hi))
		}
	}
	for _, l := range lowered {
		c.upper(l.lo, l.hi)
	}
	for r := range rune(0x3001) {
		if unicode.IsSpace(r) {
			c.set(r, isSpace)
		}
	}
	return c
})

func (c *classes) add(set []rune, bit uint8) {
	for i := 0; i < len(set); i += 2 {
		for r := set[i]; r <= set[i+1]; r++ {
			c.set(r, bit)
		}
	}
}

func (c *classes) upper(lo, hi rune) {
	for r := lo; r <= hi; r++ {
		if toLower(r) != r {
			c.set(r, isUpper)
		}
	}
}

func (c *classes) set(r rune, bit uint8) {
	p := &c.page[r>>8]
	if *p == 0 {
		*p = uint16(len(c.bits))
		c.bits = append(c.bits, [256]uint8{})
	}
	c.bits[*p][r&0xff] |= bit
}

// inSet reports whether r lies in one of the ranges of a sorted set.
func inSet(set []rune, r rune) bool {
	lo, hi := 0, len(set)/2
	for lo < hi {
		if mid := (lo + hi) / 2; set[2*mid+1] < r {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return 2*lo < len(set) && set[2*lo] <= r
}

// ideographs are the blocks that BERT's original tokenizer calls Chinese characters, written as the library has them:
// the block of extension E begins at U+2B920.
var ideographs = [...]rune{
	0x3400, 0x4dbf, 0x4e00, 0x9fff, 0xf900, 0xfaff, 0x20000, 0x2a6df, 0x2a700, 0x2b73f, 0x2b740, 0x2b81f, 0x2b920, 0x2ceaf, 0x2f800, 0x2fa1f,
}

// lowered are the letters that have a lower case since Unicode 16 or 17, which Go's tables may not know yet.
var lowered = [...]struct{ lo, hi, to rune }{
	{0x1c89, 0x1c89, 0x1c8a}, {0xa7cb, 0xa7cb, 0x264}, {0xa7cc, 0xa7cc, 0xa7cd}, {0xa7ce, 0xa7ce, 0xa7cf}, {0xa7d2, 0xa7d2, 0xa7d3},
	{0xa7d4, 0xa7d4, 0xa7d5}, {0xa7da, 0xa7da, 0xa7db}, {0xa7dc, 0xa7dc, 0x19b}, {0x10d50, 0x10d65, 0x10d70}, {0x16ea0, 0x16eb8, 0x16ebb},
}

// capitalIWithDot is the one letter whose lower case is two code points: i and U+0307.
const capitalIWithDot = 'İ'

// toLower is the lower case of r by itself: no context, so a final sigma is σ. capitalIWithDot gives i, what follows it is the caller's.
func toLower(r rune) rune {
	if r >= 0x1c89 {
		for _, l := range lowered {
			if l.lo <= r && r <= l.hi {
				return l.to + r - l.lo
			}
		}
	}
	return unicode.ToLower(r)
}

// Hangul syllables decompose by arithmetic (The Unicode Standard, 3.12): syllable = base + (l·21 + v)·28 + t.
const (
	hangulBase, hangulEnd      = 0xac00, 0xd7a4
	hangulL, hangulV, hangulT  = 0x1100, 0x1161, 0x11a7
	hangulVCount, hangulTCount = 21, 28
)

// decompose appends the full decomposition of r, canonical (NFD) or compatible (NFKD); r itself if it has none.
func decompose(dst []rune, r rune, compatible bool) []rune {
	if r >= hangulBase && r < hangulEnd {
		s := r - hangulBase
		dst = append(dst, hangulL+s/(hangulVCount*hangulTCount), hangulV+s/hangulTCount%hangulVCount)
		if t := s % hangulTCount; t > 0 {
			dst = append(dst, hangulT+t)
		}
		return dst
	}
	form := norm.NFD
	if compatible {
		form = norm.NFKD
	}
	if !compatible && !inSet(decomposing[:], r) || compatible && !inSet(compatibles[:], r) {
		return append(dst, r)
	}
	var buf [utf8.UTFMax]byte
	d := form.Properties(buf[:utf8.EncodeRune(buf[:], r)]).Decomposition()
	for len(d) > 0 {
		c, size := utf8.DecodeRune(d)
		dst, d = append(dst, c), d[size:]
	}
	return dst
}

// combiningClass is the canonical combining class of r.
func combiningClass(r rune) uint8 {
	if r < 0x300 || !inSet(nonstarters[:], r) {
		return 0
	}
	var buf [utf8.UTFMax]byte
	return norm.NFD.Properties(buf[:utf8.EncodeRune(buf[:], r)]).CCC()
}

// compose is the primary composite of two code points.
func compose(a, b rune) (rune, bool) {
	var buf [2 * utf8.UTFMax]byte
	n := utf8.EncodeRune(buf[:], a)
	n += utf8.EncodeRune(buf[n:], b)
	var out [4 * utf8.UTFMax]byte
	c := norm.NFC.Append(out[:0], buf[:n]...)
	r, size := utf8.DecodeRune(c)
	ok := size == len(c) && (inSet(decomposing[:], r) || r >= hangulBase && r < hangulEnd)
	return r, ok
}
