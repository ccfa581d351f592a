// The golden test walks folders of checkpoints with what transformers said of them
// in float64 (testdata/golden/README.md), and compares every tensor and every task.
package zoo_test

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	cpu "github.com/rapt-go/rapt/cpu_fallback"
	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/bert"
	"github.com/rapt-go/rapt/model/safetensors"
	"github.com/rapt-go/rapt/model/zoo"
)

// supported lists the model_types that must not be passed over.
var supported = append([]string{"gpt2"}, encoders...)

var encoders = []string{"bert", "camembert", "roberta", "xlm-roberta"}

// The rule of the fixtures' README for a backend that computes in float32: an error of
// so many times what torch's own float32 run makes.
const (
	kMax = 3
	kRMS = 2
)

// A golden is a folder: a checkpoint, its cases, and what they must give.
type golden struct {
	dir   string
	cases cases
	want  *safetensors.File
	be    gpu.Backend

	tensors  int
	compared []string // by tasks
	worst    float64  // the largest error ÷ tolerance
	where    string
}

// cases is the fixture's cases.json.
type cases struct {
	Class string
	Cases []struct {
		Name    string
		Inputs  []struct{ IDs, Types []int32 }
		Tensors map[string]stats
	}
	Classify     []classifyCase
	FillMask     []fillCase `json:"fill_mask"`
	Tag          []tagCase
	Answer       []answerCase
	Embed        []embedCase
	NextSentence []pairCase `json:"next_sentence"`
	Generate     []generateCase
	Sample       []sampleCase
}

type stats struct {
	AbsMax, RMS float64
	TorchMax    float64 `json:"torch_f32_max"`
	TorchRMS    float64 `json:"torch_f32_rms"`
}

func TestGolden(t *testing.T) {
	root := goldenRoot(t)
	be, err := cpu.Open()
	require.NoError(t, err)
	defer be.Close()
	models, tensors, worst, where := 0, 0, 0.0, ""
	for _, dir := range folders(t, root) {
		modelType := typeOf(t, dir)
		if !slices.Contains(zoo.Types(), modelType) {
			require.NotContains(t, supported, modelType, "%s: a supported model_type is passed over", dir)
			_, err := zoo.Load[model.Encoder](dir, be, zoo.Default(be))
			require.ErrorIs(t, err, model.ErrUnsupported)
			fmt.Printf("golden: %s: unsupported model_type %s\n", filepath.Base(dir), modelType)
			continue
		}
		g := &golden{dir: dir, be: be}
		t.Run(filepath.Base(dir), g.run)
		models, tensors = models+1, tensors+g.tensors
		if g.worst >= worst {
			worst, where = g.worst, filepath.Base(dir)+" "+g.where
		}
	}
	require.NotZero(t, models, "no folder of a supported model in %s", root)
	t.Logf("worst: %s", where)
	fmt.Printf("golden: %d models, %d tensors, worst ratio %.3f\n", models, tensors, worst)
}

// goldenRoot is RAPT_GOLDEN, absolute or relative to the module's root, or the
// project's own set.
func goldenRoot(t *testing.T) string {
	module, err := filepath.Abs("../..")
	require.NoError(t, err)
	root := os.Getenv("RAPT_GOLDEN")
	switch {
	case root == "":
		root = filepath.Join(module, "testdata", "golden")
	case !filepath.IsAbs(root):
		root = filepath.Join(module, root)
	}
	return root
}

// folders lists root itself if it is a model's folder, or else those in it that are.
func folders(t *testing.T, root string) []string {
	is := func(dir string) bool {
		for _, f := range []string{"cases.json", "config.json", "expected.safetensors"} {
			if _, err := os.Stat(filepath.Join(dir, f)); err != nil {
				return false
			}
		}
		return true
	}
	if is(root) {
		return []string{root}
	}
	entries, err := os.ReadDir(root)
	require.NoError(t, err)
	var dirs []string
	for _, e := range entries {
		if dir := filepath.Join(root, e.Name()); is(dir) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

func typeOf(t *testing.T, dir string) string {
	var c struct {
		ModelType string `json:"model_type"`
	}
	readJSON(t, filepath.Join(dir, "config.json"), &c)
	return c.ModelType
}

func readJSON(t *testing.T, path string, v any) {
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, v))
}

func (g *golden) run(t *testing.T) {
	defer g.open(t)()
	left := map[string]bool{} // expected tensors not compared yet
	for _, x := range g.want.Tensors() {
		left[x.Name] = true
	}
	for _, as := range []zoo.As{{DType: gpu.F32, Format: gpu.Native}, {DType: gpu.F32, Format: gpu.Plain}} {
		for _, name := range g.forward(t, as, func(name string, got []float32, st stats) { g.compare(t, name, got, st) }) {
			delete(left, name)
		}
	}
	g.tasks(t)
	for _, name := range g.compared {
		delete(left, name)
	}
	require.Empty(t, left, "expected tensors that nothing was compared with")
	t.Logf("%d tensors, worst ratio %.3f at %s", g.tensors, g.worst, g.where)
}

