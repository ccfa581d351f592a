package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// expected.json has six decimals of what PyTorch computed in float32.
const embeddedTolerance = 1e-4

func TestEmbeddedModel(t *testing.T) {
	want := readJSON[struct {
		FillMask []struct {
			Text     string
			InputIDs []int32 `json:"input_ids"`
			Top5     []struct {
				ID          int32
				Token       string
				Probability float64
			}
		} `json:"fill_mask"`
		NextSentence []struct {
			A, B     string
			InputIDs []int32 `json:"input_ids"`
			IsNext   float64 `json:"probability_is_next"`
		} `json:"next_sentence"`
	}](t, "embedded/bert-kjv/expected.json")
	require.NotEmpty(t, want.FillMask)
	require.NotEmpty(t, want.NextSentence)
	var masked, pairs strings.Builder
	for _, w := range want.FillMask {
		fmt.Fprintln(&masked, w.Text)
	}
	for _, w := range want.NextSentence {
		fmt.Fprintf(&pairs, "%s\t%s\n", w.A, w.B)
	}
	split, fills := ok[tokens](t, masked.String(), "tokenize"), ok[filledText](t, masked.String(), "fill-mask")
	for k, w := range want.FillMask {
		require.Equal(t, w.InputIDs, split[k].IDs)
		require.Len(t, fills[k].Masks, 1)
		for i, x := range w.Top5 {
			got := fills[k].Masks[0][i]
			require.Equal(t, x.ID, got.ID)
			require.Equal(t, x.Token, got.Token)
			require.InDelta(t, x.Probability, float64(got.Score), embeddedTolerance)
		}
	}
	judgements := ok[judged](t, pairs.String(), "next-sentence")
	for k, w := range want.NextSentence {
		require.Equal(t, w.InputIDs, ok[tokens](t, "", "tokenize", "--pair", w.B, w.A)[0].IDs)
		require.InDelta(t, w.IsNext, float64(judgements[k].IsNext), embeddedTolerance)
	}
}

func TestEmbedOptions(t *testing.T) {
	length := func(v vector) (sum float64) {
		for _, x := range v {
			sum += float64(x) * float64(x)
		}
		return sum
	}
	plain := ok[embedding](t, "", "embed", "some words")[0].Embedding
	require.Equal(t, plain, ok[embedding](t, "", "embed", "--pooling", "mean", "--normalize=false", "some words")[0].Embedding)
	unit := ok[embedding](t, "", "embed", "--normalize", "some words")[0].Embedding
	require.InDelta(t, 1, length(unit), 1e-6)
	for i, x := range plain {
		require.InDelta(t, float64(x)*float64(x)/length(plain), float64(unit[i])*float64(unit[i]), 1e-6)
	}
	cls := ok[embedding](t, "", "embed", "--pooling", "cls", "some words")[0].Embedding
	most := ok[embedding](t, "", "embed", "--pooling", "max", "some words")[0].Embedding
	for i := range plain {
		require.GreaterOrEqual(t, most[i], cls[i])
		require.GreaterOrEqual(t, most[i], plain[i])
	}
	require.NotEqual(t, plain, cls)
	require.InDelta(t, 1, length(ok[embedding](t, "", "embed", "--model", golden("bert-embed"), "a")[0].Embedding), 1e-6, "its modules.json normalizes")
}

func TestDemo(t *testing.T) {
	if testing.Short() {
		t.Skip("it measures speed for half a second, or far longer under the race detector")
	}
	r := rapt(t, "", "demo", "--threads", "2")
	require.Equal(t, exitDone, r.code, r.stderr)
	require.Empty(t, r.stderr)
	require.Regexp(t, `Backend  cpu .*, 2 threads\n`, r.stdout)
	require.Regexp(t, `Time     \d`, r.stdout)
	require.Regexp(t, `Speed    [\d,]+ tokens per second`, r.stdout)
	require.Regexp(t, `\n +[\d,]+ tokens per second written, 1 text at once\n`, r.stdout)
	require.Contains(t, r.stdout, "[MASK]")
	require.Contains(t, r.stdout, "unto Moses, Go, and go in unto the land of the children of\n", "what expected.json has as well")
	for line := range strings.Lines(r.stdout) {
		require.LessOrEqual(t, len([]rune(line)), 80, line)
	}
}

func TestDevices(t *testing.T) {
	all := ok[device](t, "", "devices")
	require.Equal(t, "cpu", all[0].Backend)
	require.True(t, all[0].Available)
	require.Positive(t, all[0].Threads)
	require.Positive(t, all[0].Memory)
	require.NotEmpty(t, all[0].Tiers)
	for _, d := range all {
		if !d.Available {
			require.NotEmpty(t, d.Reason)
			require.NotEmpty(t, d.Remedy)
		}
	}
}
