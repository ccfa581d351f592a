// What the kernels of attention share: their parameters, which queries and keys a block has, and what a query ends with.
//
// attention_<strategy>(dst, lse, part, fault, q, k, v, bias, qstart, qlen, kstart, klen, pages, heads, group, d, dv, qrows,
//                      krows, page_rows, page_magic, page_shift, radius, kmax, few, slots, chunk, chunks, ldd, ldl, ldq, ldk, ldv, ldb,
//                      ldp, causal, dst_code, q_code, kv_code, wide, scale, drop_limit, drop_kept, drop_low, drop_high)
//
// dst [qrows, heads·dv] = softmax(scale·q·kᵀ + bias)·v, head by head, sequence by sequence, without a matrix of scores
// (Milakov and Gimelshein 2018; Dao et al., FlashAttention, 2022; FlashAttention-2, 2023).
//
// Shapes      q [qrows, heads·d]; k, v [krows, heads/group·d and ·dv]: head h reads key head h/group. qlen, klen [sequences]
//             i32. Query r of sequence i is row qstart[i]+r; key r is row kstart[i]+r, or with pages [sequences, ·] i32,
//             pages[i, r/page_rows]·page_rows + r%page_rows. page_shift is s = ⌈log₂ page_rows⌉, and page_magic
//             ⌊2³²·(2ˢ − page_rows)/page_rows⌋ + 1 (see key_row). Rows outside every sequence are neither read nor written.
//             Query i of n stands at place i+(m−n) of m keys. With causal it sees no key after its place.
//             bias [2·radius+1, heads] f32 or null: row radius+clamp(key−place, −radius, radius) is added to the scores.
//             lse [qrows, heads] f32 or null: log of the sum of exp.
// Strides     ldd, ldl, ldq, ldk, ldv, ldb, ldp, in elements from row to row. ldp is that of pages.
// wide        q, k, v and dst may be accessed by 16 bytes: their addresses, strides, d and dv allow it.
// Launch      block 128. Grid: x the most of ⌈longest qlen/rows of a block⌉ and chunks, y heads, z sequences.
// Few queries A sequence of at most 16 queries and more than 256 keys is split: each chunk of 256 keys goes to part, and
//             attention_combine makes one of them. few is at least the longest qlen of such a sequence, part [sequences,
//             heads, few, slots, dv+2] f32, slots being chunks and one where chunk > 0: a launch serves chunks from chunk on, of
//             the sequences that are split; the others are served where chunk is 0. part may be null where none is split.
// drop        as in device.h, of probabilities; element (row of the query·heads + head)·kmax + key.
// Numerics    scores, maxima and sums in f32. The order of sums depends on a sequence's own lengths, d and dv alone. NaN
//             gives NaN; a query that sees no key, or of which all scores are −∞, gives zeros, and an lse of −∞.
// fault       see fault.h: of a sequence with rows outside qrows or krows, which is then left, or its key taken as zeros.
// Undefined   sequences of queries that share rows; overlap of outputs with other operands.
#pragma once
#include "fault.h"
#include "math.h"

struct Attention {
  void *dst;
  float *lse, *part;
  int *fault;
  const void *q, *k, *v;
  const float *bias;
  const int *qstart, *qlen, *kstart, *klen, *pages;
  int heads, group, d, dv, qrows, krows, page_rows;
  u32 page_magic;
  int page_shift, radius, kmax, few, slots, chunk, chunks;
  int ldd, ldl, ldq, ldk, ldv, ldb, ldp;
  int causal, dst_code, q_code, kv_code, wide;
  float scale;
  Drop drop;
};

#define ATTENTION_PARAMS                                                                                               \
  void *dst, float *lse, float *part, int *fault, const void *q, const void *k, const void *v, const float *bias,     \
      const int *qstart, const int *qlen, const int *kstart, const int *klen, const int *pages, int heads, int group, \
      int d, int dv, int qrows, int krows, int page_rows, int page_magic, int page_shift, int radius, int kmax, int few, int slots,   \
      int chunk, int chunks, int ldd, int ldl, int ldq, int ldk, int ldv, int ldb, int ldp, int causal, int dst_code, \
      int q_code, int kv_code, int wide, float scale, int drop_limit, float drop_kept, int drop_low, int drop_high

#define ATTENTION_OF_PARAMS                                                                                            \
  Attention {                                                                                                          \
    dst, lse, part, fault, q, k, v, bias, qstart, qlen, kstart, klen, pages, heads, group, d, dv, qrows, krows,        \
        page_rows, (u32)page_magic, page_shift, radius, kmax, few, slots, chunk, chunks, ldd, ldl, ldq, ldk, ldv, ldb, ldp, causal,     \
        dst_code, q_code, kv_code, wide, scale, Drop { (u32) drop_limit, drop_kept, (u32)drop_low, (u32)drop_high }    \
  }

