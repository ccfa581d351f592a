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
#define MATH_FUNCTIONS(F)                                                                                              \
  F(exp2) F(exp) F(expm1) F(log) F(tanh) F(sigmoid) F(normal) F(gelu) F(gelu_tanh) F(quick_gelu) F(relu) F(relu2)      \
  F(relu6) F(silu) F(mish) F(gelu_grad) F(gelu_tanh_grad) F(quick_gelu_grad) F(relu_grad) F(relu2_grad)                \
  F(relu6_grad) F(silu_grad) F(tanh_grad) F(sigmoid_grad) F(mish_grad)

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

// log x, within 3 u: n·ln 2 + log m with x = 2ⁿ·m and m within √2 of 1. With f = m − 1, which is exact, and s = f/(2 + f), log m is
// f − (½f² − s·(½f² + r)), r being the odd series of 2·atanh s after its first term over s, up to s⁸: the next is below 2⁻²⁷ of it all.
DEVICE float log(float x) {
  if (!(x > 0)) return x == 0 ? -__builtin_inff() : __builtin_nanf("");
  const bool small = x < 1.17549435e-38f;
  const u32 bits = __builtin_bit_cast(u32, small ? x * 8388608.0f : x);
  if (bits == 0x7f800000u) return x;
  const int e = (int)(bits - 0x3f3504f3u) >> 23; // 0x3f3504f3 is √½
  const float f = __builtin_bit_cast(float, bits - ((u32)e << 23)) - 1, n = (float)(small ? e - 23 : e);
  const float s = f / (2 + f), z = s * s, half = 0.5f * f * f;
  float r = __builtin_fmaf(z, 2.0f / 9, 2.0f / 7);
  r = __builtin_fmaf(z, r, 2.0f / 5);
  r = z * __builtin_fmaf(z, r, 2.0f / 3);
  const float low = __builtin_fmaf(n, -2.12194440e-4f, s * (half + r));
  return __builtin_fmaf(n, 0.693359375f, f - (half - low));
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

// x·σ(1.702·x) (Hendrycks and Gimpel 2016), within 8 u and 2 u·|1.702·x|.
DEVICE float quick_gelu(float x) { return x * sigmoid(1.702f * x); }

// max(x, 0), its square, and min(max(x, 0), 6).
DEVICE float relu(float x) { return x < 0 ? 0 : x; }
DEVICE float relu2(float x) { return relu(x) * relu(x); }
DEVICE float relu6(float x) { return clamp(x, 0, 6); }

// x·σ(x), within 8 u.
DEVICE float silu(float x) { return x * sigmoid(x); }

// x·tanh(log(1 + eˣ)) (Misra 2019), within 10 u: with w = (1 + eˣ)² − 1 the tanh is w/(w + 2), which from x = 9 on is 1.
DEVICE float mish(float x) {
  const float e = exp(x > 20 ? 20 : x), w = e * (e + 2);
  return x * (w / (w + 2));
}

// ---- Derivatives. Where they are sums, the bound is of the terms' magnitudes. At the corners of rectifiers they are those of
// the flat side.

// σ(x) and its derivative, within 6 u and 10 u.
struct Logistic {
  float value, slope;
};

DEVICE Logistic logistic(float x) {
  const float e = exp(-__builtin_fabsf(x)), d = 1 / (1 + e);
  return {x < 0 ? e * d : d, e * d * d};
}

// Φ(x) + x·φ(x), φ being the density exp(−x²/2)/√(2π): within 20 u.
DEVICE float gelu_grad(float x) {
  const float a = clamp(x, -15, 15), square = a * a, lost = __builtin_fmaf(a, a, -square);
  const float e = exp(-0.5f * square), density = 0.398942280f * __builtin_fmaf(-0.5f * lost, e, e);
  return __builtin_fmaf(a, density, normal(x));
}

// σ(w) + x·w′·σ′(w) for the w of gelu_tanh: within 20 u and 6 u·|w|, and by
// subnormal numbers 2⁻¹⁴⁹·|x·w′|. From |x| = 20 on it is 0 or 1.
DEVICE float gelu_tanh_grad(float x) {
  x = clamp(x, -20, 20);
  const float square = x * x;
  const Logistic s = logistic(1.59576912f * __builtin_fmaf(x, 0.044715f * square, x));
  return __builtin_fmaf(x * (1.59576912f * __builtin_fmaf(square, 0.134145f, 1)), s.slope, s.value);
}

// σ(w) + w·σ′(w) for w = 1.702·x: within 14 u and 2 u·|w|. From |w| = 120 on it is 0 or 1.
DEVICE float quick_gelu_grad(float x) {
  const float w = clamp(1.702f * x, -120, 120);
  const Logistic s = logistic(w);
  return __builtin_fmaf(w, s.slope, s.value);
}

DEVICE float relu_grad(float x) { return x > 0 ? 1 : x <= 0 ? 0 : x; }
DEVICE float relu2_grad(float x) { return 2 * relu(x); }
DEVICE float relu6_grad(float x) { return x > 0 && x < 6 ? 1 : x == x ? 0 : x; }

// σ(x) + x·σ′(x), within 14 u.
DEVICE float silu_grad(float x) {
  x = clamp(x, -120, 120);
  const Logistic s = logistic(x);
  return __builtin_fmaf(x, s.slope, s.value);
}

// 1 − tanh²(x) = 4·σ′(2x), within 10 u.
DEVICE float tanh_grad(float x) { return 4 * logistic(2 * x).slope; }

DEVICE float sigmoid_grad(float x) { return logistic(x).slope; }

// t + x·σ(x)·(1 − t²) with t = tanh(log(1 + eˣ)) = w/(w + 2), see mish: 1 − t² is 4·(1 + eˣ)²/(w + 2)². Within 22 u.
DEVICE float mish_grad(float x) {
  x = clamp(x, -105, 20);
  const float e = exp(x), w = e * (e + 2), d = 1 / (w + 2);
  return __builtin_fmaf(x * (4 * d * ((1 + e) * d)), e, w * d);
}

} // namespace math
