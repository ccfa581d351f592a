#include "device.h"

// y = (x − mean)/√(var + eps)·gain + bias by rows of cols ≤ 256, a multiple of 4. A warp per row, block 64.
KERNEL(64) norm(float *y, const float *x, const float *gain, const float *bias, int rows, int cols, float eps) {
  const int row = block() * 2 + tid() / 32, lane = tid() % 32;
  if (row >= rows) return;
  float4 v[2] = {};
  float sum = 0;
  UNROLL for (int i = 0; i < 2; i++) {
    const int c = (lane + 32 * i) * 4;
    if (c < cols) v[i] = *(const float4 *)(x + row * cols + c);
    sum += v[i].x + v[i].y + v[i].z + v[i].w;
  }
  const float mean = sum_lanes(sum) / (float)cols;
  float squares = 0;
  UNROLL for (int i = 0; i < 2; i++) {
    if ((lane + 32 * i) * 4 >= cols) continue;
    v[i] = {v[i].x - mean, v[i].y - mean, v[i].z - mean, v[i].w - mean};
    squares += v[i].x * v[i].x + v[i].y * v[i].y + v[i].z * v[i].z + v[i].w * v[i].w;
  }
  const float scale = 1 / __nvvm_sqrt_rn_f(sum_lanes(squares) / (float)cols + eps);
  UNROLL for (int i = 0; i < 2; i++) {
    const int c = (lane + 32 * i) * 4;
    if (c >= cols) continue;
    const float4 g = *(const float4 *)(gain + c), b = *(const float4 *)(bias + c);
    *(float4 *)(y + row * cols + c) = {v[i].x * scale * g.x + b.x, v[i].y * scale * g.y + b.y, v[i].z * scale * g.z + b.z, v[i].w * scale * g.w + b.w};
  }
}
