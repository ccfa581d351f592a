package task_test

import (
	"context"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/task"
)

// embedOne opens a checkpoint and embeds a text.
func embedOne(t *testing.T, dir, text string, opts ...task.Option) []float32 {
	t.Helper()
	e, err := task.OpenEmbedder(dir, append(opts, task.On(newHolder(t)))...)
	require.NoError(t, err)
	defer e.Close()
	v, err := e.Embed(context.Background(), text)
	require.NoError(t, err)
	return v[0]
}

// near compares to float32's rounding of sums of n terms whose sizes add up to sum:
// n+1 roundings of half an ulp each.
func near(t *testing.T, want, sum float64, n int, got float32, what ...any) {
	t.Helper()
	require.InDelta(t, want, float64(got), float64(n+1)*math.Ldexp(sum, -24)+math.Ldexp(1, -100), what...)
}

// TestPooling pools a table by hand.
func TestPooling(t *testing.T) {
	f := newFake(t, newHolder(t), 5, hashed)
	const text = "a b b h"
	tokens := ids(text)
	for _, c := range []struct {
		pool task.Pooling
		want func(col int) float64
	}{
		{"", func(col int) float64 { return f.sum(tokens)[col] / float64(len(tokens)) }},
		{task.MeanPooling, func(col int) float64 { return f.sum(tokens)[col] / float64(len(tokens)) }},
		{task.CLSPooling, func(col int) float64 { return float64(f.values[id("[CLS]")][col]) }},
		{task.LastPooling, func(col int) float64 { return float64(f.values[id("[SEP]")][col]) }},
		{task.MaxPooling, func(col int) float64 { return float64(largest(f, text)[col]) }},
	} {
		for _, unit := range []bool{false, true} {
			f := newFake(t, newHolder(t), 5, hashed)
			e, err := task.NewEmbedder(f, newTokenizer(t), task.On(f.b), task.PooledBy(c.pool), task.Normalized(unit))
			require.NoError(t, err)
			got, err := e.Embed(context.Background(), text)
			require.NoError(t, err)
			require.NoError(t, e.Close())
			length := 1.0
			if unit {
				length = 0
				for i := range 5 {
					length += c.want(i) * c.want(i)
				}
				length = math.Sqrt(length)
			}
			for i := range 5 {
				near(t, c.want(i)/length, 8/length, len(tokens)+5, got[0][i], "%s, unit %v, column %d", c.pool, unit, i)
			}
		}
	}
}

// TestNormalizeZero keeps a vector of zeros, as torch's normalize does.
func TestNormalizeZero(t *testing.T) {
	f := newFake(t, newHolder(t), 3, func(string, int) float32 { return 0 })
	e, err := task.NewEmbedder(f, newTokenizer(t), task.On(f.b), task.Normalized(true))
	require.NoError(t, err)
	defer e.Close()
	got, err := e.Embed(context.Background(), "a")
	require.NoError(t, err)
	require.Equal(t, [][]float32{{0, 0, 0}}, got)
}

// TestCheckpointOptions has the options stand above a checkpoint's modules.
func TestCheckpointOptions(t *testing.T) {
	const text = "Anna Berg flew from Oslo."
	plain := embedOne(t, golden("bert-embed"), text, task.Normalized(false))
	length := 0.0
	for _, x := range plain {
		length += float64(x) * float64(x)
	}
	length = math.Sqrt(length)
	require.Greater(t, math.Abs(length-1), 0.1)
	for i, x := range embedOne(t, golden("bert-embed"), text) {
		near(t, float64(plain[i])/length, 1, len(plain), x)
	}
	require.Equal(t, embedOne(t, golden("bert-embed"), text), embedOne(t, golden("bert-embed"), text, task.Normalized(true)), "not twice")
	require.Equal(t, plain, embedOne(t, golden("bert-embed"), text, task.Normalized(false), task.PooledBy(task.MeanPooling)))
	cls := embedOne(t, golden("bert-embed"), text, task.Normalized(false), task.PooledBy(task.CLSPooling))
	both := embedOne(t, changed(t, "bert-embed", map[string]string{
		"modules.json":          modules("models.Transformer:", "models.Pooling:1_Pooling"),
		"1_Pooling/config.json": `{"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": true}`,
	}), text)
	require.Equal(t, append(cls, plain...), both, "modes are laid end to end")
	named := embedOne(t, changed(t, "bert-embed", map[string]string{
		"modules.json": modules("models.Transformer:", "models.Pooling:1_Pooling"), "1_Pooling/config.json": `{"pooling_mode": "cls"}`,
	}), text)
	require.Equal(t, cls, named)
	require.Equal(t, plain, embedOne(t, "ignored", text, task.FromFS(os.DirFS(golden("bert-embed"))), task.Normalized(false)))
	require.Equal(t, plain, embedOne(t, golden("bert-embed"), text, task.As(gpu.F32, gpu.Plain), task.Normalized(false)), "Plain and Native give the same bits")
}

