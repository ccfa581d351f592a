package tokenizer

// A text under normalization that remembers where each byte came from.

import (
	"cmp"
	"slices"
	"unicode/utf8"
)

// Span is a range of a text, End not included.
type Span struct{ Start, End int32 }

// normalized is a text under change. align gives, for every byte, the range of the original text that the byte's code point stands for:
// what was inserted shares the range of what stands before it, what was removed leaves a gap.
// The rules are those of NormalizedString in tokenizers (src/tokenizer/normalizer.rs), which the offsets of its tokens follow from.
type normalized struct {
	text  []byte
	align []Span
	base  int32 // where text begins in the original
	limit int   // how many bytes text may grow to
	plain bool  // nothing changed yet but bytes one for one: align is base + i, and not filled in

	// What a step writes into before it is swapped with text and align, and its scratch.
	nextText  []byte
	nextAlign []Span
	changes   []change
	runes     []rune
	pending   []pendingRune
}

// change says how a code point came to be, in the order of the new text: 0 replaces the next code point of the old text,
// 1 is inserted after what stands before it, -n replaces the next one and removes the n that follow it.
type change struct {
	r rune
	n int32
}

// reset makes text the original, beginning at base.
func (n *normalized) reset(text []byte, base int) {
	n.text, n.base, n.plain, n.limit = append(n.text[:0], text...), int32(base), true, maxNormalized(len(text))
}

// span is the range of the original that bytes lo to hi stand for, empty where lo is hi; lo is less than the length of the text.
func (n *normalized) span(lo, hi int) Span {
	if lo == hi {
		s := n.span(lo, lo+1)
		return Span{s.Start, s.Start}
	}
	if n.plain {
		return Span{n.base + int32(lo), n.base + int32(hi)}
	}
	return Span{n.align[lo].Start, n.align[hi-1].End}
}

// fill makes align explicit.
func (n *normalized) fill() {
	if !n.plain {
		return
	}
	n.plain = false
	n.align = n.align[:0]
	for i := 0; i < len(n.text); {
		if n.text[i] < utf8.RuneSelf {
			n.align = append(n.align, n.span1(i, 1))
			i++
			continue
		}
		_, size := utf8.DecodeRune(n.text[i:])
		n.align = appendSpans(n.align, n.span1(i, size), size)
		i += size
	}
}

func (n *normalized) span1(i, size int) Span {
	return Span{n.base + int32(i), n.base + int32(i+size)}
}

func appendSpans(dst []Span, s Span, count int) []Span {
	for range count {
		dst = append(dst, s)
	}
	return dst
}

// emit appends a code point to the next text.
func (n *normalized) emit(r rune, s Span) {
	before := len(n.nextText)
	n.nextText = utf8.AppendRune(n.nextText, r)
	n.nextAlign = appendSpans(n.nextAlign, s, len(n.nextText)-before)
}

func (n *normalized) begin() { n.nextText, n.nextAlign = n.nextText[:0], n.nextAlign[:0] }

func (n *normalized) swap() {
	n.text, n.nextText = n.nextText, n.text
	n.align, n.nextAlign = n.nextAlign, n.align
	n.plain = false
}

// keep rewrites every code point by itself: f appends what it becomes, which stands for the same range.
func (n *normalized) keep(f func(dst []rune, r rune) []rune) {
	n.fill()
	n.begin()
	for i := 0; i < len(n.text); {
		r, size := utf8.DecodeRune(n.text[i:])
		n.runes = f(n.runes[:0], r)
		for _, c := range n.runes {
			n.emit(c, n.align[i])
		}
		i += size
	}
	n.swap()
}

// slice keeps bytes lo to hi.
func (n *normalized) slice(lo, hi int) {
	n.fill()
	n.text, n.align = append(n.text[:0], n.text[lo:hi]...), append(n.align[:0], n.align[lo:hi]...)
}

// transform replaces the whole text by what changes says.
func (n *normalized) transform(changes []change) {
	n.fill()
	n.begin()
	at := 0
	for _, c := range changes {
		s := Span{n.base, n.base} // inserted before everything
		switch {
		case c.n > 0 && at > 0:
			s = n.align[at-1]
		case c.n <= 0 && len(n.align) > 0:
			s = n.align[min(at, len(n.align)-1)]
		}
		for k := c.n; k <= 0 && at < len(n.text); k++ {
			_, size := utf8.DecodeRune(n.text[at:])
			at += size
		}
		n.emit(c.r, s)
	}
	n.swap()
}

// decomposeText gives NFD or NFKD as changes. The first code point of a decomposition replaces, those after it are inserted; canonical order
// then moves marks with their changes.
func (n *normalized) decomposeText(compatible bool) []change {
	out := n.changes[:0]
	sorted := 0 // up to here in canonical order
	for i := 0; i < len(n.text); {
		r, size := utf8.DecodeRune(n.text[i:])
		i += size
		n.runes = decompose(n.runes[:0], r, compatible)
		for k, c := range n.runes {
			if combiningClass(c) == 0 {
				sortMarks(out[sorted:])
				sorted = len(out) + 1
			}
			out = append(out, change{c, int32(min(k, 1))})
		}
	}
	if sorted < len(out) {
		sortMarks(out[sorted:])
	}
	n.changes = out
	return out
}

// sortMarks puts a run of marks into canonical order.
func sortMarks(run []change) {
	if len(run) > 1 {
		slices.SortStableFunc(run, func(a, b change) int { return cmp.Compare(combiningClass(a.r), combiningClass(b.r)) })
	}
}

// recompose turns decomposed changes into composed ones, in place: a composite replaces what its parts replaced.
func recompose(in []change) []change {
	out := in[:0]
	starter := -1 // index in out of what may be composed with
	last := uint8(0)
	for i, c := range in {
		class := combiningClass(c.r)
		if starter >= 0 {
			blocked := starter < len(out)-1 && last >= class // a mark of this class or higher, or any before a starter, stands between
			if r, ok := compose(out[starter].r, c.r); ok && !blocked {
				out[starter] = change{r, out[starter].n + c.n - 1}
				continue
			}
		}
		out = append(out, in[i])
		last = class
		if class == 0 {
			starter = len(out) - 1
		}
	}
	return out
}
