// Functions of elements: dst = drop(f(x))·y, or drop(f(x)) + y.
#include "act.h"
#include "rows.h"

// pointwise_spans_any(dst, x, y, rows, cols, ldd, ldx, ldy, dst_code, x_code, y_code, wide, f, plus, limit, kept, key_low,
//                     key_high)
//
// Shapes      dst, x, y [rows, cols]; ldd, ldx, ldy elements from row to row. y may be null: 1, or 0 with plus. dst may be x
//             or y.
// Types       of gpu.DType's numbers: f32, f16 or bf16 each. f is a gpu.Act. Drop as device.h has it, of element
//             row·cols + column.
// Alignment   that of the elements; with wide, bases and rows of all operands are aligned to four elements.
// Launch      block 128, grid ⌈rows·⌈cols/128⌉/4⌉, no dynamic shared memory; rows·⌈cols/128⌉ < 2³¹.
// Numerics    in f32 (math.h), one rounding at the end.
// Undefined   other values of f; overlap of dst with another operand that is not the same view.
constexpr int kThreads = 128;

KERNEL(kThreads)
pointwise_spans_any(void *dst, const void *x, const void *y, int rows, int cols, int ldd, int ldx, int ldy, int dst_code,
                    int x_code, int y_code, int wide, int f, int plus, u32 limit, float kept, u32 key_low, u32 key_high) {
  int row;
  Span s;
  if (!span_of_grid<kThreads>(rows, cols, wide, &row, &s)) return;
  float v[4], w[4];
  const word4 xs = fetch_span(x, (i64)row * ldx, x_code, s), ys = y ? fetch_span(y, (i64)row * ldy, y_code, s) : word4{};
  unpack_span(v, xs, x_code, s);
  unpack_span(w, ys, y_code, s);
  if (f != kNoAct) { // one at a time, for short code
    ROLL for (int j = 0; j < 4; j++) {
      const float first = act(f, v[0]);
      v[0] = v[1], v[1] = v[2], v[2] = v[3], v[3] = first;
    }
  }
  const Drop drop{limit, kept, key_low, key_high};
  const u64 element = (u64)row * (u64)cols + (u64)s.col;
  if (!drop.none()) UNROLL for (int j = 0; j < 4; j++) v[j] *= drop.keep(element + (u64)(j * s.step));
  if (y) UNROLL for (int j = 0; j < 4; j++) v[j] = plus ? v[j] + w[j] : v[j] * w[j];
  store_span(dst, (i64)row * ldd, dst_code, s, v);
}
