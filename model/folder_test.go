package model_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/safetensors"
)

func TestDirRefuses(t *testing.T) {
	dir := t.TempDir()
	missing := filepath.Join(dir, "none")
	_, err := model.Dir(missing)
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, missing)

	path := filepath.Join(dir, "model.safetensors")
	require.NoError(t, os.WriteFile(path, nil, 0o666))
	_, err = model.Dir(path)
	require.EqualError(t, err, "model folder "+path+": not a folder; name the one that holds config.json")
}

func TestEmptyFolder(t *testing.T) {
	dir := t.TempDir()
	f, err := model.Dir(dir)
	require.NoError(t, err)
	require.Equal(t, dir, f.Name())
	require.False(t, f.Has(file))
	_, err = model.ReadConfig(f, file)
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, "config.json: not in "+dir)
	_, err = f.Weights()
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, filepath.Join(dir, "model.safetensors"))
}

// A folder with PyTorch's weights alone says how to convert them.
func TestOnlyPyTorchWeights(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "pytorch_model.bin"), []byte("PK"), 0o666))
	f, err := model.Dir(dir)
	require.NoError(t, err)
	_, err = f.Weights()
	for _, part := range []string{"pytorch_model.bin", "model.safetensors", "convert them", `python -c "`, "weights_only=True"} {
		require.ErrorContains(t, err, part)
	}
}

// A folder of the operating system and one of a file system are alike.
func TestFolders(t *testing.T) {
	dir := t.TempDir()
	sub := filepath.Join(dir, "1_Pooling")
	require.NoError(t, os.Mkdir(sub, 0o777))
	require.NoError(t, os.WriteFile(filepath.Join(sub, file), []byte(`{"x":1}`), 0o666))
	require.NoError(t, safetensors.Save(filepath.Join(sub, "model.safetensors"), nil, []safetensors.Tensor{tensor("t", "F32", []int{2}, 1, 2)}))
	onDisk, err := model.Dir(dir)
	require.NoError(t, err)
	for name, f := range map[string]model.Folder{dir: onDisk, "embedded model": model.FS(os.DirFS(dir))} {
		require.Equal(t, name, f.Name())
		same, err := f.Sub("")
		require.NoError(t, err)
		require.Equal(t, f, same)

		inner, err := f.Sub("1_Pooling")
		require.NoError(t, err)
		require.True(t, inner.Has(file))
		c, err := model.ReadConfig(inner, file)
		require.NoError(t, err)
		require.Equal(t, 1, c.Int("x", 0, 0, 9))
		set, err := inner.Weights()
		require.NoError(t, err)
		require.Len(t, set.Tensors(), 1)
		require.NoError(t, set.Close())

		none, err := f.Sub("2_Normalize") // a module without files has no folder
		require.NoError(t, err)
		require.False(t, none.Has(file))
		for _, out := range []string{"..", "../x", "/etc", "a/../..", "a//b", "a/"} {
			_, err := f.Sub(out)
			require.ErrorIs(t, err, fs.ErrInvalid, out)
		}
	}
	require.Equal(t, sub, must(onDisk.Sub("1_Pooling")).Name())
}

func TestReadFile(t *testing.T) {
	f := model.FS(fstest.MapFS{"a": {Data: []byte("12345")}, "dir/b": {}, "pipe": {Mode: fs.ModeNamedPipe}})
	data, err := f.ReadFile("a", 5)
	require.NoError(t, err)
	require.Equal(t, "12345", string(data))
	for name, want := range map[string]string{
		"a":    "a: 5 bytes, more than the 4 that such a file may have",
		"b":    "b: not in embedded model: file does not exist",
		"dir":  "dir: not a regular file",
		"pipe": "pipe: not a regular file",
	} {
		_, err := f.ReadFile(name, 4)
		require.EqualError(t, err, want)
	}
	_, err = f.ReadFile("../a", 9)
	require.ErrorContains(t, err, "../a: ")
}

// A file that is not what it should be says so, whichever package reads it.
func TestTextFiles(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"pointer":         {"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "config.json: is the pointer that Git LFS left in place of the file; fetch the file with: git lfs pull"},
		"byte order mark": {"\xef\xbb\xbf{}", "config.json: not a JSON object: invalid character 'ï' looking for beginning of value at byte 0: a byte order mark, which JSON does not allow; save the file as UTF-8 without it"},
		"value":           {"{\"a\":1,\n\"x\": nan}", `config.json: "x": not JSON: invalid character 'a' in literal null (expecting 'u') at byte 14 (line 2, column 7)`},
		"end":             {"{\"a\":1,\n\"x\": 2", "config.json: not JSON: unexpected EOF at byte 14 (line 2, column 7)"},
		"more":            {"{}\n{}", "config.json: something follows the JSON object at byte 3 (line 2, column 1)"},
	} {
		_, err := readConfig(c.text)
		require.EqualError(t, err, c.want, name)
	}
	pointer := &fstest.MapFile{Data: []byte("version https://git-lfs.github.com/spec/v1\n")}
	for _, name := range []string{"model.safetensors", "model.safetensors.index.json"} {
		_, err := model.FS(fstest.MapFS{name: pointer}).Weights()
		require.ErrorContains(t, err, name+": is the pointer that Git LFS left")
	}
}
