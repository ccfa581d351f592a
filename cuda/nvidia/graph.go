//go:build cuda && (linux || windows) && (amd64 || arm64)

package nvidia

import (
	"fmt"

	"github.com/rapt-go/rapt/cuda/driver"
)

// A graph is recorded work, instantiated.
type graph struct {
	object
	exec handle
}

// Begin starts to record what is queued on the stream. It may end on another thread.
func (s *stream) Begin() error {
	const call = "cuStreamBeginCapture"
	if err := s.enter(call); err != nil {
		return err
	}
	defer s.leave()
	if c := s.d.lib.begin(s.handle); c != 0 {
		return s.d.fail(c, call, "")
	}
	return nil
}

// End ends the recording.
func (s *stream) End() (driver.Graph, error) {
	if err := s.enter("cuStreamEndCapture"); err != nil {
		return nil, err
	}
	defer s.leave()
	recorded, c := s.d.lib.end(s.handle)
	if c != 0 {
		return nil, s.d.fail(c, "cuStreamEndCapture", "")
	}
	exec, c := s.d.lib.instantiate(recorded)
	if c != 0 {
		s.d.lib.closeGraph(recorded)
		return nil, s.d.fail(c, "cuGraphInstantiate", "")
	}
	if c := s.d.lib.closeGraph(recorded); c != 0 {
		s.d.lib.closeExec(exec)
		return nil, s.d.fail(c, "cuGraphDestroy", "")
	}
	g := &graph{object: object{d: s.d, kind: "graph"}, exec: exec}
	s.d.adopt(&g.object)
	return g, nil
}

// Launch queues the recorded work.
func (g *graph) Launch(on driver.Stream) error {
	const call = "cuGraphLaunch"
	s, ok := on.(*stream)
	if !ok || s.d != g.d {
		return g.d.fail(driver.InvalidHandle, call, fmt.Sprintf("%T is not a stream of this device", on))
	}
	if err := g.enter(call); err != nil {
		return err
	}
	defer g.leave()
	if err := s.hold(call); err != nil {
		return err
	}
	defer s.mu.RUnlock()
	if c := g.d.lib.launchGraph(g.exec, s.handle); c != 0 {
		return g.d.fail(c, call, "")
	}
	return nil
}

// Close closes the graph. What was launched still runs.
func (g *graph) Close() error {
	return g.close("cuGraphExecDestroy", func() driver.Code { return g.d.lib.closeExec(g.exec) })
}
