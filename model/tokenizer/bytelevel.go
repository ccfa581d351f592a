package tokenizer

// Byte-level tokenizers: the bytes of a text as characters of an alphabet of 256, which vocabularies are written in (Radford et al., Language
// Models are Unsupervised Multitask Learners, 2019; bytes_to_unicode in GPT-2's encoder.py).

import (
	"sync"
	"unicode/utf8"
)

// byteAlphabet gives the character of each byte: itself where it is printable and no space, else the next one from U+0100 on.
var byteAlphabet = sync.OnceValue(func() *[256]rune {
	var a [256]rune
	next := rune(0x100)
	for b := range a {
		switch {
		case '!' <= b && b <= '~', 0xa1 <= b && b <= 0xac, 0xae <= b:
			a[b] = rune(b)
		default:
			a[b] = next
			next++
		}
	}
	return &a
})

// alphabetEnd is the end of byteAlphabet: 68 bytes are no printable characters.
const alphabetEnd = 0x100 + 68

// alphabetBytes gives the byte of each character, -1 for those between that are none.
var alphabetBytes = sync.OnceValue(func() *[alphabetEnd]int16 {
	var out [alphabetEnd]int16
	for i := range out {
		out[i] = -1
	}
	for b, r := range byteAlphabet() {
		out[r] = int16(b)
	}
	return &out
})

// appendBytes appends the bytes that a token is written for; false if a character of it is not of the alphabet.
func appendBytes(dst []byte, token string) ([]byte, bool) {
	start := len(dst)
	table := alphabetBytes()
	for _, r := range token {
		if r >= alphabetEnd || table[r] < 0 {
			return dst[:start], false
		}
		dst = append(dst, byte(table[r]))
	}
	return dst, true
}

// gpt2Regex is what GPT-2 cuts texts with: contractions, words and numbers and other characters with a space before them, white space, of which
// the last one is left for what follows.
var gpt2Regex = sync.OnceValue(func() *dfa {
	left := 1 << 10
	d, err := compileRegex(`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`, &left)
	if err != nil {
		panic(err) // a constant
	}
	return d
})

// byteLevel sets a space before a text that has none, cuts it, and writes its bytes as characters.
type byteLevel struct {
	prefix bool
	words  *patternSplit // nil: does not cut
	raw    bool          // leaves the bytes as they are: the model's vocabulary is in bytes
}

func newByteLevel(prefix, words bool) byteLevel {
	b := byteLevel{prefix: prefix}
	if words {
		b.words = &patternSplit{pattern: pattern{dfa: gpt2Regex()}, delimiter: isolated}
	}
	return b
}

func (b byteLevel) split(dst []piece, n *normalized, in piece) []piece {
	if b.prefix && in.lo < in.hi && n.text[in.lo] != ' ' {
		in = n.appendPrefixed(in)
	}
	start := len(dst)
	if b.words != nil {
		dst = b.words.split(dst, n, in)
	} else {
		dst = append(dst, in)
	}
	if !b.raw {
		for i := start; i < len(dst); i++ {
			dst[i] = n.appendAlphabet(dst[i])
		}
	}
	return dst
}

// appendPrefixed appends a space and a piece; the space stands for the range of the piece's first code point.
func (n *normalized) appendPrefixed(in piece) piece {
	n.fill()
	lo := len(n.text)
	n.text = append(append(n.text, ' '), n.text[in.lo:in.hi]...)
	n.align = append(append(n.align, n.align[in.lo]), n.align[in.lo:in.hi]...)
	return piece{lo, len(n.text)}
}

// appendAlphabet appends the bytes of a piece as characters, each of which stands for the range of its byte's code point.
func (n *normalized) appendAlphabet(in piece) piece {
	n.fill()
	lo := len(n.text)
	alphabet := byteAlphabet()
	for i := in.lo; i < in.hi; i++ {
		before := len(n.text)
		n.text = utf8.AppendRune(n.text, alphabet[n.text[i]])
		n.align = appendSpans(n.align, n.align[i], len(n.text)-before)
	}
	return piece{lo, len(n.text)}
}

