package task

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/tokenizer"
)

// A Question is asked of a context, in which its answer stands.
type Question struct{ Question, Context string }

// An Answer is a piece of the context.
type Answer struct {
	Text       string
	Score      float64 // the probability of its start times that of its end, in its window
	Start, End int     // in code points of the context
}

// Reading says how [Reader.Answer] looks for answers. Zero fields mean the usual.
type Reading struct {
	TopK         int  // answers to a question; 1
	MaxAnswerLen int  // tokens of an answer; 15
	MaxSeqLen    int  // tokens of a window, question included; 384, or what the model reads
	DocStride    int  // tokens that windows of a long context share; 128, or half a window if that is less
	AlignToWords bool // answers start and end with whole words
}

// A Reader finds answers to questions in texts.
type Reader struct{ core[[]float32] }

// OpenReader opens a checkpoint for extractive question answering.
func OpenReader(dir string, opts ...Option) (*Reader, error) {
	o, err := open[model.SpanReader](dir, opts)
	if err != nil {
		return nil, err
	}
	return &Reader{newCore(o, reader(o.model))}, nil
}

// NewReader answers with a model of one's own; the option [On] is needed.
func NewReader(m model.SpanReader, t Tokenizer, opts ...Option) (*Reader, error) {
	c, err := ownCore(m, t, opts, reader(m))
	if err != nil {
		return nil, err
	}
	return &Reader{c}, nil
}

func reader(m model.SpanReader) func(*gpu.Stream, model.Batch, []item) ([][]float32, error) {
	return func(s *gpu.Stream, in model.Batch, items []item) ([][]float32, error) {
		return perToken(s, m.Spans(s, in), items, 2)
	}
}

// usual fills in what is zero, and refuses what cannot be.
func (r *Reader) usual(o Reading) (Reading, error) {
	if o.TopK < 0 || o.MaxAnswerLen < 0 || o.MaxSeqLen < 0 || o.DocStride < 0 {
		return o, fmt.Errorf("%w: a negative size in %+v", model.ErrInput, o)
	}
	o.TopK = cmp.Or(o.TopK, 1)
	o.MaxAnswerLen = cmp.Or(o.MaxAnswerLen, 15)
	o.MaxSeqLen = cmp.Or(o.MaxSeqLen, 384)
	if r.limit > 0 {
		o.MaxSeqLen = min(o.MaxSeqLen, r.limit)
	}
	o.DocStride = cmp.Or(o.DocStride, min(o.MaxSeqLen/2, 128))
	return o, nil
}

// Answer returns the best answers to each question, best first. A long context is
// read in windows that overlap by DocStride tokens. In every window the logits of
// start and end are softmaxed over the context and the first token, which stands for
// "no answer" and is then left out. A question that leaves a window too little of the
// context is an error, a [TextError].
func (r *Reader) Answer(ctx context.Context, o Reading, questions ...Question) ([][]Answer, error) {
	o, err := r.usual(o)
	if err != nil {
		return nil, err
	}
	var windows []tokenizer.Encoding
	var items []item
	first := make([]int, len(questions)+1) // window of each question
	err = each(ctx, len(questions), func(i int) error {
		ws, its, err := r.windows(o, questions[i])
		windows, items = append(windows, ws...), append(items, its...)
		first[i+1] = len(windows)
		return textError(i, err)
	})
	if err != nil {
		return nil, err
	}
	logits, err := r.run(ctx, items)
	if err != nil {
		return nil, err
	}
	out := make([][]Answer, len(questions))
	for i, q := range questions {
		out[i] = answers(o, q.Context, windows[first[i]:first[i+1]], logits[first[i]:first[i+1]])
	}
	return out, nil
}

// windows encodes a question with each window of its context.
func (r *Reader) windows(o Reading, q Question) ([]tokenizer.Encoding, []item, error) {
	e, err := r.tok.EncodePair(q.Question, q.Context,
		tokenizer.Options{MaxLength: o.MaxSeqLen, Stride: o.DocStride, Strategy: tokenizer.OnlySecond})
	if err == nil && slices.ContainsFunc(e.Overflow, func(w tokenizer.Encoding) bool { return len(w.IDs) > o.MaxSeqLen }) {
		err = errors.New("they have room for special tokens only") // then the text that was cut is one window
	}
	if err != nil {
		return nil, nil, r.badWindow(o, q, err)
	}
	windows := append([]tokenizer.Encoding{e}, e.Overflow...)
	items := make([]item, len(windows))
	for i, w := range windows {
		if items[i], err = r.item(w); err != nil {
			return nil, nil, err
		}
	}
	return windows, items, nil
}

// badWindow says what windows could not be cut, err, from a question and its context.
func (r *Reader) badWindow(o Reading, q Question, err error) error {
	e, alone := r.tok.Encode(q.Question, tokenizer.Options{NoSpecial: true})
	if alone != nil {
		return err
	}
	return fmt.Errorf("%w: a question of %d tokens, windows of %d that share %d: %w", model.ErrInput, len(e.IDs), o.MaxSeqLen, o.DocStride, err)
}

// A span is a candidate: tokens i to j of a window.
type span struct {
	score        float64
	window, i, j int
}

// answers returns the best spans of a question's windows.
func answers(o Reading, text string, windows []tokenizer.Encoding, logits [][]float32) []Answer {
	var best []span
	for w := range windows {
		best = append(best, spans(o, w, &windows[w], logits[w])...)
		slices.SortStableFunc(best, func(a, b span) int { return cmp.Compare(b.score, a.score) })
		best = best[:min(len(best), o.TopK)]
	}
	out := make([]Answer, len(best))
	for k, s := range best {
		e, i, j := &windows[s.window], s.i, s.j
		if o.AlignToWords {
			for i > 0 && e.Sequence[i-1] == 1 && e.Words[i-1] == e.Words[i] {
				i--
			}
			for j+1 < len(e.IDs) && e.Sequence[j+1] == 1 && e.Words[j+1] == e.Words[j] {
				j++
			}
		}
		chars := e.CharOffsets()
		out[k] = Answer{text[e.Offsets[i].Start:e.Offsets[j].End], s.score, int(chars[i].Start), int(chars[j].End)}
	}
	return out
}

// spans returns every span of a window that can be an answer.
func spans(o Reading, window int, e *tokenizer.Encoding, logits []float32) []span {
	inContext := func(i int) bool { return e.Sequence[i] == 1 }
	starts, ends := make([]float32, len(e.IDs)), make([]float32, len(e.IDs))
	for i := range e.IDs {
		starts[i], ends[i] = float32(math.Inf(-1)), float32(math.Inf(-1))
		if i == 0 || inContext(i) {
			starts[i], ends[i] = logits[2*i], logits[2*i+1]
		}
	}
	p, q := softmax(starts), softmax(ends)
	var out []span
	for i := range p {
		for j := i; inContext(i) && j < i+min(o.MaxAnswerLen, len(q)-i); j++ {
			if inContext(j) {
				out = append(out, span{p[i] * q[j], window, i, j})
			}
		}
	}
	return out
}
