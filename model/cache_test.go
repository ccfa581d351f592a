package model_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model"
)

var (
	cacheShape  = model.CacheShape{Layers: 2, Width: 8}
	cacheLimits = model.Limits{Vocab: 100, Length: 20}
)

func newCache(t *testing.T, pageRows int, wrap ...func(gpu.Queue) gpu.Queue) (*gpu.Stream, *model.Cache) {
	s, err := gpu.NewStream(newCounter(t), wrap...)
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	c := model.NewCache(s, cacheShape, model.CacheSize{Tokens: 40, Length: 20, Rows: 3, PageRows: pageRows})
	require.NoError(t, s.Err())
	require.Len(t, c.KV, 2)
	require.Equal(t, [2]int{40, 8}, [2]int{c.KV[0].Rows, c.KV[0].Cols})
	return s, c
}

func ids(n int) []int32 { return make([]int32, n) }

// read is what a batch has on the device.
func read(t *testing.T, s *gpu.Stream, x gpu.Tensor) []int32 {
	v, err := gpu.Read[int32](s, x)
	require.NoError(t, err)
	return v
}

// slots is where the first n tokens of a sequence are, by the pages that its batch has.
func slots(t *testing.T, s *gpu.Stream, in model.Batch, seq, n int) []int32 {
	pages := read(t, s, in.Keys.Pages.RowRange(seq, seq+1))
	out := make([]int32, n)
	for i := range out {
		out[i] = pages[i/in.Keys.PageRows]*int32(in.Keys.PageRows) + int32(i%in.Keys.PageRows)
	}
	return out
}

func TestCacheExtend(t *testing.T) {
	for _, pageRows := range []int{1, 4} {
		s, c := newCache(t, pageRows)
		a, b := c.New(), c.New()
		in := c.Extend(s, cacheLimits, model.Feed{Seq: a, IDs: []int32{5, 6, 7, 8, 9}}, model.Feed{Seq: b, IDs: []int32{1}})
		require.NoError(t, s.Err())
		require.Equal(t, []int32{5, 6, 7, 8, 9, 1}, read(t, s, in.IDs))
		require.Equal(t, []int32{0, 1, 2, 3, 4, 0}, read(t, s, in.Positions))
		require.Equal(t, []int32{0, 5}, read(t, s, in.Seqs.Start))
		require.Equal(t, []int32{5, 1}, read(t, s, in.Seqs.Len))
		require.Equal(t, []int32{5, 1}, read(t, s, in.Keys.Len))
		require.Equal(t, 5, in.Seqs.Max)
		require.GreaterOrEqual(t, in.Keys.Max, 5)
		require.Equal(t, slices.Concat(slots(t, s, in, 0, 5), slots(t, s, in, 1, 1)), read(t, s, in.Slots))

		in = c.Step(s, cacheLimits, []model.Feed{{Seq: b, IDs: []int32{2}}, {Seq: a, IDs: []int32{3}}})
		require.Equal(t, []int32{2, 3}, read(t, s, in.IDs))
		require.Equal(t, []int32{1, 5}, read(t, s, in.Positions))
		require.Equal(t, []int32{2, 6}, read(t, s, in.Keys.Len))
		require.Equal(t, []int32{slots(t, s, in, 0, 2)[1], slots(t, s, in, 1, 6)[5]}, read(t, s, in.Slots))
		all := slices.Concat(slots(t, s, in, 0, 2), slots(t, s, in, 1, 6))
		slices.Sort(all)
		require.Len(t, slices.Compact(all), 8, "no slot is of two tokens")

		c.Drop(a)
		c.Drop(b)
		require.Equal(t, 40, c.Free())
		require.Zero(t, c.New().Len())
	}
}

