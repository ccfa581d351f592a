// Package bert implements BERT (Devlin et al. 2018) and RoBERTa (Liu et al. 2019), which is
// the same encoder under other names, and their heads.
//
// Sequences are packed: every activation is [tokens, width] over the whole batch,
// so that a ragged batch costs what its tokens cost. Names are those of
// transformers' modeling_bert.py and modeling_roberta.py; [Family] says which.
package bert

import (
	"strings"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/nn"
)

// A Model is the encoder without a head (BertModel, RobertaModel). It is immutable, and safe for
// concurrent use.
type Model struct {
	Config
	Embedding nn.Embedding
	EmbedNorm nn.Norm
	Layers    []Layer
	Pooler    nn.Linear // of the first token, with tanh; absent from some checkpoints
	weights   *model.Weights
}

// A Layer attends, then feeds forward; each half adds its input and normalizes.
type Layer struct {
	Attention         nn.Attention
	FFN               nn.FFN
	AttnNorm, FFNNorm nn.Norm
}

// anchor is a tensor that every encoder has: what stands before it is the prefix of
// its names.
const anchor = "embeddings.position_embeddings.weight"

// The table of words, in the embeddings, and what is usually tied to it, in the head for masked words.
const words, decoder = "word_embeddings.weight", "decoder.weight"

// root is what stands before the encoder's names in the checkpoint.
func root(c Config, w *model.Weights) string { return w.Root(anchor, c.Family.names().encoder, "") }

// encoderOf returns the checkpoint's encoder.
func encoderOf(c Config, w *model.Weights) *model.Weights { return w.Under(root(c, w)) }

// headOf returns what stands beside the encoder and has a head's tensor. A head is
// usually there, but what wraps only the encoder deepens only the encoder's names.
func headOf(c Config, w *model.Weights, tensor string) *model.Weights {
	beside := strings.TrimSuffix(root(c, w), c.Family.names().encoder)
	return w.Under(w.Root(tensor, beside))
}

// predictionsOf returns the head for masked words.
func predictionsOf(c Config, w *model.Weights) *model.Weights {
	n := c.Family.names()
	return headOf(c, w, n.predictions+"."+n.transform+".weight").At("%s", n.predictions)
}

// wordsOf returns where the table of words is. A file that holds tied tensors once may
// have it as the decoder's weight, where that comes first.
func wordsOf(c Config, w *model.Weights) (at *model.Weights, name string) {
	e := encoderOf(c, w).At("embeddings")
	if p := predictionsOf(c, w); c.Tied && !e.Has(words) && p.Has(decoder) {
		return p, decoder
	}
	return e, words
}

// Load reads the encoder's weights, and the pooler if there is one or pooled says
// that it is needed. The caller looks at w.Err.
func Load(c Config, w *model.Weights, pooled bool) *Model {
	encoder := encoderOf(c, w)
	e := encoder.At("embeddings")
	at, name := wordsOf(c, w)
	m := &Model{Config: c, weights: w,
		Embedding: nn.Embedding{
			Words:     at.Table(c.Vocab, c.Hidden, name),
			Positions: e.Table(c.Positions, c.Hidden, "position_embeddings.weight"),
			Types:     e.Table(c.Types, c.Hidden, "token_type_embeddings.weight"),
		},
		EmbedNorm: nn.LoadNorm(e.At("LayerNorm"), c.Hidden, c.Eps),
	}
	for i := range c.Layers {
		m.Layers = append(m.Layers, loadLayer(c, encoder.At("encoder.layer.%d", i)))
	}
	if pooled || encoder.Has("pooler.dense.weight") {
		m.Pooler = loadPooler(c, encoder.At("pooler.dense"))
	}
	return m
}

func loadPooler(c Config, w *model.Weights) nn.Linear {
	p := nn.LoadLinear(w, c.Hidden, c.Hidden)
	p.Act = gpu.Tanh
	return p
}

