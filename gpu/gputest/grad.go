package gputest

import (
	"errors"
	"math"
	"testing"

	"github.com/rapt-go/rapt/gpu"
)

// Grad tests the gradient operations of b as training uses them: the forward
// operation on b saves its outputs, and the gradient takes them from there. What comes of
// it is held to the float64 oracle's forward and gradient by the tolerance of Run, and the
// oracle's gradient to central differences of its forward. [Skips] applies.
func Grad(t *testing.T, b gpu.Backend, options ...Option) {
	s := newSuite(b, options)
	for _, c := range Cases() {
		if c.Grad {
			t.Run(c.Name, func(t *testing.T) { s.grad(t, gradCase(c, everything)) })
		}
	}
	s.close(t)
}

func (s *suite) grad(t *testing.T, c Case) {
	e := newEnv(roomy)
	op := c.Build(e)
	exactOp, exact := copied(op, e.mem)
	naiveOp, naive := copied(op, e.mem)
	if err := errors.Join(chain[float64](exactOp), chain[float32](naiveOp)); err != nil {
		t.Fatal(err)
	}
	differences(t, e, op, exactOp)
	got, err := s.chain(op, e.mem)
	if s.skip(t, c.Name, err) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	for i, data := range got {
		if data != nil && exact[i] != nil {
			if err := compare(data, exact[i], naive[i]); err != nil {
				t.Errorf("%s: %s: %v", gpu.Describe(op), nameOf(op, e.mem[i]), err)
			}
		}
	}
}

// chain evaluates the forward operation of a gradient, then the gradient.
func chain[T real](op gpu.Op) error {
	return errors.Join(evaluate[T](forwardOf(op)), evaluate[T](op))
}

// chain does the same on the backend, and returns what mem then holds.
func (s *suite) chain(op gpu.Op, mem []*memory) ([][]byte, error) {
	d, err := s.device()
	if err != nil {
		return nil, err
	}
	defer d.close()
	placed, err := d.place(op)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(s.b.Supports(forwardOf(placed)), s.b.Supports(placed), d.reset()); err != nil {
		return nil, err
	}
	d.s.Do(forwardOf(placed))
	d.s.Do(placed)
	if err := d.s.Sync(); err != nil {
		return nil, err
	}
	got := make([][]byte, len(mem))
	for i, m := range mem {
		if got[i], err = d.content(m); err != nil {
			return nil, err
		}
	}
	return got, nil
}

// forwardOf is the forward operation that op holds.
func forwardOf(op gpu.Op) gpu.Op {
	switch g := op.(type) {
	case *gpu.NormGrad:
		return &g.Fwd
	case *gpu.AttentionGrad:
		return &g.Fwd
	case *gpu.EmbedGrad:
		return &g.Fwd
	}
	return nil
}

// inputs are the operands that outputs are the gradients of.
func inputs(op gpu.Op) []gpu.Tensor {
	switch g := op.(type) {
	case *gpu.NormGrad:
		return []gpu.Tensor{g.Fwd.X, g.Fwd.Residual, g.Fwd.Gain, g.Fwd.Bias}
	case *gpu.AttentionGrad:
		return []gpu.Tensor{g.Fwd.Q, g.Fwd.K, g.Fwd.V, g.Fwd.Bias}
	case *gpu.EmbedGrad:
		return []gpu.Tensor{g.Fwd.Table, g.Fwd.Pos, g.Fwd.Type}
	}
	return nil
}

// differences compares what done, op evaluated in float64, added to its outputs with
// central differences of the loss Σ DDst·Dst + Σ DSum·Sum, at some elements of each input.
func differences(t *testing.T, e *Env, op, done gpu.Op) {
	// The error of a central difference is of the order of h² (third derivatives are
	// about 1), and rounding adds 2⁻⁵³·loss/h: 10⁻¹⁰ and 10⁻⁹.
	const h, tolerance, some = 1e-5, 1e-6, 12
	outs, results := outputs(op), outputs(done)
	for k, in := range inputs(op) {
		if in.IsZero() || in.Rows == 0 {
			continue
		}
		for n := range some {
			i, j := e.rnd.IntN(in.Rows), e.rnd.IntN(in.Cols)
			if n == 0 {
				i, j = in.Rows-1, in.Cols-1
			}
			got := at[float64](*results[k], i, j) - at[float64](*outs[k], i, j)
			want := (loss(e, op, k, i, j, h) - loss(e, op, k, i, j, -h)) / (2 * h)
			if !(math.Abs(got-want) <= tolerance*(1+math.Abs(want))) {
				t.Errorf("%s: output %d, element %d, %d is %.9g in the oracle, and %.9g by differences", gpu.Describe(op), k, i, j, got, want)
			}
		}
	}
}

// loss is the loss with h added to element (i, j) of input k. A row that belongs to no
// sequence has poison in Dst, and no part in it.
func loss(e *Env, op gpu.Op, k, i, j int, h float64) (sum float64) {
	op, _ = copied(op, e.mem)
	in := inputs(op)[k]
	v := at[float64](in, i, j) + h
	r, el := in.Buf.(*memory).result, in.Off+i*in.Stride+j
	r.wrote[el], r.value[el] = true, v
	evaluate[float64](forwardOf(op))
	add := func(y, dy gpu.Tensor) {
		if y.IsZero() || dy.IsZero() {
			return
		}
		w := y.Buf.(*memory).result
		each(y, func(i, j int) {
			if w.wrote[y.Off+i*y.Stride+j] {
				sum += at[float64](y, i, j) * at[float64](dy, i, j)
			}
		})
	}
	switch g := op.(type) {
	case *gpu.NormGrad:
		add(g.Fwd.Dst, g.DDst)
		add(g.Fwd.Sum, g.DSum)
	case *gpu.AttentionGrad:
		add(g.Fwd.Dst, g.DDst)
	case *gpu.EmbedGrad:
		add(g.Fwd.Dst, g.DDst)
	}
	return sum
}
