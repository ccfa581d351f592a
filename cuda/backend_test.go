package cuda_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	cpu "github.com/rapt-go/rapt/cpu_fallback"
	"github.com/rapt-go/rapt/cuda"
	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/cuda/sim"
	"github.com/rapt-go/rapt/gpu"
)

func stream(t *testing.T, b gpu.Backend, wrap ...func(gpu.Queue) gpu.Queue) *gpu.Stream {
	t.Helper()
	s, err := gpu.NewStream(b, wrap...)
	require.NoError(t, err)
	return s
}

func TestOpen(t *testing.T) {
	old := sim.T4
	old.Name, old.Major, old.Minor = "Tesla P100", 6, 0
	v, err := sim.New(sim.Options{Devices: []driver.Info{sim.H100, old}})
	require.NoError(t, err)
	b, err := cuda.Open(v, 0)
	require.NoError(t, err)
	assert.Equal(t, "cuda:0 NVIDIA H100 80GB HBM3", b.Info().Name)
	assert.Equal(t, gpu.BF16, b.Info().Default)
	assert.Positive(t, b.Info().Memory)
	require.NoError(t, b.Close())
	require.NoError(t, b.Close(), "again")
	_, err = b.Alloc(1)
	assert.ErrorIs(t, err, gpu.ErrClosed)
	_, err = b.NewQueue()
	assert.ErrorIs(t, err, gpu.ErrClosed)

	_, err = cuda.Open(v, 1)
	assert.ErrorIs(t, err, gpu.ErrNoDevice)
	assert.ErrorContains(t, err, "Tesla P100, has compute capability 6.0, the kernels need 7.5")
	_, err = cuda.Open(v, 2)
	assert.ErrorIs(t, err, gpu.ErrNoDevice)
	assert.ErrorContains(t, err, "CUDA_ERROR_INVALID_DEVICE")

	assert.Equal(t, gpu.F16, simulated(t, "sm_75", sim.Options{}).Info().Default)
}

// A driver that is too old for the kernels' PTX says so when they are loaded.
func TestOldDriver(t *testing.T) {
	b := simulated(t, "sm_75", sim.Options{Version: 10020})
	s := stream(t, b)
	s.Do(&gpu.Fill{Dst: s.Temp(gpu.F32, 1, 4), Value: 1})
	require.ErrorIs(t, s.Err(), &driver.Error{Code: driver.UnsupportedPTXVersion})
	require.ErrorContains(t, s.Err(), "load the kernels of fill")
	s.Close()
}

func TestMemory(t *testing.T) {
	small := sim.A100
	small.Memory = 64 << 20
	v, err := sim.New(sim.Options{Devices: []driver.Info{small}})
	require.NoError(t, err)
	b, err := cuda.Open(v, 0, cuda.Workspace(1<<20))
	require.NoError(t, err)
	defer func() { require.NoError(t, b.Close()) }()
	_, err = b.Alloc(65 << 20)
	require.ErrorIs(t, err, gpu.ErrMemory)
	require.ErrorIs(t, err, &driver.Error{Code: driver.OutOfMemory})
	w := gpu.Host{Src: zeros{}, DType: gpu.HostF32, Rows: 1 << 20, Cols: 17}
	_, err = b.Prepare(gpu.F32, gpu.Native, w)
	require.ErrorIs(t, err, gpu.ErrMemory)
	free := b.Info().Memory
	buf, err := b.Alloc(16 << 20)
	require.NoError(t, err)
	require.Less(t, b.Info().Memory, free)
	require.NoError(t, b.Free(buf))
	require.Equal(t, free, b.Info().Memory)
	require.ErrorIs(t, b.Free(buf), gpu.ErrClosed)
	require.NoError(t, b.Free(nil))
	c, err := cpu.Open()
	require.NoError(t, err)
	defer c.Close()
	foreign, err := c.Alloc(8)
	require.NoError(t, err)
	require.ErrorIs(t, b.Free(foreign), gpu.ErrUnsupported)

	s := stream(t, b)
	s.Do(&gpu.Fill{Dst: gpu.Tensor{Buf: foreign, Rows: 1, Cols: 2, Stride: 2}})
	require.ErrorIs(t, s.Err(), gpu.ErrUnsupported)
	s.Close()
	s = stream(t, b)
	s.Do(&gpu.Fill{Dst: gpu.Tensor{Buf: buf, Rows: 1, Cols: 2, Stride: 2}})
	require.ErrorIs(t, s.Err(), gpu.ErrClosed)
	s.Close()
	require.Equal(t, free, b.Info().Memory, "queues have given back what they took")
}

