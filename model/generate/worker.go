package generate

import (
	"fmt"
	"slices"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model"
)

// Prompts are read in pieces of pieceTokens, whatever else is in the batch, so that what a sequence gets depends on itself alone;
// a round reads up to roundTokens of all prompts, so that running sequences do not wait long. Pieces that are scored need
// logits of every token, 200 kB each of a vocabulary of 50,257, and are shorter.
const (
	pieceTokens = 512
	scorePiece  = 64
	roundTokens = 2048
	scoreRound  = 256
)

// A worker does an engine's work, in the engine's goroutine.
type worker struct {
	e *Engine

	s     *gpu.Stream // nil until there is work, and after an error
	cache *model.Cache
	pick  *chooser
	epoch int // counts streams: what was kept on an earlier one is lost

	jobs     []*job  // admitted
	rows     []*row  // that are written, but for beams
	lines    []*line // of rows
	reserved int     // tokens that the jobs and prefixes may take
	seats    int     // rows that the jobs take
	kept     []*Prefix

	feeds []model.Feed // scratch of a round
	want  []int32
	ready []*job
}

// errNoToken is what a request gets whose rules ban every token.
var errNoToken = fmt.Errorf("%w: the rules leave no token to write", model.ErrInput)

func newWorker(e *Engine) *worker { return &worker{e: e} }

// tick does one round: prompts first, then a step of what is written. It reports whether there is more to do.
func (w *worker) tick() bool {
	w.drop()
	w.reap()
	w.admit()
	if len(w.jobs) == 0 {
		return false
	}
	if err := w.round(); err != nil {
		w.fail(err)
	}
	return true
}

func (w *worker) round() error {
	if w.s == nil {
		if err := w.open(); err != nil {
			return err
		}
	}
	w.read() // after an error of the stream the others do nothing
	w.score()
	w.step()
	w.stepBeams(ranked)
	w.stepBeams(renormalized)
	return w.s.Err()
}

// open makes the stream and the cache.
func (w *worker) open() error {
	s, err := gpu.NewStream(w.e.b)
	if err != nil {
		return err
	}
	w.s = s
	w.epoch++
	w.cache = model.NewCache(s, w.e.m.CacheShape(), model.CacheSize{Tokens: w.e.room.Tokens, Length: longest(w.e.limits), Rows: w.e.room.Rows, PageRows: 1})
	w.pick = newChooser(s, w.e.m, w.cache)
	return s.Err()
}

// reset closes the stream, and with it the cache.
func (w *worker) reset() {
	w.fail(ErrClosed)
	w.e.mu.Lock()
	pending := w.e.pending
	w.e.pending = nil
	w.e.mu.Unlock()
	for _, j := range pending {
		j.end(ErrClosed)
	}
}

// fail ends all jobs with err and gives up the stream. Kept prefixes are read again by who uses them next.
func (w *worker) fail(err error) {
	for _, j := range w.jobs {
		j.end(err)
	}
	for _, p := range w.kept {
		p.seq = nil
	}
	if w.s != nil {
		w.s.Close()
	}
	w.s, w.cache, w.pick = nil, nil, nil
	w.jobs, w.rows, w.kept = nil, nil, nil
	w.reserved, w.seats = 0, 0
}

// drop frees prefixes that were closed.
func (w *worker) drop() {
	w.e.mu.Lock()
	dropped, between := w.e.dropped, w.e.between
	w.e.dropped, w.e.between = nil, nil
	w.e.mu.Unlock()
	if between != nil {
		defer between(w)
	}
	for _, p := range dropped {
		if i := slices.Index(w.kept, p); i >= 0 {
			w.kept = slices.Delete(w.kept, i, i+1)
			w.cache.Drop(p.seq)
			w.reserved -= len(p.ids)
			p.seq = nil
		}
	}
}

// reap ends jobs that nobody waits for.
func (w *worker) reap() {
	for i := 0; i < len(w.jobs); {
		if j := w.jobs[i]; j.unwanted() {
			w.finish(j, j.ctx.Err())
		} else {
			i++
		}
	}
}

// admit takes jobs from those that wait, in order, as long as there is room.
func (w *worker) admit() {
	w.e.mu.Lock()
	defer w.e.mu.Unlock()
	for len(w.e.pending) > 0 {
		j := w.e.pending[0]
		if !j.unwanted() {
			if w.reserved+j.need > w.e.room.Tokens || w.seats+j.seats() > w.e.room.Rows {
				// Prefixes that are kept may leave no room, which nothing but closing them gives back.
				if len(w.jobs) > 0 {
					return
				}
				j.end(fmt.Errorf("%w: %d tokens, of the room for %d prefixes hold %d", model.ErrCache, j.need, w.e.room.Tokens, w.reserved))
			} else {
				w.reserved, w.seats = w.reserved+j.need, w.seats+j.seats()
				w.jobs = append(w.jobs, j)
			}
		}
		w.e.pending = slices.Delete(w.e.pending, 0, 1)
	}
}

