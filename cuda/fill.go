package cuda

import (
	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/gpu"
)

func (b *Backend) supportsFill(op *gpu.Fill) error {
	if err := b.runnable([8]string{"Dst"}, &op.Dst); err != nil {
		return err
	}
	return countable("Dst", &op.Dst)
}

func (q *queue) runFill(op *gpu.Fill) error {
	if op.Dst.Len() == 0 {
		return nil
	}
	args := append(q.args[:0], addr(&op.Dst), i32(op.Dst.Rows), i32(op.Dst.Cols), i32(op.Dst.Stride), dtypeArg(&op.Dst),
		boolArg(aligned(4, &op.Dst)), driver.F32(op.Value))
	return q.launch("fill_spans_any", spanGrid(&op.Dst), args)
}
