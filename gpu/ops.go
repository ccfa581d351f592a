package gpu

// Ops is one operation of each kind, valid and of no work. A backend is tested
// with it for kinds it forgot; so are Do and Clone.
func Ops() []Op {
	return []Op{
		&Gemm{},
		&Norm{},
		&Attention{Heads: 1},
		&Embed{},
		&Pointwise{},
		&Softmax{},
		&Pool{},
		&Put{},
		&Take{},
		&Cast{},
		&TopK{},
		&Sample{},
		&CrossEntropy{},
		&Warp{},
		&Scatter{},
		&Fill{},
		&NormGrad{},
		&AttentionGrad{Fwd: Attention{Heads: 1}},
		&EmbedGrad{},
	}
}

// Clone copies op; nil if it is none of this package's.
func Clone(op Op) Op {
	switch op := op.(type) {
	case *Gemm:
		return clone(op)
	case *Norm:
		return clone(op)
	case *Attention:
		return clone(op)
	case *Embed:
		return clone(op)
	case *Pointwise:
		return clone(op)
	case *Softmax:
		return clone(op)
	case *Pool:
		return clone(op)
	case *Put:
		return clone(op)
	case *Take:
		return clone(op)
	case *Cast:
		return clone(op)
	case *TopK:
		return clone(op)
	case *Sample:
		return clone(op)
	case *CrossEntropy:
		return clone(op)
	case *Warp:
		return clone(op)
	case *Scatter:
		return clone(op)
	case *Fill:
		return clone(op)
	case *NormGrad:
		return clone(op)
	case *AttentionGrad:
		return clone(op)
	case *EmbedGrad:
		return clone(op)
	}
	return nil
}

func clone[T any](p *T) *T { c := *p; return &c }
