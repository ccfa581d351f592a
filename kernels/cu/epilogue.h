// What a gpu.Gemm does with its sums: P = alpha·sum + bias, the saved outputs, activation, factors, dropout and the last term.
#pragma once
#include "act.h"

// The parameters of kernels that take all of a gpu.Gemm, in their order; types are codes (device.h). Tensors that are absent are
// null: all but dst, a and b may be.
//
//   dst, pre, uppre [m, n]; a; b; bias [n] f32; up like b; upbias [n] f32; mul, add [m, n]; m, n, k; elements from row to row
//   of each matrix; act, mulact as gpu.Act numbers them; types of each matrix, up's being b's; alpha; dropout as in Drop
#define GEMM_PARAMETERS                                                                                                \
  void *dst, void *pre, void *uppre, const void *a, const void *b, const float *bias, const void *up,                  \
      const float *upbias, const void *mul, const void *add, int m, int n, int k, int ldd, int ldpre, int lduppre,     \
      int lda, int ldb, int ldup, int ldmul, int ldadd, int act, int mulact, int type_dst, int type_pre,               \
      int type_uppre, [[maybe_unused]] int type_a, [[maybe_unused]] int type_b, int type_mul, int type_add,            \
      float alpha, int drop_limit, float drop_kept, int drop_key_low, int drop_key_high
#define GEMM_EPILOGUE                                                                                                  \
  Epilogue {                                                                                                           \
    {dst, ldd, type_dst}, {pre, ldpre, type_pre}, {uppre, lduppre, type_uppre}, {(void *)mul, ldmul, type_mul},        \
        {(void *)add, ldadd, type_add}, bias, upbias, n, act, mulact, alpha,                                           \
        Drop{(u32)drop_limit, drop_kept, (u32)drop_key_low, (u32)drop_key_high}                                        \
  }

struct Epilogue {
  struct Matrix {
    void *p;
    int ld, type;
    DEVICE float load(int row, int col) const { return load_as(p, (i64)row * ld + col, type); }
    DEVICE void store(int row, int col, float x) const { store_as(p, (i64)row * ld + col, type, x); }
  };
  Matrix dst, pre, uppre, mul, add;
  const float *bias, *upbias;
  int n, act, mulact;
  float alpha;
  Drop drop;

  // A column's part of an element.
  struct Column {
    int col;
    float bias, upbias;
  };
  DEVICE Column column(int col) const { return {col, bias ? bias[col] : 0.0f, upbias ? upbias[col] : 0.0f}; }

  // One element, from its sum and, gated, the other sum. Kernels for fewer fields give the same bits: every step is rounded
  // by itself but alpha·sum + bias, and what is absent changes nothing, but for the sum with add, which makes −0 a +0 always.
  DEVICE void finish(int row, const Column &c, float sum, bool gated, float upsum) const {
    const int col = c.col;
    const float p = __builtin_fmaf(alpha, sum, c.bias);
    if (pre.p) pre.store(row, col, p);
    float y = 1;
    ROLL for (int i = 0; i < (mul.p ? 2 : 1); i++) { // its body is long: it is there once
      y *= ::act(i ? mulact : act, i ? mul.load(row, col) : p);
    }
    if (gated) {
      const float u = __builtin_fmaf(alpha, upsum, c.upbias);
      if (uppre.p) uppre.store(row, col, u);
      y *= u;
    }
    y *= drop.keep((u64)((i64)row * n + col));
    dst.store(row, col, y + (add.p ? add.load(row, col) : 0.0f));
  }
};
