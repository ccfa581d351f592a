// Scores over a temperature, and −∞ for what filters cut off (gpu.Warp).
#include "block.h"
#include "math.h"
#include "order.h"
#include "rows.h"

// warp_rows_any(dst, x, params, cols, ldd, ldx, ldparams, x_code, wide)
//
// Shapes      dst [rows, cols] f32, may be x; x [rows, cols]; params [rows, 8] f32. ld… are elements from row to row.
// Types       x of gpu.DType's numbers: f32, f16 or bf16.
// Alignment   that of the elements; with wide, bases and rows of dst and x are aligned to four elements.
// Launch      block 512, grid rows, no dynamic shared memory; cols up to 2²⁰.
// Numerics    in f32 (math.h), within the bounds that gpu.Warp states. Sums are of integers, so their order is of no account.
// Undefined   overlap of dst with x that is not the same view, or with params.
//
// dst holds the quotients y while filters judge them, a thread's columns always the same. All filters but typical_p leave the y from
// some bound on, and that leaves what is within a distance of the mean: so what stays is known from its value, and none is marked.
// A bound is found digit by digit of the place in the order (order.h), three of up to 11 bits, from what those that agree so far
// weigh: so a filter reads the row three times, from a cache as a rule.
constexpr int kThreads = 512, kWarps = kThreads / kWarp, kBits = 11, kDigits = 1 << kBits;

enum Param { kTemperature, kTopK, kTopP, kMinP, kTypicalP, kEpsilonCutoff, kEtaCutoff, kGreedy };

struct Scratch {
  u64 weight[kDigits];
  u64 of_warp[kWarps], other_of_warp[kWarps];
  u64 above;
  u32 digit;
};

// The number of a place in the order.
DEVICE float ranked(u32 r) { return __builtin_bit_cast(float, r >> 31 ? r & 0x7fffffffu : ~r); }

DEVICE u64 high_product(u64 a, u64 b) { return (u64)((unsigned __int128)a * b >> 64); }

DEVICE void add_shared(u64 *p, u64 x) { asm volatile("red.shared.add.u64 [%0], %1;" ::"r"(shared_address(p)), "l"(x) : "memory"); }

DEVICE u64 shuffle_up(u64 x, int distance) {
  const int low = __nvvm_shfl_sync_up_i32(0xffffffffu, (int)x, distance, 0);
  const int high = __nvvm_shfl_sync_up_i32(0xffffffffu, (int)(x >> 32), distance, 0);
  return (u64)(u32)high << 32 | (u32)low;
}

// Sums over the block: each warp's to parts, and of those, when the block has waited.
DEVICE void sum_warp(u64 x, u64 *parts) {
  UNROLL for (int mask = kWarp / 2; mask > 0; mask /= 2) x += shuffle_xor(x, mask);
  if (thread() % kWarp == 0) parts[thread() / kWarp] = x;
}
DEVICE u64 sum_parts(const u64 *parts) {
  u64 sum = 0;
  UNROLL for (int w = 0; w < kWarps; w++) sum += parts[w];
  return sum;
}

struct Row {
  float *y;
  i64 at;
  int cols;
  bool wide;

  // What stays: y not below least, u = y − top not below lowest, and u no further from mean than far.
  float top, least, lowest, mean, far;
  float unit; // what one weighs: the largest power of two of which as many as there are columns can be summed

  DEVICE float distance(float v) const { return __builtin_fabsf(v - top - mean); }
  DEVICE bool stays(float v) const { return v >= least && v - top >= lowest && distance(v) <= far; }

