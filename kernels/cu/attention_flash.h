// Attention on tensor cores, for operands of one type of 16 bits.
//
// A warp has 16 queries and sees kKeys keys at a time. While the block works on one tile of K and V the next one arrives.
// Heads narrower than D end in zeros in shared memory.
//
// kGeneral adds to a kernel: pages, bias, dropout, scales that are not positive, and rows that lie anywhere. Where a launch needs
// none of that both kernels give the same bits.
#pragma once
#include "attention.h"

constexpr int kThreads = 128, kRows = 64;

// What depends on the width: keys of a tile so that four tiles, two of K and two of V, and the queries fit 48 KiB.
template <int D> struct Shape {
  static constexpr int kKeys = D <= 64 ? 64 : D == 128 ? 32 : 16;
  static constexpr int kChunks = D / 8, kRowBytes = D * 2;
  static constexpr int kPass = kThreads / kChunks; // rows that the block copies at once
  static constexpr int kTileBytes = kKeys * kRowBytes;
  static constexpr int kWindow = kRows + kKeys; // distances of the bias of a tile, and one
  static constexpr int kWindowBytes = 4 * kWindow;
};

// What is where in shared memory: queries, two tiles of K and two of V, two windows of the bias. Queries go to registers, and
// windows or, of the widest heads, tiles come where they were. The general kernel of the widest heads has not enough registers.
template <int D, bool kGeneral> struct Place : Shape<D> {
  static constexpr bool kHeld = !(kGeneral && D == 256), kOverlay = kHeld && D == 256;
  static constexpr int kQueryBytes = kRows * D * 2;
  static constexpr int kTiles = kOverlay ? 0 : kQueryBytes, kEnd = kTiles + 4 * Shape<D>::kTileBytes;
  static constexpr int kWindows = kHeld ? 0 : kEnd;
  static constexpr int kBytes = kHeld ? kEnd : kEnd + 2 * Shape<D>::kWindowBytes;
};

extern __attribute__((shared, aligned(128))) char dynamic[];

// Blocks of an SM that registers shall allow.
template <int D> constexpr int kBlocks = D == 16 ? 4 : D <= 64 ? 3 : 2;

// Where a chunk of a row stands in a tile: see swizzled in device.h. Eight rows differ in the banks of what they have at one place.
template <int D> DEVICE u32 place(int row, int chunk) {
  const int mask = D == 16 ? row / 4 & 1 : D == 32 ? row / 2 & 3 : row & 7;
  return (u32)(row * D * 2 + (chunk ^ mask) * 16);
}

// The place of a thread's chunk in pass i, `to` being that in the first.
template <int D> DEVICE u32 place_of_pass(u32 to, int i) {
  constexpr int kPass = Shape<D>::kPass;
  return (to ^ (u32)((i * kPass & 7) * 16)) + i * kPass * D * 2; // only D = 256 has less than eight rows in a pass
}

// A thread's share of copying rows of a matrix that follow each other, in chunks of 16 bytes.
template <class T, int D> struct Rows {
  const T *from;
  int pass; // elements
  u32 to;
  int left; // rows from the thread's first on; none if its columns are beyond the head's

  DEVICE Rows() {}
  DEVICE Rows(const void *matrix, i64 first, int rows, int ld, int column, int width) {
    constexpr int kChunks = Shape<D>::kChunks;
    const int row = thread() / kChunks, chunk = thread() % kChunks;
    from = (const T *)matrix + (first + row) * ld + column + chunk * 8;
    pass = Shape<D>::kPass * ld;
    to = place<D>(row, chunk);
    left = chunk * 8 < width ? rows - row : 0;
  }

  // Copies the next so many rows. Those that there are not become zero.
  template <int kCount> DEVICE void copy(u32 shared) {
    UNROLL for (int i = 0; i < kCount / Shape<D>::kPass; i++) {
      copy16(shared + place_of_pass<D>(to, i), from, i * Shape<D>::kPass < left ? 16 : 0);
      from += pass;
    }
    left -= kCount;
  }
};

