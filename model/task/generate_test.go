package task_test

// What a Generator writes, beside sums by hand and the texts that its pieces add up to.

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/generate"
	"github.com/rapt-go/rapt/model/safetensors"
	"github.com/rapt-go/rapt/model/task"
	"github.com/rapt-go/rapt/model/tokenizer"
	"github.com/rapt-go/rapt/model/zoo"
)

// untied is hashed without two equal numbers in a row of the table.
func untied(word string, column int) float32 { return hashed(word, column) + float32(column)/1024 }

// A sum in float32 of numbers up to 8 is off by less.
const logTolerance = 1e-5

// logProb is that of one word after another, to a fake of untied numbers.
func (f *fake) logProb(before, after int) float64 {
	row := make([]float64, len(f.values[before]))
	for i, x := range f.values[before] {
		row[i] = float64(x)
	}
	return math.Log(softmax(row)[after])
}

// likeliest is the chain of n words after one.
func (f *fake) likeliest(word, n int) (chain []int32, logProbs []float64) {
	for range n {
		next := 0
		for i, x := range f.values[word] {
			if x > f.values[word][next] {
				next = i
			}
		}
		chain, logProbs, word = append(chain, int32(next)), append(logProbs, f.logProb(word, next)), next
	}
	return chain, logProbs
}

// newGenerator writes with a fake.
func newGenerator(t testing.TB, c generate.Config, opts ...task.Option) (*task.Generator, *fake) {
	t.Helper()
	f := newFake(t, newHolder(t), len(words), untied)
	g, err := task.NewGenerator(f, newTokenizer(t), append(opts, task.On(f.b), task.Generating(c))...)
	require.NoError(t, err)
	return g, f
}

func TestGenerateByHand(t *testing.T) {
	g, f := newGenerator(t, generate.Config{})
	defer g.Close()
	d := g.Defaults()
	require.Equal(t, task.DefaultNewTokens, d.MaxNewTokens)
	d.MaxNewTokens = 7
	chain, logProbs := f.likeliest(id("[SEP]"), 7)
	got, err := g.Generate(context.Background(), d, "a", "b c")
	require.NoError(t, err)
	require.Len(t, got, 2)
	for _, o := range got {
		require.Len(t, o, 1)
		require.Equal(t, chain, o[0].IDs)
		require.InDeltaSlice(t, logProbs, o[0].LogProbs, logTolerance)
		require.Equal(t, generate.Length, o[0].Finish)
		sum := 0.0
		for _, x := range o[0].LogProbs {
			sum += x
		}
		require.InDelta(t, sum, o[0].Score, 1e-9)
	}
	d.EOS = chain[2:3]
	got, err = g.Generate(context.Background(), d, "a")
	require.NoError(t, err)
	end := slices.Index(chain, chain[2]) + 1
	require.Equal(t, chain[:end], got[0][0].IDs, "with the end token")
	require.Equal(t, generate.EndOfText, got[0][0].Finish)
}

// TestDefaults has what the checkpoint says, which callers cannot change for each other.
func TestDefaults(t *testing.T) {
	file := `{"max_length": 20, "do_sample": true, "temperature": 0.5, "eos_token_id": [3, 4], "stop_strings": ["a", "b"],
		"bad_words_ids": [[1]], "length_penalty": 2, "forced_bos_token_id": 5}`
	g, err := task.OpenGenerator(changed(t, "gpt2", map[string]string{"generation_config.json": file}), task.On(newHolder(t)))
	require.NoError(t, err)
	defer g.Close()
	d := g.Defaults()
	require.Equal(t, 20, d.MaxLength)
	require.Zero(t, d.MaxNewTokens)
	require.True(t, d.Sampling)
	require.Equal(t, 0.5, d.Temperature)
	require.Equal(t, 50, d.TopK)
	require.Equal(t, []int32{3, 4}, d.EOS)
	require.Equal(t, []string{"a", "b"}, d.StopStrings)
	d.EOS[0], d.StopStrings[0], d.BadWords[0][0], *d.LengthPenalty, *d.ForcedBOS = 9, "x", 9, 9, 9
	require.Equal(t, []int32{3, 4}, g.Defaults().EOS)
	require.Equal(t, []string{"a", "b"}, g.Defaults().StopStrings)
	require.Equal(t, [][]int32{{1}}, g.Defaults().BadWords)
	require.Equal(t, 2.0, *g.Defaults().LengthPenalty)
	require.EqualValues(t, 5, *g.Defaults().ForcedBOS)
	require.Equal(t, "generation_config.json", g.Source())
}

