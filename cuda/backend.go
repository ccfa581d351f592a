package cuda

import (
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"

	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/gpu"
)

// A Backend is a device as a [gpu.Backend].
type Backend struct {
	name      string
	device    driver.Device
	info      driver.Info
	sm        int // compute capability: 80 for 8.0
	workspace int // bytes of each queue's
	slabBytes int
	kernels   loader

	preparing sync.Mutex
	uploads   pipe // of weights, opened by the first; the device's end is its own

	// A capture must not meet calls that a driver forbids while a stream is captured, nor Close those that touch pinned
	// memory: these hold it shared.
	capturing sync.RWMutex

	closed atomic.Bool
	mu     sync.Mutex // of queues, of slabs, and of buffers that are freed
	slabs  []*slab
	queues map[*queue]struct{}
}

var _ gpu.Backend = (*Backend)(nil)

// An Option changes what Open does.
type Option func(*Backend)

// Name is what the backend is called, instead of "cuda:0 " and the device's name.
func Name(name string) Option { return func(b *Backend) { b.name = name } }

// Workspace is how many bytes of device memory each queue takes for split reductions, instead of 32 MiB. With less they
// take more launches, to the same bits; an operation of which not the smallest part fits is refused.
func Workspace(bytes int) Option { return func(b *Backend) { b.workspace = bytes } }

const (
	usualWorkspace = 32 << 20
	oldest         = 75 // compute capability
)

// Open makes a backend of device i of a driver. A GPU that the kernels do not serve is an error that wraps
// gpu.ErrNoDevice.
func Open(d driver.Driver, i int, opts ...Option) (*Backend, error) {
	device, err := d.Open(i)
	if err != nil {
		return nil, fmt.Errorf("cuda: open device %d of driver %s: %w", i, d.Name(), translated(err))
	}
	b := &Backend{device: device, info: device.Info(), workspace: usualWorkspace, slabBytes: usualSlab, queues: map[*queue]struct{}{}}
	b.sm = b.info.SM()
	b.name = fmt.Sprintf("cuda:%d %s", i, b.info.Name)
	for _, o := range opts {
		o(b)
	}
	if b.sm < oldest {
		device.Close()
		return nil, fmt.Errorf("cuda: device %d, %s, has compute capability %d.%d, the kernels need %d.%d: %w",
			i, b.info.Name, b.info.Major, b.info.Minor, oldest/10, oldest%10, gpu.ErrNoDevice)
	}
	b.kernels = loader{device: device, sm: b.sm}
	return b, nil
}

// Info describes the backend. Models load as BF16 where the GPU has it, else as F16.
func (b *Backend) Info() gpu.Info {
	info := gpu.Info{Name: b.name, Vocabulary: gpu.Vocabulary, Default: gpu.F16}
	if b.hasBF16() {
		info.Default = gpu.BF16
	}
	b.capturing.RLock()
	defer b.capturing.RUnlock()
	if n, err := b.device.Available(); err == nil {
		info.Memory = n
	}
	return info
}

// Device is what the backend's device is.
func (b *Backend) Device() driver.Info { return b.info }

func (b *Backend) hasBF16() bool { return b.sm >= 80 }

// A buffer is an allocation of device memory.
type buffer struct {
	b    *Backend
	ptr  driver.Ptr // 0 when freed
	size int
	slab *slab // that it lies in, or nil
}

// Size is in bytes.
func (b *buffer) Size() int { return b.size }

// Alloc returns memory of undefined content.
func (b *Backend) Alloc(bytes int) (gpu.Buffer, error) {
	buf, err := b.alloc(bytes)
	if err != nil {
		return nil, err
	}
	return buf, nil
}

func (b *Backend) alloc(bytes int) (*buffer, error) {
	if bytes < 0 {
		return nil, fmt.Errorf("cuda: alloc of %d bytes: %w", bytes, gpu.ErrShape)
	}
	if err := b.opened(); err != nil {
		return nil, err
	}
	b.capturing.RLock()
	p, err := b.device.Alloc(max(bytes, 1))
	b.capturing.RUnlock()
	if err != nil {
		return nil, fmt.Errorf("cuda: %w", b.translated(err))
	}
	return &buffer{b: b, ptr: p, size: bytes}, nil
}

