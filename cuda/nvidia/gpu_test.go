//go:build cuda && linux && (amd64 || arm64)

package nvidia_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/cuda"
	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/cuda/nvidia"
	"github.com/rapt-go/rapt/cuda/nvidia/standin"
	"github.com/rapt-go/rapt/cuda/sim"
	"github.com/rapt-go/rapt/gpu/gputest"
)

// TestGPU runs on the GPUs of this machine, which there must be if RAPT_GPU is set: the whole seam, and the conformance
// suite with all cases.
func TestGPU(t *testing.T) {
	v, err := nvidia.New(nvidia.Options{})
	if err != nil && os.Getenv("RAPT_GPU") == "" {
		t.Skipf("no GPU: %v", err)
	}
	require.NoError(t, err)
	infos, err := v.Devices()
	require.NoError(t, err)
	t.Logf("driver %s", v.Name())
	for i, info := range infos {
		t.Run(fmt.Sprintf("seam/%d", i), func(t *testing.T) {
			t.Logf("%+v", info)
			r := rig{index: i}
			require.NoError(t, r.run(v))
			require.NoError(t, r.device.Close())
		})
		t.Run(fmt.Sprintf("conformance/%d", i), func(t *testing.T) {
			b, err := cuda.Open(v, i)
			require.NoError(t, err)
			defer func() { require.NoError(t, b.Close()) }()
			list := skips
			if info.SM() < 80 {
				list = slices.Concat(skips, []string{"bf16", "fmt=fast"})
			}
			options := []gputest.Option{gputest.Skips(list...)}
			if testing.Short() {
				options = append(options, gputest.Small())
			}
			gputest.Run(t, b, options...)
		})
	}
}

// What TestGPU does on a machine with two GPUs, in a process of its own, but of the suite only where goroutines and
// allocations are looked at.
func TestGPUStandIn(t *testing.T) {
	d, err := sim.New(sim.Options{Devices: []driver.Info{sim.T4, sim.H100}})
	require.NoError(t, err)
	s := standin.Start(t, d)
	for run, passed := range map[string]string{
		"^TestGPU$/^seam$": "--- PASS: TestGPU/seam/1",
		"^TestGPU$/^conformance$/^1$/^(Layer|Memory)$": "--- PASS: TestGPU/conformance/1/Layer",
	} {
		cmd := exec.Command(os.Args[0], "-test.run="+run, "-test.v", "-test.short")
		cmd.Env = append(os.Environ(), "RAPT_GPU=1", "LD_LIBRARY_PATH="+filepath.Dir(s.Library))
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.Contains(t, string(out), passed)
		require.Zero(t, s.Live())
	}
}
