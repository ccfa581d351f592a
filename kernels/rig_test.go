package kernels

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/cuda/sim"
	"github.com/rapt-go/rapt/cuda/sim/arith"
)

// A rig is a simulated device with what tests do again and again. Everything in it fails the test, findings too, which the
// simulator gives as errors.
type rig struct {
	t *testing.T
	*sim.Device
	stream  driver.Stream
	modules map[string]driver.Module // that launch has loaded, by stem
	pad     int                      // of matrices' rows, in elements: what they are a multiple of, and at least longer by
}

func open(t *testing.T, o sim.Options) *rig {
	t.Helper()
	v, err := sim.New(o)
	require.NoError(t, err)
	d, err := v.Open(0)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	s, err := d.NewStream()
	require.NoError(t, err)
	return &rig{t, d.(*sim.Device), s, map[string]driver.Module{}, 8}
}

// A mode is a way to execute that hardware is free to choose: devices, order of warps and blocks, sums of tensor cores,
// approximations anywhere within their bounds. Results must be right in all of them.
type mode struct {
	name string
	sim.Options
}

func modes(t *testing.T) []mode {
	var ms []mode
	for i, device := range []string{"t4", "a100", "h100"} {
		info, err := sim.Profile(device)
		require.NoError(t, err)
		for _, numerics := range []arith.Model{arith.Exact, arith.InOrder, arith.Truncating} {
			seed := uint64(len(ms) + 1)
			o := sim.Options{Devices: []driver.Info{info}, Numerics: numerics, Jitter: (i+int(numerics))%2 == 1, Seed: seed}
			ms = append(ms, mode{fmt.Sprintf("%s/numerics=%d/jitter=%v", device, numerics, o.Jitter), o})
		}
	}
	return ms
}

// A dtype is how numbers lie in memory. unit is its unit roundoff: a rounding to nearest is off by unit times the value at
// most, or by half of tiny, its least subnormal.
type dtype struct {
	name       string
	bytes      int
	unit, tiny float64
}

var (
	f32  = dtype{"f32", 4, 0x1p-24, 0x1p-149}
	f16  = dtype{"f16", 2, 0x1p-11, 0x1p-24}
	bf16 = dtype{"bf16", 2, 0x1p-8, 0x1p-133}
)

func (d dtype) get(b []byte, i int) float64 {
	switch d {
	case f32:
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:])))
	case f16:
		return float64(math.Float32frombits(arith.F32FromF16(binary.LittleEndian.Uint16(b[2*i:]))))
	default:
		return float64(math.Float32frombits(uint32(binary.LittleEndian.Uint16(b[2*i:])) << 16))
	}
}

func (d dtype) put(b []byte, i int, x float64) {
	bits := math.Float32bits(float32(x))
	switch d {
	case f32:
		binary.LittleEndian.PutUint32(b[4*i:], bits)
	case f16:
		binary.LittleEndian.PutUint16(b[2*i:], arith.F16FromF32(bits))
	default:
		binary.LittleEndian.PutUint16(b[2*i:], arith.BF16FromF32(bits))
	}
}

// A matrix is in device memory, its rows further apart than they are long, with the same values here. The gaps hold nothing:
// a kernel that reads them is found out.
type matrix struct {
	dtype
	at               driver.Ptr
	rows, cols, step int
	v                []float64 // rows by cols
}

func (m *matrix) row(i int) []float64 { return m.v[i*m.cols : (i+1)*m.cols] }

// arg is the parameter; of no matrix it is null.
func (m *matrix) arg() driver.Arg {
	if m == nil {
		return 0
	}
	return driver.Addr(m.at)
}

func (m *matrix) ld() driver.Arg {
	if m == nil {
		return 0
	}
	return driver.I32(int32(m.step))
}

// matrix makes one of normal numbers, rounded to the dtype. With rows given, only those hold anything. The last row ends the
// allocation.
func (r *rig) matrix(d dtype, rows, cols int, rng *rand.Rand, only ...int) *matrix {
	r.t.Helper()
	m := r.alloc(d, rows, cols)
	if len(only) == 0 {
		for i := range rows {
			only = append(only, i)
		}
	}
	for _, i := range only {
		r.set(m, i, func(int) float64 { return rng.NormFloat64() })
	}
	return m
}

// set gives a row the values of a function, rounded to the dtype.
func (r *rig) set(m *matrix, row int, value func(col int) float64) {
	r.t.Helper()
	b := make([]byte, m.cols*m.bytes)
	for j := range m.cols {
		m.put(b, j, value(j))
		m.row(row)[j] = m.get(b, j)
	}
	r.copyIn(m.at+driver.Ptr(row*m.step*m.bytes), b)
}

// guard is what a result holds before a kernel runs.
const guard = 0xA5