// Free waits for the work of all queues, then frees the buffer. Freeing nil does nothing.
func (b *Backend) Free(buf gpu.Buffer) error {
	if buf == nil {
		return nil
	}
	own, ok := buf.(*buffer)
	if !ok || own == nil || own.b != b {
		return fmt.Errorf("cuda: free a buffer of another backend, %T: %w", buf, gpu.ErrUnsupported)
	}
	if err := b.opened(); err != nil {
		return err
	}
	b.mu.Lock()
	ptr := own.ptr
	own.ptr = 0
	queues := make([]*queue, 0, len(b.queues))
	for q := range b.queues {
		queues = append(queues, q)
	}
	b.mu.Unlock()
	if ptr == 0 {
		return fmt.Errorf("cuda: free a buffer of %d bytes again: %w", own.size, gpu.ErrClosed)
	}
	b.capturing.RLock()
	defer b.capturing.RUnlock()
	var fail error
	for _, q := range queues {
		fail = errors.Join(fail, q.settle(false))
	}
	if own.slab != nil {
		fail = errors.Join(fail, b.leave(own.slab))
	} else {
		fail = errors.Join(fail, b.device.Free(ptr))
	}
	if fail != nil {
		return fmt.Errorf("cuda: free: %w", b.translated(fail))
	}
	return nil
}

// Close frees all that is left on the device. Later work is answered with ErrClosed.
func (b *Backend) Close() error {
	if b.closed.Swap(true) {
		return nil
	}
	b.mu.Lock()
	queues := make([]*queue, 0, len(b.queues))
	for q := range b.queues {
		queues = append(queues, q)
	}
	b.mu.Unlock()
	b.capturing.Lock()
	defer b.capturing.Unlock()
	var fail error
	for _, q := range queues {
		fail = errors.Join(fail, q.settle(true))
	}
	if err := errors.Join(fail, b.device.Close()); err != nil {
		return fmt.Errorf("cuda: close: %w", translated(err))
	}
	return nil
}

func (b *Backend) opened() error {
	if b.closed.Load() {
		return fmt.Errorf("cuda: backend: %w", gpu.ErrClosed)
	}
	return nil
}

// translated is translated, and tells what fails because Close took the device away that it is closed.
func (b *Backend) translated(err error) error {
	if b.closed.Load() {
		return fmt.Errorf("%w: %w", gpu.ErrClosed, err)
	}
	return translated(err)
}

// translated wraps what of a driver's errors callers tell apart.
func translated(err error) error {
	switch {
	case errors.Is(err, &driver.Error{Code: driver.OutOfMemory}):
		return fmt.Errorf("%w: %w", gpu.ErrMemory, err)
	case errors.Is(err, &driver.Error{Code: driver.NoDevice}), errors.Is(err, &driver.Error{Code: driver.InvalidDevice}):
		return fmt.Errorf("%w: %w", gpu.ErrNoDevice, err)
	}
	return err
}

// operands checks that the operands of an operation that are present lie in this backend's memory, and that kernels
// can count their elements.
func (b *Backend) operands(ts ...*gpu.Tensor) error {
	for _, t := range ts {
		if t.IsZero() || t.Rows == 0 {
			continue
		}
		own, ok := t.Buf.(*buffer)
		switch {
		case !ok || own == nil || own.b != b:
			return fmt.Errorf("a tensor of another backend: %w", gpu.ErrUnsupported)
		case own.ptr == 0:
			return fmt.Errorf("a tensor in freed memory: %w", gpu.ErrClosed)
		case t.Rows > math.MaxInt32 || t.Cols > math.MaxInt32 || t.Stride > math.MaxInt32:
			return fmt.Errorf("a tensor of %d×%d, rows %d apart, beyond 2³¹: %w", t.Rows, t.Cols, t.Stride, gpu.ErrUnsupported)
		}
	}
	return nil
}
