// The k largest of each row, largest first, of equal ones the first first; NaN is larger than any number.
#include "order.h"

// topk_rows_any(value, index, x, cols, k, ldvalue, ldindex, ldx, x_code)
//
// Shapes      value [rows, k] f32, may be null; index [rows, k] i32; x [rows, cols]; 1 ≤ k ≤ cols. ld… are elements from row to
//             row.
// Types       x of gpu.DType's numbers: f32, f16 or bf16.
// Alignment   that of the elements.
// Launch      block 256, grid rows, no dynamic shared memory.
// Undefined   overlap of an output with another operand.
//
// In rounds of up to 1024: the place in the order (order.h) of a round's last number is found digit by digit, of 8 bits, from
// counts of the numbers that agree so far; those not behind it are put into shared memory in the order of columns, and sorted.
// So a row is read five times a round.
constexpr int kThreads = 256, kWarps = kThreads / kWarp, kMost = 1024, kDigits = 256;

struct Row {
  const void *x;
  i64 first;
  int cols, code;
  u64 before; // the last place of the round before: only those behind it are left

  DEVICE u32 at(int j) const { return rank(load_as(x, first + j, code)); }
  DEVICE bool left(u32 r, int j) const { return ((u64)r << 32 | ~(u32)j) < before; }
};

struct Scratch {
  u64 found[kMost];
  u32 counts[kDigits];
  u32 of_warp[2][kWarps];
  u32 prefix, needed;
};

DEVICE void add_shared(u32 *p) { asm volatile("red.shared.add.u32 [%0], 1;" ::"r"(shared_address(p)) : "memory"); }

// Where the count of a digit is: a lane of find has eight neighbouring digits, and lanes read neighbouring words.
DEVICE u32 slot(u32 digit) { return digit % 8 * kWarp + digit / 8; }

// By a warp: of each digit how many have a larger one. Where that passes needed is the next digit of the prefix.
DEVICE void extend(Scratch &s, int shift) {
  const u32 lane = (u32)thread(), top = kWarp - 1 - lane, prefix = s.prefix, needed = s.needed;
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
    if (above < needed && needed <= above + own[i]) s.prefix = prefix | (8 * top + (u32)i) << shift, s.needed = needed - above;
    above += own[i];
  }
}

// The rank of the n-th of those left, and how many of that rank are among the n: prefix and needed of the scratch, for those
// who wait for the block.
DEVICE void find(const Row &row, Scratch &s, int n) {
  if (thread() == 0) s.prefix = 0, s.needed = (u32)n;
  ROLL for (int shift = 24; shift >= 0; shift -= 8) {
    s.counts[thread()] = 0;
    sync_block();
    const u32 prefix = s.prefix, mask = shift == 24 ? 0 : ~0u << (shift + 8);
    ROLL for (int j = thread(); j < row.cols; j += kThreads) {
      const u32 r = row.at(j);
      if ((r & mask) == prefix && row.left(r, j)) add_shared(&s.counts[slot(r >> shift & (kDigits - 1))]);
    }
    sync_block();
    if (thread() < kWarp) extend(s, shift);
    sync_block();
  }
}

// Puts the n first of those left into the scratch, the rest of it zero.
DEVICE void collect(const Row &row, Scratch &s, int n) {
  ROLL for (int i = thread(); i < kMost; i += kThreads) s.found[i] = 0;
  const u32 last = s.prefix, ties = s.needed, lane = (u32)thread() % kWarp, warp = (u32)thread() / kWarp, below = (1u << lane) - 1;
  u32 larger = 0, equal = (u32)n - ties; // where the next go: those of rank last behind all larger ones
  ROLL for (int base = 0; base < row.cols; base += kThreads) {
    const int j = base + thread();
    const u32 r = j < row.cols ? row.at(j) : 0;
    const bool in = j < row.cols && row.left(r, j);
    const u32 more = ballot(in && r > last), same = ballot(in && r == last);
    if (lane == 0) s.of_warp[0][warp] = (u32)__builtin_popcount(more), s.of_warp[1][warp] = (u32)__builtin_popcount(same);
    sync_block();
    u32 a = larger + (u32)__builtin_popcount(more & below), b = equal + (u32)__builtin_popcount(same & below);
    UNROLL for (u32 w = 0; w < kWarps; w++) {
      if (w < warp) a += s.of_warp[0][w], b += s.of_warp[1][w];
      larger += s.of_warp[0][w], equal += s.of_warp[1][w];
    }
    if (in && r > last) s.found[a] = (u64)r << 32 | ~(u32)j;
    if (in && r == last && b < (u32)n) s.found[b] = (u64)r << 32 | ~(u32)j;
    sync_block();
  }
}

// Sorts the first `size`, a power of two, the largest first (Batcher's bitonic sort).
DEVICE void sort(u64 *v, int size) {
  ROLL for (int run = 2; run <= size; run *= 2) {
    ROLL for (int gap = run / 2; gap > 0; gap /= 2) {
      ROLL for (int i = thread(); i < size; i += kThreads) {
        const int j = i ^ gap;
        if (j > i && (v[i] < v[j]) == ((i & run) == 0)) {
          const u64 t = v[i];
          v[i] = v[j], v[j] = t;
        }
      }
      sync_block();
    }
  }
}

KERNEL(kThreads)
topk_rows_any(float *value, int *index, const void *x, int cols, int k, int ldvalue, int ldindex, int ldx, int x_code) {
  SHARED Scratch s;
  const i64 i = block_x();
  Row row{x, i * ldx, cols, x_code, ~0ull};
  ROLL for (int done = 0; done < k; done += kMost) {
    const int n = k - done < kMost ? k - done : kMost;
    find(row, s, n);
    collect(row, s, n);
    int size = 1;
    while (size < n) size *= 2;
    sort(s.found, size);
    ROLL for (int o = thread(); o < n; o += kThreads) {
      const int column = column_of(s.found[o]);
      index[i * ldindex + done + o] = column;
      if (value) value[i * ldvalue + done + o] = load_as(x, row.first + column, x_code);
    }
    row.before = s.found[n - 1];
  }
}