// TestOddDefaults has checkpoints whose settings ask for ids that the model does not have, for many sequences, or for more
// tokens than usual.
func TestOddDefaults(t *testing.T) {
	h := newHolder(t)
	open := func(file string) (*task.Generator, error) {
		return task.OpenGenerator(changed(t, "gpt2", map[string]string{"generation_config.json": file}), task.On(h))
	}
	plain, err := open(`{}`)
	require.NoError(t, err)
	defer plain.Close()
	ctx := context.Background()
	want, err := plain.Generate(ctx, plain.Defaults(), "A")
	require.NoError(t, err)
	g, err := open(`{"eos_token_id": 5000, "suppress_tokens": [9999], "begin_suppress_tokens": [420], "bad_words_ids": [[420], [1, 420]], "bos_token_id": 5000}`)
	require.NoError(t, err)
	defer g.Close()
	got, err := g.Generate(ctx, g.Defaults(), "A")
	require.NoError(t, err)
	require.Equal(t, want, got)
	_, err = g.Generate(ctx, g.Defaults(), "A", "")
	require.EqualError(t, err, "text 1: bad input: no tokens, and none to begin with: bos_token_id of generation_config.json is 5000, outside the vocabulary of 420")
	for _, field := range []string{"forced_bos_token_id", "forced_eos_token_id"} {
		_, err = open(`{"` + field + `": 5000}`)
		require.ErrorContains(t, err, "generation_config.json: "+field+" is 5000, outside the vocabulary of 420")
	}

	many, err := open(`{"num_beams": 40, "max_new_tokens": 2}`)
	require.NoError(t, err)
	defer many.Close()
	_, err = many.Generate(ctx, many.Defaults(), "A")
	require.NoError(t, err)
	d := many.Defaults()
	d.Beams = 41
	_, err = many.Generate(ctx, d, "A")
	require.ErrorIs(t, err, model.ErrCache)
	require.ErrorIs(t, many.Check(d), model.ErrCache)
	require.NotContains(t, err.Error(), "text", "whatever the text is")

	long, err := open(`{"min_new_tokens": 200}`)
	require.NoError(t, err)
	defer long.Close()
	require.Equal(t, 200, long.Defaults().MaxNewTokens)
	require.NoError(t, long.Check(long.Defaults()))
}

func TestGenerateErrors(t *testing.T) {
	h := newHolder(t)
	g, err := task.OpenGenerator(golden("gpt2"), task.On(h))
	require.NoError(t, err)
	defer g.Close()
	ctx, long := context.Background(), strings.Repeat("a long prompt ", 40)
	for _, c := range []struct {
		change  func(*task.Decoding)
		prompts []string
		says    []string
	}{
		{func(d *task.Decoding) { d.Temperature = -1 }, []string{"a"}, []string{"Temperature", "-1"}},
		{func(d *task.Decoding) { d.StopStrings = []string{"a", ""} }, []string{"a"}, []string{"StopStrings[1]"}},
		{func(d *task.Decoding) { d.Return = 2 }, []string{"a"}, []string{"Return", "2"}},
		{func(d *task.Decoding) { d.MaxNewTokens, d.MaxLength = 0, 2 }, []string{"The old tower"}, []string{"MaxLength", "2"}},
		{func(*task.Decoding) {}, []string{"a", long}, []string{"text 1", "too long", "64"}},
	} {
		d := g.Defaults()
		c.change(&d)
		before := h.ran.Load()
		_, err := g.Generate(ctx, d, c.prompts...)
		require.ErrorIs(t, err, model.ErrInput)
		for _, s := range c.says {
			require.ErrorContains(t, err, s)
		}
		pieces := 0
		for _, err := range g.Stream(ctx, d, c.prompts[len(c.prompts)-1]) {
			require.ErrorContains(t, err, c.says[len(c.says)-1])
			pieces++
		}
		require.Equal(t, 1, pieces)
		require.Equal(t, before, h.ran.Load(), "an error before any work")
	}
	_, err = g.Generate(ctx, g.Defaults(), long)
	require.ErrorIs(t, err, task.ErrTooLong)

	bare, err := task.OpenGenerator(golden("gpt2"), task.On(h), task.Generating(generate.Config{}))
	require.NoError(t, err)
	defer bare.Close()
	_, err = bare.Generate(ctx, bare.Defaults(), "a", "")
	require.ErrorContains(t, err, "text 1")
	require.ErrorContains(t, err, "bos_token_id")
}

