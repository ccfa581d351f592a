package gputest

import (
	"fmt"
	"math"

	"github.com/rapt-go/rapt/gpu"
)

// normCase is a Norm of random operands with a Gain and a Bias; with changes it.
func normCase(name string, dt gpu.DType, m, n int, with func(e *Env, op *gpu.Norm)) Case {
	return Case{Name: fmt.Sprintf("Norm/%s/m=%d/n=%d/dt=%v", name, m, n, dt), Build: func(e *Env) gpu.Op {
		op := &gpu.Norm{Dst: e.Out(dt, m, n), X: e.Rand(dt, m, n), Gain: e.Rand(gpu.F32, 1, n), Bias: e.Rand(gpu.F32, 1, n), Eps: 1e-5}
		if with != nil {
			with(e, op)
		}
		return op
	}}
}

func residual(e *Env, op *gpu.Norm) { op.Residual = e.Rand(op.X.DType, op.X.Rows, op.X.Cols) }

func normCases() (cases []Case) {
	for _, dt := range floatTypes {
		for _, n := range []int{64, 128, 384, 768} {
			cases = append(cases, normCase("residual", dt, 5, n, residual))
		}
		cases = append(cases,
			normCase("f32", dt, 3, 33, func(e *Env, op *gpu.Norm) { op.Dst = e.Out(gpu.F32, 3, 33) }),
			normCase("dst=x", dt, 3, 33, func(e *Env, op *gpu.Norm) { residual(e, op); op.Dst = op.X }),
			normCase("dst=residual", dt, 3, 33, func(e *Env, op *gpu.Norm) { residual(e, op); op.Dst = op.Residual }),
			normCase("sum", dt, 3, 33, func(e *Env, op *gpu.Norm) { residual(e, op); op.Sum = e.Out(dt, 3, 33) }),
			normCase("sum=x", dt, 3, 33, func(e *Env, op *gpu.Norm) { residual(e, op); op.Sum = op.X }),
			normCase("sum=residual,dst=x", dt, 3, 33, func(e *Env, op *gpu.Norm) { residual(e, op); op.Sum, op.Dst = op.Residual, op.X }),
			normCase("rms", dt, 4, 96, func(e *Env, op *gpu.Norm) { op.RMS, op.Bias = true, gpu.Tensor{} }),
		)
	}
	for _, n := range tails {
		cases = append(cases, normCase("tail", gpu.F32, 3, n, residual))
	}
	cases = append(cases, normEdges()...)
	for _, n := range []int{1, 5, 33, 64} {
		for _, rms := range []bool{false, true} {
			c := normCase(fmt.Sprintf("grad,rms=%v", rms), gpu.F32, 4, n, func(e *Env, op *gpu.Norm) {
				residual(e, op)
				op.RMS, op.Drop = rms, gpu.Drop{Rate: 0.25, Key: 99}
			})
			c.Grad = true
			cases = append(cases, c)
		}
	}
	plain := normCase("grad,plain", gpu.F32, 3, 12, func(_ *Env, op *gpu.Norm) { op.Gain, op.Bias = gpu.Tensor{}, gpu.Tensor{} })
	plain.Grad = true
	return append(cases, plain)
}

func normEdges() []Case {
	fill := func(f func(e *Env, i, j int) float64) func(e *Env, op *gpu.Norm) {
		return func(e *Env, op *gpu.Norm) { e.Fill(op.X, func(i, j int) float64 { return f(e, i, j) }) }
	}
	normal := func(mean, sigma float64) func(e *Env, op *gpu.Norm) {
		return fill(func(e *Env, _, _ int) float64 { return mean + sigma*e.rnd.NormFloat64() })
	}
	return []Case{
		normCase("no rows", gpu.F32, 0, 7, nil),
		normCase("no gain", gpu.F32, 3, 21, func(_ *Env, op *gpu.Norm) { op.Gain = gpu.Tensor{} }),
		normCase("no bias", gpu.F32, 3, 21, func(_ *Env, op *gpu.Norm) { op.Bias = gpu.Tensor{} }),
		normCase("stat", gpu.F32, 3, 21, func(e *Env, op *gpu.Norm) { residual(e, op); op.Stat = e.Out(gpu.F32, 3, 2) }),
		normCase("rms stat", gpu.F32, 3, 21, func(e *Env, op *gpu.Norm) { op.Stat, op.RMS = e.Out(gpu.F32, 3, 2), true }),
		normCase("drop", gpu.F32, 7, 40, func(e *Env, op *gpu.Norm) {
			residual(e, op)
			op.Drop, op.Sum = gpu.Drop{Rate: 0.4, Key: 1 << 40}, e.Out(gpu.F32, 7, 40)
		}),
		normCase("constant", gpu.F32, 3, 64, fill(func(_ *Env, i, _ int) float64 { return float64(i) - 0.5 })),
		normCase("eps=1e-12", gpu.F32, 4, 48, func(e *Env, op *gpu.Norm) { op.Eps = 1e-12; normal(0, 1e-5)(e, op) }),
		normCase("eps=0", gpu.F32, 4, 48, func(e *Env, op *gpu.Norm) { op.Eps = 0; normal(0, 1e-10)(e, op) }),
		normCase("eps=10", gpu.F32, 4, 48, func(_ *Env, op *gpu.Norm) { op.Eps = 10 }),
		normCase("tiny", gpu.F32, 4, 48, normal(0, 1e-3)),
		normCase("huge", gpu.F32, 4, 48, normal(0, 1e15)),
		normCase("far", gpu.F32, 4, 256, normal(1000, 0.1)),
		normCase("residual far", gpu.F32, 4, 256, func(e *Env, op *gpu.Norm) {
			normal(3000, 1)(e, op)
			op.Residual = e.Make(gpu.F32, 4, 256, func(int, int) float64 { return -3000 + e.rnd.NormFloat64() })
		}),
		normCase("outlier", gpu.F32, 4, 384, fill(func(e *Env, _, j int) float64 {
			if j == 300 {
				return 500
			}
			return e.rnd.NormFloat64()
		})),
		normCase("nan", gpu.F32, 4, 33, func(e *Env, op *gpu.Norm) { e.spoil(op.X, 2, 32) }),
		normCase("nan drop", gpu.F32, 2, 33, func(e *Env, op *gpu.Norm) {
			op.Drop, op.Sum = gpu.Drop{Rate: 0.5, Key: 21}, e.Out(gpu.F32, 2, 33)
			e.spoilRow(op.X, 1)
		}),
		normCase("nan=residual", gpu.F32, 4, 33, func(e *Env, op *gpu.Norm) { residual(e, op); e.spoil(op.Residual, 0, 0) }),
		normCase("nan=gain", gpu.F32, 4, 33, func(e *Env, op *gpu.Norm) { e.spoil(op.Gain, 0, 7) }),
		normCase("inf", gpu.F32, 4, 33, func(e *Env, op *gpu.Norm) {
			op.X.Buf.(*memory).set(gpu.F32, op.X.Off+op.X.Stride, math.Inf(1), 0, 0)
		}),
	}
}
