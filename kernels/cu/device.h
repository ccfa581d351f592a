// What kernels need of the machine: types, special registers, shuffles, asynchronous copies and the tensor cores.
//
// It stands in for NVIDIA's headers: kernels include nothing else and need only clang. Section numbers are those of
// "Parallel Thread Execution ISA" 8.8. Device code is compiled without contraction: what shall be fused says fma.
#pragma once

// A kernel for blocks of so many threads and, second, at least so many blocks of an SM, which bounds its registers.
#define KERNEL(...) extern "C" __attribute__((global)) void __attribute__((launch_bounds(__VA_ARGS__)))
#define DEVICE inline __attribute__((device, always_inline))
#define SHARED static __attribute__((shared, aligned(128)))
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
template <> DEVICE bf16 from_float<bf16>(float x) {
  bf16 y;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(y.bits) : "f"(x));
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
  u32 y;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(y) : "f"(second), "f"(first));
  return y;
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

// Where the 16-byte chunk of a row stands in a tile of rows of `chunks` (4 or 8) chunks. The exclusive or spreads what
// eight rows hold at one place over all banks, so that neither copy16 nor load_matrix meets a conflict.
template <int chunks> DEVICE u32 swizzled(int row, int chunk) {
  static_assert(chunks == 4 || chunks == 8, "rows of 64 or 128 bytes");
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
