// Layer norm with the residual fused and the row in registers, in accesses of 16 bytes: eight neighbouring columns of a bf16 row
// to a lane.
//
// x and residual are read as widely as a GPU can. But of gain and bias, which are f32, a lane then has 32 bytes in two accesses,
// and each touches every sector: they cost twice the sectors, more than the row itself. cu/norm.cu gives a lane four
// neighbours, 8 bytes of a bf16 row and 16 of gain and bias, so that every request is of whole sectors, for 16-bit rows and f32
// alike, and the order of sums is one for all types.
#include "device.h"

constexpr int kThreads = 128, kHeld = 32; // columns of a lane

// lab_norm_eight(dst, x, residual, gain, bias, rows, cols, ld, eps): all of bf16 but gain and bias, cols a multiple of 8 and at
// most 1024; block 128, grid ⌈rows/4⌉.
KERNEL(kThreads)
lab_norm_eight(bf16 *dst, const bf16 *x, const bf16 *residual, const float *gain, const float *bias, int rows, int cols, int ld, float eps) {
  const int row = block_x() * (kThreads / kWarp) + thread() / kWarp, first = thread() % kWarp * 8;
  if (row >= rows) return;
  x += (i64)row * ld, residual += (i64)row * ld, dst += (i64)row * ld;
  float s[kHeld / 8][8] = {}, sum = 0, squares = 0;
  UNROLL for (int c = 0; c < kHeld / 8; c++)
    if (const int i = first + c * 256; i < cols) {
      float r[8];
      unpack(s[c], *(const quad *)(x + i), bf16{});
      unpack(r, *(const quad *)(residual + i), bf16{});
      UNROLL for (int j = 0; j < 8; j++) sum += s[c][j] += r[j];
    }
  const float mean = warp_sum(sum) / (float)cols;
  UNROLL for (int c = 0; c < kHeld / 8; c++)
    if (first + c * 256 < cols) UNROLL for (int j = 0; j < 8; j++) squares = __builtin_fmaf(s[c][j] - mean, s[c][j] - mean, squares);
  const float scale = 1.0f / __builtin_sqrtf(warp_sum(squares) / (float)cols + eps);
  UNROLL for (int c = 0; c < kHeld / 8; c++)
    if (const int i = first + c * 256; i < cols) {
      float g[8], b[8];
      UNROLL for (int j = 0; j < 8; j += 4) {
        unpack(g + j, *(const quad *)(gain + i + j), 0.0f);
        unpack(b + j, *(const quad *)(bias + i + j), 0.0f);
      }
      UNROLL for (int j = 0; j < 8; j++) s[c][j] = __builtin_fmaf((s[c][j] - mean) * scale, g[j], b[j]);
      *(quad *)(dst + i) = pack_quad<bf16>(s[c]);
    }
}
