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
	number(cmd, &o.MaxNewTokens, "max-new-tokens", 0, 1, most, fmt.Sprintf("tokens of an output at most (default the model's own, else %d)", task.DefaultNewTokens))
	number(cmd, &o.MinNewTokens, "min-new-tokens", 0, 0, most, "tokens of an output at least")
	f.BoolVar(&d.greedy, "greedy", false, "take the likeliest token each time, whatever the model's own settings are")
	f.Var(seed{&d.seed}, "seed", "sample, and draw the same each time (default another each time)")
	share := func(p *float64, name, usage string, above bool) { f.Var(real{p, 0, 1, above}, name, usage) }
	f.Var(real{&o.Temperature, 0, math.MaxFloat32, true}, "temperature", "sample, with logits divided by this")
	number(cmd, &o.TopK, "top-k", 0, 0, most, "sample from so many of the likeliest tokens; 0 means all")
	share(&o.TopP, "top-p", "sample from the likeliest tokens that make up this probability", true)
	share(&o.MinP, "min-p", "sample from tokens that have this share of the likeliest one's probability", false)
	share(&o.TypicalP, "typical-p", "sample from the most typical tokens that make up this probability", true)
	share(&o.EpsilonCutoff, "epsilon-cutoff", "sample from tokens that are at least as probable", false)
	share(&o.EtaCutoff, "eta-cutoff", "sample from tokens that are at least as probable, or less where the entropy is high", false)
	number(cmd, &o.Beams, "beam", 1, 1, mostSequences, "beams of a beam search, if above 1")
	f.Var(real{&d.penalty, -math.MaxFloat32, math.MaxFloat32, false}, "length-penalty", "exponent of the length that scores of beams are divided by (default 1)")
	choice(cmd, &d.early, "early-stopping", "false", "whether a beam search ends with as many outputs as beams", "true", "false", "never")
	f.Var(real{&o.RepetitionPenalty, 0, math.MaxFloat32, true}, "repetition-penalty", "divides logits of tokens that are there already, if above 1 (default 1)")
	number(cmd, &o.NoRepeatNGram, "no-repeat-ngram", 0, 0, most, "let no sequence of so many tokens come twice; 0 means any may")
	f.StringArrayVar(&o.StopStrings, "stop", nil, "`TEXT` that ends an output; may be given several times")
	for _, name := range ownDefaults {
		f.Lookup(name).DefValue = ""
	}
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

// over is the model's own settings but for what the flags change. The error is one of flags that the model's settings do
// not go together with.
func (d *decoding) over(own task.Decoding) (task.Decoding, error) {
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
		"top-p":              func() { o.TopP = share(g.TopP) },
		"min-p":              func() { o.MinP = g.MinP },
		"typical-p":          func() { o.TypicalP = share(g.TypicalP) },
		"epsilon-cutoff":     func() { o.EpsilonCutoff = g.EpsilonCutoff },
		"eta-cutoff":         func() { o.EtaCutoff = g.EtaCutoff },
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
	return o, d.checkModel(&o)
}

// share is 0, which is not applied, of all.
func share(p float64) float64 {
	if p == 1 {
		return 0
	}
	return p
}

var earlies = map[string]generate.Early{"true": generate.EarlyTrue, "false": generate.EarlyFalse, "never": generate.EarlyNever}

// checkModel reports flags that the model's own settings do not go together with.
func (d *decoding) checkModel(o *task.Decoding) error {
	for _, name := range []string{"length-penalty", "early-stopping"} {
		if d.changed(name) && o.Beams <= 1 {
			return usagef("--%s is for --beam only", name)
		}
	}
	switch {
	case o.Return > 1 && !o.Sampling && o.Beams <= 1:
		return usagef("--n %d: all outputs would be equal; give a flag of sampling, such as --temperature 1, or --beam", o.Return)
	case o.Beams > 1 && o.Return > o.Beams:
		return usagef("--n %d: want no more than --beam, which is %d", o.Return, o.Beams)
	case o.MaxNewTokens > 0 && o.MinNewTokens > o.MaxNewTokens:
		return usagef("--min-new-tokens %d: want no more than --max-new-tokens, which is %d", o.MinNewTokens, o.MaxNewTokens)
	}
	return nil
}

// room makes room for the sequences of one text.
func (d *decoding) room(c *common) []task.Option {
	const usual = 32
	if n := max(d.given.Return, d.given.Beams); c.tokens == 0 && n > usual {
		return []task.Option{task.BatchTokens(n)}
	}
	return nil
}
