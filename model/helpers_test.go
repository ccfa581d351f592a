package model_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	cpu "github.com/rapt-go/rapt/cpu_fallback"
	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/safetensors"
)

func must[T any](x T, err error) T {
	if err != nil {
		panic(err)
	}
	return x
}

// tensor makes a tensor of values that its type represents exactly; the values that
// are not given are zero.
func tensor(name string, dt safetensors.DType, shape []int, values ...float32) safetensors.Tensor {
	n := 1
	for _, d := range shape {
		n *= d
	}
	data := make([]byte, n*dt.Size())
	for i, v := range values {
		encode(dt, data[i*dt.Size():], v)
	}
	return safetensors.Tensor{Name: name, DType: dt, Shape: shape, Src: bytes.NewReader(data), Size: int64(len(data))}
}

func encode(dt safetensors.DType, b []byte, v float32) {
	bits := math.Float32bits(v)
	switch dt {
	case safetensors.F64:
		binary.LittleEndian.PutUint64(b, math.Float64bits(float64(v)))
	case safetensors.F32:
		binary.LittleEndian.PutUint32(b, bits)
	case safetensors.BF16:
		binary.LittleEndian.PutUint16(b, uint16(bits>>16))
	case safetensors.F16: // of normal numbers and zero: the exponent's bias is 15, not 127
		h := uint16(bits>>16) & 0x8000
		if v != 0 {
			h |= uint16(bits>>23&0xff-112)<<10 | uint16(bits>>13)&0x3ff
		}
		binary.LittleEndian.PutUint16(b, h)
	default:
		b[0] = byte(v)
	}
}

// checkpoint writes a file and opens it again.
func checkpoint(t *testing.T, tensors ...safetensors.Tensor) *safetensors.Set {
	return open(t, fstest.MapFS{"model.safetensors": encoded(t, tensors...)})
}

func encoded(t *testing.T, tensors ...safetensors.Tensor) *fstest.MapFile {
	var b bytes.Buffer
	require.NoError(t, safetensors.Write(&b, nil, tensors))
	return &fstest.MapFile{Data: b.Bytes()}
}

func open(t *testing.T, files fstest.MapFS) *safetensors.Set {
	set, err := model.FS(files).Weights()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, set.Close()) })
	return set
}

// A counter is a backend that knows what it has handed out and not got back.
type counter struct {
	gpu.Backend
	prepared int
	live     map[gpu.Buffer]bool
	failAt   int   // the call of Prepare that fails, from 1
	failFree error // of the next Free
}

func newCounter(t *testing.T) *counter {
	b, err := cpu.Open(cpu.Threads(1))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	return &counter{Backend: b, live: map[gpu.Buffer]bool{}}
}

func (c *counter) Prepare(dt gpu.DType, f gpu.Format, parts ...gpu.Host) (gpu.Tensor, error) {
	c.prepared++
	if c.prepared == c.failAt {
		return gpu.Tensor{}, gpu.ErrMemory
	}
	t, err := c.Backend.Prepare(dt, f, parts...)
	if err == nil {
		c.live[t.Buf] = true
	}
	return t, err
}

func (c *counter) Free(b gpu.Buffer) error {
	delete(c.live, b)
	if err := c.Backend.Free(b); err != nil {
		return err
	}
	err := c.failFree
	c.failFree = nil
	return err
}

// stream is a stream of the counter's backend.
func (c *counter) stream(t *testing.T) *gpu.Stream {
	s, err := gpu.NewStream(c.Backend)
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}
