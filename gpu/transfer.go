package gpu

import (
	"fmt"
	"unsafe"
)

// An Elem is a Go type that a tensor's elements can be: float32 for F32, int32 for
// I32, uint16 for the bits of F16 and BF16, int8 for I8.
type Elem interface {
	float32 | int32 | uint16 | int8
}

// Write copies src, row after row, into dst, which is Plain.
func Write[T Elem](s *Stream, dst Tensor, src []T) {
	if s.err == nil {
		s.Fail(transfer(dst, src, func(off int, b []byte) error { return s.q.Upload(dst.Buf, off, b) }))
	}
}

// Read waits for earlier work, and returns src's elements row after row.
func Read[T Elem](s *Stream, src Tensor) ([]T, error) {
	if s.err == nil {
		s.Fail(transferable[T](src))
	}
	if s.err != nil {
		return nil, s.err
	}
	dst := make([]T, src.Len())
	ReadInto(s, dst, src)
	return dst, s.err
}

// ReadInto waits for earlier work, and copies src's elements, row after row, to dst.
func ReadInto[T Elem](s *Stream, dst []T, src Tensor) {
	if s.err == nil {
		s.Fail(transfer(src, dst, func(off int, b []byte) error { return s.q.Download(b, src.Buf, off) }))
	}
}

// transfer calls move for every piece of t and host that is contiguous in both.
func transfer[T Elem](t Tensor, host []T, move func(off int, b []byte) error) error {
	if err := transferable[T](t); err != nil {
		return err
	}
	if len(host) != t.Len() {
		return fmt.Errorf("gpu: %d %T for %v: %w", len(host), *new(T), t, ErrShape)
	}
	size := t.DType.Size()
	if t.Stride == t.Cols {
		t.Rows, t.Cols = min(t.Rows, 1), t.Len()
	}
	for i := range t.Rows {
		row := host[i*t.Cols:][:t.Cols]
		b := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(row))), len(row)*size)
		if err := move((t.Off+i*t.Stride)*size, b); err != nil {
			return err
		}
	}
	return nil
}

// transferable checks that t holds elements of Go type T in memory that is its own, and in rows that do
// not overlap, so that there are no more of them than the buffer holds.
func transferable[T Elem](t Tensor) error {
	var c checker
	c.out("tensor", &t, -1, -1, elemTypes[T]())
	if c.err != nil {
		return fmt.Errorf("gpu: %T for %v: %w", *new(T), t, c.err)
	}
	return nil
}

func elemTypes[T Elem]() typeSet {
	switch any(*new(T)).(type) {
	case float32:
		return f32
	case int32:
		return i32
	case uint16:
		return only(F16) | only(BF16)
	}
	return only(I8)
}
