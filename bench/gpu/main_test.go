package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/cuda/sim"
	"github.com/rapt-go/rapt/gpu"
)

// ran is what a run on a simulated GPU writes.
func ran(t *testing.T, o options) (r report, md string) {
	o.json, o.small, o.repeats = filepath.Join(t.TempDir(), "gpu.json"), true, 1
	var out bytes.Buffer
	require.NoError(t, run(o, &out))
	data, err := os.ReadFile(o.json)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &r))
	return r, out.String()
}

// checked is what any run must say, and what one of a simulated GPU must not.
func checked(t *testing.T, r report, md string) {
	assert.False(t, r.OfAGPU)
	for _, text := range []string{r.Warning, md} {
		assert.Contains(t, text, "NOT times of a GPU")
	}
	assert.Nil(t, r.Peaks.Published, "of a GPU that is not there")
	assert.Positive(t, r.Peaks.CopyGBps)
	assert.NotEmpty(t, r.Go)
	_, err := time.Parse(time.RFC3339, r.Date)
	assert.NoError(t, err)
	kinds := map[string]bool{}
	for _, x := range append(r.Operations, r.Models...) {
		assert.Positive(t, x.Micros, x.Operation)
		assert.Positive(t, x.GBps, x.Operation)
		assert.Positive(t, x.OfPeak, x.Operation)
		assert.Contains(t, md, "| "+x.Operation+" | "+x.Shape+" | "+x.DType+" |")
		kinds[x.Operation] = true
	}
	for _, want := range []string{"Gemm Q, K, V", "Attention", "Norm with residual", "Embed", "Softmax", "layer", "forward of 2 layers"} {
		assert.True(t, kinds[want], want)
	}
}

func TestSimulated(t *testing.T) {
	r, md := ran(t, options{backend: "sim:sm_75"})
	checked(t, r, md)
	assert.Equal(t, "7.5", r.Device.Capability)
	assert.Equal(t, "sim", r.Driver)
	require.Len(t, r.Left, 1, "what the oldest GPU has not")
	assert.Contains(t, r.Left[0], "Gemm down, fast")
	assert.Contains(t, md, r.Left[0])
}

func TestRefused(t *testing.T) {
	for want, o := range map[string]options{
		`-backend "cpu": expected cuda, cuda:N or sim:sm_80`: {backend: "cpu", repeats: 1},
		"-backend sim:sm_12: sim: no device":                 {backend: "sim:sm_12", repeats: 1},
		"-repeats 0: expected at least 1":                    {backend: "sim:sm_80"},
		"-backend cuda:0: ":                                  {backend: "cuda:0", library: filepath.Join(t.TempDir(), "none"), repeats: 1},
	} {
		assert.ErrorContains(t, run(o, &bytes.Buffer{}), want)
	}
}

// The figures of a row, worked out by hand.
func TestRow(t *testing.T) {
	r := report{Peaks: peaks{CopyGBps: 1000, Products: []product{{Name: "matrix", TFLOPs: 100, key: key{gpu.F16, false}}}}}
	x := r.row("Gemm", "", key{gpu.F16, false}, sample{time: 20 * time.Microsecond, work: gpu.Work{FLOPs: 1e9, Bytes: 4e6}, ops: 1})
	assert.Equal(t, row{Operation: "Gemm", DType: "f16", Micros: 20, GBps: 200, TFLOPs: 50, OfPeak: 50, Bound: "matrix", Operations: 1}, x) // 10 µs of products, 4 of bytes
	x = r.row("Gemm", "", key{gpu.F32, false}, sample{time: 20 * time.Microsecond, work: gpu.Work{FLOPs: 1e9, Bytes: 4e6}, ops: 1})
	assert.Equal(t, 20.0, x.OfPeak, "no peak of products is known")
	assert.Equal(t, "memory", x.Bound)
}

// Only what package sim's marks say is simulated.
func TestMarks(t *testing.T) {
	v, err := sim.New(sim.Options{})
	require.NoError(t, err)
	infos, err := v.Devices()
	require.NoError(t, err)
	assert.True(t, simulated(renamed{v}, infos[0]))
	assert.False(t, simulated(renamed{v}, sim.A100), "of no UUID")
	assert.Equal(t, "GPU-00010203-0405-0607-0809-0a0b0c0d0e0f", uuid([16]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}))
}

type renamed struct{ driver.Driver }

func (renamed) Name() string { return "nvidia 550.54, CUDA 12.4" }
