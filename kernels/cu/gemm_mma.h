// Parts of matrix products on tensor cores: the way of a tile's operands into shared memory, and the end of a tile.
#pragma once
#include "epilogue.h"

// Whether rows start on 16 bytes.
DEVICE bool wide_rows(const void *p, i64 ld, int size) { return (((u64)p | (u64)(ld * size)) & 15) == 0; }

// Where a chunk of 16 bytes stands in a tile: as swizzled has it where lanes of different rows read one chunk each. In pairs, four
// lanes of a row read 32 bytes, two chunks that stay together, and the four rows of half a warp have them in different banks.
template <bool pairs, int chunks> DEVICE u32 place(int row, int chunk) {
  if constexpr (pairs) return (u32)((row * chunks + (chunk ^ (row & 3) * 2)) * 16);
  return swizzled<chunks>(row, chunk);
}

// done + bytes, of which clang cannot know that it is that: it would step every pointer instead, and ptxas keeps the halves of
// pointers that loops step in registers that are no pairs, and copies them to pairs step by step.
DEVICE u32 next_step(u32 done, u32 bytes) {
  asm volatile("add.u32 %0, %0, %1;" : "+r"(done) : "r"(bytes));
  return done;
}

// A thread's share of copying one operand: one chunk of 16 bytes of every kRows-th row, with everything but the step along k
// prepared. Chunks of a row in a tile. guarded: also of rows that do not start on 16 bytes, or do not end so.
template <class T, int rows, int chunks, int threads, bool guarded, bool pairs = false> struct Loader {
  static constexpr int kRows = threads / chunks, kCount = rows / kRows, kChunk = 16 / (int)sizeof(T);
  const T *from[kCount];
  int inside; // bit i: the matrix has row i
  u32 to;
  int bytes; // of a row from the chunk on
  bool wide;

  DEVICE static int row() { return thread() / chunks; }
  DEVICE static int chunk() { return thread() % chunks; }

  // row_of gives the address of a row of the tile, null below the matrix; all_wide says of the matrix that rows start on 16 bytes.
  template <class F> DEVICE Loader(F row_of, bool all_wide, int k, u32 tile) {
    inside = 0;
    UNROLL for (int i = 0; i < kCount; i++) {
      const T *p = row_of(row() + i * kRows);
      from[i] = p + chunk() * kChunk;
      inside |= p ? 1 << i : 0;
    }
    to = tile + place<pairs, chunks>(row(), chunk());
    bytes = (k - chunk() * kChunk) * (int)sizeof(T);
    wide = !guarded || all_wide;
  }

  // Brings the step that starts done bytes into the rows. What the matrix does not have becomes zero. Without guarded a chunk
  // is there or not: it costs ptxas five instructions where it may be there in part.
  DEVICE void step(u32 stage, u32 done) { step(stage, done, bytes > (int)done ? inside : 0); }

  // The same with the rows that are there: bit first + i of row i.
  template <int first = 0> DEVICE void step(u32 stage, u32 done, int there) {
    const int left = bytes - (int)done;
    if (__CUDA_ARCH__ >= 800 && wide)
      UNROLL for (int i = 0; i < kCount; i++) {
        if constexpr (guarded)
          copy16(at(i) + stage, at_source(i, done), there & 1 << (first + i) ? left < 16 ? left : 16 : 0);
        else
          copy16_if(at(i) + stage, at_source(i, done), there & 1 << (first + i));
      }
    else
      through_registers<first>(stage, done, there, left);
  }

  DEVICE const T *at_source(int i, u32 done) const { return (const T *)((const char *)from[i] + done); }

  // Where the thread's chunk of its row i is. The swizzle of a row differs from the first one's in bits 4 to 6 alone.
  DEVICE u32 at(int i) const {
    static_assert(kRows % 8 == 0 || (pairs ? kRows % 4 == 0 : chunks >= 8 && 8 % kRows == 0), "swizzle");
    return (to ^ (i * kRows * 16 & (pairs ? 0 : 0x70))) + i * kRows * chunks * 16;
  }

  // All loads come before the first store, which waits for them.
  template <int first> DEVICE void through_registers(u32 stage, u32 done, int there, int left) const {
    word4 w[kCount];
    UNROLL for (int i = 0; i < kCount; i++) {
      w[i] = word4{0, 0, 0, 0};
      const int bytes = there & 1 << (first + i) ? left : 0;
      const T *source = at_source(i, done);
      if (wide && bytes >= (guarded ? 16 : 1))
        asm volatile("ld.global.v4.b32 {%0, %1, %2, %3}, [%4];" : "=r"(w[i].x), "=r"(w[i].y), "=r"(w[i].z), "=r"(w[i].w) : "l"(source));
      else if constexpr (guarded) {
        constexpr int per = 4 / (int)sizeof(T); // of a word
        UNROLL for (int j = 0; j < kChunk; j++)
          if (j * (int)sizeof(T) < bytes) w[i][j / per] |= bits(source[j]) << j % per * 16;
      }
    }
    UNROLL for (int i = 0; i < kCount; i++)
      asm volatile("st.shared.v4.b32 [%0], {%1, %2, %3, %4};" ::"r"(at(i) + stage), "r"(w[i].x), "r"(w[i].y), "r"(w[i].z), "r"(w[i].w) : "memory");
  }
  DEVICE static u32 bits(float x) { return __builtin_bit_cast(u32, x); }
  template <class H> DEVICE static u32 bits(H x) { return x.bits; }
};

