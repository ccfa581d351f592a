package gputest

import (
	"fmt"
	"math"

	"github.com/rapt-go/rapt/gpu"
)

func topKCases() (cases []Case) {
	add := func(name string, dt gpu.DType, m, n, k int, f func(e *Env, i, j int) float64) {
		for _, value := range []bool{true, false} {
			cases = append(cases, Case{Name: fmt.Sprintf("TopK/%s/m=%d/n=%d/k=%d/value=%v/dt=%v", name, m, n, k, value, dt), Build: func(e *Env) gpu.Op {
				op := &gpu.TopK{Index: e.Out(gpu.I32, m, k), X: e.Make(dt, m, n, func(i, j int) float64 { return f(e, i, j) })}
				if value {
					op.Value = e.Out(gpu.F32, m, k)
				}
				return op
			}})
		}
	}
	normal := func(e *Env, _, _ int) float64 { return e.rnd.NormFloat64() }
	for _, dt := range floatTypes {
		add("words", dt, 3, 6000, 5, normal)
		add("ties", dt, 4, 100, 12, func(e *Env, _, _ int) float64 { return float64(e.rnd.IntN(4)) })
	}
	for _, n := range tails {
		add("all", gpu.F32, 2, n, n, normal)
		add("first", gpu.F32, 2, n, 1, normal)
	}
	add("equal", gpu.F32, 2, 70, 9, func(*Env, int, int) float64 { return -3 })
	add("zeros", gpu.F32, 2, 20, 20, func(_ *Env, _, j int) float64 { return math.Copysign(0, float64(j%2)-0.5) })
	add("masked", gpu.F32, 3, 40, 6, func(e *Env, i, j int) float64 { // fewer than K are left
		if j%13 != i {
			return math.Inf(-1)
		}
		return e.rnd.NormFloat64()
	})
	add("nan", gpu.F32, 3, 40, 5, func(e *Env, i, j int) float64 {
		switch {
		case j == 39 || i > 0 && j == 17:
			return math.NaN()
		case j == 3:
			return math.Inf(1)
		}
		return e.rnd.NormFloat64()
	})
	add("ascending", gpu.F32, 2, 300, 20, func(_ *Env, _, j int) float64 { return float64(j) })
	add("descending", gpu.F32, 2, 300, 20, func(_ *Env, _, j int) float64 { return -float64(j) })
	add("no rows", gpu.F32, 0, 40, 5, normal)
	return cases
}

func sampleCases() (cases []Case) {
	add := func(name string, dt gpu.DType, m, n int, scale float32, f func(e *Env, i, j int) float64) {
		cases = append(cases, Case{Name: fmt.Sprintf("Sample/%s/m=%d/n=%d/dt=%v", name, m, n, dt), Build: func(e *Env) gpu.Op {
			return &gpu.Sample{
				Index: e.Out(gpu.I32, m, 1), Scale: scale,
				X:    e.Make(dt, m, n, func(i, j int) float64 { return f(e, i, j) }),
				Seed: e.Make(gpu.I32, m, 2, func(int, int) float64 { return float64(int32(e.rnd.Uint32())) }),
			}
		}})
	}
	normal := func(e *Env, _, _ int) float64 { return 3 * e.rnd.NormFloat64() }
	for _, dt := range floatTypes {
		add("words", dt, 20, 6000, 0, normal)
	}
	for _, n := range tails {
		add("tail", gpu.F32, 50, n, 0, normal)
	}
	add("cold", gpu.F32, 50, 100, 20, normal)
	add("warm", gpu.F32, 50, 100, 0.3, normal)
	add("high", gpu.F32, 50, 30, 0, func(e *Env, _, _ int) float64 { return 5000 + e.rnd.NormFloat64() })
	add("masked", gpu.F32, 50, 30, 0, func(e *Env, i, j int) float64 { // one column left in every third row
		if (i+j)%3 == 0 || i%3 == 0 && j != 13 {
			return math.Inf(-1)
		}
		return e.rnd.NormFloat64()
	})
	add("nan", gpu.F32, 20, 30, 0, func(e *Env, i, j int) float64 {
		if j == 29-i || i%2 == 0 && j == 29 {
			return math.NaN()
		}
		return 100 * e.rnd.NormFloat64()
	})
	add("no rows", gpu.F32, 0, 30, 0, normal)
	return append(cases, Case{Name: "Sample/u near one/dt=f32", Build: func(e *Env) gpu.Op {
		// Under these seeds column 0 has the largest u: rounded to one, its noise would be infinite.
		seeds := [...]float64{5600360, 13944518, 15953051}
		return &gpu.Sample{
			Index: e.Out(gpu.I32, 3, 1), X: e.Make(gpu.F32, 3, 2, func(_, j int) float64 { return 100 * float64(j) }),
			Seed: e.Make(gpu.I32, 3, 2, func(i, j int) float64 { return seeds[i] * float64(1-j) }),
		}
	}})
}

func scatterCases() (cases []Case) {
	for kind, name := range [...]string{gpu.ScatterSet: "set", gpu.ScatterAdd: "add", gpu.ScatterPenalty: "penalty"} {
		for _, dt := range floatTypes {
			cases = append(cases, Case{Name: fmt.Sprintf("Scatter/%s/dt=%v", name, dt), Build: func(e *Env) gpu.Op {
				const m, n, k = 4, 60, 45
				at := e.rnd.Perm(m * n)[:k]
				op := &gpu.Scatter{Dst: e.Rand(dt, m, n), Kind: gpu.ScatterKind(kind)}
				op.Row = e.Make(gpu.I32, 1, k, func(_, j int) float64 {
					if j%7 == 3 {
						return -1 - float64(j)
					}
					return float64(at[j] / n)
				})
				op.Col = e.Make(gpu.I32, 1, k, func(_, j int) float64 { return float64(at[j] % n) })
				op.Value = e.Make(gpu.F32, 1, k, func(int, int) float64 { return 0.5 + e.rnd.Float64() })
				return op
			}})
		}
		cases = append(cases, Case{Name: "Scatter/" + name + "/none", Build: func(e *Env) gpu.Op {
			return &gpu.Scatter{Dst: e.Rand(gpu.F32, 2, 5), Row: e.Ints(), Col: e.Ints(), Value: e.Out(gpu.F32, 1, 0), Kind: gpu.ScatterKind(kind)}
		}})
	}
	return append(cases, Case{Name: "Scatter/ban", Build: func(e *Env) gpu.Op {
		return &gpu.Scatter{
			Dst: e.Rand(gpu.F32, 2, 9), Row: e.Ints(0, 1, 1), Col: e.Ints(8, 0, 8),
			Value: e.Make(gpu.F32, 1, 3, func(int, int) float64 { return math.Inf(-1) }),
		}
	}})
}