type zeros struct{}

func (zeros) ReadAt(p []byte, _ int64) (int, error) { clear(p); return len(p), nil }

// Weights of several blocks, stacked, transposed, in each type; rows are padded with zeros.
func TestPrepare(t *testing.T) {
	b := simulated(t, "sm_80", sim.Options{})
	host := func(rows, cols int, trans bool) (gpu.Host, func(i, j int) float32) {
		value := func(i, j int) float32 { return float32(i*cols+j) / 1024 }
		var data []byte
		for k := range rows * cols {
			i, j := k/cols, k%cols
			if trans {
				i, j = k%rows, k/rows
			}
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(value(i, j)))
		}
		return gpu.Host{Src: bytes.NewReader(data), DType: gpu.HostF32, Rows: rows, Cols: cols, Trans: trans}, value
	}
	for _, dt := range []gpu.DType{gpu.F32, gpu.F16, gpu.BF16} {
		one, first := host(300, 1001, false)
		two, second := host(7, 1001, true)
		w, err := b.Prepare(dt, gpu.Plain, one, two, one)
		require.NoError(t, err)
		require.Equal(t, [2]int{607, 1001}, [2]int{w.Rows, w.Cols})
		require.Zero(t, w.Stride*dt.Size()%16)
		s := stream(t, b)
		f := s.Temp(gpu.F32, w.Rows, w.Cols)
		s.Do(&gpu.Cast{Dst: f, X: w})
		got, err := gpu.Read[float32](s, f)
		require.NoError(t, err)
		unit := map[gpu.DType]float64{gpu.F32: 0, gpu.F16: 0x1p-11, gpu.BF16: 0x1p-8}[dt]
		for k, g := range got {
			i, j := k/1001, k%1001
			want := float64(first(i%307, j))
			if i >= 300 && i < 307 {
				want = float64(second(i-300, j))
			}
			require.InDelta(t, want, g, unit*want, "%v: row %d column %d", dt, i, j)
		}
		pad := w
		pad.Off, pad.Cols = w.Cols, w.Stride-w.Cols
		s.Do(&gpu.Cast{Dst: f.ColRange(0, pad.Cols), X: pad})
		got, err = gpu.Read[float32](s, f.ColRange(0, pad.Cols))
		require.NoError(t, err)
		require.Equal(t, make([]float32, len(got)), got)
		require.NoError(t, s.Close())
		require.NoError(t, b.Free(w.Buf))
	}
	free := b.Info().Memory
	cut, _ := host(300, 1001, false)
	cut.Src = io.NewSectionReader(zeros{}, 0, 300*1001*4-1)
	_, err := b.Prepare(gpu.F32, gpu.Native, cut)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.ErrorContains(t, err, "part 0, F32 300×1001")
	require.Equal(t, free, b.Info().Memory, "nothing is left of it")
}