// The same work for rows that lie anywhere: row(i) is the number of row i, negative for one of zeros. Without `wide` elements are
// copied one by one.
template <class T, int D, int kCount, class Row>
DEVICE void copy_rows(u32 shared, const void *matrix, int ld, int column, int width, bool wide, Row row) {
  constexpr int kChunks = Shape<D>::kChunks, kPasses = kCount / Shape<D>::kPass;
  const int t = thread_anew(), first = t / kChunks, chunk = t % kChunks;
  const u32 to = shared + place<D>(first, chunk);
  width -= chunk * 8;
  if (wide) {
    int rows[kPasses];
    UNROLL for (int i = 0; i < kPasses; i++) rows[i] = row(first + i * Shape<D>::kPass); // pages are read together
    UNROLL for (int i = 0; i < kPasses; i++)
      copy16(place_of_pass<D>(to, i), (const T *)matrix + (i64)rows[i] * ld + column + chunk * 8, rows[i] >= 0 && width > 0 ? 16 : 0);
    return;
  }
  ROLL for (int i = 0; i < kPasses; i++) {
    const int r = row(first + i * Shape<D>::kPass);
    const T *from = (const T *)matrix + (i64)r * ld + column + chunk * 8;
    u32 w[4] = {};
    UNROLL for (int e = 0; e < 8; e++)
      if (r >= 0 && e < width) w[e / 2] |= (u32)from[e].bits << e % 2 * 16;
    asm volatile("st.shared.v4.b32 [%0], {%1, %2, %3, %4};" ::"r"(place_of_pass<D>(to, i)), "r"(w[0]), "r"(w[1]), "r"(w[2]), "r"(w[3]) : "memory");
  }
}

// s = q·kᵀ for 16 queries and a tile of keys; b is the lane's address of the first 16 keys. Columns, 16 at a time, differ in
// bits 5 and up of the address. The queries are in registers or, where q is null, in shared memory too.
template <class T, int D, int key = 0> DEVICE void scores(float (*s)[4], const u32 (*q)[4], u32 a, u32 b) {
  UNROLL for (int i = 0; i < D / 16; i++) {
    u32 f[4], m[4];
    if (!q) load_matrix<0>(f, a ^ (i * 32));
    load_matrix<key * D * 2>(m, b ^ (i * 32));
    mma<T>(s[key / 8], q ? q[i] : f, m);
    mma<T>(s[key / 8 + 1], q ? q[i] : f, m + 2);
  }
  if constexpr (key + 16 < Shape<D>::kKeys) scores<T, D, key + 16>(s, q, a, b);
}

// o += p·v.
template <class T, int D, int key = 0> DEVICE void values(float (*o)[4], const u32 (*p)[4], u32 b) {
  UNROLL for (int i = 0; i < D / 16; i++) {
    u32 m[4];
    load_matrix_trans<key * D * 2>(m, b ^ (i * 32));
    mma<T>(o[2 * i], p[key / 16], m);
    mma<T>(o[2 * i + 1], p[key / 16], m + 2);
  }
  if constexpr (key + 16 < Shape<D>::kKeys) values<T, D, key + 16>(o, p, b);
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
  float max, sum; // of scores before scale; of exp(score − max), this lane's columns alone
};

// What exponents are relative to, in base 2. Of a row without a score above −∞ they are all −∞.
DEVICE float shift_of(float max, float scale) { return max == kNone ? 0 : max * scale; }

// Turns scores into probabilities relative to the maximum so far, and what came before with them.
template <int D> DEVICE void soften(Running *run, float (*s)[4], float (*o)[4], float scale) {
  UNROLL for (int h = 0; h < 2; h++) {
    float top = run[h].max;
    UNROLL for (int j = 0; j < Shape<D>::kKeys / 8; j++) top = __nvvm_fmax_f(top, __nvvm_fmax_f(s[j][2 * h], s[j][2 * h + 1]));
    top = row_max(top);
    const float shift = shift_of(top, scale);
    const float keep = exp2_approx(__builtin_fmaf(run[h].max, scale, -shift));
    run[h].max = top;
    run[h].sum *= keep;
    UNROLL for (int i = 0; i < D / 8; i++) {
      o[i][2 * h] *= keep;
      o[i][2 * h + 1] *= keep;
    }
    UNROLL for (int j = 0; j < Shape<D>::kKeys / 8; j++) UNROLL for (int e = 2 * h; e < 2 * h + 2; e++) {
      s[j][e] = exp2_approx(__builtin_fmaf(s[j][e], scale, -shift));
      run[h].sum += s[j][e];
    }
  }
}

