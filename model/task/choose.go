package task

import (
	"context"
	"fmt"

	"github.com/rapt-go/rapt/model"
)

// A Choice says what [Scorer.Choose] asks: which of the labels continues a text.
type Choice struct {
	Prefix string   // stands before every text, such as examples with their labels; it is computed once
	Labels []string // each stands behind every text, with the space that belongs before it
	Mean   bool     // compares the mean over a label's tokens in place of their sum, so that long labels are not less likely for it
}

// Choose labels texts with any labels by what the model has learnt, and by the examples of c.Prefix (in-context learning,
// Brown et al. 2020). A text is read as Prefix + text + label, with nothing put between them; a label's score is the softmax,
// over the labels, of the sum of the log-probabilities of its tokens, or of their mean. Labels are likeliest first.
func (s *Scorer) Choose(ctx context.Context, c Choice, texts ...string) ([][]Label, error) {
	if len(c.Labels) == 0 {
		return nil, fmt.Errorf("%w: no labels to choose from", model.ErrInput)
	}
	n := len(c.Labels)
	parts := make([]part, len(texts)*n)
	err := each(ctx, len(parts), func(i int) (err error) {
		parts[i], err = s.labelled(c.Prefix+texts[i/n], c.Labels[i%n])
		return textError(i/n, err)
	})
	if err != nil {
		return nil, err
	}
	logProbs, err := s.read(ctx, parts)
	if err != nil {
		return nil, err
	}
	out := make([][]Label, len(texts))
	for i := range out {
		out[i] = c.rank(logProbs[i*n:][:n])
	}
	return out, nil
}

// labelled is a text with a label behind it, whose tokens are scored.
func (s *Scorer) labelled(text, label string) (part, error) {
	p, err := s.passage(text, label, false)
	if err == nil && p.first == 0 {
		if p, err = s.passage(text, label, true); err != nil {
			err = fmt.Errorf("nothing before label %q: %w", label, err)
		}
	}
	if err == nil && p.first == len(p.ids) {
		err = fmt.Errorf("%w: label %q has no tokens", model.ErrInput, label)
	}
	if err == nil {
		err = s.fits(len(p.ids), s.model.Limits().Length, ", prefix and label included")
	}
	return part{p.ids, p.first}, err
}

// rank turns the log-probabilities of the tokens of each label to labels.
func (c *Choice) rank(logProbs [][]float64) []Label {
	sums := make([]float64, len(logProbs))
	for i, tokens := range logProbs {
		for _, x := range tokens {
			sums[i] += x
		}
		if c.Mean {
			sums[i] /= float64(len(tokens))
		}
	}
	p := softmax(sums)
	var out []Label
	for _, i := range ranked(p) {
		out = append(out, Label{c.Labels[i], p[i]})
	}
	return out
}
