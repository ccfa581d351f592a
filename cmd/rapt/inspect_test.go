package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestBrokenCheckpoints inspects every broken checkpoint: the error has all that it
// must name, and no header makes us allocate much.
func TestBrokenCheckpoints(t *testing.T) {
	cases := readJSON[struct {
		Good  string
		Cases []struct {
			Name, Fails string
			Must        []string `json:"error_must_name"`
		}
	}](t, golden("error", "cases.json"))
	require.NotEmpty(t, cases.Cases)
	require.Equal(t, exitDone, rapt(t, "", "inspect", golden("error", cases.Good)).code)
	for _, c := range cases.Cases {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r := rapt(t, "", "inspect", "--json", golden("error", c.Name))
		runtime.ReadMemStats(&after)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(500e6), c.Name)
		says := r.stderr
		if c.Fails == "none" {
			require.Equal(t, exitDone, r.code, "%s: %s", c.Name, r.stderr)
			says = r.stdout
		} else {
			require.Equal(t, exitFailure, r.code, "%s: %s", c.Name, r.stderr)
			require.Empty(t, r.stdout)
		}
		for _, s := range c.Must {
			require.Contains(t, says, s, c.Name)
		}
	}
	extra := ok[inspected](t, "", "inspect", golden("error", "extra_tensor"))[0]
	require.Equal(t, []string{"bert.encoder.layer.7.extra"}, extra.Unused)
}

// TestSentenceTransformers inspects, tokenizes and embeds with a folder whose encoder has
// one of its own, and inspects one without its Dense module.
func TestSentenceTransformers(t *testing.T) {
	dir := t.TempDir()
	inner := filepath.Join(dir, "0_Transformer")
	require.NoError(t, os.CopyFS(inner, os.DirFS(golden("bert-embed"))))
	modules := func(list ...string) {
		var entries []map[string]string
		for _, path := range list {
			_, kind, _ := strings.Cut(path, "_")
			entries = append(entries, map[string]string{"path": path, "type": "sentence_transformers.models." + kind})
		}
		data, err := json.Marshal(entries)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "modules.json"), data, 0o600))
	}
	require.NoError(t, os.CopyFS(filepath.Join(dir, "1_Pooling"), os.DirFS(golden("bert-embed", "1_Pooling"))))
	modules("0_Transformer", "1_Pooling", "2_Normalize")
	want := ok[inspected](t, "", "inspect", golden("bert-embed"))[0]
	require.Equal(t, []string{"embed"}, want.Tasks)
	require.Equal(t, want, ok[inspected](t, "", "inspect", dir)[0])
	require.Equal(t, ok[tokens](t, "", "tokenize", "--model", inner, "a b"), ok[tokens](t, "", "tokenize", "--model", dir, "a b"))
	require.Equal(t, ok[embedding](t, "", "embed", "--model", golden("bert-embed"), "a b"), ok[embedding](t, "", "embed", "--model", dir, "a b"))

	modules("0_Transformer", "1_Pooling", "2_Dense")
	r := rapt(t, "", "inspect", dir)
	require.Equal(t, exitFailure, r.code)
	require.Contains(t, r.stderr, "2_Dense")
	require.Empty(t, r.stdout)
	modules("0_Transformer", "9_Pooling")
	r = rapt(t, "", "inspect", dir)
	require.Equal(t, exitFailure, r.code)
	require.Contains(t, r.stderr, "9_Pooling")
}

// TestInspect checks a description against the files themselves.
func TestInspect(t *testing.T) {
	dir := golden("bert-ner")
	got := ok[inspected](t, "", "inspect", dir, "--tensors")[0]
	require.Equal(t, got, ok[inspected](t, "", "inspect", "--model", dir, "--tensors")[0])
	config := readJSON[map[string]json.RawMessage](t, golden("bert-ner", "config.json"))
	require.Len(t, got.Config, len(config))
	for key, value := range config {
		require.JSONEq(t, string(value), string(got.Config[key]), key)
	}
	require.Equal(t, "bert", got.ModelType)
	require.Equal(t, "BertForTokenClassification", got.Class)
	require.Equal(t, []string{"embed", "tag"}, got.Tasks)
	require.Empty(t, got.Unused)
	require.Equal(t, "WordPiece, 600 tokens", got.Tokenizer)
	elements, bytes := int64(0), int64(0)
	require.True(t, slices.IsSortedFunc(got.Tensors, func(a, b tensor) int { return strings.Compare(a.Name, b.Name) }))
	for _, x := range got.Tensors {
		require.Equal(t, "F32", x.DType)
		require.Equal(t, "model.safetensors", x.File)
		n := int64(1)
		for _, d := range x.Shape {
			n *= int64(d)
		}
		elements, bytes = elements+n, bytes+4*n
	}
	require.Equal(t, []int64{elements, bytes, bytes}, []int64{got.Parameters, got.Bytes, got.Memory.F32})
	require.Empty(t, ok[inspected](t, "", "inspect", dir)[0].Tensors, "only with --tensors")
}
