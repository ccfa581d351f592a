package task_test

// What Inspect and OpenTokenizer make of folders of sentence-transformers.

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/task"
	"github.com/rapt-go/rapt/model/tokenizer"
)

// apart is a folder of sentence-transformers whose encoder is in 0_Transformer, with a
// Dense module of 64 to 3.
func apart(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(dir, "0_Transformer"), os.DirFS(golden("bert-embed"))))
	require.NoError(t, os.CopyFS(filepath.Join(dir, "1_Pooling"), os.DirFS(filepath.Join(golden("bert-embed"), "1_Pooling"))))
	files := withDense(map[string]any{"in_features": 64, "out_features": 3})
	files["modules.json"] = modules("models.Transformer:0_Transformer", "models.Pooling:1_Pooling", "models.Dense:2_Dense", "models.Normalize:3_Normalize")
	for name, text := range files {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	return dir
}

// TestInspectModules adds a Dense module of 3×64 weights and 3 biases to its encoder.
func TestInspectModules(t *testing.T) {
	plain, err := task.Inspect(golden("bert-embed"))
	require.NoError(t, err)
	dir := apart(t)
	for _, fsys := range []fs.FS{nil, os.DirFS(dir)} {
		var opts []task.Option
		if fsys != nil {
			opts = append(opts, task.FromFS(fsys))
		}
		c, err := task.Inspect(dir, opts...)
		require.NoError(t, err)
		require.Equal(t, plain.Config, c.Config)
		require.Equal(t, plain.Tokenizer, c.Tokenizer)
		require.Equal(t, []string{"embed"}, c.Tasks)
		const matrix, bias = 3 * 64, 3
		require.Equal(t, plain.Parameters+matrix+bias, c.Parameters)
		require.Equal(t, plain.Bytes+4*(matrix+bias), c.Bytes)
		require.Equal(t, plain.Memory.F32+4*(matrix+bias), c.Memory.F32)
		require.Equal(t, plain.Memory.BF16+2*matrix+4*bias, c.Memory.BF16)
		require.Equal(t, plain.Memory.Int8+matrix+4*3+4*bias, c.Memory.Int8, "a scale for each of 3 rows")
		require.Equal(t, plain.Unused, c.Unused)
		var names, files []string
		for _, x := range c.Tensors[len(plain.Tensors):] {
			names, files = append(names, x.Name), append(files, x.File)
		}
		require.ElementsMatch(t, []string{"2_Dense/linear.weight", "2_Dense/linear.bias"}, names)
		require.Equal(t, []string{"2_Dense/model.safetensors", "2_Dense/model.safetensors"}, files)
	}
	e, err := task.OpenEmbedder(dir, task.On(newHolder(t)))
	require.NoError(t, err)
	v, err := e.Embed(context.Background(), "a")
	require.NoError(t, err)
	require.Len(t, v[0], 3, "what is inspected can be opened")
	require.NoError(t, e.Close())
}

// TestInspectBadModules refuses what OpenEmbedder does.
func TestInspectBadModules(t *testing.T) {
	h := newHolder(t)
	for _, c := range []struct {
		breaks func(dir string) error
		says   []string
	}{
		{func(dir string) error { return os.RemoveAll(filepath.Join(dir, "2_Dense")) }, []string{"2_Dense"}},
		{func(dir string) error { return os.Remove(filepath.Join(dir, "2_Dense", "model.safetensors")) }, []string{"2_Dense"}},
		{func(dir string) error { return os.RemoveAll(filepath.Join(dir, "1_Pooling")) }, []string{"1_Pooling", "config.json"}},
		{func(dir string) error { return os.RemoveAll(filepath.Join(dir, "0_Transformer")) }, []string{"0_Transformer"}},
		{func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "2_Dense", "config.json"), []byte(`{"in_features": 32, "out_features": 3}`), 0o600)
		}, []string{"in_features", "32", "64"}},
		{func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "2_Dense", "config.json"), []byte(`{"in_features": 64, "out_features": 4}`), 0o600)
		}, []string{"linear.weight"}},
		{func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "1_Pooling", "config.json"), []byte(`{"pooling_mode": "weightedmean"}`), 0o600)
		}, []string{"modules.json", "weightedmean"}},
		{func(dir string) error { return os.WriteFile(filepath.Join(dir, "modules.json"), []byte(`{`), 0o600) }, []string{"modules.json"}},
	} {
		dir := apart(t)
		require.NoError(t, c.breaks(dir))
		_, err := task.Inspect(dir)
		require.ErrorContains(t, err, dir)
		for _, s := range c.says {
			require.ErrorContains(t, err, s)
		}
		_, err = task.OpenEmbedder(dir, task.On(h))
		require.Error(t, err, c.says)
	}
}

// TestInspectOtherTask describes a classifier whose modules.json is for another library's
// use, without embed; a folder that could only embed is refused.
func TestInspectOtherTask(t *testing.T) {
	c, err := task.Inspect(changed(t, "bert-rerank", map[string]string{"modules.json": modules("models.Transformer:")}))
	require.NoError(t, err)
	require.Equal(t, []string{"classify", "rerank"}, c.Tasks)
	_, err = task.Inspect(changed(t, "bert-embed", map[string]string{"modules.json": modules("models.CLIP:")}))
	require.ErrorIs(t, err, model.ErrUnsupported)
	require.ErrorContains(t, err, "CLIP")
}

// TestOpenTokenizer reads the encoder's, beside which there need be nothing else.
func TestOpenTokenizer(t *testing.T) {
	want, err := task.OpenTokenizer(golden("bert-embed"))
	require.NoError(t, err)
	dir := t.TempDir()
	inner := filepath.Join(dir, "0_Transformer")
	require.NoError(t, os.Mkdir(inner, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "modules.json"), []byte(modules("models.Transformer:0_Transformer", "models.Pooling:1_Pooling")), 0o600))
	_, err = task.OpenTokenizer(dir)
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, "0_Transformer")
	data := readFile(t, filepath.Join(golden("bert-embed"), "tokenizer.json"))
	require.NoError(t, os.WriteFile(filepath.Join(inner, "tokenizer.json"), []byte(data), 0o600))
	for _, opts := range [][]task.Option{nil, {task.FromFS(os.DirFS(dir))}} {
		got, err := task.OpenTokenizer(dir, opts...)
		require.NoError(t, err)
		require.Equal(t, want.Size(), got.Size())
	}
	clip := changed(t, "bert", map[string]string{"modules.json": modules("models.CLIP:0_CLIP")})
	got, err := task.OpenTokenizer(clip)
	require.NoError(t, err, "the folder's own, as for all tasks but embed")
	x, err := got.Encode("the", tokenizer.Options{})
	require.NoError(t, err)
	require.NotEmpty(t, x.IDs)
}
