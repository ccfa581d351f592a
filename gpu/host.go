package gpu

import (
	"fmt"
	"io"
)

// A HostType is the type of elements in host memory, as checkpoints hold them,
// little-endian. Prepare converts it to a [DType].
type HostType uint8

// The element types of checkpoints.
const (
	HostF32 HostType = iota
	HostF64
	HostF16
	HostBF16
	HostI64
	HostI32
	HostU8
	HostI8
	hostTypes
)

// Size is the number of bytes of one element, zero for a type that is none.
func (t HostType) Size() int {
	if t >= hostTypes {
		return 0
	}
	return [...]int{4, 8, 2, 2, 8, 4, 1, 1}[t]
}

func (t HostType) String() string {
	if t >= hostTypes {
		return fmt.Sprintf("HostType(%d)", uint8(t))
	}
	return [...]string{"F32", "F64", "F16", "BF16", "I64", "I32", "U8", "I8"}[t]
}

// A Host is a matrix in host memory or in a file, which Prepare reads piece by
// piece, so that a mapped checkpoint and the prepared weights need not both be
// resident. It is Rows×Cols once read; Trans says that Src holds its transpose,
// Cols×Rows, as GPT-2's checkpoints do.
type Host struct {
	Src        io.ReaderAt
	Off        int64 // of the first element in Src, in bytes
	DType      HostType
	Rows, Cols int
	Trans      bool
}
