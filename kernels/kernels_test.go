package kernels

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/cuda/ptx"
	"github.com/rapt-go/rapt/cuda/sim"
)

// TestFresh fails where a .ptx was made from other sources than those that stand beside it, and where a source has none.
func TestFresh(t *testing.T) {
	compiled, err := filepath.Glob("ptx/*.ptx")
	require.NoError(t, err)
	sources, err := filepath.Glob("cu/*.cu")
	require.NoError(t, err)
	headers, err := filepath.Glob("cu/*.h")
	require.NoError(t, err)
	require.Len(t, compiled, len(sources)*len(targets), "files in ptx")
	for _, source := range sources {
		stem := strings.TrimSuffix(filepath.Base(source), ".cu")
		for _, target := range targets {
			fresh(t, file(stem, target), source, headers)
		}
	}
	fresh(t, "testdata/twins.sm_75.ptx", "testdata/twins.cu", headers)
}

// fresh compares the first line of a .ptx with its sources: the file, the headers and the script, as _build/ptx.sh hashes them.
func fresh(t *testing.T, name, source string, headers []string) {
	t.Helper()
	code, err := os.ReadFile(name)
	require.NoError(t, err)
	sources := []string{filepath.ToSlash(source)}
	for _, header := range headers {
		sources = append(sources, filepath.ToSlash(header))
	}
	sources = append(sources, "_build/ptx.sh")
	sum := sha256.New()
	for _, s := range sources {
		text, err := os.ReadFile(s)
		require.NoError(t, err)
		sum.Write(text)
	}
	first, _, _ := strings.Cut(string(code), "\n")
	assert.Equal(t, fmt.Sprintf("// sources sha256:%x %s", sum.Sum(nil), strings.Join(sources, " ")), first,
		"%s is not made from these sources: run make ptx", name)
}

// TestTable loads all PTX and holds every line of the table against it, and the other way round.
func TestTable(t *testing.T) {
	devices := map[int]string{75: "t4", 80: "a100"}
	for _, target := range targets {
		profile, err := sim.Profile(devices[target])
		require.NoError(t, err)
		found := map[string]bool{}
		for _, stem := range stems() {
			code, err := PTX(stem, target)
			require.NoError(t, err)
			module, err := ptx.Load(file(stem, target), code)
			require.NoError(t, err)
			assert.Equal(t, ptx.Version{Major: 7, Minor: 0}, module.Version, "what drivers since CUDA 11.0 load")
			assert.Equal(t, target, module.Target.SM)
			d := open(t, sim.Options{Devices: []driver.Info{profile}})
			loaded, err := d.Load(code)
			require.NoError(t, err)
			for _, f := range module.Funcs {
				if !assert.True(t, f.Entry, "%s: a function that was not inlined", f.Name) {
					continue
				}
				k, ok := Find(f.Name, target)
				if !assert.True(t, ok && k.Stem == stem, "%s of %s is not in the table", f.Name, stem) {
					continue
				}
				found[f.Name] = true
				assert.Equal(t, [3]int{k.Threads, 1, 1}, f.Perf.MaxNTID, f.Name)
				assert.Len(t, f.Params, k.Params, f.Name)
				fn, err := loaded.Func(f.Name)
				require.NoError(t, err)
				assert.Equal(t, k.Shared, fn.Attrs().Shared, "%s: static shared memory", f.Name)
				assert.Zero(t, fn.Attrs().Local, "%s: local memory", f.Name)
			}
		}
		for _, k := range table {
			assert.Equal(t, target >= k.Target, found[k.Name], "%s on sm_%d", k.Name, target)
		}
	}
	assert.True(t, slices.IsSortedFunc(table, func(a, b Kernel) int { return strings.Compare(a.Name, b.Name) }), "order")
}

func TestPTX(t *testing.T) {
	for sm, target := range map[int]string{75: ".target sm_75", 80: ".target sm_80", 86: ".target sm_80", 120: ".target sm_80"} {
		code, err := PTX("gemm", sm)
		require.NoError(t, err)
		assert.Contains(t, string(code), target, "sm_%d", sm)
	}
	_, err := PTX("gemm", 70)
	assert.EqualError(t, err, "kernels: gemm: compute capability 7.0 is too old, the oldest served is 7.5")
	_, err = PTX("convolution", 80)
	assert.EqualError(t, err, `kernels: no source "convolution"`)
	_, ok := Find("norm_row_bf16", 75)
	assert.False(t, ok, "sm_75 has no bf16")
}

// stems are the sources in the table.
func stems() []string {
	var names []string
	for _, k := range table {
		names = append(names, k.Stem)
	}
	return slices.Compact(names)
}
