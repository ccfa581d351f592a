package cuda

import "github.com/rapt-go/rapt/gpu"

func (b *Backend) supportsTopK(op *gpu.TopK) error {
	return b.runnable([8]string{"X"}, &op.X)
}

func (q *queue) runTopK(op *gpu.TopK) error {
	if op.Index.Len() == 0 {
		return nil
	}
	return q.launch("topk_rows_any", [3]int{op.X.Rows, 1, 1}, append(q.args[:0], addr(&op.Value), addr(&op.Index), addr(&op.X), i32(op.X.Cols),
		i32(op.Index.Cols), i32(op.Value.Stride), i32(op.Index.Stride), i32(op.X.Stride), dtypeArg(&op.X)))
}
