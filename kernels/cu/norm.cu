// Layer norm (Ba et al. 2016), row by row: with s = x + residual,
//
//   dst = (s − mean(s)) / √(var(s) + eps) · gain + bias,     var divides by cols.
#include "device.h"

// norm_row_<dtype>(dst, x, residual, gain, bias, rows, cols, ldd, ldx, ldr, eps)
//
// Shapes      dst, x, residual [rows, cols] of dtype; gain, bias [cols] f32. residual, gain and bias may be null: 0, 1, 0.
//             dst may be x or residual.
// Alignment   pointers to 16 bytes; ldd, ldx, ldr (elements from row to row) multiples of 16 bytes. Any cols ≥ 1.
// Launch      block 128, grid ⌈rows/4⌉, no dynamic shared memory.
// Numerics    mean first, then the squares of differences from it, in f32; the order of sums depends on cols alone.
// Undefined   overlap of dst with another operand that is not the same view.
//
// A warp has a row and reads it once where it fits the registers, 1024 columns; what is beyond is read three times, mostly
// from the cache.
constexpr int kThreads = 128;
constexpr int kHeld = 1024 / kWarp; // columns of a lane in registers

template <class T> struct Row {
  T *dst;
  const T *x, *residual;
  const float *gain, *bias;

  // 16 bytes of s, from column i on.
  DEVICE void load(float *s, int i) const {
    unpack(s, *(const quad *)(x + i), T{});
    if (!residual) return;
    float r[kLane<T>];
    unpack(r, *(const quad *)(residual + i), T{});
    UNROLL for (int j = 0; j < kLane<T>; j++) s[j] += r[j];
  }

  DEVICE float load_one(int i) const { return to_float(x[i]) + (residual ? to_float(residual[i]) : 0.0f); }

  DEVICE void store(float *s, int i, float mean, float scale) const {
    UNROLL for (int j = 0; j < kLane<T>; j += 4) {
      float g[4] = {1, 1, 1, 1}, b[4] = {};
      if (gain) unpack(g, *(const quad *)(gain + i + j), 0.0f);
      if (bias) unpack(b, *(const quad *)(bias + i + j), 0.0f);
      UNROLL for (int k = 0; k < 4; k++) s[j + k] = __builtin_fmaf((s[j + k] - mean) * scale, g[k], b[k]);
    }
    *(quad *)(dst + i) = pack_quad<T>(s);
  }

  DEVICE void store_one(float s, int i, float mean, float scale) const {
    dst[i] = from_float<T>(__builtin_fmaf((s - mean) * scale, gain ? gain[i] : 1.0f, bias ? bias[i] : 0.0f));
  }
};

template <int n> DEVICE float sum(const float *s) {
  float t = 0;
  UNROLL for (int j = 0; j < n; j++) t += s[j];
  return t;
}

template <int n> DEVICE float sum_squares(const float *s, float mean) {
  float t = 0;
  UNROLL for (int j = 0; j < n; j++) t = __builtin_fmaf(s[j] - mean, s[j] - mean, t);
  return t;
}

template <class T> DEVICE void norm_row(Row<T> row, int cols, float eps) {
  constexpr int lane_cols = kLane<T>, step = kWarp * lane_cols, steps = kHeld / lane_cols;
  const int lane = thread() % kWarp;
  const int whole = cols / lane_cols * lane_cols, first = lane * lane_cols; // columns in accesses of 16 bytes, and the lane's first
  const bool odd = whole + lane < cols;                                      // the lane has one of the columns after them

  float s[steps][lane_cols] = {}, last = odd ? row.load_one(whole + lane) : 0, part = last;
  UNROLL for (int c = 0; c < steps; c++)
    if (first + c * step < whole) {
      row.load(s[c], first + c * step);
      part += sum<lane_cols>(s[c]);
    }
  ROLL for (int i = first + steps * step; i < whole; i += step) {
    float t[lane_cols];
    row.load(t, i);
    part += sum<lane_cols>(t);
  }
  const float mean = warp_sum(part) / (float)cols;

  part = odd ? (last - mean) * (last - mean) : 0;
  UNROLL for (int c = 0; c < steps; c++)
    if (first + c * step < whole) part += sum_squares<lane_cols>(s[c], mean);
  ROLL for (int i = first + steps * step; i < whole; i += step) {
    float t[lane_cols];
    row.load(t, i);
    part += sum_squares<lane_cols>(t, mean);
  }
  const float scale = 1.0f / __builtin_sqrtf(warp_sum(part) / (float)cols + eps);

  UNROLL for (int c = 0; c < steps; c++)
    if (first + c * step < whole) row.store(s[c], first + c * step, mean, scale);
  ROLL for (int i = first + steps * step; i < whole; i += step) {
    float t[lane_cols];
    row.load(t, i);
    row.store(t, i, mean, scale);
  }
  if (odd) row.store_one(last, whole + lane, mean, scale);
}

template <class T>
DEVICE void norm_rows(T *dst, const T *x, const T *residual, const float *gain, const float *bias, int rows, int cols,
                      int ldd, int ldx, int ldr, float eps) {
  const i64 row = (i64)block_x() * (kThreads / kWarp) + thread() / kWarp;
  if (row >= rows) return;
  norm_row(Row<T>{dst + row * ldd, x + row * ldx, residual ? residual + row * ldr : nullptr, gain, bias}, cols, eps);
}

#define NORM(T, name)                                                                                                  \
  KERNEL(kThreads, 6)                                                                                                  \
  norm_row_##name(T *dst, const T *x, const T *residual, const float *gain, const float *bias, int rows, int cols,     \
                  int ldd, int ldx, int ldr, float eps) {                                                              \
    norm_rows(dst, x, residual, gain, bias, rows, cols, ldd, ldx, ldr, eps);                                           \
  }

NORM(float, f32)
NORM(f16, f16)
#if __CUDA_ARCH__ >= 800
NORM(bf16, bf16)
#endif
