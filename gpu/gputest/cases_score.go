package gputest

import (
	"fmt"
	"math"

	"github.com/rapt-go/rapt/gpu"
)

func crossEntropyCases() (cases []Case) {
	add := func(name string, dt gpu.DType, m, n int, f func(e *Env, i, j int) float64) {
		for _, saved := range []bool{true, false} {
			cases = append(cases, Case{Name: fmt.Sprintf("CrossEntropy/%s/m=%d/n=%d/lse=%v/dt=%v", name, m, n, saved, dt), Build: func(e *Env) gpu.Op {
				op := &gpu.CrossEntropy{
					Loss: e.Out(gpu.F32, m, 1), X: e.Make(dt, m, n, func(i, j int) float64 { return f(e, i, j) }),
					Target: e.Make(gpu.I32, m, 1, func(i, _ int) float64 {
						if i%4 == 3 {
							return -1 - 99*float64(i)
						}
						return float64((i*7 + n - 1) % n) // the last column first
					}),
				}
				if saved {
					op.LSE = e.Out(gpu.F32, m, 1)
				}
				return op
			}})
		}
	}
	sized := func(mean, sigma float64) func(e *Env, _, _ int) float64 {
		return func(e *Env, _, _ int) float64 { return mean + sigma*e.rnd.NormFloat64() }
	}
	for _, n := range tails {
		add("tail", gpu.F32, 5, n, sized(0, 1))
	}
	for _, dt := range floatTypes {
		add("words", dt, 3, 6000, sized(0, 3))
		add("vocabulary", dt, 2, 50257, sized(0, 3))
		add("few", dt, 7, 130, sized(0, 1))
	}
	add("huge", gpu.F32, 5, 33, sized(0, 1e4))
	add("high", gpu.F32, 5, 1100, sized(5000, 1))
	add("low", gpu.F32, 5, 33, sized(-5000, 1))
	add("tiny", gpu.F32, 5, 33, sized(0, 1e-30))
	add("equal", gpu.F32, 5, 1100, sized(7, 0))
	add("ascending", gpu.F32, 5, 1100, func(_ *Env, _, j int) float64 { return float64(j) }) // ever larger ones
	add("descending", gpu.F32, 5, 1100, func(_ *Env, _, j int) float64 { return -float64(j) })
	add("masked", gpu.F32, 7, 1100, func(e *Env, i, j int) float64 { // some with their targets, all, all but one
		if i%3 == 0 && j%2 == 1 || i%3 == 1 || i%3 == 2 && j != 1099 {
			return math.Inf(-1)
		}
		return e.rnd.NormFloat64()
	})
	add("nan", gpu.F32, 6, 1100, func(e *Env, i, j int) float64 {
		switch {
		case i == 0 && j == 0 || i == 1 && j == 1099 || i == 3 && j == 500:
			return math.NaN()
		case i == 4 && j == 600:
			return math.Inf(1)
		}
		return e.rnd.NormFloat64()
	})
	add("no rows", gpu.F32, 0, 30, sized(0, 1))
	return cases
}

// A filter is a row of Warp's Params.
type filter [gpu.WarpParams]float64

// filters are each filter alone, strict and loose, and combinations.
var filters = []filter{
	{},
	{gpu.WarpTemperature: 0.7},
	{gpu.WarpTemperature: 1.6, gpu.WarpTopK: 1},
	{gpu.WarpTopK: 5},
	{gpu.WarpTopK: 1e6},
	{gpu.WarpTopP: 0.8},
	{gpu.WarpTopP: 0.001},
	{gpu.WarpTopP: 0.995, gpu.WarpTemperature: 0.5},
	{gpu.WarpTopP: 1},
	{gpu.WarpMinP: 0.1},
	{gpu.WarpMinP: 1},
	{gpu.WarpTypicalP: 0.6},
	{gpu.WarpTypicalP: 0.05},
	{gpu.WarpTypicalP: 1.5},
	{gpu.WarpEpsilonCutoff: 0.003},
	{gpu.WarpEpsilonCutoff: 0.9},
	{gpu.WarpEtaCutoff: 0.01},
	{gpu.WarpEtaCutoff: 0.5},
	{gpu.WarpTemperature: 0.8, gpu.WarpTopK: 40, gpu.WarpTopP: 0.9},
	{gpu.WarpTemperature: 1.3, gpu.WarpTopK: 30, gpu.WarpTopP: 0.95, gpu.WarpMinP: 0.03},
	{gpu.WarpTopK: 50, gpu.WarpTypicalP: 0.7},
	{gpu.WarpTopP: 0.9, gpu.WarpTypicalP: 0.9},
	{gpu.WarpMinP: 0.02, gpu.WarpTypicalP: 0.5, gpu.WarpEpsilonCutoff: 0.02, gpu.WarpEtaCutoff: 0.1},
	{2, 60, 0.9, 0.01, 0.8, 0.01, 0.02, 0},
	{gpu.WarpTemperature: 0.5, gpu.WarpGreedy: 1, gpu.WarpTopK: 3, gpu.WarpTypicalP: 0.2},
	{gpu.WarpTopK: -3, gpu.WarpTopP: -1, gpu.WarpMinP: math.NaN(), gpu.WarpTypicalP: -0.5, gpu.WarpEpsilonCutoff: -1, gpu.WarpEtaCutoff: math.NaN()},
}

