package gputest

import (
	"fmt"
	"math"

	"github.com/rapt-go/rapt/gpu"
)

// A gemmCase describes a Gemm of random operands.
type gemmCase struct {
	name    string
	m, n, k int
	dt      gpu.DType
	f       gpu.Format
	form    gpu.Form
	with    func(e *Env, op *gpu.Gemm) // adds to it
}

func (g gemmCase) named() Case {
	name := "Gemm/"
	if g.name != "" {
		name += g.name + "/"
	}
	name += fmt.Sprintf("m=%d/n=%d/k=%d/dt=%v", g.m, g.n, g.k, g.dt)
	if g.f != gpu.Plain {
		name += fmt.Sprintf("/fmt=%v", g.f)
	}
	return Case{Name: name, Build: func(e *Env) gpu.Op { return g.build(e) }}
}

func (g gemmCase) build(e *Env) *gpu.Gemm {
	op := &gpu.Gemm{Dst: e.Out(g.dt, g.m, g.n), Form: g.form}
	if g.form == gpu.TN {
		op.A = e.Rand(g.dt, g.k, g.m)
	} else {
		op.A = e.Rand(g.dt, g.m, g.k)
	}
	sigma := 1 / math.Sqrt(float64(g.k))
	switch {
	case g.f != gpu.Plain:
		op.B = e.Weight(g.dt, g.f, g.k, g.n)
	case g.form == gpu.NT:
		op.B = e.Scaled(g.dt, g.n, g.k, sigma)
	default:
		op.B = e.Scaled(g.dt, g.k, g.n, sigma)
	}
	if g.with != nil {
		g.with(e, op)
	}
	return op
}

var formName = [...]string{gpu.NT: "NT", gpu.NN: "NN", gpu.TN: "TN"}

func withBias(e *Env, op *gpu.Gemm) { op.Bias = e.Rand(gpu.F32, 1, op.Dst.Cols) }

func gemmShapes() (cases []Case) {
	for _, s := range [][3]int{
		{7, 192, 64}, {7, 64, 64}, {7, 112, 64}, {7, 64, 112}, // the golden models
		{6, 384, 128}, {6, 512, 128}, {6, 128, 512}, {3, 6000, 128}, // bert-kjv and its words
		{9, 1152, 384}, {9, 384, 384}, {9, 1536, 384}, {9, 384, 1536}, // MiniLM
		{5, 2304, 768}, {5, 768, 768}, {5, 3072, 768}, {5, 768, 3072}, // BERT-base
		{1, 1000, 257}, {65, 49, 33}, {130, 17, 96}, // one row, many
	} {
		for _, dt := range floatTypes {
			cases = append(cases, gemmCase{m: s[0], n: s[1], k: s[2], dt: dt, with: withBias}.named())
		}
	}
	for _, v := range tails {
		for i, s := range [][3]int{{v, 17, 19}, {3, v, 19}, {3, 17, v}} {
			name := "tail " + [...]string{"m", "n", "k"}[i]
			cases = append(cases, gemmCase{name: name, m: s[0], n: s[1], k: s[2]}.named())
			cases = append(cases, gemmCase{name: name, m: s[0], n: s[1], k: s[2], f: gpu.Native, with: withBias}.named())
		}
	}
	for _, k := range []int{127, 128, 129, 255, 256, 257, 383, 384, 385, 511, 513, 769, 1025} {
		cases = append(cases, gemmCase{name: "deep", m: 3, n: 5, k: k}.named())
	}
	for _, s := range [][3]int{{1, 1, 1}, {5, 33, 17}, {16, 64, 48}, {65, 7, 129}, {2, 100, 300}} {
		for _, form := range []gpu.Form{gpu.NN, gpu.TN} {
			for _, dt := range floatTypes {
				cases = append(cases, gemmCase{name: formName[form], m: s[0], n: s[1], k: s[2], dt: dt, form: form, with: withBias}.named())
			}
		}
	}
	return append(cases,
		gemmCase{name: "no rows", m: 0, n: 5, k: 7, with: withBias}.named(),
		gemmCase{name: "no rows", m: 0, n: 5, k: 7, f: gpu.Native}.named(),
	)
}

