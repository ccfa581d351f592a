// y[i] = f(x[i]) for each function f of cu/math.h, in one block of 128 threads for 128 elements: what tests compare with the
// same functions compiled for the host.
#include "math.h"

#define TWIN(f)                                                                                                        \
  KERNEL(128) twin_##f(float *y, const float *x, int n) {                                                              \
    const int i = block_x() * 128 + thread();                                                                          \
    if (i < n) y[i] = math::f(x[i]);                                                                                   \
  }

MATH_FUNCTIONS(TWIN)
