package main

// rapt tokenize: texts to tokens, and ids back to text.

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rapt-go/rapt/model/task"
	"github.com/rapt-go/rapt/model/tokenizer"
)

type tokenized struct {
	Text string  `json:"text"`
	Pair *string `json:"pair,omitempty"`
	window
	Overflow []window `json:"overflow"`
}

// A window is the tokens of a text, or of as much of it as fits.
type window struct {
	IDs     []int32    `json:"ids"`
	Tokens  []string   `json:"tokens"`
	Offsets [][2]int32 `json:"offsets"` // code points
	Types   []int32    `json:"types"`
	Special []int      `json:"special"` // 1 for what the tokenizer adds
}

type decoded struct {
	IDs  []int32 `json:"ids"`
	Text string  `json:"text"`
}

type tokenizeRun struct {
	common
	pair     string
	paired   bool
	decode   bool
	strategy string
	how      tokenizer.Options
}

func tokenizeCommand(a *app) *cobra.Command {
	r := &tokenizeRun{common: common{app: a}}
	cmd := &cobra.Command{
		Use:     "tokenize [TEXT…]",
		GroupID: groupTools,
		Short:   "Turn texts into tokens, or ids into text",
		Long: `Turn texts into the tokens of a model, or with --decode ids into text. The folder
needs no more than the files of a tokenizer. Offsets count code points of the text.

Columns: tokens and ids, with spaces between them; a line for each window of a text
that is cut (--max-length). With --decode: text, ids.
` + inputHelp(pairSchema) + `

With --decode the arguments are the ids of one text, and a line has those of one.`,
		Example: `  rapt tokenize "In the beginning"
  rapt tokenize --model google-bert/bert-base-uncased --json --max-length 128 --stride 32 --file lines.txt
  rapt tokenize --decode 2 85 68 1753 3`,
		RunE: r.run,
	}
	r.modelFlag(cmd, modelUsage)
	r.inputFlags(cmd)
	r.outputFlags(cmd)
	f := cmd.Flags()
	f.StringVar(&r.pair, "pair", "", "second `TEXT` of every text; a JSON line may have another")
	f.BoolVar(&r.decode, "decode", false, "turn ids into text")
	f.BoolVar(&r.how.NoSpecial, "no-special", false, "add no special tokens; with --decode leave them out")
	number(cmd, &r.how.MaxLength, "max-length", 0, 0, most, "tokens of a window at most; 0 means that nothing is cut")
	number(cmd, &r.how.Stride, "stride", 0, 0, most, "tokens that windows share")
	choice(cmd, &r.strategy, "strategy", tokenizer.LongestFirst.String(), "which text of a pair is cut", strategyNames()...)
	r.idleFlags(cmd)
	return cmd
}

// strategies are those that there are, in the order of their values.
var strategies = []tokenizer.Strategy{tokenizer.LongestFirst, tokenizer.OnlyFirst, tokenizer.OnlySecond}

func strategyNames() []string {
	names := make([]string, len(strategies))
	for i, s := range strategies {
		names[i] = s.String()
	}
	return names
}

func (r *tokenizeRun) run(cmd *cobra.Command, args []string) error {
	r.paired = cmd.Flags().Changed("pair")
	if err := r.checkFlags(cmd); err != nil {
		return err
	}
	for _, s := range strategies {
		if s.String() == r.strategy {
			r.how.Strategy = s
		}
	}
	records := texts(args)
	if r.decode && len(args) > 0 {
		records = []record{{where: argument(0), first: strings.Join(args, " ")}}
	}
	in, err := r.input(pairSchema, records)
	if err != nil {
		return err
	}
	defer in.close()
	t, err := r.tokenizer()
	if err != nil {
		return err
	}
	if r.decode {
		return process(cmd.Context(), &r.common, "tokenize", in,
			func(_ context.Context, rec record) (decoded, error) { return r.decodeIDs(t, rec) }, writeDecoded)
	}
	return process(cmd.Context(), &r.common, "tokenize", in,
		func(_ context.Context, rec record) (tokenizer.Encoding, error) { return r.encode(t, rec) }, r.write)
}

