package cuda

import (
	"fmt"
	"math"

	"github.com/rapt-go/rapt/gpu"
)

func (b *Backend) supportsPool(op *gpu.Pool) error {
	if err := b.runnable([8]string{"Dst", "X"}, &op.Dst, &op.X); err != nil {
		return err
	}
	if err := countable("Dst", &op.Dst); err != nil {
		return err
	}
	if op.Seqs.PageRows > math.MaxInt32 {
		return fmt.Errorf("pages of %d rows in Seqs, 2³¹ or more: %w", op.Seqs.PageRows, gpu.ErrUnsupported)
	}
	return nil
}

func (q *queue) runPool(op *gpu.Pool) error {
	if op.Dst.Len() == 0 {
		return nil
	}
	s := &op.Seqs
	return q.launch("pool_sequences_any", [3]int{spans(&op.Dst), 1, 1}, append(q.args[:0], addr(&op.Dst), q.faultArg(), addr(&op.X),
		addr(&s.Start), addr(&s.Len), addr(&s.Pages), i32(op.Dst.Rows), i32(op.Dst.Cols), i32(op.X.Rows), i32(s.PageRows), i32(s.Pages.Cols),
		i32(op.Dst.Stride), i32(op.X.Stride), i32(s.Pages.Stride), dtypeArg(&op.Dst), dtypeArg(&op.X), boolArg(aligned(4, &op.X)),
		i32(int(op.Kind)), boolArg(op.Add)))
}
