package task

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model"
)

// ErrClosed is what a call gets whose task was closed.
var ErrClosed = errors.New("the task is closed")

// An item is one sequence to run, and the rows of it whose output is wanted: all,
// if nil.
type item struct {
	model.Input
	want []int32
}

// An engine runs the sequences of all calls in shared batches, on one stream, in
// a goroutine of its own. Calls take turns, one sequence each, so that a short one
// does not wait behind a long one; a call's own sequences go in order of length, so
// that those of a batch are alike.
//
// R is what forward makes of one sequence.
type engine[R any] struct {
	session
	model   model.Model
	forward func(s *gpu.Stream, in model.Batch, items []item) ([]R, error)

	abandoned atomic.Pointer[func() bool] // whether nobody waits for the running batch

	mu     sync.Mutex
	calls  []*call[R] // with sequences not yet taken
	closed bool
	wake   chan struct{} // of capacity 1
	quit   chan struct{} // closed by Close
	done   chan struct{} // closed when the goroutine has ended
}

// A call is one caller's sequences.
type call[R any] struct {
	items  []item
	order  []int // indices of items, longest first; the first are the next to run
	out    []R
	done   chan int   // how many more sequences are finished
	failed chan error // of capacity 1
	gone   atomic.Bool
}

// fail gives up the call: the first error is what its caller gets.
func (c *call[R]) fail(err error) {
	select {
	case c.failed <- err:
	default:
	}
	c.gone.Store(true)
}

func newEngine[R any](ses session, m model.Model, forward func(*gpu.Stream, model.Batch, []item) ([]R, error)) *engine[R] {
	e := &engine[R]{session: ses, model: m, forward: forward,
		wake: make(chan struct{}, 1), quit: make(chan struct{}), done: make(chan struct{})}
	go e.loop()
	return e
}

// run returns what forward makes of every item, which are within the model's limits,
// in order. When ctx ends it returns
// at once; what was queued is dropped.
func (e *engine[R]) run(ctx context.Context, items []item) ([]R, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c := &call[R]{items: items, out: make([]R, len(items)), done: make(chan int, len(items)), failed: make(chan error, 1)}
	for i := range items {
		c.order = append(c.order, i)
	}
	slices.SortStableFunc(c.order, func(a, b int) int { return cmp.Compare(len(items[b].IDs), len(items[a].IDs)) })
	if err := e.add(c); err != nil {
		return nil, err
	}
	defer c.gone.Store(true) // even if progress panics
	progress := progressOf(ctx)
	for finished := 0; finished < len(items); {
		progress(finished, len(items))
		select {
		case n := <-c.done:
			finished += n
		case err := <-c.failed:
			return nil, err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	progress(len(items), len(items))
	return c.out, nil
}

func (e *engine[R]) add(c *call[R]) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return ErrClosed
	}
	e.calls = append(e.calls, c)
	select {
	case e.wake <- struct{}{}:
	default:
	}
	return nil
}

// A seat is one sequence's place in a batch.
type seat[R any] struct {
	call  *call[R]
	index int
}

// take removes the sequences of the next batch from the calls that wait: up to
// budget tokens, and at least one sequence. The call that finds no room for one is
// the first of the next batch.
func (e *engine[R]) take() []seat[R] {
	e.mu.Lock()
	defer e.mu.Unlock()
	var batch []seat[R]
	tokens, full, next := 0, false, 0
	for !full && len(e.calls) > 0 {
		kept := e.calls[:0]
		for _, c := range e.calls {
			if len(c.order) == 0 || c.gone.Load() {
				continue
			}
			kept = append(kept, c)
			n := len(c.items[c.order[0]].IDs)
			if !full && len(batch) > 0 && n > e.budget-tokens {
				full, next = true, len(kept)-1
			}
			if full {
				continue
			}
			batch, tokens = append(batch, seat[R]{c, c.order[0]}), tokens+n
			c.order = c.order[1:]
		}
		clear(e.calls[len(kept):])
		e.calls = kept
	}
	e.calls = slices.Concat(e.calls[next:], e.calls[:next])
	return batch
}

