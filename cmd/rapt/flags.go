package main

// The flags that several commands share. A flag's value is checked when it is parsed.

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rapt-go/rapt/cmd/rapt/embedded"
	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model/task"
)

// An oneOf is a flag whose value is one of a few words.
type oneOf struct {
	value *string
	words []string
}

func (o oneOf) String() string {
	if o.value == nil { // the zero value, by which the help tells defaults
		return ""
	}
	return *o.value
}

func (o oneOf) Type() string { return "WORD" }

func (o oneOf) Set(s string) error {
	if !slices.Contains(o.words, s) {
		return fmt.Errorf("want %s", alternatives(o.words))
	}
	*o.value = s
	return nil
}

// alternatives is "a, b or c".
func alternatives(words []string) string {
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// choice adds a flag whose value is one of words.
func choice(cmd *cobra.Command, p *string, name, def, usage string, words ...string) {
	*p = def
	cmd.Flags().Var(oneOf{p, words}, name, usage+": "+alternatives(words))
	// An error here is one of a flag that does not exist.
	_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}

// A filled is a flag whose value is not empty, as that of an unset variable is in a
// script.
type filled struct{ value *string }

func (f filled) String() string {
	if f.value == nil {
		return ""
	}
	return *f.value
}

func (f filled) Type() string { return "TEXT" }

func (f filled) Set(s string) error {
	if s == "" {
		return errors.New("it is empty")
	}
	*f.value = s
	return nil
}

// A bounded is a flag whose value is an integer from lo to hi.
type bounded struct {
	value  *int
	lo, hi int
}

func (b bounded) String() string {
	if b.value == nil {
		return "0"
	}
	return strconv.Itoa(*b.value)
}

func (b bounded) Type() string { return "N" }

func (b bounded) Set(s string) error {
	n, err := strconv.Atoi(s)
	if err != nil || n < b.lo || n > b.hi {
		return fmt.Errorf("want an integer from %d to %d", b.lo, b.hi)
	}
	*b.value = n
	return nil
}

// most bounds sizes: no model reads so many tokens, and no list is so long.
const most = 1 << 24

// A commas is a flag whose value is texts with commas between them; each use adds some.
type commas struct{ value *[]string }

func (c commas) String() string {
	if c.value == nil {
		return ""
	}
	return strings.Join(*c.value, ",")
}

func (c commas) Type() string { return "TEXT" }

func (c commas) Set(s string) error {
	*c.value = append(*c.value, strings.Split(s, ",")...)
	return nil
}

// flagError is what is wrong with a flag, as a usage error.
func flagError(_ *cobra.Command, err error) error {
	if number, ok := errors.AsType[*strconv.NumError](err); ok { // of a switch: numbers have messages of their own
		err = errors.New(strings.Replace(err.Error(), number.Error(), "want true or false", 1))
	}
	return usageError{err}
}

// A real is a flag whose value is one of some numbers.
type real struct {
	value *float64
	want  string
	fits  func(float64) bool
}

func (r real) String() string {
	if r.value == nil {
		return "0"
	}
	return strconv.FormatFloat(*r.value, 'g', -1, 64)
}

func (r real) Type() string { return "X" }

func (r real) Set(s string) error {
	x, err := strconv.ParseFloat(s, 64)
	if err != nil || !r.fits(x) {
		return errors.New("want " + r.want)
	}
	*r.value = x
	return nil
}

// number adds a flag whose value is an integer from lo to hi.
func number(cmd *cobra.Command, p *int, name string, def, lo, hi int, usage string) {
	*p = def
	cmd.Flags().Var(bounded{p, lo, hi}, name, usage)
}

// common is the values of the flags that several commands have, and the app.
type common struct {
	*app
	model     string
	embedded  embedded.Model // in place of a model; empty means the BERT
	backend   string
	threads   int
	precision string
	tokens    int    // of a batch
	longer    string // what helps with texts that are too long
	fewer     string // what helps where there is no room for what they ask for
	truncate  bool
	file      string
	jsonl     bool
	json      bool
	quiet     bool
	live      bool // results are shown while they come: no bar
}

// quietFlag adds --quiet.
func (c *common) quietFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVarP(&c.quiet, "quiet", "q", false, "write nothing to standard error but errors")
}

