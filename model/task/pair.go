package task

import (
	"context"
	"slices"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model"
)

// A PairJudge says how likely one text follows another: BERT's next-sentence head.
type PairJudge struct{ core[[]float32] }

// OpenPairJudge opens a checkpoint pre-trained on next sentences.
func OpenPairJudge(dir string, opts ...Option) (*PairJudge, error) {
	o, err := open[model.PairJudge](dir, opts)
	if err != nil {
		return nil, err
	}
	return &PairJudge{newCore(o, judge(o.model))}, nil
}

// NewPairJudge judges with a model of one's own; the option [On] is needed.
func NewPairJudge(m model.PairJudge, t Tokenizer, opts ...Option) (*PairJudge, error) {
	c, err := ownCore(m, t, opts, judge(m))
	if err != nil {
		return nil, err
	}
	return &PairJudge{c}, nil
}

func judge(m model.PairJudge) func(*gpu.Stream, model.Batch, []item) ([][]float32, error) {
	return func(s *gpu.Stream, in model.Batch, _ []item) ([][]float32, error) {
		return perSequence(s, m.NextSentence(s, in), in.Seqs.N, 2)
	}
}

// Judge returns for each pair the probability that its second text follows its first.
func (j *PairJudge) Judge(ctx context.Context, pairs ...Text) ([]float64, error) {
	pairs = slices.Clone(pairs)
	for i := range pairs {
		pairs[i].paired = true
	}
	_, items, err := j.encodeAll(ctx, pairs)
	if err != nil {
		return nil, err
	}
	logits, err := j.run(ctx, items)
	if err != nil {
		return nil, err
	}
	out := make([]float64, len(pairs))
	for i, l := range logits {
		out[i] = softmax(l)[0] // label 0 is "follows"
	}
	return out, nil
}
