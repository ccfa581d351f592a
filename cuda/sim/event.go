package sim

import (
	"time"

	"github.com/rapt-go/rapt/cuda/driver"
)

// An event is a mark of a device. Streams of all devices can wait for it.
type event struct {
	dev    *Device
	closed bool
	record *record // the last, nil before
	place  *place  // the last, if it is in a capture
}

// NewEvent makes an event.
func (d *Device) NewEvent() (driver.Event, error) {
	d.drv.mu.Lock()
	defer d.drv.mu.Unlock()
	if err := d.usable("new event"); err != nil {
		return nil, err
	}
	return &event{dev: d}, nil
}

// eventOf is a driver.Event as a live one of this driver.
func (v *Driver) eventOf(call string, e driver.Event) (*event, error) {
	mine, ok := e.(*event)
	if !ok || mine.dev.drv != v {
		return nil, fail(driver.InvalidHandle, call, "%T is not an event of this driver", e)
	}
	if mine.closed || mine.dev.closed {
		return nil, fail(driver.InvalidHandle, call, "the event was closed")
	}
	return mine, nil
}

// Record marks the place that the stream has come to.
func (s *stream) Record(e driver.Event) error {
	v := s.dev.drv
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := s.usable("record"); err != nil {
		return err
	}
	mine, err := v.eventOf("record", e)
	if err != nil {
		return err
	}
	if mine.dev != s.dev {
		return fail(driver.InvalidHandle, "record", "the event is of another context, on device %d", mine.dev.index)
	}
	if s.capture != nil {
		mine.record, mine.place = nil, s.capture.record(s)
		return nil
	}
	mine.record, mine.place = v.mark(s), nil
	v.runAhead(s)
	return nil
}

// mark queues a record.
func (v *Driver) mark(s *stream) *record {
	r := &record{stream: s}
	v.enqueue(s, &op{record: r})
	return r
}

// Wait makes what is queued next wait for the event's last record, if there is one.
func (s *stream) Wait(e driver.Event) error {
	v := s.dev.drv
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := s.usable("wait"); err != nil {
		return err
	}
	mine, err := v.eventOf("wait", e)
	if err != nil {
		return err
	}
	if mine.place != nil || s.capture != nil {
		return s.join(mine)
	}
	if mine.record != nil {
		v.enqueue(s, &op{wait: mine.record})
		v.runAhead(s)
	}
	return nil
}

// usable is the error of any call on the event.
func (e *event) usable(call string) error {
	if err := e.dev.usable(call); err != nil {
		return err
	}
	if e.closed {
		return fail(driver.InvalidHandle, call, "the event was closed")
	}
	if e.place != nil {
		return fail(driver.CapturedEvent, call, "the event was recorded into a graph")
	}
	return nil
}

// Done reports whether the last record has been reached; true without one. Each call that answers
// false has let the device go on.
func (e *event) Done() (bool, error) {
	v := e.dev.drv
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := e.usable("done"); err != nil {
		return false, err
	}
	r := e.record
	if r == nil {
		return true, nil
	}
	if !r.done {
		v.advance(r.stream)
		if err := e.dev.loss("done"); err != nil {
			return false, err
		}
	}
	if r.done {
		v.order.wait(r.clock)
	}
	return r.done, nil
}

// Since is the difference on the simulator's clock, which counts 1 µs for each copy and launch, 1 ns
// for each KiB, and 1 ns for each instruction of a warp over the number of multiprocessors. It says
// nothing of the time that hardware takes.
func (e *event) Since(earlier driver.Event) (time.Duration, error) {
	v := e.dev.drv
	v.mu.Lock()
	defer v.mu.Unlock()
	from, err := v.eventOf("since", earlier)
	if err != nil {
		return 0, err
	}
	for _, e := range []*event{from, e} {
		if err := e.usable("since"); err != nil {
			return 0, err
		}
		if e.record == nil || from.dev != e.dev {
			return 0, fail(driver.InvalidHandle, "since", "expected two events that were recorded on one device")
		}
	}
	if !from.record.done || !e.record.done {
		return 0, fail(driver.NotReady, "since", "an event is not done")
	}
	return time.Duration(e.record.at - from.record.at), nil
}

// Close closes the event. Streams that wait for it go on waiting.
func (e *event) Close() error {
	e.dev.drv.mu.Lock()
	defer e.dev.drv.mu.Unlock()
	if e.dev.closed || e.closed {
		return fail(driver.InvalidHandle, "close of an event", "it was closed already")
	}
	e.closed = true
	return e.dev.loss("close of an event")
}
