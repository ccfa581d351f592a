package bert

import (
	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/nn"
)

// A MaskedLM is BertForMaskedLM: a transform, a norm, and a projection to the
// vocabulary, whose weight is usually the table of words.
type MaskedLM struct {
	*Model
	Transform nn.Linear
	Norm      nn.Norm
	Decoder   nn.Linear
}

// LoadMaskedLM reads the model and its head.
func LoadMaskedLM(c Config, w *model.Weights) *MaskedLM {
	m := &MaskedLM{Model: Load(c, w, false)}
	encoder, heads := roots(w)
	p := heads.At("cls.predictions")
	m.Transform = nn.LoadLinear(p.At("transform.dense"), c.Hidden, c.Hidden)
	m.Transform.Act = c.Act
	m.Norm = nn.LoadNorm(p.At("transform.LayerNorm"), c.Hidden, c.Eps)
	if c.Tied {
		m.Decoder.Weight = encoder.Tied(c.Vocab, c.Hidden, anchor)
	} else {
		m.Decoder.Weight = p.Matrix(c.Vocab, c.Hidden, "decoder.weight")
	}
	bias := "bias" // transformers keeps it twice, and older files hold one or the other
	if !p.Has(bias) && p.Has("decoder.bias") {
		bias = "decoder.bias"
	}
	m.Decoder.Bias = p.Vector(c.Vocab, bias)
	return m
}

// MaskedLogits returns the logits of the wanted rows, or of all, [·, Vocab] F32.
func (m *MaskedLM) MaskedLogits(s *gpu.Stream, in model.Batch) gpu.Tensor {
	h := m.Transform.Forward(s, m.Encode(s, in))
	return m.Decoder.Logits(s, m.Norm.Forward(s, s.Reuse(h), h))
}

// A NextSentence is BertForNextSentencePrediction.
type NextSentence struct {
	*Model
	Judge nn.Linear
}

// LoadNextSentence reads the model and its head.
func LoadNextSentence(c Config, w *model.Weights) *NextSentence {
	m := &NextSentence{Model: Load(c, w, true)}
	_, heads := roots(w)
	m.Judge = nn.LoadLinear(heads.At("cls.seq_relationship"), 2, c.Hidden)
	return m
}

// NextSentence returns, for every pair, the logits of "follows" and of "is
// random", [sequences, 2] F32.
func (m *NextSentence) NextSentence(s *gpu.Stream, in model.Batch) gpu.Tensor {
	return m.Judge.Logits(s, m.Pooled(s, in))
}

// A head is a model with a classifier and the meaning of its labels.
type head struct {
	*Model
	Classifier nn.Linear
	classes    model.Classes
}

func loadHead(c Config, w *model.Weights, k model.Classes, pooled bool, name string) head {
	h := head{Model: Load(c, w, pooled), classes: k}
	_, heads := roots(w)
	h.Classifier = nn.LoadLinear(heads.At("%s", name), len(k.Labels), c.Hidden)
	return h
}

// Classes says what the logits mean.
func (h *head) Classes() model.Classes { return h.classes }

// A SequenceClassifier is BertForSequenceClassification: a linear layer over the
// pooled first token.
type SequenceClassifier struct{ head }

// LoadSequenceClassifier reads the model and its head.
func LoadSequenceClassifier(c Config, w *model.Weights, k model.Classes) *SequenceClassifier {
	return &SequenceClassifier{loadHead(c, w, k, true, "classifier")}
}

// Classify returns the logits of every sequence, [sequences, labels] F32.
func (m *SequenceClassifier) Classify(s *gpu.Stream, in model.Batch) gpu.Tensor {
	return m.Classifier.Logits(s, m.Pooled(s, in))
}

// A TokenClassifier is BertForTokenClassification: a linear layer over every token.
type TokenClassifier struct{ head }

// LoadTokenClassifier reads the model and its head.
func LoadTokenClassifier(c Config, w *model.Weights, k model.Classes) *TokenClassifier {
	return &TokenClassifier{loadHead(c, w, k, false, "classifier")}
}

// ClassifyTokens returns the logits of the wanted tokens, or of all, [·, labels] F32.
func (m *TokenClassifier) ClassifyTokens(s *gpu.Stream, in model.Batch) gpu.Tensor {
	return m.Classifier.Logits(s, m.Encode(s, in))
}

// A SpanReader is BertForQuestionAnswering.
type SpanReader struct{ head }

// LoadSpanReader reads the model and its head.
func LoadSpanReader(c Config, w *model.Weights) *SpanReader {
	k := model.Classes{Labels: []string{"start", "end"}}
	return &SpanReader{loadHead(c, w, k, false, "qa_outputs")}
}

// Spans returns the logits of the answer's start and end at the wanted tokens, or
// at all, [·, 2] F32.
func (m *SpanReader) Spans(s *gpu.Stream, in model.Batch) gpu.Tensor {
	return m.Classifier.Logits(s, m.Encode(s, in))
}
