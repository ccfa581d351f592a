package main

// Values that are no labels, and numbers that are none.

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// changed copies a golden folder and sets a field of its configuration.
func changed(t *testing.T, model, field string, value any) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), model)
	require.NoError(t, os.CopyFS(dir, os.DirFS(golden(model))))
	config := readJSON[map[string]any](t, filepath.Join(dir, "config.json"))
	config[field] = value
	data, err := json.Marshal(config)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config.json"), data, 0o600))
	return dir
}

// TestRegression gives the logit of a model of one label as a value.
func TestRegression(t *testing.T) {
	model := changed(t, "bert-rerank", "problem_type", "regression")
	for _, c := range classifyCases(t, "bert-rerank") {
		got := ok[classification](t, "", "classify", "--model", model, "--pair", *c.Pair, c.Text)[0]
		require.Nil(t, got.Labels)
		require.InDelta(t, c.Logits[0], *got.Value, logitTolerance)
	}
	r := rapt(t, "", "classify", "--model", model, "a")
	require.Regexp(t, `^-?\d\.\d{4}\ta\n$`, r.stdout)
}

func TestNaN(t *testing.T) {
	model := t.TempDir()
	require.NoError(t, os.CopyFS(model, os.DirFS(golden("error", "nan_weight"))))
	words := "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\n"
	require.NoError(t, os.WriteFile(filepath.Join(model, "vocab.txt"), []byte(words), 0o600))
	got := ok[struct {
		Text      string
		Embedding []*float64
	}](t, "", "embed", "--model", model, "a")[0]
	require.Contains(t, got.Embedding, (*float64)(nil), "NaN reaches the output, as null")
	r := rapt(t, "", "embed", "--model", model, "a")
	require.Equal(t, exitDone, r.code)
	require.Contains(t, r.stdout, "NaN")
	r = rapt(t, "", "next-sentence", "--json", "--model", model, "a", "b")
	require.Contains(t, r.stdout, `"is_next":null`)
	r = rapt(t, "", "fill-mask", "--json", "--top-k", "2", "--model", model, "a [MASK]")
	require.Equal(t, exitDone, r.code, r.stderr)
	require.Contains(t, r.stdout, `"score":null`)
}