// result makes a matrix that a kernel writes.
func (r *rig) result(d dtype, rows, cols int) *matrix {
	r.t.Helper()
	m := r.alloc(d, rows, cols)
	r.copyIn(m.at, bytes.Repeat([]byte{guard}, m.size()))
	return m
}

func (r *rig) alloc(d dtype, rows, cols int) *matrix {
	r.t.Helper()
	m := &matrix{dtype: d, rows: rows, cols: cols, step: (ceil(cols, r.pad) + 1) * r.pad, v: make([]float64, rows*cols)}
	var err error
	m.at, err = r.Alloc(m.size())
	require.NoError(r.t, err)
	return m
}

// size is in bytes.
func (m *matrix) size() int { return ((m.rows-1)*m.step + m.cols) * m.bytes }

// check compares a result with the rows that want gives, nil of those that the kernel leaves as they are, and everything
// around them with the guard.
func (r *rig) check(m *matrix, want func(row int) (want, tolerance []float64), label string) {
	r.t.Helper()
	b := r.copyOut(m.at, m.size())
	for row := range m.rows {
		v, tolerance := want(row)
		for j := range min(m.step, len(b)/m.bytes-row*m.step) {
			at := row*m.step + j
			if v == nil || j >= m.cols {
				if slices.ContainsFunc(b[at*m.bytes:(at+1)*m.bytes], func(x byte) bool { return x != guard }) {
					require.FailNow(r.t, "written outside", "%s: row %d, column %d", label, row, j)
				}
				continue
			}
			if got := m.get(b, at); !(math.Abs(got-v[j]) <= tolerance[j]) {
				require.FailNow(r.t, "wrong", "%s: row %d, column %d is %g, not %g: off by %g, %g is allowed", label, row, j, got, v[j], math.Abs(got-v[j]), tolerance[j])
			}
		}
	}
}

// copyRow copies a row of a matrix into another.
func (r *rig) copyRow(dst, src *matrix, row int) {
	r.t.Helper()
	b := r.copyOut(src.at+driver.Ptr(row*src.step*src.bytes), src.cols*src.bytes)
	r.copyIn(dst.at+driver.Ptr(row*dst.step*dst.bytes), b)
}

func (r *rig) ints(v ...int32) driver.Arg {
	r.t.Helper()
	b := make([]byte, 4*len(v))
	for i, x := range v {
		binary.LittleEndian.PutUint32(b[4*i:], uint32(x))
	}
	p, err := r.Alloc(len(b))
	require.NoError(r.t, err)
	r.copyIn(p, b)
	return driver.Addr(p)
}

func (r *rig) copyIn(to driver.Ptr, b []byte) {
	r.t.Helper()
	h, err := r.Pin(len(b))
	require.NoError(r.t, err)
	copy(h.Bytes(), b)
	require.NoError(r.t, r.stream.CopyIn(to, h, 0, len(b)))
	require.NoError(r.t, r.stream.Sync())
	require.NoError(r.t, h.Free())
}

func (r *rig) copyOut(from driver.Ptr, n int) []byte {
	r.t.Helper()
	h, err := r.Pin(n)
	require.NoError(r.t, err)
	require.NoError(r.t, r.stream.CopyOut(h, 0, n, from))
	require.NoError(r.t, r.stream.Sync())
	b := append([]byte(nil), h.Bytes()...)
	require.NoError(r.t, h.Free())
	return b
}

// launch runs a kernel of the table to its end. Nothing may be found.
func (r *rig) launch(name string, grid [3]int, args ...driver.Arg) {
	r.t.Helper()
	k, ok := Find(name, r.Info().SM())
	require.True(r.t, ok, "%s on sm_%d", name, r.Info().SM())
	if r.modules[k.Stem] == nil {
		code, err := PTX(k.Stem, r.Info().SM())
		require.NoError(r.t, err)
		r.modules[k.Stem], err = r.Load(code)
		require.NoError(r.t, err)
	}
	f, err := r.modules[k.Stem].Func(name)
	require.NoError(r.t, err)
	require.NoError(r.t, r.stream.Launch(f, driver.Config{Grid: grid, Block: [3]int{k.Threads, 1, 1}, Shared: k.Dynamic}, args))
	require.NoError(r.t, r.stream.Sync())
	require.Empty(r.t, r.Findings())
}

// each runs a test in all modes, on a device each.
func each(t *testing.T, test func(r *rig, seed uint64)) {
	for _, m := range modes(t) {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			test(open(t, m.Options), m.Seed)
		})
	}
}

// has reports whether the device has a kernel.
func (r *rig) has(name string) bool {
	_, ok := Find(name, r.Info().SM())
	return ok
}

func ceil(a, b int) int { return (a + b - 1) / b }
