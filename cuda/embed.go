package cuda

import "github.com/rapt-go/rapt/gpu"

func (b *Backend) supportsEmbed(op *gpu.Embed) error {
	return b.runnable([8]string{"Dst", "Table", "Pos", "Type"}, &op.Dst, &op.Table, &op.Pos, &op.Type)
}

func (q *queue) runEmbed(op *gpu.Embed) error {
	if op.Dst.Len() == 0 {
		return nil
	}
	args := append(q.args[:0], addr(&op.Dst), q.faultArg(), addr(&op.Table), addr(&op.Pos), addr(&op.Type),
		addr(&op.IDs), addr(&op.Positions), addr(&op.Types), i32(op.Dst.Rows), i32(op.Dst.Cols),
		i32(op.Table.Rows), i32(op.Pos.Rows), i32(op.Type.Rows),
		i32(op.Dst.Stride), i32(op.Table.Stride), i32(op.Pos.Stride), i32(op.Type.Stride),
		dtypeArg(&op.Dst), dtypeArg(&op.Table), dtypeArg(&op.Pos), dtypeArg(&op.Type),
		boolArg(aligned(4, &op.Dst, &op.Table, &op.Pos, &op.Type)), or1(op.Scale))
	return q.launch("embed_rows_any", rowGrid(op.Dst.Rows), dropArgs(args, &op.Drop))
}
