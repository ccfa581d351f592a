package cpu

import "github.com/rapt-go/rapt/gpu"

// An embedGradJob is a gpu.EmbedGrad. Several tokens add to one row, so a tile takes all
// tokens, in their order, and some columns.
type embedGradJob struct {
	op             *gpu.EmbedGrad
	ddst           matrix
	word, pos, typ lookup // into the gradients of the tables
}

func (q *queue) runEmbedGrad(op *gpu.EmbedGrad) error {
	var err error
	f := &op.Fwd
	j := &q.embedGrad
	defer clearJob(j)
	*j = embedGradJob{op: op, ddst: open[float32](&op.DDst, &err), word: openLookup(&op.DTable, &f.IDs, &err),
		pos: openLookup(&op.DPos, &f.Positions, &err), typ: openLookup(&op.DType, &f.Types, &err)}
	if err == nil {
		err = firstError(j.word.check("Fwd.IDs"), j.pos.check("Fwd.Positions"), j.typ.check("Fwd.Types"))
	}
	if err != nil || op.DDst.Len() == 0 {
		return err
	}
	q.share(j, (j.ddst.cols+columnsPerTile-1)/columnsPerTile, op.DDst.Len(), 3*copyCost)
	return nil
}

// columnsPerTile is few enough for many tiles of a usual width, and four cache lines.
const columnsPerTile = 64

func (j *embedGradJob) tile(t int, s *scratch) {
	lo, hi := t*columnsPerTile, min((t+1)*columnsPerTile, j.ddst.cols)
	for i := range j.ddst.rows {
		d := j.ddst.part(i, lo, hi)
		if j.op.Fwd.Drop.Rate > 0 {
			d = s.f[:copy(s.f, d)]
			dropRow(d, j.op.Fwd.Drop, i*j.ddst.cols+lo)
		}
		if !j.word.table.absent() {
			axpy(j.word.row(i, lo, hi), d, orOne(j.op.Fwd.Scale))
		}
		if !j.pos.table.absent() {
			addRow(j.pos.row(i, lo, hi), d)
		}
		if !j.typ.table.absent() {
			addRow(j.typ.row(i, lo, hi), d)
		}
	}
}
