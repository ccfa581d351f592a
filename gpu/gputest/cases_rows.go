package gputest

import (
	"fmt"

	"github.com/rapt-go/rapt/gpu"
)

func embedCases() (cases []Case) {
	add := func(name string, dt gpu.DType, tokens, n int, grad bool, with func(e *Env, op *gpu.Embed)) {
		cases = append(cases, Case{Name: fmt.Sprintf("Embed/%s/m=%d/n=%d/dt=%v", name, tokens, n, dt), Grad: grad, Build: func(e *Env) gpu.Op {
			op := &gpu.Embed{Dst: e.Out(dt, tokens, n), Table: e.Rand(dt, 50, n), IDs: e.Below(tokens, 50)}
			if with != nil {
				with(e, op)
			}
			return op
		}})
	}
	pos := func(e *Env, op *gpu.Embed) {
		op.Pos, op.Positions = e.Rand(op.Table.DType, 20, op.Table.Cols), e.Below(op.IDs.Cols, 20)
	}
	bert := func(e *Env, op *gpu.Embed) {
		pos(e, op)
		op.Type, op.Types = e.Rand(op.Table.DType, 2, op.Table.Cols), e.Below(op.IDs.Cols, 2)
	}
	for _, dt := range floatTypes {
		for _, n := range []int{64, 128, 384, 768} {
			add("bert", dt, 9, n, false, bert)
		}
		add("table", dt, 5, 33, false, nil)
		add("scale", dt, 5, 33, false, func(e *Env, op *gpu.Embed) { pos(e, op); op.Scale = 5.656 })
		add("f32", dt, 5, 33, false, func(e *Env, op *gpu.Embed) { bert(e, op); op.Dst = e.Out(gpu.F32, 5, 33) })
		add("checkpoint", dt, 5, 32, false, func(e *Env, op *gpu.Embed) { op.Table = e.Weight(dt, gpu.Plain, 32, 31, 19) })
	}
	for _, n := range tails {
		add("tail", gpu.F32, 3, n, false, bert)
	}
	add("no tokens", gpu.F32, 0, 7, false, nil)
	add("positions unused", gpu.F32, 4, 7, false, func(e *Env, op *gpu.Embed) { op.Positions = e.Below(4, 20) })
	add("drop", gpu.F32, 12, 33, false, func(e *Env, op *gpu.Embed) { bert(e, op); op.Drop = gpu.Drop{Rate: 0.5, Key: 77} })
	add("nan", gpu.F32, 30, 9, false, func(e *Env, op *gpu.Embed) { bert(e, op); e.spoil(op.Pos, 7, 8) })
	add("nan drop", gpu.F32, 30, 9, false, func(e *Env, op *gpu.Embed) {
		bert(e, op)
		op.Drop = gpu.Drop{Rate: 0.5, Key: 21}
		e.spoilRow(op.Pos, 7)
	})
	for _, n := range []int{9, 130} {
		add("grad", gpu.F32, 40, n, true, func(e *Env, op *gpu.Embed) {
			bert(e, op)
			op.Scale, op.Drop = 3, gpu.Drop{Rate: 0.25, Key: 6}
		})
	}
	add("grad,table", gpu.F32, 7, 33, true, nil)
	return cases
}

var poolNames = [...]string{gpu.First: "first", gpu.Last: "last", gpu.Mean: "mean", gpu.Sum: "sum", gpu.Max: "max"}

func poolCases() (cases []Case) {
	add := func(name string, kind gpu.PoolKind, dt gpu.DType, n int, build func(e *Env, op *gpu.Pool) (rows, seqs int)) {
		cases = append(cases, Case{Name: fmt.Sprintf("Pool/%s/%s/n=%d/dt=%v", poolNames[kind], name, n, dt), Build: func(e *Env) gpu.Op {
			op := &gpu.Pool{Kind: kind}
			rows, seqs := build(e, op)
			op.X = e.Rand(dt, rows, n)
			if op.Dst = e.Out(dt, seqs, n); op.Add {
				op.Dst = e.Rand(dt, seqs, n)
			}
			return op
		}})
	}
	ragged := func(lens ...int) func(e *Env, op *gpu.Pool) (int, int) {
		return func(e *Env, op *gpu.Pool) (rows, seqs int) {
			op.Seqs, rows = e.Seqs(lens...)
			return rows, len(lens)
		}
	}
	all := func(rows int) func(*Env, *gpu.Pool) (int, int) {
		return func(*Env, *gpu.Pool) (int, int) { return rows, 1 }
	}
	for kind := range poolNames {
		kind := gpu.PoolKind(kind)
		for _, dt := range floatTypes {
			add("ragged", kind, dt, 64, ragged(9, 1, 0, 33))
			add("all rows", kind, dt, 17, all(5))
			add("add", kind, dt, 17, func(e *Env, op *gpu.Pool) (int, int) { op.Add = true; return ragged(3, 0, 2)(e, op) })
		}
		for _, n := range []int{1, 3, 15, 16, 31, 33, 384, 768} {
			add("width", kind, gpu.F32, n, ragged(4, 7))
		}
		add("long", kind, gpu.F32, 5, ragged(513, 2, 128))
		add("no rows", kind, gpu.F32, 5, all(0))
		add("no rows, add", kind, gpu.F32, 5, func(_ *Env, op *gpu.Pool) (int, int) { op.Add = true; return 0, 1 })
		add("pages", kind, gpu.F32, 12, func(e *Env, op *gpu.Pool) (rows, seqs int) {
			op.Seqs, rows = e.Pages(4, 10, 0, 4)
			return rows, 3
		})
		cases = append(cases, Case{Name: "Pool/" + poolNames[kind] + "/nan/dt=f32", Build: func(e *Env) gpu.Op {
			op := &gpu.Pool{Kind: kind, Dst: e.Out(gpu.F32, 2, 9)}
			var rows int
			op.Seqs, rows = e.Seqs(3, 4)
			op.X = e.spoil(e.spoil(e.Rand(gpu.F32, rows, 9), 1, 8), 6, 0) // a first row, and one in the middle
			return op
		}})
		cases = append(cases, Case{Name: "Pool/" + poolNames[kind] + "/negative/dt=f32", Build: func(e *Env) gpu.Op {
			return &gpu.Pool{Kind: kind, Dst: e.Out(gpu.F32, 1, 9), X: e.Make(gpu.F32, 3, 9, func(int, int) float64 { return -1e3 - e.rnd.Float64() })}
		}})
	}
	return cases
}

