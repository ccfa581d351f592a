package gputest

// Operations on elements, and on the scores of a row.

import (
	"cmp"
	"math"
	"slices"

	"github.com/rapt-go/rapt/gpu"
)

func pointwise[T real](op *gpu.Pointwise) {
	each(op.Dst, func(i, j int) {
		x, k := at[T](op.X, i, j), keep[T](op.Drop, i*op.Dst.Cols+j)
		f := term[T]{v: x, mag: abs(x)}.act(op.F)
		y := opt[T](op.Y, i, j, 1)
		switch {
		case op.Plus:
			y = opt[T](op.Y, i, j, 0)
			store(op.Dst, i, j, f.v*k+y, f.mag*float64(k)+abs(y), 0)
		default:
			store(op.Dst, i, j, f.v*k*y, f.mag*float64(k)*abs(y), 0)
		}
	})
}

// softmax's magnitudes: with m the row's largest |Scale·X|, p·(1 + 2m), and for the
// logarithm 1 + 2m.
func softmax[T real](op *gpu.Softmax) {
	for i := range op.X.Rows {
		s, m := make([]T, op.X.Cols), 0.0
		for j := range s {
			s[j] = or1[T](op.Scale) * at[T](op.X, i, j)
			if a := abs(s[j]); !math.IsInf(a, 0) {
				m = max(m, a)
			}
		}
		p := slices.Clone(s)
		top, z := softened(p)
		for j := range s {
			switch {
			case op.Log && z == 0:
				store(op.Dst, i, j, T(math.Inf(-1)), 0, 0)
			case op.Log:
				store(op.Dst, i, j, s[j]-(top+T(math.Log(float64(z)))), 1+2*m, 0)
			case z == 0:
				store(op.Dst, i, j, T(0), 0, 0)
			default:
				store(op.Dst, i, j, p[j]/z, (1+2*m)*abs(p[j]/z), 0)
			}
		}
	}
}

func topK(op *gpu.TopK) {
	for i, x := range load[float64](op.X) {
		order := make([]int, len(x))
		for j := range order {
			order[j] = j
		}
		slices.SortStableFunc(order, func(a, b int) int { return larger(x[a], x[b]) })
		for k, j := range order[:op.Index.Cols] {
			store(op.Value, i, k, x[j], 0, 0)
			store(op.Index, i, k, float64(j), 0, 0)
		}
	}
}

// larger orders numbers from the largest down, NaN first.
func larger(a, b float64) int {
	if a != a || b != b {
		return cmp.Compare(btoi(b != b), btoi(a != a))
	}
	return cmp.Compare(b, a)
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// sample stores the column of the largest score, and which others could be the
// largest: u and then log u are rounded to float32, an error of 2⁻²⁴/log u in the
// outer logarithm, and the score is.
func sample(op *gpu.Sample) {
	for i, x := range load[float64](op.X) {
		key := uint64(uint32(index(op.Seed, i, 0))) | uint64(uint32(index(op.Seed, i, 1)))<<32
		score, off := make([]float64, len(x)), make([]float64, len(x))
		best := 0
		for j := range x {
			u := (float64(gpu.Hash(key, uint64(j))>>8) + 0.5) / (1 << 24)
			l, s := -math.Log(u), or1[float64](op.Scale)*x[j]
			score[j] = s - math.Log(l)
			off[j] = 0x1p-24/l + 4*0x1p-23*(1+math.Abs(s)+math.Abs(math.Log(l)))
			if larger(score[j], score[best]) < 0 {
				best = j
			}
		}
		store(op.Index, i, 0, float64(best), 0, 0)
		m := op.Index.Buf.(*memory)
		for j := range x {
			if m.result != nil && score[j]+off[j] >= score[best]-off[best] {
				e := op.Index.Off + i*op.Index.Stride
				m.result.also[e] = append(m.result.also[e], j)
			}
		}
	}
}

// crossEntropy's magnitude is a logarithm's, as softmax's.
func crossEntropy[T real](op *gpu.CrossEntropy) {
	for i, x := range load[T](op.X) {
		m := 0.0
		for _, v := range x {
			if a := abs(v); !math.IsInf(a, 0) {
				m = max(m, a)
			}
		}
		top, z := softened(slices.Clone(x))
		lse, mag := top+T(math.Log(float64(z))), 1+2*m
		if z == 0 {
			lse = T(math.Inf(-1))
		}
		if math.IsInf(float64(lse), 0) {
			mag = 0
		}
		store(op.LSE, i, 0, lse, mag, 0)
		switch t := index(op.Target, i, 0); {
		case t < 0:
			store(op.Loss, i, 0, T(0), 0, 0)
		case math.IsInf(float64(x[t]), -1) && lse == lse:
			store(op.Loss, i, 0, T(math.Inf(1)), 0, 0)
		default:
			store(op.Loss, i, 0, lse-x[t], mag, 0)
		}
	}
}

func scatter[T real](op *gpu.Scatter) {
	for k := range op.Row.Cols {
		i, j, v := index(op.Row, 0, k), index(op.Col, 0, k), at[T](op.Value, 0, k)
		if i < 0 {
			continue
		}
		x := at[T](op.Dst, i, j)
		switch op.Kind {
		case gpu.ScatterSet:
			store(op.Dst, i, j, v, 0, 0)
		case gpu.ScatterAdd:
			store(op.Dst, i, j, x+v, abs(x)+abs(v), 0)
		case gpu.ScatterPenalty:
			y := x / v
			if x < 0 {
				y = x * v
			}
			store(op.Dst, i, j, y, abs(y), 0)
		}
	}
}
