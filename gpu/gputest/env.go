package gputest

// What cases build their operands with.

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"

	"github.com/rapt-go/rapt/gpu"
)

// A Case is an operation with operands. Build gives the same operation and the
// same values every time.
type Case struct {
	Name  string
	Build func(e *Env) gpu.Op
	Grad  bool // a forward operation that Grad differentiates
}

// An Env lays out operands: each in memory of its own, with guard elements before
// and after it and between its rows. Its tensors are in host memory; the suite
// puts copies of them on the backend.
type Env struct {
	rnd    *rand.Rand
	layout layout
	mem    []*memory
	empty  bool // floats stay zero: see shapesOnly
}

// A layout says what surrounds tensors. Results must not depend on it.
type layout int

const (
	roomy layout = iota // aligned to 64 bytes, guards on both sides, NaN around
	tight               // an odd number of elements into a buffer that ends with the tensor, large numbers around
	layouts
)

func newEnv(l layout) *Env { return &Env{rnd: rand.New(rand.NewPCG(1, 2)), layout: l} }

// shapesOnly is an Env that builds operations to look at, not to run.
func shapesOnly() *Env {
	e := newEnv(roomy)
	e.empty = true
	return e
}

// poison fills memory with what an operation may neither use nor change: NaNs with
// a payload, or large finite numbers, which a maximum or an activation does not hide.
// As I32 both are out of every range.
func (l layout) poison(dt gpu.DType, b []byte) {
	bits := [...][layouts]uint32{gpu.F32: {0x7fc0dead, 0x7149f2ca}, gpu.F16: {0x7ead, 0x7b8f}, gpu.BF16: {0x7fad, 0x7149}, gpu.I32: {0x7fc0dead, 0x8fc0dead}, gpu.I8: {0x7d, 0x83}}[dt][l]
	for ; len(b) >= dt.Size(); b = b[dt.Size():] {
		switch dt.Size() {
		case 4:
			binary.LittleEndian.PutUint32(b, bits)
		case 2:
			binary.LittleEndian.PutUint16(b, uint16(bits))
		default:
			b[0] = byte(bits)
		}
	}
}

// Strided returns a tensor of the given stride, all poison: an output.
func (e *Env) Strided(dt gpu.DType, rows, cols, stride int) gpu.Tensor {
	m := &memory{dt: dt, front: 64 / dt.Size()}
	back := m.front
	if e.layout == tight {
		m.front, back = 3, 0
	}
	n := 0
	if rows > 0 && cols > 0 {
		n = (rows-1)*stride + cols
	}
	m.data = make([]byte, (m.front+n+back)*dt.Size())
	if !e.empty {
		e.layout.poison(dt, m.data)
	}
	e.mem = append(e.mem, m)
	return gpu.Tensor{Buf: m, Off: m.front, Rows: rows, Cols: cols, Stride: stride, DType: dt}
}

// Out returns a tensor, all poison: an output. Whether and how far its rows are apart
// depends on its shape, and on how many tensors there are.
func (e *Env) Out(dt gpu.DType, rows, cols int) gpu.Tensor {
	return e.Strided(dt, rows, cols, cols+[...]int{3, 0, 1, 16}[(len(e.mem)+rows+cols)%4])
}

// Make is Out with elements f(row, column).
func (e *Env) Make(dt gpu.DType, rows, cols int, f func(i, j int) float64) gpu.Tensor {
	return e.Fill(e.Out(dt, rows, cols), f)
}

// Fill sets the elements of t to f(row, column).
func (e *Env) Fill(t gpu.Tensor, f func(i, j int) float64) gpu.Tensor {
	if e.empty && t.DType != gpu.I32 {
		return t
	}
	for i := range t.Rows {
		for j := range t.Cols {
			t.Buf.(*memory).set(t.DType, t.Off+i*t.Stride+j, f(i, j), 0, 0)
		}
	}
	return t
}

// Rand is Make with standard normal elements.
func (e *Env) Rand(dt gpu.DType, rows, cols int) gpu.Tensor { return e.Scaled(dt, rows, cols, 1) }

// Scaled is Make with normal elements of the given standard deviation.
func (e *Env) Scaled(dt gpu.DType, rows, cols int, sigma float64) gpu.Tensor {
	return e.Make(dt, rows, cols, func(int, int) float64 { return sigma * e.rnd.NormFloat64() })
}

// Ints returns an I32 vector.
func (e *Env) Ints(v ...int) gpu.Tensor {
	return e.Make(gpu.I32, 1, len(v), func(_, j int) float64 { return float64(v[j]) })
}

// Below returns an I32 vector of n elements in [0, limit).
func (e *Env) Below(n, limit int) gpu.Tensor {
	return e.Make(gpu.I32, 1, n, func(int, int) float64 { return float64(e.rnd.IntN(limit)) })
}

