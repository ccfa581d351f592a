package cuda_test

import (
	"flag"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/cuda"
	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/cuda/sim"
	"github.com/rapt-go/rapt/cuda/sim/arith"
	"github.com/rapt-go/rapt/gpu/gputest"
)

// What the backend lacks on every GPU: kernels of gradients, weights of 8 and 4 bits, and heads of more than 256 columns.
var skips = []string{
	"^(NormGrad|AttentionGrad|EmbedGrad)\\b",
	"fmt=(q8|q4)",
	"^Attention/width/.*/d=600/",
}

// What GPUs lack that have no BF16 in their matrix units.
var skipsOfSM75 = []string{"bf16", "fmt=fast"}

// simulated is the backend on a simulated GPU.
func simulated(t testing.TB, name string, o sim.Options) *cuda.Backend {
	t.Helper()
	info, err := sim.Profile(name)
	require.NoError(t, err)
	o.Devices = []driver.Info{info}
	v, err := sim.New(o)
	require.NoError(t, err)
	b, err := cuda.Open(v, 0, cuda.Name("sim:"+name), cuda.Workspace(1<<20), cuda.Slabs(0))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	return b
}

var full = flag.Bool("full", false, "run all cases of the conformance suite, in every numerics mode: hours")

// A mode is how a GPU of an architecture may behave: sums in matrix instructions, approximations, the order of blocks.
type mode struct {
	sm string
	sim.Options
}

// The modes of a quick run have each architecture and each model of sums once.
var quick = []mode{
	{"sm_75", sim.Options{Seed: 1, Numerics: arith.Truncating, Jitter: true}},
	{"sm_80", sim.Options{Seed: 2, Numerics: arith.Exact}},
	{"sm_90", sim.Options{Seed: 3, Numerics: arith.InOrder, Jitter: true}},
}

func TestConformance(t *testing.T) {
	modes := quick
	if *full {
		modes = nil
		for i, sm := range []string{"sm_75", "sm_80", "sm_86", "sm_89", "sm_90"} {
			for _, n := range []arith.Model{arith.Exact, arith.InOrder, arith.Truncating} {
				modes = append(modes, mode{sm, sim.Options{Seed: uint64(len(modes) + 1), Numerics: n, Jitter: (i+int(n))%2 == 0}})
			}
		}
	}
	for _, m := range modes {
		name := m.sm
		if *full {
			name = fmt.Sprintf("%s/numerics=%d/jitter=%v", m.sm, m.Numerics, m.Jitter)
		}
		t.Run(name, func(t *testing.T) {
			list := skips
			if m.sm == "sm_75" {
				list = slices.Concat(skips, skipsOfSM75)
			}
			options := []gputest.Option{gputest.Allocates(), gputest.Skips(list...)}
			if !*full {
				options = append(options, gputest.Small())
			}
			gputest.Run(t, simulated(t, m.sm, m.Options), options...)
		})
	}
}
