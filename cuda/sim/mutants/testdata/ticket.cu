#include "device.h"

// sum = x[0] + … + x[n−1] by all blocks: the last to finish, which done tells, adds their parts. done is 0 before and after.
// Block 64.
KERNEL(64) ticket(float *sum, volatile float *part, int *done, const float *x, int n) {
  SHARED float warps[2];
  SHARED int last;
  float t = 0;
  ROLL for (int i = block() * 64 + tid(); i < n; i += 64 * blocks()) t += x[i];
  t = sum_lanes(t);
  if (tid() % 32 == 0) warps[tid() / 32] = t;
  sync();
  if (tid() == 0) {
    *(float *)(part + block()) = warps[0] + warps[1];
    __nvvm_membar_gl();
    last = __nvvm_atom_add_gen_i(done, 1) == blocks() - 1;
  }
  sync();
  if (!last) return;
  __nvvm_membar_gl();
  if (tid() >= 32) return;
  t = 0;
  ROLL for (int i = tid(); i < blocks(); i += 32) t += *(float *)(part + i);
  t = sum_lanes(t);
  if (tid() == 0) {
    *sum = t;
    *done = 0;
  }
}
