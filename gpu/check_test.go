package gpu

import (
	"errors"
	"math"
	"strings"
	"testing"
)

// Each bad operation is refused, with the sentinel and a word that says where.
func TestCheckRefuses(t *testing.T) {
	buf := &fakeBuffer{make([]byte, 1<<16)}
	at := 0
	mat := func(rows, cols int) Tensor { // apart from all others
		x := Tensor{Buf: buf, Off: at, Rows: rows, Cols: cols, Stride: cols}
		at += rows * cols
		return x
	}
	ints := func(cols int) Tensor { x := mat(1, cols); x.DType = I32; return x }
	as := func(x Tensor, f func(x *Tensor)) Tensor { f(&x); return x }
	seqs := func(n, most int) Seqs { return Seqs{Start: ints(n), Len: ints(n), N: n, Max: most} }
	x, w, v := mat(4, 8), mat(8, 8), mat(1, 8)
	packed := as(w, func(x *Tensor) { x.Format = Native })
	for _, c := range []struct {
		want string
		is   error
		op   Op
	}{
		{"to sum over", ErrShape, &Gemm{Dst: mat(4, 8), A: x, B: mat(8, 7)}},
		{"Dst is 4×7", ErrShape, &Gemm{Dst: mat(4, 7), A: x, B: w}},
		{"Dst is absent", ErrShape, &Gemm{A: x, B: w}},
		{"Bias is 1×4", ErrShape, &Gemm{Dst: mat(4, 8), A: x, B: w, Bias: mat(1, 4)}},
		{"Bias is i32", ErrUnsupported, &Gemm{Dst: mat(4, 8), A: x, B: w, Bias: ints(8)}},
		{"Up is", ErrShape, &Gemm{Dst: mat(4, 8), A: x, B: w, Up: mat(4, 8)}},
		{"UpBias", ErrShape, &Gemm{Dst: mat(4, 8), A: x, B: w, UpBias: v}},
		{"Form 1", ErrUnsupported, &Gemm{Dst: mat(4, 8), A: x, B: packed, Form: NN}},
		{"gated", ErrUnsupported, &Gemm{Dst: mat(4, 8), A: x, B: w, Up: w, Form: NN}},
		{"part of a prepared", ErrUnsupported, &Gemm{Dst: mat(4, 4), A: x, B: packed.RowRange(0, 4)}},
		{"A is a prepared", ErrUnsupported, &Gemm{Dst: mat(8, 8), A: packed, B: w}},
		{"Add is a prepared", ErrUnsupported, &Gemm{Dst: mat(8, 8), A: w, B: w, Add: packed}},
		{"Drop.Rate", ErrUnsupported, &Gemm{Dst: mat(4, 8), A: x, B: w, Drop: Drop{Rate: 1}}},
		{"Act(", ErrUnsupported, &Gemm{Dst: mat(4, 8), A: x, B: w, Act: Acts}},
		{"Dst f32[4×8] lies over", ErrShape, &Gemm{Dst: x, A: x, B: w}},
		{"partly over", ErrShape, &Gemm{Dst: as(w, func(x *Tensor) { x.Rows = 4 }), A: x, B: mat(8, 8), Add: as(w, func(x *Tensor) { x.Off, x.Rows = x.Off+8, 4 })}},
		{"no memory", ErrShape, &Norm{Dst: mat(4, 8), X: Tensor{Rows: 4, Cols: 8, Stride: 8}}},
		{"ends beyond a buffer", ErrShape, &Norm{Dst: mat(4, 8), X: as(x, func(x *Tensor) { x.Off = 1 << 14 })}},
		{"ends beyond a buffer", ErrShape, &Fill{Dst: as(x, func(x *Tensor) { x.Rows, x.Cols, x.Stride = math.MaxInt/4+2, 4, 4 })}},
		{"ends beyond a buffer", ErrShape, &Fill{Dst: as(x, func(x *Tensor) { x.Rows, x.Cols, x.Stride = math.MaxInt, 4, math.MaxInt/2+1 })}},
		{"ends beyond a buffer", ErrShape, &Fill{Dst: as(x, func(x *Tensor) { x.Cols, x.Stride = math.MaxInt, math.MaxInt })}},
		{"ends beyond a buffer", ErrShape, &Fill{Dst: as(x, func(x *Tensor) { x.Off = math.MaxInt })}},
		{"ends beyond a buffer", ErrShape, &Softmax{Dst: mat(4, 8), X: as(x, func(x *Tensor) { x.Rows, x.Stride = math.MaxInt/2+1, 0 })}},
		{"rows of 8 every 4", ErrShape, &Norm{Dst: as(mat(4, 8), func(x *Tensor) { x.Stride = 4 }), X: x}},
		{"Stat is 4×1", ErrShape, &Norm{Dst: mat(4, 8), X: x, Stat: mat(4, 1)}},
		{"Eps", ErrUnsupported, &Norm{Dst: mat(4, 8), X: x, Eps: -1}},
		{"heads over", ErrShape, &Attention{Dst: mat(4, 8), Q: x, K: mat(4, 8), V: mat(4, 8), Heads: 3, QSeq: seqs(1, 4), KSeq: seqs(1, 4)}},
		{"sequences of queries", ErrShape, &Attention{Dst: mat(4, 8), Q: x, K: mat(4, 8), V: mat(4, 8), Heads: 2, QSeq: seqs(1, 4), KSeq: seqs(2, 4)}},
		{"not an odd number", ErrShape, &Attention{Dst: mat(4, 8), Q: x, K: mat(4, 8), V: mat(4, 8), Heads: 2, Bias: mat(4, 2), QSeq: seqs(1, 4), KSeq: seqs(1, 4)}},
		{"QSeq.Len", ErrShape, &Attention{Dst: mat(4, 8), Q: x, K: mat(4, 8), V: mat(4, 8), Heads: 2, QSeq: Seqs{N: 1, Max: 4}, KSeq: seqs(1, 4)}},
		{"KSeq.Pages has 1 pages", ErrShape, &Attention{Dst: mat(4, 8), Q: x, K: mat(4, 8), V: mat(4, 8), Heads: 2, QSeq: seqs(1, 4), KSeq: Seqs{Len: ints(1), Pages: ints(1), PageRows: 2, N: 1, Max: 4}}},
		{"Positions is absent", ErrShape, &Embed{Dst: mat(4, 8), Table: w, IDs: ints(4), Pos: w}},
		{"for 4 tokens", ErrShape, &Embed{Dst: mat(3, 8), Table: w, IDs: ints(4)}},
		{"IDs is f32", ErrUnsupported, &Embed{Dst: mat(4, 8), Table: w, IDs: mat(1, 4)}},
		{"Y is 4×7", ErrShape, &Pointwise{Dst: mat(4, 8), X: x, Y: mat(4, 7)}},
		{"Kind is", ErrUnsupported, &Pool{Dst: mat(1, 8), X: x, Kind: poolKinds}},
		{"Dst is 2×8", ErrShape, &Pool{Dst: mat(2, 8), X: x}},
		{"rows of f32 to i32", ErrUnsupported, &Put{Dst: as(mat(4, 8), func(x *Tensor) { x.DType = I32 }), Src: x, At: ints(4)}},
		{"At is 1×3", ErrShape, &Take{Dst: mat(4, 8), Src: w, At: ints(3)}},
		{"X is i8", ErrUnsupported, &Cast{Dst: mat(4, 8), X: as(x, func(x *Tensor) { x.DType = I8 })}},
		{"9 largest of 8", ErrShape, &TopK{Index: as(mat(4, 9), func(x *Tensor) { x.DType = I32 }), X: x}},
		{"Seed is absent", ErrShape, &Sample{Index: as(mat(4, 1), func(x *Tensor) { x.DType = I32 }), X: x}},
		{"Target is 4×2", ErrShape, &CrossEntropy{Loss: mat(4, 1), X: x, Target: as(mat(4, 2), func(x *Tensor) { x.DType = I32 })}},
		{"Loss f32[4×1] lies over", ErrShape, &CrossEntropy{Loss: x.ColRange(0, 1), X: x, Target: as(mat(4, 1), func(x *Tensor) { x.DType = I32 })}},
		{"Params is 4×7", ErrShape, &Warp{Dst: mat(4, 8), X: x, Params: mat(4, 7)}},
		{"Dst is bf16", ErrUnsupported, &Warp{Dst: as(mat(4, 8), func(x *Tensor) { x.DType = BF16 }), X: x, Params: mat(4, WarpParams)}},
		{"partly over", ErrShape, &Warp{Dst: as(mat(4, 8), func(t *Tensor) { t.Off = x.Off + 1 }), X: x, Params: mat(4, WarpParams)}},
		{"Value is 1×2", ErrShape, &Scatter{Dst: mat(4, 8), Row: ints(3), Col: ints(3), Value: mat(1, 2)}},
		{"Fwd.Sum is absent", ErrShape, &NormGrad{Fwd: Norm{X: x, Residual: x, Stat: mat(4, 2)}, DDst: x}},
		{"DX f32[4×8] lies over", ErrShape, &NormGrad{DX: x, Fwd: Norm{X: x, Stat: mat(4, 2)}, DDst: mat(4, 8)}},
		{"Fwd.LSE is absent", ErrShape, &AttentionGrad{Fwd: Attention{Dst: mat(4, 8), Q: x, K: mat(4, 8), V: mat(4, 8), Heads: 2, QSeq: seqs(1, 4), KSeq: seqs(1, 4)}, DDst: mat(4, 8)}},
		{"Fwd.IDs is absent", ErrShape, &EmbedGrad{DTable: w, Fwd: Embed{Table: w}, DDst: mat(4, 8)}},
	} {
		err := Check(c.op, Vocabulary)
		if !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", Describe(c.op), err, c.want)
		}
		if err := Check(c.op, 0); !errors.Is(err, ErrUnsupported) {
			t.Errorf("a backend of no vocabulary gets %s: %v", Describe(c.op), err)
		}
	}
}

