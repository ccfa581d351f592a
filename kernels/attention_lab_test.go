package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/cuda/sim"
)

// TestLabAttention runs the rungs of attention and holds the counters that lab/README.md states against them. With -v it prints
// the lines that should be there.
func TestLabAttention(t *testing.T) {
	const n, heads, width = 128, 2, 64
	readme, err := os.ReadFile("lab/README.md")
	require.NoError(t, err)
	tiles := func(name string) func(r *rig, a *attending, scale driver.Arg) {
		return func(r *rig, a *attending, scale driver.Arg) {
			r.lab("attention_tiles", name, [3]int{n / 64, heads, 1}, a.dst.arg(), a.q.arg(), a.k.arg(), a.v.arg(), number(n),
				a.dst.ld(), a.q.ld(), a.k.ld(), a.v.ld(), scale)
		}
	}
	for _, rung := range []struct {
		name string
		run  func(r *rig, a *attending, scale driver.Arg)
	}{
		{"attention_naive", func(r *rig, a *attending, scale driver.Arg) {
			s := r.result(f32, heads*n, n)
			r.lab("attention_naive", "lab_attention_scores", [3]int{n / 128, n, heads}, s.arg(), a.q.arg(), a.k.arg(), number(n), number(n), number(width),
				s.ld(), a.q.ld(), a.k.ld(), scale)
			r.lab("attention_naive", "lab_attention_softmax", [3]int{heads * n / 4, 1, 1}, s.arg(), number(heads*n), number(n), s.ld())
			r.lab("attention_naive", "lab_attention_values", [3]int{heads * width / 128, n, 1}, a.dst.arg(), s.arg(), a.v.arg(), number(n), number(n),
				number(heads*width), number(width), a.dst.ld(), s.ld(), a.v.ld())
		}},
		{"attention_tiles", tiles("lab_attention_tiles")},
		{"attention_swizzle", tiles("lab_attention_swizzle")},
		{"attention_eager", tiles("lab_attention_eager")},
		{"attention_flash64_bf16", func(r *rig, a *attending, _ driver.Arg) {
			a.launch(r, "attention_flash64_bf16", [3]int{n / 64, heads, 1})
		}},
	} {
		r := open(t, sim.Options{})
		r.pad = 16 // rows of whole sectors
		a := r.attend(bf16, rand.New(rand.NewPCG(1, 2)), []int{n}, []int{n}, heads, width)
		r.ResetCounters()
		rung.run(r, a, driver.F32(float32(a.scale*math.Log2E)))
		a.check(r, bf16, rung.name)
		var requests, distinct, wavefronts, ideal, instructions float64
		launches := 0
		for _, c := range r.Counters() {
			launches += c.Launches
			requests, distinct = requests+float64(32*c.Total.Sectors), distinct+float64(c.DRAMRead+c.DRAMWrite)
			wavefronts, ideal = wavefronts+float64(c.Total.Wavefronts), ideal+float64(c.Total.WavefrontsIdeal)
			instructions += float64(c.Total.Warp)
		}
		const operands, products = 4 * n * heads * width * 2, 2 * heads * n * n * width
		line := fmt.Sprintf("| `%s` | %d | %.2f | %.2f | %.0f | %.1f | %.0f |", rung.name, launches, distinct/operands, requests/operands,
			wavefronts, wavefronts/max(ideal, 1), instructions*1e6/products)
		t.Log(line)
		assert.Contains(t, string(readme), line, "lab/README.md")
	}
}
