package gputest

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"github.com/rapt-go/rapt/gpu"
)

// bits tests that Put and Take copy rows of one type bit for bit: the sign of zero and
// what a NaN carries too.
func (s *suite) bits(t *testing.T) {
	for _, dt := range [...]gpu.DType{gpu.F32, gpu.F16, gpu.BF16, gpu.I32} {
		const m, n = 3, 5
		e := newEnv(roomy)
		src := e.Out(dt, m, n)
		var want []byte
		for i := range m {
			for j := range n {
				b := src.Buf.(*memory).data[(src.Off+i*src.Stride+j)*dt.Size():][:dt.Size()]
				if dt.Size() == 2 {
					binary.LittleEndian.PutUint16(b, [...]uint16{0x8000, 0x7fa1, 0xffff, 0x0001, 0x7d01}[j]+uint16(i))
				} else {
					binary.LittleEndian.PutUint32(b, [...]uint32{0x80000000, 0x7fa00001, 0xffffffff, 0x00000001, 0x7f800001}[j]+uint32(i))
				}
				want = append(want, b...)
			}
		}
		for _, op := range []gpu.Op{
			&gpu.Put{Dst: e.Out(dt, m, n), Src: src, At: e.Ints(0, 1, 2)},
			&gpu.Take{Dst: e.Out(dt, m, n), Src: src, At: e.Ints(0, 1, 2)},
		} {
			got, err := s.run(op, e.mem, 1)
			if s.skip(t, gpu.Describe(op), err) {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			dst := outputOf(op)
			var copied []byte
			data := got[slices.Index(e.mem, dst.Buf.(*memory))]
			for i := range m {
				copied = append(copied, data[(dst.Off+i*dst.Stride)*dt.Size():][:n*dt.Size()]...)
			}
			if !slices.Equal(copied, want) {
				t.Errorf("%s copies % x as % x", gpu.Describe(op), want, copied)
			}
		}
	}
}

// outputOf is op's first tensor.
func outputOf(op gpu.Op) (out gpu.Tensor) {
	found := false
	gpu.Walk(op, func(_ string, t *gpu.Tensor) {
		if !found {
			out, found = *t, true
		}
	})
	return out
}

// draws tests that Sample draws columns as often as their probabilities say, by
// Pearson's χ² at seven degrees of freedom, which exceeds 40 once in a million. Draws are
// defined to the bit but for rounding, so this tests the definition as well.
func (s *suite) draws(t *testing.T) {
	const n = 8
	m := 20000
	if s.small {
		m = 1000
	}
	p := [n]float64{0.3, 0.2, 0.2, 0.1, 0.1, 0.05, 0.03, 0.02}
	e := newEnv(roomy)
	op := &gpu.Sample{
		Index: e.Out(gpu.I32, m, 1), Scale: 2,
		X:    e.Make(gpu.F32, m, n, func(_, j int) float64 { return math.Log(p[j])/2 + 3 }),
		Seed: e.Make(gpu.I32, m, 2, func(i, j int) float64 { return float64(i * (1 - j)) }), // a counter, as callers use
	}
	got, err := s.run(op, e.mem, 1)
	if s.skip(t, "Sample/draws/dt=f32", err) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	var count [n]float64
	for i := range m {
		j := int(decode(gpu.I32, got[0][(op.Index.Off+i*op.Index.Stride)*4:]))
		if j < 0 || j >= n {
			t.Fatalf("row %d draws column %d of %d", i, j, n)
		}
		count[j]++
	}
	chi := 0.0
	for j, c := range count {
		want := p[j] * float64(m)
		chi += (c - want) * (c - want) / want
	}
	if chi > 40 {
		t.Errorf("χ² is %.1f: columns were drawn %v times of %d, with probabilities %v", chi, count, m, p)
	}
}
