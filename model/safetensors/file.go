// One safetensors file.

package safetensors

import (
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rapt-go/rapt/model/internal/files"
)

const (
	lengthSize = 8           // bytes in front of the header, which hold its length
	maxHeader  = 100_000_000 // the format's own limit
)

// Tensor says where a tensor's data lies, and how to read it.
type Tensor struct {
	Name  string
	DType DType
	Shape []int  // not to be modified; [] is a scalar, one element
	File  string // base name of the file it came from, for messages

	// The data are the Size bytes of Src from Off on. Tensors of a File or Set may be read concurrently, until it is closed.
	Src  io.ReaderAt
	Off  int64
	Size int64
}

// Len is the number of elements, the product of the shape.
func (t Tensor) Len() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// File is an open safetensors file, whose header has been read and checked.
type File struct {
	header
	closer io.Closer // nil if there is nothing to close
}

// Open maps a file into memory and reads its header; the data are read when a Tensor's Src is. A file must not be overwritten in place
// while it is open; Save, which replaces it, is safe.
func Open(path string) (*File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: is not a regular file", path) // opening a pipe would wait for its writer
	}
	m, err := openMapping(path)
	if err != nil {
		return nil, err
	}
	return readClosing(path, m, m.size(), m)
}

// Read reads the header of a file of size bytes. The name stands in errors, and its last element in Tensor.File.
func Read(name string, r io.ReaderAt, size int64) (*File, error) {
	text, err := readHeader(r, size)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	data := lengthSize + int64(len(text))
	h, err := parseHeader(text, size-data)
	if err != nil {
		return nil, fmt.Errorf("%s: header: %w", name, err)
	}
	for i := range h.tensors {
		t := &h.tensors[i]
		t.File, t.Src, t.Off = path.Base(filepath.ToSlash(name)), r, t.Off+data
	}
	return &File{header: *h}, nil
}

// readClosing is Read of something that the File closes.
func readClosing(name string, r io.ReaderAt, size int64, c io.Closer) (*File, error) {
	f, err := Read(name, r, size)
	if err != nil {
		c.Close()
		return nil, err
	}
	f.closer = c
	return f, nil
}

// readHeader reads the header's length, checks it before anything is allocated, and reads the header.
func readHeader(r io.ReaderAt, size int64) (string, error) {
	if size < lengthSize {
		return "", fmt.Errorf("the file is truncated: it has %d bytes, expected at least the %d of the header's length", max(size, 0), lengthSize)
	}
	var b [lengthSize]byte
	if _, err := io.ReadFull(io.NewSectionReader(r, 0, lengthSize), b[:]); err != nil {
		return "", fmt.Errorf("reading the header's length: %w", err)
	}
	if string(b[:]) == "version " {
		return "", files.ErrPointer
	}
	n := binary.LittleEndian.Uint64(b[:])
	switch {
	case n == 0:
		return "", fmt.Errorf("the header is empty: its length is 0")
	case n > maxHeader:
		return "", fmt.Errorf("the header is said to have %d bytes, more than the %d that the format allows: this is not a safetensors file", n, maxHeader)
	case int64(n) > size-lengthSize:
		return "", fmt.Errorf("the header is said to have %d bytes, but only %d follow: the file is truncated, %d bytes of the header are missing",
			n, size-lengthSize, int64(n)-(size-lengthSize))
	}
	var text strings.Builder
	text.Grow(int(n))
	if _, err := io.CopyN(&text, io.NewSectionReader(r, lengthSize, int64(n)), int64(n)); err != nil {
		return "", fmt.Errorf("reading the header: %w", err)
	}
	return text.String(), nil
}

// Tensors lists the tensors in the order of their data.
func (f *File) Tensors() []Tensor { return slices.Clone(f.tensors) }

// Lookup finds a tensor by its name.
func (f *File) Lookup(name string) (Tensor, bool) {
	i, ok := f.index[name]
	if !ok {
		return Tensor{}, false
	}
	return f.tensors[i], true
}

// Metadata is what the file says about itself beside its tensors; nil if it says nothing.
func (f *File) Metadata() map[string]string { return maps.Clone(f.metadata) }

// Close releases the file. Reading a tensor of a mapped file afterwards gives an error; Close must not run while one is read.
func (f *File) Close() error {
	if f.closer == nil {
		return nil
	}
	return f.closer.Close()
}
