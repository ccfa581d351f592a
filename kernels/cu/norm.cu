// Layer norm (Ba et al. 2016) and RMS norm (Zhang and Sennrich 2019), row by row: with s = drop(x) + residual,
//
//   dst = (s − mean(s)) / √(var(s) + eps) · gain + bias,     var divides by cols; RMS takes the mean as zero.
#include "block.h"

// norm_row_<dtype>(dst, sum, stat, x, residual, gain, bias, rows, cols, ldd, ldsum, ldstat, ldx, ldr, rms, eps)
// norm_block_<dtype>(…)
// norm_row_any(dst, sum, stat, x, residual, gain, bias, rows, cols, ldd, ldsum, ldstat, ldx, ldr, rms, eps,
//              dst_code, sum_code, x_code, residual_code, wide, limit, kept, key_low, key_high)
// norm_block_any(…)
//
// Shapes      dst, sum, x, residual [rows, cols], gain, bias [cols] f32, stat [rows, 2] f32: mean and 1/√(var+eps). All but dst
//             and x may be null: not wanted, or 0, 1, 0. ld… are elements from row to row. dst and sum may be x or residual.
// Types       dst, sum, x and residual of dtype; in …_any of gpu.DType's numbers, f32, f16 or bf16 each.
// Drop        in …_any, as device.h has it, of element row·cols + column.
// Alignment   bases and rows, but of stat, to four elements, in …_any only with wide. Any cols ≥ 1.
// Launch      norm_row: block 128, grid ⌈rows/4⌉; norm_block: block 256, grid rows; no dynamic shared memory. Which of the two
//             depends on cols alone: norm_row up to 1024.
// Numerics    mean first, then the squares of differences from it, in f32; the order of sums depends on cols alone, so …_any
//             gives the same bits.
// Undefined   overlap of dst or sum with another operand that is not the same view.
//
// A thread has every 32nd (of a block, every 256th) group of four columns. So neighbouring lanes read neighbouring memory of
// operands of every type: 16 bytes of f32, with gain and bias among them, and 8 of 16-bit numbers. A warp's request is whole
// sectors in both cases. A row that fits the registers, 32 columns of a thread, is read once; what is beyond is read three
// times, mostly from the cache.
constexpr int kThreads = 128, kBlock = 256, kHeld = 8; // groups of a thread

// The arithmetic of a group, the same in all kernels.
DEVICE float add(float sum, const float *s) { return sum + ((s[0] + s[1]) + (s[2] + s[3])); }

DEVICE void subtract(float *s, float mean) { UNROLL for (int j = 0; j < 4; j++) s[j] -= mean; }

DEVICE float add_squares(float sum, const float *d) {
  return sum + __builtin_fmaf(d[0], d[0], __builtin_fmaf(d[1], d[1], __builtin_fmaf(d[2], d[2], d[3] * d[3])));
}

DEVICE float normalized(float d, float scale, float gain, float bias) { return __builtin_fmaf(d * scale, gain, bias); }

// Four elements of gain or bias. The compiler would find that both ways read the same and make four accesses of the wide one.
DEVICE void load_vector(float *x, const float *p, bool wide) {
  if (wide)
    asm("ld.global.nc.v4.f32 {%0, %1, %2, %3}, [%4];" : "=f"(x[0]), "=f"(x[1]), "=f"(x[2]), "=f"(x[3]) : "l"(p));
  else
    UNROLL for (int j = 0; j < 4; j++) x[j] = p[j];
}

// The operands from a thread's first group of a row on: columns count from there.
struct Row {
  void *dst, *sum;
  float *stat;
  const void *x, *residual;
  const float *gain, *bias;
  i64 element; // for dropout
  int dst_code, sum_code, x_code, residual_code;
  bool wide;
  Drop drop;

  // s of the group at column i, in two steps, and of one column.
  DEVICE void load(float *s, int i) const {
    load4_as(s, x, i, x_code, wide);
    if (!drop.none()) UNROLL for (int j = 0; j < 4; j++) s[j] *= drop.keep((u64)(element + i + j));
  }
  DEVICE void add_residual(float *s, int i) const {
    float r[4];
    load4_as(r, residual, i, residual_code, wide);
    UNROLL for (int j = 0; j < 4; j++) s[j] += r[j];
  }
  DEVICE void load_all(float *s, int i) const {
    load(s, i);
    if (residual) add_residual(s, i);
  }
  DEVICE float load_one(int i) const {
    float s = load_as(x, i, x_code);
    if (!drop.none()) s *= drop.keep((u64)(element + i));
    return residual ? s + load_as(residual, i, residual_code) : s;
  }

