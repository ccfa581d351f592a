//go:build cuda && linux && (amd64 || arm64)

package nvidia_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/cuda/nvidia/standin"
	"github.com/rapt-go/rapt/cuda/sim"
)

// The command as it is built with the tag, on machines with GPUs, with an old driver, and with none.
func TestCommand(t *testing.T) {
	rapt := filepath.Join(t.TempDir(), "rapt")
	out, err := exec.Command("go", "build", "-tags", "cuda", "-o", rapt, "github.com/rapt-go/rapt/cmd/rapt").CombinedOutput()
	require.NoError(t, err, "%s", out)
	run := func(o *sim.Options, args ...string) (stdout, stderr string, code int) {
		cmd := exec.Command(rapt, args...)
		cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH=")
		if o != nil {
			d, err := sim.New(*o)
			require.NoError(t, err)
			s := standin.Start(t, d)
			cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+filepath.Dir(s.Library))
			defer func() { assert.Zero(t, s.Live(), "%v", args) }()
		}
		var both [2]bytes.Buffer
		cmd.Stdout, cmd.Stderr = &both[0], &both[1]
		err := cmd.Run()
		if cmd.ProcessState == nil {
			require.NoError(t, err)
		}
		return both[0].String(), both[1].String(), cmd.ProcessState.ExitCode()
	}
	p100 := sim.T4
	p100.Name, p100.Major, p100.Minor = "Tesla P100", 6, 0
	two := &sim.Options{Devices: []driver.Info{p100, sim.A100}}

	linked, err := exec.Command("ldd", rapt).CombinedOutput()
	require.NoError(t, err)
	assert.NotContains(t, string(linked), "cuda")

	stdout, _, code := run(two, "devices", "--json")
	assert.Zero(t, code)
	assert.Regexp(t, `{"backend":"cuda:1","available":true,"name":"NVIDIA A100-SXM4-80GB, compute capability 8.0, driver nvidia[^"]*, CUDA 12.9","memory":\d+}`, stdout)
	assert.Regexp(t, `{"backend":"cuda:0","available":false,"name":"","reason":"cuda: device 0, Tesla P100, has compute capability 6.0, the kernels need 7.5[^"]*","remedy":"[^"]+","memory":0}`, stdout)

	const psalm = "The LORD is my [MASK]; I shall not want."
	want, _, code := run(nil, "fill-mask", "--backend", "cpu", "--top-k", "1", psalm)
	require.Zero(t, code)
	_, word, found := strings.Cut(want, "\t") // the score is another in BF16
	require.True(t, found)
	for _, name := range []string{"auto", "cuda:1"} {
		stdout, stderr, code := run(two, "fill-mask", "--backend", name, "--top-k", "1", psalm)
		assert.Zero(t, code, stderr)
		assert.Contains(t, stderr, "backend: cuda:1 NVIDIA A100-SXM4-80GB")
		assert.True(t, strings.HasSuffix(stdout, word), "%q, expected %q", stdout, want)
	}

	stdout, stderr, code := run(&sim.Options{}, "demo", "--backend", "cuda:0")
	assert.Zero(t, code, stderr)
	assert.Contains(t, stdout, "heavens")
	assert.Contains(t, stdout, "cuda:0 NVIDIA A100-SXM4-80GB")

	for command, model := range map[string]string{"classify": "bert-classify", "tag": "bert-ner", "answer": "bert-qa"} {
		texts := []string{command, "--model", filepath.Join("..", "..", "testdata", "golden", model), "--precision", "f32", "as an example", "this is an example"}
		want, stderr, code := run(nil, append(texts, "--backend", "cpu")...)
		require.Zero(t, code, stderr)
		got, stderr, code := run(two, append(texts, "--backend", "cuda:1")...)
		assert.Zero(t, code, stderr)
		assert.Equal(t, rounded(want), rounded(got), command)
	}

	_, stderr, code = run(two, "fill-mask", "--backend", "cuda:0", psalm)
	assert.Equal(t, 3, code)
	assert.Contains(t, stderr, "compute capability 6.0")
	_, stderr, code = run(&sim.Options{Version: 10020}, "fill-mask", "--backend", "cuda", psalm)
	assert.Equal(t, 3, code)
	assert.Contains(t, stderr, "it serves CUDA 10.2, CUDA 11.0 is needed; install NVIDIA's driver 450 or newer; or use --backend cpu")
	_, stderr, code = run(nil, "fill-mask", "--backend", "cuda", psalm)
	assert.Equal(t, 3, code)
	assert.Contains(t, stderr, "NVIDIA's driver does not load")
	_, stderr, code = run(&sim.Options{Version: 10020}, "fill-mask", psalm)
	assert.Zero(t, code)
	assert.Contains(t, stderr, "passed over: cuda: NVIDIA's driver is too old")
}

var figure = regexp.MustCompile(`\d+\.\d+`)

// rounded is an output without its figures, which differ in the last digit.
func rounded(s string) string { return figure.ReplaceAllString(s, "#") }
