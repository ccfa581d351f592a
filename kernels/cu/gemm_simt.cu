// Matrix products of any types, forms and places on the cores that do one fma a lane: of f32, and of what tensor cores do not take.
#include "epilogue.h"

// gemm_simt<tile>_<dtype>(GEMM_PARAMETERS, form): all of a gpu.Gemm over plain weights
//
// Shapes      as gpu.Gemm says for form 0 NT, 1 NN, 2 TN; tile 128 has only NT. Any m, n ≥ 1, k ≥ 0. dst may be mul or add. up
//             needs form 0.
// Types       f32: a and b (and up) are f32, whatever their codes say; any: of any float type. All else is of any float type.
// Alignment   each matrix to its element, its rows too. Where a row's groups of four elements are aligned they go at once.
// Launch      tile 64: block 128; tile 128: block 256; grid ⌈m/tile⌉, ⌈n/tile⌉, with up ⌈2n/tile⌉; no dynamic shared memory.
// Numerics    a sum is an fma for each of k in order, from zero: a result has the same bits in every tile, form and place.
// Undefined   codes that name nothing; overlap of outputs with other operands, but for dst as said.
//
// A block makes a tile in steps of 8 or 16 of k. While it works on one step in shared memory the next is on its way in
// registers. With up half the columns of a tile are of b and half, the same, of up.

// One operand's step in shared memory, rows of a tile (or columns: its other dimension) beside each other for each of k, and a
// thread's share of bringing it: a group of four elements, neighbours in memory, for each 8 of k. A block has two threads for
// each row.
template <int rows, int depth, bool any> struct Side {
  static constexpr int kLine = rows + 4; // so that threads with neighbouring k write to other banks

  const char *p;        // the thread's first group of the step
  int ld, type;
  int across;           // how many elements of a group the matrix has by its rows, below 1 none
  bool flat, wide;      // the elements of one k are neighbours, not those of a row; groups of four are aligned

  // first and count are the tile's rows: from which on, and how many the matrix has from there.
  DEVICE Side(const void *matrix, i64 first, int count, int ld, int type_given, bool flat) : ld(ld), flat(flat) {
    type = any ? type_given : kF32;
    const i64 r = first + row(flat), l = step_row(flat);
    p = (const char *)matrix + (flat ? l * ld + r : r * ld + l) * bytes();
    across = flat ? count - row(flat) : row(flat) < count ? 4 : 0;
    wide = (((u64)matrix + first * (flat ? 1 : ld) * bytes() | (u64)(i64)ld * bytes()) & (4 * bytes() - 1)) == 0;
  }

  DEVICE int bytes() const { return type == kF32 ? 4 : 2; }
  DEVICE static int row(bool flat) { return flat ? thread() % (rows / 4) * 4 : thread() / 2; }
  DEVICE static int step_row(bool flat) { return flat ? thread() / (rows / 4) : thread() % 2 * 4; } // the thread's first k

  // Group i of the step, 8 of k after the one before; what lies outside the matrix is zero. There are `left` of k from the
  // step on.
  DEVICE void load(float *x, int left, int i) const {
    const int more = left - step_row(flat) - 8 * i, along = flat ? (more > 0 ? 4 : 0) : more, count = across < along ? across : along;
    const char *at = p + (i64)(flat ? ld : 1) * (8 * i * bytes());
    UNROLL for (int j = 0; j < 4; j++) x[j] = 0;
    if (count >= 4 && wide)
      load_wide(x, at);
    else
      UNROLL for (int j = 0; j < 4; j++) if (j < count) x[j] = load_as(at, j, type);
  }

  // By hand: the compiler would make of this and the loads beside it single ones.
  DEVICE void load_wide(float *x, const char *at) const {
    if (type == kF32) {
      asm volatile("ld.global.v4.f32 {%0, %1, %2, %3}, [%4];" : "=f"(x[0]), "=f"(x[1]), "=f"(x[2]), "=f"(x[3]) : "l"(at));
      return;
    }
    u32 w[2];
    asm volatile("ld.global.v2.b32 {%0, %1}, [%2];" : "=r"(w[0]), "=r"(w[1]) : "l"(at));
    UNROLL for (int j = 0; j < 4; j++) {
      const u16 bits = (u16)(w[j / 2] >> j % 2 * 16);
      x[j] = type == kF16 ? to_float(f16{bits}) : to_float(bf16{bits});
    }
  }

  DEVICE void advance() { p += (i64)(flat ? ld : 1) * (depth * bytes()); }

  DEVICE void store(float *step, const float *x, int i) const {
    float *to = step + (step_row(flat) + 8 * i) * kLine + row(flat);
    if (flat)
      *(float4 *)to = float4{x[0], x[1], x[2], x[3]};
    else
      UNROLL for (int j = 0; j < 4; j++) to[j * kLine] = x[j];
  }
};

