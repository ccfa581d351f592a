package zoo_test

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model/task"
)

// The rules of the fixtures' README for tasks.
const (
	scoreTolerance = 1e-5
	logitTolerance = 2e-5
)

type classifyCase struct {
	Text   string
	Pair   *string
	Logits []float64
	Scores []float64
	Labels []string
	Best   string
}

type fillCase struct {
	Text  string
	Masks [][]struct {
		ID       int32
		Token    string
		Score    float64
		Sequence string
	}
}

type entity struct {
	Entity      string
	EntityGroup string `json:"entity_group"`
	Score       float64
	Index       int
	Word        string
	Start, End  int
}

type tagCase struct {
	Text                              string
	None, Simple, First, Average, Max []entity
}

type answerCase struct {
	Question, Context string
	MaxSeqLen         int  `json:"max_seq_len"`
	DocStride         int  `json:"doc_stride"`
	MaxAnswerLen      int  `json:"max_answer_len"`
	TopK              *int `json:"top_k"`
	Answers           []struct {
		Score      float64
		Start, End int
		Answer     string
		WordStart  int    `json:"word_start"`
		WordEnd    int    `json:"word_end"`
		WordAnswer string `json:"word_answer"`
	}
}

type embedCase struct {
	Text      string
	Embedding []float64
	TorchMax  float64 `json:"torch_f32_max"`
}

type pairCase struct {
	Text, Pair string
	IsNext     float64 `json:"is_next"`
}

// tasks checks every task that the fixture has, each with all its texts in one call.
func (g *golden) tasks(t *testing.T) {
	on := []task.Option{task.On(g.be)}
	if g.be.Info().Default != gpu.F32 {
		on = append(on, task.As(gpu.F32, gpu.Native))
	}
	if len(g.cases.Classify) > 0 {
		g.classify(t, on...)
	}
	if len(g.cases.FillMask) > 0 {
		g.fillMask(t, on...)
	}
	if len(g.cases.Tag) > 0 {
		g.tag(t, on...)
	}
	if len(g.cases.Answer) > 0 {
		g.answer(t, on...)
	}
	if len(g.cases.Embed) > 0 {
		g.embed(t, on...)
	}
	if len(g.cases.NextSentence) > 0 {
		g.nextSentence(t, on...)
	}
	if len(g.cases.Generate)+len(g.cases.Sample) > 0 {
		g.generations(t, true)
	}
}

func (g *golden) classify(t *testing.T, on ...task.Option) {
	c, err := task.OpenClassifier(g.dir, on...)
	require.NoError(t, err)
	defer c.Close()
	var texts []task.Text
	for _, x := range g.cases.Classify {
		if x.Pair != nil {
			texts = append(texts, task.Pair(x.Text, *x.Pair))
		} else {
			texts = append(texts, task.Text{First: x.Text})
		}
	}
	got, err := c.Classify(context.Background(), texts...)
	require.NoError(t, err)
	for i, want := range g.cases.Classify {
		require.Equal(t, want.Labels, c.Classes().Labels)
		require.Len(t, got[i].Logits, len(want.Logits))
		for j, l := range want.Logits {
			require.InDelta(t, l, float64(got[i].Logits[j]), logitTolerance)
		}
		if got[i].Value != nil {
			require.InDelta(t, want.Logits[0], *got[i].Value, logitTolerance)
			continue
		}
		require.Equal(t, want.Best, got[i].Labels[0].Name)
		require.Len(t, got[i].Labels, len(want.Scores))
		for _, l := range got[i].Labels {
			require.InDelta(t, want.Scores[indexOf(t, want.Labels, l.Name)], l.Score, scoreTolerance)
		}
	}
}

func indexOf(t *testing.T, list []string, x string) int {
	for i, y := range list {
		if x == y {
			return i
		}
	}
	require.Contains(t, list, x)
	return -1
}

func (g *golden) fillMask(t *testing.T, on ...task.Option) {
	f, err := task.OpenFiller(g.dir, on...)
	require.NoError(t, err)
	defer f.Close()
	var texts []string
	for _, x := range g.cases.FillMask {
		texts = append(texts, x.Text)
	}
	got, err := f.Fill(context.Background(), texts...)
	require.NoError(t, err)
	for i, want := range g.cases.FillMask {
		require.Len(t, got[i], len(want.Masks))
		for j, mask := range want.Masks {
			require.Len(t, got[i][j], len(mask))
			for k, w := range mask {
				x := got[i][j][k]
				require.Equal(t, w.ID, x.ID)
				require.Equal(t, w.Token, x.Token)
				require.Equal(t, w.Sequence, x.Sequence)
				require.InDelta(t, w.Score, x.Score, scoreTolerance)
			}
		}
	}
}

