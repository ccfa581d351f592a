package gputest

// Warp, in float64 whatever the oracle's type: what it keeps is a matter of bounds, near which its definition lets
// a backend decide either way. So every filter leaves two sets: the columns that are kept for certain, and those that
// may be.

import (
	"cmp"
	"math"
	"slices"
	"sort"

	"github.com/rapt-go/rapt/gpu"
)

func warp(op *gpu.Warp) {
	params := load[float64](op.Params)
	for i, x := range load[float64](op.X) {
		p := params[i]
		w := newWarped(x, p[gpu.WarpTemperature])
		switch {
		case w.top != w.top || math.IsInf(w.top, 1):
		case p[gpu.WarpGreedy] != 0:
			best := slices.Index(w.y, w.top)
			for j := range w.may {
				w.decide(j, j == best, j == best)
			}
		default:
			w.topK(p[gpu.WarpTopK])
			w.topP(p[gpu.WarpTopP])
			w.minP(p[gpu.WarpMinP])
			w.typicalP(p[gpu.WarpTypicalP])
			w.epsilon(p[gpu.WarpEpsilonCutoff])
			w.eta(p[gpu.WarpEtaCutoff])
		}
		m := op.Dst.Buf.(*memory)
		for j, y := range w.y {
			if !w.may[j] {
				y = math.Inf(-1)
			}
			store(op.Dst, i, j, y, 0, 0)
			if m.result != nil && w.may[j] && !w.sure[j] {
				m.result.cut[op.Dst.Off+i*op.Dst.Stride+j] = true
			}
		}
	}
}

// warpStep is the unit of the errors that gpu.Warp states.
const warpStep = 0x1p-20

// A warped is a row on its way through the filters.
type warped struct {
	y, u      []float64 // u = y − top
	top       float64   // NaN if there is one
	may, sure []bool

	// Of the distribution over may: probabilities and the means of |u| and u².
	p          []float64
	abs, sq    float64
	logZ       float64 // of the sum of exp u
	unsure     float64 // the share of those that are not sure
	unsureMean float64 // Σ p·|u − E u| of those
}

func newWarped(x []float64, temperature float64) *warped {
	n := len(x)
	w := &warped{y: make([]float64, n), u: make([]float64, n), p: make([]float64, n), may: make([]bool, n), sure: make([]bool, n), top: math.Inf(-1)}
	if temperature == 0 {
		temperature = 1
	}
	for j, v := range x {
		w.y[j] = float64(float32(v) / float32(temperature))
		w.top = max(w.top, w.y[j]) // NaN if one is
		w.may[j], w.sure[j] = true, true
	}
	for j, y := range w.y {
		if w.u[j] = y - w.top; math.IsInf(y, -1) {
			w.decide(j, false, false)
		}
	}
	return w
}

// decide cuts column j unless it stays for certain, or perhaps.
func (w *warped) decide(j int, sure, perhaps bool) {
	w.sure[j] = w.sure[j] && sure
	w.may[j] = w.may[j] && perhaps
}

// normalize computes the distribution over what may be left.
func (w *warped) normalize() {
	z := 0.0
	for j := range w.p {
		if w.p[j] = 0; w.may[j] {
			w.p[j] = math.Exp(w.u[j])
			z += w.p[j]
		}
	}
	w.logZ, w.abs, w.sq, w.unsure, w.unsureMean = math.Log(z), 0, 0, 0, 0
	for j := range w.p {
		if w.may[j] {
			w.p[j] /= z
			w.abs -= w.p[j] * w.u[j]
			w.sq += w.p[j] * w.u[j] * w.u[j]
		}
	}
	for j := range w.p {
		if w.may[j] && !w.sure[j] {
			w.unsure += w.p[j]
			w.unsureMean += w.p[j] * math.Abs(w.u[j]+w.abs)
		}
	}
}

