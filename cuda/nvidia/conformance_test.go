//go:build cuda && linux && (amd64 || arm64)

package nvidia_test

import (
	"testing"

	"github.com/rapt-go/rapt/cuda/sim"
	"github.com/rapt-go/rapt/gpu/gputest"
)

// The same list as the backend's own over the simulator.
var skips = []string{
	"^(NormGrad|AttentionGrad|EmbedGrad)\\b",
	"fmt=(q8|q4)",
	"^Attention/width/.*/d=600/",
}

func TestConformance(t *testing.T) {
	b, _ := backend(t, sim.Options{Seed: 4})
	gputest.Run(t, b, gputest.Allocates(), gputest.Small(), gputest.Skips(skips...))
}
