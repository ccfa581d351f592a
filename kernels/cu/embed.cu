// Sums of rows of tables: dst[i] = drop(scale·table[ids[i]] + pos[positions[i]] + type[types[i]]).
#include "fault.h"
#include "rows.h"

// embed_rows_any(dst, fault, table, pos, type, ids, positions, types, rows, cols, table_rows, pos_rows, type_rows,
//                ldd, ldtable, ldpos, ldtype, dst_code, table_code, pos_code, type_code, wide, scale, limit, kept, key_low,
//                key_high)
//
// Shapes      dst [rows, cols], table [table_rows, cols], pos and type likewise; ids, positions, types [rows] i32. pos and type
//             may be null, with their indices. ld… are elements from row to row.
// Types       of gpu.DType's numbers: f32, f16 or bf16 each. Drop as device.h has it, of element row·cols + column.
// Alignment   that of the elements; with wide, bases and rows of all matrices are aligned to four elements.
// Launch      block 128, grid ⌈rows/4⌉, no dynamic shared memory.
// Numerics    products and sums in f32, from left to right, one rounding at the end.
// Faults      a row with an index outside its table becomes NaN.
// Undefined   overlap of dst with another operand.
constexpr int kThreads = 128;

struct Table {
  const void *p;
  int code;
  i64 row;

  // The row of an index; without one, null.
  DEVICE Table(const void *table, const int *index, int i, int rows, int ld, int type, bool *bad) : p(table), code(type), row(0) {
    if (!table) return;
    const int r = index[i];
    if (r < 0 || r >= rows)
      *bad = true;
    else
      row = (i64)r * ld;
  }
};

KERNEL(kThreads)
embed_rows_any(void *dst, int *fault, const void *table, const void *pos, const void *type, const int *ids, const int *positions,
               const int *types, int rows, int cols, int table_rows, int pos_rows, int type_rows, int ldd, int ldtable,
               int ldpos, int ldtype, int dst_code, int table_code, int pos_code, int type_code, int wide, float scale,
               u32 limit, float kept, u32 key_low, u32 key_high) {
  const int row = block_x() * (kThreads / kWarp) + thread() / kWarp;
  if (row >= rows) return;
  bool bad = false;
  const Table a(table, ids, row, table_rows, ldtable, table_code, &bad);
  const Table b(pos, positions, row, pos_rows, ldpos, pos_code, &bad);
  const Table c(type, types, row, type_rows, ldtype, type_code, &bad);
  if (bad) {
    if (thread() % kWarp == 0) report(fault, kFaultEmbed);
    scale = __builtin_nanf("");
  }
  const Drop drop{limit, kept, key_low, key_high};
  ROLL for (int first = 0; first < cols; first += kSpan) {
    const Span s = span(first, cols, wide);
    float x[4] = {}, y[4] = {}, z[4] = {};
    if (!bad) {
      const word4 v = fetch_span(a.p, a.row, a.code, s);
      const word4 w = b.p ? fetch_span(b.p, b.row, b.code, s) : word4{};
      const word4 u = c.p ? fetch_span(c.p, c.row, c.code, s) : word4{};
      unpack_span(x, v, a.code, s);
      unpack_span(y, w, b.code, s);
      unpack_span(z, u, c.code, s);
    }
    const u64 element = (u64)row * (u64)cols + (u64)s.col;
    UNROLL for (int j = 0; j < 4; j++) {
      x[j] *= scale;
      if (b.p) x[j] += y[j];
      if (c.p) x[j] += z[j];
    }
    if (!drop.none()) UNROLL for (int j = 0; j < 4; j++) x[j] *= drop.keep(element + (u64)(j * s.step));
    store_span(dst, (i64)row * ldd, dst_code, s, x);
  }
}
