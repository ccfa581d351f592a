package cpu

// The workers: goroutines that share the tiles of one operation at a time.

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// A job is an operation cut into tiles, which may be computed in any order and at once. How
// it is cut, and what a tile computes, does not depend on the number of workers.
type job interface {
	tile(i int, s *scratch)
}

// workers lends its n goroutines to one job after the other. A goroutine joins a job
// if it comes in time, and no one waits for those that do not: on a busy machine one
// may sleep for longer than the job takes.
type workers struct {
	n    int
	turn sync.Mutex // held by the queue whose job runs

	job     job
	tiles   int
	scratch []scratch // of the queue; the caller's is the last

	next   atomic.Int64  // the first tile that nobody has taken
	state  atomic.Uint64 // see below
	parked atomic.Int32
	wake   chan struct{}
	done   chan struct{} // the last worker to leave tells a waiting caller
}

// The bits of state: how many workers are in the job, whether others may join, whether
// the caller waits for them on done, whether the workers shall end, and a count of jobs.
const (
	inside  = 1<<16 - 1
	isOpen  = 1 << 16
	waiting = 1 << 17
	ended   = 1 << 18
	oneJob  = 1 << 19
)

func startWorkers(n int) *workers {
	w := &workers{n: n, wake: make(chan struct{}, n), done: make(chan struct{}, 1)}
	for i := range n {
		go w.work(i)
	}
	return w
}

// Less work than this, in nanoseconds or thereabouts, is done before another core
// has noticed it.
const worthSharing = 20_000

// run computes all tiles of j, a work of about the given nanoseconds.
func (w *workers) run(j job, tiles int, nanoseconds int64, s []scratch) {
	if w.n == 0 || tiles <= 1 || nanoseconds < worthSharing {
		for i := range tiles {
			j.tile(i, &s[w.n])
		}
		return
	}
	w.turn.Lock()
	defer w.turn.Unlock()
	w.job, w.tiles, w.scratch = j, tiles, s
	w.next.Store(0)
	if w.state.Load()&ended == 0 {
		w.state.Add(oneJob | isOpen)
		for range min(w.parked.Load(), int32(tiles-1)) {
			select {
			case w.wake <- struct{}{}:
			default: // enough of them have been called
			}
		}
	}
	w.share(w.n)
	w.wait()
	w.job, w.scratch = nil, nil
}

// share computes tiles until none is left.
func (w *workers) share(worker int) {
	for {
		i := int(w.next.Add(1)) - 1
		if i >= w.tiles {
			return
		}
		w.job.tile(i, &w.scratch[worker])
	}
}

// wait lets no more workers in, and returns when those inside have left.
func (w *workers) wait() {
	w.state.And(^uint64(isOpen))
	for range 1000 {
		if w.state.Load()&inside == 0 {
			return
		}
		runtime.Gosched()
	}
	if w.state.Or(waiting)&inside != 0 {
		<-w.done
	}
	w.state.And(^uint64(waiting))
}

// work is the life of a worker: it joins each job once.
func (w *workers) work(worker int) {
	seen := uint64(0)
	for {
		s := w.await(seen)
		if s&ended != 0 {
			return
		}
		if !w.state.CompareAndSwap(s, s+1) {
			continue
		}
		seen = s / oneJob
		w.share(worker)
		if s := w.state.Add(^uint64(0)); s&(inside|waiting) == waiting {
			w.done <- struct{}{}
		}
	}
}

// How long a worker looks out for the next job before it sleeps: longer than the
// gaps between the operations of a model, so that it sleeps between calls.
const lookout = 200 * time.Microsecond

// await returns the state in which a job other than the one seen is open, or
// the workers shall end.
func (w *workers) await(seen uint64) uint64 {
	ready := func(s uint64) bool { return s&ended != 0 || s&isOpen != 0 && s/oneJob != seen }
	for {
		for start := time.Now(); time.Since(start) < lookout; {
			for range 32 {
				if s := w.state.Load(); ready(s) {
					return s
				}
				runtime.Gosched()
			}
		}
		w.parked.Add(1)
		if s := w.state.Load(); ready(s) { // it came before the caller could see us parked
			w.parked.Add(-1)
			return s
		}
		<-w.wake
		w.parked.Add(-1)
	}
}

// stop ends the workers, after the job that runs.
func (w *workers) stop() {
	w.turn.Lock()
	defer w.turn.Unlock()
	w.state.Or(ended)
	for range w.n {
		select {
		case w.wake <- struct{}{}:
		default:
		}
	}
}