// gemmFeatures are what may surround a product.
func gemmFeatures() (cases []Case) {
	add := func(name string, dt gpu.DType, with func(e *Env, op *gpu.Gemm)) {
		cases = append(cases, gemmCase{name: name, m: 5, n: 33, k: 17, dt: dt, with: with}.named())
		cases = append(cases, gemmCase{name: name, m: 5, n: 33, k: 17, dt: dt, f: gpu.Native, with: with}.named())
	}
	for a := range gpu.Acts {
		if a != gpu.ReLUGrad && a != gpu.ReLU6Grad { // a product's error may cross their steps
			add("act="+a.String(), gpu.F32, func(e *Env, op *gpu.Gemm) { op.Act = a; withBias(e, op) })
		}
		add("mulact="+a.String(), gpu.F32, func(e *Env, op *gpu.Gemm) {
			op.MulAct, op.Mul = a, e.Scaled(gpu.F32, op.Dst.Rows, op.Dst.Cols, 3)
		})
	}
	for _, dt := range floatTypes {
		like := func(e *Env, op *gpu.Gemm) gpu.Tensor { return e.Rand(dt, op.Dst.Rows, op.Dst.Cols) }
		add("add", dt, func(e *Env, op *gpu.Gemm) { op.Add = like(e, op); withBias(e, op) })
		add("add=dst", dt, func(e *Env, op *gpu.Gemm) { op.Dst = like(e, op); op.Add = op.Dst })
		add("mul=dst", dt, func(e *Env, op *gpu.Gemm) { op.Dst = like(e, op); op.Mul = op.Dst; op.MulAct = gpu.GELUGrad })
		add("mul=add", dt, func(e *Env, op *gpu.Gemm) { op.Mul = like(e, op); op.Add = op.Mul })
		add("f32", dt, func(e *Env, op *gpu.Gemm) { op.Dst = e.Out(gpu.F32, op.Dst.Rows, op.Dst.Cols) })
		add("up", dt, func(e *Env, op *gpu.Gemm) { gated(e, op); op.Act = gpu.SiLU })
		add("everything", dt, func(e *Env, op *gpu.Gemm) { everyField(e, op); op.Add = like(e, op) })
		add("window", dt, func(e *Env, op *gpu.Gemm) { windows(e, op, 2, 1) })
		add("alpha", dt, func(e *Env, op *gpu.Gemm) { op.Alpha = -0.125; withBias(e, op) })
		for _, f := range []gpu.Format{gpu.Plain, gpu.Native, gpu.Fast} { // nothing to sum over
			if f != gpu.Fast || dt == gpu.F32 {
				cases = append(cases, gemmCase{name: "no k", m: 5, n: 32, dt: dt, f: f, with: withBias}.named())
			}
		}
	}
	add("drop", gpu.F32, func(e *Env, op *gpu.Gemm) {
		op.Dst = e.Strided(gpu.F32, 5, 33, 40)
		op.Drop = gpu.Drop{Rate: 0.3, Key: 0x123456789abcdef}
		op.Add = e.Rand(gpu.F32, 5, 33)
	})
	add("sparse", gpu.F32, func(e *Env, op *gpu.Gemm) { op.Dst = e.Strided(gpu.F32, 5, 33, 200); withBias(e, op) })
	add("part", gpu.F32, func(e *Env, op *gpu.Gemm) { op.Dst = e.Out(gpu.F32, 5, 50).ColRange(9, 42) })
	add("far", gpu.F32, func(e *Env, op *gpu.Gemm) { scaleRows(e, op) })
	add("nan=A", gpu.F32, func(e *Env, op *gpu.Gemm) { e.spoil(op.A, 2, 16) })
	add("nan=bias", gpu.F32, func(e *Env, op *gpu.Gemm) { withBias(e, op); e.spoil(op.Bias, 0, 32) })
	add("nan=add", gpu.F32, func(e *Env, op *gpu.Gemm) {
		op.Add = e.spoil(e.Rand(gpu.F32, 5, 33), 4, 0)
		op.Act = gpu.GELU
	})
	add("nan drop", gpu.F32, func(e *Env, op *gpu.Gemm) { e.spoil(op.A, 3, 1); op.Drop = gpu.Drop{Rate: 0.5, Key: 21} })
	for a := range gpu.NoActGrad {
		add("nan act="+a.String(), gpu.F32, func(e *Env, op *gpu.Gemm) { e.spoil(op.A, 4, 0); op.Act = a })
	}
	for _, dt := range floatTypes[1:] { // activations of F32 over weights of halves
		cases = append(cases, gemmCase{name: fmt.Sprintf("B dt=%v", dt), m: 5, n: 33, k: 17, with: func(e *Env, op *gpu.Gemm) {
			op.B = e.Scaled(dt, 33, 17, 0.25)
		}}.named())
	}
	cases = append(cases, gemmCase{name: "nan=B", m: 5, n: 33, k: 17, with: func(e *Env, op *gpu.Gemm) { e.spoil(op.B, 32, 0) }}.named())
	for _, form := range []gpu.Form{gpu.NN, gpu.TN} {
		cases = append(cases, gemmCase{name: formName[form] + " gradient", m: 17, n: 33, k: 9, form: form, with: func(e *Env, op *gpu.Gemm) {
			op.Dst = e.Rand(gpu.F32, 17, 33)
			op.Add, op.Alpha = op.Dst, 0.5
		}}.named())
	}
	return cases
}

