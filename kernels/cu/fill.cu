// Every element of a matrix set to one value.
#include "rows.h"

// fill_spans_any(dst, rows, cols, ldd, dst_code, wide, value)
//
// Shapes      dst [rows, cols]; ldd elements from row to row.
// Types       of gpu.DType's numbers: f32, f16 or bf16.
// Alignment   that of the elements; with wide, base and rows are aligned to four elements.
// Launch      block 128, grid ⌈rows·⌈cols/128⌉/4⌉, no dynamic shared memory; rows·⌈cols/128⌉ < 2³¹.
// Numerics    value is rounded to nearest, ties to even.
constexpr int kThreads = 128;

KERNEL(kThreads) fill_spans_any(void *dst, int rows, int cols, int ldd, int dst_code, int wide, float value) {
  int row;
  Span s;
  const float x[4] = {value, value, value, value};
  if (span_of_grid<kThreads>(rows, cols, wide, &row, &s)) store_span(dst, (i64)row * ldd, dst_code, s, x);
}
