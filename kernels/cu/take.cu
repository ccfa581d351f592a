// Rows from places: dst[i] = src[at[i]].
#include "fault.h"
#include "rows.h"

// take_rows_any(dst, fault, src, at, rows, cols, src_rows, ldd, lds, dst_code, src_code, wide)
//
// Shapes      dst [rows, cols], src [src_rows, cols]; at [rows] i32, a negative one gives zeros. ldd, lds are elements from row
//             to row.
// Types       of gpu.DType's numbers: f32, f16 or bf16 each, or i32 both.
// Alignment   that of the elements; with wide, bases and rows of dst and src are aligned to four elements.
// Launch      block 128, grid ⌈rows/4⌉, no dynamic shared memory.
// Numerics    equal types are copied bit for bit, others rounded.
// Faults      a row of an index from src_rows on becomes NaN, of i32 zero.
// Undefined   overlap of dst with another operand.
constexpr int kThreads = 128;

KERNEL(kThreads)
take_rows_any(void *dst, int *fault, const void *src, const int *at, int rows, int cols, int src_rows, int ldd, int lds,
              int dst_code, int src_code, int wide) {
  const int row = block_x() * (kThreads / kWarp) + thread() / kWarp;
  if (row >= rows) return;
  const int from = at[row];
  const bool bad = from >= src_rows, outside = from < 0 || bad;
  if (bad && thread() % kWarp == 0) report(fault, kFaultTake);
  const float x = bad && dst_code != kI32 ? __builtin_nanf("") : 0, fill[4] = {x, x, x, x};
  ROLL for (int first = 0; first < cols; first += kSpan) {
    const Span s = span(first, cols, wide);
    if (outside)
      store_span(dst, (i64)row * ldd, dst_code == kI32 ? kF32 : dst_code, s, fill);
    else
      move_span(dst, (i64)row * ldd, dst_code, src, (i64)from * lds, src_code, s);
  }
}
