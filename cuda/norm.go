package cuda

import (
	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/gpu"
)

// normKernels are the kernels of a warp and of a block for each row, by the type that all operands have.
var normKernels = [...][2]string{
	gpu.F32:  {"norm_row_f32", "norm_block_f32"},
	gpu.F16:  {"norm_row_f16", "norm_block_f16"},
	gpu.BF16: {"norm_row_bf16", "norm_block_bf16"},
}

func (b *Backend) supportsNorm(op *gpu.Norm) error {
	return b.runnable([8]string{"Dst", "Sum", "X", "Residual"}, &op.Dst, &op.Sum, &op.X, &op.Residual)
}

func (q *queue) runNorm(op *gpu.Norm) error {
	if op.X.Len() == 0 {
		return nil
	}
	strategy, grid := 0, rowGrid(op.X.Rows)
	if op.X.Cols > warpCols {
		strategy, grid = 1, [3]int{op.X.Rows, 1, 1}
	}
	wide := aligned(4, &op.Dst, &op.Sum, &op.X, &op.Residual, &op.Gain, &op.Bias)
	args := append(q.args[:0], addr(&op.Dst), addr(&op.Sum), addr(&op.Stat), addr(&op.X), addr(&op.Residual), addr(&op.Gain), addr(&op.Bias),
		i32(op.X.Rows), i32(op.X.Cols), i32(op.Dst.Stride), i32(op.Sum.Stride), i32(op.Stat.Stride), i32(op.X.Stride), i32(op.Residual.Stride),
		boolArg(op.RMS), driver.F32(op.Eps))
	t := op.X.DType
	if wide && op.Drop.Rate == 0 && op.Dst.DType == t && (op.Sum.IsZero() || op.Sum.DType == t) && (op.Residual.IsZero() || op.Residual.DType == t) {
		return q.launch(normKernels[t][strategy], grid, args)
	}
	args = append(args, dtypeArg(&op.Dst), dtypeArg(&op.Sum), dtypeArg(&op.X), dtypeArg(&op.Residual), boolArg(wide))
	return q.launch([2]string{"norm_row_any", "norm_block_any"}[strategy], grid, dropArgs(args, &op.Drop))
}
