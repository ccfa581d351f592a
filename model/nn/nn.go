// Package nn is the handful of layers every transformer is made of. A layer is a
// plain struct of weights, whose methods issue operations to a stream; a Load
// function reads it under the names that checkpoints give it.
package nn

import (
	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model"
)

// A Linear computes act(x·Weightᵀ + Bias), and dropout of it while training.
type Linear struct {
	Weight, Bias gpu.Tensor // [n,k], [1,n]; Bias optional
	Act          gpu.Act
	Drop         float32
}

// LoadLinear reads PyTorch's nn.Linear from k to n: "weight" and "bias".
func LoadLinear(w *model.Weights, n, k int) Linear {
	return Linear{Weight: w.Matrix(n, k, "weight"), Bias: w.Vector(n, "bias")}
}

// Forward returns act(x·Weightᵀ + Bias), in x's type.
func (l Linear) Forward(s *gpu.Stream, x gpu.Tensor) gpu.Tensor {
	return l.forward(s, s.Temp(x.DType, x.Rows, l.Weight.Rows), x)
}

// Logits is Forward in F32: what a head gives.
func (l Linear) Logits(s *gpu.Stream, x gpu.Tensor) gpu.Tensor {
	return l.forward(s, s.Temp(gpu.F32, x.Rows, l.Weight.Rows), x)
}

func (l Linear) forward(s *gpu.Stream, y, x gpu.Tensor) gpu.Tensor {
	s.Do(&gpu.Gemm{Dst: y, A: x, B: l.Weight, Bias: l.Bias, Act: l.Act, Drop: s.Dropout(l.Drop)})
	return y
}

// Add sets y to the layer's output, dropout included, plus residual, and returns it. y may be residual.
func (l Linear) Add(s *gpu.Stream, y, x, residual gpu.Tensor) gpu.Tensor {
	s.Do(&gpu.Gemm{Dst: y, A: x, B: l.Weight, Bias: l.Bias, Act: l.Act, Drop: s.Dropout(l.Drop), Add: residual})
	return y
}

// A Norm is layer norm.
type Norm struct {
	Gain, Bias gpu.Tensor // [1,n]
	Eps        float32
	Drop       float32 // of x, in Add
}

// LoadNorm reads a layer norm of n: "weight" and "bias".
func LoadNorm(w *model.Weights, n int, eps float32) Norm {
	return Norm{Gain: w.Vector(n, "weight"), Bias: w.Vector(n, "bias"), Eps: eps}
}

// Forward sets y to the norm of x and returns it. y may be x.
func (n Norm) Forward(s *gpu.Stream, y, x gpu.Tensor) gpu.Tensor {
	s.Do(&gpu.Norm{Dst: y, X: x, Gain: n.Gain, Bias: n.Bias, Eps: n.Eps})
	return y
}

// Add sets y to the norm of x + residual and returns it. y may be either.
func (n Norm) Add(s *gpu.Stream, y, x, residual gpu.Tensor) gpu.Tensor {
	s.Do(&gpu.Norm{Dst: y, X: x, Residual: residual, Gain: n.Gain, Bias: n.Bias, Eps: n.Eps, Drop: s.Dropout(n.Drop)})
	return y
}

// An Embedding sums what its tables say of a token: its word, position and type.
type Embedding struct {
	Words, Positions, Types gpu.Tensor // [·,n]; Types optional
	Drop                    float32
}

// Forward returns the sums [tokens, n], in the type of Words.
func (e Embedding) Forward(s *gpu.Stream, in model.Batch) gpu.Tensor {
	x := s.Temp(e.Words.DType, in.IDs.Cols, e.Words.Cols)
	s.Do(&gpu.Embed{Dst: x, Table: e.Words, IDs: in.IDs,
		Pos: e.Positions, Positions: in.Positions, Type: e.Types, Types: in.Types, Drop: s.Dropout(e.Drop)})
	return x
}

// An Attention is multi-head attention between two projections.
type Attention struct {
	QKV, Out Linear // [3n,n], [n,n]
	Heads    int
	Drop     float32 // of probabilities
}

// Self lets every token of each sequence attend to all tokens of it.
func (a Attention) Self(s *gpu.Stream, x gpu.Tensor, seqs gpu.Seqs) gpu.Tensor {
	qkv, n := a.QKV.Forward(s, x), x.Cols
	y := s.Like(x)
	s.Do(&gpu.Attention{Dst: y, Q: qkv.ColRange(0, n), K: qkv.ColRange(n, 2*n), V: qkv.ColRange(2*n, 3*n),
		QSeq: seqs, KSeq: seqs, Heads: a.Heads, Drop: s.Dropout(a.Drop)})
	return a.Out.Forward(s, y)
}

// A FFN is a feed-forward layer: up, an activation, and down.
type FFN struct{ Up, Down Linear }

// Forward returns Down(Up(x)).
func (f FFN) Forward(s *gpu.Stream, x gpu.Tensor) gpu.Tensor {
	return f.Down.Forward(s, f.Up.Forward(s, x))
}
