package kernels

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/rapt-go/rapt/cuda/sim"
)

// TestGemmBudgets holds what the simulator counts of products against what the kernels are designed for: a tile reads its rows
// of both operands once and nothing else but what surrounds the product, and no access to shared memory meets a bank conflict.
// It says nothing of time.
func TestGemmBudgets(t *testing.T) {
	const m, n, k = 128, 128, 256
	for _, c := range []struct {
		name      string
		d         dtype
		conflicts float64 // wavefronts beyond those needed, of those needed
	}{
		{"gemm_mma128_bf16", bf16, 0},
		{"gemm_mma64_bf16", bf16, 0},
		{"gemm_mma16_bf16", bf16, 0},
		{"gemm_mma64_full_bf16", bf16, 0},
		{"gemm_fast64_f32", f32, 0},
		{"gemm_fast16_f32", f32, 0},
		{"gemm_few16_f32", f32, 0},
		{"gemm_simt128_f32", f32, 0},
		{"gemm_simt64_f32", f32, 0},
	} {
		r := open(t, sim.Options{})
		r.pad = 16 // rows of whole sectors, of 32 bytes
		kernel, _ := Find(c.name, 80)
		tile, rng := kernel.Tile, rand.New(rand.NewPCG(1, 2))
		g := gemm{m: min(m, 2*tile), n: n, k: k, act: geluErf, alpha: 1}
		g.a, g.b, g.bias = r.matrix(c.d, g.m, k, rng), r.matrix(c.d, n, k, rng), r.matrix(f32, 1, n, rng)
		g.add, g.dst = r.matrix(c.d, g.m, n, rng), r.result(c.d, g.m, n)
		weight := c.d.bytes
		if kernel.Stem == "gemm_fast" {
			g.b, weight = r.pairs(g.b), 2*bf16.bytes
		}
		g.run(r, c.name)

		count := r.Counters()[0].Total
		tiles := ceil(g.m, tile) * (n / tile)
		bytes := tiles*tile*k*(c.d.bytes+weight) + 2*g.m*n*c.d.bytes + n*4*ceil(g.m, tile)
		ratio := float64(count.Sectors*32) / float64(bytes)
		t.Logf("%s: %d instructions of warps, SIMD %.2f, %.3f of the tiles' bytes, %d wavefronts of %d", c.name, count.Warp, count.SIMD(), ratio,
			count.Wavefronts, count.WavefrontsIdeal)
		assert.LessOrEqual(t, ratio, 1.05, "%s: bytes of global memory", c.name)
		assert.LessOrEqual(t, float64(count.Conflicts()), c.conflicts*float64(count.WavefrontsIdeal), "%s: bank conflicts", c.name)
		if products := 2 * g.m * n * k; kernel.Stem == "gemm" {
			assert.EqualValues(t, products, count.MMAFLOPs, c.name)
		} else if kernel.Stem == "gemm_fast" {
			assert.EqualValues(t, 3*products, count.MMAFLOPs, c.name)
		}
	}
}
