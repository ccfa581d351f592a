package main

// rapt embed: a vector for each text.

import (
	"context"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/rapt-go/rapt/model/task"
)

type embedding struct {
	Text      string `json:"text"`
	Embedding vector `json:"embedding"`
}

type embedRun struct {
	common
	pooling, prompt string
	normalize       bool
}

func embedCommand(a *app) *cobra.Command {
	r := &embedRun{common: common{app: a}}
	cmd := &cobra.Command{
		Use:     "embed [TEXT…]",
		GroupID: groupTasks,
		Short:   "Turn texts into vectors",
		Long: `Turn texts into vectors, as the model's folder says: one of
sentence-transformers has pooling, normalization and prompts; any other encoder
gives the mean of its tokens, not normalized. A text that is too long is cut.

Columns: text, vector (numbers with spaces between them).
` + inputHelp(textSchema),
		Example: `  rapt embed "Call me Ishmael."
  rapt embed --model sentence-transformers/all-MiniLM-L6-v2 --json --file lines.txt
  rapt embed --model ./bert --pooling cls --normalize < lines.txt`,
		RunE: r.run,
	}
	r.taskFlags(cmd)
	choice(cmd, &r.pooling, "pooling", "", "what makes one vector of the tokens, in place of what the model's folder says", "mean", "cls", "max")
	cmd.Flags().BoolVar(&r.normalize, "normalize", false, "scale vectors to unit length, or not if false, in place of what the model's folder says")
	cmd.Flags().StringVar(&r.prompt, "prompt", "", "`NAME` of a prompt of the model to put before every text")
	return cmd
}

func (r *embedRun) run(cmd *cobra.Command, args []string) error {
	in, err := r.input(textSchema, texts(args))
	if err != nil {
		return err
	}
	var opts []task.Option
	if r.pooling != "" {
		opts = append(opts, task.PooledBy(task.Pooling(r.pooling)))
	}
	if cmd.Flags().Changed("normalize") {
		opts = append(opts, task.Normalized(r.normalize))
	}
	prompted := cmd.Flags().Changed("prompt")
	return runner[*task.Embedder, []float32]{
		common: &r.common, name: "embed", open: task.OpenEmbedder, options: opts,
		check: func(e *task.Embedder) error {
			if _, ok := e.Prompts()[r.prompt]; prompted && !ok {
				return usagef("--prompt %q: the model has %q", r.prompt, slices.Sorted(maps.Keys(e.Prompts())))
			}
			return nil
		},
		ask: func(ctx context.Context, e *task.Embedder, rec record) ([]float32, error) {
			if prompted {
				return only(e.EmbedAs(ctx, r.prompt, rec.first))
			}
			return only(e.Embed(ctx, rec.first))
		},
		write: func(o *output, rec record, v []float32) error {
			if o.json {
				return o.object(embedding{rec.first, v})
			}
			return o.columns(rec.first, vector(v).String())
		},
	}.run(cmd.Context(), in)
}

// only is the result of a call for one text.
func only[R any](results []R, err error) (R, error) {
	if err != nil {
		var none R
		return none, err
	}
	return results[0], nil
}
