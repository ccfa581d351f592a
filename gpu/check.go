package gpu

import "fmt"

// Check reports whether op's operands are present and agree in shape, type,
// format and bounds of memory, whether its outputs are apart from its inputs
// where they must be, and whether a backend of the given vocabulary knows every
// field in use. Backends rely on it: they compute and do not check. What lies in
// device memory (ids, rows, lengths) it cannot see. It keeps no pointer into op.
func Check(op Op, vocabulary int) error {
	if vocabulary < 1 {
		return fmt.Errorf("backend of vocabulary %d: %w", vocabulary, ErrUnsupported)
	}
	// What a vocabulary has added is refused here to older backends; a field would be
	//	if op.Window != 0 && vocabulary < 3 { return fmt.Errorf("Window: %w", ErrUnsupported) }
	switch op.(type) {
	case *CrossEntropy, *Warp:
		if vocabulary < 2 {
			return fmt.Errorf("an operation of vocabulary 2, to a backend of %d: %w", vocabulary, ErrUnsupported)
		}
	}
	var c checker
	switch op := op.(type) {
	case *Gemm:
		c.gemm(op)
	case *Norm:
		c.norm(op)
	case *Attention:
		c.attention(op)
	case *Embed:
		c.embed(op)
	case *Pointwise:
		c.pointwise(op)
	case *Softmax:
		c.softmax(op)
	case *Pool:
		c.pool(op)
	case *Put:
		c.put(op)
	case *Take:
		c.take(op)
	case *Cast:
		c.cast(op)
	case *TopK:
		c.topK(op)
	case *Sample:
		c.sample(op)
	case *CrossEntropy:
		c.crossEntropy(op)
	case *Warp:
		c.warp(op)
	case *Scatter:
		c.scatter(op)
	case *Fill:
		c.out("Dst", &op.Dst, op.Dst.Rows, op.Dst.Cols, floats)
	case *NormGrad:
		c.normGrad(op)
	case *AttentionGrad:
		c.attentionGrad(op)
	case *EmbedGrad:
		c.embedGrad(op)
	default:
		return ErrUnsupported
	}
	return c.err
}

// A checker holds the first thing found wrong.
type checker struct{ err error }

// A typeSet is a set of DTypes, a bit each.
type typeSet uint8

const (
	f32    typeSet = 1 << F32
	i32    typeSet = 1 << I32
	floats typeSet = 1<<F32 | 1<<F16 | 1<<BF16
)

func only(t DType) typeSet { return 1 << t }

func (s typeSet) String() string {
	var names string
	for t := range dtypes {
		if s&only(t) != 0 {
			if names != "" {
				names += " or "
			}
			names += t.String()
		}
	}
	return names
}

func (c *checker) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf(format, args...)
	}
}

// in checks a plain operand of rows×cols; -1 leaves a size open. An absent one is
// 0×0.
func (c *checker) in(name string, t *Tensor, rows, cols int, types typeSet) {
	if c.err != nil || t.IsZero() && rows*cols == 0 {
		return
	}
	if rows < 0 {
		rows = t.Rows
	}
	if cols < 0 {
		cols = t.Cols
	}
	switch {
	case t.IsZero() && rows*cols != 0:
		c.fail("%s is absent, not %d×%d: %w", name, rows, cols, ErrShape)
	case t.Rows != rows || t.Cols != cols:
		c.fail("%s is %d×%d, not %d×%d: %w", name, t.Rows, t.Cols, rows, cols, ErrShape)
	case t.Format != Plain:
		c.fail("%s is a prepared weight, %v: %w", name, t.Format, ErrUnsupported)
	case types&only(t.DType) == 0 || t.DType >= dtypes:
		c.fail("%s is %v, not %v: %w", name, t.DType, types, ErrUnsupported)
	default:
		c.memory(name, t)
	}
}

