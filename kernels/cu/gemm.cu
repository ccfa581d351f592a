// Matrix product of a layer with its epilogue: dst = act(a·bᵀ + bias) + add.
#include "math.h"

// gemm_mma<tile>_<dtype>(dst, add, a, b, bias, m, n, k, ldd, ldadd, lda, ldb, act)
//
// Shapes      dst, add [m, n], a [m, k], b [n, k] of dtype; bias [n] f32. add and bias may be null. dst may be add.
// Alignment   pointers to 16 bytes; ldd, ldadd, lda, ldb (elements from row to row) multiples of 8. Any m, n, k ≥ 1.
// Launch      tile 64: block 128; tile 128: block 256; grid ⌈m/tile⌉, ⌈n/tile⌉; no dynamic shared memory.
// act         0 none, 1 GELU, 2 GELU by tanh: the numbers of gpu.Act.
// Numerics    sums in f32 in the order of k, which no size and no tile changes: a result has the same bits in every tile.
//             bias, act and add in f32, one rounding at the end.
// Undefined   other values of act; overlap of dst with another operand, but for add as the same view.
//
// A block makes a tile in steps of 32 columns of k, with three steps in shared memory: the tensor cores work on one while two
// arrive. Warps of the tile are WM by WN.
enum Act { kNone = 0, kGelu = 1, kGeluTanh = 2 };

template <class T> struct Operands {
  T *dst;
  const T *add, *a, *b;
  const float *bias;
  int m, n, k, ldd, ldadd, lda, ldb, act;
};

constexpr int kStep = 32, kStages = 3, kChunks = kStep / 8; // of k; 16 bytes are 8 elements

// A thread's share of copying one operand: one chunk of every kRows-th row, with everything but the step along k prepared.
template <class T, int rows, int threads> struct Loader {
  static constexpr int kRows = threads / kChunks, kCount = rows / kRows;
  const T *from[kCount];
  int limit[kCount]; // bytes that the row gives: none below the matrix
  u32 to;
  int left; // bytes of the row from the next chunk on

  DEVICE Loader(const T *matrix, int ld, int first, int count, int k, u32 tile) {
    const int row = thread() / kChunks, chunk = thread() % kChunks;
    UNROLL for (int i = 0; i < kCount; i++) {
      const int r = first + row + i * kRows;
      from[i] = matrix + (i64)r * ld + chunk * 8;
      limit[i] = r < count ? 16 : 0;
    }
    to = tile + swizzled<kChunks>(row, chunk); // kRows is a multiple of 8: the swizzle of all rows is the same
    left = (k - chunk * 8) * 2;
  }

  DEVICE void step(u32 stage) {
    const int bytes = left < 0 ? 0 : left;
    UNROLL for (int i = 0; i < kCount; i++) {
      copy16(to + stage + i * kRows * kStep * 2, from[i], bytes < limit[i] ? bytes : limit[i]);
      from[i] += kStep;
    }
    left -= kStep * 2;
  }
};

DEVICE float activated(float x, int act) { return act == kGelu ? math::gelu(x) : act == kGeluTanh ? math::gelu_tanh(x) : x; }

// Eight neighbours of a row, which are x in shared memory: bias, activation, sum and the store. Activations take four at a time,
// which keeps the code short.
template <class T> DEVICE void finish(const Operands<T> &o, float *x, int row, int col) {
  if (row >= o.m || col >= o.n) return;
  T *dst = o.dst + (i64)row * o.ldd + col;
  const T *add = o.add ? o.add + (i64)row * o.ldadd + col : nullptr;
  if (col + 8 > o.n) {
    ROLL for (int j = 0; j < o.n - col; j++) {
      const float y = activated(o.bias ? x[j] + o.bias[col + j] : x[j], o.act);
      dst[j] = from_float<T>(add ? y + to_float(add[j]) : y);
    }
    return;
  }
  if (o.bias || o.act != kNone) ROLL for (int j = 0; j < 8; j += 4) {
    float y[4], bias[4] = {};
    unpack(y, *(const quad *)(x + j), 0.0f);
    if (o.bias) unpack(bias, *(const quad *)(o.bias + col + j), 0.0f);
    UNROLL for (int e = 0; e < 4; e++) y[e] = activated(y[e] + bias[e], o.act);
    *(quad *)(x + j) = pack_quad<float>(y);
  }
  float y[8], sum[8] = {};
  unpack(y, *(const quad *)x, 0.0f);
  unpack(y + 4, *(const quad *)(x + 4), 0.0f);
  if (add) unpack(sum, *(const quad *)add, T{});
  UNROLL for (int j = 0; j < 8; j++) y[j] += sum[j];
  *(quad *)dst = pack_quad<T>(y);
}

