// Scores over a temperature, and −∞ for what filters cut off (gpu.Warp).
#include "block.h"
#include "held.h"
#include "math.h"
#include "order.h"

// warp_rows_any(dst, x, params, cols, ldd, ldx, ldparams, x_code, wide)
//
// Shapes      dst [rows, cols] f32, may be x; x [rows, cols]; params [rows, 8] f32. ld… are elements from row to row.
// Types       x of gpu.DType's numbers: f32, f16 or bf16.
// Alignment   that of the elements; with wide, bases and rows of dst and x are aligned to four elements.
// Launch      block 512, grid rows, no dynamic shared memory; cols up to 2²⁰.
// Numerics    in f32 (math.h), within the bounds that gpu.Warp states. Sums are of integers, so their order is of no account.
// Undefined   overlap of dst with x that is not the same view, or with params.
//
// The quotients y of the first 32768 columns are in registers while filters judge them; dst holds the others, a thread's columns always
// the same. All filters but typical_p leave the y from some bound on, and that leaves what is within a distance of the mean: so what
// stays is known from its value, and none is marked. A bound is found digit by digit of the place in the order (order.h), three of up
// to 11 bits, from what those that agree so far weigh: so a filter goes through the row three times.
constexpr int kThreads = 512, kWarps = kThreads / kWarp, kBits = 11, kDigits = 1 << kBits;
constexpr int kHeld = 16, kAhead = 4; // spans of a thread: that it holds, that are on their way at a time

enum Param { kTemperature, kTopK, kTopP, kMinP, kTypicalP, kEpsilonCutoff, kEtaCutoff, kGreedy };

// Where the weight of a digit is: lanes of pass, each of which has four neighbouring digits, are at different banks.
DEVICE constexpr u32 slot(u32 digit) { return digit + digit / kWarp; }

struct Scratch {
  u32 low[slot(kDigits)], high[slot(kDigits)]; // words of weights
  u64 of_warp[kWarps], other_of_warp[kWarps];
  u64 above, most; // what is above the digit, and what is at most
  u32 digit;

  DEVICE u64 weight(u32 digit) const { return (u64)high[slot(digit)] << 32 | low[slot(digit)]; }
};

// The number of a place in the order.
DEVICE float ranked(u32 r) { return __builtin_bit_cast(float, r >> 31 ? r & 0x7fffffffu : ~r); }

DEVICE u64 high_product(u64 a, u64 b) { return (u64)((unsigned __int128)a * b >> 64); }

// Adds to the weight of a digit, by words, which shared memory adds itself; 64 bits at a time would be a loop of comparisons.
DEVICE void add_shared(Scratch &s, u32 digit, u64 weight) {
  const u32 low = (u32)weight;
  u32 old;
  asm volatile("atom.shared.add.u32 %0, [%1], %2;" : "=r"(old) : "r"(shared_address(&s.low[slot(digit)])), "r"(low) : "memory");
  const u32 high = (u32)(weight >> 32) + (old + low < low);
  if (high != 0) asm volatile("red.shared.add.u32 [%0], %1;" ::"r"(shared_address(&s.high[slot(digit)])), "r"(high) : "memory");
}

DEVICE u64 shuffle_up(u64 x, int distance) {
  const int low = __nvvm_shfl_sync_up_i32(0xffffffffu, (int)x, distance, 0);
  const int high = __nvvm_shfl_sync_up_i32(0xffffffffu, (int)(x >> 32), distance, 0);
  return (u64)(u32)high << 32 | (u32)low;
}

DEVICE u64 warp_sum(u64 x) {
  UNROLL for (int mask = kWarp / 2; mask > 0; mask /= 2) x += shuffle_xor(x, mask);
  return x;
}

// Sums over the block: each warp's to parts, and of those, when the block has waited.
DEVICE void sum_warp(u64 x, u64 *parts) {
  x = warp_sum(x);
  const int t = thread();
  if (t % kWarp == 0) parts[t / kWarp] = x;
}
DEVICE u64 sum_parts(const u64 *parts) {
  const int lane = thread() % kWarp;
  return warp_sum(lane < kWarps ? parts[lane] : 0);
}

struct Row {
  float *dst;
  int ldd, cols;
  bool wide;
  Held<float, kHeld> y;

  // What stays: y not below least, u = y − top not below lowest, and u no further from mean than far.
  float top, least, lowest, mean, far;
  float unit; // what one weighs: the largest power of two of which as many as there are columns can be summed

  DEVICE float distance(float v) const { return __builtin_fabsf(v - top - mean); }
  DEVICE bool stays(float v) const { return v >= least && v - top >= lowest && distance(v) <= far; }

  DEVICE i64 at() const { return row_anew() * ldd; }

