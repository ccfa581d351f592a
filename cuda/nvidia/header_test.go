//go:build cuda && cgo && linux && (amd64 || arm64)

package nvidia_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A build that finds no cuda.h, or that of CUDA 13, says which variables are missing and where they come from.
func TestHeader(t *testing.T) {
	build := func(flags string) string {
		cmd := exec.Command("go", "build", "-tags", "cuda", "./internal/header")
		cmd.Env = append(os.Environ(), "CGO_CFLAGS="+flags)
		out, err := cmd.CombinedOutput()
		require.Error(t, err)
		return string(out)
	}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "cuda.h"), []byte("#define CUDA_VERSION 13000\n"), 0o600))
	says := build("-I" + dir)
	assert.Contains(t, says, "does not compile with the cuda.h of CUDA 13")
	assert.Contains(t, says, "rapt cuda-env")
	for _, installed := range []string{"/usr/include/cuda.h", "/usr/local/cuda/include/cuda.h", "/opt/cuda/include/cuda.h"} {
		if _, err := os.Stat(installed); err == nil {
			t.Skip("this machine has " + installed)
		}
	}
	says = build("-O1")
	for _, part := range strings.Fields("cuda.h CGO_CFLAGS CGO_LDFLAGS cuda-env CGO_ENABLED=0") {
		assert.Contains(t, says, part)
	}
}
