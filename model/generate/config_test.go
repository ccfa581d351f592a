package generate

import (
	"math"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/model"
)

func readConfig(name, text string) (Config, error) {
	return ReadConfig(model.FS(fstest.MapFS{name: {Data: []byte(text)}}))
}

// defaults is what GenerationConfig._get_default_generation_params says, where Options has the field.
func defaults() Options {
	return Options{TopK: 50, Beams: 1, Return: 1, RepetitionPenalty: 1}
}

func TestReadConfig(t *testing.T) {
	with := func(change func(c *Config)) Config {
		c := Config{Options: defaults(), File: "generation_config.json"}
		change(&c)
		return c
	}
	id := ptr[int32]
	bart := `{"bos_token_id": 0, "eos_token_id": 2, "pad_token_id": 1, "decoder_start_token_id": 2, "num_beams": 4, "max_length": 32, "min_length": 12,
		"length_penalty": 2.0, "no_repeat_ngram_size": 3, "early_stopping": true, "forced_bos_token_id": 0, "forced_eos_token_id": 2}`
	marian := `{"eos_token_id": 0, "pad_token_id": 549, "decoder_start_token_id": 549, "num_beams": 6, "max_length": 30, "forced_eos_token_id": 0,
		"bad_words_ids": [[549]], "renormalize_logits": true}`
	for text, want := range map[string]Config{
		`{}`: with(func(*Config) {}),
		`{"max_length": null, "eos_token_id": null, "top_k": null, "bad_words_ids": null, "early_stopping": null, "dola_layers": null, "stop_strings": null}`: with(func(*Config) {}),
		bart: with(func(c *Config) {
			c.BOS, c.EOS = id(0), []int32{2}
			c.Beams, c.MaxLength, c.MinLength, c.LengthPenalty, c.NoRepeatNGram, c.EarlyStopping = 4, 32, 12, ptr(2.0), 3, EarlyTrue
			c.ForcedBOS, c.ForcedEOS = id(0), []int32{2}
		}),
		marian: with(func(c *Config) {
			c.EOS, c.ForcedEOS = []int32{0}, []int32{0}
			c.Beams, c.MaxLength, c.BadWords, c.Renormalize = 6, 30, [][]int32{{549}}, true
		}),
		`{"eos_token_id": [3, 4], "forced_eos_token_id": [4, 3], "suppress_tokens": [5], "begin_suppress_tokens": [], "stop_strings": "x", "num_return_sequences": 2}`: with(func(c *Config) {
			c.EOS, c.ForcedEOS, c.Suppress, c.StopStrings, c.Return = []int32{3, 4}, []int32{4, 3}, []int32{5}, []string{"x"}, 2
		}),
		`{"do_sample": true, "temperature": 0.6, "top_k": 0, "top_p": 0.95, "min_p": 0.1, "typical_p": 0.9, "epsilon_cutoff": 3e-4, "eta_cutoff": 2e-3, "repetition_penalty": 1.1}`: with(func(c *Config) {
			c.Sampling, c.Temperature, c.TopK, c.TopP, c.MinP, c.TypicalP = true, 0.6, 0, 0.95, 0.1, 0.9
			c.EpsilonCutoff, c.EtaCutoff, c.RepetitionPenalty = 3e-4, 2e-3, 1.1
		}),
		`{"do_sample": true, "temperature": 1.0, "top_p": 1, "typical_p": 1, "epsilon_cutoff": 0, "eta_cutoff": 1}`: with(func(c *Config) { c.Sampling = true }),
		`{"do_sample": true, "top_p": 0.0}`: with(func(c *Config) { c.Sampling, c.TopK = true, 1 }),
		`{"do_sample": true, "top_p": 1e-46, "min_p": 1e-46, "typical_p": 1e-300, "epsilon_cutoff": 1e-38, "eta_cutoff": 1e-31}`: with(func(c *Config) {
			c.Sampling, c.TopP, c.MinP, c.TypicalP, c.EpsilonCutoff, c.EtaCutoff = true, Least, Least, Least, Least, Least
		}),
		`{"do_sample": true, "epsilon_cutoff": 1, "eta_cutoff": 1.0}`:  with(func(c *Config) { c.Sampling = true }),
		`{"temperature": 0, "typical_p": 0}`:                           with(func(*Config) {}),
		`{"early_stopping": "never", "stop_strings": ["a", "b"]}`:      with(func(c *Config) { c.EarlyStopping, c.StopStrings = EarlyNever, []string{"a", "b"} }),
		`{"early_stopping": false, "pad_token_id": -1}`:                with(func(*Config) {}),
		`{"max_new_tokens": 7, "max_length": 9}`:                       with(func(c *Config) { c.MaxNewTokens, c.MaxLength = 7, 9 }),
		`{"min_new_tokens": 0, "min_length": 9}`:                       with(func(*Config) {}),
		`{"bos_token_id": 6, "force_bos_token_to_be_generated": true}`: with(func(c *Config) { c.BOS = id(6) }),
		`{"num_beam_groups": 1, "diversity_penalty": 0.0, "guidance_scale": 1, "encoder_no_repeat_ngram_size": 0, "use_mtp": false, "use_cache": false}`: with(func(*Config) {}),
	} {
		got, err := readConfig("generation_config.json", text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
}

// A folder without generation_config.json.
func TestReadConfigOfModel(t *testing.T) {
	const text = `{"model_type": "bart", "bos_token_id": 0, "eos_token_id": 2, "force_bos_token_to_be_generated": true, "num_beams": 4, "vocab_size": 9,
		"task_specific_params": {"summarization": {"num_beams": 7}}}`
	want := Config{Options: defaults(), BOS: ptr[int32](0), File: "config.json"}
	want.EOS, want.Beams, want.ForcedBOS = []int32{2}, 4, ptr[int32](0)
	got, err := readConfig("config.json", text)
	require.NoError(t, err)
	assert.Equal(t, want, got)

	got, err = ReadConfig(model.FS(fstest.MapFS{"config.json": {Data: []byte(text)}, "generation_config.json": {Data: []byte(`{"num_beams": 3}`)}}))
	require.NoError(t, err)
	want = Config{Options: defaults(), File: "generation_config.json"}
	want.Beams = 3
	assert.Equal(t, want, got, "the one file alone")

	_, err = ReadConfig(model.FS(fstest.MapFS{}))
	require.ErrorContains(t, err, "config.json: not in embedded model")
}

func TestReadConfigErrors(t *testing.T) {
	for text, want := range map[string]string{
		`[]`:                                 "not a JSON object",
		`{"max_new_tokens": 0}`:              "max_new_tokens is 0, not from 1 to 2147483647",
		`{"max_length": "20"}`:               `max_length is "20", not an integer`,
		`{"num_beams": 0}`:                   "num_beams is 0, not from 1 to 2147483647",
		`{"num_beams": 2.0}`:                 "num_beams is 2.0, not an integer",
		`{"do_sample": 1}`:                   "do_sample is 1, not true or false",
		`{"top_p": 1.5}`:                     "top_p is 1.5, not from 0 to 1",
		`{"top_k": -1}`:                      "top_k is -1, not from 0 to 2147483647",
		`{"temperature": -1}`:                "temperature is -1, not from 0 to 1e+30",
		`{"temperature": 1e-31}`:             "temperature is 1e-31, not from 1e-30 to 1e+30",
		`{"temperature": 1e31}`:              "temperature is 1e31, not from 0 to 1e+30",
		`{"repetition_penalty": 1e-45}`:      "repetition_penalty is 1e-45, not from 1e-30 to 1e+30",
		`{"temperature":0,"do_sample":true}`: "temperature is 0, not above 0, and do_sample is true",
		`{"typical_p":0,"do_sample":true}`:   "typical_p is 0, not above 0, and do_sample is true",
		`{"repetition_penalty": 0.0}`:        "repetition_penalty is 0, not above 0",
		`{"early_stopping": "always"}`:       `early_stopping is "\"always\"", not true, false or "never"`,
		`{"early_stopping": 1}`:              `early_stopping is "1", not true, false or "never"`,
		`{"eos_token_id": "</s>"}`:           `eos_token_id is "</s>", not an integer or a list of integers`,
		`{"eos_token_id": [2147483648]}`:     "eos_token_id has 2147483648, not from -2147483648 to 2147483647",
		`{"forced_bos_token_id": [1]}`:       "forced_bos_token_id is [1], not an integer",
		`{"bad_words_ids": [1]}`:             "bad_words_ids is [1], not a list of lists of integers",
		`{"bad_words_ids": [[1],[]]}`:        "bad_words_ids has at index 1 a list without an id",
		`{"bad_words_ids": [[-1]]}`:          "bad_words_ids has -1, not from 0 to 2147483647",
		`{"stop_strings": [1]}`:              "stop_strings is [1], not a list of strings",
		`{"length_penalty": true}`:           "length_penalty is true, not a number",
		`{"renormalize_logits": "yes"}`:      `renormalize_logits is "yes", not true or false`,
		`{"do_sample": 1, "top_p": "x"}`:     "generation_config.json: do_sample is 1, not true or false\ngeneration_config.json: top_p is",
	} {
		_, err := readConfig("generation_config.json", text)
		require.ErrorContains(t, err, want, text)
		require.True(t, strings.HasPrefix(err.Error(), "generation_config.json: "), text)
		require.NotErrorIs(t, err, model.ErrUnsupported, text)
	}
}

// What would be written otherwise than the checkpoint asks for is refused.
func TestReadConfigUnsupported(t *testing.T) {
	for field, value := range map[string]string{
		"num_beam_groups": "2", "diversity_penalty": "0.5", "penalty_alpha": "0.6", "constraints": "[]", "force_words_ids": "[[1]]",
		"dola_layers": `"high"`, "prompt_lookup_num_tokens": "3", "assistant_early_exit": "4", "use_mtp": "true", "token_healing": "true",
		"max_time": "2.5", "guidance_scale": "1.5", "sequence_bias": "[[[1], 2.0]]", "encoder_repetition_penalty": "1.2",
		"encoder_no_repeat_ngram_size": "3", "exponential_decay_length_penalty": "[5, 1.1]", "top_h": "0.4", "watermarking_config": "{}",
	} {
		_, err := readConfig("generation_config.json", `{"`+field+`": `+value+`}`)
		require.ErrorIs(t, err, model.ErrUnsupported, field)
		require.ErrorContains(t, err, "generation_config.json: "+field+": ", field)
	}
	require.Len(t, refused, 18, "all of them are above")
}

// TestFit takes out what cannot come, and keeps what can; what would have to come and cannot is an error.
func TestFit(t *testing.T) {
	c, err := readConfig("generation_config.json", `{"bos_token_id": 5000, "eos_token_id": [5000, 7, 10], "suppress_tokens": [10, 9], "begin_suppress_tokens": [11],
		"bad_words_ids": [[10], [1, 10], [1, 2]], "forced_bos_token_id": 9, "forced_eos_token_id": 0}`)
	require.NoError(t, err)
	require.NoError(t, c.Fit(10))
	require.Equal(t, []int32{7}, c.EOS)
	require.Equal(t, []int32{9}, c.Suppress)
	require.Empty(t, c.BeginSuppress)
	require.Equal(t, [][]int32{{1, 2}}, c.BadWords)
	require.EqualValues(t, 5000, *c.BOS)
	c.Suppress = nil
	require.NoError(t, c.check(model.Limits{Vocab: 10, Length: 20}, 5))
	for text, want := range map[string]string{
		`{"forced_bos_token_id": 10}`:      "generation_config.json: forced_bos_token_id is 10, outside the vocabulary of 10",
		`{"forced_eos_token_id": [2, 11]}`: "generation_config.json: forced_eos_token_id is 11, outside the vocabulary of 10",
	} {
		c, err := readConfig("generation_config.json", text)
		require.NoError(t, err)
		require.EqualError(t, c.Fit(10), want)
	}
	c, err = readConfig("config.json", `{"bos_token_id": 10, "force_bos_token_to_be_generated": true}`)
	require.NoError(t, err)
	require.EqualError(t, c.Fit(10), "config.json: bos_token_id is 10, outside the vocabulary of 10")
}

// TestCheckOptions needs no prompt, and has the engine's room.
func TestCheckOptions(t *testing.T) {
	e := toyEngine(t, Room{Rows: 3})
	require.NoError(t, e.CheckOptions(&Options{Beams: 3, Return: 2}))
	require.NoError(t, e.CheckOptions(&Options{Sampling: true, Return: 3, MaxLength: 1}))
	require.ErrorIs(t, e.CheckOptions(&Options{Beams: 4}), model.ErrCache)
	require.ErrorContains(t, e.CheckOptions(&Options{Sampling: true, Return: 5}), "5 sequences at once, there is room for 3")
	require.ErrorContains(t, e.CheckOptions(&Options{MinLength: 9, MaxLength: 8}), "MinLength")
	require.ErrorContains(t, e.CheckOptions(&Options{EOS: []int32{97}}), "EOS has id 97, outside the vocabulary of 97")
}

func TestCheck(t *testing.T) {
	l := model.Limits{Vocab: 10, Length: 20}
	nan, id := math.NaN(), ptr[int32]
	for want, o := range map[string]Options{
		"":                               {},
		"MaxNewTokens is -1, not from 0": {MaxNewTokens: -1},
		"MaxLength is -1":                {MaxLength: -1},
		"MinNewTokens is -1":             {MinNewTokens: -1},
		"MinLength is -1":                {MinLength: -1},
		"TopK is -1":                     {TopK: -1},
		"Beams is -1":                    {Beams: -1},
		"Return is -1":                   {Return: -1},
		"NoRepeatNGram is -1":            {NoRepeatNGram: -1},
		"Temperature is -0.5, not from 1e-30 to 1e+30, nor 0 for none": {Temperature: -0.5},
		"Temperature is 1e-300, not from 1e-30":                        {Temperature: 1e-300},
		"Temperature is 9e-31, not from":                               {Temperature: 9e-31},
		"Temperature is 2e+30, not from":                               {Temperature: 2e30},
		"RepetitionPenalty is 1e-46, not from":                         {RepetitionPenalty: 1e-46},
		"TopP is 1e-46, not from 1e-30 to 1, nor 0 for none":           {TopP: 1e-46},
		"MinP is 1e-31":                                     {MinP: 1e-31},
		"TypicalP is 1e-300":                                {TypicalP: 1e-300},
		"EpsilonCutoff is 1, not below 1":                   {EpsilonCutoff: 1},
		"EtaCutoff is 1, not below 1":                       {EtaCutoff: 1},
		"Temperature is NaN":                                {Temperature: nan},
		"Temperature is +Inf":                               {Temperature: math.Inf(1)},
		"RepetitionPenalty is NaN":                          {RepetitionPenalty: nan},
		"LengthPenalty is NaN, not a finite":                {LengthPenalty: &nan},
		"LengthPenalty is -Inf":                             {LengthPenalty: ptr(math.Inf(-1))},
		"TopP is 1.5, not from 1e-30 to 1":                  {TopP: 1.5},
		"TopP is NaN":                                       {TopP: nan},
		"MinP is -1":                                        {MinP: -1},
		"TypicalP is 2":                                     {TypicalP: 2},
		"EpsilonCutoff is 2":                                {EpsilonCutoff: 2},
		"EtaCutoff is 2":                                    {EtaCutoff: 2},
		"sampling with 2 beams: not supported":              {Beams: 2, Sampling: true},
		"Return is 3, more than Beams, 2":                   {Beams: 2, Return: 3},
		"Return is 2 without Sampling and Beams":            {Return: 2},
		"EarlyStopping is 3, not one of its 3":              {EarlyStopping: 3},
		"Processors[1] is nil":                              {Processors: []Processor{func([]int32, []float32) {}, nil}},
		"EOS has id 10, outside the vocabulary of":          {EOS: []int32{9, 10}},
		"Suppress has id -1":                                {Suppress: []int32{-1}},
		"BeginSuppress has id 10":                           {BeginSuppress: []int32{10}},
		"ForcedBOS has id 10":                               {ForcedBOS: id(10)},
		"ForcedEOS has id 10":                               {ForcedEOS: []int32{10}},
		"BadWords[1] is empty":                              {BadWords: [][]int32{{1}, {}}},
		"BadWords[0] has id 10":                             {BadWords: [][]int32{{1, 10}}},
		"ForcedBOS is 3, which Suppress has too":            {ForcedBOS: id(3), Suppress: []int32{3}},
		"ForcedEOS is [3 4], all of which Suppress has too": {ForcedEOS: []int32{3, 4}, Suppress: []int32{4, 3}},
		"ForcedEOS is [3], all of which BeginSuppress":      {ForcedEOS: []int32{3}, BeginSuppress: []int32{3}, MaxNewTokens: 1},
		"MinNewTokens is 5, more than MaxNewTokens, 4":      {MinNewTokens: 5, MaxNewTokens: 4},
		"MinLength is 9, more than MaxLength, 8":            {MinLength: 9, MaxLength: 8},
		"5 tokens leaves none to write: MaxLength is 5":     {MaxLength: 5},
		"5 tokens leaves none to write: MaxLength is 4":     {MaxLength: 4},
	} {
		err := o.check(l, 5)
		if want == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, want)
		if !strings.HasPrefix(want, "sampling") {
			require.ErrorIs(t, err, model.ErrInput, want)
		} else {
			require.ErrorIs(t, err, model.ErrUnsupported)
		}
	}
	for _, o := range []Options{
		{Beams: 4, Return: 4, LengthPenalty: ptr(-1.0)},
		{Sampling: true, Return: 9, TopP: 1, Temperature: 0.1},
		{MaxLength: 4, MaxNewTokens: 1}, // which wins
		{MinLength: 30, MaxNewTokens: 3},
		{MinLength: 9, MaxLength: 8, MinNewTokens: 1}, // which wins
		{ForcedEOS: []int32{3, 4}, Suppress: []int32{4}},
		{ForcedEOS: []int32{3}, BeginSuppress: []int32{3}, MaxNewTokens: 2},
		{MaxNewTokens: 1000},
		{Temperature: Least, RepetitionPenalty: Most, TopP: Least, MinP: 1, TypicalP: 1, EpsilonCutoff: Least, EtaCutoff: 0.999},
	} {
		require.NoError(t, o.check(l, 5), "%+v", o)
	}
	if math.MaxInt > math.MaxInt32 {
		o := Options{TopK: math.MaxInt}
		require.ErrorContains(t, o.check(l, 5), "TopK is 9223372036854775807, not from 0 to 2147483647")
	}
	none := Options{}
	require.EqualError(t, none.check(l, 0), "bad input: a prompt of no tokens")
	require.EqualError(t, none.check(l, 20), "bad input: a prompt of 20 tokens leaves none to write: the model reads at most 20")
	require.NoError(t, none.check(l, 19))
	require.NoError(t, none.check(model.Limits{Vocab: 10}, 1000))
}

func TestMost(t *testing.T) {
	l := model.Limits{Vocab: 10, Length: 20}
	for _, c := range []struct {
		o      Options
		l      model.Limits
		prompt int
		want   int
	}{
		{Options{}, l, 5, 15},
		{Options{MaxNewTokens: 3}, l, 5, 3},
		{Options{MaxNewTokens: 30}, l, 5, 15},
		{Options{MaxLength: 9}, l, 5, 4},
		{Options{MaxLength: 99}, l, 5, 15},
		{Options{MaxLength: 3}, l, 5, 0},
		{Options{MaxLength: 9, MaxNewTokens: 11}, l, 5, 11},
		{Options{MaxNewTokens: 30}, model.Limits{}, 5, 30},
		{Options{}, model.Limits{}, 5, unbounded - 5},
	} {
		assert.Equal(t, c.want, c.o.most(c.l, c.prompt), "%+v", c)
	}
}
