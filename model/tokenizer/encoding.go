package tokenizer

// What encoding a text gives.

import "unicode/utf8"

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

// oddToken is a token whose text is not that of its id: an added token that took white space in.
type oddToken struct {
	index int
	text  string
}

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
		out[i] = Span{at[k].runes, at[k].runes + int32(utf8.RuneCountInString(e.texts[k][s.Start:s.End]))}
	}
	return out
}