// TestEmptyPrompt begins with the token that the checkpoint's bos_token_id says.
func TestEmptyPrompt(t *testing.T) {
	g, err := task.OpenGenerator(golden("gpt2"), task.On(newHolder(t)))
	require.NoError(t, err)
	defer g.Close()
	d := g.Defaults()
	d.MaxNewTokens = 8
	got, err := g.Generate(context.Background(), d, "", "<|endoftext|>")
	require.NoError(t, err)
	require.Equal(t, got[1], got[0])
}

// TestPieces has pieces that are whole characters and add up to the text, of a model whose bytes are random.
func TestPieces(t *testing.T) {
	tok, err := tokenizer.Load(os.DirFS(golden("gpt2")))
	require.NoError(t, err)
	h := newHolder(t)
	g, err := task.OpenGenerator(golden("gpt2"), task.On(h))
	require.NoError(t, err)
	defer g.Close()
	m, err := zoo.Load[model.Decoder](golden("gpt2"), h, zoo.Default(h))
	require.NoError(t, err)
	plain, err := task.NewGenerator(m, bare{tok}, task.On(h))
	require.NoError(t, err)
	defer plain.Close()
	prompt := "Zürich – 東京"
	p, err := tok.Encode(prompt, tokenizer.Options{})
	require.NoError(t, err)
	split := 0
	for seed := range uint64(4) {
		d := g.Defaults()
		d.Sampling, d.Temperature, d.TopK, d.Seed, d.Return, d.MaxNewTokens = true, 1.5, 0, seed, 3, 30
		whole, err := g.Generate(context.Background(), d, prompt)
		require.NoError(t, err)
		for _, g := range []*task.Generator{g, plain} {
			texts, ids := make([]string, 3), make([][]int32, 3)
			for piece, err := range g.Stream(context.Background(), d, prompt) {
				require.NoError(t, err)
				require.True(t, utf8.ValidString(piece.Text))
				texts[piece.Index] += piece.Text
				ids[piece.Index] = append(ids[piece.Index], piece.ID)
				if piece.Text == "" {
					split++
				}
			}
			for i, o := range whole[0] {
				require.Equal(t, o.IDs, ids[i])
				require.Equal(t, o.Text, texts[i])
				all := tok.Decode(slices.Concat(p.IDs, o.IDs), tokenizer.DecodeOptions{SkipSpecial: true})
				require.Equal(t, all, prompt+o.Text)
			}
		}
	}
	require.Positive(t, split, "there are characters of several tokens")
}

// A bare tokenizer has no streams.
type bare struct{ task.Tokenizer }

// kjv is the GPT-2 that the command carries, which writes words.
const kjv = "../../cmd/rapt/embedded/gpt2-kjv"

