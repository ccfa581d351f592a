package task_test

// When a context ends while texts are tokenized, and which text an error is about.

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/task"
	"github.com/rapt-go/rapt/model/tokenizer"
)

// An ender is a tokenizer that counts its calls, and ends a context at one of them.
type ender struct {
	*tokenizer.Tokenizer
	calls atomic.Int32
	last  int32
	end   func()
}

func (t *ender) count() {
	if t.calls.Add(1) == t.last {
		t.end()
	}
}

func (t *ender) Encode(text string, o tokenizer.Options) (tokenizer.Encoding, error) {
	t.count()
	return t.Tokenizer.Encode(text, o)
}

func (t *ender) EncodePair(first, second string, o tokenizer.Options) (tokenizer.Encoding, error) {
	t.count()
	return t.Tokenizer.EncodePair(first, second, o)
}

// asks is a call of every task for texts.
var asks = map[string]func(context.Context, closer, []string) error{
	"NewEmbedder": func(ctx context.Context, x closer, texts []string) error {
		return second(x.(*task.Embedder).Embed(ctx, texts...))
	},
	"NewClassifier": func(ctx context.Context, x closer, texts []string) error {
		var list []task.Text
		for _, t := range texts {
			list = append(list, task.Text{First: t})
		}
		return second(x.(*task.Classifier).Classify(ctx, list...))
	},
	"NewReranker": func(ctx context.Context, x closer, texts []string) error {
		return second(x.(*task.Reranker).Rerank(ctx, "a", texts...))
	},
	"NewTagger": func(ctx context.Context, x closer, texts []string) error {
		return second(x.(*task.Tagger).Tag(ctx, task.Simple, texts...))
	},
	"NewReader": func(ctx context.Context, x closer, texts []string) error {
		var list []task.Question
		for _, t := range texts {
			list = append(list, task.Question{Question: "a", Context: t})
		}
		return second(x.(*task.Reader).Answer(ctx, task.Reading{}, list...))
	},
	"NewFiller": func(ctx context.Context, x closer, texts []string) error {
		var list []string
		for _, t := range texts {
			list = append(list, t+" [MASK]")
		}
		return second(x.(*task.Filler).Fill(ctx, list...))
	},
	"NewPairJudge": func(ctx context.Context, x closer, texts []string) error {
		var list []task.Text
		for _, t := range texts {
			list = append(list, task.Pair("a", t))
		}
		return second(x.(*task.PairJudge).Judge(ctx, list...))
	},
	"NewGenerator": func(ctx context.Context, x closer, texts []string) error {
		g := x.(*task.Generator)
		d := g.Defaults()
		d.MaxNewTokens = 2
		return second(g.Generate(ctx, d, texts...))
	},
	"NewScorer": func(ctx context.Context, x closer, texts []string) error {
		return second(x.(*task.Scorer).Score(ctx, task.Scoring{}, texts...))
	},
}

// width is the columns of a fake that can be the model of a task.
func width(name string) (columns int, labels []string) {
	switch name {
	case "NewFiller", "NewGenerator", "NewScorer":
		return len(words), nil
	case "NewReranker":
		return 1, []string{"only"}
	}
	return 2, []string{"O", "B-x"}
}

// eachTask makes every task of a fake, and calls f with it.
func eachTask(t *testing.T, tok func() task.Tokenizer, vocab int, f func(name string, x closer, tok task.Tokenizer)) {
	t.Helper()
	for name, ask := range asks {
		require.NotNil(t, ask)
		columns, labels := width(name)
		m := newFake(t, newHolder(t), columns, hashed, labels...)
		m.limits.Vocab = vocab
		tk := tok()
		x, err := news(m, tk, task.On(m.b), nil)[name]()
		require.NoError(t, err, name)
		f(name, x, tk)
		require.NoError(t, x.Close(), name)
	}
}

