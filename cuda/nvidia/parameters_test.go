//go:build cuda && linux && (amd64 || arm64)

package nvidia

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/cuda/ptx"
)

// The parameters of all kernels, as the parser of PTX has them.
func TestParameters(t *testing.T) {
	files, err := filepath.Glob("../../kernels/ptx/*.ptx")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		src, err := os.ReadFile(file)
		require.NoError(t, err)
		m, err := ptx.Load(file, src)
		require.NoError(t, err)
		want := map[string]int{}
		for _, f := range m.Funcs {
			if f.Entry {
				want[f.Name] = len(f.Params)
			}
		}
		assert.Equal(t, want, parameters(src), file)
	}
	assert.Equal(t, map[string]int{"a": 0, "b$1": 0, "c": 2}, parameters([]byte(".visible .entry a\n.maxntid 4\n{}\n.entry b$1()\n{}\n.weak .entry c(\n.param .u64 x,\n.param .align 8 .b8 y[16]\n){}")))
}
