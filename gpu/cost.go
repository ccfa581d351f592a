package gpu

// A Work is what an operation does, if it does nothing twice.
type Work struct {
	FLOPs int64 // additions and multiplications of matrix products
	Bytes int64 // of device memory, every operand read or written once; tables whole, however few rows are looked up
}

// Cost returns the work of op, for profilers, benchmarks and counters alike. The
// lengths of sequences are in device memory, so an attention counts every
// sequence as Max long, but not more rows than its operands have.
func Cost(op Op) Work {
	var w Work
	Walk(op, func(_ string, t *Tensor) { w.Bytes += int64(t.Len()) * int64(t.DType.Size()) })
	switch op := op.(type) {
	case *Gemm:
		k := op.A.Cols
		if op.Form == TN {
			k = op.A.Rows
		}
		w.FLOPs = 2 * int64(op.Dst.Len()) * int64(k)
		if !op.Up.IsZero() {
			w.FLOPs *= 2
		}
	case *Attention:
		w.FLOPs = attentionFLOPs(op)
	case *AttentionGrad: // five products where the forward has two
		w.FLOPs = attentionFLOPs(&op.Fwd) / 2 * 5
	}
	return w
}

func attentionFLOPs(op *Attention) int64 {
	pairs := int64(min(op.Q.Rows, op.QSeq.N*op.QSeq.Max)) * int64(op.KSeq.Max)
	if op.Causal && op.QSeq.Max == op.KSeq.Max {
		pairs /= 2
	}
	return 2 * pairs * int64(op.Q.Cols+op.Dst.Cols)
}