// TestCancelTokenizing has no text tokenized after a context has ended.
func TestCancelTokenizing(t *testing.T) {
	texts := slices.Repeat([]string{"a b"}, 10)
	eachTask(t, func() task.Tokenizer { return &ender{Tokenizer: newTokenizer(t)} }, len(words), func(name string, x closer, tok task.Tokenizer) {
		e := tok.(*ender)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		e.last, e.end = 3, cancel
		err := asks[name](ctx, x, texts)
		require.ErrorIs(t, err, context.Canceled, name)
		var text *task.TextError
		require.NotErrorAs(t, err, &text, name)
		require.EqualValues(t, 3, e.calls.Load(), name)
		require.ErrorIs(t, asks[name](ctx, x, texts), context.Canceled, name)
		require.EqualValues(t, 3, e.calls.Load(), "%s: nothing under a context that has ended", name)
		require.NoError(t, asks[name](context.Background(), x, texts), name)
	})
}

// TestCancelZeroShot looks at the context before every label too.
func TestCancelZeroShot(t *testing.T) {
	m := newFake(t, newHolder(t), 2, hashed, "entailment", "contradiction")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	e := &ender{Tokenizer: newTokenizer(t), last: 2, end: cancel}
	c, err := task.NewClassifier(m, e, task.On(m.b))
	require.NoError(t, err)
	defer c.Close()
	_, err = c.ZeroShot(ctx, task.ZeroShot{Labels: []string{"a", "b", "c"}}, "d", "e")
	require.ErrorIs(t, err, context.Canceled)
	require.EqualValues(t, 2, e.calls.Load())
}

// TestDeadlineTokenizing has a deadline pass in the midst of texts that take far longer.
func TestDeadlineTokenizing(t *testing.T) {
	f := newFake(t, newHolder(t), 4, hashed)
	tok := &ender{Tokenizer: newTokenizer(t)}
	e, err := task.NewEmbedder(f, tok, task.On(f.b))
	require.NoError(t, err)
	defer e.Close()
	texts := slices.Repeat([]string{"a b c d e f g h new york in a b c d e f g h new york in a b c d e f g h"}, 200_000)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	_, err = e.Embed(ctx, texts...)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Less(t, tok.calls.Load(), int32(len(texts)))
	require.Empty(t, f.ran())
}

// TestTextOfError names the text whose token the model does not know, whatever the task
// makes of texts.
func TestTextOfError(t *testing.T) {
	vocab := id("h") // h itself is outside
	eachTask(t, func() task.Tokenizer { return newTokenizer(t) }, vocab, func(name string, x closer, _ task.Tokenizer) {
		err := asks[name](context.Background(), x, []string{"a", "b c", "d h", "e"})
		var text *task.TextError
		require.ErrorAs(t, err, &text, name)
		require.Equal(t, 2, text.Index, name)
		require.ErrorIs(t, err, model.ErrInput, name)
		require.NotContains(t, err.Error(), "sequence", name)
	})

	m := newFake(t, newHolder(t), 2, hashed, "entailment", "contradiction")
	m.limits.Vocab = vocab
	c, err := task.NewClassifier(m, newTokenizer(t), task.On(m.b))
	require.NoError(t, err)
	defer c.Close()
	_, err = c.ZeroShot(context.Background(), task.ZeroShot{Labels: []string{"a", "b"}, Template: "{}"}, "d", "h")
	var text *task.TextError
	require.ErrorAs(t, err, &text)
	require.Equal(t, 1, text.Index)

	spans := newFake(t, newHolder(t), 2, hashed)
	spans.limits.Vocab = vocab
	r, err := task.NewReader(spans, newTokenizer(t), task.On(spans.b))
	require.NoError(t, err)
	defer r.Close()
	_, err = r.Answer(context.Background(), task.Reading{MaxSeqLen: 6, DocStride: 1},
		task.Question{Question: "a", Context: "b c d e f"}, task.Question{Question: "a", Context: "b c d e h"})
	require.ErrorAs(t, err, &text)
	require.Equal(t, 1, text.Index, "of several windows each")
}

// TestMisuse has options and functions that are nil.
func TestMisuse(t *testing.T) {
	f := newFake(t, newHolder(t), 4, hashed)
	e, err := task.NewEmbedder(f, newTokenizer(t), nil, task.On(f.b), nil)
	require.NoError(t, err)
	defer e.Close()
	_, err = e.Embed(task.WithProgress(context.Background(), nil), "a")
	require.NoError(t, err)
	outer := task.WithProgress(context.Background(), func(int, int) { t.Error("an inner nil calls nothing") })
	_, err = e.Embed(task.WithProgress(outer, nil), "a")
	require.NoError(t, err)
}
