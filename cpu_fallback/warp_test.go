package cpu

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/gpu/gputest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A warperCase is a row of scores and which of them transformers keeps: see _gen/warpers.py.
type warperCase struct {
	Seed         uint64
	N            int
	Scale, Steps float64
	Options      map[string]float32
	Kept         []byte // a bit for each column
}

func (c *warperCase) scores() []float32 {
	u := func(e int) float64 { return float64(gpu.Hash(c.Seed, uint64(e))>>8) / (1 << 24) }
	x := make([]float32, c.N)
	for j := range x {
		v := c.Scale * (u(3*j) + u(3*j+1) + u(3*j+2) - 1.5)
		if c.Steps != 0 {
			v = math.RoundToEven(v*c.Steps) / c.Steps
		}
		x[j] = float32(v)
	}
	return x
}

func (c *warperCase) params(t *testing.T) []float32 {
	names := map[string]int{"temperature": gpu.WarpTemperature, "top_k": gpu.WarpTopK, "top_p": gpu.WarpTopP, "min_p": gpu.WarpMinP,
		"typical_p": gpu.WarpTypicalP, "epsilon_cutoff": gpu.WarpEpsilonCutoff, "eta_cutoff": gpu.WarpEtaCutoff}
	p := make([]float32, gpu.WarpParams)
	for name, v := range c.Options {
		require.Contains(t, names, name)
		p[names[name]] = v
	}
	return p
}

// TestWarpers compares Warp, and the oracle that other backends are compared with, with the logits warpers of transformers.
func TestWarpers(t *testing.T) {
	data, err := os.ReadFile("testdata/warpers.json")
	require.NoError(t, err)
	var file struct{ Cases []warperCase }
	require.NoError(t, json.Unmarshal(data, &file))
	require.Greater(t, len(file.Cases), 40)
	own, err := Open()
	require.NoError(t, err)
	defer own.Close()
	for _, b := range []gpu.Backend{own, gputest.Naive()} {
		s, err := gpu.NewStream(b)
		require.NoError(t, err)
		for _, c := range file.Cases {
			name := fmt.Sprintf("%s: seed %d: %v", b.Info().Name, c.Seed, c.Options)
			x, params := c.scores(), c.params(t)
			in, p := s.Temp(gpu.F32, 1, c.N), s.Temp(gpu.F32, 1, gpu.WarpParams)
			gpu.Write(s, in, x)
			gpu.Write(s, p, params)
			s.Do(&gpu.Warp{Dst: in, X: in, Params: p})
			got, err := gpu.Read[float32](s, in)
			require.NoError(t, err, name)
			for j, v := range got {
				want := float32(math.Inf(-1))
				if c.Kept[j/8]>>(j%8)&1 != 0 {
					want = x[j] / orOne(params[gpu.WarpTemperature])
				}
				require.Equal(t, want, v, "%s: column %d of %d, %v", name, j, c.N, x[j])
			}
		}
		require.NoError(t, s.Close())
	}
}

// selectTop is as plain as a sort: the smallest number whose larger ones weigh less than the bound.
func TestSelectTop(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for n := range 200 {
		n++
		v, e, work := make([]float32, n), make([]float32, n), make([]float32, 2*n)
		for i := range v {
			v[i], e[i] = float32(rng.NormFloat64()), float32(rng.IntN(4)) // sums of integers are exact
			if n%2 == 0 {
				v[i] = float32(rng.IntN(9) - 4)
			}
		}
		for _, weights := range [][]float32{nil, e} {
			most := 1 + rng.Float64()*float64(n)
			want := float32(math.Inf(1))
			for _, x := range v {
				above := 0.0
				for i, y := range v {
					if y > x {
						above += float64(append(weights, 1)[min(i, len(weights))])
					}
				}
				if above < most {
					want = min(want, x)
				}
			}
			assert.Equal(t, want, selectTop(v, weights, most, work), "%v, %v, %v", v, weights, most)
		}
	}
}

// What draw leaves out changes nothing: columns too low for any noise, and hashes of too little.
func TestDrawNear(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for key := range uint64(2000) {
		n := 1 + rng.IntN(300)
		x, sigma, scale := make([]float32, n), math.Exp(3*rng.NormFloat64()), math.Exp(rng.NormFloat64())
		for j := range x {
			x[j] = float32(sigma * rng.NormFloat64())
			switch rng.IntN(10) {
			case 0:
				x[j] = negInf
			case 1:
				x[j] = float32(math.Round(float64(x[j])))
			}
		}
		best := make([]float32, rowParts(n))
		if high := highestParts(x, best); high > negInf {
			require.Equal(t, draw(x, scale, key), drawNear(x, best, float64(high), scale, key), "key %d, %d columns", key, n)
		}
	}
}

func TestMostNoise(t *testing.T) {
	for _, u := range []uint32{0, 1, 2, 3, 1 << 22, 1<<23 - 1, 1 << 23, 1<<24 - 5, 1<<24 - 4, 1<<24 - 3, 1<<24 - 2, 1<<24 - 1} {
		assert.LessOrEqual(t, noise(u), mostNoise[len(fmt.Sprintf("%b", 1<<24-u))], "%d", u)
	}
	assert.Less(t, noise(1<<24-1), float64(maxNoise))
}
