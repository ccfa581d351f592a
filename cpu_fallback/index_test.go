package cpu

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/rapt-go/rapt/gpu"
)

// Each operation has one index out of range, and must say which, and write nothing.
func TestIndices(t *testing.T) {
	for _, c := range []struct {
		says string
		op   func(r *rig, dst gpu.Tensor) gpu.Op
	}{
		{"IDs[1] is 7, of 7", func(r *rig, dst gpu.Tensor) gpu.Op {
			return &gpu.Embed{Dst: dst, Table: r.matrix(7, 6), IDs: r.ints(0, 7, 1, 1)}
		}},
		{"IDs[3] is -1, of 7", func(r *rig, dst gpu.Tensor) gpu.Op {
			return &gpu.Embed{Dst: dst, Table: r.matrix(7, 6), IDs: r.ints(0, 1, 2, -1)}
		}},
		{"Positions[2] is 2147483647, of 5", func(r *rig, dst gpu.Tensor) gpu.Op {
			return &gpu.Embed{Dst: dst, Table: r.matrix(7, 6), IDs: r.ints(0, 1, 1, 1), Pos: r.matrix(5, 6), Positions: r.ints(0, 0, 1<<31-1, 0)}
		}},
		{"Types[0] is 2, of 2", func(r *rig, dst gpu.Tensor) gpu.Op {
			return &gpu.Embed{Dst: dst, Table: r.matrix(7, 6), IDs: r.ints(0, 1, 1, 1), Type: r.matrix(2, 6), Types: r.ints(2, 0, 0, 0)}
		}},
		{"Positions[0] is -2147483648, of 5", func(r *rig, dst gpu.Tensor) gpu.Op {
			return &gpu.Embed{Dst: dst, Table: r.matrix(7, 6), IDs: r.ints(0, 1, 1, 1), Pos: r.matrix(5, 6), Positions: r.ints(-1<<31, 0, 0, 0)}
		}},
		{"Types[3] is -1, of 2", func(r *rig, dst gpu.Tensor) gpu.Op {
			return &gpu.Embed{Dst: dst, Table: r.matrix(7, 6), IDs: r.ints(0, 1, 1, 1), Type: r.matrix(2, 6), Types: r.ints(0, 1, 0, -1)}
		}},
		{"Fwd.Positions[1] is -1, of 4", func(r *rig, dst gpu.Tensor) gpu.Op {
			f := gpu.Embed{Dst: r.matrix(2, 6), Table: r.matrix(3, 6), IDs: r.ints(0, 1), Pos: r.matrix(4, 6), Positions: r.ints(0, -1)}
			return &gpu.EmbedGrad{DPos: dst, Fwd: f, DDst: f.Dst}
		}},
		{"Fwd.Types[0] is 4, of 4", func(r *rig, dst gpu.Tensor) gpu.Op {
			f := gpu.Embed{Dst: r.matrix(2, 6), Table: r.matrix(3, 6), IDs: r.ints(0, 1), Type: r.matrix(4, 6), Types: r.ints(4, -1)}
			return &gpu.EmbedGrad{DTable: r.matrix(3, 6), DType: dst, Fwd: f, DDst: f.Dst}
		}},
		{"Fwd.IDs[0] is 4, of 4", func(r *rig, dst gpu.Tensor) gpu.Op {
			f := gpu.Embed{Dst: r.matrix(2, 6), Table: r.matrix(4, 6), IDs: r.ints(4, 0)}
			return &gpu.EmbedGrad{DTable: dst, Fwd: f, DDst: f.Dst}
		}},
		{"At[1] is 4, of 4", func(r *rig, dst gpu.Tensor) gpu.Op {
			return &gpu.Put{Dst: dst, Src: r.matrix(2, 6), At: r.ints(-5, 4)}
		}},
		{"At[0] is 9, of 9", func(r *rig, dst gpu.Tensor) gpu.Op {
			return &gpu.Take{Dst: dst, Src: r.matrix(9, 6), At: r.ints(9, -1, 0, 0)}
		}},
		{"Row[0] is 4, of 4", func(r *rig, dst gpu.Tensor) gpu.Op {
			return &gpu.Scatter{Dst: dst, Row: r.ints(4, 0), Col: r.ints(0, 0), Value: r.matrix(1, 2)}
		}},
		{"Col[1] is -1, of 6", func(r *rig, dst gpu.Tensor) gpu.Op {
			return &gpu.Scatter{Dst: dst, Row: r.ints(0, 0), Col: r.ints(0, -1), Value: r.matrix(1, 2)}
		}},
		{"Seqs.Len[3] is 9, of at most 8", func(r *rig, dst gpu.Tensor) gpu.Op {
			return &gpu.Pool{Dst: dst, X: r.matrix(8, 6), Seqs: gpu.Seqs{Start: r.ints(0, 0, 0, 0), Len: r.ints(1, 1, 1, 9), N: 4, Max: 8}}
		}},
		{"Seqs.Len[0] is -1, of at most 8", func(r *rig, dst gpu.Tensor) gpu.Op {
			return &gpu.Pool{Dst: dst, X: r.matrix(8, 6), Seqs: gpu.Seqs{Start: r.ints(0, 0, 0, 0), Len: r.ints(-1, 1, 1, 1), N: 4, Max: 8}}
		}},
		{"Seqs.Start[1] has rows 7 to 8, of 8", func(r *rig, dst gpu.Tensor) gpu.Op {
			return &gpu.Pool{Dst: dst, X: r.matrix(8, 6), Seqs: gpu.Seqs{Start: r.ints(900, 7, 0, 0), Len: r.ints(0, 2, 1, 1), N: 4, Max: 8}}
		}},
		{"Seqs.Pages[2] has rows -2 to -1, of 8", func(r *rig, dst gpu.Tensor) gpu.Op {
			return &gpu.Pool{Dst: dst, X: r.matrix(8, 6), Seqs: gpu.Seqs{Pages: r.intRows(4, []int32{0, 1, -1, 0, 0, 0, 0, 0}), Len: r.ints(4, 2, 3, 0), N: 4, Max: 4, PageRows: 2}}
		}},
		{"Seqs.Pages[0] has rows 4294967294 to 4294967295, of 8", func(r *rig, dst gpu.Tensor) gpu.Op { // beyond 32 bits
			return &gpu.Pool{Dst: dst, X: r.matrix(8, 6), Seqs: gpu.Seqs{Pages: r.intRows(4, []int32{1<<31 - 1, 0, 0, 0, 0, 0, 0, 0}), Len: r.ints(2, 0, 0, 0), N: 4, Max: 4, PageRows: 2}}
		}},
		{"Seqs.Pages[5] has rows 8 to 8, of 8", func(r *rig, dst gpu.Tensor) gpu.Op { // page 4 of two rows, one of them in use
			return &gpu.Pool{Dst: dst, X: r.matrix(8, 6), Seqs: gpu.Seqs{Pages: r.intRows(4, []int32{0, 1, 3, 99, 2, 4, 0, 0}), Len: r.ints(4, 2, 3, 0), N: 4, Max: 4, PageRows: 2}}
		}},
		{"QSeq.Start[0] has rows -1 to 0, of 4", func(r *rig, dst gpu.Tensor) gpu.Op {
			q := gpu.Seqs{Start: r.ints(-1), Len: r.ints(2), N: 1, Max: 2}
			return &gpu.Attention{Dst: dst, Q: r.matrix(4, 6), K: r.matrix(5, 6), V: r.matrix(5, 6), QSeq: q, KSeq: r.seqs(5), Heads: 2}
		}},
		{"KSeq.Len[0] is -3, of at most 5", func(r *rig, dst gpu.Tensor) gpu.Op {
			k := gpu.Seqs{Start: r.ints(0), Len: r.ints(-3), N: 1, Max: 5}
			return &gpu.Attention{Dst: dst, Q: r.matrix(4, 6), K: r.matrix(5, 6), V: r.matrix(5, 6), QSeq: r.seqs(4), KSeq: k, Heads: 2}
		}},
		{"KSeq.Pages[1] has rows -8 to -6, of 8", func(r *rig, dst gpu.Tensor) gpu.Op {
			k := gpu.Seqs{Pages: r.intRows(1, []int32{0, -2}), Len: r.ints(7), N: 1, Max: 8, PageRows: 4}
			return &gpu.Attention{Dst: dst, Q: r.matrix(4, 6), K: r.matrix(8, 6), V: r.matrix(8, 6), QSeq: r.seqs(4), KSeq: k, Heads: 2}
		}},
		{"QSeq.Start[0] has rows 1 to 4, of 4", func(r *rig, dst gpu.Tensor) gpu.Op {
			f := gpu.Attention{Dst: r.matrix(4, 6), LSE: r.matrix(4, 2), Q: r.matrix(4, 6), K: r.matrix(5, 6), V: r.matrix(5, 6), QSeq: r.seqs(4), KSeq: r.seqs(5), Heads: 2}
			f.QSeq.Start = r.ints(1)
			return &gpu.AttentionGrad{DQ: dst, Fwd: f, DDst: r.matrix(4, 6)}
		}},
		{"KSeq.Start[0] has rows 1 to 5, of 5", func(r *rig, dst gpu.Tensor) gpu.Op {
			k := gpu.Seqs{Start: r.ints(1), Len: r.ints(5), N: 1, Max: 5}
			return &gpu.Attention{Dst: dst, Q: r.matrix(4, 6), K: r.matrix(5, 6), V: r.matrix(5, 6), QSeq: r.seqs(4), KSeq: k, Heads: 2}
		}},
		{"Target[2] is 6, of 6", func(r *rig, dst gpu.Tensor) gpu.Op {
			return &gpu.CrossEntropy{Loss: dst.ColRange(2, 3), LSE: dst.ColRange(3, 4), X: r.matrix(4, 6), Target: r.intRows(4, []int32{5, -1, 6, 0})}
		}},
	} {
		r := newRig(t)
		before := r.random(24)
		dst := r.floats(4, 6, before)
		op := c.op(r, dst)
		r.s.Do(op)
		if err := r.s.Err(); !errors.Is(err, gpu.ErrIndex) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q expected, got %v", c.says, err)
		}
		r2 := newRigOnStream(t, r.b, freshStream(t, r.b))
		if after := r2.read(dst); !slices.Equal(after, before) {
			t.Errorf("%s: the output changed", c.says)
		}
	}
}

func freshStream(t *testing.T, b *Backend) *gpu.Stream {
	s, err := gpu.NewStream(b)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}
