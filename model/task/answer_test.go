package task_test

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/task"
)

// newReader has an answer start at words of high starts and end at words of high ends.
func newReader(t *testing.T, starts, ends map[string]float32) (*task.Reader, *fake) {
	t.Helper()
	f := newFake(t, newHolder(t), 2, func(word string, column int) float32 { return []map[string]float32{starts, ends}[column][word] })
	f.limits.Length = 16
	r, err := task.NewReader(f, newTokenizer(t), task.On(f.b))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	return r, f
}

func answer(t *testing.T, r *task.Reader, o task.Reading, question, text string) []task.Answer {
	t.Helper()
	got, err := r.Answer(context.Background(), o, task.Question{Question: question, Context: text})
	require.NoError(t, err)
	return got[0]
}

// TestAnswer has the softmax over the context and the first token by hand.
func TestAnswer(t *testing.T) {
	r, _ := newReader(t, map[string]float32{"b": 3, "[CLS]": 1, "h": 9}, map[string]float32{"c": 2, "a": 1})
	start := softmax([]float64{1, 0, 3, 0, 0}) // [CLS] a b c d
	end := softmax([]float64{0, 1, 0, 2, 0})
	got := answer(t, r, task.Reading{TopK: 3}, "h h", "a b c d")
	require.Len(t, got, 3)
	want := []task.Answer{{"b c", start[2] * end[3], 2, 5}, {"b", start[2] * end[2], 2, 3}, {"b c d", start[2] * end[4], 2, 7}}
	for i, w := range want {
		require.InDelta(t, w.Score, got[i].Score, scoreTolerance)
		got[i].Score = w.Score
	}
	require.Equal(t, want, got)
	require.Equal(t, "b", answer(t, r, task.Reading{MaxAnswerLen: 1}, "h", "a b c d")[0].Text)
	require.Len(t, answer(t, r, task.Reading{TopK: 100}, "h", "a b c d"), 4+3+2+1)
	require.Len(t, answer(t, r, task.Reading{TopK: 100, MaxAnswerLen: 2}, "h", "a b c d"), 4+3)
	require.Equal(t, "b c", answer(t, r, task.Reading{MaxAnswerLen: math.MaxInt, TopK: 1}, "h", "a b c d")[0].Text)
	far := answer(t, r, task.Reading{}, "", "é😀 b c")[0]
	require.Equal(t, task.Answer{Text: "b c", Score: far.Score, Start: 3, End: 6}, far, "code points")
}

// TestNoAnswer has nothing to answer from.
func TestNoAnswer(t *testing.T) {
	r, _ := newReader(t, nil, nil)
	for _, text := range []string{"", "   "} {
		require.Empty(t, answer(t, r, task.Reading{}, "h", text))
	}
	got, err := r.Answer(context.Background(), task.Reading{})
	require.NoError(t, err)
	require.Empty(t, got)
}

func TestAlignToWords(t *testing.T) {
	r, _ := newReader(t, map[string]float32{"##er": 5}, map[string]float32{"##er": 5})
	require.Equal(t, "er", answer(t, r, task.Reading{}, "h", "new yorker a")[0].Text)
	got := answer(t, r, task.Reading{AlignToWords: true}, "h", "new yorker a")[0]
	require.Equal(t, "yorker", got.Text)
	require.Equal(t, [2]int{4, 10}, [2]int{got.Start, got.End})
}

// TestWindows reads a long context in pieces: the answer is in the last.
func TestWindows(t *testing.T) {
	r, f := newReader(t, map[string]float32{"g": 9}, map[string]float32{"g": 9})
	long := strings.Repeat("a ", 30) + "g"
	got := answer(t, r, task.Reading{MaxSeqLen: 12, DocStride: 3}, "h h", long)
	require.Equal(t, "g", got[0].Text)
	require.Equal(t, [2]int{60, 61}, [2]int{got[0].Start, got[0].End})
	// 12 tokens hold 3 special ones, 2 of the question, 7 of the context; each window has 4
	// new ones, so 31 need 1 + 24/4.
	windows := 0
	for _, b := range f.ran() {
		windows += len(b)
	}
	require.Equal(t, 7, windows)
	require.Equal(t, got, answer(t, r, task.Reading{MaxSeqLen: 12, DocStride: 3, TopK: 1}, "h h", long))
	require.Equal(t, "g", answer(t, r, task.Reading{}, "h h", long)[0].Text, "no longer than the model reads")

	var seen []int
	_, err := r.Answer(task.WithProgress(context.Background(), func(_, total int) { seen = append(seen, total) }),
		task.Reading{MaxSeqLen: 12, DocStride: 3}, task.Question{Question: "h h", Context: long}, task.Question{Question: "h", Context: "a"})
	require.NoError(t, err)
	require.Equal(t, 8, seen[0])
}

func TestAnswerErrors(t *testing.T) {
	r, f := newReader(t, nil, nil)
	ok := task.Question{Question: "h", Context: "a"}
	for _, o := range []task.Reading{{TopK: -1}, {MaxAnswerLen: -1}, {MaxSeqLen: -1}, {DocStride: -1}} {
		_, err := r.Answer(context.Background(), o, ok)
		require.ErrorIs(t, err, model.ErrInput)
		require.ErrorContains(t, err, "-1")
	}
	for _, c := range []struct {
		how      task.Reading
		question task.Question
		says     []string
	}{
		{task.Reading{}, task.Question{Question: strings.Repeat("h ", 20), Context: "a"}, []string{"question of 20 tokens", "windows of 16"}},
		{task.Reading{MaxSeqLen: 3}, ok, []string{"question of 1 tokens", "windows of 3"}},
		{task.Reading{DocStride: 12}, task.Question{Question: "h", Context: strings.Repeat("a ", 20)}, []string{"windows of 16 that share 12", "Stride of 12"}},
	} {
		_, err := r.Answer(context.Background(), c.how, ok, c.question)
		var text *task.TextError
		require.ErrorAs(t, err, &text)
		require.ErrorIs(t, err, model.ErrInput)
		for _, s := range c.says {
			require.ErrorContains(t, err, s)
		}
	}
	require.Empty(t, f.ran())
}
