// Layer norm as its formula is read: the residual is added by a kernel of its own, then a block's warps have a row each and read
// it for the mean, for the variance and for the result, a number at a time.
//
// A number of bf16 costs 14 bytes where 6 are needed, 4 of them perhaps from the cache, and a request of a warp is 64 bytes where
// cu/norm.cu's is 256.
#include "device.h"

constexpr int kThreads = 128;

// lab_norm_add(dst, x, residual, cols, ld): all of bf16; block 128, grid ⌈cols/128⌉, rows.
KERNEL(kThreads) lab_norm_add(bf16 *dst, const bf16 *x, const bf16 *residual, int cols, int ld) {
  const int col = block_x() * kThreads + thread();
  const i64 i = (i64)block_y() * ld + col;
  if (col < cols) dst[i] = from_float<bf16>(to_float(x[i]) + to_float(residual[i]));
}

// lab_norm_naive(dst, x, gain, bias, rows, cols, ld, eps): all of bf16 but gain and bias; block 128, grid ⌈rows/4⌉.
KERNEL(kThreads)
lab_norm_naive(bf16 *dst, const bf16 *x, const float *gain, const float *bias, int rows, int cols, int ld, float eps) {
  const int row = block_x() * (kThreads / kWarp) + thread() / kWarp, lane = thread() % kWarp;
  if (row >= rows) return;
  x += (i64)row * ld, dst += (i64)row * ld;
  float sum = 0, squares = 0;
  ROLL for (int i = lane; i < cols; i += kWarp) sum += to_float(x[i]);
  const float mean = warp_sum(sum) / (float)cols;
  ROLL for (int i = lane; i < cols; i += kWarp) squares = __builtin_fmaf(to_float(x[i]) - mean, to_float(x[i]) - mean, squares);
  const float scale = 1.0f / __builtin_sqrtf(warp_sum(squares) / (float)cols + eps);
  ROLL for (int i = lane; i < cols; i += kWarp) dst[i] = from_float<bf16>(__builtin_fmaf((to_float(x[i]) - mean) * scale, gain[i], bias[i]));
}
