package cuda_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/cuda"
	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/cuda/sim"
	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model/nn"
)

// A witness is a driver that keeps the device it opens.
type witness struct {
	*sim.Driver
	device *sim.Device
}

func (w *witness) Open(i int) (driver.Device, error) {
	d, err := w.Driver.Open(i)
	if err == nil {
		w.device = d.(*sim.Device)
	}
	return d, err
}

// The attention of an encoder's layer is one launch, however long its sequences: none has parts, and no kernel makes a matrix of
// scores or copies heads. Few queries of many other keys are two.
func TestAttentionLaunches(t *testing.T) {
	const width, heads = 32, 2
	for dt, kernel := range map[gpu.DType]string{gpu.F32: "attention_simt32", gpu.BF16: "attention_flash16_bf16"} {
		v, err := sim.New(sim.Options{})
		require.NoError(t, err)
		w := &witness{Driver: v}
		b, err := cuda.Open(w, 0, cuda.Workspace(1<<20))
		require.NoError(t, err)
		s := stream(t, b)
		filled := func(dt gpu.DType, rows, cols int) gpu.Tensor {
			x := s.Temp(dt, rows, cols)
			s.Do(&gpu.Fill{Dst: x, Value: 0.125})
			return x
		}
		seqs := func(lens ...int32) gpu.Seqs {
			starts, rows, most := make([]int32, len(lens)), int32(0), int32(0)
			for i, n := range lens {
				starts[i] = rows
				rows, most = rows+n, max(most, n)
			}
			start, length := s.Temp(gpu.I32, 1, len(lens)), s.Temp(gpu.I32, 1, len(lens))
			gpu.Write(s, start, starts)
			gpu.Write(s, length, lens)
			return gpu.Seqs{Start: start, Len: length, N: len(lens), Max: int(most)}
		}
		linear := func(n int) nn.Linear {
			return nn.Linear{Weight: filled(dt, n, width), Bias: filled(gpu.F32, 1, n)}
		}
		layer := nn.Attention{QKV: linear(3 * width), Out: linear(width), Heads: heads}
		launches := func(work func()) map[string]int {
			require.NoError(t, s.Sync())
			w.device.ResetCounters()
			work()
			require.NoError(t, s.Sync())
			count := map[string]int{}
			for _, c := range w.device.Counters() {
				if name := c.Kernel.Name(); !strings.HasPrefix(name, "gemm_") {
					count[name] = c.Launches
				}
			}
			return count
		}
		for _, lens := range [][]int32{{1, 0, 17}, {257, 5}} {
			rows := 0
			for _, n := range lens {
				rows += int(n)
			}
			x, seqs := filled(dt, rows, width), seqs(lens...)
			require.Equal(t, map[string]int{kernel: 1}, launches(func() { layer.Self(s, x, seqs) }), "%v, lengths %d", dt, lens)
		}
		q, kv, one, long := filled(dt, 2, width), filled(dt, 257, width), seqs(2), seqs(257)
		two := launches(func() {
			s.Do(&gpu.Attention{Dst: s.Like(q), Q: q, K: kv, V: kv, QSeq: one, KSeq: long, Heads: heads})
		})
		require.Len(t, two, 2, "%v, other keys", dt)
		require.Equal(t, 1, two["attention_combine"], "%v, other keys", dt)
		require.NoError(t, s.Close())
		require.NoError(t, b.Close())
	}
}
