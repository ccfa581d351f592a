package mutants

import (
	"crypto/sha256"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/rapt-go/rapt/cuda/sim/exec"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestSources compares the PTX of testdata with what it was compiled from.
func TestSources(t *testing.T) {
	for _, b := range bases {
		sum := sha256.New()
		for _, name := range []string{b.name + ".cu", "device.h", "ptx.sh"} {
			text, err := os.ReadFile("testdata/" + name)
			require.NoError(t, err)
			sum.Write(text)
		}
		text, err := os.ReadFile("testdata/" + b.name + ".ptx")
		require.NoError(t, err)
		first, _, _ := strings.Cut(string(text), "\n")
		assert.Equal(t, fmt.Sprintf("// sources sha256:%x", sum.Sum(nil)), first, "%s.ptx is not of its sources: run testdata/ptx.sh", b.name)
	}
}

// TestBases runs every kernel unchanged, under several orders and numerics: no finding, and the right
// result.
func TestBases(t *testing.T) {
	for i := range bases {
		b := &bases[i]
		t.Run(b.name, func(t *testing.T) {
			src := source(t, b.name)
			for seed := range uint64(6) {
				r, res := run(t, b, src, exec.Launch{Seed: seed, Numerics: models[seed%3], Jitter: seed%2 == 1, JitterSeed: seed})
				require.NoError(t, res.Err(), "seed %d", seed)
				require.NoError(t, r.wrong(), "seed %d", seed)
			}
		})
	}
}

// TestMutants breaks the kernels.
func TestMutants(t *testing.T) {
	listed, reported := map[exec.Kind]int{}, map[exec.Kind]int{}
	n, perBase := 0, map[string]int{}
	for i := range mutants {
		m := &mutants[i]
		listed[m.want]++
		perBase[m.base]++
		t.Run(m.base+"/"+m.name, func(t *testing.T) {
			if m.reported(t) {
				reported[m.want]++
				n++
			}
		})
	}
	var counts []string
	for k := wrong; k <= exec.ReadOnlyCache; k++ {
		counts = append(counts, fmt.Sprintf("%s %d", kindName(k), reported[k]))
		assert.NotZero(t, listed[k], "a kind without a mutant: %s", kindName(k))
	}
	for _, b := range bases {
		assert.NotZero(t, perBase[b.name], "a kernel without a mutant: %s", b.name)
	}
	t.Logf("mutants: %d of %d reported, by kind: %s", n, len(mutants), strings.Join(counts, ", "))
}

func kindName(k exec.Kind) string {
	if k == wrong {
		return "wrong result"
	}
	return k.String()
}

// reported runs the mutant under several orders, in each of which its kind has to be reported at its
// line, and nothing but its kind and its consequences.
func (m *mutant) reported(t *testing.T) bool {
	at := slices.IndexFunc(bases, func(b base) bool { return b.name == m.base })
	require.GreaterOrEqual(t, at, 0, m.base)
	src := source(t, m.base)
	require.Equal(t, 1, strings.Count(src, m.old), "%q has to be there once", m.old)
	src = strings.Replace(src, m.old, m.new, 1)
	ok := true
	for seed := range uint64(3) {
		r, res := run(t, &bases[at], src, exec.Launch{Seed: seed, Workers: 1, Budget: 1e5})
		if m.want == wrong {
			ok = assert.NoError(t, res.Err(), "seed %d", seed) && assert.Error(t, r.wrong(), "seed %d", seed) && ok
			continue
		}
		found := slices.ContainsFunc(res.Findings, func(f *exec.Finding) bool { return f.Kind == m.want && m.placed(src, f) })
		ok = assert.True(t, found, "seed %d: no %q at %q, result: %v; %v", seed, m.want, m.line, r.wrong(), res.Findings) && ok
		for _, f := range res.Findings {
			expected := f.Kind == m.want || slices.Contains(consequences[m.want], f.Kind)
			ok = assert.True(t, expected, "seed %d: %v", seed, f) && ok
		}
	}
	return ok
}

// placed compares the line. The two accesses of a race are noticed in either order.
func (m *mutant) placed(src string, f *exec.Finding) bool {
	for i, line := range strings.Split(src, "\n") {
		if strings.Contains(line, m.line) && (int(f.Pos.Line) == i+1 || f.Other != nil && int(f.Other.Pos.Line) == i+1) {
			return true
		}
	}
	return m.line == ""
}
