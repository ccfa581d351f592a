// Rows to places: dst[at[i]] = src[i], or += in the order of i.
#include "fault.h"
#include "rows.h"

// put_rows_any(dst, fault, src, at, rows, cols, dst_rows, ldd, lds, dst_code, src_code, wide)
// put_add_any(dst, fault, src, at, rows, cols, dst_rows, ldd, lds, dst_code, src_code, wide)
//
// Shapes      dst [dst_rows, cols], src [rows, cols]; at [rows] i32, rows of a negative one are skipped. ldd, lds are elements from
//             row to row.
// Types       of gpu.DType's numbers: f32, f16 or bf16 each, or i32 both in put_rows.
// Alignment   that of the elements; with wide, bases and rows of dst and src are aligned to four elements.
// Launch      block 128, no dynamic shared memory; put_rows: grid ⌈rows/4⌉; put_add: grid ⌈rows·⌈cols/128⌉/4⌉,
//             rows·⌈cols/128⌉ < 2³¹.
// Numerics    equal types are copied bit for bit, others rounded. Sums are in f32, one rounding at the end.
// Faults      a row of an index from dst_rows on is skipped.
// Undefined   in put_rows, an index that occurs twice; overlap of dst with another operand.
constexpr int kThreads = 128;

KERNEL(kThreads)
put_rows_any(void *dst, int *fault, const void *src, const int *at, int rows, int cols, int dst_rows, int ldd, int lds,
             int dst_code, int src_code, int wide) {
  const int row = block_x() * (kThreads / kWarp) + thread() / kWarp;
  if (row >= rows) return;
  const int to = at[row];
  if (to >= dst_rows && thread() % kWarp == 0) report(fault, kFaultPut);
  if (to < 0 || to >= dst_rows) return;
  ROLL for (int first = 0; first < cols; first += kSpan)
    move_span(dst, (i64)to * ldd, dst_code, src, (i64)row * lds, src_code, span(first, cols, wide));
}

// The warp of the first row for a place adds the others for it, in their order: no two warps write there.
KERNEL(kThreads, 8)
put_add_any(void *dst, int *fault, const void *src, const int *at, int rows, int cols, int dst_rows, int ldd, int lds,
            int dst_code, int src_code, int wide) {
  int row;
  Span s;
  if (!span_of_grid<kThreads>(rows, cols, wide, &row, &s)) return;
  const int to = at[row], lane = thread() % kWarp;
  if (to >= dst_rows && lane == 0) report(fault, kFaultPut);
  if (to < 0 || to >= dst_rows) return;
  ROLL for (int i = 0; i < row; i += kWarp)
    if (ballot(i + lane < row && at[i + lane] == to)) return;
  float sum[4] = {}, x[4] = {};
  load_span(sum, dst, (i64)to * ldd, dst_code, s);
  ROLL for (int i = row; i < rows; i += kWarp) {
    ROLL for (u32 same = ballot(i + lane < rows && at[i + lane] == to); same; same &= same - 1) {
      load_span(x, src, (i64)(i + __builtin_ctz(same)) * lds, src_code, s);
      UNROLL for (int j = 0; j < 4; j++) sum[j] += x[j];
    }
  }
  store_span(dst, (i64)to * ldd, dst_code, s, sum);
}
