// Attention on tensor cores without a matrix of scores: a warp keeps 16 queries, their maxima, sums and results in registers, and sees
// a tile of 64 keys at a time (FlashAttention-2, Dao 2023). Three rungs, each with one idea more:
//
// tiles    Rows stand in a tile as in memory, 128 bytes under each other: the eight that ldmatrix takes meet in the same banks. A
//          block brings K and V of a tile, waits, and works, while no memory is read.
// swizzle  Chunks of 16 bytes change places with the row, so that no bank is met twice.
// eager    V comes while scores are computed, and the next K while values are added. One tile of each is enough for it; with two,
//          which cu/attention_flash.h has, a tile has twice the time to come and a block waits once a tile and not twice.
#include "device.h"

constexpr int kThreads = 128, kTile = 64, kD = 64, kRow = kD * 2, kTileBytes = kTile * kRow;

struct Plain {
  static constexpr bool kSwizzle = false, kEager = false;
};
struct Swizzled {
  static constexpr bool kSwizzle = true, kEager = false;
};
struct Eager {
  static constexpr bool kSwizzle = true, kEager = true;
};

template <class Rung> DEVICE u32 place(int row, int chunk) {
  return Rung::kSwizzle ? swizzled<kRow / 16>(row, chunk) : (u32)(row * kRow + chunk * 16);
}

template <class Rung> DEVICE void bring(u32 tile, const bf16 *from, int ld) {
  UNROLL for (int i = 0; i < kTile / 16; i++) {
    const int row = i * 16 + thread() / 8, chunk = thread() % 8;
    copy16(tile + place<Rung>(row, chunk), from + (i64)row * ld + chunk * 8, 16);
  }
  copy_commit();
}

// What was brought has landed, and nobody reads what comes next over it.
DEVICE void landed() {
  copy_wait<0>();
  sync_block();
}

// Scores s of a tile become probabilities relative to the maximum so far; sums and results follow.
DEVICE void soften(float *max, float *sum, float (*s)[4], float (*o)[4], float scale) {
  UNROLL for (int h = 0; h < 2; h++) {
    float top = max[h];
    UNROLL for (int j = 0; j < kTile / 8; j++) top = __nvvm_fmax_f(top, __nvvm_fmax_f(s[j][2 * h], s[j][2 * h + 1]));
    UNROLL for (int mask = 1; mask < 4; mask *= 2) top = __nvvm_fmax_f(top, shuffle_xor(top, mask));
    const float keep = exp2_approx((max[h] - top) * scale);
    max[h] = top, sum[h] *= keep;
    UNROLL for (int i = 0; i < kD / 8; i++) o[i][2 * h] *= keep, o[i][2 * h + 1] *= keep;
    UNROLL for (int j = 0; j < kTile / 8; j++) UNROLL for (int e = 2 * h; e < 2 * h + 2; e++) {
      s[j][e] = exp2_approx(__builtin_fmaf(s[j][e], scale, -(top * scale)));
      sum[h] += s[j][e];
    }
  }
}

template <class Rung>
DEVICE void attend(bf16 *dst, const bf16 *q, const bf16 *k, const bf16 *v, int keys, int ldd, int ldq, int ldk, int ldv, float scale) {
  SHARED char shared[3 * kTileBytes];
  const u32 tile_q = shared_address(shared), tile_k = tile_q + kTileBytes, tile_v = tile_k + kTileBytes;
  const int lane = thread() % kWarp, first = thread() / kWarp * 16, column = block_y() * kD;
  dst += (i64)block_x() * kTile * ldd + column, q += (i64)block_x() * kTile * ldq + column, k += column, v += column;
  bring<Rung>(tile_q, q, ldq);
  if (Rung::kEager) bring<Rung>(tile_k, k, ldk);
  landed();
  u32 fq[kD / 16][4];
  UNROLL for (int c = 0; c < kD / 16; c++) load_matrix<0>(fq[c], tile_q + place<Rung>(first + lane % 16, lane / 16 + 2 * c));

  float max[2] = {-__builtin_inff(), -__builtin_inff()}, sum[2] = {}, o[kD / 8][4] = {};
  ROLL for (int key = 0; key < keys; key += kTile) {
    if (!Rung::kEager) bring<Rung>(tile_k, k + (i64)key * ldk, ldk);
    bring<Rung>(tile_v, v + (i64)key * ldv, ldv);
    if (!Rung::kEager) landed();
    float s[kTile / 8][4] = {};
    UNROLL for (int c = 0; c < kD / 16; c++) UNROLL for (int j = 0; j < kTile; j += 16) {
      u32 f[4];
      load_matrix<0>(f, tile_k + place<Rung>(j + lane % 8 + lane / 16 * 8, lane / 8 % 2 + 2 * c));
      mma<bf16>(s[j / 8], fq[c], f);
      mma<bf16>(s[j / 8 + 1], fq[c], f + 2);
    }
    soften(max, sum, s, o, scale);
    if (Rung::kEager) {
      landed();
      if (key + kTile < keys) bring<Rung>(tile_k, k + (i64)(key + kTile) * ldk, ldk);
    }
    UNROLL for (int j = 0; j < kTile; j += 16) {
      const float(*p)[4] = s + j / 8;
      const u32 fp[4] = {pack<bf16>(p[0][0], p[0][1]), pack<bf16>(p[0][2], p[0][3]), pack<bf16>(p[1][0], p[1][1]), pack<bf16>(p[1][2], p[1][3])};
      UNROLL for (int c = 0; c < kD / 16; c++) {
        u32 f[4];
        load_matrix_trans<0>(f, tile_v + place<Rung>(j + lane % 16, lane / 16 + 2 * c));
        mma<bf16>(o[2 * c], fp, f);
        mma<bf16>(o[2 * c + 1], fp, f + 2);
      }
    }
    landed();
  }
  UNROLL for (int h = 0; h < 2; h++) {
    UNROLL for (int mask = 1; mask < 4; mask *= 2) sum[h] += shuffle_xor(sum[h], mask);
    const float inverse = 1 / sum[h];
    UNROLL for (int i = 0; i < kD / 8; i++)
      *(u32 *)(dst + (i64)(first + lane / 4 + h * 8) * ldd + i * 8 + lane % 4 * 2) = pack<bf16>(o[i][2 * h] * inverse, o[i][2 * h + 1] * inverse);
  }
}

// lab_attention_<rung>(dst, q, k, v, keys, ldd, ldq, ldk, ldv, scale): dst [queries, heads·64] = softmax(scale·q·kᵀ)·v head by head, all of
// bf16, queries and keys multiples of 64, strides of 8, scale positive and times log₂ e; block 128, grid queries/64, heads.
#define RUNG(name, Rung)                                                                                                      \
  KERNEL(kThreads) name(bf16 *dst, const bf16 *q, const bf16 *k, const bf16 *v, int keys, int ldd, int ldq, int ldk, int ldv, float scale) { \
    attend<Rung>(dst, q, k, v, keys, ldd, ldq, ldk, ldv, scale);                                                              \
  }
RUNG(lab_attention_tiles, Plain)
RUNG(lab_attention_swizzle, Swizzled)
RUNG(lab_attention_eager, Eager)
