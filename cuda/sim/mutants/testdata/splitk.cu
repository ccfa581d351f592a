#include "device.h"

// y[m] += the dot product of row m of a[m][k] and x[k]; block (m, part) has a part of k of the given size. Block 64.
KERNEL(64) splitk(float *y, const float *a, const float *x, int k, int part) {
  SHARED float other;
  const int end = (block_y() + 1) * part < k ? (block_y() + 1) * part : k;
  float sum = 0;
  ROLL for (int i = block_y() * part + tid(); i < end; i += 64) sum = __builtin_fmaf(a[block() * k + i], x[i], sum);
  sum = sum_lanes(sum);
  if (tid() == 32) other = sum;
  sync();
  if (tid() == 0) __nvvm_atom_add_gen_f(y + block(), sum + other);
}
