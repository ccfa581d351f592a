//go:build cuda && (amd64 || arm64)

package nvidia

import (
	"os"
	"path/filepath"
	"syscall"
)

// usualLibrary is where NVIDIA's installer puts it; by its bare name, one in the program's folder would come first.
var usualLibrary = filepath.Join(os.Getenv("SystemRoot"), "System32", "nvcuda.dll")

func openLibrary(file string) (uintptr, error) {
	h, err := syscall.LoadLibrary(file)
	return uintptr(h), err
}

// symbol is a function's address, 0 without.
func symbol(library uintptr, name string) uintptr {
	p, err := syscall.GetProcAddress(syscall.Handle(library), name)
	if err != nil {
		return 0
	}
	return p
}

func closeLibrary(library uintptr) { syscall.FreeLibrary(syscall.Handle(library)) }
