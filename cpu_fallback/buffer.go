package cpu

// Memory, and the typed views of it: the package's only use of unsafe.

import (
	"fmt"
	"sync/atomic"
	"unsafe"

	"github.com/rapt-go/rapt/gpu"
)

const alignment = 256 // of buffers, as gpu.Backend promises

// A buffer is a block of the Go heap. Free drops the pointer, so that a later use
// is found; an operation that is running keeps the block alive.
type buffer struct {
	mem        atomic.Pointer[byte] // nil once freed
	size       int
	rows, cols int // of the Native weight in it; both zero in other buffers
}

func (b *buffer) Size() int { return b.size }

// newBuffer returns size bytes, which the caller has found to be available.
func newBuffer(size int) *buffer {
	mem := make([]byte, size+alignment)
	off := -uintptr(unsafe.Pointer(unsafe.SliceData(mem))) % alignment
	b := &buffer{size: size}
	b.mem.Store(&mem[off])
	return b
}

// contents are the bytes of a buffer of this backend that has not been freed.
func contents(b gpu.Buffer) ([]byte, error) {
	own, ok := b.(*buffer)
	if !ok || own == nil {
		return nil, fmt.Errorf("a buffer of another backend, %T: %w", b, gpu.ErrUnsupported)
	}
	p := own.mem.Load()
	if p == nil {
		return nil, fmt.Errorf("a buffer of %d bytes, freed: %w", own.size, gpu.ErrClosed)
	}
	return unsafe.Slice(p, own.size), nil
}

// An elem is the Go type of a tensor's elements; uint16 holds the bits of a short
// float.
type elem interface {
	float32 | int32 | uint16
}

// elements is b as elements; what is left of b is too short for one.
func elements[T elem](b []byte) []T {
	n := len(b) / int(unsafe.Sizeof(*new(T)))
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), n)
}

// A view is a tensor's memory. An absent tensor has no columns.
type view[T elem] struct {
	data       []T // from the first element to the end of the buffer
	rows, cols int
	stride     int
}

type (
	matrix = view[float32]
	ints   = view[int32]
)

func (v *view[T]) absent() bool { return v.cols == 0 }

func (v *view[T]) row(i int) []T { return v.data[i*v.stride:][:v.cols:v.cols] }

// part is columns [lo, hi) of row i.
func (v *view[T]) part(i, lo, hi int) []T { return v.data[i*v.stride+lo : i*v.stride+hi] }

// open returns t's memory, or sets *err if that is no error yet.
func open[T elem](t *gpu.Tensor, err *error) view[T] {
	v := view[T]{rows: t.Rows, cols: t.Cols, stride: t.Stride}
	if *err != nil || t.Rows <= 0 || t.Cols <= 0 {
		return v
	}
	b, e := contents(t.Buf)
	if e != nil {
		*err = e
		return v
	}
	all := elements[T](b)
	if end := t.Off + (t.Rows-1)*t.Stride + t.Cols; t.Off < 0 || t.Stride < 0 || end < 0 || end > len(all) {
		*err = fmt.Errorf("%v ends at element %d of a buffer of %d: %w", *t, end, len(all), gpu.ErrShape)
		return v
	}
	v.data = all[t.Off:]
	return v
}
