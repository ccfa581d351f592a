package standin

import "github.com/rapt-go/rapt/cuda/driver"

func newStream(s *Server, q *request) (*answer, error) {
	c, err := s.current(q)
	if err != nil {
		return nil, err
	}
	on, err := c.device.NewStream()
	if err != nil {
		return nil, err
	}
	return out(s.add(&stream{owned: owned{c}, stream: on})), nil
}

// onStream does something with a stream of the current context.
func onStream(s *Server, q *request, h uint64, do func(driver.Stream) error) error {
	on, err := mine[*stream](s, q, h)
	if err != nil {
		return err
	}
	return do(on.stream)
}

// copyIn takes the bytes along.
func copyIn(s *Server, q *request) (*answer, error) {
	h, err := find[*pinned](s, q.in[1])
	if err != nil {
		return nil, err
	}
	off, n := q.int(2), q.int(3)
	copy(h.host.Bytes()[off:], q.blob)
	return nil, onStream(s, q, q.in[4], func(on driver.Stream) error { return on.CopyIn(driver.Ptr(q.in[0]), h.host, off, n) })
}

// copyOut notes where the bytes go when they are known to be there.
func copyOut(s *Server, q *request) (*answer, error) {
	h, err := find[*pinned](s, q.in[1])
	if err != nil {
		return nil, err
	}
	on, err := mine[*stream](s, q, q.in[5])
	if err != nil {
		return nil, err
	}
	if on.capturing {
		return nil, code(driver.NotSupported)
	}
	l := &landing{host: h, addr: q.in[0], off: q.int(2), n: q.int(4)}
	if err := on.stream.CopyOut(h.host, l.off, l.n, driver.Ptr(q.in[3])); err != nil {
		return nil, err
	}
	if l.done, err = on.context.device.NewEvent(); err != nil {
		return nil, err
	}
	s.pending = append(s.pending, l)
	return nil, on.stream.Record(l.done)
}

func copyDevice(s *Server, q *request) (*answer, error) {
	return nil, onStream(s, q, q.in[3], func(on driver.Stream) error {
		return on.Copy(driver.Ptr(q.in[0]), driver.Ptr(q.in[1]), q.int(2))
	})
}

func fill(s *Server, q *request) (*answer, error) {
	return nil, onStream(s, q, q.in[3], func(on driver.Stream) error {
		return on.Fill(driver.Ptr(q.in[0]), uint32(q.in[1]), q.int(2))
	})
}

// launch refuses shared memory for which the function has not been opted in.
func launch(s *Server, q *request) (*answer, error) {
	f, err := mine[*function](s, q, q.in[0])
	if err != nil {
		return nil, err
	}
	c := driver.Config{Grid: [3]int{q.int(1), q.int(2), q.int(3)}, Block: [3]int{q.int(4), q.int(5), q.int(6)}, Shared: q.int(7)}
	if c.Shared > f.dynamic {
		return nil, code(driver.InvalidValue)
	}
	args := make([]driver.Arg, len(f.params))
	for i := range args {
		args[i] = driver.Arg(byteOrder.Uint64(q.blob[8*i:]))
	}
	return nil, onStream(s, q, q.in[8], func(on driver.Stream) error { return on.Launch(f.function, c, args) })
}

func begin(s *Server, q *request) (*answer, error) {
	on, err := mine[*stream](s, q, q.in[0])
	if err != nil {
		return nil, err
	}
	if q.in[1] != 2 { // relaxed: another mode would bind the capture to the thread
		return nil, code(driver.InvalidValue)
	}
	c, ok := on.stream.(driver.Capturer)
	if !ok {
		return nil, code(driver.NotSupported)
	}
	if err := c.Begin(); err != nil {
		return nil, err
	}
	on.capturing = true
	return nil, nil
}

func end(s *Server, q *request) (*answer, error) {
	on, err := mine[*stream](s, q, q.in[0])
	if err != nil {
		return nil, err
	}
	c, ok := on.stream.(driver.Capturer)
	if !ok {
		return nil, code(driver.NotSupported)
	}
	on.capturing = false
	g, err := c.End()
	if err != nil {
		return nil, err
	}
	return out(s.add(&graph{on.owned, g})), nil
}

// instantiate hands the recorded work to the result, so that a graph is instantiated once.
func instantiate(s *Server, q *request) (*answer, error) {
	g, err := mine[*graph](s, q, q.in[0])
	if err != nil {
		return nil, err
	}
	if g.graph == nil {
		return nil, code(driver.NotSupported)
	}
	x := &instance{*g}
	g.graph = nil
	return out(s.add(x)), nil
}

func destroyGraph(s *Server, q *request) (*answer, error) {
	g, err := mine[*graph](s, q, q.in[0])
	if err != nil {
		return nil, err
	}
	delete(s.handles, q.in[0])
	if g.graph == nil {
		return nil, nil
	}
	return nil, g.graph.Close()
}

func launchGraph(s *Server, q *request) (*answer, error) {
	x, err := mine[*instance](s, q, q.in[0])
	if err != nil {
		return nil, err
	}
	return nil, onStream(s, q, q.in[1], x.graph.graph.Launch)
}