// kinds is each filter once, all together, and the greedy one: for cases about the row.
var kinds = []filter{filters[3], filters[5], filters[9], filters[11], filters[14], filters[16], filters[23], filters[24]}

// warpCase has a row for each filter.
func warpCase(name string, dt gpu.DType, n int, list []filter, f func(e *Env, i, j int) float64) Case {
	m := len(list)
	return Case{Name: fmt.Sprintf("Warp/%s/m=%d/n=%d/dt=%v", name, m, n, dt), Build: func(e *Env) gpu.Op {
		return &gpu.Warp{
			Dst: e.Out(gpu.F32, m, n), X: e.Make(dt, m, n, func(i, j int) float64 { return f(e, i, j) }),
			Params: e.Make(gpu.F32, m, gpu.WarpParams, func(i, j int) float64 { return list[i][j] }),
		}
	}}
}

func warpCases() (cases []Case) {
	add := func(name string, dt gpu.DType, n int, list []filter, f func(e *Env, i, j int) float64) {
		cases = append(cases, warpCase(name, dt, n, list, f))
	}
	sized := func(mean, sigma float64) func(e *Env, _, _ int) float64 {
		return func(e *Env, _, _ int) float64 { return mean + sigma*e.rnd.NormFloat64() }
	}
	levels := func(e *Env, _, _ int) float64 { return float64(e.rnd.IntN(6)) }
	for _, n := range tails {
		add("tail", gpu.F32, n, kinds, sized(0, 2))
	}
	add("few", gpu.F32, 300, filters, sized(0, 2))
	add("ties", gpu.F32, 300, filters, levels)
	for _, dt := range floatTypes {
		add("type", dt, 700, kinds, sized(0, 2))
		add("vocabulary", dt, 50257, append(filters[18:20:20], filters[5], filters[11], filters[16], filters[23]), sized(-30, 3))
	}
	for k := range 6 { // by fours: small enough for simulators
		add(fmt.Sprintf("words %d", k), gpu.F32, 2500, filters[4*k:4*k+4], sized(0, 3))
	}
	add("flat", gpu.F32, 500, kinds, sized(3, 1e-3))
	add("steep", gpu.F32, 300, kinds, sized(0, 40))
	add("huge", gpu.F32, 100, kinds, sized(0, 1e30))
	add("high", gpu.F32, 100, kinds, sized(5000, 1))
	add("tiny", gpu.F32, 100, kinds, sized(0, 1e-30))
	add("equal", gpu.F32, 70, kinds, sized(-3, 0))
	add("zeros", gpu.F32, 20, kinds, func(_ *Env, _, j int) float64 { return math.Copysign(0, float64(j%2)-0.5) })
	add("ascending", gpu.F32, 300, kinds, func(_ *Env, _, j int) float64 { return float64(j) / 8 })
	add("descending", gpu.F32, 300, kinds, func(_ *Env, _, j int) float64 { return -float64(j) / 8 })
	add("masked", gpu.F32, 300, kinds, func(e *Env, i, j int) float64 { // much, all
		if j%5 != i%5 || i == 3 {
			return math.Inf(-1)
		}
		return 2 * e.rnd.NormFloat64()
	})
	add("one left", gpu.F32, 300, kinds, func(_ *Env, _, j int) float64 {
		if j != 299 {
			return math.Inf(-1)
		}
		return -7
	})
	add("nan", gpu.F32, 300, kinds, func(e *Env, i, j int) float64 {
		switch {
		case j == 37*i && i%2 == 0:
			return math.NaN()
		case j == 5 && i%3 == 0:
			return math.Inf(1)
		case j == 6:
			return math.Inf(-1)
		}
		return e.rnd.NormFloat64()
	})
	add("overflow", gpu.F32, 30, []filter{{0.1}, {0.7, 5}, {gpu.WarpTemperature: 0.5, gpu.WarpGreedy: 1}, {1, 3}},
		func(_ *Env, _, j int) float64 { return 3e38 - float64(j)*1e37 })
	in := warpCase("in place", gpu.F32, 300, kinds, sized(0, 2))
	build := in.Build
	in.Build = func(e *Env) gpu.Op { op := build(e).(*gpu.Warp); op.Dst = op.X; return op }
	return append(cases, in, warpCase("no rows", gpu.F32, 30, nil, sized(0, 1)))
}