func (g *golden) tag(t *testing.T, on ...task.Option) {
	tagger, err := task.OpenTagger(g.dir, on...)
	require.NoError(t, err)
	defer tagger.Close()
	var texts []string
	for _, x := range g.cases.Tag {
		texts = append(texts, x.Text)
	}
	for a, of := range map[task.Aggregation]func(c *tagCase) []entity{
		task.NoAggregation: func(c *tagCase) []entity { return c.None },
		task.Simple:        func(c *tagCase) []entity { return c.Simple },
		task.FirstToken:    func(c *tagCase) []entity { return c.First },
		task.AverageToken:  func(c *tagCase) []entity { return c.Average },
		task.MaxToken:      func(c *tagCase) []entity { return c.Max },
	} {
		got, err := tagger.Tag(context.Background(), a, texts...)
		require.NoError(t, err)
		for i := range g.cases.Tag {
			want := of(&g.cases.Tag[i])
			require.Len(t, got[i], len(want), "%s: %s", a, texts[i])
			for j, w := range want {
				x := got[i][j]
				require.Equal(t, w.Entity+w.EntityGroup, x.Label)
				require.Equal(t, w.Word, x.Word)
				require.Equal(t, [2]int{w.Start, w.End}, [2]int{x.Start, x.End})
				require.InDelta(t, w.Score, x.Score, scoreTolerance)
				if a == task.NoAggregation {
					require.Equal(t, w.Index, x.Index)
				}
			}
		}
	}
}

func (g *golden) answer(t *testing.T, on ...task.Option) {
	r, err := task.OpenReader(g.dir, on...)
	require.NoError(t, err)
	defer r.Close()
	for _, want := range g.cases.Answer {
		o := task.Reading{MaxSeqLen: want.MaxSeqLen, DocStride: want.DocStride, MaxAnswerLen: want.MaxAnswerLen}
		if want.TopK != nil {
			o.TopK = *want.TopK
		}
		q := task.Question{Question: want.Question, Context: want.Context}
		for _, words := range []bool{false, true} {
			o.AlignToWords = words
			got, err := r.Answer(context.Background(), o, q)
			require.NoError(t, err)
			require.Len(t, got[0], len(want.Answers))
			for i, w := range want.Answers {
				x := got[0][i]
				require.InDelta(t, w.Score, x.Score, scoreTolerance)
				if words {
					w.Answer, w.Start, w.End = w.WordAnswer, w.WordStart, w.WordEnd
				}
				require.Equal(t, w.Answer, x.Text)
				require.Equal(t, [2]int{w.Start, w.End}, [2]int{x.Start, x.End})
			}
		}
	}
}

func (g *golden) embed(t *testing.T, on ...task.Option) {
	e, err := task.OpenEmbedder(g.dir, on...)
	require.NoError(t, err)
	defer e.Close()
	var texts []string
	for _, x := range g.cases.Embed {
		texts = append(texts, x.Text)
	}
	got, err := e.Embed(context.Background(), texts...)
	require.NoError(t, err)
	for i, want := range g.cases.Embed {
		require.Len(t, got[i], len(want.Embedding))
		worst := 0.0
		for j, w := range want.Embedding {
			worst = max(worst, math.Abs(w-float64(got[i][j])))
		}
		ratio := worst / (kMax*want.TorchMax + math.Ldexp(1, -22))
		require.LessOrEqual(t, ratio, 1.0, "embedding of %q", want.Text)
		if ratio > g.worst {
			g.worst, g.where = ratio, "embedding"
		}
	}
}

func (g *golden) nextSentence(t *testing.T, on ...task.Option) {
	j, err := task.OpenPairJudge(g.dir, on...)
	require.NoError(t, err)
	defer j.Close()
	var pairs []task.Text
	for _, x := range g.cases.NextSentence {
		pairs = append(pairs, task.Pair(x.Text, x.Pair))
	}
	got, err := j.Judge(context.Background(), pairs...)
	require.NoError(t, err)
	for i, want := range g.cases.NextSentence {
		require.InDelta(t, want.IsNext, got[i], scoreTolerance)
	}
}
