package cpu

import "github.com/rapt-go/rapt/gpu"

// A topKJob is a gpu.TopK. A tile is a row.
type topKJob struct {
	value, x matrix
	index    ints
}

func (q *queue) runTopK(op *gpu.TopK) error {
	var err error
	j := &q.topK
	defer clearJob(j)
	*j = topKJob{value: open[float32](&op.Value, &err), x: open[float32](&op.X, &err), index: open[int32](&op.Index, &err)}
	if err != nil || op.Index.Len() == 0 {
		return err
	}
	q.share(j, j.x.rows, op.X.Len(), copyCost)
	return nil
}

// tile keeps the best so far in a heap, in Index itself, whose root is the worst of them;
// then takes the roots off, last place first.
func (j *topKJob) tile(i int, _ *scratch) {
	x, best := j.x.row(i), j.index.row(i)
	for c := range best {
		best[c] = int32(c)
	}
	for c := len(best)/2 - 1; c >= 0; c-- {
		sink(best, x, c)
	}
	for c := len(best); c < len(x); c++ {
		if before(x, int32(c), best[0]) {
			best[0] = int32(c)
			sink(best, x, 0)
		}
	}
	for n := len(best) - 1; n > 0; n-- {
		best[0], best[n] = best[n], best[0]
		sink(best[:n], x, 0)
	}
	if !j.value.absent() {
		value := j.value.row(i)
		for c, at := range best {
			value[c] = x[at]
		}
	}
}

// before reports whether element a of x comes before element b: it is larger, NaN being
// largest, or equal and of a lower index.
func before(x []float32, a, b int32) bool {
	switch xa, xb := x[a], x[b]; {
	case xa > xb:
		return true
	case xa < xb:
		return false
	case xa != xa && xb == xb:
		return true
	case xa == xa && xb != xb:
		return false
	}
	return a < b
}

// sink moves entry i of the heap down to its place, below those that come after it.
func sink(heap []int32, x []float32, i int) {
	for {
		last := i
		for _, c := range [...]int{2*i + 1, 2*i + 2} {
			if c < len(heap) && before(x, heap[last], heap[c]) {
				last = c
			}
		}
		if last == i {
			return
		}
		heap[i], heap[last] = heap[last], heap[i]
		i = last
	}
}
