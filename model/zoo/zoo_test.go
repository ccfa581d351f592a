package zoo_test

import (
	"bytes"
	"os"
	"path/filepath"
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
	"github.com/rapt-go/rapt/model/zoo"
)

var fixtures = filepath.Join("..", "..", "testdata", "golden")

func openCPU(t *testing.T) *counter {
	b, err := cpu.Open(cpu.Threads(1))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	return &counter{b, map[gpu.Buffer]bool{}}
}

// A counter is a backend that knows which weights it has handed out and not got back.
type counter struct {
	gpu.Backend
	live map[gpu.Buffer]bool
}

func (c *counter) Prepare(dt gpu.DType, f gpu.Format, parts ...gpu.Host) (gpu.Tensor, error) {
	t, err := c.Backend.Prepare(dt, f, parts...)
	if err == nil {
		c.live[t.Buf] = true
	}
	return t, err
}

func (c *counter) Free(b gpu.Buffer) error {
	delete(c.live, b)
	return c.Backend.Free(b)
}

// files is a fixture's folder in memory, which a test may change.
func files(t *testing.T, name string) fstest.MapFS {
	m := fstest.MapFS{}
	for _, f := range []string{"config.json", "model.safetensors"} {
		data, err := os.ReadFile(filepath.Join(fixtures, name, f))
		require.NoError(t, err)
		m[f] = &fstest.MapFile{Data: data}
	}
	return m
}

// opened loads a fixture as an M, from the disk and from a file system, and closes it.
func opened[M model.Model](t *testing.T, name string, want any) {
	b := openCPU(t)
	for _, load := range []func() (M, error){
		func() (M, error) { return zoo.Load[M](filepath.Join(fixtures, name), b, zoo.Default(b)) },
		func() (M, error) { return zoo.LoadFolder[M](model.FS(files(t, name)), b, zoo.Default(b)) },
	} {
		m, err := load()
		require.NoError(t, err)
		require.IsType(t, want, m)
		require.NotEmpty(t, b.live)
		require.NoError(t, m.Close())
		require.Empty(t, b.live, "Close frees everything")
	}
}

// A checkpoint opens as each interface that it is wanted for.
func TestLoadAs(t *testing.T) {
	opened[model.Encoder](t, "bert", &bert.Model{})
	opened[model.MaskedLM](t, "bert", &bert.MaskedLM{})
	opened[model.PairJudge](t, "bert", &bert.NextSentence{})
	opened[model.SequenceClassifier](t, "bert-classify", &bert.SequenceClassifier{})
	opened[model.TokenClassifier](t, "bert-ner", &bert.TokenClassifier{})
	opened[model.SpanReader](t, "bert-qa", &bert.SpanReader{})
	opened[model.Encoder](t, "roberta", &bert.Model{})
	opened[model.MaskedLM](t, "roberta", &bert.MaskedLM{})
	opened[model.SequenceClassifier](t, "roberta-classify", &bert.SequenceClassifier{})
}

// refused loads what fails, and checks that nothing stays behind.
func refused[M model.Model](t *testing.T, f fstest.MapFS, is error, parts ...string) {
	t.Helper()
	b := openCPU(t)
	m, err := zoo.LoadFolder[M](model.FS(f), b, zoo.Default(b))
	require.ErrorIs(t, err, is)
	require.ErrorContains(t, err, "embedded model: ")
	for _, part := range parts {
		require.ErrorContains(t, err, part)
	}
	require.Nil(t, m)
	require.Empty(t, b.live)
}

// The error says what the checkpoint is not, what is missing, or which models there are.
func TestLoadFolderRefuses(t *testing.T) {
	refused[generator](t, files(t, "bert"), model.ErrUnsupported, "bert is not a generator")
	refused[model.SequenceClassifier](t, files(t, "bert-ner"), model.ErrUnsupported, "BertForTokenClassification", "SequenceClassification")
	refused[model.TokenClassifier](t, files(t, "bert-classify"), model.ErrUnsupported, "BertForSequenceClassification", "TokenClassification")
	refused[model.SpanReader](t, files(t, "bert"), model.ErrUnsupported, "BertForPreTraining", "is not a SpanReader", "qa_outputs.weight")
	refused[model.PairJudge](t, files(t, "bert-ner"), model.ErrUnsupported, "is not a PairJudge", "cls.seq_relationship.weight")

	refused[model.PairJudge](t, files(t, "roberta"), model.ErrUnsupported, "roberta is not a PairJudge, since RoBERTa was not trained on next sentences")
	refused[model.TokenClassifier](t, files(t, "roberta-classify"), model.ErrUnsupported, "RobertaForSequenceClassification", "TokenClassification")
	refused[model.SequenceClassifier](t, files(t, "roberta"), model.ErrUnsupported, "RobertaForMaskedLM", "SequenceClassification")
	refused[model.SpanReader](t, files(t, "roberta"), model.ErrUnsupported, "RobertaForMaskedLM", "is not a SpanReader", "qa_outputs.weight")
	refused[model.MaskedLM](t, files(t, "roberta-classify"), model.ErrUnsupported, "RobertaForSequenceClassification", "is not a MaskedLM", "lm_head.dense.weight")

	f := files(t, "bert-embed") // made for it by its class, but without its tensors
	f["config.json"] = &fstest.MapFile{Data: bytes.Replace(f["config.json"].Data, []byte("BertModel"), []byte("BertForQuestionAnswering"), 1)}
	refused[model.SpanReader](t, f, model.ErrWeights, "qa_outputs.weight is missing, [2 64] wanted", "qa_outputs.bias")

	f = files(t, "bert")
	f["config.json"] = &fstest.MapFile{Data: []byte(`{"model_type":"xlm-roberta-xl"}`)} // which normalizes before its layers
	refused[model.Encoder](t, f, model.ErrUnsupported, `config.json: model_type "xlm-roberta-xl": not supported; supported are bert, camembert`)
	f["config.json"] = &fstest.MapFile{Data: []byte(`{"model_type":"mamba"}`)}
	refused[model.Encoder](t, f, model.ErrUnsupported, `config.json: model_type "mamba": not supported; supported are bert`)
	delete(f, "config.json")
	refused[model.Encoder](t, f, os.ErrNotExist, "config.json")
	f = files(t, "bert")
	delete(f, "model.safetensors")
	refused[model.Encoder](t, f, os.ErrNotExist, "model.safetensors")
}

