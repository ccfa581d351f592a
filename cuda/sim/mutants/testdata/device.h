// What the kernels here need of the machine. They are kept small and loops rolled, so that the PTX has one place to break.
#pragma once

#define KERNEL(threads) extern "C" __attribute__((global)) void __attribute__((launch_bounds(threads)))
#define DEVICE inline __attribute__((device, always_inline))
#define SHARED static __attribute__((shared, aligned(128)))
#define UNROLL _Pragma("unroll")
#define ROLL _Pragma("nounroll")

using u16 = unsigned short;
using u32 = unsigned int;
using u64 = unsigned long long;

struct alignas(16) float4 { float x, y, z, w; };

DEVICE int tid() { return (int)__nvvm_read_ptx_sreg_tid_x(); }
DEVICE int tid_y() { return (int)__nvvm_read_ptx_sreg_tid_y(); }
DEVICE int block() { return (int)__nvvm_read_ptx_sreg_ctaid_x(); }
DEVICE int block_y() { return (int)__nvvm_read_ptx_sreg_ctaid_y(); }
DEVICE int blocks() { return (int)__nvvm_read_ptx_sreg_nctaid_x(); }
DEVICE int threads() { return (int)__nvvm_read_ptx_sreg_ntid_x(); }
DEVICE void sync() { __syncthreads(); }

DEVICE float sum_lanes(float x) {
  UNROLL for (int m = 16; m > 0; m /= 2) x += __nvvm_shfl_sync_bfly_f32(0xffffffffu, x, m, 31);
  return x;
}
DEVICE u32 shared_address(const void *p) { return (u32)(u64)(const __attribute__((address_space(3))) void *)p; }
