// Softmax of rows, or its logarithm: dst = exp(s − max s)/Σ exp(s − max s), s = scale·x.
#include "block.h"
#include "math.h"
#include "rows.h"

// softmax_row_any(dst, x, rows, cols, ldd, ldx, dst_code, x_code, wide, log, scale)
// softmax_block_any(…)
//
// Shapes      dst, x [rows, cols]; ldd, ldx elements from row to row. dst may be x.
// Types       of gpu.DType's numbers: f32, f16 or bf16 each.
// Alignment   that of the elements; with wide, bases and rows of both operands are aligned to four elements.
// Launch      softmax_row: block 128, grid ⌈rows/4⌉; softmax_block: block 256, grid rows; no dynamic shared memory. Which of the
//             two depends on cols alone: softmax_row up to 1024.
// Numerics    in f32 (math.h), one rounding at the end. The order of sums depends on cols alone.
// Edges       a row that is all −∞ gives zeros, −∞ with log. NaN makes its row NaN.
// Undefined   overlap of dst and x that is not the same view.
//
// What fits shared memory, 1024 columns of a warp and 8192 of a block, is read once. What is beyond is read three times.
constexpr int kThreads = 128, kBlock = 256, kHeld = 8; // groups of four columns of a thread

struct Scores {
  void *dst;
  const void *x;
  i64 to, from; // the row's first elements
  int cols, dst_code, x_code;
  bool wide;
  float scale;

  // Four scores from column i on, in two steps; past the end of the row there is −∞.
  DEVICE Span span(int i) const { return {i, 1, cols - i < 4 ? cols - i : 4, wide && i + 4 <= cols}; }
  DEVICE word4 fetch(int i) const { return fetch_span(x, from, x_code, span(i)); }
  DEVICE void unpack(float *s, word4 w, int i) const {
    unpack_span(s, w, x_code, span(i));
    UNROLL for (int j = 0; j < 4; j++) s[j] = i + j < cols ? s[j] * scale : -__builtin_inff();
  }
  DEVICE void load(float *s, int i) const { unpack(s, fetch(i), i); }

  DEVICE void store(const float *y, int i) const { store_span(dst, to, dst_code, span(i), y); }
};

// held are the thread's columns in shared memory, of all threads side by side.
template <int warps> DEVICE void softmax(const Scores &row, quad *held, bool log) {
  constexpr int threads = warps * kWarp, step = 4 * threads;
  const int first = 4 * (warps == 1 ? thread() % kWarp : thread()), cols = row.cols;
  constexpr int ahead = 4; // groups on their way at a time
  float s[4], top = -__builtin_inff();
  ROLL for (int i = first, c = 0; i < cols; i += ahead * step, c += ahead) {
    word4 w[ahead];
    UNROLL for (int k = 0; k < ahead; k++)
      if (i + k * step < cols) w[k] = row.fetch(i + k * step);
    UNROLL for (int k = 0; k < ahead; k++)
      if (i + k * step < cols) {
        row.unpack(s, w[k], i + k * step);
        UNROLL for (int j = 0; j < 4; j++) top = larger(s[j], top);
        if (c < kHeld) held[(c + k) * threads] = pack_quad<float>(s);
      }
  }
  top = row_max<warps>(top);
  if (top == -__builtin_inff()) top = 0; // so that −∞ stays what it is

  float part = 0;
  ROLL for (int i = first, c = 0; i < cols; i += step, c++) {
    if (c < kHeld)
      unpack(s, held[c * threads], 0.0f);
    else
      row.load(s, i);
    UNROLL for (int j = 0; j < 4; j++) {
      s[j] = math::exp(s[j] - top);
      part += s[j];
    }
    if (!log && c < kHeld) held[c * threads] = pack_quad<float>(s);
  }
  const float sum = row_sum<warps>(part), shift = top + math::log(sum), inverse = 1 / sum;

  ROLL for (int i = first, c = 0; i < cols; i += step, c++) {
    if (c < kHeld)
      unpack(s, held[c * threads], 0.0f);
    else
      row.load(s, i);
    UNROLL for (int j = 0; j < 4; j++) {
      if (log)
        s[j] = sum == 0 ? -__builtin_inff() : s[j] - shift;
      else if (sum == 0)
        s[j] = 0;
      else
        s[j] = (c < kHeld ? s[j] : math::exp(s[j] - top)) * inverse;
    }
    row.store(s, i);
  }
}

KERNEL(kThreads, 8)
softmax_row_any(void *dst, const void *x, int rows, int cols, int ldd, int ldx, int dst_code, int x_code, int wide, int log,
                float scale) {
  SHARED quad held[kThreads / kWarp][kHeld][kWarp];
  const int warp = thread() / kWarp;
  const i64 row = (i64)block_x() * (kThreads / kWarp) + warp;
  if (row >= rows) return;
  const Scores scores{dst, x, row * ldd, row * ldx, cols, dst_code, x_code, wide != 0, scale};
  softmax<1>(scores, &held[warp][0][thread() % kWarp], log);
}

KERNEL(kBlock, 4)
softmax_block_any(void *dst, const void *x, int, int cols, int ldd, int ldx, int dst_code, int x_code, int wide, int log,
                  float scale) {
  SHARED quad held[kHeld][kBlock];
  const i64 row = block_x();
  const Scores scores{dst, x, row * ldd, row * ldx, cols, dst_code, x_code, wide != 0, scale};
  softmax<kBlock / kWarp>(scores, &held[0][thread()], log);
}
