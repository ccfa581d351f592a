package main

// From flags to a backend and a model on it.

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime"

	"github.com/rapt-go/rapt/cmd/rapt/embedded"
	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/gpu/auto"
	"github.com/rapt-go/rapt/model/task"
)

// openModel opens a task as the flags say. Without --model it opens the embedded model;
// a command that this does not fit calls needModel first. The caller calls closed with
// its error at the end.
func openModel[T io.Closer](ctx context.Context, c *common, open func(string, ...task.Option) (T, error), more ...task.Option) (t T, closed func(error) error, err error) {
	dir, fsys, err := c.folder()
	if err != nil {
		return t, nil, err
	}
	b, err := c.openBackend()
	if err != nil {
		return t, nil, err
	}
	c.note("backend: %s", b.describe("; "))
	opts := append(c.options(b.Backend), more...)
	if fsys != nil {
		opts = append(opts, task.FromFS(fsys))
	}
	t, err = interruptible(ctx, func() (T, error) { return open(dir, opts...) })
	if err != nil {
		if ctx.Err() == nil { // else it may still be loading
			err = cmp.Or(err, b.Close())
		}
		return t, nil, err
	}
	return t, func(err error) error {
		if ctx.Err() != nil {
			return err // the process ends; closing would wait for the running batch
		}
		return cmp.Or(err, t.Close(), b.Close())
	}, nil
}

// interruptible calls f, and returns when ctx ends even if f does not.
func interruptible[T any](ctx context.Context, f func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		v, err := f()
		done <- result{v, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// folder is where the model is: the folder that --model means, or an embedded one, which
// is a file system.
func (c *common) folder() (dir string, embed fs.FS, err error) {
	if c.model == "" {
		m := cmp.Or(c.embedded, embedded.BERT)
		c.note("model: the embedded %s, for there is no --model", m)
		return "", m.FS(), nil
	}
	dir, err = findModel(c.model)
	return dir, nil, err
}

// needModel reports a missing --model, which has to be of a kind.
func (c *common) needModel(kind string) error {
	if c.model == "" {
		return usagef("--model is missing: give the folder of %s; the embedded model is not one", kind)
	}
	return nil
}

// A backend is a backend and what there is to say of it.
type backend struct {
	gpu.Backend
	which, passed string // its name, and which were passed over
	processors    int    // of the Go runtime before it was opened
}

// openBackend opens the backend that the flags ask for.
func (c *common) openBackend() (*backend, error) {
	opened, passed, err := auto.Open(auto.Options{Backend: c.backend, Threads: c.threads})
	switch {
	case errors.Is(err, auto.ErrName):
		return nil, usagef("--backend: %w", err)
	case err != nil:
		return nil, err
	}
	b := &backend{opened, opened.Info().Name, passed, runtime.GOMAXPROCS(0)}
	if t, ok := opened.(interface{ Threads() int }); ok {
		b.which += ", " + count(t.Threads(), "thread")
		// One more than compute, so that a signal, or a result to write, does not wait
		// until the scheduler takes a processor from a kernel: 10 ms for each goroutine.
		runtime.GOMAXPROCS(max(b.processors, t.Threads()+1))
	}
	return b, nil
}

// describe says which backend it is and, after a separator, which were passed over.
func (b *backend) describe(separator string) string {
	if b.passed == "" {
		return b.which
	}
	return b.which + separator + "passed over: " + b.passed
}

// Close closes the backend, and undoes what openBackend did to the runtime.
func (b *backend) Close() error {
	runtime.GOMAXPROCS(b.processors)
	return b.Backend.Close()
}

// note writes a line to standard error, unless --quiet.
func (c *common) note(format string, args ...any) {
	if !c.quiet {
		fmt.Fprintf(c.stderr, format+"\n", args...)
	}
}

// count is a number of things: "1 thread", "2 threads".
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
