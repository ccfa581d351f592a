// Draws of columns by the Gumbel-max trick (gpu.Sample): the j of the largest scale·x[j] − log(−log u[j]).
#include "math.h"
#include "order.h"

// sample_rows_any(index, x, seed, cols, ldindex, ldx, ldseed, x_code, scale)
//
// Shapes      index [rows, 1] i32, x [rows, cols], seed [rows, 2] i32, the key's words; ld… are elements from row to row.
// Types       x of gpu.DType's numbers: f32, f16 or bf16.
// Alignment   that of the elements.
// Launch      block 256, grid rows, no dynamic shared memory.
// Numerics    in f32 (math.h), within the bounds that gpu.Sample states.
// Undefined   overlap of index with another operand.
constexpr int kThreads = 256;

// −log(−log u) of u = (bits + ½)/2²⁴. Above a half log u is that of u rounded, put right to first order by what rounding lost,
// for u near one rounds to it; bits + ½ itself has 25 digits there, 1 − u has 24.
DEVICE float gumbel(u32 bits) {
  float l;
  if (bits < 1u << 23) {
    l = math::log(((float)bits + 0.5f) * 0x1p-24f);
  } else {
    const float v = ((float)((1u << 24) - bits) - 0.5f) * 0x1p-24f, u = 1 - v; // 1 − u and u
    l = math::log(u) - (v - (1 - u)) / u;
  }
  return -math::log(-l);
}

KERNEL(kThreads)
sample_rows_any(int *index, const void *x, const int *seed, int cols, int ldindex, int ldx, int ldseed, int x_code, float scale) {
  SHARED u64 parts[kThreads / kWarp];
  const i64 row = block_x();
  const u32 low = (u32)seed[row * ldseed], high = (u32)seed[row * ldseed + 1];
  u64 best = 0;
  ROLL for (int j = thread(); j < cols; j += kThreads) {
    const float score = scale * load_as(x, row * ldx + j, x_code) + gumbel(hash(low, high, (u64)j) >> 8);
    const u64 r = rank_at(score, j);
    best = r > best ? r : best;
  }
  best = warp_max(best);
  if (thread() % kWarp == 0) parts[thread() / kWarp] = best;
  sync_block();
  if (thread() != 0) return;
  ROLL for (int w = 1; w < kThreads / kWarp; w++) best = parts[w] > best ? parts[w] : best;
  index[row * ldindex] = column_of(best);
}
