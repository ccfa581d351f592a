package task_test

// How tasks are opened, what the options do, and what is refused.

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/safetensors"
	"github.com/rapt-go/rapt/model/task"
	"github.com/rapt-go/rapt/model/tokenizer"
)

// A closer is a task, or nil.
type closer interface{ Close() error }

// news calls every NewX with one model.
func news(f *fake, tok task.Tokenizer, opts ...task.Option) map[string]func() (closer, error) {
	return map[string]func() (closer, error){
		"NewEmbedder":   func() (closer, error) { x, err := task.NewEmbedder(f, tok, opts...); return orNil(x), err },
		"NewClassifier": func() (closer, error) { x, err := task.NewClassifier(f, tok, opts...); return orNil(x), err },
		"NewReranker":   func() (closer, error) { x, err := task.NewReranker(f, tok, opts...); return orNil(x), err },
		"NewTagger":     func() (closer, error) { x, err := task.NewTagger(f, tok, opts...); return orNil(x), err },
		"NewReader":     func() (closer, error) { x, err := task.NewReader(f, tok, opts...); return orNil(x), err },
		"NewFiller":     func() (closer, error) { x, err := task.NewFiller(f, tok, opts...); return orNil(x), err },
		"NewPairJudge":  func() (closer, error) { x, err := task.NewPairJudge(f, tok, opts...); return orNil(x), err },
		"NewGenerator":  func() (closer, error) { x, err := task.NewGenerator(f, tok, opts...); return orNil(x), err },
		"NewScorer":     func() (closer, error) { x, err := task.NewScorer(f, tok, opts...); return orNil(x), err },
	}
}

func orNil[T any, P interface {
	*T
	closer
}](x P) closer {
	if x == nil {
		return nil
	}
	return x
}

// TestNew makes each task of one's own model: with the option On, or not at all.
func TestNew(t *testing.T) {
	h := newHolder(t)
	tok := newTokenizer(t)
	f := newFake(t, h, 2, hashed, "only")
	for name, open := range news(f, tok) {
		x, err := open()
		require.ErrorContains(t, err, "On", name)
		require.Nil(t, x, name)
	}
	for name, open := range news(f, tok, task.On(h), task.BatchTokens(-1)) {
		x, err := open()
		require.ErrorContains(t, err, "-1", name)
		require.Nil(t, x, name)
	}
	require.Zero(t, f.closed.Load(), "a model that no task took is its owner's")
	for name := range news(f, tok) {
		f := newFake(t, h, 2, hashed, "only")
		x, err := news(f, tok, task.On(h))[name]()
		require.NoError(t, err, name)
		require.NoError(t, x.Close(), name)
		require.EqualValues(t, 1, f.closed.Load(), name)
	}
	require.Zero(t, h.closed.Load())
}

// TestStepsAreFreed has no memory of a task that is closed, nor of one that could not
// be made.
func TestStepsAreFreed(t *testing.T) {
	c := &counter{Backend: newHolder(t)}
	f := newFake(t, c, 4, hashed)
	x, err := task.NewEmbedder(f, newTokenizer(t), task.On(c), task.Normalized(true), task.BatchTokens(-1))
	require.Error(t, err)
	require.Nil(t, x)
	require.Equal(t, 1, c.buffers, "the model's own table")
	e, err := task.NewEmbedder(f, newTokenizer(t), task.On(c), task.Normalized(true))
	require.NoError(t, err)
	require.Equal(t, 2, c.buffers)
	require.NoError(t, e.Close())
	require.Zero(t, c.buffers)

	dir := changed(t, "bert-embed", withDense(map[string]any{"in_features": 64, "out_features": 2}))
	e, err = task.OpenEmbedder(dir, task.On(c), task.Normalized(true))
	require.NoError(t, err)
	require.Positive(t, c.buffers)
	require.NoError(t, e.Close())
	require.Zero(t, c.buffers, "dense and normalization too")
	require.NoError(t, os.Remove(filepath.Join(dir, "2_Dense", "model.safetensors")))
	_, err = task.OpenEmbedder(dir, task.On(c))
	require.ErrorContains(t, err, "Dense")
	require.Zero(t, c.buffers)
}

// A counter counts the weights that are held.
type counter struct {
	gpu.Backend
	buffers int
}

func (c *counter) Prepare(dt gpu.DType, f gpu.Format, parts ...gpu.Host) (gpu.Tensor, error) {
	c.buffers++
	return c.Backend.Prepare(dt, f, parts...)
}

func (c *counter) Free(b gpu.Buffer) error {
	c.buffers--
	return c.Backend.Free(b)
}

// changed copies a golden checkpoint and writes files into it.
func changed(t *testing.T, name string, files map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.CopyFS(dir, os.DirFS(golden(name))))
	for file, text := range files {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, file)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600))
	}
	return dir
}

