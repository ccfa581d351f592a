package cpu

// What the tests and benchmarks share: a backend with a stream, and operands.

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/rapt-go/rapt/gpu"
)

// A rig is a backend, a stream on it, and a source of operands.
type rig struct {
	testing.TB
	b   *Backend
	s   *gpu.Stream
	rng *rand.Rand
}

func newRig(t testing.TB, opts ...Option) *rig {
	b, err := Open(opts...)
	if err != nil {
		t.Fatal(err)
	}
	return rigOn(t, b)
}

func rigOn(t testing.TB, b *Backend) *rig {
	s, err := gpu.NewStream(b)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		b.Close()
	})
	return newRigOnStream(t, b, s)
}

func newRigOnStream(t testing.TB, b *Backend, s *gpu.Stream) *rig {
	return &rig{t, b, s, rand.New(rand.NewPCG(1, 2))}
}

// random returns normally distributed floats.
func (r *rig) random(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.rng.NormFloat64())
	}
	return x
}

func (r *rig) matrix(rows, cols int) gpu.Tensor { return r.floats(rows, cols, r.random(rows*cols)) }

func (r *rig) floats(rows, cols int, x []float32) gpu.Tensor {
	t := r.s.Temp(gpu.F32, rows, cols)
	gpu.Write(r.s, t, x)
	return t
}

func (r *rig) ints(x ...int32) gpu.Tensor { return r.intRows(1, x) }

func (r *rig) intRows(rows int, x []int32) gpu.Tensor {
	t := r.s.Temp(gpu.I32, rows, len(x)/rows)
	gpu.Write(r.s, t, x)
	return t
}

// seqs are sequences one after the other.
func (r *rig) seqs(lens ...int32) gpu.Seqs {
	s := gpu.Seqs{N: len(lens), Len: r.ints(lens...)}
	start, at := make([]int32, len(lens)), int32(0)
	for i, n := range lens {
		start[i], at = at, at+n
		s.Max = max(s.Max, int(n))
	}
	s.Start = r.ints(start...)
	return s
}

func (r *rig) do(op gpu.Op) {
	r.Helper()
	if r.s.Do(op); r.s.Err() != nil {
		r.Fatal(r.s.Err())
	}
}

// attention is one of n sequences, all as long.
func (r *rig) attention(n, q, k, heads, d int) *gpu.Attention {
	lens := func(l int) []int32 {
		x := make([]int32, n)
		for i := range x {
			x[i] = int32(l)
		}
		return x
	}
	return &gpu.Attention{Dst: r.s.Temp(gpu.F32, n*q, heads*d), Q: r.matrix(n*q, heads*d), K: r.matrix(n*k, heads*d), V: r.matrix(n*k, heads*d),
		QSeq: r.seqs(lens(q)...), KSeq: r.seqs(lens(k)...), Heads: heads}
}

