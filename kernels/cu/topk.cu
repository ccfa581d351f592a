// The k largest of each row, largest first, of equal ones the first first; NaN is larger than any number.
#include "held.h"
#include "order.h"

// topk_first_any(value, index, x, cols, k, ldvalue, ldindex, ldx, x_code, wide)
// topk_rows_any(…)
//
// Shapes      value [rows, k] f32, may be null; index [rows, k] i32; x [rows, cols]; 1 ≤ k ≤ cols, of topk_first k is 1. ld… are
//             elements from row to row.
// Types       x of gpu.DType's numbers: f32, f16 or bf16.
// Alignment   that of the elements; with wide, base and rows of x are aligned to four elements.
// Launch      block 1024, grid rows, no dynamic shared memory; cols up to 2³⁰.
// Undefined   overlap of an output with another operand.
//
// topk_first reads a row once.
//
// topk_rows holds the first 32768 columns of a row in registers and reads the others anew whenever it goes through the row. In rounds
// of up to 1024: the place in the order (order.h) of a round's last number is found digit by digit, of 8 bits, from counts of those
// that agree so far, until all that still agree are among the round's; those not behind it are put into shared memory and sorted.
// Only where equal numbers are on both sides of the border do digits of columns follow those of the number: so it goes through a row
// up to five times a round, or up to nine.
constexpr int kThreads = 1024, kWarps = kThreads / kWarp, kMost = 1024, kDigits = 256;
constexpr int kHeld = 8, kAhead = 4; // spans of a thread: that it holds, that are on their way at a time

struct Source {
  const void *x;
  int ldx, cols, code;
  bool wide;

  // The thread's span number c, which has nothing behind the end of the row.
  DEVICE Span part(int c) const { return span_of_block<kThreads>(c, cols, wide); }
  DEVICE word4 fetch(const Span &s) const { return fetch_span(x, row_anew() * ldx, code, s); }

  // Ranks of a span, 0 where it has no number.
  DEVICE void ranks(u32 *r, word4 w, const Span &s) const {
    float v[4];
    unpack_span(v, w, code, s);
    UNROLL for (int j = 0; j < 4; j++) r[j] = j < s.count ? rank(v[j]) : 0;
  }
};

KERNEL(kThreads)
topk_first_any(float *value, int *index, const void *x, int cols, int, int ldvalue, int ldindex, int ldx, int x_code, int wide) {
  SHARED u64 parts[kWarps];
  const i64 i = block_x();
  const Source row{x, ldx, cols, x_code, wide != 0};
  u32 best = 0, column = 0; // a thread meets its columns in their order
  ROLL for (int c = 0; c * kWarps * kSpan < cols; c += kAhead) {
    Span s[kAhead];
    word4 w[kAhead];
    UNROLL for (int k = 0; k < kAhead; k++) w[k] = row.fetch(s[k] = row.part(c + k));
    UNROLL for (int k = 0; k < kAhead; k++) {
      u32 r[4];
      row.ranks(r, w[k], s[k]);
      UNROLL for (int j = 0; j < 4; j++)
        if (r[j] > best) best = r[j], column = (u32)(s[k].col + j * s[k].step);
    }
  }
  const u64 of_warp = warp_max((u64)best << 32 | ~column);
  if (thread() % kWarp == 0) parts[thread() / kWarp] = of_warp;
  sync_block();
  if (thread() >= kWarp) return;
  const int first = column_of(warp_max(parts[thread()]));
  if (thread() != 0) return;
  index[i * ldindex] = first;
  if (value) value[i * ldvalue] = load_as(x, i * ldx + first, x_code);
}

struct Row : Source {
  u64 before = ~0ull; // the last place of the round before: only those behind it are left
  Held<u32, kHeld> held;

  DEVICE Row(const Source &s) : Source(s) {
    UNROLL for (int c = 0; c < kHeld; c += kAhead) {
      word4 w[kAhead];
      UNROLL for (int k = 0; k < kAhead; k++) w[k] = fetch(part(c + k));
      UNROLL for (int k = 0; k < kAhead; k++) ranks(held.span[c + k], w[k], part(c + k));
    }
  }

  // f(place) of the thread's columns that are left; held has ranks.
  template <class F> DEVICE void each(F f) const {
    ROLL for (int c = 0; c * kWarps * kSpan < cols; c++) {
      u32 r[4];
      const Span s = part(c);
      if (c < kHeld)
        held.get(r, c);
      else
        ranks(r, fetch(s), s);
      UNROLL for (int j = 0; j < 4; j++) {
        const u64 place = (u64)r[j] << 32 | ~(u32)(s.col + j * s.step);
        if (r[j] != 0 && place < before) f(place);
      }
    }
  }
};

