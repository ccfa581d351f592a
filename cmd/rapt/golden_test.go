package main

// Every task's answers on the golden models, by the rules of the golden README: words,
// ids, labels and offsets exactly, scores to 1e-5, logits to 2e-5.

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	scoreTolerance = 1e-5
	logitTolerance = 2e-5
)

func TestFillMask(t *testing.T) {
	type words struct {
		Text  string
		Masks [][]struct {
			ID              int32
			Token, Sequence string
			Score           float64
		}
	}
	for _, model := range []string{"bert-cased-mlm", "roberta"} {
		want := readJSON[struct {
			FillMask []words `json:"fill_mask"`
		}](t, golden(model, "cases.json")).FillMask
		require.NotEmpty(t, want)
		for _, w := range want {
			got := ok[words](t, "", "fill-mask", "--model", golden(model), "--top-k", fmt.Sprint(len(w.Masks[0])), w.Text)
			require.Len(t, got, 1)
			for i, mask := range w.Masks {
				for j := range mask {
					require.InDelta(t, mask[j].Score, got[0].Masks[i][j].Score, scoreTolerance)
					got[0].Masks[i][j].Score = mask[j].Score
				}
			}
			require.Equal(t, w, got[0])
		}
	}
}

type classification struct {
	Text   string
	Pair   *string
	Labels []struct {
		Label string
		Score float64
	}
	Value *float64
}

type classifyCase struct {
	Text   string
	Pair   *string
	Logits []float64
	Scores []float64
	Labels []string
	Best   string
}

func classifyCases(t *testing.T, model string) []classifyCase {
	t.Helper()
	cases := readJSON[struct{ Classify []classifyCase }](t, golden(model, "cases.json")).Classify
	require.NotEmpty(t, cases)
	return cases
}

func TestClassify(t *testing.T) {
	for _, model := range []string{"bert-classify", "bert-multilabel", "roberta-classify"} {
		for _, w := range classifyCases(t, model) {
			args := []string{"classify", "--model", golden(model), "--truncate"}
			if w.Pair != nil {
				args = append(args, "--pair", *w.Pair)
			}
			got := ok[classification](t, "", append(args, "--", w.Text)...)[0]
			require.Equal(t, w.Text, got.Text)
			require.Equal(t, w.Pair, got.Pair)
			require.Equal(t, w.Best, got.Labels[0].Label)
			require.Len(t, got.Labels, len(w.Labels))
			scores := map[string]float64{}
			for i, l := range got.Labels {
				scores[l.Label] = l.Score
				require.LessOrEqual(t, l.Score, got.Labels[max(i-1, 0)].Score, "likeliest first")
			}
			for i, l := range w.Labels {
				require.InDelta(t, w.Scores[i], scores[l], scoreTolerance)
			}
			top := ok[classification](t, "", append(args, "--top-k", "1", "--", w.Text)...)[0]
			require.Equal(t, got.Labels[:1], top.Labels)
		}
	}
}

func TestClassifyPairsOfLines(t *testing.T) {
	lines := `{"text":"A man sleeps.","pair":"Somebody is awake."}` + "\n" + `{"text":"A man sleeps."}` + "\n"
	model := golden("bert-classify")
	got := ok[classification](t, lines, "classify", "--model", model, "--jsonl")
	require.Equal(t, ok[classification](t, "", "classify", "--model", model, "--pair", "Somebody is awake.", "A man sleeps."), got[:1])
	require.Equal(t, ok[classification](t, "", "classify", "--model", model, "A man sleeps."), got[1:])

	got = ok[classification](t, lines, "classify", "--model", model, "--jsonl", "--pair", "Everybody.")
	require.Equal(t, "Somebody is awake.", *got[0].Pair)
	require.Equal(t, "Everybody.", *got[1].Pair)
}

