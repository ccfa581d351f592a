// How kernels of elements share matrices: a warp takes 128 columns of a row, four to a lane.
#pragma once
#include "device.h"

constexpr int kSpan = 4 * kWarp;

// A lane's columns. wide: four neighbours, which every operand has aligned to four of its elements, so that they go in one
// access. Else every 32nd column, for accesses of neighbouring lanes. Past the end of the row there are fewer than four.
struct Span {
  int col, step, count;
  bool wide;
};

DEVICE Span span(int lane, int first, int cols, bool wide) {
  const int col = first + (wide ? 4 * lane : lane), step = wide ? 1 : kWarp, left = cols - col;
  const int count = left <= 0 ? 0 : (left + step - 1) / step;
  return {col, step, count < 4 ? count : 4, wide && count >= 4};
}
DEVICE Span span(int first, int cols, bool wide) { return span(thread() % kWarp, first, cols, wide); }

// The span of a warp of a grid that has one for each of a matrix, row after row; blocks are of `threads`.
template <int threads> DEVICE bool span_of_grid(int rows, int cols, bool wide, int *row, Span *s) {
  const u32 of_row = ((u32)cols + kSpan - 1) / kSpan, index = (u32)block_x() * (threads / kWarp) + thread() / kWarp;
  *row = (int)(index / of_row);
  *s = span((int)(index % of_row) * kSpan, cols, wide);
  return *row < rows;
}

// The words of a span as they lie in memory, so that several are on their way before the first is waited for: of 16-bit
// numbers two neighbours each in the first two if it is wide, else one each.
DEVICE word4 fetch_span(const void *p, i64 row, int code, const Span &s) {
  const i64 at = row + s.col;
  word4 w = {};
  if (s.wide) {
    if (code == kF32) return *(const word4 *)((const u32 *)p + at);
    w.xy = *(const word2 *)((const u16 *)p + at);
    return w;
  }
  UNROLL for (int j = 0; j < 4; j++)
    if (j < s.count) w[j] = code == kF32 ? ((const u32 *)p)[at + j * s.step] : ((const u16 *)p)[at + j * s.step];
  return w;
}
DEVICE void unpack_span(float *x, word4 w, int code, const Span &s) {
  const u32 words[4] = {w.x, w.y, w.z, w.w}; // clang 19 casts w[0] for any w[j]
  if (code == kF32) {
    UNROLL for (int j = 0; j < 4; j++) x[j] = __builtin_bit_cast(float, words[j]);
    return;
  }
  UNROLL for (int j = 0; j < 4; j++) {
    const u16 bits = (u16)(s.wide ? words[j / 2] >> j % 2 * 16 : words[j]);
    x[j] = code == kF16 ? to_float(f16{bits}) : to_float(bf16{bits});
  }
}

// The span of elements from `row` on, and its store.
DEVICE void load_span(float *x, const void *p, i64 row, int code, const Span &s) {
  if (s.wide) {
    load4_as(x, p, row + s.col, code, true);
    return;
  }
  UNROLL for (int j = 0; j < 4; j++)
    if (j < s.count) x[j] = load_as(p, row + s.col + j * s.step, code);
}
DEVICE void store_span(void *p, i64 row, int code, const Span &s, const float *x) {
  if (s.wide) {
    store4_as(p, row + s.col, code, true, x);
    return;
  }
  UNROLL for (int j = 0; j < 4; j++)
    if (j < s.count) store_as(p, row + s.col + j * s.step, code, x[j]);
}

// Copies a span: bit for bit between equal types, else rounded.
DEVICE void move_span(void *to, i64 to_row, int to_code, const void *from, i64 from_row, int from_code, const Span &s) {
  if (to_code != from_code) {
    float x[4] = {};
    load_span(x, from, from_row, from_code, s);
    store_span(to, to_row, to_code, s, x);
    return;
  }
  const bool half = to_code == kF16 || to_code == kBF16;
  const i64 a = to_row + s.col, b = from_row + s.col;
  if (s.wide) {
    if (half)
      *(word2 *)((u16 *)to + a) = *(const word2 *)((const u16 *)from + b);
    else
      *(word4 *)((u32 *)to + a) = *(const word4 *)((const u32 *)from + b);
    return;
  }
  UNROLL for (int j = 0; j < 4; j++)
    if (j < s.count) {
      if (half)
        ((u16 *)to)[a + j * s.step] = ((const u16 *)from)[b + j * s.step];
      else
        ((u32 *)to)[a + j * s.step] = ((const u32 *)from)[b + j * s.step];
    }
}
