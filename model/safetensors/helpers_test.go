package safetensors

import (
	"bytes"
	"encoding/binary"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

const golden = "../../testdata/golden/"

// file puts the length in front of a header and data behind it.
func file(header string, data ...byte) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), data...)
}

func read(b []byte) (*File, error) {
	return Read("dir/x.safetensors", bytes.NewReader(b), int64(len(b)))
}

func bytesOf(t testing.TB, x Tensor) []byte {
	t.Helper()
	b := make([]byte, x.Size)
	if x.Size > 0 {
		_, err := io.ReadFull(io.NewSectionReader(x.Src, x.Off, x.Size), b)
		require.NoError(t, err)
	}
	return b
}

// tensor makes a tensor whose data are given.
func tensor(name string, d DType, shape []int, data []byte) Tensor {
	return Tensor{Name: name, DType: d, Shape: shape, Src: bytes.NewReader(data), Size: int64(len(data))}
}
