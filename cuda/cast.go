package cuda

import "github.com/rapt-go/rapt/gpu"

func (b *Backend) supportsCast(op *gpu.Cast) error {
	if err := b.runnable([8]string{"Dst", "X"}, &op.Dst, &op.X); err != nil {
		return err
	}
	return countable("Dst", &op.Dst)
}

func (q *queue) runCast(op *gpu.Cast) error {
	if op.Dst.Len() == 0 {
		return nil
	}
	args := append(q.args[:0], addr(&op.Dst), addr(&op.X), i32(op.Dst.Rows), i32(op.Dst.Cols), i32(op.Dst.Stride), i32(op.X.Stride),
		dtypeArg(&op.Dst), dtypeArg(&op.X), boolArg(aligned(4, &op.Dst, &op.X)))
	return q.launch("cast_spans_any", spanGrid(&op.Dst), args)
}
