//go:build cuda && (linux || windows) && (amd64 || arm64)

package nvidia

import (
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/rapt-go/rapt/cuda/driver"
)

// A device is a context. Streams, events, modules, graphs and host memory made in it are its objects.
type device struct {
	v       *nvidia
	lib     *library
	info    driver.Info
	context handle
	current []uintptr   // the context, as setContext takes it
	told    atomic.Bool // an error has said that the context is lost

	mu     sync.RWMutex // held shared by calls on the context
	closed bool

	live    sync.Mutex
	objects map[*object]struct{}
}

// newDevice makes a context. The driver makes it current on the thread, which nobody has asked for.
func (v *nvidia) newDevice(ordinal int32, info driver.Info) (driver.Device, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	h, c := v.lib.newContext(ordinal)
	if c != 0 {
		return nil, v.fail(c, "cuCtxCreate on "+info.Name, "")
	}
	if c := v.lib.popContext(); c != 0 {
		v.lib.closeContext(h)
		return nil, v.fail(c, "cuCtxPopCurrent", "")
	}
	return &device{v: v, lib: v.lib, info: info, context: h, current: []uintptr{uintptr(h)}, objects: map[*object]struct{}{}}, nil
}

// fail is an error of a call, and takes note of a lost context.
func (d *device) fail(c driver.Code, call, detail string) error {
	if c.Sticky() {
		d.told.Store(true)
	}
	return d.v.fail(c, call, detail)
}

// bind makes the context current on this thread, to which it locks the goroutine until runtime.UnlockOSThread.
func (d *device) bind() error {
	runtime.LockOSThread()
	if c := d.lib.setContext(d.current); c != 0 {
		runtime.UnlockOSThread()
		return d.fail(c, "cuCtxSetCurrent", "")
	}
	return nil
}

// enter starts a call on the context, which leave ends.
func (d *device) enter(call string) error {
	d.mu.RLock()
	if d.closed {
		d.mu.RUnlock()
		return d.fail(driver.InvalidContext, call, "the device was closed")
	}
	if err := d.bind(); err != nil {
		d.mu.RUnlock()
		return err
	}
	return nil
}

func (d *device) leave() {
	runtime.UnlockOSThread()
	d.mu.RUnlock()
}

// Info describes the device.
func (d *device) Info() driver.Info { return d.info }

// Available is the free memory in bytes.
func (d *device) Available() (int64, error) {
	if err := d.enter("cuMemGetInfo"); err != nil {
		return 0, err
	}
	defer d.leave()
	n, c := d.lib.available()
	if c != 0 {
		return 0, d.fail(c, "cuMemGetInfo", "")
	}
	return n, nil
}

// Alloc allocates device memory.
func (d *device) Alloc(bytes int) (driver.Ptr, error) {
	call := fmt.Sprintf("cuMemAlloc of %d bytes", bytes)
	if bytes <= 0 {
		return 0, d.fail(driver.InvalidValue, call, "expected at least 1")
	}
	if err := d.enter(call); err != nil {
		return 0, err
	}
	defer d.leave()
	p, c := d.lib.alloc(bytes)
	if c != 0 {
		return 0, d.fail(c, call, "")
	}
	return p, nil
}

// Free frees device memory; of the pointer zero it does nothing.
func (d *device) Free(p driver.Ptr) error {
	call := fmt.Sprintf("cuMemFree of %#x", uint64(p))
	if err := d.enter(call); err != nil {
		return err
	}
	defer d.leave()
	if p == 0 {
		return nil
	}
	if c := d.lib.free(p); c != 0 {
		return d.fail(c, call, "")
	}
	return nil
}

// Close waits for what is queued, and frees all that was made on the device. The error is one that no call has
// returned yet.
func (d *device) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return d.fail(driver.InvalidContext, "cuCtxDestroy", "the device was closed already")
	}
	d.closed = true
	var fail error
	note := func(c driver.Code, call string) {
		if c != 0 && !(c.Sticky() && d.told.Load()) {
			fail = errors.Join(fail, d.fail(c, call, ""))
		}
	}
	if fail = d.bind(); fail == nil {
		defer runtime.UnlockOSThread()
		note(d.lib.sync(), "cuCtxSynchronize")
	}
	for objects := d.disown(); len(objects) > 0; objects = d.disown() { // again, because calls in progress on streams have made graphs
		for _, o := range objects {
			o.mu.Lock()
			if !o.closed {
				o.closed = true
				if o.host != nil { // which CUDA does not count among what a context has
					note(o.host.unpin(), "cuMemFreeHost")
				}
			}
			o.mu.Unlock()
		}
	}
	note(d.lib.closeContext(d.context), "cuCtxDestroy")
	return fail
}

// disown takes the objects that there are from the device.
func (d *device) disown() []*object {
	d.live.Lock()
	defer d.live.Unlock()
	objects := slices.Collect(maps.Keys(d.objects))
	clear(d.objects)
	return objects
}
