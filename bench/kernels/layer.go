package main

import (
	"fmt"
	"io"

	"github.com/rapt-go/rapt/cuda/sim"
	"github.com/rapt-go/rapt/gpu"
)

// ragged is a batch of sentences.
var ragged = []int{37, 5, 64, 20, 2}

// A layer is one of BERT's, by its weights.
type layer struct {
	qkv, out, up, down     gpu.Tensor
	bQKV, bOut, bUp, bDown gpu.Tensor
	gain, bias             gpu.Tensor
}

func (r *rig) layer(dt gpu.DType) *layer {
	return &layer{
		r.weight(dt, gpu.Native, 3*width, width), r.weight(dt, gpu.Native, width, width), r.weight(dt, gpu.Native, ffn, width), r.weight(dt, gpu.Native, width, ffn),
		r.random(gpu.F32, 1, 3*width), r.random(gpu.F32, 1, width), r.random(gpu.F32, 1, ffn), r.random(gpu.F32, 1, width),
		r.random(gpu.F32, 1, width), r.random(gpu.F32, 1, width),
	}
}

// fused is the layer as model/bert runs it.
func (l *layer) fused(s *gpu.Stream, x gpu.Tensor, seqs gpu.Seqs) {
	defer s.Frame()()
	qkv, o, h, y := s.Temp(x.DType, x.Rows, 3*width), s.Like(x), s.Temp(x.DType, x.Rows, ffn), s.Like(x)
	s.Do(&gpu.Gemm{Dst: qkv, A: x, B: l.qkv, Bias: l.bQKV})
	q, k, v := parts(qkv)
	s.Do(&gpu.Attention{Dst: o, Q: q, K: k, V: v, QSeq: seqs, KSeq: seqs, Heads: heads})
	s.Do(&gpu.Gemm{Dst: y, A: o, B: l.out, Bias: l.bOut})
	s.Do(&gpu.Norm{Dst: y, X: y, Residual: x, Gain: l.gain, Bias: l.bias, Eps: 1e-12})
	s.Do(&gpu.Gemm{Dst: h, A: y, B: l.up, Bias: l.bUp, Act: gpu.GELU})
	s.Do(&gpu.Gemm{Dst: o, A: h, B: l.down, Bias: l.bDown})
	s.Do(&gpu.Norm{Dst: x, X: o, Residual: y, Gain: l.gain, Bias: l.bias, Eps: 1e-12})
}

func parts(qkv gpu.Tensor) (q, k, v gpu.Tensor) {
	return qkv.ColRange(0, width), qkv.ColRange(width, 2*width), qkv.ColRange(2*width, 3*width)
}

// naive is the same of sequences of length rows each, an operation at a time: bias, activation and residual of their
// own, scores and probabilities in memory, head by head.
func (l *layer) naive(s *gpu.Stream, x gpu.Tensor, length int) {
	defer s.Frame()()
	linear := func(x, w, bias gpu.Tensor) gpu.Tensor {
		y := s.Temp(x.DType, x.Rows, w.Rows)
		s.Do(&gpu.Gemm{Dst: y, A: x, B: w})
		bias.Rows, bias.Stride = y.Rows, 0
		s.Do(&gpu.Pointwise{Dst: y, X: y, Y: bias, Plus: true})
		return y
	}
	norm := func(dst, x, residual gpu.Tensor) {
		s.Do(&gpu.Pointwise{Dst: x, X: x, Y: residual, Plus: true})
		s.Do(&gpu.Norm{Dst: dst, X: x, Gain: l.gain, Bias: l.bias, Eps: 1e-12})
	}
	q, k, v := parts(linear(x, l.qkv, l.bQKV))
	o, scores := s.Like(x), s.Temp(x.DType, length, length)
	const d = width / heads
	for first := 0; first < x.Rows; first += length {
		for h := range heads {
			view := func(t gpu.Tensor) gpu.Tensor { return t.RowRange(first, first+length).ColRange(h*d, (h+1)*d) }
			s.Do(&gpu.Gemm{Dst: scores, A: view(q), B: view(k), Alpha: 0.125})
			s.Do(&gpu.Softmax{Dst: scores, X: scores})
			s.Do(&gpu.Gemm{Dst: view(o), A: scores, B: view(v), Form: gpu.NN})
		}
	}
	y := linear(o, l.out, l.bOut)
	norm(y, y, x)
	h := linear(y, l.up, l.bUp)
	s.Do(&gpu.Pointwise{Dst: h, X: h, F: gpu.GELU})
	norm(x, linear(h, l.down, l.bDown), y)
}

// layerTable writes what fusion and packing save.
func layerTable(w io.Writer, r *rig) error {
	fmt.Fprintf(w, "\n### A BERT layer\n\nBERT-base in bf16, a batch of sequences of %s tokens: as model/bert runs it, and an operation at a time on sequences padded to the longest.\n\n", lengths(ragged))
	fmt.Fprintln(w, "| | launches | instructions of warps | global bytes | distinct bytes |\n|---|---:|---:|---:|---:|")
	defer r.s.Frame()()
	l := r.layer(gpu.BF16)
	longest := 0
	for _, n := range ragged {
		longest = max(longest, n)
	}
	packed, padded := r.random(gpu.BF16, sum(ragged), width), r.random(gpu.BF16, longest*len(ragged), width)
	seqs := r.seqs(ragged...)
	var m [2]measurement
	var launches [2]int
	for i, run := range []func(){func() { l.fused(r.s, packed, seqs) }, func() { l.naive(r.s, padded, longest) }} {
		counters, err := r.count(run)
		if err != nil {
			return err
		}
		m[i], launches[i] = total(counters)
	}
	for i, name := range []string{"fused, packed", "unfused, padded"} {
		fmt.Fprintf(w, "| %s | %d | %d | %d | %d |\n", name, launches[i], m[i].warp, m[i].bytes, m[i].dram)
	}
	fmt.Fprintf(w, "| ratio | %.3f | %.3f | %.3f | %.3f |\n", float64(launches[0])/float64(launches[1]), float64(m[0].warp)/float64(m[1].warp),
		float64(m[0].bytes)/float64(m[1].bytes), float64(m[0].dram)/float64(m[1].dram))
	return nil
}

func total(counters []sim.Counters) (m measurement, launches int) {
	for i := range counters {
		m.add(&counters[i])
		launches += counters[i].Launches
	}
	return m, launches
}
