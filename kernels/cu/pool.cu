// Reduction of the rows of each sequence to one: its first, last, mean, sum or maximum.
#include "fault.h"
#include "rows.h"

// pool_sequences_any(dst, fault, x, start, len, pages, sequences, cols, x_rows, page_rows, page_cols, ldd, ldx, ldpages,
//                    dst_code, x_code, wide, kind, add)
//
// Shapes      dst [sequences, cols], x [x_rows, cols]; start, len [sequences] i32, pages [sequences, page_cols] i32. Row r of a
//             sequence is start+r, or with pages pages[r/page_rows]·page_rows + r%page_rows. Without len there is one sequence, of
//             all rows. ld… are elements from row to row.
// Types       of gpu.DType's numbers: f32, f16 or bf16 each. kind is a gpu.PoolKind: 0 first, 1 last, 2 mean, 3 sum, 4 maximum.
// Alignment   that of the elements; with wide, base and rows of x are aligned to four elements.
// Launch      block 256, grid sequences·⌈cols/128⌉ < 2³¹, no dynamic shared memory.
// Numerics    sums in f32: rows of equal remainder by 8 one after the other, then the eight sums. add adds to dst in f32.
// Edges       no rows give zeros. A maximum of NaN and others is NaN.
// Faults      a row outside x, or on no page, counts as zeros, a negative length as none.
// Undefined   other kinds; overlap of dst with another operand.
constexpr int kThreads = 256, kWarps = kThreads / kWarp;
enum Kind { kFirst, kLast, kMean, kSum, kMax };

struct Rows {
  const int *pages; // of the sequence
  int first, page_rows, page_cols, x_rows;

  // Row r of the sequence in x, or −1.
  DEVICE int operator()(int r) const {
    i64 row;
    if (pages) {
      if (r / page_rows >= page_cols) return -1;
      row = (i64)pages[r / page_rows] * page_rows + r % page_rows;
    } else {
      row = (i64)first + r;
    }
    return row >= 0 && row < x_rows ? (int)row : -1;
  }
};

DEVICE float combine(int kind, float a, float b) {
  if (kind == kMax) return a > b || a != a ? a : b;
  return a + b;
}

KERNEL(kThreads, 3)
pool_sequences_any(void *dst, int *fault, const void *x, const int *start, const int *len, const int *pages, int, int cols,
                   int x_rows, int page_rows, int page_cols, int ldd, int ldx, int ldpages, int dst_code, int x_code,
                   int wide, int kind, int add) {
  SHARED float parts[kWarps][kSpan];
  const int warp = thread() / kWarp, of_row = (cols + kSpan - 1) / kSpan, sequence = block_x() / of_row;
  const int first = block_x() % of_row * kSpan;
  const Span s = span(first, cols, wide);
  int n = len ? len[sequence] : x_rows;
  bool bad = n < 0;
  if (bad) n = 0;
  const Rows rows{pages ? pages + (i64)sequence * ldpages : nullptr, start ? start[sequence] : 0, page_rows, page_cols, x_rows};

  const float none = kind == kMax && n > 0 ? -__builtin_inff() : 0;
  float y[4] = {none, none, none, none};
  int r = warp, end = n;
  if (kind == kFirst && end > 1) end = 1;
  if (kind == kLast && warp == 0) r = n > 0 ? n - 1 : 0;
  if (kind == kLast && warp > 0) end = 0;
  constexpr int ahead = 4; // rows on their way at a time
  ROLL for (; r < end; r += ahead * kWarps) {
    word4 w[ahead];
    UNROLL for (int k = 0; k < ahead; k++) {
      const bool in = r + k * kWarps < end;
      const int row = in ? rows(r + k * kWarps) : -1;
      bad |= in && row < 0;
      w[k] = row < 0 ? word4{} : fetch_span(x, (i64)row * ldx, x_code, s);
    }
    UNROLL for (int k = 0; k < ahead; k++)
      if (r + k * kWarps < end) {
        float v[4];
        unpack_span(v, w[k], x_code, s);
        UNROLL for (int j = 0; j < 4; j++) y[j] = combine(kind, y[j], v[j]);
      }
  }
  if (bad && thread() % kWarp == 0) report(fault, kFaultPool);
  store_span(&parts[warp][0], -first, kF32, s, y);
  sync_block();

  const int col = first + thread();
  if (thread() >= kSpan || col >= cols) return;
  float v = parts[0][thread()];
  UNROLL for (int w = 1; w < kWarps; w++) v = combine(kind, v, parts[w][thread()]);
  if (kind == kMean && n > 0) v /= (float)n;
  const i64 at = (i64)sequence * ldd + col;
  store_as(dst, at, dst_code, add ? load_as(dst, at, dst_code) + v : v);
}
