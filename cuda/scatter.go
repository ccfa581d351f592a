package cuda

import "github.com/rapt-go/rapt/gpu"

func (b *Backend) supportsScatter(op *gpu.Scatter) error {
	return b.runnable([8]string{"Dst"}, &op.Dst)
}

func (q *queue) runScatter(op *gpu.Scatter) error {
	pairs := op.Row.Cols
	if pairs == 0 {
		return nil
	}
	const threads = 128
	return q.launch("scatter_pairs_any", [3]int{ceil(pairs, threads), 1, 1}, append(q.args[:0], addr(&op.Dst), q.faultArg(), addr(&op.Row), addr(&op.Col),
		addr(&op.Value), i32(pairs), i32(op.Dst.Rows), i32(op.Dst.Cols), i32(op.Dst.Stride), dtypeArg(&op.Dst), i32(int(op.Kind))))
}