// TestEmbedTruncates cuts a text to max_seq_length, or what the model reads.
func TestEmbedTruncates(t *testing.T) {
	const text = "a b c d e f g h"
	require.Equal(t,
		embedOne(t, changed(t, "bert-embed", map[string]string{"sentence_bert_config.json": `{"max_seq_length": 6}`}), "a b c d"),
		embedOne(t, changed(t, "bert-embed", map[string]string{"sentence_bert_config.json": `{"max_seq_length": 6}`}), text))
	f := newFake(t, newHolder(t), 4, hashed)
	f.limits.Length = 5
	e := newEmbedder(t, f)
	defer e.Close()
	got, err := e.Embed(context.Background(), text)
	require.NoError(t, err)
	require.Equal(t, largest(f, "a b c"), got[0])

	small, err := task.OpenEmbedder(changed(t, "bert-embed", map[string]string{"sentence_bert_config.json": `{"max_seq_length": 1}`}), task.On(newHolder(t)))
	require.NoError(t, err)
	defer small.Close()
	_, err = small.Embed(context.Background(), "a")
	var text0 *task.TextError
	require.ErrorAs(t, err, &text0)
	require.ErrorContains(t, err, "special tokens")
}

func TestLowerCase(t *testing.T) {
	const cased = "bert-cased-mlm"
	lower := changed(t, cased, map[string]string{
		"modules.json": modules("models.Transformer:", "models.Pooling:1_Pooling"), "1_Pooling/config.json": `{}`,
		"sentence_bert_config.json": `{"do_lower_case": true}`,
	})
	require.NotEqual(t, embedOne(t, golden(cased), "Oslo"), embedOne(t, golden(cased), "oslo"))
	require.Equal(t, embedOne(t, golden(cased), "oslo"), embedOne(t, lower, "Oslo"))
}

// TestDense computes the module by hand, from the vector before it.
func TestDense(t *testing.T) {
	const text = "Anna Berg flew from Oslo."
	x := embedOne(t, golden("bert-embed"), text, task.Normalized(false))
	for name, f := range map[string]func(float64) float64{
		"torch.nn.modules.linear.Identity":      func(x float64) float64 { return x },
		"torch.nn.modules.activation.Tanh":      math.Tanh,
		"torch.nn.modules.activation.ReLU":      func(x float64) float64 { return max(x, 0) },
		"torch.nn.modules.activation.Sigmoid":   func(x float64) float64 { return 1 / (1 + math.Exp(-x)) },
		"torch.nn.modules.activation.SiLU":      func(x float64) float64 { return x / (1 + math.Exp(-x)) },
		"torch.nn.modules.activation.GELU":      func(x float64) float64 { return x * (1 + math.Erf(x/math.Sqrt2)) / 2 },
		"":                                      math.Tanh, // the default
		"torch.nn.modules.linear.Identity bias": func(x float64) float64 { return x - denseBias },
	} {
		config := map[string]any{"in_features": 64, "out_features": 3, "activation_function": name}
		switch name {
		case "":
			delete(config, "activation_function")
		case "torch.nn.modules.linear.Identity bias":
			config["activation_function"], config["bias"] = "torch.nn.modules.linear.Identity", false
		}
		got := embedOne(t, changed(t, "bert-embed", withDense(config)), text)
		require.Len(t, got, 3)
		for i := range got {
			y, size := float64(denseBias), float64(denseBias)
			for j := range x {
				term := float64(x[j]) * float64(denseWeight(i*64+j))
				y, size = y+term, size+math.Abs(term)
			}
			// No activation here is steeper than 1.13, GELU's and SiLU's largest slope; its own
			// rounding is a few ulps of a value of at most 1+size.
			near(t, f(y), 1.13*size+1, 64+4, got[i], "%s, column %d", name, i)
		}
	}
}

