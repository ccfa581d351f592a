package main

// The flags that say how text is written.

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/generate"
	"github.com/rapt-go/rapt/model/task"
)

// decoding is the values of these flags. What was not given is as the checkpoint says.
type decoding struct {
	cmd     *cobra.Command
	given   task.Decoding
	penalty float64
	early   string
	seed    uint64
	greedy  bool
}

// mostSequences bounds the outputs and the beams of a text: as many as a step may have.
const mostSequences = 1024

// A seed is a flag whose value is any number of 64 bits.
type seed struct{ value *uint64 }

func (s seed) String() string {
	if s.value == nil {
		return "0"
	}
	return strconv.FormatUint(*s.value, 10)
}

func (s seed) Type() string { return "N" }

func (s seed) Set(text string) error {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return errors.New("want an integer from 0 to 18446744073709551615")
	}
	*s.value = n
	return nil
}

// addTo adds the flags to a command.
func (d *decoding) addTo(cmd *cobra.Command) {
	d.cmd = cmd
	o, f := &d.given, cmd.Flags()
	number(cmd, &o.Return, "n", 1, 1, mostSequences, "outputs for each text")
	number(cmd, &o.MaxNewTokens, "max-new-tokens", 0, 1, most,
		fmt.Sprintf("tokens of an output at most (default the model's own, else %d)", task.DefaultNewTokens))
	number(cmd, &o.MinNewTokens, "min-new-tokens", 0, 0, most, "tokens of an output at least")
	f.BoolVar(&d.greedy, "greedy", false, "take the likeliest token each time, whatever the model's own settings are")
	f.Var(seed{&d.seed}, "seed", "sample, and draw the same each time (default another each time)")
	f.Var(factor(&o.Temperature), "temperature", "sample, with logits divided by this")
	number(cmd, &o.TopK, "top-k", 0, 0, most, "sample from so many of the likeliest tokens; 0 means all")
	f.Var(mass(&o.TopP), "top-p", "sample from the likeliest tokens that make up this probability")
	f.Var(real{&o.MinP, "a number from 0 to 1", func(x float64) bool { return x >= 0 && x <= 1 }},
		"min-p", "sample from tokens that have this share of the likeliest one's probability")
	f.Var(mass(&o.TypicalP), "typical-p", "sample from the most typical tokens that make up this probability")
	f.Var(cutoff(&o.EpsilonCutoff), "epsilon-cutoff", "sample from tokens that are at least as probable")
	f.Var(cutoff(&o.EtaCutoff), "eta-cutoff", "sample from tokens that are at least as probable, or less where the entropy is high")
	number(cmd, &o.Beams, "beam", 1, 1, mostSequences, "beams of a beam search, if above 1")
	f.Var(real{&d.penalty, "a number", func(x float64) bool { return math.Abs(x) <= math.MaxFloat32 }},
		"length-penalty", "exponent of the length that scores of beams are divided by (default 1)")
	choice(cmd, &d.early, "early-stopping", "false", "whether a beam search ends with as many outputs as beams", "true", "false", "never")
	f.Var(factor(&o.RepetitionPenalty), "repetition-penalty", "divides logits of tokens that are there already, if above 1 (default 1)")
	number(cmd, &o.NoRepeatNGram, "no-repeat-ngram", 0, 0, most, "let no sequence of so many tokens come twice; 0 means any may")
	f.StringArrayVar(&o.StopStrings, "stop", nil, "`TEXT` that ends an output; may be given several times")
	for _, name := range ownDefaults {
		f.Lookup(name).DefValue = ""
	}
}

// factor is a number that logits are divided by.
func factor(p *float64) real {
	return real{p, fmt.Sprintf("a number from %v to %v", generate.Least, generate.Most),
		func(x float64) bool { return x >= generate.Least && x <= generate.Most }}
}

