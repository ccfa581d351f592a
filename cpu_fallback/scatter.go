package cpu

import "github.com/rapt-go/rapt/gpu"

// runScatter needs no workers: the elements changed are few.
func (q *queue) runScatter(op *gpu.Scatter) error {
	var err error
	dst := open[float32](&op.Dst, &err)
	row, col, value := openIDs(&op.Row, &err), openIDs(&op.Col, &err), openVector(&op.Value, &err)
	if err != nil {
		return err
	}
	if err := checkIDs("Row", row, anyNegative, dst.rows); err != nil {
		return err
	}
	for i, c := range col {
		if row[i] >= 0 && (c < 0 || int(c) >= dst.cols) {
			return indexError("Col", i, c, dst.cols)
		}
	}
	for i, r := range row {
		if r >= 0 {
			x := &dst.row(int(r))[col[i]]
			*x = scattered(op.Kind, *x, value[i])
		}
	}
	return nil
}

// scattered is what x becomes by v.
func scattered(kind gpu.ScatterKind, x, v float32) float32 {
	switch {
	case kind == gpu.ScatterAdd:
		return x + v
	case kind == gpu.ScatterPenalty && x < 0:
		return x * v
	case kind == gpu.ScatterPenalty:
		return x / v
	}
	return v
}
