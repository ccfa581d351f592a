package cpu

import (
	"math"

	"github.com/rapt-go/rapt/gpu"
)

const expCost = 6 // nanoseconds an element

// A softmaxJob is a gpu.Softmax.
type softmaxJob struct {
	k      *kernels
	dst, x matrix
	scale  float32
	log    bool
	per    int
}

func (q *queue) runSoftmax(op *gpu.Softmax) error {
	var err error
	j := &q.softmax
	defer clearJob(j)
	*j = softmaxJob{k: q.k, dst: open[float32](&op.Dst, &err), x: open[float32](&op.X, &err), scale: orOne(op.Scale), log: op.Log}
	if err != nil || op.Dst.Len() == 0 {
		return err
	}
	var tiles int
	tiles, j.per = rowTiles(j.dst.rows, j.dst.cols)
	q.share(j, tiles, op.Dst.Len(), expCost+2)
	return nil
}

func (j *softmaxJob) tile(t int, s *scratch) {
	for i := t * j.per; i < min((t+1)*j.per, j.dst.rows); i++ {
		if j.log {
			j.logRow(j.dst.row(i), j.x.row(i), s.f[:chunk])
		} else {
			j.row(j.dst.row(i), j.x.row(i))
		}
	}
}

// row computes dst = softmax(scale·x). Without a number above −∞, exp(−∞ − 0) makes zeros of
// all −∞, and a NaN makes the sum and with it the row NaN.
func (j *softmaxJob) row(dst, x []float32) {
	shift := finite(j.k.highest(x, j.scale))
	sum := j.k.expSum(dst, x, j.scale, shift)
	if sum == 0 {
		return
	}
	scaleRow(dst, float32(1/sum))
}

// logRow computes dst = log(softmax(scale·x)) = scale·x − shift − log(Σ exp(scale·x − shift)).
func (j *softmaxJob) logRow(dst, x, tmp []float32) {
	shift := finite(j.k.highest(x, j.scale))
	var sum float64
	for c := 0; c < len(x); c += len(tmp) {
		part := x[c:min(c+len(tmp), len(x))]
		sum += j.k.expSum(tmp[:len(part)], part, j.scale, shift)
	}
	log := 0.0 // of a row that is all −∞, which stays that
	if sum != 0 {
		log = math.Log(sum)
	}
	for c, v := range x {
		dst[c] = float32(float64(j.scale)*float64(v) - float64(shift) - log)
	}
}

// finite is x, or zero for −∞: what to subtract from scores before exp.
func finite(x float32) float32 {
	if x == float32(math.Inf(-1)) {
		return 0
	}
	return x
}
