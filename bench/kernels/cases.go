package main

import (
	"fmt"
	"strings"

	"github.com/rapt-go/rapt/gpu"
)

// A row is an operation at a representative size.
type row struct {
	name, shape string
	dt          gpu.DType
	build       func(r *rig) gpu.Op
}

// most is the budget of a row's bytes ÷ ideal.
func (x *row) most() float64 {
	switch {
	case strings.HasSuffix(x.name, "with distances"):
		return 1.20 // a column of the table of distances is a sector for each of its elements
	case strings.HasPrefix(x.name, "TopK"):
		return 5.05 // a reading of the row for each of four digits of the radix select and one of what is found, all but the first from the cache
	case strings.HasPrefix(x.name, "Warp ") && x.name != "Warp temperature":
		return 5.05 // two filters read dst three times each, or one three times and once for a mean, and one more reading cuts: see kernels/cu/warp.cu
	}
	return 1.05
}

const (
	width, ffn, heads = 768, 3072, 12 // BERT-base
	tokens            = 128
)

// rows are the operations of encoders, and those that serve their heads.
func rows() (all []row) {
	add := func(name, shape string, dt gpu.DType, build func(r *rig) gpu.Op) {
		all = append(all, row{name, shape, dt, build})
	}
	gemm := func(what string, m, n, k int, dt gpu.DType, f gpu.Format, with func(r *rig, op *gpu.Gemm)) {
		add("Gemm "+what, fmt.Sprintf("m %d, n %d, k %d", m, n, k), dt, func(r *rig) gpu.Op {
			op := &gpu.Gemm{Dst: r.s.Temp(dt, m, n), A: r.random(dt, m, k), B: r.weight(dt, f, n, k), Bias: r.random(gpu.F32, 1, n)}
			if with != nil {
				with(r, op)
			}
			return op
		})
	}
	residual := func(r *rig, op *gpu.Gemm) { op.Add = r.random(op.Dst.DType, op.Dst.Rows, op.Dst.Cols) }
	act := func(_ *rig, op *gpu.Gemm) { op.Act = gpu.GELU }
	gated := func(r *rig, op *gpu.Gemm) {
		op.Act = gpu.SiLU
		op.Up, op.UpBias = r.weight(op.B.DType, op.B.Format, op.B.Rows, op.B.Cols), r.random(gpu.F32, 1, op.B.Rows)
	}
	for _, dt := range []gpu.DType{gpu.BF16, gpu.F32} {
		gemm("Q, K, V", tokens, 3*width, width, dt, gpu.Native, nil)
		gemm("with residual", tokens, width, width, dt, gpu.Native, residual)
		gemm("with GELU", tokens, ffn, width, dt, gpu.Native, act)
		gemm("down", tokens, width, ffn, dt, gpu.Native, nil)
		gemm("of few rows", 8, ffn, width, dt, gpu.Native, nil)
	}
	gemm("gated", tokens, 1024, 512, gpu.BF16, gpu.Native, gated)
	gemm("fast", tokens, width, width, gpu.F32, gpu.Fast, nil)

	attend := func(what string, dt gpu.DType, d int, q, k []int, with func(r *rig, op *gpu.Attention)) {
		add("Attention "+what, fmt.Sprintf("%d heads of %d, %s queries, %s keys", heads*64/d, d, lengths(q), lengths(k)), dt, func(r *rig) gpu.Op {
			n := width
			qs, ks := r.seqs(q...), r.seqs(k...)
			if what == "" {
				ks = qs
			}
			kv := r.random(dt, sum(k), 2*n)
			op := &gpu.Attention{Dst: r.s.Temp(dt, sum(q), n), Q: r.random(dt, sum(q), n), K: kv.ColRange(0, n), V: kv.ColRange(n, 2*n), QSeq: qs, KSeq: ks, Heads: n / d}
			if with != nil {
				with(r, op)
			}
			return op
		})
	}
	for _, dt := range []gpu.DType{gpu.BF16, gpu.F32} {
		attend("", dt, 64, []int{128}, []int{128}, nil)
		attend("", dt, 32, []int{128}, []int{128}, nil)
	}
	attend("", gpu.BF16, 128, []int{256}, []int{256}, nil)
	attend("causal", gpu.BF16, 64, []int{256}, []int{256}, func(_ *rig, op *gpu.Attention) { op.Causal = true })
	attend("with distances", gpu.BF16, 64, []int{128}, []int{128}, func(r *rig, op *gpu.Attention) { op.Bias = r.random(gpu.F32, 257, op.Heads) })
	attend("of one query", gpu.BF16, 64, []int{1, 1}, []int{1024, 300}, nil)

	for _, dt := range []gpu.DType{gpu.BF16, gpu.F32} {
		add("Norm with residual", fmt.Sprintf("%d×%d", tokens, width), dt, func(r *rig) gpu.Op {
			return &gpu.Norm{Dst: r.s.Temp(dt, tokens, width), X: r.random(dt, tokens, width), Residual: r.random(dt, tokens, width),
				Gain: r.random(gpu.F32, 1, width), Bias: r.random(gpu.F32, 1, width), Eps: 1e-12}
		})
		add("Embed", fmt.Sprintf("%d×%d", tokens, width), dt, func(r *rig) gpu.Op {
			ids := make([]int32, tokens)
			for i := range ids {
				ids[i] = int32(i)
			}
			at := r.ints(ids...)
			return &gpu.Embed{Dst: r.s.Temp(dt, tokens, width), Table: r.random(dt, tokens, width), IDs: at, Pos: r.random(dt, tokens, width), Positions: at,
				Type: r.random(dt, tokens, width), Types: at}
		})
		add("Softmax", "4×4096", dt, func(r *rig) gpu.Op { return &gpu.Softmax{Dst: r.s.Temp(dt, 4, 4096), X: r.random(dt, 4, 4096)} })
		add("Pointwise GELU", fmt.Sprintf("%d×%d", tokens, width), dt, func(r *rig) gpu.Op {
			return &gpu.Pointwise{Dst: r.s.Temp(dt, tokens, width), X: r.random(dt, tokens, width), F: gpu.GELU}
		})
		add("Pool Mean", fmt.Sprintf("%d×%d in two", tokens, width), dt, func(r *rig) gpu.Op {
			return &gpu.Pool{Dst: r.s.Temp(dt, 2, width), X: r.random(dt, tokens, width), Seqs: r.seqs(50, 78), Kind: gpu.Mean}
		})
		add("Take", fmt.Sprintf("%d×%d", tokens, width), dt, func(r *rig) gpu.Op {
			return &gpu.Take{Dst: r.s.Temp(dt, 8, width), Src: r.random(dt, tokens, width), At: r.ints(3, 1, 4, 100, 5, 9, 2, 6)}
		})
	}
	add("Cast", fmt.Sprintf("%d×%d", tokens, width), gpu.BF16, func(r *rig) gpu.Op {
		return &gpu.Cast{Dst: r.s.Temp(gpu.BF16, tokens, width), X: r.random(gpu.F32, tokens, width)}
	})
	add("TopK 10", "1×30522", gpu.F32, func(r *rig) gpu.Op {
		return &gpu.TopK{Index: r.s.Temp(gpu.I32, 1, 10), Value: r.s.Temp(gpu.F32, 1, 10), X: r.random(gpu.F32, 1, 30522)}
	})
	add("Sample", "1×30522", gpu.F32, func(r *rig) gpu.Op {
		seed := r.s.Temp(gpu.I32, 1, 2)
		gpu.Write(r.s, seed, []int32{1, 2})
		return &gpu.Sample{Index: r.s.Temp(gpu.I32, 1, 1), X: r.random(gpu.F32, 1, 30522), Seed: seed}
	})
	add("CrossEntropy", "4×30522", gpu.F32, func(r *rig) gpu.Op {
		target := r.s.Temp(gpu.I32, 4, 1)
		gpu.Write(r.s, target, []int32{7, 30521, -1, 0})
		return &gpu.CrossEntropy{Loss: r.s.Temp(gpu.F32, 4, 1), X: r.random(gpu.F32, 4, 30522), Target: target}
	})
	for _, w := range []struct {
		what   string
		params [gpu.WarpParams]float32
	}{
		{"temperature", [...]float32{gpu.WarpTemperature: 0.7, gpu.WarpGreedy: 0}},
		{"top_k, top_p", [...]float32{gpu.WarpTopK: 40, gpu.WarpTopP: 0.9, gpu.WarpGreedy: 0}},
		{"typical_p", [...]float32{gpu.WarpTypicalP: 0.9, gpu.WarpGreedy: 0}},
	} {
		add("Warp "+w.what, "1×30522", gpu.F32, func(r *rig) gpu.Op {
			params := r.s.Temp(gpu.F32, 1, gpu.WarpParams)
			gpu.Write(r.s, params, w.params[:])
			return &gpu.Warp{Dst: r.s.Temp(gpu.F32, 1, 30522), X: r.random(gpu.F32, 1, 30522), Params: params}
		})
	}
	return all
}

func sum(v []int) (n int) {
	for _, x := range v {
		n += x
	}
	return n
}

func lengths(v []int) string {
	s := ""
	for i, n := range v {
		if i > 0 {
			s += "+"
		}
		s += fmt.Sprint(n)
	}
	return s
}