func TestTypes(t *testing.T) {
	require.ElementsMatch(t, supported, zoo.Types())
}

func TestDefault(t *testing.T) {
	require.Equal(t, zoo.As{DType: gpu.F32, Format: gpu.Native}, zoo.Default(openCPU(t)))
}

// A report tells what the files hold, counted here from their headers; what no head
// asks for is unused.
func TestInspect(t *testing.T) {
	for _, c := range []struct {
		name, class string
		tasks       []string
	}{
		{"bert", "BertForPreTraining", []string{"embed", "fill-mask", "next-sentence"}},
		{"bert-classify", "BertForSequenceClassification", []string{"embed", "classify"}},
		{"bert-rerank", "BertForSequenceClassification", []string{"embed", "classify", "rerank"}},
		{"bert-ner", "BertForTokenClassification", []string{"embed", "tag"}},
		{"bert-qa", "BertForQuestionAnswering", []string{"embed", "answer"}},
		{"roberta", "RobertaForMaskedLM", []string{"embed", "fill-mask"}},
		{"roberta-classify", "RobertaForSequenceClassification", []string{"embed", "classify"}},
	} {
		f, err := model.Dir(filepath.Join(fixtures, c.name))
		require.NoError(t, err)
		r, err := zoo.Inspect(f)
		require.NoError(t, err)
		modelType, _, _ := strings.Cut(c.name, "-")
		require.Equal(t, modelType, r.ModelType)
		require.Equal(t, c.class, r.Class)
		require.Equal(t, c.tasks, r.Tasks, c.name)
		require.JSONEq(t, `"`+modelType+`"`, string(r.Config["model_type"]))
		set, err := f.Weights()
		require.NoError(t, err)
		var elements, bytes, bf16, int8s int64
		var unused []string
		for _, x := range set.Tensors() {
			bytes += x.Size
			if slices.Contains(r.Unused, x.Name) {
				unused = append(unused, x.Name)
				continue
			}
			n := int64(x.Len())
			elements += n
			switch { // vectors stay float32; so do tables beside 8-bit matrices, which have a scale for each row
			case len(x.Shape) == 1:
				bf16, int8s = bf16+4*n, int8s+4*n
			case strings.HasSuffix(x.Name, "_embeddings.weight"):
				bf16, int8s = bf16+2*n, int8s+4*n
			default:
				bf16, int8s = bf16+2*n, int8s+n+4*int64(x.Shape[0])
			}
		}
		require.ElementsMatch(t, r.Unused, unused, "they are the file's")
		require.Equal(t, elements, r.Parameters, c.name)
		require.Equal(t, bytes, r.Bytes)
		require.Len(t, r.Tensors, len(set.Tensors()))
		tied := int64(0) // the table of words lies there once more, to multiply by
		if slices.Contains(r.Tasks, "fill-mask") {
			words, ok := set.Lookup(modelType + ".embeddings.word_embeddings.weight")
			require.True(t, ok)
			tied = int64(words.Len())
			bf16, int8s = bf16+2*tied, int8s+tied+4*int64(words.Shape[0])
		}
		require.Equal(t, 4*(elements+tied), r.Memory.F32)
		require.Equal(t, bf16, r.Memory.BF16)
		require.Equal(t, int8s, r.Memory.Int8)
		require.NoError(t, set.Close())

		b := openCPU(t) // a loaded encoder agrees
		m, err := zoo.LoadFolder[model.Encoder](f, b, zoo.Default(b))
		require.NoError(t, err)
		require.Equal(t, m.Limits(), r.Limits)
		require.NoError(t, m.Close())
	}
}

// A checkpoint made for a head must have all of it, to be inspected too.
func TestInspectOfPartialHead(t *testing.T) {
	f := files(t, "bert-qa")
	set, err := model.FS(f).Weights()
	require.NoError(t, err)
	tensors := slices.DeleteFunc(set.Tensors(), func(x safetensors.Tensor) bool { return x.Name == "qa_outputs.bias" })
	require.Len(t, tensors, len(set.Tensors())-1)
	dir := t.TempDir()
	require.NoError(t, safetensors.Save(filepath.Join(dir, "model.safetensors"), nil, tensors))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config.json"), f["config.json"].Data, 0o666))
	folder, err := model.Dir(dir)
	require.NoError(t, err)
	_, err = zoo.Inspect(folder)
	require.ErrorIs(t, err, model.ErrWeights)
	require.ErrorContains(t, err, "qa_outputs.bias is missing, [2] wanted")
}
