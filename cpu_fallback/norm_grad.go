package cpu

import "github.com/rapt-go/rapt/gpu"

// A normGradJob is a gpu.NormGrad: first rows, for DX and DResidual, then groups
// of columns, for DGain and DBias.
type normGradJob struct {
	op           *gpu.NormGrad
	dx, dres     matrix
	dgain, dbias []float32
	s, stat      matrix
	gain         []float32
	ddst, dsum   matrix
	per          int
	columns      bool
}

func (q *queue) runNormGrad(op *gpu.NormGrad) error {
	var err error
	sum := &op.Fwd.Sum
	if sum.IsZero() {
		sum = &op.Fwd.X
	}
	j := &q.normGrad
	defer clearJob(j)
	*j = normGradJob{op: op, dx: open[float32](&op.DX, &err), dres: open[float32](&op.DResidual, &err),
		dgain: openVector(&op.DGain, &err), dbias: openVector(&op.DBias, &err),
		s: open[float32](sum, &err), stat: open[float32](&op.Fwd.Stat, &err), gain: openVector(&op.Fwd.Gain, &err),
		ddst: open[float32](&op.DDst, &err), dsum: open[float32](&op.DSum, &err)}
	if err != nil || op.DDst.Len() == 0 {
		return err
	}
	if !j.dx.absent() || !j.dres.absent() {
		var tiles int
		tiles, j.per = rowTiles(j.s.rows, j.s.cols)
		q.share(j, tiles, sum.Len(), 2*normCost)
	}
	if j.dgain != nil || j.dbias != nil {
		j.columns = true
		q.share(j, (j.s.cols+chunk-1)/chunk, sum.Len(), normCost)
	}
	return nil
}

func (j *normGradJob) tile(t int, s *scratch) {
	if j.columns {
		lo, hi := t*chunk, min((t+1)*chunk, j.s.cols)
		j.vectors(lo, hi, s.d[:hi-lo], s.d[chunk:][:hi-lo])
		return
	}
	for i := t * j.per; i < min((t+1)*j.per, j.s.rows); i++ {
		j.row(i)
	}
}

// row adds one row's dS = (g − mean(g) − h·mean(g·h))·Stat + DSum.
func (j *normGradJob) row(i int) {
	x, dy := j.s.row(i), j.ddst.row(i)
	mean, factor := j.stats(i)
	g := func(c int) float64 {
		if j.gain == nil {
			return float64(dy[c])
		}
		return float64(dy[c]) * float64(j.gain[c])
	}
	var meanG, meanGH float64
	for c, v := range x {
		gc := g(c)
		meanG += gc
		meanGH += float64(gc * (float64(v) - mean) * factor)
	}
	meanG, meanGH = meanG/float64(len(x)), meanGH/float64(len(x))
	if j.op.Fwd.RMS {
		meanG = 0
	}
	for c, v := range x {
		h := (float64(v) - mean) * factor
		d := (g(c) - meanG - float64(h*meanGH)) * factor
		if !j.dsum.absent() {
			d = float64(d) + float64(j.dsum.data[i*j.dsum.stride+c])
		}
		if !j.dres.absent() {
			j.dres.data[i*j.dres.stride+c] += float32(d)
		}
		if !j.dx.absent() {
			j.dx.data[i*j.dx.stride+c] += float32(d * float64(j.op.Fwd.Drop.Keep(i*len(x)+c)))
		}
	}
}

func (j *normGradJob) stats(i int) (mean, factor float64) {
	st := j.stat.row(i)
	return float64(st[0]), float64(st[1])
}

// vectors adds columns [lo, hi) of Σ DDst·h and Σ DDst, over the rows in order.
func (j *normGradJob) vectors(lo, hi int, gain, bias []float64) {
	clear(gain)
	clear(bias)
	for i := range j.s.rows {
		mean, factor := j.stats(i)
		x, dy := j.s.part(i, lo, hi), j.ddst.part(i, lo, hi)
		for c, v := range x {
			d := float64(dy[c])
			gain[c] += float64(d * ((float64(v) - mean) * factor))
			bias[c] += d
		}
	}
	for c := lo; c < hi; c++ {
		if j.dgain != nil {
			j.dgain[c] += float32(gain[c-lo])
		}
		if j.dbias != nil {
			j.dbias[c] += float32(bias[c-lo])
		}
	}
}
