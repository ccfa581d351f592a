// Saving to a file without risk to the one that is there.

package safetensors

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// Save writes tensors to a file, which appears whole or not at all: they go to a temporary file in the same folder, which takes the
// place of path when it is complete and on the disk. A file that was there keeps its permissions, and whoever has it open, the
// tensors' own Src included, goes on reading the old one (Windows refuses to replace a file that is open). Where path is a symbolic
// link, the link is replaced, not the file it leads to.
func Save(path string, metadata map[string]string, tensors []Tensor) error {
	old, err := os.Stat(path)
	exists := err == nil
	if exists && !old.Mode().IsRegular() {
		return fmt.Errorf("%s: is not a regular file", path)
	}
	temp := filepath.Join(filepath.Dir(path), fmt.Sprintf(".%s.%016x.tmp", filepath.Base(path), rand.Uint64()))
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	err = writeFile(f, metadata, tensors)
	if err == nil && exists {
		err = os.Chmod(temp, old.Mode().Perm())
	}
	if err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		os.Remove(temp)
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// writeFile writes tensors to f, brings them to the disk and closes f.
func writeFile(f *os.File, metadata map[string]string, tensors []Tensor) error {
	w := bufio.NewWriterSize(f, 1<<20)
	err := Write(w, metadata, tensors)
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	return err
}