// open reads what is wanted.
func (g *golden) open(t *testing.T) (done func()) {
	readJSON(t, filepath.Join(g.dir, "cases.json"), &g.cases)
	require.NotEmpty(t, g.cases.Cases)
	want, err := safetensors.Open(filepath.Join(g.dir, "expected.safetensors"))
	require.NoError(t, err)
	g.want = want
	return func() { want.Close() }
}

// forward runs every case, has its tensors compared, and returns their names.
func (g *golden) forward(t *testing.T, as zoo.As, compare func(name string, got []float32, st stats)) (compared []string) {
	outputs := g.outputs(t, as)
	defer func() {
		for _, o := range outputs {
			o.Close()
		}
	}()
	for _, c := range g.cases.Cases {
		var inputs []model.Input
		for _, in := range c.Inputs {
			inputs = append(inputs, model.Input{IDs: in.IDs, Types: in.Types})
		}
		s, err := gpu.NewStream(g.be)
		require.NoError(t, err)
		got := map[string][]float32{}
		keep := func(name string, x gpu.Tensor) {
			f := x
			if x.DType != gpu.F32 {
				f = s.Temp(gpu.F32, x.Rows, x.Cols)
				s.Do(&gpu.Cast{Dst: f, X: x})
			}
			v, err := gpu.Read[float32](s, f)
			require.NoError(t, err)
			got[name] = v
		}
		for _, o := range outputs {
			in := model.Pack(s, o.Limits(), inputs...)
			in.Trace = keep
			o.run(s, in, keep)
		}
		require.NoError(t, s.Close())
		for name, st := range c.Tensors {
			_, what, _ := strings.Cut(name, ".")
			require.Contains(t, got, what, "the model gives no %s", name)
			compare(name, got[what], st)
			compared = append(compared, name)
		}
	}
	return compared
}

// An output is a model with a head, and what it is called in the fixtures.
type output struct {
	model.Model
	run func(s *gpu.Stream, in model.Batch, keep func(name string, x gpu.Tensor))
}

// outputs loads what the fixture's class has heads for.
func (g *golden) outputs(t *testing.T, as zoo.As) []output {
	kind := g.cases.Class
	for _, family := range []string{"Bert", "Camembert", "GPT2", "Roberta", "XLMRoberta"} {
		kind = strings.TrimPrefix(kind, family)
	}
	var out []output
	if kind == "ForPreTraining" || kind == "ForMaskedLM" {
		m := load[model.MaskedLM](t, g, as)
		out = append(out, output{m, func(s *gpu.Stream, in model.Batch, keep func(string, gpu.Tensor)) { keep("mlm", m.MaskedLogits(s, in)) }})
	}
	if kind == "ForPreTraining" || kind == "ForNextSentencePrediction" {
		m := load[model.PairJudge](t, g, as)
		nsp := "nsp"
		if kind != "ForPreTraining" {
			nsp = "logits"
		}
		out = append(out, output{m, func(s *gpu.Stream, in model.Batch, keep func(string, gpu.Tensor)) {
			x := m.NextSentence(s, in)
			keep(nsp, x)
			keep("nsp", x)
		}})
	}
	switch kind {
	case "LMHeadModel":
		m := load[model.Decoder](t, g, as)
		out = append(out, output{m, func(s *gpu.Stream, in model.Batch, keep func(string, gpu.Tensor)) {
			keep("logits", m.Decode(s, in, nil))
		}})
	case "ForSequenceClassification":
		m := load[model.SequenceClassifier](t, g, as)
		out = append(out, output{m, func(s *gpu.Stream, in model.Batch, keep func(string, gpu.Tensor)) { keep("logits", m.Classify(s, in)) }})
	case "ForTokenClassification":
		m := load[model.TokenClassifier](t, g, as)
		out = append(out, output{m, func(s *gpu.Stream, in model.Batch, keep func(string, gpu.Tensor)) {
			keep("logits", m.ClassifyTokens(s, in))
		}})
	case "ForQuestionAnswering":
		m := load[model.SpanReader](t, g, as)
		out = append(out, output{m, func(s *gpu.Stream, in model.Batch, keep func(string, gpu.Tensor)) {
			x := m.Spans(s, in)
			keep("start", x.ColRange(0, 1))
			keep("end", x.ColRange(1, 2))
		}})
	case "Model":
		m := load[model.Encoder](t, g, as)
		out = append(out, output{m, func(s *gpu.Stream, in model.Batch, keep func(string, gpu.Tensor)) {
			if b, ok := m.(*bert.Model); ok && !b.Pooler.Weight.IsZero() {
				keep("pooled", b.Pooled(s, in))
			} else {
				m.Encode(s, in)
			}
		}})
	}
	require.NotEmpty(t, out, "no head for class %s", g.cases.Class)
	return out
}

