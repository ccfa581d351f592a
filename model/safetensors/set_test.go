package safetensors

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// shard is a file with one-byte tensors of the given names.
func shard(t testing.TB, names ...string) *fstest.MapFile {
	var tensors []Tensor
	for _, name := range names {
		tensors = append(tensors, tensor(name, U8, []int{1}, []byte(name[:1])))
	}
	var b bytes.Buffer
	require.NoError(t, Write(&b, nil, tensors))
	return &fstest.MapFile{Data: b.Bytes()}
}

func text(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }

// plain hides everything of a file system but Open, and of its files io.ReaderAt, as archives do.
type plain struct{ fs.FS }

func (p plain) Open(name string) (fs.File, error) {
	f, err := p.FS.Open(name)
	if err != nil {
		return nil, err
	}
	if dir, ok := f.(fs.ReadDirFile); ok {
		return struct{ fs.ReadDirFile }{dir}, nil
	}
	return struct{ fs.File }{f}, nil
}

// onDisk writes a file system's files into a folder.
func onDisk(t *testing.T, files fstest.MapFS) string {
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, files))
	return dir
}

// everywhere opens the same files from a folder, a file system with random access and one without.
func everywhere(t *testing.T, files fstest.MapFS, check func(t *testing.T, set *Set, err error)) {
	for name, open := range map[string]func() (*Set, error){
		"folder": func() (*Set, error) { return OpenDir(onDisk(t, files)) },
		"fs":     func() (*Set, error) { return OpenFS(files) },
		"plain":  func() (*Set, error) { return OpenFS(plain{files}) },
	} {
		t.Run(name, func(t *testing.T) {
			set, err := open()
			check(t, set, err)
			if set != nil {
				assert.NoError(t, set.Close())
			}
		})
	}
}

func names(tensors []Tensor) (names []string) {
	for _, t := range tensors {
		names = append(names, t.Name)
	}
	return names
}

func TestShards(t *testing.T) {
	files := fstest.MapFS{
		"model-00001-of-00002.safetensors": shard(t, "z", "c", "a", "not listed"),
		"model-00002-of-00002.safetensors": shard(t, "b", "a"), // this "a" is not the one that the index means
		indexName: text(`{"metadata":{"total_size":3,"deep":[[{"x":["}"]}]]},"weight_map":{"b":"model-00002-of-00002.safetensors",
			"a":"model-00001-of-00002.safetensors","z":"model-00001-of-00002.safetensors"},"more":null}`),
	}
	everywhere(t, files, func(t *testing.T, set *Set, err error) {
		require.NoError(t, err)
		assert.Equal(t, []string{"a", "b", "z"}, names(set.Tensors()))
		for name, file := range map[string]string{"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"} {
			x, ok := set.Lookup(name)
			require.True(t, ok)
			assert.Equal(t, file, x.File)
			assert.Equal(t, name, string(bytesOf(t, x)))
		}
		_, ok := set.Lookup("not listed")
		assert.False(t, ok)
	})
}

func TestSingleFileFirst(t *testing.T) {
	files := fstest.MapFS{
		weightsName: shard(t, "b", "a"),
		indexName:   text(`{"weight_map":{"c":"other.safetensors"}}`),
	}
	everywhere(t, files, func(t *testing.T, set *Set, err error) {
		require.NoError(t, err)
		assert.Equal(t, []string{"a", "b"}, names(set.Tensors()))
	})
}

