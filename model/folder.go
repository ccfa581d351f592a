package model

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rapt-go/rapt/model/internal/files"
	"github.com/rapt-go/rapt/model/safetensors"
)

// A Folder is a model's files as Hugging Face ships them: config.json,
// model.safetensors or its shards, tokenizer.json, and so on. Nothing is
// converted.
type Folder struct {
	fs.FS
	dir string // of the operating system, whose weights are mapped; empty for another FS
}

// Dir is the folder at path. It reports a path that is none.
func Dir(path string) (Folder, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Folder{}, fmt.Errorf("model folder: %w", err)
	}
	if !info.IsDir() {
		return Folder{}, fmt.Errorf("model folder %s: not a folder; name the one that holds config.json", path)
	}
	return Folder{os.DirFS(path), path}, nil
}

// FS is a folder in fsys, such as an embedded one.
func FS(fsys fs.FS) Folder { return Folder{FS: fsys} }

// Name is the path of the folder, to print.
func (f Folder) Name() string {
	if f.dir == "" {
		return "embedded model"
	}
	return f.dir
}

// Sub is the folder's folder name, which need not exist.
func (f Folder) Sub(name string) (Folder, error) {
	if name == "" || name == "." {
		return f, nil
	}
	sub, err := fs.Sub(f.FS, name)
	if err != nil {
		return Folder{}, fmt.Errorf("folder %q: %w", name, err)
	}
	if f.dir == "" {
		return Folder{FS: sub}, nil
	}
	local, err := filepath.Localize(name) // on Windows a backslash or colon could lead out of the folder
	if err != nil {
		return Folder{}, fmt.Errorf("folder %q: %w", name, err)
	}
	return Folder{sub, filepath.Join(f.dir, local)}, nil
}

// Has reports whether the folder holds a file.
func (f Folder) Has(name string) bool {
	_, err := fs.Stat(f.FS, name)
	return err == nil
}

// Weights opens the checkpoint's tensors.
func (f Folder) Weights() (*safetensors.Set, error) {
	if f.dir == "" {
		return safetensors.OpenFS(f.FS)
	}
	return safetensors.OpenDir(f.dir)
}

// ReadFile returns a regular file of at most limit bytes.
func (f Folder) ReadFile(name string, limit int64) ([]byte, error) {
	data, err := files.Read(f.FS, name, limit)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s: not in %s: %w", name, f.Name(), fs.ErrNotExist)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return data, nil
}
