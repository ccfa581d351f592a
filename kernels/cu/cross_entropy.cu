// The cross entropy of rows: loss = lse − x[target], lse = log Σ exp x.
#include "block.h"
#include "fault.h"
#include "math.h"
#include "rows.h"

// cross_entropy_block_any(loss, lse, fault, x, target, cols, ldloss, ldlse, ldx, ldtarget, x_code, wide)
//
// Shapes      loss, lse [rows, 1] f32, lse may be null; x [rows, cols]; target [rows, 1] i32, of a negative one loss is zero.
//             ld… are elements from row to row.
// Types       x of gpu.DType's numbers: f32, f16 or bf16.
// Alignment   that of the elements; with wide, base and rows of x are aligned to four elements.
// Launch      block 256, grid rows, no dynamic shared memory.
// Numerics    in f32 (math.h). The order of sums depends on cols alone.
// Edges       a row that is all −∞ has an lse of −∞; a target of −∞ costs ∞. NaN or ∞ makes both NaN.
// Faults      the loss of a target from cols on is NaN.
// Undefined   overlap of an output with another operand.
//
// A row is read once: a thread's sum is of exp(x − top), top being the largest that it has met; where a larger one comes, the sum
// shrinks.
constexpr int kThreads = 256, kWarps = kThreads / kWarp;

// What to subtract before exp: −∞ stays what it is.
DEVICE float shift(float top) { return top == -__builtin_inff() ? 0 : top; }

KERNEL(kThreads)
cross_entropy_block_any(float *loss, float *lse, int *fault, const void *x, const int *target, int cols, int ldloss, int ldlse,
                        int ldx, int ldtarget, int x_code, int wide) {
  const i64 row = block_x(), from = row * ldx;
  constexpr int step = 4 * kThreads, ahead = 4; // groups of four columns on their way at a time
  float top = -__builtin_inff(), sum = 0;
  ROLL for (int i = 4 * thread(); i < cols; i += ahead * step) {
    word4 w[ahead];
    Span s[ahead];
    UNROLL for (int k = 0; k < ahead; k++) {
      const int col = i + k * step, left = cols - col;
      s[k] = {col, 1, left < 0 ? 0 : left < 4 ? left : 4, wide && left >= 4};
      w[k] = fetch_span(x, from, x_code, s[k]);
    }
    UNROLL for (int k = 0; k < ahead; k++) {
      float v[4], high = top;
      unpack_span(v, w[k], x_code, s[k]);
      UNROLL for (int j = 0; j < 4; j++) {
        if (j >= s[k].count) v[j] = -__builtin_inff();
        high = larger(v[j], high);
      }
      if (high > top) sum *= math::exp(top - high), top = high;
      if (s[k].count > 0) { UNROLL for (int j = 0; j < 4; j++) sum += math::exp(v[j] - shift(top)); }
    }
  }
  const float highest = row_max<kWarps>(top);
  sum = row_sum<kWarps>(sum * math::exp(top - shift(highest)));
  if (thread() != 0) return;
  const float log = math::log(sum);
  if (lse) lse[row * ldlse] = shift(highest) + log;
  const int t = target[row * ldtarget];
  float cost = 0;
  if (t >= cols) {
    report(fault, kFaultCrossEntropy);
    cost = __builtin_nanf("");
  } else if (t >= 0) {
    const float at = load_as(x, from + t, x_code);
    cost = at == -__builtin_inff() && sum == sum ? __builtin_inff() : shift(highest) - at + log;
  }
  loss[row * ldloss] = cost;
}
