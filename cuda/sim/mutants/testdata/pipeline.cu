#include "device.h"

// y[n] = 2·x[n] reversed by 32: warp 0 brings tiles of 32 through two buffers, warp 1 takes them. Named barriers 1+s say
// that buffer s is full, 3+s that it is empty. Block 64, n a multiple of 32.
template <class T> DEVICE void arrive(T id) { asm volatile("bar.arrive %0, 64;" ::"r"(id) : "memory"); }
template <class T> DEVICE void wait(T id) { asm volatile("bar.sync %0, 64;" ::"r"(id) : "memory"); }

KERNEL(64) pipeline(int *y, const int *x, int n) {
  SHARED int buffer[2][32];
  const int lane = tid() % 32;
  if (tid() < 32) {
    ROLL for (int t = 0; t < n / 32; t++) {
      if (t >= 2) wait(3 + t % 2);
      buffer[t % 2][lane] = x[t * 32 + lane];
      arrive(1 + t % 2);
    }
  } else {
    ROLL for (int t = 0; t < n / 32; t++) {
      wait(1 + t % 2);
      y[t * 32 + lane] = 2 * buffer[t % 2][31 - lane];
      if (t + 2 < n / 32) arrive(3 + t % 2);
    }
  }
}
