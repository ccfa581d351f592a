package gputest

import (
	"math"

	"github.com/rapt-go/rapt/gpu"
)

const (
	tanhScale = 0.7978845608028654 // √(2/π)
	tanhCubic = 0.044715
)

// act is a(x), by the formulas of gpu.Act.
func act[T real](a gpu.Act, x T) T {
	switch a {
	case gpu.NoAct:
		return x
	case gpu.GELU:
		return x * normal(x)
	case gpu.GELUTanh:
		return x / 2 * (1 + tanh(tanhScale*(x+tanhCubic*x*x*x)))
	case gpu.QuickGELU:
		return x * sigmoid(1.702*x)
	case gpu.ReLU:
		return max(x, 0)
	case gpu.ReLU2:
		return max(x, 0) * max(x, 0)
	case gpu.ReLU6:
		return min(max(x, 0), 6)
	case gpu.SiLU:
		return x * sigmoid(x)
	case gpu.Tanh:
		return tanh(x)
	case gpu.Sigmoid:
		return sigmoid(x)
	case gpu.Mish:
		return x * tanh(softplus(x))
	}
	return actGrad(a, x)
}

// actGrad is a(x) for an a that is a derivative. Where there is none, at the corners
// of the rectifiers, it is that of the flat side.
func actGrad[T real](a gpu.Act, x T) T {
	if x != x {
		return x
	}
	switch a {
	case gpu.GELUGrad:
		return normal(x) + x*exp(-x*x/2)*T(1/math.Sqrt(2*math.Pi))
	case gpu.GELUTanhGrad:
		t := tanh(tanhScale * (x + tanhCubic*x*x*x))
		return (1+t)/2 + x/2*(1-t*t)*tanhScale*(1+3*tanhCubic*x*x)
	case gpu.QuickGELUGrad:
		s := sigmoid(1.702 * x)
		return s + 1.702*x*s*(1-s)
	case gpu.ReLUGrad:
		return step[T](x > 0)
	case gpu.ReLU2Grad:
		return 2 * max(x, 0)
	case gpu.ReLU6Grad:
		return step[T](x > 0 && x < 6)
	case gpu.SiLUGrad:
		s := sigmoid(x)
		return s + x*s*(1-s)
	case gpu.TanhGrad:
		t := tanh(x)
		return 1 - t*t
	case gpu.SigmoidGrad:
		s := sigmoid(x)
		return s * (1 - s)
	case gpu.MishGrad:
		t := tanh(softplus(x))
		return t + x*(1-t*t)*sigmoid(x)
	}
	return 1 // NoActGrad
}

func step[T real](on bool) T {
	if on {
		return 1
	}
	return 0
}

// normal is Φ(x).
func normal[T real](x T) T { return T(math.Erfc(-float64(x)/math.Sqrt2)) / 2 }

func tanh[T real](x T) T    { return T(math.Tanh(float64(x))) }
func sigmoid[T real](x T) T { return 1 / (1 + exp(-x)) }

// softplus is log(1+eˣ), without overflow.
func softplus[T real](x T) T {
	return max(x, 0) + T(math.Log1p(math.Exp(-math.Abs(float64(x)))))
}

// slope bounds |a′| between −p and p. Every function here but ReLU2 has a slope
// below 1.13 (GELU's largest), and every derivative one below 1.1 (QuickGELU's).
func slope(a gpu.Act, p float64) float64 {
	switch a {
	case gpu.ReLU2, gpu.ReLU2Grad:
		return 2 * max(p, 1)
	}
	return 1.2
}

// evalUlps is what an evaluation of a function may be off by, in units of 2⁻²³ of its
// value: CUDA documents 2 ulp for expf, tanhf and erff and 4 for erfcf.
const evalUlps = 4

// actMag is the magnitude of act(a, x), y, given x's: the error of x times the
// slope, and the evaluation's own.
func actMag[T real](a gpu.Act, x, y T, xMag float64) float64 {
	if a == gpu.NoAct {
		return xMag
	}
	return slope(a, abs(x)+0x1p-10*xMag)*xMag + evalUlps*abs(y)
}
