package gpu

import "fmt"

// Act names a function of one variable. The …Grad values are derivatives.
type Act uint8

// The functions, as transformers' activations.py defines them.
const (
	NoAct     Act = iota // x
	GELU                 // x·Φ(x), Φ the normal distribution (gelu, gelu_python)
	GELUTanh             // x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³))) (gelu_new, gelu_fast, gelu_accurate, gelu_pytorch_tanh, gelu_python_tanh)
	QuickGELU            // x·σ(1.702·x)
	ReLU                 // max(x, 0)
	ReLU2                // max(x, 0)²
	ReLU6                // min(max(x, 0), 6)
	SiLU                 // x·σ(x) (silu, swish)
	Tanh
	Sigmoid // σ(x) = 1/(1 + e⁻ˣ)
	Mish    // x·tanh(log(1 + eˣ))
	NoActGrad
	GELUGrad
	GELUTanhGrad
	QuickGELUGrad
	ReLUGrad
	ReLU2Grad
	ReLU6Grad
	SiLUGrad
	TanhGrad
	SigmoidGrad
	MishGrad
	Acts // how many there are
)

// Grad is the derivative of a function that is not itself a derivative.
func (a Act) Grad() Act {
	if a < NoActGrad {
		return a + NoActGrad
	}
	return Acts
}

func (a Act) String() string {
	if a >= Acts {
		return fmt.Sprintf("Act(%d)", uint8(a))
	}
	name := [...]string{"linear", "gelu", "gelu_tanh", "quick_gelu", "relu", "relu2", "relu6", "silu", "tanh", "sigmoid", "mish"}[a%NoActGrad]
	if a >= NoActGrad {
		name += "'"
	}
	return name
}
