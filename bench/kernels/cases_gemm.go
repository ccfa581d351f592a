package main

import (
	"fmt"

	"github.com/rapt-go/rapt/gpu"
)

// gemm is a product under a bias, and with what an operation adds to it.
func gemm(what string, m, n, k int, dt gpu.DType, f gpu.Format, with func(r *rig, op *gpu.Gemm)) row {
	return row{"Gemm " + what, fmt.Sprintf("m %d, n %d, k %d", m, n, k), dt, func(r *rig) gpu.Op {
		op := &gpu.Gemm{Dst: r.s.Temp(dt, m, n), A: r.random(dt, m, k), B: r.weight(dt, f, n, k), Bias: r.random(gpu.F32, 1, n)}
		if with != nil {
			with(r, op)
		}
		return op
	}}
}

func withResidual(r *rig, op *gpu.Gemm) {
	op.Add = r.random(op.Dst.DType, op.Dst.Rows, op.Dst.Cols)
}

func withGELU(_ *rig, op *gpu.Gemm) { op.Act = gpu.GELU }

func gated(r *rig, op *gpu.Gemm) {
	op.Act = gpu.SiLU
	op.Up, op.UpBias = r.weight(op.B.DType, op.B.Format, op.B.Rows, op.B.Cols), r.random(gpu.F32, 1, op.B.Rows)
}

// gemmRows are the products of BERT-base, one of T5's, and one in the opt-in precision. Those of f32 have fewer tokens where that is
// much work for a simulator.
func gemmRows() (all []row) {
	for _, dt := range floats {
		fewer := tokens
		if dt == gpu.F32 {
			fewer = tokens / 4
		}
		all = append(all,
			gemm("Q, K, V", fewer, 3*width, width, dt, gpu.Native, nil),
			gemm("with residual", tokens, width, width, dt, gpu.Native, withResidual),
			gemm("with GELU", fewer, ffn, width, dt, gpu.Native, withGELU),
			gemm("down", fewer, width, ffn, dt, gpu.Native, nil),
			gemm("of few rows", 8, ffn, width, dt, gpu.Native, nil),
			gemm("gated", fewer, 1024, 512, dt, gpu.Native, gated))
	}
	return append(all, gemm("fast", tokens, width, width, gpu.F32, gpu.Fast, nil))
}
