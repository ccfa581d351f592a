package weights

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/gpu"
)

// −2, 1 and 3 (of unsigned ones 2) in each type, by hand from the formats: little-endian.
var encoded = map[gpu.HostType]struct {
	bytes string
	want  []float32
}{
	gpu.HostF32:  {"\x00\x00\x00\xc0\x00\x00\x80\x3f\x00\x00\x40\x40", []float32{-2, 1, 3}},
	gpu.HostF64:  {"\x00\x00\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\xf0\x3f\x00\x00\x00\x00\x00\x00\x08\x40", []float32{-2, 1, 3}},
	gpu.HostF16:  {"\x00\xc0\x00\x3c\x00\x42", []float32{-2, 1, 3}},
	gpu.HostBF16: {"\x00\xc0\x80\x3f\x40\x40", []float32{-2, 1, 3}},
	gpu.HostI64:  {"\xfe\xff\xff\xff\xff\xff\xff\xff\x01\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00", []float32{-2, 1, 3}},
	gpu.HostI32:  {"\xfe\xff\xff\xff\x01\x00\x00\x00\x03\x00\x00\x00", []float32{-2, 1, 3}},
	gpu.HostU8:   {"\xfe\x01\x03", []float32{254, 1, 3}},
	gpu.HostI8:   {"\xfe\x01\x03", []float32{-2, 1, 3}},
}

func TestFloat32(t *testing.T) {
	for dt, c := range encoded {
		h := gpu.Host{Src: strings.NewReader("skip" + c.bytes), Off: 4, DType: dt, Rows: 1, Cols: 3}
		got := make([]float32, 6)
		require.NoError(t, Read(&h, func(v Values, r, col int) error {
			assert.Equal(t, []int{3, 0, 0}, []int{v.Len(), r, col}, dt)
			v.Float32(got, 2)
			assert.Equal(t, 1, v.Slice(2, 3).Len())
			return nil
		}))
		assert.Equal(t, []float32{c.want[0], 0, c.want[1], 0, c.want[2], 0}, got, dt)
	}
}

// Every element comes once and in order, whatever pieces a source is read in; of a transposed matrix by its columns.
func TestRead(t *testing.T) {
	for _, s := range [][2]int{{0, 5}, {5, 0}, {1, 1}, {3, pieceBytes + 1}, {700, 701}} {
		for _, trans := range []bool{false, true} {
			rows, cols := s[0], s[1] // of the source
			data := make([]byte, rows*cols)
			for i := range data {
				data[i] = byte(i % 251)
			}
			h := gpu.Host{Src: bytes.NewReader(data), DType: gpu.HostU8, Rows: rows, Cols: cols, Trans: trans}
			if trans {
				h.Rows, h.Cols = cols, rows
			}
			at := 0
			require.NoError(t, Read(&h, func(v Values, r, c int) error {
				require.Equal(t, at, r*cols+c)
				require.LessOrEqual(t, c+v.Len(), cols, "of one row")
				require.Equal(t, data[at:][:v.Len()], v.data)
				at += v.Len()
				return nil
			}))
			require.Equal(t, len(data), at)
		}
	}
}

func TestReadFails(t *testing.T) {
	h := gpu.Host{Src: strings.NewReader("1234567"), DType: gpu.HostF32, Rows: 2, Cols: 1}
	err := Read(&h, func(Values, int, int) error { return nil })
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.ErrorContains(t, err, "read 8 bytes at 0")
	h.Rows = 1
	require.ErrorIs(t, Read(&h, func(Values, int, int) error { return io.ErrClosedPipe }), io.ErrClosedPipe)
}

func TestStacked(t *testing.T) {
	src := strings.NewReader("")
	rows, cols, err := Stacked([]gpu.Host{{Src: src, Rows: 2, Cols: 3}, {Cols: 3}, {Src: src, Rows: 4, Cols: 3, Trans: true}})
	require.NoError(t, err)
	require.Equal(t, []int{6, 3}, []int{rows, cols})
	for want, parts := range map[string][]gpu.Host{
		"no parts":                 nil,
		"part 1 is 1×2, below 3":   {{Src: src, Rows: 2, Cols: 3}, {Src: src, Rows: 1, Cols: 2}},
		"part 0 is -1×2":           {{Src: src, Rows: -1, Cols: 2}},
		"part 0 has no source":     {{Rows: 1, Cols: 2}},
		"part 0 is 1×1 at byte -1": {{Src: src, Rows: 1, Cols: 1, Off: -1}},
		fmt.Sprintf("part 0 is 1×%d at byte 4611686018427387903", math.MaxInt): {{Src: src, Rows: 1, Cols: math.MaxInt, Off: math.MaxInt64 / 2}},
		"part 1 is ": {{Src: src, Rows: math.MaxInt / 2, Cols: 0}, {Src: src, Rows: math.MaxInt, Cols: 0}},
	} {
		_, _, err := Stacked(parts)
		require.ErrorIs(t, err, gpu.ErrShape, want)
		require.ErrorContains(t, err, want)
	}
	_, _, err = Stacked([]gpu.Host{{Src: src, DType: 99, Rows: 1, Cols: 1}})
	require.ErrorIs(t, err, gpu.ErrUnsupported)
}
