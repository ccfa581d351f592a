package tokenizer

// The last step: adding what a model wants around its texts.

import (
	"fmt"
	"unicode/utf8"
)

// templatePart is a part of a template: one of the texts, or special tokens.
type templatePart struct {
	seq  int     // 0 or 1; -1: ids
	ids  []int32 // the special tokens
	kind int32   // the type of its tokens
	rest int32   // the type in windows after the first, where special tokens are added; else it is seq
}

// postProcessor holds a template for one text and one for two.
type postProcessor struct {
	single, pair []templatePart
	trim         bool // the white space that an added token took in is not in its offsets,
	prefixed     bool // but for a single space at the beginning
}

func (p *postProcessor) template(pair bool) []templatePart {
	if pair {
		return p.pair
	}
	return p.single
}

// noTemplate puts the texts one after the other.
func noTemplate() postProcessor {
	return postProcessor{single: []templatePart{textPart(0, 0)}, pair: []templatePart{textPart(0, 0), textPart(1, 1)}}
}

func textPart(seq int, kind int32) templatePart {
	return templatePart{seq: seq, kind: kind, rest: int32(seq)}
}

func specialPart(kind int32, ids ...int32) templatePart {
	return templatePart{seq: -1, ids: ids, kind: kind}
}

// bertTemplate is [CLS] A [SEP] and [CLS] A [SEP] B [SEP], with B and what follows of type 1.
func bertTemplate(cls, sep int32) postProcessor {
	single := []templatePart{specialPart(0, cls), textPart(0, 0), specialPart(0, sep)}
	return postProcessor{single: single, pair: append(single[:3:3], textPart(1, 1), specialPart(1, sep))}
}

// robertaTemplate is <s> A </s> and <s> A </s></s> B </s>, all of type 0.
func robertaTemplate(cls, sep int32, trim, prefixed bool) postProcessor {
	single := []templatePart{specialPart(0, cls), textPart(0, 0), specialPart(0, sep)}
	return postProcessor{single: single, pair: append(single[:3:3], specialPart(0, sep), templatePart{seq: 1}, specialPart(0, sep)), trim: trim, prefixed: prefixed}
}

// added counts the special tokens of a template.
func added(parts []templatePart) int {
	n := 0
	for _, p := range parts {
		n += len(p.ids)
	}
	return n
}

// assemble builds the encoding of the first windows, and of the further ones: every combination of the windows of the template's texts,
// in the order in which the library merges them.
func (t *Tokenizer) assemble(o Options, seqs []sequence, w [2][]window) (Encoding, error) {
	parts := t.post.template(len(seqs) > 1)
	var over [][]int // the windows of the texts so far, of each further encoding
	var main []int
	for _, p := range parts {
		if p.seq < 0 || o.NoOverflow {
			continue
		}
		count := len(w[p.seq])
		if (len(over)+1)*count > maxOverflow/windowCost {
			return Encoding{}, errOverflow(o, len(over)+1, count)
		}
		var next [][]int
		for i, v := range append(over, main) {
			first := 0
			if i == len(over) {
				first = 1 // with the first window it is main still
			}
			for k := first; k < count; k++ {
				next = append(next, append(v[:len(v):len(v)], k))
			}
		}
		over, main = next, append(main, 0)
	}
	e := t.build(o, seqs, w, parts, main)
	if len(over)*(len(e.IDs)+windowCost) > maxOverflow {
		return Encoding{}, errOverflow(o, len(over), 1)
	}
	for _, v := range over {
		e.Overflow = append(e.Overflow, t.build(o, seqs, w, parts, v))
	}
	return e, nil
}

func errOverflow(o Options, a, b int) error {
	return fmt.Errorf("tokenizer: MaxLength %d gives %d windows, too many to hold: set NoOverflow", o.MaxLength, a*b)
}

// build lays out the windows pick, one for each text of the template in turn; nil picks the first.
func (t *Tokenizer) build(o Options, seqs []sequence, w [2][]window, parts []templatePart, pick []int) Encoding {
	size := 0
	if !o.NoSpecial {
		size = added(parts)
	}
	windowOf := func(p templatePart, i int) (window, int) {
		k := 0
		if pick != nil {
			k = pick[i]
		}
		return w[p.seq][k], k
	}
	i := 0
	for _, p := range parts {
		if p.seq >= 0 {
			v, _ := windowOf(p, i)
			size += v.hi - v.lo
			i++
		}
	}
	numbers := make([]int32, 3*size) // one allocation for the three
	e := Encoding{
		IDs: numbers[:0:size], Types: numbers[size : size : 2*size], Words: numbers[2*size : 2*size],
		Sequence: make([]int8, 0, size), Offsets: make([]Span, 0, size), tokenizer: t,
	}
	for i := range seqs {
		e.texts[i] = seqs[i].text
	}
	i = 0
	for _, p := range parts {
		switch {
		case p.seq >= 0:
			v, k := windowOf(p, i)
			kind := p.kind
			switch {
			case k > 0 && o.NoSpecial:
				kind = int32(p.seq)
			case k > 0:
				kind = p.rest
			}
			e.addText(&seqs[p.seq], v, p.seq, kind)
			i++
		case !o.NoSpecial:
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
	for _, o := range q.odd {
		if w.lo <= o.index && o.index < w.hi {
			e.odd = append(e.odd, oddToken{len(e.IDs) + o.index - w.lo, o.text})
		}
	}
	e.IDs = append(e.IDs, q.ids[w.lo:w.hi]...)
	e.Words = append(e.Words, q.words[w.lo:w.hi]...)
	e.Offsets = append(e.Offsets, q.spans[w.lo:w.hi]...)
	for range w.hi - w.lo {
		e.Types = append(e.Types, kind)
		e.Sequence = append(e.Sequence, int8(seq))
	}
}

// trimOdd takes white space off the offsets of added tokens that took it in.
func (t *Tokenizer) trimOdd(q *sequence) {
	for _, o := range q.odd {
		s := &q.spans[o.index]
		left := utf8.RuneCountInString(o.text) - utf8.RuneCount(trimLeft([]byte(o.text)))
		right := utf8.RuneCountInString(o.text) - utf8.RuneCount(trimRight([]byte(o.text)))
		if left == 1 && t.post.prefixed && (o.index == 0 || s.Start == 0) {
			left = 0
		}
		for ; left > 0 && s.Start < s.End; left-- {
			_, size := utf8.DecodeRuneInString(q.text[s.Start:s.End])
			s.Start += int32(size)
		}
		for ; right > 0 && s.Start < s.End; right-- {
			_, size := utf8.DecodeLastRuneInString(q.text[s.Start:s.End])
			s.End -= int32(size)
		}
	}
}