// A backend of before an operation is not sent it.
func TestCheckVocabulary(t *testing.T) {
	for _, op := range []Op{&CrossEntropy{}, &Warp{}} {
		if err := Check(op, 1); !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), "vocabulary 2") {
			t.Errorf("%T: %v", op, err)
		}
		if err := Check(op, 2); err != nil {
			t.Errorf("%T: %v", op, err)
		}
	}
}

func TestOverlaps(t *testing.T) {
	buf, other := &fakeBuffer{make([]byte, 4096)}, &fakeBuffer{make([]byte, 4096)}
	m := Tensor{Buf: buf, Rows: 4, Cols: 12, Stride: 12}
	for name, c := range map[string]struct {
		a, b Tensor
		want bool
	}{
		"itself":             {m, m, true},
		"another buffer":     {m, Tensor{Buf: other, Rows: 4, Cols: 12, Stride: 12}, false},
		"columns apart":      {m.ColRange(0, 4), m.ColRange(4, 8), false},
		"columns shared":     {m.ColRange(0, 5), m.ColRange(4, 8), true},
		"rows apart":         {m.RowRange(0, 2), m.RowRange(2, 4), false},
		"wrapping columns":   {m.ColRange(8, 12), Tensor{Buf: buf, Off: 10, Rows: 2, Cols: 3, Stride: 12}, true},
		"other stride":       {m.ColRange(0, 4), Tensor{Buf: buf, Off: 4, Rows: 2, Cols: 4, Stride: 8}, true},
		"other type, apart":  {m, Tensor{Buf: buf, Off: 96, Rows: 1, Cols: 8, Stride: 8, DType: F16}, false},
		"other type, shared": {m, Tensor{Buf: buf, Off: 95, Rows: 1, Cols: 8, Stride: 8, DType: F16}, true},
		"no rows":            {m, m.RowRange(1, 1), false},
	} {
		if c.a.Overlaps(c.b) != c.want || c.b.Overlaps(c.a) != c.want {
			t.Errorf("%s: not %v", name, c.want)
		}
	}
}

