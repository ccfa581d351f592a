package generate

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/rapt-go/rapt/model"
)

// A kind is what a job is for.
type kind uint8

const (
	writing kind = iota
	scoring      // log-probabilities of the prompt
	keeping      // a prefix
	asking       // the distribution of the next token
)

// A job is a request at work. What is above mu belongs to the worker once the job is submitted.
type job struct {
	Request
	kind kind
	ctx  context.Context
	from int // of scoring: the first token with a score
	most int // new tokens
	need int // tokens in the cache, those of the prefix included
	feed []int32
	fed  int             // tokens of feed that are in the cache
	seq  *model.Sequence // until the prompt is read
	left int             // rows that have not ended

	shares   *Prefix // whose pages it has
	reserved int     // of the worker's room
	group    *group  // of a beam search whose prompt is read
	broken   error   // what a callback did, or what was wrong with logits

	gone atomic.Bool // nobody waits

	mu     sync.Mutex
	tokens []Token
	over   bool
	err    error
	notify chan struct{} // of capacity 1

	// What it gives, which only it writes before over is set.
	out    []Output
	scores []float64
	kept   *Prefix
	next   []float32
}

// A row is one sequence that is written without beams.
type row struct {
	sequence
	out Output
}

func newJob(ctx context.Context, k kind, r Request) *job {
	j := &job{Request: r, kind: k, ctx: ctx, notify: make(chan struct{}, 1)}
	j.Prompt = slices.Clone(r.Prompt)
	if stop := r.Stop; stop != nil {
		j.Stop = func(ids []int32) (stopped bool) {
			defer j.recovered("Stop", &stopped)
			return stop(ids)
		}
	}
	j.Processors = slices.Clone(r.Processors)
	for i, f := range r.Processors {
		if f != nil { // else check says so
			j.Processors[i] = func(ids []int32, logits []float32) {
				defer j.recovered("Processors", nil)
				f(ids, logits)
			}
		}
	}
	return j
}

// recovered makes a panic of a callback the job's error, which ends it.
func (j *job) recovered(name string, stopped *bool) {
	if x := recover(); x != nil {
		j.fault(fmt.Errorf("%s panicked: %v", name, x))
		if stopped != nil {
			*stopped = true
		}
	}
}

// fault is what ends the job, if it is the first.
func (j *job) fault(err error) {
	if j.broken == nil {
		j.broken = err
	}
}

// prepare checks the request and counts what it needs.
func (j *job) prepare(e *Engine) error {
	prefix := j.Prefix.Len()
	if err := e.limits.Check(model.Input{IDs: j.Prompt}); err != nil {
		return err
	}
	total := prefix + len(j.Prompt)
	if l := longest(e.limits); total > l {
		return fmt.Errorf("%w: %d tokens, %d of them of the prefix; the model reads at most %d", model.ErrInput, total, prefix, l)
	}
	rows := 1
	if j.kind == writing || j.kind == asking {
		if err := j.check(e.limits, total); err != nil {
			return err
		}
		j.most = j.Options.most(e.limits, total)
		rows = max(j.seats(), 1)
	}
	if rows > e.room.Rows {
		return fmt.Errorf("%w: %d sequences at once, there is room for %d", model.ErrCache, rows, e.room.Rows)
	}
	if j.need = total + rows*j.most; j.need > e.room.Tokens {
		return fmt.Errorf("%w: %d tokens, there is room for %d", model.ErrCache, j.need, e.room.Tokens)
	}
	if j.kind == writing { // so that a step allocates nothing
		j.tokens = make([]Token, 0, max(j.Return, 1)*j.most)
	}
	return nil
}

// seats is how many rows of a step the job takes.
func (j *job) seats() int {
	if j.kind != writing {
		return 0
	}
	return max(j.Beams, j.Return, 1)
}

// say hands a token to the caller.
func (j *job) say(t Token) {
	j.mu.Lock()
	j.tokens = append(j.tokens, t)
	j.mu.Unlock()
	j.poke()
}

func (j *job) poke() {
	select {
	case j.notify <- struct{}{}:
	default:
	}
}

// end tells the caller that the job is over.
func (j *job) end(err error) {
	j.mu.Lock()
	j.over, j.err = true, err
	j.mu.Unlock()
	j.poke()
}

// wait passes every token to see, if it is not nil, until the job or ctx ends or see is false.
func (j *job) wait(ctx context.Context, see func(Token) bool) error {
	seen := 0
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-j.notify:
		}
		j.mu.Lock()
		tokens, over, err := j.tokens[seen:], j.over, j.err // what is there is not written again
		j.mu.Unlock()
		for _, t := range tokens {
			if see != nil && !see(t) {
				return nil
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
		seen += len(tokens)
		if over {
			return err
		}
	}
}

// abandon says that nobody waits any more.
func (j *job) abandon() { j.gone.Store(true) }

// unwanted reports whether the job may be dropped.
func (j *job) unwanted() bool { return j.gone.Load() || j.ctx.Err() != nil }

// take adds a chosen token to the row, and reports whether the row goes on.
func (r *row) take(id int32, logProb float64) bool {
	j := r.j
	r.out.IDs = append(r.out.IDs, id)
	r.out.LogProbs = append(r.out.LogProbs, logProb)
	r.out.Score += logProb
	r.rules.push(id)
	r.next[0] = id
	switch {
	case slices.Contains(j.EOS, id):
		r.out.Finish = EndOfText
	case j.Stop != nil && j.Stop(r.out.IDs):
		r.out.Finish = Stopped
	case len(r.out.IDs) == j.most:
		r.out.Finish = Length
	}
	if j.broken != nil { // by Stop, which has not said why the sequence ends
		return false
	}
	j.say(Token{Index: r.index, ID: id, LogProb: logProb, Finish: r.out.Finish})
	return r.out.Finish == Running
}

// context is all that the request gives: prefix and prompt.
func (j *job) context() []int32 {
	if j.Prefix == nil {
		return j.Prompt
	}
	return slices.Concat(j.Prefix.ids, j.Prompt)
}

func (j *job) newRules() *rules { return newRules(&j.Options, j.context(), j.most) }

// seed is the key of the sequence's next draw, of which Sample takes the low and the high word: by splitmix64 from the request's
// seed, the sequence's index and the token's.
func (q *sequence) seed() (low, high int32) {
	k := mix(mix(q.j.Seed+golden) + uint64(q.index)*golden)
	k = mix(k + uint64(len(q.rules.new()))*golden)
	return int32(uint32(k)), int32(uint32(k >> 32))
}

const golden = 0x9e3779b97f4a7c15 // 2⁶⁴ over the golden ratio

// mix is the output function of splitmix64 (Steele et al. 2014).
func mix(k uint64) uint64 {
	k = (k ^ k>>30) * 0xbf58476d1ce4e5b9
	k = (k ^ k>>27) * 0x94d049bb133111eb
	return k ^ k>>31
}

// sayAll hands the tokens of what a beam search ended with to the caller.
func (j *job) sayAll() {
	for i := range j.out {
		o := &j.out[i]
		for k, id := range o.IDs {
			f := Running
			if k == len(o.IDs)-1 {
				f = o.Finish
			}
			j.say(Token{Index: i, ID: id, LogProb: math.NaN(), Finish: f})
		}
	}
}
