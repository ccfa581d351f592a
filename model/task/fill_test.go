package task_test

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/task"
	"github.com/rapt-go/rapt/model/tokenizer"
)

// newFiller finds b, then c for a mask, and after those all other words alike.
func newFiller(t *testing.T, opts ...task.Option) (*task.Filler, *fake) {
	t.Helper()
	f := newFake(t, newHolder(t), len(words), func(word string, column int) float32 {
		switch {
		case word == "[MASK]" && column == id("b"):
			return 3
		case word == "[MASK]" && column == id("c"):
			return 2
		}
		return 0
	})
	f.limits.Length = 8
	x, err := task.NewFiller(f, newTokenizer(t), append(opts, task.On(f.b))...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, x.Close()) })
	return x, f
}

func TestFill(t *testing.T) {
	x, _ := newFiller(t)
	require.Equal(t, "[MASK]", x.Mask())
	got, err := x.Fill(context.Background(), "a [MASK] .", "[MASK] a [MASK]")
	require.NoError(t, err)
	logits := make([]float64, len(words))
	logits[id("b")], logits[id("c")] = 3, 2
	p := softmax(logits)
	require.Len(t, got, 2)
	require.Len(t, got[0], 1)
	require.Len(t, got[1], 2)
	for _, mask := range append(got[0], got[1]...) {
		require.Len(t, mask, 5, "the usual number")
		for i, w := range []string{"b", "c"} {
			require.Equal(t, int32(id(w)), mask[i].ID)
			require.Equal(t, w, mask[i].Token)
			require.InDelta(t, p[id(w)], mask[i].Score, 1e-6, "softmax of float32") // 20 terms: 20·2⁻²⁴ of 1
		}
	}
	require.Equal(t, "a b.", got[0][0][0].Sequence)
	require.Equal(t, "[CLS] b a [MASK] [SEP]", got[1][0][0].Sequence)
	require.Equal(t, "[CLS] [MASK] a c [SEP]", got[1][1][1].Sequence)
	got, err = x.Fill(context.Background(), "a [PAD] [MASK] [MASK]")
	require.NoError(t, err)
	require.Equal(t, "[CLS] a b [MASK] [SEP]", got[0][0][0].Sequence, "transformers leaves out what pads")
}

// TestFillTopK gives no more than the vocabulary has.
func TestFillTopK(t *testing.T) {
	for k, want := range map[int]int{1: 1, 7: 7, len(words): len(words), math.MaxInt: len(words)} {
		x, _ := newFiller(t, task.TopK(k))
		got, err := x.Fill(context.Background(), "[MASK]")
		require.NoError(t, err)
		require.Len(t, got[0][0], want)
		sum := 0.0
		for _, w := range got[0][0] {
			sum += w.Score
		}
		if want == len(words) {
			require.InDelta(t, 1, sum, 1e-6)
		}
	}
}

func TestFillErrors(t *testing.T) {
	x, f := newFiller(t)
	_, err := x.Fill(context.Background(), "[MASK]", "a", "[MASK]")
	var text *task.TextError
	require.ErrorAs(t, err, &text)
	require.Equal(t, 1, text.Index)
	require.ErrorIs(t, err, model.ErrInput)
	require.ErrorContains(t, err, "no [MASK]")
	_, err = x.Fill(context.Background(), "a a a a a a a [MASK]")
	require.ErrorIs(t, err, task.ErrTooLong)
	require.Empty(t, f.ran())
	got, err := x.Fill(context.Background())
	require.NoError(t, err)
	require.Empty(t, got)

	cut, _ := newFiller(t, task.Truncate())
	_, err = cut.Fill(context.Background(), "a a a a a a a [MASK]")
	require.ErrorContains(t, err, "no [MASK]", "it was cut off")
	require.ErrorContains(t, err, "truncation")
	require.ErrorContains(t, err, "of 10", "tokens of the text: 7 words, the mask and 2 special")
	_, err = cut.Fill(context.Background(), "a a a a a a a a")
	require.ErrorContains(t, err, "no [MASK] in it")
	require.NotContains(t, err.Error(), "truncation")
	_, err = cut.Fill(context.Background(), "a a a [MASK] a a a a")
	require.NoError(t, err)

	_, err = task.NewFiller(f, noMask{newTokenizer(t)}, task.On(f.b))
	require.ErrorIs(t, err, model.ErrUnsupported)
	require.ErrorContains(t, err, "mask")
}

// A noMask is a tokenizer without a mask token.
type noMask struct{ *tokenizer.Tokenizer }

func (noMask) Special() tokenizer.Special { return tokenizer.Special{Mask: -1} }
