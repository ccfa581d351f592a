package cpu

import (
	"math"

	"github.com/rapt-go/rapt/gpu"
)

const normCost = 5 // nanoseconds an element

// A normJob is a gpu.Norm.
type normJob struct {
	k                      *kernels
	op                     *gpu.Norm
	dst, sum, stat, x, res matrix
	gain, bias             []float32
	per                    int
}

func (q *queue) runNorm(op *gpu.Norm) error {
	var err error
	j := &q.norm
	defer clearJob(j)
	*j = normJob{k: q.k, op: op, dst: open[float32](&op.Dst, &err), sum: open[float32](&op.Sum, &err), stat: open[float32](&op.Stat, &err),
		x: open[float32](&op.X, &err), res: open[float32](&op.Residual, &err),
		gain: openVector(&op.Gain, &err), bias: openVector(&op.Bias, &err)}
	if err != nil || op.Dst.Len() == 0 {
		return err
	}
	var tiles int
	tiles, j.per = rowTiles(j.dst.rows, j.dst.cols)
	q.share(j, tiles, op.Dst.Len(), normCost)
	return nil
}

// openVector is the one row of t, nil if it is absent.
func openVector(t *gpu.Tensor, err *error) []float32 {
	v := open[float32](t, err)
	if *err != nil || len(v.data) == 0 {
		return nil
	}
	return v.row(0)
}

func (j *normJob) tile(t int, _ *scratch) {
	for i := t * j.per; i < min((t+1)*j.per, j.dst.rows); i++ {
		s := j.summed(i)
		mean, variance := j.k.moments(s, j.op.RMS)
		factor := 1 / math.Sqrt(variance+float64(j.op.Eps))
		if !j.stat.absent() {
			st := j.stat.row(i)
			st[0], st[1] = float32(mean), float32(factor)
		}
		j.k.normalize(j.dst.row(i), s, j.gain, j.bias, mean, factor)
	}
}

// summed is row i of S: X itself, or made in Sum, or made in Dst. Either may be X or
// Residual, so each element is read before it is written.
func (j *normJob) summed(i int) []float32 {
	x := j.x.row(i)
	if j.sum.absent() && j.res.absent() && j.op.Drop.Rate == 0 {
		return x
	}
	s := j.dst.row(i)
	if !j.sum.absent() {
		s = j.sum.row(i)
	}
	if j.op.Drop.Rate > 0 || j.res.absent() {
		for c, v := range x {
			v = float32(v * j.op.Drop.Keep(i*len(x)+c))
			if !j.res.absent() {
				v += j.res.data[i*j.res.stride+c]
			}
			s[c] = v
		}
		return s
	}
	for c, r := range j.res.row(i) {
		s[c] = x[c] + r
	}
	return s
}