// TestDenseResidual adds the vector before the module, or its projection where widths differ.
func TestDenseResidual(t *testing.T) {
	const text = "Anna Berg flew from Oslo."
	x := embedOne(t, golden("bert-embed"), text, task.Normalized(false))
	for _, width := range []int{64, 3} {
		config := map[string]any{"in_features": 64, "out_features": width, "activation_function": "torch.nn.modules.activation.ReLU",
			"use_residual": true, "module_input_name": "sentence_embedding", "module_output_name": nil}
		got := embedOne(t, changed(t, "bert-embed", withDense(config)), text)
		require.Len(t, got, width)
		for i := range got {
			product, size := 0.0, float64(denseBias)
			for j := range x {
				term := float64(x[j]) * float64(denseWeight(i*64+j))
				product, size = product+term, size+math.Abs(term)
			}
			residual := float64(x[i])
			if width != 64 {
				residual = product
			}
			near(t, max(product+denseBias, 0)+residual, 2*size+math.Abs(residual), 64+2, got[i], "width %d, column %d", width, i)
		}
	}
}

// TestModes has the poolings that config.json names in any of its ways.
func TestModes(t *testing.T) {
	const text = "Anna Berg flew from Oslo."
	by := func(config string) []float32 {
		return embedOne(t, changed(t, "bert-embed", map[string]string{
			"modules.json": modules("models.Transformer:", "models.Pooling:1_Pooling", "models.Dropout:2"), "1_Pooling/config.json": config}), text)
	}
	of := func(p task.Pooling) []float32 {
		return embedOne(t, golden("bert-embed"), text, task.Normalized(false), task.PooledBy(p))
	}
	cls, mean, largest := of(task.CLSPooling), of(task.MeanPooling), of(task.MaxPooling)
	require.Equal(t, mean, by(`{}`))
	require.Equal(t, mean, by(`{"pooling_mode_mean_tokens": false}`), "the mean if none is true")
	require.Equal(t, cls, by(`{"pooling_mode_cls_token": true}`), "alone: fields that are absent are false")
	require.Equal(t, slices.Concat(largest, mean), by(`{"pooling_mode_mean_tokens": true, "pooling_mode_max_tokens": true}`), "in the older order")
	require.Equal(t, slices.Concat(largest, cls), by(`{"pooling_mode": ["max", "cls"]}`), "in the list's order")
}

