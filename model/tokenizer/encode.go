package tokenizer

// From text to tokens.

import (
	"fmt"
	"math"
)

// token is a piece of a word: bytes lo to hi of it.
type token struct{ id, lo, hi int32 }

// model appends the tokens of a word.
type model interface {
	kind() string // by its name in tokenizer.json
	tokenize(word []byte, dst []token) []token
}

// sequence is the tokens of one text, before anything is cut or added.
type sequence struct {
	text  string
	ids   []int32
	spans []Span
	words []int32
	odd   []oddToken
	word  int32 // the index of the next word
	room  int   // how many bytes the texts of added tokens may have still, where each is looked at once more
}

func (q *sequence) reset(text string) {
	*q = sequence{text: text, ids: q.ids[:0], spans: q.spans[:0], words: q.words[:0], odd: q.odd[:0], room: maxNormalized(len(text))}
}

func (q *sequence) add(id int32, s Span) {
	q.ids, q.spans, q.words = append(q.ids, id), append(q.spans, s), append(q.words, q.word)
}

// scratch is what encoding one input needs; a Tokenizer keeps a pool.
type scratch struct {
	seqs   [2]sequence
	n      normalized
	raw    []byte
	room   int // how many bytes the segments to come may grow to
	found  [2][]found
	pieces []piece
	tokens []token
	layout layout
}

// Encode gives the tokens of a text. It allocates what it returns. A text that the normalizer of a tokenizer.json makes more than 16 times
// as long is an error.
func (t *Tokenizer) Encode(text string, o Options) (Encoding, error) {
	return t.encode([2]string{text}, 1, o)
}

// EncodePair gives the tokens of two texts in one input.
func (t *Tokenizer) EncodePair(text, pair string, o Options) (Encoding, error) {
	return t.encode([2]string{text, pair}, 2, o)
}

func (t *Tokenizer) encode(texts [2]string, count int, o Options) (Encoding, error) {
	s := t.pool.Get().(*scratch)
	defer func() {
		s.seqs[0].text, s.seqs[1].text = "", "" // the pool holds no text of a caller
		t.pool.Put(s)
	}()
	seqs := s.seqs[:count]
	for i := range seqs {
		if len(texts[i]) > math.MaxInt32 {
			return Encoding{}, fmt.Errorf("tokenizer: a text of %d bytes; at most %d", len(texts[i]), math.MaxInt32)
		}
		if err := t.sequence(s, &seqs[i], texts[i]); err != nil {
			return Encoding{}, fmt.Errorf("tokenizer: %w", err)
		}
	}
	l := &s.layout
	l.o, l.seqs, l.parts = o, seqs, t.post.template(count > 1)
	l.windows = [2][]window{l.windows[0][:0], l.windows[1][:0]}
	if err := l.cut(); err != nil {
		return Encoding{}, fmt.Errorf("tokenizer: %w", err)
	}
	return t.assemble(l)
}

// sequence tokenizes one text: added tokens that match it as it stands divide it into segments.
func (t *Tokenizer) sequence(s *scratch, q *sequence, text string) error {
	q.reset(text)
	s.room = maxNormalized(len(text))
	s.raw = append(s.raw[:0], text...)
	s.found[0] = t.raw.find(s.found[0][:0], s.raw)
	at := 0
	for _, f := range s.found[0] {
		if at < f.lo {
			if err := t.segment(s, q, at, f.lo); err != nil {
				return err
			}
		}
		if err := t.addToken(q, f.id, text[f.lo:f.hi], Span{int32(f.lo), int32(f.hi)}); err != nil {
			return err
		}
		at = f.hi
	}
	if at < len(text) {
		if err := t.segment(s, q, at, len(text)); err != nil {
			return err
		}
	}
	return nil
}

// segment normalizes bytes lo to hi; added tokens that match the normalized text divide it once more.
func (t *Tokenizer) segment(s *scratch, q *sequence, lo, hi int) error {
	if t.codes {
		if size := languageCode(s.raw[lo:hi]); size > 0 {
			t.addCode(q, s.raw[lo:lo+size], lo)
			if lo += size; lo == hi {
				return nil
			}
		}
	}
	n := &s.n
	n.reset(s.raw[lo:hi], lo)
	if t.normalizer != nil {
		n.limit = s.room
		if err := t.normalizer.normalize(n); err != nil {
			return err
		}
		s.room -= len(n.text)
	}
	s.found[1] = t.normal.find(s.found[1][:0], n.text)
	end := len(n.text) // a pre-tokenizer may append to n.text
	at := 0
	whole := "" // n.text, which matches that took white space in share parts of
	for _, f := range s.found[1] {
		if at < f.lo {
			if err := t.splitWords(s, q, piece{at, f.lo}); err != nil {
				return err
			}
		}
		match := t.tokens[f.id].word
		if string(n.text[f.lo:f.hi]) != match {
			if whole == "" {
				whole = string(n.text[:end])
			}
			match = whole[f.lo:f.hi]
		}
		if err := t.addToken(q, f.id, match, n.span(f.lo, f.hi)); err != nil {
			return err
		}
		at = f.hi
	}
	if at < end {
		return t.splitWords(s, q, piece{at, end})
	}
	return nil
}

// splitWords cuts a piece of the normalized text into words and tokenizes them.
func (t *Tokenizer) splitWords(s *scratch, q *sequence, p piece) error {
	s.pieces = s.pieces[:0]
	if t.pre != nil {
		s.pieces = t.pre.split(s.pieces, &s.n, p)
	} else {
		s.pieces = append(s.pieces, p)
	}
	model, spanOf := t.model, s.n.span
	if b, ok := model.(*bpe); ok {
		w := b.worker()
		defer b.release(w)
		if model = w; b.raw || b.unk < 0 || b.fallback != nil { // tokens may end within a code point
			spanOf = s.n.runeSpan
		}
	}
	for _, p := range s.pieces {
		s.tokens = model.tokenize(s.n.text[p.lo:p.hi], s.tokens[:0])
		for _, k := range s.tokens {
			if k.id == t.unknown {
				surface := string(s.n.text[p.lo+int(k.lo) : p.lo+int(k.hi)])
				if k.id < 0 {
					return fmt.Errorf("no piece of the vocabulary covers %q, and there is no unknown token", surface)
				}
				q.odd = append(q.odd, oddToken{len(q.ids), surface})
			}
			q.add(k.id, spanOf(p.lo+int(k.lo), p.lo+int(k.hi)))
		}
		q.word++
	}
	return nil
}

// addCode adds a language code.
func (t *Tokenizer) addCode(q *sequence, code []byte, at int) {
	id, ok := t.ids[string(code)]
	if !ok {
		id = t.unknown
		q.odd = append(q.odd, oddToken{len(q.ids), string(code)})
	}
	q.add(id, Span{int32(at), int32(at + len(code))})
	q.word++
}

// addToken adds an added token that was found as match. Tokens of white space may each take in all that follows them, and trimming walks over
// it: what they have in common is bounded as what a normalizer inserts.
func (t *Tokenizer) addToken(q *sequence, id int32, match string, s Span) error {
	if match != t.tokens[id].word {
		q.odd = append(q.odd, oddToken{len(q.ids), match})
		if q.room -= len(match); t.post.trim && q.room < 0 {
			return fmt.Errorf("added tokens of white space take in the same text again and again, more than %d times", maxGrowth)
		}
	}
	q.add(id, s)
	q.word++
	return nil
}
