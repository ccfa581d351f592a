// Attention of packed sequences without a matrix of scores: softmax(scale·Q·Kᵀ)·V tile by tile, with a running maximum and sum
// (Dao et al., FlashAttention, 2022; FlashAttention-2, 2023).
#include "device.h"

// attention_flash<d>_<dtype>(dst, q, k, v, qstart, qlen, kstart, klen, ldd, ldq, ldk, ldv, scale)
//
// Shapes      dst, q [·, heads·d], k, v [·, heads·d] of dtype, d being 32 or 64; qstart, qlen, kstart, klen [sequences] i32.
//             Row r of sequence i is start[i]+r; every one of its queries sees all klen[i] keys, which may be none: then the
//             result is zero. Rows outside every sequence are neither read nor written.
// Alignment   pointers to dtype to 16 bytes; ldd, ldq, ldk, ldv (elements from row to row) multiples of 8.
// Launch      block 128, grid ⌈longest qlen/64⌉, heads, sequences; no dynamic shared memory.
// scale       of the scores, times log₂ e; positive.
// Numerics    scores, maximum and sum in f32, probabilities rounded to dtype for the second product. A sequence's result
//             depends on no other sequence. NaN gives NaN; a query of which all scores are −∞ gives zero.
// Undefined   negative lengths; sequences of queries that share rows; overlap of dst with other operands.
//
// A warp has 16 queries and sees 64 keys at a time. While the block works on one tile of K and V the next one arrives.
constexpr int kThreads = 128, kRows = 64;
constexpr float kNone = -__builtin_inff();

template <class T, int d> struct Tile {
  static constexpr int kChunks = d / 8, kBytes = kRows * d * 2;
  static constexpr int kPass = kThreads / kChunks, kPasses = kRows / kPass; // rows at once; a multiple of 8, so that their swizzle is the same

  // A thread's share of copying tiles of a matrix, from its first row on.
  const T *from;
  i64 pass;
  int left; // rows from the thread's first one on

  DEVICE Tile(const T *matrix, int ld, int first, int rows) {
    const int row = thread() / kChunks;
    from = matrix + (i64)(first + row) * ld + thread() % kChunks * 8;
    pass = (i64)kPass * ld;
    left = rows - row;
  }

  // Copies the next tile. Rows that the sequence does not have become zero.
  DEVICE void copy(u32 shared) {
    const u32 to = shared + swizzled<kChunks>(thread() / kChunks, thread() % kChunks);
    UNROLL for (int i = 0; i < kPasses; i++) {
      copy16(to + i * kPass * d * 2, from, i * kPass < left ? 16 : 0);
      from += pass;
    }
    left -= kRows;
  }
};

// s = q·kᵀ for 16 queries and 64 keys; b is the lane's address of the first 16 keys. Columns of d, 16 at a time, differ in bits
// 5 and up of the address.
template <class T, int d, int key = 0> DEVICE void scores(float (*s)[4], const u32 (*q)[4], u32 b) {
  UNROLL for (int i = 0; i < d / 16; i++) {
    u32 m[4];
    load_matrix<key * d * 2>(m, b ^ (i * 32));
    mma<T>(s[key / 8], q[i], m);
    mma<T>(s[key / 8 + 1], q[i], m + 2);
  }
  if constexpr (key + 16 < kRows) scores<T, d, key + 16>(s, q, b);
}

// o += p·v for 64 keys and d columns.
template <class T, int d, int key = 0> DEVICE void values(float (*o)[4], const u32 (*p)[4], u32 b) {
  UNROLL for (int i = 0; i < d / 16; i++) {
    u32 m[4];
    load_matrix_trans<key * d * 2>(m, b ^ (i * 32));
    mma<T>(o[2 * i], p[key / 16], m);
    mma<T>(o[2 * i + 1], p[key / 16], m + 2);
  }
  if constexpr (key + 16 < kRows) values<T, d, key + 16>(o, p, b);
}

// The greatest of four neighbouring lanes, which have a row together, and their sum.
DEVICE float row_max(float x) {
  x = __nvvm_fmax_f(x, shuffle_xor(x, 1));
  return __nvvm_fmax_f(x, shuffle_xor(x, 2));
}
DEVICE float row_sum(float x) {
  x += shuffle_xor(x, 1);
  return x + shuffle_xor(x, 2);
}

// One of a thread's two rows: what is known after the tiles so far.
struct Running {
  float max, sum; // of raw scores; of exp(score − max), this lane's columns alone
};

