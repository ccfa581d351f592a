package main

// rapt generate: texts continued.

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/rapt-go/rapt/cmd/rapt/embedded"
	"github.com/rapt-go/rapt/model/task"
)

type generated struct {
	Prompt  string         `json:"prompt"`
	Outputs []continuation `json:"outputs"`
}

type continuation struct {
	Text   string  `json:"text"`
	IDs    []int32 `json:"ids"`
	Score  score   `json:"score"`
	Finish string  `json:"finish"`
}

type generateRun struct {
	common
	decoding
	stream bool
	how    task.Decoding
}

func generateCommand(a *app) *cobra.Command {
	r := &generateRun{common: common{app: a, embedded: embedded.GPT2,
		fewer: "fewer outputs (--n), beams (--beam) or tokens (--max-new-tokens) take less"}}
	cmd := &cobra.Command{
		Use:     "generate [PROMPT…]",
		GroupID: groupTasks,
		Short:   "Continue texts",
		Long: `Continue texts, prompts, with a decoder such as GPT-2. Without flags it decodes as
the model's generation_config.json says: mostly greedily, the likeliest token each
time. The flags of sampling (--seed to --eta-cutoff) draw tokens, --beam searches.
An empty prompt begins with the model's first token.

Columns: score, finish, prompt, text. The score is the sum of the log-probabilities
of the text's tokens, of a beam search over length to the power of --length-penalty;
finish says why the text ends: eos, length or stop.

On a terminal, and with --stream, prompts and texts are written as they come, with
an empty line between outputs; with --json a token is an object, whose index counts
the outputs of all prompts.
` + inputHelp(textSchema),
		Example: `  rapt generate "In the beginning"
  rapt generate --temperature 0.8 --top-k 40 --seed 7 --n 3 "And Jesus answered"
  rapt generate --model openai-community/gpt2 --beam 4 --max-new-tokens 40 --json --file prompts.txt`,
		RunE: r.run,
	}
	r.taskFlags(cmd)
	r.decoding.addTo(cmd)
	cmd.Flags().Lookup("batch-tokens").Usage = "outputs written at once at most, each of which takes a token of a batch; 0 means 32"
	cmd.Flags().BoolVar(&r.stream, "stream", false, "write tokens as they come; on a terminal, without --json, even if it is not given")
	return cmd
}

func (r *generateRun) run(cmd *cobra.Command, args []string) error {
	if err := r.decoding.check(); err != nil {
		return err
	}
	in, err := r.input(textSchema, texts(args))
	if err != nil {
		return err
	}
	if r.stream || !cmd.Flags().Changed("stream") && !r.json && isTerminal(r.stdout) {
		r.live = true
		s := &streaming{generateRun: r, ctx: cmd.Context()}
		return runner[*task.Generator, *pieces]{
			common: &r.common, name: "generate", open: task.OpenGenerator, options: r.room(&r.common),
			check: r.settle, ask: s.ask, write: s.write,
		}.run(cmd.Context(), in)
	}
	return runner[*task.Generator, []task.Output]{
		common: &r.common, name: "generate", open: task.OpenGenerator, options: r.room(&r.common),
		check: r.settle,
		ask: func(ctx context.Context, g *task.Generator, rec record) ([]task.Output, error) {
			return only(g.Generate(ctx, r.how, rec.first))
		},
		write: writeGenerated,
	}.run(cmd.Context(), in)
}

// settle decides how to decode, which the model has a say in.
func (r *generateRun) settle(g *task.Generator) (err error) {
	if r.how, err = r.over(g.Defaults(), g.Source()); err != nil {
		return err
	}
	if err := r.checkOn(g, r.how); err != nil {
		return err
	}
	if r.how.Sampling && !r.changed("seed") {
		r.note("seed: %d", r.how.Seed)
	}
	return nil
}

func writeGenerated(o *output, rec record, outputs []task.Output) error {
	v := generated{rec.first, []continuation{}}
	for _, x := range outputs {
		v.Outputs = append(v.Outputs, continuation{x.Text, list(x.IDs), score(x.Score), x.Finish.String()})
	}
	if o.json {
		return o.object(v)
	}
	for _, x := range v.Outputs {
		if err := o.columns(decimals(x.Score), x.Finish, rec.first, x.Text); err != nil {
			return err
		}
	}
	return nil
}
