package gputest

import (
	"fmt"
	"math"

	"github.com/rapt-go/rapt/gpu"
)

func pointwiseCases() (cases []Case) {
	add := func(name string, dt gpu.DType, m, n int, build func(e *Env, op *gpu.Pointwise)) {
		cases = append(cases, Case{Name: fmt.Sprintf("Pointwise/%s/m=%d/n=%d/dt=%v", name, m, n, dt), Build: func(e *Env) gpu.Op {
			op := &gpu.Pointwise{Dst: e.Out(dt, m, n), X: e.Scaled(dt, m, n, 3)}
			build(e, op)
			return op
		}})
	}
	like := func(e *Env, op *gpu.Pointwise) gpu.Tensor { return e.Rand(op.X.DType, op.X.Rows, op.X.Cols) }
	for a := range gpu.Acts {
		for _, dt := range floatTypes {
			add(a.String(), dt, 3, 37, func(_ *Env, op *gpu.Pointwise) { op.F = a })
		}
		add(a.String()+" range", gpu.F32, 2, 600, func(e *Env, op *gpu.Pointwise) { // from −30 to 30, and outwards
			op.F = a
			e.Fill(op.X, func(i, j int) float64 {
				x := (float64(j) - 299.5) / 10
				return x * math.Pow(math.Abs(x)+0.1, float64(3*i))
			})
		})
	}
	add("nan drop", gpu.F32, 2, 9, func(e *Env, op *gpu.Pointwise) {
		op.Drop = gpu.Drop{Rate: 0.5, Key: 21}
		e.spoilRow(op.X, 1)
	})
	for a := range gpu.NoActGrad {
		add(a.String()+" nan", gpu.F32, 2, 9, func(e *Env, op *gpu.Pointwise) { op.F = a; e.spoil(op.X, 1, 8) })
	}
	for _, dt := range floatTypes {
		add("product", dt, 3, 33, func(e *Env, op *gpu.Pointwise) { op.Y, op.F = like(e, op), gpu.GELUGrad })
		add("plus", dt, 3, 33, func(e *Env, op *gpu.Pointwise) { op.Y, op.Plus, op.F = like(e, op), true, gpu.Tanh })
		add("plus nothing", dt, 3, 33, func(e *Env, op *gpu.Pointwise) { op.Plus = true })
		add("dst=x", dt, 3, 33, func(e *Env, op *gpu.Pointwise) { op.Y, op.Dst = like(e, op), op.X })
		add("dst=y", dt, 3, 33, func(e *Env, op *gpu.Pointwise) { op.Y = like(e, op); op.Dst, op.Plus = op.Y, true })
		add("x=y", dt, 3, 33, func(e *Env, op *gpu.Pointwise) { op.Y = op.X })
		add("all the same", dt, 3, 33, func(e *Env, op *gpu.Pointwise) { op.Y, op.Dst = op.X, op.X })
	}
	add("Y dt=bf16,Dst dt=f16", gpu.F32, 3, 33, func(e *Env, op *gpu.Pointwise) { op.Y, op.Dst = e.Rand(gpu.BF16, 3, 33), e.Out(gpu.F16, 3, 33) })
	add("drop", gpu.F32, 7, 33, func(e *Env, op *gpu.Pointwise) {
		op.Y, op.Plus, op.Drop = like(e, op), true, gpu.Drop{Rate: 0.6, Key: 11}
	})
	add("no rows", gpu.F32, 0, 33, func(*Env, *gpu.Pointwise) {})
	for _, n := range tails {
		add("tail", gpu.F32, 2, n, func(e *Env, op *gpu.Pointwise) { op.Y, op.F = like(e, op), gpu.SiLU })
	}
	return cases
}

