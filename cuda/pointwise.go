package cuda

import "github.com/rapt-go/rapt/gpu"

func (b *Backend) supportsPointwise(op *gpu.Pointwise) error {
	if err := b.runnable([8]string{"Dst", "X", "Y"}, &op.Dst, &op.X, &op.Y); err != nil {
		return err
	}
	return countable("Dst", &op.Dst)
}

func (q *queue) runPointwise(op *gpu.Pointwise) error {
	if op.Dst.Len() == 0 {
		return nil
	}
	args := append(q.args[:0], addr(&op.Dst), addr(&op.X), addr(&op.Y), i32(op.Dst.Rows), i32(op.Dst.Cols),
		i32(op.Dst.Stride), i32(op.X.Stride), i32(op.Y.Stride), dtypeArg(&op.Dst), dtypeArg(&op.X), dtypeArg(&op.Y),
		boolArg(aligned(4, &op.Dst, &op.X, &op.Y)), i32(int(op.F)), boolArg(op.Plus))
	return q.launch("pointwise_spans_any", spanGrid(&op.Dst), dropArgs(args, &op.Drop))
}