// The end of a tile, through shared memory, a warp for itself, 32 rows at a time, so that a thread has 8 columns. Rows are 8
// words longer: the four rows that half a warp writes stand in different banks.
template <class T, int BM, int BN, int WM, int WN> DEVICE void epilogue(const Operands<T> &o, float (*acc)[WN / 8][4], char *shared) {
  constexpr int row_words = WN + 8, lanes = WN / 8, rows = kWarp / lanes;
  const int lane = thread_anew() % kWarp, warp = thread_anew() / kWarp;
  const int m0 = block_x() * BM + warp / (BN / WN) * WM, n0 = block_y() * BN + warp % (BN / WN) * WN;
  float *mine = (float *)shared + warp * 32 * row_words;
  UNROLL for (int half = 0; half < WM / 32; half++) {
    sync_warp();
    UNROLL for (int i = 0; i < 2; i++) UNROLL for (int j = 0; j < WN / 8; j++) UNROLL for (int h = 0; h < 2; h++) {
      float *p = mine + (i * 16 + h * 8 + lane / 4) * row_words + j * 8 + lane % 4 * 2;
      const float *c = acc[2 * half + i][j] + 2 * h;
      *(u64 *)p = __builtin_bit_cast(u32, c[0]) | (u64)__builtin_bit_cast(u32, c[1]) << 32;
    }
    sync_warp();
    ROLL for (int r = lane / lanes; r < 32; r += rows)
      finish(o, mine + r * row_words + lane % lanes * 8, m0 + half * 32 + r, n0 + lane % lanes * 8);
  }
}

template <class T, int BM, int BN, int WM, int WN> DEVICE void gemm(const Operands<T> &o) {
  constexpr int warps_n = BN / WN, threads = BM / WM * warps_n * kWarp, mi = WM / 16, nj = WN / 8;
  constexpr int stage_bytes = (BM + BN) * kStep * 2, row_bytes = kStep * 2;
  SHARED char shared[kStages * stage_bytes];
  const u32 tile_a = shared_address(shared), tile_b = tile_a + BM * row_bytes;
  const int lane = thread() % kWarp, warp = thread() / kWarp;
  const int m0 = block_x() * BM, n0 = block_y() * BN, wm = warp / warps_n * WM, wn = warp % warps_n * WN;

  Loader<T, BM, threads> load_a(o.a, o.lda, m0, o.m, o.k, tile_a);
  Loader<T, BN, threads> load_b(o.b, o.ldb, n0, o.n, o.k, tile_b);
  const int steps = (o.k + kStep - 1) / kStep;
  UNROLL for (int s = 0; s < kStages - 1; s++) {
    if (s < steps) {
      load_a.step(s * stage_bytes);
      load_b.step(s * stage_bytes);
    }
    copy_commit();
  }

  // Fragments of a are rows 0–7 and 8–15 of both halves of k, those of b two neighbours of 8 columns. The second 16 of k differ
  // in bit 5 of the address alone.
  const u32 read_a = tile_a + swizzled<kChunks>(wm + lane % 16, lane / 16);
  const u32 read_b = tile_b + swizzled<kChunks>(wn + lane % 8 + lane / 16 * 8, lane / 8 % 2);
  float acc[mi][nj][4] = {};
  u32 reading = 0, writing = (kStages - 1) * stage_bytes;
  int s = 0;
  ROLL do { // at least once: sums that might stay zero would cost registers beside those of the loop
    copy_wait<kStages - 2>();
    sync_block(); // the step has landed, and nobody reads the one before, which is overwritten next
    if (s + kStages - 1 < steps) {
      load_a.step(writing);
      load_b.step(writing);
    }
    copy_commit();
    UNROLL for (u32 k = 0; k < 64; k += 32) {
      u32 a[mi][4], b[nj][2];
      load_fragments<mi, 16 * row_bytes>(a[0], (read_a ^ k) + reading);
      load_fragments<nj / 2, 16 * row_bytes>(b[0], (read_b ^ k) + reading);
      UNROLL for (int i = 0; i < mi; i++) UNROLL for (int j = 0; j < nj; j++) mma<T>(acc[i][j], a[i], b[j]);
    }
    reading = reading == (kStages - 1) * stage_bytes ? 0 : reading + stage_bytes;
    writing = writing == (kStages - 1) * stage_bytes ? 0 : writing + stage_bytes;
  } while (++s < steps);
  copy_wait<0>();
  sync_block();
  static_assert(threads / kWarp * 32 * (WN + 8) * 4 <= (int)sizeof shared, "the epilogue's share of a warp");
  epilogue<T, BM, BN, WM, WN>(o, acc, shared);
}

#define GEMM(tile, threads, min_blocks, WM, WN, T)                                                                     \
  KERNEL(threads, min_blocks)                                                                                          \
  gemm_mma##tile##_##T(T *dst, const T *add, const T *a, const T *b, const float *bias, int m, int n, int k, int ldd,  \
                       int ldadd, int lda, int ldb, int act) {                                                         \
    gemm<T, tile, tile, WM, WN>(Operands<T>{dst, add, a, b, bias, m, n, k, ldd, ldadd, lda, ldb, act});                \
  }

GEMM(64, 128, 4, 32, 32, f16)
GEMM(128, 256, 2, 64, 32, f16)
#if __CUDA_ARCH__ >= 800
GEMM(64, 128, 4, 32, 32, bf16)
GEMM(128, 256, 2, 64, 32, bf16)
#endif
