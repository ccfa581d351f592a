package bert_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/bert"
	"github.com/rapt-go/rapt/model/safetensors"
)

// renamed is a checkpoint under other names; an empty one drops the tensor.
func (s source) renamed(f func(name string) string) source {
	r := source{values: s.values, files: map[string]safetensors.Tensor{}}
	for name, x := range s.files {
		if x.Name = f(name); x.Name != "" {
			r.files[x.Name] = x
		}
	}
	return r
}

// Checkpoints of one model under all the names that they come with give the same bits.
func TestCheckpointNames(t *testing.T) {
	for family, prefix := range map[string]string{"usual": "bert.", "roberta": "roberta."} {
		c := config(t, configs[family])
		src, b := randomCheckpoint(c, 1), openCPU(t, 1)
		input := randomInputs(c, 1, 9)
		var want [][]uint32
		for _, h := range heads(t, c, src, b) {
			want = append(want, bits(h.output(t, b, nil, input...)))
		}
		_, _, lm := headNames(c)
		for name, f := range map[string]func(string) string{
			"no prefix":   func(n string) string { return strings.TrimPrefix(n, prefix) },
			"more prefix": func(n string) string { return "model." + n },
			"TensorFlow's norms": func(n string) string {
				n = strings.Replace(n, "LayerNorm.weight", "LayerNorm.gamma", 1)
				return strings.Replace(n, "LayerNorm.bias", "LayerNorm.beta", 1)
			},
			"bias of the decoder": func(n string) string { return strings.Replace(n, lm+".bias", lm+".decoder.bias", 1) },
			"tied words as the decoder's weight": func(n string) string {
				return strings.Replace(n, prefix+"embeddings.word_embeddings.weight", lm+".decoder.weight", 1)
			},
		} {
			for i, h := range heads(t, c, src.renamed(f), b) {
				require.Equal(t, want[i], bits(h.output(t, b, nil, input...)), "%s: %s", name, h.name)
			}
		}
	}
}

// RobertaForSequenceClassification has nothing of the encoder's pooler, nor of the token classifier that the
// checkpoint has here besides.
func TestPoolersOfRoBERTa(t *testing.T) {
	c := config(t, configs["roberta"])
	src, b := randomCheckpoint(c, 1), openCPU(t, 1)
	without := src.renamed(func(n string) string {
		if strings.Contains(n, "pooler") || n == "classifier.weight" || n == "classifier.bias" {
			return ""
		}
		return n
	})
	classify := func(src source) []float32 {
		w := model.NewWeights(b, src, gpu.F32, gpu.Native)
		m := bert.LoadSequenceClassifier(c, w, model.Classes{Labels: make([]string, labels)})
		require.NoError(t, w.Finish())
		defer m.Close()
		return head{"", m, m.Classify, true}.output(t, b, nil, randomInputs(c, 1, 5)...)
	}
	require.Equal(t, bits(classify(src)), bits(classify(without)))
	w := model.NewWeights(b, without.renamed(func(n string) string { return strings.Replace(n, "classifier.dense.bias", "", 1) }), gpu.F32, gpu.Native)
	bert.LoadSequenceClassifier(c, w, model.Classes{Labels: make([]string, labels)})
	require.EqualError(t, w.Finish(), "bad weights: classifier.dense.bias is missing, [24] wanted")
}

