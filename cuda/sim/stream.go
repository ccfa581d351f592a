package sim

import (
	"fmt"
	"math"
	"slices"

	"github.com/rapt-go/rapt/cuda/driver"
)

// A stream is a queue of a device.
type stream struct {
	dev      *Device
	number   int
	branch   bool // of a graph
	timeline int
	clock    clock // what comes before the next operation
	queue    []*op
	busy     bool // its operation runs
	closed   bool
	capture  *capture
}

var _ driver.Capturer = (*stream)(nil)

// String is the stream's name in messages.
func (s *stream) String() string {
	if s.branch {
		return fmt.Sprintf("a branch of a graph launched on stream %d", s.number)
	}
	return fmt.Sprintf("stream %d", s.number)
}

// NewStream makes a stream, which is a driver.Capturer.
func (d *Device) NewStream() (driver.Stream, error) {
	d.drv.mu.Lock()
	defer d.drv.mu.Unlock()
	if err := d.usable("new stream"); err != nil {
		return nil, err
	}
	d.drv.numbers++
	return d.newStream(d.drv.numbers), nil
}

func (d *Device) newStream(number int) *stream {
	s := &stream{dev: d, number: number, timeline: d.drv.order.timeline()}
	d.drv.streams = append(d.drv.streams, s)
	return s
}

// usable is the error of any call on the stream.
func (s *stream) usable(call string) error {
	if err := s.dev.usable(call); err != nil {
		return err
	}
	if s.closed {
		return fail(driver.InvalidHandle, call, "stream %d was closed", s.number)
	}
	if s.capture != nil && s.capture.invalid {
		return fail(driver.CaptureInvalidated, call, "an earlier call has ended the capture of stream %d", s.number)
	}
	return nil
}

// submit queues a task, or records it into the graph being captured.
func (s *stream) submit(t *task) error {
	s.dev.drv.settle(t)
	if err := s.usable(t.call); err != nil {
		return err
	}
	if err := t.check(s.dev); err != nil {
		return err
	}
	if t.empty() {
		return nil
	}
	if s.capture != nil {
		s.capture.add(s, node{task: t})
		return nil
	}
	s.dev.drv.start(s, t)
	s.dev.drv.runAhead(s)
	return nil
}

// start queues a task that was checked.
func (v *Driver) start(s *stream, t *task) {
	o := &op{task: t, stream: s, objects: t.objects(s.dev)}
	if t.host != nil {
		for _, f := range t.host.queued(o) {
			s.dev.report(f)
		}
	}
	v.enqueue(s, o)
}

// CopyIn copies from the host.
func (s *stream) CopyIn(dst driver.Ptr, src driver.Host, off, n int) error {
	s.dev.drv.mu.Lock()
	defer s.dev.drv.mu.Unlock()
	t := &task{kind: copyIn, call: fmt.Sprintf("copy in of %d bytes", n), dst: uint64(dst), off: off, n: n}
	var err error
	if t.host, err = s.dev.hostOf(t.call, src); err != nil {
		return err
	}
	return s.submit(t)
}

// CopyOut copies to the host, whose bytes are 0xCD until it has run.
func (s *stream) CopyOut(dst driver.Host, off, n int, src driver.Ptr) error {
	s.dev.drv.mu.Lock()
	defer s.dev.drv.mu.Unlock()
	t := &task{kind: copyOut, call: fmt.Sprintf("copy out of %d bytes", n), src: uint64(src), off: off, n: n}
	var err error
	if t.host, err = s.dev.hostOf(t.call, dst); err != nil {
		return err
	}
	return s.submit(t)
}

// Copy copies within the device.
func (s *stream) Copy(dst, src driver.Ptr, n int) error {
	s.dev.drv.mu.Lock()
	defer s.dev.drv.mu.Unlock()
	return s.submit(&task{kind: copyDevice, call: fmt.Sprintf("copy of %d bytes", n), dst: uint64(dst), src: uint64(src), n: n})
}

// Fill sets words of 32 bits.
func (s *stream) Fill(dst driver.Ptr, word uint32, words int) error {
	s.dev.drv.mu.Lock()
	defer s.dev.drv.mu.Unlock()
	n := math.MaxInt // a count that is no int in bytes is too large for any allocation
	if words <= math.MaxInt/4 {
		n = 4 * max(words, -1)
	}
	return s.submit(&task{kind: fill, call: fmt.Sprintf("fill of %d words", words), dst: uint64(dst), word: word, n: n})
}

// Launch runs a kernel.
func (s *stream) Launch(f driver.Func, c driver.Config, args []driver.Arg) error {
	s.dev.drv.mu.Lock()
	defer s.dev.drv.mu.Unlock()
	fn, ok := f.(*Func)
	if !ok {
		return fail(driver.InvalidHandle, "launch", "%T is not a function of this driver", f)
	}
	t := &task{kind: launch, call: "launch " + fn.name}
	if err := s.usable(t.call); err != nil {
		return err
	}
	err := fn.usable(s.dev, t.call)
	if err != nil {
		return err
	}
	if t.launch, err = fn.prepare(t.call, c, args); err != nil {
		return err
	}
	return s.submit(t)
}

// Sync returns when all is done.
func (s *stream) Sync() error {
	v := s.dev.drv
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := s.usable("sync"); err != nil {
		return err
	}
	if s.capture != nil {
		s.capture.invalid = true
		return fail(driver.CaptureUnsupported, "sync", "stream %d is being captured", s.number)
	}
	known := slices.Clone(s.clock)
	v.drainStream(s)
	v.order.wait(known)
	return s.dev.loss("sync")
}

// Close closes the stream. What is queued still runs.
func (s *stream) Close() error {
	v := s.dev.drv
	v.mu.Lock()
	defer v.mu.Unlock()
	if s.dev.closed || s.closed {
		return fail(driver.InvalidHandle, "close of a stream", "stream %d was closed already", s.number)
	}
	if s.capture != nil {
		s.capture.invalid = true
		s.leave()
	}
	s.closed = true
	v.retire()
	return s.dev.loss("close of a stream")
}
