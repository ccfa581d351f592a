package cpu

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/rapt-go/rapt/gpu"
)

// encode is data as little-endian bytes, after some others.
func encode(t *testing.T, before int, data any) []byte {
	var b bytes.Buffer
	b.Write(make([]byte, before))
	if err := binary.Write(&b, binary.LittleEndian, data); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Every type, alone, transposed and stacked, in every layout.
func TestPrepareConverts(t *testing.T) {
	r, native := newRig(t), rigOn(t, &Backend{k: panels(), workers: startWorkers(0)})
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct {
		dt   gpu.HostType
		data any
		want []float32
	}{
		{gpu.HostF32, []float32{1, 0x1p-149, float32(-inf), float32(nan), -0.1, 3e38}, []float32{1, 0x1p-149, float32(-inf), float32(nan), -0.1, 3e38}},
		{gpu.HostF64, []float64{0.1, 0x1p-149, 1e300, nan, 1 + 0x1p-24, 1 + 0x1.8p-23}, []float32{0.1, 0x1p-149, float32(inf), float32(nan), 1, 1 + 0x1p-22}},
		{gpu.HostF16, []uint16{0x3c00, 0x0001, 0x7c00, 0xfe00, 0xfbff, 0x83ff}, []float32{1, 0x1p-24, float32(inf), float32(nan), -65504, -1023 * 0x1p-24}},
		{gpu.HostBF16, []uint16{0x3f80, 0x0001, 0x7f80, 0xffc0, 0xc049, 0x8000}, []float32{1, 0x1p-133, float32(inf), float32(nan), -3.140625, 0}},
		{gpu.HostI64, []int64{1, -1, 1 << 40, math.MinInt64, 1<<24 + 1, 1<<24 + 3}, []float32{1, -1, 1 << 40, -1 << 63, 1 << 24, 1<<24 + 4}},
		{gpu.HostI32, []int32{1, -1, 1 << 30, math.MinInt32, 1<<24 + 1, 1<<24 + 3}, []float32{1, -1, 1 << 30, -1 << 31, 1 << 24, 1<<24 + 4}},
		{gpu.HostU8, []uint8{1, 255, 0, 128, 2, 3}, []float32{1, 255, 0, 128, 2, 3}},
		{gpu.HostI8, []int8{1, -1, 127, -128, 2, 3}, []float32{1, -1, 127, -128, 2, 3}},
	} {
		part := gpu.Host{Src: bytes.NewReader(encode(t, 3, c.data)), Off: 3, DType: c.dt, Rows: 2, Cols: 3}
		turned := part
		turned.Src, turned.Trans = bytes.NewReader(encode(t, 3, turn(c.data, 3))), true
		for _, b := range []*Backend{r.b, native.b} {
			for _, parts := range [][]gpu.Host{{part}, {turned}, {part, turned}, {turned, part, turned}} {
				for _, f := range []gpu.Format{gpu.Plain, gpu.Native} {
					w, err := b.Prepare(gpu.F32, f, parts...)
					if err != nil {
						t.Fatal(err)
					}
					got := weightRows(t, b, w)
					for i, v := range got {
						if want := c.want[i%6]; v != want && !(v != v && want != want) {
							t.Errorf("%v, %d parts, %v on %s: element %d is %v, not %v", c.dt, len(parts), f, b.k.name, i, v, want)
						}
					}
					if len(got) != 6*len(parts) {
						t.Errorf("%v, %d parts: %d elements", c.dt, len(parts), len(got))
					}
				}
			}
		}
	}
}

// turn is the transpose of data, a slice, whose rows are of cols.
func turn(data any, cols int) any {
	v := reflect.ValueOf(data)
	rows, y := v.Len()/cols, reflect.MakeSlice(v.Type(), v.Len(), v.Len())
	for i := range v.Len() {
		y.Index(i%cols*rows + i/cols).Set(v.Index(i))
	}
	return y.Interface()
}

// weightRows are w's elements, row after row, found as kernels.gemm finds them.
func weightRows(t *testing.T, b *Backend, w gpu.Tensor) (x []float32) {
	all, err := contents(w.Buf)
	if err != nil {
		t.Fatal(err)
	}
	mem, panel := elements[float32](all), 1
	if w.Format == gpu.Native {
		panel = b.k.panel
	}
	for j := range w.Rows {
		for l := range w.Cols {
			x = append(x, mem[j/panel*w.Cols*panel+l*panel+j%panel])
		}
	}
	return x
}

// Parts larger than a piece, one of them transposed and of another type, are stacked; in every
// layout the weight multiplies as its rows do.
func TestPrepareStacksAndTransposes(t *testing.T) {
	const cols = 301
	for _, k := range []*kernels{&portable, panels()} {
		r := rigOn(t, &Backend{k: k, workers: startWorkers(1)})
		all := r.random(451 * cols)
		top, bottom := all[:250*cols], all[250*cols:]
		turned := make([]float64, len(bottom))
		for i, v := range bottom {
			turned[i%cols*201+i/cols] = float64(v)
		}
		parts := []gpu.Host{
			{Src: bytes.NewReader(encode(t, 0, top)), DType: gpu.HostF32, Rows: 250, Cols: cols},
			{Rows: 0, Cols: cols},
			{Src: bytes.NewReader(encode(t, 8, turned)), Off: 8, DType: gpu.HostF64, Rows: 201, Cols: cols, Trans: true},
		}
		plain, err := r.b.Prepare(gpu.F32, gpu.Plain, parts...)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(r.read(plain), all) {
			t.Errorf("%s: rows are not as in the parts", k.name)
		}
		native, err := r.b.Prepare(gpu.F32, gpu.Native, parts...)
		if err != nil {
			t.Fatal(err)
		}
		a, dst := r.matrix(9, cols), r.s.Temp(gpu.F32, 9, 451)
		r.do(&gpu.Gemm{Dst: dst, A: a, B: plain})
		want := r.read(dst)
		r.do(&gpu.Gemm{Dst: dst, A: a, B: native})
		if !slices.Equal(r.read(dst), want) {
			t.Errorf("%s: Native multiplies otherwise than Plain", k.name)
		}
		part := native
		part.Rows--
		if r.s.Do(&gpu.Gemm{Dst: dst.ColRange(0, 450), A: a, B: part}); !errors.Is(r.s.Err(), gpu.ErrShape) {
			t.Errorf("%s: a part of a Native weight: %v", k.name, r.s.Err())
		}
	}
}

// A reader that fails.
type broken struct{ err error }

func (b broken) ReadAt(p []byte, _ int64) (int, error) { return len(p) / 2, b.err }

func TestPrepareRefuses(t *testing.T) {
	b := newRig(t).b
	src := bytes.NewReader(make([]byte, 100))
	ok := gpu.Host{Src: src, DType: gpu.HostF32, Rows: 2, Cols: 3}
	disk := errors.New("disk on fire")
	with := func(change func(h *gpu.Host)) []gpu.Host { h := ok; change(&h); return []gpu.Host{ok, h} }
	for name, c := range map[string]struct {
		dt    gpu.DType
		f     gpu.Format
		parts []gpu.Host
		want  error
	}{
		"bf16":           {gpu.BF16, gpu.Native, []gpu.Host{ok}, gpu.ErrUnsupported},
		"q8":             {gpu.F32, gpu.Q8, []gpu.Host{ok}, gpu.ErrUnsupported},
		"no parts":       {want: gpu.ErrShape},
		"other width":    {parts: with(func(h *gpu.Host) { h.Cols = 4 }), want: gpu.ErrShape},
		"negative":       {parts: with(func(h *gpu.Host) { h.Rows = -1 }), want: gpu.ErrShape},
		"no source":      {parts: with(func(h *gpu.Host) { h.Src = nil }), want: gpu.ErrShape},
		"negative place": {parts: with(func(h *gpu.Host) { h.Off = -1 }), want: gpu.ErrShape},
		"unknown type":   {parts: with(func(h *gpu.Host) { h.DType = 99 }), want: gpu.ErrUnsupported},
		"short":          {parts: with(func(h *gpu.Host) { h.Off = 80 }), want: io.ErrUnexpectedEOF},
		"broken":         {parts: with(func(h *gpu.Host) { h.Src = broken{disk} }), want: disk},
		"broken quietly": {parts: with(func(h *gpu.Host) { h.Src = broken{} }), want: io.ErrUnexpectedEOF},
		"most rows":      {parts: with(func(h *gpu.Host) { h.Rows = math.MaxInt }), want: gpu.ErrShape},
		// 2⁶⁰ bytes, or, of 32-bit addresses, most.
		"huge": {parts: []gpu.Host{{Src: src, DType: gpu.HostU8, Rows: 1 << 15, Cols: max(math.MaxInt>>20, 14335)}}, want: gpu.ErrMemory},
	} {
		if _, err := b.Prepare(c.dt, c.f, c.parts...); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
