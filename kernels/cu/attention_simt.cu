// Attention of packed sequences without tensor cores: for f32, and for types that differ. With it, what makes one result of the
// parts of a sequence that was split.
#include "attention.h"

// attention_simt<D>: see attention.h for the parameters.
//
// Widths      D is 32, 64, 128 or 256; 1 ≤ d, dv ≤ D.
// Types       q of q_code, k and v of kv_code, dst of dst_code.
// wide        rows of four elements: addresses and strides in multiples of four elements of their type, d and dv too.
// Launch      rows of a block: 64 for D up to 64, 32 for 128, 16 for 256. No dynamic shared memory.
// scale       of the scores, times log₂ e.
// Numerics    all in f32.
//
// Eight lanes have kR queries, 16 apart. Each has every eighth key's score, and of the result four columns of 32.
constexpr int kThreads = 128, kLanes = 8;

// Keys of a tile, and of those a lane's.
template <int D> constexpr int kTileKeys = D <= 128 ? 32 : 16;
template <int D> constexpr int kLaneKeys = kTileKeys<D> / kLanes;

// R is a lane's queries. It does not change the order of any sum.
template <int D, int R> struct Shape {
  static constexpr int kR = R;
  static constexpr int kRows = kR * kThreads / kLanes;
  static constexpr int kKeys = kTileKeys<D>;
  static constexpr int kS = kLaneKeys<D>, kO = D / 32; // scores of a lane and query, and groups of four columns
  static constexpr int kStep = D + 4;                    // from row to row: eight rows differ in their banks
  static constexpr int kStepP = kKeys == 32 ? 40 : 24;   // four rows differ by eight banks
  static constexpr bool kApart = D <= 64;                // V has a place of its own, and comes while scores are computed
};

struct alignas(16) Four { float x[4]; };

// Copies rows of width elements as f32; columns from there to D, and rows that there are not, become zero.
template <int D, int kCount, class Row>
DEVICE void copy_rows(float *shared, const void *matrix, int code, int ld, int column, int width, bool wide, Row row) {
  constexpr int kGroups = D / 4, kPass = kThreads / kGroups;
  const int first = thread() / kGroups, c = thread() % kGroups * 4;
  UNROLL for (int i = 0; i < kCount; i += kPass) {
    const int r = row(first + i);
    const i64 at = (i64)(r < 0 ? 0 : r) * ld + column + c;
    const int left = r < 0 ? 0 : width - c;
    float *to = shared + (first + i) * (D + 4) + c;
    if (wide && code == kF32) {
      copy16(shared_address(to), (const float *)matrix + at, left > 0 ? 16 : 0);
      continue;
    }
    Four f = {};
    if (wide && left > 0)
      load4_as(f.x, matrix, at, code, true);
    else
      UNROLL for (int j = 0; j < 4; j++) if (j < left) f.x[j] = load_as(matrix, at + j, code);
    *(Four *)to = f;
  }
}

template <int D, int R> DEVICE void scores(float (*s)[kLaneKeys<D>], const float *q, const float *k, int d) {
  using S = Shape<D, R>;
  ROLL for (int c = 0; c < d; c += 4) {
    Four fq[S::kR], fk[S::kS];
    UNROLL for (int r = 0; r < S::kR; r++) fq[r] = *(const Four *)(q + r * 16 * S::kStep + c);
    UNROLL for (int j = 0; j < S::kS; j++) fk[j] = *(const Four *)(k + j * kLanes * S::kStep + c);
    UNROLL for (int e = 0; e < 4; e++) UNROLL for (int r = 0; r < S::kR; r++) UNROLL for (int j = 0; j < S::kS; j++)
      s[r][j] = __builtin_fmaf(fq[r].x[e], fk[j].x[e], s[r][j]);
  }
}

// o += p·v. left: keys of the tile that each query sees; the others' values do not count, whatever they are.
template <int D, int R, bool kHidden> DEVICE void values(Four (*o)[D / 32], const float *p, const float *v, const int *left) {
  using S = Shape<D, R>;
  ROLL for (int j = 0; j < S::kKeys; j += 4) {
    Four fp[S::kR];
    UNROLL for (int r = 0; r < S::kR; r++) fp[r] = *(const Four *)(p + r * 16 * S::kStepP + j);
    UNROLL for (int e = 0; e < 4; e++) UNROLL for (int g = 0; g < S::kO; g++) {
      const Four fv = *(const Four *)(v + (j + e) * S::kStep + g * 32);
      UNROLL for (int r = 0; r < S::kR; r++) UNROLL for (int c = 0; c < 4; c++)
        if (!kHidden || j + e < left[r]) o[r][g].x[c] = __builtin_fmaf(fp[r].x[e], fv.x[c], o[r][g].x[c]);
    }
  }
}

