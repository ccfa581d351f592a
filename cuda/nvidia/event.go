//go:build cuda && (linux || windows) && (amd64 || arm64)

package nvidia

import (
	"fmt"
	"time"

	"github.com/rapt-go/rapt/cuda/driver"
)

// An event is a mark in a stream of its device; streams of all devices can wait for it.
type event struct {
	object
	handle handle
}

// NewEvent makes an event.
func (d *device) NewEvent() (driver.Event, error) {
	if err := d.enter("cuEventCreate"); err != nil {
		return nil, err
	}
	defer d.leave()
	h, c := d.lib.newEvent()
	if c != 0 {
		return nil, d.fail(c, "cuEventCreate", "")
	}
	e := &event{object: object{d: d, kind: "event"}, handle: h}
	d.adopt(&e.object)
	return e, nil
}

// eventOf is a driver.Event, held until e.mu.RUnlock.
func (d *device) eventOf(call string, e driver.Event) (*event, error) {
	mine, ok := e.(*event)
	if !ok || !mine.d.lib.same(d.lib) {
		return nil, d.fail(driver.InvalidHandle, call, fmt.Sprintf("%T is not an event of this driver", e))
	}
	return mine, mine.hold(call)
}

// Record marks the place that the stream has come to.
func (s *stream) Record(e driver.Event) error {
	const call = "cuEventRecord"
	if err := s.enter(call); err != nil {
		return err
	}
	defer s.leave()
	mine, err := s.d.eventOf(call, e)
	if err != nil {
		return err
	}
	defer mine.mu.RUnlock()
	if c := s.d.lib.record(mine.handle, s.handle); c != 0 {
		return s.d.fail(c, call, "")
	}
	return nil
}

// Wait makes what is queued next wait for the event's last record, if there is one.
func (s *stream) Wait(e driver.Event) error {
	const call = "cuStreamWaitEvent"
	if err := s.enter(call); err != nil {
		return err
	}
	defer s.leave()
	mine, err := s.d.eventOf(call, e)
	if err != nil {
		return err
	}
	defer mine.mu.RUnlock()
	if c := s.d.lib.wait(s.handle, mine.handle); c != 0 {
		return s.d.fail(c, call, "")
	}
	return nil
}

// Done reports whether the last record has been reached; true without one.
func (e *event) Done() (bool, error) {
	const call = "cuEventQuery"
	if err := e.enter(call); err != nil {
		return false, err
	}
	defer e.leave()
	switch c := e.d.lib.query(e.handle); c {
	case 0:
		return true, nil
	case driver.NotReady:
		return false, nil
	default:
		return false, e.d.fail(c, call, "")
	}
}

// Since is the time between two records, in steps of half a microsecond.
func (e *event) Since(earlier driver.Event) (time.Duration, error) {
	const call = "cuEventElapsedTime"
	if err := e.enter(call); err != nil {
		return 0, err
	}
	defer e.leave()
	from := e
	if earlier != driver.Event(e) {
		// Of two events a reader of one may wait for the other's writer, which waits for a reader that waits for this one.
		// Only if both are being closed while both are read: then TryRLock gives up.
		mine, ok := earlier.(*event)
		if !ok || mine.d != e.d {
			return 0, e.d.fail(driver.InvalidHandle, call, fmt.Sprintf("%T is not an event of this device", earlier))
		}
		if !mine.mu.TryRLock() {
			return 0, e.d.fail(driver.InvalidHandle, call, "the earlier event is being closed")
		}
		defer mine.mu.RUnlock()
		if mine.closed {
			return 0, e.d.fail(driver.InvalidHandle, call, "the earlier event was closed")
		}
		from = mine
	}
	ms, c := e.d.lib.elapsed(from.handle, e.handle)
	if c != 0 {
		return 0, e.d.fail(c, call, "")
	}
	return time.Duration(float64(ms) * float64(time.Millisecond)), nil
}

// Close closes the event. Streams that wait for it go on waiting.
func (e *event) Close() error {
	return e.close("cuEventDestroy", func() driver.Code { return e.d.lib.closeEvent(e.handle) })
}
