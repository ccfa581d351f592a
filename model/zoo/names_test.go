package zoo_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	cpu "github.com/rapt-go/rapt/cpu_fallback"
	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/safetensors"
	"github.com/rapt-go/rapt/model/zoo"
)

// Checkpoints of one model come under many names; what transformers said of the
// model holds for all of them.
func TestNames(t *testing.T) {
	const bias, table = "cls.predictions.bias", "bert.embeddings.word_embeddings.weight"
	const own, ownBias = "cls.predictions.decoder.weight", "cls.predictions.decoder.bias"
	prefixed := func(p string) func(string) string { return func(name string) string { return p + name } }
	for name, change := range map[string]change{
		"no prefix":            {name: func(n string) string { return strings.TrimPrefix(n, "bert.") }},
		"module.":              {name: prefixed("module.")},
		"a.b.c.":               {name: prefixed("a.b.c.")},
		"encoder alone deeper": {name: func(n string) string { return strings.Replace(n, "bert.", "model.bert.", 1) }},
		"gamma and beta": {name: strings.NewReplacer("LayerNorm.weight", "LayerNorm.gamma",
			"LayerNorm.bias", "LayerNorm.beta").Replace},
		"decoder.bias alone": {name: func(n string) string { return strings.Replace(n, bias, ownBias, 1) }},
		"tied tensors twice": {add: func(l lookup) []safetensors.Tensor {
			return []safetensors.Tensor{as(l(table), own), as(l(bias), ownBias)}
		}},
		"untied, with a bias that nothing reads": {untied: true, add: func(l lookup) []safetensors.Tensor {
			return []safetensors.Tensor{as(l(table), own), as(l(bias), ownBias), doubled(t, l(bias))}
		}},
		"unused tensors": {add: func(l lookup) []safetensors.Tensor {
			return []safetensors.Tensor{
				{Name: "bert.embeddings.position_ids", DType: "I64", Shape: []int{1, 2}, Src: bytes.NewReader(make([]byte, 16)), Size: 16},
				{Name: "bert.embeddings.empty", DType: "F32", Shape: []int{0, 3}},
			}
		}},
	} {
		be, err := cpu.Open()
		require.NoError(t, err)
		for _, folder := range []string{"bert", "bert-cased-mlm"} {
			g := &golden{dir: rewritten(t, folder, change), be: be}
			require.True(t, t.Run(name+"/"+folder, g.run))
			require.NotZero(t, g.tensors)
		}
		require.NoError(t, be.Close())
	}
}

// The same of RoBERTa.
func TestNamesOfRoBERTa(t *testing.T) {
	const bias, table = "lm_head.bias", "roberta.embeddings.word_embeddings.weight"
	const own, ownBias = "lm_head.decoder.weight", "lm_head.decoder.bias"
	for name, change := range map[string]change{
		"no prefix":            {name: func(n string) string { return strings.TrimPrefix(n, "roberta.") }},
		"encoder alone deeper": {name: func(n string) string { return strings.Replace(n, "roberta.", "model.roberta.", 1) }},
		"decoder.bias alone":   {masked: true, name: func(n string) string { return strings.Replace(n, bias, ownBias, 1) }},
		"decoder.weight alone": {masked: true, name: func(n string) string { return strings.Replace(n, table, own, 1) }},
		"tied tensors twice": {masked: true, add: func(l lookup) []safetensors.Tensor {
			return []safetensors.Tensor{as(l(table), own), as(l(bias), ownBias)}
		}},
		"untied, with a bias that nothing reads": {masked: true, untied: true, add: func(l lookup) []safetensors.Tensor {
			return []safetensors.Tensor{as(l(table), own), as(l(bias), ownBias), doubled(t, l(bias))}
		}},
		"a pooler, and positions": {add: func(l lookup) []safetensors.Tensor {
			square, vector := l("roberta.encoder.layer.0.attention.self.query.weight"), l("roberta.encoder.layer.0.attention.self.query.bias")
			return []safetensors.Tensor{as(square, "roberta.pooler.dense.weight"), as(vector, "roberta.pooler.dense.bias"),
				{Name: "roberta.embeddings.position_ids", DType: "I64", Shape: []int{1, 2}, Src: bytes.NewReader(make([]byte, 16)), Size: 16}}
		}},
	} {
		be, err := cpu.Open()
		require.NoError(t, err)
		folders := []string{"roberta"}
		if !change.masked {
			folders = append(folders, "roberta-classify")
		}
		for _, folder := range folders {
			g := &golden{dir: rewritten(t, folder, change), be: be}
			require.True(t, t.Run(name+"/"+folder, g.run))
			require.NotZero(t, g.tensors)
		}
		require.NoError(t, be.Close())
	}
}