// memory checks that t lies within its buffer.
func (c *checker) memory(name string, t *Tensor) {
	switch {
	case t.Rows < 0 || t.Cols < 0 || t.Stride < 0 || t.Off < 0:
		c.fail("%s: %d×%d of stride %d at %d: %w", name, t.Rows, t.Cols, t.Stride, t.Off, ErrShape)
	case t.Rows == 0 || t.Cols == 0:
	case t.Buf == nil:
		c.fail("%s has no memory: %w", name, ErrShape)
	case !t.within(t.Buf.Size() / t.DType.Size()):
		c.fail("%s, from element %d on with rows %d apart, ends beyond a buffer of %d: %w", name, t.Off, t.Stride, t.Buf.Size()/t.DType.Size(), ErrShape)
	}
}

// opt is in for an operand that may be absent.
func (c *checker) opt(name string, t *Tensor, rows, cols int, types typeSet) {
	if !t.IsZero() {
		c.in(name, t, rows, cols, types)
	}
}

// out is in for an operand that is written: its rows do not overlap.
func (c *checker) out(name string, t *Tensor, rows, cols int, types typeSet) {
	c.in(name, t, rows, cols, types)
	if c.err == nil && t.Rows > 1 && t.Stride < t.Cols {
		c.fail("%s has rows of %d every %d: %w", name, t.Cols, t.Stride, ErrShape)
	}
}

func (c *checker) optOut(name string, t *Tensor, rows, cols int, types typeSet) {
	if !t.IsZero() {
		c.out(name, t, rows, cols, types)
	}
}

// apart checks that out shares no memory with others.
func (c *checker) apart(name string, out *Tensor, others ...*Tensor) {
	for _, o := range others {
		if c.err == nil && out.Overlaps(*o) {
			c.fail("%s %v lies over operand %v: %w", name, *out, *o, ErrShape)
		}
	}
}

// apartOrSame checks that out shares no memory with others, or is the same view.
func (c *checker) apartOrSame(name string, out *Tensor, others ...*Tensor) {
	for _, o := range others {
		if c.err == nil && *o != *out && out.Overlaps(*o) {
			c.fail("%s %v lies partly over operand %v: %w", name, *out, *o, ErrShape)
		}
	}
}

func (c *checker) drop(d Drop) {
	if !(d.Rate >= 0 && d.Rate < 1) {
		c.fail("Drop.Rate is %v, not in [0, 1): %w", d.Rate, ErrUnsupported)
	}
}

func (c *checker) act(name string, a Act) {
	if a >= Acts {
		c.fail("%s is %v: %w", name, a, ErrUnsupported)
	}
}

// A seqsNames holds the names of a Seqs and its fields, as constants: joining them
// would allocate on every check.
type seqsNames struct{ seqs, len, start, pages string }

var (
	querySeqs = seqsNames{"QSeq", "QSeq.Len", "QSeq.Start", "QSeq.Pages"}
	keySeqs   = seqsNames{"KSeq", "KSeq.Len", "KSeq.Start", "KSeq.Pages"}
	poolSeqs  = seqsNames{"Seqs", "Seqs.Len", "Seqs.Start", "Seqs.Pages"}
)

func (c *checker) seqs(name *seqsNames, s *Seqs) {
	if c.err != nil {
		return
	}
	if s.N < 0 || s.Max < 0 {
		c.fail("%s: %d sequences of at most %d: %w", name.seqs, s.N, s.Max, ErrShape)
		return
	}
	c.in(name.len, &s.Len, min(s.N, 1), s.N, i32)
	if s.Pages.IsZero() {
		c.in(name.start, &s.Start, min(s.N, 1), s.N, i32)
		return
	}
	if s.PageRows < 1 || !s.Start.IsZero() {
		c.fail("%s: pages of %d rows, Start %v: %w", name.seqs, s.PageRows, s.Start, ErrShape)
		return
	}
	need := s.Max / s.PageRows
	if s.Max%s.PageRows > 0 {
		need++
	}
	if s.Pages.Cols < need {
		c.fail("%s.Pages has %d pages a sequence, not %d: %w", name.seqs, s.Pages.Cols, need, ErrShape)
	}
	c.in(name.pages, &s.Pages, s.N, -1, i32)
}
