package cuda

import "github.com/rapt-go/rapt/gpu"

func (b *Backend) supportsSample(op *gpu.Sample) error {
	return b.runnable([8]string{"X"}, &op.X)
}

func (q *queue) runSample(op *gpu.Sample) error {
	if op.Index.Len() == 0 {
		return nil
	}
	return q.launch("sample_rows_any", [3]int{op.X.Rows, 1, 1}, append(q.args[:0], addr(&op.Index), addr(&op.X), addr(&op.Seed), i32(op.X.Cols),
		i32(op.Index.Stride), i32(op.X.Stride), i32(op.Seed.Stride), dtypeArg(&op.X), or1(op.Scale)))
}
