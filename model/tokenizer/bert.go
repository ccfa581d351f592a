package tokenizer

// BERT's own normalizer and pre-tokenizer, which most texts pass through: bytes for ASCII, a table of classes for the rest.

import (
	"slices"
	"unicode/utf8"
)

// bertNormalizer cleans, sets spaces around ideographs, strips accents (NFD without category Mn) and lowers, in this order, in one pass.
type bertNormalizer struct {
	clean, spaced, strip, lower bool

	classes *classes
	ascii   [utf8.RuneSelf]byte // what an ASCII byte becomes; noByte: nothing
}

const noByte = 0xff

func newBertNormalizer(clean, spaced, strip, lower bool) *bertNormalizer {
	b := &bertNormalizer{clean: clean, spaced: spaced, strip: strip, lower: lower, classes: runeClasses()}
	for c := range b.ascii {
		b.ascii[c] = byte(c)
		switch class := b.classes.of(rune(c)); {
		case clean && class&isDropped != 0:
			b.ascii[c] = noByte
		case clean && class&isSpace != 0:
			b.ascii[c] = ' '
		case lower && class&isUpper != 0:
			b.ascii[c] = byte(c) + 'a' - 'A'
		}
	}
	return b
}

// pendingRune is a code point of a run that NFD may reorder.
type pendingRune struct {
	r rune
	s Span
}

func (b *bertNormalizer) normalize(n *normalized) error {
	done := b.mapBytes(n)
	if done == len(n.text) {
		n.text, n.nextText = n.nextText, n.text
		return nil
	}
	n.nextAlign = slices.Grow(n.nextAlign[:0], len(n.text))[:done]
	for i := range done {
		n.nextAlign[i] = n.span1(i, 1)
	}
	n.pending = n.pending[:0]
	for i := done; i < len(n.text); {
		c := n.text[i]
		if c < utf8.RuneSelf {
			b.flush(n)
			if d := b.ascii[c]; d != noByte {
				n.nextText = append(n.nextText, d)
				n.nextAlign = append(n.nextAlign, n.source(i, 1))
			}
			i++
			continue
		}
		r, size := utf8.DecodeRune(n.text[i:])
		b.add(n, r, n.source(i, size))
		i += size
	}
	b.flush(n)
	n.swap()
	return nil
}

// mapBytes does the ASCII beginning of a text in which nothing moves, and gives its length.
func (b *bertNormalizer) mapBytes(n *normalized) int {
	out := slices.Grow(n.nextText[:0], len(n.text))[:len(n.text)]
	n.nextText = out[:0]
	if !n.plain {
		return 0
	}
	for i, c := range n.text {
		d := byte(noByte)
		if c < utf8.RuneSelf {
			d = b.ascii[c]
		}
		if d == noByte {
			n.nextText = out[:i]
			return i
		}
		out[i] = d
	}
	n.nextText = out
	return len(out)
}

// source is the range that the size bytes at i stand for.
func (n *normalized) source(i, size int) Span {
	if n.plain {
		return n.span1(i, size)
	}
	return n.align[i]
}

// add does a code point beyond ASCII.
func (b *bertNormalizer) add(n *normalized, r rune, s Span) {
	class := b.classes.of(r)
	if b.clean && class&(isDropped|isSpace) != 0 {
		if class&isDropped == 0 {
			b.flush(n)
			n.emit(' ', s)
		}
		return
	}
	spaced := b.spaced && class&isIdeograph != 0
	if spaced {
		b.flush(n)
		n.emit(' ', s)
	}
	switch {
	case b.strip && class&isComposite != 0:
		n.pending = append(n.pending, pendingRune{r, s})
	default:
		b.flush(n)
		b.put(n, r, class, s)
	}
	if spaced {
		b.flush(n)
		n.emit(' ', s)
	}
}

// put is the last two stages for one code point.
func (b *bertNormalizer) put(n *normalized, r rune, class uint8, s Span) {
	if b.strip && class&isNonspacing != 0 {
		return
	}
	if b.lower && class&isUpper != 0 {
		if r == capitalIWithDot {
			n.emit('i', s)
			r = '\u0307'
		} else {
			r = toLower(r)
		}
	}
	n.emit(r, s)
}

// flush decomposes the pending run and puts it. What surrounds it neither decomposes nor moves, so the run may be sorted by itself;
// ranges follow changes as in normalized.transform.
func (b *bertNormalizer) flush(n *normalized) {
	if len(n.pending) == 0 {
		return
	}
	out, sorted := n.changes[:0], 0
	for _, p := range n.pending {
		n.runes = decompose(n.runes[:0], p.r, false)
		for k, r := range n.runes {
			if len(n.pending) > 1 && combiningClass(r) == 0 {
				sortMarks(out[sorted:])
				sorted = len(out) + 1
			}
			out = append(out, change{r, int32(min(k, 1))})
		}
	}
	if sorted < len(out) && len(n.pending) > 1 {
		sortMarks(out[sorted:])
	}
	n.changes = out
	at := 0
	for _, c := range out {
		if c.n == 0 {
			at++
		}
		b.put(n, c.r, b.classes.of(c.r), n.pending[max(at-1, 0)].s)
	}
	n.pending = n.pending[:0]
}

// bertPreTokenizer cuts at white space, which goes, and around punctuation, which stays.
type bertPreTokenizer struct{ classes *classes }

func (b bertPreTokenizer) split(dst []piece, n *normalized, in piece) []piece {
	text := n.text[:in.hi]
	ascii := &b.classes.bits[b.classes.page[0]]
	start := in.lo
	for i := in.lo; i < len(text); {
		var class uint8
		size := 1
		if c := text[i]; c < utf8.RuneSelf {
			class = ascii[c]
		} else {
			var r rune
			r, size = utf8.DecodeRune(text[i:])
			class = b.classes.of(r)
		}
		if class&(isSpace|isPunctuation) != 0 {
			if start < i {
				dst = append(dst, piece{start, i})
			}
			if class&isPunctuation != 0 {
				dst = append(dst, piece{i, i + size})
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
