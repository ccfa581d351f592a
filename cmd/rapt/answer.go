package main

// rapt answer: where in a text the answer to a question stands.

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rapt-go/rapt/model/task"
)

type answered struct {
	Question string   `json:"question"`
	Answers  []answer `json:"answers"`
}

type answer struct {
	Answer string `json:"answer"`
	Score  score  `json:"score"`
	Start  int    `json:"start"`
	End    int    `json:"end"`
}

type answerRun struct {
	common
	how task.Reading
}

var questionSchema = schema{first: "question", second: "context", needSecond: true}

func answerCommand(a *app) *cobra.Command {
	r := &answerRun{common: common{app: a}}
	cmd := &cobra.Command{
		Use:     "answer [QUESTION CONTEXT]",
		GroupID: groupTasks,
		Short:   "Find the answer to a question in a text",
		Long: `Find the answer to a question in a text, its context, with a model of extractive
question answering. A long context is read in windows that overlap.

Columns: score, start, end, answer, question; start and end count code points of the
context.
` + inputHelp(questionSchema),
		Example: `  rapt answer --model ./qa "Who built the mill?" "The mill was built by Jonas Ek in 1841."
  rapt answer --model ./qa --top-k 3 --json --jsonl --file questions.jsonl`,
		Args: twoTexts,
		RunE: r.run,
	}
	r.taskFlags(cmd)
	number(cmd, &r.how.TopK, "top-k", 1, 1, most, "answers to each question")
	number(cmd, &r.how.MaxAnswerLen, "max-answer-len", 15, 1, most, "tokens of an answer at most")
	number(cmd, &r.how.MaxSeqLen, "max-seq-len", 384, 1, most, "tokens of a window, question included, or fewer if the model reads fewer")
	number(cmd, &r.how.DocStride, "doc-stride", 0, 0, most, "tokens that windows share; 0 means 128, or half a window if that is less")
	cmd.Flags().BoolVar(&r.how.AlignToWords, "align-to-words", false, "begin and end answers with whole words")
	return cmd
}

// twoTexts wants two arguments, or none where texts are read.
func twoTexts(cmd *cobra.Command, args []string) error {
	if len(args) != 0 && len(args) != 2 {
		return usagef("want two texts, %s, found %s", strings.Trim(cmd.Use[len(cmd.Name()):], " []"), count(len(args), "argument"))
	}
	return nil
}

func (r *answerRun) run(cmd *cobra.Command, args []string) error {
	if err := r.needModel("a model of question answering, as of class BertForQuestionAnswering"); err != nil {
		return err
	}
	in, err := r.input(questionSchema, pairOf(args))
	if err != nil {
		return err
	}
	return runner[*task.Reader, []task.Answer]{
		common: &r.common, name: "answer", open: task.OpenReader,
		ask: func(ctx context.Context, t *task.Reader, rec record) ([]task.Answer, error) {
			return only(t.Answer(ctx, r.how, task.Question{Question: rec.first, Context: rec.second}))
		},
		write: writeAnswers,
	}.run(cmd.Context(), in)
}

func writeAnswers(o *output, rec record, answers []task.Answer) error {
	v := answered{rec.first, []answer{}}
	for _, x := range answers {
		v.Answers = append(v.Answers, answer{x.Text, score(x.Score), x.Start, x.End})
	}
	if o.json {
		return o.object(v)
	}
	for _, x := range v.Answers {
		err := o.columns(decimals(x.Score), strconv.Itoa(x.Start), strconv.Itoa(x.End), x.Answer, rec.first)
		if err != nil {
			return err
		}
	}
	return nil
}