// gated makes op a gated layer, its Up like its B.
func gated(e *Env, op *gpu.Gemm) {
	if op.B.Format != gpu.Plain {
		op.Up = e.Weight(op.B.DType, op.B.Format, op.B.Cols, op.B.Rows)
	} else {
		op.Up = e.Scaled(op.B.DType, op.B.Rows, op.B.Cols, 0.25)
	}
	withBias(e, op)
	op.UpBias = e.Rand(gpu.F32, 1, op.Dst.Cols)
}

// everyField uses all that a Gemm can do at once but Add.
func everyField(e *Env, op *gpu.Gemm) {
	m, n, dt := op.Dst.Rows, op.Dst.Cols, op.Dst.DType
	gated(e, op)
	op.Pre, op.UpPre = e.Out(gpu.F32, m, n), e.Out(dt, m, n)
	op.Mul, op.Act, op.MulAct, op.Alpha = e.Rand(dt, m, n), gpu.GELUTanh, gpu.Tanh, 0.75
	op.Drop = gpu.Drop{Rate: 0.1, Key: 7}
}

// windows makes op's A overlapping windows of n rows of a matrix that ends with the
// last of them.
func windows(e *Env, op *gpu.Gemm, n, step int) {
	k, m := op.B.Cols, op.Dst.Rows
	if k%n != 0 {
		k++ // 17 is odd: a window of two rows of nine
		if op.B.Format == gpu.Plain {
			op.B = e.Scaled(op.B.DType, op.B.Rows, k, 0.25)
		} else {
			op.B = e.Weight(op.B.DType, op.B.Format, k, op.B.Rows)
		}
	}
	rows := (m-1)*step + n
	x := e.Strided(op.A.DType, rows, k/n, k/n)
	op.A = e.Fill(x, func(int, int) float64 { return e.rnd.NormFloat64() }).Windows(n, step)
}

// scaleRows makes the rows of A, and with them those of the result, span the range of
// F32.
func scaleRows(e *Env, op *gpu.Gemm) {
	sizes := [...]float64{1e30, 1, 1e-30, 1e10, 1e-20}
	e.Fill(op.A, func(i, _ int) float64 { return sizes[i] * e.rnd.NormFloat64() })
}

// spoil puts a NaN into t.
func (e *Env) spoil(t gpu.Tensor, i, j int) gpu.Tensor {
	t.Buf.(*memory).set(t.DType, t.Off+i*t.Stride+j, math.NaN(), 0, 0)
	return t
}

// spoilRow makes row i of t NaN.
func (e *Env) spoilRow(t gpu.Tensor, i int) {
	for j := range t.Cols {
		e.spoil(t, i, j)
	}
}

// gemmFormats are weights as Prepare lays them out, from what checkpoints hold.
func gemmFormats() (cases []Case) {
	for _, f := range []gpu.Format{gpu.Native, gpu.Fast, gpu.Q8, gpu.Q4} {
		for _, dt := range floatTypes {
			if f == gpu.Fast && dt != gpu.F32 {
				continue
			}
			for _, s := range [][3]int{{7, 192, 64}, {5, 768, 768}, {5, 384, 1536}, {3, 6000, 128}, {1, 1, 1}, {2, 33, 37}} {
				cases = append(cases, gemmCase{m: s[0], n: s[1], k: s[2], dt: dt, f: f, with: withBias}.named())
			}
			cases = append(cases, gemmCase{name: "up", m: 5, n: 33, k: 96, dt: dt, f: f, with: gated}.named())
		}
	}
	for _, f := range []gpu.Format{gpu.Plain, gpu.Native} {
		for h := gpu.HostF32; h <= gpu.HostI8; h++ {
			for _, trans := range []bool{false, true} {
				cases = append(cases, hostCase(h, trans, f))
			}
		}
	}
	return cases
}

// hostCase multiplies by a weight of two parts, the second in F32.
func hostCase(h gpu.HostType, trans bool, f gpu.Format) Case {
	c := gemmCase{name: fmt.Sprintf("host=%v,trans=%v", h, trans), m: 4, n: 23, k: 19, f: gpu.Native}
	c.with = func(e *Env, op *gpu.Gemm) {
		value := func(int, int) float64 { return e.rnd.NormFloat64() }
		if h == gpu.HostI64 || h == gpu.HostI32 || h == gpu.HostU8 || h == gpu.HostI8 {
			value = func(int, int) float64 { return float64(e.rnd.IntN(100)) }
		}
		op.B = e.Prepared(gpu.F32, f, e.Host(h, 11, 19, trans, value), e.Host(gpu.HostF32, 12, 19, !trans, value))
	}
	out := c.named()
	out.Name = fmt.Sprintf("Gemm/%s/dt=f32/fmt=%v", c.name, f)
	return out
}
