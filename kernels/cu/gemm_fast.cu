// Matrix products of f32 on tensor cores, each number being a pair of bf16: what it rounds to, and what that leaves. Three of the
// four products of pairs are summed, the least is lost (Henry, Tang and Heinecke, Leveraging the bfloat16 Artificial Intelligence
// Datatype For Higher-Precision Computations, 2019).
#include "gemm_mma.h"

// gemm_fast<tile>_f32(GEMM_PARAMETERS), gemm_fast64_full_f32(GEMM_PARAMETERS)
//
// Shapes      as gpu.Gemm says for form NT; any m, n, k ≥ 1. dst may be mul or add.
// Types       a is f32, whatever its code says; b and up are bf16 [2n, k], the second n rows being what the first leave. full: all
//             else is of any float type. The others: dst and add are f32; no pre, uppre, mul and dropout, no derivative for act.
// Alignment   b and up: pointers to 16 bytes, rows of multiples of 64 elements, zero from k on. full: the others to their
//             elements. Not full: pointers to 16 bytes, rows of all matrices too, k a multiple of 4.
// Launch      tile 16: block 32, grid ⌈m/16⌉; tile 64: block 128; grid ⌈m/tile⌉, ⌈n/tile⌉, with up ⌈2n/tile⌉; no dynamic shared
//             memory.
// Numerics    for each 16 of k, in order, the three products, the greatest last, are added in f32. A product of two numbers is off by
//             2⁻¹⁵ of itself at most. A result has the same bits in every tile, size and place. An infinity gives NaN.
// Undefined   codes that name nothing; overlap of outputs with other operands, but for dst as said.
//
// A block makes a tile in steps of 32 of k, as those of gemm.cu do. a is split on its way from shared memory to registers.
constexpr int kDepth = 32;

// Two neighbours as pairs of bf16.
DEVICE void split(u32 &high, u32 &low, u64 two) {
  const float x = __builtin_bit_cast(float, (u32)two), y = __builtin_bit_cast(float, (u32)(two >> 32));
  high = pack<bf16>(x, y);
  low = pack<bf16>(x - __builtin_bit_cast(float, high << 16), y - __builtin_bit_cast(float, high & 0xffff0000));
}

// A fragment of a: p is where the lane's row has its first two numbers, next where it has those of 8 columns further on.
template <int step> DEVICE void load_split(u32 *high, u32 *low, u32 p, u32 next) {
  UNROLL for (int i = 0; i < 4; i++) {
    u64 two;
    asm volatile("ld.shared.b64 %0, [%1];" : "=l"(two) : "r"((i < 2 ? p : next) + i % 2 * 8 * step) : "memory");
    split(high[i], low[i], two);
  }
}

