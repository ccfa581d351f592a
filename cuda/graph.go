package cuda

import (
	"errors"
	"fmt"

	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/gpu"
)

// A graph is recorded launches, and what the driver made of them; a driver that cannot capture gets them one by one.
type graph struct {
	q      *queue
	nodes  []node
	args   []driver.Arg // of all nodes
	driver driver.Graph // nil without
}

type node struct {
	fn    driver.Func
	c     driver.Config
	first int // of its args
	n     int
}

func (g *graph) add(fn driver.Func, c driver.Config, args []driver.Arg) {
	g.nodes = append(g.nodes, node{fn, c, len(g.args), len(args)})
	g.args = append(g.args, args...)
}

// launch queues all nodes.
func (g *graph) launch() error {
	for _, n := range g.nodes {
		if err := g.q.stream.Launch(n.fn, n.c, g.args[n.first:][:n.n]); err != nil {
			return fmt.Errorf("cuda: graph: %s: %w", n.fn.Name(), g.q.b.translated(err))
		}
	}
	return nil
}

// Capture records what record runs on the queue.
func (q *queue) Capture(record func() error) (gpu.Graph, error) {
	if err := q.opened(); err != nil {
		return nil, err
	}
	if q.record != nil {
		return nil, fmt.Errorf("cuda: a capture within another: %w", gpu.ErrUnsupported)
	}
	g := &graph{q: q}
	q.record = g
	err := record()
	q.record = nil
	if err != nil {
		return nil, err
	}
	s, ok := q.stream.(driver.Capturer)
	if !ok || len(g.nodes) == 0 {
		return g, nil
	}
	q.b.capturing.Lock()
	defer q.b.capturing.Unlock()
	if err := s.Begin(); err != nil {
		return nil, fmt.Errorf("cuda: capture: %w", q.b.translated(err))
	}
	err = g.launch()
	if g.driver, err = joined(s, err); err != nil {
		return nil, fmt.Errorf("cuda: capture: %w", q.b.translated(err))
	}
	return g, nil
}

// joined ends a capture, which a failed launch does not do.
func joined(s driver.Capturer, fail error) (driver.Graph, error) {
	g, err := s.End()
	if fail == nil {
		return g, err
	}
	if err == nil {
		err = g.Close()
	}
	return nil, errors.Join(fail, err)
}

// Launch queues the recorded work.
func (g *graph) Launch() error {
	if err := g.q.opened(); err != nil {
		return err
	}
	if g.q.record != nil {
		return fmt.Errorf("cuda: a graph launched during a capture: %w", gpu.ErrUnsupported)
	}
	if g.driver == nil {
		return g.launch()
	}
	if err := g.driver.Launch(g.q.stream); err != nil {
		return fmt.Errorf("cuda: launch a graph of %d kernels: %w", len(g.nodes), g.q.b.translated(err))
	}
	return nil
}

// Close frees the driver's graph.
func (g *graph) Close() error {
	d := g.driver
	g.driver, g.nodes = nil, nil
	g.q.b.capturing.RLock()
	defer g.q.b.capturing.RUnlock()
	if d == nil || g.q.b.opened() != nil {
		return nil
	}
	if err := d.Close(); err != nil {
		return fmt.Errorf("cuda: close a graph: %w", err)
	}
	return nil
}
