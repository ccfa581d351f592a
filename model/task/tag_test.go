package task_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/task"
	"github.com/rapt-go/rapt/model/tokenizer"
)

// tagLabels: with prefixes, and one without.
var tagLabels = []string{"O", "B-PER", "I-PER", "B-LOC", "I-LOC", "MISC"}

// newTagger says of each word what scores says, as logits: the label that stands there
// by one more than the others, so that its score is e/(e+5), or by two.
func newTagger(t *testing.T, labels map[string]string, opts ...task.Option) *task.Tagger {
	t.Helper()
	f := newFake(t, newHolder(t), len(tagLabels), func(word string, column int) float32 {
		switch tagLabels[column] {
		case labels[word]:
			return 1
		case labels[word+"!"]:
			return 2
		}
		return 0
	}, tagLabels...)
	f.limits.Length = 12
	x, err := task.NewTagger(f, newTokenizer(t), append(opts, task.On(f.b))...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, x.Close()) })
	return x
}

// TestTag follows the rules of transformers' aggregation_strategy by hand.
func TestTag(t *testing.T) {
	e := softmax([]float64{1, 0, 0, 0, 0, 0})[0]
	e2 := softmax([]float64{2, 0, 0, 0, 0, 0})[0]
	low := softmax([]float64{0, 2, 0, 0, 0, 0})[0] // of a label beside one of two
	less := softmax([]float64{0, 1, 0, 0, 0, 0})[0]
	type labels = map[string]string
	for _, c := range []struct {
		name   string
		labels labels
		how    task.Aggregation
		text   string
		want   []task.Entity
	}{
		{"every token", labels{"new": "B-LOC", "york": "I-LOC", "##er": "I-LOC", "a": "O"}, task.NoAggregation, "a new yorker", []task.Entity{
			{"B-LOC", e, "new", 2, 5, 2}, {"I-LOC", e, "york", 6, 10, 3}, {"I-LOC", e, "##er", 10, 12, 4}}},
		{"one group", labels{"new": "B-LOC", "york": "I-LOC", "##er": "I-LOC", "a": "O"}, task.Simple, "a new yorker a", []task.Entity{
			{"LOC", e, "new yorker", 2, 12, 0}}},
		{"I- begins a group too", labels{"a": "I-PER", "b": "I-LOC", "c": "I-LOC"}, task.Simple, "a b c", []task.Entity{
			{"PER", e, "a", 0, 1, 0}, {"LOC", e, "b c", 2, 5, 0}}},
		{"B- begins another", labels{"a": "B-PER", "b": "I-PER"}, task.Simple, "a a b", []task.Entity{
			{"PER", e, "a", 0, 1, 0}, {"PER", e, "a b", 2, 5, 0}}},
		{"O between", labels{"a": "I-PER", "b": "O"}, task.Simple, "a b a", []task.Entity{
			{"PER", e, "a", 0, 1, 0}, {"PER", e, "a", 4, 5, 0}}},
		{"no prefix", labels{"a": "MISC", "b": "MISC"}, task.Simple, "a b", []task.Entity{
			{"MISC", e, "a b", 0, 3, 0}}},
		{"the mean of scores", labels{"a": "B-PER", "b!": "I-PER"}, task.Simple, "a b", []task.Entity{
			{"PER", (e + e2) / 2, "a b", 0, 3, 0}}},
		{"first", labels{"york": "B-LOC", "##er!": "I-PER"}, task.FirstToken, "yorker", []task.Entity{
			{"LOC", e, "yorker", 0, 6, 0}}},
		{"max", labels{"york": "B-LOC", "##er!": "I-PER"}, task.MaxToken, "yorker", []task.Entity{
			{"PER", e2, "yorker", 0, 6, 0}}},
		{"average", labels{"york": "B-LOC", "##er!": "I-PER"}, task.AverageToken, "yorker", []task.Entity{
			{"PER", (less + e2) / 2, "yorker", 0, 6, 0}}},
		{"the average of a word and its end", labels{"york!": "B-LOC", "##er": "I-PER"}, task.AverageToken, "yorker", []task.Entity{
			{"LOC", (e2 + less) / 2, "yorker", 0, 6, 0}}},
		{"a word that is O", labels{"york": "O", "##er!": "B-PER"}, task.FirstToken, "yorker", []task.Entity{}},
		{"an unknown word", labels{"[UNK]": "B-PER", "a": "I-PER"}, task.Simple, "Ω a", []task.Entity{
			{"PER", e, "Ω a", 0, 3, 0}}},
		{"an unknown word, first", labels{"[UNK]": "B-PER", "a": "O"}, task.FirstToken, "a 😀 a", []task.Entity{
			{"PER", e, "😀", 2, 3, 0}}},
		{"offsets in code points", labels{"york": "B-LOC"}, task.Simple, "é😀 york", []task.Entity{
			{"LOC", e, "york", 3, 7, 0}}},
		{"nothing", labels{"a": "B-PER"}, task.Simple, "", []task.Entity{}},
		{"spaces", labels{"a": "B-PER"}, task.MaxToken, " \t ", []task.Entity{}},
		{"all O", labels{"a": "O"}, task.NoAggregation, "a a", []task.Entity{}},
	} {
		if c.labels["[UNK]"] == "" {
			c.labels["[UNK]"] = "O"
		}
		got, err := newTagger(t, c.labels).Tag(context.Background(), c.how, c.text)
		require.NoError(t, err)
		require.Len(t, got[0], len(c.want), "%s: %v", c.name, got[0])
		for i, w := range c.want {
			require.InDelta(t, w.Score, got[0][i].Score, scoreTolerance, c.name)
			got[0][i].Score = w.Score
			require.Equal(t, w, got[0][i], c.name)
		}
	}
	require.Less(t, low, less)
}

