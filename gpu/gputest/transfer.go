package gputest

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/rapt-go/rapt/gpu"
)

// memory tests buffers, transfers, and that work is done in order, on one queue and
// from one to the next.
func (s *suite) memory(t *testing.T) {
	t.Run("bytes", s.bytes)
	t.Run("views", func(t *testing.T) {
		st, err := gpu.NewStream(s.b)
		if err != nil {
			t.Fatal(err)
		}
		defer st.Close()
		views(t, st, gpu.F32, func(i int) float32 { return float32(i) / 3 })
		views(t, st, gpu.I32, func(i int) int32 { return int32(-i) << 20 })
		views(t, st, gpu.F16, func(i int) uint16 { return uint16(i * 77) })
		views(t, st, gpu.BF16, func(i int) uint16 { return uint16(i * 78) })
		views(t, st, gpu.I8, func(i int) int8 { return int8(-i) })
	})
	t.Run("order", s.order)
}

// bytes tests Upload and Download at every offset of a small buffer.
func (s *suite) bytes(t *testing.T) {
	const n = 37
	buf, err := s.b.Alloc(n)
	if err != nil {
		t.Fatal(err)
	}
	q, err := s.b.NewQueue()
	if err != nil {
		t.Fatal(err)
	}
	if buf.Size() < n {
		t.Errorf("a buffer of %d bytes has %d", n, buf.Size())
	}
	want := make([]byte, n)
	fail := q.Upload(buf, 0, want)
	src := make([]byte, n)
	for off := range n {
		part := src[:min(5, n-off)]
		for i := range part {
			part[i] = byte(3*off + i + 1)
		}
		copy(want[off:], part)
		fail = errors.Join(fail, q.Upload(buf, off, part))
		clear(src) // it may be reused at once
		got := make([]byte, n)
		fail = errors.Join(fail, q.Download(got[off:], buf, off), q.Download(got[:off], buf, 0))
		if !bytes.Equal(got, want) {
			t.Fatalf("after an upload to byte %d: % x, not % x", off, got, want)
		}
	}
	if fail = errors.Join(fail, q.Upload(buf, n, nil), q.Sync(), q.Close(), s.b.Free(buf)); fail != nil {
		t.Error(fail)
	}
}

// views writes and reads tensors with gaps between rows, which must stay.
func views[T gpu.Elem](t *testing.T, st *gpu.Stream, dt gpu.DType, value func(i int) T) {
	const m, n, stride = 4, 5, 9
	whole := st.Temp(dt, 1, m*stride)
	part := whole
	part.Off, part.Rows, part.Cols, part.Stride = whole.Off+3, m, n, stride
	want := make([]T, m*stride)
	for i := range want {
		want[i] = value(i)
	}
	gpu.Write(st, whole, want)
	rows := make([]T, m*n)
	for i := range rows {
		rows[i] = value(100 + i)
		want[3+i/n*stride+i%n] = rows[i]
	}
	gpu.Write(st, part, rows)
	got, err := gpu.Read[T](st, whole)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v: wrote a view of rows of %d every %d: %v, not %v; %v", dt, n, stride, got, want, err)
	}
	if got, err := gpu.Read[T](st, part); err != nil || !slices.Equal(got, rows) {
		t.Errorf("%v: read a view of rows of %d every %d: %v, not %v; %v", dt, n, stride, got, rows, err)
	}
}

// order runs a chain of operations that depend on each other through the same
// memory, half of it on a second queue.
func (s *suite) order(t *testing.T) {
	var st [2]*gpu.Stream
	for i := range st {
		var err error
		if st[i], err = gpu.NewStream(s.b); err != nil {
			t.Fatal(err)
		}
		defer st[i].Close()
	}
	x, y := st[0].Temp(gpu.F32, 70, 300), st[0].Temp(gpu.F32, 70, 300)
	st[0].Do(&gpu.Fill{Dst: x, Value: 1})
	for i := range 10 {
		q := st[i/5]
		q.Do(&gpu.Pointwise{Dst: y, X: x, Y: x, Plus: true}) // 2x
		q.Do(&gpu.Pointwise{Dst: x, X: y})
		if err := q.Sync(); s.skip(t, "Memory/order", err) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
	got, err := gpu.Read[float32](st[1], x)
	if err != nil || slices.Min(got) != 1<<10 || slices.Max(got) != 1<<10 {
		t.Errorf("1 doubled ten times is from %v to %v; %v", slices.Min(got), slices.Max(got), err)
	}
}
