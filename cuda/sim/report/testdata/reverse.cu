// Reverses each block of 64 floats, and scales it: y[64b+t] = a·x[64b+63-t] below n.
extern "C" __global__ void reverse(float *y, const float *x, float a, int n)
{
    __shared__ float s[64];
    int i = blockIdx.x * 64 + threadIdx.x;
    s[threadIdx.x] = x[i];
    __syncthreads();
    if (i < n)
        y[i] = a * s[63 - threadIdx.x];
}