// Hides keys from column `seen` of the tile on, seen of the lane's two rows.
template <int D> DEVICE void hide(float (*s)[4], const int *seen) {
  const int column = thread_anew() % 4 * 2;
  UNROLL for (int j = 0; j < Shape<D>::kKeys / 8; j++) UNROLL for (int e = 0; e < 4; e++)
    if (j * 8 + e % 2 >= seen[e / 2] - column) s[j][e] = kNone;
}

// Adds the bias, whose window of distances is in shared memory, to scores in base 2.
template <int D> DEVICE void add_bias(float (*s)[4], u32 window, float scale) {
  const int t = thread_anew(), lane = t % kWarp;
  const u32 from = window + (lane % 4 * 2 - lane / 4 - t / kWarp * 16 + kRows - 1) * 4;
  UNROLL for (int j = 0; j < Shape<D>::kKeys / 8; j++) UNROLL for (int e = 0; e < 4; e++) {
    float b;
    asm volatile("ld.shared.f32 %0, [%1];" : "=f"(b) : "r"(from + (j * 8 + e % 2 - e / 2 * 8) * 4) : "memory");
    s[j][e] = __builtin_fmaf(s[j][e], scale, b);
  }
}

template <int D> DEVICE void drop_some(float (*s)[4], const Attention &a, const Work &w, int key) {
  const int t = thread_anew(), lane = t % kWarp, first = w.first + t / kWarp * 16;
  UNROLL for (int h = 0; h < 2; h++) {
    const i64 row = ((i64)(w.qfirst + first + lane / 4 + 8 * h) * a.heads + w.head) * a.kmax + key + lane % 4 * 2;
    UNROLL for (int j = 0; j < Shape<D>::kKeys / 8; j++) UNROLL for (int e = 0; e < 2; e++)
      s[j][2 * h + e] *= a.drop.keep((u64)(row + j * 8 + e));
  }
}

struct alignas(8) Two { float x[2]; };

// Stores what a lane has of its two rows: parts, lse, and results in other types or at odd places than store_staged serves.
template <class T, int D> DEVICE void store_rows(const Attention &a, const Work &w, int first, const Running *run, const float (*o)[4], float scale) {
  const int lane = thread_anew() % kWarp, column = lane % 4 * 2;
  UNROLL for (int h = 0; h < 2; h++) {
    const int query = first + lane / 4 + h * 8;
    if (query >= w.queries) continue;
    const float shift = shift_of(run[h].max, scale), sum = run[h].sum;
    if (w.slot >= 0) {
      float *to = w.part(a, query);
      if (column == 0) to[0] = run[h].max == kNone ? kNone : shift, to[1] = sum;
      UNROLL for (int i = 0; i < D / 8; i++) UNROLL for (int e = 0; e < 2; e++)
        if (i * 8 + column + e < a.dv) to[2 + i * 8 + column + e] = o[i][2 * h + e];
      continue;
    }
    const i64 row = w.qfirst + query;
    if (a.lse && column == 0) a.lse[row * a.ldl + w.head] = log_sum(shift, sum);
    if (a.dst_code == kCode<T> && a.wide) continue;
    const float inverse = sum == 0 ? 0 : 1 / sum;
    const i64 at = row * a.ldd + w.head * a.dv + column;
    UNROLL for (int i = 0; i < D / 8; i++) {
      const float x[2] = {o[i][2 * h] * inverse, o[i][2 * h + 1] * inverse};
      if (a.wide && i * 8 < a.dv)
        *(Two *)((float *)a.dst + at + i * 8) = Two{{x[0], x[1]}};
      else
        UNROLL for (int e = 0; e < 2; e++) if (i * 8 + column + e < a.dv) store_as(a.dst, at + i * 8 + e, a.dst_code, x[e]);
    }
  }
}

