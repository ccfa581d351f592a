package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/rapt-go/rapt/cuda"
	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/cuda/sim"
	"github.com/rapt-go/rapt/gpu"
)

// A rig is the CUDA backend on a simulated device whose counters can be read.
type rig struct {
	device *sim.Device
	be     *cuda.Backend
	s      *gpu.Stream
}

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

func open(sm string) (*rig, error) {
	info, err := sim.Profile(sm)
	if err != nil {
		return nil, err
	}
	v, err := sim.New(sim.Options{Devices: []driver.Info{info}})
	if err != nil {
		return nil, err
	}
	w := &witness{Driver: v}
	be, err := cuda.Open(w, 0)
	if err != nil {
		return nil, err
	}
	s, err := gpu.NewStream(be)
	if err != nil {
		return nil, errors.Join(err, be.Close())
	}
	return &rig{w.device, be, s}, nil
}

func (r *rig) close() error { return errors.Join(r.s.Close(), r.be.Close()) }

// count runs work and returns what each kernel counted.
func (r *rig) count(work func()) ([]sim.Counters, error) {
	if err := r.s.Sync(); err != nil {
		return nil, err
	}
	r.device.ResetCounters()
	work()
	if err := r.s.Sync(); err != nil {
		return nil, err
	}
	return r.device.Counters(), nil
}

// random is a tensor of normal numbers.
func (r *rig) random(dt gpu.DType, rows, cols int) gpu.Tensor {
	x := r.s.Temp(gpu.F32, rows, cols)
	rng := rand.New(rand.NewPCG(uint64(rows), uint64(cols)))
	values := make([]float32, rows*cols)
	for i := range values {
		values[i] = float32(rng.NormFloat64())
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

// seqs packs sequences one behind the other.
func (r *rig) seqs(lens ...int) gpu.Seqs {
	var start, length []int32
	at, longest := 0, 0
	for _, n := range lens {
		start, length = append(start, int32(at)), append(length, int32(n))
		at, longest = at+n, max(longest, n)
	}
	return gpu.Seqs{Start: r.ints(start...), Len: r.ints(length...), N: len(lens), Max: longest}
}

// weight is a prepared weight of small numbers.
func (r *rig) weight(dt gpu.DType, f gpu.Format, rows, cols int) gpu.Tensor {
	w, err := r.be.Prepare(dt, f, gpu.Host{Src: noise{}, DType: gpu.HostF32, Rows: rows, Cols: cols})
	if err != nil {
		r.s.Fail(fmt.Errorf("weight %d×%d: %w", rows, cols, err))
	}
	return w
}

// A noise is numbers below one, as a file of F32.
type noise struct{}

func (noise) ReadAt(p []byte, off int64) (int, error) {
	for i := 0; i+4 <= len(p); i += 4 {
		x := float32(gpu.Hash(1, uint64(off)+uint64(i)))/(1<<31) - 1
		binary.LittleEndian.PutUint32(p[i:], math.Float32bits(x/16))
	}
	return len(p), nil
}