// modelFlag adds --model.
func (c *common) modelFlag(cmd *cobra.Command, usage string) {
	cmd.Flags().VarP(filled{&c.model}, "model", "m", usage)
	_ = cmd.MarkFlagDirname("model")
}

const modelUsage = "`DIR` of the model, or its name in the local Hugging Face cache"

// outputFlags adds what shapes the output.
func (c *common) outputFlags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&c.json, "json", false, "write one JSON object a line, in place of columns")
	c.quietFlag(cmd)
}

// inputFlags adds where texts come from.
func (c *common) inputFlags(cmd *cobra.Command) {
	cmd.Flags().VarP(filled{&c.file}, "file", "f", "read `FILE`, or standard input if it is -")
	cmd.Flags().BoolVar(&c.jsonl, "jsonl", false, "read one JSON object a line, in place of text")
}

// backendFlags adds what says how a model runs.
func (c *common) backendFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	c.backend = "auto"
	f.Var(filled{&c.backend}, "backend", "`NAME` of the backend: auto, cpu, cuda, cuda:N, sim or sim:sm_80")
	number(cmd, &c.threads, "threads", 0, 0, 1024, "threads of the CPU; 0 means all that the process may use")
	choice(cmd, &c.precision, "precision", "auto", "how weights are held and multiplied", "auto", "f32", "fast", "bf16", "f16", "int8")
	number(cmd, &c.tokens, "batch-tokens", 0, 0, most, "tokens of a batch at most; 0 means the usual")
	_ = cmd.RegisterFlagCompletionFunc("backend",
		cobra.FixedCompletions([]cobra.Completion{"auto", "cpu", "cuda", "sim"}, cobra.ShellCompDirectiveNoFileComp))
}

// taskFlags adds all flags of a command that runs a model on texts.
func (c *common) taskFlags(cmd *cobra.Command) {
	c.modelFlag(cmd, modelUsage)
	c.inputFlags(cmd)
	c.outputFlags(cmd)
	c.backendFlags(cmd)
}

// commonNames are the flags that every command has.
var commonNames = []string{"model", "backend", "threads", "precision", "json", "file", "jsonl", "batch-tokens", "quiet"}

// idleFlags adds those of the common flags that cmd does not have, for they mean nothing
// to it: it takes them all the same, so that one list of flags fits every command, checks
// their values, and says what it did not use.
func (c *common) idleFlags(cmd *cobra.Command) {
	every := &cobra.Command{}
	(&common{app: c.app}).taskFlags(every)
	var idle []string
	for _, name := range commonNames {
		if cmd.Flags().Lookup(name) != nil {
			continue
		}
		f := every.Flags().Lookup(name)
		f.Usage, f.DefValue = "has no meaning for "+cmd.Name(), "" // without its default
		cmd.Flags().AddFlag(f)
		idle = append(idle, name)
	}
	cmd.PreRun = func(*cobra.Command, []string) {
		for _, name := range idle {
			if cmd.Flags().Changed(name) {
				c.note("--%s has no meaning for %s", name, cmd.Name())
			}
		}
	}
}

// truncateFlag adds --truncate.
func (c *common) truncateFlag(cmd *cobra.Command) {
	c.longer = "--truncate cuts such texts"
	cmd.Flags().BoolVar(&c.truncate, "truncate", false, "cut what is too long for the model, in place of an error")
}

// options is what the flags say to a task.
func (c *common) options(b gpu.Backend) []task.Option {
	o := []task.Option{task.On(b), task.BatchTokens(c.tokens)}
	if c.truncate {
		o = append(o, task.Truncate())
	}
	switch c.precision {
	case "f32":
		o = append(o, task.As(gpu.F32, gpu.Native))
	case "fast":
		o = append(o, task.As(gpu.F32, gpu.Fast))
	case "bf16":
		o = append(o, task.As(gpu.BF16, gpu.Native))
	case "f16":
		o = append(o, task.As(gpu.F16, gpu.Native))
	case "int8":
		o = append(o, task.As(gpu.F32, gpu.Q8))
	}
	return o
}
