// What kernels need of the machine: types, special registers, shuffles, asynchronous copies and the tensor cores.
//
// It stands in for NVIDIA's headers: kernels include nothing else and need only clang. Section numbers are those of
// "Parallel Thread Execution ISA" 8.8. Device code is compiled without contraction: what shall be fused says fma.
#pragma once

// A kernel for blocks of so many threads and, second, at least so many blocks of an SM, which bounds its registers.
#define KERNEL(...) extern "C" __attribute__((global)) void __attribute__((launch_bounds(__VA_ARGS__)))
#define DEVICE inline __attribute__((device, always_inline))
#define SHARED_ALIGNED(bytes) static __attribute__((shared, aligned(bytes)))
#define SHARED SHARED_ALIGNED(128)
#define UNROLL _Pragma("unroll")
#define ROLL _Pragma("nounroll")

using u16 = unsigned short;
using u32 = unsigned int;
using u64 = unsigned long long;
using i64 = long long;

// Storage of 16 bits: arithmetic is in float.
struct bf16 { u16 bits; };
struct f16 { u16 bits; };

// 16 bytes, the widest access of a thread.
struct alignas(16) quad { u32 w[4]; };

constexpr int kWarp = 32;

DEVICE int thread() { return (int)__nvvm_read_ptx_sreg_tid_x(); }
DEVICE int block_x() { return (int)__nvvm_read_ptx_sreg_ctaid_x(); }
DEVICE int block_y() { return (int)__nvvm_read_ptx_sreg_ctaid_y(); }
DEVICE int block_z() { return (int)__nvvm_read_ptx_sreg_ctaid_z(); }

// The same, read anew: what is computed from it need not stay in registers through a loop before it.
DEVICE int thread_anew() {
  int t;
  asm volatile("mov.u32 %0, %%tid.x;" : "=r"(t));
  return t;
}

DEVICE void sync_block() { __syncthreads(); }
DEVICE void sync_warp() { __nvvm_bar_warp_sync(0xffffffffu); }

// The value of the lane whose number differs in the bits of mask. All lanes call it.
DEVICE float shuffle_xor(float x, int mask) { return __nvvm_shfl_sync_bfly_f32(0xffffffffu, x, mask, 31); }

// A bit for each lane of which x holds. All lanes call it.
DEVICE u32 ballot(bool x) { return __nvvm_vote_ballot_sync(0xffffffffu, x); }

// The sum over a warp, the same bits in every lane.
DEVICE float warp_sum(float x) {
  UNROLL for (int mask = kWarp / 2; mask > 0; mask /= 2) x += shuffle_xor(x, mask);
  return x;
}

// 2ˣ by the special function unit, within 2 ulp of the rounded result (§9.7.3.21); subnormals are zero.
DEVICE float exp2_approx(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

// ---- Numbers of 16 bits ---------------------------------------------------------------------------------------------

DEVICE float to_float(float x) { return x; }
DEVICE float to_float(bf16 x) { return __builtin_bit_cast(float, (u32)x.bits << 16); }
DEVICE float to_float(f16 x) {
  float y;
  asm("cvt.f32.f16 %0, %1;" : "=f"(y) : "h"(x.bits));
  return y;
}

// Rounded to nearest even; beyond the range infinite.
template <class T> DEVICE T from_float(float x);
template <> DEVICE float from_float<float>(float x) { return x; }
template <> DEVICE f16 from_float<f16>(float x) {
  f16 y;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(y.bits) : "f"(x));
  return y;
}
// sm_75 knows no bf16: what is cut off is rounded by hand there, and every NaN is 0x7fff.
template <> DEVICE bf16 from_float<bf16>(float x) {
  bf16 y;
#if __CUDA_ARCH__ >= 800
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(y.bits) : "f"(x));
#else
  const u32 bits = __builtin_bit_cast(u32, x);
  y.bits = x != x ? 0x7fff : (u16)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
#endif
  return y;
}

// Two neighbours of a row in one register, the first in its low half.
template <class T> DEVICE u32 pack(float first, float second);
template <> DEVICE u32 pack<f16>(float first, float second) {
#if __CUDA_ARCH__ >= 800
  u32 y;
  asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(y) : "f"(second), "f"(first));
  return y;
#else
  return from_float<f16>(first).bits | (u32)from_float<f16>(second).bits << 16;
#endif
}
template <> DEVICE u32 pack<bf16>(float first, float second) {
#if __CUDA_ARCH__ >= 800
  u32 y;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(y) : "f"(second), "f"(first));
  return y;
#else
  return from_float<bf16>(first).bits | (u32)from_float<bf16>(second).bits << 16;
#endif
}

// 16 bytes of a row as floats, and back.
template <class T> constexpr int kLane = 16 / (int)sizeof(T);

