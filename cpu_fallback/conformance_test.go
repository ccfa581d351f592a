package cpu

import (
	"testing"

	"github.com/rapt-go/rapt/gpu/gputest"
)

// What this backend lacks: weights in short formats, and activations in short floats but for
// the operations that move and convert them.
var skips = gputest.Skips(
	"fmt=(fast|q8|q4)",
	"^(Gemm|Norm|Attention|Embed|Pointwise|Softmax|Pool|TopK|Sample|CrossEntropy|Warp|Scatter|NormGrad)/.*dt=b?f16",
)

func TestConformance(t *testing.T) {
	b, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	gputest.Run(t, b, skips)
	gputest.Grad(t, b, skips)
}

func BenchmarkConformance(b *testing.B) {
	be, err := Open()
	if err != nil {
		b.Fatal(err)
	}
	defer be.Close()
	gputest.Bench(b, be)
}
