package cpu

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/rapt-go/rapt/gpu"
)

// A rig is a backend, a stream on it, and a source of operands.
type rig struct {
	testing.TB
	b   *Backend
	s   *gpu.Stream
	rng *rand.Rand
}

func newRig(t testing.TB, opts ...Option) *rig {
	b, err := Open(opts...)
	if err != nil {
		t.Fatal(err)
	}
	return rigOn(t, b)
}

func rigOn(t testing.TB, b *Backend) *rig {
	s, err := gpu.NewStream(b)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		b.Close()
	})
	return &rig{t, b, s, rand.New(rand.NewPCG(1, 2))}
}

// random returns normally distributed floats.
func (r *rig) random(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.rng.NormFloat64())
	}
	return x
}

func (r *rig) matrix(rows, cols int) gpu.Tensor { return r.floats(rows, cols, r.random(rows*cols)) }

func (r *rig) floats(rows, cols int, x []float32) gpu.Tensor {
	t := r.s.Temp(gpu.F32, rows, cols)
	gpu.Write(r.s, t, x)
	return t
}

func (r *rig) ints(x ...int32) gpu.Tensor { return r.intRows(1, x) }

func (r *rig) intRows(rows int, x []int32) gpu.Tensor {
	t := r.s.Temp(gpu.I32, rows, len(x)/rows)
	gpu.Write(r.s, t, x)
	return t
}

// seqs are sequences one after the other.
func (r *rig) seqs(lens ...int32) gpu.Seqs {
	s := gpu.Seqs{N: len(lens), Len: r.ints(lens...)}
	start, at := make([]int32, len(lens)), int32(0)
	for i, n := range lens {
		start[i], at = at, at+n
		s.Max = max(s.Max, int(n))
	}
	s.Start = r.ints(start...)
	return s
}

func (r *rig) do(op gpu.Op) {
	r.Helper()
	if r.s.Do(op); r.s.Err() != nil {
		r.Fatal(r.s.Err())
	}
}

// run measures op, which works through so many units.
func (r *rig) run(b *testing.B, op gpu.Op, work float64, unit string) {
	r.do(op)
	for b.Loop() {
		r.s.Do(op)
	}
	if r.s.Err() != nil {
		b.Fatal(r.s.Err())
	}
	b.ReportMetric(work*float64(b.N)/b.Elapsed().Seconds()/1e9, unit)
}

func BenchmarkGemm(b *testing.B) {
	for _, f := range []gpu.Format{gpu.Native, gpu.Plain} {
		for _, s := range [][3]int{{512, 768, 768}, {512, 3072, 768}, {512, 768, 3072}, {1, 768, 768}, {1, 3072, 768}, {1, 50257, 768}} {
			b.Run(fmt.Sprintf("be=cpu/dt=f32/fmt=%v/m=%d/n=%d/k=%d", f, s[0], s[1], s[2]), func(b *testing.B) {
				r := newRig(b)
				op := &gpu.Gemm{Dst: r.s.Temp(gpu.F32, s[0], s[1]), A: r.matrix(s[0], s[2]), B: r.weight(f, s[1], s[2], r.random(s[1]*s[2]))}
				r.run(b, op, float64(gpu.Cost(op).FLOPs), "GFLOP/s")
			})
		}
	}
	for _, form := range []gpu.Form{gpu.NN, gpu.TN} {
		b.Run(fmt.Sprintf("be=cpu/dt=f32/form=%d/m=512/n=512/k=512", form), func(b *testing.B) {
			r := newRig(b)
			op := &gpu.Gemm{Dst: r.s.Temp(gpu.F32, 512, 512), A: r.matrix(512, 512), B: r.matrix(512, 512), Form: form}
			r.run(b, op, float64(gpu.Cost(op).FLOPs), "GFLOP/s")
		})
	}
}

