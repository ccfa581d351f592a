// The weights of a checkpoint: one file, or shards and their index.

package safetensors

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	weightsName = "model.safetensors"
	indexName   = "model.safetensors.index.json"
)

// Set is the weights of a checkpoint: the tensors of model.safetensors, or of the shards that model.safetensors.index.json names. Where a
// folder has both, the single file is taken, as transformers does. Of shards, exactly the tensors that the index lists are part of
// the set, each from the shard it is placed in; what else a shard holds is ignored.
type Set struct {
	files   []*File
	tensors []Tensor // by name
}

// OpenDir maps the weights in a folder into memory; see Open.
func OpenDir(dir string) (*Set, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("%s: is not a folder; expected one that holds %s", dir, weightsName)
	}
	f := folder{
		fsys: os.DirFS(dir),
		path: func(name string) string { return filepath.Join(dir, name) },
	}
	f.open = func(name string) (*File, error) { return Open(f.path(name)) }
	return f.set()
}

// OpenFS opens the weights in the root of a file system, such as an embedded one. A file that is no io.ReaderAt is read whole.
func OpenFS(fsys fs.FS) (*Set, error) {
	return folder{
		fsys: fsys,
		path: func(name string) string { return name },
		open: func(name string) (*File, error) { return openFS(fsys, name) },
	}.set()
}

// openFS opens a file of a file system.
func openFS(fsys fs.FS, name string) (*File, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: is not a regular file", name)
	}
	file, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	if r, ok := file.(io.ReaderAt); ok {
		return readClosing(name, r, info.Size(), file)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, info.Size()))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return Read(name, strings.NewReader(string(data)), int64(len(data)))
}

// folder is where a checkpoint lies.
type folder struct {
	fsys fs.FS
	path func(name string) string // how messages name a file
	open func(name string) (*File, error)
}

func (d folder) set() (*Set, error) {
	if found, err := d.has(weightsName); err != nil {
		return nil, err
	} else if found {
		f, err := d.open(weightsName)
		if err != nil {
			return nil, err
		}
		return newSet([]*File{f}, f.Tensors()), nil
	}
	if found, err := d.has(indexName); err != nil {
		return nil, err
	} else if found {
		return d.sharded()
	}
	return nil, d.noWeights()
}

func (d folder) has(name string) (bool, error) {
	_, err := fs.Stat(d.fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("%s: %w", d.path(name), err)
	}
	return true, nil
}

// sharded opens the shards that the index names and takes the tensors it lists.
func (d folder) sharded() (set *Set, err error) {
	index, err := d.index()
	if err != nil {
		return nil, err
	}
	var files []*File
	defer func() {
		if err != nil {
			closeAll(files)
		}
	}()
	shards := map[string]*File{}
	for _, shard := range slices.Compact(slices.Sorted(maps.Values(index))) {
		f, err := d.open(shard)
		if err != nil {
			return nil, fmt.Errorf("opening a shard that %s names: %w", indexName, err)
		}
		files = append(files, f)
		shards[shard] = f
	}
	tensors := make([]Tensor, 0, len(index))
	for _, name := range slices.Sorted(maps.Keys(index)) {
		t, ok := shards[index[name]].Lookup(name)
		if !ok {
			return nil, fmt.Errorf("%s: places tensor %s in %s, which does not hold it", d.path(indexName), quote(name), quote(index[name]))
		}
		tensors = append(tensors, t)
	}
	return newSet(files, tensors), nil
}

func newSet(files []*File, tensors []Tensor) *Set {
	slices.SortFunc(tensors, func(a, b Tensor) int { return cmp.Compare(a.Name, b.Name) })
	return &Set{files, tensors}
}

// Tensors lists the tensors by name.
func (s *Set) Tensors() []Tensor { return slices.Clone(s.tensors) }

// Lookup finds a tensor by its name.
func (s *Set) Lookup(name string) (Tensor, bool) {
	i, ok := slices.BinarySearchFunc(s.tensors, name, func(t Tensor, name string) int { return cmp.Compare(t.Name, name) })
	if !ok {
		return Tensor{}, false
	}
	return s.tensors[i], true
}

// Close releases all files; see File.Close.
func (s *Set) Close() error { return closeAll(s.files) }

func closeAll(files []*File) error {
	var errs []error
	for _, f := range files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}
