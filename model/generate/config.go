package generate

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/rapt-go/rapt/model"
)

// A Config is what a checkpoint says of generation.
type Config struct {
	Options

	BOS, Pad     *int32   // nil if there is none
	DecoderStart *int32   // what an encoder-decoder's text starts with: decoder_start_token_id, else BOS
	StopStrings  []string // any of them ends a sequence; for Options.Stop, which needs a tokenizer
}

const (
	file   = "generation_config.json"
	legacy = "config.json"
)

// ReadConfig reads generation_config.json, or in its absence what config.json says of generation: in either case that file
// alone, as transformers' GenerationConfig does (generation/configuration_utils.py, from_pretrained and from_model_config;
// task_specific_params, and configurations inside config.json, are not looked at). Fields that are absent or null have its defaults,
// TopK's 50 among them, with one exception: where neither max_new_tokens nor max_length is given, transformers writes 20 tokens, and
// here the zero fields of Options let a sequence go on until it ends or is as long as the model reads.
//
// It reports every field of a wrong type or out of range, and wraps [model.ErrUnsupported] for one that asks for what is not
// implemented and would change what is written.
func ReadConfig(f model.Folder) (Config, error) {
	name := file
	if !f.Has(file) {
		name = legacy
	}
	c, err := model.ReadConfig(f, name)
	if err != nil {
		return Config{}, err
	}
	var g Config
	readLength(c, &g.Options)
	readSampling(c, &g.Options)
	readBeams(c, &g.Options)
	readRules(c, &g.Options)
	g.EOS = tokens(c, "eos_token_id")
	g.BOS, g.Pad = token(c, "bos_token_id"), token(c, "pad_token_id")
	if g.DecoderStart = token(c, "decoder_start_token_id"); g.DecoderStart == nil {
		g.DecoderStart = g.BOS
	}
	if name == legacy && c.Bool("force_bos_token_to_be_generated", false) {
		g.ForcedBOS = g.BOS
	}
	g.StopStrings = stopStrings(c)
	if err := c.Err(); err != nil {
		return Config{}, err
	}
	return g, refuse(c)
}

func count(c *model.Config, name string, def, lo int) int { return c.Int(name, def, lo, math.MaxInt32) }

func share(c *model.Config, name string) float64 { return c.Float(name, 0, 0, 1) }

func readLength(c *model.Config, o *Options) {
	o.MaxNewTokens = count(c, "max_new_tokens", 0, 1)
	o.MaxLength = count(c, "max_length", 0, 1)
	o.MinNewTokens = count(c, "min_new_tokens", 0, 0)
	o.MinLength = count(c, "min_length", 0, 0)
	if c.Raw("min_new_tokens") != nil {
		o.MinLength = 0 // even by a 0, as in _prepare_generated_length
	}
}

func readSampling(c *model.Config, o *Options) {
	o.Sampling = c.Bool("do_sample", false)
	o.Temperature = c.Float("temperature", 1, 0, math.MaxFloat32)
	o.TopK = count(c, "top_k", 50, 0)
	o.TopP, o.MinP, o.TypicalP = c.Float("top_p", 1, 0, 1), share(c, "min_p"), c.Float("typical_p", 1, 0, 1)
	o.EpsilonCutoff, o.EtaCutoff = share(c, "epsilon_cutoff"), share(c, "eta_cutoff")
	// 1 is not applied there, but for min_p.
	for _, x := range []*float64{&o.Temperature, &o.TopP, &o.TypicalP, &o.EpsilonCutoff, &o.EtaCutoff} {
		if *x == 1 {
			*x = 0
		}
	}
	if !o.Sampling {
		return
	}
	for _, name := range []string{"temperature", "typical_p"} {
		if c.Raw(name) != nil && c.Float(name, 1, 0, math.MaxFloat32) == 0 {
			c.Failf(name, "is 0, not above 0, and do_sample is true")
		}
	}
	if c.Float("top_p", 1, 0, 1) == 0 { // the likeliest alone
		o.TopK, o.TopP = 1, 0
	}
}

