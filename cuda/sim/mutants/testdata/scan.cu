#include "device.h"

// y[i] = x[0] + … + x[i] for each block's 128 elements of n. Block 128.
KERNEL(128) scan(int *y, const int *x, int n) {
  SHARED int totals[4];
  const int i = block() * 128 + tid(), lane = tid() % 32, warp = tid() / 32;
  int sum = i < n ? x[i] : 0;
  UNROLL for (int d = 1; d < 32; d *= 2) {
    const int other = __nvvm_shfl_sync_up_i32(0xffffffffu, sum, d, 0);
    if (lane >= d) sum += other;
  }
  if (lane == 31) totals[warp] = sum;
  sync();
  ROLL for (int w = 0; w < warp; w++) sum += totals[w];
  if (i < n) y[i] = sum;
}
