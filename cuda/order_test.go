package cuda_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/cuda/sim"
	"github.com/rapt-go/rapt/gpu"
)

// The bits of an encoder's layer do not depend on the order in which a GPU runs blocks and warps, nor on the GPU.
func TestOrder(t *testing.T) {
	for _, dt := range []gpu.DType{gpu.F32, gpu.F16, gpu.BF16} {
		var want []float32
		for seed, sm := range []string{"sm_80", "sm_90", "sm_80", "sm_86", "sm_80"} {
			got := layerOutput(t, simulated(t, sm, sim.Options{Seed: uint64(seed), Workers: 1 + seed%2}), dt)
			if want == nil {
				want = got
			}
			require.Equal(t, bits(want), bits(got), "%v with seed %d on %s", dt, seed, sm)
		}
	}
}

func bits(x []float32) []uint32 {
	b := make([]uint32, len(x))
	for i, v := range x {
		b[i] = math.Float32bits(v)
	}
	return b
}

// layerOutput is what a small layer makes of a ragged batch, with attention over more keys than one split.
func layerOutput(t *testing.T, b gpu.Backend, dt gpu.DType) []float32 {
	const width, heads, ffn = 64, 2, 96
	lens := []int32{70, 0, 3, 130}
	s := stream(t, b)
	rng := rand.New(rand.NewPCG(5, 6))
	random := func(dt gpu.DType, rows, cols int) gpu.Tensor {
		values := make([]float32, rows*cols)
		for i := range values {
			values[i] = float32(rng.NormFloat64()) / 4
		}
		x, y := s.Temp(gpu.F32, rows, cols), s.Temp(dt, rows, cols)
		gpu.Write(s, x, values)
		s.Do(&gpu.Cast{Dst: y, X: x})
		return y
	}
	ints := func(v ...int32) gpu.Tensor {
		x := s.Temp(gpu.I32, 1, len(v))
		gpu.Write(s, x, v)
		return x
	}
	seqs := gpu.Seqs{Start: ints(0, 70, 70, 73), Len: ints(lens...), N: 4, Max: 130}
	const rows = 203
	x := random(dt, rows, width)
	qkv, o, y, h := s.Temp(dt, rows, 3*width), s.Like(x), s.Like(x), s.Temp(dt, rows, ffn)
	s.Do(&gpu.Gemm{Dst: qkv, A: x, B: random(dt, 3*width, width), Bias: random(gpu.F32, 1, 3*width)})
	s.Do(&gpu.Attention{Dst: o, Q: qkv.ColRange(0, width), K: qkv.ColRange(width, 2*width), V: qkv.ColRange(2*width, 3*width), QSeq: seqs, KSeq: seqs, Heads: heads})
	s.Do(&gpu.Norm{Dst: y, X: o, Residual: x, Gain: random(gpu.F32, 1, width), Eps: 1e-5})
	s.Do(&gpu.Gemm{Dst: h, A: y, B: random(dt, ffn, width), Act: gpu.GELU})
	one := gpu.Seqs{Start: ints(1, 2), Len: ints(1, 2), N: 2, Max: 2}
	keys := random(dt, 700, 2*width)
	long := gpu.Seqs{Start: ints(0, 600), Len: ints(600, 100), N: 2, Max: 600}
	s.Do(&gpu.Attention{Dst: y, Q: x, K: keys.ColRange(0, width), V: keys.ColRange(width, 2*width), QSeq: one, KSeq: long, Heads: heads})
	out := make([]float32, 0, 2*rows*width)
	for _, z := range []gpu.Tensor{h, y} {
		f := s.Temp(gpu.F32, z.Rows, z.Cols)
		s.Do(&gpu.Cast{Dst: f, X: z})
		v, err := gpu.Read[float32](s, f)
		require.NoError(t, err, fmt.Sprint(dt))
		out = append(out, v...)
	}
	require.NoError(t, s.Close())
	return out
}
