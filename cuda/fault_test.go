package cuda_test

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/cuda/sim"
	"github.com/rapt-go/rapt/gpu"
)

// TestFaults gives operations indices that are out of range: each is reported once, the rest is done, and the simulator finds
// no access outside memory.
func TestFaults(t *testing.T) {
	b := simulated(t, "sm_80", sim.Options{})
	q, err := b.NewQueue()
	require.NoError(t, err)
	tensor := func(dt gpu.DType, rows, cols int, words ...uint32) gpu.Tensor {
		buf, err := b.Alloc(4 * rows * cols)
		require.NoError(t, err)
		data := make([]byte, 0, 4*rows*cols)
		for i := range rows * cols {
			data = binary.LittleEndian.AppendUint32(data, words[i%len(words)])
		}
		require.NoError(t, q.Upload(buf, 0, data))
		return gpu.Tensor{Buf: buf, Rows: rows, Cols: cols, Stride: cols, DType: dt}
	}
	ints := func(v ...int32) gpu.Tensor {
		words := make([]uint32, len(v))
		for i, x := range v {
			words[i] = uint32(x)
		}
		return tensor(gpu.I32, 1, len(v), words...)
	}
	floats := func(rows int, v float32) gpu.Tensor { return tensor(gpu.F32, rows, 1, math.Float32bits(v)) }
	const most, least = math.MaxInt32, math.MinInt32
	for _, c := range []struct {
		name string
		op   func(dst gpu.Tensor) gpu.Op // dst is a column of three sevens
		want []float32                   // NaN is NaN
	}{
		{"Embed", func(dst gpu.Tensor) gpu.Op {
			return &gpu.Embed{Dst: dst, Table: floats(4, 2), IDs: ints(3, 4, 0)}
		}, []float32{2, nan, 2}},
		{"Embed", func(dst gpu.Tensor) gpu.Op {
			return &gpu.Embed{Dst: dst, Table: floats(4, 2), IDs: ints(0, 0, 0), Pos: floats(2, 1), Positions: ints(most, 1, -1), Type: floats(1, 1), Types: ints(0, 0, 0)}
		}, []float32{nan, 4, nan}},
		{"Take", func(dst gpu.Tensor) gpu.Op { return &gpu.Take{Dst: dst, Src: floats(2, 1), At: ints(2, -1, 1)} }, []float32{nan, 0, 1}},
		{"Put", func(dst gpu.Tensor) gpu.Op { return &gpu.Put{Dst: dst, Src: floats(3, 1), At: ints(3, least, 0)} }, []float32{1, 7, 7}},
		{"Put", func(dst gpu.Tensor) gpu.Op {
			return &gpu.Put{Dst: dst, Src: floats(3, 1), At: ints(1, most, 1), Add: true}
		}, []float32{7, 9, 7}},
		{"Scatter", func(dst gpu.Tensor) gpu.Op {
			return &gpu.Scatter{Dst: dst, Row: ints(0, 3, 2), Col: ints(1, 0, 0), Value: tensor(gpu.F32, 1, 3, math.Float32bits(5))}
		}, []float32{7, 7, 5}},
		{"Scatter", func(dst gpu.Tensor) gpu.Op {
			return &gpu.Scatter{Dst: dst, Row: ints(0), Col: ints(-1), Value: tensor(gpu.F32, 1, 1, math.Float32bits(5))}
		}, []float32{7, 7, 7}},
		{"Pool", func(dst gpu.Tensor) gpu.Op {
			return &gpu.Pool{Dst: dst, X: floats(4, 1), Kind: gpu.Sum, Seqs: gpu.Seqs{Start: ints(3, -1, 0), Len: ints(2, 2, -5), N: 3, Max: 2}}
		}, []float32{1, 1, 0}},
		{"Pool", func(dst gpu.Tensor) gpu.Op {
			pages := ints(1, 0, most, 0, 0, 1)
			pages.Rows, pages.Cols, pages.Stride = 3, 2, 2
			return &gpu.Pool{Dst: dst, X: floats(4, 1), Kind: gpu.Sum, Seqs: gpu.Seqs{Pages: pages, PageRows: 2, Len: ints(4, 3, 6), N: 3, Max: 4}}
		}, []float32{4, 1, 4}},
		{"CrossEntropy", func(dst gpu.Tensor) gpu.Op {
			target := ints(0, -1, 1)
			target.Rows, target.Cols, target.Stride = 3, 1, 1
			return &gpu.CrossEntropy{Loss: dst, X: floats(3, 5), Target: target}
		}, []float32{0, 0, nan}},
	} {
		dst := floats(3, 7)
		require.NoError(t, q.Run(c.op(dst)))
		err := q.Sync()
		assert.ErrorIs(t, err, gpu.ErrIndex, c.name)
		assert.ErrorContains(t, err, c.name)
		got := make([]byte, 12)
		require.NoError(t, q.Download(got, dst.Buf, 0), "reported once")
		for i, want := range c.want {
			x := math.Float32frombits(binary.LittleEndian.Uint32(got[4*i:]))
			assert.True(t, x == want || x != x && want != want, "%s: element %d is %v, not %v", c.name, i, x, want)
		}
	}
	require.NoError(t, q.Close())
}

var nan = float32(math.NaN())
