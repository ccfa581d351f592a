package bert

import (
	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/nn"
)

// A MaskedLM is BertForMaskedLM or RobertaForMaskedLM: a transform, a norm, and a
// projection to the vocabulary, whose weight is usually the table of words.
type MaskedLM struct {
	*Model
	Transform nn.Linear
	Norm      nn.Norm
	Decoder   nn.Linear
}

// LoadMaskedLM reads the model and its head.
func LoadMaskedLM(c Config, w *model.Weights) *MaskedLM {
	m := &MaskedLM{Model: Load(c, w, false)}
	n, p := c.Family.names(), predictionsOf(c, w)
	m.Transform = nn.LoadLinear(p.At("%s", n.transform), c.Hidden, c.Hidden)
	if m.Transform.Act = c.Act; c.Family == RoBERTa {
		m.Transform.Act = gpu.GELU // whatever hidden_act is
	}
	m.Norm = nn.LoadNorm(p.At("%s", n.norm), c.Hidden, c.Eps)
	m.Decoder.Weight = loadDecoder(c, w, p)
	// Most files hold "bias" alone. Where there is a decoder.bias, it is what
	// transformers adds, and the other is a copy or unused.
	bias := "bias"
	if own := "decoder.bias"; p.Has(own) {
		p.Same(bias, p, own)
		bias = own
	}
	m.Decoder.Bias = p.Vector(c.Vocab, bias)
	return m
}

// loadDecoder reads the projection to the vocabulary. A file may hold two different
// matrices though config.json says that they are tied; transformers then believes the
// file.
func loadDecoder(c Config, w, predictions *model.Weights) gpu.Tensor {
	at, name := wordsOf(c, w)
	if c.Tied && (!predictions.Has(decoder) || predictions.Same(decoder, at, name)) {
		return at.Tied(c.Vocab, c.Hidden, name)
	}
	return predictions.Matrix(c.Vocab, c.Hidden, decoder)
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
	heads := headOf(c, w, "cls.seq_relationship.weight")
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

// loadHead reads the classifier of a name, on top of m.
func loadHead(m *Model, w *model.Weights, k model.Classes, name string) head {
	h := head{Model: m, classes: k}
	h.Classifier = nn.LoadLinear(headOf(m.Config, w, name+".weight").At("%s", name), len(k.Labels), m.Hidden)
	return h
}

// Classes says what the logits mean.
func (h *head) Classes() model.Classes { return h.classes }

// A SequenceClassifier is BertForSequenceClassification: a linear layer over the
// pooled first token. RobertaForSequenceClassification pools with a layer of its own,
// whatever pooler the encoder has.
type SequenceClassifier struct{ head }

// LoadSequenceClassifier reads the model and its head.
func LoadSequenceClassifier(c Config, w *model.Weights, k model.Classes) *SequenceClassifier {
	n := c.Family.names()
	m := Load(c, w, n.pooler == "")
	if n.pooler != "" {
		m.Pooler = loadPooler(c, headOf(c, w, n.pooler+".weight").At("%s", n.pooler))
	}
	return &SequenceClassifier{loadHead(m, w, k, n.classifier)}
}

// Classify returns the logits of every sequence, [sequences, labels] F32.
func (m *SequenceClassifier) Classify(s *gpu.Stream, in model.Batch) gpu.Tensor {
	return m.Classifier.Logits(s, m.Pooled(s, in))
}

// A TokenClassifier is BertForTokenClassification or RobertaForTokenClassification: a linear layer over every token.
type TokenClassifier struct{ head }

// LoadTokenClassifier reads the model and its head.
func LoadTokenClassifier(c Config, w *model.Weights, k model.Classes) *TokenClassifier {
	return &TokenClassifier{loadHead(Load(c, w, false), w, k, "classifier")}
}

// ClassifyTokens returns the logits of the wanted tokens, or of all, [·, labels] F32.
func (m *TokenClassifier) ClassifyTokens(s *gpu.Stream, in model.Batch) gpu.Tensor {
	return m.Classifier.Logits(s, m.Encode(s, in))
}

// A SpanReader is BertForQuestionAnswering or RobertaForQuestionAnswering.
type SpanReader struct{ head }

// LoadSpanReader reads the model and its head.
func LoadSpanReader(c Config, w *model.Weights) *SpanReader {
	k := model.Classes{Labels: []string{"start", "end"}}
	return &SpanReader{loadHead(Load(c, w, false), w, k, "qa_outputs")}
}

// Spans returns the logits of the answer's start and end at the wanted tokens, or
// at all, [·, 2] F32.
func (m *SpanReader) Spans(s *gpu.Stream, in model.Batch) gpu.Tensor {
	return m.Classifier.Logits(s, m.Encode(s, in))
}
