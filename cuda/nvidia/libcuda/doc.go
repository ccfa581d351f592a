// Package libcuda lets programs with gorgonia.org/cu be built and started without NVIDIA's library. For the compiler it has
// cuda.h and a linker script in the place of libcuda.so, to which CGO_CFLAGS=-I and CGO_LDFLAGS=-L with this folder lead; for
// the program the functions of libcuda.so.1, which fail until [Load] has connected them with the library.
//
// It is empty but on Linux with cgo and the tag cuda.
package libcuda