// The errors of a share of the whole, of log p and of E u. Without the columns that are not sure, of which any may be
// gone, a share a is (a − x)/(1 − y) with 0 ≤ x, y ≤ unsure, and E u as far away as they are, over 1 − y: twice
// that covers both while unsure is below a half.
func (w *warped) shareError() float64         { return warpStep*(1+w.abs) + 2*w.unsure }
func (w *warped) logError(j int) float64      { return warpStep*(1+math.Abs(w.u[j])+w.abs) + 2*w.unsure }
func (w *warped) meanError() float64          { return warpStep*(1+w.sq) + 2*w.unsureMean }
func (w *warped) distanceError(j int) float64 { return w.meanError() + warpStep*(1+math.Abs(w.u[j])) }
func (w *warped) log(j int) float64           { return w.u[j] - w.logZ }
func (w *warped) distance(j int) float64      { return math.Abs(w.u[j] + w.abs) } // |log p + H|: H = log Z − E u
func (w *warped) entropy() (h, err float64)   { return w.logZ + w.abs, w.meanError() + w.shareError() }

// highest is the largest y of a set, −∞ of none.
func (w *warped) highest(set []bool) float64 {
	top := math.Inf(-1)
	for j, y := range w.y {
		if set[j] {
			top = max(top, y)
		}
	}
	return top
}

func (w *warped) topK(k float64) {
	if !(k > 0) {
		return
	}
	sorted := slices.Clone(w.y)
	slices.SortFunc(sorted, func(a, b float64) int { return cmp.Compare(b, a) })
	for j, y := range w.y {
		larger := float64(sort.Search(len(sorted), func(i int) bool { return sorted[i] <= y }))
		w.decide(j, larger < k, larger < k)
	}
}

func (w *warped) topP(p float64) {
	if !(p > 0 && p < 1) {
		return
	}
	w.normalize()
	above := newShares(w.p, w.y)
	top, e := w.highest(w.may), w.shareError()
	for j, y := range w.y {
		if y < top { // nothing is above the largest
			a := above.beyond(y)
			w.decide(j, a+e < p, a-e < p)
		}
	}
}

func (w *warped) minP(p float64) {
	if !(p > 0) {
		return
	}
	for j, u := range w.u {
		if u < 0 { // the largest are always left
			e := warpStep * (1 - u)
			w.decide(j, u-e >= math.Log(p), u+e >= math.Log(p))
		}
	}
}

func (w *warped) typicalP(p float64) {
	if !(p > 0 && p < 1) {
		return
	}
	w.normalize()
	least, most := make([]float64, len(w.p)), make([]float64, len(w.p)) // negative distances
	for j := range w.p {
		least[j], most[j] = math.Inf(-1), math.Inf(-1)
		if w.may[j] {
			least[j], most[j] = w.distanceError(j)-w.distance(j), -w.distanceError(j)-w.distance(j)
		}
	}
	nearest, farthest := newShares(w.p, most), newShares(w.p, least)
	equals := map[float64]float64{}
	for j, y := range w.y {
		equals[y] += w.p[j]
	}
	e := w.shareError()
	for j, y := range w.y {
		certain := nearest.beyond(least[j])              // of those that are nearer for certain
		possible := farthest.beyond(most[j]) - equals[y] // of those that may be
		w.decide(j, possible+e < p, certain-e < p)
	}
}

func (w *warped) epsilon(p float64) {
	if !(p > 0) {
		return
	}
	w.normalize()
	w.cutoff(math.Log(p), 0)
}

func (w *warped) eta(p float64) {
	if !(p > 0) {
		return
	}
	w.normalize()
	h, e := w.entropy()
	w.cutoff(min(math.Log(p), math.Log(p)/2-h), e)
}

// cutoff cuts columns of log p below bound, which is off by at most e, but for the largest.
func (w *warped) cutoff(bound, e float64) {
	most, least := w.highest(w.may), w.highest(w.sure)
	for j, y := range w.y {
		off := e + w.logError(j)
		w.decide(j, y == most || w.log(j)-off >= bound, y >= least || w.log(j)+off >= bound)
	}
}

// shares are sums of p over the columns of the largest values.
type shares struct{ value, sum []float64 }

func newShares(p, value []float64) shares {
	order := make([]int, len(p))
	for j := range order {
		order[j] = j
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(value[b], value[a]) })
	s, sum := shares{}, 0.0
	for _, j := range order {
		s.value, s.sum = append(s.value, value[j]), append(s.sum, sum)
		sum += p[j]
	}
	s.sum = append(s.sum, sum)
	return s
}

// beyond is the share of values above v.
func (s shares) beyond(v float64) float64 {
	return s.sum[sort.Search(len(s.value), func(i int) bool { return s.value[i] <= v })]
}