  // The thread's span number c, and f(values, span, c) of all; below f(value, column).
  DEVICE Span part(int c) const { return span_of_block<kThreads>(c, cols, wide); }
  template <class F> DEVICE void each_span(F f) const {
    ROLL for (int c = 0; c * kWarps * kSpan < cols; c++) {
      const Span s = part(c);
      float v[4];
      if (c < kHeld)
        y.get(v, c);
      else
        unpack_span(v, fetch_span(dst, at(), kF32, s), kF32, s);
      f(v, s, c);
    }
  }
  template <class F> DEVICE void each(F f) const {
    each_span([&](float *v, const Span &s, int) {
      UNROLL for (int j = 0; j < 4; j++)
        if (j < s.count) f(v[j], s.col + j * s.step);
    });
  }
};

// A weight as an integer, for the tail never none, so that where nothing weighs there is nothing.
DEVICE u64 weigh(const Row &row, float v) {
  const u64 w = (u64)(math::exp(v - row.top) * row.unit);
  return w ? w : 1;
}

// Sums of what is left: of weights, of weights times −u, and the largest u.
struct Sums {
  float all, depth, highest;
};

DEVICE Sums sums(const Row &row, Scratch &s) {
  u64 all = 0, depth = 0;
  float highest = -__builtin_inff();
  row.each([&](float v, int) {
    if (!row.stays(v)) return;
    const float u = v - row.top, e = math::exp(u) * row.unit;
    all += (u64)e, depth += (u64)(e * -u);
    highest = larger(u, highest);
  });
  sync_block(); // those of the last sums have been read
  sum_warp(all, s.of_warp);
  sum_warp(depth, s.other_of_warp);
  highest = row_max<kWarps>(highest); // waits for the block before and after it exchanges its own
  return {(float)sum_parts(s.of_warp), (float)sum_parts(s.other_of_warp), highest};
}

// What select goes by: places of y, each weighing one or its probability, or of negative distances, weighing that.
enum By { kCount, kShare, kNearness };

DEVICE u32 place(const Row &row, float v, By by) { return rank(by == kNearness ? -row.distance(v) : v); }

// The digit at which the weights, above what is known of digits before, pass what may be above: s.digit and s.above, for those who wait
// for the block. The first of digits finds what all weigh.
DEVICE void pass(Scratch &s, bool first, By by, float bound) {
  constexpr int own = kDigits / kThreads;
  const u32 t = (u32)thread(), lane = t % kWarp, warp = t / kWarp, top = kDigits - 1 - own * t;
  u64 w[own], sum = 0;
  UNROLL for (int i = 0; i < own; i++) sum += w[i] = s.weight(top - i);
  u64 before = sum;
  UNROLL for (int distance = 1; distance < kWarp; distance *= 2) {
    const u64 other = shuffle_up(before, distance);
    if (lane >= (u32)distance) before += other;
  }
  if (lane == kWarp - 1) s.of_warp[warp] = before;
  u64 above = first ? 0 : s.above, most = s.most;
  sync_block();
  if (first) { // nothing weighs less than one, so there is a digit at which all but one is passed
    const u64 all = sum_parts(s.of_warp);
    most = by == kCount ? (u64)bound + (bound > (float)(u64)bound) : high_product(all, (u64)(bound * 0x1p63f) << 1) + 1;
    most = most < all ? most : all;
    if (t == 0) s.most = most;
  }
  above += warp_sum(lane < warp ? s.of_warp[lane] : 0) + before - sum;
  UNROLL for (int i = 0; i < own; i++) {
    if (above < most && most <= above + w[i]) s.digit = top - i, s.above = above;
    above += w[i];
  }
}

// The last place in the order of what stays above which there weighs less than bound: a number, or a share below one.
DEVICE u32 select(const Row &row, Scratch &s, By by, float bound) {
  u32 prefix = 0;
  if (thread() == 0) s.most = 0;
  ROLL for (int round = 0; round < 3; round++) {
    const int shift = round == 0 ? 32 - kBits : round == 1 ? 32 - 2 * kBits : 0;
    const u32 known = round == 0 ? 0 : ~0u << (32 - kBits * round); // bits of the prefix; the last digit has one of them
    ROLL for (int i = thread(); i < kDigits; i += kThreads) s.low[slot((u32)i)] = s.high[slot((u32)i)] = 0;
    sync_block();
    row.each([&](float v, int) {
      const u32 r = place(row, v, by);
      if (!row.stays(v) || (r & known) != prefix) return;
      add_shared(s, r >> shift & (kDigits - 1), by == kCount ? 1 : weigh(row, v));
    });
    sync_block();
    pass(s, round == 0, by, bound);
    sync_block();
    prefix |= s.digit << shift;
  }
  return prefix;
}

