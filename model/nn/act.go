package nn

import "github.com/rapt-go/rapt/gpu"

// Activation is the function that config.json calls name, as transformers'
// ACT2FN does.
func Activation(name string) (a gpu.Act, ok bool) {
	switch name {
	case "gelu", "gelu_python":
		return gpu.GELU, true
	case "gelu_new", "gelu_fast", "gelu_accurate", "gelu_pytorch_tanh", "gelu_python_tanh":
		return gpu.GELUTanh, true
	case "quick_gelu":
		return gpu.QuickGELU, true
	case "relu":
		return gpu.ReLU, true
	case "relu2":
		return gpu.ReLU2, true
	case "relu6":
		return gpu.ReLU6, true
	case "silu", "swish":
		return gpu.SiLU, true
	case "tanh":
		return gpu.Tanh, true
	case "sigmoid":
		return gpu.Sigmoid, true
	case "mish":
		return gpu.Mish, true
	case "linear":
		return gpu.NoAct, true
	}
	return 0, false
}
