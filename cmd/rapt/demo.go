package main

// rapt demo: what the embedded models can do, and how fast this machine is at it.

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rapt-go/rapt/cmd/rapt/embedded"
	"github.com/rapt-go/rapt/model/task"
	"github.com/rapt-go/rapt/model/tokenizer"
)

// examples is the texts of the embedded BERT's expected.json, which come with it.
type examples struct {
	FillMask     []struct{ Text string } `json:"fill_mask"`
	NextSentence []struct{ A, B string } `json:"next_sentence"`
}

func demoCommand(a *app) *cobra.Command {
	c := &common{app: a}
	cmd := &cobra.Command{
		Use:     "demo",
		GroupID: groupTasks,
		Short:   "Show what Rapt does, with the embedded models",
		Long: `Fill masks, judge pairs of sentences and continue texts with the embedded models, a
small BERT and a small GPT-2 that know the King James Bible, and say on which
backend they ran and how fast.`,
		Example: "  rapt demo\n  rapt demo --threads 1",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.demo(cmd.Context()) },
	}
	c.backendFlags(cmd)
	c.quietFlag(cmd)
	c.idleFlags(cmd)
	return cmd
}

// demo opens the embedded BERT twice, for its two heads, and the GPT-2, on one backend.
func (c *common) demo(ctx context.Context) (err error) {
	b, err := c.openBackend()
	if err != nil {
		return err
	}
	opts := append(c.options(b.Backend), task.FromFS(embedded.BERT.FS()), task.TopK(3))
	writes := append(c.options(b.Backend), task.FromFS(embedded.GPT2.FS()))
	closing := []io.Closer{b}
	defer func() {
		if ctx.Err() == nil { // else the process ends; closing would wait for the running batch
			for _, x := range slices.Backward(closing) {
				err = cmp.Or(err, x.Close())
			}
		}
	}()
	filler, err := task.OpenFiller("", opts...)
	if err != nil {
		return err
	}
	closing = append(closing, filler)
	judge, err := task.OpenPairJudge("", opts...)
	if err != nil {
		return err
	}
	closing = append(closing, judge)
	writer, err := task.OpenGenerator("", writes...)
	if err != nil {
		return err
	}
	closing = append(closing, writer)
	return c.show(ctx, b.describe("\n         "), filler, judge, writer)
}

func (c *common) show(ctx context.Context, backend string, filler *task.Filler, judge *task.PairJudge, writer *task.Generator) error {
	x, err := readExamples()
	if err != nil {
		return err
	}
	o := c.output(nil)
	start := time.Now()
	if err := x.fill(ctx, o, filler); err != nil {
		return err
	}
	if err := x.judge(ctx, o, judge); err != nil {
		return err
	}
	if err := continueAll(ctx, o, writer); err != nil {
		return err
	}
	took := time.Since(start)
	if err := o.flush(); err != nil {
		return err
	}
	speed, err := x.speed(ctx, filler)
	if err != nil {
		return err
	}
	fmt.Fprintf(&o.buf, "Backend  %s\nTime     %s for all of the above\nSpeed    %s tokens per second in full batches\n",
		backend, took.Round(100*time.Microsecond), thousands(int64(speed)))
	for _, texts := range []int{1, 8} {
		speed, err := writingSpeed(ctx, writer, texts)
		if err != nil {
			return err
		}
		fmt.Fprintf(&o.buf, "         %s tokens per second written, %s at once\n", thousands(int64(speed)), count(texts, "text"))
	}
	return o.flush()
}

// readExamples reads five texts with masks and three pairs.
func readExamples() (*examples, error) {
	data, err := fs.ReadFile(embedded.BERT.FS(), "expected.json")
	if err != nil {
		return nil, err
	}
	x := &examples{}
	if err := json.Unmarshal(data, x); err != nil {
		return nil, fmt.Errorf("expected.json: %w", err)
	}
	x.FillMask = x.FillMask[:min(5, len(x.FillMask))]
	x.NextSentence = x.NextSentence[:min(3, len(x.NextSentence))]
	return x, nil
}

func (x *examples) masked() []string {
	var texts []string
	for _, f := range x.FillMask {
		texts = append(texts, f.Text)
	}
	return texts
}

// fill shows the texts with their masks' likeliest words.
func (x *examples) fill(ctx context.Context, o *output, f *task.Filler) error {
	fills, err := f.Fill(ctx, x.masked()...)
	if err != nil {
		return err
	}
	fmt.Fprintf(&o.buf, "Which word is masked?\n\n")
	for i, text := range x.masked() {
		fmt.Fprintln(&o.buf, wrap(text, "  ", "    "))
		for _, guesses := range fills[i] {
			for _, g := range guesses {
				fmt.Fprintf(&o.buf, "    %s %-14s %5.1f %%\n", bar(g.Score), g.Token, 100*g.Score)
			}
		}
	}
	return nil
}

// judge shows the pairs with how likely the second text follows the first.
func (x *examples) judge(ctx context.Context, o *output, j *task.PairJudge) error {
	var pairs []task.Text
	for _, p := range x.NextSentence {
		pairs = append(pairs, task.Pair(p.A, p.B))
	}
	likely, err := j.Judge(ctx, pairs...)
	if err != nil {
		return err
	}
	fmt.Fprintf(&o.buf, "\nDoes the second follow the first?\n\n")
	for i, p := range x.NextSentence {
		fmt.Fprintf(&o.buf, "%s\n%s\n    %s %5.1f %%\n", wrap(p.A, "  ", "    "), wrap(p.B, "  ", "    "), bar(likely[i]), 100*likely[i])
	}
	fmt.Fprintln(&o.buf)
	return nil
}

// bar draws a probability.
func bar(p float64) string {
	const width = 20
	n := min(max(int(width*p+0.5), 0), width) // NaN too
	return strings.Repeat("█", n) + strings.Repeat("░", width-n)
}

// speed measures tokens per second: the masked texts over and over in one call, for
// long enough that a clock tick and a cold cache do not count.
func (x *examples) speed(ctx context.Context, f *task.Filler) (float64, error) {
	const copies, long = 16, 500 * time.Millisecond
	t, err := tokenizer.Load(embedded.BERT.FS())
	if err != nil {
		return 0, err
	}
	var texts []string
	tokens := 0
	for _, text := range x.masked() {
		e, err := t.Encode(text, tokenizer.Options{})
		if err != nil {
			return 0, err
		}
		for range copies {
			texts, tokens = append(texts, text), tokens+len(e.IDs)
		}
	}
	start, done := time.Now(), 0
	for done == 0 || time.Since(start) < long {
		if _, err := f.Fill(ctx, texts...); err != nil {
			return 0, err
		}
		done += tokens
	}
	return float64(done) / time.Since(start).Seconds(), nil
}