// Groups of four neighbours, half a tile apart, of one k: a thread's rows or columns.
template <int count, int rows> DEVICE void take(float *x, const float *line, int index) {
  UNROLL for (int i = 0; i < count / 4; i++) {
    const float4 v = *(const float4 *)(line + i * (rows / (count / 4)) + index * 4);
    UNROLL for (int j = 0; j < 4; j++) x[4 * i + j] = v[j];
  }
}

template <int tile, int depth, int TM, int TN, bool any, bool forms>
DEVICE void gemm(const Epilogue &e, const void *a, const void *b, const void *up, int m, int n, int k, int lda, int ldb, int ldup,
                 int type_a, int type_b, int form) {
  using S = Side<tile, depth, any>;
  constexpr int threads = tile * 2, across = tile / TN, groups = depth / 8;
  static_assert(tile / TM * across == threads, "tile");
  constexpr int side_floats = depth * S::kLine, half = tile / 2;
  SHARED float shared[half > 4 * depth ? half * S::kLine : 4 * side_floats]; // two steps of a, two of b; later half of the tile
  const bool gated = up != nullptr;
  const int width = gated ? tile / 2 : tile, m0 = block_x() * tile, n0 = block_y() * width;

  // Of a tile that is half up's, the upper half of the threads brings up's rows, which lie behind b's in shared memory.
  const bool second = gated && thread() / 2 >= width;
  S of_a(a, m0, m - m0, lda, type_a, forms && form == 2);
  S of_b(second ? up : b, n0 - (second ? width : 0), second ? n - n0 + width : gated && n - n0 > width ? width : n - n0,
               second ? ldup : ldb, type_b, forms && form != 0);

  float acc[TM][TN] = {}, x[groups][4], y[groups][4];
  UNROLL for (int i = 0; i < groups; i++) {
    of_a.load(x[i], k, i);
    of_b.load(y[i], k, i);
  }
  int place = 0;
  ROLL for (int left = k; left > 0; left -= depth) {
    float *step = shared + place;
    UNROLL for (int i = 0; i < groups; i++) {
      of_a.store(step, x[i], i);
      of_b.store(step + side_floats, y[i], i);
    }
    sync_block(); // the step is there, and nobody reads the one before, whose place the next one takes
    if (left > depth) {
      of_a.advance();
      of_b.advance();
      UNROLL for (int i = 0; i < groups; i++) {
        of_a.load(x[i], left - depth, i);
        of_b.load(y[i], left - depth, i);
      }
    }
    UNROLL for (int l = 0; l < depth; l++) {
      float va[TM], vb[TN];
      take<TM, tile>(va, step + l * S::kLine, thread() / across);
      take<TN, tile>(vb, step + side_floats + l * S::kLine, thread() % across);
      UNROLL for (int i = 0; i < TM; i++) UNROLL for (int j = 0; j < TN; j++) acc[i][j] = __builtin_fmaf(va[i], vb[j], acc[i][j]);
    }
    place = 2 * side_floats - place;
  }

  // Half of the tile at a time through shared memory, so that neighbouring threads have neighbouring columns.
  const int at = thread_anew() / across * 4 * S::kLine + thread_anew() % across * 4;
  const int bits = (tile == 128 ? 7 : 6) - gated; // of width
  SHARED float vectors[tile]; // bias, and upbias behind it if there is one
  if (thread_anew() < width && n0 + thread_anew() < n) {
    const Epilogue::Column column = e.column(n0 + thread_anew());
    vectors[thread_anew()] = column.bias;
    if (gated) vectors[tile / 2 + thread_anew()] = column.upbias;
  }
  ROLL for (int h = 0; h < 2; h++) {
    sync_block();
    UNROLL for (int i = 0; i < 4; i++) UNROLL for (int j = 0; j < TN; j += 4) {
      float4 part;
      UNROLL for (int c = 0; c < 4; c++) part[c] = h ? acc[4 + i][j + c] : acc[i][j + c];
      *(float4 *)(shared + at + i * S::kLine + j / 4 * (tile / (TN / 4))) = part;
    }
    sync_block();
    const int first = m0 + h * half, rows = m - first < half ? m - first : half;
    ROLL for (int i = thread_anew(); i < rows << bits; i += threads) {
      const int r = i >> bits, c = i & (width - 1);
      const float *from = shared + r * S::kLine + c;
      if (n0 + c < n) e.finish(first + r, {n0 + c, vectors[c], gated ? vectors[tile / 2 + c] : 0}, from[0], gated, gated ? from[width] : 0);
    }
  }
}

#define SIMT(tile, depth, min_blocks, TM, TN, any, forms, name)                                                                     \
  KERNEL(tile * 2, min_blocks) gemm_simt##tile##_##name(GEMM_PARAMETERS, int form) {                                   \
    gemm<tile, depth, TM, TN, any, forms>(GEMM_EPILOGUE, a, b, up, m, n, k, lda, ldb, ldup, type_a, type_b, form);                   \
  }

SIMT(64, 16, 4, 8, 4, false, true, f32)
SIMT(128, 8, 2, 8, 8, false, false, f32)
SIMT(64, 16, 3, 8, 4, true, true, any)