  // f(values, span) of the thread's columns.
  template <class F> DEVICE void each(F f) const {
    ROLL for (int first = thread() / kWarp * kSpan; first < cols; first += kWarps * kSpan) {
      const Span s = span(first, cols, wide);
      float v[4];
      unpack_span(v, fetch_span(y, at, kF32, s), kF32, s);
      f(v, s);
    }
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
  row.each([&](const float *v, const Span &p) {
    UNROLL for (int j = 0; j < 4; j++)
      if (j < p.count && row.stays(v[j])) {
        const float u = v[j] - row.top, e = math::exp(u) * row.unit;
        all += (u64)e, depth += (u64)(e * -u);
        highest = larger(u, highest);
      }
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

// The digit of all weights at which they pass `most` from above, above what is known of digits before: s.digit and s.above, for those
// who wait for the block. Returns what all weigh.
DEVICE void pass(Scratch &s, u64 above, u64 most) {
  constexpr int own = kDigits / kThreads;
  const u32 first = kDigits - 1 - own * (u32)thread(), lane = (u32)thread() % kWarp;
  u64 w[own], sum = 0;
  UNROLL for (int i = 0; i < own; i++) sum += w[i] = s.weight[first - i];
  u64 before = sum;
  UNROLL for (int distance = 1; distance < kWarp; distance *= 2) {
    const u64 other = shuffle_up(before, distance);
    if (lane >= (u32)distance) before += other;
  }
  if (lane == kWarp - 1) s.of_warp[thread() / kWarp] = before;
  sync_block();
  UNROLL for (int i = 0; i < kWarps; i++)
    if (i < thread() / kWarp) above += s.of_warp[i];
  above += before - sum;
  UNROLL for (int i = 0; i < own; i++) {
    if (above < most && most <= above + w[i]) s.digit = first - i, s.above = above;
    above += w[i];
  }
}

// The last place in the order of what stays above which there weighs less than bound: a number, or a share below one.
DEVICE u32 select(const Row &row, Scratch &s, By by, float bound) {
  u32 prefix = 0;
  u64 above = 0, most = 0;
  ROLL for (int round = 0; round < 3; round++) {
    const int shift = round == 0 ? 32 - kBits : round == 1 ? 32 - 2 * kBits : 0;
    const u32 known = round == 0 ? 0 : ~0u << (32 - kBits * round); // bits of the prefix; the last digit has one of them
    u64 all = 0;
    ROLL for (int i = thread(); i < kDigits; i += kThreads) s.weight[i] = 0;
    sync_block();
    row.each([&](const float *v, const Span &p) {
      UNROLL for (int j = 0; j < 4; j++)
        if (j < p.count && row.stays(v[j])) {
          const u32 r = place(row, v[j], by);
          if ((r & known) == prefix) {
            const u64 w = by == kCount ? 1 : weigh(row, v[j]);
            add_shared(&s.weight[r >> shift & (kDigits - 1)], w);
            all += w;
          }
        }
    });
    if (round == 0) { // nothing weighs less than one, so there is a digit at which all but one is passed
      sum_warp(all, s.of_warp);
      sync_block();
      all = sum_parts(s.of_warp);
      most = by == kCount ? (u64)bound + (bound > (float)(u64)bound) : high_product(all, (u64)(bound * 0x1p63f) << 1) + 1;
      most = most < all ? most : all;
    }
    sync_block();
    pass(s, above, most);
    sync_block();
    prefix |= s.digit << shift, above = s.above;
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

KERNEL(kThreads, 1)
warp_rows_any(float *dst, const void *x, const float *params, int cols, int ldd, int ldx, int ldparams, int x_code, int wide) {
  SHARED Scratch s;
  const i64 i = block_x(), from = i * ldx;
  params += i * ldparams;
  Row row{dst, i * ldd, cols, wide != 0, 0, -3.40282347e38f, -__builtin_inff(), 0, __builtin_inff(), 0};
  const float temperature = params[kTemperature] == 0 ? 1 : params[kTemperature];
  float top = -__builtin_inff(), nan = 0;
  ROLL for (int first = thread() / kWarp * kSpan; first < cols; first += kWarps * kSpan) {
    const Span p = span(first, cols, row.wide);
    float v[4] = {};
    unpack_span(v, fetch_span(x, from, x_code, p), x_code, p);
    UNROLL for (int j = 0; j < 4; j++)
      if (j < p.count) {
        v[j] /= temperature;
        top = larger(v[j], top);
        if (v[j] != v[j]) nan = 1;
      }
    store_span(dst, row.at, kF32, p, v);
  }
  row.top = top = row_max<kWarps>(top);
  if (row_max<kWarps>(nan) != 0 || __builtin_fabsf(top) == __builtin_inff()) return;

  int alone = -1; // the column that a greedy choice leaves
  if (params[kGreedy] != 0) {
    u64 best = 0;
    row.each([&](const float *v, const Span &p) {
      UNROLL for (int j = 0; j < 4; j++)
        if (j < p.count) {
          const u64 r = rank_at(v[j], p.col + j * p.step);
          best = r > best ? r : best;
        }
    });
    best = warp_max(best);
    if (thread() % kWarp == 0) s.of_warp[thread() / kWarp] = best;
    sync_block();
    UNROLL for (int w = 0; w < kWarps; w++) best = s.of_warp[w] > best ? s.of_warp[w] : best;
    alone = column_of(best);
  } else {
    int digits = 0;
    while (cols >> digits > 0) digits++;
    row.unit = math::power(62 - digits);
    if (!filter(row, s, params)) return;
  }
  row.each([&](float *v, const Span &p) {
    bool cut = false;
    UNROLL for (int j = 0; j < 4; j++)
      if (j < p.count && (alone < 0 ? !row.stays(v[j]) : p.col + j * p.step != alone)) v[j] = -__builtin_inff(), cut = true;
    if (cut) store_span(dst, row.at, kF32, p, v);
  });
}
