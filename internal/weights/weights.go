// Package weights reads the matrices that a backend's Prepare is given: it checks their shapes, and hands them over
// piece by piece, converted to F32.
package weights

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/internal/half"
)

// pieceBytes is how much of a checkpoint Read holds at a time.
const pieceBytes = 256 << 10

// Stacked is the shape of the parts, one below the other. The error names the first part that is wrong. Rows have
// room for padding by less than 2¹⁶, and bytes of a part can be counted.
func Stacked(parts []gpu.Host) (rows, cols int, err error) {
	const padding = 1 << 16
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
		case rows > math.MaxInt-p.Rows-padding || cols > 0 && int64(p.Rows) > (math.MaxInt64-max(p.Off, 0))/8/int64(cols) || p.Off < 0:
			return 0, 0, fmt.Errorf("part %d is %d×%d at byte %d: %w", i, p.Rows, p.Cols, p.Off, gpu.ErrShape)
		}
		rows += p.Rows
	}
	return rows, cols, nil
}

// Read calls write with every element of h, as it lies in the source: elements of one of its rows, which with Trans
// are columns of h, from column c of row r on. write must not keep them.
func Read(h *gpu.Host, write func(values Values, r, c int) error) error {
	rows, cols, size := h.Rows, h.Cols, h.DType.Size()
	if h.Trans {
		rows, cols = cols, rows
	}
	total := rows * cols
	buf := make([]byte, min(total, pieceBytes/size)*size)
	for at := 0; at < total; {
		piece := buf[:min(total-at, pieceBytes/size)*size]
		if got, err := h.Src.ReadAt(piece, h.Off+int64(at)*int64(size)); got < len(piece) {
			if errors.Is(err, io.EOF) || err == nil {
				err = io.ErrUnexpectedEOF
			}
			return fmt.Errorf("read %d bytes at %d: %w", len(piece), h.Off+int64(at)*int64(size), err)
		}
		for len(piece) > 0 {
			r, c := at/cols, at%cols
			n := min(cols-c, len(piece)/size)
			if err := write(Values{h.DType, piece[:n*size]}, r, c); err != nil {
				return err
			}
			at, piece = at+n, piece[n*size:]
		}
	}
	return nil
}

// Values are elements of a checkpoint.
type Values struct {
	dt   gpu.HostType
	data []byte
}

// Len is how many there are.
func (v Values) Len() int { return len(v.data) / v.dt.Size() }

// Slice is elements [lo, hi).
func (v Values) Slice(lo, hi int) Values {
	size := v.dt.Size()
	return Values{v.dt, v.data[lo*size : hi*size]}
}

// Float32 writes the elements to dst, step apart.
func (v Values) Float32(dst []float32, step int) {
	le := binary.LittleEndian
	src := v.data
	switch v.dt {
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
			dst[i*step] = half.FromF16(le.Uint16(src[2*i:]))
		}
	case gpu.HostBF16:
		for i := 0; i < len(src)/2; i++ {
			dst[i*step] = half.FromBF16(le.Uint16(src[2*i:]))
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
		for i, x := range src {
			dst[i*step] = float32(x)
		}
	case gpu.HostI8:
		for i, x := range src {
			dst[i*step] = float32(int8(x))
		}
	}
}
