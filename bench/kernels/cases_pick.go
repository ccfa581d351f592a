package main

import (
	"fmt"

	"github.com/rapt-go/rapt/gpu"
)

// pickRows are the operations that choose from scores of all words, and what words cost.
func pickRows() (all []row) {
	for _, dt := range floats {
		all = append(all, topK(1, 1, words, dt), topK(1, 10, words, dt), topK(1, 1, moreWords, dt), topK(1, 10, moreWords, dt),
			row{"Sample", matrix(1, words), dt, func(r *rig) gpu.Op {
				return &gpu.Sample{Index: r.s.Temp(gpu.I32, 1, 1), X: r.random(dt, 1, words), Seed: r.ints(1, 2)}
			}},
			crossEntropy(4, words, dt))
	}
	return all
}

func topK(m, k, n int, dt gpu.DType) row {
	return row{fmt.Sprintf("TopK %d", k), matrix(m, n), dt, func(r *rig) gpu.Op {
		return &gpu.TopK{Index: r.s.Temp(gpu.I32, m, k), Value: r.s.Temp(gpu.F32, m, k), X: r.random(dt, m, n)}
	}}
}

func crossEntropy(m, n int, dt gpu.DType) row {
	return row{"CrossEntropy", matrix(m, n), dt, func(r *rig) gpu.Op {
		target := r.s.Temp(gpu.I32, m, 1)
		at := make([]int32, m)
		for i := range at {
			at[i] = int32(i*7%n - 1) // the first is of no word
		}
		gpu.Write(r.s, target, at)
		return &gpu.CrossEntropy{Loss: r.s.Temp(gpu.F32, m, 1), X: r.random(dt, m, n), Target: target}
	}}
}

func warpRows() (all []row) {
	for _, dt := range floats {
		for _, n := range []int{words, moreWords} {
			all = append(all,
				warp("temperature", [gpu.WarpParams]float32{gpu.WarpTemperature: 0.7}, 1, n, dt),
				warp("greedy", [gpu.WarpParams]float32{gpu.WarpGreedy: 1}, 1, n, dt),
				warp("top_k, top_p", [gpu.WarpParams]float32{gpu.WarpTopK: 40, gpu.WarpTopP: 0.9}, 1, n, dt),
				warp("typical_p", [gpu.WarpParams]float32{gpu.WarpTypicalP: 0.9}, 1, n, dt))
		}
	}
	return all
}

func warp(what string, p [gpu.WarpParams]float32, m, n int, dt gpu.DType) row {
	return row{"Warp " + what, matrix(m, n), dt, func(r *rig) gpu.Op {
		params := r.s.Temp(gpu.F32, m, gpu.WarpParams)
		var values []float32
		for range m {
			values = append(values, p[:]...)
		}
		gpu.Write(r.s, params, values)
		return &gpu.Warp{Dst: r.s.Temp(gpu.F32, m, n), X: r.random(dt, m, n), Params: params}
	}}
}