// weight prepares a weight of the given rows.
func (r *rig) weight(f gpu.Format, rows, cols int, x []float32) gpu.Tensor {
	b := make([]byte, 0, 4*len(x))
	for _, v := range x {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	t, err := r.b.Prepare(gpu.F32, f, gpu.Host{Src: strings.NewReader(string(b)), DType: gpu.HostF32, Rows: rows, Cols: cols})
	if err != nil {
		r.Fatal(err)
	}
	return t
}

// read is the content of t, row after row.
func (r *rig) read(t gpu.Tensor) []float32 {
	r.Helper()
	x, err := gpu.Read[float32](r.s, t)
	if err != nil {
		r.Fatal(err)
	}
	return x
}

// bits are the elements of t, row after row, whatever their type.
func (r *rig) bits(t gpu.Tensor) (b []uint32) {
	r.Helper()
	switch t.DType {
	case gpu.F32:
		return asBits(r.read(t))
	case gpu.I32:
		x, err := gpu.Read[int32](r.s, t)
		for _, v := range x {
			b = append(b, uint32(v))
		}
		if err != nil {
			r.Fatal(err)
		}
	default:
		x, err := gpu.Read[uint16](r.s, t)
		for _, v := range x {
			b = append(b, uint32(v))
		}
		if err != nil {
			r.Fatal(err)
		}
	}
	return b
}

// A task is an operation and its outputs.
type task struct {
	name string
	op   gpu.Op
	outs []gpu.Tensor
}

// pages are page numbers of so many rows and columns, each below limit.
func pages(rows, cols, limit int) []int32 {
	p := make([]int32, rows*cols)
	for i := range p {
		p[i] = int32(i * 7 % limit)
	}
	return p
}

// tasks are operations of every kind, most of them large enough for several workers. Equal
// rigs make equal tasks.
func (r *rig) tasks() []task {
	const m, n, k = 150, 200, 300
	out := func(rows, cols int) gpu.Tensor { return r.floats(rows, cols, make([]float32, rows*cols)) }
	x, y, w, bias := r.matrix(m, k), r.matrix(m, n), r.random(n*k), r.matrix(1, n)
	drop := gpu.Drop{Rate: 0.1, Key: 7}
	var list []task
	add := func(name string, op gpu.Op, outs ...gpu.Tensor) { list = append(list, task{name, op, outs}) }

	for _, f := range []gpu.Format{gpu.Plain, gpu.Native} {
		dst, pre := out(m, n), out(m, n)
		add("gemm "+f.String(), &gpu.Gemm{Dst: dst, Pre: pre, A: x, B: r.weight(f, n, k, w), Bias: bias, Act: gpu.GELU, Mul: y, Add: y, Alpha: 0.5, Drop: drop}, dst, pre)
		gated := out(m, n)
		add("gated gemm "+f.String(), &gpu.Gemm{Dst: gated, A: x, B: r.weight(f, n, k, w), Up: r.weight(f, n, k, w), Act: gpu.SiLU}, gated)
	}
	nn, tn := out(m, n), out(k, n)
	add("gemm NN", &gpu.Gemm{Dst: nn, A: x, B: r.matrix(k, n), Form: gpu.NN}, nn)
	add("gemm TN", &gpu.Gemm{Dst: tn, A: x, B: y, Form: gpu.TN}, tn)

	norm, sum, stat := out(m, n), out(m, n), out(m, 2)
	fwd := gpu.Norm{Dst: norm, Sum: sum, Stat: stat, X: y, Residual: r.matrix(m, n), Gain: bias, Bias: bias, Eps: 1e-5, Drop: drop}
	add("norm", &fwd, norm, sum, stat)
	dx, dres, dgain, dbias := out(m, n), out(m, n), out(1, n), out(1, n)
	add("norm grad", &gpu.NormGrad{DX: dx, DResidual: dres, DGain: dgain, DBias: dbias, Fwd: fwd, DDst: r.matrix(m, n)}, dx, dres, dgain, dbias)

	att := r.attention(3, 100, 130, 4, 20)
	att.LSE, att.Bias, att.Causal, att.Drop = out(300, 4), r.matrix(33, 4), true, drop
	add("attention", att, att.Dst, att.LSE)
	paged := *att
	paged.Dst, paged.LSE = out(300, 80), gpu.Tensor{}
	paged.KSeq = gpu.Seqs{Len: r.ints(130, 70, 0), Pages: r.intRows(3, pages(3, 9, 24)), PageRows: 16, N: 3, Max: 130}
	add("attention pages", &paged, paged.Dst)
	dq, dk, dv, db := out(300, 80), out(390, 80), out(390, 80), out(33, 4)
	add("attention grad", &gpu.AttentionGrad{DQ: dq, DK: dk, DV: dv, DBias: db, Fwd: *att, DDst: r.matrix(300, 80)}, dq, dk, dv, db)

	ids, few := make([]int32, m), make([]int32, m)
	for i := range ids {
		ids[i], few[i] = int32(r.rng.IntN(m)), int32(i%2)
	}
	emb, dtable, dpos, dtype := out(m, n), out(m, n), out(m, n), out(2, n)
	embed := gpu.Embed{Dst: emb, Table: y, Pos: y, Type: r.matrix(2, n), IDs: r.ints(ids...), Positions: r.ints(ids...), Types: r.ints(few...), Scale: 3, Drop: drop}
	add("embed", &embed, emb)
	add("embed grad", &gpu.EmbedGrad{DTable: dtable, DPos: dpos, DType: dtype, Fwd: embed, DDst: y}, dtable, dpos, dtype)

	pw, sm, logs, pool := out(m, n), out(m, n), out(m, n), out(3, n)
	add("pointwise", &gpu.Pointwise{Dst: pw, X: y, Y: y, F: gpu.Tanh, Plus: true, Drop: drop}, pw)
	add("softmax", &gpu.Softmax{Dst: sm, X: y}, sm)
	add("log softmax", &gpu.Softmax{Dst: logs, X: y, Log: true}, logs)
	add("pool", &gpu.Pool{Dst: pool, X: y, Seqs: r.seqs(50, 0, 90), Kind: gpu.Mean}, pool)
	put, take, cast, fill := out(m, n), out(m, n), out(m, n), out(m, n)
	add("put", &gpu.Put{Dst: put, Src: y, At: r.ints(ids...), Add: true}, put)
	add("take", &gpu.Take{Dst: take, Src: y, At: r.ints(ids...)}, take)
	half := r.s.Temp(gpu.BF16, m, n)
	add("cast down", &gpu.Cast{Dst: half, X: y}, half)
	add("cast up", &gpu.Cast{Dst: cast, X: half}, cast)
	add("fill", &gpu.Fill{Dst: fill, Value: 3}, fill)
	value, index, drawn := out(m, 9), r.intRows(m, make([]int32, m*9)), r.intRows(m, make([]int32, m))
	add("top k", &gpu.TopK{Value: value, Index: index, X: y}, value, index)
	add("sample", &gpu.Sample{Index: drawn, X: y, Seed: r.intRows(m, append(ids, few...))}, drawn)
	loss, lse, warped := out(m, 1), out(m, 1), out(m, n)
	add("cross entropy", &gpu.CrossEntropy{Loss: loss, LSE: lse, X: y, Target: r.intRows(m, ids)}, loss, lse)
	params := make([]float32, 0, m*gpu.WarpParams)
	for i := range m {
		params = append(params, 0.5, float32(i%3*50), 0.9, 0.01, 0.8, 0.001, 0.01, float32(i%5/4))
	}
	add("warp", &gpu.Warp{Dst: warped, X: y, Params: r.floats(m, gpu.WarpParams, params)}, warped)
	add("scatter", &gpu.Scatter{Dst: fill, Row: r.ints(0, -1, 2), Col: r.ints(5, 1000, 7), Value: r.matrix(1, 3)}, fill)
	return list
}
