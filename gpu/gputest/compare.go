package gputest

// The tolerance rule of the package comment, applied to one buffer.

import (
	"bytes"
	"fmt"
	"math"
	"slices"

	"github.com/rapt-go/rapt/gpu"
)

// compare reports how got, the content of a device's buffer, differs from what the
// oracle left in exact, naive being what it left when it computed in float32. What
// the oracle did not write must be as it was.
func compare(got []byte, exact, naive *memory) error {
	size, r := exact.dt.Size(), exact.result
	scale := 2*naiveError(r, naive.result) + 0x1p-23
	var first error
	bad, total, worst := 0, 0, 0.0
	for e := range r.wrote {
		b, was := got[e*size:][:size], exact.data[e*size:][:size]
		if !r.wrote[e] {
			if !bytes.Equal(b, was) {
				return fmt.Errorf("element %d, outside every output, was % x and is % x", e-exact.front, was, b)
			}
			continue
		}
		total++
		g := decode(exact.dt, b)
		if ratio, err := r.check(exact.dt, e, g, scale); err != nil {
			bad++
			if first == nil || ratio > worst {
				first, worst = fmt.Errorf("element %d is %v%w", e-exact.front, g, err), ratio
			}
		}
	}
	if bad > 0 {
		return fmt.Errorf("%d of %d elements are wrong, the worst: %w", bad, total, first)
	}
	return nil
}

// naiveError is the largest error of the naive values in units of their magnitudes.
func naiveError(exact, naive *result) (worst float64) {
	for e, m := range exact.mag {
		if d := math.Abs(naive.value[e] - exact.value[e]); m > 0 && !math.IsNaN(d) && !math.IsInf(d, 0) {
			worst = max(worst, d/m)
		}
	}
	return worst
}

// check says what is wrong with g as element e, and by how many tolerances.
func (r *result) check(dt gpu.DType, e int, g, scale float64) (ratio float64, err error) {
	want := r.value[e]
	switch {
	case math.IsNaN(want) || math.IsNaN(g):
		if math.IsNaN(want) && math.IsNaN(g) {
			return 0, nil
		}
		return math.Inf(1), fmt.Errorf(", not %v", want)
	case math.IsInf(g, -1) && r.cut[e]:
		return 0, nil
	case dt == gpu.I32 || dt == gpu.I8:
		if g == want || slices.Contains(r.also[e], int(g)) {
			return 0, nil
		}
		return math.Abs(g - want), fmt.Errorf(", not %v", want)
	}
	if m, s := r.mag[e], r.slack[e]; m > 0 && !math.IsInf(want, 0) {
		const smallest = 0x1p-126 // normal F32
		t := scale*m + s
		t += roundoff(dt)*(math.Abs(want)+t) + smallest
		if dt == gpu.F16 {
			t += 0x1p-25 // half a step of its subnormal numbers
		}
		if d := math.Abs(g - want); !(d <= t) {
			return d / t, fmt.Errorf(", not %v ± %.3g: off by %.3g tolerances", want, t, d/t)
		}
		return 0, nil
	}
	var b [4]byte
	encode(dt, b[:], want)
	if d := math.Abs(g - want); g != decode(dt, b[:]) {
		return d, fmt.Errorf(", not %v exactly", decode(dt, b[:]))
	}
	return 0, nil
}