// mass is a probability that tokens have together.
func mass(p *float64) real {
	return real{p, "a number above 0, at most 1", func(x float64) bool { return x > 0 && x <= 1 }}
}

// cutoff is a probability that a token has at least.
func cutoff(p *float64) real {
	return real{p, "a number from 0 to less than 1", func(x float64) bool { return x >= 0 && x < 1 }}
}

// ownDefaults are the flags whose defaults are the model's.
var ownDefaults = []string{"max-new-tokens", "min-new-tokens", "seed", "temperature", "top-k", "top-p", "min-p", "typical-p",
	"epsilon-cutoff", "eta-cutoff", "length-penalty", "early-stopping", "repetition-penalty", "no-repeat-ngram"}

// sampling are the flags that make a choice of tokens a draw.
var sampling = []string{"seed", "temperature", "top-k", "top-p", "min-p", "typical-p", "epsilon-cutoff", "eta-cutoff"}

func (d *decoding) changed(name string) bool { return d.cmd.Flags().Changed(name) }

// samples names a flag that was given and asks for draws, if there is one.
func (d *decoding) samples() string {
	if i := slices.IndexFunc(sampling, d.changed); i >= 0 {
		return sampling[i]
	}
	return ""
}

// check reports flags that do not go together.
func (d *decoding) check() error {
	draws, beams := d.samples(), d.given.Beams > 1
	switch o := &d.given; {
	case d.greedy && draws != "":
		return usagef("--greedy and --%s: tokens are the likeliest, or drawn; give one of them", draws)
	case d.greedy && beams:
		return usagef("--greedy and --beam %d: give one of them", o.Beams)
	case draws != "" && beams:
		return usagef("--%s and --beam %d: a beam search does not sample; give one of them", draws, o.Beams)
	case d.greedy && o.Return > 1:
		return usagef("--greedy and --n %d: all outputs would be equal", o.Return)
	case slices.Contains(o.StopStrings, ""):
		return usagef("--stop is empty")
	}
	return validText(d.given.StopStrings...)
}

// over is the model's own settings, which a file has, but for what the flags change. The error is one of settings that do not
// go together.
func (d *decoding) over(own task.Decoding, file string) (task.Decoding, error) {
	g, o := &d.given, own
	switch {
	case d.greedy:
		o.Sampling, o.Beams = false, 1
	case d.samples() != "":
		o.Sampling, o.Beams = true, 1
	case g.Beams > 1:
		o.Sampling = false
	}
	for name, set := range map[string]func(){
		"n":                  func() { o.Return = g.Return },
		"max-new-tokens":     func() { o.MaxNewTokens = g.MaxNewTokens },
		"min-new-tokens":     func() { o.MinNewTokens, o.MinLength = g.MinNewTokens, 0 },
		"temperature":        func() { o.Temperature = g.Temperature },
		"top-k":              func() { o.TopK = g.TopK },
		"top-p":              func() { o.TopP = share(g.TopP, true) },
		"min-p":              func() { o.MinP = share(g.MinP, false) },
		"typical-p":          func() { o.TypicalP = share(g.TypicalP, true) },
		"epsilon-cutoff":     func() { o.EpsilonCutoff = share(g.EpsilonCutoff, false) },
		"eta-cutoff":         func() { o.EtaCutoff = share(g.EtaCutoff, false) },
		"beam":               func() { o.Beams = g.Beams },
		"length-penalty":     func() { o.LengthPenalty = &d.penalty },
		"early-stopping":     func() { o.EarlyStopping = earlies[d.early] },
		"repetition-penalty": func() { o.RepetitionPenalty = g.RepetitionPenalty },
		"no-repeat-ngram":    func() { o.NoRepeatNGram = g.NoRepeatNGram },
		"stop":               func() { o.StopStrings = g.StopStrings },
		"seed":               func() { o.Seed = d.seed },
	} {
		if d.changed(name) {
			set()
		}
	}
	if !d.changed("seed") {
		o.Seed = rand.Uint64()
	}
	d.give(&o)
	return o, d.checkModel(&o, file)
}

