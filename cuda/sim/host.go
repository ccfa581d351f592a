package sim

import (
	"fmt"
	"hash/maphash"
	"slices"

	"github.com/rapt-go/rapt/cuda/driver"
)

// This file is page-locked host memory, and what a program does to it while copies are queued.

// poison is what the destination of a queued copy holds.
const poison = 0xCD

// A host is page-locked memory. Any device of the driver can copy it, as with unified addressing.
type host struct {
	dev     *Device
	number  int
	size    int
	data    []byte // nil when freed
	pending []*op  // copies that have not run
}

// Pin allocates host memory, zeroed.
func (d *Device) Pin(n int) (driver.Host, error) {
	d.drv.mu.Lock()
	defer d.drv.mu.Unlock()
	call := fmt.Sprintf("pin of %d bytes", n)
	if err := d.plain(call); err != nil {
		return nil, err
	}
	if n <= 0 {
		return nil, fail(driver.InvalidValue, call, "expected at least 1")
	}
	if int64(n) > d.drv.opts.HostMemory {
		return nil, fail(driver.OutOfMemory, call, "Options.HostMemory is %d", d.drv.opts.HostMemory)
	}
	d.drv.pins++
	h := &host{dev: d, number: d.drv.pins, size: n, data: make([]byte, n)}
	d.hosts[h] = struct{}{}
	return h, nil
}

// Bytes is the memory, nil after Free.
func (h *host) Bytes() []byte {
	h.dev.drv.mu.Lock()
	defer h.dev.drv.mu.Unlock()
	return h.data
}

// Free frees the memory. It is a finding while a copy of it is not waited for.
func (h *host) Free() error {
	d := h.dev
	d.drv.mu.Lock()
	defer d.drv.mu.Unlock()
	call := fmt.Sprintf("free of %s", objectName(h))
	if d.closed || h.data == nil {
		return fail(driver.InvalidValue, call, "it was freed already")
	}
	if err := d.plain(call); err != nil {
		return err
	}
	if err := d.release(call, objectName(h), only(h)); err != nil {
		return err
	}
	h.drop()
	return nil
}

// drop frees the memory. Slices of it that a program has kept are poisoned.
func (h *host) drop() {
	for i := range h.data {
		h.data[i] = poison
	}
	h.data = nil
	delete(h.dev.hosts, h)
}

// hostOf is a driver.Host as a host of this driver.
func (d *Device) hostOf(call string, h driver.Host) (*host, error) {
	mine, ok := h.(*host)
	if !ok || mine.dev.drv != d.drv {
		return nil, fail(driver.InvalidValue, call, "%T is not host memory of this driver", h)
	}
	return mine, nil
}

// hostCopy is what a queued copy knows of its host bytes.
type hostCopy struct {
	sum      uint64 // of the bytes of a CopyIn at the call, if summed
	summed   bool
	snapshot []byte // of a CopyIn: its bytes, taken when a later CopyOut got the memory
	poisoned bool   // of a CopyOut: the bytes were poisoned, and only the program can have changed them
}

var sumSeed = maphash.MakeSeed()

// bytes are the host bytes of a copy.
func (t *task) bytes() []byte { return t.host.data[t.off : t.off+t.n] }

func (t *task) overlaps(u *task) bool { return t.off < u.off+u.n && u.off < t.off+t.n }

// settle waits while an operation runs that uses the host memory of a task, which queueing changes.
func (v *Driver) settle(tasks ...*task) {
	used := func(t *task) bool { return t.host != nil && t.host == v.current.task.host }
	for v.running && slices.ContainsFunc(tasks, used) {
		v.idle.Wait()
	}
}

// queued takes note of a copy that has been queued: what a CopyIn is to find, or poison.
func (h *host) queued(o *op) (findings []*Finding) {
	if o.task.kind == copyIn {
		// The bytes of a copy to the host that is still to run are not there yet.
		o.summed = !slices.ContainsFunc(h.pending, func(p *op) bool { return p.task.kind == copyOut && p.task.overlaps(o.task) })
		if o.summed {
			o.sum = maphash.Bytes(sumSeed, o.task.bytes())
		}
	} else {
		findings = h.poison(o)
	}
	h.pending = append(h.pending, o)
	return findings
}

// poison poisons the bytes of a CopyOut, behind a snapshot for each earlier CopyIn of them. Where one
// of those waits for a CopyOut in turn, there is nothing to take a snapshot of, and no poison.
func (h *host) poison(o *op) (findings []*Finding) {
	var readers []*op
	for _, p := range h.pending {
		if p.task.kind == copyIn && p.snapshot == nil && p.task.overlaps(o.task) {
			if !p.summed {
				return nil
			}
			readers = append(readers, p)
		}
	}
	for _, p := range readers {
		findings = append(findings, p.changed(p.task.bytes())...)
		p.snapshot = slices.Clone(p.task.bytes())
	}
	b := o.task.bytes()
	for i := range b {
		b[i] = poison
	}
	o.poisoned = true
	return findings
}

// changed is a finding if a CopyIn's bytes are not those of its call.
func (o *op) changed(b []byte) []*Finding {
	if !o.summed || o.stream.dev.drv.opts.Off&HostBuffers != 0 || maphash.Bytes(sumSeed, b) == o.sum {
		return nil
	}
	return []*Finding{{Kind: HostChanged, Call: o.task.call, On: o.stream.String(),
		Msg: fmt.Sprintf("bytes %d to %d of %s are not what they were when the copy was queued", o.task.off, o.task.off+o.task.n-1, objectName(o.task.host))}}
}

// written is a finding if the program wrote to a CopyOut's bytes.
func (o *op) written(b []byte) []*Finding {
	if !o.poisoned || o.stream.dev.drv.opts.Off&HostBuffers != 0 {
		return nil
	}
	i := 0
	for i < len(b) && b[i] == poison {
		i++
	}
	if i == len(b) {
		return nil
	}
	return []*Finding{{Kind: HostWritten, Call: o.task.call, On: o.stream.String(),
		Msg: fmt.Sprintf("byte %d of %s was written while the copy that fills it was queued", o.task.off+i, objectName(o.task.host))}}
}

// release takes a copy off its host memory's list. A CopyOut has changed bytes that others look at.
func (o *op) release() {
	h := o.task.host
	if h == nil {
		return
	}
	h.pending = slices.DeleteFunc(h.pending, func(p *op) bool { return p == o })
	if o.task.kind != copyOut {
		return
	}
	for _, p := range h.pending {
		if p.task.overlaps(o.task) {
			p.poisoned, p.summed = false, false
		}
	}
}

// source is what a CopyIn copies.
func (o *op) source() ([]byte, []*Finding) {
	if o.snapshot != nil {
		return o.snapshot, nil
	}
	b := o.task.bytes()
	return b, o.changed(b)
}
