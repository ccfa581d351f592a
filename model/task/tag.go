package task

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/tokenizer"
)

// An Aggregation says how the labels of tokens become entities, as transformers'
// token-classification pipeline does (aggregation_strategy).
type Aggregation string

// The strategies. All but NoAggregation join neighbours of one entity by their B- and
// I- labels.
const (
	NoAggregation Aggregation = "none"    // every token by itself
	Simple        Aggregation = "simple"  // tokens as they are labelled
	FirstToken    Aggregation = "first"   // a word has the label of its first token
	AverageToken  Aggregation = "average" // a word has the label whose score is the highest on the average
	MaxToken      Aggregation = "max"     // a word has the label of its token of the highest score
)

// ParseAggregation is the strategy of a name.
func ParseAggregation(name string) (Aggregation, error) {
	switch a := Aggregation(name); a {
	case NoAggregation, Simple, FirstToken, AverageToken, MaxToken:
		return a, nil
	}
	return "", fmt.Errorf("%w: aggregation %q: want none, simple, first, average or max", model.ErrInput, name)
}

// An Entity is a piece of a text with a label.
type Entity struct {
	Label      string  // with NoAggregation the token's label, B- or I- included
	Score      float64 // softmax over labels; the mean of those joined
	Word       string  // the tokens, decoded
	Start, End int     // in code points of the text
	Index      int     // of the token, with NoAggregation
}

// A Tagger finds entities in texts.
type Tagger struct {
	core[[]float32]
	model  model.TokenClassifier
	marked bool // tokens that go on a word have a prefix, such as ##
}

func newTagger(c core[[]float32], m model.TokenClassifier) *Tagger {
	k, ok := c.tok.(interface{ Kind() string })
	return &Tagger{c, m, !ok || k.Kind() == "WordPiece"}
}

// OpenTagger opens a checkpoint for token classification.
func OpenTagger(dir string, opts ...Option) (*Tagger, error) {
	o, err := open[model.TokenClassifier](dir, opts)
	if err != nil {
		return nil, err
	}
	return newTagger(newCore(o, tagger(o.model)), o.model), nil
}

// NewTagger tags with a model of one's own; the option [On] is needed. Tokens that go on a word are
// told from others by their length if the tokenizer's Kind is WordPiece or it has no such method, and else
// by the spaces of the text.
func NewTagger(m model.TokenClassifier, t Tokenizer, opts ...Option) (*Tagger, error) {
	c, err := ownCore(m, t, opts, tagger(m))
	if err != nil {
		return nil, err
	}
	return newTagger(c, m), nil
}

func tagger(m model.TokenClassifier) func(*gpu.Stream, model.Batch, []item) ([][]float32, error) {
	return func(s *gpu.Stream, in model.Batch, items []item) ([][]float32, error) {
		return perToken(s, m.ClassifyTokens(s, in), items, len(m.Classes().Labels))
	}
}

// Tag returns the entities of each text, in order of place. The label "O", which
// stands for none, is left out.
func (t *Tagger) Tag(ctx context.Context, a Aggregation, texts ...string) ([][]Entity, error) {
	if _, err := ParseAggregation(string(a)); err != nil {
		return nil, err
	}
	encodings, items, err := t.encodeAll(ctx, singles(texts))
	if err != nil {
		return nil, err
	}
	logits, err := t.run(ctx, items)
	if err != nil {
		return nil, err
	}
	out := make([][]Entity, len(texts))
	for i := range texts {
		out[i] = t.entities(a, texts[i], &encodings[i], logits[i])
	}
	return out, nil
}

// A piece is a token, or the tokens of a word, with a score for every label.
type piece struct {
	Entity
	scores  []float64
	subword bool // it goes on a word
}

func (t *Tagger) entities(a Aggregation, text string, e *tokenizer.Encoding, logits []float32) []Entity {
	pieces := t.pieces(text, e, logits)
	switch a {
	case NoAggregation, Simple:
	default:
		pieces = t.words(a, pieces)
	}
	labels := t.model.Classes().Labels
	entities := make([]Entity, len(pieces))
	for i, p := range pieces {
		best := ranked(p.scores)[0]
		entities[i] = p.Entity
		entities[i].Label, entities[i].Score = labels[best], p.scores[best]
	}
	if a != NoAggregation {
		entities = t.groups(entities)
	}
	kept := entities[:0]
	for _, x := range entities {
		if x.Label != "O" {
			kept = append(kept, x)
		}
	}
	return kept
}

