package libcuda_test

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func names(t *testing.T, file, pattern string) (found []string) {
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	for _, m := range regexp.MustCompile(pattern).FindAllSubmatch(text, -1) {
		found = append(found, string(m[1]))
	}
	slices.Sort(found)
	return found
}

// The header's functions are those that cu links with, so that none is left without a trampoline. Package nvidia declares
// what else it calls.
func TestFunctions(t *testing.T) {
	declared := append(names(t, "cuda.h", `(?m)^CUresult (cu\w+)\(`), names(t, "../cu.go", `(?m)^int (cu\w+)\(`)...)
	slices.Sort(declared)
	declared = slices.DeleteFunc(slices.Compact(declared), func(name string) bool { return name == "cuInit" })
	assert.Equal(t, declared, names(t, "trampolines.c", `\bX\((cu\w+)\)`))
	assert.Len(t, declared, 158+8)

	known := names(t, "../symbols.go", `"(cu\w+)"`)
	assert.Len(t, known, 46)
	for _, name := range known {
		assert.Contains(t, append(declared, "cuInit"), name)
	}
}
