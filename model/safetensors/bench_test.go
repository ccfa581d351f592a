package safetensors

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkOpen opens a file from the disk's cache; MB/s are of its header, which is all that opening reads.
func BenchmarkOpen(b *testing.B) {
	for _, n := range []int{200, 2000} {
		b.Run(fmt.Sprintf("tensors=%d", n), func(b *testing.B) {
			var tensors []Tensor
			for i := range n {
				name := fmt.Sprintf("model.encoder.layers.%d.self_attention.query.weight", i)
				tensors = append(tensors, tensor(name, F32, []int{4, 8}, make([]byte, 128)))
			}
			path := filepath.Join(b.TempDir(), weightsName)
			require.NoError(b, Save(path, nil, tensors))
			f, err := Open(path)
			require.NoError(b, err)
			b.SetBytes(f.Tensors()[0].Off)
			require.NoError(b, f.Close())
			b.ReportAllocs()
			for b.Loop() {
				f, err := Open(path)
				if err != nil {
					b.Fatal(err)
				}
				f.Close()
			}
		})
	}
}

// BenchmarkHostile scans what costs a scanner most per byte: a long name, of escapes, and depth.
func BenchmarkHostile(b *testing.B) {
	for name, header := range map[string]string{
		"name":    `{"` + strings.Repeat("n", 1<<20) + `":0}`,
		"escapes": `{"` + strings.Repeat(`\u00e9`, 1<<18) + `":0}`,
		"deep":    `{"__metadata__":n` + strings.Repeat("[", 1<<20) + "}",
	} {
		b.Run("header="+name, func(b *testing.B) {
			data := file(header)
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if _, err := read(data); err == nil {
					b.Fatal("no error")
				}
			}
		})
	}
}