DEVICE void unpack(float *x, quad q, float) {
  UNROLL for (int i = 0; i < 4; i++) x[i] = __builtin_bit_cast(float, q.w[i]);
}
template <class T> DEVICE void unpack(float *x, quad q, T) {
  UNROLL for (int i = 0; i < 4; i++) {
    x[2 * i] = to_float(T{(u16)q.w[i]});
    x[2 * i + 1] = to_float(T{(u16)(q.w[i] >> 16)});
  }
}
template <class T> DEVICE quad pack_quad(const float *x) {
  quad q;
  UNROLL for (int i = 0; i < 4; i++) q.w[i] = pack<T>(x[2 * i], x[2 * i + 1]);
  return q;
}
template <> DEVICE quad pack_quad<float>(const float *x) {
  quad q;
  UNROLL for (int i = 0; i < 4; i++) q.w[i] = __builtin_bit_cast(u32, x[i]);
  return q;
}

// ---- Types known when a kernel runs ---------------------------------------------------------------------------------

// The numbers of gpu.DType. A kernel takes one for an operand whose type is not that of its name; all threads have the same.
enum Code { kF32 = 0, kF16 = 1, kBF16 = 2, kI32 = 3 };

template <class T> constexpr int kCode = kF32;
template <> constexpr int kCode<f16> = kF16;
template <> constexpr int kCode<bf16> = kBF16;

// Element i of floats of a type, and its store, rounded.
DEVICE float load_as(const void *p, i64 i, int code) {
  if (code == kF32) return ((const float *)p)[i];
  return code == kF16 ? to_float(((const f16 *)p)[i]) : to_float(((const bf16 *)p)[i]);
}
DEVICE void store_as(void *p, i64 i, int code, float x) {
  if (code == kF32)
    ((float *)p)[i] = x;
  else if (code == kF16)
    ((f16 *)p)[i] = from_float<f16>(x);
  else
    ((bf16 *)p)[i] = from_float<bf16>(x);
}

// Vectors, because the compiler splits the access of a struct in some places.
using float4 = float __attribute__((ext_vector_type(4)));
using word2 = u32 __attribute__((ext_vector_type(2)));
using word4 = u32 __attribute__((ext_vector_type(4)));

// Elements i to i+3. wide: they are aligned to their size, 16 or 8 bytes, and go in one access.
DEVICE void load4_as(float *x, const void *p, i64 i, int code, bool wide) {
  if (!wide) {
    UNROLL for (int j = 0; j < 4; j++) x[j] = load_as(p, i + j, code);
    return;
  }
  if (code == kF32) {
    const float4 v = *(const float4 *)((const float *)p + i);
    x[0] = v.x, x[1] = v.y, x[2] = v.z, x[3] = v.w;
    return;
  }
  const word2 v = *(const word2 *)((const u16 *)p + i);
  UNROLL for (int j = 0; j < 4; j++) {
    const u16 bits = (u16)((j < 2 ? v.x : v.y) >> j % 2 * 16);
    x[j] = code == kF16 ? to_float(f16{bits}) : to_float(bf16{bits});
  }
}
DEVICE void store4_as(void *p, i64 i, int code, bool wide, const float *x) {
  if (!wide) {
    UNROLL for (int j = 0; j < 4; j++) store_as(p, i + j, code, x[j]);
  } else if (code == kF32)
    *(float4 *)((float *)p + i) = float4{x[0], x[1], x[2], x[3]};
  else if (code == kF16)
    *(word2 *)((u16 *)p + i) = word2{pack<f16>(x[0], x[1]), pack<f16>(x[2], x[3])};
  else
    *(word2 *)((u16 *)p + i) = word2{pack<bf16>(x[0], x[1]), pack<bf16>(x[2], x[3])};
}

// ---- Random numbers -------------------------------------------------------------------------------------------------

// gpu.Hash: 32 random bits of element e under a key of two words, two rounds of lowbias32 (C. Wellons, "Prospecting for hash
// functions") with the upper words folded in.
DEVICE u32 hash(u32 key_low, u32 key_high, u64 e) {
  u32 x = (u32)e + key_low;
  x = (x ^ x >> 16 ^ key_high) * 0x7feb352du;
  x = (x ^ x >> 15) * 0x846ca68bu;
  x = (x ^ x >> 16 ^ (u32)(e >> 32)) * 0x7feb352du;
  x = (x ^ x >> 15) * 0x846ca68bu;
  return x;
}

// gpu.Drop as launchers pass it: limit is Rate·2²⁴ cut off to an integer, kept is 1/(1−Rate). Without dropout 0 and 1.
struct Drop {
  u32 limit;
  float kept;
  u32 key_low, key_high;

  DEVICE bool none() const { return limit == 0 && kept == 1; }

  // What element e is multiplied by.
  DEVICE float keep(u64 e) const { return limit != 0 && hash(key_low, key_high, e) >> 8 < limit ? 0.0f : kept; }
};

// ---- Shared memory --------------------------------------------------------------------------------------------------

// The address that instructions on shared memory take.
DEVICE u32 shared_address(const void *p) { return (u32)(u64)(const __attribute__((address_space(3))) void *)p; }

