#include "device.h"

// c[m][n] = a[m][k]·b[n][k]ᵀ of bf16 with tensor cores. Block 128, a tile of 64×32 per block, k in steps of 32 with two
// stages. k is a multiple of 8, and n of 2. Warp w has rows 16w of the tile.
constexpr int kRows = 64, kCols = 32;
constexpr u32 kB = kRows * 64, kStage = kB + kCols * 64; // bytes

DEVICE u32 swizzled(int row, int chunk) { return (u32)(row * 64 + (chunk ^ (row / 2 & 3)) * 16); }

DEVICE void copy(u32 to, const u16 *x, int row, int rows, int k0, int k, int chunk) {
  const int at = k0 + chunk * 8, bytes = row < rows && at < k ? 16 : 0;
  const u16 *from = bytes ? x + row * k + at : x;
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(bytes) : "memory");
}

KERNEL(128) gemm_mma(float *c, const u16 *a, const u16 *b, int m, int n, int k) {
  SHARED unsigned char tiles[2 * kStage];
  const u32 base = shared_address(tiles);
  const int row0 = block_y() * kRows, col0 = block() * kCols, warp = tid() / 32, lane = tid() % 32;
  const int r = tid() / 4, chunk = tid() % 4;

  auto load = [&](u32 stage, int k0) {
    const u32 to = base + stage * kStage;
    ROLL for (int i = 0; i < kRows; i += 32) copy(to + swizzled(i + r, chunk), a, row0 + i + r, m, k0, k, chunk);
    copy(to + kB + swizzled(r, chunk), b, col0 + r, n, k0, k, chunk);
    asm volatile("cp.async.commit_group;" ::: "memory");
  };

  float sum[4][4] = {};
  load(0, 0);
  u32 stage = 0;
  ROLL for (int k0 = 0; k0 < k; k0 += 32) {
    if (k0 + 32 < k) {
      load(stage ^ 1, k0 + 32);
      asm volatile("cp.async.wait_group 1;" ::: "memory");
    } else {
      asm volatile("cp.async.wait_group 0;" ::: "memory");
    }
    sync();
    const u32 at = base + stage * kStage;
    ROLL for (int step = 0; step < 2; step++) {
      u32 x[4], y[8];
      asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                   : "=r"(x[0]), "=r"(x[1]), "=r"(x[2]), "=r"(x[3])
                   : "r"(at + swizzled(warp * 16 + lane % 16, step * 2 + lane / 16)) : "memory");
      UNROLL for (int h = 0; h < 2; h++)
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                     : "=r"(y[4 * h]), "=r"(y[4 * h + 1]), "=r"(y[4 * h + 2]), "=r"(y[4 * h + 3])
                     : "r"(at + kB + swizzled(h * 16 + lane % 8 + lane / 16 * 8, step * 2 + lane / 8 % 2)) : "memory");
      UNROLL for (int j = 0; j < 4; j++)
        asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
                     : "+f"(sum[j][0]), "+f"(sum[j][1]), "+f"(sum[j][2]), "+f"(sum[j][3])
                     : "r"(x[0]), "r"(x[1]), "r"(x[2]), "r"(x[3]), "r"(y[2 * j]), "r"(y[2 * j + 1]));
    }
    sync();
    stage ^= 1;
  }

  struct alignas(8) pair { float x, y; };
  const int row = row0 + warp * 16 + lane / 4, col = col0 + lane % 4 * 2;
  UNROLL for (int j = 0; j < 4; j++) {
    if (col + j * 8 >= n) continue;
    if (row < m) *(pair *)(c + row * n + col + j * 8) = {sum[j][0], sum[j][1]};
    if (row + 8 < m) *(pair *)(c + (row + 8) * n + col + j * 8) = {sum[j][2], sum[j][3]};
  }
}