// TestStopStrings ends texts with the token that completes a string, wherever in the text, or across the prompt's end, it
// begins.
func TestStopStrings(t *testing.T) {
	g, err := task.OpenGenerator(kjv, task.On(newHolder(t)))
	require.NoError(t, err)
	defer g.Close()
	const prompt = "And the LORD said unto Moses,"
	d := g.Defaults()
	d.MaxNewTokens = 40
	var steps []string // the text after each token
	text := ""
	for p, err := range g.Stream(context.Background(), d, prompt) {
		require.NoError(t, err)
		text += p.Text
		steps = append(steps, text)
	}
	require.Len(t, steps, 40)
	for _, stop := range []string{" Go", "o, a", "Moses, Go, and", "unto", "Moses", "nobody", "them, Thus saith", "and say unto them, Thus", "e"} {
		want, finish := text, generate.Length
		for _, step := range steps {
			// Not in the prompt alone.
			if strings.Contains((prompt + step)[max(0, len(prompt)-len(stop)+1):], stop) {
				want, finish = step, generate.Stopped
				break
			}
		}
		d.StopStrings = []string{"never", stop}
		out, err := g.Generate(context.Background(), d, prompt)
		require.NoError(t, err)
		require.Equal(t, want, out[0][0].Text, stop)
		require.Equal(t, finish, out[0][0].Finish, stop)
	}
	d.StopStrings, d.Stop = []string{"nobody"}, func(ids []int32) bool { return len(ids) == 3 }
	out, err := g.Generate(context.Background(), d, prompt)
	require.NoError(t, err)
	require.Equal(t, steps[2], out[0][0].Text, "one's own function counts too")
}

// TestStopBytes stops at characters whose bytes are tokens of their own.
func TestStopBytes(t *testing.T) {
	g, err := task.OpenGenerator(golden("gpt2"), task.On(newHolder(t)))
	require.NoError(t, err)
	defer g.Close()
	d := g.Defaults()
	d.MaxNewTokens = 24
	out, err := g.Generate(context.Background(), d, "In the beginning")
	require.NoError(t, err)
	text := out[0][0].Text
	stops := 0
	for i, r := range text {
		if r < utf8.RuneSelf || r == utf8.RuneError {
			continue
		}
		d.StopStrings = []string{string(r)}
		stopped, err := g.Generate(context.Background(), d, "In the beginning")
		require.NoError(t, err)
		first := strings.IndexRune(text, r) + utf8.RuneLen(r)
		require.Equal(t, text[:first], stopped[0][0].Text, "%d", i)
		stops++
	}
	require.Positive(t, stops)
}

// TestGenerateTogether has calls that meet share steps, and give what they give alone.
func TestGenerateTogether(t *testing.T) {
	g, f := newGenerator(t, generate.Config{})
	defer g.Close()
	d := g.Defaults()
	d.Sampling, d.MaxNewTokens, d.Return = true, 20, 2
	ask := func(i int) [][]task.Output {
		d := d
		d.Seed = uint64(i)
		out, err := g.Generate(context.Background(), d, "a b", "c")
		require.NoError(t, err)
		return out
	}
	const calls = 6
	var alone, met [calls][][]task.Output
	for i := range alone {
		alone[i] = ask(i)
	}
	before := len(f.ran())
	release := f.b.(*holder).hold()
	var all sync.WaitGroup
	for i := range met {
		all.Go(func() { met[i] = ask(i) })
	}
	receive(t, f.b.(*holder).held, "a step")
	require.Eventually(t, func() bool { return waiting() == 2*calls }, wait, time.Millisecond)
	release()
	all.Wait()
	require.Equal(t, alone, met)
	// One prompt or more is read first, the others after it, and from then on all write together.
	require.LessOrEqual(t, len(f.ran())-before, d.MaxNewTokens+2)
	require.NotEqual(t, alone[0], alone[1])
	require.NotEqual(t, alone[0][0][0], alone[0][0][1])
}

// waiting is how many prompts an engine has.
func waiting() int {
	stacks := make([]byte, 1<<20)
	return strings.Count(string(stacks[:runtime.Stack(stacks, true)]), "generate.(*job).wait(")
}

