package gputest

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/rapt-go/rapt/gpu"
)

// invariance tests that what surrounds a row or a sequence in a batch does not change
// a bit of its result.
func (s *suite) invariance(t *testing.T) {
	for _, c := range invarianceRows(s.small) {
		t.Run(c.Name, func(t *testing.T) {
			s.pieces(t, c, func(op gpu.Op) (parts []gpu.Op) {
				m := rowsOf(op)
				for lo, step := 0, 1; lo < m; lo, step = lo+step, step+3 { // pieces of 1, 4, 7, …
					parts = append(parts, rowsFrom(op, lo, min(lo+step, m)))
				}
				return parts
			})
			s.pieces(t, c, func(op gpu.Op) (parts []gpu.Op) {
				for i := rowsOf(op) - 1; i >= 0; i-- {
					parts = append(parts, rowsFrom(op, i, i+1))
				}
				return parts
			})
		})
	}
	for _, c := range invarianceSequences() {
		t.Run(c.Name, func(t *testing.T) {
			s.pieces(t, c, func(op gpu.Op) (parts []gpu.Op) {
				for i := sequencesOf(op) - 1; i >= 0; i-- {
					parts = append(parts, sequencesFrom(op, i, i+1, 0))
				}
				return parts
			})
			s.pieces(t, c, func(op gpu.Op) []gpu.Op { // and with room to grow
				n := sequencesOf(op)
				return []gpu.Op{sequencesFrom(op, 0, 1, 100), sequencesFrom(op, 1, n, 100)}
			})
		})
	}
}

// pieces runs c whole, and again as the operations that split makes of it. Their
// outputs are the same memory.
func (s *suite) pieces(t *testing.T, c Case, split func(op gpu.Op) []gpu.Op) {
	e := newEnv(roomy)
	op := c.Build(e)
	whole, err := s.run(op, e.mem, 1)
	if s.skip(t, c.Name, err) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	d, err := s.device()
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	if _, err := d.place(op); err != nil { // first, for the content of every operand
		t.Fatal(err)
	}
	if err := d.reset(); err != nil {
		t.Fatal(err)
	}
	for _, part := range split(op) {
		placed, err := d.place(part)
		if err != nil {
			t.Fatal(err)
		}
		if d.s.Do(placed); d.s.Sync() != nil {
			t.Fatal(d.s.Err())
		}
	}
	for i, m := range e.mem {
		got, err := d.content(m)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, whole[i]) {
			t.Errorf("%s: %s of a part differs from that of the whole", gpu.Describe(op), nameOf(op, m))
		}
	}
}

// invarianceRows are operations whose rows are independent.
func invarianceRows(small bool) (cases []Case) {
	for _, dt := range floatTypes {
		for f := gpu.Plain; f <= gpu.Q4; f++ {
			if f == gpu.Fast && dt != gpu.F32 {
				continue
			}
			shapes := [][3]int{{37, 50, 64}, {13, 7, 385}, {9, 33, 17}}
			if !small {
				shapes = append(shapes, [3]int{70, 100, 768}, [3]int{20, 49, 3072})
			}
			for _, shape := range shapes {
				g := gemmCase{name: "rows", m: shape[0], n: shape[1], k: shape[2], dt: dt, f: f}
				g.with = func(e *Env, op *gpu.Gemm) {
					gated(e, op)
					op.Act, op.Add = gpu.GELU, e.Rand(dt, op.Dst.Rows, op.Dst.Cols)
				}
				cases = append(cases, g.named())
			}
		}
		cases = append(cases,
			gemmCase{name: "rows NN", m: 37, n: 50, k: 65, dt: dt, form: gpu.NN, with: withBias}.named(),
			normCase("rows", dt, 19, 385, residual),
			normCase("rows", dt, 19, 31, nil),
			gradCase(normCase("rows", dt, 19, 385, residual), func(_ *Env, op gpu.Op) {
				g := op.(*gpu.NormGrad) // sums over rows are the batch's
				g.DGain, g.DBias = gpu.Tensor{}, gpu.Tensor{}
			}),
			Case{Name: fmt.Sprintf("Softmax/rows/dt=%v", dt), Build: func(e *Env) gpu.Op {
				return &gpu.Softmax{Dst: e.Out(dt, 19, 515), X: e.Rand(dt, 19, 515)}
			}},
			Case{Name: fmt.Sprintf("Pointwise/rows/dt=%v", dt), Build: func(e *Env) gpu.Op {
				return &gpu.Pointwise{Dst: e.Out(dt, 19, 37), X: e.Rand(dt, 19, 37), F: gpu.GELU, Y: e.Rand(dt, 19, 37)}
			}},
		)
	}
	cases = append(cases, warpCase("rows", gpu.F32, 515, slices.Concat(kinds, kinds, kinds[:3]), func(e *Env, _, _ int) float64 { return 2 * e.rnd.NormFloat64() }),
		Case{Name: "CrossEntropy/rows/dt=f32", Build: func(e *Env) gpu.Op {
			return &gpu.CrossEntropy{Loss: e.Out(gpu.F32, 19, 1), LSE: e.Out(gpu.F32, 19, 1), X: e.Rand(gpu.F32, 19, 1515),
				Target: e.Make(gpu.I32, 19, 1, func(i, _ int) float64 { return float64(80*i - 1) })}
		}})
	return cases
}

