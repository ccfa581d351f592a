#include "device.h"

// y[cols][rows] = x[rows][cols] transposed. Block 32×8, a tile of 32×32 per block.
KERNEL(256) transpose(float *y, const float *x, int rows, int cols) {
  SHARED float tile[32][33];
  const int c = block() * 32 + tid(), r = block_y() * 32;
  ROLL for (int i = tid_y(); i < 32; i += 8)
    if (r + i < rows && c < cols) tile[i][tid()] = x[(r + i) * cols + c];
  sync();
  const int to = block_y() * 32 + tid(), from = block() * 32;
  ROLL for (int i = tid_y(); i < 32; i += 8)
    if (from + i < cols && to < rows) y[(from + i) * rows + to] = tile[tid()][i];
}