func readBeams(c *model.Config, o *Options) {
	o.Beams = count(c, "num_beams", 1, 1)
	o.Return = count(c, "num_return_sequences", 1, 1)
	if c.Raw("length_penalty") != nil {
		x := c.Float("length_penalty", 1, -math.MaxFloat32, math.MaxFloat32)
		o.LengthPenalty = &x
	}
	o.Renormalize = c.Bool("renormalize_logits", false)
	switch v := string(c.Raw("early_stopping")); v {
	case "", "false":
	case "true":
		o.EarlyStopping = EarlyTrue
	case `"never"`:
		o.EarlyStopping = EarlyNever
	default:
		c.Failf("early_stopping", `is %.60q, not true, false or "never"`, v)
	}
}

func readRules(c *model.Config, o *Options) {
	o.RepetitionPenalty = c.Float("repetition_penalty", 1, 0, math.MaxFloat32)
	if o.RepetitionPenalty == 0 {
		c.Failf("repetition_penalty", "is 0, not above 0")
	}
	o.NoRepeatNGram = count(c, "no_repeat_ngram_size", 0, 0)
	o.Suppress, o.BeginSuppress = tokens(c, "suppress_tokens"), tokens(c, "begin_suppress_tokens")
	o.ForcedBOS, o.ForcedEOS = token(c, "forced_bos_token_id"), tokens(c, "forced_eos_token_id")
	const words = "bad_words_ids"
	for i, w := range c.IntLists(words, 0, math.MaxInt32) {
		if len(w) == 0 {
			c.Failf(words, "has at index %d a list without an id", i)
		}
		o.BadWords = append(o.BadWords, narrow(w))
	}
}

func narrow(list []int) []int32 {
	ids := make([]int32, len(list))
	for i, id := range list {
		ids[i] = int32(id)
	}
	return ids
}

// token is an id; nil if it is absent, or negative, by which some checkpoints say that there is none.
func token(c *model.Config, name string) *int32 {
	id := int32(c.Int(name, -1, math.MinInt32, math.MaxInt32))
	if id < 0 {
		return nil
	}
	return &id
}

// tokens is an id or a list of ids, without negative ones.
func tokens(c *model.Config, name string) []int32 {
	var ids []int32
	for _, id := range c.Ints(name, math.MinInt32, math.MaxInt32) {
		if id >= 0 {
			ids = append(ids, int32(id))
		}
	}
	return ids
}

// stopStrings is a string or a list of strings.
func stopStrings(c *model.Config) []string {
	const name = "stop_strings"
	if raw := c.Raw(name); raw != nil && raw[0] == '"' {
		return []string{c.Text(name, "")}
	}
	return c.Texts(name)
}

// refused is what would change the result and is not implemented, with the value that asks for nothing besides null.
var refused = []struct {
	field string
	usual any
}{
	// ways to search
	{"num_beam_groups", 1.0}, {"diversity_penalty", 0.0}, {"penalty_alpha", 0.0}, {"constraints", nil}, {"force_words_ids", nil},
	{"dola_layers", nil}, {"prompt_lookup_num_tokens", nil}, {"assistant_early_exit", nil}, {"use_mtp", false}, {"token_healing", false},
	{"max_time", nil},
	// changes of logits
	{"guidance_scale", 1.0}, {"sequence_bias", nil}, {"encoder_repetition_penalty", 1.0}, {"encoder_no_repeat_ngram_size", 0.0},
	{"exponential_decay_length_penalty", nil}, {"top_h", nil}, {"watermarking_config", nil},
}

func refuse(c *model.Config) error {
	for _, r := range refused {
		raw := c.Raw(r.field)
		if raw == nil {
			continue
		}
		var v any
		if err := json.Unmarshal(raw, &v); err != nil || v != r.usual {
			return fmt.Errorf("%s: %s: %w", c.File, r.field, model.ErrUnsupported)
		}
	}
	return nil
}
