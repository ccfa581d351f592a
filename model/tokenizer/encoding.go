package tokenizer

// What encoding a text gives.

import (
	"cmp"
	"unicode/utf8"
)

// Encoding is a text, or a pair of texts, as tokens. Its slices are equally long.
type Encoding struct {
	IDs      []int32
	Types    []int32 // 0 in the first part of an input, 1 in the second, as far as the tokenizer tells them apart
	Words    []int32 // the index of the word of its text that a token is part of; -1 for what the tokenizer adds
	Sequence []int8  // the text that a token is from: 0 the first, 1 the second; -1 for what the tokenizer adds
	// Offsets are the bytes of its text that a token stands for, {0, 0} for what the tokenizer adds.
	Offsets []Span
	// Overflow is the further windows of a truncated input, in order. One may be longer than Options.MaxLength: see Options.NoOverflow.
	Overflow []Encoding

	tokenizer *Tokenizer
	texts     [2]string
	starts    [2]place // of the tokens of each text
	odd       []oddToken
}

// oddToken is a token whose text is not that of its id: an added token that took white space in, or an unknown one whose text is what it stands for.
type oddToken struct {
	index int
	text  string
}

// compare orders odd tokens by their index.
func (o oddToken) compare(index int) int { return cmp.Compare(o.index, index) }

// Special reports whether the tokenizer added token i, as [CLS] and [SEP].
func (e *Encoding) Special(i int) bool { return e.Sequence[i] < 0 }

// Tokens gives the texts of the tokens.
func (e *Encoding) Tokens() []string {
	out := make([]string, len(e.IDs))
	for i, id := range e.IDs {
		out[i] = e.tokenizer.tokens[id].word
	}
	for _, o := range e.odd {
		out[o.index] = o.text
	}
	return out
}

// CharOffsets gives Offsets in code points.
func (e *Encoding) CharOffsets() []Span {
	out := make([]Span, len(e.Offsets))
	at := e.starts // how far each text is counted
	ends := at     // of the token before: tokens that share their end do not count up to it anew
	for i, s := range e.Offsets {
		k := e.Sequence[i]
		if k < 0 {
			continue
		}
		if p := &at[k]; s.Start < p.bytes { // a token of a space put in front, trimmed to the end of what it stands for
			p.runes -= int32(utf8.RuneCountInString(e.texts[k][s.Start:p.bytes]))
			p.bytes = s.Start
		}
		at[k] = at[k].to(e.texts[k], s.Start)
		end := at[k]
		if e := ends[k]; e.bytes > end.bytes && e.bytes <= s.End {
			end = e
		}
		ends[k] = end.to(e.texts[k], s.End)
		out[i] = Span{at[k].runes, ends[k].runes}
	}
	return out
}
