package generate

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// One step by hand: of two beams' candidates the best four count, an end token among the first two ends a sequence and a
// later one does not, and equal sums go to the lower beam, then the lower id.
func TestBeamStep(t *testing.T) {
	const end = 9
	o := &Options{Beams: 2, EOS: []int32{end}, Return: 2}
	b := newBeamSearch(o, []int32{1}, 10)
	require.Equal(t, 1, b.width())
	require.Equal(t, 4, o.candidates())

	require.True(t, b.step([][]int32{{6, 5, end, 4}}, [][]float32{{-1, -1, -2, -3}}))
	require.Equal(t, 2, b.width())
	assert.Equal(t, []int32{1, 5}, b.rules(0).ids)
	assert.Equal(t, []int32{1, 6}, b.rules(1).ids)
	assert.Empty(t, b.ended, "the end token was the third")

	require.True(t, b.step([][]int32{{end, 2, 3, 4}, {7, 2, 3, 4}}, [][]float32{{-0.5, -1.5, -4, -5}, {-1.5, -2, -4, -5}}))
	require.Len(t, b.ended, 1)
	assert.Equal(t, Output{IDs: []int32{5, end}, Score: -1.5 / 2, Finish: EndOfText}, b.ended[0])
	assert.Equal(t, []int32{1, 5, 2}, b.rules(0).ids, "before beam 1's equal sum")
	assert.Equal(t, []int32{1, 6, 7}, b.rules(1).ids)
	assert.Equal(t, 0, b.beam(0).Parent)
	assert.Equal(t, 1, b.beam(1).Parent)
}

// Enough candidates count that every beam can go on though each end token were among them, and no more: where Stop ends all
// of them, the search is over.
func TestBeamCandidates(t *testing.T) {
	for eos, want := range map[int]int{0: 6, 1: 6, 2: 9, 4: 15} {
		o := Options{Beams: 3, EOS: make([]int32, eos)}
		assert.Equal(t, want, o.candidates())
	}
	o := &Options{Beams: 2, EOS: []int32{6, 7, 8}, EarlyStopping: EarlyNever}
	ids, p := []int32{6, 7, 8, 0, 1, 2, 3, 4, 5}, []float32{-1, -2, -3, -4, -5, -6, -7, -8, -9}
	b := newBeamSearch(o, []int32{9}, 9)
	require.True(t, b.step([][]int32{ids}, [][]float32{p}))
	assert.Equal(t, []int32{9, 0}, b.rules(0).ids)
	assert.Equal(t, []int32{9, 1}, b.rules(1).ids)

	for last, goes := range map[int32]bool{1: true, 2: false} {
		o = &Options{Beams: 2, EarlyStopping: EarlyNever, Stop: func(new []int32) bool { return new[0] == 6 || new[0] == 7 || new[0] == 8 || new[0] == 0 && last == 2 }}
		b = newBeamSearch(o, []int32{9}, 9)
		assert.Equal(t, goes, b.step([][]int32{ids}, [][]float32{p}))
		assert.Len(t, b.results(2), 2)
	}
}

// Of equal scores the earlier stays.
func TestBeamTies(t *testing.T) {
	o := &Options{Beams: 2, EOS: []int32{9}, LengthPenalty: ptr(0.0), Return: 2}
	b := newBeamSearch(o, []int32{1}, 10)
	require.True(t, b.step([][]int32{{2, 3}}, [][]float32{{-1, -1}}))
	require.True(t, b.step([][]int32{{9, 4}, {9, 4}}, [][]float32{{-2, -3}, {-3, -1}}), "the end of beam 1 is the third")
	require.True(t, b.step([][]int32{{9, 4}, {9, 4}}, [][]float32{{-1, 0}, {-9, -8}}))
	require.Equal(t, []Output{
		{IDs: []int32{2, 9}, Score: -3, Finish: EndOfText},
		{IDs: []int32{3, 4, 9}, Score: -3, Finish: EndOfText},
	}, b.results(2))
	b.step([][]int32{{9, 4}, {9, 4}}, [][]float32{{-1, -2}, {-9, -8}})
	assert.Equal(t, []int32{3, 4, 9}, b.results(2)[1].IDs)
}