func loadLayer(c Config, w *model.Weights) Layer {
	h, a := c.Hidden, w.At("attention.self")
	l := Layer{
		Attention: nn.Attention{Heads: c.Heads, Drop: c.AttnDrop,
			QKV: nn.Linear{
				Weight: a.Matrix(3*h, h, "query.weight", "key.weight", "value.weight"),
				Bias:   a.Vector(3*h, "query.bias", "key.bias", "value.bias")},
			Out: nn.LoadLinear(w.At("attention.output.dense"), h, h)},
		AttnNorm: nn.LoadNorm(w.At("attention.output.LayerNorm"), h, c.Eps),
		FFN: nn.FFN{
			Up:   nn.LoadLinear(w.At("intermediate.dense"), c.FFN, h),
			Down: nn.LoadLinear(w.At("output.dense"), h, c.FFN)},
		FFNNorm: nn.LoadNorm(w.At("output.LayerNorm"), h, c.Eps),
	}
	l.FFN.Up.Act = c.Act
	l.AttnNorm.Drop, l.FFNNorm.Drop = c.Dropout, c.Dropout
	return l
}

// Close frees the weights.
func (m *Model) Close() error { return m.weights.Close() }

// Weights is what the model owns.
func (m *Model) Weights() *model.Weights { return m.weights }

// Width is the width of a hidden state.
func (m *Model) Width() int { return m.Hidden }

// Limits bounds the sequences that the model reads. RoBERTa's positions start after that of
// the token that pads.
func (m *Model) Limits() model.Limits {
	l := model.Limits{Vocab: m.Vocab, Length: m.Positions, Types: m.Config.Types}
	if m.Family == RoBERTa {
		l.FirstPosition, l.SkipsPad = m.Pad+1, true
		l.Length -= l.FirstPosition
	}
	return l
}

// Encode returns the hidden state of every token, or of the wanted ones, [·, Hidden].
func (m *Model) Encode(s *gpu.Stream, in model.Batch) gpu.Tensor {
	return in.Wanted(s, m.hidden(s, in))
}

// hidden returns the last hidden state of every token.
func (m *Model) hidden(s *gpu.Stream, in model.Batch) gpu.Tensor {
	if in.Trace != nil || !s.Captures() {
		return m.layers(s, m.Embedding.Forward(s, in), in)
	}
	return m.replayed(s, in)
}

// replayed is hidden with the layers as a graph, which serves all batches that are padded to the same sizes.
func (m *Model) replayed(s *gpu.Stream, in model.Batch) gpu.Tensor {
	all := in.Padded()
	x := m.Embedding.Forward(s, all)
	s.Replay(forward{m, x, all.Seqs}, func() { m.layers(s, x, all) })
	return x.RowRange(0, in.IDs.Cols)
}

// A forward is all that a pass through the layers depends on. They leave what they give in x, on a stream that captures.
type forward struct {
	m    *Model
	x    gpu.Tensor
	seqs gpu.Seqs
}

// layers returns what the layers make of x, which may take x's place.
func (m *Model) layers(s *gpu.Stream, x gpu.Tensor, in model.Batch) gpu.Tensor {
	x = m.EmbedNorm.Forward(s, s.Reuse(x), x)
	in.Traced(x, "hidden.0")
	for i, l := range m.Layers {
		x = l.Forward(s, x, in.Seqs)
		in.Traced(x, "hidden.%d", i+1)
	}
	return x
}

// Forward returns the layer's output, which may take x's place.
func (l Layer) Forward(s *gpu.Stream, x gpu.Tensor, seqs gpu.Seqs) gpu.Tensor {
	y := s.Reuse(x)
	defer s.Frame()()
	h := l.AttnNorm.Add(s, s.Like(x), l.Attention.Self(s, x, seqs), x)
	return l.FFNNorm.Add(s, y, l.FFN.Forward(s, h), h)
}

// Pooled returns the pooler's output for every sequence, [sequences, Hidden].
func (m *Model) Pooled(s *gpu.Stream, in model.Batch) gpu.Tensor {
	first := s.Temp(m.Embedding.Words.DType, in.Seqs.N, m.Hidden)
	s.Do(&gpu.Pool{Dst: first, X: m.hidden(s, in), Seqs: in.Seqs, Kind: gpu.First})
	return m.Pooler.Forward(s, first)
}
