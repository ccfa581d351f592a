package gputest

import (
	"bytes"
	"errors"
	"io"
	"math"
	"testing"

	"github.com/rapt-go/rapt/gpu"
)

// errors tests that every kind of operation is known, that wrong ones are refused and write
// nothing, and that memory and weights which cannot be made give errors.
func (s *suite) errors(t *testing.T) {
	for _, op := range gpu.Ops() {
		st, err := gpu.NewStream(s.b)
		if err != nil {
			t.Fatal(err)
		}
		st.Do(op)
		st.Sync()
		err = st.Err()
		if s.skip(t, gpu.Describe(op), err) {
			continue
		}
		if err != nil {
			t.Errorf("no work: %v", err)
		}
		st.Close()
	}
	t.Run("refused", s.refusals)
	t.Run("weights", s.badWeights)
	for _, n := range []int{-1, math.MaxInt, math.MaxInt - 1<<16} {
		if b, err := s.b.Alloc(n); err == nil {
			t.Errorf("Alloc(%d) answers a buffer of %d bytes", n, b.Size())
		} else if n > 0 && !errors.Is(err, gpu.ErrMemory) {
			t.Errorf("Alloc(%d) answers %v, which is no ErrMemory", n, err)
		}
	}
}

// A refusal is an operation that must fail with want.
type refusal struct {
	name string
	op   gpu.Op
	want error
}

// refusals runs wrong operations over memory that they must leave as it is.
func (s *suite) refusals(t *testing.T) {
	e := newEnv(roomy)
	arena := e.Rand(gpu.F32, 40, 64)
	weight := e.Weight(gpu.F32, gpu.Native, 8, 8)
	d, err := s.device()
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	m := arena.Buf.(*memory)
	if err := errors.Join(d.put(m, &arena), d.reset()); err != nil {
		t.Fatal(err)
	}
	native := d.put(weight.Buf.(*memory), &weight)
	for _, r := range refusedOps(arena, weight) {
		if r.want == gpu.ErrUnsupported && errors.Is(native, gpu.ErrUnsupported) {
			continue // its weight cannot be made at all
		}
		st, err := gpu.NewStream(s.b)
		if err != nil {
			t.Fatal(err)
		}
		st.Do(r.op)
		st.Do(&gpu.Fill{Dst: arena, Value: 7}) // after an error nothing happens
		st.Sync()
		if !errors.Is(st.Err(), r.want) {
			t.Errorf("%s: the error is %v, not %v", r.name, st.Err(), r.want)
		}
		var op *gpu.OpError
		if !errors.As(st.Err(), &op) {
			t.Errorf("%s: the error does not say which operation: %v", r.name, st.Err())
		}
		st.Close()
		if got, err := d.content(m); err != nil || !bytes.Equal(got, m.data) {
			t.Fatalf("%s: it wrote all the same; %v", r.name, err)
		}
	}
}