// Copies bytes (0 to 16, even) from global memory and makes the rest of 16 zero. Nothing is read past them, so with 0 the
// source may lie anywhere. Both sides are aligned to 16. On sm_80 the copy is asynchronous: see copy_wait (§9.7.9.25.3).
DEVICE void copy16(u32 shared, const void *global, int bytes) {
#if __CUDA_ARCH__ >= 800
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared), "l"(global), "r"(bytes) : "memory");
#else
  quad q = {};
  if (bytes == 16) q = *(const quad *)global;
  asm volatile("st.shared.v4.b32 [%0], {%1, %2, %3, %4};" ::"r"(shared), "r"(q.w[0]), "r"(q.w[1]), "r"(q.w[2]), "r"(q.w[3]) : "memory");
  if (bytes == 16) return;
  ROLL for (int i = 0; i < bytes; i += 2)
    asm volatile("st.shared.b16 [%0], %1;" ::"r"(shared + i), "h"(((const u16 *)global)[i / 2]) : "memory");
#endif
}

// The same of 16 bytes, or of none if `there` is zero.
DEVICE void copy16_if(u32 shared, const void *global, int there) {
#if __CUDA_ARCH__ >= 800
  asm volatile("{\n\t.reg .pred p;\n\t.reg .b32 n;\n\tsetp.ne.b32 p, %2, 0;\n\tselp.b32 n, 16, 0, p;\n\t"
               "cp.async.cg.shared.global [%0], [%1], 16, n;\n\t}" ::"r"(shared), "l"(global), "r"(there) : "memory");
#else
  quad q = {};
  if (there) q = *(const quad *)global;
  asm volatile("st.shared.v4.b32 [%0], {%1, %2, %3, %4};" ::"r"(shared), "r"(q.w[0]), "r"(q.w[1]), "r"(q.w[2]), "r"(q.w[3]) : "memory");
#endif
}

// Closes a group of copies.
DEVICE void copy_commit() {
#if __CUDA_ARCH__ >= 800
  asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}

// Waits until all but the youngest pending groups of this thread have landed. Others see them after sync_block.
template <int pending> DEVICE void copy_wait() {
#if __CUDA_ARCH__ >= 800
  asm volatile("cp.async.wait_group %0;" ::"n"(pending) : "memory");
#endif
}

// Where the 16-byte chunk of a row stands in a tile of rows of `chunks` (4, 8 or 16) chunks. The exclusive or spreads what
// eight rows hold at one place over all banks, so that neither copy16 nor load_matrix meets a conflict.
template <int chunks> DEVICE u32 swizzled(int row, int chunk) {
  static_assert(chunks == 4 || chunks % 8 == 0, "rows of 64 bytes or of 128 and multiples");
  int mask = chunks == 4 ? row / 2 & 3 : row & 7;
  return (u32)((row * chunks + (chunk ^ mask)) * 16);
}

// Four matrices of 8 rows by 16 bytes: lane 8m+r gives the address of row r of matrix m, and m[i] gets of matrix i what a
// fragment of mma holds. step is added to the address and costs nothing (§9.7.14.5.15).
template <int step> DEVICE void load_matrix(u32 *m, u32 address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4+%5];"
               : "=r"(m[0]), "=r"(m[1]), "=r"(m[2]), "=r"(m[3]) : "r"(address), "n"(step) : "memory");
}

// count times load_matrix, step bytes apart.
template <int count, int step, int i = 0> DEVICE void load_fragments(u32 *m, u32 address) {
  load_matrix<i * step>(m + 4 * i, address);
  if constexpr (i + 1 < count) load_fragments<count, step, i + 1>(m, address);
}

template <int step> DEVICE void load_matrix_trans(u32 *m, u32 address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4+%5];"
               : "=r"(m[0]), "=r"(m[1]), "=r"(m[2]), "=r"(m[3]) : "r"(address), "n"(step) : "memory");
}

// ---- Tensor cores ---------------------------------------------------------------------------------------------------

// c += a·b of 16×16 by 16×8. Lane l holds rows l/4 and l/4+8: c[0], c[1] are columns 2(l%4) and +1 of the first, c[2], c[3]
// of the second; a[0], a[1] are the pairs 2(l%4) of k < 8 of the two rows, a[2], a[3] of k ≥ 8; b[0], b[1] the pairs of k < 8
// and k ≥ 8 of column l/4 (§9.7.14.5.8). sm_75 has only k of 8, whose fragments are halves of these.
template <class T> DEVICE void mma(float *c, const u32 *a, const u32 *b);
template <> DEVICE void mma<bf16>(float *c, const u32 *a, const u32 *b) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
               : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
template <> DEVICE void mma<f16>(float *c, const u32 *a, const u32 *b) {
#if __CUDA_ARCH__ >= 800
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
               : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#else
  UNROLL for (int k = 0; k < 2; k++)
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5}, {%6}, {%0,%1,%2,%3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3]) : "r"(a[2 * k]), "r"(a[2 * k + 1]), "r"(b[k]));
#endif
}
