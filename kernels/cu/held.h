// The first columns of a row in the registers of a block, for kernels that go through the row again and again.
#pragma once
#include "rows.h"

// So many spans of a thread. They stay in registers because indices are constants, by unrolled loops or by the branches of get.
template <class T, int spans> struct Held {
  T span[spans][4];

  template <int first = 0, int count = spans> DEVICE void get(T *v, int i) const {
    if constexpr (count == 1) {
      UNROLL for (int j = 0; j < 4; j++) v[j] = span[first][j];
    } else if (i < first + count / 2)
      get<first, count / 2>(v, i);
    else
      get<first + count / 2, count - count / 2>(v, i);
  }
};

// Span number i of a thread of a block of `threads` that shares a row.
template <int threads> DEVICE Span span_of_block(int i, int cols, bool wide) {
  const int t = thread_anew(); // so that columns do not stay in registers between one way through the row and the next
  return span(t % kWarp, (i * (threads / kWarp) + t / kWarp) * kSpan, cols, wide);
}

// The block's row, read anew likewise.
DEVICE i64 row_anew() {
  int i;
  asm volatile("mov.u32 %0, %%ctaid.x;" : "=r"(i));
  return i;
}
