package cpu

import (
	"fmt"
	"strings"

	"github.com/rapt-go/rapt/gpu"
)

// Supports reports whether Run would accept op. It allocates only to refuse.
func (b *Backend) Supports(op gpu.Op) error {
	switch op := op.(type) {
	case *gpu.Gemm:
		return supportsGemm(op)
	case *gpu.Norm:
		return floats("Dst Sum Stat X Residual Gain Bias", &op.Dst, &op.Sum, &op.Stat, &op.X, &op.Residual, &op.Gain, &op.Bias)
	case *gpu.Attention:
		return supportsAttention(op)
	case *gpu.Embed:
		return floats("Dst Table Pos Type", &op.Dst, &op.Table, &op.Pos, &op.Type)
	case *gpu.Pointwise:
		return floats("Dst X Y", &op.Dst, &op.X, &op.Y)
	case *gpu.Softmax:
		return floats("Dst X", &op.Dst, &op.X)
	case *gpu.Pool:
		return floats("Dst X", &op.Dst, &op.X)
	case *gpu.Put, *gpu.Take, *gpu.Cast, *gpu.Fill: // all types that gpu.Check lets through
		return nil
	case *gpu.TopK:
		return floats("Value X", &op.Value, &op.X)
	case *gpu.Sample:
		return floats("X", &op.X)
	case *gpu.CrossEntropy:
		return floats("Loss LSE X", &op.Loss, &op.LSE, &op.X)
	case *gpu.Warp:
		if op.X.Cols > widestWarp {
			return fmt.Errorf("rows of %d columns, above %d: %w", op.X.Cols, widestWarp, gpu.ErrUnsupported)
		}
		return floats("Dst X Params", &op.Dst, &op.X, &op.Params)
	case *gpu.Scatter:
		return floats("Dst Value", &op.Dst, &op.Value)
	case *gpu.NormGrad:
		f := &op.Fwd
		return floats("DX DResidual DGain DBias Fwd.Sum Fwd.Stat Fwd.X Fwd.Gain DDst DSum", &op.DX, &op.DResidual, &op.DGain, &op.DBias,
			&f.Sum, &f.Stat, &f.X, &f.Gain, &op.DDst, &op.DSum)
	case *gpu.AttentionGrad:
		if err := supportsAttention(&op.Fwd); err != nil {
			return fmt.Errorf("in Fwd: %w", err)
		}
		return floats("DQ DK DV DBias DDst", &op.DQ, &op.DK, &op.DV, &op.DBias, &op.DDst)
	case *gpu.EmbedGrad:
		return floats("DTable DPos DType DDst", &op.DTable, &op.DPos, &op.DType, &op.DDst)
	}
	return gpu.ErrUnsupported
}

func supportsGemm(op *gpu.Gemm) error {
	if op.B.Format > gpu.Native {
		return fmt.Errorf("weight B in format %v: this backend has plain and native: %w", op.B.Format, gpu.ErrUnsupported)
	}
	return floats("Dst Pre UpPre A B Bias Up UpBias Mul Add", &op.Dst, &op.Pre, &op.UpPre, &op.A, &op.B, &op.Bias, &op.Up, &op.UpBias, &op.Mul, &op.Add)
}

func supportsAttention(op *gpu.Attention) error {
	return floats("Dst LSE Q K V Bias", &op.Dst, &op.LSE, &op.Q, &op.K, &op.V, &op.Bias)
}

// floats checks that the operands, named in order, are absent or F32.
func floats(names string, operands ...*gpu.Tensor) error {
	for i, t := range operands {
		if t.DType != gpu.F32 && !t.IsZero() {
			return fmt.Errorf("%s is %v, this backend computes in f32: %w", strings.Fields(names)[i], t.DType, gpu.ErrUnsupported)
		}
	}
	return nil
}
