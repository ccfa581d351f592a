// Package gpt2 implements GPT-2 (Radford et al. 2019), a decoder that normalizes before each half of a layer, and its
// heads. Names are those of transformers' modeling_gpt2.py.
//
// Sequences are packed: every activation is [tokens, width] over the whole batch. Keys and values are in a cache that the
// caller owns, or, for whole sequences, in the batch itself.
package gpt2

import (
	"math"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/nn"
)

// A Model is the decoder without a head (GPT2Model). It is immutable, and safe for concurrent use.
type Model struct {
	Config
	Embedding nn.Embedding
	Layers    []Layer
	Norm      nn.Norm
	weights   *model.Weights
}

// A Layer adds attention, then a feed-forward layer, to what it is given.
type Layer struct {
	AttnNorm, FFNNorm nn.Norm
	QKV, Out          nn.Linear // [3n,n], [n,n]
	FFN               nn.FFN
	Heads             int
	Scale             float32 // of scores
	Drop              float32 // of probabilities
}

// anchor is a tensor that every GPT-2 has: what stands before it is the prefix of the decoder's names.
const anchor = "wte.weight"

const prefix = "transformer."

func decoderOf(w *model.Weights) *model.Weights { return w.Under(w.Root(anchor, prefix, "")) }

// Load reads the decoder's weights. The caller looks at w.Err.
func Load(c Config, w *model.Weights) *Model {
	d := decoderOf(w)
	m := &Model{Config: c, weights: w,
		Embedding: nn.Embedding{
			Words:     d.Table(c.Vocab, c.Hidden, anchor),
			Positions: d.Table(c.Positions, c.Hidden, "wpe.weight"),
			Drop:      c.EmbdDrop,
		},
		Norm: nn.LoadNorm(d.At("ln_f"), c.Hidden, c.Eps),
	}
	for i := range c.Layers {
		m.Layers = append(m.Layers, loadLayer(c, i, d.At("h.%d", i)))
	}
	return m
}

func loadLayer(c Config, i int, w *model.Weights) Layer {
	h, a, f := c.Hidden, w.At("attn"), w.At("mlp")
	l := Layer{Heads: c.Heads, Drop: c.AttnDrop, Scale: c.scale(i),
		AttnNorm: nn.LoadNorm(w.At("ln_1"), h, c.Eps),
		FFNNorm:  nn.LoadNorm(w.At("ln_2"), h, c.Eps),
		QKV:      loadConv1D(a.At("c_attn"), 3*h, h),
		Out:      loadConv1D(a.At("c_proj"), h, h),
		FFN:      nn.FFN{Up: loadConv1D(f.At("c_fc"), c.FFN, h), Down: loadConv1D(f.At("c_proj"), h, c.FFN)},
	}
	l.FFN.Up.Act = c.Act
	l.Out.Drop, l.FFN.Down.Drop = c.ResidDrop, c.ResidDrop
	return l
}

// loadConv1D reads a linear layer from k to n that is stored [k, n].
func loadConv1D(w *model.Weights, n, k int) nn.Linear {
	return nn.Linear{Weight: w.Transposed(n, k, "weight"), Bias: w.Vector(n, "bias")}
}

// scale is what scores of a layer are multiplied by.
func (c Config) scale(layer int) float32 {
	x := 1.0
	if c.Scaled {
		x /= math.Sqrt(float64(c.Hidden / c.Heads))
	}
	if c.ByLayer {
		x /= float64(layer + 1)
	}
	return float32(x)
}

// Close frees the weights.
func (m *Model) Close() error { return m.weights.Close() }

// Weights is what the model owns.
func (m *Model) Weights() *model.Weights { return m.weights }

// Width is the width of a hidden state.
func (m *Model) Width() int { return m.Hidden }

// Limits bounds the sequences that the model reads.
func (m *Model) Limits() model.Limits { return model.Limits{Vocab: m.Vocab, Length: m.Positions} }

// CacheShape says what a token leaves in a cache.
func (m *Model) CacheShape() model.CacheShape {
	return model.CacheShape{Layers: len(m.Layers), Width: 2 * m.Hidden, DType: m.Embedding.Words.DType}
}

// Encode returns the normalized hidden state of every token, or of the wanted ones, [·, Hidden].
func (m *Model) Encode(s *gpu.Stream, in model.Batch) gpu.Tensor { return m.hidden(s, in, nil) }

// hidden returns the normalized last hidden state of the wanted tokens.
func (m *Model) hidden(s *gpu.Stream, in model.Batch, c *model.Cache) gpu.Tensor {
	x := m.Embedding.Forward(s, in)
	in.Traced(x, "hidden.0")
	for i, l := range m.Layers {
		var kv gpu.Tensor
		if c != nil {
			kv = c.KV[i]
		}
		x = l.Forward(s, x, in, kv)
		in.Traced(x, "hidden.%d", i+1)
	}
	if in.Trace != nil {
		in.Traced(m.Norm.Forward(s, s.Like(x), x), "final")
	}
	x = in.Wanted(s, x)
	return m.Norm.Forward(s, s.Reuse(x), x)
}

// Forward returns the layer's output, which may take x's place. Keys and values are kept in kv, or are x's own if it is absent.
func (l Layer) Forward(s *gpu.Stream, x gpu.Tensor, in model.Batch, kv gpu.Tensor) gpu.Tensor {
	y, z := s.Reuse(x), s.Reuse(x)
	defer s.Frame()()
	n := x.Cols
	qkv := l.QKV.Forward(s, l.AttnNorm.Forward(s, s.Like(x), x))
	a := gpu.Attention{Dst: s.Like(x), Q: qkv.ColRange(0, n), QSeq: in.Seqs, Heads: l.Heads, Scale: l.Scale, Causal: true, Drop: s.Dropout(l.Drop)}
	if kv.IsZero() {
		a.K, a.V, a.KSeq = qkv.ColRange(n, 2*n), qkv.ColRange(2*n, 3*n), in.Seqs
	} else {
		s.Do(&gpu.Put{Dst: kv, Src: qkv.ColRange(n, 3*n), At: in.Slots})
		a.K, a.V, a.KSeq = kv.ColRange(0, n), kv.ColRange(n, 2*n), in.Keys
	}
	s.Do(&a)
	y = l.Out.Add(s, y, a.Dst, x)
	return l.FFN.Down.Add(s, z, l.FFN.Up.Forward(s, l.FFNNorm.Forward(s, s.Like(y), y)), y)
}