// loop runs batches until Close.
func (e *engine[R]) loop() {
	defer close(e.done)
	var s *gpu.Stream
	defer func() {
		if s != nil {
			s.Close()
		}
	}()
	for {
		select {
		case <-e.wake:
		case <-e.quit:
			return
		}
		for batch := e.take(); len(batch) > 0; batch = e.take() {
			s = e.step(s, batch)
		}
	}
}

// step runs one batch on s, or on a new stream if there is none, and returns the
// stream if it is still good.
func (e *engine[R]) step(s *gpu.Stream, batch []seat[R]) *gpu.Stream {
	var err error
	abandoned := func() bool {
		return !slices.ContainsFunc(batch, func(b seat[R]) bool { return !b.call.gone.Load() })
	}
	if s == nil {
		s, err = gpu.NewStream(e.backend, e.guarded)
	}
	var out []R
	if err == nil {
		e.abandoned.Store(&abandoned)
		out, err = e.batch(s, batch)
		e.abandoned.Store(nil)
	}
	if err != nil {
		for _, b := range batch {
			b.call.fail(err)
		}
		if s != nil {
			s.Close()
		}
		return nil
	}
	for i, b := range batch {
		b.call.out[b.index] = out[i]
		b.call.done <- 1
	}
	return s
}

// batch runs forward over the sequences of a batch.
func (e *engine[R]) batch(s *gpu.Stream, batch []seat[R]) ([]R, error) {
	defer s.Frame()()
	items := make([]item, len(batch))
	inputs := make([]model.Input, len(batch))
	for i, b := range batch {
		items[i] = b.call.items[b.index]
		inputs[i] = items[i].Input
	}
	in := model.Pack(s, e.model.Limits(), inputs...)
	if items[0].want != nil {
		in.WantRows(s, wanted(items))
	}
	out, err := e.forward(s, in, items)
	return out, cmp.Or(s.Err(), err)
}

// wanted is the wanted rows of items laid end to end.
func wanted(items []item) []int32 {
	var rows []int32
	start := int32(0)
	for _, it := range items {
		for _, r := range it.want {
			rows = append(rows, start+r)
		}
		start += int32(len(it.IDs))
	}
	return rows
}

// close ends the goroutine after the batch that it runs, and fails the calls that
// wait.
func (e *engine[R]) close() error {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return ErrClosed
	}
	e.closed = true
	for _, c := range e.calls {
		c.fail(ErrClosed)
	}
	e.mu.Unlock()
	close(e.quit)
	<-e.done
	return errors.Join(e.model.Close(), e.session.close())
}

// A guard is a queue that drops work which nobody waits for any more.
type guard struct {
	gpu.Queue
	abandoned *atomic.Pointer[func() bool]
}

// guarded puts a guard before q, which captures if q does.
func (e *engine[R]) guarded(q gpu.Queue) gpu.Queue {
	g := guard{q, &e.abandoned}
	if c, ok := q.(gpu.Capturer); ok {
		return capturer{g, c}
	}
	return g
}

// err is that of work which nobody waits for.
func (g guard) err() error {
	if f := g.abandoned.Load(); f != nil && (*f)() {
		return context.Canceled
	}
	return nil
}

// Run runs op unless all calls of the batch are gone.
func (g guard) Run(op gpu.Op) error {
	if err := g.err(); err != nil {
		return err
	}
	return g.Queue.Run(op)
}

// A capturer is a guard before a queue that captures.
type capturer struct {
	guard
	queue gpu.Capturer
}

// Capture captures record; graphs are guarded as well.
func (c capturer) Capture(record func() error) (gpu.Graph, error) {
	g, err := c.queue.Capture(record)
	return guardedGraph{g, c.guard}, err
}

type guardedGraph struct {
	gpu.Graph
	guard guard
}

// Launch launches the graph unless all calls of the batch are gone.
func (g guardedGraph) Launch() error {
	if err := g.guard.err(); err != nil {
		return err
	}
	return g.Graph.Launch()
}
