#include "device.h"

// y[row][4] = the four largest of x[row][cols], descending, cols ≥ 4; sorted by insertion in an array in local memory. Block 32,
// a thread per row.
KERNEL(32) best(int *y, const int *x, int rows, int cols) {
  const int row = block() * 32 + tid();
  if (row >= rows) return;
  int found[4];
  ROLL for (int i = 0; i < cols; i++) {
    const int value = x[row * cols + i];
    int at = i < 4 ? i : 4;
    ROLL while (at > 0 && found[at - 1] < value) {
      if (at < 4) found[at] = found[at - 1];
      at--;
    }
    if (at < 4) found[at] = value;
  }
  ROLL for (int i = 0; i < 4; i++) y[row * 4 + i] = found[i];
}
