package zoo_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/gpu/auto"
	"github.com/rapt-go/rapt/gpu/gputest"
	"github.com/rapt-go/rapt/model/zoo"
)

// The golden models on simulated GPUs: in F32 by the rule of the fixtures' README, in shorter floats with at most twice
// the deviation of naive code that computes in float32 and rounds every tensor it stores.
func TestGoldenSim(t *testing.T) {
	if testing.Short() {
		t.Skip("minutes under the race detector, which looks at package cuda's own tests")
	}
	for _, run := range []struct {
		sm string
		as zoo.As
	}{
		{"sm_80", zoo.As{DType: gpu.F32, Format: gpu.Native}},
		{"sm_75", zoo.As{DType: gpu.F16, Format: gpu.Native}},
		{"sm_80", zoo.As{DType: gpu.BF16, Format: gpu.Native}},
	} {
		t.Run(fmt.Sprintf("%s/%v", run.sm, run.as.DType), func(t *testing.T) {
			be, why, err := auto.Open(auto.Options{Backend: "sim:" + run.sm})
			require.NoError(t, err)
			require.Empty(t, why)
			defer func() { require.NoError(t, be.Close()) }()
			goldens(t, be, run.as, "sim:"+run.sm, (*golden).simulate)
		})
	}
}

// goldens runs all golden models, or those that are named, on a backend.
func goldens(t *testing.T, be gpu.Backend, as zoo.As, on string, run func(g *golden, t *testing.T, as zoo.As), only ...string) {
	models, tensors, worst, where := 0, 0, 0.0, ""
	for _, dir := range folders(t, goldenRoot(t)) {
		if !slices.Contains(supported, typeOf(t, dir)) || len(only) > 0 && !slices.Contains(only, filepath.Base(dir)) {
			continue
		}
		g := &golden{dir: dir, be: be}
		t.Run(filepath.Base(dir), func(t *testing.T) { run(g, t, as) })
		models, tensors = models+1, tensors+g.tensors
		if g.worst >= worst {
			worst, where = g.worst, filepath.Base(dir)+" "+g.where
		}
	}
	require.NotZero(t, models)
	fmt.Printf("golden on %s in %v: %d models, %d tensors, worst ratio %.3f (%s)\n", on, as.DType, models, tensors, worst, where)
}

// simulate runs the forward passes, and in F32 what is generated.
func (g *golden) simulate(t *testing.T, as zoo.As) {
	defer g.open(t)()
	naive := map[string]deviation{}
	if as.DType != gpu.F32 {
		n := *g
		n.be = gputest.Naive()
		n.forward(t, zoo.As{DType: as.DType, Format: gpu.Plain}, func(name string, got []float32, _ stats) { naive[name] = n.distance(t, name, got) })
	}
	names := g.forward(t, as, func(name string, got []float32, st stats) {
		limit, short := naive[name]
		if !short {
			g.compare(t, name, got, st)
			return
		}
		g.within(t, name, g.distance(t, name, got), st.AbsMax, deviation{2 * limit.max, 2 * limit.rms})
	})
	require.NotEmpty(t, names)
	if as.DType != gpu.F32 {
		require.Len(t, naive, len(names), "a bound for each tensor")
	} else if len(g.cases.Generate) > 0 {
		g.generations(t, false)
	}
}
