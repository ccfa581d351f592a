package generate

import (
	"fmt"
	"slices"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model"
)

// What a request gets whose rules or processors leave no token, or whose logits are no numbers.
var (
	errNoToken = fmt.Errorf("%w: the rules leave no token to write", model.ErrInput)
	errNaN     = fmt.Errorf("%w: logits are NaN or all −∞", model.ErrInput)
)

// A worker does an engine's work, in the engine's goroutine.
type worker struct {
	e *Engine

	s     *gpu.Stream // nil until there is work, and after an error
	cache *model.Cache
	pick  *chooser

	jobs     []*job    // admitted
	rows     []*row    // that are written, but for beams
	kept     []*Prefix // in the cache, the one that was used last at the end
	reserved int       // tokens that jobs and prefixes may have in the cache
	seats    int       // rows that jobs may have in a step

	// Scratch of a step.
	feeds []model.Feed
	want  []int32
	ready []*job
	seqs  []*sequence
}

func newWorker(e *Engine) *worker { return &worker{e: e} }

// tick does one round: prompts first, then a step of what is written. It reports whether there may be more to do.
func (w *worker) tick() bool {
	w.drop()
	w.reap()
	if err := w.admit(); err != nil {
		w.fail(err)
		return true
	}
	if len(w.jobs) == 0 {
		return false
	}
	w.prefill() // after an error of the stream the others do nothing
	w.score()
	w.step()
	w.stepBeams(ranked)
	w.stepBeams(renormalized)
	if err := w.s.Err(); err != nil {
		w.fail(err)
	}
	return true
}

// open makes the stream and the cache.
func (w *worker) open() error {
	s, err := gpu.NewStream(w.e.b)
	if err != nil {
		return err
	}
	w.s = s
	w.cache = model.NewCache(s, w.e.m.CacheShape(), model.CacheSize{Tokens: w.e.room.Tokens, Length: longest(w.e.limits), Rows: w.e.room.Rows, PageRows: 1})
	w.pick = newChooser(s, w.e.m, w.cache)
	return s.Err()
}

// reset ends everything.
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

// fail ends all jobs with err and gives up the stream, and with it the cache. Prefixes are read again by who uses them next.
func (w *worker) fail(err error) {
	for _, j := range w.jobs {
		j.end(err)
	}
	for _, p := range w.kept {
		p.seq, p.users = nil, 0
	}
	if w.s != nil {
		w.s.Close()
	}
	w.s, w.cache, w.pick = nil, nil, nil
	w.jobs, w.rows, w.kept = nil, nil, nil
	w.reserved, w.seats = 0, 0
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

// admit takes jobs from those that wait, in order, as long as there is room. One that fits an engine that is idle comes to its
// turn, since prefixes give way.
func (w *worker) admit() error {
	w.e.mu.Lock()
	defer w.e.mu.Unlock()
	for len(w.e.pending) > 0 {
		j := w.e.pending[0]
		if !j.unwanted() {
			if w.s == nil {
				if err := w.open(); err != nil {
					j.end(err)
					w.e.pending = slices.Delete(w.e.pending, 0, 1)
					return err
				}
			}
			if w.seats+j.seats() > w.e.room.Rows || !w.make(j) {
				return nil
			}
			w.begin(j)
		}
		w.e.pending = slices.Delete(w.e.pending, 0, 1)
	}
	return nil
}

// begin gives a job its sequence and its share of the room.
func (w *worker) begin(j *job) {
	if p := j.Prefix; p == nil {
		j.seq, j.feed = w.cache.New(), j.Prompt
	} else {
		if p.seq == nil {
			j.seq = w.cache.New()
		} else {
			j.seq = w.cache.Fork(p.seq, len(p.ids)-1) // the last token is read again, for what follows it
			w.use(j, p)
		}
		j.feed = slices.Concat(p.ids[j.seq.Len():], j.Prompt)
	}
	j.reserved = j.needs()
	w.reserved, w.seats = w.reserved+j.reserved, w.seats+j.seats()
	w.jobs = append(w.jobs, j)
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
	w.reserved, w.seats = w.reserved-j.reserved, w.seats-j.seats()
	w.leave(j)
	j.end(err)
}
