//go:build cuda && linux && (amd64 || arm64)

package zoo_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/cuda"
	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/cuda/nvidia"
	"github.com/rapt-go/rapt/cuda/nvidia/standin"
	"github.com/rapt-go/rapt/cuda/sim"
	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model/zoo"
)

// The golden models on the GPUs of this machine, which there must be if RAPT_GPU is set: by TestGoldenSim's rules, in F32
// the tasks besides.
func TestGoldenGPU(t *testing.T) {
	v, err := nvidia.New(nvidia.Options{})
	if err != nil && os.Getenv("RAPT_GPU") == "" {
		t.Skipf("no GPU: %v", err)
	}
	require.NoError(t, err)
	infos, err := v.Devices()
	require.NoError(t, err)
	for i := range infos {
		goldenGPU(t, v, i)
	}
}

// The same through the binding of NVIDIA's library, to simulated GPUs: one model on the older, all on the newer.
func TestGoldenStandIn(t *testing.T) {
	if testing.Short() {
		t.Skip("minutes under the race detector")
	}
	d, err := sim.New(sim.Options{Devices: []driver.Info{sim.T4, sim.A100}})
	require.NoError(t, err)
	s := standin.Start(t, d)
	v, err := nvidia.New(nvidia.Options{Library: s.Library})
	require.NoError(t, err)
	goldenGPU(t, v, 0, "bert-classify")
	goldenGPU(t, v, 1) // all
	require.Zero(t, s.Live())
}

// goldenGPU runs golden models on a device of a driver in every precision that it has.
func goldenGPU(t *testing.T, v driver.Driver, i int, names ...string) {
	be, err := cuda.Open(v, i)
	require.NoError(t, err)
	defer func() { require.NoError(t, be.Close()) }()
	for _, dt := range []gpu.DType{gpu.F32, gpu.F16, gpu.BF16} {
		if dt == gpu.BF16 && be.Device().SM() < 80 {
			continue
		}
		run := (*golden).simulate
		if dt == gpu.F32 {
			run = func(g *golden, t *testing.T, _ zoo.As) { g.run(t) }
		}
		t.Run(fmt.Sprintf("%d/%v", i, dt), func(t *testing.T) {
			goldens(t, be, zoo.As{DType: dt, Format: gpu.Native}, be.Info().Name, run, names...)
		})
	}
}