DEVICE float lanes_max(float x) {
  UNROLL for (int mask = 1; mask < kLanes; mask *= 2) x = __nvvm_fmax_f(x, shuffle_xor(x, mask));
  return x;
}
DEVICE float lanes_sum(float x) {
  UNROLL for (int mask = 1; mask < kLanes; mask *= 2) x += shuffle_xor(x, mask);
  return x;
}

// What is known of a query after the tiles so far: the greatest score, in base 2; and of exp(score − max) the sum of this lane's keys.
struct Running {
  float max, sum;
};

template <int D> DEVICE void store_row(const Attention &a, const Work &w, int query, Running run, const Four *o) {
  const int lane = thread() % kLanes;
  if (w.slot >= 0) {
    float *to = w.part(a, query);
    if (lane == 0) to[0] = run.max, to[1] = run.sum;
    UNROLL for (int g = 0; g < D / 32; g++) UNROLL for (int c = 0; c < 4; c++)
      if (g * 32 + lane * 4 + c < a.dv) to[2 + g * 32 + lane * 4 + c] = o[g].x[c];
    return;
  }
  const i64 row = w.qfirst + query;
  if (a.lse && lane == 0) a.lse[row * a.ldl + w.head] = log_sum(run.max, run.sum);
  const float inverse = run.sum == 0 ? 0 : 1 / run.sum;
  UNROLL for (int g = 0; g < D / 32; g++) {
    const int column = g * 32 + lane * 4;
    const i64 at = row * a.ldd + w.head * a.dv + column;
    Four x;
    UNROLL for (int c = 0; c < 4; c++) x.x[c] = o[g].x[c] * inverse;
    if (a.wide) {
      if (column < a.dv) store4_as(a.dst, at, a.dst_code, true, x.x);
    } else
      UNROLL for (int c = 0; c < 4; c++) if (column + c < a.dv) store_as(a.dst, at + c, a.dst_code, x.x[c]);
  }
}

template <int D, int R> DEVICE void attend(const Attention &a) {
  using S = Shape<D, R>;
  SHARED float q[S::kRows * S::kStep], k[S::kKeys * S::kStep * (S::kApart ? 2 : 1)], p[S::kRows * S::kStepP];
  Work w;
  if (!w.find<S::kRows>(a)) return;
  float *v = S::kApart ? k + S::kKeys * S::kStep : k;
  const int key_head = w.head / a.group, group = thread() / kLanes, lane = thread() % kLanes;
  copy_rows<D, S::kRows>(q, a.q, a.q_code, a.ldq, w.head * a.d, a.d, a.wide, [&](int i) __attribute__((always_inline)) {
    return w.first + i < w.queries ? w.qfirst + w.first + i : -1;
  });

  Running run[S::kR];
  Four o[S::kR][S::kO] = {};
  int seen[S::kR];
  UNROLL for (int r = 0; r < S::kR; r++) run[r] = {kNone, 0}, seen[r] = w.seen(a, w.first + group + r * 16);
  ROLL for (int key = w.begin; key < w.end; key += S::kKeys) {
    const auto row = [&](int i) __attribute__((always_inline)) { return key_row(a, w, key + i); };
    const bool busy = w.first + group / 4 * 4 < w.queries; // the warp has queries
    if (key > w.begin) sync_block();                        // nobody reads the tile before
    copy_rows<D, S::kKeys>(k, a.k, a.kv_code, a.ldk, key_head * a.d, a.d, a.wide, row);
    copy_commit();
    if (S::kApart) copy_rows<D, S::kKeys>(v, a.v, a.kv_code, a.ldv, key_head * a.dv, a.dv, a.wide, row);
    copy_commit();
    copy_wait<1>();
    sync_block();
    if (busy) {
      float s[S::kR][S::kS] = {};
      scores<D, R>(s, q + group * S::kStep, k + lane * S::kStep, a.d);
      UNROLL for (int r = 0; r < S::kR; r++) {
        const int query = w.first + group + r * 16;
        float top = run[r].max;
        UNROLL for (int j = 0; j < S::kS; j++) {
          const int at = key + lane + j * kLanes;
          const float b = a.bias ? bias_at(a, w, at - (query + w.keys - w.queries)) : 0.0f;
          s[r][j] = at < seen[r] ? __builtin_fmaf(s[r][j], a.scale, b) : kNone;
          top = __nvvm_fmax_f(top, s[r][j]);
        }
        top = lanes_max(top);
        const float shift = top == kNone ? 0 : top, keep = math::exp2(run[r].max - shift);
        run[r].max = top;
        run[r].sum *= keep;
        UNROLL for (int g = 0; g < S::kO; g++) UNROLL for (int c = 0; c < 4; c++) o[r][g].x[c] *= keep;
        UNROLL for (int j = 0; j < S::kS; j++) {
          float e = math::exp2(s[r][j] - shift);
          run[r].sum += e;
          if (a.drop.kept != 1) e *= a.drop.keep((u64)(((i64)(w.qfirst + query) * a.heads + w.head) * a.kmax + key + lane + j * kLanes));
          p[(group + r * 16) * S::kStepP + lane + j * kLanes] = e;
        }
      }
    }
    if (!S::kApart) {
      sync_block(); // nobody reads K
      copy_rows<D, S::kKeys>(v, a.v, a.kv_code, a.ldv, key_head * a.dv, a.dv, a.wide, row);
      copy_commit();
    }
    copy_wait<0>();
    sync_block();
    if (busy) {
      int left[S::kR];
      UNROLL for (int r = 0; r < S::kR; r++) left[r] = seen[r] - key;
      const float *from = p + group * S::kStepP;
      if (a.causal && key + S::kKeys > w.seen(a, w.first))
        values<D, R, true>(o, from, v + lane * 4, left);
      else
        values<D, R, false>(o, from, v + lane * 4, left);
    }
  }
  UNROLL for (int r = 0; r < S::kR; r++) {
    run[r].sum = lanes_sum(run[r].sum);
    const int query = w.first + group + r * 16;
    if (query < w.queries) store_row<D>(a, w, query, run[r], o[r]);
  }
}

