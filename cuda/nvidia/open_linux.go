//go:build cuda && !cgo && (amd64 || arm64)

package nvidia

import (
	"runtime"

	"github.com/ebitengine/purego"
)

const usualLibrary = "libcuda.so.1"

// openLibrary stays on a thread, which is the one that dlerror tells why.
func openLibrary(file string) (uintptr, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return purego.Dlopen(file, purego.RTLD_NOW|purego.RTLD_LOCAL)
}

// symbol is a function's address, 0 without.
func symbol(library uintptr, name string) uintptr {
	p, err := purego.Dlsym(library, name)
	if err != nil {
		return 0
	}
	return p
}

func closeLibrary(library uintptr) { purego.Dlclose(library) }
