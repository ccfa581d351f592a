package main

import (
	"encoding/json"
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
