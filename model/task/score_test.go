package task_test

// What a Scorer says, beside sums by hand and transformers.

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/generate"
	"github.com/rapt-go/rapt/model/task"
)

func newScorer(t *testing.T, c generate.Config, length int) (*task.Scorer, *fake) {
	t.Helper()
	f := newFake(t, newHolder(t), len(words), untied)
	f.limits.Length = length
	s, err := task.NewScorer(f, newTokenizer(t), task.On(f.b), task.Generating(c))
	require.NoError(t, err)
	return s, f
}

// chain is the log-probability of each word after the one before, of words that follow a first one.
func (f *fake) chain(text string) (logProbs []float64) {
	list := strings.Fields(text)
	for i, w := range list[1:] {
		logProbs = append(logProbs, f.logProb(id(list[i]), id(w)))
	}
	return logProbs
}

func sum(list []float64) (s float64) {
	for _, x := range list {
		s += x
	}
	return s
}

// TestScoreByHand scores what the tokenizer finds in a text, given what it adds before, and a prompt.
func TestScoreByHand(t *testing.T) {
	s, f := newScorer(t, generate.Config{}, 0)
	defer s.Close()
	for _, c := range []struct{ prompt, text, chain string }{
		{"", "a b c", "[CLS] a b c"},
		{"a ", "b c", "a b c"},
		{"a b c", "", "c"},
		{"new", "er b", "new ##er b"},
		{"yo", "rk b", "[CLS] york b"}, // a token across both
	} {
		got, err := s.Score(context.Background(), task.Scoring{Prompt: c.prompt}, c.text, c.text)
		require.NoError(t, err)
		want := f.chain(c.chain)
		for _, g := range got {
			require.Len(t, g.IDs, len(want))
			require.InDeltaSlice(t, want, append([]float64{}, g.LogProbs...), logTolerance, c.text)
			require.Equal(t, len(want), g.Scored)
			require.InDelta(t, sum(want), g.Sum, logTolerance*float64(1+len(want)))
			if len(want) > 0 {
				require.InDelta(t, math.Exp(-g.Sum/float64(len(want))), g.Perplexity, 1e-9)
			} else {
				require.True(t, math.IsNaN(g.Perplexity))
			}
		}
	}
	empty, err := s.Score(context.Background(), task.Scoring{})
	require.NoError(t, err)
	require.Empty(t, empty)
}

// TestScoreWindows has every token scored once, whatever the stride: of this model a score depends on one token before. The
// first token of a window that shares nothing with the one before has nothing before it.
func TestScoreWindows(t *testing.T) {
	const length = 5
	s, f := newScorer(t, generate.Config{}, length)
	defer s.Close()
	const text = "a b c d e f g h a c e g b d f h"
	want := f.chain("[CLS] " + text)
	for stride := 1; stride <= length; stride++ {
		got, err := s.Score(context.Background(), task.Scoring{Stride: stride}, text, "a")
		require.NoError(t, err)
		for i, x := range got[0].LogProbs {
			if stride == length && (i+1)%length == 0 {
				require.True(t, math.IsNaN(x), "%d", i)
				continue
			}
			require.InDelta(t, want[i], x, logTolerance, "%d of stride %d", i, stride)
		}
		require.Equal(t, 1, got[1].Scored)
	}
	after, err := s.Score(context.Background(), task.Scoring{Stride: 2, Prompt: "a b c d e f g h a "}, "c e g b d f h")
	require.NoError(t, err)
	require.InDeltaSlice(t, want[9:], after[0].LogProbs, logTolerance)

	_, err = s.Score(context.Background(), task.Scoring{}, "a", text)
	require.ErrorIs(t, err, task.ErrTooLong)
	require.ErrorContains(t, err, "text 1")
	require.ErrorContains(t, err, "17 tokens") // [CLS] among them, which stands before, and not [SEP]
	require.ErrorContains(t, err, "at most 5 at once")
	require.NotContains(t, err.Error(), "Stride", "which the command calls otherwise")
	require.Equal(t, length, s.MaxTokens())
	for _, stride := range []int{-1, length + 1} {
		_, err = s.Score(context.Background(), task.Scoring{Stride: stride}, text)
		require.ErrorIs(t, err, model.ErrInput)
		require.ErrorContains(t, err, "Stride")
	}
}

// TestScoreTransformers has the sums of transformers' recipe (docs/source/en/perplexity.md), which transformers 5.23.0 computed
// in float64 of the golden model. A log-probability is off by some 1e-5 in float32.
func TestScoreTransformers(t *testing.T) {
	s, err := task.OpenScorer(golden("gpt2"), task.On(newHolder(t)))
	require.NoError(t, err)
	defer s.Close()
	text := strings.TrimSpace(strings.Repeat("The old tower stood by the river, and the river ran to the sea. ", 4))
	for _, w := range []struct {
		stride, scored int
		nll            float64
	}{{64, 114, 840.6152133373008}, {32, 115, 847.7332808753316}, {7, 115, 847.984728849649}} {
		got, err := s.Score(context.Background(), task.Scoring{Stride: w.stride}, text)
		require.NoError(t, err)
		require.Equal(t, w.scored, got[0].Scored)
		require.InDelta(t, w.nll, -got[0].Sum, float64(w.scored)*logTolerance)
	}
}

