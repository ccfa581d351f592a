package main

// What generate and score say of the golden GPT-2 and of the embedded one.

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

type written struct {
	Prompt  string
	Outputs []struct {
		Text   string
		IDs    []int32
		Score  *float64
		Finish string
	}
}

// texts of all outputs.
func (w written) texts() (all []string) {
	for _, o := range w.Outputs {
		all = append(all, o.Text)
	}
	return all
}

type generateCase struct {
	Name      string
	IDs       []int32
	Text      string
	Options   map[string]any
	Generated [][]int32
	Decoded   []string
	Scores    []float64
	Stable    bool
}

// flagsOf says options of transformers by flags, and gives those for which there is none.
func flagsOf(options map[string]any) (flags []string, rest map[string]any) {
	names := map[string]string{"max_new_tokens": "max-new-tokens", "min_new_tokens": "min-new-tokens", "num_beams": "beam",
		"num_return_sequences": "n", "length_penalty": "length-penalty", "early_stopping": "early-stopping",
		"repetition_penalty": "repetition-penalty", "no_repeat_ngram_size": "no-repeat-ngram"}
	rest = map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(options)) {
		switch value := options[key]; {
		case names[key] != "":
			flags = append(flags, "--"+names[key], fmt.Sprint(value))
		case key == "stop_strings":
			for _, s := range value.([]any) {
				flags = append(flags, "--stop", s.(string))
			}
		default:
			rest[key] = value
		}
	}
	return flags, rest
}

// TestGenerate has the golden model decode as generation_config.json says, and as flags say.
func TestGenerate(t *testing.T) {
	cases := readJSON[struct{ Generate []generateCase }](t, golden("gpt2", "cases.json")).Generate
	require.NotEmpty(t, cases)
	dir := filepath.Join(t.TempDir(), "gpt2")
	require.NoError(t, os.CopyFS(dir, os.DirFS(golden("gpt2"))))
	configure := func(options map[string]any) {
		own := map[string]any{"eos_token_id": 419}
		maps.Copy(own, options)
		data, err := json.Marshal(own)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "generation_config.json"), data, 0o600))
	}
	for _, c := range cases {
		configure(c.Options)
		c.check(t, ok[written](t, "", "generate", "--model", dir, c.Text)[0])
		flags, rest := flagsOf(c.Options)
		configure(rest)
		c.check(t, ok[written](t, c.Text, slices.Concat([]string{"generate", "--model", dir}, flags)...)[0])
	}
}

func (c generateCase) check(t *testing.T, got written) {
	t.Helper()
	require.Equal(t, c.Text, got.Prompt)
	if !c.Stable {
		return
	}
	require.Len(t, got.Outputs, len(c.Generated), c.Name)
	for i, o := range got.Outputs {
		require.Equal(t, c.Generated[i], o.IDs, c.Name)
		require.Equal(t, c.Decoded[i], o.Text, c.Name)
		if c.Scores != nil { // the fixtures' README grants 1e-4
			require.InDelta(t, c.Scores[i], *o.Score, 1e-4, c.Name)
		}
	}
}

type scoredText struct {
	Text       string
	Tokens     int
	LogProb    *float64
	Perplexity *float64
	LogProbs   []*float64 `json:"token_logprobs"`
}

type embeddedWriter struct {
	Greedy []struct {
		Prompt       string
		MaxNewTokens int     `json:"max_new_tokens"`
		InputIDs     []int32 `json:"input_ids"`
		OutputIDs    []int32 `json:"output_ids"`
		Text         string
	}
	NextToken []struct {
		Prompt string
		Top5   []struct {
			ID          int32
			Token       string
			Probability float64
		}
	} `json:"next_token"`
	Score []struct {
		Text     string
		InputIDs []int32 `json:"input_ids"`
		MeanNLL  float64 `json:"mean_nll_after_first_token"`
	}
}