func refusedOps(arena, weight gpu.Tensor) []refusal {
	at := func(i, rows, cols int) gpu.Tensor { return arena.RowRange(8*i, 8*i+rows).ColRange(0, cols) }
	x, y, z := at(0, 8, 8), at(1, 8, 8), at(2, 8, 8)
	as := func(t gpu.Tensor, dt gpu.DType) gpu.Tensor { t.DType = dt; return t }
	ids := as(at(3, 1, 8), gpu.I32)
	seq := gpu.Seqs{Start: ids.ColRange(0, 2), Len: ids.ColRange(2, 4), N: 2, Max: 4}
	attention := gpu.Attention{Dst: x, Q: y, K: z, V: z, Heads: 2, QSeq: seq, KSeq: seq}
	attend := func(f func(op *gpu.Attention)) *gpu.Attention { op := attention; f(&op); return &op }
	return []refusal{
		{"inner sizes", &gpu.Gemm{Dst: x, A: y, B: z.ColRange(0, 7)}, gpu.ErrShape},
		{"Dst too narrow", &gpu.Gemm{Dst: x.ColRange(0, 7), A: y, B: z}, gpu.ErrShape},
		{"no Dst", &gpu.Gemm{A: y, B: z}, gpu.ErrShape},
		{"Bias too long", &gpu.Gemm{Dst: x, A: y, B: z, Bias: at(3, 1, 9)}, gpu.ErrShape},
		{"Bias of BF16", &gpu.Gemm{Dst: x, A: y, B: z, Bias: as(at(3, 1, 8), gpu.BF16)}, gpu.ErrUnsupported},
		{"A of I32", &gpu.Gemm{Dst: x, A: as(y, gpu.I32), B: z}, gpu.ErrUnsupported},
		{"Dst over A", &gpu.Gemm{Dst: x, A: x, B: z}, gpu.ErrShape},
		{"Dst over part of Add", &gpu.Gemm{Dst: x, A: y, B: z, Add: arena.RowRange(1, 9).ColRange(0, 8)}, gpu.ErrShape},
		{"UpBias alone", &gpu.Gemm{Dst: x, A: y, B: z, UpBias: at(3, 1, 8)}, gpu.ErrShape},
		{"no such form", &gpu.Gemm{Dst: x, A: y, B: z, Form: 9}, gpu.ErrUnsupported},
		{"no such function", &gpu.Gemm{Dst: x, A: y, B: z, Act: gpu.Acts}, gpu.ErrUnsupported},
		{"dropout of all", &gpu.Gemm{Dst: x, A: y, B: z, Drop: gpu.Drop{Rate: 1}}, gpu.ErrUnsupported},
		{"outside its buffer", &gpu.Gemm{Dst: x, A: y, B: func() gpu.Tensor { b := z; b.Off += 1 << 30; return b }()}, gpu.ErrShape},
		{"prepared A", &gpu.Gemm{Dst: x, A: weight, B: z}, gpu.ErrUnsupported},
		{"part of a weight", &gpu.Gemm{Dst: x.ColRange(0, 4), A: y, B: weight.RowRange(0, 4)}, gpu.ErrUnsupported},
		{"transposed weight", &gpu.Gemm{Dst: x, A: y, B: weight, Form: gpu.NN}, gpu.ErrUnsupported},
		{"prepared table", &gpu.Embed{Dst: x, Table: weight, IDs: ids}, gpu.ErrUnsupported},
		{"Gain too short", &gpu.Norm{Dst: x, X: y, Gain: at(3, 1, 7)}, gpu.ErrShape},
		{"negative Eps", &gpu.Norm{Dst: x, X: y, Eps: -1}, gpu.ErrUnsupported},
		{"Dst over part of X", &gpu.Norm{Dst: x, X: arena.RowRange(1, 9).ColRange(0, 8)}, gpu.ErrShape},
		{"heads that do not divide", attend(func(op *gpu.Attention) { op.Heads = 3 }), gpu.ErrShape},
		{"key heads that do not divide", attend(func(op *gpu.Attention) { op.KVHeads = 3 }), gpu.ErrShape},
		{"Bias of even height", attend(func(op *gpu.Attention) { op.Bias = at(3, 4, 2) }), gpu.ErrShape},
		{"fewer key sequences", attend(func(op *gpu.Attention) { op.KSeq.N = 1 }), gpu.ErrShape},
		{"queries in pages", attend(func(op *gpu.Attention) {
			op.QSeq = gpu.Seqs{Len: seq.Len, Pages: as(at(4, 2, 4), gpu.I32), PageRows: 1, N: 2, Max: 4}
		}), gpu.ErrUnsupported},
		{"too few pages", attend(func(op *gpu.Attention) {
			op.KSeq = gpu.Seqs{Len: seq.Len, Pages: as(at(4, 2, 1), gpu.I32), PageRows: 2, N: 2, Max: 4}
		}), gpu.ErrShape},
		{"Dst over Q", attend(func(op *gpu.Attention) { op.Dst = op.Q }), gpu.ErrShape},
		{"ids of F32", &gpu.Embed{Dst: x, Table: y, IDs: as(ids, gpu.F32)}, gpu.ErrUnsupported},
		{"Y of another shape", &gpu.Pointwise{Dst: x, X: y, Y: z.ColRange(0, 7)}, gpu.ErrShape},
		{"Dst of another shape", &gpu.Softmax{Dst: x.RowRange(0, 7), X: y}, gpu.ErrShape},
		{"no such kind", &gpu.Pool{Dst: x.RowRange(0, 1), X: y, Kind: 99}, gpu.ErrUnsupported},
		{"At too short", &gpu.Put{Dst: x, Src: y, At: ids.ColRange(0, 7)}, gpu.ErrShape},
		{"floats to indices", &gpu.Take{Dst: as(x, gpu.I32), Src: y, At: ids}, gpu.ErrUnsupported},
		{"cast to I32", &gpu.Cast{Dst: as(x, gpu.I32), X: y}, gpu.ErrUnsupported},
		{"more than there are", &gpu.TopK{Index: as(at(0, 8, 9), gpu.I32), X: y}, gpu.ErrShape},
		{"half a seed", &gpu.Sample{Index: as(at(0, 8, 1), gpu.I32), X: y, Seed: as(at(2, 8, 1), gpu.I32)}, gpu.ErrShape},
		{"no target", &gpu.CrossEntropy{Loss: x.ColRange(0, 1), X: y}, gpu.ErrShape},
		{"a parameter too few", &gpu.Warp{Dst: x, X: y, Params: z.ColRange(0, 7)}, gpu.ErrShape},
		{"no such update", &gpu.Scatter{Dst: x, Row: ids, Col: ids, Value: at(4, 1, 8), Kind: 9}, gpu.ErrUnsupported},
		{"rows that overlap", &gpu.Fill{Dst: gpu.Tensor{Buf: arena.Buf, Off: arena.Off, Rows: 4, Cols: 8, Stride: 4}}, gpu.ErrShape},
		{"no Stat", &gpu.NormGrad{DX: x, Fwd: gpu.Norm{X: y}, DDst: z}, gpu.ErrShape},
		{"no LSE", &gpu.AttentionGrad{Fwd: attention, DDst: z}, gpu.ErrShape},
		{"outputs that overlap", &gpu.EmbedGrad{DTable: x, DPos: x, Fwd: gpu.Embed{Table: y, Pos: y, IDs: ids, Positions: ids}, DDst: z}, gpu.ErrShape},
	}
}