// Turns scores into probabilities relative to the maximum so far, and what came before with them.
template <class T, int d> DEVICE void soften(Running *run, float (*s)[4], float (*o)[4], float scale) {
  UNROLL for (int h = 0; h < 2; h++) {
    float top = run[h].max;
    UNROLL for (int j = 0; j < kRows / 8; j++) top = __nvvm_fmax_f(top, __nvvm_fmax_f(s[j][2 * h], s[j][2 * h + 1]));
    top = row_max(top);
    const float shift = top == kNone ? 0 : top * scale; // of a row without a score above −∞ all exponents are −∞
    const float keep = exp2_approx(__builtin_fmaf(run[h].max, scale, -shift));
    run[h].max = top;
    run[h].sum *= keep;
    UNROLL for (int i = 0; i < d / 8; i++) {
      o[i][2 * h] *= keep;
      o[i][2 * h + 1] *= keep;
    }
    UNROLL for (int j = 0; j < kRows / 8; j++) UNROLL for (int e = 2 * h; e < 2 * h + 2; e++) {
      s[j][e] = exp2_approx(__builtin_fmaf(s[j][e], scale, -shift));
      run[h].sum += s[j][e];
    }
  }
}

template <class T, int d>
DEVICE void flash(T *dst, const T *q, const T *k, const T *v, const int *qstart, const int *qlen, const int *kstart,
                  const int *klen, int ldd, int ldq, int ldk, int ldv, float scale) {
  using Copy = Tile<T, d>;
  SHARED char shared[5 * Copy::kBytes];
  const int sequence = block_z(), head = block_y() * d, q0 = block_x() * kRows;
  const int queries = qlen[sequence], keys = klen[sequence];
  if (q0 >= queries) return;
  const u32 tile_q = shared_address(shared), tile_k = tile_q + Copy::kBytes, tile_v = tile_k + 2 * Copy::kBytes;
  Copy copy_q(q + head, ldq, qstart[sequence] + q0, queries - q0);
  Copy copy_k(k + head, ldk, kstart[sequence], keys), copy_v(v + head, ldv, kstart[sequence], keys);
  copy_q.copy(tile_q);
  copy_k.copy(tile_k);
  copy_v.copy(tile_v);
  copy_commit();
  copy_wait<0>();
  sync_block();

  const int lane = thread() % kWarp, warp = thread() / kWarp;
  u32 fq[d / 16][4];
  UNROLL for (int i = 0; i < d / 16; i++)
    load_matrix<0>(fq[i], tile_q + swizzled<Copy::kChunks>(warp * 16 + lane % 16, 2 * i + lane / 16));
  const u32 read_k = tile_k + swizzled<Copy::kChunks>(lane % 8 + lane / 16 * 8, lane / 8 % 2);
  const u32 read_v = tile_v + swizzled<Copy::kChunks>(lane % 16, lane / 16);

  Running run[2] = {{kNone, 0}, {kNone, 0}};
  float o[d / 8][4] = {};
  u32 reading = 0;
  ROLL for (int left = keys; left > 0; left -= kRows) {
    if (left < keys) {
      copy_wait<0>();
      sync_block(); // the tile has landed, and nobody reads the one before, which is overwritten next
    }
    if (left > kRows) {
      copy_k.copy(tile_k + (reading ^ Copy::kBytes));
      copy_v.copy(tile_v + (reading ^ Copy::kBytes));
      copy_commit();
    }
    float s[kRows / 8][4] = {};
    scores<T, d>(s, fq, read_k + reading);
    if (left < kRows)
      UNROLL for (int j = 0; j < kRows / 8; j++) UNROLL for (int e = 0; e < 4; e++)
        if (j * 8 + lane % 4 * 2 + e % 2 >= left) s[j][e] = kNone;
    soften<T, d>(run, s, o, scale);
    u32 p[kRows / 16][4];
    UNROLL for (int j = 0; j < kRows / 8; j++) {
      p[j / 2][j % 2 * 2] = pack<T>(s[j][0], s[j][1]);
      p[j / 2][j % 2 * 2 + 1] = pack<T>(s[j][2], s[j][3]);
    }
    values<T, d>(o, p, read_v + reading);
    reading ^= Copy::kBytes;
  }

  UNROLL for (int h = 0; h < 2; h++) {
    const float sum = row_sum(run[h].sum), inverse = sum == 0 ? 0 : 1 / sum;
    const int row = q0 + warp * 16 + lane / 4 + h * 8;
    if (row >= queries) continue;
    T *to = dst + (i64)(qstart[sequence] + row) * ldd + head + lane % 4 * 2;
    UNROLL for (int i = 0; i < d / 8; i++) *(u32 *)(to + 8 * i) = pack<T>(o[i][2 * h] * inverse, o[i][2 * h + 1] * inverse);
  }
}

#define FLASH(d, T)                                                                                                    \
  KERNEL(kThreads)                                                                                                     \
  attention_flash##d##_##T(T *dst, const T *q, const T *k, const T *v, const int *qstart, const int *qlen,             \
                           const int *kstart, const int *klen, int ldd, int ldq, int ldk, int ldv, float scale) {      \
    flash<T, d>(dst, q, k, v, qstart, qlen, kstart, klen, ldd, ldq, ldk, ldv, scale);                                  \
  }

FLASH(32, f16)
FLASH(64, f16)
#if __CUDA_ARCH__ >= 800
FLASH(32, bf16)
FLASH(64, bf16)
#endif
