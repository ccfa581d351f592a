package generate

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model/gpt2"
)

// startWriting is a worker without a goroutine, whose rows write until the model's last position.
func startWriting(t testing.TB, b gpu.Backend, m *gpt2.LM, rows int, o Options) *worker {
	e := &Engine{b: b, m: m, limits: m.Limits(), room: Room{Rows: rows * max(o.Beams, 1), Tokens: rows * max(o.Beams, 1) * m.Positions}}
	w := newWorker(e)
	t.Cleanup(func() { w.fail(ErrClosed) })
	for i := range rows {
		j := newJob(background, writing, Request{Prompt: prompt(i, 3), Options: o})
		require.NoError(t, j.prepare(e))
		e.pending = append(e.pending, j)
	}
	require.True(t, w.tick())
	require.Len(t, w.jobs, rows)
	return w
}

// long is toy with room for many tokens.
func long() gpt2.Config {
	c := toy
	c.Positions = 1 << 14
	return c
}

// BenchmarkStep is one step of a batch: tokens of 8 sequences.
func BenchmarkStep(b *testing.B) {
	be := openCPU(b)
	c := long()
	m := toyModel(b, be, c)
	for _, how := range []struct {
		name string
		o    Options
	}{{"greedy", Options{}}, {"sampled", Options{Sampling: true, TopP: 0.9, Temperature: 0.8}}} {
		b.Run(fmt.Sprintf("%s/rows=8", how.name), func(b *testing.B) {
			b.ReportAllocs()
			w := startWriting(b, be, m, 8, how.o)
			for range b.N {
				if len(w.rows) == 0 || w.rows[0].place.Len()+1 == c.Positions {
					b.StopTimer()
					w = startWriting(b, be, m, 8, how.o)
					b.StartTimer()
				}
				w.tick()
			}
			b.ReportMetric(float64(8*b.N)/b.Elapsed().Seconds(), "tokens/s")
		})
	}
}

// A step allocates nothing.
func TestStepAllocates(t *testing.T) {
	if testing.Short() {
		t.Skip("minutes under the race detector, for which TestSoak does the same")
	}
	be := openCPU(t)
	m := toyModel(t, be, long())
	for _, o := range []Options{{}, {Sampling: true, TopK: 20, TopP: 0.9, MinP: 0.01, TypicalP: 0.9, Temperature: 0.8},
		{RepetitionPenalty: 1.2, EOS: []int32{96}, MinNewTokens: 1 << 13, Suppress: []int32{4}}, {Beams: 3}, {Beams: 2, NoRepeatNGram: 2, Renormalize: true}} {
		w := startWriting(t, be, m, 5, o)
		for range 300 {
			w.tick()
		}
		require.Len(t, w.jobs, 5)
		require.Zero(t, testing.AllocsPerRun(200, func() { w.tick() }), "%+v", o)
	}
}
