package model_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/gpu/gputest"
	"github.com/rapt-go/rapt/model"
)

func TestPack(t *testing.T) {
	s := newCounter(t).stream(t)
	l := model.Limits{Vocab: 100, Length: 4, Types: 2, FirstPosition: 2}
	b := model.Pack(s, l,
		model.Input{IDs: []int32{7, 8, 9}},
		model.Input{},
		model.Input{IDs: []int32{99, 0, 5, 6}, Types: []int32{0, 0, 1, 1}},
		model.Input{IDs: []int32{4}, Types: []int32{1}})
	require.NoError(t, s.Err())
	ints := func(x gpu.Tensor) []int32 {
		require.Equal(t, gpu.I32, x.DType)
		require.Equal(t, 1, x.Rows)
		return must(gpu.Read[int32](s, x))
	}
	require.Equal(t, []int32{7, 8, 9, 99, 0, 5, 6, 4}, ints(b.IDs))
	require.Equal(t, []int32{2, 3, 4, 2, 3, 4, 5, 2}, ints(b.Positions))
	require.Equal(t, []int32{0, 0, 0, 0, 0, 1, 1, 1}, ints(b.Types))
	require.Equal(t, []int32{0, 3, 3, 7}, ints(b.Seqs.Start))
	require.Equal(t, []int32{3, 0, 4, 1}, ints(b.Seqs.Len))
	require.Equal(t, [2]int{4, 4}, [2]int{b.Seqs.N, b.Seqs.Max})
	require.True(t, b.Seqs.Pages.IsZero())
	require.True(t, b.Want.IsZero())
	require.Nil(t, b.Trace)
}

// The positions of transformers' create_position_ids_from_input_ids, which says for padding_idx 1 and these ids:
// torch.cumsum(ids.ne(1), 1) * ids.ne(1) + 1.
func TestPackSkipsPad(t *testing.T) {
	s := newCounter(t).stream(t)
	l := model.Limits{Vocab: 100, Length: 9, FirstPosition: 2, SkipsPad: true}
	b := model.Pack(s, l, model.Input{IDs: []int32{0, 9, 1, 31, 1, 1, 77, 8, 2}}, model.Input{IDs: []int32{1}}, model.Input{}, model.Input{IDs: []int32{1, 1, 12, 2}})
	require.Equal(t, []int32{2, 3, 1, 4, 1, 1, 5, 6, 7, 1, 1, 1, 2, 3}, must(gpu.Read[int32](s, b.Positions)))
	l.FirstPosition = 1 // padding_idx 0
	b = model.Pack(s, l, model.Input{IDs: []int32{5, 0, 6, 1}})
	require.Equal(t, []int32{1, 0, 2, 3}, must(gpu.Read[int32](s, b.Positions)))
}

// On a stream that captures a batch has padding, which only Padded shows.
func TestPackPads(t *testing.T) {
	l := model.Limits{Vocab: 1000, Length: 70, FirstPosition: 2}
	for _, lens := range [][]int{{1}, {8}, {3, 0, 4, 1}, {70, 70, 1}, {1, 1, 1, 1, 1, 1, 1, 1, 1}, {65, 64, 63, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5}} {
		s, err := gpu.NewStream(gputest.Naive())
		require.NoError(t, err)
		var inputs []model.Input
		tokens, longest := 0, 0
		for _, n := range lens {
			in := model.Input{IDs: make([]int32, n)}
			for i := range in.IDs {
				in.IDs[i] = int32(tokens + i)
			}
			inputs, tokens, longest = append(inputs, in), tokens+n, max(longest, n)
		}
		b := model.Pack(s, l, inputs...)
		require.Equal(t, [4]int{tokens, len(lens), len(lens), longest}, [4]int{b.IDs.Cols, b.Seqs.N, b.Seqs.Start.Cols, b.Seqs.Max})
		p := b.Padded()
		require.Equal(t, p, p.Padded())
		rows := p.IDs.Cols
		require.GreaterOrEqual(t, rows, tokens)
		require.Zero(t, rows%8)
		require.LessOrEqual(t, rows-tokens, max(tokens/8, 8))
		require.Zero(t, p.Seqs.N%8)
		require.Equal(t, (longest+63)/64*64, p.Seqs.Max)
		start, length := must(gpu.Read[int32](s, p.Seqs.Start)), must(gpu.Read[int32](s, p.Seqs.Len))
		at := int32(0)
		for i := range start { // every row in one sequence, none longer than Max
			require.Equal(t, at, start[i])
			require.LessOrEqual(t, int(length[i]), p.Seqs.Max)
			at += length[i]
			if i < len(lens) {
				require.EqualValues(t, lens[i], length[i])
			}
		}
		require.EqualValues(t, rows, at)
		ids, positions, types := must(gpu.Read[int32](s, p.IDs)), must(gpu.Read[int32](s, p.Positions)), must(gpu.Read[int32](s, p.Types))
		require.Equal(t, ids[:tokens], must(gpu.Read[int32](s, b.IDs)))
		for i, p := range positions {
			require.True(t, l.FirstPosition <= int(p) && int(p) < l.FirstPosition+l.Length)
			if i >= tokens {
				require.Zero(t, ids[i]+types[i])
			}
		}
		require.NoError(t, s.Close())
	}
}

