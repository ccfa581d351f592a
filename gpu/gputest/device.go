package gputest

// An operation of host memory put on a backend.

import (
	"errors"
	"fmt"
	"slices"

	"github.com/rapt-go/rapt/gpu"
)

// A device holds copies of host memories on a backend, and a stream to run on.
type device struct {
	b      gpu.Backend
	s      *gpu.Stream
	q      gpu.Queue // the stream's, for whole buffers
	buf    map[*memory]gpu.Buffer
	weight map[*memory]gpu.Tensor
}

// device returns a device over the suite's own stream, or a new one if that has failed.
func (s *suite) device() (*device, error) {
	if s.stream == nil || s.stream.Err() != nil {
		var err error
		if s.stream, err = gpu.NewStream(s.b, func(q gpu.Queue) gpu.Queue { s.queue = q; return q }); err != nil {
			return nil, err
		}
	}
	return &device{b: s.b, s: s.stream, q: s.queue, buf: map[*memory]gpu.Buffer{}, weight: map[*memory]gpu.Tensor{}}, nil
}

// place returns op with its tensors on the device, in memory that reset fills.
func (d *device) place(op gpu.Op) (gpu.Op, error) {
	op = gpu.Clone(op)
	var first error
	gpu.Walk(op, func(name string, t *gpu.Tensor) {
		m, ok := t.Buf.(*memory)
		if !ok {
			return
		}
		if err := d.put(m, t); err != nil && first == nil {
			first = fmt.Errorf("%s: %w", name, err)
		}
	})
	return op, first
}

// put moves t, which lies in m, to the device.
func (d *device) put(m *memory, t *gpu.Tensor) error {
	if m.parts != nil {
		w, ok := d.weight[m]
		if !ok {
			var err error
			if w, err = d.b.Prepare(m.dt, m.format, m.parts...); err != nil {
				return err
			}
			if w.Rows != t.Rows || w.Cols != t.Cols || w.DType != m.dt || w.Format != m.format {
				return fmt.Errorf("a weight %v %v is prepared as %v %v", t, m.format, w, w.Format)
			}
			d.weight[m], d.buf[m] = w, w.Buf
		}
		*t = w
		return nil
	}
	b, ok := d.buf[m]
	if !ok {
		var err error
		if b, err = d.b.Alloc(len(m.data)); err != nil {
			return err
		}
		d.buf[m] = b
	}
	t.Buf = b
	return nil
}

// reset makes the device's copy of every memory what the host's is.
func (d *device) reset() error {
	for m, b := range d.buf {
		if m.parts == nil {
			if err := d.q.Upload(b, 0, m.data); err != nil {
				return err
			}
		}
	}
	return nil
}

// content is what the device's copy of m holds; nil for a prepared weight.
func (d *device) content(m *memory) ([]byte, error) {
	b, ok := d.buf[m]
	if !ok || m.parts != nil {
		return nil, nil
	}
	got := make([]byte, len(m.data))
	return got, d.q.Download(got, b, 0)
}

// close frees what d has on the backend, whose content must no longer be needed.
func (d *device) close() (err error) {
	for _, b := range d.buf {
		err = errors.Join(err, d.b.Free(b))
	}
	return err
}

// onHost evaluates op in T over copies of mem, and returns the copies, in order.
func onHost[T real](op gpu.Op, mem []*memory) ([]*memory, error) {
	op, copies := copied(op, mem)
	return copies, evaluate[T](op)
}

// copied returns op over copies of mem that record what is written, and these; nil
// where op has nothing.
func copied(op gpu.Op, mem []*memory) (gpu.Op, []*memory) {
	op = gpu.Clone(op)
	copies := make([]*memory, len(mem))
	gpu.Walk(op, func(_ string, t *gpu.Tensor) {
		if i := slices.Index(mem, asMemory(t.Buf)); i >= 0 {
			if copies[i] == nil {
				copies[i] = mem[i].clone()
				copies[i].record()
			}
			t.Buf = copies[i]
		}
	})
	return op, copies
}

func asMemory(b gpu.Buffer) *memory { m, _ := b.(*memory); return m }
