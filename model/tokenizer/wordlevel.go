package tokenizer

// WordLevel: the model of a token for each word.

import "fmt"

// wordLevel has one token for each word: its own, or the unknown one.
type wordLevel struct {
	words map[string]int32
	unk   int32
}

func (*wordLevel) kind() string { return "WordLevel" }

func (w *wordLevel) tokenize(word []byte, dst []token) []token {
	id, ok := w.words[string(word)]
	if !ok {
		id = w.unk
	}
	return append(dst, token{id: id, hi: int32(len(word))})
}

func (b *builder) parseWordLevel(s section) error {
	var f struct {
		Unk   *string                          `json:"unk_token"`
		Vocab few[map[string]int32, wordLimit] `json:"vocab"`
	}
	if err := s.into(&f); err != nil {
		return err
	}
	words := f.Vocab.all
	if f.Unk == nil || words == nil {
		return s.need("unk_token and vocab")
	}
	if err := b.setVocab(words); err != nil {
		return fmt.Errorf("model.vocab: %w", err)
	}
	unk, ok := words[*f.Unk]
	if !ok {
		return fmt.Errorf("model.unk_token: %q is not in the vocabulary", *f.Unk)
	}
	b.unk = unk
	b.t.model = &wordLevel{words, unk}
	return nil
}
