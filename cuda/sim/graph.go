package sim

import (
	"slices"

	"github.com/rapt-go/rapt/cuda/driver"
)

// This file is capture: what is queued on a stream, and on streams that are forked from it and joined
// again by events, becomes a graph. Launching it queues the same on the launching stream and on
// temporary ones for the branches, so that a graph runs in every order that the streams would allow.

// A capture is a graph being recorded.
type capture struct {
	dev      *Device
	origin   *stream
	invalid  bool // a call broke the rules
	ended    bool
	branches []*branch // the first is origin's
	nodes    []node
}

// A branch is a stream that takes part.
type branch struct {
	stream *stream
	tasks  int   // so far
	known  []int // tasks of each branch that come before its next one
}

// A node is a task, a record, or a wait for a record.
type node struct {
	branch int
	task   *task
	record bool
	wait   int // 1 + the index of a record's node, 0 for none
}

// A place is an event recorded into a capture.
type place struct {
	capture *capture
	node    int
	known   []int
}

// Begin starts the capture of a stream.
func (s *stream) Begin() error {
	s.dev.drv.mu.Lock()
	defer s.dev.drv.mu.Unlock()
	if err := s.usable("begin of a capture"); err != nil {
		return err
	}
	if s.capture != nil {
		return fail(driver.IllegalState, "begin of a capture", "stream %d is being captured", s.number)
	}
	c := &capture{dev: s.dev, origin: s}
	s.dev.captures[c] = struct{}{}
	c.enter(s)
	return nil
}

// enter makes a stream part of the capture.
func (c *capture) enter(s *stream) *branch {
	b := &branch{stream: s}
	c.branches = append(c.branches, b)
	s.capture = c
	return b
}

func (c *capture) indexOf(s *stream) int {
	return slices.IndexFunc(c.branches, func(b *branch) bool { return b.stream == s })
}

// add appends a node.
func (c *capture) add(s *stream, n node) {
	n.branch = c.indexOf(s)
	if n.task != nil {
		b := c.branches[n.branch]
		b.tasks++
		b.know(n.branch, b.tasks)
	}
	c.nodes = append(c.nodes, n)
}

func (b *branch) know(branch, tasks int) {
	for len(b.known) <= branch {
		b.known = append(b.known, 0)
	}
	b.known[branch] = max(b.known[branch], tasks)
}

// record marks a place.
func (c *capture) record(s *stream) *place {
	c.add(s, node{record: true})
	return &place{capture: c, node: len(c.nodes) - 1, known: slices.Clone(c.branches[c.indexOf(s)].known)}
}

// join is Wait where a capture takes part: a stream outside of it becomes a branch.
func (s *stream) join(e *event) error {
	p := e.place
	switch {
	case p == nil && e.record == nil:
		return nil
	case p == nil:
		s.capture.invalid = true
		return fail(driver.CaptureIsolation, "wait", "stream %d is being captured, the event was recorded outside of the capture", s.number)
	case p.capture.ended:
		return fail(driver.CapturedEvent, "wait", "the event was recorded into a graph")
	case s.capture != nil && s.capture != p.capture:
		s.capture.invalid, p.capture.invalid = true, true
		return fail(driver.CaptureMerge, "wait", "the event belongs to another capture")
	case p.capture.invalid:
		return fail(driver.CaptureInvalidated, "wait", "an earlier call has ended the capture")
	case p.capture.dev != s.dev:
		return fail(driver.NotSupported, "wait", "a capture over several devices is not simulated")
	case s.capture == nil:
		p.capture.enter(s)
	}
	c := p.capture
	c.add(s, node{wait: 1 + p.node})
	b := c.branches[c.indexOf(s)]
	for i, n := range p.known {
		b.know(i, n)
	}
	return nil
}

// leave takes a closed stream out of its capture.
func (s *stream) leave() {
	if c := s.capture; c.origin == s {
		c.end()
	}
	s.capture = nil
}

