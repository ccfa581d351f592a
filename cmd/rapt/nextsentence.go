package main

// rapt next-sentence: whether one text follows another.

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/rapt-go/rapt/model/task"
)

type judged struct {
	Text   string `json:"text"`
	Pair   string `json:"pair"`
	IsNext score  `json:"is_next"`
}

type judgeRun struct{ common }

var nextSchema = schema{first: "text", second: "pair", needSecond: true}

func nextSentenceCommand(a *app) *cobra.Command {
	r := &judgeRun{common: common{app: a}}
	cmd := &cobra.Command{
		Use:     "next-sentence [A B]",
		GroupID: groupTasks,
		Short:   "Judge how likely one text follows another",
		Long: `Judge how likely text B follows text A, with a BERT that was trained to tell.

Columns: probability, text, pair.
` + inputHelp(nextSchema),
		Example: `  rapt next-sentence "The LORD is my shepherd; I shall not want." "He leadeth me beside the still waters."
  rapt next-sentence --model google-bert/bert-base-uncased --json --jsonl --file pairs.jsonl`,
		Args: twoTexts,
		RunE: r.run,
	}
	r.taskFlags(cmd)
	r.truncateFlag(cmd)
	return cmd
}

func (r *judgeRun) run(cmd *cobra.Command, args []string) error {
	in, err := r.input(nextSchema, pairOf(args))
	if err != nil {
		return err
	}
	return runner[*task.PairJudge, float64]{
		common: &r.common, name: "next-sentence", open: task.OpenPairJudge,
		ask: func(ctx context.Context, j *task.PairJudge, rec record) (float64, error) {
			return only(j.Judge(ctx, task.Pair(rec.first, rec.second)))
		},
		write: func(o *output, rec record, p float64) error {
			if o.json {
				return o.object(judged{rec.first, rec.second, score(p)})
			}
			return o.columns(decimals(p), rec.first, rec.second)
		},
	}.run(cmd.Context(), in)
}
