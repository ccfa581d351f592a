#include "device.h"

// counts[64] += how often each value occurs in x[n], bytes below 64. Block 96.
KERNEL(96) histogram(u32 *counts, const unsigned char *x, int n) {
  SHARED u32 bins[64];
  if (tid() < 64) bins[tid()] = 0;
  sync();
  ROLL for (int i = block() * 96 + tid(); i < n; i += 96 * blocks()) __nvvm_atom_add_gen_i((int *)&bins[x[i]], 1);
  sync();
  if (tid() < 64) __nvvm_atom_add_gen_i((int *)&counts[tid()], (int)bins[tid()]);
}
