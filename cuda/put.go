package cuda

import "github.com/rapt-go/rapt/gpu"

func (b *Backend) supportsPut(op *gpu.Put) error {
	if err := b.runnable([8]string{"Dst", "Src"}, &op.Dst, &op.Src); err != nil {
		return err
	}
	return countable("Src", &op.Src)
}

func (q *queue) runPut(op *gpu.Put) error {
	if op.Src.Len() == 0 {
		return nil
	}
	name, grid := "put_rows_any", rowGrid(op.Src.Rows)
	if op.Add {
		name, grid = "put_add_any", spanGrid(&op.Src)
	}
	return q.launch(name, grid, append(q.args[:0], addr(&op.Dst), q.faultArg(), addr(&op.Src), addr(&op.At), i32(op.Src.Rows), i32(op.Src.Cols),
		i32(op.Dst.Rows), i32(op.Dst.Stride), i32(op.Src.Stride), dtypeArg(&op.Dst), dtypeArg(&op.Src), boolArg(aligned(4, &op.Dst, &op.Src))))
}