// Where the count of a digit is: the eight neighbours that a lane of extend has are apart from those of other lanes by an odd number
// of banks.
DEVICE constexpr u32 slot(u32 digit) { return digit + digit / 8; }

struct Scratch {
  u64 found[kMost];
  u32 counts[slot(kDigits)];
  u64 prefix;
  u32 needed, agree; // of those that agree with the prefix how many are needed, and how many there are
  u32 taken;
};

DEVICE void add_shared(u32 *p) { asm volatile("red.shared.add.u32 [%0], 1;" ::"r"(shared_address(p)) : "memory"); }
DEVICE u32 next_shared(u32 *p) {
  u32 old;
  asm volatile("atom.shared.add.u32 %0, [%1], 1;" : "=r"(old) : "r"(shared_address(p)) : "memory");
  return old;
}

// By a warp: of each digit how many have a larger one. Where that passes needed is the next digit of the prefix.
DEVICE void extend(Scratch &s, int shift) {
  const u32 lane = (u32)thread(), top = kWarp - 1 - lane, needed = s.needed;
  const u64 prefix = s.prefix;
  sync_warp(); // before one lane changes them
  u32 own[8], sum = 0;
  UNROLL for (u32 i = 0; i < 8; i++) sum += own[i] = s.counts[slot(8 * top + i)];
  u32 above = sum;
  UNROLL for (int distance = 1; distance < kWarp; distance *= 2) {
    const u32 other = (u32)__nvvm_shfl_sync_up_i32(0xffffffffu, (int)above, distance, 0);
    if (lane >= (u32)distance) above += other;
  }
  above -= sum;
  UNROLL for (int i = 7; i >= 0; i--) {
    if (above < needed && needed <= above + own[i])
      s.prefix = prefix | (u64)(8 * top + (u32)i) << shift, s.needed = needed - above, s.agree = own[i];
    above += own[i];
  }
}

// The least place of the n first of those left.
DEVICE u64 find(const Row &row, Scratch &s, int n) {
  if (thread() == 0) s.prefix = 0, s.needed = (u32)n, s.agree = ~0u, s.taken = 0;
  sync_block();
  ROLL for (int shift = 56; shift >= 0 && s.agree != s.needed; shift -= 8) {
    const u64 prefix = s.prefix;
    if (thread() < kDigits) s.counts[slot((u32)thread())] = 0;
    sync_block();
    if (shift < 32 && (row.cols - 1) >> shift == 0) { // no column has this digit, nor has its complement another
      if (thread() == 0) s.prefix = prefix | (u64)(kDigits - 1) << shift;
    } else {
      row.each([&](u64 place) {
        if ((place ^ prefix) >> shift < kDigits) add_shared(&s.counts[slot((u32)(place >> shift) & (kDigits - 1))]);
      });
      sync_block();
      if (thread() < kWarp) extend(s, shift);
    }
    sync_block();
  }
  return s.prefix;
}

// Sorts the first `size`, a power of two, the largest first (Batcher's bitonic sort).
DEVICE void sort(u64 *v, int size) {
  ROLL for (int run = 2; run <= size; run *= 2) {
    ROLL for (int gap = run / 2; gap > 0; gap /= 2) {
      const int i = thread(), j = i ^ gap;
      if (i < size && j > i && (v[i] < v[j]) == ((i & run) == 0)) {
        const u64 t = v[i];
        v[i] = v[j], v[j] = t;
      }
      sync_block();
    }
  }
}

KERNEL(kThreads)
topk_rows_any(float *value, int *index, const void *x, int cols, int k, int ldvalue, int ldindex, int ldx, int x_code, int wide) {
  static_assert(kMost == kThreads, "a number of a round for each thread");
  SHARED Scratch s;
  Row row(Source{x, ldx, cols, x_code, wide != 0});
  ROLL for (int done = 0; done < k; done += kMost) {
    const int n = k - done < kMost ? k - done : kMost;
    const u64 last = find(row, s, n);
    s.found[thread()] = 0;
    sync_block();
    row.each([&](u64 place) {
      if (place >= last) s.found[next_shared(&s.taken)] = place;
    });
    sync_block();
    int size = 1;
    while (size < n) size *= 2;
    sort(s.found, size);
    if (thread() < n) {
      const int column = column_of(s.found[thread()]);
      const i64 i = row_anew();
      index[i * ldindex + done + thread()] = column;
      if (value) value[i * ldvalue + done + thread()] = load_as(x, i * ldx + column, x_code);
    }
    row.before = s.found[n - 1];
    sync_block(); // before the next round changes it
  }
}