// Weight returns a prepared weight of the given format and parts stacked by rows, of
// values that keep a layer's output near its input in size.
func (e *Env) Weight(dt gpu.DType, f gpu.Format, cols int, rows ...int) gpu.Tensor {
	parts := make([]gpu.Host, len(rows))
	for i, n := range rows {
		parts[i] = e.Host(gpu.HostF32, n, cols, false, func(int, int) float64 { return e.rnd.NormFloat64() / math.Sqrt(float64(cols)) })
	}
	return e.Prepared(dt, f, parts...)
}

// Host returns a matrix as a checkpoint holds it, of elements f(row, column), some
// bytes into its source.
func (e *Env) Host(dt gpu.HostType, rows, cols int, trans bool, f func(i, j int) float64) gpu.Host {
	const off = 24
	data, size := make([]byte, off+rows*cols*dt.Size()), dt.Size()
	for i := 0; i < rows && !e.empty; i++ {
		for j := range cols {
			at := i*cols + j
			if trans {
				at = j*rows + i
			}
			encodeHost(dt, data[off+at*size:], f(i, j))
		}
	}
	return gpu.Host{Src: bytes.NewReader(data), Off: off, DType: dt, Rows: rows, Cols: cols, Trans: trans}
}

// Prepared returns the weight that Prepare makes of parts. The oracle sees its
// elements rounded to dt.
func (e *Env) Prepared(dt gpu.DType, f gpu.Format, parts ...gpu.Host) gpu.Tensor {
	m := &memory{dt: dt, parts: parts, format: f}
	t := gpu.Tensor{Buf: m, DType: dt, Format: f}
	for _, p := range parts {
		t.Rows, t.Cols, t.Stride = t.Rows+p.Rows, p.Cols, p.Cols
	}
	m.data = make([]byte, t.Len()*dt.Size())
	e.mem = append(e.mem, m)
	if e.empty {
		return t
	}
	at := 0
	for _, p := range parts {
		read := hostReader(p)
		for i := range p.Rows {
			for j := range p.Cols {
				m.set(dt, at, read(i, j), 0, 0)
				at++
			}
		}
	}
	return t
}

// hostReader returns the elements of p.
func hostReader(p gpu.Host) func(i, j int) float64 {
	size := p.DType.Size()
	data := make([]byte, p.Rows*p.Cols*size)
	p.Src.ReadAt(data, p.Off) // a whole read may also say EOF
	return func(i, j int) float64 {
		at := i*p.Cols + j
		if p.Trans {
			at = j*p.Rows + i
		}
		return decodeHost(p.DType, data[at*size:])
	}
}

func encodeHost(dt gpu.HostType, b []byte, v float64) {
	switch dt {
	case gpu.HostF64:
		binary.LittleEndian.PutUint64(b, math.Float64bits(v))
	case gpu.HostI64:
		binary.LittleEndian.PutUint64(b, uint64(int64(v)))
	case gpu.HostU8:
		b[0] = byte(v)
	default:
		encode(deviceType(dt), b, v)
	}
}

func decodeHost(dt gpu.HostType, b []byte) float64 {
	switch dt {
	case gpu.HostF64:
		return math.Float64frombits(binary.LittleEndian.Uint64(b))
	case gpu.HostI64:
		return float64(int64(binary.LittleEndian.Uint64(b)))
	case gpu.HostU8:
		return float64(b[0])
	}
	return decode(deviceType(dt), b)
}

// deviceType is the DType of the same bits as dt.
func deviceType(dt gpu.HostType) gpu.DType {
	switch dt {
	case gpu.HostF16:
		return gpu.F16
	case gpu.HostBF16:
		return gpu.BF16
	case gpu.HostI32:
		return gpu.I32
	case gpu.HostI8:
		return gpu.I8
	}
	return gpu.F32
}

// Seqs packs sequences of the given lengths, in order, with a row before the first
// and one between that belong to none. rows is how many it takes.
func (e *Env) Seqs(lens ...int) (s gpu.Seqs, rows int) {
	start := make([]int, len(lens))
	longest := 0
	for i, n := range lens {
		rows++
		start[i] = rows
		rows += n
		longest = max(longest, n)
	}
	return gpu.Seqs{Start: e.Ints(start...), Len: e.Ints(lens...), N: len(lens), Max: longest}, rows
}

// Pages puts sequences of the given lengths into shuffled pages; what a sequence has
// no page for is poison. rows is how many slots there are.
func (e *Env) Pages(pageRows int, lens ...int) (s gpu.Seqs, rows int) {
	longest, used := 0, 1 // one page is nobody's
	for _, n := range lens {
		longest, used = max(longest, n), used+(n+pageRows-1)/pageRows
	}
	free := e.rnd.Perm(used)
	per := (longest + pageRows - 1) / pageRows
	pages := e.Out(gpu.I32, len(lens), per+1) // wider than need be
	for i, n := range lens {
		for p := range (n + pageRows - 1) / pageRows {
			pages.Buf.(*memory).set(gpu.I32, pages.Off+i*pages.Stride+p, float64(free[0]), 0, 0)
			free = free[1:]
		}
	}
	return gpu.Seqs{Len: e.Ints(lens...), Pages: pages, PageRows: pageRows, N: len(lens), Max: longest}, used * pageRows
}
