package cpu

import "github.com/rapt-go/rapt/gpu"

// A putJob is a gpu.Put. Rows are apart, unless they are added up: then a tile takes all of
// them, in order, and some columns.
type putJob struct {
	op       *gpu.Put
	dst, src anyMatrix
	at       []int32
	per      int
}

func (q *queue) runPut(op *gpu.Put) error {
	var err error
	j := &q.put
	defer clearJob(j)
	*j = putJob{op: op, dst: openAny(&op.Dst, &err), src: openAny(&op.Src, &err), at: openIDs(&op.At, &err)}
	if err == nil {
		err = checkIDs("At", j.at, anyNegative, op.Dst.Rows)
	}
	if err != nil || op.Src.Len() == 0 {
		return err
	}
	var tiles int
	if op.Add {
		tiles = (op.Src.Cols + columnsPerTile - 1) / columnsPerTile
	} else {
		tiles, j.per = rowTiles(op.Src.Rows, op.Src.Cols)
	}
	q.share(j, tiles, op.Src.Len(), copyCost)
	return nil
}

// openIDs is the one row of an I32 tensor.
func openIDs(t *gpu.Tensor, err *error) []int32 {
	v := open[int32](t, err)
	if *err != nil || len(v.data) == 0 {
		return nil
	}
	return v.row(0)
}

func (j *putJob) tile(t int, s *scratch) {
	if j.op.Add {
		j.add(t*columnsPerTile, min((t+1)*columnsPerTile, j.op.Src.Cols), s)
		return
	}
	for i := t * j.per; i < min((t+1)*j.per, j.op.Src.Rows); i++ {
		for c := 0; c < j.op.Src.Cols && j.at[i] >= 0; c += chunk {
			j.dst.copyRow(int(j.at[i]), &j.src, i, c, min(c+chunk, j.op.Src.Cols), s.f)
		}
	}
}

func (j *putJob) add(lo, hi int, s *scratch) {
	for i, at := range j.at {
		if at < 0 {
			continue
		}
		sum := s.f[:hi-lo]
		copy(sum, j.dst.load(int(at), lo, hi, sum))
		addRow(sum, j.src.load(i, lo, hi, s.f[chunk:]))
		j.dst.store(int(at), lo, sum)
	}
}

// A takeJob is a gpu.Take.
type takeJob struct {
	dst, src   anyMatrix
	at         []int32
	rows, cols int
	per        int
}

func (q *queue) runTake(op *gpu.Take) error {
	var err error
	j := &q.take
	defer clearJob(j)
	*j = takeJob{dst: openAny(&op.Dst, &err), src: openAny(&op.Src, &err), at: openIDs(&op.At, &err), rows: op.Dst.Rows, cols: op.Dst.Cols}
	if err == nil {
		err = checkIDs("At", j.at, anyNegative, op.Src.Rows)
	}
	if err != nil || op.Dst.Len() == 0 {
		return err
	}
	var tiles int
	tiles, j.per = rowTiles(j.rows, j.cols)
	q.share(j, tiles, op.Dst.Len(), copyCost)
	return nil
}

func (j *takeJob) tile(t int, s *scratch) {
	for i := t * j.per; i < min((t+1)*j.per, j.rows); i++ {
		if j.at[i] < 0 {
			j.dst.zeroRow(i)
			continue
		}
		for c := 0; c < j.cols; c += chunk {
			j.dst.copyRow(i, &j.src, int(j.at[i]), c, min(c+chunk, j.cols), s.f)
		}
	}
}

func (m *anyMatrix) zeroRow(i int) {
	if m.t.Size() == 2 {
		clear(m.half.row(i))
	} else {
		clear(m.word.row(i))
	}
}
