package gputest

import (
	"fmt"
	"math"

	"github.com/rapt-go/rapt/gpu"
)

// An attentionCase describes an Attention of random operands.
type attentionCase struct {
	name      string
	q, k      []int // lengths; k nil means q
	heads, kv int   // kv 0 means heads
	d, dv     int   // dv 0 means d
	dt        gpu.DType
	pages     int // rows of a page of keys, if in pages
	grad      bool
	with      func(e *Env, op *gpu.Attention)
}

func (a attentionCase) named() Case {
	if a.k == nil {
		a.k = a.q
	}
	if a.dv == 0 {
		a.dv = a.d
	}
	kv := a.kv
	if kv == 0 {
		kv = a.heads
	}
	name := fmt.Sprintf("Attention/%s/q=%s/k=%s/heads=%d:%d/d=%d/dv=%d/dt=%v", a.name, lengths(a.q), lengths(a.k), a.heads, kv, a.d, a.dv, a.dt)
	return Case{Name: name, Grad: a.grad, Build: func(e *Env) gpu.Op { return a.build(e, kv) }}
}

// lengths prints a list of lengths without spaces.
func lengths(n []int) string {
	s := ""
	for i, v := range n {
		if i > 0 {
			s += "+"
		}
		s += fmt.Sprint(v)
	}
	return s
}

func (a attentionCase) build(e *Env, kv int) *gpu.Attention {
	op := &gpu.Attention{Heads: a.heads, KVHeads: a.kv}
	var qRows, kRows int
	op.QSeq, qRows = e.Seqs(a.q...)
	if a.pages > 0 {
		op.KSeq, kRows = e.Pages(a.pages, a.k...)
	} else {
		op.KSeq, kRows = e.Seqs(a.k...)
	}
	op.Dst, op.Q = e.Out(a.dt, qRows, a.heads*a.dv), e.Rand(a.dt, qRows, a.heads*a.d)
	both := e.Rand(a.dt, kRows, kv*(a.d+a.dv)) // K and V side by side, as caches are
	op.K, op.V = both.ColRange(0, kv*a.d), both.ColRange(kv*a.d, kv*(a.d+a.dv))
	if a.with != nil {
		a.with(e, op)
	}
	return op
}

func causal(_ *Env, op *gpu.Attention) { op.Causal = true }

func attentionShapes() (cases []Case) {
	for _, dt := range floatTypes {
		for _, s := range [][2]int{{4, 16}, {4, 32}, {12, 32}, {12, 64}} { // golden, bert-kjv, MiniLM, BERT-base
			cases = append(cases,
				attentionCase{name: "self", q: []int{9, 1, 17}, heads: s[0], d: s[1], dt: dt}.named(),
				attentionCase{name: "causal", q: []int{11, 3}, heads: s[0], d: s[1], dt: dt, with: causal}.named(),
			)
		}
	}
	for _, d := range []int{1, 3, 7, 8, 12, 16, 20, 32, 64, 80, 128, 256} {
		cases = append(cases, attentionCase{name: "width", q: []int{5, 18}, heads: 2, d: d}.named())
		cases = append(cases, attentionCase{name: "width", q: []int{2, 1}, k: []int{35, 7}, heads: 2, d: d, with: causal}.named())
	}
	cases = append(cases, attentionCase{name: "width", q: []int{5, 18}, heads: 1, d: 600, dv: 1030}.named())
	for _, n := range tails {
		cases = append(cases, attentionCase{name: "length", q: []int{n}, heads: 2, d: 12}.named())
		cases = append(cases, attentionCase{name: "length", q: []int{3}, k: []int{n}, heads: 1, d: 8, with: causal}.named())
	}
	for _, n := range []int{33, 40, 70} {
		cases = append(cases, attentionCase{name: "blocks", q: []int{n}, k: []int{n + 3}, heads: 1, d: 4, with: causal}.named())
	}
	for _, n := range []int{127, 128, 129, 255, 257, 513} {
		cases = append(cases, attentionCase{name: "long", q: []int{2, n}, k: []int{n, 7}, heads: 2, d: 16, with: causal}.named())
		cases = append(cases, attentionCase{name: "long", q: []int{2}, k: []int{n}, heads: 1, d: 16}.named())
	}
	return cases
}