func TestIndexErrors(t *testing.T) {
	for name, c := range map[string]struct {
		index string
		want  []string
	}{
		"empty":           {"", []string{"ends at byte 0"}},
		"cut":             {`{"weight_map":{"a":"one.safe`, []string{"end of a string"}},
		"list":            {"[]", []string{"an object"}},
		"not UTF-8":       {"{\"weight_map\":{\"\xff\":\"one.safetensors\"}}", []string{"UTF-8"}},
		"no map":          {`{"metadata":{}}`, []string{"weight_map"}},
		"empty map":       {`{"weight_map":{}}`, []string{"weight_map"}},
		"map of null":     {`{"weight_map":null}`, []string{"found null"}},
		"map twice":       {`{"weight_map":{"a":"one.safetensors"},"weight_map":{"a":"one.safetensors"}}`, []string{"weight_map", "twice"}},
		"tensor twice":    {`{"weight_map":{"a":"one.safetensors","a":"two.safetensors"}}`, []string{`"a"`, "twice"}},
		"shard is number": {`{"weight_map":{"a":1}}`, []string{`"a"`, "found 1"}},
		"bad metadata":    {`{"metadata":{"a":tru},"weight_map":{"a":"one.safetensors"}}`, []string{"valid JSON value"}},
		"no value":        {`{"metadata":}`, []string{"valid JSON value"}},
		"deep metadata":   {`{"metadata":` + string(bytes.Repeat([]byte("["), 1_000_000)), []string{"valid JSON value"}},
		"wrong shard":     {`{"weight_map":{"a":"one.safetensors","b":"one.safetensors"}}`, []string{`"b"`, `"one.safetensors"`}},
		"no such shard":   {`{"weight_map":{"a":"one.safetensors","b":"two.safetensors"}}`, []string{"two.safetensors"}},
		"broken shard":    {`{"weight_map":{"a":"broken.safetensors"}}`, []string{"broken.safetensors", "7 bytes"}},
		"not a shard":     {`{"weight_map":{"a":"model.safetensors.index.json"}}`, []string{indexName, "not a safetensors file"}},
		"shard is folder": {`{"weight_map":{"a":"sub"}}`, []string{"sub", "regular file"}},

		"above":       {`{"weight_map":{"a":"../good/model.safetensors"}}`, []string{`"a"`, `"../good/model.safetensors"`, "refused"}},
		"below":       {`{"weight_map":{"a":"sub/one.safetensors"}}`, []string{`"sub/one.safetensors"`, "refused"}},
		"dot":         {`{"weight_map":{"a":"./one.safetensors"}}`, []string{`"./one.safetensors"`, "refused"}},
		"absolute":    {`{"weight_map":{"a":"/etc/hostname"}}`, []string{`"/etc/hostname"`, "refused"}},
		"backslashes": {`{"weight_map":{"a":"..\\good\\model.safetensors"}}`, []string{`"..\good\model.safetensors"`, "refused"}},
		"drive":       {`{"weight_map":{"a":"C:one.safetensors"}}`, []string{`"C:one.safetensors"`, "refused"}},
		"folder":      {`{"weight_map":{"a":"."}}`, []string{`"."`, "refused"}},
		"parent":      {`{"weight_map":{"a":".."}}`, []string{`".."`, "refused"}},
		"no name":     {`{"weight_map":{"a":""}}`, []string{`""`, "refused"}},
		"escaped":     {`{"weight_map":{"a":"\u002e\u002e\u002fx"}}`, []string{`"../x"`, "refused"}},
		"NUL":         {`{"weight_map":{"a":"one.safetensors\u0000"}}`, []string{`one.safetensors\x00`}},
	} {
		t.Run(name, func(t *testing.T) {
			files := fstest.MapFS{
				indexName:             text(c.index),
				"one.safetensors":     shard(t, "a"),
				"broken.safetensors":  text("seven b"),
				"sub/one.safetensors": shard(t, "a"),
			}
			everywhere(t, files, func(t *testing.T, set *Set, err error) {
				require.Error(t, err)
				assert.Nil(t, set)
				for _, want := range append(c.want, indexName) {
					assert.ErrorContains(t, err, want)
				}
			})
		})
	}
}

func TestNoWeights(t *testing.T) {
	for name, c := range map[string]struct {
		files []string
		want  []string
	}{
		"nothing":        {[]string{"config.json"}, []string{indexName}},
		"PyTorch":        {[]string{"pytorch_model.bin", "tf_model.h5"}, []string{"pytorch_model.bin", "python -c", "weights_only=True"}},
		"PyTorch shards": {[]string{"pytorch_model.bin.index.json", "pytorch_model-00001-of-00002.bin"}, []string{"pytorch_model.bin.index.json", "python -c"}},
		"TensorFlow":     {[]string{"tf_model.h5"}, []string{"tf_model.h5", "revision"}},
		"Flax":           {[]string{"flax_model.msgpack"}, []string{"flax_model.msgpack", "revision"}},
		"other name":     {[]string{"adapter.safetensors"}, []string{"adapter.safetensors"}},
	} {
		t.Run(name, func(t *testing.T) {
			files := fstest.MapFS{}
			for _, name := range c.files {
				files[name] = text("")
			}
			everywhere(t, files, func(t *testing.T, _ *Set, err error) {
				require.ErrorIs(t, err, fs.ErrNotExist)
				for _, want := range append(c.want, weightsName) {
					assert.ErrorContains(t, err, want)
				}
			})
		})
	}
}

