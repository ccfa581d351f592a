package generate

import (
	"slices"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model"
)

// Prompts are read in pieces of pieceTokens, whatever else is in the batch, so that what a sequence gets depends on itself alone. A
// round reads up to roundTokens of all prompts, in turns, and only as much as a piece while others write, who wait for it. Pieces that
// are scored need logits of every token, 200 kB each of a vocabulary of 50,257, and are shorter.
const (
	pieceTokens = 256
	roundTokens = 2048
	scorePiece  = 64
	scoreRound  = 256
)

// pieces takes the next pieces, of up to round tokens together and at least one, of the jobs that are read for scores or for all else. They go
// to the end of the line.
func (w *worker) pieces(scores bool, piece, round int) {
	w.feeds, w.ready = w.feeds[:0], w.ready[:0]
	tokens := 0
	for _, j := range w.jobs {
		if (j.kind == scoring) != scores || j.fed == len(j.feed) {
			continue
		}
		ids := j.feed[j.fed:min(j.fed+piece, len(j.feed))]
		if len(w.feeds) > 0 && tokens+len(ids) > round {
			break
		}
		w.feeds, w.ready = append(w.feeds, model.Feed{Seq: j.seq, IDs: ids}), append(w.ready, j)
		tokens += len(ids)
	}
	if len(w.ready) > 0 && len(w.ready) < len(w.jobs) {
		w.jobs = slices.DeleteFunc(w.jobs, func(j *job) bool { return slices.Contains(w.ready, j) })
		w.jobs = append(w.jobs, w.ready...)
	}
}

// writes reports whether any sequence is being written.
func (w *worker) writes() bool {
	return len(w.rows) > 0 || slices.ContainsFunc(w.jobs, func(j *job) bool { return j.group != nil })
}

// prefill reads pieces of prompts, and chooses the first token of those that it comes to the end of.
func (w *worker) prefill() {
	round := roundTokens
	if w.writes() {
		round = pieceTokens
	}
	w.pieces(false, pieceTokens, round)
	if len(w.feeds) == 0 {
		return
	}
	defer w.s.Frame()()
	in := w.cache.Extend(w.s, w.e.limits, w.feeds...)
	var ended prefilled
	at := int32(-1)
	for i, j := range w.ready {
		at += int32(len(w.feeds[i].IDs))
		if j.fed += len(w.feeds[i].IDs); j.fed == len(j.feed) {
			ended.add(j, at)
		}
		w.restore(j)
	}
	in.WantRows(w.s, slices.Concat(ended.asked.at, ended.samples.at, ended.beams[0].at, ended.beams[1].at))
	w.first(&ended, w.e.m.Decode(w.s, in, w.cache))
}

// prefilled is the jobs whose prompts are read to the end in a round, by what they want.
type prefilled struct {
	kept           []*job
	asked, samples lasts
	beams          [2]lasts // ranked and renormalized
}

// lasts is jobs, and for each sequence that they start the row of the last token before it.
type lasts struct {
	jobs []*job
	at   []int32
}

func (p *prefilled) add(j *job, at int32) {
	l, n := &p.asked, 1
	switch {
	case j.kind == keeping:
		p.kept = append(p.kept, j)
		return
	case j.kind == writing && j.Beams > 1:
		l = &p.beams[j.ranking()-ranked]
	case j.kind == writing:
		l, n = &p.samples, max(j.Return, 1)
	}
	l.jobs, l.at = append(l.jobs, j), append(l.at, slices.Repeat([]int32{at}, n)...)
}

// first chooses the first tokens. The rows of logits are those of asked, samples, and beams.
func (w *worker) first(p *prefilled, logits gpu.Tensor) {
	cut := func(n int) gpu.Tensor {
		x := logits.RowRange(0, n)
		logits = logits.RowRange(n, logits.Rows)
		return x
	}
	for _, j := range p.asked.jobs {
		q := sequence{j: j, rules: j.newRules()}
		j.next = w.pick.distribution(cut(1), &q)
	}
	if n := len(p.samples.at); n > 0 {
		var rows []*row
		for _, j := range p.samples.jobs {
			rows = append(rows, w.fork(j)...)
		}
		w.take(rows, w.pick.now(cut(n), w.sequencesOf(rows), greedy, 1))
	}
	for i, l := range p.beams {
		if len(l.jobs) == 0 {
			continue
		}
		for _, j := range l.jobs {
			j.group = newGroup(j)
		}
		seqs, k := w.beamsOf(l.jobs)
		w.advance(l.jobs, w.pick.now(cut(len(l.at)), seqs, ranked+choice(i), k))
	}
	if w.s.Sync() != nil {
		return
	}
	for _, j := range p.asked.jobs {
		w.finish(j, j.broken)
	}
	for _, j := range p.kept {
		w.keep(j)
	}
}

// fork makes the rows of a job whose prompt is in the cache.
func (w *worker) fork(j *job) (rows []*row) {
	n := max(j.Return, 1)
	j.out = make([]Output, n)
	for i := range n {
		r := &row{sequence: sequence{j: j, index: i, place: j.seq, rules: j.newRules()}}
		if i > 0 {
			r.place = w.cache.Fork(j.seq, j.seq.Len())
		}
		r.out.IDs, r.out.LogProbs = make([]int32, 0, j.most), make([]float64, 0, j.most)
		rows = append(rows, r)
	}
	j.seq, j.left = nil, n
	w.rows = append(w.rows, rows...)
	return rows
}

// score reads pieces of texts whose tokens are scored.
func (w *worker) score() {
	w.pieces(true, scorePiece, scoreRound)
	if len(w.feeds) == 0 {
		return
	}
	w.want = w.want[:0]
	var targets []int32
	counts := make([]int, len(w.ready))
	start := 0
	for i, j := range w.ready {
		// The logits of the token at feed[k] score feed[k+1], the prompt's token k+1 less the prefix's that are fed again.
		again := len(j.feed) - len(j.Prompt)
		n := len(w.feeds[i].IDs)
		for k := j.fed; k < j.fed+n; k++ {
			if k+1 < len(j.feed) && k+1-again >= j.from {
				w.want, targets = append(w.want, int32(start+k-j.fed)), append(targets, j.feed[k+1])
				counts[i]++
			}
		}
		start += n
	}
	defer w.s.Frame()()
	in := w.cache.Extend(w.s, w.e.limits, w.feeds...)
	in.WantRows(w.s, w.want)
	logits := w.e.m.Decode(w.s, in, w.cache)
	losses := w.losses(logits, targets)
	if w.s.Err() != nil {
		return
	}
	for i, j := range w.ready {
		for _, l := range losses[:counts[i]] {
			j.scores = append(j.scores, -float64(l))
		}
		losses = losses[counts[i]:]
		j.fed += len(w.feeds[i].IDs)
		w.restore(j)
		if j.fed == len(j.feed) {
			w.finish(j, nil)
		}
	}
}

// losses is what it costs to tell the targets.
func (w *worker) losses(logits gpu.Tensor, targets []int32) []float32 {
	if len(targets) == 0 {
		return nil
	}
	t, loss := w.s.Temp(gpu.I32, len(targets), 1), w.s.Temp(gpu.F32, len(targets), 1)
	t.Stride, loss.Stride = 1, 1
	gpu.Write(w.s, t, targets)
	w.s.Do(&gpu.CrossEntropy{Loss: loss, X: logits, Target: t})
	v, _ := gpu.Read[float32](w.s, loss) // an error stays with the stream
	return v
}
