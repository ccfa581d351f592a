package nn_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model/nn"
)

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func tanhGELU(x float64) float64 {
	return 0.5 * x * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
}

// act2fn is ACT2FN of transformers' activations.py, as its classes compute it.
var act2fn = map[string]func(x float64) float64{
	"gelu":              func(x float64) float64 { return x * 0.5 * (1 + math.Erf(x/math.Sqrt2)) },
	"gelu_python":       func(x float64) float64 { return x * 0.5 * (1 + math.Erf(x/math.Sqrt2)) },
	"gelu_new":          tanhGELU,
	"gelu_fast":         func(x float64) float64 { return 0.5 * x * (1 + math.Tanh(x*0.7978845608*(1+0.044715*x*x))) },
	"gelu_accurate":     tanhGELU,
	"gelu_pytorch_tanh": tanhGELU,
	"gelu_python_tanh":  tanhGELU,
	"quick_gelu":        func(x float64) float64 { return x * sigmoid(1.702*x) },
	"relu":              func(x float64) float64 { return max(x, 0) },
	"relu2":             func(x float64) float64 { return max(x, 0) * max(x, 0) },
	"relu6":             func(x float64) float64 { return min(max(x, 0), 6) },
	"silu":              func(x float64) float64 { return x * sigmoid(x) },
	"swish":             func(x float64) float64 { return x * sigmoid(x) },
	"tanh":              math.Tanh,
	"sigmoid":           sigmoid,
	"mish":              func(x float64) float64 { return x * math.Tanh(math.Log1p(math.Exp(x))) },
	"linear":            func(x float64) float64 { return x },
}

// Every name stands for the function that transformers computes under it.
func TestActivation(t *testing.T) {
	r := newRig(t)
	const n = 81
	x := make([]float64, n)
	for i := range x {
		x[i] = float64(i-n/2) / 4 // -10 to 10
	}
	one := nn.Linear{Weight: r.tensor(1, 1, []float64{1})}
	for name, f := range act2fn {
		act, ok := nn.Activation(name)
		require.True(t, ok, name)
		one.Act = act
		got := r.read(one.Logits(r.s, r.tensor(n, 1, x)))
		for i, x := range x {
			// Float32 takes the argument to half an ulp, and tanh(x) or Φ(x) near −1 or 0 loses what
			// 1 + … cancels: both are absolute errors of a few 2⁻²⁴ of |x|, or of the value itself.
			require.InDelta(t, f(x), got[i], 0x1p-21*max(1, math.Abs(x), math.Abs(f(x))), "%s(%v)", name, x)
		}
	}
}

func TestActivationUnknown(t *testing.T) {
	for _, name := range []string{"", "GELU", "Gelu", "gelu ", "gelu_10", "gelu_tanh", "laplace", "leaky_relu", "linear'", "prelu", "xielu"} {
		a, ok := nn.Activation(name)
		require.False(t, ok, name)
		require.Equal(t, gpu.NoAct, a, name)
	}
}
