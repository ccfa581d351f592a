package cuda

import (
	"fmt"

	"github.com/rapt-go/rapt/gpu"
)

// widestWarp is up to how many columns of a row the weights of warp_rows_any, of which as many have to fit 64 bits, are exact enough.
const widestWarp = 1 << 20

func (b *Backend) supportsWarp(op *gpu.Warp) error {
	if op.X.Cols > widestWarp {
		return fmt.Errorf("rows of %d columns, above %d: %w", op.X.Cols, widestWarp, gpu.ErrUnsupported)
	}
	return b.runnable([8]string{"X"}, &op.X)
}

func (q *queue) runWarp(op *gpu.Warp) error {
	if op.X.Len() == 0 {
		return nil
	}
	return q.launch("warp_rows_any", [3]int{op.X.Rows, 1, 1}, append(q.args[:0], addr(&op.Dst), addr(&op.X), addr(&op.Params), i32(op.X.Cols),
		i32(op.Dst.Stride), i32(op.X.Stride), i32(op.Params.Stride), dtypeArg(&op.X), boolArg(aligned(4, &op.Dst, &op.X))))
}
