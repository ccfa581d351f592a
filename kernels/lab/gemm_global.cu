// A product on tensor cores whose fragments come from global memory. A warp has 32 by 32 elements; what the four warps of a block,
// and blocks beside each other, have in common each of them reads for itself.
#include "device.h"

constexpr int kThreads = 128;

// lab_gemm_global(dst, a, b, k, ldd, lda, ldb): dst [m, n] = a [m, k]·b [n, k]ᵀ, all of bf16, m and n multiples of 64, k one of 16,
// strides even; block 128, grid m/64, n/64.
KERNEL(kThreads) lab_gemm_global(bf16 *dst, const bf16 *a, const bf16 *b, int k, int ldd, int lda, int ldb) {
  const int lane = thread() % kWarp, warp = thread() / kWarp;
  const int row = block_x() * 64 + warp / 2 * 32 + lane / 4, col = block_y() * 64 + warp % 2 * 32;
  a += (i64)row * lda + lane % 4 * 2, b += (i64)(col + lane / 4) * ldb + lane % 4 * 2;
  float acc[2][4][4] = {};
  ROLL for (int l = 0; l < k; l += 16) {
    u32 fa[2][4], fb[4][2];
    UNROLL for (int i = 0; i < 2; i++) UNROLL for (int e = 0; e < 4; e++) fa[i][e] = *(const u32 *)(a + (i64)(i * 16 + e % 2 * 8) * lda + l + e / 2 * 8);
    UNROLL for (int j = 0; j < 4; j++) UNROLL for (int e = 0; e < 2; e++) fb[j][e] = *(const u32 *)(b + (i64)(j * 8) * ldb + l + e * 8);
    UNROLL for (int i = 0; i < 2; i++) UNROLL for (int j = 0; j < 4; j++) mma<bf16>(acc[i][j], fa[i], fb[j]);
  }
  UNROLL for (int i = 0; i < 2; i++) UNROLL for (int j = 0; j < 4; j++) UNROLL for (int h = 0; h < 2; h++)
    *(u32 *)(dst + (i64)(row + i * 16 + h * 8) * ldd + col + j * 8 + lane % 4 * 2) = pack<bf16>(acc[i][j][2 * h], acc[i][j][2 * h + 1]);
}