constexpr float kNone = -__builtin_inff();
constexpr float kLog2E = 1.44269504f, kLn2 = 0.693147181f;

constexpr int kFewQueries = 16; // of a sequence whose keys may be split: one fragment of rows
constexpr int kChunk = 256;     // keys of a part

// Whether a sequence's keys are split. It asks for nothing but its own lengths, so what a sequence gives is the same in every batch.
DEVICE bool is_split(int queries, int keys) { return queries <= kFewQueries && keys > kChunk; }

// What a block does.
struct Work {
  int sequence, head;
  int queries, keys; // lengths of the sequence
  int qfirst, kfirst; // rows of its first query and, without pages, of its first key
  int first;         // query of the block's first row
  int begin, end;    // keys that some query of the block sees
  int slot;          // of part, negative if the result is final

  // False if there is nothing to do for this block of so many rows.
  template <int kRows> DEVICE bool find(const Attention &a) {
    sequence = block_z(), head = block_y();
    queries = a.qlen[sequence], keys = a.klen[sequence], qfirst = a.qstart[sequence];
    int x = block_x();
    begin = 0, end = keys, first = 0, slot = -1;
    if (a.part && is_split(queries, keys)) {
      begin = (a.chunk + x) * kChunk;
      if (x >= a.chunks || begin >= keys) return false;
      end = begin + kChunk < keys ? begin + kChunk : keys;
      slot = x + (a.chunk > 0);
    } else {
      const int tiles = (queries + kRows - 1) / kRows;
      if (a.chunk > 0 || x >= tiles) return false;
      first = (a.causal ? tiles - 1 - x : x) * kRows; // the longest first
    }
    if (queries <= 0) return false;
    if (a.causal) {
      const int seen = (first + kRows < queries ? first + kRows : queries) + keys - queries;
      end = seen < end ? seen : end;
    }
    kfirst = a.pages ? 0 : a.kstart[sequence];
    const bool inside = qfirst >= 0 && qfirst <= a.qrows - queries && keys >= 0 && kfirst >= 0 && (a.pages || kfirst <= a.krows - keys);
    if (!inside) report(a.fault, kFaultAttention);
    return inside;
  }

  // Keys before it are seen by the query.
  DEVICE int seen(const Attention &a, int query) const {
    const int own = query + keys - queries + 1;
    return a.causal && own < end ? own : end;
  }

  // Where a query's row of part is.
  DEVICE float *part(const Attention &a, int query) const {
    return a.part + ((((i64)sequence * a.heads + head) * a.few + query) * a.slots + slot) * (a.dv + 2);
  }
};

// The row of a key in k and v, or −1 where there is none. The quotient of two numbers below 2³¹ is by a product and a shift
// (Granlund and Montgomery, "Division by invariant integers using multiplication", 1994).
DEVICE int key_row(const Attention &a, const Work &w, int key) {
  if (key >= w.end) return -1;
  if (!a.pages) return w.kfirst + key;
  const int page = (int)(((u32)((u64)(u32)key * a.page_magic >> 32) + (u32)key) >> a.page_shift);
  const i64 row = (i64)a.pages[(i64)w.sequence * a.ldp + page] * a.page_rows + (key - page * a.page_rows);
  if (row >= 0 && row < a.krows) return (int)row;
  report(a.fault, kFaultAttention);
  return -1;
}

// The bias of a key so many places after the query, in base 2.
DEVICE float bias_at(const Attention &a, const Work &w, int distance) {
  distance = distance < -a.radius ? -a.radius : distance > a.radius ? a.radius : distance;
  return a.bias[(i64)(a.radius + distance) * a.ldb + w.head] * kLog2E;
}

// log x of x ≥ ½, within 4 u: x is 2ⁿ·m, m from √½ to √2, and log m = 2·artanh f = 2(f + f³/3 + …), f = (m−1)/(m+1), whose
// terms after f⁹/9 are below 1e-9. n·log 2 in two parts, as in math.h.
DEVICE float natural_log(float x) {
  const u32 bits = __builtin_bit_cast(u32, x);
  const int n = (int)(bits - 0x3f3504f3) >> 23;
  const float m = __builtin_bit_cast(float, bits - ((u32)n << 23)), f = (m - 1) / (m + 1), g = f * f;
  float p = __builtin_fmaf(g, 2.0f / 9, 2.0f / 7);
  p = __builtin_fmaf(g, p, 2.0f / 5);
  p = __builtin_fmaf(g, p, 2.0f / 3);
  const float log = __builtin_fmaf((float)n, 0.693359375f, __builtin_fmaf((float)n, -2.12194440e-4f, __builtin_fmaf(f * g, p, 2 * f)));
  return x - x == 0 ? log : x; // infinite or NaN
}

// log of the sum of exp, of the maximum in base 2 and the sum relative to it.
DEVICE float log_sum(float max, float sum) { return sum == 0 ? kNone : __builtin_fmaf(max, kLn2, natural_log(sum)); }