// The pooler is needed by what reads it, and by nothing else.
func TestPoolerMayBeAbsent(t *testing.T) {
	c := config(t, configs["usual"])
	src := randomCheckpoint(c, 1).renamed(func(n string) string {
		if strings.Contains(n, "pooler") {
			return ""
		}
		return n
	})
	b := openCPU(t, 1)
	k := model.Classes{Labels: make([]string, labels)}
	for name, load := range map[string]func(w *model.Weights){
		"encoder":          func(w *model.Weights) { bert.Load(c, w, false) },
		"masked LM":        func(w *model.Weights) { bert.LoadMaskedLM(c, w) },
		"token classifier": func(w *model.Weights) { bert.LoadTokenClassifier(c, w, k) },
		"span reader":      func(w *model.Weights) { bert.LoadSpanReader(c, w) },
	} {
		w := model.NewWeights(b, src, gpu.F32, gpu.Native)
		load(w)
		require.NoError(t, w.Finish(), name)
		require.NoError(t, w.Close(), name)
	}
	for name, load := range map[string]func(w *model.Weights){
		"pooled encoder":      func(w *model.Weights) { bert.Load(c, w, true) },
		"next sentence":       func(w *model.Weights) { bert.LoadNextSentence(c, w) },
		"sequence classifier": func(w *model.Weights) { bert.LoadSequenceClassifier(c, w, k) },
	} {
		w := model.NewWeights(b, src, gpu.F32, gpu.Native)
		load(w)
		require.EqualError(t, w.Finish(), "bad weights: bert.pooler.dense.weight is missing, [24 24] wanted\n"+
			"bad weights: bert.pooler.dense.bias is missing, [24] wanted", name)
	}
	w := model.NewWeights(b, src, gpu.F32, gpu.Native)
	m := bert.Load(c, w, false)
	require.NoError(t, w.Finish())
	s := openStream(t, b)
	m.Pooled(s, model.Pack(s, m.Limits(), model.Input{IDs: []int32{1}}))
	require.ErrorIs(t, s.Err(), gpu.ErrShape, "what asks for it all the same is told")
	require.NoError(t, m.Close())
}

// The decoder is the table of words, unless config.json or the file itself says that
// it has its own.
func TestTiedDecoder(t *testing.T) {
	const own = "cls.predictions.decoder.weight"
	untied := config(t, configs["untied"])
	src, b := randomCheckpoint(untied, 1), openCPU(t, 1)
	load := func(c bert.Config, src source) (*model.Weights, []float32) {
		w := model.NewWeights(b, src, gpu.F32, gpu.Native)
		m := bert.LoadMaskedLM(c, w)
		require.NoError(t, w.Finish())
		out := head{"", m, m.MaskedLogits, false}.output(t, b, nil, randomInputs(c, 1, 5)...)
		require.NoError(t, m.Close())
		require.NotContains(t, w.Unused(), own)
		return w, out
	}
	w, logits := load(untied, src)
	size := w.Size()

	tied := untied
	tied.Tied = true
	w, same := load(tied, src)
	require.Equal(t, bits(logits), bits(same), "of two different matrices both count, as in transformers 5")
	require.Equal(t, size, w.Size())

	alone := src.renamed(func(n string) string { return strings.Replace(n, own, "", 1) })
	w, words := load(tied, alone)
	require.NotEqual(t, logits, words)
	require.EqualValues(t, tied.Vocab*tied.Hidden, size.Minus(w.Size()).Elements())

	twice := src.renamed(func(n string) string { return n })
	copied := twice.files["bert.embeddings.word_embeddings.weight"]
	copied.Name = own
	twice.files[own] = copied
	w, again := load(tied, twice)
	require.Equal(t, bits(words), bits(again), "a file may hold the table twice")
	require.EqualValues(t, tied.Vocab*tied.Hidden, size.Minus(w.Size()).Elements())

	w = model.NewWeights(b, alone, gpu.F32, gpu.Native)
	bert.LoadMaskedLM(untied, w)
	require.EqualError(t, w.Finish(), "bad weights: cls.predictions.decoder.weight is missing, [131 32] wanted")
}

// All that is missing or misshapen is listed, of encoder and head alike.
func TestLoadListsAllErrors(t *testing.T) {
	c := config(t, configs["usual"])
	src := randomCheckpoint(c, 1).renamed(func(n string) string {
		if strings.HasSuffix(n, "layer.1.attention.self.key.weight") || n == "cls.predictions.bias" {
			return ""
		}
		return n
	})
	c.FFN = 41
	w := model.NewWeights(openCPU(t, 1), src, gpu.F32, gpu.Native)
	bert.LoadMaskedLM(c, w)
	text := w.Finish().Error()
	for _, part := range []string{
		"bert.encoder.layer.0.intermediate.dense.weight is [40 24], not [41 24] as config.json says",
		"bert.encoder.layer.0.intermediate.dense.bias is [40], not [41]",
		"bert.encoder.layer.0.output.dense.weight is [24 40], not [24 41]",
		"bert.encoder.layer.1.attention.self.key.weight is missing, [24 24] wanted",
		"bert.encoder.layer.1.output.dense.weight is [24 40], not [24 41]",
		"cls.predictions.bias is missing, [50] wanted",
	} {
		require.Contains(t, text, part)
	}
	require.Len(t, strings.Split(text, "\n"), 8)
}