// rowCases are those of Put and Take.
func rowCases() (cases []Case) {
	add := func(name string, dt gpu.DType, build func(e *Env) gpu.Op) {
		cases = append(cases, Case{Name: fmt.Sprintf("%s/dt=%v", name, dt), Build: build})
	}
	at := []int{4, -1, 0, 9, -7, 2}
	for _, dt := range [...]gpu.DType{gpu.F32, gpu.F16, gpu.BF16, gpu.I32} {
		rows := func(e *Env, n, cols int) gpu.Tensor {
			return e.Make(dt, n, cols, func(int, int) float64 { return 100 * e.rnd.NormFloat64() })
		}
		for _, n := range []int{1, 7, 33, 64} {
			add(fmt.Sprintf("Put/n=%d", n), dt, func(e *Env) gpu.Op {
				return &gpu.Put{Dst: rows(e, 10, n), Src: rows(e, 6, n), At: e.Ints(at...)}
			})
			add(fmt.Sprintf("Take/n=%d", n), dt, func(e *Env) gpu.Op {
				return &gpu.Take{Dst: e.Out(dt, 6, n), Src: rows(e, 10, n), At: e.Ints(at...)}
			})
		}
		add("Put/into a part", dt, func(e *Env) gpu.Op {
			return &gpu.Put{Dst: rows(e, 10, 40).ColRange(3, 20), Src: rows(e, 6, 40).ColRange(20, 37), At: e.Ints(at...)}
		})
		add("Take/one row often", dt, func(e *Env) gpu.Op {
			return &gpu.Take{Dst: e.Out(dt, 6, 5), Src: rows(e, 10, 5), At: e.Ints(3, 3, 3, 9, 3, 3)}
		})
		if dt == gpu.I32 {
			continue
		}
		add("Put/add", dt, func(e *Env) gpu.Op {
			return &gpu.Put{Dst: rows(e, 5, 17), Src: rows(e, 9, 17), At: e.Ints(1, 3, 1, -1, 1, 0, 3, 1, 1), Add: true}
		})
		for _, to := range floatTypes {
			if to == dt {
				continue
			}
			add(fmt.Sprintf("Put/to=%v", to), dt, func(e *Env) gpu.Op {
				return &gpu.Put{Dst: e.Rand(to, 10, 9), Src: rows(e, 6, 9), At: e.Ints(at...)}
			})
			add(fmt.Sprintf("Put/add,to=%v", to), dt, func(e *Env) gpu.Op {
				return &gpu.Put{Dst: e.Rand(to, 4, 9), Src: rows(e, 5, 9), At: e.Ints(1, -1, 3, 1, 0), Add: true}
			})
			add(fmt.Sprintf("Take/to=%v", to), dt, func(e *Env) gpu.Op {
				return &gpu.Take{Dst: e.Out(to, 6, 9), Src: rows(e, 10, 9), At: e.Ints(at...)}
			})
		}
	}
	add("Put/no rows", gpu.F32, func(e *Env) gpu.Op {
		return &gpu.Put{Dst: e.Rand(gpu.F32, 3, 5), Src: e.Out(gpu.F32, 0, 5), At: e.Ints()}
	})
	add("Take/no rows", gpu.F32, func(e *Env) gpu.Op {
		return &gpu.Take{Dst: e.Out(gpu.F32, 0, 5), Src: e.Rand(gpu.F32, 3, 5), At: e.Ints()}
	})
	return cases
}
