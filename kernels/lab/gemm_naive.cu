// A product as its formula is read: a thread has an element, of which it reads a row and a column, number by number.
#include "device.h"

constexpr int kThreads = 128;

// lab_gemm_naive(dst, a, b, n, k, ldd, lda, ldb): dst [m, n] = a [m, k]·b [n, k]ᵀ, all of bf16; block 128, grid ⌈n/128⌉, m.
KERNEL(kThreads) lab_gemm_naive(bf16 *dst, const bf16 *a, const bf16 *b, int n, int k, int ldd, int lda, int ldb) {
  const int col = block_x() * kThreads + thread();
  if (col >= n) return;
  a += (i64)block_y() * lda, b += (i64)col * ldb;
  float sum = 0;
  ROLL for (int i = 0; i < k; i++) sum = __builtin_fmaf(to_float(a[i]), to_float(b[i]), sum);
  dst[(i64)block_y() * ldd + col] = from_float<bf16>(sum);
}
