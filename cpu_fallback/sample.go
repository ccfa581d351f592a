package cpu

import (
	"fmt"
	"math"
	"math/bits"
	"slices"

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
	if err := q.grow(rowParts(j.x.cols)); err != nil {
		return fmt.Errorf("rows of %d columns: %w", j.x.cols, err)
	}
	q.share(j, j.x.rows, op.X.Len(), 3)
	return nil
}

func (j *sampleJob) tile(i int, s *scratch) {
	x, seed := j.x.row(i), j.seed.row(i)
	key := uint64(uint32(seed[0])) | uint64(uint32(seed[1]))<<32
	best := s.f[:rowParts(len(x))]
	if high := float64(highestParts(x, best)); high*j.scale > math.Inf(-1) && high*j.scale < math.Inf(1) && j.scale > 0 {
		j.index.row(i)[0] = drawNear(x, best, high, j.scale, key)
		return
	}
	j.index.row(i)[0] = draw(x, j.scale, key)
}

// −log(−log u) of the largest u, 1 − 2⁻²⁵, is 17.33: a column that is further below what another reaches has no noise that
// could lift it.
const maxNoise = 18

// draw is the column of the largest scale·x − log(−log u), in float64, the first of several;
// or the first NaN.
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
		if score += noise(gpu.Hash(key, uint64(c)) >> 8); score > top {
			top, at = score, c
		}
	}
	return int32(at)
}

// drawNear is draw where all is finite, or −∞, and scale positive. What the column of the largest x reaches is known first;
// a column that cannot exceed that, or what was reached since, needs no logarithms, or no hash.
func drawNear(x, best []float32, high, scale float64, key uint64) int32 {
	at := slices.Index(best, float32(high)) * partCols
	at += slices.Index(x[at:], float32(high))
	reached := high*scale + noise(gpu.Hash(key, uint64(at))>>8)
	top := math.Inf(-1)
	for i, b := range best {
		if scale*float64(b)+maxNoise < reached {
			continue
		}
		for c, v := range rowPart(x, i) {
			score := scale * float64(v)
			if score+maxNoise < reached {
				continue
			}
			c += i * partCols
			u := gpu.Hash(key, uint64(c)) >> 8
			if score+mostNoise[bits.Len32(1<<24-u)] < reached {
				continue
			}
			if score += noise(u); score > top {
				top, at = score, c
				reached = max(reached, top)
			}
		}
	}
	return int32(at)
}

// noise is −log(−log u) of u = (bits + ½)/2²⁴, which grows with bits.
func noise(bits uint32) float64 {
	u := (float64(bits) + 0.5) / (1 << 24)
	return -math.Log(-math.Log(u))
}

// mostNoise are the largest noises of bits that lack as many binary digits of 2²⁴.
var mostNoise = func() (most [26]float64) {
	for digits := 1; digits < len(most); digits++ {
		most[digits] = noise(1<<24 - 1<<(digits-1))
	}
	return most
}()

// A part of a row is so many columns, of which the largest is noted: where that is too small, all are.
const partCols = 64

func rowParts(cols int) int { return (cols + partCols - 1) / partCols }

func rowPart(x []float32, i int) []float32 { return x[i*partCols : min((i+1)*partCols, len(x))] }

// highestParts notes the largest of each part, and returns the largest of all, NaN if there is one.
func highestParts(x, best []float32) float32 {
	top, nan := negInf, false
	for i := range best {
		part := rowPart(x, i)
		m := part[0]
		for _, v := range part {
			if !(v <= m) {
				nan = nan || v != v
				m = v
			}
		}
		best[i] = m
		nan = nan || m != m
		top = max(top, m)
	}
	if nan {
		return float32(math.NaN())
	}
	return top
}