template <int BM, int BN, int WM, int WN, int stages, bool full>
DEVICE void gemm(const Epilogue &e, const float *a, const bf16 *b, const bf16 *up, int m, int n, int k, int lda, int ldb, int ldup) {
  constexpr int warps_n = BN / WN, threads = BM / WM * warps_n * kWarp, mi = WM / 16, nj = WN / 8;
  constexpr int row_a = kDepth * 4, row_b = kDepth * 2, stage_bytes = BM * row_a + 2 * BN * row_b;
  SHARED char shared[stages * stage_bytes];
  const u32 tile_a = shared_address(shared), tile_high = tile_a + BM * row_a, tile_low = tile_high + BN * row_b;
  const int lane = thread() % kWarp, warp = thread() / kWarp;
  const bool gated = up != nullptr;
  const int m0 = block_x() * BM, n0 = block_y() * (gated ? BN / 2 : BN);

  using LoadB = Loader<bf16, BN, row_b / 16, threads, false>;
  const bf16 *b_low = b + (i64)n * ldb, *up_low = gated ? up + (i64)n * ldup : nullptr;
  Loader<float, BM, row_a / 16, threads, full, true> load_a(
      [=](int row) __attribute__((always_inline)) { return m0 + row < m ? a + (i64)(m0 + row) * lda : nullptr; }, wide_rows(a, lda, 4), k, tile_a);
  LoadB load_high([=](int row) __attribute__((always_inline)) { return weight_row<WN>(row, b, up, ldb, ldup, n0, n); }, true, k, tile_high);
  LoadB load_low([=](int row) __attribute__((always_inline)) { return weight_row<WN>(row, b_low, up_low, ldb, ldup, n0, n); }, true, k, tile_low);
  auto load = [&](u32 stage, u32 done) __attribute__((always_inline)) { // done bytes of a row of b; beyond the end nothing is read
    load_a.step(stage, done * 2);
    const int there = load_high.bytes > (int)done ? load_high.inside : 0;
    load_high.step(stage, done, there);
    load_low.step(stage, done, there);
    copy_commit();
  };
  UNROLL for (int s = 0; s < stages - 1; s++) load(s * stage_bytes, s * row_b);

  // See gemm.cu of b. Of a a lane has 8 bytes of row lane/4, and of the row 8 below it.
  const int wm = warp / warps_n * WM, wn = warp % warps_n * WN;
  const u32 read_a = tile_a + place<true, row_a / 16>(wm + lane / 4, lane % 4 / 2) + lane % 2 * 8;
  const u32 read_b = tile_high + swizzled<row_b / 16>(wn + lane % 8 + lane / 16 * 8, lane / 8 % 2);
  float acc[mi][nj][4] = {};
  constexpr u32 end = (stages - 1) * stage_bytes;
  u32 reading = 0, writing = end;
  u32 done = (stages - 1) * row_b;
  const u32 stop = done + (k + kDepth - 1) / kDepth * row_b;
  ROLL do {
    copy_wait<stages - 2>();
    sync_block(); // the step has landed, and nobody reads the one before, which is overwritten next
    load(writing, done);
    done = next_step(done, row_b);
    UNROLL for (u32 at = 0; at < 2; at++) {
      u32 high[mi][4], low[mi][4], fb[nj][2], fb_low[nj][2];
      UNROLL for (int i = 0; i < mi; i++) {
        const u32 p = (read_a ^ at * 64) + reading + i * 16 * row_a;
        load_split<row_a>(high[i], low[i], p, p ^ 32);
      }
      load_fragments<nj / 2, 16 * row_b>(fb[0], (read_b ^ at * 32) + reading);
      load_fragments<nj / 2, 16 * row_b>(fb_low[0], (read_b ^ at * 32) + reading + BN * row_b);
      UNROLL for (int i = 0; i < mi; i++) UNROLL for (int j = 0; j < nj; j++) mma<bf16>(acc[i][j], low[i], fb[j]);
      UNROLL for (int i = 0; i < mi; i++) UNROLL for (int j = 0; j < nj; j++) mma<bf16>(acc[i][j], high[i], fb_low[j]);
      UNROLL for (int i = 0; i < mi; i++) UNROLL for (int j = 0; j < nj; j++) mma<bf16>(acc[i][j], high[i], fb[j]);
    }
    writing = reading;
    reading = reading == end ? 0 : reading + stage_bytes;
  } while (done != stop);
  copy_wait<0>();
  sync_block();
  static_assert(BM * BN / WM / WN * (WM < 32 ? WM : 32) * (WN + 8) * 4 + BM * BN / WM * 4 <= (int)sizeof shared, "the warps' share of the epilogue");
  end_tile<float, BM, BN, WM, WN, full>(e, m, gated, acc, (float *)shared);
}

#define FAST(name, threads, min_blocks, BM, BN, WM, WN, stages, full)                                                  \
  KERNEL(threads, min_blocks) gemm_##name##_f32(GEMM_PARAMETERS) {                                                     \
    gemm<BM, BN, WM, WN, stages, full>(GEMM_EPILOGUE, (const float *)a, (const bf16 *)b, (const bf16 *)up, m, n, k,    \
                                       lda, ldb, ldup);                                                                \
  }

#if __CUDA_ARCH__ >= 800
FAST(fast16, 32, 4, 16, 16, 16, 16, 6, false)
FAST(fast64, 128, 3, 64, 64, 32, 32, 3, false)
FAST(fast64_full, 128, 3, 64, 64, 32, 32, 3, true)
#endif