// Fewer words than candidates, words that cannot come, and none that can.
func TestBeamFew(t *testing.T) {
	none, nan := float32(math.Inf(-1)), float32(math.NaN())
	b := newBeamSearch(&Options{Beams: 4}, []int32{1}, 3)
	require.True(t, b.step([][]int32{{0, 1, 2, 3}}, [][]float32{{-1, none, nan, -2}}))
	require.Equal(t, 2, b.width())
	require.True(t, b.step([][]int32{{0}, {1}}, [][]float32{{none}, {-1}}))
	require.Equal(t, 1, b.width())
	require.False(t, b.step([][]int32{{2}}, [][]float32{{-1}}))
	assert.Equal(t, []Output{{IDs: []int32{3, 1, 2}, Score: -4.0 / 3, Finish: Length}}, b.results(4))

	b = newBeamSearch(&Options{Beams: 2}, []int32{1}, 3)
	require.False(t, b.step([][]int32{{0}}, [][]float32{{none}}))
	assert.Empty(t, b.results(2))
	require.Zero(t, b.width())
}

// Several last tokens may be forced, and are equally likely.
func TestBeamForced(t *testing.T) {
	o := &Options{Beams: 2, ForcedEOS: []int32{6, 4}, LengthPenalty: ptr(0.0)}
	for _, renormalize := range []bool{false, true} {
		o.Renormalize = renormalize
		b := newBeamSearch(o, []int32{1}, 2)
		require.True(t, b.step([][]int32{{2, 3}}, [][]float32{{-1, -2}}))
		require.False(t, b.step([][]int32{nil, nil}, [][]float32{nil, nil}))
		score := -1.0
		if renormalize {
			score -= math.Log(2)
		}
		assert.Equal(t, []Output{{IDs: []int32{2, 4}, Score: score, Finish: Length}, {IDs: []int32{2, 6}, Score: score, Finish: Length}}, b.results(2))
	}
}

// When the best running beam can no longer win: at its present length, or at the greatest. After the third step a sequence
// of 2 tokens and -4 has ended, and another of 3 and -6; the best running beam has 3 tokens and so much.
func TestBeamSettled(t *testing.T) {
	for name, c := range map[string]struct {
		early   Early
		penalty float64
		sum     float32
		over    bool
	}{
		"better":                        {EarlyFalse, 1, -5.9, false},
		"no better":                     {EarlyFalse, 1, -6, true},
		"true":                          {EarlyTrue, 1, -5.9, true},
		"never: at 10 tokens":           {EarlyNever, 1, -19.9, false},
		"never: no better at 10 either": {EarlyNever, 1, -20, true},
		"never: without a length":       {EarlyNever, 0, -6, true},
		"never: length is no help":      {EarlyNever, -1, -6, true},
		"never: nor harm":               {EarlyNever, -1, -5.9, false},
	} {
		o := &Options{Beams: 2, EOS: []int32{9}, EarlyStopping: c.early, LengthPenalty: &c.penalty}
		b := newBeamSearch(o, []int32{1}, 10)
		require.True(t, b.step([][]int32{{2}}, [][]float32{{-1}}), name)
		require.True(t, b.step([][]int32{{9, 3}}, [][]float32{{-3, -3}}), name)
		goes := b.step([][]int32{{9, 3}}, [][]float32{{-2, c.sum + 4}})
		assert.Equal(t, c.over, !goes, name)
	}
}

// Memory is used again once the beams have moved a while.
func TestBeamAllocate(t *testing.T) {
	const most = 400
	b := newBeamSearch(&Options{Beams: 4, NoRepeatNGram: 2}, []int32{1}, most)
	row := []int32{0, 1, 2, 3, 4, 5, 6, 7}
	p := [][]float32{{-1, -2, -3, -4, -5, -6, -7, -8}, {-1.1, -2, -3, -4, -5, -6, -7, -8}, {-2, -3, -4, -5, -6, -7, -8, -9}, {-2.5, -3, -4, -5, -6, -7, -8, -9}}
	ids := [][]int32{row, row, row, row}
	step := func() { require.True(t, b.step(ids[:b.width()], p[:b.width()])) }
	for range 10 {
		step()
	}
	assert.Zero(t, testing.AllocsPerRun(most/2, step))
}
