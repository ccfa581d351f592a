//go:build cuda && linux && (amd64 || arm64)

package auto_test

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/cuda/nvidia/standin"
	"github.com/rapt-go/rapt/cuda/sim"
	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/gpu/auto"
)

// told is what a program on a machine hears of its first GPU.
type told struct {
	Device  auto.Device // the first of CUDA's
	Open    string      // the error of asking for cuda
	NoGPU   bool        // that is gpu.ErrNoDevice
	Why     string      // of asking for whatever there is
	Got     string      // then
	Working string      // the error of the first operation on a GPU that was opened
}

// TestTold is the program: the loader reads where libraries are when a process starts.
func TestTold(t *testing.T) {
	file := os.Getenv("RAPT_TOLD")
	if file == "" {
		t.Skip("for TestReasons")
	}
	var all told
	for _, d := range auto.Devices() {
		if strings.HasPrefix(d.Backend, "cuda") && all.Device.Backend == "" {
			all.Device = d
		}
	}
	b, _, err := auto.Open(auto.Options{Backend: "cuda"})
	if err == nil {
		s, err := gpu.NewStream(b)
		require.NoError(t, err)
		s.Do(&gpu.Fill{Dst: s.Temp(gpu.F32, 1, 8), Value: 1})
		if err := s.Sync(); err != nil {
			all.Working = err.Error()
		}
		s.Close()
		require.NoError(t, b.Close())
	} else {
		all.Open, all.NoGPU = err.Error(), errors.Is(err, gpu.ErrNoDevice)
	}
	b, why, err := auto.Open(auto.Options{})
	require.NoError(t, err)
	all.Why, all.Got = why, b.Info().Name
	require.NoError(t, b.Close())
	data, err := json.Marshal(all)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, data, 0o600))
}

// Each way in which a GPU cannot be had gives its reason, and what helps: where devices are listed, where it is asked for
// by name, and where the CPU takes its place.
func TestReasons(t *testing.T) {
	p100 := sim.T4
	p100.Name, p100.Major, p100.Minor = "Tesla P100", 6, 0
	fails := func(call string, c driver.Code) func(string) driver.Code {
		return func(name string) driver.Code {
			if name == call {
				return c
			}
			return 0
		}
	}
	for name, c := range map[string]struct {
		sim            sim.Options
		without        []string
		fail           func(string) driver.Code
		reason, remedy string
	}{
		"version":    {sim: sim.Options{Version: 10020}, reason: "NVIDIA's driver is too old: it serves CUDA 10.2, CUDA 11.0 is needed", remedy: "install NVIDIA's driver 450 or newer"},
		"symbols":    {without: []string{"cuGraphLaunch"}, reason: "is too old or broken: it lacks cuGraphLaunch", remedy: "install NVIDIA's driver 450 or newer"},
		"none":       {sim: sim.Options{Devices: []driver.Info{}}, reason: "NVIDIA's driver finds no GPU: cuInit: CUDA_ERROR_NO_DEVICE (100)", remedy: "CUDA_VISIBLE_DEVICES"},
		"capability": {sim: sim.Options{Devices: []driver.Info{p100}}, reason: "device 0, Tesla P100, has compute capability 6.0, the kernels need 7.5", remedy: "use --backend cpu"},
		"memory":     {fail: fails("cuCtxCreate_v2", driver.OutOfMemory), reason: "cuCtxCreate on NVIDIA A100-SXM4-80GB: CUDA_ERROR_OUT_OF_MEMORY (2)", remedy: "free memory of the GPU: nvidia-smi lists what uses it"},
		"busy":       {fail: fails("cuCtxCreate_v2", 46), reason: "cuCtxCreate on NVIDIA A100-SXM4-80GB: CUresult 46", remedy: "another process has the GPU for itself"},
		"exclusive":  {fail: fails("cuCtxCreate_v2", 36), reason: "cuCtxCreate on NVIDIA A100-SXM4-80GB: CUresult 36", remedy: "another process has the GPU for itself"},
		"permission": {fail: fails("cuInit", 304), reason: "NVIDIA's driver does not start: cuInit: CUresult 304", remedy: "see whether this user may open /dev/nvidia*"},
		"permitted":  {fail: fails("cuCtxCreate_v2", driver.NotPermitted), reason: "cuCtxCreate on NVIDIA A100-SXM4-80GB: CUDA_ERROR_NOT_PERMITTED (800)", remedy: "see whether this user may open /dev/nvidia*"},
		"modules":    {fail: fails("cuInit", driver.Unknown), reason: "NVIDIA's driver does not start: cuInit: CUDA_ERROR_UNKNOWN (999)", remedy: "nvidia_uvm"},
		"mismatch":   {fail: fails("cuInit", 803), reason: "NVIDIA's driver does not start: cuInit: CUresult 803", remedy: "load the new module, or restart the machine"},
		"stub":       {fail: fails("cuInit", driver.StubLibrary), reason: "the library is the CUDA toolkit's stub", remedy: "LD_LIBRARY_PATH"},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := sim.New(c.sim)
			require.NoError(t, err)
			s := standin.Start(t, d, c.without...)
			s.Fail(c.fail)
			unavailable(t, tell(t, filepath.Dir(s.Library)), c.reason, c.remedy)
			require.Zero(t, s.Live())
		})
	}
	if !gpus() {
		t.Run("library", func(t *testing.T) {
			unavailable(t, tell(t, ""), "NVIDIA's driver does not load: libcuda.so.1: cannot open shared object file", "install the driver of an NVIDIA GPU")
		})
	}
}

// unavailable checks that all of it says the same.
func unavailable(t *testing.T, all told, reason, remedy string) {
	assert.False(t, all.Device.Available)
	assert.Contains(t, all.Device.Reason, reason)
	assert.Contains(t, all.Device.Remedy, remedy)
	assert.True(t, all.NoGPU, all.Open)
	for _, text := range []string{all.Open, all.Why} {
		assert.Contains(t, text, reason)
		if remedy != "use --backend cpu" { // which has been taken where why is told
			assert.Contains(t, text, remedy)
		}
	}
	assert.Contains(t, all.Open, "use --backend cpu")
	assert.True(t, strings.HasPrefix(all.Got, "cpu"), all.Got)
}

// A driver that refuses the kernels' PTX is found out by the first of them: what it is, and what is needed.
func TestTooOldForKernels(t *testing.T) {
	d, err := sim.New(sim.Options{Version: 11000})
	require.NoError(t, err)
	s := standin.Start(t, d)
	all := tell(t, filepath.Dir(s.Library))
	assert.True(t, all.Device.Available)
	assert.Empty(t, all.Open+all.Why+all.Working, "the oldest driver that is taken serves the kernels")
	s.Fail(func(call string) driver.Code {
		if call == "cuModuleLoadDataEx" {
			return driver.UnsupportedPTXVersion
		}
		return 0
	})
	all = tell(t, filepath.Dir(s.Library))
	assert.Regexp(t, `CUDA_ERROR_UNSUPPORTED_PTX_VERSION \(222\).*the PTX is of version \d\.\d, the driver serves CUDA 11\.0; install NVIDIA's driver \d+ or newer`, all.Working)
	require.Zero(t, s.Live())
}

// tell runs TestTold with a folder of libraries.
func tell(t *testing.T, libraries string) (all told) {
	file := filepath.Join(t.TempDir(), "told.json")
	cmd := exec.Command(os.Args[0], "-test.run=^TestTold$")
	cmd.Env = append(os.Environ(), "RAPT_TOLD="+file, "RAPT_CPU=", "LD_LIBRARY_PATH="+libraries)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &all))
	return all
}
