package task

import (
	"context"
	"iter"
	"slices"

	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/generate"
)

// A Decoding says how a [Generator] continues prompts. Start from [Generator.Defaults]; the zero value is greedy search
// without an end token, to the end of what the model reads.
type Decoding struct {
	generate.Options

	// StopStrings end a sequence with the token that completes one of them, which stays in the text. A string may begin
	// in the prompt.
	StopStrings []string
}

// An Output is a continuation of a prompt.
type Output struct {
	Text string // without special tokens, such as the end token
	generate.Output
}

// A Piece is one step of one continuation.
type Piece struct {
	generate.Token
	Text string // what the token completes: whole characters only, so that it may be empty; the last piece has the rest
}

// A Generator continues texts.
type Generator struct {
	writer
}

// DefaultNewTokens is how many tokens [Generator.Defaults] allows where the checkpoint bounds neither new tokens nor length:
// some hundred words. Transformers allows 20 then.
const DefaultNewTokens = 128

// Generating says how a model writes, in place of the checkpoint's generation_config.json: what [Generator.Defaults] are, and
// by its BOS what an empty prompt begins with. A model of one's own has none of either without it.
func Generating(c generate.Config) Option { return func(o *options) { o.generating = &c } }

// OpenGenerator opens a decoder's checkpoint for continuing texts. Of a task of a decoder [BatchTokens] bounds the sequences
// that are written at once, each of which adds one token to a step; 0 means 32, or as many as the checkpoint's settings ask for
// of one prompt if that is more, and there are never more than 1,024.
// [Truncate] does not count: prompts are never cut.
func OpenGenerator(dir string, opts ...Option) (*Generator, error) {
	return made[Generator](openWriter(dir, opts))
}

// NewGenerator continues texts with a model of one's own; the option [On] is needed.
func NewGenerator(m model.Decoder, t Tokenizer, opts ...Option) (*Generator, error) {
	return made[Generator](ownWriter(m, t, opts))
}

// Defaults is what the checkpoint says of decoding, with at most [DefaultNewTokens], or its min_new_tokens, if it sets no
// bound. The caller may change it, and all that it points to.
func (g *Generator) Defaults() Decoding {
	d := Decoding{g.config.Options, slices.Clone(g.config.StopStrings)}
	for _, ids := range []*[]int32{&d.EOS, &d.Suppress, &d.BeginSuppress, &d.ForcedEOS} {
		*ids = slices.Clone(*ids)
	}
	d.BadWords, d.Processors = slices.Clone(d.BadWords), slices.Clone(d.Processors)
	for i, w := range d.BadWords {
		d.BadWords[i] = slices.Clone(w)
	}
	d.LengthPenalty, d.ForcedBOS = copied(d.LengthPenalty), copied(d.ForcedBOS)
	if d.MaxNewTokens == 0 && d.MaxLength == 0 {
		d.MaxNewTokens = max(DefaultNewTokens, d.MinNewTokens)
	}
	return d
}

// copied points to a copy of what p points to.
func copied[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}

// Source names the file that [Generator.Defaults] are from: generation_config.json, or config.json in its absence. It is empty
// if they are from [Generating].
func (g *Generator) Source() string { return g.config.File }

// Check reports what is wrong with d whatever the prompt is, as Generate and Stream do before any work. One that asks for
// more sequences of a prompt than there is room for, by [BatchTokens], wraps [model.ErrCache].
func (g *Generator) Check(d Decoding) error {
	if err := d.check(); err != nil {
		return err
	}
	return g.engine.CheckOptions(&d.Options)
}

// request is a prompt and how to continue it.
func (g *Generator) request(d Decoding, prompt string) (generate.Request, error) {
	e, err := g.encode(prompt)
	if err != nil {
		return generate.Request{}, err
	}
	r := generate.Request{Prompt: e.IDs, Options: d.Options}
	if len(r.Prompt) == 0 {
		if r.Prompt, err = g.start(); err != nil {
			return r, err
		}
	}
	if err := g.fits(len(r.Prompt), g.model.Limits().Length-1, ", what is written included"); err != nil {
		return r, err
	}
	if s := newStopper(g.tok, d.StopStrings, r.Prompt); s != nil {
		r.Stop = s.stop
		if more := d.Stop; more != nil {
			r.Stop = func(ids []int32) bool { return s.stop(ids) || more(ids) }
		}
	}
	return r, g.engine.Check(r)
}

// Generate continues every prompt as d says, and returns the continuations of each, of a beam search best first. An empty
// prompt begins with the checkpoint's bos_token_id. A prompt that leaves no token to write is an error, [ErrTooLong] if it is
// as long as the model reads.
func (g *Generator) Generate(ctx context.Context, d Decoding, prompts ...string) ([][]Output, error) {
	if err := g.Check(d); err != nil {
		return nil, err
	}
	requests := make([]generate.Request, len(prompts))
	err := each(ctx, len(prompts), func(i int) (err error) {
		requests[i], err = g.request(d, prompts[i])
		return textError(i, err)
	})
	if err != nil {
		return nil, err
	}
	return together(ctx, g.engine, len(prompts), func(ctx context.Context, i int) ([]Output, error) {
		found, err := g.engine.Generate(ctx, requests[i])
		outputs := make([]Output, len(found))
		for k, f := range found {
			outputs[k] = Output{textAfter(g.tok, requests[i].Prompt, f.IDs), f}
		}
		return outputs, err
	})
}

// Stream yields the continuation of a prompt token by token, those of several sequences as they come; of a beam search, whose
// LogProb is NaN, all when it has ended. It stops after an error. Leaving the loop ends the work.
func (g *Generator) Stream(ctx context.Context, d Decoding, prompt string) iter.Seq2[Piece, error] {
	return func(yield func(Piece, error) bool) {
		err := g.Check(d)
		var r generate.Request
		if err == nil {
			r, err = g.request(d, prompt)
		}
		if err != nil {
			yield(Piece{}, err)
			return
		}
		spellers := map[int]speller{}
		for t, err := range g.engine.Stream(ctx, r) {
			if err != nil {
				yield(Piece{}, known(err))
				return
			}
			s := spellers[t.Index]
			if s == nil {
				s = newSpeller(g.tok, r.Prompt)
				spellers[t.Index] = s
			}
			if !yield(Piece{t, s(t.ID, t.Finish != generate.Running)}, nil) {
				return
			}
		}
	}
}
