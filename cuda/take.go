package cuda

import "github.com/rapt-go/rapt/gpu"

func (b *Backend) supportsTake(op *gpu.Take) error {
	return b.runnable([8]string{"Dst", "Src"}, &op.Dst, &op.Src)
}

func (q *queue) runTake(op *gpu.Take) error {
	if op.Dst.Len() == 0 {
		return nil
	}
	return q.launch("take_rows_any", rowGrid(op.Dst.Rows), append(q.args[:0], addr(&op.Dst), q.faultArg(), addr(&op.Src), addr(&op.At),
		i32(op.Dst.Rows), i32(op.Dst.Cols), i32(op.Src.Rows), i32(op.Dst.Stride), i32(op.Src.Stride),
		dtypeArg(&op.Dst), dtypeArg(&op.Src), boolArg(aligned(4, &op.Dst, &op.Src))))
}