// TestZeroShot asks of each label what classify says of the pair: entailment against
// contradiction with --multi-label, and of one text entailment against the others'.
func TestZeroShot(t *testing.T) {
	model, text := golden("bert-classify"), "A man sleeps."
	got := ok[classification](t, "", "classify", "--model", model, "--zero-shot", "sleep,law", "--template", "It is {}.", "--multi-label", text)[0]
	require.Len(t, got.Labels, 2)
	for _, l := range got.Labels {
		pair := ok[classification](t, "", "classify", "--model", model, "--pair", "It is "+l.Label+".", text)[0]
		p := map[string]float64{}
		for _, x := range pair.Labels {
			p[x.Label] = x.Score
		}
		require.InDelta(t, p["entailment"]/(p["entailment"]+p["contradiction"]), l.Score, scoreTolerance)
	}
	one := ok[classification](t, "", "classify", "--model", model, "--zero-shot", " sleep, law ", text)[0]
	require.ElementsMatch(t, []string{"sleep", "law"}, []string{one.Labels[0].Label, one.Labels[1].Label})
	require.InDelta(t, 1, one.Labels[0].Score+one.Labels[1].Score, scoreTolerance)

	// A comma always parts labels, and nothing else does.
	quoted := ok[classification](t, "", "classify", "--model", model, "--zero-shot", `a"b,"c d",'e`, "--zero-shot", "f", text)[0]
	var labels []string
	for _, l := range quoted.Labels {
		labels = append(labels, l.Label)
	}
	require.ElementsMatch(t, []string{`a"b`, `"c d"`, "'e", "f"}, labels)
}

func TestRerank(t *testing.T) {
	cases := classifyCases(t, "bert-rerank")
	query := cases[0].Text
	args := []string{"rerank", "--model", golden("bert-rerank")}
	var texts []string
	for _, c := range cases {
		require.Equal(t, query, c.Text)
		texts = append(texts, *c.Pair)
	}
	check := func(raw bool, got []rankedText) {
		t.Helper()
		require.Len(t, got, len(cases))
		for i, g := range got {
			require.Equal(t, query, g.Query)
			require.Equal(t, texts[g.Index], g.Text)
			want, tolerance := cases[g.Index].Scores[0], scoreTolerance
			if raw {
				want, tolerance = cases[g.Index].Logits[0], logitTolerance
			}
			require.InDelta(t, want, g.Score, tolerance)
			require.LessOrEqual(t, g.Score, got[max(i-1, 0)].Score)
		}
	}
	check(false, ok[rankedText](t, "", append(append(args, query), texts...)...))
	check(false, ok[rankedText](t, "", append(append(args, "--query", query), texts...)...))
	check(true, ok[rankedText](t, strings.Join(texts, "\n"), append(args, "--query", query, "--raw")...))
	check(true, ok[rankedText](t, `{"texts":["`+strings.Join(texts, `","`)+`"],"query":"`+query+`"}`, append(args, "--jsonl", "--raw")...))
	require.Len(t, ok[rankedText](t, "", append(append(args, "--top-k", "1", query), texts...)...), 1)
}

func TestTag(t *testing.T) {
	type entity struct {
		Entity string
		Group  string `json:"entity_group"`
		Score  float64
		Index  int
		Word   string
		Start  int
		End    int
	}
	type entities struct {
		Text     string
		Entities []entity
	}
	cases := readJSON[struct {
		Tag []struct {
			Text                              string
			None, Simple, First, Average, Max []entity
		}
	}](t, golden("bert-ner", "cases.json")).Tag
	require.NotEmpty(t, cases)
	for _, c := range cases {
		for name, want := range map[string][]entity{"none": c.None, "simple": c.Simple, "first": c.First, "average": c.Average, "max": c.Max} {
			got := ok[entities](t, "", "tag", "--model", golden("bert-ner"), "--aggregation", name, c.Text)[0]
			require.Equal(t, c.Text, got.Text)
			require.Len(t, got.Entities, len(want), "%s: %s", name, c.Text)
			for i := range want {
				require.InDelta(t, want[i].Score, got.Entities[i].Score, scoreTolerance)
				got.Entities[i].Score = want[i].Score
			}
			require.Equal(t, want, got.Entities, "%s: %s", name, c.Text)
		}
	}
}

