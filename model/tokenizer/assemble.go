package tokenizer

// Laying out the windows of the texts, with special tokens around them.

import (
	"fmt"
	"slices"
	"unicode/utf8"
)

// layout is what encodings of one input are built from.
type layout struct {
	o       Options
	seqs    []sequence
	windows [2][]window
	parts   []templatePart
}

// assemble builds the encoding of the first windows, and of the further ones: every combination of the windows of the template's texts,
// in the order in which the library merges them.
func (t *Tokenizer) assemble(l *layout) (Encoding, error) {
	e := t.build(l, nil)
	if len(l.windows[0]) <= 1 && len(l.windows[1]) <= 1 {
		return e, nil
	}
	// The windows of the parts so far, one number a part: in the encoding of the first windows, and in each further one.
	var first []int
	var further [][]int
	for _, p := range l.parts {
		count := 1
		if p.seq >= 0 {
			count = len(l.windows[p.seq])
		}
		if n := (len(further) + 1) * count; n*(len(e.IDs)+windowCost) > maxOverflow {
			return Encoding{}, fmt.Errorf("tokenizer: MaxLength %d gives %d windows of %d tokens, too many to hold: set NoOverflow", l.o.MaxLength, n, len(e.IDs))
		}
		var next [][]int
		for _, v := range further {
			for k := range count {
				next = append(next, append(v[:len(v):len(v)], k))
			}
		}
		for k := 1; k < count; k++ {
			next = append(next, append(first[:len(first):len(first)], k))
		}
		further, first = next, append(first, 0)
	}
	for _, pick := range further {
		e.Overflow = append(e.Overflow, t.build(l, pick))
	}
	return e, nil
}

// part gives the window of a part of a text, and the type of its tokens; pick numbers the windows, nil picks the first ones.
func (l *layout) part(i int, pick []int) (window, int32) {
	p := l.parts[i]
	switch {
	case pick == nil || pick[i] == 0:
		return l.windows[p.seq][0], p.kind
	case l.o.NoSpecial:
		return l.windows[p.seq][pick[i]], int32(p.seq)
	default:
		return l.windows[p.seq][pick[i]], p.rest
	}
}

func (t *Tokenizer) build(l *layout, pick []int) Encoding {
	size := 0
	for i, p := range l.parts {
		if p.seq >= 0 {
			w, _ := l.part(i, pick)
			size += w.hi - w.lo
		} else if !l.o.NoSpecial {
			size += len(p.ids)
		}
	}
	numbers := make([]int32, 3*size) // one allocation for the three
	e := Encoding{
		IDs: numbers[:0:size], Types: numbers[size : size : 2*size], Words: numbers[2*size : 2*size],
		Sequence: make([]int8, 0, size), Offsets: make([]Span, 0, size), tokenizer: t,
	}
	for i := range l.seqs {
		e.texts[i] = l.seqs[i].text
	}
	for i, p := range l.parts {
		switch {
		case p.seq >= 0:
			w, kind := l.part(i, pick)
			e.addText(&l.seqs[p.seq], w, p.seq, kind)
		case !l.o.NoSpecial:
			for _, id := range p.ids {
				e.IDs, e.Types, e.Words = append(e.IDs, id), append(e.Types, p.kind), append(e.Words, -1)
				e.Sequence, e.Offsets = append(e.Sequence, -1), append(e.Offsets, Span{})
			}
		}
	}
	return e
}

// addText appends a window of a sequence.
func (e *Encoding) addText(q *sequence, w window, seq int, kind int32) {
	from, _ := slices.BinarySearchFunc(q.odd, w.lo, oddToken.compare)
	to, _ := slices.BinarySearchFunc(q.odd, w.hi, oddToken.compare)
	for _, o := range q.odd[from:to] {
		e.odd = append(e.odd, oddToken{len(e.IDs) + o.index - w.lo, o.text})
	}
	e.starts[seq] = w.start
	at := len(e.Offsets)
	e.IDs = append(e.IDs, q.ids[w.lo:w.hi]...)
	e.Words = append(e.Words, q.words[w.lo:w.hi]...)
	e.Offsets = append(e.Offsets, q.spans[w.lo:w.hi]...)
	for range w.hi - w.lo {
		e.Types = append(e.Types, kind)
		e.Sequence = append(e.Sequence, int8(seq))
	}
	if e.tokenizer.post.trim {
		e.trim(at, q.text)
	}
}

// trim takes white space off the offsets of a window of a text, which begins at token from.
func (e *Encoding) trim(from int, text string) {
	t := e.tokenizer
	odd := e.odd
	for i := from; i < len(e.IDs); i++ {
		for len(odd) > 0 && odd[0].index < i {
			odd = odd[1:]
		}
		switch {
		case len(odd) > 0 && odd[0].index == i:
			t.post.trimToken(&e.Offsets[i], text, odd[0].text, i == from)
		case t.spaced(e.IDs[i]):
			t.post.trimToken(&e.Offsets[i], text, t.tokens[e.IDs[i]].word, i == from)
		}
	}
}

// spaced reports whether the token of an id may begin or end with white space.
func (t *Tokenizer) spaced(id int32) bool {
	return t.edges == nil || t.edges[id>>6]>>(id&63)&1 != 0
}

// markEdges fills in edges.
func (t *Tokenizer) markEdges() {
	if !t.post.trim || int(t.maxID) > 64*len(t.tokens) {
		return
	}
	t.edges = make([]uint64, t.maxID>>6+1)
	for id, e := range t.tokens {
		first, _ := utf8.DecodeRuneInString(e.word)
		last, _ := utf8.DecodeLastRuneInString(e.word)
		if isTrimmed(first) || isTrimmed(last) {
			t.edges[id>>6] |= 1 << (id & 63)
		}
	}
}