// Small weights share allocations, which are freed with the last of them.
func TestSlabs(t *testing.T) {
	v, err := sim.New(sim.Options{})
	require.NoError(t, err)
	b, err := cuda.Open(v, 0, cuda.Slabs(1<<16))
	require.NoError(t, err)
	defer func() { require.NoError(t, b.Close()) }()
	prepare := func(n int, value float32) gpu.Tensor {
		data := make([]byte, 0, 4*n)
		for range n {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(value))
		}
		w, err := b.Prepare(gpu.F32, gpu.Plain, gpu.Host{Src: bytes.NewReader(data), DType: gpu.HostF32, Rows: 1, Cols: n})
		require.NoError(t, err)
		return w
	}
	prepare(5000, 1) // larger than an eighth of a slab, and what Prepare itself needs
	free := b.Info().Memory
	var weights []gpu.Tensor
	for i := range 100 { // 100 of 1 to 8 KiB are about seven slabs
		weights = append(weights, prepare(256*(1+i%8), float32(i)))
	}
	taken := free - b.Info().Memory
	require.Zero(t, taken%(1<<16))
	require.LessOrEqual(t, taken, int64(10<<16))
	s := stream(t, b)
	for i, w := range weights {
		require.Equal(t, 4*256*(1+i%8), w.Buf.Size())
		got, err := gpu.Read[float32](s, w)
		require.NoError(t, err)
		require.Len(t, got, 256*(1+i%8))
		for _, x := range got {
			require.Equal(t, float32(i), x)
		}
	}
	require.NoError(t, s.Close())
	for _, w := range weights {
		require.NoError(t, b.Free(w.Buf))
		require.ErrorIs(t, b.Free(w.Buf), gpu.ErrClosed)
	}
	require.Equal(t, free, b.Info().Memory)
}

// Indices out of range leave memory alone and are told at the next wait, once.
func TestFault(t *testing.T) {
	b := simulated(t, "sm_80", sim.Options{})
	for name, do := range map[string]func(s *gpu.Stream, x gpu.Tensor, bad gpu.Tensor){
		"Embed": func(s *gpu.Stream, x, bad gpu.Tensor) {
			s.Do(&gpu.Embed{Dst: s.Temp(gpu.F32, 2, 4), Table: x, IDs: bad})
		},
		"Take": func(s *gpu.Stream, x, bad gpu.Tensor) { s.Do(&gpu.Take{Dst: s.Temp(gpu.F32, 2, 4), Src: x, At: bad}) },
		"Put": func(s *gpu.Stream, x, bad gpu.Tensor) {
			y := s.Temp(gpu.F32, 2, 4)
			s.Do(&gpu.Fill{Dst: y})
			s.Do(&gpu.Put{Dst: x, Src: y, At: bad})
		},
		"Scatter": func(s *gpu.Stream, x, bad gpu.Tensor) {
			v := s.Temp(gpu.F32, 1, 2)
			s.Do(&gpu.Fill{Dst: v})
			s.Do(&gpu.Scatter{Dst: x, Row: bad, Col: bad, Value: v})
		},
	} {
		t.Run(name, func(t *testing.T) {
			var q gpu.Queue
			s := stream(t, b, func(own gpu.Queue) gpu.Queue { q = own; return own })
			x, bad := s.Temp(gpu.F32, 3, 4), s.Temp(gpu.I32, 1, 2)
			s.Do(&gpu.Fill{Dst: x, Value: 7})
			gpu.Write(s, bad, []int32{1 << 30, 3})
			do(s, x, bad)
			require.NoError(t, s.Err())
			require.ErrorIs(t, q.Sync(), gpu.ErrIndex)
			require.NoError(t, q.Sync())
			got, err := gpu.Read[float32](s, x)
			require.NoError(t, err)
			for _, v := range got {
				require.EqualValues(t, 7, v)
			}
			do(s, x, bad)
			_, err = gpu.Read[float32](s, x)
			require.ErrorIs(t, err, gpu.ErrIndex)
			s.Close()
		})
	}
}

// Uploads and downloads larger than the pinned memory that they pass through, many small ones without a wait, in order.
func TestTransfers(t *testing.T) {
	seeds := uint64(4)
	if testing.Short() {
		seeds = 1
	}
	for seed := range seeds {
		b := simulated(t, "sm_80", sim.Options{Seed: seed})
		s := stream(t, b)
		big := s.Temp(gpu.F32, 1, 2_500_000)
		data := make([]float32, big.Cols)
		for i := range data {
			data[i] = float32(i % 1_000_003)
		}
		gpu.Write(s, big, data)
		for i := range 2000 {
			gpu.Write(s, big.ColRange(i, i+1), []float32{-float32(i)})
			data[i] = -float32(i)
		}
		got, err := gpu.Read[float32](s, big)
		require.NoError(t, err)
		require.Equal(t, data, got)
		require.NoError(t, s.Close())
	}
}

