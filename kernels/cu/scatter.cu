// Changes of single elements: dst[row[i], col[i]] becomes value[i], or is added to or penalized by it.
#include "fault.h"

// scatter_pairs_any(dst, fault, row, col, value, pairs, rows, cols, ldd, dst_code, kind)
//
// Shapes      dst [rows, cols], ldd elements from row to row; row, col [pairs] i32, value [pairs] f32. Pairs of a negative row
//             are skipped.
// Types       of gpu.DType's numbers: f32, f16 or bf16. kind is a gpu.ScatterKind: 0 x = v, 1 x = x + v, 2 x = x·v if x < 0,
//             else x/v.
// Alignment   that of the elements.
// Launch      block 128, grid ⌈pairs/128⌉, no dynamic shared memory.
// Numerics    in f32, then rounded.
// Faults      a pair outside dst is skipped.
// Undefined   a pair that occurs twice; other kinds; overlap of dst with another operand.
constexpr int kThreads = 128;
enum Kind { kSet, kAdd, kPenalty };

KERNEL(kThreads)
scatter_pairs_any(void *dst, int *fault, const int *row, const int *col, const float *value, int pairs, int rows, int cols,
                  int ldd, int dst_code, int kind) {
  const i64 i = (i64)block_x() * kThreads + thread();
  if (i >= pairs) return;
  const int r = row[i], c = col[i];
  if (r < 0) return;
  if (r >= rows || c < 0 || c >= cols) {
    report(fault, kFaultScatter);
    return;
  }
  const i64 at = (i64)r * ldd + c;
  float v = value[i];
  if (kind != kSet) {
    const float x = load_as(dst, at, dst_code);
    v = kind == kAdd ? x + v : x < 0 ? x * v : x / v;
  }
  store_as(dst, at, dst_code, v);
}
