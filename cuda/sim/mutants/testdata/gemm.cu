#include "device.h"

// c[m][n] = a[m][k]·b[k][n]. Block 16×16, a tile of 16×16 per block, k in steps of 16.
KERNEL(256) gemm(float *c, const float *a, const float *b, int m, int n, int k) {
  SHARED float as[16][16], bs[16][16];
  const int row = block_y() * 16 + tid_y(), col = block() * 16 + tid();
  float sum = 0;
  ROLL for (int k0 = 0; k0 < k; k0 += 16) {
    as[tid_y()][tid()] = row < m && k0 + tid() < k ? a[row * k + k0 + tid()] : 0;
    bs[tid_y()][tid()] = col < n && k0 + tid_y() < k ? b[(k0 + tid_y()) * n + col] : 0;
    sync();
    ROLL for (int i = 0; i < 16; i++) sum = __builtin_fmaf(as[tid_y()][i], bs[i][tid()], sum);
    sync();
  }
  if (row < m && col < n) c[row * n + col] = sum;
}
