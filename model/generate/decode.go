package generate

import (
	"math"
	"slices"
)

// step writes one token of every row.
func (w *worker) step() {
	if len(w.rows) == 0 {
		return
	}
	defer w.s.Frame()()
	w.take(w.rows, w.pick.step(w.sequencesOf(w.rows), greedy, 1))
}

// sequencesOf is the sequences of rows.
func (w *worker) sequencesOf(rows []*row) []*sequence {
	w.seqs = w.seqs[:0]
	for _, r := range rows {
		w.seqs = append(w.seqs, &r.sequence)
	}
	return w.seqs
}

// take gives rows the tokens that were chosen, and takes out those that end with them.
func (w *worker) take(rows []*row, p picks) {
	if w.s.Err() != nil {
		return
	}
	ended := 0
	for i, r := range rows {
		id, logProb := p.of(i)
		switch {
		case r.bad != nil:
			r.j.fault(r.bad)
		case math.IsNaN(logProb) || math.IsInf(logProb, -1) && len(r.rules.forced()) == 0:
			r.j.fault(errNaN)
		case !r.take(id, logProb):
			ended++
		}
		if r.j.broken != nil {
			ended++
		}
	}
	if ended > 0 {
		w.end()
	}
}

// end takes out rows that have ended, and finishes jobs without rows and broken ones.
func (w *worker) end() {
	var over []*job
	w.rows = slices.DeleteFunc(w.rows, func(r *row) bool {
		switch j := r.j; {
		case j.broken != nil:
			if !slices.Contains(over, j) {
				over = append(over, j)
			}
			return false // finish does it
		case r.out.Finish == Running:
			return false
		default:
			r.drop(w.cache)
			j.out[r.index] = r.out
			if j.left--; j.left == 0 {
				over = append(over, j)
			}
			return true
		}
	})
	for _, j := range over {
		w.finish(j, j.broken)
	}
}

// stepBeams writes one token of every beam whose candidates are found so.
func (w *worker) stepBeams(how choice) {
	w.ready = w.ready[:0]
	for _, j := range w.jobs {
		if j.group != nil && j.ranking() == how {
			w.ready = append(w.ready, j)
		}
	}
	if len(w.ready) == 0 {
		return
	}
	defer w.s.Frame()()
	seqs, k := w.beamsOf(w.ready)
	w.advance(w.ready, w.pick.step(seqs, how, k))
}

// beamsOf is the sequences of all beams of jobs, and how many candidates of each a step wants.
func (w *worker) beamsOf(jobs []*job) (seqs []*sequence, k int) {
	w.seqs = w.seqs[:0]
	for _, j := range jobs {
		for i := range j.group.seqs {
			w.seqs = append(w.seqs, &j.group.seqs[i])
		}
		k = max(k, j.Options.candidates())
	}
	return w.seqs, min(k, w.e.limits.Vocab)
}

// advance gives searches the candidates of their beams, and ends those that are over.
func (w *worker) advance(jobs []*job, p picks) {
	if w.s.Err() != nil {
		return
	}
	at := 0
	for _, j := range jobs {
		g := j.group
		g.ids, g.scores = g.ids[:0], g.scores[:0]
		for range g.seqs {
			ids, scores := p.list(at)
			g.ids, g.scores, at = append(g.ids, ids), append(g.scores, scores), at+1
		}
		on := g.step(g.ids, g.scores)
		switch {
		case j.broken != nil:
			w.finish(j, j.broken)
		case on:
			g.move(w.cache)
		default:
			if j.out = g.results(j.Return); len(j.out) == 0 {
				w.finish(j, errNoToken)
				continue
			}
			j.sayAll()
			w.finish(j, nil)
		}
	}
}
