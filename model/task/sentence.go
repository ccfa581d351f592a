package task

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/nn"
	"github.com/rapt-go/rapt/model/zoo"
)

// A Pooling makes one vector of a sequence's hidden states.
type Pooling string

// The poolings, by the names that sentence-transformers gives them.
const (
	MeanPooling Pooling = "mean"
	CLSPooling  Pooling = "cls" // the first token
	MaxPooling  Pooling = "max"
	LastPooling Pooling = "lasttoken"
)

func (p Pooling) kind() gpu.PoolKind {
	switch p {
	case CLSPooling:
		return gpu.First
	case MaxPooling:
		return gpu.Max
	case LastPooling:
		return gpu.Last
	}
	return gpu.Mean
}

// ParsePooling is the pooling of a name.
func ParsePooling(name string) (Pooling, error) {
	p := Pooling(name)
	switch p {
	case MeanPooling, CLSPooling, MaxPooling, LastPooling:
		return p, nil
	}
	return "", fmt.Errorf("pooling %q: %w; want mean, cls, max or lasttoken", name, model.ErrUnsupported)
}

// A sentence is what a folder of sentence-transformers says: which encoder, and
// what makes a vector of its hidden states.
type sentence struct {
	encoder       model.Folder
	maxLength     int // tokens; 0 means what the model reads
	lower         bool
	pools         []Pooling
	modules       []module // after pooling
	prompts       map[string]string
	defaultPrompt string
}

// A module is a step before it is loaded.
type module struct {
	kind   string
	folder model.Folder
}

// plainSentence is the mean of the tokens of any encoder, or what the options say.
func plainSentence(f model.Folder, o *options) *sentence {
	s := &sentence{encoder: f, pools: []Pooling{MeanPooling}}
	s.override(o)
	return s
}

// override obeys the options that stand above the checkpoint.
func (s *sentence) override(o *options) {
	if o.pooling != "" {
		s.pools = []Pooling{o.pooling}
	}
	if o.norm == nil {
		return
	}
	s.modules = slices.DeleteFunc(s.modules, func(m module) bool { return m.kind == "Normalize" })
	if *o.norm {
		s.modules = append(s.modules, module{kind: "Normalize"})
	}
}

// readSentence reads modules.json and what it names; without one the folder is a
// plain encoder.
func readSentence(f model.Folder, o *options) (*sentence, error) {
	if !f.Has("modules.json") {
		return plainSentence(f, o), nil
	}
	s := &sentence{prompts: map[string]string{}}
	data, err := f.ReadFile("modules.json", 1<<20)
	if err != nil {
		return nil, err
	}
	var list []struct{ Type, Path string }
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, fmt.Errorf("modules.json: %w", err)
	}
	for i, m := range list {
		sub, err := f.Sub(m.Path)
		if err != nil {
			return nil, fmt.Errorf("modules.json: %w", err)
		}
		if err := s.module(i, m.Type[strings.LastIndexByte(m.Type, '.')+1:], sub); err != nil {
			return nil, fmt.Errorf("modules.json: module %d, %s: %w", i, m.Type, err)
		}
	}
	if len(s.pools) == 0 {
		return nil, fmt.Errorf("modules.json: no Transformer and Pooling: %w", model.ErrUnsupported)
	}
	s.override(o)
	return s, s.readPrompts(f)
}

// module reads one entry of modules.json. The first is a Transformer, the second a
// Pooling; others follow.
func (s *sentence) module(i int, kind string, f model.Folder) (err error) {
	switch {
	case i == 0 && kind == "Transformer":
		s.encoder = f
		err = s.readTransformer(f)
	case i == 1 && kind == "Pooling":
		s.pools, err = readPooling(f)
	case i > 1 && (kind == "Dense" || kind == "Normalize"):
		s.modules = append(s.modules, module{kind, f})
	default:
		err = model.ErrUnsupported
	}
	return err
}

