package cuda

import (
	"fmt"

	"github.com/rapt-go/rapt/gpu"
)

// widestTopK is up to how many columns of a row topk_rows_any and topk_first_any can number what is behind its end.
const widestTopK = 1 << 30

func (b *Backend) supportsTopK(op *gpu.TopK) error {
	if op.X.Cols > widestTopK {
		return fmt.Errorf("rows of %d columns, above %d: %w", op.X.Cols, widestTopK, gpu.ErrUnsupported)
	}
	return b.runnable([8]string{"X"}, &op.X)
}

func (q *queue) runTopK(op *gpu.TopK) error {
	if op.Index.Len() == 0 {
		return nil
	}
	name := "topk_rows_any"
	if op.Index.Cols == 1 {
		name = "topk_first_any"
	}
	return q.launch(name, [3]int{op.X.Rows, 1, 1}, append(q.args[:0], addr(&op.Value), addr(&op.Index), addr(&op.X), i32(op.X.Cols),
		i32(op.Index.Cols), i32(op.Value.Stride), i32(op.Index.Stride), i32(op.X.Stride), dtypeArg(&op.X), boolArg(aligned(4, &op.X))))
}
