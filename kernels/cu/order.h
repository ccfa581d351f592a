// The order of numbers, the largest first: NaN, which are all the same, then from ∞ down to −∞; of equal ones the first.
#pragma once
#include "device.h"

constexpr u32 kNaN = 0xffffffffu;

// A number's place in the order, of larger ones larger, never 0.
DEVICE u32 rank(float x) {
  if (x != x) return kNaN;
  const u32 bits = __builtin_bit_cast(u32, x == 0 ? 0.0f : x); // −0 is 0
  return bits >> 31 ? ~bits : bits | 0x80000000u;
}

// Its place among the columns of a row: no two have the same.
DEVICE u64 rank_at(float x, int column) { return (u64)rank(x) << 32 | ~(u32)column; }

DEVICE int column_of(u64 rank) { return (int)~(u32)rank; }

DEVICE u64 shuffle_xor(u64 x, int mask) {
  const int low = __nvvm_shfl_sync_bfly_i32(0xffffffffu, (int)x, mask, 31);
  const int high = __nvvm_shfl_sync_bfly_i32(0xffffffffu, (int)(x >> 32), mask, 31);
  return (u64)(u32)high << 32 | (u32)low;
}

DEVICE u64 warp_max(u64 x) {
  UNROLL for (int mask = kWarp / 2; mask > 0; mask /= 2) {
    const u64 y = shuffle_xor(x, mask);
    x = y > x ? y : x;
  }
  return x;
}