// give lets settings of the model that no flag has repeated give way to flags.
func (d *decoding) give(o *task.Decoding) {
	if !d.changed("n") && (d.greedy || d.changed("beam") && !o.Sampling) {
		o.Return = min(o.Return, max(o.Beams, 1))
	}
	if !d.changed("min-new-tokens") && d.changed("max-new-tokens") {
		o.MinNewTokens = min(o.MinNewTokens, o.MaxNewTokens)
	}
}

// share is a probability as Options have it: at least [generate.Least], if it is above 0, and 0, which is not applied, of 1
// if that is all.
func share(p float64, isAll bool) float64 {
	switch {
	case p == 1 && isAll:
		return 0
	case p > 0:
		return max(p, generate.Least)
	}
	return 0
}

var earlies = map[string]generate.Early{"true": generate.EarlyTrue, "false": generate.EarlyFalse, "never": generate.EarlyNever}

// checkModel reports settings that do not go together.
func (d *decoding) checkModel(o *task.Decoding, file string) error {
	for _, name := range []string{"length-penalty", "early-stopping"} {
		if d.changed(name) && o.Beams <= 1 {
			return usagef("--%s is for --beam only", name)
		}
	}
	switch {
	case o.Sampling && o.Beams > 1:
		return fmt.Errorf("%s: do_sample with num_beams %d: %w; give --greedy, --beam or a flag of sampling",
			file, o.Beams, model.ErrUnsupported)
	case o.Return > 1 && !o.Sampling && o.Beams <= 1:
		return d.fault(file, "n", o.Return, "all outputs would be equal; give a flag of sampling, such as --temperature 1, or --beam")
	case o.Beams > 1 && o.Return > o.Beams:
		return d.fault(file, "n", o.Return, fmt.Sprintf("want no more than beams (--beam), of which there are %d", o.Beams))
	case o.MaxNewTokens > 0 && o.MinNewTokens > o.MaxNewTokens:
		return d.fault(file, "min-new-tokens", o.MinNewTokens,
			fmt.Sprintf("want no more than an output has at most (--max-new-tokens), which is %d", o.MaxNewTokens))
	}
	return nil
}

// fieldOf is the names of flags in generation_config.json.
var fieldOf = map[string]string{"n": "num_return_sequences", "beam": "num_beams", "min-new-tokens": "min_new_tokens"}

// fault is an error of a flag's value, or of its field's in a file, if the flag was not given.
func (d *decoding) fault(file, flag string, value int, wants string) error {
	if d.changed(flag) {
		return usagef("--%s %d: %s", flag, value, wants)
	}
	return fmt.Errorf("%s: %s is %d: %s", file, fieldOf[flag], value, wants)
}

// checkOn reports settings that are not for this model or for the room that it has.
func (d *decoding) checkOn(g *task.Generator, o task.Decoding) error {
	err := g.Check(o)
	if !errors.Is(err, model.ErrCache) {
		if err != nil {
			err = fmt.Errorf("%s: %w", g.Source(), err)
		}
		return err
	}
	flag, n := "n", o.Return
	if o.Beams > n {
		flag, n = "beam", o.Beams
	}
	if n > mostSequences {
		return d.fault(g.Source(), flag, n, fmt.Sprintf("want no more than %d, the sequences of a text at most", mostSequences))
	}
	return usageError{d.fault(g.Source(), flag, n, fmt.Sprintf("want --batch-tokens %d or more, for so many sequences at once", n))}
}

// room makes room for the sequences of one text.
func (d *decoding) room(c *common) []task.Option {
	const usual = 32
	if n := max(d.given.Return, d.given.Beams); c.tokens == 0 && n > usual {
		return []task.Option{task.BatchTokens(n)}
	}
	return nil
}
