package cpu

// The functions of gpu.Act, of one number each. They are computed in float64 and rounded
// once: as fast as float32 where there are no vectors, and never short of digits.

import (
	"math"

	"github.com/rapt-go/rapt/gpu"
)

const actCost = 10 // nanoseconds an element

var acts = [gpu.Acts]func(x float64) float64{
	gpu.GELU:          gelu,
	gpu.GELUTanh:      geluTanh,
	gpu.QuickGELU:     func(x float64) float64 { return x * sigmoid(1.702*x) },
	gpu.ReLU:          func(x float64) float64 { return max(x, 0) },
	gpu.ReLU2:         func(x float64) float64 { return max(x, 0) * max(x, 0) },
	gpu.ReLU6:         func(x float64) float64 { return min(max(x, 0), 6) },
	gpu.SiLU:          func(x float64) float64 { return x * sigmoid(x) },
	gpu.Tanh:          tanh,
	gpu.Sigmoid:       sigmoid,
	gpu.Mish:          mish,
	gpu.NoActGrad:     one,
	gpu.GELUGrad:      func(x float64) float64 { return normalCDF(x) + x*normalPDF(x) },
	gpu.GELUTanhGrad:  geluTanhGrad,
	gpu.QuickGELUGrad: quickGELUGrad,
	gpu.ReLUGrad:      func(x float64) float64 { return step(x, math.Inf(1)) },
	gpu.ReLU2Grad:     func(x float64) float64 { return 2 * max(x, 0) },
	gpu.ReLU6Grad:     func(x float64) float64 { return step(x, 6) },
	gpu.SiLUGrad:      siluGrad,
	gpu.TanhGrad:      func(x float64) float64 { return 4 * sigmoidGrad(2*x) }, // 1 − tanh² without its cancellation
	gpu.SigmoidGrad:   sigmoidGrad,
	gpu.MishGrad:      mishGrad,
}

// act computes dst = f(x).
func act(f gpu.Act, dst, x []float32) {
	dst = dst[:len(x)]
	if f == gpu.NoAct {
		copy(dst, x)
		return
	}
	g := acts[f]
	for i, v := range x {
		dst[i] = float32(g(float64(v)))
	}
}

func gelu(x float64) float64 { return x * normalCDF(x) }

// geluTanh uses ½(1 + tanh u) = σ(2u), which keeps the digits of the negative tail.
func geluTanh(x float64) float64 { return x * sigmoid(2*geluInner(x)) }

const (
	geluSlope = 0.797884560802865355879892119868763737 // √(2/π)
	geluCubic = 0.044715
)

func geluInner(x float64) float64 { return geluSlope * (x + geluCubic*x*x*x) }

// geluTanhGrad is σ(2u) + x·2u′·σ′(2u).
func geluTanhGrad(x float64) float64 {
	u := 2 * geluInner(x)
	return sigmoid(u) + 2*x*sigmoidGrad(u)*geluSlope*(1+3*geluCubic*x*x)
}

func quickGELUGrad(x float64) float64 {
	return sigmoid(1.702*x) + 1.702*x*sigmoidGrad(1.702*x)
}

func siluGrad(x float64) float64 { return sigmoid(x) + x*sigmoidGrad(x) }

// one is 1, but of NaN.
func one(x float64) float64 {
	if x != x {
		return x
	}
	return 1
}

// step is 1 between 0 and top, 0 elsewhere.
func step(x, top float64) float64 {
	switch {
	case x != x:
		return x
	case x > 0 && x < top:
		return 1
	}
	return 0
}

func sigmoid(x float64) float64 { return 1 / (1 + exp(-x)) }

// sigmoidGrad is σ(x)·σ(−x).
func sigmoidGrad(x float64) float64 {
	e := exp(-math.Abs(x))
	return e / ((1 + e) * (1 + e))
}

// tanh is (e²ˣ − 1)/(e²ˣ + 1).
func tanh(x float64) float64 {
	e := expm1(2 * x)
	if e > math.MaxFloat32 {
		return 1
	}
	return e / (e + 2)
}

// mish: with w = eˣ, tanh(log(1+w)) = n/(n+2), n = w(w+2).
func mish(x float64) float64 {
	if x > 40 {
		return x
	}
	w := exp(x)
	n := w * (w + 2)
	return x * (n / (n + 2))
}

// mishGrad is t + x·(1 − t²)·σ(x), t = n/(n+2) as in mish.
func mishGrad(x float64) float64 {
	if x > 40 {
		return 1 + x*0
	}
	w := exp(x)
	n := w * (w + 2)
	return n/(n+2) + x*(4*(n+1)/((n+2)*(n+2)))*sigmoid(x)
}

func exp(x float64) float64       { return math.Exp(x) }
func expm1(x float64) float64     { return math.Expm1(x) }
func normalCDF(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }
func normalPDF(x float64) float64 { return math.Exp(-x*x/2) / math.Sqrt(2*math.Pi) }
