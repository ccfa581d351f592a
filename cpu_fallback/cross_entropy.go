package cpu

import (
	"math"

	"github.com/rapt-go/rapt/gpu"
)

// A crossEntropyJob is a gpu.CrossEntropy. A tile is a row.
type crossEntropyJob struct {
	k            *kernels
	loss, lse, x matrix
	target       ints
}

func (q *queue) runCrossEntropy(op *gpu.CrossEntropy) error {
	var err error
	j := &q.crossEntropy
	defer clearJob(j)
	*j = crossEntropyJob{k: q.k, loss: open[float32](&op.Loss, &err), lse: open[float32](&op.LSE, &err), x: open[float32](&op.X, &err), target: open[int32](&op.Target, &err)}
	if err != nil || op.X.Len() == 0 {
		return err
	}
	for i := range j.target.rows {
		if t := j.target.row(i)[0]; int(t) >= j.x.cols {
			return indexError("Target", i, t, j.x.cols)
		}
	}
	q.share(j, j.x.rows, op.X.Len(), expCost+1)
	return nil
}

func (j *crossEntropyJob) tile(i int, s *scratch) {
	x, target := j.x.row(i), j.target.row(i)[0]
	lse := j.logSumExp(x, s.f[:chunk])
	if !j.lse.absent() {
		j.lse.row(i)[0] = float32(lse)
	}
	var loss float64
	switch {
	case target < 0:
	case math.IsInf(float64(x[target]), -1): // of a row that is all −∞ too
		loss = lse + math.Inf(1)
		if math.IsInf(lse, -1) {
			loss = math.Inf(1)
		}
	default:
		loss = lse - float64(x[target])
	}
	j.loss.row(i)[0] = float32(loss)
}

// logSumExp reads x once: the sum so far is of exp(x − top), top being the largest so far.
func (j *crossEntropyJob) logSumExp(x, tmp []float32) float64 {
	top, sum := float32(math.Inf(-1)), 0.0
	for c := 0; c < len(x); c += len(tmp) {
		part := x[c:min(c+len(tmp), len(x))]
		if high := j.k.highest(part, 1); high > top {
			if sum != 0 {
				sum *= exp(float64(top) - float64(high))
			}
			top = high
		}
		sum += j.k.expSum(tmp[:len(part)], part, 1, finite(top))
	}
	if sum == 0 {
		return math.Inf(-1)
	}
	return float64(finite(top)) + math.Log(sum)
}