// TestScoreBOS scores the first token too.
func TestScoreBOS(t *testing.T) {
	s, err := task.OpenScorer(golden("gpt2"), task.On(newHolder(t)))
	require.NoError(t, err)
	defer s.Close()
	got, err := s.Score(context.Background(), task.Scoring{}, "The old tower")
	require.NoError(t, err)
	require.True(t, math.IsNaN(got[0].LogProbs[0]))
	require.Equal(t, len(got[0].IDs)-1, got[0].Scored)
	bos, err := s.Score(context.Background(), task.Scoring{BOS: true}, "The old tower")
	require.NoError(t, err)
	same, err := s.Score(context.Background(), task.Scoring{Prompt: "<|endoftext|>"}, "The old tower")
	require.NoError(t, err)
	require.Equal(t, same, bos)
	require.Equal(t, got[0].IDs, bos[0].IDs)
	require.Equal(t, len(bos[0].IDs), bos[0].Scored)

	bare, _ := newScorer(t, generate.Config{}, 0)
	defer bare.Close()
	_, err = bare.Score(context.Background(), task.Scoring{BOS: true}, "a")
	require.ErrorContains(t, err, "bos_token_id")
}

// TestChooseByHand compares labels by the sum, or the mean, of their tokens.
func TestChooseByHand(t *testing.T) {
	s, f := newScorer(t, generate.Config{}, 0)
	defer s.Close()
	c := task.Choice{Prefix: "a b c d e f g h a c e g ", Labels: []string{" b", " new york in", " h ."}}
	for _, mean := range []bool{false, true} {
		c.Mean = mean
		got, err := s.Choose(context.Background(), c, "a", "d f")
		require.NoError(t, err)
		for i, before := range []string{"a", "f"} {
			var logits []float64
			for _, l := range c.Labels {
				p := f.chain(before + l)
				if mean {
					logits = append(logits, sum(p)/float64(len(p)))
				} else {
					logits = append(logits, sum(p))
				}
			}
			want, total := softmax(logits), 0.0
			require.Len(t, got[i], len(c.Labels))
			for k, l := range got[i] {
				for j := range c.Labels {
					if c.Labels[j] == l.Name {
						require.InDelta(t, want[j], l.Score, 4*logTolerance) // of at most three tokens
					}
				}
				total += l.Score
				require.LessOrEqual(t, l.Score, got[i][max(k-1, 0)].Score, "likeliest first")
			}
			require.InDelta(t, 1, total, 1e-9)
		}
	}
}

// TestChooseReadsThePrefixOnce counts the tokens that the model sees.
func TestChooseReadsThePrefixOnce(t *testing.T) {
	s, f := newScorer(t, generate.Config{}, 0)
	defer s.Close()
	const words = 40
	_, err := s.Choose(context.Background(), task.Choice{Prefix: strings.Repeat("a ", words), Labels: []string{" b", " c", " d"}}, "e", "f", "g")
	require.NoError(t, err)
	read := 0
	for _, batch := range f.ran() {
		for _, n := range batch {
			read += n
		}
	}
	// Nine sequences of a text, a label, and the prefix's last token, whose logits are wanted again.
	require.Equal(t, 1+words+9*3, read)
}

func TestChooseErrors(t *testing.T) {
	s, err := task.OpenScorer(golden("gpt2"), task.On(newHolder(t)))
	require.NoError(t, err)
	defer s.Close()
	for _, c := range []struct {
		choice task.Choice
		says   []string
	}{
		{task.Choice{}, []string{"no labels"}},
		{task.Choice{Labels: []string{" a", ""}}, []string{"text 0", `""`}},
		{task.Choice{Prefix: strings.Repeat("a long one ", 40), Labels: []string{" a"}}, []string{"text 0", "too long", "64"}},
	} {
		_, err := s.Choose(context.Background(), c.choice, "a", "b")
		require.ErrorIs(t, err, model.ErrInput)
		for _, says := range c.says {
			require.ErrorContains(t, err, says)
		}
	}
	_, err = s.Choose(context.Background(), task.Choice{Labels: []string{"a", "b"}}, "")
	require.NoError(t, err, "labels alone stand behind bos_token_id")

	bare, err := task.OpenScorer(golden("gpt2"), task.On(newHolder(t)), task.Generating(generate.Config{}))
	require.NoError(t, err)
	defer bare.Close()
	_, err = bare.Choose(context.Background(), task.Choice{Labels: []string{"a", "b"}}, "")
	require.ErrorContains(t, err, "bos_token_id")
}