func rowsOf(op gpu.Op) int {
	switch op := op.(type) {
	case *gpu.Gemm:
		return op.Dst.Rows
	case *gpu.Norm:
		return op.Dst.Rows
	case *gpu.NormGrad:
		return op.DDst.Rows
	case *gpu.Softmax:
		return op.Dst.Rows
	case *gpu.Pointwise:
		return op.Dst.Rows
	case *gpu.Warp:
		return op.Dst.Rows
	case *gpu.CrossEntropy:
		return op.Loss.Rows
	}
	return 0
}

// rowsFrom is op on rows [lo, hi).
func rowsFrom(op gpu.Op, lo, hi int) gpu.Op {
	part := func(t gpu.Tensor) gpu.Tensor {
		if t.IsZero() {
			return t
		}
		return t.RowRange(lo, hi)
	}
	switch op := gpu.Clone(op).(type) {
	case *gpu.Gemm:
		op.Dst, op.A, op.Add = part(op.Dst), part(op.A), part(op.Add)
		return op
	case *gpu.Norm:
		op.Dst, op.X, op.Residual = part(op.Dst), part(op.X), part(op.Residual)
		return op
	case *gpu.NormGrad:
		f := &op.Fwd
		f.Sum, f.Stat, f.X, f.Residual, f.Dst = part(f.Sum), part(f.Stat), part(f.X), part(f.Residual), part(f.Dst)
		op.DX, op.DResidual, op.DDst, op.DSum = part(op.DX), part(op.DResidual), part(op.DDst), part(op.DSum)
		return op
	case *gpu.Softmax:
		op.Dst, op.X = part(op.Dst), part(op.X)
		return op
	case *gpu.Warp:
		op.Dst, op.X, op.Params = part(op.Dst), part(op.X), part(op.Params)
		return op
	case *gpu.CrossEntropy:
		op.Loss, op.LSE, op.X, op.Target = part(op.Loss), part(op.LSE), part(op.X), part(op.Target)
		return op
	case *gpu.Pointwise:
		op.Dst, op.X, op.Y = part(op.Dst), part(op.X), part(op.Y)
		return op
	}
	return nil
}

// invarianceSequences are operations on ragged batches.
func invarianceSequences() (cases []Case) {
	lens, keys := []int{5, 0, 19, 1, 40, 8}, []int{5, 3, 130, 33, 40, 0}
	lse := func(e *Env, op *gpu.Attention) {
		op.LSE, op.Bias = e.Out(gpu.F32, op.Q.Rows, op.Heads), e.Rand(gpu.F32, 9, op.Heads)
	}
	for _, dt := range floatTypes {
		for _, a := range []attentionCase{
			{name: "sequences", q: lens, heads: 4, d: 16},
			{name: "sequences causal", q: lens, k: keys, heads: 2, d: 7, with: causal},
			{name: "sequences bias", q: lens, k: keys, heads: 6, kv: 2, d: 32, dv: 8, with: lse},
			{name: "sequences pages", q: []int{1, 1, 1, 3}, k: []int{129, 1, 64, 3}, heads: 2, d: 16, pages: 16, with: causal},
		} {
			a.dt = dt
			cases = append(cases, a.named())
		}
		for kind, name := range poolNames {
			cases = append(cases, Case{Name: fmt.Sprintf("Pool/sequences/%s/dt=%v", name, dt), Build: func(e *Env) gpu.Op {
				seqs, rows := e.Seqs(5, 0, 19, 1, 400)
				return &gpu.Pool{Kind: gpu.PoolKind(kind), Seqs: seqs, X: e.Rand(dt, rows, 33), Dst: e.Out(dt, seqs.N, 33)}
			}})
		}
	}
	return append(cases, gradCase(attentionCase{name: "sequences", q: lens, k: keys, heads: 4, kv: 2, d: 16, with: causal}.named(), everything))
}

func sequencesOf(op gpu.Op) int {
	switch op := op.(type) {
	case *gpu.Attention:
		return op.QSeq.N
	case *gpu.AttentionGrad:
		return op.Fwd.QSeq.N
	case *gpu.Pool:
		return op.Seqs.N
	}
	return 0
}

// sequencesFrom is op on sequences [lo, hi), their bound on lengths as tight as may
// be, and then room more.
func sequencesFrom(op gpu.Op, lo, hi, room int) gpu.Op {
	part := func(s gpu.Seqs) gpu.Seqs {
		s.Len, s.N, s.Max = s.Len.ColRange(lo, hi), hi-lo, 0
		for i := range s.N {
			s.Max = max(s.Max, index(s.Len, 0, i))
		}
		if !s.Pages.IsZero() {
			s.Pages = s.Pages.RowRange(lo, hi)
			s.Max = min(s.Max+room, s.Pages.Cols*s.PageRows)
			return s
		}
		s.Start = s.Start.ColRange(lo, hi)
		s.Max += room
		return s
	}
	switch op := gpu.Clone(op).(type) {
	case *gpu.Attention:
		op.QSeq, op.KSeq = part(op.QSeq), part(op.KSeq)
		return op
	case *gpu.AttentionGrad:
		op.Fwd.QSeq, op.Fwd.KSeq = part(op.Fwd.QSeq), part(op.Fwd.KSeq)
		return op
	case *gpu.Pool:
		op.Dst, op.Seqs = op.Dst.RowRange(lo, hi), part(op.Seqs)
		return op
	}
	return nil
}
