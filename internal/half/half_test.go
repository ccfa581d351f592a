package half

import (
	"math"
	"math/big"
	"testing"
)

// halfValue is F16 by its definition: see IEEE 754, binary16.
func halfValue(h uint16) float64 {
	sign := 1 - 2*float64(h>>15)
	e, f := int(h>>10&31), float64(h&1023)
	switch e {
	case 0:
		return sign * math.Ldexp(f, -24)
	case 31:
		if f != 0 {
			return math.NaN()
		}
		return sign * math.Inf(1)
	}
	return sign * math.Ldexp(1024+f, e-25)
}

func TestHalf(t *testing.T) {
	for h := range 1 << 16 {
		want, got := halfValue(uint16(h)), FromF16(uint16(h))
		switch {
		case math.IsNaN(want):
			if got == got || ToF16(got)&0x7c00 != 0x7c00 || ToF16(got)&1023 == 0 {
				t.Fatalf("%04x is %v, and %04x again", h, got, ToF16(got))
			}
		case float64(got) != want || ToF16(got) != uint16(h):
			t.Fatalf("%04x is %v, not %v, and %04x again", h, got, want, ToF16(got))
		}
	}
	for h := range uint16(0x7c00) { // what lies between two neighbours goes to the nearer, or the even
		low, high := halfValue(h), halfValue(h+1)
		if h == 0x7bff {
			high = 65536 // as if there were no infinity
		}
		middle := float32((low + high) / 2)
		below, above := math.Nextafter32(middle, 0), math.Nextafter32(middle, math.MaxFloat32)
		if ToF16(below) != h || ToF16(above) != h+1 || ToF16(middle) != h+h&1 || ToF16(-middle) != 1<<15|(h+h&1) {
			t.Fatalf("between %04x and %04x: %04x %04x %04x", h, h+1, ToF16(below), ToF16(middle), ToF16(above))
		}
	}
}

func TestBrainFloat(t *testing.T) {
	for b := uint32(0); b < 255<<23; b += 4093 { // all magnitudes
		x := math.Float32frombits(b | b<<31)
		want, _ := new(big.Float).SetPrec(8).SetMode(big.ToNearestEven).SetFloat64(float64(x)).Float32()
		got := math.Float32frombits(uint32(ToBF16(x)) << 16)
		if math.Abs(float64(x)) >= 0x1p-126 && got != want { // big.Float has no denormal numbers
			t.Fatalf("%v rounds to %v, not %v", x, got, want)
		}
		if math.Abs(float64(x)) < 0x1p-126 && math.Abs(float64(got)-float64(x)) > 0x1p-134 {
			t.Fatalf("%v rounds to %v", x, got)
		}
	}
	for _, b := range []uint32{0x7f800001, 0xff80ffff, 0x7fffffff} {
		if y := ToBF16(math.Float32frombits(b)); y&0x7f80 != 0x7f80 || y&0x7f == 0 {
			t.Errorf("NaN %x rounds to %x", b, y)
		}
	}
}
