package sim

import (
	"errors"
	"fmt"
	"slices"

	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/cuda/sim/mem"
)

// A Device is a context on a simulated GPU.
type Device struct {
	drv    *Driver
	index  int // in the driver's list
	number uint64
	info   driver.Info
	memory *mem.Memory

	closed   bool
	lost     *driver.Error // after a sticky error, what every call answers
	told     bool          // lost has been returned
	findings []*Finding
	modules  int // loaded so far
	counters []*Counters
	hosts    map[*host]struct{}
	captures map[*capture]struct{} // in progress
}

var _ driver.Device = (*Device)(nil)

func newDevice(v *Driver, i int, number uint64) *Device {
	info := numbered(v.devices[i], i)
	// Every context has a seed of its own, so that a pointer of one is hardly ever one of another.
	return &Device{drv: v, index: i, number: number, info: info, memory: mem.New(info.Memory, v.opts.Seed^number*0x9e3779b97f4a7c15),
		hosts: map[*host]struct{}{}, captures: map[*capture]struct{}{}}
}

// fail makes the error of a call.
func fail(code driver.Code, call, format string, args ...any) error {
	return &driver.Error{Code: code, Call: call, Detail: fmt.Sprintf(format, args...)}
}

// usable is the error that any call on the device has before it starts. The lock is held.
func (d *Device) usable(call string) error {
	if d.closed {
		return fail(driver.InvalidContext, call, "device %d was closed", d.index)
	}
	return d.loss(call)
}

// loss is the sticky error, nil without.
func (d *Device) loss(call string) error {
	if d.lost == nil {
		return nil
	}
	d.told = true
	return &driver.Error{Code: d.lost.Code, Call: call, Detail: d.lost.Detail}
}

// plain is usable for calls that must not be made while a stream is being captured: they end its
// capture.
func (d *Device) plain(call string) error {
	if err := d.usable(call); err != nil {
		return err
	}
	if len(d.captures) == 0 {
		return nil
	}
	for c := range d.captures {
		c.invalid = true
	}
	return fail(driver.CaptureUnsupported, call, "a stream is being captured")
}

// Info describes the device.
func (d *Device) Info() driver.Info { return d.info }

// Available is the free memory in bytes, no more than Options.HostMemory leaves.
func (d *Device) Available() (int64, error) {
	d.drv.mu.Lock()
	defer d.drv.mu.Unlock()
	if err := d.usable("available memory"); err != nil {
		return 0, err
	}
	return d.free(), nil
}

// free is the memory that the device and this machine have left. The lock is held.
func (d *Device) free() int64 {
	device, machine := d.info.Memory, d.drv.opts.HostMemory
	for _, o := range d.drv.open {
		used := o.memory.Used()
		machine -= used
		if o.index == d.index { // contexts share their device's memory
			device -= used
		}
	}
	return max(min(device, machine), 0)
}

// Alloc allocates device memory, which holds 0xCD and counts as uninitialised. Memory is taken from
// this machine only as far as it is allocated.
func (d *Device) Alloc(bytes int) (driver.Ptr, error) {
	d.drv.mu.Lock()
	defer d.drv.mu.Unlock()
	call := fmt.Sprintf("alloc of %d bytes", bytes)
	if err := d.plain(call); err != nil {
		return 0, err
	}
	if bytes <= 0 {
		return 0, fail(driver.InvalidValue, call, "expected at least 1")
	}
	if free := d.free(); int64(bytes) > free {
		return 0, fail(driver.OutOfMemory, call, "%d bytes are free", free)
	}
	addr, err := d.memory.Alloc(int64(bytes))
	if err != nil {
		return 0, memoryError(call, err)
	}
	return driver.Ptr(addr), nil
}

// memoryError is an error of package mem as the driver's.
func memoryError(call string, err error) error {
	code := driver.InvalidValue
	if errors.Is(err, mem.ErrOutOfMemory) {
		code = driver.OutOfMemory
	}
	return fail(code, call, "%v", err)
}

// Free frees device memory. It is a finding if work that the host has not waited for was given the
// memory. Of the pointer zero it does nothing, as cuMemFree.
func (d *Device) Free(p driver.Ptr) error {
	d.drv.mu.Lock()
	defer d.drv.mu.Unlock()
	call := fmt.Sprintf("free of %#x", uint64(p))
	if err := d.plain(call); err != nil || p == 0 {
		return err
	}
	a := d.memory.Find(uint64(p))
	if a == nil || a.Base != uint64(p) || a.Name != "" {
		return fail(driver.InvalidValue, call, "expected an allocation, found %s", d.describe(uint64(p)))
	}
	if err := d.release(call, a.String(), only(a)); err != nil {
		return err
	}
	if err := d.memory.Free(uint64(p)); err != nil {
		return memoryError(call, err)
	}
	return nil
}

// describe says what is at an address, of this device's memory or of another's.
func (d *Device) describe(addr uint64) string {
	if d.memory.Find(addr) == nil {
		for _, o := range d.drv.open {
			if o != d && o.memory.Find(addr) != nil {
				return fmt.Sprintf("memory of another context, on device %d: %s", o.index, o.memory.Describe(addr))
			}
		}
	}
	return d.memory.Describe(addr)
}

// release reports work that may still use what is freed, and waits for it. The error is that of the
// device, lost by the finding.
func (d *Device) release(call, name string, freed func(object any) bool) error {
	users := d.drv.order.users(freed)
	if len(users) == 0 {
		return nil
	}
	if d.drv.opts.Off&Frees == 0 {
		d.report(&Finding{Kind: FreedInUse, Call: call, Other: users[0].where(),
			Msg: fmt.Sprintf("%s was given to work that the host has not waited for", name)})
		if err := d.loss(call); err != nil {
			return err
		}
	}
	d.drv.finish(users)
	return nil
}

// only is the one object.
func only(object any) func(any) bool {
	return func(o any) bool { return o == object }
}

// Close waits for what is queued and frees everything. The error is a sticky one that no call has
// returned yet.
func (d *Device) Close() error {
	v := d.drv
	v.mu.Lock()
	defer v.mu.Unlock()
	if d.closed {
		return fail(driver.InvalidContext, "close", "device %d was closed already", d.index)
	}
	d.closed = true
	for c := range d.captures {
		c.end()
	}
	for _, s := range slices.Clone(v.streams) {
		if s.dev == d {
			v.drainStream(s)
			v.order.wait(s.clock)
			s.closed = true
		}
	}
	v.retire()
	for h := range d.hosts {
		v.finish(v.order.users(only(h))) // of other devices
		h.drop()
	}
	v.open = slices.DeleteFunc(v.open, func(o *Device) bool { return o == d })
	d.memory = mem.New(1, 0)
	if d.lost != nil && !d.told {
		return d.loss("close")
	}
	return nil
}
