package cuda

import (
	"fmt"

	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/gpu"
)

const (
	mostBlocksDown  = 65535                   // of a grid in y, where tiles of columns and heads are
	mostGemmColumns = mostBlocksDown * 64 / 2 // with Up, in tiles of 64
	mostGemmTerms   = 1 << 28                 // bytes of a row are counted in 31 bits, and some steps beyond it
)

// supportsGemm accepts every type, form and field, over weights that are plain, native or fast.
func (b *Backend) supportsGemm(op *gpu.Gemm) error {
	switch f := op.B.Format; {
	case f > gpu.Fast:
		return fmt.Errorf("weights in format %v: %w", f, gpu.ErrUnsupported)
	case f == gpu.Fast && !b.hasBF16():
		return fmt.Errorf("fast weights, which need bf16 and compute capability 8.0, not %d.%d: %w", b.sm/10, b.sm%10, gpu.ErrUnsupported)
	case f == gpu.Fast && op.A.DType != gpu.F32:
		return fmt.Errorf("fast weights of activations in %v, not f32: %w", op.A.DType, gpu.ErrUnsupported)
	case op.Dst.Cols > mostGemmColumns:
		return fmt.Errorf("%d columns in Dst, the most is %d: %w", op.Dst.Cols, mostGemmColumns, gpu.ErrUnsupported)
	case op.Form == gpu.NT && op.A.Cols > mostGemmTerms:
		return fmt.Errorf("%d columns in A, the most is %d: %w", op.A.Cols, mostGemmTerms, gpu.ErrUnsupported)
	}
	return b.runnable([8]string{"Dst", "Pre", "UpPre", "A", "B", "Mul", "Add"}, &op.Dst, &op.Pre, &op.UpPre, &op.A, &op.B, &op.Mul, &op.Add)
}

// runGemm chooses the strategy by types and form alone: its sums have the same bits in all tiles, so that shapes, places and
// the GPU may choose among those.
func (q *queue) runGemm(op *gpu.Gemm) error {
	if op.Dst.Rows == 0 || op.Dst.Cols == 0 {
		return nil
	}
	args := q.gemmArgs(op)
	t, plain := op.A.DType, gemmPlain(op)
	var k *gemmKernel
	switch {
	case op.Form == gpu.NT && op.A.Cols == 0: // the others need k ≥ 1
		k = &simtAny
		args = append(args, driver.I32(int32(op.Form)))
	case op.B.Format == gpu.Fast:
		k = fast.tile(op, q.b.info.SMs, plain && op.A.Cols%4 == 0)
	case op.Form == gpu.NT && t == gpu.F16 && op.B.DType == t:
		k = mmaF16.tile(op, q.b.info.SMs, plain && op.A.Cols%8 == 0)
	case op.Form == gpu.NT && t == gpu.BF16 && op.B.DType == t:
		k = mmaBF16.tile(op, q.b.info.SMs, plain && op.A.Cols%8 == 0)
	case t == gpu.F32 && op.B.DType == t:
		k = simt.tile(op, q.b.info.SMs, op.Form == gpu.NT && op.A.Cols%4 == 0 && wide(&op.A) && wide(&op.B) && wide(&op.Up))
		args = append(args, driver.I32(int32(op.Form)))
	default: // of mixed types, or 16-bit ones in the forms of gradients
		k = &simtAny
		args = append(args, driver.I32(int32(op.Form)))
	}
	return q.launch(k.name, k.grid(op), args)
}

// A gemmKernel makes square tiles of a product.
type gemmKernel struct {
	name string
	tile int
}

func (k *gemmKernel) grid(op *gpu.Gemm) [3]int {
	cols := op.Dst.Cols
	if !op.Up.IsZero() {
		cols *= 2
	}
	return [3]int{ceil(op.Dst.Rows, k.tile), ceil(cols, k.tile), 1}
}

// fills reports whether there are so many tiles.
func (k *gemmKernel) fills(op *gpu.Gemm, blocks int) bool {
	g := k.grid(op)
	return g[0]*g[1] >= blocks
}

// gemmTiles are the kernels of a strategy.
type gemmTiles struct{ few, small, large, any gemmKernel }

