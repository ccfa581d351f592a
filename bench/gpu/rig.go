package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/rapt-go/rapt/cuda"
	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/gpu"
)

// sizes is what is measured.
type sizes struct {
	copied    int   // bytes
	large     []int // square products, the last one stands before each measurement
	width     int   // of BERT
	headWidth int
	layers    int
	vocab     int
	tokens    []int // rows of operations
	batches   [][2]int
	workspace []cuda.Option
}

// BERT-base; copies beyond every cache.
var usual = sizes{copied: 512 << 20, large: []int{8192, 4096}, width: 768, headWidth: 64, layers: 12, vocab: 30522, tokens: []int{128, 4096},
	batches: [][2]int{{1, 128}, {8, 128}, {32, 128}, {8, 512}}}

var small = sizes{copied: 1 << 12, large: []int{64}, width: 64, headWidth: 32, layers: 2, vocab: 100, tokens: []int{16}, batches: [][2]int{{1, 8}, {2, 8}},
	workspace: []cuda.Option{cuda.Workspace(1 << 20)}}

// A rig is a backend with a stream whose operations are timed.
type rig struct {
	sizes
	be      *cuda.Backend
	s       *gpu.Stream
	times   cuda.Profiler
	repeats int
	weights []gpu.Buffer // to free after each measurement
	failed  error        // of weights of a measurement: the stream goes on
	busy    *gpu.Gemm
}

func open(v driver.Driver, i int, z sizes, repeats int) (*rig, error) {
	be, err := cuda.Open(v, i, z.workspace...)
	if err != nil {
		return nil, err
	}
	r := &rig{sizes: z, be: be, repeats: repeats}
	if r.s, err = gpu.NewStream(be, r.times.Wrap); err != nil {
		return nil, errors.Join(err, be.Close())
	}
	n, dt := z.large[len(z.large)-1], be.Info().Default
	r.busy = &gpu.Gemm{Dst: r.s.Temp(dt, n, n), A: r.random(dt, n, n), B: r.weight(dt, gpu.Native, n, n)}
	r.weights = nil // it stays
	if err := errors.Join(r.failed, r.s.Err()); err != nil {
		return nil, errors.Join(err, r.close())
	}
	return r, nil
}

func (r *rig) close() error { return errors.Join(r.s.Close(), r.be.Close()) }

// A sample is what work took on the device, and what it did.
type sample struct {
	time time.Duration // median of the sums over the operations
	work gpu.Work
	ops  int
}

// measure times work, which queues operations on r.s.
func (r *rig) measure(work func()) (sample, error) {
	work() // loads kernels
	if err := r.s.Sync(); err != nil {
		return sample{}, err
	}
	r.times.Reset()
	work()
	if err := r.s.Sync(); err != nil {
		return sample{}, err
	}
	ops := len(r.times.Spans())
	r.times.Reset()
	// The host takes microseconds to queue an operation, less than a large product takes for twenty of them.
	before := 1 + ops/20
	for range r.repeats {
		for range before {
			r.s.Do(r.busy)
		}
		work()
	}
	if err := r.s.Sync(); err != nil {
		return sample{}, err
	}
	spans := r.times.Spans()
	r.times.Reset()
	if ops == 0 || len(spans) != r.repeats*(before+ops) {
		return sample{}, fmt.Errorf("%d operations were timed, expected %d repeats of %d", len(spans), r.repeats, before+ops)
	}
	sums := make([]time.Duration, r.repeats)
	m := sample{ops: ops}
	for i := range sums {
		for _, s := range spans[i*(before+ops)+before:][:ops] {
			sums[i] += s.Time
			if i == 0 {
				m.work.FLOPs, m.work.Bytes = m.work.FLOPs+s.Work.FLOPs, m.work.Bytes+s.Work.Bytes
			}
		}
	}
	m.time = median(sums)
	return m, nil
}

// free frees the weights of a measurement.
func (r *rig) free() (err error) {
	r.failed = nil
	for _, w := range r.weights {
		err = errors.Join(err, r.be.Free(w))
	}
	r.weights = nil
	return err
}

// random is a tensor of noise.
func (r *rig) random(dt gpu.DType, rows, cols int) gpu.Tensor {
	x := r.s.Temp(gpu.F32, rows, cols)
	values := make([]float32, rows*cols)
	for i := range values {
		values[i] = value(i)
	}
	gpu.Write(r.s, x, values)
	if dt == gpu.F32 {
		return x
	}
	y := r.s.Temp(dt, rows, cols)
	r.s.Do(&gpu.Cast{Dst: y, X: x})
	return y
}

// ints is a vector of indices.
func (r *rig) ints(v ...int32) gpu.Tensor {
	x := r.s.Temp(gpu.I32, 1, len(v))
	gpu.Write(r.s, x, v)
	return x
}

// seqs is n sequences of length rows each, one behind the other.
func (r *rig) seqs(n, length int) gpu.Seqs {
	start, lens := make([]int32, n), make([]int32, n)
	for i := range start {
		start[i], lens[i] = int32(i*length), int32(length)
	}
	return gpu.Seqs{Start: r.ints(start...), Len: r.ints(lens...), N: n, Max: length}
}

// weight is a prepared weight of noise, until free.
func (r *rig) weight(dt gpu.DType, f gpu.Format, rows, cols int) gpu.Tensor {
	w, err := r.be.Prepare(dt, f, gpu.Host{Src: noise{}, DType: gpu.HostF32, Rows: rows, Cols: cols})
	if err != nil {
		r.failed = errors.Join(r.failed, fmt.Errorf("weight %d×%d: %w", rows, cols, err))
		return w
	}
	r.weights = append(r.weights, w.Buf)
	return w
}

// A noise is numbers as a file of F32.
type noise struct{}

func (noise) ReadAt(p []byte, off int64) (int, error) {
	for i := 0; i+4 <= len(p); i += 4 {
		binary.LittleEndian.PutUint32(p[i:], math.Float32bits(value(int(off)/4+i/4)))
	}
	return len(p), nil
}

// value is noise between -1/16 and 1/16, which keeps sums of thousands of products inside of F16. Zeros would
// let a GPU draw less power, and clock higher, than real numbers do.
func value(i int) float32 { return (float32(gpu.Hash(1, uint64(i)))/(1<<31) - 1) / 16 }
