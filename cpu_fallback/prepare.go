package cpu

import (
	"fmt"
	"math"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/internal/weights"
)

// Prepare reads the parts, one below the other, into one F32 weight, Plain or Native.
// It holds a small piece of the checkpoint at a time.
func (b *Backend) Prepare(dt gpu.DType, f gpu.Format, parts ...gpu.Host) (gpu.Tensor, error) {
	if err := b.open(); err != nil {
		return gpu.Tensor{}, err
	}
	if dt != gpu.F32 || f > gpu.Native {
		return gpu.Tensor{}, fmt.Errorf("cpu: prepare %v weights in format %v: this backend has f32, plain and native: %w", dt, f, gpu.ErrUnsupported)
	}
	rows, cols, err := weights.Stacked(parts)
	if err != nil {
		return gpu.Tensor{}, fmt.Errorf("cpu: prepare: %w", err)
	}
	l := layout{cols: cols, panel: 1}
	padded := rows
	if f == gpu.Native {
		l.panel = b.k.panel
		padded = (rows + l.panel - 1) / l.panel * l.panel
	}
	if cols > 0 && padded > math.MaxInt/4/cols {
		return gpu.Tensor{}, fmt.Errorf("cpu: prepare %d×%d: %w", rows, cols, gpu.ErrMemory)
	}
	buf, err := b.alloc(4 * padded * cols)
	if err != nil {
		return gpu.Tensor{}, err
	}
	if f == gpu.Native {
		buf.rows, buf.cols = rows, cols
	}
	t := gpu.Tensor{Buf: buf, Rows: rows, Cols: cols, Stride: cols, DType: dt, Format: f}
	all, err := contents(buf)
	if err != nil {
		return gpu.Tensor{}, err
	}
	l.dst = elements[float32](all)
	for i := range parts {
		write := func(v weights.Values, r, c int) error { l.write(&parts[i], v, r, c); return nil }
		if err := weights.Read(&parts[i], write); err != nil {
			return gpu.Tensor{}, fmt.Errorf("cpu: prepare part %d, %v %d×%d: %w", i, parts[i].DType, parts[i].Rows, parts[i].Cols, err)
		}
		l.row += parts[i].Rows
	}
	return t, nil
}

// A layout is a weight being written: panels of so many rows, which lie transposed. A panel
// of one row is a row.
type layout struct {
	dst   []float32
	cols  int
	panel int
	row   int // where the current part starts
}

// write takes elements of a part, from element (r, c) of its source on.
func (l *layout) write(h *gpu.Host, v weights.Values, r, c int) {
	if h.Trans {
		l.column(v, l.row+c, r)
	} else {
		v.Float32(l.dst[l.index(l.row+r, c):], l.panel)
	}
}

// column writes elements of column c from row r on.
func (l *layout) column(v weights.Values, r, c int) {
	if l.panel == 1 {
		v.Float32(l.dst[l.index(r, c):], l.cols)
		return
	}
	for at := 0; at < v.Len(); {
		n := min(l.panel-(r+at)%l.panel, v.Len()-at)
		v.Slice(at, at+n).Float32(l.dst[l.index(r+at, c):], 1)
		at += n
	}
}

func (l *layout) index(r, c int) int {
	return r/l.panel*l.panel*l.cols + c*l.panel + r%l.panel
}
