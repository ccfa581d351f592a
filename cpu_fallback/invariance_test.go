package cpu

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"sync"
	"testing"

	"github.com/rapt-go/rapt/gpu"
)

// panels is portable with another layout of weights and of what gemm reads, as a tier with
// vectors has it: the operations must serve any.
func panels() *kernels {
	t := portable
	t.name, t.panel = "panels", 8
	t.gemm = func(acc []float32, ldAcc int, a []float32, lda int, b []float32, ldb int, rows, cols, k int) {
		for i := range rows {
			for j := range cols {
				var s float32
				for l := range k {
					s += float32(a[i*lda+l] * b[j/8*ldb+l*8+j%8])
				}
				acc[i*ldAcc+j] += s
			}
		}
	}
	return &t
}

func asBits(x []float32) []uint32 {
	b := make([]uint32, len(x))
	for i, v := range x {
		b[i] = math.Float32bits(v)
	}
	return b
}

func TestWorkersAndLayoutsDoNotChangeResults(t *testing.T) {
	run := func(k *kernels, threads int) map[string][]uint32 {
		r := rigOn(t, &Backend{k: k, workers: startWorkers(threads - 1)})
		results := map[string][]uint32{}
		for _, task := range r.tasks() {
			r.do(task.op)
			for i, out := range task.outs {
				results[fmt.Sprint(task.name, ", output ", i)] = r.bits(out)
			}
		}
		return results
	}
	want := run(&portable, 1)
	for _, c := range []struct {
		k       *kernels
		threads int
	}{{&portable, 2}, {&portable, 7}, {panels(), 1}, {panels(), 3}} {
		for name, got := range run(c.k, c.threads) {
			if !slices.Equal(got, want[name]) {
				t.Errorf("%s of %s on %d threads differs from that of one thread", name, c.k.name, c.threads)
			}
		}
	}
}

func TestFormatsAgree(t *testing.T) {
	r := newRig(t)
	for _, s := range [][3]int{{1, 1, 1}, {1, 50, 300}, {3, 49, 128}, {65, 97, 129}, {70, 7, 600}} {
		a, w := r.matrix(s[0], s[2]), r.random(s[1]*s[2])
		b := r.floats(s[1], s[2], w)
		var want []uint32
		for _, op := range []gpu.Gemm{
			{A: a, B: b}, {A: a, B: r.weight(gpu.Plain, s[1], s[2], w)}, {A: a, B: r.weight(gpu.Native, s[1], s[2], w)},
			{A: a, B: r.transposed(b), Form: gpu.NN}, {A: r.transposed(a), B: r.transposed(b), Form: gpu.TN},
		} {
			op.Dst = r.s.Temp(gpu.F32, s[0], s[1])
			r.do(&op)
			got := asBits(r.read(op.Dst))
			if want == nil {
				want = got
			}
			if !slices.Equal(got, want) {
				t.Errorf("m=%d n=%d k=%d: Form %d with B %v differs", s[0], s[1], s[2], op.Form, op.B.Format)
			}
		}
	}
}

func (r *rig) transposed(t gpu.Tensor) gpu.Tensor {
	x := r.read(t)
	y := make([]float32, len(x))
	for i := range t.Rows {
		for j := range t.Cols {
			y[j*t.Rows+i] = x[i*t.Cols+j]
		}
	}
	return r.floats(t.Cols, t.Rows, y)
}

// A query's result is the same alone, when V is read as it is, and among many, when V is laid out.
func TestQueriesDoNotDependOnNeighbours(t *testing.T) {
	r := newRig(t)
	op := r.attention(1, 150, 150, 3, 24)
	op.Causal = true
	r.do(op)
	all := r.read(op.Dst)
	for _, q := range []int{0, 1, 63, 64, 100, 149} {
		one := *op
		one.Dst, one.Q = r.s.Temp(gpu.F32, 1, 72), op.Q.RowRange(q, q+1)
		one.QSeq, one.KSeq = r.seqs(1), r.seqs(int32(q+1))
		r.do(&one)
		if !slices.Equal(asBits(r.read(one.Dst)), asBits(all[q*72:][:72])) {
			t.Errorf("query %d differs", q)
		}
	}
}

// What holds for the tasks holds for every kind of operation.
func TestTasksAreOfEveryKind(t *testing.T) {
	kinds := map[reflect.Type]bool{}
	for _, task := range newRig(t).tasks() {
		kinds[reflect.TypeOf(task.op)] = true
		if len(task.outs) == 0 {
			t.Errorf("%s names no output", task.name)
		}
	}
	for _, op := range gpu.Ops() {
		if !kinds[reflect.TypeOf(op)] {
			t.Errorf("%T has no task", op)
		}
	}
}

func TestRunAllocatesNothing(t *testing.T) {
	for _, threads := range []int{1, 3} {
		r := newRig(t, Threads(threads))
		for _, task := range r.tasks() {
			r.do(task.op)
			if n := testing.AllocsPerRun(5, func() { r.s.Do(task.op) }); n != 0 {
				t.Errorf("%s allocates %v times on %d threads", task.name, n, threads)
			}
		}
	}
}

// Queues of one backend take turns on its workers.
func TestQueuesAtOnce(t *testing.T) {
	b, err := Open(Threads(3))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	var wait sync.WaitGroup
	results := make([][]uint32, 4)
	for i := range results {
		wait.Go(func() {
			s, err := gpu.NewStream(b)
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			r := newRigOnStream(t, b, s)
			for range 3 {
				op := r.attention(2, 60, 60, 4, 32)
				s.Do(op)
				dst := s.Temp(gpu.F32, 120, 200)
				s.Do(&gpu.Gemm{Dst: dst, A: op.Dst, B: r.matrix(200, 128), Act: gpu.GELU})
				y, err := gpu.Read[float32](s, dst)
				if err != nil {
					t.Error(err)
					return
				}
				results[i] = append(results[i], asBits(y)...)
			}
		})
	}
	wait.Wait()
	for i := range results {
		if !slices.Equal(results[i], results[0]) {
			t.Errorf("queue %d got another result", i)
		}
	}
}
