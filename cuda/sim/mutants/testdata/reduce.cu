#include "device.h"

// part[block] = the sum of the block's share of x[n]. Block 128.
KERNEL(128) reduce(float *part, const float *x, int n) {
  SHARED float warps[4];
  float sum = 0;
  ROLL for (int i = block() * 128 + tid(); i < n; i += 128 * blocks()) sum += x[i];
  sum = sum_lanes(sum);
  if (tid() % 32 == 0) warps[tid() / 32] = sum;
  sync();
  if (tid() < 32) {
    float t = tid() < 4 ? warps[tid()] : 0;
    t = sum_lanes(t);
    if (tid() == 0) part[block()] = t;
  }
}