func attentionFeatures() (cases []Case) {
	add := func(a attentionCase) {
		for _, dt := range floatTypes {
			a.dt = dt
			cases = append(cases, a.named())
		}
	}
	bias := func(r int) func(e *Env, op *gpu.Attention) {
		return func(e *Env, op *gpu.Attention) { op.Bias = e.Rand(gpu.F32, 2*r+1, op.Heads) }
	}
	both := func(fs ...func(e *Env, op *gpu.Attention)) func(e *Env, op *gpu.Attention) {
		return func(e *Env, op *gpu.Attention) {
			for _, f := range fs {
				f(e, op)
			}
		}
	}
	scale := func(_ *Env, op *gpu.Attention) { op.Scale = 1 }
	lse := func(e *Env, op *gpu.Attention) { op.LSE = e.Out(gpu.F32, op.Q.Rows, op.Heads) }
	drop := func(_ *Env, op *gpu.Attention) { op.Drop = gpu.Drop{Rate: 0.2, Key: 5} }
	ragged, keys := []int{3, 0, 6, 1}, []int{5, 4, 0, 9}
	add(attentionCase{name: "grouped", q: ragged, heads: 6, kv: 2, d: 8})
	add(attentionCase{name: "one key head", q: ragged, k: keys, heads: 4, kv: 1, d: 8, with: causal})
	add(attentionCase{name: "narrow values", q: ragged, heads: 2, d: 16, dv: 5})
	add(attentionCase{name: "wide values", q: ragged, heads: 4, kv: 2, d: 5, dv: 24})
	add(attentionCase{name: "bias", q: []int{9, 4}, heads: 3, d: 8, with: bias(20)})
	add(attentionCase{name: "bias clamped", q: []int{9, 4}, heads: 3, d: 8, with: both(bias(3), scale)})
	add(attentionCase{name: "bias alone", q: []int{9, 4}, heads: 3, d: 8, with: bias(0)})
	add(attentionCase{name: "bias causal", q: []int{3, 4}, k: []int{11, 4}, heads: 3, d: 8, with: both(bias(4), causal)})
	add(attentionCase{name: "scale", q: ragged, heads: 2, d: 8, with: scale})
	add(attentionCase{name: "drop", q: ragged, k: keys, heads: 2, d: 8, with: both(drop, lse)})
	add(attentionCase{name: "lse", q: ragged, k: keys, heads: 2, d: 8, with: both(lse, causal)})
	for _, n := range []int{1, 2, 3, 16} {
		add(attentionCase{name: fmt.Sprintf("pages=%d", n), q: []int{1, 4, 2}, k: []int{19, 4, 33}, heads: 2, d: 8, pages: n, with: causal})
	}
	add(attentionCase{name: "pages across blocks", q: []int{2, 5}, k: []int{100, 140}, heads: 1, d: 4, pages: 24, with: causal})
	add(attentionCase{name: "pages of beams", q: []int{1, 1, 1}, k: []int{6, 0, 6}, heads: 2, d: 8, pages: 1, with: lse})
	add(attentionCase{name: "f32", q: ragged, heads: 2, d: 8, with: func(e *Env, op *gpu.Attention) { op.Dst = e.Out(gpu.F32, op.Dst.Rows, op.Dst.Cols) }})
	for _, g := range []attentionCase{
		{name: "grad", q: []int{3, 0, 5}, k: []int{4, 2, 0}, heads: 4, kv: 2, d: 5, dv: 3, with: both(bias(2), drop)},
		{name: "grad causal", q: []int{5, 2}, k: []int{3, 7}, heads: 2, d: 4, with: both(causal, scale)},
		{name: "grad pages", q: []int{2, 4}, k: []int{7, 4}, heads: 2, d: 8, pages: 3, with: causal},
		{name: "grad", q: []int{9, 17}, heads: 4, d: 16},
		{name: "grad pages across blocks", q: []int{5}, k: []int{140}, heads: 1, d: 4, pages: 24, with: causal},
		{name: "grad blocks", q: []int{70}, heads: 1, d: 4, with: both(bias(20), causal)},
	} {
		g.grad = true
		cases = append(cases, g.named())
	}
	return cases
}

