package cpu

import (
	"math"

	"github.com/rapt-go/rapt/gpu"
)

// A sampleJob is a gpu.Sample. A tile is a row.
type sampleJob struct {
	index, seed ints
	x           matrix
	scale       float64
}

func (q *queue) runSample(op *gpu.Sample) error {
	var err error
	j := &q.sample
	defer clearJob(j)
	*j = sampleJob{index: open[int32](&op.Index, &err), seed: open[int32](&op.Seed, &err), x: open[float32](&op.X, &err), scale: float64(orOne(op.Scale))}
	if err != nil || op.X.Len() == 0 {
		return err
	}
	q.share(j, j.x.rows, op.X.Len(), 3)
	return nil
}

func (j *sampleJob) tile(i int, _ *scratch) {
	seed := j.seed.row(i)
	j.index.row(i)[0] = draw(j.x.row(i), j.scale, uint64(uint32(seed[0]))|uint64(uint32(seed[1]))<<32)
}

// maxNoise is above the largest −log(−log u), that of u = 1 − 2⁻²⁵: 17.33.
const maxNoise = 18

// draw is the column of the largest scale·x − log(−log u), in float64, the first of several;
// or the first NaN. Noise that could not lift a column to the top is not computed.
func draw(x []float32, scale float64, key uint64) int32 {
	top, at := math.Inf(-1), 0
	for c, v := range x {
		score := scale * float64(v)
		if score != score {
			return int32(c)
		}
		if score+maxNoise <= top {
			continue
		}
		u := (float64(gpu.Hash(key, uint64(c))>>8) + 0.5) / (1 << 24)
		if score -= math.Log(-math.Log(u)); score > top {
			top, at = score, c
		}
	}
	return int32(at)
}
