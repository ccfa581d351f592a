package gputest

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/rapt-go/rapt/gpu"
)

// everything keeps all outputs of a gradient.
func everything(*Env, gpu.Op) {}

// gradCase is the gradient operation of c, its forward pass done by the oracle and its
// outputs holding numbers. with changes it.
func gradCase(c Case, with func(e *Env, op gpu.Op)) Case {
	kind, rest, _ := strings.Cut(c.Name, "/")
	return Case{Name: kind + "Grad/" + rest, Build: func(e *Env) gpu.Op {
		op := gradient(e, c.Build(e))
		with(e, op)
		return op
	}}
}

// gradient runs the forward operation fwd on the host, and returns its gradient.
func gradient(e *Env, fwd gpu.Op) gpu.Op {
	like := func(t gpu.Tensor) gpu.Tensor {
		if t.IsZero() {
			return gpu.Tensor{}
		}
		return e.Rand(gpu.F32, t.Rows, t.Cols)
	}
	switch f := fwd.(type) {
	case *gpu.Norm:
		f.Stat = e.Out(gpu.F32, f.X.Rows, 2)
		if !f.Residual.IsZero() || f.Drop.Rate > 0 {
			f.Sum = e.Out(gpu.F32, f.X.Rows, f.X.Cols)
		}
		e.forward(f)
		g := &gpu.NormGrad{Fwd: *f, DDst: like(f.X), DX: like(f.X), DResidual: like(f.Residual), DGain: like(f.Gain), DBias: like(f.Bias)}
		if !f.Sum.IsZero() {
			g.DSum = like(f.X)
		}
		return g
	case *gpu.Attention:
		f.LSE = e.Out(gpu.F32, f.Q.Rows, f.Heads)
		e.forward(f)
		return &gpu.AttentionGrad{Fwd: *f, DDst: like(f.Dst), DQ: like(f.Q), DK: like(f.K), DV: like(f.V), DBias: like(f.Bias)}
	case *gpu.Embed:
		e.forward(f)
		return &gpu.EmbedGrad{Fwd: *f, DDst: like(f.Dst), DTable: like(f.Table), DPos: like(f.Pos), DType: like(f.Type)}
	}
	panic(fmt.Sprintf("gputest: no gradient of %T", fwd))
}

// forward replaces the content of op's outputs by the oracle's.
func (e *Env) forward(op gpu.Op) {
	if e.empty {
		return
	}
	after, err := onHost[float64](op, e.mem)
	if err != nil {
		panic(err) // the operations above are the oracle's own
	}
	for i, m := range after {
		if m != nil {
			copy(e.mem[i].data, m.data)
		}
	}
}

// gradEdges are gradients of which some outputs or inputs are absent, or rows masked.
func gradEdges() (cases []Case) {
	none := gpu.Tensor{}
	norm := normCase("part", gpu.F32, 5, 19, residual)
	for i, name := range []string{"DX", "DResidual", "DGain", "DBias"} {
		cases = append(cases, renamed(gradCase(norm, func(_ *Env, op gpu.Op) {
			keepOnly(i, outputs(op))
		}), "only "+name))
	}
	cases = append(cases,
		renamed(gradCase(norm, func(_ *Env, op gpu.Op) { op.(*gpu.NormGrad).DSum = none }), "no DSum"),
		renamed(gradCase(norm, func(_ *Env, op gpu.Op) { op.(*gpu.NormGrad).Fwd.X = none }), "no X"),
		gradCase(normCase("no rows", gpu.F32, 0, 5, residual), everything),
		gradCase(normCase("far", gpu.F32, 4, 64, func(e *Env, op *gpu.Norm) {
			e.Fill(op.X, func(int, int) float64 { return 100 + e.rnd.NormFloat64() })
		}), everything),
		gradCase(normCase("wide", gpu.F32, 3, 768, residual), everything),
		gradCase(normCase("sum dt=bf16", gpu.BF16, 3, 40, nil), everything),
	)
	attention := attentionCase{name: "part", q: []int{4, 3}, k: []int{5, 3}, heads: 4, kv: 2, d: 6, dv: 5, with: func(e *Env, op *gpu.Attention) {
		op.Bias = e.Rand(gpu.F32, 7, 4)
	}}.named()
	for i, name := range []string{"DQ", "DK", "DV", "DBias"} {
		cases = append(cases, renamed(gradCase(attention, func(_ *Env, op gpu.Op) { keepOnly(i, outputs(op)) }), "only "+name))
	}
	for _, a := range []attentionCase{
		{name: "empty", q: []int{0, 2}, k: []int{3, 0}, heads: 2, d: 4},
		{name: "masked", q: []int{6, 3}, heads: 2, d: 8, with: func(e *Env, op *gpu.Attention) {
			op.Bias = e.Make(gpu.F32, 3, 2, func(i, _ int) float64 { return [...]float64{0, math.Inf(-1), math.Inf(-1)}[i] })
		}},
		{name: "long", q: []int{3, 70}, k: []int{130, 70}, heads: 2, d: 16, with: causal},
		{name: "sharp", q: []int{9}, heads: 2, d: 8, with: func(e *Env, op *gpu.Attention) { op.Scale = 30 }},
	} {
		cases = append(cases, gradCase(a.named(), everything))
	}
	embed := embedCases()
	i := slices.IndexFunc(embed, func(c Case) bool { return c.Grad })
	for out, name := range []string{"DTable", "DPos", "DType"} {
		cases = append(cases, renamed(gradCase(embed[i], func(_ *Env, op gpu.Op) { keepOnly(out, outputs(op)) }), "only "+name))
	}
	return cases
}

func renamed(c Case, what string) Case {
	c.Name += "/" + what
	return c
}

// outputs are the gradients that op computes.
func outputs(op gpu.Op) []*gpu.Tensor {
	switch g := op.(type) {
	case *gpu.NormGrad:
		return []*gpu.Tensor{&g.DX, &g.DResidual, &g.DGain, &g.DBias}
	case *gpu.AttentionGrad:
		return []*gpu.Tensor{&g.DQ, &g.DK, &g.DV, &g.DBias}
	case *gpu.EmbedGrad:
		return []*gpu.Tensor{&g.DTable, &g.DPos, &g.DType}
	}
	return nil
}

func keepOnly(i int, outs []*gpu.Tensor) {
	for j, o := range outs {
		if j != i {
			*o = gpu.Tensor{}
		}
	}
}
