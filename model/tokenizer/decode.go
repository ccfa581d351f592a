package tokenizer

// From tokens back to text.

import (
	"slices"
	"strings"
)

// DecodeOptions say how to decode. The zero value keeps everything.
type DecodeOptions struct {
	SkipSpecial bool // leaves special tokens out
	CleanUp     bool // takes out the spaces before punctuation and English contractions, as clean_up_tokenization_spaces does
}

// Decode gives the text of ids. Ids without a token are left out.
func (t *Tokenizer) Decode(ids []int32, o DecodeOptions) string {
	words := make([]string, 0, len(ids))
	for _, id := range ids {
		if e, ok := t.tokens[id]; ok && !(o.SkipSpecial && e.special) {
			words = append(words, e.text)
		}
	}
	text := t.join(words)
	if o.CleanUp {
		text = cleanUp(text, cleanUpPairs)
	}
	return text
}

// DecodeTokens gives the text of tokens by their own texts, as [Encoding.Tokens] gives them. They need not be in the vocabulary.
func (t *Tokenizer) DecodeTokens(tokens []string) string { return t.join(slices.Clone(tokens)) }

// join turns tokens into a text; it may change them.
func (t *Tokenizer) join(tokens []string) string {
	if t.decoder == nil {
		return strings.Join(tokens, " ")
	}
	return strings.Join(t.decoder.decode(tokens), "")
}

// decoder turns tokens into parts of a text; it may change its argument.
type decoder interface {
	decode(tokens []string) []string
}

// decoders applies one after another.
type decoders []decoder

func (s decoders) decode(tokens []string) []string {
	for _, d := range s {
		tokens = d.decode(tokens)
	}
	return tokens
}

// wordPieceDecoder takes the prefix off pieces that continue a word and sets a space before all others.
type wordPieceDecoder struct {
	prefix  string
	cleanUp bool
}

func (d wordPieceDecoder) decode(tokens []string) []string {
	for i, s := range tokens {
		tokens[i] = d.token(i, s)
	}
	return tokens
}

func (d wordPieceDecoder) token(i int, s string) string {
	if i > 0 {
		rest, ok := strings.CutPrefix(s, d.prefix)
		if ok {
			s = rest
		} else {
			s = " " + s
		}
	}
	if d.cleanUp {
		s = cleanUp(s, wordPiecePairs)
	}
	return s
}

// fuse joins all tokens.
type fuse struct{}

func (fuse) decode(tokens []string) []string { return []string{strings.Join(tokens, "")} }

// stripDecoder takes up to start and stop copies of a character off the ends of each token.
type stripDecoder struct {
	content     string
	start, stop int
}

func (d stripDecoder) decode(tokens []string) []string {
	for i, s := range tokens {
		for k := 0; k < d.start && strings.HasPrefix(s, d.content); k++ {
			s = s[len(d.content):]
		}
		for k := 0; k < d.stop && strings.HasSuffix(s, d.content); k++ {
			s = s[:len(s)-len(d.content)]
		}
		tokens[i] = s
	}
	return tokens
}

// growth is the largest factor by which p makes a token longer, counting one more than its bytes. An expression that matches nothing at all may
// do so before every byte of a token and after the last.
func (p replace) growth() float64 {
	switch {
	case p.pattern.dfa == nil:
		return max(1, float64(len(p.content))/float64(len(p.pattern.literal)))
	case p.pattern.dfa.empty():
		return float64(1 + len(p.content))
	}
	return max(1, float64(len(p.content)))
}

func (p replace) decode(tokens []string) []string {
	for i, s := range tokens {
		matches := p.pattern.find([]byte(s))
		if len(matches) == 0 {
			continue
		}
		var b strings.Builder
		at := 0
		for _, m := range matches {
			b.WriteString(s[at:m[0]])
			b.WriteString(p.content)
			at = m[1]
		}
		b.WriteString(s[at:])
		tokens[i] = b.String()
	}
	return tokens
}

// cleanUpPairs are the replacements of clean_up_tokenization in transformers, in order; wordPiecePairs those of the WordPiece decoder.
var (
	cleanUpPairs = []string{" .", ".", " ?", "?", " !", "!", " ,", ",", " ' ", "'", " n't", "n't", " 'm", "'m", " 's", "'s", " 've", "'ve", " 're", "'re"}

	wordPiecePairs = []string{" .", ".", " ?", "?", " !", "!", " ,", ",", " ' ", "'", " n't", "n't", " 'm", "'m", " do not", " don't",
		" 's", "'s", " 've", "'ve", " 're", "'re"}
)

func cleanUp(s string, pairs []string) string {
	if !strings.ContainsAny(s, ".?!,'") && !strings.Contains(s, " do not") {
		return s
	}
	for i := 0; i < len(pairs); i += 2 {
		s = strings.ReplaceAll(s, pairs[i], pairs[i+1])
	}
	return s
}
