package bert_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/gpu/gputest"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/bert"
)

// A counting queue counts what runs, and what is launched as a graph.
type counting struct {
	gpu.Queue
	ops, graphs *int
}

func (c counting) Run(op gpu.Op) error { *c.ops++; return c.Queue.Run(op) }

func (c counting) Capture(record func() error) (gpu.Graph, error) {
	g, err := c.Queue.(gpu.Capturer).Capture(record)
	return countingGraph{g, c}, err
}

type countingGraph struct {
	gpu.Graph
	c counting
}

func (g countingGraph) Launch() error { *g.c.graphs++; return g.Graph.Launch() }

// On a stream that captures, batches of other texts and sizes share graphs, and have the bits of batches without
// padding.
func TestReplay(t *testing.T) {
	for _, name := range []string{"usual", "roberta"} {
		t.Run(name, func(t *testing.T) { replay(t, config(t, configs[name])) })
	}
}

func replay(t *testing.T, c bert.Config) {
	b := gputest.Naive()
	batches := [][]model.Input{
		randomInputs(c, 1, 8, 1, 9), randomInputs(c, 2, 11, 3, 9), randomInputs(c, 3, 24), randomInputs(c, 4, 17, 1),
		randomInputs(c, 5, 1, 1, 1, 1, 1, 1, 1, 1, 1), randomInputs(c, 6, 8, 8, 8),
	}
	for _, h := range heads(t, c, randomCheckpoint(c, 8), b) {
		var ops, graphs int
		s, err := gpu.NewStream(b, func(q gpu.Queue) gpu.Queue { return counting{q, &ops, &graphs} })
		require.NoError(t, err)
		require.True(t, s.Captures())
		plain, err := gpu.NewStream(b, func(q gpu.Queue) gpu.Queue { return struct{ gpu.Queue }{q} })
		require.NoError(t, err)
		require.False(t, plain.Captures())
		for range 3 {
			for i, inputs := range batches {
				var got [2][]float32
				for k, s := range []*gpu.Stream{s, plain} {
					release := s.Frame()
					y := h.run(s, model.Pack(s, h.Limits(), inputs...))
					require.NoError(t, s.Err())
					got[k], err = gpu.Read[float32](s, y)
					require.NoError(t, err)
					release()
				}
				require.Equal(t, bits(got[1]), bits(got[0]), "%s of batch %d", h.name, i)
			}
		}
		require.NoError(t, s.Close())
		require.NoError(t, plain.Close())
		require.Positive(t, graphs, h.name)
		require.GreaterOrEqual(t, graphs, 2*len(batches), "%s: all but the first batches of a size", h.name)
	}
}
