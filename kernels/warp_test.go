package kernels

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/rapt-go/rapt/gpu"
	"github.com/stretchr/testify/require"
)

// A warperCase is a row of scores and which of them the logits warpers of transformers keep: see cpu_fallback/_gen/warpers.py.
type warperCase struct {
	Seed         uint64
	N            int
	Scale, Steps float64
	Options      map[string]float64
	Kept         []byte // a bit for each column
}

func (c *warperCase) score(j int) float64 {
	sum := -1.5
	for e := 3 * j; e < 3*j+3; e++ {
		sum += float64(gpu.Hash(c.Seed, uint64(e))>>8) / (1 << 24)
	}
	if c.Steps != 0 {
		return math.RoundToEven(c.Scale*sum*c.Steps) / c.Steps
	}
	return c.Scale * sum
}

// TestWarp keeps what transformers does: every case in some mode, the long ones too.
func TestWarp(t *testing.T) {
	data, err := os.ReadFile("../cpu_fallback/testdata/warpers.json")
	require.NoError(t, err)
	var file struct{ Cases []warperCase }
	require.NoError(t, json.Unmarshal(data, &file))
	require.Greater(t, len(file.Cases), 40)
	names := [...]string{"temperature", "top_k", "top_p", "min_p", "typical_p", "epsilon_cutoff", "eta_cutoff", "greedy"}
	each(t, func(r *rig, seed uint64) {
		for i := int(seed) % 9; i < len(file.Cases); i += 9 {
			c := &file.Cases[i]
			x, params, dst := r.alloc(f32, 1, c.N), r.alloc(f32, 1, len(names)), r.result(f32, 1, c.N)
			r.set(x, 0, c.score)
			r.set(params, 0, func(col int) float64 { return c.Options[names[col]] })
			r.launch("warp_rows_any", [3]int{1, 1, 1}, dst.arg(), x.arg(), params.arg(), number(c.N), dst.ld(), x.ld(), params.ld(), f32.code(), truth(seed%2 == 0))
			got := r.copyOut(dst.at, dst.size())
			temperature := float32(1)
			if v, ok := c.Options["temperature"]; ok {
				temperature = float32(v)
			}
			for j := range c.N {
				want := math.Inf(-1)
				if c.Kept[j/8]>>(j%8)&1 != 0 {
					want = float64(float32(x.v[j]) / temperature)
				}
				require.Equal(r.t, want, f32.get(got, j), "seed %d, %v: column %d of %d, %v", c.Seed, c.Options, j, c.N, x.v[j])
			}
		}
	})
}
