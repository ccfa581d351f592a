package main

// rapt rerank: which texts answer a query best.

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/rapt-go/rapt/model/task"
)

type rankedText struct {
	Query string `json:"query"`
	Text  string `json:"text"`
	Index int    `json:"index"`
	Score any    `json:"score"` // a score, or with --raw a single
}

type rerankRun struct {
	common
	query string
	topK  int
	raw   bool
}

var rerankSchema = schema{first: "query", list: "texts"}

func rerankCommand(a *app) *cobra.Command {
	r := &rerankRun{common: common{app: a}}
	cmd := &cobra.Command{
		Use:     "rerank [QUERY TEXT…]",
		GroupID: groupTasks,
		Short:   "Rank texts by how well they answer a query",
		Long: `Rank texts by how well they answer a query, with a cross-encoder: a model that
reads query and text together. What is too long is cut.

Columns: score, index of the text from 0, text, query; best first. All texts of a
query are kept in memory.

With --query every argument is a text; without arguments every line of --file or of
standard input is one, an empty line an empty text. With --jsonl a line is an object
with "query" and "texts", and has a ranking of its own.` + escapeHelp,
		Example: `  rapt rerank --model ./reranker "where do swans sleep" "Swans rest on water." "Taxes are due."
  rapt rerank --model cross-encoder/ms-marco-MiniLM-L6-v2 --query "swans" --file texts.txt --top-k 3`,
		RunE: r.run,
	}
	r.taskFlags(cmd)
	cmd.Flags().StringVar(&r.query, "query", "", "`TEXT` that the texts are to answer")
	number(cmd, &r.topK, "top-k", 0, 0, most, "texts for each query; 0 means all")
	cmd.Flags().BoolVar(&r.raw, "raw", false, "give the model's logit in place of the score")
	return cmd
}

func (r *rerankRun) run(cmd *cobra.Command, args []string) error {
	if err := r.needModel("a cross-encoder: a sequence classifier of one label"); err != nil {
		return err
	}
	queried := cmd.Flags().Changed("query")
	switch {
	case r.jsonl && queried:
		return usagef("--query and --jsonl: each line has its query; give one of them")
	case !queried && len(args) == 1:
		return usagef("no text after the query; to read texts from a file, give --query QUERY --file FILE")
	case !queried && len(args) == 0 && !r.jsonl:
		return usagef("no query: give QUERY TEXT…, or --query QUERY")
	case !queried && len(args) > 0:
		r.query, args = args[0], args[1:]
	}
	if r.jsonl {
		return r.rankLists(cmd.Context(), args)
	}
	return r.rankAll(cmd.Context(), args)
}

// rankLists ranks the texts of each record.
func (r *rerankRun) rankLists(ctx context.Context, args []string) error {
	in, err := r.input(rerankSchema, texts(args))
	if err != nil {
		return err
	}
	return runner[*task.Reranker, []task.Ranked]{
		common: &r.common, name: "rerank", open: task.OpenReranker,
		ask: func(ctx context.Context, t *task.Reranker, rec record) ([]task.Ranked, error) {
			return t.Rerank(ctx, rec.first, rec.list...)
		},
		write: r.write,
	}.run(ctx, in)
}

// rankAll ranks all records, each a text, by the one query.
func (r *rerankRun) rankAll(ctx context.Context, args []string) error {
	in, err := r.input(textSchema, texts(args))
	if err != nil {
		return err
	}
	if err := validText(r.query); err != nil {
		return at("query", err)
	}
	all := record{first: r.query}
	var ranking []task.Ranked
	err = runner[*task.Reranker, []task.Ranked]{
		common: &r.common, name: "rerank", open: task.OpenReranker,
		ask: func(ctx context.Context, t *task.Reranker, rec record) ([]task.Ranked, error) {
			return t.Rerank(ctx, r.query, rec.first)
		},
		write: func(_ *output, rec record, x []task.Ranked) error {
			x[0].Index = len(all.list)
			all.list, ranking = append(all.list, rec.first), append(ranking, x[0])
			return nil
		},
	}.run(ctx, in)
	if err != nil {
		return err
	}
	slices.SortStableFunc(ranking, func(a, b task.Ranked) int { return cmp.Compare(b.Logit, a.Logit) }) // NaN last
	o := r.output(nil)
	if err := r.write(o, all, ranking); err != nil {
		return err
	}
	return o.flush()
}

func (r *rerankRun) write(o *output, rec record, ranking []task.Ranked) error {
	if r.topK > 0 {
		ranking = ranking[:min(r.topK, len(ranking))]
	}
	for _, x := range ranking {
		var value any = score(x.Score)
		column := decimals(x.Score)
		if r.raw {
			value, column = single(x.Logit), decimals(x.Logit)
		}
		text := rec.list[x.Index]
		var err error
		if o.json {
			err = o.object(rankedText{rec.first, text, x.Index, value})
		} else {
			err = o.columns(column, strconv.Itoa(x.Index), text, rec.first)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
