package cuda

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/internal/half"
	"github.com/rapt-go/rapt/internal/weights"
)

// Weights lie in rows that start on 16 bytes, as kernels read them; what pads a row is zero. Native is no other layout.
// A Fast weight is two matrices of BF16, one below the other: what an F32 rounds to, and what that leaves, so that
// their sum has 16 bits of it; their rows are padded to whole steps of the kernel.
const (
	rowBytes   = 16
	fastRow    = 64      // elements
	blockBytes = 1 << 20 // of the rows that Prepare converts at once
)

// Prepare reads the parts, one below the other, into one weight.
func (b *Backend) Prepare(dt gpu.DType, f gpu.Format, parts ...gpu.Host) (gpu.Tensor, error) {
	if err := b.opened(); err != nil {
		return gpu.Tensor{}, err
	}
	if err := b.preparable(dt, f); err != nil {
		return gpu.Tensor{}, fmt.Errorf("cuda: prepare %v weights in format %v: %w", dt, f, err)
	}
	rows, cols, err := weights.Stacked(parts)
	if err != nil {
		return gpu.Tensor{}, fmt.Errorf("cuda: prepare: %w", err)
	}
	l := layout{dt: dt, planes: 1, rows: rows, size: dt.Size()}
	if f == gpu.Fast {
		l.planes, l.size = 2, gpu.BF16.Size()
	}
	per := rowBytes / l.size
	if f == gpu.Fast {
		per = fastRow
	}
	l.stride = (cols + per - 1) / per * per
	if l.stride < cols || l.stride > 0 && rows > math.MaxInt/2/l.planes/l.size/l.stride {
		return gpu.Tensor{}, fmt.Errorf("cuda: prepare %d×%d: %w", rows, cols, gpu.ErrMemory)
	}
	buf, err := b.allocWeight(l.planes * rows * l.stride * l.size)
	if err != nil {
		return gpu.Tensor{}, err
	}
	if err := b.fill(buf, &l, parts); err != nil {
		return gpu.Tensor{}, errors.Join(err, b.Free(buf))
	}
	return gpu.Tensor{Buf: buf, Rows: rows, Cols: cols, Stride: l.stride, DType: dt, Format: f}, nil
}

func (b *Backend) preparable(dt gpu.DType, f gpu.Format) error {
	switch {
	case dt != gpu.F32 && dt != gpu.F16 && dt != gpu.BF16:
		return fmt.Errorf("not f32, f16 or bf16: %w", gpu.ErrUnsupported)
	case dt == gpu.BF16 && !b.hasBF16(), f == gpu.Fast && !b.hasBF16():
		return fmt.Errorf("compute capability %d.%d has no bf16: %w", b.sm/10, b.sm%10, gpu.ErrUnsupported)
	case f > gpu.Fast:
		return fmt.Errorf("this backend has plain, native and fast: %w", gpu.ErrUnsupported)
	case f == gpu.Fast && dt != gpu.F32:
		return fmt.Errorf("fast weights are f32: %w", gpu.ErrUnsupported)
	}
	return nil
}

// fill converts the parts and uploads them.
func (b *Backend) fill(buf *buffer, l *layout, parts []gpu.Host) error {
	b.capturing.RLock()
	defer b.capturing.RUnlock()
	b.preparing.Lock()
	defer b.preparing.Unlock()
	p := &b.uploads
	var err error
	if p.staging == nil { // the first weight
		p.b = b
		if err = p.open(); err != nil {
			err = errors.Join(err, p.close())
			*p = pipe{}
		}
	}
	for i := 0; err == nil && i < len(parts); i++ {
		if err = l.part(&parts[i], func(at int, data []byte) error { return p.in(buf.ptr+driver.Ptr(at), data) }); err != nil {
			err = fmt.Errorf("part %d, %v %d×%d: %w", i, parts[i].DType, parts[i].Rows, parts[i].Cols, err)
		}
		l.first += parts[i].Rows
	}
	if p.staging != nil {
		err = errors.Join(err, p.drain())
	}
	if err != nil {
		return fmt.Errorf("cuda: prepare: %w", b.translated(err))
	}
	return nil
}

// A layout is a weight being written: planes of rows.
type layout struct {
	dt           gpu.DType
	planes, size int // bytes of an element in a plane
	rows, stride int // of a plane, in elements
	first        int // row of the current part
}

// part converts one part and calls upload with blocks of its rows. A transposed one is converted whole, for its rows
// are done only at its end.
func (l *layout) part(h *gpu.Host, upload func(at int, data []byte) error) error {
	if h.Rows == 0 || h.Cols == 0 {
		return nil
	}
	most := min(h.Rows, max(1, blockBytes/(l.stride*l.size)))
	if h.Trans {
		most = h.Rows
	}
	block, from := make([]float32, most*l.stride), 0
	data := make([]byte, len(block)*l.size)
	flush := func(rows int) error {
		x := block[:rows*l.stride]
		for plane := range l.planes {
			l.encode(data, x, plane)
			at := (plane*l.rows + l.first + from) * l.stride * l.size
			if err := upload(at, data[:len(x)*l.size]); err != nil {
				return err
			}
		}
		from += rows
		return nil
	}
	err := weights.Read(h, func(v weights.Values, r, c int) error {
		if h.Trans {
			v.Float32(block[c*l.stride+r:], l.stride)
			return nil
		}
		if r == from+most {
			if err := flush(most); err != nil {
				return err
			}
		}
		v.Float32(block[(r-from)*l.stride+c:], 1)
		return nil
	})
	if err != nil {
		return err
	}
	return flush(h.Rows - from)
}

// encode writes what a plane holds of x.
func (l *layout) encode(data []byte, x []float32, plane int) {
	le := binary.LittleEndian
	switch {
	case l.planes == 2:
		for i, v := range x {
			high := half.ToBF16(v)
			if plane == 1 {
				high = half.ToBF16(v - half.FromBF16(high))
			}
			le.PutUint16(data[2*i:], high)
		}
	case l.dt == gpu.F32:
		for i, v := range x {
			le.PutUint32(data[4*i:], math.Float32bits(v))
		}
	case l.dt == gpu.F16:
		for i, v := range x {
			le.PutUint16(data[2*i:], half.ToF16(v))
		}
	default:
		for i, v := range x {
			le.PutUint16(data[2*i:], half.ToBF16(v))
		}
	}
}
