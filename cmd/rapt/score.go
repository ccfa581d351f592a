package main

// rapt score: how likely texts are.

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/rapt-go/rapt/cmd/rapt/embedded"
	"github.com/rapt-go/rapt/model/task"
)

type scored struct {
	Text       string  `json:"text"`
	Tokens     int     `json:"tokens"`
	LogProb    score   `json:"logprob"`
	Perplexity score   `json:"perplexity"`
	LogProbs   []score `json:"token_logprobs,omitzero"`
}

type scoreRun struct {
	common
	how    task.Scoring
	tokens bool
}

func scoreCommand(a *app) *cobra.Command {
	r := &scoreRun{common: common{app: a, embedded: embedded.GPT2, longer: "--stride reads such texts in windows"}}
	cmd := &cobra.Command{
		Use:     "score [TEXT…]",
		GroupID: groupTasks,
		Short:   "Say how likely texts are",
		Long: `Say how likely texts are to a decoder such as GPT-2: the sum of the natural
logarithms of the probabilities of their tokens, each given those before it, and the
perplexity, e to the power of minus their mean. The first token, which has nothing
before it, is not counted, unless there is a prompt.

Columns: logprob, perplexity, tokens, text; with --tokens the log-probability of
every token before the text, NaN for one that is not counted.
` + inputHelp(textSchema),
		Example: `  rapt score "The LORD is my shepherd; I shall not want." "The cat sat on the mat."
  rapt score --prompt "In the beginning" --tokens --json " God created the heaven"
  rapt score --model openai-community/gpt2 --stride 512 --jsonl --file chapters.jsonl`,
		RunE: r.run,
	}
	r.taskFlags(cmd)
	f := cmd.Flags()
	f.StringVar(&r.how.Prompt, "prompt", "", "`TEXT` before every text, with nothing put between them, that is not scored")
	number(cmd, &r.how.Stride, "stride", 0, 0, most,
		"read longer texts than the model in windows that begin so many tokens apart; 0 means that they are errors")
	f.BoolVar(&r.tokens, "tokens", false, "give the log-probability of every token")
	return cmd
}

func (r *scoreRun) run(cmd *cobra.Command, args []string) error {
	if err := validText(r.how.Prompt); err != nil {
		return fmt.Errorf("--prompt: %w", err)
	}
	in, err := r.input(textSchema, texts(args))
	if err != nil {
		return err
	}
	return runner[*task.Scorer, task.Score]{
		common: &r.common, name: "score", open: task.OpenScorer, check: r.check, ask: r.ask, write: r.write,
	}.run(cmd.Context(), in)
}

// check reports windows that leave tokens out.
func (r *scoreRun) check(s *task.Scorer) error {
	if n := s.MaxTokens(); n > 0 && r.how.Stride > n {
		return usagef("--stride %d: want no more than the model reads, which is %d", r.how.Stride, n)
	}
	return nil
}

func (r *scoreRun) ask(ctx context.Context, s *task.Scorer, rec record) (task.Score, error) {
	return only(s.Score(ctx, r.how, rec.first))
}

func (r *scoreRun) write(o *output, rec record, x task.Score) error {
	v := scored{rec.first, len(x.IDs), score(x.Sum), score(x.Perplexity), nil}
	columns := []string{decimals(x.Sum), decimals(x.Perplexity), strconv.Itoa(v.Tokens)}
	if r.tokens {
		v.LogProbs = []score{}
		list := ""
		for i, p := range x.LogProbs {
			v.LogProbs = append(v.LogProbs, score(p))
			if i > 0 {
				list += " "
			}
			list += decimals(p)
		}
		columns = append(columns, list)
	}
	if o.json {
		return o.object(v)
	}
	return o.columns(append(columns, rec.first)...)
}
