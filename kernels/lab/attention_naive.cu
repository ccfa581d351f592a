// Attention as its formula is read: a kernel each for q·kᵀ, for softmax and for the product with v. The scores, a number for each
// query and key, are written three times and read four, as f32; of the first product every lane reads a row of k for itself.
#include "device.h"

constexpr int kThreads = 128;

// lab_attention_scores(s, q, k, queries, keys, d, lds, ldq, ldk, scale): s [heads·queries, keys] f32 = scale·q·kᵀ head by head, q and k
// of bf16; block 128, grid ⌈keys/128⌉, queries, heads.
KERNEL(kThreads)
lab_attention_scores(float *s, const bf16 *q, const bf16 *k, int queries, int keys, int d, int lds, int ldq, int ldk, float scale) {
  const int key = block_x() * kThreads + thread(), query = block_y(), head = block_z();
  if (key >= keys) return;
  q += (i64)query * ldq + head * d, k += (i64)key * ldk + head * d;
  float sum = 0;
  ROLL for (int c = 0; c < d; c++) sum = __builtin_fmaf(to_float(q[c]), to_float(k[c]), sum);
  s[((i64)head * queries + query) * lds + key] = sum * scale;
}

// lab_attention_softmax(s, rows, keys, lds): rows of scores in base 2 become probabilities in place; block 128, grid ⌈rows/4⌉.
KERNEL(kThreads) lab_attention_softmax(float *s, int rows, int keys, int lds) {
  const int row = block_x() * (kThreads / kWarp) + thread() / kWarp, lane = thread() % kWarp;
  if (row >= rows) return;
  s += (i64)row * lds;
  float top = -__builtin_inff(), sum = 0;
  ROLL for (int key = lane; key < keys; key += kWarp) top = __nvvm_fmax_f(top, s[key]);
  UNROLL for (int mask = kWarp / 2; mask > 0; mask /= 2) top = __nvvm_fmax_f(top, shuffle_xor(top, mask));
  ROLL for (int key = lane; key < keys; key += kWarp) {
    s[key] = exp2_approx(s[key] - top);
    sum += s[key];
  }
  const float inverse = 1 / warp_sum(sum);
  ROLL for (int key = lane; key < keys; key += kWarp) s[key] *= inverse;
}

// lab_attention_values(dst, s, v, queries, keys, cols, d, ldd, lds, ldv): dst [queries, cols = heads·d] = s·v head by head, dst and v of
// bf16; block 128, grid ⌈cols/128⌉, queries.
KERNEL(kThreads)
lab_attention_values(bf16 *dst, const float *s, const bf16 *v, int queries, int keys, int cols, int d, int ldd, int lds, int ldv) {
  const int col = block_x() * kThreads + thread(), query = block_y();
  if (col >= cols) return;
  s += ((i64)(col / d) * queries + query) * lds, v += col;
  float sum = 0;
  ROLL for (int key = 0; key < keys; key++) sum = __builtin_fmaf(s[key], to_float(v[(i64)key * ldv]), sum);
  dst[(i64)query * ldd + col] = from_float<bf16>(sum);
}