// Stores results of the kernel's type by 16 bytes, through the warp's own rows of shared memory.
template <class T, int D> DEVICE void store_staged(const Attention &a, const Work &w, int first, const Running *run, const float (*o)[4], u32 stage) {
  constexpr int kChunks = D / 8, kPass = kWarp / kChunks > 0 ? kWarp / kChunks : 1;
  const int lane = thread_anew() % kWarp;
  sync_warp(); // the queries have been read
  UNROLL for (int h = 0; h < 2; h++) {
    const float inverse = run[h].sum == 0 ? 0 : 1 / run[h].sum;
    UNROLL for (int i = 0; i < D / 8; i++)
      asm volatile("st.shared.b32 [%0], %1;" ::"r"(stage + place<D>(lane / 4 + h * 8, i) + lane % 4 * 4), "r"(pack<T>(o[i][2 * h] * inverse, o[i][2 * h + 1] * inverse)) : "memory");
  }
  sync_warp();
  const int chunk = lane % kChunks;
  UNROLL for (int i = 0; i < 16 / kPass; i++) {
    const int row = lane / kChunks + i * kPass;
    quad x;
    asm volatile("ld.shared.v4.b32 {%0, %1, %2, %3}, [%4];" : "=r"(x.w[0]), "=r"(x.w[1]), "=r"(x.w[2]), "=r"(x.w[3]) : "r"(stage + place<D>(row, chunk)) : "memory");
    if (first + row < w.queries && chunk * 8 < a.dv)
      *(quad *)((T *)a.dst + (i64)(w.qfirst + first + row) * a.ldd + w.head * a.dv + chunk * 8) = x;
  }
}

// Computes a query anew, key by key, and stores it: matrix units multiply what causality hides by zero, which of an infinity or
// NaN in V makes a NaN. All lanes call it.
template <class T, int D> DEVICE void redo_row(const Attention &a, const Work &w, int query) {
  constexpr int kColumns = D < kWarp ? 1 : D / kWarp;
  const int lane = thread_anew() % kWarp, key_head = w.head / a.group;
  const i64 row = w.qfirst + query;
  const T *q = (const T *)a.q + row * a.ldq + w.head * a.d;
  float top = kNone, sum = 0, o[kColumns] = {};
  const int seen = w.seen(a, query);
  ROLL for (int key = w.begin; key < seen; key++) {
    const i64 at = key_row(a, w, key);
    const T *k = (const T *)a.k + at * a.ldk + key_head * a.d, *v = (const T *)a.v + at * a.ldv + key_head * a.dv;
    float s = 0;
    ROLL for (int c = lane; c < a.d && at >= 0; c += kWarp) s = __builtin_fmaf(to_float(q[c]), to_float(k[c]), s);
    s = warp_sum(s) * a.scale;
    if (a.bias) s += bias_at(a, w, key - (query + w.keys - w.queries));
    const float max = __nvvm_fmax_f(top, s), shift = max == kNone ? 0 : max, keep = math::exp2(top - shift);
    float p = math::exp2(s - shift);
    top = max;
    sum = __builtin_fmaf(sum, keep, p);
    if (a.drop.kept != 1) p *= a.drop.keep((u64)((row * a.heads + w.head) * a.kmax + key));
    p = to_float(from_float<T>(p));
    UNROLL for (int i = 0; i < kColumns; i++)
      if (lane + i * kWarp < a.dv && at >= 0) o[i] = __builtin_fmaf(o[i], keep, p * to_float(v[lane + i * kWarp]));
  }
  if (w.slot >= 0) {
    float *to = w.part(a, query);
    if (lane == 0) to[0] = top, to[1] = sum;
    UNROLL for (int i = 0; i < kColumns; i++) if (lane + i * kWarp < a.dv) to[2 + lane + i * kWarp] = o[i];
    return;
  }
  if (a.lse && lane == 0) a.lse[row * a.ldl + w.head] = log_sum(top, sum);
  const float inverse = sum == 0 ? 0 : 1 / sum;
  UNROLL for (int i = 0; i < kColumns; i++)
    if (lane + i * kWarp < a.dv) store_as(a.dst, row * a.ldd + w.head * a.dv + lane + i * kWarp, a.dst_code, o[i] * inverse);
}

// Whether a lane's results of one of its rows are not all finite.
template <int D> DEVICE bool spoiled(const float (*o)[4], int h) {
  float zero = 0;
  UNROLL for (int i = 0; i < D / 8; i++) zero = __builtin_fmaf(o[i][2 * h], 0, __builtin_fmaf(o[i][2 * h + 1], 0, zero));
  return zero != 0;
}

// Computes those of the warp's queries anew that are not finite.
template <class T, int D> DEVICE void redo_rows(const Attention &a, const Work &w, int first, const float (*o)[4]) {
  UNROLL for (int h = 0; h < 2; h++) {
    u32 lanes = __nvvm_vote_ballot_sync(0xffffffffu, spoiled<D>(o, h));
    if (!lanes) continue;
    sync_warp(); // they have been stored
    ROLL for (int r = 0; r < 8; r++)
      if ((lanes >> r * 4 & 15) && first + r + h * 8 < w.queries) redo_row<T, D>(a, w, first + r + h * 8);
  }
}