// pieces is the tokens of the text.
func (t *Tagger) pieces(text string, e *tokenizer.Encoding, logits []float32) []piece {
	n := len(t.model.Classes().Labels)
	unk := t.tok.Special().Unk
	var out []piece
	tokens, chars := e.Tokens(), e.CharOffsets()
	for i, word := range tokens {
		if e.Special(i) {
			continue
		}
		p := piece{scores: softmax(logits[i*n:][:n])}
		p.Index, p.Start, p.End = i, int(chars[i].Start), int(chars[i].End)
		p.Word, p.subword = word, t.continues(text, word, e.Offsets[i], p.End-p.Start)
		if e.IDs[i] == unk {
			p.Word, p.subword = text[e.Offsets[i].Start:e.Offsets[i].End], false
		}
		out = append(out, p)
	}
	return out
}

// continues reports whether a token, which stands for a number of code points, goes on a word. Where such tokens
// are marked, their texts are longer than what they stand for. Elsewhere transformers sees a word begin where there is a
// space, right before a token or as the first that it stands for.
func (t *Tagger) continues(text, token string, at tokenizer.Span, chars int) bool {
	if t.marked {
		return utf8.RuneCountInString(token) != chars
	}
	return at.Start > 0 && text[at.Start-1] != ' ' && !strings.HasPrefix(text[at.Start:], " ")
}

// words joins the tokens of each word, and scores it by its first token, the average,
// or the token of the highest score.
func (t *Tagger) words(a Aggregation, pieces []piece) []piece {
	var out []piece
	for i := 0; i < len(pieces); {
		j := i + 1
		for j < len(pieces) && pieces[j].subword {
			j++
		}
		word := pieces[i:j]
		w := piece{scores: wordScores(a, word)}
		w.Word, w.Start, w.End = t.join(word), word[0].Start, word[len(word)-1].End
		out = append(out, w)
		i = j
	}
	return out
}

func wordScores(a Aggregation, word []piece) []float64 {
	best := word[0].scores
	switch a {
	case MaxToken:
		top := best[ranked(best)[0]]
		for _, p := range word[1:] {
			if s := p.scores[ranked(p.scores)[0]]; s > top {
				best, top = p.scores, s
			}
		}
	case AverageToken:
		best = make([]float64, len(best))
		for _, p := range word {
			for i, s := range p.scores {
				best[i] += s / float64(len(word))
			}
		}
	}
	return best
}

func (t *Tagger) join(pieces []piece) string {
	words := make([]string, len(pieces))
	for i, p := range pieces {
		words[i] = p.Word
	}
	return t.tok.DecodeTokens(words)
}

// groups joins neighbours of one label, unless B- begins another.
func (t *Tagger) groups(entities []Entity) []Entity {
	var out []Entity
	for i := 0; i < len(entities); {
		_, tag := splitLabel(entities[i].Label)
		j := i + 1
		for ; j < len(entities); j++ {
			if begins, next := splitLabel(entities[j].Label); begins || next != tag {
				break
			}
		}
		g := Entity{Start: entities[i].Start, End: entities[j-1].End}
		var words []string
		for _, x := range entities[i:j] {
			words = append(words, x.Word)
			g.Score += x.Score / float64(j-i)
		}
		g.Word = t.tok.DecodeTokens(words)
		g.Label = entities[i].Label
		if _, after, ok := strings.Cut(g.Label, "-"); ok {
			g.Label = after
		}
		out = append(out, g)
		i = j
	}
	return out
}

// splitLabel takes B- or I- off a label; one with neither counts as inside.
func splitLabel(label string) (begins bool, tag string) {
	if tag, ok := strings.CutPrefix(label, "B-"); ok {
		return true, tag
	}
	return false, strings.TrimPrefix(label, "I-")
}