// Two different matrices are not tied, whatever config.json says. Twice the
// projection and twice the bias give logits that are twice those of the tied model, to
// the bit.
func TestTiedButDifferent(t *testing.T) {
	be, err := cpu.Open()
	require.NoError(t, err)
	defer be.Close()
	logits := func(dir string) []float32 {
		m, err := zoo.Load[model.MaskedLM](dir, be, zoo.Default(be))
		require.NoError(t, err)
		defer m.Close()
		s, err := gpu.NewStream(be)
		require.NoError(t, err)
		defer s.Close()
		x, err := gpu.Read[float32](s, m.MaskedLogits(s, model.Pack(s, m.Limits(), model.Input{IDs: []int32{2, 7, 9, 3}})))
		require.NoError(t, err)
		return x
	}
	want := logits(filepath.Join("..", "..", "testdata", "golden", "bert"))
	got := logits(rewritten(t, "bert", change{add: func(l lookup) []safetensors.Tensor {
		return []safetensors.Tensor{
			as(doubled(t, l("bert.embeddings.word_embeddings.weight")), "cls.predictions.decoder.weight"),
			as(doubled(t, l("cls.predictions.bias")), "cls.predictions.decoder.bias"),
		}
	}}))
	require.Len(t, got, len(want))
	for i := range want {
		require.Equal(t, 2*want[i], got[i])
	}
}

// A change makes another checkpoint of one. What add gives takes the place of tensors
// of its name.
type change struct {
	name   func(string) string
	add    func(l lookup) []safetensors.Tensor
	untied bool // config.json says so
	masked bool // it is one of the head for masked words
}

type lookup func(name string) safetensors.Tensor

func as(t safetensors.Tensor, name string) safetensors.Tensor {
	t.Name = name
	return t
}

// doubled is an F32 tensor with every element times two.
func doubled(t *testing.T, x safetensors.Tensor) safetensors.Tensor {
	raw := make([]byte, x.Size)
	_, err := x.Src.ReadAt(raw, x.Off)
	require.NoError(t, err)
	for at := 0; at < len(raw); at += 4 {
		v := math.Float32frombits(binary.LittleEndian.Uint32(raw[at:]))
		binary.LittleEndian.PutUint32(raw[at:], math.Float32bits(2*v))
	}
	x.Src, x.Off = bytes.NewReader(raw), 0
	return x
}

// rewritten copies a folder of the golden set with a change, and returns the copy.
func rewritten(t *testing.T, folder string, c change) string {
	const weights, config = "model.safetensors", "config.json"
	from, to := filepath.Join("..", "..", "testdata", "golden", folder), t.TempDir()
	require.NoError(t, os.CopyFS(to, os.DirFS(from)))
	f, err := safetensors.Open(filepath.Join(from, weights))
	require.NoError(t, err)
	defer f.Close()
	all := map[string]safetensors.Tensor{}
	for _, x := range f.Tensors() {
		all[x.Name] = x
	}
	if c.add != nil {
		for _, x := range c.add(func(name string) safetensors.Tensor {
			x, ok := f.Lookup(name)
			require.True(t, ok, name)
			return x
		}) {
			all[x.Name] = x
		}
	}
	var list []safetensors.Tensor
	for name, x := range all {
		if c.name != nil {
			x.Name = c.name(name)
		}
		list = append(list, x)
	}
	require.NoError(t, safetensors.Save(filepath.Join(to, weights), nil, list))
	if c.untied {
		var fields map[string]any
		readJSON(t, filepath.Join(to, config), &fields)
		fields["tie_word_embeddings"] = false
		data, err := json.Marshal(fields)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(to, config), data, 0o666))
	}
	return to
}
