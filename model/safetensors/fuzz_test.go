package safetensors

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime/metrics"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// FuzzHeader reads arbitrary bytes as a file: either an error that names it, or tensors that tile its data and that, written
// anew, read the same; and memory in proportion to the file.
func FuzzHeader(f *testing.F) {
	paths, _ := filepath.Glob(golden + "error/*/model.safetensors")
	for _, path := range append(paths, "testdata/dtypes.safetensors") {
		b, err := os.ReadFile(path)
		require.NoError(f, err)
		f.Add(b)
	}
	f.Add(file("{"+entry("a", "F32", "[]", "[0,4]")+","+entry("b", "U8", "[0]", "[4,4]")+"}  ", 1, 2, 3, 4))
	f.Add(file(`{"__metadata__":{"a":"\u00e9\ud83d\ude00"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var file *File
		var err error
		within(t, len(data), func() { file, err = read(data) })
		if err != nil {
			require.ErrorContains(t, err, "dir/x.safetensors: ")
			return
		}
		begin := 8 + int64(headerLength(data))
		checkTiling(t, file, begin, int64(len(data))-begin)
		rewrite(t, file)
	})
}

// within fails if f takes more memory than size bytes of input allow. The fuzzer's own goroutines allocate meanwhile, so
// only what is too much every time counts.
func within(t *testing.T, size int, f func()) {
	bound := uint64(allocationFactor*size + 1<<20)
	var took uint64
	for range 5 {
		before := allocated()
		f()
		if took = allocated() - before; took < bound {
			return
		}
	}
	require.Less(t, took, bound)
}

func headerLength(data []byte) (n int) {
	for i := range 8 {
		n |= int(data[i]) << (8 * i)
	}
	return n
}

func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// rewrite writes a file and compares what is read back.
func rewrite(t *testing.T, f *File) {
	var b bytes.Buffer
	require.NoError(t, Write(&b, f.Metadata(), f.Tensors()))
	g, err := read(b.Bytes())
	require.NoError(t, err)
	require.Equal(t, f.Metadata(), g.Metadata())
	require.Len(t, g.Tensors(), len(f.Tensors()))
	for _, want := range f.Tensors() {
		got, ok := g.Lookup(want.Name)
		require.True(t, ok)
		require.Equal(t, want.DType, got.DType)
		require.Equal(t, want.Shape, got.Shape)
		require.Equal(t, bytesOf(t, want), bytesOf(t, got))
	}
}

// FuzzIndex opens a folder of two shards with an arbitrary index: an error that names the index, or tensors of those shards, each named once.
func FuzzIndex(f *testing.F) {
	for _, name := range []string{"index_truncated", "shard_traversal", "shard_wrong"} {
		b, err := os.ReadFile(golden + "error/" + name + "/" + indexName)
		require.NoError(f, err)
		f.Add(string(b))
	}
	f.Add(`{"weight_map":{"a":"1.safetensors","b":"2.safetensors"}}`)
	f.Add(`{"metadata":{"total_size":1.5e3,"x":[true,{"y":"\u007d"}]},"weight_map":{"\u0061":"1.safetensors"}} `)
	one, two := shard(f, "a", "c"), shard(f, "b", "c")
	f.Fuzz(func(t *testing.T, index string) {
		files := fstest.MapFS{indexName: text(index), "1.safetensors": one, "2.safetensors": two}
		var set *Set
		var err error
		within(t, len(index), func() {
			if set != nil {
				require.NoError(t, set.Close())
			}
			set, err = OpenFS(files)
		})
		if err != nil {
			require.ErrorContains(t, err, indexName)
			return
		}
		defer set.Close()
		seen := map[string]bool{}
		for _, x := range set.Tensors() {
			require.Contains(t, []string{"a", "b", "c"}, x.Name)
			require.Contains(t, []string{"1.safetensors", "2.safetensors"}, x.File)
			require.False(t, seen[x.Name])
			seen[x.Name] = true
			require.Equal(t, x.Name, string(bytesOf(t, x)))
		}
		require.NotEmpty(t, seen)
	})
}
