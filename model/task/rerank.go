package task

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/tokenizer"
)

// A Ranked is a text's place in the answer to a query.
type Ranked struct {
	Index int     // of the text
	Score float64 // the logit through the activation that the checkpoint asks for, usually a sigmoid
	Logit float32
}

// A Reranker says how well texts answer a query: a cross-encoder, which reads query
// and text together.
type Reranker struct {
	core[[]float32]
	identity bool
	prompt   string // before every query
}

// OpenReranker opens a checkpoint for sequence classification with one label.
func OpenReranker(dir string, opts ...Option) (*Reranker, error) {
	o, err := open[model.SequenceClassifier](dir, opts)
	if err != nil {
		return nil, err
	}
	asks, err := readSettings(o.folder)
	var same bool
	if err == nil {
		same, err = identity(o.folder, asks.activation)
	}
	if err == nil {
		err = oneLabel(o.model)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", o.folder.Name(), err), o.close())
	}
	return &Reranker{newCore(o, classifier(o.model)), same, asks.prompt()}, nil
}

// NewReranker ranks with a model of one's own; the option [On] is needed.
func NewReranker(m model.SequenceClassifier, t Tokenizer, opts ...Option) (*Reranker, error) {
	if err := oneLabel(m); err != nil {
		return nil, err
	}
	c, err := ownCore(m, t, opts, classifier(m))
	if err != nil {
		return nil, err
	}
	return &Reranker{core: c}, nil
}

func oneLabel(m model.SequenceClassifier) error {
	if n := len(m.Classes().Labels); n != 1 {
		return fmt.Errorf("a reranker has one label, this model has %d: %w", n, model.ErrUnsupported)
	}
	return nil
}

// identity reports whether the checkpoint asks for scores without an activation, as
// cross-encoders trained by sentence-transformers may: by the class that its settings
// name, or else config.json.
func identity(f model.Folder, name string) (bool, error) {
	c, err := model.ReadConfig(f, "config.json")
	if err != nil {
		return false, err
	}
	file := settingsFile
	if name == "" {
		file = c.File
		name = c.Text("sbert_ce_default_activation_function", "")
		if nested := c.Object("sentence_transformers"); nested != nil {
			name = nested.Text("activation_fn", name)
			if err := nested.Err(); err != nil {
				return false, err
			}
		}
		if err := c.Err(); err != nil {
			return false, err
		}
	}
	switch name[strings.LastIndexByte(name, '.')+1:] {
	case "", "Sigmoid":
		return false, nil
	case "Identity":
		return true, nil
	}
	return false, fmt.Errorf("%s: activation %q of a cross-encoder: %w", file, name, model.ErrUnsupported)
}

// Rerank returns the texts' places, best first, equals in order. The checkpoint's
// default prompt, if it has one, stands before the query. What is too long is cut from
// the longer of query and text.
func (r *Reranker) Rerank(ctx context.Context, query string, texts ...string) ([]Ranked, error) {
	items := make([]item, len(texts))
	err := each(ctx, len(texts), func(i int) error {
		e, err := r.tok.EncodePair(r.prompt+query, texts[i], tokenizer.Options{MaxLength: r.limit, NoOverflow: true})
		if err == nil {
			items[i], err = r.item(e)
		}
		return textError(i, err)
	})
	if err != nil {
		return nil, err
	}
	logits, err := r.run(ctx, items)
	if err != nil {
		return nil, err
	}
	raw := make([]float64, len(texts))
	for i, l := range logits {
		raw[i] = float64(l[0])
	}
	var out []Ranked
	for _, i := range ranked(raw) {
		x := Ranked{Index: i, Score: raw[i], Logit: logits[i][0]}
		if !r.identity {
			x.Score = sigmoid(x.Logit)
		}
		out = append(out, x)
	}
	return out, nil
}