// What cannot be read is the stream's error, with the sequence and the token, and
// nothing panics on the way.
func TestPackRefuses(t *testing.T) {
	c := newCounter(t)
	l := model.Limits{Vocab: 10, Length: 3, Types: 2}
	good := model.Input{IDs: []int32{1, 2}}
	for _, x := range []struct {
		limits model.Limits
		in     model.Input
		want   string
	}{
		{l, model.Input{IDs: []int32{1, 2, 3, 4}}, "4 tokens, the model reads at most 3"},
		{l, model.Input{IDs: []int32{1, 10}}, "token 1 is id 10, outside the vocabulary of 10"},
		{l, model.Input{IDs: []int32{-1}}, "token 0 is id -1, outside the vocabulary of 10"},
		{l, model.Input{IDs: []int32{math.MaxInt32}}, "token 0 is id 2147483647, outside the vocabulary of 10"},
		{l, model.Input{IDs: []int32{1, 2}, Types: []int32{0}}, "1 token types for 2 tokens"},
		{l, model.Input{IDs: []int32{1}, Types: []int32{0, 0, 0}}, "3 token types for 1 tokens"},
		{l, model.Input{IDs: []int32{1}, Types: []int32{}}, "0 token types for 1 tokens"},
		{l, model.Input{IDs: []int32{1, 2}, Types: []int32{1, 2}}, "token 1 is of type 2, the model knows 2"},
		{l, model.Input{IDs: []int32{1}, Types: []int32{-1}}, "token 0 is of type -1, the model knows 2"},
		{model.Limits{Vocab: 10}, model.Input{IDs: []int32{1}, Types: []int32{1}}, "token 0 is of type 1, the model knows 0"},
	} {
		require.EqualError(t, x.limits.Check(x.in), "bad input: "+x.want)
		s := c.stream(t)
		b := model.Pack(s, x.limits, good, x.in, x.in)
		require.EqualError(t, s.Err(), "sequence 1: bad input: "+x.want)
		require.ErrorIs(t, s.Err(), model.ErrInput)
		require.Equal(t, 3, b.Seqs.N)
		require.Equal(t, b.IDs.Cols, b.Types.Cols)
	}
	for _, x := range []struct {
		limits model.Limits
		in     model.Input
	}{
		{l, model.Input{}},
		{l, model.Input{IDs: []int32{0, 9, 0}, Types: []int32{0, 1, 0}}},
		{model.Limits{Vocab: 10}, model.Input{IDs: make([]int32, 1000)}},                                     // any length
		{model.Limits{Vocab: 10}, model.Input{IDs: make([]int32, 4), Types: make([]int32, 4)}},               // type 0 where there are none
		{model.Limits{Vocab: 10, Types: 1, FirstPosition: 2, Length: 4}, model.Input{IDs: make([]int32, 4)}}, // positions 2 to 5
	} {
		require.NoError(t, x.limits.Check(x.in))
	}
}

// A batch without tokens has none, and is no error.
func TestPackNothing(t *testing.T) {
	s := newCounter(t).stream(t)
	model.Pack(s, model.Limits{Vocab: 1})
	require.ErrorIs(t, s.Err(), model.ErrInput, "but one without sequences is")
	for _, seqs := range [][]model.Input{{{}}, {{}, {}}} {
		s := newCounter(t).stream(t)
		b := model.Pack(s, model.Limits{Vocab: 1}, seqs...)
		require.NoError(t, s.Err())
		require.Equal(t, [3]int{0, len(seqs), 0}, [3]int{b.IDs.Cols, b.Seqs.N, b.Seqs.Max})
	}
}

func TestWanted(t *testing.T) {
	s := newCounter(t).stream(t)
	x := s.Temp(gpu.F32, 3, 2)
	gpu.Write(s, x, []float32{0, 1, 10, 11, 20, 21})
	b := model.Pack(s, model.Limits{Vocab: 9}, model.Input{IDs: []int32{1, 2, 3}})
	require.Equal(t, x, b.Wanted(s, x))
	b.WantRows(s, nil)
	require.Equal(t, [2]int{0, 2}, [2]int{b.Wanted(s, x).Rows, b.Wanted(s, x).Cols}, "none is not all")
	b.WantRows(s, []int32{2, 0, 2})
	y := b.Wanted(s, x)
	require.Equal(t, []float32{20, 21, 0, 1, 20, 21}, must(gpu.Read[float32](s, y)))

	b.WantRows(s, []int32{3})
	b.Wanted(s, x)
	require.ErrorIs(t, s.Sync(), gpu.ErrIndex)
}

func TestTraced(t *testing.T) {
	var b model.Batch
	b.Traced(gpu.Tensor{}, "unseen")
	var names []string
	x := gpu.Tensor{Rows: 5}
	b.Trace = func(name string, got gpu.Tensor) {
		require.Equal(t, x, got)
		names = append(names, name)
	}
	b.Traced(x, "final")
	b.Traced(x, "%s.hidden.%d", "enc", 3)
	require.Equal(t, []string{"final", "enc.hidden.3"}, names)
}
