package cpu

// The inner loops of the portable tier. In dots and axpy a product is converted to float32
// before it is added, which forbids the compiler to fuse the two: so both give the same
// bits, on every architecture.

import "math"

// dots is a product by columns, six at a time: as many sums as hide the latency of
// their additions and, with their terms, fit the registers of amd64.
func dots(acc []float32, ldAcc int, a []float32, lda int, b []float32, ldb int, rows, cols, k int) {
	if k == 0 {
		return
	}
	for c := 0; c < cols; c += 6 {
		dots6(acc[c:], ldAcc, a, lda, b[c*ldb:], ldb, rows, min(6, cols-c), k)
	}
}

// dots6 takes up to six columns; of fewer it computes the last one again.
func dots6(acc []float32, ldAcc int, a []float32, lda int, b []float32, ldb int, rows, cols, k int) {
	last := cols - 1
	b0, b1, b2 := b[:k], b[min(1, last)*ldb:][:k], b[min(2, last)*ldb:][:k]
	b3, b4, b5 := b[min(3, last)*ldb:][:k], b[min(4, last)*ldb:][:k], b[min(5, last)*ldb:][:k]
	for i := range rows {
		var s0, s1, s2, s3, s4, s5 float32
		a := a[i*lda:][:k]
		b0, b1, b2, b3, b4, b5 := b0[:len(a)], b1[:len(a)], b2[:len(a)], b3[:len(a)], b4[:len(a)], b5[:len(a)] // no bounds checks below
		for l, x := range a {
			s0 += float32(x * b0[l])
			s1 += float32(x * b1[l])
			s2 += float32(x * b2[l])
			s3 += float32(x * b3[l])
			s4 += float32(x * b4[l])
			s5 += float32(x * b5[l])
		}
		if cols < 6 {
			addRow(acc[i*ldAcc:][:cols], ([]float32{s0, s1, s2, s3, s4, s5})[:cols])
			continue
		}
		c := (*[6]float32)(acc[i*ldAcc:])
		c[0] += s0
		c[1] += s1
		c[2] += s2
		c[3] += s3
		c[4] += s4
		c[5] += s5
	}
}

func axpy(dst, x []float32, a float32) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] += float32(a * x[i])
	}
}

func highest(x []float32, scale float32) float32 {
	h := float32(math.Inf(-1))
	for _, v := range x {
		if v *= scale; v > h {
			h = v
		}
	}
	return h
}

func expSum(dst, x []float32, scale, shift float32) float64 {
	dst = dst[:len(x)]
	var sum float64
	for i, v := range x {
		e := exp(float64(scale)*float64(v) - float64(shift))
		sum += e
		dst[i] = float32(e)
	}
	return sum
}

func moments(x []float32, zero bool) (mean, variance float64) {
	n := float64(len(x))
	if !zero {
		mean = sum(x) / n
	}
	return mean, squares(x, mean) / n
}

// sum adds in four places, by the column modulo 4, so that additions need not wait for
// each other.
func sum(x []float32) float64 {
	var s0, s1, s2, s3 float64
	for ; len(x) >= 4; x = x[4:] {
		s0 += float64(x[0])
		s1 += float64(x[1])
		s2 += float64(x[2])
		s3 += float64(x[3])
	}
	for _, v := range x {
		s0 += float64(v)
	}
	return s0 + s1 + s2 + s3
}

// squares is the sum of (x − mean)², taken as in sum.
func squares(x []float32, mean float64) float64 {
	var s0, s1, s2, s3 float64
	for ; len(x) >= 4; x = x[4:] {
		d0, d1, d2, d3 := float64(x[0])-mean, float64(x[1])-mean, float64(x[2])-mean, float64(x[3])-mean
		s0 += d0 * d0
		s1 += d1 * d1
		s2 += d2 * d2
		s3 += d3 * d3
	}
	for _, v := range x {
		d := float64(v) - mean
		s0 += d * d
	}
	return s0 + s1 + s2 + s3
}

func normalize(dst, x, gain, bias []float32, mean, factor float64) {
	dst = dst[:len(x)]
	switch {
	case len(gain) == 0:
		for i, v := range x {
			dst[i] = float32((float64(v) - mean) * factor)
		}
		if len(bias) > 0 {
			addRow(dst, bias)
		}
	case len(bias) == 0:
		gain = gain[:len(x)]
		for i, v := range x {
			dst[i] = float32((float64(v) - mean) * factor * float64(gain[i]))
		}
	default:
		gain, bias = gain[:len(x)], bias[:len(x)]
		for i, v := range x {
			dst[i] = float32((float64(v)-mean)*factor*float64(gain[i]) + float64(bias[i]))
		}
	}
}