// Sequences share whole pages, which are free when the last has left.
func TestCacheFork(t *testing.T) {
	s, c := newCache(t, 4)
	a := c.New()
	c.Extend(s, cacheLimits, model.Feed{Seq: a, IDs: ids(11)})
	require.Equal(t, 28, c.Free())
	b := c.Fork(a, 10)
	require.Equal(t, 8, b.Len())
	require.Equal(t, 28, c.Free())
	in := c.Extend(s, cacheLimits, model.Feed{Seq: a, IDs: ids(1)}, model.Feed{Seq: b, IDs: ids(3)})
	require.Equal(t, slots(t, s, in, 0, 8), slots(t, s, in, 1, 8))
	require.NotEqual(t, slots(t, s, in, 0, 9), slots(t, s, in, 1, 9))
	c.Truncate(b, 6) // in the middle of a page that a has too
	require.Equal(t, 4, b.Len())
	c.Truncate(a, 10) // in the middle of its own
	require.Equal(t, 10, a.Len())
	require.Equal(t, 28, c.Free())
	c.Drop(a)
	require.Equal(t, 36, c.Free())
	c.Drop(b)
	require.Equal(t, 40, c.Free())
	require.NoError(t, s.Err())
}

// On a stream that captures a step has one of few numbers of sequences: those behind the others have no keys, and leave nothing.
func TestCachePadding(t *testing.T) {
	s, c := newCache(t, 1, func(q gpu.Queue) gpu.Queue { return capturing{q} })
	feeds := make([]model.Feed, 3)
	for i := range feeds {
		feeds[i] = model.Feed{Seq: c.New(), IDs: []int32{int32(i)}}
	}
	in := c.Step(s, cacheLimits, feeds)
	require.NoError(t, s.Err())
	require.Equal(t, 4, in.Seqs.N)
	require.Equal(t, []int32{1, 1, 1, 0}, read(t, s, in.Keys.Len))
	require.Equal(t, int32(-1), read(t, s, in.Slots)[3])
	again := c.Step(s, cacheLimits, feeds)
	require.Equal(t, in, again)
}

type capturing struct{ gpu.Queue }

func (capturing) Capture(func() error) (gpu.Graph, error) { panic("nothing is captured") }

func TestCacheRefuses(t *testing.T) {
	for want, feed := range map[string]func(c *model.Cache) []model.Feed{
		"sequence 0: bad input: 21 tokens, the model reads at most 20": func(c *model.Cache) []model.Feed { return []model.Feed{{c.New(), ids(21)}} },
		"sequence 1: bad input: token 0 is id 100, outside the vocabulary of 100": func(c *model.Cache) []model.Feed {
			return []model.Feed{{c.New(), ids(1)}, {c.New(), []int32{100}}}
		},
		"sequence 0: bad input: no tokens to extend it by": func(c *model.Cache) []model.Feed { return []model.Feed{{Seq: c.New()}} },
		"sequence 2: cache is full: no pages for 2 of 2 tokens": func(c *model.Cache) []model.Feed {
			return []model.Feed{{c.New(), ids(20)}, {c.New(), ids(20)}, {c.New(), ids(2)}}
		},
	} {
		s, c := newCache(t, 1)
		c.Extend(s, cacheLimits, feed(c)...)
		require.EqualError(t, s.Err(), want)
	}
	s, c := newCache(t, 1)
	c.Extend(s, cacheLimits)
	require.ErrorIs(t, s.Err(), model.ErrInput)
	for want, feeds := range map[string]func(c *model.Cache) []model.Feed{
		"bad input: a step of 0 sequences, not from 1 to 3":                       func(c *model.Cache) []model.Feed { return nil },
		"bad input: a step of 4 sequences, not from 1 to 3":                       func(c *model.Cache) []model.Feed { return make([]model.Feed, 4) },
		"bad input: sequence 1: 2 tokens in a step":                               func(c *model.Cache) []model.Feed { return []model.Feed{{c.New(), ids(1)}, {c.New(), ids(2)}} },
		"bad input: sequence 0: 0 tokens in a step":                               func(c *model.Cache) []model.Feed { return []model.Feed{{Seq: c.New()}} },
		"sequence 0: bad input: token 0 is id 100, outside the vocabulary of 100": func(c *model.Cache) []model.Feed { return []model.Feed{{c.New(), []int32{100}}} },
	} {
		s, c := newCache(t, 1)
		c.Step(s, cacheLimits, feeds(c))
		require.EqualError(t, s.Err(), want)
	}
	require.Equal(t, 64, cacheShape.Bytes())
	s, c = newCache(t, 1)
	c.Extend(s, model.Limits{Vocab: 100}, model.Feed{Seq: c.New(), IDs: ids(21)})
	require.EqualError(t, s.Err(), "sequence 0: cache is full: 21 tokens, a sequence has at most 20")
}
