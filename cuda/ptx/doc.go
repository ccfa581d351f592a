// Package ptx parses, checks and prints PTX, the assembly language of NVIDIA's drivers.
//
// [Parse] reads the text that clang, nvcc and hand-written inline assembly produce, ISA versions 6.0 to 8.8, into a typed
// syntax tree; [Module.Check] resolves names and holds every instruction against a table of what the ISA allows for
// the file's .version and .target; [Load] does both. Anything that the table does not list is refused with file, line, column
// and what would be legal instead. [Module.Print] writes PTX back.
//
// Claimed are integer and extended-precision arithmetic, logic, f16, bf16, f32 and f64 arithmetic, comparison and selection, conversions
// (8, 6 and 4-bit floats included), mov, loads, stores, prefetches and atomics with their orders, scopes, cache operators and hints,
// shuffles, votes, match and redux, barriers, fences and mbarrier, mma, ldmatrix, stmatrix and movmatrix, cp.async, control flow
// and calls. Everything else that the ISA has (wmma, wgmma, tcgen05, bulk copies, textures, video instructions, ...) is refused
// with [ErrUnsupported], which is not to say that it is illegal.
//
// The table agrees with what NVIDIA's ptxas says about single instructions; testdata/README.md lists where it does not, and why.
//
// Section numbers in comments are those of "Parallel Thread Execution ISA", version 8.x:
// https://docs.nvidia.com/cuda/parallel-thread-execution/
package ptx
