package cpu

import "github.com/rapt-go/rapt/gpu"

// A poolJob is a gpu.Pool. A tile is some columns of one sequence.
type poolJob struct {
	op     *gpu.Pool
	dst, x matrix
	seqs   sequences
	whole  bool // one sequence of all rows
	chunks int  // tiles of a sequence
}

func (q *queue) runPool(op *gpu.Pool) error {
	var err error
	j := &q.pool
	defer clearJob(j)
	*j = poolJob{op: op, dst: open[float32](&op.Dst, &err), x: open[float32](&op.X, &err), seqs: openSeqs(&op.Seqs, &err),
		whole: op.Seqs.N == 0 && op.Seqs.Len.IsZero()}
	if err == nil && !j.whole {
		err = j.seqs.check("Seqs", j.x.rows)
	}
	if err != nil || op.Dst.Len() == 0 {
		return err
	}
	j.chunks = (j.dst.cols + chunk - 1) / chunk
	q.share(j, j.dst.rows*j.chunks, op.X.Len(), copyCost)
	return nil
}

func (j *poolJob) tile(t int, s *scratch) {
	seq, lo := t/j.chunks, t%j.chunks*chunk
	hi := min(lo+chunk, j.dst.cols)
	n := j.x.rows
	if !j.whole {
		n = j.seqs.len(seq)
	}
	y, first := s.d[:hi-lo], 0
	clear(y)
	switch j.op.Kind {
	case gpu.First:
		n = min(n, 1)
	case gpu.Last:
		first = max(n-1, 0)
	}
	for r := first; r < n; r++ {
		x := j.row(seq, r)[lo:hi]
		switch {
		case r == first:
			for c, v := range x {
				y[c] = float64(v)
			}
		case j.op.Kind == gpu.Max:
			for c, v := range x {
				y[c] = max(y[c], float64(v))
			}
		default:
			for c, v := range x {
				y[c] += float64(v)
			}
		}
	}
	j.write(j.dst.part(seq, lo, hi), y, n)
}

func (j *poolJob) row(seq, r int) []float32 {
	if j.whole {
		return j.x.row(r)
	}
	return j.x.row(j.seqs.row(seq, r))
}

// write writes or adds y, a result over n rows.
func (j *poolJob) write(dst []float32, y []float64, n int) {
	for c, v := range y {
		if j.op.Kind == gpu.Mean && n > 0 {
			v /= float64(n)
		}
		if j.op.Add {
			dst[c] += float32(v)
		} else {
			dst[c] = float32(v)
		}
	}
}