// TestGeneratorEnds has calls end with their context, and with the task.
func TestGeneratorEnds(t *testing.T) {
	g, f := newGenerator(t, generate.Config{}, task.BatchTokens(2))
	d := g.Defaults()
	release := f.b.(*holder).hold()
	ctx, cancel := context.WithCancel(context.Background())
	ask := func(ctx context.Context) ([][]task.Output, error) { return g.Generate(ctx, d, "a", "b", "c", "d") }
	first, second := start(t, ctx, ask), start(t, context.Background(), ask)
	receive(t, f.b.(*holder).held, "a step")
	cancel()
	require.ErrorIs(t, receive(t, first, "the cancelled call").err, context.Canceled)
	closed := make(chan error)
	go func() { closed <- g.Close() }()
	release()
	require.NoError(t, receive(t, closed, "the end"))
	if r := receive(t, second, "the other call"); r.err != nil { // it may just have been finished
		require.ErrorIs(t, r.err, task.ErrClosed)
	}
	require.ErrorIs(t, g.Close(), task.ErrClosed)
	_, err := g.Generate(context.Background(), d, "a")
	require.ErrorIs(t, err, task.ErrClosed)
	for _, err := range g.Stream(context.Background(), d, "a") {
		require.ErrorIs(t, err, task.ErrClosed)
	}
	require.EqualValues(t, 1, f.closed.Load())
	require.Zero(t, f.b.(*holder).closed.Load(), "the backend is the caller's")
}

// TestGenerateProgress counts prompts.
func TestGenerateProgress(t *testing.T) {
	g, _ := newGenerator(t, generate.Config{})
	defer g.Close()
	d := g.Defaults()
	d.MaxNewTokens = 2
	var seen []string
	ctx := task.WithProgress(context.Background(), func(done, total int) { seen = append(seen, fmt.Sprint(done, "/", total)) })
	_, err := g.Generate(ctx, d, "a", "b", "c")
	require.NoError(t, err)
	require.Equal(t, []string{"0/3", "1/3", "2/3", "3/3"}, seen)
	out, err := g.Generate(context.Background(), d)
	require.NoError(t, err)
	require.Empty(t, out)
}

// TestGPT2Classifies has logits that transformers 5.23.0 computed in float64 of the golden model with a head of sines. A sum
// of 48 products of a normalized state, of terms up to 4 in size, is off by less than 1e-4 in float32, and logits of 60 by no
// more than their own rounding besides.
func TestGPT2Classifies(t *testing.T) {
	dir := changed(t, "gpt2", nil)
	set, err := safetensors.Open(filepath.Join(dir, "model.safetensors"))
	require.NoError(t, err)
	var data []byte
	for i := range 3 * 48 {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(float32(math.Sin(float64(7*i)))))
	}
	tensors := append(set.Tensors(), safetensors.Tensor{Name: "score.weight", DType: safetensors.F32, Shape: []int{3, 48}, Src: bytes.NewReader(data), Size: int64(len(data))})
	require.NoError(t, safetensors.Save(filepath.Join(dir, "model.safetensors"), nil, tensors))
	require.NoError(t, set.Close())
	config := readFile(t, filepath.Join(dir, "config.json"))
	config = strings.Replace(config, `"GPT2LMHeadModel"`, `"GPT2ForSequenceClassification"`, 1)
	config = strings.Replace(config, "{", `{"id2label": {"0": "x", "1": "y", "2": "z"},`, 1)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o600))
	r, err := task.Inspect(dir)
	require.NoError(t, err)
	require.Equal(t, []string{"embed", "classify"}, r.Tasks)
	require.Empty(t, r.Unused)
	c, err := task.OpenClassifier(dir, task.On(newHolder(t)))
	require.NoError(t, err)
	defer c.Close()
	got, err := c.Classify(context.Background(), task.Text{First: "The old tower"}, task.Text{First: "A"})
	require.NoError(t, err)
	for i, want := range [][]float64{
		{-33.9899095141312, 31.14553758813295, -27.59784625529051},
		{-59.776291026505774, 55.32261767193536, -49.61966415024642},
	} {
		for k, x := range want {
			require.InDelta(t, x, got[i].Logits[k], 1e-4)
		}
		require.Equal(t, "y", got[i].Labels[0].Name)
	}

	r, err = task.Inspect(golden("gpt2"))
	require.NoError(t, err)
	require.Equal(t, []string{"embed", "generate", "score"}, r.Tasks)
	_, err = task.OpenClassifier(golden("gpt2"), task.On(newHolder(t)))
	require.ErrorIs(t, err, model.ErrUnsupported)
	_, err = task.OpenGenerator(dir, task.On(newHolder(t)))
	require.ErrorIs(t, err, model.ErrUnsupported)
}