// runeSpan is span for bytes that may begin or end within a code point, of which they then stand for the whole.
func (n *normalized) runeSpan(lo, hi int) Span {
	if n.plain {
		if !utf8.RuneStart(n.text[lo]) {
			lo, _ = n.runeAround(lo)
		}
		if n.text[hi-1] >= utf8.RuneSelf {
			_, hi = n.runeAround(hi - 1)
		}
	}
	return n.span(lo, hi)
}

// runeAround gives the range of the code point that a byte is of; a byte that is of none counts as one.
func (n *normalized) runeAround(i int) (lo, hi int) {
	for lo = i; lo > 0 && lo > i-utf8.UTFMax+1 && !utf8.RuneStart(n.text[lo]); {
		lo--
	}
	if _, size := utf8.DecodeRune(n.text[lo:]); lo+size > i {
		return lo, lo + size
	}
	return i, i + 1
}

// byteNormalizer writes the bytes of a text as characters.
type byteNormalizer struct{}

func (byteNormalizer) normalize(n *normalized) error {
	if err := n.fits(2 * int64(len(n.text))); err != nil {
		return err
	}
	n.fill()
	n.begin()
	alphabet := byteAlphabet()
	for i, b := range n.text {
		n.emit(alphabet[b], n.align[i])
	}
	n.swap()
	return nil
}

// byteDecoder joins the bytes that tokens are written for; a token with other characters gives its own. What is no UTF-8 becomes U+FFFD.
type byteDecoder struct{}

func (byteDecoder) decode(tokens []string) []string {
	var raw []byte
	for _, s := range tokens {
		raw = appendToken(raw, s)
	}
	text, _ := appendLossy(nil, raw, true)
	return append(tokens[:0], string(text))
}

func appendToken(dst []byte, token string) []byte {
	dst, ok := appendBytes(dst, token)
	if !ok {
		dst = append(dst, token...)
	}
	return dst
}

// appendLossy appends bytes as UTF-8: the beginning of a code point that does not go on becomes one U+FFFD, as does any other byte that is of
// none (The Unicode Standard, 3.9, U+FFFD Substitution of Maximal Subparts). Where more is to come, it leaves the beginning of a code point
// at the end, and gives its size.
func appendLossy(dst, src []byte, last bool) (_ []byte, left int) {
	for i := 0; i < len(src); {
		r, size := utf8.DecodeRune(src[i:])
		if r == utf8.RuneError && size <= 1 {
			var cut bool
			if size, cut = subpart(src[i:]); cut && !last {
				return dst, len(src) - i
			}
			dst = utf8.AppendRune(dst, utf8.RuneError)
		} else {
			dst = append(dst, src[i:i+size]...)
		}
		i += size
	}
	return dst, 0
}

// subpart is the size of the longest beginning of a code point, at least 1, that src begins with; cut: src ends there, and more could go on.
func subpart(src []byte) (size int, cut bool) {
	lo, hi, need := byte(0x80), byte(0xbf), 0
	switch c := src[0]; {
	case 0xc2 <= c && c <= 0xdf:
		need = 2
	case c == 0xe0:
		lo, need = 0xa0, 3
	case c == 0xed:
		hi, need = 0x9f, 3
	case 0xe1 <= c && c <= 0xef:
		need = 3
	case c == 0xf0:
		lo, need = 0x90, 4
	case c == 0xf4:
		hi, need = 0x8f, 4
	case 0xf1 <= c && c <= 0xf3:
		need = 4
	}
	for size = 1; size < need; size++ {
		if size == len(src) {
			return size, true
		}
		if src[size] < lo || src[size] > hi {
			break
		}
		lo, hi = 0x80, 0xbf
	}
	return size, false
}