// TestEmbeddedWriter has what PyTorch says of the embedded GPT-2.
func TestEmbeddedWriter(t *testing.T) {
	want := readJSON[embeddedWriter](t, "embedded/gpt2-kjv/expected.json")
	require.NotEmpty(t, want.Greedy)
	require.NotEmpty(t, want.NextToken)
	require.NotEmpty(t, want.Score)
	args := []string{"generate", "--backend", "cpu", "--max-new-tokens", fmt.Sprint(want.Greedy[0].MaxNewTokens), "--"}
	for _, w := range want.Greedy {
		args = append(args, w.Prompt)
	}
	for i, got := range ok[written](t, "", args...) {
		w := want.Greedy[i]
		require.Equal(t, w.Prompt, got.Prompt)
		require.Equal(t, w.OutputIDs[len(w.InputIDs):], got.Outputs[0].IDs)
		require.Equal(t, strings.TrimSuffix(w.Text, "<|endoftext|>"), w.Prompt+got.Outputs[0].Text)
		finish := "length"
		if w.OutputIDs[len(w.OutputIDs)-1] == 0 {
			finish = "eos"
		}
		require.Equal(t, finish, got.Outputs[0].Finish)
	}
	for _, w := range want.NextToken {
		args := []string{"score", "--backend", "cpu", "--prompt", w.Prompt, "--"}
		for _, x := range w.Top5 {
			args = append(args, x.Token)
		}
		for i, got := range ok[scoredText](t, "", args...) {
			require.Equal(t, 1, got.Tokens, got.Text)
			require.InDelta(t, w.Top5[i].Probability, math.Exp(*got.LogProb), embeddedTolerance)
		}
	}
	for _, w := range want.Score {
		got := ok[scoredText](t, "", "score", "--backend", "cpu", "--tokens", w.Text)[0]
		require.Equal(t, len(w.InputIDs), got.Tokens)
		require.Len(t, got.LogProbs, got.Tokens)
		require.Nil(t, got.LogProbs[0], "nothing is before it")
		sum := 0.0
		for _, x := range got.LogProbs[1:] {
			sum += *x
		}
		require.InDelta(t, *got.LogProb, sum, 1e-9)
		require.InDelta(t, w.MeanNLL, -sum/float64(got.Tokens-1), embeddedTolerance)
		require.InDelta(t, math.Exp(-sum/float64(got.Tokens-1)), *got.Perplexity, 1e-6)
	}
	nothing := ok[scoredText](t, "", "score", "", "a")
	require.Contains(t, rapt(t, "", "score", "--json", "--tokens", "").stdout, `"token_logprobs":[]`)
	require.NotContains(t, rapt(t, "", "score", "--json", "a b").stdout, "token_logprobs")
	require.NotContains(t, rapt(t, "", "score", strings.Repeat("long ", 300)).stderr, "Stride")
	for i, n := range []int{0, 1} {
		require.Equal(t, n, nothing[i].Tokens)
		require.Zero(t, *nothing[i].LogProb)
		require.Nil(t, nothing[i].Perplexity)
	}
}

// TestSeed has a seed give the same whatever else is written, and sampling flags sample.
func TestSeed(t *testing.T) {
	draw := func(args ...string) []written {
		return ok[written](t, "", append([]string{"generate", "--max-new-tokens", "6", "--n", "3"}, args...)...)
	}
	one := draw("--seed", "5", "And Jesus answered")[0]
	require.Len(t, one.Outputs, 3)
	require.NotEqual(t, one.Outputs[0], one.Outputs[1])
	require.Equal(t, one, draw("--seed", "5", "--batch-tokens", "4", "In the beginning", "And Jesus answered", "")[1])
	require.NotEqual(t, one, draw("--seed", "6", "And Jesus answered")[0])
	require.NotEqual(t, draw("--temperature", "3", "a")[0].texts(), draw("--temperature", "3", "a")[0].texts())
	narrow := draw("--top-k", "1", "In the beginning")[0]
	likeliest := ok[written](t, "", "generate", "--max-new-tokens", "6", "--greedy", "In the beginning")[0]
	for _, o := range narrow.Outputs {
		require.Equal(t, likeliest.Outputs[0], o)
	}
	r := rapt(t, "", "generate", "--temperature", "1", "--max-new-tokens", "1", "a")
	require.Regexp(t, `\nseed: \d+\n$`, r.stderr, "so that it can be had again")
}

