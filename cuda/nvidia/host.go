//go:build cuda && (linux || windows) && (amd64 || arm64)

package nvidia

import (
	"fmt"
	"unsafe"

	"github.com/rapt-go/rapt/cuda/driver"
)

// A host is page-locked memory, for all devices of the driver.
type host struct {
	object
	data []byte // nil when freed
}

// Pin allocates page-locked memory.
func (d *device) Pin(bytes int) (driver.Host, error) {
	call := fmt.Sprintf("cuMemHostAlloc of %d bytes", bytes)
	if bytes <= 0 {
		return nil, d.fail(driver.InvalidValue, call, "expected at least 1")
	}
	if err := d.enter(call); err != nil {
		return nil, err
	}
	defer d.leave()
	p, c := d.lib.pin(bytes)
	if c != 0 {
		return nil, d.fail(c, call, "")
	}
	h := &host{object: object{d: d, kind: "host memory"}}
	h.host = h
	// The driver's memory is not Go's: the collector ignores pointers to it, and vet cannot know.
	h.data = unsafe.Slice(*(**byte)(unsafe.Pointer(&p)), bytes)
	clear(h.data)
	d.adopt(&h.object)
	return h, nil
}

// Bytes is the memory, nil after Free and after the device's Close.
func (h *host) Bytes() []byte {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.data
}

// address is where byte off is.
func (h *host) address(off int) uintptr {
	return uintptr(unsafe.Pointer(unsafe.SliceData(h.data))) + uintptr(off)
}

// unpin frees the memory. The object is locked.
func (h *host) unpin() driver.Code {
	p := h.address(0)
	h.data = nil
	return h.d.lib.unpin(p)
}

// Free frees the memory.
func (h *host) Free() error { return h.close("cuMemFreeHost", h.unpin) }

// hostOf is n bytes from off on of a driver.Host, held until h.mu.RUnlock.
func (s *stream) hostOf(call string, h driver.Host, off, n int) (*host, error) {
	mine, ok := h.(*host)
	if !ok || !mine.d.lib.same(s.d.lib) {
		return nil, s.d.fail(driver.InvalidValue, call, fmt.Sprintf("%T is not host memory of this driver", h))
	}
	if err := mine.hold(call); err != nil {
		return nil, err
	}
	if off < 0 || n < 0 || off > len(mine.data)-n {
		mine.mu.RUnlock()
		return nil, s.d.fail(driver.InvalidValue, call, fmt.Sprintf("%d bytes at %d of %d of host memory", n, off, len(mine.data)))
	}
	return mine, nil
}
