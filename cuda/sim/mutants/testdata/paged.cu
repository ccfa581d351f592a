#include "device.h"

// y[seq][n] = the elements of a sequence whose page p of 32 is at pages[seq][p]; lengths[seq] are valid, n at most, the rest
// becomes 0. Entries of pages beyond the length are stale. Block 32.
KERNEL(32) paged(float *y, const float *const *pages, const int *lengths, int n, int most) {
  const int length = lengths[block()];
  ROLL for (int i = tid(); i < n; i += 32) {
    float value = 0;
    if (i < length) value = pages[block() * most + i / 32][i % 32];
    y[block() * n + i] = value;
  }
}
