package task

// What the tasks of decoders have in common.

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/generate"
	"github.com/rapt-go/rapt/model/tokenizer"
)

// A writer is an engine that continues sequences, and a tokenizer before it.
type writer struct {
	session
	engine *generate.Engine
	model  model.Decoder
	tok    Tokenizer
	config generate.Config
}

// mostRows bounds the sequences of a step, for each of which a table of its tokens is uploaded.
const mostRows = 1024

// usualRows is how many sequences a step has where nothing asks for more.
const usualRows = 32

func newWriter(ses session, o *options, m model.Decoder, t Tokenizer, c generate.Config) writer {
	rows := o.tokens
	if rows == 0 {
		rows = max(usualRows, c.Beams, c.Return)
	}
	return writer{ses, generate.New(ses.backend, m, generate.Room{Rows: min(rows, mostRows)}), m, t, c}
}

// made is a task of its writer.
func made[T ~struct{ writer }](w writer, err error) (*T, error) {
	if err != nil {
		return nil, err
	}
	return &T{w}, nil
}

func openWriter(dir string, opts []Option) (writer, error) {
	o, err := open[model.Decoder](dir, opts)
	if err != nil {
		return writer{}, err
	}
	c, err := o.generation()
	if err != nil {
		return writer{}, errors.Join(fmt.Errorf("%s: %w", o.folder.Name(), err), o.close())
	}
	return newWriter(o.session, &o.options, o.model, o.tok, c), nil
}

// generation is what the option Generating says, else the checkpoint.
func (o *opened[M]) generation() (generate.Config, error) {
	if o.generating != nil {
		return *o.generating, nil
	}
	c, err := generate.ReadConfig(o.folder)
	if err != nil {
		return c, err
	}
	return c, c.Fit(o.model.Limits().Vocab)
}

// ownWriter is openWriter for a user's own model and tokenizer.
func ownWriter(m model.Decoder, t Tokenizer, opts []Option) (writer, error) {
	o := newOpened[model.Decoder](opts)
	if o.on == nil {
		return writer{}, errNeedsOn
	}
	ses, err := newSession(&o.options)
	if err != nil {
		return writer{}, err
	}
	var c generate.Config
	if o.generating != nil {
		c = *o.generating
	}
	return newWriter(ses, &o.options, m, t, c), nil
}

// Close ends the task: calls that are not finished get [ErrClosed], and the model is closed, one's own too, with what else
// Open opened. A second Close gets ErrClosed.
func (w writer) Close() error {
	if err := w.engine.Close(); err != nil {
		return known(err)
	}
	return errors.Join(w.model.Close(), w.session.close())
}

// known is an engine's error as one of this package.
func known(err error) error {
	if errors.Is(err, generate.ErrClosed) {
		return ErrClosed
	}
	return err
}

// start is what a text that would have no tokens begins with.
func (w writer) start() ([]int32, error) {
	bos, vocab := w.config.BOS, w.model.Limits().Vocab
	switch {
	case bos == nil:
		return nil, fmt.Errorf("%w: no tokens, and the checkpoint has no bos_token_id to begin with", model.ErrInput)
	case *bos < 0 || int(*bos) >= vocab:
		return nil, fmt.Errorf("%w: no tokens, and none to begin with: bos_token_id%s is %d, outside the vocabulary of %d",
			model.ErrInput, w.of(), *bos, vocab)
	}
	return []int32{*bos}, nil
}

// of says where the configuration was read.
func (w writer) of() string {
	if w.config.File == "" {
		return ""
	}
	return " of " + w.config.File
}

// encode turns a text into tokens that the model knows.
func (w writer) encode(text string) (tokenizer.Encoding, error) {
	e, err := w.tok.Encode(text, tokenizer.Options{NoOverflow: true})
	if err == nil {
		err = model.Limits{Vocab: w.model.Limits().Vocab}.Check(model.Input{IDs: e.IDs})
	}
	return e, err
}

// fits reports a sequence that is longer than the model reads; a message adds what helps.
func (w writer) fits(tokens, most int, helps string) error {
	if l := w.model.Limits().Length; l > 0 && tokens > most {
		return fmt.Errorf("%w: %d tokens, the model reads at most %d%s", ErrTooLong, tokens, l, helps)
	}
	return nil
}

// together calls f with 0 to n-1, as many at once as keep the engine busy, and returns what it gives in order. It ends with
// the first error, or when ctx ends.
func together[R any](ctx context.Context, e *generate.Engine, n int, f func(ctx context.Context, i int) (R, error)) ([]R, error) {
	progress := progressOf(ctx)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	const ahead = 2 // sequences that wait for each that runs
	out := make([]R, n)
	done := make(chan error, n)
	var next atomic.Int64
	for range min(n, (1+ahead)*e.Room().Rows) {
		go func() {
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				v, err := f(ctx, i)
				out[i] = v
				done <- err
			}
		}()
	}
	for k := range n {
		progress(k, n)
		select {
		case err := <-done:
			if err != nil {
				return nil, known(err)
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	progress(n, n)
	return out, nil
}
