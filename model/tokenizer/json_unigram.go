package tokenizer

// Reading what SentencePiece models become in tokenizer.json.

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"sync"
)

// UnmarshalJSON reads ["▁a", -1.5].
func (w *scoredWord) UnmarshalJSON(data []byte) error {
	pair := bytes.TrimSuffix(bytes.TrimPrefix(data, []byte("[")), []byte("]"))
	comma := bytes.LastIndexByte(pair, ',')
	if comma >= 0 {
		number := bytes.TrimSpace(pair[comma+1:])
		if ok := json.Unmarshal(pair[:comma], &w.text) == nil && len(number) > 0 && (number[0] == '-' || '0' <= number[0] && number[0] <= '9'); ok {
			w.score, ok = rustFloat(number)
			if ok {
				return nil
			}
		}
	}
	return fmt.Errorf("found %.40s, expected [piece, score]", data)
}

// rustFloat reads a number of JSON as serde_json does, with which the library reads scores: its digits as a whole number, as far as 64 bits hold them,
// rounded, then multiplied with or divided by a power of ten and rounded again. That is the nearest number for few digits only, and paths of equal
// scores are chosen by the last bit. It reports false for what is too large.
func rustFloat(number []byte) (float64, bool) {
	number, negative := bytes.CutPrefix(number, []byte("-"))
	digits, power, _ := bytes.Cut(bytes.ToLower(number), []byte("e"))
	significand, exponent := uint64(0), 0
	full, point := false, false
	for _, c := range digits {
		if c == '.' {
			// Digits that no longer fit before the point count, those after it do not; once more of them may fit.
			full, point = false, true
			continue
		}
		d := uint64(c - '0')
		full = full || significand > (math.MaxUint64-d)/10
		switch {
		case !full:
			significand = significand*10 + d
			if point {
				exponent--
			}
		case !point:
			exponent++
		}
	}
	if len(power) > 0 {
		p, err := strconv.Atoi(string(power))
		if err != nil || p > math.MaxInt32 || p < -math.MaxInt32 {
			p = math.MaxInt32
			if power[0] == '-' {
				p = -p
			}
		}
		exponent += p
	}
	f := float64(significand)
	for f != 0 && exponent < -308 {
		f, exponent = f/1e308, exponent+308
	}
	switch {
	case f == 0:
	case exponent < 0:
		f /= powersOfTen()[-exponent]
	case exponent > 308:
		return 0, false
	default:
		f *= powersOfTen()[exponent]
	}
	if negative {
		f = -f
	}
	return f, !math.IsInf(f, 0)
}

// powersOfTen are the numbers nearest to the powers, which those of math.Pow10 need not be.
var powersOfTen = sync.OnceValue(func() *[309]float64 {
	var powers [309]float64
	for i := range powers {
		powers[i], _ = strconv.ParseFloat("1e"+strconv.Itoa(i), 64)
	}
	return &powers
})

// parseUnigram reads a model of the type Unigram.
func (b *builder) parseUnigram(s section) error {
	var f struct {
		Unk   *int64                        `json:"unk_id"`
		Bytes bool                          `json:"byte_fallback"`
		Vocab few[[]scoredWord, pieceLimit] `json:"vocab"`
	}
	if err := s.into(&f); err != nil {
		return err
	}
	vocab := f.Vocab.all
	if vocab == nil {
		return s.need("vocab")
	}
	unk := int32(-1)
	if f.Unk != nil {
		if *f.Unk < 0 || *f.Unk >= int64(len(vocab)) {
			return fmt.Errorf("model.unk_id: %d of %d pieces", *f.Unk, len(vocab))
		}
		unk = int32(*f.Unk)
	}
	if err := b.setUnigram(vocab, unk, f.Bytes); err != nil {
		return fmt.Errorf("model.vocab: %w", err)
	}
	return nil
}

// setUnigram takes a vocabulary in the order of its ids and makes it the model.
func (b *builder) setUnigram(vocab []scoredWord, unk int32, byteFallback bool) error {
	if len(vocab) > maxWords {
		return fmt.Errorf("%d pieces; at most %d", len(vocab), maxWords)
	}
	b.t.tokens = make(map[int32]entry, len(vocab))
	size := 0
	for id, w := range vocab {
		if size += len(w.text); size > maxContents {
			return fmt.Errorf("the pieces have more than %d bytes together", maxContents)
		}
		if len(w.text) > maxWord {
			return fmt.Errorf("the piece with the id %d has %d bytes; at most %d", id, len(w.text), maxWord)
		}
		b.t.tokens[int32(id)] = entry{text: w.text, word: w.text}
	}
	model := newUnigram(vocab, unk, byteFallback)
	b.words, b.next, b.unk = model.words, int64(len(vocab)), unk
	b.t.ids = make(map[string]int32, len(model.words))
	for w, id := range model.words {
		b.t.ids[w] = id
	}
	b.t.maxID = int32(len(vocab)) - 1
	b.t.unknown = unk
	b.t.model = model
	return nil
}

func parsePrecompiled(s section) (normalizer, error) {
	var f struct {
		Map *string `json:"precompiled_charsmap"`
	}
	if err := s.into(&f); err != nil {
		return nil, err
	}
	if f.Map == nil {
		return nil, s.need("precompiled_charsmap")
	}
	data, err := base64.StdEncoding.Strict().DecodeString(*f.Map)
	if err != nil {
		return nil, fmt.Errorf("%s.precompiled_charsmap: %w", s.path, err)
	}
	p, err := newPrecompiled(data)
	if err != nil {
		return nil, fmt.Errorf("%s.precompiled_charsmap: %w", s.path, err)
	}
	return p, nil
}