func TestAnswer(t *testing.T) {
	type found struct {
		Answer     string
		Score      float64
		Start, End int
	}
	type answers struct {
		Question string
		Answers  []found
	}
	type expected struct {
		found
		WordStart int `json:"word_start"`
		WordEnd   int `json:"word_end"`
	}
	cases := readJSON[struct {
		Answer []struct {
			Question, Context string
			TopK              int `json:"top_k"`
			MaxSeqLen         int `json:"max_seq_len"`
			DocStride         int `json:"doc_stride"`
			MaxAnswerLen      int `json:"max_answer_len"`
			Answers           []expected
		}
	}](t, golden("bert-qa", "cases.json")).Answer
	require.NotEmpty(t, cases)
	for _, c := range cases {
		args := []string{"answer", "--model", golden("bert-qa"), "--max-seq-len", fmt.Sprint(c.MaxSeqLen), "--doc-stride", fmt.Sprint(c.DocStride)}
		if c.TopK > 0 {
			args = append(args, "--top-k", fmt.Sprint(c.TopK))
		}
		if c.MaxAnswerLen > 0 {
			args = append(args, "--max-answer-len", fmt.Sprint(c.MaxAnswerLen))
		}
		got := ok[answers](t, "", append(args, c.Question, c.Context)...)[0]
		aligned := ok[answers](t, "", append(args, "--align-to-words", c.Question, c.Context)...)[0]
		require.Equal(t, c.Question, got.Question)
		require.Len(t, got.Answers, len(c.Answers))
		for i, w := range c.Answers {
			require.InDelta(t, w.Score, got.Answers[i].Score, scoreTolerance)
			got.Answers[i].Score = w.Score
			require.Equal(t, w.found, got.Answers[i])
			require.Equal(t, []int{w.WordStart, w.WordEnd}, []int{aligned.Answers[i].Start, aligned.Answers[i].End})
		}
	}
}

func TestEmbed(t *testing.T) {
	cases := readJSON[struct {
		Embed []struct {
			Text      string
			Embedding []float64
			Max       float64 `json:"torch_f32_max"`
		}
	}](t, golden("bert-embed", "cases.json")).Embed
	require.NotEmpty(t, cases)
	args := []string{"embed", "--model", golden("bert-embed"), "--"}
	for _, c := range cases {
		args = append(args, c.Text)
	}
	got := ok[struct {
		Text      string
		Embedding []float64
	}](t, "", args...)
	require.Len(t, got, len(cases))
	for i, c := range cases {
		require.Equal(t, c.Text, got[i].Text)
		for j, x := range c.Embedding {
			require.InDelta(t, x, got[i].Embedding[j], 3*c.Max+0x1p-22)
		}
	}
}

func TestNextSentence(t *testing.T) {
	type pair struct {
		Text, Pair string
		IsNext     float64 `json:"is_next"`
	}
	cases := readJSON[struct {
		NextSentence []pair `json:"next_sentence"`
	}](t, golden("bert", "cases.json")).NextSentence
	require.NotEmpty(t, cases)
	lines := ""
	for _, c := range cases {
		got := ok[pair](t, "", "next-sentence", "--model", golden("bert"), c.Text, c.Pair)
		require.InDelta(t, c.IsNext, got[0].IsNext, scoreTolerance)
		lines += c.Text + "\t" + c.Pair + "\n"
	}
	for i, got := range ok[pair](t, lines, "next-sentence", "--model", golden("bert")) {
		require.InDelta(t, cases[i].IsNext, got.IsNext, scoreTolerance)
		got.IsNext = cases[i].IsNext
		require.Equal(t, cases[i], got)
	}
}
