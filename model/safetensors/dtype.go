// Element types, and how many bytes a tensor of one takes.

package safetensors

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// DType is the type of a tensor's elements, as the format spells it.
type DType string

// The dtypes of the format.
const (
	BOOL        DType = "BOOL" // a byte, 0 or 1
	F4          DType = "F4"   // E2M1, two to a byte
	F6_E2M3     DType = "F6_E2M3"
	F6_E3M2     DType = "F6_E3M2"
	U8          DType = "U8"
	I8          DType = "I8"
	F8_E5M2     DType = "F8_E5M2"
	F8_E4M3     DType = "F8_E4M3"
	F8_E8M0     DType = "F8_E8M0"
	F8_E4M3FNUZ DType = "F8_E4M3FNUZ"
	F8_E5M2FNUZ DType = "F8_E5M2FNUZ"
	I16         DType = "I16"
	U16         DType = "U16"
	F16         DType = "F16"
	BF16        DType = "BF16"
	I32         DType = "I32"
	U32         DType = "U32"
	F32         DType = "F32"
	C64         DType = "C64" // a complex number of two F32
	F64         DType = "F64"
	I64         DType = "I64"
	U64         DType = "U64"
)

// dtypes lists every dtype with its width, in the order of the reference implementation: writers put the last first.
var dtypes = [...]struct {
	DType
	bits int
}{
	{BOOL, 8}, {F4, 4}, {F6_E2M3, 6}, {F6_E3M2, 6}, {U8, 8}, {I8, 8}, {F8_E5M2, 8}, {F8_E4M3, 8}, {F8_E8M0, 8},
	{F8_E4M3FNUZ, 8}, {F8_E5M2FNUZ, 8}, {I16, 16}, {U16, 16}, {F16, 16}, {BF16, 16}, {I32, 32}, {U32, 32}, {F32, 32},
	{C64, 64}, {F64, 64}, {I64, 64}, {U64, 64},
}

// rank is the place of d in dtypes, or -1.
func (d DType) rank() int {
	for i := range dtypes {
		if dtypes[i].DType == d {
			return i
		}
	}
	return -1
}

// Size is the length of one element in bytes; 0 for a dtype that is unknown, or smaller than a byte (F4 and the two F6).
func (d DType) Size() int {
	if i := d.rank(); i >= 0 && dtypes[i].bits%8 == 0 {
		return dtypes[i].bits / 8
	}
	return 0
}

// maxRank bounds the number of dimensions: NumPy and PyTorch make none with more than 64.
const maxRank = 64

// byteSize is the length of a tensor's data. The product of the dimensions that are not zero must fit an int, though a zero would make
// the whole product zero, so that callers may multiply any of them without another check.
func byteSize(d DType, shape []int) (int64, error) {
	i := d.rank()
	if i < 0 {
		known := make([]string, len(dtypes))
		for i := range dtypes {
			known[i] = string(dtypes[i].DType)
		}
		return 0, fmt.Errorf("unknown dtype %s (known: %s)", quote(string(d)), strings.Join(known, ", "))
	}
	if len(shape) > maxRank {
		return 0, fmt.Errorf("shape has %d dimensions, at most %d are supported", len(shape), maxRank)
	}
	n := 1
	for _, dim := range shape {
		if dim < 0 {
			return 0, fmt.Errorf("shape %v has a negative dimension", shape)
		}
		if dim != 0 && n > math.MaxInt/dim {
			return 0, fmt.Errorf("shape %v is too large: its product overflows", shape)
		}
		n *= max(dim, 1)
	}
	bits := int64(dtypes[i].bits)
	if int64(n) > math.MaxInt64/bits {
		return 0, fmt.Errorf("shape %v of %s is too large: its size overflows", shape, d)
	}
	if slices.Contains(shape, 0) {
		return 0, nil
	}
	if int64(n)*bits%8 != 0 {
		return 0, fmt.Errorf("shape %v of %s does not fill whole bytes", shape, d)
	}
	return int64(n) * bits / 8, nil
}
