package cpu

import (
	"fmt"
	"math"

	"github.com/rapt-go/rapt/gpu"
)

// A warpJob is a gpu.Warp. A tile is a row.
type warpJob struct {
	k              *kernels
	dst, x, params matrix
}

const (
	warpScratch = 5            // how often a row goes into the scratch of one: see warped
	widestWarp  = 1 << 31 / 32 // columns: their scratch, with the parts', can be counted in an int of 32 bits
)

func (q *queue) runWarp(op *gpu.Warp) error {
	var err error
	j := &q.warp
	defer clearJob(j)
	*j = warpJob{k: q.k, dst: open[float32](&op.Dst, &err), x: open[float32](&op.X, &err), params: open[float32](&op.Params, &err)}
	if err != nil || op.X.Len() == 0 {
		return err
	}
	if err := q.grow(warpScratch*j.x.cols + rowParts(j.x.cols)); err != nil {
		return fmt.Errorf("rows of %d columns: %w", j.x.cols, err)
	}
	q.share(j, j.x.rows, op.X.Len(), expCost+4)
	return nil
}

var negInf = float32(math.Inf(-1))

// tile makes Dst the quotients, of which the filters then cut.
func (j *warpJob) tile(i int, s *scratch) {
	y, p := j.dst.row(i), j.params.row(i)
	copy(y, j.x.row(i))
	if t := orOne(p[gpu.WarpTemperature]); t != 1 {
		for c, v := range y {
			y[c] = v / t
		}
	}
	best := s.f[:rowParts(len(y))]
	top := highestParts(y, best)
	switch {
	case !(math.Abs(float64(top)) <= math.MaxFloat32): // nothing to choose from, or nothing that can be compared
	case p[gpu.WarpGreedy] != 0:
		only(y, top)
	case anyAbove(p[gpu.WarpTopK:gpu.WarpGreedy]):
		w := newWarped(j.k, y, best, top, s.f[len(best):])
		w.filter(p)
		w.cut()
	}
}

func anyAbove(p []float32) bool {
	for _, v := range p {
		if v > 0 {
			return true
		}
	}
	return false
}

// only leaves the first of y that is top.
func only(y []float32, top float32) {
	found := false
	for c, v := range y {
		if v != top || found {
			y[c] = negInf
		}
		found = found || v == top
	}
}

// A warped is what filters have left of a row. All but typical_p leave what is at least some number, and that leaves
// what is within a distance of the mean: so what stays is known from its value.
type warped struct {
	k         *kernels
	row, best []float32 // and the largest of each part
	top       float32   // of all
	y, e      []float32 // what is left, in the order of columns, and exp(y − top); both made when they are wanted
	d, work   []float32 // room for distances, and for selectTop
	stale     bool      // y and e have what does not stay
	least     float32
	mean      float64 // of y − top, and the distance from it, if typical_p cut
	far       float32
	isTypical bool
}

func newWarped(k *kernels, row, best []float32, top float32, f []float32) warped {
	n := len(row)
	return warped{k: k, row: row, best: best, top: top, y: f[:0:n], e: f[n : n : 2*n], d: f[2*n : 3*n], work: f[3*n : 5*n], least: -math.MaxFloat32}
}

func (w *warped) filter(p []float32) {
	if k := float64(p[gpu.WarpTopK]); k > 0 && k < float64(len(w.row)) {
		if k < float64(len(w.best)) { // if k parts have a number from some bound on, so have the k largest of all: few are left to look at
			w.keep(selectTop(w.best, nil, k, w.work))
		}
		w.keep(selectTop(w.left(), nil, k, w.work))
	}
	if p := float64(p[gpu.WarpTopP]); p > 0 && p < 1 {
		w.keep(selectTop(w.weighed(), w.e, p*sum(w.e), w.work))
	}
	if p := float64(p[gpu.WarpMinP]); p > 0 {
		w.keepLog(math.Log(p))
	}
	if p := float64(p[gpu.WarpTypicalP]); p > 0 && p < 1 {
		w.typical(p)
	}
	if p := float64(p[gpu.WarpEpsilonCutoff]); p > 0 {
		w.weighed()
		w.keepLog(math.Log(p) + math.Log(sum(w.e)))
	}
	if p := float64(p[gpu.WarpEtaCutoff]); p > 0 {
		all, mean := w.moment()
		log := math.Log(all)
		w.keepLog(min(math.Log(p), math.Log(p)/2-(log-mean)) + log)
	}
}

// left is what is left, but for −∞.
func (w *warped) left() []float32 {
	if len(w.y) > 0 {
		if w.stale {
			w.compact()
		}
		return w.y
	}
	for i, b := range w.best {
		if b < w.least {
			continue
		}
		for _, v := range rowPart(w.row, i) {
			if v >= w.least {
				w.y = append(w.y, v)
			}
		}
	}
	return w.y
}