func TestBadModules(t *testing.T) {
	h := newHolder(t)
	pooling := func(config string) map[string]string { return map[string]string{"1_Pooling/config.json": config} }
	dense := func(field string, value any) map[string]string {
		config := map[string]any{"in_features": 64, "out_features": 3}
		files := withDense(config)
		config[field] = value
		files["2_Dense/config.json"] = object(config)
		return files
	}
	for _, c := range []struct {
		files map[string]string
		wraps error
		says  []string
	}{
		{map[string]string{"modules.json": "{"}, nil, []string{"modules.json"}},
		{map[string]string{"modules.json": "[]"}, model.ErrUnsupported, []string{"modules.json", "Transformer"}},
		{map[string]string{"modules.json": modules("models.Transformer:")}, model.ErrUnsupported, []string{"Pooling"}},
		{map[string]string{"modules.json": modules("models.Transformer:", "models.Pooling:../..")}, nil, []string{"modules.json", "../.."}},
		{map[string]string{"modules.json": modules("models.CLIP:")}, model.ErrUnsupported, []string{"module 0", "CLIP"}},
		{map[string]string{"modules.json": modules("models.Transformer:", "models.Pooling:1_Pooling", "models.LSTM:2")}, model.ErrUnsupported, []string{"module 2", "LSTM"}},
		{map[string]string{"modules.json": modules("models.Transformer:", "models.Pooling:9_Pooling")}, os.ErrNotExist, []string{"module 1", "config.json"}},
		{pooling(`{"pooling_mode": []}`), nil, []string{"pooling_mode", "empty"}},
		{pooling(`{"pooling_mode": "cls", "include_prompt": 3}`), nil, []string{"include_prompt"}},
		{pooling(`{"pooling_mode_mean_sqrt_len_tokens": true}`), model.ErrUnsupported, []string{"mean_sqrt_len"}},
		{pooling(`{"include_prompt": false}`), model.ErrUnsupported, []string{"include_prompt"}},
		{pooling(`{"pooling_mode_mean_tokens": 3}`), nil, []string{"pooling_mode_mean_tokens"}},
		{map[string]string{"sentence_bert_config.json": `{"max_seq_length": -1}`}, nil, []string{"max_seq_length"}},
		{map[string]string{"config_sentence_transformers.json": `{"prompts": 5}`}, nil, []string{"prompts"}},
		{map[string]string{"config_sentence_transformers.json": `{"prompts": {"query": "q: "}, "default_prompt_name": "passage"}`}, nil,
			[]string{"default_prompt_name", "passage", "query"}},
		{dense("in_features", 32), nil, []string{"in_features", "32", "64"}},
		{dense("out_features", 4), model.ErrWeights, []string{"linear.weight"}},
		{dense("use_residual", true), model.ErrWeights, []string{"residual.weight"}},
		{dense("module_output_name", "token_embeddings"), model.ErrUnsupported, []string{"module_output_name", "token_embeddings"}},
		{dense("activation_function", "torch.nn.Sine"), model.ErrUnsupported, []string{"activation_function", "Sine"}},
	} {
		_, err := task.OpenEmbedder(changed(t, "bert-embed", c.files), task.On(h))
		require.Error(t, err, c.says)
		if c.wraps != nil {
			require.ErrorIs(t, err, c.wraps, c.says)
		}
		for _, s := range c.says {
			require.ErrorContains(t, err, s)
		}
	}
}

func TestPrompts(t *testing.T) {
	h := newHolder(t)
	dir := changed(t, "bert-embed", map[string]string{
		"config_sentence_transformers.json": `{"prompts": {"query": "find: ", "none": ""}, "default_prompt_name": "query"}`})
	e, err := task.OpenEmbedder(dir, task.On(h))
	require.NoError(t, err)
	defer e.Close()
	require.Equal(t, map[string]string{"query": "find: ", "none": ""}, e.Prompts())
	clear(e.Prompts())
	require.Len(t, e.Prompts(), 2, "the map is the caller's")
	as := func(prompt string) []float32 {
		v, err := e.EmbedAs(context.Background(), prompt, "swans")
		require.NoError(t, err)
		return v[0]
	}
	byDefault, err := e.Embed(context.Background(), "swans")
	require.NoError(t, err)
	require.Equal(t, embedOne(t, golden("bert-embed"), "find: swans"), as("query"))
	require.Equal(t, embedOne(t, golden("bert-embed"), "swans"), as("none"))
	require.Equal(t, as("query"), byDefault[0])
	_, err = e.EmbedAs(context.Background(), "passage", "swans")
	require.ErrorIs(t, err, model.ErrInput)
	require.ErrorContains(t, err, `"passage"`)
	require.ErrorContains(t, err, `"query"`)
}

func TestCosine(t *testing.T) {
	for _, c := range []struct {
		a, b []float32
		want float64
	}{
		{[]float32{3, 4}, []float32{6, 8}, 1},
		{[]float32{3, 4}, []float32{-3, -4}, -1},
		{[]float32{3, 4}, []float32{4, -3}, 0},
		{[]float32{1, 0}, []float32{1, 1}, math.Sqrt2 / 2},
		{[]float32{1, 0}, []float32{0, 0}, 0},
		{[]float32{math.MaxFloat32, 0}, []float32{math.SmallestNonzeroFloat32, 0}, 1},
		{nil, nil, 0},
	} {
		require.InDelta(t, c.want, task.Cosine(c.a, c.b), scoreTolerance)
	}
	for _, c := range [][2][]float32{{{1, 2}, {1}}, {{1}, {1, 2}}, {{1}, nil}} {
		require.True(t, math.IsNaN(task.Cosine(c[0], c[1])), "%v", c)
	}
}
