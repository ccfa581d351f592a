package main

// From records to results: many records at once, results in order as soon as they
// are there, in memory that does not grow with the input.

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/task"
)

// A runner is what differs from one command to the next: which task it opens, what it
// asks the task of each record, and how it writes the answer.
type runner[T io.Closer, R any] struct {
	*common
	name    string
	open    func(dir string, opts ...task.Option) (T, error)
	options []task.Option
	check   func(T) error // of flags, against the model; may be nil
	ask     func(context.Context, T, record) (R, error)
	write   func(*output, record, R) error
}

// run opens the task and answers the records of in, which it closes.
func (r runner[T, R]) run(ctx context.Context, in *input) error {
	defer in.close()
	t, closed, err := openModel(ctx, r.common, r.open, r.options...)
	if err != nil {
		return err
	}
	if r.check != nil {
		if err := r.check(t); err != nil {
			return closed(err)
		}
	}
	ask := func(ctx context.Context, rec record) (R, error) { return r.ask(ctx, t, rec) }
	return closed(process(ctx, r.common, r.name, in, ask, r.write))
}

// A job is a record on its way to a result.
type job[R any] struct {
	record
	result R
	err    error
	done   chan struct{}
}

// process runs work on every record and writes the results in order. Every record is
// a call of its own to work; the task behind it makes batches of calls that meet. The
// first error, in order, ends it, after the results before it are written. When ctx
// ends, so does process, after the results before the first unfinished one.
func process[R any](ctx context.Context, c *common, what string, in *input,
	work func(context.Context, record) (R, error), write func(*output, record, R) error) error {
	inner, stop := context.WithCancel(ctx)
	defer stop()
	jobs := make(chan *job[R], maxJobs)
	room := newRoom(c.inFlight())
	go feed(inner, in, jobs, room, work)

	bar := c.progress(what, in.total)
	defer bar.done()
	out := c.output(bar)
	read := int64(0)
	for n := 1; ; n++ {
		j, err := next(ctx, jobs, out.flush)
		if j == nil {
			return cmp.Or(err, out.flush())
		}
		if j.err != nil {
			return cmp.Or(c.located(j.record, j.err), out.flush())
		}
		if err := write(out, j.record, j.result); err != nil {
			return err
		}
		room.give(j.cost())
		read += int64(j.size)
		bar.set(read, n)
	}
}

// next waits for the next job in order to be done, flushing the output if it has to
// wait. Without another job, or when ctx ends before one is done, there is none.
func next[R any](ctx context.Context, jobs <-chan *job[R], flush func() error) (*job[R], error) {
	var j *job[R]
	select {
	case j = <-jobs:
	default:
		if err := flush(); err != nil {
			return nil, err
		}
		select {
		case j = <-jobs:
		case <-ctx.Done():
		}
	}
	if j == nil {
		return nil, ctx.Err()
	}
	select {
	case <-j.done:
		return j, nil
	default:
	}
	if err := flush(); err != nil {
		return nil, err
	}
	select {
	case <-j.done:
		return j, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// feed starts a job for every record, while there is room.
func feed[R any](ctx context.Context, in *input, jobs chan<- *job[R], room *room, work func(context.Context, record) (R, error)) {
	defer close(jobs)
	for rec, err := range in.records {
		j := &job[R]{record: rec, err: err, done: make(chan struct{})}
		if !room.take(ctx, j.cost()) {
			return
		}
		select {
		case jobs <- j:
		case <-ctx.Done():
			return
		}
		go func() {
			defer close(j.done)
			if j.err == nil {
				j.result, j.err = work(ctx, j.record)
			}
		}()
	}
}

// located is an error with the place of the text that it is about, if it is about one,
// and what helps.
func (c *common) located(r record, err error) error {
	where := ""
	if text, ok := errors.AsType[*task.TextError](err); ok {
		where, err = r.place(text.Index), text.Err
	} else if errors.Is(err, model.ErrInput) {
		where = r.where
	}
	if c.longer != "" && errors.Is(err, task.ErrTooLong) {
		err = fmt.Errorf("%w; %s", err, c.longer)
	}
	if c.fewer != "" && errors.Is(err, model.ErrCache) {
		err = fmt.Errorf("%w; %s", err, c.fewer)
	}
	if where == "" {
		return err
	}
	return at(where, err)
}

// place is where text i of the record is: in its list, if it has one.
func (r record) place(i int) string {
	if r.list == nil {
		return r.where
	}
	return r.placeOf(i)
}

// What is in flight at once: enough that one batch is ready while another runs, and
// not more, for results are in order and wait for the first of what is in flight.
const (
	batches = 4
	maxJobs = 1 << 12
)

// cost is the tokens of a job, about: some four bytes make one, and most models add two.
func (j *job[R]) cost() int { return 2 + j.size/4 }

// inFlight is the room for jobs, in tokens.
func (c *common) inFlight() int { return batches * max(task.DefaultBatchTokens, c.tokens) }

// A room bounds what is in flight. One goroutine takes, another gives.
type room struct {
	size  int64
	used  atomic.Int64
	given chan struct{} // of capacity 1
}

func newRoom(size int) *room { return &room{size: int64(size), given: make(chan struct{}, 1)} }

// take waits until n fit, or nothing else is there; it reports false if ctx ends first.
func (r *room) take(ctx context.Context, n int) bool {
	for {
		if used := r.used.Load(); used == 0 || used+int64(n) <= r.size {
			r.used.Add(int64(n))
			return true
		}
		select {
		case <-r.given:
		case <-ctx.Done():
			return false
		}
	}
}

// give returns what take took.
func (r *room) give(n int) {
	r.used.Add(-int64(n))
	select {
	case r.given <- struct{}{}:
	default:
	}
}
