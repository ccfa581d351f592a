#include "device.h"

// y[n] = x[n]·alpha rounded to bf16, two at a time; n is even. Block 64.
KERNEL(64) pack(u32 *y, const float *x, int n, float alpha) {
  const int i = block() * 64 + tid();
  if (i >= n / 2) return;
  u32 two;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(two) : "f"(x[2 * i + 1] * alpha), "f"(x[2 * i] * alpha));
  y[i] = two;
}
