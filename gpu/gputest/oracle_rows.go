package gputest

// Operations on whole rows: lookups, copies, pooling.

import (
	"math"

	"github.com/rapt-go/rapt/gpu"
)

// embed's magnitude: |Scale·Table| + |Pos| + |Type|, as far as dropout keeps them.
func embed[T real](op *gpu.Embed) {
	each(op.Dst, func(i, j int) {
		y := or1[T](op.Scale) * at[T](op.Table, index(op.IDs, 0, i), j)
		mag := abs(y)
		if !op.Pos.IsZero() {
			p := at[T](op.Pos, index(op.Positions, 0, i), j)
			y, mag = y+p, mag+abs(p)
		}
		if !op.Type.IsZero() {
			p := at[T](op.Type, index(op.Types, 0, i), j)
			y, mag = y+p, mag+abs(p)
		}
		k := keep[T](op.Drop, i*op.Dst.Cols+j)
		store(op.Dst, i, j, y*k, mag*float64(k), 0)
	})
}

func embedGrad[T real](op *gpu.EmbedGrad) {
	f := &op.Fwd
	table, pos, typ := newSum[T](op.DTable), newSum[T](op.DPos), newSum[T](op.DType)
	each(op.DDst, func(i, j int) {
		d := at[T](op.DDst, i, j) * keep[T](f.Drop, i*op.DDst.Cols+j)
		if !op.DTable.IsZero() {
			table.add(index(f.IDs, 0, i), j, d*or1[T](f.Scale), abs(d*or1[T](f.Scale)))
		}
		if !op.DPos.IsZero() {
			pos.add(index(f.Positions, 0, i), j, d, abs(d))
		}
		if !op.DType.IsZero() {
			typ.add(index(f.Types, 0, i), j, d, abs(d))
		}
	})
	for _, o := range []*sum[T]{table, pos, typ} {
		o.store()
	}
}

// pool's magnitude: Σ|x|, or its mean, and |Dst| if that is added to. A row that is
// chosen is exact.
func pool[T real](op *gpu.Pool) {
	x := load[T](op.X)
	for seq := range op.Dst.Rows {
		rows := make([]int, op.X.Rows)
		for r := range rows {
			rows[r] = r
		}
		if op.Seqs.N > 0 {
			rows = make([]int, index(op.Seqs.Len, 0, seq))
			for r := range rows {
				rows[r] = row(&op.Seqs, seq, r)
			}
		}
		for j := range op.Dst.Cols {
			v, mag := pooled(op.Kind, x, rows, j)
			if op.Add {
				old := at[T](op.Dst, seq, j)
				mag = max(mag, abs(v)) + abs(old)
				v += old
			}
			store(op.Dst, seq, j, v, mag, 0)
		}
	}
}

// pooled reduces column j of the given rows.
func pooled[T real](kind gpu.PoolKind, x [][]T, rows []int, j int) (v T, mag float64) {
	if len(rows) == 0 {
		return 0, 0
	}
	switch kind {
	case gpu.First:
		return x[rows[0]][j], 0
	case gpu.Last:
		return x[rows[len(rows)-1]][j], 0
	case gpu.Max:
		v = T(math.Inf(-1))
		for _, r := range rows {
			v = max(v, x[r][j])
		}
		return v, 0
	}
	for _, r := range rows {
		v += x[r][j]
		mag += abs(x[r][j])
	}
	if kind == gpu.Mean {
		n := len(rows)
		return v / T(n), mag / float64(n)
	}
	return v, mag
}

// put adds in the order of rows. Whether the partial sums of a row of halves that is
// added to often are rounded, as they would be in memory, is left open.
func put[T real](op *gpu.Put) {
	if !op.Add {
		each(op.Src, func(i, j int) {
			if r := index(op.At, 0, i); r >= 0 {
				move(op.Dst, r, op.Src, i, j)
			}
		})
		return
	}
	dst := newSum[T](op.Dst)
	each(op.Src, func(i, j int) {
		if r := index(op.At, 0, i); r >= 0 {
			v := at[T](op.Src, i, j)
			dst.add(r, j, v, abs(v))
		}
	})
	dst.store()
}

func take(op *gpu.Take) {
	each(op.Dst, func(i, j int) {
		if r := index(op.At, 0, i); r >= 0 {
			move(op.Dst, i, op.Src, r, j)
		} else {
			store(op.Dst, i, j, 0.0, 0, 0)
		}
	})
}

// move copies src[i,j] to dst[r,j], as it is if the types are equal.
func move(dst gpu.Tensor, r int, src gpu.Tensor, i, j int) {
	store(dst, r, j, at[float64](src, i, j), 0, 0)
	if size := dst.DType.Size(); dst.DType == src.DType {
		copy(dst.Buf.(*memory).data[(dst.Off+r*dst.Stride+j)*size:][:size], src.Buf.(*memory).data[(src.Off+i*src.Stride+j)*size:])
	}
}
