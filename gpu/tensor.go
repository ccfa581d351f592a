package gpu

import (
	"fmt"
	"math"
)

// A DType is the type of a tensor's elements: what kernels compute with. What
// checkpoints hold is a [HostType].
type DType uint8

// The element types of device memory.
const (
	F32 DType = iota
	F16
	BF16
	I32
	I8
	dtypes
)

// Size is the number of bytes of one element, zero for a type that is none.
func (t DType) Size() int {
	if t >= dtypes {
		return 0
	}
	return [...]int{4, 2, 2, 4, 1}[t]
}

func (t DType) String() string {
	if t >= dtypes {
		return fmt.Sprintf("DType(%d)", uint8(t))
	}
	return [...]string{"f32", "f16", "bf16", "i32", "i8"}[t]
}

// A Format says how a weight is laid out, and with it how precisely it multiplies.
type Format uint8

// The layouts of weights.
const (
	Plain  Format = iota // rows; may be uploaded, embedded, trained, and multiplied in every Form
	Native               // the backend's fastest layout, at the DType's own precision
	Fast                 // f32 weights multiplied as pairs of shorter floats; about 1e-5 relative error
	Q8                   // 8-bit weights, one scale per row
	Q4                   // 4-bit weights, one scale per group of 32
	formats
)

func (f Format) String() string {
	if f >= formats {
		return fmt.Sprintf("Format(%d)", uint8(f))
	}
	return [...]string{"plain", "native", "fast", "q8", "q4"}[f]
}

// A Buffer is a block of device memory, owned by the backend that made it. Its
// dynamic type is a pointer, so buffers can be compared and be map keys.
type Buffer interface {
	Size() int // bytes
}

// A Tensor is a matrix: a typed view of rows in a [Buffer]. It is a small value;
// copying it copies no data. A vector is a matrix of one row. The zero Tensor
// stands for an absent optional operand. No method panics on any Tensor.
type Tensor struct {
	Buf    Buffer
	Off    int // the first element, in elements from the start of Buf
	Rows   int
	Cols   int
	Stride int // elements from one row to the next
	DType  DType
	Format Format // other than Plain, only Gemm may read it, as B or Up
}

// IsZero reports whether t is absent. A tensor of no rows is present.
func (t Tensor) IsZero() bool { return t.Cols == 0 }

// Len is the number of elements.
func (t Tensor) Len() int { return t.Rows * t.Cols }

// ColRange is the view of columns [lo, hi) of every row. A range outside t, or a
// part of a tensor that is not Plain, has no memory: operations refuse it.
func (t Tensor) ColRange(lo, hi int) Tensor {
	inside := 0 <= lo && lo <= hi && hi <= t.Cols
	t.Off, t.Cols = t.Off+lo, hi-lo
	return t.part(inside)
}

// RowRange is the view of rows [lo, hi), under the conditions of [Tensor.ColRange].
func (t Tensor) RowRange(lo, hi int) Tensor {
	inside := 0 <= lo && lo <= hi && hi <= t.Rows
	t.Off, t.Rows = t.Off+lo*t.Stride, hi-lo
	return t.part(inside)
}

// Windows is the view whose row i is rows [i·step, i·step+n) of t laid end to
// end; t's rows have no gaps, or the view has no memory. Windows overlap when
// step < n, so they may be read and not written. As the A of a [Gemm] they make a
// convolution over rows.
func (t Tensor) Windows(n, step int) Tensor {
	if n <= 0 || step <= 0 || t.Stride != t.Cols && t.Rows > 1 {
		t.Rows, t.Cols = 0, max(n, 0)*t.Cols
		return t.part(false)
	}
	t.Rows, t.Cols, t.Stride = max(0, (t.Rows-n+step)/step), n*t.Cols, step*t.Cols
	return t.part(true)
}

func (t Tensor) part(inside bool) Tensor {
	if t.Format != Plain || !inside {
		t.Buf = nil
	}
	return t
}

// end is one past the last element, in elements from the start of Buf.
func (t *Tensor) end() int {
	if t.Len() == 0 {
		return t.Off
	}
	return t.Off + (t.Rows-1)*t.Stride + t.Cols
}

// within reports whether t, which is not empty and has no negative field, lies within n elements, and
// whether its own elements can be counted. No sum or product here overflows, whatever the fields.
func (t *Tensor) within(n int) bool {
	if t.Cols > n || t.Off > n-t.Cols || t.Rows > math.MaxInt/t.Cols {
		return false
	}
	return t.Rows == 1 || t.Stride == 0 || t.Rows-1 <= (n-t.Cols-t.Off)/t.Stride
}

// Overlaps reports whether a and b share memory. Views of one type and stride,
// such as column ranges of one matrix, are told apart exactly; of others, only
// the spans that they lie in are compared.
func (t Tensor) Overlaps(b Tensor) bool {
	if t.Buf == nil || t.Buf != b.Buf || t.Len() == 0 || b.Len() == 0 {
		return false
	}
	ts, bs := t.DType.Size(), b.DType.Size()
	if t.end()*ts <= b.Off*bs || b.end()*bs <= t.Off*ts {
		return false
	}
	if ts != bs || t.Stride != b.Stride || t.Stride < max(t.Cols, b.Cols) {
		return true
	}
	gap := ((b.Off-t.Off)%t.Stride + t.Stride) % t.Stride // from t's first column to b's
	return gap < t.Cols || gap+b.Cols > t.Stride
}

func (t Tensor) String() string { return fmt.Sprintf("%s[%d×%d]", t.DType, t.Rows, t.Cols) }
