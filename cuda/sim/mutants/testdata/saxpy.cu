#include "device.h"

// y[n] += alpha·x[n], four at a time, then the rest. Block 64.
KERNEL(64) saxpy(float *y, const float *__restrict__ x, int n, float alpha) {
  const int stride = 64 * blocks(), first = block() * 64 + tid();
  ROLL for (int i = first; i < n / 4; i += stride) {
    const float4 a = ((const float4 *)x)[i], b = ((const float4 *)y)[i];
    ((float4 *)y)[i] = {__builtin_fmaf(alpha, a.x, b.x), __builtin_fmaf(alpha, a.y, b.y), __builtin_fmaf(alpha, a.z, b.z), __builtin_fmaf(alpha, a.w, b.w)};
  }
  const int i = n / 4 * 4 + first;
  if (i < n) y[i] = __builtin_fmaf(alpha, x[i], y[i]);
}
