package cpu

// The functions of gpu.Act, of one number each; see exp.go.

import (
	"math"

	"github.com/rapt-go/rapt/gpu"
)

const actCost = 8 // nanoseconds an element

var acts = [gpu.Acts]func(x float32) float32{
	gpu.GELU:          gelu,
	gpu.GELUTanh:      geluTanh,
	gpu.QuickGELU:     quickGELU,
	gpu.ReLU:          func(x float32) float32 { return max(x, 0) },
	gpu.ReLU2:         func(x float32) float32 { return max(x, 0) * max(x, 0) },
	gpu.ReLU6:         func(x float32) float32 { return min(max(x, 0), 6) },
	gpu.SiLU:          silu,
	gpu.Tanh:          tanh,
	gpu.Sigmoid:       func(x float32) float32 { return float32(sigmoid(float64(x))) },
	gpu.Mish:          mish,
	gpu.NoActGrad:     func(x float32) float32 { return step(x, true) },
	gpu.GELUGrad:      geluGrad,
	gpu.GELUTanhGrad:  geluTanhGrad,
	gpu.QuickGELUGrad: quickGELUGrad,
	gpu.ReLUGrad:      func(x float32) float32 { return step(x, x > 0) },
	gpu.ReLU2Grad:     func(x float32) float32 { return 2 * max(x, 0) },
	gpu.ReLU6Grad:     func(x float32) float32 { return step(x, x > 0 && x < 6) },
	gpu.SiLUGrad:      siluGrad,
	gpu.TanhGrad:      tanhGrad,
	gpu.SigmoidGrad:   func(x float32) float32 { return float32(sigmoidGrad(float64(x))) },
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
		dst[i] = g(v)
	}
}

func gelu(v float32) float32 {
	x := float64(v)
	cdf, _ := normal(x)
	return float32(x * cdf)
}

func geluGrad(v float32) float32 {
	x := float64(v)
	cdf, pdf := normal(x)
	return float32(cdf + x*pdf)
}

const (
	geluSlope = 0.797884560802865355879892119868763737 // √(2/π)
	geluCubic = 0.044715
)

// geluTanh uses ½(1 + tanh u) = σ(2u), which keeps the digits of the negative tail.
func geluTanh(v float32) float32 {
	x := float64(v)
	return float32(x * sigmoid(2*geluSlope*(x+geluCubic*x*x*x)))
}

// geluTanhGrad is s + x·w′·s·(1−s), s = σ(w), w = 2u.
func geluTanhGrad(v float32) float32 {
	x := float64(v)
	s := sigmoid(2 * geluSlope * (x + geluCubic*x*x*x))
	return float32(s + x*s*(1-s)*(2*geluSlope*(1+3*geluCubic*x*x)))
}

func quickGELU(v float32) float32 {
	x := float64(v)
	return float32(x * sigmoid(1.702*x))
}

func quickGELUGrad(v float32) float32 {
	x := float64(v)
	s := sigmoid(1.702 * x)
	return float32(s + 1.702*x*s*(1-s))
}

func silu(v float32) float32 {
	x := float64(v)
	return float32(x * sigmoid(x))
}

func siluGrad(v float32) float32 {
	x := float64(v)
	s := sigmoid(x)
	return float32(s + x*s*(1-s))
}

// tanh is (e²ˣ − 1)/(e²ˣ + 1).
func tanh(v float32) float32 {
	e := expm1(2 * float64(v))
	if e > math.MaxFloat32 {
		return 1
	}
	return float32(e / (e + 2))
}

// tanhGrad is 4·σ′(2x): 1 − tanh² without its cancellation.
func tanhGrad(v float32) float32 { return float32(4 * sigmoidGrad(2*float64(v))) }

// mish: with w = eˣ, tanh(log(1+w)) = n/(n+2), n = w(w+2). From 40 on that is 1.
func mish(v float32) float32 {
	if v > 40 {
		return v
	}
	x := float64(v)
	w := exp(x)
	n := w * (w + 2)
	return float32(x * (n / (n + 2)))
}

// mishGrad is t + x·(1 − t²)·σ(x), t = n/(n+2) as in mish.
func mishGrad(v float32) float32 {
	if v > 40 {
		return 1 + v*0 // NaN of infinity, as by the formula
	}
	x := float64(v)
	w := exp(x)
	n := w * (w + 2)
	return float32(n/(n+2) + x*(4*(n+1)/((n+2)*(n+2)))*(w/(1+w)))
}

// step is 1 or 0, and NaN of NaN.
func step(x float32, on bool) float32 {
	switch {
	case x != x:
		return x
	case on:
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
