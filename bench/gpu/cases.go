package main

import (
	"errors"
	"fmt"

	"github.com/rapt-go/rapt/gpu"
)

// An operation is a case. Where the backend does not support it, it is left out.
type operation struct {
	name, shape string
	dt          gpu.DType
	format      gpu.Format
	build       func(r *rig) gpu.Op
	unread      int64 // bytes of tables that gpu.Cost counts and the operation does not look at
}

// peaks takes the best of large products in each precision.
func (r *rig) peaks(to *report) error {
	for _, p := range []struct {
		name string
		dt   gpu.DType
		f    gpu.Format
	}{{"matrix", r.be.Info().Default, gpu.Native}, {"f32", gpu.F32, gpu.Native}, {"tf32", gpu.F32, gpu.Fast}} {
		best := 0.0
		for _, n := range r.large {
			m, err := r.one(operation{build: func(r *rig) gpu.Op {
				return &gpu.Gemm{Dst: r.s.Temp(p.dt, n, n), A: r.random(p.dt, n, n), B: r.weight(p.dt, p.f, n, n)}
			}})
			if errors.Is(err, gpu.ErrUnsupported) {
				continue
			}
			if err != nil {
				return fmt.Errorf("peak of %s: %w", p.name, err)
			}
			best = max(best, float64(m.work.FLOPs)/m.time.Seconds())
		}
		if best > 0 {
			to.Peaks.Products = append(to.Peaks.Products, product{Name: p.name, DType: p.dt.String(), TFLOPs: round(best / 1e12), key: key{p.dt, p.f == gpu.Fast}})
		}
	}
	to.Device.Now = clocks(to)
	return nil
}

// one measures an operation.
func (r *rig) one(o operation) (m sample, err error) {
	defer r.s.Frame()()
	defer func() { err = errors.Join(err, r.free()) }()
	op := o.build(r)
	if err := errors.Join(r.failed, r.s.Sync()); err != nil {
		return m, err
	}
	if err := r.be.Supports(op); err != nil {
		return m, err
	}
	m, err = r.measure(func() { r.s.Do(op) })
	m.work.Bytes -= o.unread
	return m, err
}

func (r *rig) operations(to *report) error {
	for _, o := range r.all() {
		m, err := r.one(o)
		if errors.Is(err, gpu.ErrUnsupported) {
			to.Left = append(to.Left, fmt.Sprintf("%s %s %v: %v", o.name, o.shape, o.dt, err))
			continue
		}
		if err != nil {
			return fmt.Errorf("%s %s %v: %w", o.name, o.shape, o.dt, err)
		}
		to.Operations = append(to.Operations, to.row(o.name, o.shape, key{o.dt, o.format == gpu.Fast}, m))
	}
	return nil
}

// all are an encoder's operations, and those that serve heads.
func (r *rig) all() (all []operation) {
	add := func(name, shape string, dt gpu.DType, build func(r *rig) gpu.Op) {
		all = append(all, operation{name, shape, dt, gpu.Native, build, 0})
	}
	n, ffn := r.width, 4*r.width
	for _, dt := range []gpu.DType{r.be.Info().Default, gpu.F32} {
		for _, m := range r.tokens {
			gemm := func(what string, n, k int, f gpu.Format, with func(r *rig, op *gpu.Gemm)) {
				all = append(all, operation{"Gemm " + what, fmt.Sprintf("m %d, n %d, k %d", m, n, k), dt, f, func(r *rig) gpu.Op {
					op := &gpu.Gemm{Dst: r.s.Temp(dt, m, n), A: r.random(dt, m, k), B: r.weight(dt, f, n, k), Bias: r.random(gpu.F32, 1, n)}
					if with != nil {
						with(r, op)
					}
					return op
				}, 0})
			}
			gemm("Q, K, V", 3*n, n, gpu.Native, nil)
			gemm("with residual", n, n, gpu.Native, func(r *rig, op *gpu.Gemm) { op.Add = r.random(dt, m, n) })
			gemm("with GELU", ffn, n, gpu.Native, func(_ *rig, op *gpu.Gemm) { op.Act = gpu.GELU })
			gemm("down", n, ffn, gpu.Native, nil)
			if dt == gpu.F32 {
				gemm("down, fast", n, ffn, gpu.Fast, nil)
			}
			add("Norm with residual", fmt.Sprintf("%d×%d", m, n), dt, func(r *rig) gpu.Op {
				return &gpu.Norm{Dst: r.s.Temp(dt, m, n), X: r.random(dt, m, n), Residual: r.random(dt, m, n),
					Gain: r.random(gpu.F32, 1, n), Bias: r.random(gpu.F32, 1, n), Eps: 1e-12}
			})
			add("Pointwise GELU", fmt.Sprintf("%d×%d", m, ffn), dt, func(r *rig) gpu.Op {
				return &gpu.Pointwise{Dst: r.s.Temp(dt, m, ffn), X: r.random(dt, m, ffn), F: gpu.GELU}
			})
			add("Embed", fmt.Sprintf("%d×%d of %d", m, n, r.vocab), dt, func(r *rig) gpu.Op {
				ids := make([]int32, m)
				for i := range ids {
					ids[i] = int32(i * 7919 % r.vocab)
				}
				zero := r.ints(make([]int32, m)...)
				return &gpu.Embed{Dst: r.s.Temp(dt, m, n), Table: r.random(dt, r.vocab, n), IDs: r.ints(ids...), Pos: r.random(dt, 1, n), Positions: zero}
			})
			all[len(all)-1].unread = unread(r.vocab, m, n, dt)
		}
		for _, b := range r.batches {
			add("Attention", fmt.Sprintf("%d×%d, %d heads of %d", b[0], b[1], n/r.headWidth, r.headWidth), dt, func(r *rig) gpu.Op {
				m := b[0] * b[1]
				qkv, seqs := r.random(dt, m, 3*n), r.seqs(b[0], b[1])
				return &gpu.Attention{Dst: r.s.Temp(dt, m, n), Q: qkv.ColRange(0, n), K: qkv.ColRange(n, 2*n), V: qkv.ColRange(2*n, 3*n),
					QSeq: seqs, KSeq: seqs, Heads: n / r.headWidth}
			})
			add("Pool Mean", fmt.Sprintf("%d×%d of %d", b[0], b[1], n), dt, func(r *rig) gpu.Op {
				return &gpu.Pool{Dst: r.s.Temp(dt, b[0], n), X: r.random(dt, b[0]*b[1], n), Seqs: r.seqs(b[0], b[1]), Kind: gpu.Mean}
			})
		}
	}
	add("Softmax", fmt.Sprintf("32×%d", r.vocab), gpu.F32, func(r *rig) gpu.Op {
		return &gpu.Softmax{Dst: r.s.Temp(gpu.F32, 32, r.vocab), X: r.random(gpu.F32, 32, r.vocab)}
	})
	add("TopK 10", fmt.Sprintf("32×%d", r.vocab), gpu.F32, func(r *rig) gpu.Op {
		return &gpu.TopK{Index: r.s.Temp(gpu.I32, 32, 10), Value: r.s.Temp(gpu.F32, 32, 10), X: r.random(gpu.F32, 32, r.vocab)}
	})
	return all
}

// unread is the bytes of a table's rows for which so many tokens do not ask.
func unread(rows, tokens, n int, dt gpu.DType) int64 {
	return int64(max(rows-tokens, 0)) * int64(n) * int64(dt.Size())
}
