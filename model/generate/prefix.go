package generate

import (
	"context"
	"fmt"
	"slices"

	"github.com/rapt-go/rapt/model"
)

// A Prefix is what several requests have in front of their prompts, read once. While it is not closed it stays in the cache as far as
// requests leave it room; where it had to give way it is read again by the next request that uses it. A nil Prefix is an empty one.
type Prefix struct {
	e   *Engine
	ids []int32
	by  *job // that made it

	// Of the worker.
	seq    *model.Sequence // nil while it is not in the cache
	users  int             // jobs that share its pages
	closed bool
}

// Len is the number of its tokens.
func (p *Prefix) Len() int {
	if p == nil {
		return 0
	}
	return len(p.ids)
}

// Prefix reads ids, for requests to share.
func (e *Engine) Prefix(ctx context.Context, ids []int32) (*Prefix, error) {
	if len(ids) == 0 {
		return nil, fmt.Errorf("%w: a prefix of no tokens", model.ErrInput)
	}
	j, err := e.submit(ctx, newJob(ctx, keeping, Request{Prompt: ids}))
	if err != nil {
		return nil, err
	}
	if err := j.wait(ctx, nil); err != nil {
		j.abandon()
		e.mu.Lock()
		defer e.mu.Unlock()
		e.poke() // it may be kept already
		return nil, err
	}
	return j.kept, nil
}

// Close gives its room back. Requests that have begun keep what they share.
func (p *Prefix) Close() {
	if p == nil {
		return
	}
	p.e.mu.Lock()
	defer p.e.mu.Unlock()
	p.e.dropped = append(p.e.dropped, p)
	p.e.poke()
}

// drop frees prefixes that were closed, and those whose callers did not wait for them.
func (w *worker) drop() {
	w.e.mu.Lock()
	dropped, between := w.e.dropped, w.e.between
	w.e.dropped, w.e.between = nil, nil
	w.e.mu.Unlock()
	if between != nil {
		defer between(w)
	}
	for _, p := range dropped {
		p.closed = true
	}
	for i := len(w.kept) - 1; i >= 0; i-- {
		if p := w.kept[i]; (p.closed || p.by.gone.Load()) && p.users == 0 {
			w.evict(i)
		}
	}
}

// evict takes a prefix that nobody shares from the cache.
func (w *worker) evict(i int) {
	p := w.kept[i]
	w.kept = slices.Delete(w.kept, i, i+1)
	w.cache.Drop(p.seq)
	p.seq = nil
	w.reserved -= len(p.ids)
}

// make makes room for a job, if need be by taking prefixes from the cache that nobody shares, the one first that was used longest ago.
// It takes none if that is not enough.
func (w *worker) make(j *job) bool {
	room, idle := w.e.room.Tokens, 0
	for _, p := range w.kept {
		if p.users == 0 && p != j.Prefix {
			idle += len(p.ids)
		}
	}
	if own := j.Prefix; w.reserved-idle+j.needs() > room && own != nil && own.seq != nil && own.users == 0 && w.reserved-idle-len(own.ids)+j.need <= room {
		w.evict(slices.Index(w.kept, own)) // it takes a token less to read it again than to share all but its last
	}
	if w.reserved-idle+j.needs() > room {
		return false
	}
	for i := 0; w.reserved+j.needs() > room; {
		if p := w.kept[i]; p.users == 0 && p != j.Prefix {
			w.evict(i)
		} else {
			i++
		}
	}
	return true
}

// needs is how many tokens the job may have in the cache besides those that it shares.
func (j *job) needs() int {
	if p := j.Prefix; p != nil && p.seq != nil {
		return j.need - (len(p.ids) - 1)
	}
	return j.need
}

// use says that a job shares p's pages.
func (w *worker) use(j *job, p *Prefix) {
	j.shares = p
	p.users++
	i := slices.Index(w.kept, p)
	w.kept = append(slices.Delete(w.kept, i, i+1), p)
}

// leave says that the job shares nothing any more.
func (w *worker) leave(j *job) {
	if j.shares != nil {
		j.shares.users--
		j.shares = nil
	}
}

// keep makes the sequence of a job that read a prefix the prefix.
func (w *worker) keep(j *job) {
	j.kept = &Prefix{e: w.e, ids: j.Prompt, by: j, seq: j.seq}
	w.kept = append(w.kept, j.kept)
	j.seq, j.reserved = nil, 0 // the room is the prefix's now
	w.finish(j, nil)
}

// restore puts a prefix back into the cache that a job has read again, if there is room.
func (w *worker) restore(j *job) {
	p := j.Prefix
	if p == nil || p.seq != nil || p.closed || j.seq.Len() < len(p.ids) || w.reserved+len(p.ids) > w.e.room.Tokens {
		return
	}
	p.seq = w.cache.Fork(j.seq, len(p.ids))
	w.kept = append(w.kept, p)
	w.reserved += len(p.ids)
}
