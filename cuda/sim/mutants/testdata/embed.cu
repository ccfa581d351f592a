#include "device.h"

// y[row] = words[ids[row]] + places[row % len], rows of 128; an id has to be below vocabulary. A warp per row, block 64.
KERNEL(64) embed(float *y, const float *words, const float *places, const int *ids, int rows, int len, int vocabulary) {
  const int row = block() * 2 + tid() / 32, c = tid() % 32 * 4;
  if (row >= rows) return;
  const int id = ids[row];
  if ((u32)id >= (u32)vocabulary) __builtin_trap();
  const float4 a = *(const float4 *)(words + id * 128 + c), b = *(const float4 *)(places + row % len * 128 + c);
  *(float4 *)(y + row * 128 + c) = {a.x + b.x, a.y + b.y, a.z + b.z, a.w + b.w};
}
