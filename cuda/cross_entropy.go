package cuda

import "github.com/rapt-go/rapt/gpu"

func (b *Backend) supportsCrossEntropy(op *gpu.CrossEntropy) error {
	return b.runnable([8]string{"X"}, &op.X)
}

func (q *queue) runCrossEntropy(op *gpu.CrossEntropy) error {
	if op.X.Len() == 0 {
		return nil
	}
	return q.launch("cross_entropy_block_any", [3]int{op.X.Rows, 1, 1}, append(q.args[:0], addr(&op.Loss), addr(&op.LSE), q.faultArg(), addr(&op.X), addr(&op.Target),
		i32(op.X.Cols), i32(op.Loss.Stride), i32(op.LSE.Stride), i32(op.X.Stride), i32(op.Target.Stride), dtypeArg(&op.X), boolArg(aligned(4, &op.X))))
}