func TestOpenErrors(t *testing.T) {
	h := newHolder(t)
	embed := func(dir string, opts ...task.Option) error { _, err := task.OpenEmbedder(dir, opts...); return err }
	const config = "config.json"
	for _, c := range []struct {
		err   error
		wraps error
		says  []string
	}{
		{embed("no/such/folder", task.On(h)), fs.ErrNotExist, []string{"no/such/folder"}},
		{embed(filepath.Join(golden("bert"), config), task.On(h)), nil, []string{"not a folder", config}},
		{embed(changed(t, "bert", map[string]string{config: `{"model_type":"xlm-roberta-xl"}`}), task.On(h)), model.ErrUnsupported, []string{"xlm-roberta-xl"}},
		{second(task.OpenPairJudge(golden("roberta-classify"), task.On(h))), model.ErrUnsupported, []string{"RoBERTa", "next sentences"}},
		{embed(golden("error/tokenizer_larger"), task.On(h)), nil, []string{"30", "24", "tokenizer"}},
		{embed(golden("bert"), task.On(h), task.PooledBy("sum")), model.ErrUnsupported, []string{`"sum"`, "mean"}},
		{embed(golden("bert"), task.On(h), task.BatchTokens(-5)), nil, []string{"-5"}},
		{embed(golden("bert"), task.On(h), task.As(gpu.F32, gpu.Q8)), gpu.ErrUnsupported, []string{"q8"}},
		{embed("", task.On(h), task.FromFS(os.DirFS(golden("tokenizers")))), fs.ErrNotExist, []string{config}},
		{second(task.OpenClassifier(golden("bert-ner"), task.On(h))), model.ErrUnsupported, []string{"BertForTokenClassification"}},
		{second(task.OpenTagger(golden("bert-classify"), task.On(h))), model.ErrUnsupported, []string{"BertForSequenceClassification"}},
		{second(task.OpenReranker(golden("bert-classify"), task.On(h))), model.ErrUnsupported, []string{"3", "one label"}},
		{second(task.OpenReader(golden("bert"), task.On(h))), model.ErrUnsupported, []string{"qa_outputs"}},
		{second(task.OpenFiller(golden("bert-qa"), task.On(h))), model.ErrUnsupported, []string{"cls.predictions"}},
		{second(task.OpenPairJudge(golden("bert-qa"), task.On(h))), model.ErrUnsupported, []string{"cls.seq_relationship"}},
		{second(task.OpenGenerator(golden("bert"), task.On(h))), model.ErrUnsupported, []string{"Decoder"}},
		{second(task.OpenScorer(golden("gpt2"), task.On(h), task.BatchTokens(-5))), nil, []string{"-5"}},
		{second(task.OpenGenerator(changed(t, "gpt2", map[string]string{"generation_config.json": `{"top_p": 2}`}), task.On(h))), nil, []string{"generation_config.json", "top_p"}},
		{second(task.OpenFiller(golden("bert"), task.On(h), task.TopK(-1))), model.ErrInput, []string{"-1"}},
	} {
		require.Error(t, c.err, c.says)
		if c.wraps != nil {
			require.ErrorIs(t, c.err, c.wraps)
		}
		for _, s := range c.says {
			require.ErrorContains(t, c.err, s)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// TestHighIDs refuses a tokenizer of few words whose ids are high.
func TestHighIDs(t *testing.T) {
	dir := changed(t, "bert", map[string]string{"added_tokens.json": `{"<new>": 500}`})
	require.NoError(t, os.Remove(filepath.Join(dir, "tokenizer.json")))
	_, err := task.OpenEmbedder(dir, task.On(newHolder(t)))
	require.ErrorContains(t, err, "501")
	require.ErrorContains(t, err, "500")
	var file map[string]any
	data, err := os.ReadFile(filepath.Join(golden("bert"), "tokenizer.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &file))
	vocab := file["model"].(map[string]any)["vocab"].(map[string]any)
	require.Contains(t, vocab, "the")
	vocab["the"] = 1000 // leaves a gap
	_, err = task.OpenEmbedder(changed(t, "bert", map[string]string{"tokenizer.json": object(file)}), task.On(newHolder(t)))
	require.ErrorContains(t, err, "1001")
	require.ErrorContains(t, err, "500")
}

func TestInspectTokenizer(t *testing.T) {
	for _, dir := range []string{golden("bert"), func() string {
		dir := changed(t, "bert", nil)
		require.NoError(t, os.Remove(filepath.Join(dir, "tokenizer.json")))
		return dir
	}()} {
		c, err := task.Inspect(dir)
		require.NoError(t, err)
		require.Equal(t, "WordPiece", c.Tokenizer)
		require.Equal(t, 500, c.Words)
	}
	c, err := task.Inspect("", task.FromFS(os.DirFS(golden("error/extra_tensor"))))
	require.NoError(t, err)
	require.Empty(t, c.Tokenizer)
	require.Zero(t, c.Words)
}

// withDense is the files of a Dense module after the pooling, of weights 1, 2, … and
// biases 1/2, and the same weights in the residual projection if there is one.
func withDense(config map[string]any) map[string]string {
	in, out := config["in_features"].(int), config["out_features"].(int)
	var weight, bias []byte
	for i := range in * out {
		weight = binary.LittleEndian.AppendUint32(weight, math.Float32bits(denseWeight(i)))
	}
	for range out {
		bias = binary.LittleEndian.AppendUint32(bias, math.Float32bits(denseBias))
	}
	tensors := []safetensors.Tensor{{Name: "linear.weight", DType: "F32", Shape: []int{out, in}, Size: int64(len(weight)), Src: bytes.NewReader(weight)}}
	if config["bias"] != false {
		tensors = append(tensors, safetensors.Tensor{Name: "linear.bias", DType: "F32", Shape: []int{out}, Size: int64(len(bias)), Src: bytes.NewReader(bias)})
	}
	if config["use_residual"] == true && in != out {
		tensors = append(tensors, safetensors.Tensor{Name: "residual.weight", DType: "F32", Shape: []int{out, in}, Size: int64(len(weight)), Src: bytes.NewReader(weight)})
	}
	var file bytes.Buffer
	if err := safetensors.Write(&file, nil, tensors); err != nil {
		panic(err)
	}
	return map[string]string{
		"modules.json":        modules("models.Transformer:", "models.Pooling:1_Pooling", "models.Dense:2_Dense"),
		"2_Dense/config.json": object(config), "2_Dense/model.safetensors": file.String(),
	}
}

// object is v as JSON.
func object(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(data)
}

const denseBias = 0.5

func denseWeight(i int) float32 { return float32(i%7-3) / 8 }

// modules is a modules.json of "type:path".
func modules(list ...string) string {
	var entries []string
	for i, m := range list {
		kind, path, _ := strings.Cut(m, ":")
		entries = append(entries, fmt.Sprintf(`{"idx": %d, "name": "%d", "path": %q, "type": "sentence_transformers.%s"}`, i, i, path, kind))
	}
	return "[" + strings.Join(entries, ",") + "]"
}

// A noTokens is a tokenizer that finds nothing in any text.
type noTokens struct{ *tokenizer.Tokenizer }

func (noTokens) Encode(string, tokenizer.Options) (tokenizer.Encoding, error) {
	return tokenizer.Encoding{}, nil
}

// TestNoTokens runs sequences of no tokens at all: an empty sum.
func TestNoTokens(t *testing.T) {
	f := newFake(t, newHolder(t), 4, hashed)
	e, err := task.NewEmbedder(f, noTokens{newTokenizer(t)}, task.On(f.b))
	require.NoError(t, err)
	defer e.Close()
	got, err := e.Embed(context.Background(), "", "")
	require.NoError(t, err)
	require.Equal(t, [][]float32{{0, 0, 0, 0}, {0, 0, 0, 0}}, got)
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(data)
}

// TestOwnModelIsWrong has models that give what they must not: errors, not panics.
func TestOwnModelIsWrong(t *testing.T) {
	tok := newTokenizer(t)
	for name, output := range map[string]func(*gpu.Stream, gpu.Tensor) gpu.Tensor{
		"too few rows":  func(_ *gpu.Stream, x gpu.Tensor) gpu.Tensor { return x.RowRange(0, x.Rows-1) },
		"too narrow":    func(_ *gpu.Stream, x gpu.Tensor) gpu.Tensor { return x.ColRange(0, 1) },
		"nothing":       func(*gpu.Stream, gpu.Tensor) gpu.Tensor { return gpu.Tensor{} },
		"too many rows": func(s *gpu.Stream, x gpu.Tensor) gpu.Tensor { return s.Temp(gpu.F32, x.Rows+1, x.Cols) },
	} {
		f := newFake(t, newHolder(t), 2, hashed, "yes", "no")
		f.output = output
		tagger, err := task.NewTagger(f, tok, task.On(f.b))
		require.NoError(t, err)
		_, err = tagger.Tag(context.Background(), task.Simple, "a b")
		require.ErrorIs(t, err, gpu.ErrShape, name)
		f.output = nil
		_, err = tagger.Tag(context.Background(), task.Simple, "a b")
		require.NoError(t, err, name)
		require.NoError(t, tagger.Close())
	}
	f := newFake(t, newHolder(t), len(words), hashed)
	f.output = func(_ *gpu.Stream, x gpu.Tensor) gpu.Tensor { return x.RowRange(0, 0) }
	filler, err := task.NewFiller(f, tok, task.On(f.b))
	require.NoError(t, err)
	defer filler.Close()
	_, err = filler.Fill(context.Background(), "a [MASK]")
	require.ErrorIs(t, err, gpu.ErrShape)

	f = newFake(t, newHolder(t), 4, hashed)
	f.limits.Vocab = 6 // a b are 5 6
	e := newEmbedder(t, f)
	defer e.Close()
	_, err = e.Embed(context.Background(), "a", "b")
	require.ErrorIs(t, err, model.ErrInput)
	require.ErrorContains(t, err, fmt.Sprintf("id %d", id("b")))
}
