package kernels

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/cuda/sim"
)

// TestLabGemm runs the rungs of products and holds the counters that lab/README.md states against them. With -v it prints the
// lines that should be there.
func TestLabGemm(t *testing.T) {
	const m, n, k = 128, 128, 256
	readme, err := os.ReadFile("lab/README.md")
	require.NoError(t, err)
	blocks := [3]int{m / 64, n / 64, 1}
	for _, rung := range []struct {
		name string
		run  func(r *rig, g *gemm)
	}{
		{"gemm_naive", func(r *rig, g *gemm) {
			r.lab("gemm_naive", "lab_gemm_naive", [3]int{n / 128, m, 1}, g.dst.arg(), g.a.arg(), g.b.arg(), number(n), number(k), g.dst.ld(), g.a.ld(), g.b.ld())
		}},
		{"gemm_global", func(r *rig, g *gemm) {
			r.lab("gemm_global", "lab_gemm_global", blocks, g.dst.arg(), g.a.arg(), g.b.arg(), number(k), g.dst.ld(), g.a.ld(), g.b.ld())
		}},
		{"gemm_rows", func(r *rig, g *gemm) {
			r.lab("gemm_rows", "lab_gemm_rows", blocks, g.dst.arg(), g.a.arg(), g.b.arg(), number(k), g.dst.ld(), g.a.ld(), g.b.ld())
		}},
		{"gemm_mma64_bf16", func(r *rig, g *gemm) { g.run(r, "gemm_mma64_bf16") }},
		{"gemm_mma128_bf16", func(r *rig, g *gemm) { g.run(r, "gemm_mma128_bf16") }},
	} {
		r := open(t, sim.Options{})
		r.pad = 16 // rows of whole sectors
		s := gemmShape{m: m, n: n, k: k, alpha: 1}
		g := s.make(r, bf16, 1)
		s.result(r, g, bf16)
		rung.run(r, g)
		r.check(g.dst, func(row int) (want, tolerance []float64) { return g.row(bf16, row, gemmError) }, rung.name)
		c := r.Counters()[0].Total
		const operands = (m*k + n*k + m*n) * 2
		line := fmt.Sprintf("| `%s` | %.2f | %d | %.1f | %.0f |", rung.name, float64(32*c.Sectors)/operands, c.Wavefronts,
			float64(c.Wavefronts)/float64(max(c.WavefrontsIdeal, 1)), float64(c.Warp)*1e6/(m*n*k))
		t.Log(line)
		assert.True(t, strings.Contains(string(readme), line), "lab/README.md lacks the line %s", line)
	}
}