// What a capture records is launched in order, again and again, with what is in memory by then. What a capture cannot
// hold is refused and leaves the queue as it was.
func TestCapture(t *testing.T) {
	b := simulated(t, "sm_80", sim.Options{})
	var q gpu.Queue
	s := stream(t, b, func(own gpu.Queue) gpu.Queue { q = own; return own })
	x, y := s.Temp(gpu.F32, 3, 5), s.Temp(gpu.F32, 3, 5)
	s.Do(&gpu.Fill{Dst: x, Value: 1})
	double := func() error {
		s.Do(&gpu.Pointwise{Dst: y, X: x, Y: x, Plus: true})
		s.Do(&gpu.Pointwise{Dst: x, X: y})
		return s.Err()
	}
	g, err := q.(gpu.Capturer).Capture(double)
	require.NoError(t, err)
	for range 5 {
		require.NoError(t, g.Launch())
	}
	got, err := gpu.Read[float32](s, x)
	require.NoError(t, err)
	for _, v := range got {
		require.EqualValues(t, 32, v)
	}
	require.NoError(t, g.Close())

	for name, bad := range map[string]func() error{
		"sync":     func() error { return q.Sync() },
		"upload":   func() error { return q.Upload(x.Buf, 0, make([]byte, 4)) },
		"download": func() error { return q.Download(make([]byte, 4), x.Buf, 0) },
		"capture":  func() error { _, err := q.(gpu.Capturer).Capture(double); return err },
		"an error": func() error { return gpu.ErrUnsupported },
	} {
		_, err := q.(gpu.Capturer).Capture(bad)
		require.ErrorIs(t, err, gpu.ErrUnsupported, name)
		require.NoError(t, q.Sync(), name)
	}
	g, err = q.(gpu.Capturer).Capture(func() error { return nil })
	require.NoError(t, err)
	require.NoError(t, errors.Join(g.Launch(), g.Close(), s.Close()))
}

func TestProfiler(t *testing.T) {
	b := simulated(t, "sm_80", sim.Options{})
	var p cuda.Profiler
	s := stream(t, b, p.Wrap)
	x := s.Temp(gpu.F32, 64, 64)
	for range 2 {
		s.Do(&gpu.Fill{Dst: x, Value: 1})
		s.Do(&gpu.Pointwise{Dst: x, X: x, F: gpu.GELU})
		require.NoError(t, s.Sync())
		spans := p.Spans()
		require.Len(t, spans, 2)
		assert.Equal(t, "Fill", spans[0].Kind)
		assert.Equal(t, "Pointwise Dst f32[64×64] X f32[64×64]", spans[1].Op)
		assert.Equal(t, gpu.Work{Bytes: 2 * 64 * 64 * 4}, spans[1].Work)
		for _, span := range spans {
			assert.Positive(t, span.Time)
		}
		p.Reset()
	}
	require.NoError(t, s.Close())

	c, err := cpu.Open()
	require.NoError(t, err)
	defer c.Close()
	s = stream(t, c, p.Wrap)
	s.Do(&gpu.Fill{Dst: s.Temp(gpu.F32, 1, 1)})
	require.ErrorIs(t, s.Err(), gpu.ErrUnsupported)
	s.Close()
}