func load[M model.Model](t *testing.T, g *golden, as zoo.As) M {
	m, err := zoo.Load[M](g.dir, g.be, as)
	require.NoError(t, err)
	return m
}

// compare applies the rule of the fixtures' README to one tensor.
func (g *golden) compare(t *testing.T, name string, got []float32, st stats) {
	g.within(t, name, g.distance(t, name, got), st.AbsMax, deviation{kMax * st.TorchMax, kRMS * st.TorchRMS})
}

// A deviation is how far a tensor is from the truth: at most, and by root mean square.
type deviation struct{ max, rms float64 }

// distance is the deviation of an expected tensor's values.
func (g *golden) distance(t *testing.T, name string, got []float32) deviation {
	want := g.floats(t, name)
	require.Len(t, got, len(want), name)
	var worst, sum float64
	for i, w := range want {
		d := math.Abs(float64(got[i]) - float64(w))
		if math.IsNaN(d) {
			d = math.Inf(1)
		}
		worst, sum = max(worst, d), sum+d*d
	}
	return deviation{worst, math.Sqrt(sum / float64(max(len(want), 1)))}
}

// within holds a deviation to a limit, and to what rounding the truth to F32 took, for values up to absMax.
func (g *golden) within(t *testing.T, name string, d deviation, absMax float64, limit deviation) {
	floor := math.Ldexp(absMax, -22)
	ratio := max(d.max/(limit.max+floor), d.rms/(limit.rms+floor))
	if !(ratio <= 1) {
		t.Errorf("%s: error ÷ tolerance is %.2f", name, ratio)
	}
	g.tensors++
	if ratio > g.worst {
		g.worst, g.where = ratio, name
	}
}

// floats reads an expected tensor, F32.
func (g *golden) floats(t *testing.T, name string) []float32 {
	x, ok := g.want.Lookup(name)
	require.True(t, ok, "no %s in expected.safetensors", name)
	require.Equal(t, safetensors.DType("F32"), x.DType)
	raw := make([]byte, x.Size)
	_, err := x.Src.ReadAt(raw, x.Off)
	require.NoError(t, err)
	out := make([]float32, x.Len())
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return out
}

// What is not a model, or not what the checkpoint is made for, says so.
func TestLoadRefuses(t *testing.T) {
	be, err := cpu.Open()
	require.NoError(t, err)
	defer be.Close()
	root := filepath.Join("..", "..", "testdata", "golden")
	_, err = zoo.Load[model.SequenceClassifier](filepath.Join(root, "bert-ner"), be, zoo.Default(be))
	require.ErrorIs(t, err, model.ErrUnsupported)
	require.ErrorContains(t, err, "BertForTokenClassification")
	_, err = zoo.Load[model.MaskedLM](filepath.Join(root, "bert-embed"), be, zoo.Default(be))
	require.ErrorIs(t, err, model.ErrUnsupported)
	require.ErrorContains(t, err, "cls.predictions.transform.dense.weight")
	_, err = zoo.Load[generator](filepath.Join(root, "bert"), be, zoo.Default(be))
	require.ErrorIs(t, err, model.ErrUnsupported)
	require.ErrorContains(t, err, "bert is not a generator")
	_, err = zoo.Load[model.Encoder](filepath.Join(root, "none"), be, zoo.Default(be))
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = zoo.Load[model.Encoder](filepath.Join(root, "README.md"), be, zoo.Default(be))
	require.ErrorContains(t, err, "not a folder")
}

type generator interface {
	model.Model
	Generate()
}

// Every broken checkpoint gives the error that error/cases.json asks for, and
// leaves nothing loaded.
func TestBroken(t *testing.T) {
	root := filepath.Join("..", "..", "testdata", "golden", "error")
	var list struct {
		Cases []struct {
			Name, Fails string
			Must        []string `json:"error_must_name"`
		}
	}
	readJSON(t, filepath.Join(root, "cases.json"), &list)
	be, err := cpu.Open()
	require.NoError(t, err)
	defer be.Close()
	for _, c := range list.Cases {
		if c.Fails == "tokenizer" {
			continue // tested with the tasks
		}
		f, err := model.Dir(filepath.Join(root, c.Name))
		require.NoError(t, err)
		report, inspected := zoo.Inspect(f)
		_, loaded := zoo.LoadFolder[model.Encoder](f, be, zoo.Default(be))
		if c.Fails == "none" {
			require.NoError(t, errors.Join(inspected, loaded), c.Name)
			require.Subset(t, report.Unused, c.Must, c.Name)
			continue
		}
		for _, err := range []error{inspected, loaded} {
			require.Error(t, err, c.Name)
			for _, part := range c.Must {
				require.ErrorContains(t, err, part, c.Name)
			}
		}
	}
}
