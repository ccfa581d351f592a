// A memory-mapped file that survives being cut short.

package safetensors

import (
	"fmt"
	"io"
	"runtime/debug"

	"golang.org/x/exp/mmap"
)

type mapping struct {
	path string
	r    *mmap.ReaderAt
}

func openMapping(path string) (*mapping, error) {
	r, err := mmap.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s: mapping it into memory: %w", path, err)
	}
	return &mapping{path, r}, nil
}

func (m *mapping) size() int64  { return int64(m.r.Len()) }
func (m *mapping) Close() error { return m.r.Close() }

// ReadAt implements io.ReaderAt. If someone else cut the file short (a download into the same place does), its last pages are gone, and
// touching them would kill the process with SIGBUS; here it is an error.
func (m *mapping) ReadAt(b []byte, off int64) (n int, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		switch fault := recover().(type) {
		case nil:
		case interface{ Addr() uintptr }:
			n, err = 0, fmt.Errorf("%s: the file changed while it was open: %v", m.path, fault)
		default:
			panic(fault)
		}
	}()
	if n, err = m.r.ReadAt(b, off); err != nil && err != io.EOF {
		err = fmt.Errorf("%s: %w", m.path, err)
	}
	return n, err
}