// TestModelSettings has flags go before what generation_config.json says, and errors name what was given.
func TestModelSettings(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gpt2")
	require.NoError(t, os.CopyFS(dir, os.DirFS(golden("gpt2"))))
	for _, c := range []struct {
		file  string
		flags []string
		code  int
		says  string
		texts int // if it is done
	}{
		{`{"num_return_sequences": 3}`, []string{"--greedy"}, exitDone, "", 1},
		{`{"num_return_sequences": 3}`, []string{"--beam", "2"}, exitDone, "", 2},
		{`{"num_return_sequences": 3}`, []string{"--beam", "5"}, exitDone, "", 3},
		{`{"num_return_sequences": 3}`, []string{"--top-k", "5"}, exitDone, "", 3},
		{`{"num_return_sequences": 3, "num_beams": 4}`, []string{"--beam", "1"}, exitDone, "", 1},
		{`{"num_return_sequences": 3, "do_sample": true}`, []string{"--beam", "1"}, exitDone, "", 3},
		{`{"num_return_sequences": 3, "do_sample": true}`, []string{"--greedy"}, exitDone, "", 1},
		{`{"num_return_sequences": 3}`, nil, exitFailure, "generation_config.json: num_return_sequences is 3: all outputs would be equal", 0},
		{`{"num_return_sequences": 3, "num_beams": 2}`, nil, exitFailure, "generation_config.json: num_return_sequences is 3: want no more than beams", 0},
		{`{"num_return_sequences": 3}`, []string{"--n", "2"}, exitUsage, "--n 2: all outputs would be equal", 0},
		{`{"min_new_tokens": 20}`, nil, exitDone, "", 1},
		{`{"min_new_tokens": 200}`, []string{"--max-new-tokens", "9"}, exitDone, "", 1},
		{`{"min_new_tokens": 20, "max_new_tokens": 9}`, nil, exitFailure, "generation_config.json: min_new_tokens is 20: want no more", 0},
		{`{"do_sample": true, "num_beams": 3}`, nil, exitUnsupported, "generation_config.json: do_sample with num_beams 3: not supported", 0},
		{`{"num_beams": 64, "max_new_tokens": 2}`, nil, exitDone, "", 1},
		{`{"num_beams": 64, "max_new_tokens": 2}`, []string{"--batch-tokens", "8"}, exitUsage, "generation_config.json: num_beams is 64: want --batch-tokens 64 or more", 0},
		{`{"num_beams": 64, "max_new_tokens": 2}`, []string{"--n", "40"}, exitUsage, "num_beams is 64: want --batch-tokens 64", 0},
		{`{"num_beams": 2000}`, nil, exitFailure, "generation_config.json: num_beams is 2000: want no more than 1024", 0},
		{`{"stop_strings": ""}`, nil, exitFailure, "generation_config.json: bad input: StopStrings[0] is empty", 0},
		{`{"eos_token_id": 5000, "suppress_tokens": [9999]}`, nil, exitDone, "", 1},
		{`{"forced_eos_token_id": 5000}`, nil, exitFailure, "generation_config.json: forced_eos_token_id is 5000, outside the vocabulary of 420", 0},
		{`{"do_sample": true, "temperature": 1e-300}`, nil, exitFailure, "generation_config.json: temperature is 1e-300", 0},
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "generation_config.json"), []byte(c.file), 0o600))
		r := rapt(t, "", slices.Concat([]string{"generate", "--quiet", "--json", "--model", dir}, c.flags, []string{"A"})...)
		require.Equal(t, c.code, r.code, "%s %q: %s", c.file, c.flags, r.stderr)
		require.Contains(t, r.stderr, c.says, "%s %q", c.file, c.flags)
		require.NotContains(t, r.stderr, "text 1", "it is not the text's fault")
		require.Equal(t, c.texts, strings.Count(r.stdout, `"ids"`), "%s %q", c.file, c.flags)
	}
}

// TestSmallShares has shares that are too small for F32 leave the likeliest token alone.
func TestSmallShares(t *testing.T) {
	args := []string{"generate", "--max-new-tokens", "6", "In the beginning"}
	want := ok[written](t, "", args...)
	for _, p := range []string{"1e-46", "1e-300"} {
		require.Equal(t, want, ok[written](t, "", append([]string{"generate", "--top-p", p}, args[1:]...)...))
	}
}

