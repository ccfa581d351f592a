// Functions of one number in f32, of basic operations alone: additions, products, fma and divisions, each rounded to nearest.
//
// So the file compiles for the host as well, where its results are the same to the bit. NaN gives NaN. The bounds stated are
// of the relative error, in units u = 2⁻²⁴; subnormal numbers on the way add 2⁻¹⁴⁹·max(1, |x|). Tests hold the functions to both.
#pragma once

#ifdef __CUDA__
#include "device.h"
#else
#define DEVICE static inline
using u32 = unsigned int;
#endif

// All of them, for tests: F(name).
#define MATH_FUNCTIONS(F) F(exp2) F(exp) F(expm1) F(tanh) F(sigmoid) F(normal) F(gelu) F(gelu_tanh) F(silu)

namespace math {

// r and n of x ≈ n·ln 2 + r, |r| ≤ ½·ln 2 and a little.
struct Reduced {
  float r;
  int n;
};

constexpr float kShift = 12582912.0f; // 1.5·2²³: adding it leaves an integer in the last bits

DEVICE int shifted(float t) { return (int)(__builtin_bit_cast(u32, t) - __builtin_bit_cast(u32, kShift)); }

// x bounded from both sides; NaN stays.
DEVICE float clamp(float x, float low, float high) {
  x = x < low ? low : x;
  return x > high ? high : x;
}

// For |x| < 2²¹. ln 2 in two parts: n times the first, of 9 bits, is exact.
DEVICE Reduced reduce(float x) {
  const float t = __builtin_fmaf(x, 1.44269504f, kShift), n = t - kShift;
  return {__builtin_fmaf(n, 2.12194440e-4f, __builtin_fmaf(n, -0.693359375f, x)), shifted(t)};
}

// exp(r) − 1: the Taylor series up to r⁷, whose next term is below 6e-9, 0.1 u, for |r| ≤ ½·ln 2.
DEVICE float series(float r) {
  float p = __builtin_fmaf(r, 1.0f / 5040, 1.0f / 720);
  p = __builtin_fmaf(r, p, 1.0f / 120);
  p = __builtin_fmaf(r, p, 1.0f / 24);
  p = __builtin_fmaf(r, p, 1.0f / 6);
  p = __builtin_fmaf(r, p, 0.5f);
  return __builtin_fmaf(r * r, p, r);
}

// 2ⁿ for a normal result.
DEVICE float power(int n) { return __builtin_bit_cast(float, (u32)(n + 127) << 23); }

// y·2ⁿ for |n| < 250, rounded once: the first half of the factor leaves y normal.
DEVICE float scale(float y, int n) { return y * power(n / 2) * power(n - n / 2); }

// 2ˣ, within 4 u. Beyond the clamp the result is infinite or zero.
DEVICE float exp2(float x) {
  x = clamp(x, -152, 129);
  const float t = x + kShift;
  return scale(1 + series((x - (t - kShift)) * 0.693147181f), shifted(t));
}

// eˣ, within 3 u.
DEVICE float exp(float x) {
  const Reduced a = reduce(clamp(x, -105, 89));
  return scale(1 + series(a.r), a.n);
}

// eˣ − 1, within 6 u: s·series + (s − 1) with s = 2ⁿ, by halves, for s may be beyond the range and the result not.
DEVICE float expm1(float x) {
  const Reduced a = reduce(clamp(x, -20, 89));
  const float half = power(a.n - 1);
  return 2 * __builtin_fmaf(half, series(a.r), half - 0.5f);
}

// (e²ᵗ − 1)/(e²ᵗ + 1) of t = |x|, within 6 u. From t = 9.02 on that is 1.
DEVICE float tanh(float x) {
  const float e = expm1(2 * clamp(__builtin_fabsf(x), 0, 10));
  return __builtin_copysignf(e / (e + 2), x);
}

// σ(x) = 1/(1 + e⁻ˣ), of negative x as eˣ/(1 + eˣ), within 6 u.
DEVICE float sigmoid(float x) {
  const float e = exp(-__builtin_fabsf(x));
  return (x < 0 ? e : 1) / (1 + e);
}

// Φ(x), the normal distribution, within 16 u. Of negative x it is exp(−x²/2)·h(t), h being the Chebyshev expansion of
// ½·exp(z²)·erfc(z), z = |x|/√2, in t = 1 − 6/(z+3) (after Shepherd and Laframboise 1981), for z < 10.7. What x² loses to
// rounding, times ½ the derivative of exp, is put back.
DEVICE float normal(float x) {
  const float a = clamp(__builtin_fabsf(x), 0, 15), square = a * a, lost = __builtin_fmaf(a, a, -square);
  const float e = exp(-0.5f * square), e1 = __builtin_fmaf(-0.5f * lost, e, e);
  const float t = 1 - 8.48528137f / (a + 4.24264069f);
  constexpr float kSeries[] = {1.316391572e-05f, -0.0002971922996f, 0.0003589386767f, 0.002134631689f, -0.01219743482f,
                               0.03583287157f,   -0.07505785282f,   0.1228019032f,    -0.1631167832f,  0.08950057559f};
  float h = 2.724232722e-05f;
  for (const float c : kSeries) h = __builtin_fmaf(h, t, c);
  const float tail = e1 * h;
  return x < 0 ? tail : 1 - tail;
}

// x·Φ(x) (Hendrycks and Gimpel 2016), within 24 u.
DEVICE float gelu(float x) { return x * normal(x); }

// x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³))) as x·σ of twice that, which keeps the digits of the negative tail. Within
// 8 u and 6 u·|w|, w being the argument of σ, which six roundings make.
DEVICE float gelu_tanh(float x) {
  const float cubic = 0.044715f * (x * x);
  return x * sigmoid(1.59576912f * __builtin_fmaf(x, cubic, x));
}

// x·σ(x), within 8 u.
DEVICE float silu(float x) { return x * sigmoid(x); }

} // namespace math
