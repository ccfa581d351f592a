package task

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"strings"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/nn"
	"github.com/rapt-go/rapt/model/zoo"
)

// A dense is sentence-transformers' Dense module: act(x·Weightᵀ + Bias), and with a
// residual x besides, or x·Residualᵀ where the widths differ.
type dense struct {
	nn.Linear
	residual bool
	project  nn.Linear // of x, if it has a weight
	weights  *model.Weights
}

// sentenceEmbedding is what sentence-transformers calls the vector that modules hand on.
const sentenceEmbedding = "sentence_embedding"

// loadDense loads the module of a folder, for vectors of a width, and says how wide it
// makes them. On error nothing stays open.
func loadDense(f model.Folder, b gpu.Backend, as zoo.As, width int) (*dense, int, error) {
	set, err := f.Weights()
	if err != nil {
		return nil, 0, err
	}
	defer set.Close()
	return newDense(f, model.NewWeights(b, set, as.DType, as.Format), width)
}

// newDense is loadDense from w, which without a backend checks and counts only.
func newDense(f model.Folder, w *model.Weights, width int) (*dense, int, error) {
	c, err := model.ReadConfig(f, "config.json")
	if err != nil {
		return nil, 0, err
	}
	const most = 1 << 24
	in, out := c.Int("in_features", width, 1, most), c.Int("out_features", width, 1, most)
	residual := c.Bool("use_residual", false)
	act, err := denseActivation(c.Text("activation_function", "torch.nn.modules.activation.Tanh"))
	if in != width {
		c.Failf("in_features", "is %d, but the vectors are of %d", in, width)
	}
	for _, port := range []string{"module_input_name", "module_output_name"} {
		if name := c.Text(port, sentenceEmbedding); name != sentenceEmbedding {
			c.Failf(port, "is %q, not %s: %w", name, sentenceEmbedding, model.ErrUnsupported)
		}
	}
	bias := c.Bool("bias", true)
	if err := cmp.Or(c.Err(), err); err != nil {
		return nil, 0, err
	}
	d := &dense{Linear: nn.Linear{Weight: w.At("linear").Matrix(out, in, "weight"), Act: act}, residual: residual, weights: w}
	if bias {
		d.Bias = w.At("linear").Vector(out, "bias")
	}
	if residual && in != out {
		d.project.Weight = w.At("residual").Matrix(out, in, "weight")
	}
	return d, out, w.Finish()
}

// denseActivation is the function of a class of torch.nn.
func denseActivation(class string) (gpu.Act, error) {
	switch class[strings.LastIndexByte(class, '.')+1:] {
	case "Identity":
		return gpu.NoAct, nil
	case "Tanh":
		return gpu.Tanh, nil
	case "ReLU":
		return gpu.ReLU, nil
	case "GELU":
		return gpu.GELU, nil
	case "SiLU":
		return gpu.SiLU, nil
	case "Sigmoid":
		return gpu.Sigmoid, nil
	case "Mish":
		return gpu.Mish, nil
	}
	return 0, fmt.Errorf("config.json: activation_function %q: %w", class, model.ErrUnsupported)
}

func (d *dense) apply(s *gpu.Stream, x gpu.Tensor) gpu.Tensor {
	if !d.residual {
		return d.Logits(s, x)
	}
	add := x
	if d.project.Weight.Rows > 0 {
		add = d.project.Logits(s, x)
	}
	y := s.Temp(gpu.F32, x.Rows, d.Weight.Rows)
	s.Do(&gpu.Gemm{Dst: y, A: x, B: d.Weight, Bias: d.Bias, Act: d.Act, Add: add})
	return y
}

func (d *dense) close() error { return d.weights.Close() }

// A unit scales vectors to unit length: a root mean square norm whose gain is
// 1/√width, with the smallest length that torch's normalize divides by, 1e-12, as its
// epsilon.
type unit struct {
	gain gpu.Tensor
	eps  float32
	b    gpu.Backend
}

func newUnit(b gpu.Backend, width int) (*unit, error) {
	data := make([]byte, 0, 4*width)
	for range width {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(float32(1/math.Sqrt(float64(width)))))
	}
	gain, err := b.Prepare(gpu.F32, gpu.Plain, gpu.Host{Src: bytes.NewReader(data), Rows: 1, Cols: width})
	return &unit{gain, float32(1e-24 / float64(width)), b}, err
}

func (u *unit) apply(s *gpu.Stream, x gpu.Tensor) gpu.Tensor {
	s.Do(&gpu.Norm{Dst: x, X: x, Gain: u.gain, Eps: u.eps, RMS: true})
	return x
}

func (u *unit) close() error { return u.b.Free(u.gain.Buf) }