// checkFlags reports flags that do not go together.
func (r *tokenizeRun) checkFlags(cmd *cobra.Command) error {
	if r.decode {
		for _, name := range []string{"pair", "max-length", "stride", "strategy", "jsonl"} {
			if cmd.Flags().Changed(name) {
				return usagef("--%s has no meaning with --decode", name)
			}
		}
	}
	if r.how.Stride > 0 && r.how.Stride >= r.how.MaxLength {
		return usagef("--stride %d: want less than --max-length, which is %d", r.how.Stride, r.how.MaxLength)
	}
	return validText(r.pair)
}

// tokenizer loads the tokenizer of the model.
func (c *common) tokenizer() (*tokenizer.Tokenizer, error) {
	dir, fsys, err := c.folder()
	if err != nil {
		return nil, err
	}
	var opts []task.Option
	if fsys != nil {
		opts = append(opts, task.FromFS(fsys))
	}
	return task.OpenTokenizer(dir, opts...)
}

// second is the second text of a record: its own, or that of --pair.
func (r *tokenizeRun) second(rec record) *string { return secondOf(rec, r.paired, &r.pair) }

func (r *tokenizeRun) encode(t *tokenizer.Tokenizer, rec record) (e tokenizer.Encoding, err error) {
	if second := r.second(rec); second != nil {
		e, err = t.EncodePair(rec.first, *second, r.how)
	} else {
		e, err = t.Encode(rec.first, r.how)
	}
	return e, at(rec.where, err)
}

func (r *tokenizeRun) write(o *output, rec record, e tokenizer.Encoding) error {
	if !o.json {
		err := writeWindow(o, &e)
		for i := 0; i < len(e.Overflow) && err == nil; i++ {
			err = writeWindow(o, &e.Overflow[i])
		}
		return err
	}
	v := tokenized{Text: rec.first, Pair: r.second(rec), window: windowOf(&e), Overflow: []window{}}
	for i := range e.Overflow {
		v.Overflow = append(v.Overflow, windowOf(&e.Overflow[i]))
	}
	return o.object(v)
}

func writeWindow(o *output, e *tokenizer.Encoding) error {
	return o.columns(strings.Join(e.Tokens(), " "), joinIDs(e.IDs))
}

func windowOf(e *tokenizer.Encoding) window {
	w := window{IDs: list(e.IDs), Tokens: list(e.Tokens()), Offsets: [][2]int32{}, Types: list(e.Types), Special: []int{}}
	for i, s := range e.CharOffsets() {
		special := 0
		if e.Special(i) {
			special = 1
		}
		w.Offsets, w.Special = append(w.Offsets, [2]int32{s.Start, s.End}), append(w.Special, special)
	}
	return w
}

// decodeIDs turns the ids of a record, with spaces between them, into text.
func (r *tokenizeRun) decodeIDs(t *tokenizer.Tokenizer, rec record) (decoded, error) {
	v := decoded{IDs: []int32{}}
	for _, field := range strings.Fields(rec.first) {
		id, err := strconv.ParseInt(field, 10, 32)
		if err != nil || id < 0 {
			return v, at(rec.where, fmt.Errorf("%q is no id: want integers from 0", field))
		}
		v.IDs = append(v.IDs, int32(id))
	}
	v.Text = t.Decode(v.IDs, tokenizer.DecodeOptions{SkipSpecial: r.how.NoSpecial})
	return v, nil
}

func writeDecoded(o *output, _ record, v decoded) error {
	if o.json {
		return o.object(v)
	}
	return o.columns(v.Text, joinIDs(v.IDs))
}

func joinIDs(ids []int32) string {
	s := make([]string, len(ids))
	for i, id := range ids {
		s[i] = strconv.Itoa(int(id))
	}
	return strings.Join(s, " ")
}
