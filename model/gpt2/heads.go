package gpt2

import (
	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/nn"
)

// A LM is GPT2LMHeadModel: a projection to the vocabulary, whose weight is usually the table of words.
type LM struct {
	*Model
	Head nn.Linear
}

// LoadLM reads the model and its head.
func LoadLM(c Config, w *model.Weights) *LM {
	const own = "lm_head.weight"
	m := &LM{Model: Load(c, w)}
	d, head := decoderOf(w), w.Under(w.Root(own, ""))
	// A file may hold two different matrices though config.json says that they are tied; transformers then believes
	// the file.
	if c.Tied && (!head.Has(own) || head.Same(own, d, anchor)) {
		m.Head.Weight = d.Tied(c.Vocab, c.Hidden, anchor)
	} else {
		m.Head.Weight = head.Matrix(c.Vocab, c.Hidden, own)
	}
	return m
}

// Decode returns the logits of what follows each token, or each wanted one, [·, Vocab] F32.
func (m *LM) Decode(s *gpu.Stream, in model.Batch, c *model.Cache) gpu.Tensor {
	return m.Head.Logits(s, m.hidden(s, in, c))
}

// A SequenceClassifier is GPT2ForSequenceClassification: a linear layer over the last token that is no padding.
type SequenceClassifier struct {
	*Model
	Score   nn.Linear
	classes model.Classes
}

// Limits bounds the sequences that the model reads, and says what pads them.
func (m *SequenceClassifier) Limits() model.Limits {
	l := m.Model.Limits()
	l.EndPad = m.Pad
	return l
}

// LoadSequenceClassifier reads the model and its head.
func LoadSequenceClassifier(c Config, w *model.Weights, k model.Classes) *SequenceClassifier {
	const own = "score.weight"
	m := &SequenceClassifier{Model: Load(c, w), classes: k}
	m.Score.Weight = w.Under(w.Root(own, "")).Matrix(len(k.Labels), c.Hidden, own)
	return m
}

// Classes says what the logits mean.
func (m *SequenceClassifier) Classes() model.Classes { return m.classes }

// Classify returns the logits of every sequence, [sequences, labels] F32.
func (m *SequenceClassifier) Classify(s *gpu.Stream, in model.Batch) gpu.Tensor {
	x := m.Encode(s, in)
	last := s.Temp(x.DType, in.Seqs.N, x.Cols)
	seqs := in.Seqs
	if !in.Unpadded.IsZero() {
		seqs.Len = in.Unpadded
	}
	s.Do(&gpu.Pool{Dst: last, X: x, Seqs: seqs, Kind: gpu.Last})
	return m.Score.Logits(s, last)
}
