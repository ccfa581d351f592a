// Conversion of elements: dst = x, rounded to dst's type.
#include "rows.h"

// cast_spans_any(dst, x, rows, cols, ldd, ldx, dst_code, x_code, wide)
//
// Shapes      dst, x [rows, cols]; ldd, ldx elements from row to row.
// Types       of gpu.DType's numbers: f32, f16 or bf16 each.
// Alignment   that of the elements; with wide, bases and rows of both operands are aligned to four elements.
// Launch      block 128, grid ⌈rows·⌈cols/128⌉/4⌉, no dynamic shared memory; rows·⌈cols/128⌉ < 2³¹.
// Numerics    to nearest, ties to even; between equal types bit for bit.
// Undefined   overlap of dst and x.
constexpr int kThreads = 128;

KERNEL(kThreads)
cast_spans_any(void *dst, const void *x, int rows, int cols, int ldd, int ldx, int dst_code, int x_code, int wide) {
  int row;
  Span s;
  if (span_of_grid<kThreads>(rows, cols, wide, &row, &s))
    move_span(dst, (i64)row * ldd, dst_code, x, (i64)row * ldx, x_code, s);
}
