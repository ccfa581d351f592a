//go:build cuda && (linux || windows) && (amd64 || arm64)

package nvidia

import (
	"fmt"
	"math"
	"sync"
	"unsafe"

	"github.com/rapt-go/rapt/cuda/driver"
)

// A stream is a queue of a device.
type stream struct {
	object
	handle handle

	launching sync.Mutex
	params    *params
}

var _ driver.Capturer = (*stream)(nil)

// params are a launch's parameters as cuLaunchKernel takes them, an array of pointers, kept because a launch must not
// allocate. The driver has copied the values when it returns.
type params struct {
	values   []driver.Arg
	pointers []unsafe.Pointer // to values

	arguments []uintptr // room for those of cuLaunchKernel, for who passes them in a slice
}

func newParams(n int) *params {
	p := &params{values: make([]driver.Arg, n), pointers: make([]unsafe.Pointer, n), arguments: make([]uintptr, 11)}
	for i := range p.values {
		p.pointers[i] = unsafe.Pointer(&p.values[i])
	}
	return p
}

// usualParams is more than kernels have.
const usualParams = 64

// NewStream makes a stream, which is a driver.Capturer.
func (d *device) NewStream() (driver.Stream, error) {
	if err := d.enter("cuStreamCreate"); err != nil {
		return nil, err
	}
	defer d.leave()
	h, c := d.lib.newStream()
	if c != 0 {
		return nil, d.fail(c, "cuStreamCreate", "")
	}
	s := &stream{object: object{d: d, kind: "stream"}, handle: h, params: newParams(usualParams)}
	d.adopt(&s.object)
	return s, nil
}

// CopyIn copies from the host.
func (s *stream) CopyIn(dst driver.Ptr, src driver.Host, off, n int) error {
	const call = "cuMemcpyHtoDAsync"
	if err := s.enter(call); err != nil {
		return err
	}
	defer s.leave()
	h, err := s.hostOf(call, src, off, n)
	if err != nil {
		return err
	}
	defer h.mu.RUnlock()
	if n == 0 {
		return nil
	}
	if c := s.d.lib.copyIn(dst, h.address(off), n, s.handle); c != 0 {
		return s.d.fail(c, fmt.Sprintf("%s of %d bytes to %#x", call, n, uint64(dst)), "")
	}
	return nil
}

// CopyOut copies to the host.
func (s *stream) CopyOut(dst driver.Host, off, n int, src driver.Ptr) error {
	const call = "cuMemcpyDtoHAsync"
	if err := s.enter(call); err != nil {
		return err
	}
	defer s.leave()
	h, err := s.hostOf(call, dst, off, n)
	if err != nil {
		return err
	}
	defer h.mu.RUnlock()
	if n == 0 {
		return nil
	}
	if c := s.d.lib.copyOut(h.address(off), src, n, s.handle); c != 0 {
		return s.d.fail(c, fmt.Sprintf("%s of %d bytes from %#x", call, n, uint64(src)), "")
	}
	return nil
}

// Copy copies within the device.
func (s *stream) Copy(dst, src driver.Ptr, n int) error {
	const call = "cuMemcpyDtoDAsync"
	if n < 0 {
		return s.d.fail(driver.InvalidValue, call, fmt.Sprintf("%d bytes", n))
	}
	if err := s.enter(call); err != nil {
		return err
	}
	defer s.leave()
	if n == 0 {
		return nil
	}
	if c := s.d.lib.copy(dst, src, n, s.handle); c != 0 {
		return s.d.fail(c, fmt.Sprintf("%s of %d bytes from %#x to %#x", call, n, uint64(src), uint64(dst)), "")
	}
	return nil
}

// Fill sets words of 32 bits.
func (s *stream) Fill(dst driver.Ptr, word uint32, words int) error {
	const call = "cuMemsetD32Async"
	if words < 0 {
		return s.d.fail(driver.InvalidValue, call, fmt.Sprintf("%d words", words))
	}
	if err := s.enter(call); err != nil {
		return err
	}
	defer s.leave()
	if words == 0 {
		return nil
	}
	if c := s.d.lib.fill(dst, word, words, s.handle); c != 0 {
		return s.d.fail(c, fmt.Sprintf("%s of %d words at %#x", call, words, uint64(dst)), "")
	}
	return nil
}

// Launch runs a kernel. The driver checks the geometry, but not the number of parameters.
func (s *stream) Launch(f driver.Func, c driver.Config, args []driver.Arg) error {
	const call = "cuLaunchKernel"
	fn, ok := f.(*function)
	if !ok || fn.module.d != s.d {
		return s.d.fail(driver.InvalidHandle, call, fmt.Sprintf("%T is not a function of this device", f))
	}
	if len(args) != fn.parameters {
		return s.d.fail(driver.InvalidValue, call+" of "+fn.name, fmt.Sprintf("%d arguments, it has %d parameters", len(args), fn.parameters))
	}
	for _, n := range [...]int{c.Grid[0], c.Grid[1], c.Grid[2], c.Block[0], c.Block[1], c.Block[2], c.Shared + 1} {
		if n < 1 || n > math.MaxInt32 {
			return s.d.fail(driver.InvalidValue, call+" of "+fn.name, fmt.Sprintf("grid %v, block %v, %d bytes of shared memory", c.Grid, c.Block, c.Shared))
		}
	}
	if err := s.enter(call); err != nil {
		return err
	}
	defer s.leave()
	if err := fn.module.hold(call); err != nil {
		return err
	}
	defer fn.module.mu.RUnlock()
	if c.Shared > withoutOptIn-fn.attrs.Shared {
		if err := fn.optIn(); err != nil {
			return err
		}
	}
	s.launching.Lock()
	defer s.launching.Unlock()
	if len(args) > len(s.params.values) {
		s.params = newParams(len(args))
	}
	copy(s.params.values, args)
	if code := s.d.lib.launch(fn.handle, &c, s.handle, s.params, len(args)); code != 0 {
		return s.d.fail(code, call+" of "+fn.name, "")
	}
	return nil
}

// Sync returns when all is done.
func (s *stream) Sync() error {
	const call = "cuStreamSynchronize"
	if err := s.enter(call); err != nil {
		return err
	}
	defer s.leave()
	if c := s.d.lib.syncStream(s.handle); c != 0 {
		return s.d.fail(c, call, "")
	}
	return nil
}

// Close closes the stream. What is queued still runs.
func (s *stream) Close() error {
	return s.close("cuStreamDestroy", func() driver.Code { return s.d.lib.closeStream(s.handle) })
}
