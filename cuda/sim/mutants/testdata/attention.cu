#include "device.h"

// y = softmax(q·kᵀ·scale)·v of one head of width 32; sequence b has queries and keys rows of [b][len][32], of which keys
// from lengths[b] on are masked. lengths[b] ≥ 1. scale includes log₂e. Block 64 by 2 warps, a query per warp and block of
// the grid (⌈len/2⌉, sequences); keys in tiles of 32.
KERNEL(64) attention(float *y, const float *q, const float *k, const float *v, const int *lengths, int len, float scale) {
  SHARED float ks[32][33], vs[32][32];
  const int lane = tid() % 32, warp = tid() / 32, row = block() * 2 + warp, seq = block_y() * len;
  const int keys = lengths[block_y()];
  const float mine = row < len ? q[(seq + row) * 32 + lane] : 0;
  float top = -__builtin_inff(), sum = 0, acc = 0;
  ROLL for (int k0 = 0; k0 < keys; k0 += 32) {
    ROLL for (int i = warp; i < 32; i += 2) {
      const bool in = k0 + i < keys;
      ks[i][lane] = in ? k[(seq + k0 + i) * 32 + lane] : 0;
      vs[i][lane] = in ? v[(seq + k0 + i) * 32 + lane] : 0;
    }
    sync();
    float s = 0;
    ROLL for (int d = 0; d < 32; d++) s = __builtin_fmaf(__nvvm_shfl_sync_idx_f32(0xffffffffu, mine, d, 31), ks[lane][d], s);
    s = k0 + lane < keys ? s * scale : -__builtin_inff();
    float most = s;
    UNROLL for (int m = 16; m > 0; m /= 2) {
      const float other = __nvvm_shfl_sync_bfly_f32(0xffffffffu, most, m, 31);
      most = most > other ? most : other;
    }
    const float above = top > most ? top : most;
    const float shrink = __nvvm_ex2_approx_f(top - above), p = __nvvm_ex2_approx_f(s - above);
    top = above;
    sum = sum * shrink + sum_lanes(p);
    acc *= shrink;
    ROLL for (int i = 0; i < 32; i++) acc = __builtin_fmaf(__nvvm_shfl_sync_idx_f32(0xffffffffu, p, i, 31), vs[i][lane], acc);
    sync();
  }
  if (row < len) y[(seq + row) * 32 + lane] = acc / sum;
}
