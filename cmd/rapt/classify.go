package main

// rapt classify: labels for texts, the model's own or any.

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rapt-go/rapt/model/task"
)

type classified struct {
	Text   string  `json:"text"`
	Pair   *string `json:"pair,omitempty"`
	Labels []label `json:"labels"`
}

type valued struct {
	Text  string  `json:"text"`
	Pair  *string `json:"pair,omitempty"`
	Value score   `json:"value"`
}

type label struct {
	Label string `json:"label"`
	Score score  `json:"score"`
}

type classifyRun struct {
	common
	pair   string
	paired bool
	topK   int
	zero   task.ZeroShot
}

var pairSchema = schema{first: "text", second: "pair"}

func classifyCommand(a *app) *cobra.Command {
	r := &classifyRun{common: common{app: a}}
	cmd := &cobra.Command{
		Use:     "classify [TEXT…]",
		GroupID: groupTasks,
		Short:   "Label texts, or pairs of texts",
		Long: `Label texts or pairs of texts with the labels of a model, or with any labels by
a model of natural-language inference (--zero-shot). A model of regression gives a
value in place of labels.

Columns: score, label, text, and if there is one the pair; likeliest first. Of a
regression: value, text, pair.
` + inputHelp(pairSchema),
		Example: `  rapt classify --model ./sentiment "I like it." "I do not."
  rapt classify --model ./nli --pair "Somebody sleeps." "A man sleeps."
  rapt classify --model ./nli --zero-shot sport,politics --multi-label --json --file news.txt`,
		RunE: r.run,
	}
	r.taskFlags(cmd)
	f := cmd.Flags()
	f.StringVar(&r.pair, "pair", "", "second `TEXT` of every text; a JSON line may have another")
	number(cmd, &r.topK, "top-k", 0, 0, most, "labels for each text; 0 means all")
	r.truncateFlag(cmd)
	f.Var(commas{&r.zero.Labels}, "zero-shot", "`LABELS` with commas between them that the model was not trained on")
	f.StringVar(&r.zero.Template, "template", task.DefaultTemplate, "`TEXT` that is asked of each zero-shot label, which takes the place of {}")
	f.BoolVar(&r.zero.MultiLabel, "multi-label", false, "several zero-shot labels may hold")
	return cmd
}

func (r *classifyRun) run(cmd *cobra.Command, args []string) error {
	if err := r.needModel("a sequence classifier, as of class BertForSequenceClassification"); err != nil {
		return err
	}
	r.paired = cmd.Flags().Changed("pair")
	if err := cmp.Or(r.checkZeroShot(cmd), validText(r.pair)); err != nil {
		return err
	}
	k := runner[*task.Classifier, task.Classification]{
		common: &r.common, name: "classify", open: task.OpenClassifier, ask: r.ask, write: r.write,
	}
	records := pairSchema
	if len(r.zero.Labels) > 0 {
		records, k.ask = textSchema, r.askZeroShot
	}
	in, err := r.input(records, texts(args))
	if err != nil {
		return err
	}
	return k.run(cmd.Context(), in)
}

// checkZeroShot reports flags that do not go together.
func (r *classifyRun) checkZeroShot(cmd *cobra.Command) error {
	zero := cmd.Flags().Changed("zero-shot")
	for i, l := range r.zero.Labels {
		r.zero.Labels[i] = strings.TrimSpace(l)
	}
	switch {
	case !zero && cmd.Flags().Changed("template"):
		return usagef("--template is for --zero-shot only")
	case !zero && r.zero.MultiLabel:
		return usagef("--multi-label is for --zero-shot only")
	case zero && r.paired:
		return usagef("--pair and --zero-shot: a label is what the text is paired with; give one of them")
	case zero && (len(r.zero.Labels) == 0 || slices.Contains(r.zero.Labels, "")):
		return usagef("--zero-shot: want labels with commas between them, none of them empty")
	case zero && !strings.Contains(r.zero.Template, "{}"):
		return usagef("--template %q: want {} where the label goes", r.zero.Template)
	}
	return nil
}

// second is the second text of a record: its own, or that of --pair.
func (r *classifyRun) second(rec record) *string { return secondOf(rec, r.paired, &r.pair) }

// secondOf is the second text of a record, or else the one that all have, if they do.
func secondOf(rec record, paired bool, all *string) *string {
	switch {
	case rec.paired:
		return &rec.second
	case paired:
		return all
	}
	return nil
}

func (r *classifyRun) ask(ctx context.Context, c *task.Classifier, rec record) (task.Classification, error) {
	t := task.Text{First: rec.first}
	if second := r.second(rec); second != nil {
		t = task.Pair(rec.first, *second)
	}
	return only(c.Classify(ctx, t))
}

func (r *classifyRun) askZeroShot(ctx context.Context, c *task.Classifier, rec record) (task.Classification, error) {
	labels, err := only(c.ZeroShot(ctx, r.zero, rec.first))
	return task.Classification{Labels: labels}, err
}

func (r *classifyRun) write(o *output, rec record, k task.Classification) error {
	second := r.second(rec)
	columns := []string{rec.first}
	if second != nil {
		columns = append(columns, *second)
	}
	if k.Value != nil {
		if o.json {
			return o.object(valued{rec.first, second, score(*k.Value)})
		}
		return o.columns(append([]string{decimals(*k.Value)}, columns...)...)
	}
	v := classified{rec.first, second, []label{}}
	for _, l := range k.Labels[:r.most(len(k.Labels))] {
		v.Labels = append(v.Labels, label{l.Name, score(l.Score)})
	}
	if o.json {
		return o.object(v)
	}
	for _, l := range v.Labels {
		if err := o.columns(append([]string{decimals(l.Score), l.Label}, columns...)...); err != nil {
			return err
		}
	}
	return nil
}

// most is how many of n labels are asked for.
func (r *classifyRun) most(n int) int {
	if r.topK == 0 {
		return n
	}
	return min(n, r.topK)
}
