package task

import (
	"context"
	"errors"
	"fmt"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/tokenizer"
)

// A core is what all tasks have: an engine, and a tokenizer before it.
type core[R any] struct {
	*engine[R]
	tok      Tokenizer
	limit    int // tokens of a sequence; 0 means any number
	truncate bool
}

// newCore makes the core of an opened task, whose engine runs forward.
func newCore[R any, M model.Model](o *opened[M], forward func(*gpu.Stream, model.Batch, []item) ([]R, error)) core[R] {
	limit := o.model.Limits().Length
	if n := o.tok.MaxLength(); n > 0 && (limit == 0 || n < limit) {
		limit = n
	}
	return core[R]{newEngine(o.session, o.model, forward), o.tok, limit, o.truncate}
}

// ErrTooLong is wrapped, in a [TextError], where a text has more tokens than the model
// reads; it wraps [model.ErrInput]. The option [Truncate] cuts such texts.
var ErrTooLong = fmt.Errorf("%w: too long", model.ErrInput)

var errNeedsOn = errors.New("a model of one's own needs the option On: the backend that holds its weights")

// ownCore is newCore for a user's own model and tokenizer.
func ownCore[R any](m model.Model, t Tokenizer, opts []Option, forward func(*gpu.Stream, model.Batch, []item) ([]R, error)) (core[R], error) {
	o := newOpened[model.Model](opts)
	if o.on == nil {
		return core[R]{}, errNeedsOn
	}
	ses, err := newSession(&o.options)
	if err != nil {
		return core[R]{}, err
	}
	return core[R]{newEngine(ses, m, forward), t, m.Limits().Length, o.truncate}, nil
}

// Close ends the task: calls that are not finished get [ErrClosed], and the model is
// closed, one's own too, with what else Open opened. A second Close gets ErrClosed.
func (c core[R]) Close() error { return c.close() }

// encode turns a text to tokens that the model can read.
func (c core[R]) encode(t Text) (tokenizer.Encoding, error) {
	o := tokenizer.Options{NoOverflow: true}
	if c.truncate {
		o.MaxLength = c.limit
	}
	var e tokenizer.Encoding
	var err error
	if t.IsPair() {
		e, err = c.tok.EncodePair(t.First, t.Second, o)
	} else {
		e, err = c.tok.Encode(t.First, o)
	}
	if err == nil && c.limit > 0 && len(e.IDs) > c.limit {
		err = fmt.Errorf("%w: %d tokens, the model reads at most %d", ErrTooLong, len(e.IDs), c.limit)
	}
	return e, err
}

// encodeAll encodes every text, until ctx ends; the error names the one that fails.
func (c core[R]) encodeAll(ctx context.Context, texts []Text) ([]tokenizer.Encoding, []item, error) {
	encodings, items := make([]tokenizer.Encoding, len(texts)), make([]item, len(texts))
	err := each(ctx, len(texts), func(i int) error {
		e, err := c.encode(texts[i])
		if err == nil {
			encodings[i] = e
			items[i], err = c.item(e)
		}
		return textError(i, err)
	})
	if err != nil {
		return nil, nil, err
	}
	return encodings, items, nil
}

// each calls f with 0 to n-1, until one fails or ctx ends.
func each(ctx context.Context, n int, f func(i int) error) error {
	for i := range n {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := f(i); err != nil {
			return err
		}
	}
	return nil
}

// item is the sequence of an encoding, if the model can read it.
func (c core[R]) item(e tokenizer.Encoding) (item, error) {
	l := c.engine.model.Limits()
	it := item{Input: model.Input{IDs: e.IDs}}
	if l.Types > 1 { // others make no difference between the texts of a pair, even if the tokenizer does
		it.Types = e.Types
	}
	return it, l.Check(it.Input)
}

// A TextError says which text of a call was wrong.
type TextError struct {
	Index int // of the text
	Err   error
}

func (e *TextError) Error() string { return fmt.Sprintf("text %d: %v", e.Index, e.Err) }

// Unwrap returns what was wrong with it.
func (e *TextError) Unwrap() error { return e.Err }

// textError is err as an error of text i, or nil.
func textError(i int, err error) error {
	if err == nil {
		return nil
	}
	return &TextError{i, err}
}

// singles makes texts of one segment.
func singles(texts []string) []Text {
	out := make([]Text, len(texts))
	for i, t := range texts {
		out[i].First = t
	}
	return out
}

// anyWidth is the width of an embedding, which no label depends on.
const anyWidth = -1

// shaped reports a model that gave anything but [rows, width], as one's own may.
func shaped(s *gpu.Stream, x gpu.Tensor, rows, width int) error {
	if width == anyWidth {
		width = x.Cols
	}
	if s.Err() == nil && (x.Rows != rows || x.Cols != width) {
		return fmt.Errorf("%w: the model gave [%d, %d], want [%d, %d]", gpu.ErrShape, x.Rows, x.Cols, rows, width)
	}
	return s.Err()
}

// read is what a model gave, [rows, width].
func read(s *gpu.Stream, x gpu.Tensor, rows, width int) ([]float32, error) {
	if err := shaped(s, x, rows, width); err != nil {
		return nil, err
	}
	return gpu.Read[float32](s, x)
}

// perSequence reads x, [sequences, width], row by row.
func perSequence(s *gpu.Stream, x gpu.Tensor, sequences, width int) ([][]float32, error) {
	flat, err := read(s, x, sequences, width)
	if err != nil {
		return nil, err
	}
	rows := make([][]float32, x.Rows)
	for i := range rows {
		rows[i] = flat[i*x.Cols : (i+1)*x.Cols : (i+1)*x.Cols]
	}
	return rows, nil
}

// perToken reads x, [tokens, width], and cuts it into the sequences of items.
func perToken(s *gpu.Stream, x gpu.Tensor, items []item, width int) ([][]float32, error) {
	tokens := 0
	for _, it := range items {
		tokens += len(it.IDs)
	}
	flat, err := read(s, x, tokens, width)
	if err != nil {
		return nil, err
	}
	parts := make([][]float32, len(items))
	for i, it := range items {
		n := len(it.IDs) * x.Cols
		parts[i], flat = flat[:n:n], flat[n:]
	}
	return parts, nil
}
