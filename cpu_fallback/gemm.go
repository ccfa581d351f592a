package cpu

import (
	"fmt"

	"github.com/rapt-go/rapt/gpu"
)

// A tile of a product is gemmRows×gemmCols elements of Dst. Its sum over k is taken
// gemmDepth terms at a time, in float32, and the partial sums are added in order: the
// bits of an element depend on its row of A, its column of B and k alone. The depth
// bounds the error of a sum by about (gemmDepth + k/gemmDepth) roundings, where k is
// usual, and the pieces of A and B in use by the second-level cache.
const (
	gemmRows  = 64
	gemmCols  = 48
	gemmDepth = 128
)

// gemmScratch holds two tiles of sums, B's share of a tile, and A's where it is transposed.
const gemmScratch = 2*gemmRows*gemmCols + gemmDepth*gemmCols + gemmRows*gemmDepth

// A gemmJob is a gpu.Gemm.
type gemmJob struct {
	k               *kernels
	op              *gpu.Gemm
	dst, pre, upPre matrix
	a, mul, add     matrix
	bias, upBias    matrix
	b, up           weight
	rowTiles        int
	m, n, depth     int
}

// A weight is B or Up: rows, or the panels of a Native one.
type weight struct {
	rows   matrix
	panels []float32
}

func openWeight(t *gpu.Tensor, err *error) weight {
	if t.Format == gpu.Plain || *err != nil || t.Len() == 0 {
		return weight{rows: open[float32](t, err)}
	}
	b, e := contents(t.Buf)
	if e != nil {
		*err = e
		return weight{}
	}
	if own := t.Buf.(*buffer); t.Off != 0 || t.Rows != own.rows || t.Cols != own.cols {
		*err = fmt.Errorf("%v at %d is not the %v weight in its buffer, %d×%d: %w", *t, t.Off, t.Format, own.rows, own.cols, gpu.ErrShape)
	}
	return weight{panels: elements[float32](b)}
}

func (q *queue) runGemm(op *gpu.Gemm) error {
	var err error
	j := &q.gemm
	defer clearJob(j)
	*j = gemmJob{k: q.k, op: op, dst: open[float32](&op.Dst, &err), pre: open[float32](&op.Pre, &err), upPre: open[float32](&op.UpPre, &err),
		a: open[float32](&op.A, &err), mul: open[float32](&op.Mul, &err), add: open[float32](&op.Add, &err),
		bias: open[float32](&op.Bias, &err), upBias: open[float32](&op.UpBias, &err),
		b: openWeight(&op.B, &err), up: openWeight(&op.Up, &err),
		m: op.Dst.Rows, n: op.Dst.Cols, depth: op.A.Cols}
	if op.Form == gpu.TN {
		j.depth = op.A.Rows
	}
	if err != nil || j.m == 0 || j.n == 0 {
		return err
	}
	j.rowTiles = (j.m + gemmRows - 1) / gemmRows
	q.share(j, j.rowTiles*((j.n+gemmCols-1)/gemmCols), j.m*j.n, j.depth/4+actCost)
	return nil
}

// tile computes one tile, after the tiles above it, so that its share of B is used again
// while it is near.
func (j *gemmJob) tile(t int, s *scratch) {
	r0, c0 := t%j.rowTiles*gemmRows, t/j.rowTiles*gemmCols
	rows, cols := min(gemmRows, j.m-r0), min(gemmCols, j.n-c0)
	acc, up, rest := s.f[:gemmRows*gemmCols], s.f[gemmRows*gemmCols:][:gemmRows*gemmCols], s.f[2*gemmRows*gemmCols:]
	j.product(acc, &j.b, r0, rows, c0, cols, rest)
	if !j.upAbsent() {
		j.product(up, &j.up, r0, rows, c0, cols, rest)
	}
	for i := range rows {
		j.finish(acc[i*gemmCols:][:cols], up[i*gemmCols:][:cols], r0+i, c0, rest[:cols])
	}
}

func (j *gemmJob) upAbsent() bool { return j.op.Up.IsZero() }

// product computes rows×cols elements of A·B from (r0, c0) on.
func (j *gemmJob) product(acc []float32, b *weight, r0, rows, c0, cols int, s []float32) {
	clear(acc[:rows*gemmCols])
	panels, s := s[:gemmDepth*gemmCols], s[gemmDepth*gemmCols:]
	for k0 := 0; k0 < j.depth; k0 += gemmDepth {
		k := min(gemmDepth, j.depth-k0)
		a, lda := j.rowsOfA(r0, rows, k0, k, s)
		switch {
		case b.panels != nil:
			j.k.gemm(acc, gemmCols, a, lda, b.panels[c0*j.depth+k0*j.k.panel:], j.depth*j.k.panel, rows, cols, k)
		case j.op.Form == gpu.NT:
			j.k.dots(acc, gemmCols, a, lda, b.rows.data[c0*b.rows.stride+k0:], b.rows.stride, rows, cols, k)
		default:
			for l := range k {
				j.k.pack(panels, b.rows.part(k0+l, c0, c0+cols), l, k)
			}
			j.k.gemm(acc, gemmCols, a, lda, panels, k*j.k.panel, rows, cols, k)
		}
	}
}

// pack puts x, row l of k of some columns, where gemm looks for it.
func (t *kernels) pack(panels, x []float32, l, k int) {
	for c := 0; c < len(x); c += t.panel {
		to := panels[c*k+l*t.panel:]
		for i, v := range x[c:min(c+t.panel, len(x))] {
			to[i] = v
		}
	}
}

// rowsOfA returns rows of A from r0 on, in columns [k0, k0+k), and their stride.
func (j *gemmJob) rowsOfA(r0, rows, k0, k int, s []float32) ([]float32, int) {
	if j.op.Form != gpu.TN {
		return j.a.data[r0*j.a.stride+k0:], j.a.stride
	}
	for l := range k {
		for i, v := range j.a.part(k0+l, r0, r0+rows) {
			s[i*gemmDepth+l] = v
		}
	}
	return s, gemmDepth
}

// finish makes part of a row of Dst, from column c on, of the products y and up.
func (j *gemmJob) finish(y, up []float32, row, c int, tmp []float32) {
	end := c + len(y)
	finishProduct(y, &j.bias, c, orOne(j.op.Alpha))
	if !j.pre.absent() {
		copy(j.pre.part(row, c, end), y)
	}
	j.k.act(j.op.Act, y, y)
	if !j.mul.absent() {
		j.k.act(j.op.MulAct, tmp, j.mul.part(row, c, end))
		mulRow(y, tmp)
	}
	if !j.upAbsent() {
		finishProduct(up, &j.upBias, c, orOne(j.op.Alpha))
		if !j.upPre.absent() {
			copy(j.upPre.part(row, c, end), up)
		}
		mulRow(y, up)
	}
	if j.op.Drop.Rate > 0 {
		dropRow(y, j.op.Drop, row*j.n+c)
	}
	if !j.add.absent() {
		addRow(y, j.add.part(row, c, end))
	}
	copy(j.dst.part(row, c, end), y)
}

// finishProduct computes y = alpha·y + bias, from column c on.
func finishProduct(y []float32, bias *matrix, c int, alpha float32) {
	if alpha != 1 {
		scaleRow(y, alpha)
	}
	if !bias.absent() {
		addRow(y, bias.part(0, c, c+len(y)))
	}
}
