// Reductions over the threads that share a row: a warp, or a block of several. Their order depends on nothing but warps.
#pragma once
#include "device.h"

// The larger, where one is: NaN is passed over.
DEVICE float larger(float a, float b) { return a > b ? a : b; }

DEVICE float warp_max(float x) {
  UNROLL for (int mask = kWarp / 2; mask > 0; mask /= 2) x = larger(x, shuffle_xor(x, mask));
  return x;
}

// Every warp's x, which is the same in all its lanes. All threads of the block call it.
template <int warps> DEVICE const float *gather(float x) {
  SHARED float parts[warps];
  sync_block(); // those of the last call have been read
  if (thread() % kWarp == 0) parts[thread() / kWarp] = x;
  sync_block();
  return parts;
}

// The sum and the maximum over the threads of a row, the same bits in each.
template <int warps> DEVICE float row_sum(float x) {
  x = warp_sum(x);
  if constexpr (warps == 1) return x;
  const float *parts = gather<warps>(x);
  float sum = parts[0];
  UNROLL for (int w = 1; w < warps; w++) sum += parts[w];
  return sum;
}
template <int warps> DEVICE float row_max(float x) {
  x = warp_max(x);
  if constexpr (warps == 1) return x;
  const float *parts = gather<warps>(x);
  float top = parts[0];
  UNROLL for (int w = 1; w < warps; w++) top = larger(top, parts[w]);
  return top;
}