// begin gives a job its sequence.
func (w *worker) begin(j *job) {
	p := j.Prefix
	if p == nil {
		j.seq, j.feed = w.cache.New(), j.Prompt
		return
	}
	if p.seq != nil && p.epoch == w.epoch {
		j.seq = w.cache.Fork(p.seq, j.base)
	} else {
		j.seq = w.cache.New()
	}
	j.feed = slices.Concat(p.ids[j.seq.Len():], j.Prompt)
}

// finish ends a job and frees what it has.
func (w *worker) finish(j *job, err error) {
	w.jobs = slices.DeleteFunc(w.jobs, func(x *job) bool { return x == j })
	w.rows = slices.DeleteFunc(w.rows, func(r *row) bool {
		if r.j != j {
			return false
		}
		r.drop(w.cache)
		return true
	})
	if j.group != nil {
		j.group.drop(w.cache)
	}
	if j.seq != nil {
		w.cache.Drop(j.seq)
		j.seq = nil
	}
	w.reserved, w.seats = w.reserved-j.need, w.seats-j.seats()
	j.end(err)
}

// piece is what is fed next of a job's prompt, none if there is no more.
func (w *worker) piece(j *job, size int) []int32 {
	if j.seq == nil && j.fed == 0 {
		w.begin(j)
	}
	return j.feed[j.fed:min(j.fed+size, len(j.feed))]
}

// read reads pieces of prompts, and chooses the first token of those that it comes to the end of.
func (w *worker) read() {
	w.feeds, w.ready = w.feeds[:0], w.ready[:0]
	tokens := 0
	for _, j := range w.jobs {
		if j.kind == scoring || j.fed > 0 && j.fed == len(j.feed) {
			continue
		}
		ids := w.piece(j, pieceTokens)
		if len(w.feeds) > 0 && tokens+len(ids) > roundTokens {
			break
		}
		w.feeds, w.ready = append(w.feeds, model.Feed{Seq: j.seq, IDs: ids}), append(w.ready, j)
		tokens += len(ids)
	}
	if len(w.feeds) == 0 {
		return
	}
	defer w.s.Frame()()
	in := w.cache.Extend(w.s, w.e.limits, w.feeds...)
	var t turn
	at := int32(-1)
	for i, j := range w.ready {
		at += int32(len(w.feeds[i].IDs))
		if j.fed += len(w.feeds[i].IDs); j.fed == len(j.feed) {
			t.add(j, at)
		}
	}
	in.WantRows(w.s, slices.Concat(t.asked.at, t.samples.at, t.beams[0].at, t.beams[1].at))
	w.turn(&t, w.e.m.Decode(w.s, in, w.cache))
}

// A turn is the jobs whose prompts are read to the end in a round, by what they want.
type turn struct {
	kept           []*job
	asked, samples ends
	beams          [2]ends // ranked and renormalized
}

// ends is jobs, and for each sequence that they start the row of the last token before it.
type ends struct {
	jobs []*job
	at   []int32
}

func (t *turn) add(j *job, at int32) {
	e, n := &t.asked, 1
	switch {
	case j.kind == keeping:
		t.kept = append(t.kept, j)
		return
	case j.kind == writing && j.Beams > 1:
		e = &t.beams[j.ranking()-ranked]
	case j.kind == writing:
		e, n = &t.samples, max(j.Return, 1)
	}
	e.jobs, e.at = append(e.jobs, j), append(e.at, slices.Repeat([]int32{at}, n)...)
}

// turn chooses the first tokens. The rows of logits are those of asked, samples, and beams.
func (w *worker) turn(t *turn, logits gpu.Tensor) {
	cut := func(n int) gpu.Tensor {
		x := logits.RowRange(0, n)
		logits = logits.RowRange(n, logits.Rows)
		return x
	}
	for _, j := range t.asked.jobs {
		l := line{j: j, rules: j.newRules()}
		j.next = w.pick.distribution(cut(1), &l)
	}
	if n := len(t.samples.at); n > 0 {
		var rows []*row
		for _, j := range t.samples.jobs {
			rows = append(rows, w.fork(j)...)
		}
		w.take(rows, w.pick.now(cut(n), w.linesOf(rows), greedy, 1))
	}
	for i, e := range t.beams {
		if len(e.jobs) == 0 {
			continue
		}
		for _, j := range e.jobs {
			j.group = newGroup(j)
		}
		lines, k := w.beamLines(e.jobs)
		w.advance(e.jobs, w.pick.now(cut(len(e.at)), lines, ranked+choice(i), k))
	}
	if w.s.Sync() != nil {
		return
	}
	for _, j := range t.asked.jobs {
		w.finish(j, nil)
	}
	for _, j := range t.kept {
		w.keep(j)
	}
}

