package task

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/generate"
)

// Scoring says how a [Scorer] reads texts.
type Scoring struct {
	Prompt string // stands before every text, nothing between them, and is not scored; a token across both is

	// BOS lets the checkpoint's bos_token_id stand before all, so that a text without a prompt has a score of its first
	// token too.
	BOS bool

	// Stride above 0 reads a text that is longer than the model reads in windows of the model's length, of which each
	// begins so many tokens after the one before. Every token is scored once, in the first window that has it, as in
	// transformers' page on perplexity of fixed-length models: a smaller stride gives tokens more context and takes longer.
	Stride int
}

// A Score is how likely a text is to a model.
type Score struct {
	IDs        []int32   // the text's tokens
	LogProbs   []float64 // natural logarithm of each token's probability, given what is before it; NaN for a token that has nothing before it
	Scored     int       // tokens with a score: all, or all but those with nothing before them
	Sum        float64   // of LogProbs
	Perplexity float64   // exp(-Sum/Scored); NaN of no tokens
}

// A Scorer says how likely texts are.
type Scorer struct {
	writer
}

// OpenScorer opens a decoder's checkpoint for scoring texts; see [OpenGenerator] for what options mean.
func OpenScorer(dir string, opts ...Option) (*Scorer, error) {
	return made[Scorer](openWriter(dir, opts))
}

// NewScorer scores with a model of one's own; the option [On] is needed.
func NewScorer(m model.Decoder, t Tokenizer, opts ...Option) (*Scorer, error) {
	return made[Scorer](ownWriter(m, t, opts))
}

// MaxTokens is how many tokens the model reads at once, and the largest [Scoring.Stride]; 0 means any number.
func (s *Scorer) MaxTokens() int { return s.model.Limits().Length }

// A passage is a text behind a prompt as tokens.
type passage struct {
	ids   []int32
	first int // of the text's tokens
}

// passage encodes a text behind a prompt. What the tokenizer adds behind them is left out.
func (s *Scorer) passage(prompt, text string, bos bool) (passage, error) {
	e, err := s.encode(prompt + text)
	if err != nil {
		return passage{}, err
	}
	end := len(e.IDs)
	for end > 0 && e.Special(end-1) {
		end--
	}
	p := passage{ids: e.IDs[:end:end]}
	for p.first < end && (e.Special(p.first) || int(e.Offsets[p.first].End) <= len(prompt)) {
		p.first++
	}
	if !bos {
		return p, nil
	}
	start, err := s.start()
	if err == nil && (end == 0 || p.ids[0] != start[0]) {
		p.ids, p.first = slices.Concat(start, p.ids), p.first+1
	}
	return p, err
}

// A window is a part of a passage, and its first token to score.
type window struct{ start, end, from int }

// windows cuts a passage of n tokens, of which the first to score is from. A token with nothing before it is in none.
func windows(n, from, limit, stride int) []window {
	if limit == 0 {
		limit = n
	}
	var all []window
	done := 0
	for start := 0; done < n; start += stride {
		w := window{start, min(start+limit, n), max(done, from, start+1)}
		if w.from < w.end {
			all = append(all, w)
		}
		done = w.end
	}
	return all
}

// Score returns how likely each text is. A text longer than the model reads is an error, [ErrTooLong], unless there is a
// Stride.
func (s *Scorer) Score(ctx context.Context, how Scoring, texts ...string) ([]Score, error) {
	limit := s.MaxTokens()
	if how.Stride < 0 || limit > 0 && how.Stride > limit {
		return nil, fmt.Errorf("%w: Stride is %d, not from 1 to %d, what the model reads, nor 0 for none", model.ErrInput, how.Stride, limit)
	}
	out := make([]Score, len(texts))
	var parts []part
	var places []place // of parts
	err := each(ctx, len(texts), func(i int) error {
		p, err := s.passage(how.Prompt, texts[i], how.BOS)
		if err == nil && how.Stride == 0 {
			err = s.fits(len(p.ids), limit, " at once")
		}
		if err != nil {
			return textError(i, err)
		}
		out[i] = Score{IDs: p.ids[p.first:], LogProbs: slices.Repeat([]float64{math.NaN()}, len(p.ids)-p.first)}
		for _, w := range windows(len(p.ids), p.first, limit, how.Stride) {
			parts = append(parts, part{p.ids[w.start:w.end], w.from - w.start})
			places = append(places, place{&out[i], w.from - p.first})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	scores, err := s.read(ctx, parts)
	if err != nil {
		return nil, err
	}
	for k, p := range places {
		p.add(scores[k])
	}
	for i := range out {
		out[i].Perplexity = math.Exp(-out[i].Sum / float64(out[i].Scored))
	}
	return out, nil
}

// A place is where the scores of a window go.
type place struct {
	score *Score
	at    int // of its tokens
}

func (p place) add(logProbs []float64) {
	copy(p.score.LogProbs[p.at:], logProbs)
	p.score.Scored += len(logProbs)
	for _, x := range logProbs {
		p.score.Sum += x
	}
}

// A part is tokens, and the first of them to score.
type part struct {
	ids  []int32
	from int
}

// read scores parts together. What all begin with is read once.
func (s *Scorer) read(ctx context.Context, parts []part) ([][]float64, error) {
	shared, err := s.shared(ctx, parts)
	if err != nil {
		return nil, known(err)
	}
	defer shared.Close()
	n := shared.Len()
	return together(ctx, s.engine, len(parts), func(ctx context.Context, i int) ([]float64, error) {
		p := parts[i]
		return s.engine.Score(ctx, generate.Request{Prefix: shared, Prompt: p.ids[n:]}, p.from-n)
	})
}

// shared is the tokens that all parts begin with and do not score; nil where it is not worth a pass of its own.
func (s *Scorer) shared(ctx context.Context, parts []part) (*generate.Prefix, error) {
	const least = 8
	if len(parts) < 2 {
		return nil, nil
	}
	n, longest := len(parts[0].ids), 0
	for _, p := range parts {
		n, longest = min(common(parts[0].ids[:n], p.ids), p.from), max(longest, len(p.ids))
	}
	// A prefix takes room beside every sequence that needs it.
	if n < least || n+longest > s.engine.Room().Tokens {
		return nil, nil
	}
	return s.engine.Prefix(ctx, parts[0].ids[:n])
}
