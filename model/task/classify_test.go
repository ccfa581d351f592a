package task_test

// Classifier, its zero-shot use, Reranker and PairJudge, against tables by hand.

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/task"
)

// scoreTolerance is float64's rounding of exp and its sums, generously.
const scoreTolerance = 1e-12

// newClassifier classifies by a table of random numbers.
func newClassifier(t *testing.T, p model.Problem, labels []string, opts ...task.Option) (*task.Classifier, *fake) {
	t.Helper()
	f := newFake(t, newHolder(t), len(labels), hashed, labels...)
	f.k.Problem = p
	f.limits.Length = 8
	c, err := task.NewClassifier(f, newTokenizer(t), append(opts, task.On(f.b))...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c, f
}

// pairIDs is the tokens of a pair.
func pairIDs(first, second string) []int { return append(ids(first), ids(second)[1:]...) }

func TestClassify(t *testing.T) {
	sigmoid := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	each := func(f func(float64) float64) func([]float64) []float64 {
		return func(x []float64) []float64 {
			p := make([]float64, len(x))
			for i := range x {
				p[i] = f(x[i])
			}
			return p
		}
	}
	three := []string{"x", "y", "z"}
	for _, c := range []struct {
		problem model.Problem
		labels  []string
		scores  func([]float64) []float64
	}{
		{model.SingleLabel, three, softmax},
		{model.SingleLabel, three[:1], each(sigmoid)},
		{model.MultiLabel, three, each(sigmoid)},
		{model.Regression, three, each(func(x float64) float64 { return x })},
	} {
		k, f := newClassifier(t, c.problem, c.labels)
		require.Equal(t, model.Classes{Labels: c.labels, Problem: c.problem}, k.Classes())
		texts := []task.Text{{First: "a b"}, {First: "a", Second: "b"}, task.Pair("a", ""), {}}
		tokens := [][]int{ids("a b"), pairIDs("a", "b"), pairIDs("a", ""), ids("")}
		got, err := k.Classify(context.Background(), texts...)
		require.NoError(t, err)
		for i, r := range got {
			require.Nil(t, r.Value)
			logits := f.sum(tokens[i])
			for j, x := range r.Logits {
				require.Equal(t, logits[j], float64(x), "sums of eighths are exact")
			}
			want := c.scores(logits)
			require.Len(t, r.Labels, len(want))
			for j, l := range r.Labels {
				require.InDelta(t, want[slices.Index(c.labels, l.Name)], l.Score, scoreTolerance)
				require.LessOrEqual(t, l.Score, r.Labels[max(j-1, 0)].Score)
			}
		}
	}
}

func TestRegression(t *testing.T) {
	c, f := newClassifier(t, model.Regression, []string{"value"})
	got, err := c.Classify(context.Background(), task.Text{First: "a b"})
	require.NoError(t, err)
	require.Nil(t, got[0].Labels)
	require.Equal(t, f.sum(ids("a b"))[0], *got[0].Value)
}

// TestBadText refuses a call for one of its texts, and nothing runs.
func TestBadText(t *testing.T) {
	c, f := newClassifier(t, model.SingleLabel, []string{"x", "y"})
	_, err := c.Classify(context.Background(), task.Text{First: "a"}, task.Text{First: "a b c d e f g"}, task.Text{First: "a"})
	var text *task.TextError
	require.ErrorAs(t, err, &text)
	require.Equal(t, 1, text.Index)
	require.ErrorIs(t, err, task.ErrTooLong)
	require.ErrorIs(t, err, model.ErrInput)
	require.ErrorContains(t, err, "text 1: ")
	require.ErrorContains(t, err, "9 tokens")
	require.ErrorContains(t, err, "at most 8")
	require.Empty(t, f.ran())
}

func TestTruncate(t *testing.T) {
	c, f := newClassifier(t, model.SingleLabel, []string{"x", "y"}, task.Truncate())
	got, err := c.Classify(context.Background(), task.Text{First: "a b c d e f g h"}, task.Pair("a b c d e", "f g h"), task.Pair("a", "b c d e f g h"))
	require.NoError(t, err)
	for i, tokens := range [][]int{ids("a b c d e f"), pairIDs("a b", "f g h"), pairIDs("a", "b c d e")} {
		require.Equal(t, f.sum(tokens), []float64{float64(got[i].Logits[0]), float64(got[i].Logits[1])})
	}
	require.Equal(t, [][]int{{8, 8, 8}}, f.ran())
}

func TestZeroShot(t *testing.T) {
	for _, labels := range [][]string{{"contradiction", "neutral", "entailment"}, {"ENTAILMENT", "neutral", "contradiction"}, {"not_entailment", "entailment"}} {
		c, f := newClassifier(t, model.SingleLabel, labels)
		yes := slices.IndexFunc(labels, func(l string) bool { return strings.EqualFold(l, "entailment") })
		no := 0
		if yes == 0 {
			no = len(labels) - 1
		}
		logits := func(text, label string) (float64, float64) {
			x := f.sum(pairIDs(text, "in "+label))
			return x[yes], x[no]
		}
		for _, multi := range []bool{false, true} {
			for _, names := range [][]string{{"e", "f", "g"}, {"e"}} {
				z := task.ZeroShot{Labels: names, Template: "in {}", MultiLabel: multi}
				got, err := c.ZeroShot(context.Background(), z, "a b", "c")
				require.NoError(t, err)
				for i, text := range []string{"a b", "c"} {
					var all []float64
					for _, name := range names {
						entails, _ := logits(text, name)
						all = append(all, entails)
					}
					require.Len(t, got[i], len(names))
					for j, l := range got[i] {
						want := softmax(all)[slices.Index(names, l.Name)]
						if multi || len(names) == 1 {
							entails, contradicts := logits(text, l.Name)
							want = softmax([]float64{entails, contradicts})[0]
						}
						require.InDelta(t, want, l.Score, scoreTolerance)
						require.LessOrEqual(t, l.Score, got[i][max(j-1, 0)].Score)
					}
				}
			}
		}
	}
}

// TestZeroShotCuts cuts the text, and never the hypothesis.
func TestZeroShotCuts(t *testing.T) {
	c, f := newClassifier(t, model.SingleLabel, []string{"no", "entailment"})
	got, err := c.ZeroShot(context.Background(), task.ZeroShot{Labels: []string{"d"}, Template: "c {} e"}, "a b c d e f g h")
	require.NoError(t, err)
	x := f.sum(pairIDs("a b", "c d e"))
	require.InDelta(t, softmax(x)[1], got[0][0].Score, scoreTolerance)

	_, err = c.ZeroShot(context.Background(), task.ZeroShot{Labels: []string{"a b c d e"}, Template: "{} h"}, "a", "a b")
	var text *task.TextError
	require.ErrorAs(t, err, &text)
	require.Zero(t, text.Index)
	require.ErrorIs(t, err, model.ErrInput)
	require.ErrorContains(t, err, "a b c d e h", "the hypothesis")
}

func TestZeroShotErrors(t *testing.T) {
	c, f := newClassifier(t, model.SingleLabel, []string{"no", "entailment"})
	for _, z := range []task.ZeroShot{{}, {Labels: []string{"a"}, Template: "none"}} {
		_, err := c.ZeroShot(context.Background(), z, "a")
		require.ErrorIs(t, err, model.ErrInput)
		require.ErrorContains(t, err, "{}")
	}
	for _, labels := range [][]string{{"good", "bad"}, {"entailment"}} {
		c, _ := newClassifier(t, model.SingleLabel, labels)
		_, err := c.ZeroShot(context.Background(), task.ZeroShot{Labels: []string{"a"}}, "a")
		require.ErrorIs(t, err, model.ErrUnsupported)
		require.ErrorContains(t, err, labels[0])
	}
	got, err := c.ZeroShot(context.Background(), task.ZeroShot{Labels: []string{"a", "b"}})
	require.NoError(t, err)
	require.Empty(t, got)
	require.Empty(t, f.ran())
}

func TestRerank(t *testing.T) {
	f := newFake(t, newHolder(t), 1, func(word string, _ int) float32 {
		if word == "b" {
			return float32(math.NaN())
		}
		return hashed(word, 0)
	}, "relevance")
	f.limits.Length = 8
	r, err := task.NewReranker(f, newTokenizer(t), task.On(f.b))
	require.NoError(t, err)
	defer r.Close()
	texts := []string{"c", "b", "d e", "c", "", "d e f g h d e f g h"}
	seen := []string{"c", "b", "d e", "c", "", "d e f g"}
	got, err := r.Rerank(context.Background(), "a", texts...)
	require.NoError(t, err)
	require.Len(t, got, len(texts))
	var order []int
	for i, x := range got {
		order = append(order, x.Index)
		if x.Index == 1 {
			require.Equal(t, len(texts)-1, i, "NaN is last")
			require.True(t, math.IsNaN(x.Score))
			continue
		}
		logit := f.sum(pairIDs("a", seen[x.Index]))[0]
		require.Equal(t, logit, float64(x.Logit))
		require.InDelta(t, 1/(1+math.Exp(-logit)), x.Score, scoreTolerance)
		require.LessOrEqual(t, x.Logit, got[max(i-1, 0)].Logit)
	}
	require.Less(t, slices.Index(order, 0), slices.Index(order, 3), "equals in order")
	got, err = r.Rerank(context.Background(), "a")
	require.NoError(t, err)
	require.Empty(t, got)
}

// TestRerankActivation reads what config.json says of a cross-encoder's scores.
func TestRerankActivation(t *testing.T) {
	open := func(field string) (*task.Reranker, error) {
		data := strings.Replace(readFile(t, golden("bert-rerank")+"/config.json"), "{", "{"+field+",", 1)
		return task.OpenReranker(changed(t, "bert-rerank", map[string]string{"config.json": data}), task.On(newHolder(t)))
	}
	for field, identity := range map[string]bool{
		`"sbert_ce_default_activation_function": "torch.nn.modules.linear.Identity"`:                                                 true,
		`"sbert_ce_default_activation_function": "torch.nn.modules.activation.Sigmoid"`:                                              false,
		`"sentence_transformers": {"activation_fn": "torch.nn.modules.linear.Identity", "version": "5.0"}`:                           true,
		`"sentence_transformers": {"version": "5.0"}, "sbert_ce_default_activation_function": "torch.nn.modules.activation.Sigmoid"`: false,
	} {
		r, err := open(field)
		require.NoError(t, err)
		got, err := r.Rerank(context.Background(), "a", "b")
		require.NoError(t, err)
		want := float64(got[0].Logit)
		if !identity {
			want = 1 / (1 + math.Exp(-want))
		}
		require.InDelta(t, want, got[0].Score, scoreTolerance, field)
		require.NoError(t, r.Close())
	}
	_, err := open(`"sbert_ce_default_activation_function": "torch.nn.modules.activation.Tanh"`)
	require.ErrorIs(t, err, model.ErrUnsupported)
	require.ErrorContains(t, err, "Tanh")
	_, err = open(`"sentence_transformers": {"activation_fn": 3}`)
	require.ErrorContains(t, err, "activation_fn")
}

// TestRerankSettings reads what sentence-transformers keeps beside a cross-encoder.
func TestRerankSettings(t *testing.T) {
	rank := func(settings, query string) task.Ranked {
		files := map[string]string{}
		if settings != "" {
			files["config_sentence_transformers.json"] = settings
		}
		r, err := task.OpenReranker(changed(t, "bert-rerank", files), task.On(newHolder(t)))
		require.NoError(t, err)
		defer r.Close()
		got, err := r.Rerank(context.Background(), query, "b")
		require.NoError(t, err)
		return got[0]
	}
	plain := rank("", "a")
	require.Equal(t, plain, rank(`{"activation_fn": "torch.nn.modules.activation.Sigmoid", "prompts": {}}`, "a"))
	require.Equal(t, float64(plain.Logit), rank(`{"activation_fn": "torch.nn.modules.linear.Identity"}`, "a").Score)
	require.Equal(t, rank("", "find: a"), rank(`{"prompts": {"web": "find: "}, "default_prompt_name": "web"}`, "a"), "before the query")
	require.Equal(t, plain, rank(`{"prompts": {"web": "find: "}}`, "a"), "no prompt is the default")
}

func TestJudge(t *testing.T) {
	f := newFake(t, newHolder(t), 2, hashed)
	f.limits.Length = 8
	for _, truncate := range []bool{false, true} {
		f := newFake(t, f.b, 2, hashed)
		f.limits.Length = 8
		opts := []task.Option{task.On(f.b)}
		if truncate {
			opts = append(opts, task.Truncate())
		}
		j, err := task.NewPairJudge(f, newTokenizer(t), opts...)
		require.NoError(t, err)
		pairs := []task.Text{task.Pair("a", "b"), {First: "a"}, {First: "a", Second: "c d"}}
		got, err := j.Judge(context.Background(), pairs...)
		require.NoError(t, err)
		for i, tokens := range [][]int{pairIDs("a", "b"), pairIDs("a", ""), pairIDs("a", "c d")} {
			require.InDelta(t, softmax(f.sum(tokens))[0], got[i], scoreTolerance)
		}
		require.False(t, pairs[1].IsPair(), "the caller's texts are as they were")
		got, err = j.Judge(context.Background(), task.Pair("a b c", "d e f"))
		if truncate {
			require.NoError(t, err)
			require.InDelta(t, softmax(f.sum(pairIDs("a b", "d e f")))[0], got[0], scoreTolerance)
		} else {
			require.True(t, errors.Is(err, task.ErrTooLong), "%v", err)
		}
		require.NoError(t, j.Close())
	}
}
