package generate

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model"
)

// ErrClosed is what a request gets whose engine was closed.
var ErrClosed = errors.New("the generator is closed")

// A Room bounds what an engine works on at once. Zero fields mean what their comments say.
type Room struct {
	Rows   int // sequences of a step, each sample and beam counted: 32
	Tokens int // whose keys and values are kept: as many as 1 GiB or a quarter of the free memory holds, and Rows sequences need
}

// A Request is a prompt and how to continue it. The slices of its options must not change until its call has returned and its context, if
// that ended the call, has been done for a step. Stop and Processors are called in the engine's goroutine: all requests wait for
// them, and they must not use the engine. One that panics ends its own request alone.
type Request struct {
	Prefix *Prefix // what comes before the prompt, if anything
	Prompt []int32
	Options
}

// A Token is one step of one sequence of a request.
type Token struct {
	Index   int // of the sequence, below Options.Return
	ID      int32
	LogProb float64 // under the model, before any rule; NaN of a beam search
	Finish  Finish  // other than Running for the last
}

// An Engine continues prompts. It is safe for concurrent use; the model and the backend are the caller's.
type Engine struct {
	b      gpu.Backend
	m      model.Decoder
	limits model.Limits
	room   Room

	mu      sync.Mutex
	pending []*job
	dropped []*Prefix
	between func(*worker) // called once before the next round, by tests
	closed  bool
	wake    chan struct{} // of capacity 1
	quit    chan struct{} // closed by Close
	done    chan struct{} // closed when the goroutine has ended

	w *worker // of the goroutine
}

// New makes an engine.
func New(b gpu.Backend, m model.Decoder, room Room) *Engine {
	l := m.Limits()
	if room.Rows <= 0 {
		room.Rows = 32
	}
	if room.Tokens <= 0 {
		bytes := int64(1 << 30)
		if free := b.Info().Memory; free > 0 {
			bytes = min(bytes, free/4)
		}
		room.Tokens = max(int(bytes)/max(m.CacheShape().Bytes(), 1), longest(l))
		room.Tokens = min(room.Tokens, room.Rows*longest(l))
	}
	e := &Engine{b: b, m: m, limits: l, room: room,
		wake: make(chan struct{}, 1), quit: make(chan struct{}), done: make(chan struct{})}
	e.w = newWorker(e)
	go e.loop()
	return e
}

// unbounded is the longest sequence of a model that sets no bound.
const unbounded = 4096

// longest is the most tokens of a sequence.
func longest(l model.Limits) int {
	if l.Length == 0 {
		return unbounded
	}
	return l.Length
}

// Room is what the engine works on at once.
func (e *Engine) Room() Room { return e.room }

// Limits bounds what the model reads.
func (e *Engine) Limits() model.Limits { return e.limits }

// Check reports what is wrong with a request, as Generate and Stream do before they start.
func (e *Engine) Check(r Request) error { return newJob(context.Background(), writing, r).prepare(e) }

// Generate returns what r asks for: Options.Return sequences, of a beam search best first. When ctx ends it returns at once,
// and the work ends with its present step.
func (e *Engine) Generate(ctx context.Context, r Request) ([]Output, error) {
	j, err := e.submit(ctx, newJob(ctx, writing, r))
	if err != nil {
		return nil, err
	}
	defer j.abandon()
	if err := j.wait(ctx, nil); err != nil {
		return nil, err
	}
	return j.out, nil
}

// Stream yields the tokens of r's sequences as they are chosen; of a beam search, which may change its mind until it ends,
// those of its results one after another when it has ended. It stops after an error, ctx's included. Leaving the loop ends the
// work. The sequence may be used once more: it then starts again.
func (e *Engine) Stream(ctx context.Context, r Request) iter.Seq2[Token, error] {
	return func(yield func(Token, error) bool) {
		j, err := e.submit(ctx, newJob(ctx, writing, r))
		if err != nil {
			yield(Token{}, err)
			return
		}
		defer j.abandon()
		left := false
		err = j.wait(ctx, func(t Token) bool {
			left = !yield(t, nil)
			return !left
		})
		if err != nil && !left {
			yield(Token{}, err)
		}
	}
}

// Score returns the log-probability of each token of the request's prompt from the one with index from on, given all that
// come before it, those of the prefix included. The first token of a text without a prefix has none: from is at least 1
// then. Options are not looked at.
func (e *Engine) Score(ctx context.Context, r Request, from int) ([]float64, error) {
	j := newJob(ctx, scoring, r)
	j.from = from
	if from < 0 || from > len(r.Prompt) || from == 0 && r.Prefix.Len() == 0 {
		return nil, fmt.Errorf("%w: scores from token %d of %d, after %d of a prefix", model.ErrInput, from, len(r.Prompt), r.Prefix.Len())
	}
	j, err := e.submit(ctx, j)
	if err != nil {
		return nil, err
	}
	defer j.abandon()
	if err := j.wait(ctx, nil); err != nil {
		return nil, err
	}
	return j.scores, nil
}

// Next returns the natural logarithm of the probability of every id to follow the prompt, once the rules of r have changed the
// logits and, if it samples, its filters have cut them: −∞ of those that cannot be drawn.
func (e *Engine) Next(ctx context.Context, r Request) ([]float32, error) {
	j, err := e.submit(ctx, newJob(ctx, asking, r))
	if err != nil {
		return nil, err
	}
	defer j.abandon()
	if err := j.wait(ctx, nil); err != nil {
		return nil, err
	}
	return j.next, nil
}

// submit checks a job and hands it to the goroutine.
func (e *Engine) submit(ctx context.Context, j *job) (*job, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if p := j.Prefix; p != nil && p.e != e {
		return nil, fmt.Errorf("%w: a prefix of another generator", model.ErrInput)
	}
	if err := j.prepare(e); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, ErrClosed
	}
	e.pending = append(e.pending, j)
	e.poke()
	return j, nil
}

// poke wakes the goroutine.
func (e *Engine) poke() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// loop works until Close.
func (e *Engine) loop() {
	defer close(e.done)
	defer e.w.reset()
	for {
		select {
		case <-e.wake:
		case <-e.quit:
			return
		}
		for e.w.tick() {
			select {
			case <-e.quit:
				return
			default:
			}
		}
	}
}

// Close ends the work after its present step; requests get [ErrClosed].
func (e *Engine) Close() error {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return ErrClosed
	}
	e.closed = true
	e.mu.Unlock()
	close(e.quit)
	<-e.done
	return nil
}
