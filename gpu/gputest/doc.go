// Package gputest is the contract of package gpu as code: a suite that every
// backend must pass, with a float64 oracle of its own.
//
// A backend runs it from a test of its own, in this repository or outside it:
//
//	func TestConformance(t *testing.T) {
//		b, err := mine.Open()
//		…
//		gputest.Run(t, b)
//		gputest.Grad(t, b)
//	}
//
// # Tolerance
//
// Every bound is derived from the operation and its operands; none is tuned to a
// backend. The oracle evaluates an operation twice with the same plain loops:
// in float64, giving r, and naively in float32, every product and sum rounded and
// every sum taken from first to last. An element g of the result must satisfy
//
//	|g − r| ≤ t + u·(|r| + t),  t = (2·err(naive) + 2⁻²³)·m + s
//
// m is the element's magnitude: what its terms add up to in absolute value, carried
// through the operation by its derivative. For a Gemm it is |Alpha|·Σ|a·b| + |Bias|;
// the other operations' are stated where the oracle computes them. A sum of n
// terms of random sign has a sequential rounding error of about 2⁻²⁴·Σ|terms|, so m·2⁻²³, one
// ulp of m, is what honest arithmetic in another order may differ by where the
// naive sum happened to be lucky. err(naive) is the largest |naive − r|/m of the
// tensor. u is the unit roundoff of the stored type, for the one rounding at the
// end: 2⁻²⁴, 2⁻¹¹ or 2⁻⁸. Values below the smallest normal number of F32 may be zero.
//
// s is what the operation's definition itself gives away:
//
//   - a Gemm over Fast weights: each factor is a pair of bf16, so three products
//     of relative error 2⁻¹⁶ are lost: 3·2⁻¹⁶·Σ|a·b|
//   - over Q8: half a step of the row's scale, Σ|a|·max|b|/127/2; over Q4, Σ|a|·max|b|/7/2 with
//     the maximum of each group of 32
//   - an Attention whose keys are F16 or BF16: probabilities may be rounded to that
//     type, as matrix units require: u·Σ p·|v|
//   - a Put that adds to halves: a rounding of each partial sum
//
// A value that is selected, copied or rounded but not computed (TopK, Take, Put, Cast, Fill,
// Pool by First, Last and Max, ScatterSet, Warp) must be exact. A column that Warp keeps or cuts must be one that it
// may, given the errors that [gpu.Warp] states. A draw of Sample must be
// one whose score could be the largest, given the error of its float32 arithmetic.
// NaN and infinities must be where the oracle's are.
package gputest
