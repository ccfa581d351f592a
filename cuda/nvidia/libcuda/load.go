//go:build cuda && cgo && linux && (amd64 || arm64)

package libcuda

// #cgo CFLAGS: -Wno-unused-parameter
// #cgo LDFLAGS: -L${SRCDIR} -ldl
// #include <stdlib.h>
// #include "trampolines.h"
import "C"

import (
	"errors"
	"sync"
	"unsafe"
)

var connecting sync.Mutex // the functions are the process's

// Load loads a library and connects the functions of this process with it. Those that are required and missing are named, and
// then nothing is connected; of others each call fails. A library stays loaded.
func Load(file string, required []string) (missing []string, err error) {
	name := C.CString(file)
	defer C.free(unsafe.Pointer(name))
	var problem *C.char
	h := C.rapt_cuda_load(name, &problem)
	if h == nil {
		defer C.free(unsafe.Pointer(problem))
		return nil, errors.New(C.GoString(problem))
	}
	for _, f := range required {
		name := C.CString(f)
		if C.rapt_cuda_symbol(h, name) == nil {
			missing = append(missing, f)
		}
		C.free(unsafe.Pointer(name))
	}
	if missing != nil {
		C.rapt_cuda_unload(h)
		return missing, nil
	}
	connecting.Lock()
	defer connecting.Unlock()
	C.rapt_cuda_fill(h)
	return nil, nil
}

// Init is the library's cuInit, for the one here does nothing. It returns a CUresult.
func Init() int { return int(C.rapt_cuda_init()) }
