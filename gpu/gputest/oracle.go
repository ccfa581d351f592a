package gputest

// The oracle: every operation as plain loops over host memory, written from the
// operations' doc comments. T is the type it computes in: float64 gives the values that
// backends are compared with, float32 the error that naive code has.

import (
	"fmt"
	"math"

	"github.com/rapt-go/rapt/gpu"
)

type real interface{ float32 | float64 }

// evaluate runs op, whose buffers are memories.
func evaluate[T real](op gpu.Op) error {
	switch op := op.(type) {
	case *gpu.Gemm:
		gemm[T](op)
	case *gpu.Norm:
		norm[T](op)
	case *gpu.Attention:
		attention[T](op)
	case *gpu.Embed:
		embed[T](op)
	case *gpu.Pointwise:
		pointwise[T](op)
	case *gpu.Softmax:
		softmax[T](op)
	case *gpu.Pool:
		pool[T](op)
	case *gpu.Put:
		put[T](op)
	case *gpu.Take:
		take(op)
	case *gpu.Cast:
		each(op.Dst, func(i, j int) { store(op.Dst, i, j, at[float64](op.X, i, j), 0, 0) })
	case *gpu.TopK:
		topK(op)
	case *gpu.Sample:
		sample(op)
	case *gpu.CrossEntropy:
		crossEntropy[T](op)
	case *gpu.Warp:
		warp(op)
	case *gpu.Scatter:
		scatter[T](op)
	case *gpu.Fill:
		each(op.Dst, func(i, j int) { store(op.Dst, i, j, op.Value, 0, 0) })
	case *gpu.NormGrad:
		normGrad[T](op)
	case *gpu.AttentionGrad:
		attentionGrad[T](op)
	case *gpu.EmbedGrad:
		embedGrad[T](op)
	default:
		return fmt.Errorf("%T: %w", op, gpu.ErrUnsupported)
	}
	return nil
}

func at[T real](t gpu.Tensor, i, j int) T {
	return T(t.Buf.(*memory).at(t.DType, t.Off+i*t.Stride+j))
}

func index(t gpu.Tensor, i, j int) int { return int(at[float64](t, i, j)) }

// opt is t[i,j], or without when t is absent.
func opt[T real](t gpu.Tensor, i, j int, without T) T {
	if t.IsZero() {
		return without
	}
	return at[T](t, i, j)
}

// store sets t[i,j], if t is present, with what its tolerance derives from.
func store[T real](t gpu.Tensor, i, j int, v T, mag, slack float64) {
	if !t.IsZero() {
		t.Buf.(*memory).set(t.DType, t.Off+i*t.Stride+j, float64(v), mag, slack)
	}
}

func each(t gpu.Tensor, f func(i, j int)) {
	for i := range t.Rows {
		for j := range t.Cols {
			f(i, j)
		}
	}
}

// load reads t before anything is written, so that outputs may lie over inputs.
func load[T real](t gpu.Tensor) [][]T {
	rows := make([][]T, t.Rows)
	for i := range rows {
		rows[i] = make([]T, t.Cols)
		for j := range rows[i] {
			rows[i][j] = at[T](t, i, j)
		}
	}
	return rows
}

func transposed[T real](a [][]T, cols int) [][]T {
	b := make([][]T, cols)
	for j := range b {
		b[j] = make([]T, len(a))
		for i := range a {
			b[j][i] = a[i][j]
		}
	}
	return b
}

// keep is what d multiplies element e by.
func keep[T real](d gpu.Drop, e int) T { return T(d.Keep(e)) }

// or1 is what a zero Alpha or Scale means.
func or1[T real](x float32) T {
	if x == 0 {
		return 1
	}
	return T(x)
}

func abs[T real](x T) float64 { return math.Abs(float64(x)) }

func exp[T real](x T) T  { return T(math.Exp(float64(x))) }
func sqrt[T real](x T) T { return T(math.Sqrt(float64(x))) }

// A sum adds to an output that holds something: gradients, Put and Pool with Add.
type sum[T real] struct {
	t          gpu.Tensor
	v          [][]T
	mag, slack [][]float64
}

func newSum[T real](t gpu.Tensor) *sum[T] {
	s := &sum[T]{t: t, v: load[T](t), mag: make([][]float64, t.Rows), slack: make([][]float64, t.Rows)}
	for i := range s.mag {
		s.mag[i], s.slack[i] = make([]float64, t.Cols), make([]float64, t.Cols)
	}
	return s
}

func (s *sum[T]) add(i, j int, v T, mag float64) {
	if s.t.IsZero() {
		return
	}
	if s.mag[i][j] == 0 {
		s.mag[i][j] = abs(s.v[i][j])
	}
	s.v[i][j] += v
	s.mag[i][j] += mag
	if s.t.DType != gpu.F32 { // each partial sum may be rounded to the stored type
		s.slack[i][j] += roundoff(s.t.DType) * s.mag[i][j]
	}
}

func (s *sum[T]) store() {
	each(s.t, func(i, j int) { store(s.t, i, j, s.v[i][j], s.mag[i][j], s.slack[i][j]) })
}