  // What becomes of s − mean of a group, and of one column.
  DEVICE void store(float *d, int i, float scale) const {
    float g[4] = {1, 1, 1, 1}, b[4] = {};
    if (gain) load_vector(g, gain + i, wide);
    if (bias) load_vector(b, bias + i, wide);
    UNROLL for (int j = 0; j < 4; j++) d[j] = normalized(d[j], scale, g[j], b[j]);
    store4_as(dst, i, dst_code, wide, d);
  }
  DEVICE void store_sum(const float *s, int i) const { store4_as(sum, i, sum_code, wide, s); }
  DEVICE void store_one(float d, int i, float scale) const {
    store_as(dst, i, dst_code, normalized(d, scale, gain ? gain[i] : 1.0f, bias ? bias[i] : 0.0f));
  }
};

// Where a thread keeps its first groups: in registers, which makes the loops over them long code, or in shared memory.
template <int threads> struct Registers {
  float s[kHeld][4];
  DEVICE void put(int c, const float *v) { UNROLL for (int j = 0; j < 4; j++) s[c][j] = v[j]; }
  DEVICE void get(int c, float *v) const { UNROLL for (int j = 0; j < 4; j++) v[j] = s[c][j]; }
  template <class F> DEVICE void each(int groups, F f) const {
    UNROLL for (int c = 0; c < kHeld; c++)
      if (threads * c < groups) f(4 * threads * c, c);
  }
};
template <int threads> struct Shared {
  quad *s;
  DEVICE void put(int c, const float *v) const { s[c * threads] = pack_quad<float>(v); }
  DEVICE void get(int c, float *v) const { unpack(v, s[c * threads], 0.0f); }
  template <class F> DEVICE void each(int groups, F f) const {
    ROLL for (int c = 0; c < kHeld && threads * c < groups; c++) f(4 * threads * c, c);
  }
};

// A thread's share of a row that `warps` share. me is its number among the row's threads.
template <int warps, class Held> struct Norm {
  static constexpr int threads = warps * kWarp, step = 4 * threads;
  const Row &row;
  Held held;
  int me, cols, groups, past, column; // groups and columns from the thread's first group on; that of its odd column, after all groups
  bool odd;                           // it has one
  float last = 0;                     // s of that, then s − mean

  DEVICE Norm(const Row &operands, Held h, int number, int n) : row(operands), held(h), me(number), cols(n) {
    groups = cols / 4 - me, past = 4 * groups;
    odd = me < cols % 4, column = cols / 4 * 4 - 3 * me;
  }

  // Residuals come apart, so that all of x is on its way before any is waited for.
  DEVICE void load() {
    if (odd) last = row.load_one(column);
    held.each(groups, [&](int i, int c) {
      float s[4];
      row.load(s, i);
      held.put(c, s);
    });
    if (row.residual) held.each(groups, [&](int i, int c) {
      float s[4];
      held.get(c, s);
      row.add_residual(s, i);
      held.put(c, s);
    });
  }

  DEVICE float mean() {
    float t[4], part = last;
    held.each(groups, [&](int, int c) {
      float s[4];
      held.get(c, s);
      part = add(part, s);
    });
    ROLL for (int i = kHeld * step; i < past; i += step) {
      row.load_all(t, i);
      part = add(part, t);
    }
    return row_sum<warps>(part) / (float)cols;
  }

  // Of what is held; the rest goes with dst, for sum may be x.
  DEVICE void store_sum() {
    held.each(groups, [&](int i, int c) {
      float s[4];
      held.get(c, s);
      row.store_sum(s, i);
    });
    if (odd) store_as(row.sum, column, row.sum_code, last);
  }

  // What is held becomes s − mean.
  DEVICE float variance(float mean) {
    float t[4], part = 0;
    if (odd) last -= mean, part = last * last;
    held.each(groups, [&](int, int c) {
      float s[4];
      held.get(c, s);
      subtract(s, mean);
      held.put(c, s);
      part = add_squares(part, s);
    });
    ROLL for (int i = kHeld * step; i < past; i += step) {
      row.load_all(t, i);
      subtract(t, mean);
      part = add_squares(part, t);
    }
    return row_sum<warps>(part) / (float)cols;
  }

  DEVICE void store(float mean, float scale) {
    held.each(groups, [&](int i, int c) {
      float d[4];
      held.get(c, d);
      row.store(d, i, scale);
    });
    float t[4];
    ROLL for (int i = kHeld * step; i < past; i += step) {
      row.load_all(t, i);
      if (row.sum) row.store_sum(t, i);
      subtract(t, mean);
      row.store(t, i, scale);
    }
    if (odd) row.store_one(last, column, scale);
    if (row.stat && me == 0) row.stat[0] = mean, row.stat[1] = scale;
  }
};

