// A product on tensor cores from tiles in shared memory that stand there as in the matrix, row under row, one step of 32 of k at a
// time. The eight rows that ldmatrix takes are 64 bytes apart: four lanes of eight meet in each bank. Between steps all wait
// for memory.
#include "device.h"

constexpr int kThreads = 128, kTile = 64, kStep = 32, kRow = kStep * 2;

DEVICE void bring(u32 tile, const bf16 *from, int ld) {
  UNROLL for (int i = 0; i < 2; i++) {
    const int row = i * 32 + thread() / 4, chunk = thread() % 4;
    copy16(tile + row * kRow + chunk * 16, from + (i64)row * ld + chunk * 8, 16);
  }
}

// lab_gemm_rows(dst, a, b, k, ldd, lda, ldb): dst [m, n] = a [m, k]·b [n, k]ᵀ, all of bf16, m and n multiples of 64, k one of 32,
// strides of 8; block 128, grid m/64, n/64.
KERNEL(kThreads) lab_gemm_rows(bf16 *dst, const bf16 *a, const bf16 *b, int k, int ldd, int lda, int ldb) {
  SHARED char shared[2 * kTile * kRow];
  const u32 tile_a = shared_address(shared), tile_b = tile_a + kTile * kRow;
  const int lane = thread() % kWarp, warp = thread() / kWarp, wm = warp / 2 * 32, wn = warp % 2 * 32;
  const int row = block_x() * kTile, col = block_y() * kTile;
  const u32 read_a = tile_a + (wm + lane % 16) * kRow + lane / 16 * 16;
  const u32 read_b = tile_b + (wn + lane % 8 + lane / 16 * 8) * kRow + lane / 8 % 2 * 16;
  a += (i64)row * lda, b += (i64)col * ldb;
  float acc[2][4][4] = {};
  ROLL for (int l = 0; l < k; l += kStep) {
    bring(tile_a, a + l, lda);
    bring(tile_b, b + l, ldb);
    copy_commit();
    copy_wait<0>();
    sync_block();
    UNROLL for (u32 at = 0; at < kRow; at += 32) {
      u32 fa[2][4], fb[4][2];
      load_fragments<2, 16 * kRow>(fa[0], read_a + at);
      load_fragments<2, 16 * kRow>(fb[0], read_b + at);
      UNROLL for (int i = 0; i < 2; i++) UNROLL for (int j = 0; j < 4; j++) mma<bf16>(acc[i][j], fa[i], fb[j]);
    }
    sync_block();
  }
  dst += (i64)(row + wm + lane / 4) * ldd + col + wn + lane % 4 * 2;
  UNROLL for (int i = 0; i < 2; i++) UNROLL for (int j = 0; j < 4; j++) UNROLL for (int h = 0; h < 2; h++)
    *(u32 *)(dst + (i64)(i * 16 + h * 8) * ldd + j * 8) = pack<bf16>(acc[i][j][2 * h], acc[i][j][2 * h + 1]);
}
