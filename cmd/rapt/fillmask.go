package main

// rapt fill-mask: the likeliest words for the masks of a text.

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/rapt-go/rapt/model/task"
)

type filledText struct {
	Text  string   `json:"text"`
	Masks [][]fill `json:"masks"`
}

type fill struct {
	ID       int32  `json:"id"`
	Token    string `json:"token"`
	Score    single `json:"score"`
	Sequence string `json:"sequence"`
}

type fillRun struct {
	common
	topK int
}

func fillMaskCommand(a *app) *cobra.Command {
	r := &fillRun{common: common{app: a}}
	cmd := &cobra.Command{
		Use:     "fill-mask [TEXT…]",
		GroupID: groupTasks,
		Short:   "Guess the masked words of texts",
		Long: `Guess the words behind the masks of texts. The mask is written as the model
knows it, [MASK] for BERT and <mask> for RoBERTa. Where a text has several,
each guess fills one of them.

Columns: score, token, number of the mask, the text with the mask filled.
` + inputHelp(textSchema),
		Example: `  rapt fill-mask "In the beginning God created the [MASK] and the earth."
  rapt fill-mask --model google-bert/bert-base-uncased --top-k 3 --json --file lines.txt`,
		RunE: r.run,
	}
	r.taskFlags(cmd)
	r.truncateFlag(cmd)
	number(cmd, &r.topK, "top-k", 5, 1, most, "guesses for each mask")
	return cmd
}

func (r *fillRun) run(cmd *cobra.Command, args []string) error {
	in, err := r.input(textSchema, texts(args))
	if err != nil {
		return err
	}
	return runner[*task.Filler, [][]task.Fill]{
		common: &r.common, name: "fill-mask",
		open: task.OpenFiller, options: []task.Option{task.TopK(r.topK)},
		ask: func(ctx context.Context, f *task.Filler, rec record) ([][]task.Fill, error) {
			return only(f.Fill(ctx, rec.first))
		},
		write: writeFills,
	}.run(cmd.Context(), in)
}

func writeFills(o *output, rec record, masks [][]task.Fill) error {
	v := filledText{rec.first, make([][]fill, len(masks))}
	for i, fills := range masks {
		for _, f := range fills {
			v.Masks[i] = append(v.Masks[i], fill{f.ID, f.Token, single(f.Score), f.Sequence})
			if o.json {
				continue
			}
			if err := o.columns(decimals(f.Score), f.Token, strconv.Itoa(i+1), f.Sequence); err != nil {
				return err
			}
		}
	}
	if o.json {
		return o.object(v)
	}
	return nil
}
