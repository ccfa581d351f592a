package cpu

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/rapt-go/rapt/gpu"
)

// pieceBytes is how much of a checkpoint Prepare holds at a time.
const pieceBytes = 256 << 10

// Prepare reads the parts, one below the other, into one F32 weight, Plain or Native.
// It holds a small piece of the checkpoint at a time.
func (b *Backend) Prepare(dt gpu.DType, f gpu.Format, parts ...gpu.Host) (gpu.Tensor, error) {
	if err := b.open(); err != nil {
		return gpu.Tensor{}, err
	}
	if dt != gpu.F32 || f > gpu.Native {
		return gpu.Tensor{}, fmt.Errorf("cpu: prepare %v weights in format %v: this backend has f32, plain and native: %w", dt, f, gpu.ErrUnsupported)
	}
	rows, cols, err := stacked(parts)
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
		if err := l.read(&parts[i]); err != nil {
			return gpu.Tensor{}, fmt.Errorf("cpu: prepare part %d, %v %d×%d: %w", i, parts[i].DType, parts[i].Rows, parts[i].Cols, err)
		}
		l.row += parts[i].Rows
	}
	return t, nil
}

// stacked is the shape of the parts, one below the other.
func stacked(parts []gpu.Host) (rows, cols int, err error) {
	if len(parts) == 0 {
		return 0, 0, fmt.Errorf("no parts: %w", gpu.ErrShape)
	}
	cols = parts[0].Cols
	for i := range parts {
		p := &parts[i]
		switch {
		case p.DType.Size() == 0:
			return 0, 0, fmt.Errorf("part %d is %v: %w", i, p.DType, gpu.ErrUnsupported)
		case p.Rows < 0 || p.Cols < 0 || p.Cols != cols:
			return 0, 0, fmt.Errorf("part %d is %d×%d, below %d columns: %w", i, p.Rows, p.Cols, cols, gpu.ErrShape)
		case p.Src == nil && p.Rows > 0 && p.Cols > 0:
			return 0, 0, fmt.Errorf("part %d has no source: %w", i, gpu.ErrShape)
		case rows > math.MaxInt-p.Rows-gemmCols || cols > 0 && int64(p.Rows) > (math.MaxInt64-max(p.Off, 0))/8/int64(cols) || p.Off < 0:
			return 0, 0, fmt.Errorf("part %d is %d×%d at byte %d: %w", i, p.Rows, p.Cols, p.Off, gpu.ErrShape)
		}
		rows += p.Rows
	}
	return rows, cols, nil
}

// A layout is a weight being written: panels of so many rows, which lie transposed. A panel
// of one row is a row.
type layout struct {
	dst   []float32
	cols  int
	panel int
	row   int // where the current part starts
	piece []byte
}

// read converts one part, as it lies in the source, row after row.
func (l *layout) read(h *gpu.Host) error {
	rows, cols, size := h.Rows, h.Cols, h.DType.Size()
	if h.Trans {
		rows, cols = cols, rows
	}
	total := rows * cols
	if need := min(total, pieceBytes/size) * size; len(l.piece) < need {
		l.piece = make([]byte, need)
	}
	for at := 0; at < total; {
		n := min(total-at, pieceBytes/size)
		piece := l.piece[:n*size]
		if got, err := h.Src.ReadAt(piece, h.Off+int64(at)*int64(size)); got < len(piece) {
			if errors.Is(err, io.EOF) || err == nil {
				err = io.ErrUnexpectedEOF
			}
			return fmt.Errorf("read %d bytes at %d: %w", len(piece), h.Off+int64(at)*int64(size), err)
		}
		l.write(h, piece, at, cols)
		at += n
	}
	return nil
}

// write converts elements from number at on of a part whose source has rows of cols.
func (l *layout) write(h *gpu.Host, piece []byte, at, cols int) {
	size := h.DType.Size()
	for len(piece) > 0 {
		r, c := at/cols, at%cols
		n := min(cols-c, len(piece)/size)
		if h.Trans {
			l.column(h.DType, piece[:n*size], l.row+c, r)
		} else {
			l.line(h.DType, piece[:n*size], l.row+r, c)
		}
		at, piece = at+n, piece[n*size:]
	}
}

// line writes elements of row r from column c on.
func (l *layout) line(t gpu.HostType, src []byte, r, c int) {
	convert(t, l.dst[l.index(r, c):], l.panel, src)
}

// column writes elements of column c from row r on.
func (l *layout) column(t gpu.HostType, src []byte, r, c int) {
	if l.panel == 1 {
		convert(t, l.dst[l.index(r, c):], l.cols, src)
		return
	}
	size := t.Size()
	for len(src) > 0 {
		n := min(l.panel-r%l.panel, len(src)/size)
		convert(t, l.dst[l.index(r, c):], 1, src[:n*size])
		r, src = r+n, src[n*size:]
	}
}

func (l *layout) index(r, c int) int {
	return r/l.panel*l.panel*l.cols + c*l.panel + r%l.panel
}

// convert writes every element of src to dst, step apart.
func convert(t gpu.HostType, dst []float32, step int, src []byte) {
	le := binary.LittleEndian
	switch t {
	case gpu.HostF32:
		for i := 0; i < len(src)/4; i++ {
			dst[i*step] = math.Float32frombits(le.Uint32(src[4*i:]))
		}
	case gpu.HostF64:
		for i := 0; i < len(src)/8; i++ {
			dst[i*step] = float32(math.Float64frombits(le.Uint64(src[8*i:])))
		}
	case gpu.HostF16:
		for i := 0; i < len(src)/2; i++ {
			dst[i*step] = halfToFloat(le.Uint16(src[2*i:]))
		}
	case gpu.HostBF16:
		for i := 0; i < len(src)/2; i++ {
			dst[i*step] = math.Float32frombits(uint32(le.Uint16(src[2*i:])) << 16)
		}
	case gpu.HostI64:
		for i := 0; i < len(src)/8; i++ {
			dst[i*step] = float32(int64(le.Uint64(src[8*i:])))
		}
	case gpu.HostI32:
		for i := 0; i < len(src)/4; i++ {
			dst[i*step] = float32(int32(le.Uint32(src[4*i:])))
		}
	case gpu.HostU8:
		for i, v := range src {
			dst[i*step] = float32(v)
		}
	case gpu.HostI8:
		for i, v := range src {
			dst[i*step] = float32(int8(v))
		}
	}
}