template <int warps, class Held> DEVICE void norm(const Row &row, Held held, int me, int cols, bool rms, float eps) {
  Norm<warps, Held> n(row, held, me, cols);
  n.load();
  const float mean = rms ? 0 : n.mean();
  if (row.sum) n.store_sum();
  n.store(mean, 1.0f / __builtin_sqrtf(n.variance(mean) + eps));
}

// Element i of a matrix, or null.
template <class T> DEVICE T *at(T *p, i64 i) { return p ? p + i : nullptr; }
DEVICE void *at(void *p, i64 i, int code) { return p ? (char *)p + (code == kF32 ? 4 * i : 2 * i) : nullptr; }

#define PARAMETERS(T)                                                                                                  \
  T *dst, T *sum, float *stat, const T *x, const T *residual, const float *gain, const float *bias, int rows,          \
      int cols, int ldd, int ldsum, int ldstat, int ldx, int ldr, int rms, float eps
#define CODES                                                                                                          \
  int dst_code, int sum_code, int x_code, int residual_code, int wide, u32 limit, float kept, u32 key_low, u32 key_high

// The kernel's row, of the threads that share it, and a thread's number among them.
#define THREADS_OF_A_WARP                                                                                              \
  const int me = thread() % kWarp;                                                                                     \
  const i64 row = (i64)block_x() * (kThreads / kWarp) + thread() / kWarp;                                              \
  if (row >= rows) return;
#define THREADS_OF_A_BLOCK                                                                                             \
  const int me = thread();                                                                                             \
  const i64 row = block_x();                                                                                           \
  (void)rows;

// The same operands, those of one type and those of any.
#define ROW_OF(T)                                                                                                      \
  Row{at(dst, row * ldd + 4 * me), at(sum, row * ldsum + 4 * me), at(stat, row * ldstat), at(x, row * ldx + 4 * me),   \
      at(residual, row * ldr + 4 * me), at(gain, 4 * me), at(bias, 4 * me), 0, kCode<T>, kCode<T>, kCode<T>, kCode<T>, \
      true, {0, 1, 0, 0}}
#define ROW_OF_ANY                                                                                                     \
  Row{at(dst, row * ldd + 4 * me, dst_code), at(sum, row * ldsum + 4 * me, sum_code), at(stat, row * ldstat),          \
      at((void *)x, row * ldx + 4 * me, x_code), at((void *)residual, row * ldr + 4 * me, residual_code),              \
      at(gain, 4 * me), at(bias, 4 * me), row * cols + 4 * me, dst_code, sum_code, x_code, residual_code, wide != 0,   \
      {limit, kept, key_low, key_high}}

#define NORM(T, name)                                                                                                  \
  KERNEL(kThreads, 6) norm_row_##name(PARAMETERS(T)) {                                                                 \
    THREADS_OF_A_WARP                                                                                                  \
    norm<1>(ROW_OF(T), Registers<kWarp>{}, me, cols, rms, eps);                                                        \
  }                                                                                                                    \
  KERNEL(kBlock, 3) norm_block_##name(PARAMETERS(T)) {                                                                 \
    THREADS_OF_A_BLOCK                                                                                                 \
    norm<kBlock / kWarp>(ROW_OF(T), Registers<kBlock>{}, me, cols, rms, eps);                                          \
  }

NORM(float, f32)
NORM(f16, f16)
#if __CUDA_ARCH__ >= 800
NORM(bf16, bf16)
#endif

KERNEL(kThreads, 6) norm_row_any(PARAMETERS(void), CODES) {
  SHARED quad held[kThreads / kWarp][kHeld][kWarp];
  THREADS_OF_A_WARP
  norm<1>(ROW_OF_ANY, Shared<kWarp>{&held[thread() / kWarp][0][me]}, me, cols, rms, eps);
}

KERNEL(kBlock, 3) norm_block_any(PARAMETERS(void), CODES) {
  SHARED quad held[kHeld][kBlock];
  THREADS_OF_A_BLOCK
  norm<kBlock / kWarp>(ROW_OF_ANY, Shared<kBlock>{&held[0][me]}, me, cols, rms, eps);
}
