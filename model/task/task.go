// Package task is text in, answers out: embeddings, ranking, classification,
// tagging, extractive answers, masked words, next sentences, continuations, and how
// likely texts are, from checkpoints as Hugging Face ships them.
//
// Every task takes a [context.Context] and many texts, and returns results in the
// order of the texts, however it batched them. A task is safe for concurrent use:
// calls that meet share batches, and take turns in them. When a context ends its call
// returns at once, and work that only it waited for is dropped at the next operation;
// but turning one text into tokens is not interrupted, nor making answers of what the
// model gave, once all of it is there.
//
// NewX makes a task X of a model of one's own, which runs in a goroutine of the task:
// its panics end the program. An error of its stream fails the calls of the batch.
package task

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/gpu/auto"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/generate"
	"github.com/rapt-go/rapt/model/tokenizer"
	"github.com/rapt-go/rapt/model/zoo"
)

// A Text is what an encoder reads: one segment, or a pair. It is a pair if Second is
// not empty, or if it was made by [Pair].
type Text struct {
	First, Second string
	paired        bool
}

// Pair is a pair of texts, even if the second is empty.
func Pair(first, second string) Text { return Text{first, second, true} }

// IsPair reports whether t has two segments.
func (t Text) IsPair() bool { return t.paired || t.Second != "" }

// A Tokenizer turns text to ids and back; [tokenizer.Tokenizer] is one.
type Tokenizer interface {
	Encode(text string, o tokenizer.Options) (tokenizer.Encoding, error)
	EncodePair(first, second string, o tokenizer.Options) (tokenizer.Encoding, error)
	Decode(ids []int32, o tokenizer.DecodeOptions) string
	Token(id int32) (text string, ok bool)
	DecodeTokens(tokens []string) string // text of tokens, as Decode makes it of ids
	Special() tokenizer.Special
}

// An Option changes how a task is opened. A nil Option changes nothing.
type Option func(*options)

type options struct {
	on       gpu.Backend
	as       *zoo.As
	fs       fs.FS
	tokens   int
	truncate bool
	topK     int
	pooling  Pooling
	norm     *bool

	generating *generate.Config
}

// On uses b, which the caller closes after the task, in place of the best backend
// of this machine.
func On(b gpu.Backend) Option { return func(o *options) { o.on = b } }

// As loads weights as dt in format f, in place of the backend's default at full
// precision.
func As(dt gpu.DType, f gpu.Format) Option {
	return func(o *options) { o.as = &zoo.As{DType: dt, Format: f} }
}

// FromFS reads the model's folder from fsys, such as an embed.FS; the path given to
// Open is not used then.
func FromFS(fsys fs.FS) Option { return func(o *options) { o.fs = fsys } }

// BatchTokens bounds the tokens of a batch; a longer sequence is one by itself. 0
// means [DefaultBatchTokens]. For tasks of decoders see [OpenGenerator].
func BatchTokens(n int) Option { return func(o *options) { o.tokens = n } }

// Truncate cuts texts that are too long for the model, from the end of the longer
// segment; without it they are errors.
func Truncate() Option { return func(o *options) { o.truncate = true } }

// DefaultBatchTokens keeps a core busy: matrix products are at full speed from about
// a hundred rows, and a batch is what others wait for.
const DefaultBatchTokens = 512

// A session is where a task's batches run.
type session struct {
	backend gpu.Backend
	owned   bool // close it with the task
	budget  int  // tokens of a batch
}

// close closes the backend, unless it is the caller's.
func (s session) close() error {
	if s.owned {
		return s.backend.Close()
	}
	return nil
}

// Backend names the backend that the task runs on.
func (s session) Backend() string { return s.backend.Info().Name }

// opened is a task's model and what belongs to it.
type opened[M model.Model] struct {
	session
	options
	folder model.Folder
	model  M
	tok    *tokenizer.Tokenizer
}

func newOpened[M model.Model](opts []Option) *opened[M] {
	o := &opened[M]{}
	for _, f := range opts {
		if f != nil {
			f(&o.options)
		}
	}
	return o
}

// open loads a checkpoint as an M, on the backend asked for.
func open[M model.Model](dir string, opts []Option) (*opened[M], error) {
	o := newOpened[M](opts)
	var err error
	if o.folder, err = folder(dir, o.fs); err != nil {
		return nil, err
	}
	if err := o.load(); err != nil {
		return nil, err
	}
	return o, nil
}

func folder(dir string, fsys fs.FS) (model.Folder, error) {
	if fsys != nil {
		return model.FS(fsys), nil
	}
	return model.Dir(dir)
}

// load opens backend, model and tokenizer; on error nothing stays open.
func (o *opened[M]) load() (err error) {
	if o.session, err = newSession(&o.options); err != nil {
		return err
	}
	if o.model, err = zoo.LoadFolder[M](o.folder, o.backend, o.loadAs(o.backend)); err != nil {
		return errors.Join(err, o.session.close())
	}
	if o.tok, err = loadTokenizer(o.folder, o.model.Limits()); err != nil {
		return errors.Join(err, o.close())
	}
	return nil
}

// close closes what load opened.
func (o *opened[M]) close() error { return errors.Join(o.model.Close(), o.session.close()) }

// loadAs is how weights are loaded.
func (o *options) loadAs(b gpu.Backend) zoo.As {
	if o.as != nil {
		return *o.as
	}
	return zoo.Default(b)
}

func newSession(o *options) (session, error) {
	if o.tokens < 0 {
		return session{}, fmt.Errorf("a batch of %d tokens: want at least 1", o.tokens)
	}
	s := session{backend: o.on, budget: o.tokens}
	if s.budget == 0 {
		s.budget = DefaultBatchTokens
	}
	if s.backend == nil {
		b, _, err := auto.Open(auto.Options{})
		if err != nil {
			return s, err
		}
		s.backend, s.owned = b, true
	}
	return s, nil
}

// loadTokenizer reads the folder's tokenizer, whose every id the model must have.
func loadTokenizer(f model.Folder, l model.Limits) (*tokenizer.Tokenizer, error) {
	t, err := tokenizer.Load(f.FS)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name(), err)
	}
	if n := int(t.MaxID()) + 1; n > l.Vocab {
		return nil, fmt.Errorf("%s: the tokenizer's ids need %d rows, but the model's embeddings have %d", f.Name(), n, l.Vocab)
	}
	return t, nil
}

type progressKey struct{}

// WithProgress returns a context under which a task calls f, from the goroutine of
// the call, with the number of sequences done so far and of all: first with 0, last
// with all. A sequence is a text, a window of a long one, or a text with a label of
// [ZeroShot] or [Choice]. A nil f calls nothing.
func WithProgress(ctx context.Context, f func(done, total int)) context.Context {
	return context.WithValue(ctx, progressKey{}, f)
}

func progressOf(ctx context.Context) func(done, total int) {
	if f, ok := ctx.Value(progressKey{}).(func(done, total int)); ok && f != nil {
		return f
	}
	return func(int, int) {}
}
