package cuda

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/kernels"
)

// TestGemmTile states the choice for shapes of BERT and of text generation, on A100, of 108 SMs, and T4, of 40.
func TestGemmTile(t *testing.T) {
	for _, c := range []struct {
		m, n, sms int
		want      string
	}{
		{1, 768, 108, "gemm_mma16_bf16"}, {16, 3072, 108, "gemm_mma16_bf16"}, // a step of generation
		{32, 768, 108, "gemm_mma16_bf16"}, {32, 3072, 108, "gemm_mma64_bf16"}, // a sentence: 12 and 48 small tiles
		{512, 768, 108, "gemm_mma64_bf16"}, {512, 768, 40, "gemm_mma64_bf16"}, // 24 large ones
		{4096, 768, 108, "gemm_mma128_bf16"}, {1024, 768, 40, "gemm_mma128_bf16"}, {512, 3072, 40, "gemm_mma128_bf16"}, // 192, 48, 96
	} {
		op := &gpu.Gemm{Dst: gpu.Tensor{Rows: c.m, Cols: c.n}}
		assert.Equal(t, c.want, mmaBF16.tile(op, c.sms, true).name, "%d×%d on %d SMs", c.m, c.n, c.sms)
		assert.Equal(t, "gemm_mma64_full_bf16", mmaBF16.tile(op, c.sms, false).name)
	}
	huge := &gpu.Gemm{Dst: gpu.Tensor{Rows: 1, Cols: 16 * (mostBlocksDown + 1)}}
	assert.Equal(t, "gemm_mma128_bf16", mmaBF16.tile(huge, 108, true).name, "more tiles of 16 than a grid has")
}

// TestGemmKernels compares the tiles with the table of kernels.
func TestGemmKernels(t *testing.T) {
	for _, tiles := range []*gemmTiles{&mmaF16, &mmaBF16, &fast, &simt, {any: simtAny, few: simtAny, small: simtAny, large: simtAny}} {
		for _, k := range []gemmKernel{tiles.few, tiles.small, tiles.large, tiles.any} {
			found, ok := kernels.Find(k.name, 80)
			if assert.True(t, ok, k.name) {
				assert.Equal(t, found.Tile, k.tile, k.name)
			}
		}
	}
	assert.Len(t, (&queue{}).gemmArgs(&gpu.Gemm{}), 35, "GEMM_PARAMETERS")
}