// Finds what stays of the row, of which at least one column is above −∞ and none is above all numbers; false if all of it does.
DEVICE bool filter(Row &row, Scratch &s, const float *params) {
  bool any = false;
  ROLL for (int i = kTopK; i <= kEtaCutoff; i++) {
    const float p = params[i];
    if (!(p > 0) || (i == kTopK ? p >= (float)row.cols : (i == kTopP || i == kTypicalP) && p >= 1)) continue;
    any = true;
    Sums left{};
    if (i >= kTypicalP) left = sums(row, s);
    if (i == kTypicalP) row.mean = -left.depth / left.all;
    if (i == kTopK || i == kTopP || i == kTypicalP) {
      const float bound = ranked(select(row, s, i == kTopK ? kCount : i == kTopP ? kShare : kNearness, p));
      if (i == kTypicalP)
        row.far = -bound;
      else
        row.least = bound;
      continue;
    }
    const float log = math::log(p), all = math::log(left.all / row.unit), rare = 0.5f * log - left.depth / left.all;
    float bound = i == kMinP ? log : log + all, highest = i == kMinP ? 0 : left.highest;
    if (i == kEtaCutoff && rare < bound) bound = rare; // H being all + depth/all
    if (highest < bound) bound = highest;
    row.lowest = larger(row.lowest, bound);
  }
  return any;
}

// Divides the row, and finds the largest of it. Returns whether it has a NaN.
DEVICE bool divide(Row &row, const void *x, i64 from, int code, float temperature) {
  float top = -__builtin_inff(), nan = 0;
  const auto quotients = [&](float *v, word4 w, const Span &p) {
    unpack_span(v, w, code, p);
    UNROLL for (int j = 0; j < 4; j++) {
      v[j] /= temperature;
      if (j < p.count) {
        top = larger(v[j], top);
        if (v[j] != v[j]) nan = 1;
      }
    }
  };
  UNROLL for (int c = 0; c < kHeld; c += kAhead) {
    word4 w[kAhead];
    UNROLL for (int k = 0; k < kAhead; k++) w[k] = fetch_span(x, from, code, row.part(c + k));
    UNROLL for (int k = 0; k < kAhead; k++) quotients(row.y.span[c + k], w[k], row.part(c + k));
  }
  ROLL for (int c = kHeld; c * kWarps * kSpan < row.cols; c++) {
    const Span p = row.part(c);
    float v[4];
    quotients(v, fetch_span(x, from, code, p), p);
    store_span(row.dst, row.at(), kF32, p, v);
  }
  row.top = row_max<kWarps>(top);
  return row_max<kWarps>(nan) != 0;
}

// The first of the largest columns.
DEVICE int largest(const Row &row, Scratch &s) {
  u64 best = 0;
  row.each([&](float v, int column) {
    const u64 r = rank_at(v, column);
    best = r > best ? r : best;
  });
  best = warp_max(best);
  const int t = thread();
  if (t % kWarp == 0) s.of_warp[t / kWarp] = best;
  sync_block();
  return column_of(warp_max(t % kWarp < kWarps ? s.of_warp[t % kWarp] : 0));
}

KERNEL(kThreads)
warp_rows_any(float *dst, const void *x, const float *params, int cols, int ldd, int ldx, int ldparams, int x_code, int wide) {
  SHARED Scratch s;
  params += row_anew() * ldparams;
  Row row{dst, ldd, cols, wide != 0, {}, 0, -3.40282347e38f, -__builtin_inff(), 0, __builtin_inff(), 0};
  const float temperature = params[kTemperature] == 0 ? 1 : params[kTemperature];
  bool all = divide(row, x, row_anew() * ldx, x_code, temperature) || __builtin_fabsf(row.top) == __builtin_inff(); // nothing is cut
  int alone = -1; // the column that a greedy choice leaves
  if (!all && params[kGreedy] != 0) {
    alone = largest(row, s);
  } else if (!all) {
    int digits = 0;
    while (cols >> digits > 0) digits++;
    row.unit = math::power(62 - digits);
    all = !filter(row, s, params);
  }
  if (all && cols > kHeld * kWarps * kSpan) row.cols = kHeld * kWarps * kSpan; // dst has the others
  row.each_span([&](float *v, const Span &p, int c) {
    bool cut = false;
    UNROLL for (int j = 0; j < 4; j++)
      if (!all && j < p.count && (alone < 0 ? !row.stays(v[j]) : p.col + j * p.step != alone)) v[j] = -__builtin_inff(), cut = true;
    if (cut || c < kHeld) store_span(dst, row.at(), kF32, p, v);
  });
}