func TestMissing(t *testing.T) {
	dir := t.TempDir()
	_, err := OpenDir(filepath.Join(dir, "nowhere"))
	assert.ErrorIs(t, err, fs.ErrNotExist)
	assert.ErrorContains(t, err, "nowhere")
	_, err = Open(filepath.Join(dir, "nothing.safetensors"))
	assert.ErrorIs(t, err, fs.ErrNotExist)
	assert.ErrorContains(t, err, "nothing.safetensors")

	set := fstest.MapFS{indexName: text(`{"weight_map":{"a":"gone.safetensors"}}`)}
	everywhere(t, set, func(t *testing.T, _ *Set, err error) {
		assert.ErrorIs(t, err, fs.ErrNotExist)
		assert.ErrorContains(t, err, "gone.safetensors")
	})

	path := filepath.Join(dir, "a file")
	require.NoError(t, os.WriteFile(path, nil, 0o666))
	_, err = OpenDir(path)
	assert.ErrorContains(t, err, "is not a folder")
	_, err = Open(dir)
	assert.ErrorContains(t, err, "is not a regular file")
}

// TestLyingFS opens a file that is shorter than its size says.
func TestLyingFS(t *testing.T) {
	_, err := OpenFS(lying{fstest.MapFS{weightsName: shard(t, "a")}})
	assert.ErrorContains(t, err, weightsName)
	_, err = OpenFS(lying{fstest.MapFS{weightsName: {}}})
	assert.ErrorContains(t, err, weightsName)
	assert.ErrorIs(t, err, io.EOF)
}

// lying says that every file has 1 MB more than it has.
type lying struct{ fs.FS }

type lyingFile struct {
	fs.File
	io.ReaderAt
}
type lyingInfo struct{ fs.FileInfo }

func (l lying) Open(name string) (fs.File, error) {
	f, err := l.FS.Open(name)
	if err != nil {
		return nil, err
	}
	return lyingFile{f, f.(io.ReaderAt)}, nil
}

func (f lyingFile) Stat() (fs.FileInfo, error) {
	info, err := f.File.Stat()
	return lyingInfo{info}, err
}

func (i lyingInfo) Size() int64 { return i.FileInfo.Size() + 1<<20 }

func TestClose(t *testing.T) {
	dir := onDisk(t, fstest.MapFS{weightsName: shard(t, "a", "b")})
	set, err := OpenDir(dir)
	require.NoError(t, err)
	x, _ := set.Lookup("a")
	require.Equal(t, "a", string(bytesOf(t, x)))
	require.NoError(t, set.Close())
	assert.NoError(t, set.Close(), "a second Close is harmless")
	_, err = x.Src.ReadAt(make([]byte, 1), x.Off)
	assert.ErrorContains(t, err, "closed")
	assert.ErrorContains(t, err, filepath.Join(dir, weightsName))

	set, err = OpenFS(os.DirFS(dir))
	require.NoError(t, err)
	x, _ = set.Lookup("a")
	require.NoError(t, set.Close())
	_, err = x.Src.ReadAt(make([]byte, 1), x.Off)
	assert.ErrorIs(t, err, fs.ErrClosed)
}

// TestIndependence changes what was handed out, which must not change the set.
func TestIndependence(t *testing.T) {
	set, err := OpenFS(fstest.MapFS{weightsName: shard(t, "a", "b", "c")})
	require.NoError(t, err)
	slices.Reverse(set.Tensors())
	x, ok := set.Lookup("a")
	assert.True(t, ok)
	assert.Equal(t, "a", x.Name)
	assert.Equal(t, []string{"a", "b", "c"}, names(set.Tensors()))
}
