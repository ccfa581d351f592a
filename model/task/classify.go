package task

import (
	"context"
	"fmt"
	"strings"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/tokenizer"
)

// A Label is a class and how likely it is.
type Label struct {
	Name  string
	Score float64
}

// A Classification is what a classifier says of one text.
type Classification struct {
	Labels []Label   // likeliest first; of one text, softmax over labels, or a sigmoid for each
	Value  *float64  // of a regression, in place of Labels
	Logits []float32 // in the order of the model's labels
}

// A Classifier labels texts or pairs of texts, or gives each a value.
type Classifier struct {
	core[[]float32]
	model model.SequenceClassifier
}

// OpenClassifier opens a checkpoint for sequence classification or regression.
func OpenClassifier(dir string, opts ...Option) (*Classifier, error) {
	o, err := open[model.SequenceClassifier](dir, opts)
	if err != nil {
		return nil, err
	}
	return &Classifier{newCore(o, classifier(o.model)), o.model}, nil
}

// NewClassifier classifies with a model of one's own; the option [On] is needed.
func NewClassifier(m model.SequenceClassifier, t Tokenizer, opts ...Option) (*Classifier, error) {
	c, err := ownCore(m, t, opts, classifier(m))
	if err != nil {
		return nil, err
	}
	return &Classifier{c, m}, nil
}

func classifier(m model.SequenceClassifier) func(*gpu.Stream, model.Batch, []item) ([][]float32, error) {
	return func(s *gpu.Stream, in model.Batch, _ []item) ([][]float32, error) {
		return perSequence(s, m.Classify(s, in), in.Seqs.N, len(m.Classes().Labels))
	}
}

// Classes says what labels there are.
func (c *Classifier) Classes() model.Classes { return c.model.Classes() }

// Classify returns what the model says of each text.
func (c *Classifier) Classify(ctx context.Context, texts ...Text) ([]Classification, error) {
	_, items, err := c.encodeAll(ctx, texts)
	if err != nil {
		return nil, err
	}
	logits, err := c.run(ctx, items)
	if err != nil {
		return nil, err
	}
	out := make([]Classification, len(texts))
	for i, l := range logits {
		out[i] = classification(c.Classes(), l)
	}
	return out, nil
}

func classification(k model.Classes, logits []float32) Classification {
	r := Classification{Logits: logits}
	p := scores(k, logits)
	if k.Problem == model.Regression && len(p) == 1 {
		r.Value = &p[0]
		return r
	}
	for _, i := range ranked(p) {
		r.Labels = append(r.Labels, Label{k.Labels[i], p[i]})
	}
	return r
}

// ZeroShot says how [Classifier.ZeroShot] asks.
type ZeroShot struct {
	Labels     []string
	Template   string // the hypothesis, {} standing for the label; empty means DefaultTemplate
	MultiLabel bool   // several labels may hold
}

// DefaultTemplate is the hypothesis that transformers' zero-shot pipeline uses.
const DefaultTemplate = "This example is {}."

// ZeroShot labels texts with labels that the model was not trained on, by asking a
// model of natural-language inference whether the text entails each hypothesis (Yin
// et al. 2019). Scores are a softmax of entailment over the labels, or, with
// MultiLabel, of entailment against contradiction for each label. A text that is too
// long is cut, never the hypothesis.
func (c *Classifier) ZeroShot(ctx context.Context, z ZeroShot, texts ...string) ([][]Label, error) {
	entails, contradicts, err := inference(c.Classes().Labels)
	if err != nil {
		return nil, err
	}
	items, err := c.hypotheses(ctx, z, texts)
	if err != nil {
		return nil, err
	}
	logits, err := c.run(ctx, items)
	if err != nil {
		return nil, err
	}
	out := make([][]Label, len(texts))
	for i := range texts {
		out[i] = zeroShot(z, logits[i*len(z.Labels):][:len(z.Labels)], entails, contradicts)
	}
	return out, nil
}

// hypotheses encodes every text with every label, until ctx ends.
func (c *Classifier) hypotheses(ctx context.Context, z ZeroShot, texts []string) ([]item, error) {
	template := z.Template
	if template == "" {
		template = DefaultTemplate
	}
	if len(z.Labels) == 0 || !strings.Contains(template, "{}") {
		return nil, fmt.Errorf("%w: zero-shot needs labels, and {} in its template %q", model.ErrInput, template)
	}
	items := make([]item, len(texts)*len(z.Labels))
	err := each(ctx, len(items), func(i int) error {
		text := i / len(z.Labels)
		h := strings.ReplaceAll(template, "{}", z.Labels[i%len(z.Labels)])
		e, err := c.tok.EncodePair(texts[text], h, tokenizer.Options{MaxLength: c.limit, Strategy: tokenizer.OnlyFirst, NoOverflow: true})
		if err != nil {
			return textError(text, fmt.Errorf("%w: with hypothesis %q: %w", model.ErrInput, h, err))
		}
		items[i], err = c.item(e)
		return textError(text, err)
	})
	return items, err
}

// inference finds the labels of natural-language inference: entailment by its name,
// and contradiction, which the pipeline takes to be at the other end.
func inference(labels []string) (entails, contradicts int, err error) {
	for i, l := range labels {
		if len(labels) < 2 || !strings.HasPrefix(strings.ToLower(l), "entail") {
			continue
		}
		if i == 0 {
			return i, len(labels) - 1, nil
		}
		return i, 0, nil
	}
	return 0, 0, fmt.Errorf("zero-shot needs a model of natural-language inference, with a label \"entailment\" and others; the labels are %q: %w",
		labels, model.ErrUnsupported)
}

// zeroShot ranks the labels by the logits of their hypotheses.
func zeroShot(z ZeroShot, logits [][]float32, entails, contradicts int) []Label {
	var p []float64
	if z.MultiLabel || len(logits) == 1 {
		for _, l := range logits {
			p = append(p, softmax([]float32{l[contradicts], l[entails]})[1])
		}
	} else {
		var e []float32
		for _, l := range logits {
			e = append(e, l[entails])
		}
		p = softmax(e)
	}
	var out []Label
	for _, i := range ranked(p) {
		out = append(out, Label{z.Labels[i], p[i]})
	}
	return out
}
