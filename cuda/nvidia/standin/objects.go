package standin

import (
	"errors"

	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/cuda/ptx"
)

// What handles stand for. Each belongs to a context, but for contexts.
type (
	context struct{ device driver.Device }

	owned  struct{ context *context }
	stream struct {
		owned
		stream    driver.Stream
		capturing bool
	}
	event struct {
		owned
		event driver.Event
	}
	module struct {
		owned
		module driver.Module
		params map[string][]uint64 // bytes of each
	}
	function struct {
		owned
		module   *module
		function driver.Func
		params   []uint64
		dynamic  int // bytes of shared memory that it may have
	}
	pinned struct {
		owned
		host driver.Host
	}
	graph struct {
		owned
		graph driver.Graph
	}
	instance struct{ graph }
)

type object interface {
	of() *context
	close() error
}

func (o owned) of() *context     { return o.context }
func (s *stream) close() error   { return s.stream.Close() }
func (e *event) close() error    { return e.event.Close() }
func (m *module) close() error   { return m.module.Close() }
func (f *function) close() error { return nil }
func (p *pinned) close() error   { return p.host.Free() }
func (g *graph) close() error    { return g.graph.Close() }

// A landing is a copy to the host that the program does not see yet.
type landing struct {
	host   *pinned
	addr   uint64 // in the program
	off, n int
	done   driver.Event
}

// add gives an object a handle.
func (s *Server) add(o any) uint64 {
	s.last += 16
	s.handles[s.last] = o
	return s.last
}

func find[T any](s *Server, h uint64) (o T, err error) {
	o, ok := s.handles[h].(T)
	if !ok {
		return o, code(driver.InvalidHandle)
	}
	return o, nil
}

// mine finds an object of the current context.
func mine[T object](s *Server, q *request, h uint64) (o T, err error) {
	c, err := s.current(q)
	if err != nil {
		return o, err
	}
	if o, err = find[T](s, h); err == nil && o.of() != c {
		err = code(driver.InvalidContext)
	}
	return o, err
}

// destroy closes an object of the current context.
func destroy[T object](s *Server, q *request, h uint64) error {
	o, err := mine[T](s, q, h)
	if err != nil {
		return err
	}
	if err := o.close(); err != nil {
		return err
	}
	delete(s.handles, h)
	if m, ok := any(o).(*module); ok {
		for h, o := range s.handles {
			if f, ok := o.(*function); ok && f.module == m {
				delete(s.handles, h)
			}
		}
	}
	return nil
}

func (s *Server) current(q *request) (*context, error) {
	c, err := find[*context](s, q.context)
	if err != nil {
		return nil, code(driver.InvalidContext)
	}
	return c, nil
}

func newContext(s *Server, q *request) (*answer, error) {
	d, err := s.driver.Open(q.int(1))
	if err != nil {
		return nil, err
	}
	return out(s.add(&context{d})), nil
}

func destroyContext(s *Server, q *request) (*answer, error) {
	c, err := find[*context](s, q.in[0])
	if err != nil {
		return nil, code(driver.InvalidContext)
	}
	for h, o := range s.handles {
		if o, ok := o.(object); ok && o.of() == c {
			delete(s.handles, h)
		}
	}
	delete(s.handles, q.in[0])
	s.drop(func(l *landing) bool { return l.host.context == c })
	return nil, c.device.Close()
}

func syncContext(s *Server, q *request) (*answer, error) {
	c, err := s.current(q)
	if err != nil {
		return nil, err
	}
	var fail error
	for _, o := range s.handles {
		if on, ok := o.(*stream); ok && on.context == c {
			fail = errors.Join(fail, on.stream.Sync())
		}
	}
	return s.landing(fail)
}

func pin(s *Server, q *request) (*answer, error) {
	c, err := s.current(q)
	if err != nil {
		return nil, err
	}
	h, err := c.device.Pin(q.int(0))
	if err != nil {
		return nil, err
	}
	return out(s.add(&pinned{owned{c}, h})), nil
}

func unpin(s *Server, q *request) (*answer, error) {
	h, err := find[*pinned](s, q.in[0])
	if err != nil {
		return nil, err
	}
	if err := destroy[*pinned](s, q, q.in[0]); err != nil {
		return nil, err
	}
	s.drop(func(l *landing) bool { return l.host == h })
	return nil, nil
}

// landing adds to an answer the copies to the host that are known to be done.
func (s *Server) landing(err error) (*answer, error) {
	if err != nil {
		return nil, err
	}
	a := &answer{}
	s.drop(func(l *landing) bool {
		done, err := l.done.Done()
		if done && err == nil {
			a.landed = append(a.landed, l)
		}
		return done || err != nil
	})
	return a, nil
}

// drop forgets copies to the host.
func (s *Server) drop(which func(*landing) bool) {
	kept := s.pending[:0]
	for _, l := range s.pending {
		if which(l) {
			l.done.Close()
		} else {
			kept = append(kept, l)
		}
	}
	s.pending = kept
}

func load(s *Server, q *request) (*answer, error) {
	c, err := s.current(q)
	if err != nil {
		return nil, err
	}
	m, err := c.device.Load(q.blob)
	if err != nil {
		return nil, err
	}
	file, err := ptx.Load("module", q.blob)
	if err != nil {
		return nil, errors.Join(err, m.Close())
	}
	mod := &module{owned{c}, m, map[string][]uint64{}}
	for _, f := range file.Funcs {
		sizes := []uint64{}
		for _, p := range f.Params {
			sizes = append(sizes, uint64(p.Size()))
		}
		mod.params[f.Name] = sizes
	}
	return out(s.add(mod)), nil
}

func getFunction(s *Server, q *request) (*answer, error) {
	m, err := mine[*module](s, q, q.in[0])
	if err != nil {
		return nil, err
	}
	f, err := m.module.Func(string(q.blob))
	if err != nil {
		return nil, err
	}
	sizes := m.params[f.Name()]
	h := s.add(&function{m.owned, m, f, sizes, 48<<10 - f.Attrs().Shared})
	return out(append([]uint64{h, uint64(len(sizes))}, sizes...)...), nil
}

func getGlobal(s *Server, q *request) (*answer, error) {
	m, err := mine[*module](s, q, q.in[0])
	if err != nil {
		return nil, err
	}
	p, n, err := m.module.Global(string(q.blob))
	return out(uint64(p), uint64(n)), err
}

func functionAttribute(s *Server, q *request) (*answer, error) {
	f, err := mine[*function](s, q, q.in[1])
	if err != nil {
		return nil, err
	}
	a := f.function.Attrs()
	n, ok := map[int]int{0: a.MaxThreads, 1: a.Shared, 3: a.Local, 4: a.Registers, 8: f.dynamic}[q.int(0)]
	if !ok {
		return nil, code(driver.InvalidValue)
	}
	return out(uint64(n)), nil
}

// setFunctionAttribute knows dynamic shared memory only.
func setFunctionAttribute(s *Server, q *request) (*answer, error) {
	f, err := mine[*function](s, q, q.in[0])
	if err != nil {
		return nil, err
	}
	if most := f.context.device.Info().SharedPerBlock - f.function.Attrs().Shared; q.int(1) != 8 || q.int(2) < 0 || q.int(2) > most {
		return nil, code(driver.InvalidValue)
	}
	f.dynamic = q.int(2)
	return nil, nil
}
