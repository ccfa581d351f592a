package cuda

import "github.com/rapt-go/rapt/gpu"

func (b *Backend) supportsSoftmax(op *gpu.Softmax) error {
	return b.runnable([8]string{"Dst", "X"}, &op.Dst, &op.X)
}

func (q *queue) runSoftmax(op *gpu.Softmax) error {
	if op.Dst.Len() == 0 {
		return nil
	}
	name, grid := "softmax_row_any", rowGrid(op.X.Rows)
	if op.X.Cols > warpCols {
		name, grid = "softmax_block_any", [3]int{op.X.Rows, 1, 1}
	}
	return q.launch(name, grid, append(q.args[:0], addr(&op.Dst), addr(&op.X), i32(op.X.Rows), i32(op.X.Cols), i32(op.Dst.Stride), i32(op.X.Stride),
		dtypeArg(&op.Dst), dtypeArg(&op.X), boolArg(aligned(4, &op.Dst, &op.X)), boolArg(op.Log), or1(op.Scale)))
}