// The row of b that a row of its tile holds, null past n. With up, of the WN rows of a warp the first half are b's and the second
// half the same of up.
template <int WN, class T> DEVICE const T *weight_row(int row, const T *b, const T *up, int ldb, int ldup, int n0, int n) {
  const bool second = up && row % WN >= WN / 2;
  const i64 r = n0 + (up ? row / WN * (WN / 2) + row % (WN / 2) : row);
  return r >= n ? nullptr : second ? up + r * ldup : b + r * ldb;
}

// What a lane does of a tile's end: kLane<T> neighbouring columns, 16 bytes of dst, row after row. It serves what most layers
// need, which is bias, an activation that is no derivative, gating, and add of T; dst is of T or f32. The bits are those of
// Epilogue::finish.
template <class T, int up_words> struct Finish {
  static constexpr int kColumns = kLane<T>;
  const Epilogue &e;
  int col;
  const float *bias; // of the lane's columns, in shared memory, and up_words behind it upbias
  bool gated;

  // Four of them from j on, from their sums in shared memory.
  DEVICE float4 four(const float *x, int j) const {
    float4 y = *(const float4 *)(x + j);
    const float4 b = *(const float4 *)(bias + j);
    UNROLL for (int c = 0; c < 4; c++) y[c] = __builtin_fmaf(e.alpha, y[c], b[c]);
    act_forward4(e.act, y);
    if (gated) {
      const float4 u = *(const float4 *)(x + up_words + j), ub = *(const float4 *)(bias + up_words + j);
      UNROLL for (int c = 0; c < 4; c++) y[c] *= __builtin_fmaf(e.alpha, u[c], ub[c]);
    }
    return y;
  }

  DEVICE void row(float *x, int row) const {
    const T *add = e.add.p ? (const T *)e.add.p + (i64)row * e.add.ld + col : nullptr;
    const i64 at = (i64)row * e.dst.ld + col;
    if constexpr (kColumns == 4) {
      float4 y = four(x, 0), sum = {};
      if (col + 4 > e.n) {
        UNROLL for (int j = 0; j < 3; j++) if (j < e.n - col) ((float *)e.dst.p)[at + j] = y[j] + (add ? add[j] : 0.0f);
        return;
      }
      if (add) sum = *(const float4 *)add;
      *(float4 *)((float *)e.dst.p + at) = y + sum;
    } else {
      // Of odd rows the second half first, and so on: it spreads the lanes of a warp over all banks. Activations take four at a
      // time and leave them in shared memory, which keeps the code short.
      const int swap = ((row ^ row / 4) & 1) * 4;
      ROLL for (int i = 0; i < 2; i++) {
        const int j = i * 4 ^ swap;
        *(float4 *)(x + j) = four(x, j);
      }
      if (col + 8 > e.n) {
        ROLL for (int j = 0; j < e.n - col; j++) e.dst.store(row, col + j, x[j] + (add ? to_float(add[j]) : 0.0f));
        return;
      }
      const float4 first = *(const float4 *)(x + swap), second = *(const float4 *)(x + (swap ^ 4));
      float y[8], sum[8] = {};
      if (add) {
        const word4 w = *(const word4 *)add;
        UNROLL for (int j = 0; j < 8; j++) sum[j] = to_float(T{(u16)(w[j / 2] >> j % 2 * 16)});
      }
      UNROLL for (int j = 0; j < 4; j++) {
        y[j] = (swap ? second[j] : first[j]) + sum[j];
        y[4 + j] = (swap ? first[j] : second[j]) + sum[4 + j];
      }
      if (e.dst.type == kF32) {
        store4_as(e.dst.p, at, kF32, true, y);
        store4_as(e.dst.p, at + 4, kF32, true, y + 4);
      } else
        *(word4 *)((T *)e.dst.p + at) = word4{pack<T>(y[0], y[1]), pack<T>(y[2], y[3]), pack<T>(y[4], y[5]), pack<T>(y[6], y[7])};
    }
  }
};

