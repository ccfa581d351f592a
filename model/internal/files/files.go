// Package files reads the text files of a checkpoint. A folder from a stranger may hold anything under any name: a pipe that never ends,
// a link to a device, a file larger than memory, a pointer where the file should be.
package files

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// ErrPointer is the error of a file that Git LFS has not fetched.
var ErrPointer = errors.New("is the pointer that Git LFS left in place of the file; fetch the file with: git lfs pull")

// pointer is what such a file begins with (git-lfs/docs/spec.md).
const pointer = "version https://git-lfs.github.com/spec/"

// Read returns a regular file of at most limit bytes. Its errors leave the name of the file to the caller, who knows its folder.
func Read(fsys fs.FS, name string, limit int64) ([]byte, error) {
	info, err := fs.Stat(fsys, name)
	switch {
	case err != nil:
		return nil, cause(err)
	case !info.Mode().IsRegular(): // opening a pipe would wait for its writer, a device has no end
		return nil, errors.New("not a regular file")
	case info.Size() > limit:
		return nil, fmt.Errorf("%d bytes, more than the %d that such a file may have", info.Size(), limit)
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, cause(err)
	}
	defer f.Close()
	var b bytes.Buffer
	b.Grow(int(max(0, info.Size())) + bytes.MinRead) // which leaves room to find the end without growing
	_, err = b.ReadFrom(io.LimitReader(f, limit+1))
	switch {
	case err != nil:
		return nil, cause(err)
	case int64(b.Len()) > limit: // it grew, or the system does not know its size
		return nil, fmt.Errorf("said to have %d bytes, it has more than the %d that such a file may have", info.Size(), limit)
	case bytes.HasPrefix(b.Bytes(), []byte(pointer)):
		return nil, ErrPointer
	}
	return b.Bytes(), nil
}

// cause is an error without the name of the file.
func cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
