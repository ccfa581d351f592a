package main

// rapt tag: names and other entities in texts.

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/rapt-go/rapt/model/task"
)

type tagged struct {
	Text     string `json:"text"`
	Entities any    `json:"entities"` // []group, or without aggregation []taggedToken
}

type group struct {
	Group string `json:"entity_group"`
	Score score  `json:"score"`
	Word  string `json:"word"`
	Start int    `json:"start"`
	End   int    `json:"end"`
}

type taggedToken struct {
	Entity string `json:"entity"`
	Score  score  `json:"score"`
	Index  int    `json:"index"`
	Word   string `json:"word"`
	Start  int    `json:"start"`
	End    int    `json:"end"`
}

type tagRun struct {
	common
	aggregation string
}

func tagCommand(a *app) *cobra.Command {
	r := &tagRun{common: common{app: a}}
	cmd := &cobra.Command{
		Use:     "tag [TEXT…]",
		GroupID: groupTasks,
		Short:   "Find names and other entities in texts",
		Long: `Find entities in texts, with a model that classifies tokens.

Columns: score, entity, start, end, word, text; start and end count code points of
the text. A text without entities has no line.
` + inputHelp(textSchema),
		Example: `  rapt tag --model dslim/bert-base-NER "Anna Berg flew from Oslo to New Zealand."
  rapt tag --model ./ner --aggregation first --json --file lines.txt`,
		RunE: r.run,
	}
	r.taskFlags(cmd)
	r.truncateFlag(cmd)
	choice(cmd, &r.aggregation, "aggregation", string(task.Simple), "how the labels of tokens become entities",
		string(task.Simple), string(task.NoAggregation), string(task.FirstToken), string(task.AverageToken), string(task.MaxToken))
	return cmd
}

func (r *tagRun) run(cmd *cobra.Command, args []string) error {
	if err := r.needModel("a token classifier, as of class BertForTokenClassification"); err != nil {
		return err
	}
	in, err := r.input(textSchema, texts(args))
	if err != nil {
		return err
	}
	return runner[*task.Tagger, []task.Entity]{
		common: &r.common, name: "tag", open: task.OpenTagger,
		ask: func(ctx context.Context, t *task.Tagger, rec record) ([]task.Entity, error) {
			return only(t.Tag(ctx, task.Aggregation(r.aggregation), rec.first))
		},
		write: r.write,
	}.run(cmd.Context(), in)
}

func (r *tagRun) write(o *output, rec record, entities []task.Entity) error {
	if o.json {
		return o.object(tagged{rec.first, r.entities(entities)})
	}
	for _, e := range entities {
		err := o.columns(decimals(e.Score), e.Label, strconv.Itoa(e.Start), strconv.Itoa(e.End), e.Word, rec.first)
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *tagRun) entities(entities []task.Entity) any {
	groups, tokens := []group{}, []taggedToken{}
	for _, e := range entities {
		groups = append(groups, group{e.Label, score(e.Score), e.Word, e.Start, e.End})
		tokens = append(tokens, taggedToken{e.Label, score(e.Score), e.Index, e.Word, e.Start, e.End})
	}
	if r.aggregation == string(task.NoAggregation) {
		return tokens
	}
	return groups
}
