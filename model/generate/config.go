package generate

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/rapt-go/rapt/model"
)

// A Config is what a checkpoint says of generation.
type Config struct {
	Options

	BOS         *int32   // nil if there is none
	StopStrings []string // any of them ends a sequence; for Options.Stop, which needs a tokenizer
	File        string   // where all this was read, for messages
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
	g := Config{File: name}
	readLength(c, &g.Options)
	readSampling(c, &g.Options)
	readBeams(c, &g.Options)
	readRules(c, &g.Options)
	g.EOS = tokens(c, "eos_token_id")
	g.BOS = token(c, "bos_token_id")
	if name == legacy && c.Bool("force_bos_token_to_be_generated", false) {
		g.ForcedBOS = g.BOS
	}
	g.StopStrings = stopStrings(c)
	if err := c.Err(); err != nil {
		return Config{}, err
	}
	return g, refuse(c)
}

// Fit takes out of c the ids that a vocabulary of so many words does not have, where nothing changes by it: an end token that
// never comes, a ban of what cannot come. (Many a small GPT-2 has kept the eos_token_id of the large one.) One that would be
// forced is an error. BOS stays as it is.
func (c *Config) Fit(vocab int) error {
	outside := func(id int32) bool { return id < 0 || int(id) >= vocab }
	for _, ids := range []*[]int32{&c.EOS, &c.Suppress, &c.BeginSuppress} {
		*ids = slices.DeleteFunc(*ids, outside)
	}
	c.BadWords = slices.DeleteFunc(c.BadWords, func(w []int32) bool { return slices.ContainsFunc(w, outside) })
	refuse := func(field string, id int32) error {
		return fmt.Errorf("%s: %s is %d, outside the vocabulary of %d", c.File, field, id, vocab)
	}
	if id := c.ForcedBOS; id != nil && outside(*id) {
		if id == c.BOS {
			return refuse("bos_token_id", *id) // by force_bos_token_to_be_generated
		}
		return refuse("forced_bos_token_id", *id)
	}
	if i := slices.IndexFunc(c.ForcedEOS, outside); i >= 0 {
		return refuse("forced_eos_token_id", c.ForcedEOS[i])
	}
	return nil
}

func count(c *model.Config, name string, def, lo int) int { return c.Int(name, def, lo, math.MaxInt32) }

// share is a probability, 0 if absent. One above 0 is Least at least: what is less likely is not drawn.
func share(c *model.Config, name string) float64 {
	x := c.Float(name, 0, 0, 1)
	if x > 0 {
		x = max(x, Least)
	}
	return x
}

// factor is a number from Least to Most; def if absent.
func factor(c *model.Config, name string, def float64) float64 {
	x := c.Float(name, def, 0, Most)
	if x != 0 && x < Least {
		c.Failf(name, "is %v, not from %v to %v", x, Least, Most)
	}
	return x
}

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
	o.Temperature = factor(c, "temperature", 1)
	o.TopK = count(c, "top_k", 50, 0)
	o.TopP, o.MinP, o.TypicalP = share(c, "top_p"), share(c, "min_p"), share(c, "typical_p")
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
	isZero := func(name string) bool {
		var x float64
		return c.Raw(name) != nil && json.Unmarshal(c.Raw(name), &x) == nil && x == 0
	}
	for _, name := range []string{"temperature", "typical_p"} {
		if isZero(name) {
			c.Failf(name, "is 0, not above 0, and do_sample is true")
		}
	}
	if isZero("top_p") { // the likeliest alone
		o.TopK = 1
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
	o.RepetitionPenalty = factor(c, "repetition_penalty", 1)
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
