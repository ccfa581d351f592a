package cpu

import "github.com/rapt-go/rapt/gpu"

// elementsPerTile is how much of an elementwise operation a tile takes: some microseconds.
const elementsPerTile = 4096

// rowTiles cuts rows of cols elements into tiles: how many tiles there are, and how many
// rows of each.
func rowTiles(rows, cols int) (tiles, per int) {
	per = max(1, elementsPerTile/max(cols, 1))
	return (rows + per - 1) / per, per
}

// A pointwiseJob is a gpu.Pointwise.
type pointwiseJob struct {
	k         *kernels
	dst, x, y matrix
	f         gpu.Act
	plus      bool
	drop      gpu.Drop
	per       int
}

func (q *queue) runPointwise(op *gpu.Pointwise) error {
	var err error
	j := &q.pointwise
	defer clearJob(j)
	*j = pointwiseJob{k: q.k, dst: open[float32](&op.Dst, &err), x: open[float32](&op.X, &err), y: open[float32](&op.Y, &err),
		f: op.F, plus: op.Plus, drop: op.Drop}
	if err != nil || op.Dst.Len() == 0 {
		return err
	}
	var tiles int
	tiles, j.per = rowTiles(j.dst.rows, j.dst.cols)
	q.share(j, tiles, op.Dst.Len(), actCost)
	return nil
}

func (j *pointwiseJob) tile(t int, s *scratch) {
	for i := t * j.per; i < min((t+1)*j.per, j.dst.rows); i++ {
		for c := 0; c < j.dst.cols; c += chunk {
			end := min(c+chunk, j.dst.cols)
			p := s.f[:end-c] // not Dst, which may be Y
			j.k.act(j.f, p, j.x.part(i, c, end))
			if j.drop.Rate > 0 {
				dropRow(p, j.drop, i*j.dst.cols+c)
			}
			if !j.y.absent() {
				y := j.y.part(i, c, end)
				if j.plus {
					addRow(p, y)
				} else {
					mulRow(p, y)
				}
			}
			copy(j.dst.part(i, c, end), p)
		}
	}
}

// dropRow multiplies each of x by what d keeps of it, element e being the first.
func dropRow(x []float32, d gpu.Drop, e int) {
	for i := range x {
		x[i] *= d.Keep(e + i)
	}
}

func addRow(dst, x []float32) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] += x[i]
	}
}

func mulRow(dst, x []float32) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] *= x[i]
	}
}

func scaleRow(dst []float32, a float32) {
	for i := range dst {
		dst[i] *= a
	}
}

// orOne is a factor of which zero means one.
func orOne(x float32) float32 {
	if x == 0 {
		return 1
	}
	return x
}

// clearJob lets go of the memory that a job held views of.
func clearJob[T any](j *T) {
	var zero T
	*j = zero
}