// The end of a tile, through shared memory, a warp for itself, 32 rows at a time (16 if it has no more), so that a thread has
// neighbouring columns. Rows are 8 words longer: the four rows that half a warp writes stand in different banks.
template <class T, int BM, int BN, int WM, int WN, bool full>
DEVICE void end_tile(const Epilogue &e, int m, bool gated, float (*acc)[WN / 8][4], float *shared) {
  constexpr int line = WN + 8, pass = WM < 32 ? WM : 32;
  const int lane = thread_anew() % kWarp, warp = thread_anew() / kWarp;
  const int width = gated ? WN / 2 : WN;
  const int m0 = block_x() * BM + warp / (BN / WN) * WM, n0 = block_y() * (gated ? BN / 2 : BN) + warp % (BN / WN) * width;
  float *mine = shared + warp * (pass * line + WN), *vectors = mine + pass * line;
  if (lane < width) {
    const Epilogue::Column column = n0 + lane < e.n ? e.column(n0 + lane) : Epilogue::Column{};
    vectors[lane] = column.bias;
    if (gated) vectors[WN / 2 + lane] = column.upbias;
  }
  // 2^bits lanes have a row, of which a lane's columns start at c. Of f32, the rows of eight lanes are two apart where they
  // have two: in other banks.
  constexpr int columns = full ? 1 : kLane<T>;
  const int bits = (WN / columns == 32 ? 5 : WN / columns == 16 ? 4 : WN / columns == 8 ? 3 : WN / columns == 4 ? 2 : 1) - gated;
  const int c = (lane & ((1 << bits) - 1)) * columns, r0 = lane >> bits;
  const int top = columns == 4 && bits == 2 ? (r0 & 4) | r0 % 2 * 2 | r0 / 2 % 2 : r0;
  static_assert(WM / pass <= 2, "parts");
  ROLL for (int part = 0; part < WM / pass; part++) {
    sync_warp();
    UNROLL for (int i = 0; i < pass / 16; i++) UNROLL for (int j = 0; j < WN / 8; j++) UNROLL for (int h = 0; h < 2; h++) {
      float *p = mine + (i * 16 + h * 8 + lane / 4) * line + j * 8 + lane % 4 * 2;
      const float *sums = acc[i][j] + 2 * h, *later = acc[WM / 16 - pass / 16 + i][j] + 2 * h;
      *(u64 *)p = __builtin_bit_cast(u32, part ? later[0] : sums[0]) | (u64)__builtin_bit_cast(u32, part ? later[1] : sums[1]) << 32;
    }
    sync_warp();
    if (n0 + c >= e.n) continue;
    const int first = m0 + part * pass, rows = m - first < pass ? m - first : pass;
    ROLL for (int r = top; r < rows; r += kWarp >> bits) {
      float *x = mine + r * line + c;
      if constexpr (full)
        e.finish(first + r, {n0 + c, vectors[c], gated ? vectors[WN / 2 + c] : 0}, x[0], gated, gated ? x[WN / 2] : 0);
      else
        Finish<T, WN / 2>{e, n0 + c, vectors + c, gated}.row(x, first + r);
    }
  }
}