// Views are total: a range outside, or of a prepared weight, has no memory.
func TestViews(t *testing.T) {
	buf := &fakeBuffer{make([]byte, 4096)}
	m := Tensor{Buf: buf, Rows: 6, Cols: 4, Stride: 4}
	for _, bad := range []Tensor{m.ColRange(2, 5), m.ColRange(3, 2), m.RowRange(-1, 2), m.RowRange(0, 7), m.Windows(0, 1), m.Windows(2, 0), Tensor{}.Windows(-1, -1),
		m.ColRange(0, 2).Windows(2, 1)} {
		if bad.Buf != nil {
			t.Errorf("%+v has memory", bad)
		}
	}
	if w := m.Windows(3, 2); w.Rows != 2 || w.Cols != 12 || w.Stride != 8 || w.Buf == nil {
		t.Errorf("%+v", w)
	}
	if w := m.Windows(7, 2); w.Rows != 0 {
		t.Errorf("%+v", w)
	}
	m.Format = Native
	if m.RowRange(0, 6).Buf != nil {
		t.Error("part of a prepared weight has memory")
	}
}

func TestCost(t *testing.T) {
	x, w := Tensor{Rows: 3, Cols: 8, Stride: 8}, Tensor{Rows: 5, Cols: 8, Stride: 8, DType: BF16}
	if got := Cost(&Gemm{Dst: Tensor{Rows: 3, Cols: 5}, A: x, B: w}); got != (Work{2 * 3 * 5 * 8, 4*(15+24) + 2*40}) {
		t.Errorf("%+v", got)
	}
	if got := Cost(&Attention{Dst: x, Q: x, K: x, V: x, Heads: 2, QSeq: Seqs{N: 1, Max: 3}, KSeq: Seqs{N: 1, Max: 3}}); got.FLOPs != 2*3*3*16 {
		t.Errorf("%+v", got)
	}
}
