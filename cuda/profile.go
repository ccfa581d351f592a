package cuda

import (
	"errors"
	"fmt"
	"reflect"
	"sync"
	"time"

	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/gpu"
)

// A Profiler times the operations of queues that it wraps, each by two events on the device's clock:
//
//	var p cuda.Profiler
//	s, err := gpu.NewStream(backend, p.Wrap)
//
// Work that is profiled is not replayed from graphs. The zero Profiler is ready; its spans are read when the queues
// have been waited for.
type Profiler struct {
	mu    sync.Mutex
	spans []Span
}

// A Span is one operation that ran.
type Span struct {
	Kind string // "Gemm"
	Op   string // with its operands, as gpu.Describe prints it
	Time time.Duration
	Work gpu.Work
}

// Spans are the operations that are known to be done, in the order of each queue.
func (p *Profiler) Spans() []Span {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Span(nil), p.spans...)
}

// Reset forgets the spans so far.
func (p *Profiler) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.spans = nil
}

// Wrap puts the profiler before a queue of this package; of another's it makes one that refuses work.
func (p *Profiler) Wrap(q gpu.Queue) gpu.Queue {
	own, ok := q.(*queue)
	if !ok {
		return foreign{q}
	}
	return &profiled{queue: own, p: p}
}

// A foreign is a queue that cannot be profiled.
type foreign struct{ gpu.Queue }

func (f foreign) Run(gpu.Op) error {
	return fmt.Errorf("cuda: profile a queue of another backend, %T: %w", f.Queue, gpu.ErrUnsupported)
}

// A profiled is a queue with events around each operation. It captures nothing, so that every operation passes Run.
type profiled struct {
	*queue
	p       *Profiler
	pending []timed
	free    []driver.Event
}

type timed struct {
	span       Span
	start, end driver.Event
}

// Capture is not offered: it hides that of the queue.
func (q *profiled) Capture() {}

func (q *profiled) Run(op gpu.Op) error {
	t := timed{span: Span{Kind: reflect.TypeOf(op).Elem().Name(), Op: gpu.Describe(op), Work: gpu.Cost(op)}}
	var err error
	if t.start, err = q.mark(); err != nil {
		return err
	}
	if err = q.queue.Run(op); err != nil {
		q.free = append(q.free, t.start)
		return err
	}
	if t.end, err = q.mark(); err != nil {
		return err
	}
	q.pending = append(q.pending, t)
	return nil
}

// mark records an event.
func (q *profiled) mark() (e driver.Event, err error) {
	if n := len(q.free); n > 0 {
		e, q.free = q.free[n-1], q.free[:n-1]
	} else if e, err = q.b.device.NewEvent(); err != nil {
		return nil, fmt.Errorf("cuda: profile: %w", q.b.translated(err))
	}
	if err := q.stream.Record(e); err != nil {
		return nil, fmt.Errorf("cuda: profile: %w", q.b.translated(err))
	}
	return e, nil
}

func (q *profiled) Sync() error {
	return errors.Join(q.queue.Sync(), q.collect())
}

func (q *profiled) Download(dst []byte, src gpu.Buffer, off int) error {
	return errors.Join(q.queue.Download(dst, src, off), q.collect())
}

// collect makes spans of what has been waited for.
func (q *profiled) collect() error {
	q.p.mu.Lock()
	defer q.p.mu.Unlock()
	for len(q.pending) > 0 {
		t := q.pending[0]
		done, err := t.end.Done()
		if err == nil && !done {
			return nil
		}
		if err == nil {
			t.span.Time, err = t.end.Since(t.start)
		}
		if err != nil {
			return fmt.Errorf("cuda: profile: %w", q.b.translated(err))
		}
		q.pending, q.free = q.pending[1:], append(q.free, t.start, t.end)
		q.p.spans = append(q.p.spans, t.span)
	}
	return nil
}

func (q *profiled) Close() error {
	var err error
	if q.opened() == nil {
		err = q.Sync()
		for _, e := range q.free {
			err = errors.Join(err, e.Close())
		}
		q.free = nil
	}
	return errors.Join(err, q.queue.Close())
}
