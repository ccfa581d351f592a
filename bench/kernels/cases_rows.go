package main

import "github.com/rapt-go/rapt/gpu"

// matrixRows are the operations that take a matrix row by row.
func matrixRows() (all []row) {
	for _, dt := range floats {
		all = append(all,
			row{"Norm with residual", matrix(tokens, width), dt, func(r *rig) gpu.Op {
				return &gpu.Norm{Dst: r.s.Temp(dt, tokens, width), X: r.random(dt, tokens, width), Residual: r.random(dt, tokens, width),
					Gain: r.random(gpu.F32, 1, width), Bias: r.random(gpu.F32, 1, width), Eps: 1e-12}
			}},
			row{"Embed", matrix(tokens, width), dt, func(r *rig) gpu.Op {
				at := r.ints(places(tokens)...)
				return &gpu.Embed{Dst: r.s.Temp(dt, tokens, width), Table: r.random(dt, tokens, width), IDs: at, Pos: r.random(dt, tokens, width), Positions: at,
					Type: r.random(dt, tokens, width), Types: at}
			}},
			row{"Softmax", matrix(4, 4096), dt, func(r *rig) gpu.Op { return &gpu.Softmax{Dst: r.s.Temp(dt, 4, 4096), X: r.random(dt, 4, 4096)} }},
			row{"Softmax", matrix(tokens, width), dt, func(r *rig) gpu.Op {
				return &gpu.Softmax{Dst: r.s.Temp(dt, tokens, width), X: r.random(dt, tokens, width)}
			}},
			row{"Pool Mean", matrix(tokens, width) + " in two", dt, func(r *rig) gpu.Op {
				return &gpu.Pool{Dst: r.s.Temp(dt, 2, width), X: r.random(dt, tokens, width), Seqs: r.seqs(50, 78), Kind: gpu.Mean}
			}},
			row{"Take", matrix(tokens, width), dt, func(r *rig) gpu.Op {
				return &gpu.Take{Dst: r.s.Temp(dt, 8, width), Src: r.random(dt, tokens, width), At: r.ints(3, 1, 4, 100, 5, 9, 2, 6)}
			}},
			put("Put", dt, false), put("Put adding", dt, true))
	}
	return all
}

// put is what new keys do to a cache: half as many rows as it has.
func put(name string, dt gpu.DType, adding bool) row {
	return row{name, matrix(tokens/2, width), dt, func(r *rig) gpu.Op {
		return &gpu.Put{Dst: r.random(dt, tokens, width), Src: r.random(dt, tokens/2, width), At: r.ints(places(tokens / 2)...), Add: adding}
	}}
}

// elementRows are the operations on elements.
func elementRows() (all []row) {
	for _, dt := range floats {
		from := gpu.F32
		if dt == gpu.F32 {
			from = gpu.BF16
		}
		all = append(all,
			row{"Pointwise GELU", matrix(tokens, width), dt, func(r *rig) gpu.Op {
				return &gpu.Pointwise{Dst: r.s.Temp(dt, tokens, width), X: r.random(dt, tokens, width), F: gpu.GELU}
			}},
			row{"Cast from " + from.String(), matrix(tokens, width), dt, func(r *rig) gpu.Op {
				return &gpu.Cast{Dst: r.s.Temp(dt, tokens, width), X: r.random(from, tokens, width)}
			}},
			row{"Fill", matrix(tokens, width), dt, func(r *rig) gpu.Op { return &gpu.Fill{Dst: r.s.Temp(dt, tokens, width), Value: 1} }},
			row{"Scatter penalty", "256 of " + matrix(4, words), dt, func(r *rig) gpu.Op {
				const pairs = 256
				at, of := make([]int32, pairs), make([]int32, pairs)
				for i := range at {
					at[i], of[i] = int32(i%4), int32(i*97) // no two in a sector
				}
				return &gpu.Scatter{Dst: r.random(dt, 4, words), Row: r.ints(at...), Col: r.ints(of...), Value: r.random(gpu.F32, 1, pairs), Kind: gpu.ScatterPenalty}
			}})
	}
	return all
}

// places are the numbers below n.
func places(n int) []int32 {
	at := make([]int32, n)
	for i := range at {
		at[i] = int32(i)
	}
	return at
}
