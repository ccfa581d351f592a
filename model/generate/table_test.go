package generate

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"strconv"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/model"
)

// table is the model of _gen/fixtures.py: the logits of what follows a, b at position p are
// Last[b] + Before[a] + At[p mod len(At)], over 1024.
type table struct {
	Last, Before, At [][]int
}

func (m *table) vocab() int { return len(m.Last) }

func (m *table) logits(ids []int32) []float64 {
	n := len(ids)
	x := make([]float64, m.vocab())
	for i := range x {
		v := m.Last[ids[n-1]][i] + m.At[(n-1)%len(m.At)][i]
		if n > 1 {
			v += m.Before[ids[n-2]][i]
		}
		x[i] = float64(v) / 1024
	}
	return x
}

// logSoftmax changes x in place.
func logSoftmax(x []float64) {
	sum := 0.0
	for _, v := range x {
		sum += math.Exp(v)
	}
	for i := range x {
		x[i] -= math.Log(sum)
	}
}

// apply changes x as r says, in the order that rules are documented to have.
func apply(r *rules, x []float64) {
	if forced := r.forced(); len(forced) > 0 {
		for i := range x {
			x[i] = math.Inf(-1)
		}
		for _, id := range forced {
			x[id] = 0
		}
		return
	}
	for _, id := range r.penalized() {
		if x[id] < 0 {
			x[id] *= r.o.RepetitionPenalty
		} else {
			x[id] /= r.o.RepetitionPenalty
		}
	}
	for _, id := range r.banned(nil) {
		x[id] = math.Inf(-1)
	}
}

// greedy is what is generated without beams.
func (m *table) greedy(o *Options, prompt []int32, most int) []int32 {
	r := newRules(o, prompt, most)
	for len(r.new()) < most {
		x := m.logits(r.ids)
		apply(r, x)
		best := 0
		for i, v := range x {
			if v > x[best] {
				best = i
			}
		}
		r.push(int32(best))
		if slices.Contains(o.EOS, int32(best)) || o.Stop != nil && o.Stop(r.new()) {
			break
		}
	}
	return r.new()
}

// search is what beam search finds. What the beams say of themselves must agree with what an engine would make of it.
func (m *table) search(t *testing.T, o *Options, prompt []int32, most int) []Output {
	b := newBeamSearch(o, prompt, most)
	written := [][]int32{prompt}
	for {
		ids, probs := make([][]int32, b.width()), make([][]float32, b.width())
		for i := range b.width() {
			require.Equal(t, written[i], b.rules(i).ids)
			if len(b.rules(i).forced()) > 0 {
				continue
			}
			x := m.logits(written[i])
			logSoftmax(x)
			apply(b.rules(i), x)
			if o.Renormalize {
				logSoftmax(x)
			}
			ids[i], probs[i] = likeliest(x, o.candidates())
		}
		if !b.step(ids, probs) {
			require.Zero(t, b.width())
			return b.results(o.Return)
		}
		require.LessOrEqual(t, b.width(), o.beams())
		var next [][]int32
		for i := range b.width() {
			next = append(next, slices.Concat(written[b.beam(i).Parent], []int32{b.beam(i).ID}))
		}
		written = next
	}
}

// likeliest is the k best of x, best first.
func likeliest(x []float64, k int) ([]int32, []float32) {
	var ids []int32
	for i := range x {
		ids = append(ids, int32(i))
	}
	slices.SortStableFunc(ids, func(a, b int32) int {
		switch {
		case x[a] > x[b]:
			return -1
		case x[a] < x[b]:
			return 1
		}
		return 0
	})
	ids = ids[:min(k, len(ids))]
	var p []float32
	for _, id := range ids {
		p = append(p, float32(x[id]))
	}
	return ids, p
}

type tableCase struct {
	Prompt    []int32
	Options   json.RawMessage // as in generation_config.json
	Stop      [][]int32       // a sequence ends where its new tokens end with any of these
	Generated [][]int32
	Scores    []float64
}

func (c tableCase) options(t *testing.T) Options {
	g, err := ReadConfig(model.FS(fstest.MapFS{file: {Data: c.Options}}))
	require.NoError(t, err)
	if c.Stop != nil {
		g.Stop = func(ids []int32) bool {
			return slices.ContainsFunc(c.Stop, func(s []int32) bool {
				return len(ids) >= len(s) && slices.Equal(ids[len(ids)-len(s):], s)
			})
		}
	}
	return g.Options
}

func readTable(t *testing.T) (*table, []tableCase) {
	data, err := os.ReadFile("testdata/cases.json")
	require.NoError(t, err)
	var f struct {
		table
		Cases []tableCase
	}
	require.NoError(t, json.Unmarshal(data, &f))
	require.Greater(t, len(f.Cases), 100)
	return &f.table, f.Cases
}

// What transformers generates. Scores are sums of at most 20 float32 log-probabilities there, of magnitude below 200 even where the
// length is a factor: a rounding each is 20 · 2⁻²⁴ of that.
func TestTransformers(t *testing.T) {
	m, cases := readTable(t)
	for i, c := range cases {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			o := c.options(t)
			most := o.most(model.Limits{Vocab: m.vocab(), Length: 512}, len(c.Prompt))
			if o.Beams == 1 {
				require.Equal(t, c.Generated, [][]int32{m.greedy(&o, c.Prompt, most)}, "%s", c.Options)
				return
			}
			out := m.search(t, &o, c.Prompt, most)
			require.Len(t, out, len(c.Generated))
			for k, want := range c.Generated {
				require.Equal(t, want, out[k].IDs, "sequence %d of %s", k, c.Options)
				assert.InDelta(t, c.Scores[k], out[k].Score, 20.0/(1<<24)*max(1, math.Abs(c.Scores[k])*2), "sequence %d of %s", k, c.Options)
				assert.Equal(t, finish(&o, want, most), out[k].Finish, "sequence %d of %s", k, c.Options)
			}
		})
	}
}

// finish is why a sequence ended, by itself.
func finish(o *Options, ids []int32, most int) Finish {
	switch {
	case slices.Contains(o.EOS, ids[len(ids)-1]):
		return EndOfText
	case o.Stop != nil && o.Stop(ids):
		return Stopped
	case len(ids) == most:
		return Length
	}
	return Running
}