// end ends the capture.
func (c *capture) end() {
	c.ended = true
	delete(c.dev.captures, c)
	for _, b := range c.branches {
		b.stream.capture = nil
	}
}

// joined reports whether the origin's end comes after all tasks.
func (c *capture) joined() bool {
	for i, b := range c.branches {
		if i > 0 && b.tasks > 0 && (i >= len(c.branches[0].known) || c.branches[0].known[i] < b.tasks) {
			return false
		}
	}
	return true
}

// End ends the capture that Begin started on the stream.
func (s *stream) End() (driver.Graph, error) {
	const call = "end of a capture"
	s.dev.drv.mu.Lock()
	defer s.dev.drv.mu.Unlock()
	c := s.capture
	if c != nil && c.invalid && c.origin == s {
		c.end()
		return nil, fail(driver.CaptureInvalidated, call, "an earlier call has ended the capture of stream %d", s.number)
	}
	if err := s.usable(call); err != nil {
		return nil, err
	}
	switch {
	case c == nil:
		return nil, fail(driver.IllegalState, call, "stream %d is not being captured", s.number)
	case c.origin != s:
		c.invalid = true
		return nil, fail(driver.CaptureUnmatched, call, "the capture was begun on stream %d", c.origin.number)
	}
	c.end()
	if !c.joined() {
		return nil, fail(driver.CaptureUnjoined, call, "a stream that waited for stream %d is not waited for at the end", s.number)
	}
	return &graph{dev: s.dev, nodes: c.nodes, branches: len(c.branches)}, nil
}

// A graph is recorded work.
type graph struct {
	dev      *Device
	nodes    []node
	branches int
	closed   bool
	last     *record // the end of its last launch, which the next one waits for
}

// Launch queues the graph's work.
func (g *graph) Launch(on driver.Stream) error {
	const call = "launch of a graph"
	v := g.dev.drv
	v.mu.Lock()
	defer v.mu.Unlock()
	s, ok := on.(*stream)
	if !ok || s.dev.drv != v {
		return fail(driver.InvalidHandle, call, "%T is not a stream of this driver", on)
	}
	tasks := g.tasks()
	v.settle(tasks...)
	if err := s.usable(call); err != nil {
		return err
	}
	switch {
	case g.closed:
		return fail(driver.InvalidHandle, call, "the graph was closed")
	case s.dev != g.dev:
		return fail(driver.InvalidContext, call, "the graph is of another context, on device %d", g.dev.index)
	case s.capture != nil:
		return fail(driver.NotSupported, call, "a graph within a graph is not simulated")
	}
	for _, t := range tasks {
		if err := t.check(g.dev); err != nil {
			return err
		}
	}
	if g.last != nil {
		v.enqueue(s, &op{wait: g.last})
	}
	g.replay(s)
	g.last = v.mark(s)
	v.runAhead(s)
	return nil
}

func (g *graph) tasks() (tasks []*task) {
	for _, n := range g.nodes {
		if n.task != nil {
			tasks = append(tasks, n.task)
		}
	}
	return tasks
}

// replay queues the nodes. All is queued before anything runs.
func (g *graph) replay(s *stream) {
	v := g.dev.drv
	streams := []*stream{s}
	for range g.branches - 1 {
		b := g.dev.newStream(s.number)
		b.branch = true
		streams = append(streams, b)
	}
	records := make([]*record, len(g.nodes))
	for i, n := range g.nodes {
		on := streams[n.branch]
		switch {
		case n.task != nil:
			v.start(on, n.task)
		case n.record:
			records[i] = v.mark(on)
		default:
			v.enqueue(on, &op{wait: records[n.wait-1]})
		}
	}
	for _, b := range streams[1:] {
		b.closed = true
	}
}

// Close closes the graph. What was launched still runs.
func (g *graph) Close() error {
	g.dev.drv.mu.Lock()
	defer g.dev.drv.mu.Unlock()
	if g.dev.closed || g.closed {
		return fail(driver.InvalidHandle, "close of a graph", "it was closed already")
	}
	g.closed = true
	return g.dev.loss("close of a graph")
}