// keep keeps what is at least `least`.
func (w *warped) keep(least float32) {
	if least > w.least {
		w.least, w.stale = least, true
	}
}

// keepLog keeps what has y − top at least b, and the largest.
func (w *warped) keepLog(b float64) {
	at, largest := float64(w.top)+b, w.top
	least := float32(at)
	if float64(least) < at { // the first number that is not below
		least = math.Nextafter32(least, float32(math.Inf(1)))
	}
	if w.isTypical {
		largest = w.k.highest(w.left(), 1)
	}
	w.keep(min(least, largest))
}

// typical keeps those nearest to the mean of y − top, which is that of log p.
func (w *warped) typical(p float64) {
	var all float64
	all, w.mean = w.moment()
	d := w.d[:len(w.y)]
	for c, v := range w.y {
		d[c] = -w.distance(v)
	}
	w.far, w.isTypical, w.stale = -selectTop(d, w.e, p*all, w.work), true, true
}

func (w *warped) distance(v float32) float32 {
	return float32(math.Abs(float64(v) - float64(w.top) - w.mean))
}

func (w *warped) compact() {
	n, weighed := 0, len(w.e) > 0
	for c, v := range w.y {
		if v >= w.least && (!w.isTypical || w.distance(v) <= w.far) {
			w.y[n] = v
			if weighed {
				w.e[n] = w.e[c]
			}
			n++
		}
	}
	w.y = w.y[:n]
	if weighed {
		w.e = w.e[:n]
	}
	w.stale = false
}

// weighed is what is left, and sees that it has its exp(y − top).
func (w *warped) weighed() []float32 {
	y := w.left()
	if len(w.e) == 0 {
		w.e = w.e[:len(y)]
		w.k.expSum(w.e, y, 1, w.top)
	}
	return y
}

// moment returns Σ exp(y − top), and the mean of y − top that these are the weights of.
func (w *warped) moment() (all, mean float64) {
	for c, v := range w.weighed() {
		mean += float64(w.e[c]) * (float64(v) - float64(w.top))
	}
	all = sum(w.e)
	return all, mean / all
}

// cut makes what does not stay −∞.
func (w *warped) cut() {
	least := w.least
	for i, b := range w.best {
		part := rowPart(w.row, i)
		if b < least {
			for c := range part {
				part[c] = negInf
			}
			continue
		}
		for c, v := range part {
			if v < least || w.isTypical && w.distance(v) > w.far {
				part[c] = negInf
			}
		}
	}
}

// A histogram counts numbers by a digit of their keys, and sums what they weigh.
type histogram struct {
	n      [1 << digitBits]uint32
	weight [1 << digitBits]float64
}

const digitBits = 11

// orderKey orders numbers as unsigned words; −0 is 0.
func orderKey(v float32) uint32 {
	b := math.Float32bits(v + 0)
	return b ^ (uint32(int32(b)>>31) | 1<<31)
}

func ofOrderKey(k uint32) float32 {
	return math.Float32frombits(k ^ (^uint32(int32(k)>>31) | 1<<31))
}

// selectTop returns the smallest of v of which all larger ones together weigh less than `most`, a positive number;
// each weighs e, or one without e. It is found digit by digit of its key, among those that agree so far; so it takes time
// proportional to len(v). work has twice that room.
func selectTop(v, e []float32, most float64, work []float32) float32 {
	key, above := uint32(0), 0.0
	keptV, keptE := work[:len(v)], work[len(v):]
	for shift := 32 - digitBits; ; shift = max(shift-digitBits, 0) {
		var h histogram
		h.add(v, e, shift)
		var digit uint32
		digit, above = h.last(above, most)
		key |= digit << shift
		if shift == 0 {
			return ofOrderKey(key)
		}
		n := 0
		for c, x := range v {
			if orderKey(x)>>shift&(1<<digitBits-1) == digit {
				keptV[n] = x
				if e != nil {
					keptE[n] = e[c]
				}
				n++
			}
		}
		v = keptV[:n]
		if e != nil {
			e = keptE[:n]
		}
	}
}

func (h *histogram) add(v, e []float32, shift int) {
	for c, x := range v {
		d := orderKey(x) >> shift & (1<<digitBits - 1)
		h.n[d]++
		if e != nil {
			h.weight[d] += float64(e[c])
		}
	}
	if e == nil {
		for d, n := range h.n {
			h.weight[d] = float64(n)
		}
	}
}

// last is the smallest digit of any number such that larger digits, and what is above them all, weigh less than `most`; it
// returns what they weigh as well.
func (h *histogram) last(above, most float64) (digit uint32, weight float64) {
	for d := len(h.n) - 1; d >= 0; d-- {
		if h.n[d] == 0 {
			continue
		}
		if above >= most {
			break
		}
		digit, weight = uint32(d), above
		above += h.weight[d]
	}
	return digit, weight
}
