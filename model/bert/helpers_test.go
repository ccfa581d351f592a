package bert_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	cpu "github.com/rapt-go/rapt/cpu_fallback"
	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/bert"
	"github.com/rapt-go/rapt/model/safetensors"
)

// readConfig reads a config.json.
func readConfig(text string) (bert.Config, error) {
	c, err := model.ReadConfig(model.FS(fstest.MapFS{"config.json": {Data: []byte(text)}}), "config.json")
	if err != nil {
		return bert.Config{}, err
	}
	return bert.ReadConfig(c)
}

func config(t testing.TB, text string) bert.Config {
	c, err := readConfig(text)
	require.NoError(t, err)
	return c
}

func openCPU(t testing.TB, threads int) gpu.Backend {
	b, err := cpu.Open(cpu.Threads(threads))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	return b
}

func openStream(t testing.TB, b gpu.Backend) *gpu.Stream {
	s, err := gpu.NewStream(b)
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

func layerName(i int) string { return fmt.Sprintf("encoder.layer.%d", i) }

// A source is a checkpoint in memory, of random float32 values.
type source struct {
	values map[string][]float64 // by names without "bert." or "roberta."
	files  map[string]safetensors.Tensor
	prefix string // of the encoder
	rnd    *rand.Rand
}

func (s source) Lookup(name string) (safetensors.Tensor, bool) {
	t, ok := s.files[name]
	return t, ok
}

func (s source) Tensors() (all []safetensors.Tensor) {
	for _, t := range s.files {
		all = append(all, t)
	}
	return all
}

// beside is what the names of heads begin with, which stand beside the encoder.
var beside = []string{"cls", "lm_head", "classifier", "qa_outputs"}

// put adds a tensor of mean ± spread.
func (s source) put(name string, mean, spread float64, shape ...int) {
	n := 1
	for _, d := range shape {
		n *= d
	}
	var data []byte
	for range n {
		v := float32(mean + spread*s.rnd.NormFloat64())
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
		s.values[name] = append(s.values[name], float64(v))
	}
	if !slices.ContainsFunc(beside, func(h string) bool { return strings.HasPrefix(name, h+".") }) {
		name = s.prefix + name
	}
	s.files[name] = safetensors.Tensor{Name: name, DType: safetensors.F32, Shape: shape, Src: bytes.NewReader(data), Size: int64(len(data))}
}

// linear adds a layer from k to n that keeps values about as large as they are.
func (s source) linear(name string, n, k int) {
	s.put(name+".weight", 0, 1/math.Sqrt(float64(k)), n, k)
	s.put(name+".bias", 0, 0.3, n)
}

func (s source) norm(name string, n int) {
	s.put(name+".weight", 1, 0.3, n)
	s.put(name+".bias", 0, 0.3, n)
}

// labels is how many the classifiers have.
const labels = 3

// randomCheckpoint has an encoder, a pooler and every head.
func randomCheckpoint(c bert.Config, seed uint64) source {
	s := source{map[string][]float64{}, map[string]safetensors.Tensor{}, "bert.", rand.New(rand.NewPCG(seed, 0))}
	if c.Family == bert.RoBERTa {
		s.prefix = "roberta."
	}
	h := c.Hidden
	s.put("embeddings.word_embeddings.weight", 0, 1, c.Vocab, h)
	s.put("embeddings.position_embeddings.weight", 0, 0.5, c.Positions, h)
	s.put("embeddings.token_type_embeddings.weight", 0, 0.5, c.Types, h)
	s.norm("embeddings.LayerNorm", h)
	for i := range c.Layers {
		l := layerName(i)
		for _, part := range []string{"query", "key", "value"} {
			s.linear(l+".attention.self."+part, h, h)
		}
		s.linear(l+".attention.output.dense", h, h)
		s.norm(l+".attention.output.LayerNorm", h)
		s.linear(l+".intermediate.dense", c.FFN, h)
		s.linear(l+".output.dense", h, c.FFN)
		s.norm(l+".output.LayerNorm", h)
	}
	s.linear("pooler.dense", h, h)
	transform, norm, lm := headNames(c)
	s.linear(transform, h, h)
	s.norm(norm, h)
	s.put(lm+".bias", 0, 0.3, c.Vocab)
	if !c.Tied {
		s.put(lm+".decoder.weight", 0, 1, c.Vocab, h)
	}
	s.linear("classifier", labels, h) // of tokens, and of sequences too in BERT
	if c.Family == bert.RoBERTa {
		s.linear("classifier.dense", h, h)
		s.linear("classifier.out_proj", labels, h)
	} else {
		s.linear("cls.seq_relationship", 2, h)
	}
	s.linear("qa_outputs", 2, h)
	return s
}

// headNames are those of the layers of the head for masked words, and of the head.
func headNames(c bert.Config) (transform, norm, head string) {
	if c.Family == bert.RoBERTa {
		return "lm_head.dense", "lm_head.layer_norm", "lm_head"
	}
	return "cls.predictions.transform.dense", "cls.predictions.transform.LayerNorm", "cls.predictions"
}

// randomInputs are sequences of the given lengths; one with types, the next without.
func randomInputs(c bert.Config, seed uint64, lens ...int) []model.Input {
	rnd := rand.New(rand.NewPCG(seed, 1))
	inputs := make([]model.Input, len(lens))
	for i, n := range lens {
		for j := range n {
			inputs[i].IDs = append(inputs[i].IDs, int32(rnd.IntN(c.Vocab)))
			if i%2 == 0 {
				inputs[i].Types = append(inputs[i].Types, int32(j*c.Types/n))
			}
		}
	}
	return inputs
}

// A head is a loaded model, and what it gives for a batch.
type head struct {
	name string
	model.Model
	run  func(s *gpu.Stream, in model.Batch) gpu.Tensor
	seqs bool // one row for a sequence, not for a token
}

// heads loads all that an encoder of the family can be.
func heads(t testing.TB, c bert.Config, src model.Source, b gpu.Backend) []head {
	k := model.Classes{Labels: make([]string, labels)}
	var out []head
	add := func(name string, seqs bool, load func(w *model.Weights) (model.Model, func(*gpu.Stream, model.Batch) gpu.Tensor)) {
		w := model.NewWeights(b, src, gpu.F32, gpu.Native)
		m, run := load(w)
		require.NoError(t, w.Finish())
		t.Cleanup(func() { require.NoError(t, m.Close()) })
		out = append(out, head{name, m, run, seqs})
	}
	type run = func(*gpu.Stream, model.Batch) gpu.Tensor
	add("Encode", false, func(w *model.Weights) (model.Model, run) { m := bert.Load(c, w, false); return m, m.Encode })
	add("Pooled", true, func(w *model.Weights) (model.Model, run) { m := bert.Load(c, w, true); return m, m.Pooled })
	add("MaskedLogits", false, func(w *model.Weights) (model.Model, run) { m := bert.LoadMaskedLM(c, w); return m, m.MaskedLogits })
	if c.Family == bert.BERT {
		add("NextSentence", true, func(w *model.Weights) (model.Model, run) { m := bert.LoadNextSentence(c, w); return m, m.NextSentence })
	}
	add("Classify", true, func(w *model.Weights) (model.Model, run) {
		m := bert.LoadSequenceClassifier(c, w, k)
		return m, m.Classify
	})
	add("ClassifyTokens", false, func(w *model.Weights) (model.Model, run) {
		m := bert.LoadTokenClassifier(c, w, k)
		return m, m.ClassifyTokens
	})
	add("Spans", false, func(w *model.Weights) (model.Model, run) { m := bert.LoadSpanReader(c, w); return m, m.Spans })
	return out
}

// output is what h gives for a batch of inputs, on a stream of its own.
func (h head) output(t testing.TB, b gpu.Backend, want []int32, inputs ...model.Input) []float32 {
	s, err := gpu.NewStream(b)
	require.NoError(t, err)
	in := model.Pack(s, h.Limits(), inputs...)
	if want != nil {
		in.WantRows(s, want)
	}
	y, err := gpu.Read[float32](s, h.run(s, in))
	require.NoError(t, err)
	require.NoError(t, s.Close())
	return y
}
