// Package kernels holds the CUDA kernels: the sources in cu, the PTX compiled from them, and the table of its entry points.
//
// A kernel is named <op>_<strategy>_<dtype>. Its contract, shapes, alignment, launch geometry and what is undefined, stands
// above it in its source. The PTX needs no CUDA toolkit: a driver compiles it for its GPU when it is loaded. It is made by
// "make ptx", and a test fails where it is older than its source.
package kernels

import (
	"embed"
	"fmt"
	"slices"
)

//go:embed ptx/*.ptx
var files embed.FS

// A Kernel is an entry point and what a launch of it must know.
type Kernel struct {
	Name    string
	Stem    string // of the source, cu/<stem>.cu, and of the PTX
	Target  int    // the oldest compute capability that has it: 80 for sm_80
	Threads int    // of a block, exactly
	Tile    int    // rows that a block serves
	Params  int    // how many parameters
	Shared  int    // static, bytes of a block
	Dynamic int    // shared memory that a launch gives a block besides, in bytes
}

// targets are the compute capabilities that PTX is compiled for, the newest first. Later GPUs run it too.
var targets = []int{80, 75}

// PTX is the code of a source's kernels for a GPU of compute capability sm, such as 86, or an error that says what there is.
func PTX(stem string, sm int) ([]byte, error) {
	if !slices.ContainsFunc(table, func(k Kernel) bool { return k.Stem == stem }) {
		return nil, fmt.Errorf("kernels: no source %q", stem)
	}
	for _, target := range targets {
		if sm >= target {
			return files.ReadFile(file(stem, target))
		}
	}
	return nil, fmt.Errorf("kernels: %s: compute capability %d.%d is too old, the oldest served is %d.%d", stem, sm/10, sm%10, targets[len(targets)-1]/10, targets[len(targets)-1]%10)
}

// Find is the kernel of a name, and whether a GPU of compute capability sm has it.
func Find(name string, sm int) (Kernel, bool) {
	for _, k := range table {
		if k.Name == name && sm >= k.Target {
			return k, true
		}
	}
	return Kernel{}, false
}

// Table is all kernels, by source and name.
func Table() []Kernel { return slices.Clone(table) }

func file(stem string, target int) string { return fmt.Sprintf("ptx/%s.sm_%d.ptx", stem, target) }
