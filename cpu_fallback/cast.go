package cpu

import (
	"math"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/internal/half"
)

// An anyMatrix is a matrix of F32, I32, F16 or BF16: one of its views is open.
type anyMatrix struct {
	t    gpu.DType
	word matrix // F32; I32 too, as bits
	half view[uint16]
}

func openAny(t *gpu.Tensor, err *error) anyMatrix {
	m := anyMatrix{t: t.DType}
	switch t.DType.Size() {
	case 4:
		m.word = open[float32](t, err)
	case 2:
		m.half = open[uint16](t, err)
	}
	return m
}

// copyRow copies columns [lo, hi) of row i of src to row k of m, which are of one
// type bit for bit, else rounded to m's; tmp holds as many columns.
func (m *anyMatrix) copyRow(k int, src *anyMatrix, i, lo, hi int, tmp []float32) {
	switch {
	case m.t != src.t:
		m.store(k, lo, src.load(i, lo, hi, tmp))
	case m.t.Size() == 2:
		copy(m.half.part(k, lo, hi), src.half.part(i, lo, hi))
	default:
		copy(m.word.part(k, lo, hi), src.word.part(i, lo, hi))
	}
}

// load is columns [lo, hi) of row i as floats, in tmp if they must be converted.
func (m *anyMatrix) load(i, lo, hi int, tmp []float32) []float32 {
	if m.t == gpu.F32 {
		return m.word.part(i, lo, hi)
	}
	tmp = tmp[:hi-lo]
	for c, b := range m.half.part(i, lo, hi) {
		if m.t == gpu.F16 {
			tmp[c] = half.FromF16(b)
		} else {
			tmp[c] = math.Float32frombits(uint32(b) << 16)
		}
	}
	return tmp
}

// store writes x to row i from column lo on, rounded to the nearest, ties to even.
func (m *anyMatrix) store(i, lo int, x []float32) {
	if m.t == gpu.F32 {
		copy(m.word.part(i, lo, lo+len(x)), x)
		return
	}
	short := m.half.part(i, lo, lo+len(x))
	for c, v := range x {
		if m.t == gpu.F16 {
			short[c] = half.ToF16(v)
		} else {
			short[c] = half.ToBF16(v)
		}
	}
}

// A castJob is a gpu.Cast.
type castJob struct {
	dst, x anyMatrix
	rows   int
	cols   int
	per    int
}

func (q *queue) runCast(op *gpu.Cast) error {
	var err error
	j := &q.cast
	defer clearJob(j)
	*j = castJob{dst: openAny(&op.Dst, &err), x: openAny(&op.X, &err), rows: op.Dst.Rows, cols: op.Dst.Cols}
	if err != nil || op.Dst.Len() == 0 {
		return err
	}
	var tiles int
	tiles, j.per = rowTiles(j.rows, j.cols)
	q.share(j, tiles, op.Dst.Len(), 2*copyCost)
	return nil
}

func (j *castJob) tile(t int, s *scratch) {
	for i := t * j.per; i < min((t+1)*j.per, j.rows); i++ {
		for c := 0; c < j.cols; c += chunk {
			j.dst.copyRow(i, &j.x, i, c, min(c+chunk, j.cols), s.f)
		}
	}
}
