//go:build cuda && cgo && linux && (amd64 || arm64)

package header

// The folders are those of gorgonia.org/cu.

/*
#cgo CFLAGS: -I/usr/local/cuda/include -I/usr/local/cuda-11.0/targets/x86_64-linux/include -I/usr/local/cuda-10.2/include/ -I/opt/cuda/include

#if !__has_include(<cuda.h>)
#error "cuda.h was not found. With cgo, -tags cuda needs CGO_CFLAGS and CGO_LDFLAGS with the folder cuda/nvidia/libcuda of github.com/rapt-go/rapt: there make cuda, elsewhere first eval \"$(rapt cuda-env)\". CGO_ENABLED=0 needs neither."
#else
#include <cuda.h>
#if CUDA_VERSION >= 13000
#error "gorgonia.org/cu does not compile with the cuda.h of CUDA 13, which comes first here. Put the folder cuda/nvidia/libcuda of github.com/rapt-go/rapt before it in CGO_CFLAGS: make cuda, or eval \"$(rapt cuda-env)\"."
#endif
#endif
*/
import "C"
