package kernels

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/cuda/sim"
	"github.com/rapt-go/rapt/cuda/sim/exec"
)

// A mutant is a kernel of the shipped PTX with one mistake: in its text the match number nth of old becomes new. The simulator
// must report want, or, of a mistake that breaks no rule, the result must differ from that of the kernel as it is, which other
// tests hold right.
type mutant struct {
	kernel, name string
	want         exec.Kind
	old          string // a regular expression
	nth          int
	new          string
}

const wrong exec.Kind = 0

// parameter makes a mutant that gives parameter i of a kernel another value, of a 32-bit type.
func parameter(kernel, name string, want exec.Kind, i int, value string) mutant {
	return mutant{kernel, name, want, fmt.Sprintf(`ld\.param\.[usf]32\s+(%%\w+), \[%s_param_%d\];`, kernel, i), 0, "mov.b32 $1, " + value + ";"}
}

// another makes a mutant that reads parameter j for parameter i.
func another(kernel, name string, want exec.Kind, i, j int) mutant {
	return mutant{kernel, name, want, fmt.Sprintf(`\[%s_param_%d\]`, kernel, i), 0, fmt.Sprintf("[%s_param_%d]", kernel, j)}
}

// longer makes a mutant whose parameter i is one more.
func longer(kernel, name string, want exec.Kind, i int) mutant {
	return mutant{kernel, name, want, fmt.Sprintf(`(ld\.param\.[us]32\s+(%%\w+), \[%s_param_%d\];)`, kernel, i), 0, "$1\nadd.s32 $2, $2, 1;"}
}

// barrier makes a mutant without barrier number nth.
func barrier(kernel string, nth int) mutant {
	return mutant{kernel, fmt.Sprintf("barrier %d dropped", nth), exec.SharedRace, `bar\.sync\s+0;`, nth, ""}
}

// butterfly makes a mutant whose last exchange over a warp, of those the one numbered nth, is twice as far.
func butterfly(kernel string, nth int) mutant {
	return mutant{kernel, fmt.Sprintf("butterfly %d", nth), wrong, `(shfl\.sync\.bfly\.b32\s+%\w+, %\w+), 1, 31, -1;`, nth, "$1, 2, 31, -1;"}
}

// A mutantLaunch is a launch that is right, with what it writes.
type mutantLaunch struct {
	kernel string
	grid   int
	args   func(r *rig, rng *rand.Rand) (out []*matrix, args []driver.Arg)
}

// TestMutants breaks the kernels of rows and elements.
func TestMutants(t *testing.T) { breakAll(t, mutantLaunches, mutants) }

// breakAll wants every mutant of the launches' kernels noticed, and three of each at least.
func breakAll(t *testing.T, launches []mutantLaunch, mutants []mutant) {
	has := map[string]bool{}
	for i := range launches {
		l := &launches[i]
		has[l.kernel] = true
		t.Run(l.kernel, func(t *testing.T) {
			k, ok := Find(l.kernel, 80)
			require.True(t, ok)
			code, err := PTX(k.Stem, 80)
			require.NoError(t, err)
			source := only(string(code), l.kernel)
			right, found := l.run(t, source)
			require.Empty(t, found, "as it is")
			n := 0
			for j := range mutants {
				if m := &mutants[j]; m.kernel == l.kernel {
					n++
					t.Run(m.name, func(t *testing.T) { m.test(t, l, source, right) })
				}
			}
			assert.GreaterOrEqual(t, n, 3, "mutants")
		})
	}
	for _, m := range mutants {
		assert.True(t, has[m.kernel], "%s is a mutant of %s, which has no launch", m.name, m.kernel)
	}
}

func (m *mutant) test(t *testing.T, l *mutantLaunch, source string, right []byte) {
	wrote, found := l.run(t, m.broken(t, source))
	switch m.want {
	case wrong:
		assert.Empty(t, found)
		assert.False(t, bytes.Equal(right, wrote), "the result is right")
	case exec.OutOfBounds, exec.UninitMemory: // behind a row is a gap, behind the last nothing: which is met first is open
		assert.Subset(t, []exec.Kind{exec.OutOfBounds, exec.UninitMemory, exec.SharedRace}, found)
		assert.NotEmpty(t, found)
	default:
		assert.Contains(t, found, m.want)
	}
}

// only is a module's text without its other kernels, which shortens the test.
func only(code, kernel string) string {
	return regexp.MustCompile(`(?s)\.visible \.entry (\w+)\(.*?\n}\n`).ReplaceAllStringFunc(code, func(entry string) string {
		if strings.HasPrefix(entry, ".visible .entry "+kernel+"(") {
			return entry
		}
		return ""
	})
}

// broken is the text with the mistake.
func (m *mutant) broken(t *testing.T, source string) string {
	old := regexp.MustCompile(m.old)
	found := old.FindAllStringSubmatchIndex(source, -1)
	require.Greater(t, len(found), m.nth, "matches of %s", m.old)
	at := found[m.nth]
	mistake := strings.ReplaceAll(string(old.ExpandString(nil, m.new, source, at)), "mov.b32 %rd", "mov.b64 %rd") // a size that was widened
	return source[:at[0]] + mistake + source[at[1]:]
}

// run launches a module's kernel and returns what it wrote, or what was found.
func (l *mutantLaunch) run(t *testing.T, code string) (wrote []byte, found []exec.Kind) {
	r := open(t, sim.Options{Seed: 3})
	out, args := l.args(r, rand.New(rand.NewPCG(1, 2)))
	k, _ := Find(l.kernel, 80)
	module, err := r.Load([]byte(code))
	require.NoError(t, err)
	f, err := module.Func(l.kernel)
	require.NoError(t, err)
	err = r.stream.Launch(f, driver.Config{Grid: [3]int{l.grid, 1, 1}, Block: [3]int{k.Threads, 1, 1}}, args)
	require.NoError(t, err)
	err = r.stream.Sync()
	for _, finding := range r.Findings() {
		require.NotNil(t, finding.Kernel, finding)
		found = append(found, finding.Kernel.Kind)
	}
	if len(found) > 0 {
		return nil, found
	}
	require.NoError(t, err)
	for _, m := range out {
		wrote = append(wrote, r.copyOut(m.at, m.size())...)
	}
	return wrote, nil
}