func BenchmarkAttention(b *testing.B) {
	for _, s := range []struct {
		q, k, n int
		causal  bool
	}{{128, 128, 4, false}, {512, 512, 1, false}, {512, 512, 1, true}, {1, 512, 8, true}} {
		b.Run(fmt.Sprintf("be=cpu/dt=f32/seqs=%d/q=%d/k=%d/heads=12/d=64/causal=%v", s.n, s.q, s.k, s.causal), func(b *testing.B) {
			r := newRig(b)
			op := r.attention(s.n, s.q, s.k, 12, 64)
			op.Causal = s.causal
			r.run(b, op, float64(gpu.Cost(op).FLOPs), "GFLOP/s")
		})
	}
}

// attention is one of n sequences, all as long.
func (r *rig) attention(n, q, k, heads, d int) *gpu.Attention {
	lens := func(l int) []int32 {
		x := make([]int32, n)
		for i := range x {
			x[i] = int32(l)
		}
		return x
	}
	return &gpu.Attention{Dst: r.s.Temp(gpu.F32, n*q, heads*d), Q: r.matrix(n*q, heads*d), K: r.matrix(n*k, heads*d), V: r.matrix(n*k, heads*d),
		QSeq: r.seqs(lens(q)...), KSeq: r.seqs(lens(k)...), Heads: heads}
}

func BenchmarkNorm(b *testing.B) {
	r := newRig(b)
	op := &gpu.Norm{Dst: r.s.Temp(gpu.F32, 512, 768), X: r.matrix(512, 768), Residual: r.matrix(512, 768), Gain: r.matrix(1, 768), Bias: r.matrix(1, 768), Eps: 1e-12}
	b.Run("be=cpu/dt=f32/m=512/n=768", func(b *testing.B) { r.run(b, op, float64(gpu.Cost(op).Bytes), "GB/s") })
}

func BenchmarkSoftmax(b *testing.B) {
	r := newRig(b)
	op := &gpu.Softmax{Dst: r.s.Temp(gpu.F32, 64, 4096), X: r.matrix(64, 4096)}
	b.Run("be=cpu/dt=f32/m=64/n=4096", func(b *testing.B) { r.run(b, op, float64(gpu.Cost(op).Bytes), "GB/s") })
}

func BenchmarkAct(b *testing.B) {
	for f := range gpu.Acts {
		b.Run(fmt.Sprintf("be=cpu/dt=f32/f=%v/m=512/n=3072", f), func(b *testing.B) {
			r := newRig(b)
			op := &gpu.Pointwise{Dst: r.s.Temp(gpu.F32, 512, 3072), X: r.matrix(512, 3072), F: f}
			r.run(b, op, float64(gpu.Cost(op).Bytes), "GB/s")
		})
	}
}

func BenchmarkSample(b *testing.B) {
	r := newRig(b)
	op := &gpu.Sample{Index: r.s.Temp(gpu.I32, 1, 1), X: r.matrix(1, 50257), Seed: r.intRows(1, []int32{1, 2})}
	b.Run("be=cpu/dt=f32/m=1/n=50257", func(b *testing.B) { r.run(b, op, float64(gpu.Cost(op).Bytes), "GB/s") })
}

func BenchmarkTopK(b *testing.B) {
	r := newRig(b)
	op := &gpu.TopK{Index: r.s.Temp(gpu.I32, 1, 50), X: r.matrix(1, 50257)}
	b.Run("be=cpu/dt=f32/m=1/n=50257/k=50", func(b *testing.B) { r.run(b, op, float64(gpu.Cost(op).Bytes), "GB/s") })
}

// weight prepares a weight of the given rows.
func (r *rig) weight(f gpu.Format, rows, cols int, x []float32) gpu.Tensor {
	b := make([]byte, 0, 4*len(x))
	for _, v := range x {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	t, err := r.b.Prepare(gpu.F32, f, gpu.Host{Src: strings.NewReader(string(b)), DType: gpu.HostF32, Rows: rows, Cols: cols})
	if err != nil {
		r.Fatal(err)
	}
	return t
}
