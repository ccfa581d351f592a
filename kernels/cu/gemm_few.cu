// Matrix products of few rows in f32, which take as long as reading the weights does: a step of text generation.
#include "gemm_mma.h"

// gemm_few16_f32(GEMM_PARAMETERS, form): all of a gpu.Gemm over plain weights
//
// Shapes      as gpu.Gemm says for form 0, NT; any m, n ≥ 1, k ≥ 1 a multiple of 4. dst may be mul or add.
// Types       a, b and up are f32, whatever their codes say. All else is of any float type.
// Alignment   a, b, up: pointers and rows to 16 bytes. The others to their elements.
// Launch      block 64, grid ⌈m/16⌉, ⌈n/16⌉, with up ⌈2n/16⌉; no dynamic shared memory.
// Numerics    those of gemm_simt, to the bit.
// Undefined   codes that name nothing; overlap of outputs with other operands, but for dst as said.
//
// A thread has a column of a tile and every fourth of its rows. Weights go to shared memory once, three steps of 64 of k ahead.
// With up the upper half of the columns is up's.
constexpr int kThreads = 64, kRows = 16, kColumns = 16, kDepth = 64, kStages = 4, kChunks = kDepth / 4;
constexpr int kTileBytes = kRows * kDepth * 4, kStageBytes = 2 * kTileBytes;
static_assert(kRows == kColumns, "tiles of a and b");

DEVICE float4 load_chunk(u32 address) {
  float4 v;
  asm volatile("ld.shared.v4.f32 {%0, %1, %2, %3}, [%4];" : "=f"(v.x), "=f"(v.y), "=f"(v.z), "=f"(v.w) : "r"(address) : "memory");
  return v;
}

// A step of the thread's sums, of `count` rows. Chunks differ in bits 4 to 7 of the address alone; a row four below has bit 6, of the
// swizzle, the other way.
template <int count> DEVICE void add_step(float *sum, u32 a, u32 b) {
  UNROLL for (u32 chunk = 0; chunk < kChunks; chunk++) {
    const float4 w = load_chunk(b ^ chunk * 16);
    UNROLL for (int i = 0; i < count; i++) {
      const float4 x = load_chunk((a ^ chunk * 16 ^ i % 2 * 64) + i * 4 * kDepth * 4);
      UNROLL for (int j = 0; j < 4; j++) sum[i] = __builtin_fmaf(x[j], w[j], sum[i]);
    }
  }
}

KERNEL(kThreads) gemm_few16_f32(GEMM_PARAMETERS, int) {
  SHARED_ALIGNED(256) char shared[kStages * kStageBytes]; // to a row: addresses differ by exclusive or
  const Epilogue e = GEMM_EPILOGUE;
  const float *fa = (const float *)a, *fb = (const float *)b, *fup = (const float *)up;
  const bool gated = up != nullptr;
  const int m0 = block_x() * kRows, n0 = block_y() * (gated ? kColumns / 2 : kColumns);
  const u32 tile_a = shared_address(shared), tile_b = tile_a + kTileBytes;
  Loader<float, kRows, kChunks, kThreads, false> load_a(
      [=](int row) __attribute__((always_inline)) { return m0 + row < m ? fa + (i64)(m0 + row) * lda : nullptr; }, true, k, tile_a);
  Loader<float, kColumns, kChunks, kThreads, false> load_b(
      [=](int row) __attribute__((always_inline)) { return weight_row<kColumns>(row, fb, fup, ldb, ldup, n0, n); }, true, k, tile_b);
  UNROLL for (int s = 0; s < kStages - 1; s++) {
    load_a.step(s * kStageBytes, s * kDepth * 4);
    load_b.step(s * kStageBytes, s * kDepth * 4);
    copy_commit();
  }

  const int column = thread() % kColumns, row = thread() / kColumns; // and rows 4, 8 and 12 further on
  const u32 read_a = tile_a + swizzled<kChunks>(row, 0), read_b = tile_b + swizzled<kChunks>(column, 0);
  const int rows = m - m0; // from here on
  float sum[4] = {};
  constexpr u32 end = (kStages - 1) * kStageBytes;
  u32 reading = 0, writing = end;
  u32 done = (kStages - 1) * kDepth * 4; // bytes of a row
  ROLL for (int left = k; left > 0; left -= kDepth) {
    copy_wait<kStages - 2>();
    sync_block(); // the step has landed, and nobody reads the one before, which is overwritten next
    load_a.step(writing, done); // beyond the end nothing is read
    load_b.step(writing, done);
    copy_commit();
    done = next_step(done, kDepth * 4);
    if (rows <= 4)
      add_step<1>(sum, read_a + reading, read_b + reading);
    else if (rows <= 8)
      add_step<2>(sum, read_a + reading, read_b + reading);
    else
      add_step<4>(sum, read_a + reading, read_b + reading);
    writing = reading;
    reading = reading == end ? 0 : reading + kStageBytes;
  }
  copy_wait<0>();

  const int col = n0 + (gated ? column % (kColumns / 2) : column);
  float other[4]; // all lanes take part
  UNROLL for (int i = 0; i < 4; i++) other[i] = shuffle_xor(sum[i], kColumns / 2);
  ROLL for (int i = 0; i < 4; i++) {
    const int r = row + 4 * i;
    if (r < rows && col < n && (!gated || column < kColumns / 2))
      e.finish(m0 + r, e.column(col), i == 0 ? sum[0] : i == 1 ? sum[1] : i == 2 ? sum[2] : sum[3], gated,
               i == 0 ? other[0] : i == 1 ? other[1] : i == 2 ? other[2] : other[3]);
  }
}