// The device is lost with a kernel's failure, here that it reads what nobody wrote; all that follows says so, and Close
// does not hang.
func TestLost(t *testing.T) {
	v, err := sim.New(sim.Options{})
	require.NoError(t, err)
	b, err := cuda.Open(v, 0)
	require.NoError(t, err)
	s := stream(t, b)
	s.Do(&gpu.Pointwise{Dst: s.Temp(gpu.F32, 1, 4), X: s.Temp(gpu.F32, 1, 4), F: gpu.GELU})
	require.ErrorIs(t, s.Sync(), &driver.Error{Code: driver.LaunchFailed})
	require.ErrorContains(t, s.Err(), "pointwise")
	require.ErrorIs(t, s.Close(), &driver.Error{Code: driver.LaunchFailed})
	_, err = b.Alloc(4)
	require.ErrorIs(t, err, &driver.Error{Code: driver.LaunchFailed})
	b.Close()
}

// Buffers are freed while other goroutines' queues come and go, and the backend is closed under them.
func TestLifetimes(t *testing.T) {
	for seed := range uint64(3) {
		b := simulated(t, "sm_75", sim.Options{Seed: seed})
		var wait sync.WaitGroup
		for range 4 {
			wait.Go(func() {
				for range 6 {
					s, err := gpu.NewStream(b)
					if !assert.NoError(t, err) {
						return
					}
					s.Do(&gpu.Fill{Dst: s.Temp(gpu.F32, 8, 8), Value: 1})
					assert.NoError(t, s.Sync())
					assert.NoError(t, s.Close()) // frees its scratch, which waits for the others' queues
				}
			})
		}
		wait.Wait()
		s := stream(t, b)
		s.Do(&gpu.Fill{Dst: s.Temp(gpu.F32, 8, 8), Value: 1})
		wait.Go(func() { assert.NoError(t, b.Close()) })
		wait.Go(func() { s.Close() })
		wait.Wait()
	}
}

// Work on queues whose backend is closed meanwhile ends with ErrClosed, whichever call meets it.
func TestClosedMeanwhile(t *testing.T) {
	for seed := range uint64(3) {
		b := simulated(t, "sm_80", sim.Options{Seed: seed})
		var wait, running sync.WaitGroup
		for g := range 3 {
			running.Add(1)
			wait.Go(func() {
				s, err := gpu.NewStream(b)
				if !assert.NoError(t, err) {
					running.Done()
					return
				}
				x := s.Temp(gpu.F32, 50, 64)
				for i := 0; err == nil; i++ {
					s.Replay(g, func() {
						s.Do(&gpu.Fill{Dst: x, Value: 1})
						s.Do(&gpu.Pointwise{Dst: x, X: x, Y: x, Plus: true})
					})
					gpu.Write(s, x.ColRange(0, 1), make([]float32, x.Rows))
					if _, err = gpu.Read[float32](s, x); i == 2 {
						running.Done()
					}
				}
				assert.ErrorIs(t, err, gpu.ErrClosed)
				assert.ErrorIs(t, s.Close(), gpu.ErrClosed)
			})
		}
		running.Wait()
		buf, err := b.Alloc(4)
		require.NoError(t, err)
		require.NoError(t, b.Close())
		wait.Wait()
		require.ErrorIs(t, b.Free(buf), gpu.ErrClosed)
	}
}

// A grid has no more than 65535 blocks along the side that heads are on, and kernels count in 32 bits.
func TestAttentionLimits(t *testing.T) {
	b := simulated(t, "sm_80", sim.Options{})
	x := gpu.Tensor{Rows: 1, Cols: 65535, Stride: 65535}
	small := gpu.Attention{Dst: x, Q: x, K: x, V: x, Heads: 65535}
	require.NoError(t, b.Supports(&small))
	for name, change := range map[string]func(op *gpu.Attention){
		"heads":     func(op *gpu.Attention) { op.Heads++ },
		"queries":   func(op *gpu.Attention) { op.QSeq.Max = math.MaxInt },
		"keys":      func(op *gpu.Attention) { op.KSeq.Max = math.MaxInt },
		"page rows": func(op *gpu.Attention) { op.KSeq.PageRows = math.MaxInt },
	} {
		op := small
		change(&op)
		require.ErrorIs(t, b.Supports(&op), gpu.ErrUnsupported, name)
	}
}