// A bpe is a tokenizer that does not mark the tokens which go on a word.
type bpe struct{ *tokenizer.Tokenizer }

func (bpe) Kind() string { return "BPE" }

// TestTagUnmarked: where tokens have no prefix, words are what spaces divide, and nothing else, as in the fallback of
// gather_pre_entities in transformers' token_classification.py. An unknown token begins a word anywhere.
func TestTagUnmarked(t *testing.T) {
	value := func(word string, column int) float32 {
		if word == "york" && column == 3 || word == "." && column == 1 || word == "[UNK]" && column == 5 {
			return 1
		}
		return 0
	}
	for _, c := range []struct {
		tokenizer func(*tokenizer.Tokenizer) task.Tokenizer
		text      string
		want      []string // "label start end"
	}{
		{func(x *tokenizer.Tokenizer) task.Tokenizer { return x }, "york.york a", []string{"LOC 0 4", "PER 4 5", "LOC 5 9"}},
		{func(x *tokenizer.Tokenizer) task.Tokenizer { return bpe{x} }, "york.york a", []string{"LOC 0 9"}},
		{func(x *tokenizer.Tokenizer) task.Tokenizer { return bpe{x} }, "york .york", []string{"LOC 0 4", "PER 5 10"}},
		{func(x *tokenizer.Tokenizer) task.Tokenizer { return bpe{x} }, "york.\nyork", []string{"LOC 0 10"}},
		{func(x *tokenizer.Tokenizer) task.Tokenizer { return bpe{x} }, "york.Ω.york", []string{"LOC 0 5", "MISC 5 11"}},
	} {
		f := newFake(t, newHolder(t), len(tagLabels), value, tagLabels...)
		x, err := task.NewTagger(f, c.tokenizer(newTokenizer(t)), task.On(f.b))
		require.NoError(t, err)
		got, err := x.Tag(context.Background(), task.FirstToken, c.text)
		require.NoError(t, err)
		var short []string
		for _, e := range got[0] {
			short = append(short, fmt.Sprintf("%s %d %d", e.Label, e.Start, e.End))
		}
		require.Equal(t, c.want, short, c.text)
		require.NoError(t, x.Close())
	}
}

func TestTagErrors(t *testing.T) {
	x := newTagger(t, map[string]string{"a": "B-PER"})
	_, err := x.Tag(context.Background(), "best", "a")
	require.ErrorIs(t, err, model.ErrInput)
	require.ErrorContains(t, err, `"best"`)
	require.ErrorContains(t, err, "simple")
	const long = "a a a a a a a a a a a a a a"
	_, err = x.Tag(context.Background(), task.Simple, "a", long)
	require.ErrorIs(t, err, task.ErrTooLong)
	require.ErrorContains(t, err, "text 1")
	got, err := x.Tag(context.Background(), task.Simple)
	require.NoError(t, err)
	require.Empty(t, got)

	cut, err := newTagger(t, map[string]string{"a": "B-PER"}, task.Truncate()).Tag(context.Background(), task.NoAggregation, long)
	require.NoError(t, err)
	require.Len(t, cut[0], 10)
	_, err = task.ParseAggregation("")
	require.Error(t, err)
	for _, a := range []task.Aggregation{task.NoAggregation, task.Simple, task.FirstToken, task.AverageToken, task.MaxToken} {
		got, err := task.ParseAggregation(string(a))
		require.NoError(t, err)
		require.Equal(t, a, got)
	}
}