#define SIMT(strategy, D, R)                                                                                           \
  KERNEL(kThreads, 3) attention_##strategy##D(ATTENTION_PARAMS) { attend<D, R>(ATTENTION_OF_PARAMS); }

SIMT(simt, 32, 4)
SIMT(simt, 64, 4)
SIMT(simt, 128, 2)
SIMT(simt, 256, 1)

// attention_few<D>: as attention_simt<D>, to the same bits, with 16 rows of a block. D is 32, 64 or 128.
SIMT(few, 32, 1)
SIMT(few, 64, 1)
SIMT(few, 128, 1)

// attention_combine(dst, lse, part, qstart, qlen, klen, heads, dv, qrows, few, slots, chunk, chunks, ldd, ldl, dst_code)
//
// dst and lse of the sequences that are split, of their parts: see attention.h, whose launch with the same few, slots, chunk and
// chunks came before. Chunks are taken in order, so that the result does not depend on how many a launch serves: what is left
// when more follow goes to slot 0.
//
// Launch      block 128, grid few, heads, sequences.
KERNEL(kThreads)
attention_combine(void *dst, float *lse, float *part, const int *qstart, const int *qlen, const int *klen, int heads, int dv, int qrows,
                  int few, int slots, int chunk, int chunks, int ldd, int ldl, int dst_code) {
  const int query = block_x(), head = block_y(), sequence = block_z();
  const int queries = qlen[sequence], keys = klen[sequence], all = (keys + kChunk - 1) / kChunk;
  if (query >= queries || !is_split(queries, keys) || chunk >= all) return;
  const i64 row = (i64)qstart[sequence] + query;
  if (row < 0 || row >= qrows) return; // reported by the kernel before
  float *from = part + (((i64)sequence * heads + head) * few + query) * slots * (dv + 2);
  const int before = chunk > 0, now = all - chunk < chunks ? all - chunk : chunks;
  float top = kNone, sum = 0, o[2] = {};
  ROLL for (int slot = 0; slot < before + now; slot++) {
    const float *s = from + (i64)slot * (dv + 2);
    const float max = __nvvm_fmax_f(top, s[0]), shift = max == kNone ? 0 : max;
    const float a = math::exp2(top - shift), b = math::exp2(s[0] - shift);
    top = max;
    sum = __builtin_fmaf(sum, a, s[1] * b);
    UNROLL for (int i = 0; i < 2; i++) {
      const int c = thread() + i * kThreads;
      if (c < dv) o[i] = __builtin_fmaf(o[i], a, s[2 + c] * b);
    }
  }
  if (chunk + now < all) {
    sync_block(); // everyone has read slot 0
    if (thread() == 0) from[0] = top, from[1] = sum;
    UNROLL for (int i = 0; i < 2; i++)
      if (thread() + i * kThreads < dv) from[2 + thread() + i * kThreads] = o[i];
    return;
  }
  if (lse && thread() == 0) lse[row * ldl + head] = log_sum(top, sum);
  const float inverse = sum == 0 ? 0 : 1 / sum;
  UNROLL for (int i = 0; i < 2; i++)
    if (thread() + i * kThreads < dv) store_as(dst, row * ldd + head * dv + thread() + i * kThreads, dst_code, o[i] * inverse);
}