// keep makes a job's sequence a prefix.
func (w *worker) keep(j *job) {
	j.kept = &Prefix{e: w.e, ids: j.Prompt, seq: j.seq, epoch: w.epoch}
	w.kept = append(w.kept, j.kept)
	j.seq, j.need = nil, 0 // the room that it takes stays reserved
	w.finish(j, nil)
}

// fork makes the rows of a job whose prompt is in the cache.
func (w *worker) fork(j *job) (rows []*row) {
	n := max(j.Return, 1)
	j.out = make([]Output, n)
	for i := range n {
		r := &row{line: line{j: j, index: i, seq: j.seq, rules: j.newRules()}}
		if i > 0 {
			r.seq = w.cache.Fork(j.seq, j.seq.Len())
		}
		r.out.IDs, r.out.LogProbs = make([]int32, 0, j.most), make([]float64, 0, j.most)
		rows = append(rows, r)
	}
	j.seq, j.left = nil, n
	w.rows = append(w.rows, rows...)
	return rows
}

// context is all that the request gives: prefix and prompt.
func (j *job) context() []int32 {
	if j.Prefix == nil {
		return j.Prompt
	}
	return slices.Concat(j.Prefix.ids, j.Prompt)
}

func (j *job) newRules() *rules { return newRules(&j.Options, j.context(), j.most) }

// step writes one token of every row.
func (w *worker) step() {
	if len(w.rows) == 0 {
		return
	}
	defer w.s.Frame()()
	w.take(w.rows, w.pick.step(w.linesOf(w.rows), greedy, 1))
}

// linesOf is the lines of rows.
func (w *worker) linesOf(rows []*row) []*line {
	w.lines = w.lines[:0]
	for _, r := range rows {
		w.lines = append(w.lines, &r.line)
	}
	return w.lines
}

// take gives rows the tokens that were chosen, and takes out those that end with them.
func (w *worker) take(rows []*row, p picks) {
	if w.s.Err() != nil {
		return
	}
	ended, stuck := 0, (*job)(nil)
	for i, r := range rows {
		id, logProb := p.of(i)
		switch {
		case r.stuck:
			stuck = r.j
		case !r.take(id, logProb):
			ended++
		}
	}
	if stuck != nil {
		w.finish(stuck, errNoToken) // the others are found at the next step
	}
	if ended == 0 {
		return
	}
	var over []*job
	w.rows = slices.DeleteFunc(w.rows, func(r *row) bool {
		if r.out.Finish == Running {
			return false
		}
		r.drop(w.cache)
		r.j.out[r.index] = r.out
		if r.j.left--; r.j.left == 0 {
			over = append(over, r.j)
		}
		return true
	})
	for _, j := range over {
		w.finish(j, nil)
	}
}

// score reads pieces of texts whose tokens are scored.
func (w *worker) score() {
	w.feeds, w.ready, w.want = w.feeds[:0], w.ready[:0], w.want[:0]
	var targets []int32
	var counts []int
	tokens := 0
	for _, j := range w.jobs {
		if j.kind != scoring {
			continue
		}
		ids := w.piece(j, scorePiece)
		if len(w.feeds) > 0 && tokens+len(ids) > scoreRound {
			break
		}
		w.feeds, w.ready = append(w.feeds, model.Feed{Seq: j.seq, IDs: ids}), append(w.ready, j)
		// The logits of the token at feed[i] score feed[i+1], the prompt's token i+1 less the prefix's that are fed again.
		again := len(j.feed) - len(j.Prompt)
		n := len(targets)
		for i := j.fed; i < j.fed+len(ids); i++ {
			if i+1 < len(j.feed) && i+1-again >= j.from {
				w.want, targets = append(w.want, int32(tokens+i-j.fed)), append(targets, j.feed[i+1])
			}
		}
		counts = append(counts, len(targets)-n)
		tokens += len(ids)
	}
	if len(w.feeds) == 0 {
		return
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
		if j.fed += len(w.feeds[i].IDs); j.fed == len(j.feed) {
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

// stepBeams writes one token of every beam whose candidates are found so.
func (w *worker) stepBeams(how choice) {
	var jobs []*job
	for _, j := range w.jobs {
		if j.group != nil && j.ranking() == how {
			jobs = append(jobs, j)
		}
	}
	if len(jobs) == 0 {
		return
	}
	defer w.s.Frame()()
	lines, k := w.beamLines(jobs)
	w.advance(jobs, w.pick.step(lines, how, k))
}
