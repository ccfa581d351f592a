// Matrix products of 16-bit numbers on tensor cores, a·bᵀ with all that follows it in a layer.
#include "gemm_mma.h"

// gemm_mma<tile>_<dtype>(GEMM_PARAMETERS), gemm_mma64_full_<dtype>(GEMM_PARAMETERS)
//
// Shapes      as gpu.Gemm says for form NT; any m, n, k ≥ 1. dst may be mul or add.
// Types       a, b and up are of dtype, whatever their codes say. full: all else is of any float type. The others: dst is of
//             dtype or f32, add of dtype; they have no pre, uppre, mul and dropout, and no derivative for act.
// Alignment   full: each matrix to its element, its rows too. The others: pointers to 16 bytes, rows of all matrices too,
//             k a multiple of 8.
// Launch      tile 16: block 32, grid ⌈m/16⌉; tile 64: block 128; tile 128: block 256; grid ⌈m/tile⌉, ⌈n/tile⌉, with up
//             ⌈2n/tile⌉; no dynamic shared memory.
// Numerics    sums in f32 in the order of k, which no size, tile or place changes: a result has the same bits from all of them.
//             What follows is in f32, with one rounding at the end.
// Undefined   codes that name nothing; overlap of outputs with other operands, but for dst as said.
//
// A block makes a tile in steps of some columns of k, with some steps in shared memory: the tensor cores work on one while the
// others arrive. Warps of the tile are WM by WN. With up half the columns of each warp are of b and half, the same, of up.
template <class T, int BM, int BN, int WM, int WN, int depth, int stages, bool full>
DEVICE void gemm(const Epilogue &e, const T *a, const T *b, const T *up, int m, int n, int k, int lda, int ldb, int ldup) {
  constexpr int warps_n = BN / WN, threads = BM / WM * warps_n * kWarp, mi = WM / 16, nj = WN / 8;
  constexpr int chunks = depth / 8, row_bytes = depth * 2, stage_bytes = (BM + BN) * row_bytes;
  SHARED_ALIGNED(256) char shared[stages * stage_bytes]; // to the longest row: addresses differ by exclusive or
  const u32 tile_a = shared_address(shared), tile_b = tile_a + BM * row_bytes;
  const int lane = thread() % kWarp, warp = thread() / kWarp;
  const bool gated = up != nullptr;
  const int m0 = block_x() * BM, n0 = block_y() * (gated ? BN / 2 : BN);

  Loader<T, BM, chunks, threads, full> load_a([=](int row) __attribute__((always_inline)) { return m0 + row < m ? a + (i64)(m0 + row) * lda : nullptr; },
                                              wide_rows(a, lda, 2), k, tile_a);
  Loader<T, BN, chunks, threads, full> load_b([=](int row) __attribute__((always_inline)) { return weight_row<WN>(row, b, up, ldb, ldup, n0, n); },
                                              wide_rows(b, ldb, 2) && (!up || wide_rows(up, ldup, 2)), k, tile_b);
  UNROLL for (int s = 0; s < stages - 1; s++) {
    load_a.step(s * stage_bytes, s * row_bytes);
    load_b.step(s * stage_bytes, s * row_bytes);
    copy_commit();
  }

  // Fragments of a are rows 0–7 and 8–15 of both halves of 16 of k, those of b two neighbours of 8 columns. Other 16 of k differ
  // in bits 5 and up of the address alone.
  const int wm = warp / warps_n * WM, wn = warp % warps_n * WN;
  const u32 read_a = tile_a + swizzled<chunks>(wm + lane % 16, lane / 16);
  const u32 read_b = tile_b + swizzled<chunks>(wn + lane % 8 + lane / 16 * 8, lane / 8 % 2);
  float acc[mi][nj][4] = {};
  constexpr u32 end = (stages - 1) * stage_bytes;
  u32 reading = 0, writing = end;
  u32 done = (stages - 1) * row_bytes; // bytes of a row; at least one step, for sums that might stay zero would cost registers beside the loop's
  const int inside = load_a.inside | load_b.inside << load_a.kCount; // both have the same columns
  const u32 stop = done + (k + depth - 1) / depth * row_bytes;
  ROLL do {
    copy_wait<stages - 2>();
    sync_block(); // the step has landed, and nobody reads the one before, which is overwritten next
    const int there = load_a.bytes > (int)done ? inside : 0; // beyond the end nothing is read
    load_a.step(writing, done, there);
    load_b.template step<load_a.kCount>(writing, done, there);
    copy_commit();
    done = next_step(done, row_bytes);
    UNROLL for (u32 at = 0; at < row_bytes; at += 32) {
      u32 fa[mi][4], fb[nj][2];
      load_fragments<mi, 16 * row_bytes>(fa[0], (read_a ^ at) + reading);
      load_fragments<nj / 2, 16 * row_bytes>(fb[0], (read_b ^ at) + reading);
      UNROLL for (int i = 0; i < mi; i++) UNROLL for (int j = 0; j < nj; j++) mma<T>(acc[i][j], fa[i], fb[j]);
    }
    writing = reading;
    reading = reading == end ? 0 : reading + stage_bytes;
  } while (done != stop);
  copy_wait<0>();
  sync_block();
  static_assert(BM * BN / WM / WN * (WM < 32 ? WM : 32) * (WN + 8) * 4 + BM * BN / WM * 4 <= (int)sizeof shared, "the warps' share of the epilogue");
  end_tile<T, BM, BN, WM, WN, full>(e, m, gated, acc, (float *)shared);
}

// sm_75 has shared memory for one block of the largest tile, so its registers are one block's.
constexpr int kBlocks128 = __CUDA_ARCH__ >= 800 ? 2 : 1;

#define GEMM(name, threads, min_blocks, BM, BN, WM, WN, depth, stages, full, T)                                      \
  KERNEL(threads, min_blocks) gemm_##name##_##T(GEMM_PARAMETERS) {                                                     \
    gemm<T, BM, BN, WM, WN, depth, stages, full>(GEMM_EPILOGUE, (const T *)a, (const T *)b, (const T *)up, m, n, k,    \
                                                 lda, ldb, ldup);                                                      \
  }
#define GEMMS(T)                                                                                                       \
  GEMM(mma16, 32, 4, 16, 16, 16, 16, 128, 4, false, T)                                                                 \
  GEMM(mma64, 128, 4, 64, 64, 32, 32, 32, 3, false, T)                                                                 \
  GEMM(mma128, 256, kBlocks128, 128, 128, 64, 32, 32, 3, false, T)                                                              \
  GEMM(mma64_full, 128, 4, 64, 64, 32, 32, 32, 3, true, T)

GEMMS(f16)
#if __CUDA_ARCH__ >= 800
GEMMS(bf16)
#endif
