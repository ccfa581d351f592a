package gputest

// Host memory: what the oracle reads and writes, and what a device's buffers are
// filled from and compared with.

import (
	"encoding/binary"
	"math"

	"github.com/rapt-go/rapt/gpu"
)

// A memory stands for a device buffer on the host.
type memory struct {
	data   []byte
	dt     gpu.DType  // of all elements; meaningful in an Env's memory
	front  int        // guard elements before the tensor
	parts  []gpu.Host // what Prepare makes the buffer from, if it does
	format gpu.Format // of the prepared weight

	result *result // what an oracle wrote; nil where only data counts
}

// A result holds, element by element, what the oracle computed before it was
// rounded to the stored type.
type result struct {
	wrote      []bool
	value      []float64
	mag, slack []float64     // m and s of the tolerance
	also       map[int][]int // other indices that Sample may draw
	cut        map[int]bool  // what Warp may cut off, making it −∞
}

func (m *memory) Size() int { return len(m.data) }

// record makes m keep what is written to it from now on.
func (m *memory) record() {
	n := len(m.data) / m.dt.Size()
	m.result = &result{wrote: make([]bool, n), value: make([]float64, n), mag: make([]float64, n), slack: make([]float64, n), also: map[int][]int{}, cut: map[int]bool{}}
}

// clone copies what m holds, without results.
func (m *memory) clone() *memory {
	c := *m
	c.data, c.result = append([]byte(nil), m.data...), nil
	return &c
}

func (m *memory) at(dt gpu.DType, e int) float64 {
	if m.result != nil && m.result.wrote[e] {
		return m.result.value[e]
	}
	return decode(dt, m.data[e*dt.Size():])
}

func (m *memory) set(dt gpu.DType, e int, v, mag, slack float64) {
	encode(dt, m.data[e*dt.Size():], v)
	if r := m.result; r != nil {
		r.wrote[e], r.value[e], r.mag[e], r.slack[e] = true, v, mag, slack
	}
}

func decode(dt gpu.DType, b []byte) float64 {
	switch dt {
	case gpu.F32:
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(b)))
	case gpu.F16:
		return fromHalf(binary.LittleEndian.Uint16(b))
	case gpu.BF16:
		return float64(math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16))
	case gpu.I32:
		return float64(int32(binary.LittleEndian.Uint32(b)))
	}
	return float64(int8(b[0]))
}

// encode rounds v to dt, to the nearest, ties to even.
func encode(dt gpu.DType, b []byte, v float64) {
	switch dt {
	case gpu.F32:
		binary.LittleEndian.PutUint32(b, math.Float32bits(float32(v)))
	case gpu.F16:
		binary.LittleEndian.PutUint16(b, toHalf(v))
	case gpu.BF16:
		binary.LittleEndian.PutUint16(b, uint16(math.Float32bits(float32(round(v, 8, -126, math.MaxFloat32)))>>16))
	case gpu.I32:
		binary.LittleEndian.PutUint32(b, uint32(int32(v)))
	default:
		b[0] = byte(int8(v))
	}
}

// round rounds v to a float of so many significant bits and least exponent; above
// limit, the largest number that does not round to infinity, it is infinite.
func round(v float64, bits, least int, limit float64) float64 {
	if v == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return v
	}
	e := int(math.Float64bits(v)>>52&0x7ff) - 1023 // 2^e ≤ |v| < 2^(e+1)
	step := power(max(e, least) - (bits - 1))
	r := math.RoundToEven(v/step) * step // of v's sign, if zero too
	if math.Abs(r) > limit {
		return math.Inf(int(math.Copysign(1, v)))
	}
	return r
}

// power is 2^e, for −1022 ≤ e ≤ 1023.
func power(e int) float64 { return math.Float64frombits(uint64(e+1023) << 52) }

func toHalf(v float64) uint16 {
	v = round(v, 11, -14, 65504)
	var sign uint16
	if math.Signbit(v) {
		sign, v = 0x8000, -v
	}
	switch {
	case math.IsNaN(v):
		return 0x7e00
	case math.IsInf(v, 0):
		return sign | 0x7c00
	case v < 0x1p-14: // subnormal: a multiple of 2⁻²⁴
		return sign | uint16(v*0x1p24)
	}
	f, e := math.Frexp(v)
	return sign | uint16(e+14)<<10 | uint16(f*0x1p11)&0x3ff
}

func fromHalf(h uint16) float64 {
	e, f := int(h>>10&31), float64(h&0x3ff)
	var v float64
	switch e {
	case 31:
		v = math.Inf(1)
		if f != 0 {
			v = math.NaN()
		}
	case 0:
		v = f * 0x1p-24
	default:
		v = (1 + f/1024) * power(e-15)
	}
	if h&0x8000 != 0 {
		return -v
	}
	return v
}

// roundoff is the unit roundoff of dt: half the distance from 1 to the next number.
func roundoff(dt gpu.DType) float64 {
	switch dt {
	case gpu.F16:
		return 0x1p-11
	case gpu.BF16:
		return 0x1p-8
	}
	return 0x1p-24
}