var (
	mmaF16  = gemmTiles{gemmKernel{"gemm_mma16_f16", 16}, gemmKernel{"gemm_mma64_f16", 64}, gemmKernel{"gemm_mma128_f16", 128}, gemmKernel{"gemm_mma64_full_f16", 64}}
	mmaBF16 = gemmTiles{gemmKernel{"gemm_mma16_bf16", 16}, gemmKernel{"gemm_mma64_bf16", 64}, gemmKernel{"gemm_mma128_bf16", 128}, gemmKernel{"gemm_mma64_full_bf16", 64}}
	fast    = gemmTiles{gemmKernel{"gemm_fast16_f32", 16}, gemmKernel{"gemm_fast64_f32", 64}, gemmKernel{"gemm_fast64_f32", 64}, gemmKernel{"gemm_fast64_full_f32", 64}}
	simt    = gemmTiles{gemmKernel{"gemm_few16_f32", 16}, gemmKernel{"gemm_simt64_f32", 64}, gemmKernel{"gemm_simt128_f32", 128}, gemmKernel{"gemm_simt64_f32", 64}}
	simtAny = gemmKernel{"gemm_simt64_any", 64}
)

// tile chooses by shape and the number of SMs. Unless an operation has only what the others take, it is any.
//
//	few    up to 16 rows, or where less than a quarter of the SMs had a small tile: such a product takes as long as it takes
//	       to bring the weights, and the most blocks bring the most at a time. They come from memory once, and for every 16
//	       rows from the second-level cache.
//	large  where every SM has one: for a product it reads half of what small does, 64 FLOPs a byte of 16-bit operands
//	small  else: four times as many tiles
func (t *gemmTiles) tile(op *gpu.Gemm, sms int, only bool) *gemmKernel {
	switch {
	case !only:
		return &t.any
	case (op.Dst.Rows <= t.few.tile || !t.small.fills(op, sms/4)) && t.few.grid(op)[1] <= mostBlocksDown:
		return &t.few
	case t.large.fills(op, sms):
		return &t.large
	}
	return &t.small
}

// gemmPlain reports whether kernels on tensor cores serve that have no more than layers of inference need.
func gemmPlain(op *gpu.Gemm) bool {
	return op.Pre.IsZero() && op.UpPre.IsZero() && op.Mul.IsZero() && op.Drop.Rate == 0 && op.Act < gpu.NoActGrad &&
		(op.Add.IsZero() || op.Add.DType == op.A.DType) &&
		wide(&op.Dst) && wide(&op.A) && wide(&op.B) && wide(&op.Up) && wide(&op.Add) && wide(&op.Bias) && wide(&op.UpBias)
}

// wide reports whether rows start on 16 bytes.
func wide(t *gpu.Tensor) bool {
	step := 16 / max(t.DType.Size(), 1)
	return t.IsZero() || t.Off%step == 0 && (t.Stride%step == 0 || t.Rows == 1)
}

// gemmArgs are GEMM_PARAMETERS of kernels/cu/epilogue.h.
func (q *queue) gemmArgs(op *gpu.Gemm) []driver.Arg {
	k := op.A.Cols
	if op.Form == gpu.TN {
		k = op.A.Rows
	}
	alpha := op.Alpha
	if alpha == 0 {
		alpha = 1
	}
	args := append(q.args[:0],
		addr(&op.Dst), addr(&op.Pre), addr(&op.UpPre), addr(&op.A), addr(&op.B), addr(&op.Bias), addr(&op.Up), addr(&op.UpBias), addr(&op.Mul), addr(&op.Add),
		i32(op.Dst.Rows), i32(op.Dst.Cols), i32(k),
		i32(op.Dst.Stride), i32(op.Pre.Stride), i32(op.UpPre.Stride), i32(op.A.Stride), i32(op.B.Stride), i32(op.Up.Stride), i32(op.Mul.Stride), i32(op.Add.Stride),
		driver.I32(int32(op.Act)), driver.I32(int32(op.MulAct)),
		dtypeArg(&op.Dst), dtypeArg(&op.Pre), dtypeArg(&op.UpPre), dtypeArg(&op.A), dtypeArg(&op.B), dtypeArg(&op.Mul), dtypeArg(&op.Add),
		driver.F32(alpha))
	return dropArgs(args, &op.Drop)
}
