package kernels

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/cuda/sim"
)

// TestLabFresh fails where a rung's .ptx was made from other sources than those that stand beside it.
func TestLabFresh(t *testing.T) {
	headers, err := filepath.Glob("cu/*.h")
	require.NoError(t, err)
	rungs, err := filepath.Glob("lab/*.cu")
	require.NoError(t, err)
	for _, source := range rungs {
		fresh(t, "lab/ptx/"+strings.TrimSuffix(filepath.Base(source), ".cu")+".sm_80.ptx", source, headers)
	}
}

// TestLabNorm runs the rungs of norm and holds the counters that lab/README.md states against them. With -v it prints the lines
// that should be there.
func TestLabNorm(t *testing.T) {
	const rows, cols, eps = 16, 768, float32(1e-5)
	readme, err := os.ReadFile("lab/README.md")
	require.NoError(t, err)
	needed := float64(rows*cols*3*2 + 2*cols*4)
	for _, rung := range []struct {
		name string
		run  func(r *rig, dst, x, residual, gain, bias *matrix) (input, with *matrix) // of the last kernel
	}{
		{"norm_naive", func(r *rig, dst, x, residual, gain, bias *matrix) (input, with *matrix) {
			sum := r.result(bf16, rows, cols)
			r.lab("norm_naive", "lab_norm_add", [3]int{ceil(cols, 128), rows, 1}, sum.arg(), x.arg(), residual.arg(), number(cols), sum.ld())
			r.read(sum)
			r.lab("norm_naive", "lab_norm_naive", [3]int{rows / 4, 1, 1}, dst.arg(), sum.arg(), gain.arg(), bias.arg(), number(rows), number(cols), dst.ld(), driver.F32(eps))
			return sum, nil
		}},
		{"norm_eight", func(r *rig, dst, x, residual, gain, bias *matrix) (input, with *matrix) {
			r.lab("norm_eight", "lab_norm_eight", [3]int{rows / 4, 1, 1}, dst.arg(), x.arg(), residual.arg(), gain.arg(), bias.arg(), number(rows), number(cols), dst.ld(), driver.F32(eps))
			return x, residual
		}},
		{"norm_row_bf16", func(r *rig, dst, x, residual, gain, bias *matrix) (input, with *matrix) {
			r.launch("norm_row_bf16", [3]int{rows / 4, 1, 1}, dst.arg(), 0, 0, x.arg(), residual.arg(), gain.arg(), bias.arg(), number(rows), number(cols),
				dst.ld(), 0, 0, x.ld(), residual.ld(), 0, driver.F32(eps))
			return x, residual
		}},
	} {
		r := open(t, sim.Options{})
		r.pad = 16 // rows of whole sectors
		rng := rand.New(rand.NewPCG(1, 2))
		x, residual, gain, bias := r.matrix(bf16, rows, cols, rng), r.matrix(bf16, rows, cols, rng), r.matrix(f32, 1, cols, rng), r.matrix(f32, 1, cols, rng)
		dst := r.result(bf16, rows, cols)
		r.ResetCounters()
		input, with := rung.run(r, dst, x, residual, gain, bias)
		r.check(dst, func(row int) (want, tolerance []float64) {
			return normRow(bf16, row, false, input, with, gain, bias, float64(eps)).dst()
		}, rung.name)
		var sectors, dram, instructions, requests float64
		counters := r.Counters()
		for _, c := range counters {
			sectors, dram = sectors+float64(c.Total.Sectors), dram+float64(c.DRAMRead+c.DRAMWrite)
			instructions, requests = instructions+float64(c.Total.Warp), requests+float64(c.Total.Requests)
		}
		line := fmt.Sprintf("| `%s` | %d | %.2f | %.2f | %.1f | %.0f |", rung.name, len(counters), dram/needed, 32*sectors/needed, requests/rows, instructions/rows)
		t.Log(line)
		assert.True(t, strings.Contains(string(readme), line), "lab/README.md lacks the line %s", line)
	}
}

// lab runs a kernel of a stem in lab to its end. Nothing may be found.
func (r *rig) lab(stem, name string, grid [3]int, args ...driver.Arg) {
	r.t.Helper()
	if r.modules[stem] == nil {
		code, err := os.ReadFile("lab/ptx/" + stem + ".sm_80.ptx")
		require.NoError(r.t, err)
		r.modules[stem], err = r.Load(code)
		require.NoError(r.t, err)
	}
	f, err := r.modules[stem].Func(name)
	require.NoError(r.t, err)
	require.NoError(r.t, r.stream.Launch(f, driver.Config{Grid: grid, Block: [3]int{128, 1, 1}}, args))
	require.NoError(r.t, r.stream.Sync())
	require.Empty(r.t, r.Findings())
}

// read sets a matrix's values here to those in device memory.
func (r *rig) read(m *matrix) {
	b := r.copyOut(m.at, m.size())
	for row := range m.rows {
		for col := range m.cols {
			m.row(row)[col] = m.get(b, row*m.step+col)
		}
	}
}