// badWeights tests what Prepare must refuse.
func (s *suite) badWeights(t *testing.T) {
	host := func(rows, cols int) gpu.Host {
		return newEnv(roomy).Host(gpu.HostF32, rows, cols, false, func(int, int) float64 { return 1 })
	}
	short, broken := host(3, 4), host(3, 4)
	short.Rows, broken.Src = 30, failing{}
	for _, c := range []struct {
		name  string
		dt    gpu.DType
		f     gpu.Format
		parts []gpu.Host
		want  error // nil means any
	}{
		{"widths that differ", gpu.F32, gpu.Plain, []gpu.Host{host(3, 4), host(3, 5)}, gpu.ErrShape},
		{"no such format", gpu.F32, 99, []gpu.Host{host(3, 4)}, gpu.ErrUnsupported},
		{"no such type", 99, gpu.Plain, []gpu.Host{host(3, 4)}, gpu.ErrUnsupported},
		{"a short file", gpu.F32, gpu.Plain, []gpu.Host{short}, nil},
		{"a broken file", gpu.F32, gpu.Native, []gpu.Host{broken}, errBroken},
	} {
		w, err := s.b.Prepare(c.dt, c.f, c.parts...)
		switch {
		case err == nil:
			t.Errorf("%s: Prepare makes %v", c.name, w)
			s.b.Free(w.Buf)
		case c.want == errBroken && errors.Is(err, gpu.ErrUnsupported): // no such format here
		case c.want != nil && !errors.Is(err, c.want):
			t.Errorf("%s: the error is %v, not %v", c.name, err, c.want)
		}
	}
}

var errBroken = errors.New("broken file")

type failing struct{}

func (failing) ReadAt([]byte, int64) (int, error) { return 0, errBroken }

var _ io.ReaderAt = failing{}
