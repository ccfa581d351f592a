package cpu

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rapt-go/rapt/gpu"
)

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

// logits are as a language model makes them, of a vocabulary of GPT-2's size.
func (r *rig) logits() gpu.Tensor {
	x := r.random(50257)
	for i := range x {
		x[i] = 3*x[i] - 30
	}
	return r.floats(1, len(x), x)
}

func BenchmarkSample(b *testing.B) {
	for _, k := range []float32{0, 40} {
		r := newRig(b)
		x := r.logits()
		r.do(&gpu.Warp{Dst: x, X: x, Params: r.floats(1, gpu.WarpParams, []float32{0, k, 0, 0, 0, 0, 0, 0})})
		op := &gpu.Sample{Index: r.s.Temp(gpu.I32, 1, 1), X: x, Seed: r.intRows(1, []int32{1, 2})}
		b.Run(fmt.Sprintf("be=cpu/dt=f32/m=1/n=50257/left=%v", k), func(b *testing.B) { r.run(b, op, float64(gpu.Cost(op).Bytes), "GB/s") })
	}
}

func BenchmarkTopK(b *testing.B) {
	for _, k := range []int{1, 8, 64} {
		r := newRig(b)
		op := &gpu.TopK{Index: r.s.Temp(gpu.I32, 1, k), X: r.logits()}
		b.Run(fmt.Sprintf("be=cpu/dt=f32/m=1/n=50257/k=%d", k), func(b *testing.B) { r.run(b, op, float64(gpu.Cost(op).Bytes), "GB/s") })
	}
}

func BenchmarkCrossEntropy(b *testing.B) {
	r := newRig(b)
	op := &gpu.CrossEntropy{Loss: r.s.Temp(gpu.F32, 1, 1), X: r.logits(), Target: r.ints(7)}
	b.Run("be=cpu/dt=f32/m=1/n=50257", func(b *testing.B) { r.run(b, op, float64(gpu.Cost(op).Bytes), "GB/s") })
}

func BenchmarkWarp(b *testing.B) {
	for name, p := range map[string][]float32{
		"temperature": {0.7, 0, 0, 0, 0, 0, 0, 0}, "top_k=40": {0, 40, 0, 0, 0, 0, 0, 0}, "top_p=0.9": {0, 0, 0.9, 0, 0, 0, 0, 0},
		"min_p=0.05": {0, 0, 0, 0.05, 0, 0, 0, 0}, "typical_p=0.9": {0, 0, 0, 0, 0.9, 0, 0, 0}, "eta=0.001": {0, 0, 0, 0, 0, 0, 0.001, 0},
		"usual": {0.8, 40, 0.95, 0, 0, 0, 0, 0}, "greedy": {0, 0, 0, 0, 0, 0, 0, 1},
	} {
		r := newRig(b)
		op := &gpu.Warp{Dst: r.s.Temp(gpu.F32, 1, 50257), X: r.logits(), Params: r.floats(1, gpu.WarpParams, p)}
		b.Run("be=cpu/dt=f32/m=1/n=50257/"+name, func(b *testing.B) { r.run(b, op, float64(gpu.Cost(op).Bytes), "GB/s") })
	}
}

func BenchmarkPrepare(b *testing.B) {
	for _, trans := range []bool{false, true} {
		b.Run(fmt.Sprintf("be=cpu/host=f32/trans=%v/rows=3072/cols=768", trans), func(b *testing.B) {
			r := newRig(b)
			src := strings.NewReader(strings.Repeat("\x00\x00\x80\x3f", 3072*768))
			for b.Loop() {
				t, err := r.b.Prepare(gpu.F32, gpu.Native, gpu.Host{Src: src, Rows: 3072, Cols: 768, Trans: trans})
				if err != nil {
					b.Fatal(err)
				}
				r.b.Free(t.Buf)
			}
			b.ReportMetric(4*3072*768*float64(b.N)/b.Elapsed().Seconds()/1e9, "GB/s")
		})
	}
}