// The bias of distance t of the window of a block and a tile, in base 2: key `key` + j and query `first` + i meet at t = j−i+63.
DEVICE float window_bias(const Attention &a, const Work &w, int key, int t) {
  return bias_at(a, w, key + t - (kRows - 1) - (w.first + w.keys - w.queries));
}

template <bool b> struct Whole {
  static constexpr bool value = b;
};

template <class T, int D, bool kGeneral> DEVICE void flash(const Attention &a) {
  using S = Place<D, kGeneral>;
  constexpr int kKeys = S::kKeys, kTileBytes = S::kTileBytes;
  SHARED char shared[S::kHeld ? S::kBytes : 1];
  Work w;
  if (!w.find<kRows>(a)) return;
  const u32 base = shared_address(S::kHeld ? shared : dynamic), tile_k = base + S::kTiles, tile_v = tile_k + 2 * kTileBytes;
  const u32 windows = base + S::kWindows;
  const int key_head = w.head / a.group, rows = w.queries - w.first;
  const bool wide = !kGeneral || a.wide, bias = kGeneral && a.bias;

  Rows<T, D> copy_k, copy_v;
  if (!kGeneral) {
    const i64 first = w.kfirst + w.begin;
    copy_k = Rows<T, D>(a.k, first, w.end - w.begin, a.ldk, key_head * a.d, a.d);
    copy_v = Rows<T, D>(a.v, first, w.end - w.begin, a.ldv, key_head * a.dv, a.dv);
  }
  const auto copy_tile = [&](int key, u32 stage) __attribute__((always_inline)) {
    if constexpr (kGeneral) {
      const auto row = [&](int i) __attribute__((always_inline)) { return key_row(a, w, key + i); };
      copy_rows<T, D, kKeys>(tile_k + stage, a.k, a.ldk, key_head * a.d, a.d, wide, row);
      copy_rows<T, D, kKeys>(tile_v + stage, a.v, a.ldv, key_head * a.dv, a.dv, wide, row);
    } else {
      copy_k.template copy<kKeys>(tile_k + stage);
      copy_v.template copy<kKeys>(tile_v + stage);
    }
  };
  const auto store_window = [&](u32 stage, float b) __attribute__((always_inline)) {
    const int t = thread_anew();
    if (t < S::kWindow) asm volatile("st.shared.f32 [%0], %1;" ::"r"(windows + stage + t * 4), "f"(b) : "memory");
  };

  if constexpr (kGeneral)
    copy_rows<T, D, kRows>(base, a.q, a.ldq, w.head * a.d, a.d, wide, [&](int i) __attribute__((always_inline)) { return i < rows ? w.qfirst + w.first + i : -1; });
  else
    Rows<T, D>(a.q, w.qfirst + w.first, rows, a.ldq, w.head * a.d, a.d).template copy<kRows>(base);
  if (!S::kOverlay && w.begin < w.end) copy_tile(w.begin, 0);
  copy_commit();
  copy_wait<0>();
  sync_block();

  const u32 read_q = base + place<D>(thread() / kWarp * 16 + thread() % 16, thread() % kWarp / 16);
  u32 fq[S::kHeld ? D / 16 : 1][4];
  if (S::kHeld) UNROLL for (int i = 0; i < D / 16; i++) load_matrix<0>(fq[i], read_q ^ (i * 32));
  if (S::kOverlay || bias) {
    sync_block(); // queries are in registers: what comes over them may come
    if (S::kOverlay && w.begin < w.end) copy_tile(w.begin, 0);
    if (bias && w.begin < w.end) store_window(0, window_bias(a, w, w.begin, thread()));
    copy_commit();
    copy_wait<0>();
    sync_block();
  }
  const u32 read_k = tile_k + place<D>(thread() % 8 + thread() % kWarp / 16 * 8, thread() / 8 % 2);
  const u32 read_v = tile_v + place<D>(thread() % 16, thread() % kWarp / 16);
  // Of the warp: how many keys its first query sees, and its last.
  const int first = w.first + thread() / kWarp * 16;
  const int low = w.seen(a, first), high = first < w.queries ? w.seen(a, first + 15) : w.begin;
  // After the bias, scores are in base 2. So are they made for a scale that would turn the maximum round.
  const bool scaled = kGeneral && (bias || !(a.scale > 0));
  const float scale = scaled ? 1 : a.scale;

  Running run[2] = {{kNone, 0}, {kNone, 0}};
  float o[D / 8][4] = {};
  u32 stage = 0;
  // Whole: every key is seen by all queries of the block.
  const auto tile = [&](int key, auto whole) __attribute__((always_inline)) {
    if (key > w.begin) {
      copy_wait<0>();
      sync_block(); // the tile has landed, and nobody reads the one before, which is overwritten next
    }
    float ahead = 0;
    if (key + kKeys < w.end) {
      copy_tile(key + kKeys, stage ^ kTileBytes);
      copy_commit();
      if (bias) ahead = window_bias(a, w, key + kKeys, thread_anew());
    }
    if (key < high) {
      float s[kKeys / 8][4] = {};
      scores<T, D>(s, S::kHeld ? fq : nullptr, read_q, read_k + stage);
      if constexpr (kGeneral) {
        if (bias)
          add_bias<D>(s, windows + (stage ? S::kWindowBytes : 0), a.scale);
        else if (scaled)
          UNROLL for (int j = 0; j < kKeys / 8; j++) UNROLL for (int e = 0; e < 4; e++) s[j][e] *= a.scale;
      }
      if (!whole.value && key + kKeys > low) {
        const int query = w.first + thread_anew() / kWarp * 16 + thread_anew() % kWarp / 4;
        const int left[2] = {w.seen(a, query) - key, w.seen(a, query + 8) - key};
        hide<D>(s, left);
      }
      soften<D>(run, s, o, scale);
      if constexpr (kGeneral)
        if (a.drop.kept != 1) drop_some<D>(s, a, w, key);
      u32 p[kKeys / 16][4];
      UNROLL for (int j = 0; j < kKeys / 8; j++) {
        p[j / 2][j % 2 * 2] = pack<T>(s[j][0], s[j][1]);
        p[j / 2][j % 2 * 2 + 1] = pack<T>(s[j][2], s[j][3]);
      }
      values<T, D>(o, p, read_v + stage);
    }
    if (bias && key + kKeys < w.end) store_window(stage ? 0 : S::kWindowBytes, ahead);
    stage ^= kTileBytes;
  };
  int key = w.begin;
  if (!kGeneral)
    ROLL for (const int all = w.seen(a, w.first); key + kKeys <= all; key += kKeys) tile(key, Whole<true>{});
  ROLL for (; key < w.end; key += kKeys) tile(key, Whole<false>{});

  UNROLL for (int h = 0; h < 2; h++) run[h].sum = row_sum(run[h].sum);
  const int warp = thread_anew() / kWarp, own = w.first + warp * 16;
  store_rows<T, D>(a, w, own, run, o, scale);
  if (w.slot < 0 && a.dst_code == kCode<T> && wide) {
    if (S::kOverlay || bias) sync_block(); // nobody reads tiles or windows
    if (own < w.queries) store_staged<T, D>(a, w, own, run, o, base + warp * 16 * D * 2);
  }
  if (a.causal) redo_rows<T, D>(a, w, own, o);
}

#define FLASH(strategy, general, D, T)                                                                                 \
  KERNEL(kThreads, kBlocks<D>) attention_##strategy##D##_##T(ATTENTION_PARAMS) { flash<T, D, general>(ATTENTION_OF_PARAMS); }
#if __CUDA_ARCH__ >= 800
#define FLASH_TYPES(strategy, general, D) FLASH(strategy, general, D, f16) FLASH(strategy, general, D, bf16)
#define FLASH_WIDEST(strategy, general) FLASH_TYPES(strategy, general, 256)
#else
#define FLASH_TYPES(strategy, general, D) FLASH(strategy, general, D, f16)
#define FLASH_WIDEST(strategy, general) // copies go through registers, of which none are left
#endif
#define FLASH_WIDTHS(strategy, general)                                                                                \
  FLASH_TYPES(strategy, general, 16)                                                                                   \
  FLASH_TYPES(strategy, general, 32)                                                                                   \
  FLASH_TYPES(strategy, general, 64)                                                                                   \
  FLASH_TYPES(strategy, general, 128)                                                                                  \
  FLASH_WIDEST(strategy, general)
