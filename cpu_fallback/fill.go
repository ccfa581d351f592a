package cpu

import "github.com/rapt-go/rapt/gpu"

// A fillJob is a gpu.Fill.
type fillJob struct {
	dst        anyMatrix
	value      float32
	rows, cols int
	per        int
}

func (q *queue) runFill(op *gpu.Fill) error {
	var err error
	j := &q.fill
	defer clearJob(j)
	*j = fillJob{dst: openAny(&op.Dst, &err), value: op.Value, rows: op.Dst.Rows, cols: op.Dst.Cols}
	if err != nil || op.Dst.Len() == 0 {
		return err
	}
	var tiles int
	tiles, j.per = rowTiles(j.rows, j.cols)
	q.share(j, tiles, op.Dst.Len(), copyCost)
	return nil
}

func (j *fillJob) tile(t int, s *scratch) {
	x := s.f[:min(chunk, j.cols)]
	for c := range x {
		x[c] = j.value
	}
	for i := t * j.per; i < min((t+1)*j.per, j.rows); i++ {
		for c := 0; c < j.cols; c += chunk {
			j.dst.store(i, c, x[:min(chunk, j.cols-c)])
		}
	}
}