func softmaxCases() (cases []Case) {
	add := func(name string, dt gpu.DType, m, n int, with func(e *Env, op *gpu.Softmax)) {
		for _, log := range []bool{false, true} {
			cases = append(cases, Case{Name: fmt.Sprintf("Softmax/%s/m=%d/n=%d/log=%v/dt=%v", name, m, n, log, dt), Build: func(e *Env) gpu.Op {
				op := &gpu.Softmax{Dst: e.Out(dt, m, n), X: e.Rand(dt, m, n), Log: log}
				if with != nil {
					with(e, op)
				}
				return op
			}})
		}
	}
	for _, n := range tails {
		add("tail", gpu.F32, 3, n, nil)
	}
	for _, dt := range floatTypes {
		add("words", dt, 2, 6000, nil)
		add("in place", dt, 3, 33, func(_ *Env, op *gpu.Softmax) { op.Dst = op.X })
		add("f32", dt, 3, 33, func(e *Env, op *gpu.Softmax) { op.Dst = e.Out(gpu.F32, 3, 33) })
		add("scale", dt, 3, 33, func(_ *Env, op *gpu.Softmax) { op.Scale = 2.5 })
	}
	sized := func(mean, sigma float64) func(e *Env, op *gpu.Softmax) {
		return func(e *Env, op *gpu.Softmax) {
			e.Fill(op.X, func(int, int) float64 { return mean + sigma*e.rnd.NormFloat64() })
		}
	}
	add("huge", gpu.F32, 3, 33, sized(0, 1e4))
	add("high", gpu.F32, 3, 33, sized(500, 1))
	add("low", gpu.F32, 3, 33, sized(-500, 1))
	add("tiny", gpu.F32, 3, 33, sized(0, 1e-30))
	add("equal", gpu.F32, 3, 33, sized(7, 0))
	add("no rows", gpu.F32, 0, 33, nil)
	add("masked", gpu.F32, 3, 33, func(e *Env, op *gpu.Softmax) { // none, some, all
		e.Fill(op.X, func(i, j int) float64 {
			if i == 2 || i == 1 && (j < 20 || j == 32) {
				return math.Inf(-1)
			}
			return e.rnd.NormFloat64()
		})
	})
	add("nan", gpu.F32, 3, 33, func(e *Env, op *gpu.Softmax) { e.spoil(op.X, 1, 32) })
	return cases
}

// hardValues are numbers that conversions get wrong: signed zeros, ties, subnormal
// numbers, and what overflows F16.
var hardValues = [...]float64{
	0, math.Copysign(0, -1), 1, -1, 1 + 0x1p-11, 1 + 3*0x1p-11, 1 + 0x1p-11 + 0x1p-20, 1 + 0x1p-8, 1 + 3*0x1p-8, 1 + 0x1p-8 - 0x1p-20,
	65504, 65519, 65520, -65520, 1e5, -1e5, 0x1p-14, 0x1p-14 - 0x1p-25, 0x1p-24, 0x1p-25, -0x1p-25, 0x1.8p-25, 3 * 0x1p-25, 0x1p-26, 5.5 * 0x1p-24,
	math.MaxFloat32, -math.MaxFloat32, 0x1.fefffep127, 0x1.ffp127, math.Inf(1), math.Inf(-1), math.NaN(), 0x1p-126, 1e-30, 0.1, math.Pi,
}

func castCases() (cases []Case) {
	for _, from := range floatTypes {
		for _, to := range floatTypes {
			for _, n := range []int{1, 17, 36, 64} {
				cases = append(cases, Case{Name: fmt.Sprintf("Cast/n=%d/dt=%v,to=%v", n, from, to), Build: func(e *Env) gpu.Op {
					x := e.Make(from, 3, n, func(i, j int) float64 {
						if i == 2 {
							return e.rnd.NormFloat64()
						}
						return hardValues[(i*18+j)%len(hardValues)]
					})
					return &gpu.Cast{Dst: e.Out(to, 3, n), X: x}
				}})
			}
		}
	}
	return append(cases, Case{Name: "Cast/no rows", Build: func(e *Env) gpu.Op {
		return &gpu.Cast{Dst: e.Out(gpu.F16, 0, 3), X: e.Out(gpu.F32, 0, 3)}
	}})
}

func fillCases() (cases []Case) {
	for _, dt := range floatTypes {
		for _, v := range []float32{0, -2.5, 1.001, float32(math.Inf(-1))} {
			cases = append(cases, Case{Name: fmt.Sprintf("Fill/%v/dt=%v", v, dt), Build: func(e *Env) gpu.Op {
				return &gpu.Fill{Dst: e.Out(dt, 5, 19), Value: v}
			}})
		}
	}
	return append(cases, Case{Name: "Fill/no rows", Build: func(e *Env) gpu.Op { return &gpu.Fill{Dst: e.Out(gpu.F32, 0, 3), Value: 1} }})
}