func (s *sentence) readTransformer(f model.Folder) error {
	const file = "sentence_bert_config.json"
	if !f.Has(file) {
		return nil
	}
	c, err := model.ReadConfig(f, file)
	if err != nil {
		return err
	}
	s.maxLength = c.Int("max_seq_length", 0, 1, math.MaxInt32)
	s.lower = c.Bool("do_lower_case", false)
	return c.Err()
}

// readPooling reads the modes, which are laid end to end in this order.
func readPooling(f model.Folder) ([]Pooling, error) {
	c, err := model.ReadConfig(f, "config.json")
	if err != nil {
		return nil, err
	}
	if !c.Bool("include_prompt", true) {
		return nil, fmt.Errorf("include_prompt is false: %w", model.ErrUnsupported)
	}
	var pools []Pooling
	if name := c.Text("pooling_mode", ""); name != "" {
		p, err := ParsePooling(name)
		return []Pooling{p}, err
	}
	for _, mode := range []struct {
		field string
		name  string
		def   bool
	}{
		{"pooling_mode_cls_token", "cls", false},
		{"pooling_mode_max_tokens", "max", false},
		{"pooling_mode_mean_tokens", "mean", true},
		{"pooling_mode_mean_sqrt_len_tokens", "mean_sqrt_len", false},
		{"pooling_mode_weightedmean_tokens", "weightedmean", false},
		{"pooling_mode_lasttoken", "lasttoken", false},
	} {
		if !c.Bool(mode.field, mode.def) {
			continue
		}
		p, err := ParsePooling(mode.name)
		if err != nil {
			return nil, err
		}
		pools = append(pools, p)
	}
	if len(pools) == 0 && c.Err() == nil {
		return nil, fmt.Errorf("config.json: no pooling mode is true: %w", model.ErrUnsupported)
	}
	return pools, c.Err()
}

func (s *sentence) readPrompts(f model.Folder) error {
	const file = "config_sentence_transformers.json"
	if !f.Has(file) {
		return nil
	}
	c, err := model.ReadConfig(f, file)
	if err != nil {
		return err
	}
	if raw := c.Raw("prompts"); raw != nil {
		if err := json.Unmarshal(raw, &s.prompts); err != nil {
			return fmt.Errorf("%s: prompts: %w", file, err)
		}
	}
	s.defaultPrompt = c.Text("default_prompt_name", "")
	if _, ok := s.prompts[s.defaultPrompt]; !ok && s.defaultPrompt != "" {
		c.Failf("default_prompt_name", "is %q; the prompts are %q", s.defaultPrompt, sortedKeys(s.prompts))
	}
	return c.Err()
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }

// A dense is a linear layer of sentence-transformers' Dense module.
type dense struct {
	nn.Linear
	weights *model.Weights
}

func loadDense(f model.Folder, b gpu.Backend, as zoo.As, width int) (*dense, int, error) {
	c, err := model.ReadConfig(f, "config.json")
	if err != nil {
		return nil, 0, err
	}
	const most = 1 << 24
	in, out := c.Int("in_features", width, 1, most), c.Int("out_features", width, 1, most)
	act, err := denseActivation(c.Text("activation_function", "torch.nn.modules.activation.Tanh"))
	if in != width {
		c.Failf("in_features", "is %d, but the vectors are of %d", in, width)
	}
	bias := c.Bool("bias", true)
	if err := firstOf(c.Err(), err); err != nil {
		return nil, 0, err
	}
	set, err := f.Weights()
	if err != nil {
		return nil, 0, err
	}
	defer set.Close()
	w := model.NewWeights(b, set, as.DType, as.Format)
	d := &dense{nn.Linear{Weight: w.At("linear").Matrix(out, in, "weight"), Act: act}, w}
	if bias {
		d.Bias = w.At("linear").Vector(out, "bias")
	}
	return d, out, w.Finish()
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
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
	}
	return 0, fmt.Errorf("config.json: activation_function %q: %w", class, model.ErrUnsupported)
}

func (d *dense) apply(s *gpu.Stream, x gpu.Tensor) gpu.Tensor { return d.Logits(s, x) }
func (d *dense) close() error                                 { return d.weights.Close() }

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
