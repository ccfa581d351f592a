package cpu

import "github.com/rapt-go/rapt/gpu"

const copyCost = 1 // nanoseconds an element

// A lookup is a table and the row of it that each token takes.
type lookup struct {
	table matrix
	ids   []int32
}

func openLookup(table, ids *gpu.Tensor, err *error) (l lookup) {
	if !table.IsZero() {
		l.table = open[float32](table, err)
		if v := open[int32](ids, err); *err == nil && len(v.data) > 0 {
			l.ids = v.row(0)
		}
	}
	return l
}

func (l *lookup) check(name string) error { return checkIDs(name, l.ids, 0, l.table.rows) }

func (l *lookup) row(token, lo, hi int) []float32 { return l.table.part(int(l.ids[token]), lo, hi) }

// An embedJob is a gpu.Embed.
type embedJob struct {
	op             *gpu.Embed
	dst            matrix
	word, pos, typ lookup
	per            int
}

func (q *queue) runEmbed(op *gpu.Embed) error {
	var err error
	j := &q.embed
	defer clearJob(j)
	*j = embedJob{op: op, dst: open[float32](&op.Dst, &err), word: openLookup(&op.Table, &op.IDs, &err),
		pos: openLookup(&op.Pos, &op.Positions, &err), typ: openLookup(&op.Type, &op.Types, &err)}
	if err == nil {
		err = firstError(j.word.check("IDs"), j.pos.check("Positions"), j.typ.check("Types"))
	}
	if err != nil || op.Dst.Len() == 0 {
		return err
	}
	var tiles int
	tiles, j.per = rowTiles(j.dst.rows, j.dst.cols)
	q.share(j, tiles, op.Dst.Len(), copyCost)
	return nil
}

func (j *embedJob) tile(t int, _ *scratch) {
	scale := orOne(j.op.Scale)
	for i := t * j.per; i < min((t+1)*j.per, j.dst.rows); i++ {
		y := j.dst.row(i)
		copy(y, j.word.row(i, 0, len(y)))
		if scale != 1 {
			scaleRow(y, scale)
		}
		if !j.pos.table.absent() {
			addRow(y, j.pos.row(i, 0, len(y)))
		}
		if !j.typ.table.absent() {
			addRow(y, j.typ.row(i, 0, len(y)))
		}
		if j.op.Drop.Rate > 0 {
			dropRow(y, j.op.Drop, i*len(y))
		}
	}
}