// TestStream has tokens add up to what comes without streaming, in JSON and as text.
func TestStream(t *testing.T) {
	args := []string{"--seed", "3", "--n", "2", "--max-new-tokens", "9", "In the beginning", "And\tJesus\x1b", ""}
	whole := ok[written](t, "", append([]string{"generate"}, args...)...)
	type piece struct {
		Index   int
		ID      int32
		Text    string
		LogProb float64
	}
	texts, ids, sums := make([]string, 6), make([][]int32, 6), make([]float64, 6)
	for _, p := range ok[piece](t, "", append([]string{"generate", "--stream"}, args...)...) {
		texts[p.Index] += p.Text
		ids[p.Index] = append(ids[p.Index], p.ID)
		sums[p.Index] += p.LogProb
	}
	want := ""
	for i, w := range whole {
		for k, o := range w.Outputs {
			require.Equal(t, o.Text, texts[2*i+k])
			require.Equal(t, o.IDs, ids[2*i+k])
			require.InDelta(t, *o.Score, sums[2*i+k], 1e-9)
			want += strings.ReplaceAll(w.Prompt, "\x1b", `\x1b`) + o.Text + "\n\n"
		}
	}
	r := rapt(t, "", append([]string{"generate", "--quiet", "--stream"}, args...)...)
	require.Equal(t, exitDone, r.code)
	require.Equal(t, strings.TrimSuffix(want, "\n"), r.stdout)

	beams := []string{"generate", "--beam", "2", "--n", "2", "--max-new-tokens", "4", "--stream", "--json", "--quiet", "In the beginning"}
	r = rapt(t, "", beams...)
	require.Equal(t, 8, strings.Count(r.stdout, `"logprob":null`), r.stdout)

	r = rapt(t, "", "generate", "--quiet", "--stream", "In the beginning", strings.Repeat("long ", 300))
	require.Equal(t, exitFailure, r.code)
	require.Contains(t, r.stderr, "text 2")
	require.Contains(t, r.stdout, "In the beginning of the beginning")
}

// A watcher calls a function with what is written.
type watcher struct {
	bytes.Buffer
	seen func(string)
}

func (w *watcher) Write(b []byte) (int, error) {
	defer w.seen(string(b))
	return w.Buffer.Write(b)
}

// TestStreamInterrupted has what had come before an interrupt, as a whole line.
func TestStreamInterrupted(t *testing.T) {
	for _, flag := range []string{"--json", "--json=false"} {
		ctx, cancel := context.WithCancel(context.Background())
		w := &watcher{seen: func(s string) {
			if strings.Contains(s, " the") {
				cancel()
			}
		}}
		var errs bytes.Buffer
		code := run(ctx, []string{"generate", "--stream", "--quiet", flag, "In the beginning", "Again"}, strings.NewReader(""), w, &errs)
		require.Equal(t, exitInterrupted, code)
		require.Equal(t, "rapt: interrupted\n", errs.String())
		require.True(t, strings.HasSuffix(w.String(), "\n"), w.String())
		require.NotContains(t, w.String(), "Again")
	}
}

// TestColumnsOfText has what people see.
func TestColumnsOfText(t *testing.T) {
	r := rapt(t, "", "generate", "--quiet", "--max-new-tokens", "3", "--stop", "the", "In the beginning")
	require.Regexp(t, "^-\\d+\\.\\d{4}\tstop\tIn the beginning\t of the\n$", r.stdout)
	r = rapt(t, "In the beginning\n", "score", "--quiet", "--tokens")
	require.Regexp(t, "^-\\d+\\.\\d{4}\t\\d+\\.\\d{4}\t3\tNaN -\\d+\\.\\d{4} -\\d+\\.\\d{4}\tIn the beginning\n$", r.stdout)
	r = rapt(t, "", "generate", "--max-new-tokens", "1", "a")
	require.Regexp(t, `^model: the embedded gpt2-kjv.*\nbackend: cpu .*\n$`, r.stderr)
}
