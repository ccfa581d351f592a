// Sources of the corpus of the PTX parser: one kernel for each thing that compilers emit.
#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __shared__ __attribute__((shared))
#define __constant__ __attribute__((constant))
typedef unsigned int u32;
typedef unsigned long long u64;

struct Pair { float lo; double hi; };

__constant__ float weights[4] = {0.5f, -1.25f, 3.0f, 1e-8f};
__device__ int table[2][3] = {{1, 2, 3}, {-4, 5, 6}};
__device__ const int *pointer = &table[1][1];
extern __shared__ float scratch[];

extern "C" __device__ int vprintf(const char *, void *);

__device__ __attribute__((noinline)) Pair combine(Pair a, float b) {
  Pair p = {a.lo + b, a.hi * b};
  return p;
}

extern "C" __global__ void __attribute__((launch_bounds(128, 2))) row_softmax(float *out, const float *in, int cols) {
  int lane = __nvvm_read_ptx_sreg_tid_x() & 31;
  float best = -3.4e38f;
  for (int i = lane; i < cols; i += 32) best = best > in[i] ? best : in[i];
  for (int m = 16; m; m >>= 1) {
    float o = __nvvm_shfl_sync_bfly_f32(0xffffffffu, best, m, 0x1f);
    best = o > best ? o : best;
  }
  scratch[lane] = best;
  __nvvm_bar_sync(0);
  for (int i = lane; i < cols; i += 32) out[i] = in[i] - scratch[i & 31];
}

extern "C" __global__ void branches(int *out, int n, float f) {
  int local[6], i = __nvvm_read_ptx_sreg_tid_x();
  for (int k = 0; k < 6; k++) local[k] = out[k] * n;
  switch (n) {
  case 0: out[i] = local[i % 6]; break;
  case 1: out[i] = table[i & 1][1]; break;
  case 2: out[i] = *pointer; break;
  case 3: out[i] = (int)(weights[i & 3] * f); break;
  case 4: out[i] = (int)combine(Pair{f, 1.0}, f).hi; break;
  case 5: { int args[2] = {i, n}; vprintf("%d of %d\n", args); break; }
  default: __builtin_trap();
  }
}

extern "C" __global__ void numbers(u64 *q, double *d, unsigned short *h, u32 x) {
  q[0] = q[1] / x + q[2] % (x | 1);
  d[0] = d[1] / d[2] + __builtin_sqrt(d[3]);
  h[0] = (unsigned short)(h[1] * x >> 3);
  q[3] = __builtin_popcountll(q[4]) + __builtin_clz(x) + __builtin_bitreverse32(x);
  asm volatile("{\n\t.reg .pred p;\n\tsetp.ne.u32 p, %1, 0;\n\t@p st.global.v2.u32 [%0], {%1, 7};\n\t}" ::"l"(q), "r"(x) : "memory");
}