// attentionEdges are queries without keys, masks of −∞, NaN, and scores that overflow
// unless the largest is subtracted.
func attentionEdges() (cases []Case) {
	add := func(a attentionCase) { cases = append(cases, a.named()) }
	add(attentionCase{name: "no sequences", heads: 2, d: 8})
	add(attentionCase{name: "empty", q: []int{0, 0}, heads: 2, d: 8})
	add(attentionCase{name: "no keys", q: []int{2, 3}, k: []int{0, 0}, heads: 2, d: 8, with: func(e *Env, op *gpu.Attention) { op.LSE = e.Out(gpu.F32, op.Q.Rows, 2) }})
	add(attentionCase{name: "more queries than keys", q: []int{7, 20}, k: []int{3, 19}, heads: 2, d: 8, with: causal})
	add(attentionCase{name: "room to grow", q: []int{1, 2}, k: []int{9, 4}, heads: 2, d: 8, with: func(e *Env, op *gpu.Attention) {
		op.QSeq.Max, op.KSeq.Max = 5, 40
		op.Drop = gpu.Drop{Rate: 0.5, Key: 3} // counts keys by Max
	}})
	mask := func(from, to int) func(e *Env, op *gpu.Attention) { // −∞ at distances [from, to)
		return func(e *Env, op *gpu.Attention) {
			op.LSE = e.Out(gpu.F32, op.Q.Rows, op.Heads)
			op.Bias = e.Make(gpu.F32, 9, op.Heads, func(i, _ int) float64 {
				if from <= i-4 && i-4 < to {
					return math.Inf(-1)
				}
				return e.rnd.NormFloat64()
			})
		}
	}
	add(attentionCase{name: "masked by bias", q: []int{6, 3}, heads: 2, d: 8, with: mask(0, 2)})
	add(attentionCase{name: "first keys masked", q: []int{1, 2}, k: []int{70, 33}, heads: 2, d: 8, with: mask(-4, -1)})
	add(attentionCase{name: "all masked by bias", q: []int{6, 3}, heads: 2, d: 8, with: mask(-4, 5)})
	for _, sigma := range []float64{1e-20, 20, 300} {
		add(attentionCase{name: fmt.Sprintf("sigma=%g", sigma), q: []int{9, 4}, heads: 2, d: 8, with: func(e *Env, op *gpu.Attention) {
			op.Q = e.Scaled(gpu.F32, op.Q.Rows, op.Q.Cols, sigma)
			op.LSE = e.Out(gpu.F32, op.Q.Rows, 2)
		}})
	}
	add(attentionCase{name: "low scores", q: []int{9}, heads: 2, d: 8, with: func(e *Env, op *gpu.Attention) {
		op.Bias = e.Make(gpu.F32, 1, 2, func(int, int) float64 { return -500 })
	}})
	add(attentionCase{name: "nan=Q", q: []int{3, 4}, heads: 2, d: 8, with: func(e *Env, op *gpu.Attention) { e.spoil(op.Q, 2, 9) }})
	add(attentionCase{name: "nan=K", q: []int{3, 4}, heads: 2, d: 8, with: func(e *Env, op *gpu.Attention) { causal(e, op); e.spoil(op.K, 2, 9) }})
	add(attentionCase{name: "nan=V", q: []int{3, 40}, heads: 2, d: 8, with: func(e *Env, op *gpu.Attention) { causal(e, op); e.spoil(op.V, 20, 15) }})
	add(attentionCase{name: "nan drop", q: []int{3, 9}, heads: 2, d: 8, with: func(e *Env, op *gpu.Attention) {
		op.Drop = gpu.Drop{Rate: 0.5, Key: 21}
		e.spoilRow(op.V, 2)
	}})
	add(attentionCase{name: "nan=bias", q: []int{3, 4}, heads: 2, d: 8, with: func(e *Env, op *gpu.Attention) {
		op.Bias = e.spoil(e.Rand(gpu.F32, 5, 2), 1, 1)
	}})
	for _, kv := range []gpu.DType{gpu.F16, gpu.BF16} { // a cache in halves under F32 activations
		add(attentionCase{name: fmt.Sprintf("keys dt=%v", kv), q: []int{3, 4}, k: []int{9, 4}, heads: 2, d: 8, with: func(e *Env, op *gpu.Attention) {
			op.K, op.V = e.Rand(kv, op.K.Rows, op.K.Cols), e.Rand(kv, op.V.Rows, op.V.Cols)
		}})
	}
	return cases
}
