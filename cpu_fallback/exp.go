package cpu

// The exponential function and what is made of it, for results of float32. They are computed
// in float64 and rounded once: that is as fast as float32 where there are no vectors, keeps the
// digits of small differences, and leaves an error of 0.6 ulp at most.

import "math"

// expParts returns s = 2ⁿ and e with exp(x) = s + s·e, |e| < 0.42: x = n·ln 2 + r with
// |r| ≤ ½·ln 2, and e = exp(r) − 1 is the Taylor series up to r⁷, whose next term is below 6e-9. It is
// for |x| < 708, and for NaN, which makes e NaN.
func expParts(x float64) (s, e float64) {
	const shift = 3 << 51 // adding it leaves the integer n in the last bits
	n := x*math.Log2E + shift
	r := x - (n-shift)*math.Ln2
	q := r * r
	e = r + q*((1./2+r*(1./6))+q*((1./24+r*(1./120))+q*(1./720+r*(1./5040))))
	return math.Float64frombits((math.Float64bits(n) + 1023) << 52), e
}

// Beyond these, exp is infinite or zero, in float32 and, roughly, in float64.
const (
	expMax = 708
	expMin = -708
)

func exp(x float64) float64 {
	if x > expMax {
		return math.Inf(1)
	}
	if x < expMin {
		return 0
	}
	s, e := expParts(x)
	return s + s*e
}

// expm1 is exp(x) − 1 to the last digits of a float32, near zero too.
func expm1(x float64) float64 {
	if x > expMax {
		return math.Inf(1)
	}
	if x < expMin {
		return -1
	}
	s, e := expParts(x)
	return s*e + (s - 1)
}

// normal returns Φ(x) and φ(x), the normal distribution and its density. Of negative x, Φ is
// ½·erfc(|x|/√2) = exp(−x²/2)·h(t). h is the Chebyshev expansion of ½·exp(z²)·erfc(z), z = |x|/√2,
// in t = 1 − 6/(z+3), which maps all positive z to an interval (after Shepherd and Laframboise
// 1981); here for z < 10.7, where Φ leaves float32. Its relative error is below 4e-9.
func normal(x float64) (cdf, pdf float64) {
	const scale = 0.398942280401432677939946059934381868 // 1/√(2π)
	e := exp(-x * x / 2)
	tail := e * normalTail(1-6*math.Sqrt2/(math.Abs(x)+3*math.Sqrt2))
	// The sign of x chooses; a branch on it would be guessed wrong half of the time.
	negative := uint64(int64(math.Float64bits(x)) >> 63)
	return math.Float64frombits(math.Float64bits(tail)&negative | math.Float64bits(1-tail)&^negative), e * scale
}

func normalTail(t float64) float64 {
	q := t * t
	r := q * q
	return (0.08950057559 - 0.1631167832*t + q*(0.1228019032-0.07505785282*t)) +
		r*((0.03583287157-0.01219743482*t+q*(0.002134631689+0.0003589386767*t))+
			r*(-0.0002971922996+1.316391572e-05*t+q*2.724232722e-05))
}
