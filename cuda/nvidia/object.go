//go:build cuda && (linux || windows) && (amd64 || arm64)

package nvidia

import (
	"runtime"
	"sync"

	"github.com/rapt-go/rapt/cuda/driver"
)

// An object is what streams, events, modules, graphs and host memory have in common. Locks of several are taken in the
// order graph, stream, module, event, host memory, and none while holding the device's.
type object struct {
	d    *device
	kind string // "stream"
	host *host  // itself, if it is host memory

	mu     sync.RWMutex // held shared by calls
	closed bool
}

// adopt makes an object part of the device. A call is in progress on the device, or on a stream of it, so that Close sees the object.
func (d *device) adopt(o *object) {
	d.live.Lock()
	defer d.live.Unlock()
	d.objects[o] = struct{}{}
}

// hold keeps an object from being closed until o.mu.RUnlock. The error's code is an invalid handle's.
func (o *object) hold(call string) error {
	o.mu.RLock()
	if o.closed {
		o.mu.RUnlock()
		return o.d.fail(driver.InvalidHandle, call, "the "+o.kind+" was closed")
	}
	return nil
}

// enter starts a call on an object, which leave ends.
func (o *object) enter(call string) error {
	if err := o.hold(call); err != nil {
		return err
	}
	if err := o.d.bind(); err != nil {
		o.mu.RUnlock()
		return err
	}
	return nil
}

func (o *object) leave() {
	runtime.UnlockOSThread()
	o.mu.RUnlock()
}

// close ends an object's life. What the driver refuses to free goes with the context.
func (o *object) close(call string, free func() driver.Code) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return o.d.fail(driver.InvalidHandle, call, "the "+o.kind+" was closed already")
	}
	if err := o.d.bind(); err != nil {
		return err
	}
	defer runtime.UnlockOSThread()
	o.closed = true
	o.d.live.Lock()
	delete(o.d.objects, o)
	o.d.live.Unlock()
	if c := free(); c != 0 {
		return o.d.fail(c, call, "")
	}
	return nil
}
