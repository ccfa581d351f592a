//go:build cuda && race && linux && (amd64 || arm64)

package nvidia_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/cuda/nvidia/standin"
	"github.com/rapt-go/rapt/cuda/sim"
)

// The command with the race detector in it, which makes it fail on what it finds.
func TestCommandRace(t *testing.T) {
	rapt := filepath.Join(t.TempDir(), "rapt")
	out, err := exec.Command("go", "build", "-race", "-tags", "cuda", "-o", rapt, "github.com/rapt-go/rapt/cmd/rapt").CombinedOutput()
	require.NoError(t, err, "%s", out)
	d, err := sim.New(sim.Options{})
	require.NoError(t, err)
	s := standin.Start(t, d)
	classified := func(backend string) string {
		cmd := exec.Command(rapt, "classify", "--backend", backend, "--precision", "f32", "--model", filepath.Join("..", "..", "testdata", "golden", "bert-classify"),
			"as an example", "this is an example", "an example")
		cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+filepath.Dir(s.Library))
		out, err := cmd.Output()
		require.NoError(t, err, "%s", out)
		return rounded(string(out))
	}
	assert.Equal(t, classified("cpu"), classified("cuda"))
	assert.Positive(t, s.Calls()["cuLaunchKernel"])
	assert.Zero(t, s.Live())
}
