package generate

import (
	"context"
	"errors"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/model"
)

var background = context.Background()

// What is written greedily is what passes over the whole text, without a cache, take for likeliest; and so are its
// log-probabilities. The two ways sum in the same order, so 2⁻²⁰ of a logit's size is twice what their last bits may differ by.
func TestGreedy(t *testing.T) {
	e := toyEngine(t, Room{})
	m := e.m.(interface{ Limits() model.Limits })
	require.Equal(t, toy.Positions, m.Limits().Length)
	ids := prompt(1, 9)
	out, err := e.Generate(background, Request{Prompt: ids, Options: Options{MaxNewTokens: 30}})
	require.NoError(t, err)
	require.Len(t, out, 1)
	require.Len(t, out[0].IDs, 30)
	require.Equal(t, Length, out[0].Finish)
	b := openCPU(t)
	logits := whole(t, toyModel(t, b, toy), b, slices.Concat(ids, out[0].IDs))
	sum := 0.0
	for i, id := range out[0].IDs {
		x := logits[len(ids)+i-1]
		require.Equal(t, int32(slices.Index(x, slices.Max(x))), id, "token %d", i)
		require.InDelta(t, logProb(x, id), out[0].LogProbs[i], scoreError)
		sum += out[0].LogProbs[i]
	}
	require.InDelta(t, sum, out[0].Score, 1e-12)
}

// Without a bound a text goes on to the last position, and one that fills them all is refused before work starts.
func TestLimits(t *testing.T) {
	e := toyEngine(t, Room{})
	out, err := e.Generate(background, Request{Prompt: prompt(1, 100)})
	require.NoError(t, err)
	require.Len(t, out[0].IDs, toy.Positions-100)
	for name, r := range map[string]Request{
		"at most 128":          {Prompt: prompt(1, 129)},
		"128":                  {Prompt: prompt(1, 128)},
		"no tokens":            {},
		"outside the vocab":    {Prompt: []int32{97}},
		"40 sequences at once": {Prompt: prompt(1, 3), Options: Options{Beams: 40}},
	} {
		_, err := e.Generate(background, r)
		require.Error(t, err, name)
		t.Log(err)
	}
}

// requests is a mix of all kinds.
func requests() []Request {
	return []Request{
		{Prompt: prompt(2, 5), Options: Options{MaxNewTokens: 20}},
		{Prompt: prompt(3, 40), Options: Options{MaxNewTokens: 11, Sampling: true, Temperature: 1.3, TopP: 0.9, Seed: 5}},
		{Prompt: prompt(4, 1), Options: Options{MaxNewTokens: 25, Sampling: true, Return: 3, Seed: 6}},
		{Prompt: prompt(5, 17), Options: Options{MaxNewTokens: 12, Beams: 4, Return: 2, EOS: []int32{3}}},
		{Prompt: prompt(6, 9), Options: Options{MaxNewTokens: 30, RepetitionPenalty: 1.4, NoRepeatNGram: 2}},
		{Prompt: prompt(7, 3), Options: Options{MaxNewTokens: 16, Beams: 3, NoRepeatNGram: 3, RepetitionPenalty: 1.1}},
		{Prompt: prompt(8, 64), Options: Options{MaxNewTokens: 9, Sampling: true, TopK: 7, MinP: 0.02, Seed: 7,
			Processors: []Processor{func(ids []int32, x []float32) { x[ids[len(ids)-1]] -= 3 }}}},
		{Prompt: prompt(9, 2), Options: Options{MaxNewTokens: 18, Sampling: true, TypicalP: 0.8, Seed: 8}},
	}
}

// A request gives the same, to the bit, alone, with others, and joining when those are half done.
func TestBatchInvariance(t *testing.T) {
	e := toyEngine(t, Room{})
	all := requests()
	alone := make([][]Output, len(all))
	for i, r := range all {
		out, err := e.Generate(background, r)
		require.NoError(t, err)
		alone[i] = out
	}
	for _, room := range []Room{{}, {Rows: 4}, {Tokens: 130}} { // the second and third make them wait for each other
		e := toyEngine(t, room)
		var wait sync.WaitGroup
		for i, r := range all {
			halfway := make(chan bool)
			r.Stop = func(ids []int32) bool {
				if len(ids) == 5 {
					close(halfway)
				}
				return false
			}
			if r.Beams > 1 || r.Return > 1 {
				r.Stop = nil
				close(halfway)
			}
			wait.Go(func() {
				out, err := e.Generate(background, r)
				require.NoError(t, err)
				require.Equal(t, alone[i], out, "%d", i)
			})
			<-halfway
		}
		wait.Wait()
		e.idle(t)
	}
}

// idle waits until nothing is at work, and checks that nothing is left: no rows, no room, no pages.
func (e *Engine) idle(t testing.TB) {
	require.Eventually(t, func() bool { return e.ask(t, func(w *worker) bool { return len(w.jobs) == 0 }) }, 10*time.Second, time.Millisecond)
	e.ask(t, func(w *worker) bool {
		require.Empty(t, w.rows)
		kept := 0
		for _, p := range w.kept {
			kept += len(p.ids)
		}
		require.Equal(t, kept, w.reserved)
		require.Zero(t, w.seats)
		if w.cache != nil {
			require.Equal(t, e.room.Tokens-kept, w.cache.Free())
		}
		return true
	})
}

// ask calls f between two rounds.
func (e *Engine) ask(t testing.TB, f func(w *worker) bool) bool {
	answer := make(chan bool, 1)
	e.mu.Lock()
	e.between = func(w *worker) { answer <- f(w) }
	e.poke()
	e.mu.Unlock()
	select {
	case ok := <-answer:
		return ok
	case <-time.After(10 * time.Second):
		t.Fatal("the engine does not answer")
		return false
	}
}

// The tokens of a stream are those of Generate; a loop may end early, and run again.
func TestStream(t *testing.T) {
	e := toyEngine(t, Room{})
	for i, r := range requests() {
		want, err := e.Generate(background, r)
		require.NoError(t, err)
		got := make([]Output, len(want))
		for tok, err := range e.Stream(background, r) {
			require.NoError(t, err)
			o := &got[tok.Index]
			o.IDs = append(o.IDs, tok.ID)
			if r.Beams <= 1 {
				o.LogProbs = append(o.LogProbs, tok.LogProb)
			}
			o.Finish = tok.Finish
		}
		for k := range want {
			want[k].Score = 0
		}
		require.Equal(t, want, got, "%d", i)
	}
	seq := e.Stream(background, Request{Prompt: prompt(1, 4)})
	for range 2 {
		n := 0
		for range seq {
			if n++; n == 3 {
				break
			}
		}
		require.Equal(t, 3, n)
	}
	e.idle(t)
}

// A context ends a stream within a step; what it had is freed.
func TestCancel(t *testing.T) {
	e := toyEngine(t, Room{})
	ctx, cancel := context.WithCancel(background)
	defer cancel()
	n := 0
	var last error
	for _, err := range e.Stream(ctx, Request{Prompt: prompt(1, 4)}) {
		if last = err; err != nil {
			break
		}
		if n++; n == 5 {
			cancel()
		}
	}
	require.ErrorIs(t, last, context.Canceled)
	require.Equal(t, 5, n)
	_, err := e.Generate(ctx, Request{Prompt: prompt(1, 4)})
	require.ErrorIs(t, err, context.Canceled)
	e.idle(t)
}

// Scores are log-probabilities by passes over the whole text, with a prefix and without, in pieces and at once.
func TestScore(t *testing.T) {
	e := toyEngine(t, Room{})
	ids := prompt(3, 120) // two pieces
	b := openCPU(t)
	logits := whole(t, toyModel(t, b, toy), b, ids)
	want := make([]float64, len(ids))
	for i := 1; i < len(ids); i++ {
		want[i] = logProb(logits[i-1], ids[i])
	}
	for _, from := range []int{1, 2, 63, 64, 65, 119, 120} {
		got, err := e.Score(background, Request{Prompt: ids}, from)
		require.NoError(t, err)
		require.Len(t, got, len(ids)-from)
		require.InDeltaSlice(t, want[from:], got, scoreError)
	}
	for _, n := range []int{1, 50, 119} {
		p, err := e.Prefix(background, ids[:n])
		require.NoError(t, err)
		got, err := e.Score(background, Request{Prefix: p, Prompt: ids[n:]}, 0)
		require.NoError(t, err)
		require.InDeltaSlice(t, want[n:], got, scoreError)
		p.Close()
	}
	for _, from := range []int{-1, 0, 121} {
		_, err := e.Score(background, Request{Prompt: ids}, from)
		require.ErrorIs(t, err, model.ErrInput)
	}
	e.idle(t)
}

// A prefix is computed once and shared by what follows it, even when it was closed meanwhile; an engine that has no room for
// more says so.
func TestPrefix(t *testing.T) {
	e := toyEngine(t, Room{Tokens: 200})
	ids := prompt(4, 60)
	want, err := e.Generate(background, Request{Prompt: ids, Options: Options{MaxNewTokens: 10}})
	require.NoError(t, err)
	p, err := e.Prefix(background, ids[:50])
	require.NoError(t, err)
	require.Equal(t, 50, p.Len())
	e.idle(t)
	for _, o := range []Options{{MaxNewTokens: 10}, {MaxNewTokens: 10, Beams: 2}, {MaxNewTokens: 10, Sampling: true, Return: 2, TopK: 1}} {
		got, err := e.Generate(background, Request{Prefix: p, Prompt: ids[50:], Options: o})
		require.NoError(t, err)
		if o.Beams == 0 {
			require.Equal(t, want[0].IDs, got[0].IDs)
		}
	}
	whole, err := e.Prefix(background, ids)
	require.NoError(t, err)
	got, err := e.Generate(background, Request{Prefix: whole, Options: Options{MaxNewTokens: 10}})
	require.NoError(t, err)
	require.Equal(t, want[0].IDs, got[0].IDs)
	_, err = e.Generate(background, Request{Prompt: ids, Options: Options{MaxNewTokens: 50}}) // 110 of 200, of which prefixes hold 110
	require.NoError(t, err)
	whole.Close()
	p.Close()
	p.Close()
	got, err = e.Generate(background, Request{Prefix: p, Prompt: ids[50:], Options: Options{MaxNewTokens: 10}})
	require.NoError(t, err)
	require.Equal(t, want[0].IDs, got[0].IDs)
	e.idle(t)
}

// Equal seeds draw equal tokens, others do not; the samples of one request differ.
func TestSeeds(t *testing.T) {
	e := toyEngine(t, Room{})
	draw := func(seed uint64) []Output {
		out, err := e.Generate(background, Request{Prompt: prompt(1, 4), Options: Options{MaxNewTokens: 12, Sampling: true, Return: 4, Seed: seed}})
		require.NoError(t, err)
		return out
	}
	a, b, c := draw(1), draw(1), draw(2)
	require.Equal(t, a, b)
	require.NotEqual(t, a, c)
	for i := range a {
		for k := range i {
			require.NotEqual(t, a[i].IDs, a[k].IDs)
		}
	}
}

// Draws have the distribution that Next tells: Pearson's statistic of so many draws over the columns that are expected five times
// or more stays below its mean plus six standard deviations.
func TestDistribution(t *testing.T) {
	e := toyEngine(t, Room{})
	r := Request{Prompt: prompt(1, 4), Options: Options{MaxNewTokens: 1, Sampling: true, Temperature: 0.9, TopK: 20, Return: 32}}
	p, err := e.Next(background, r)
	require.NoError(t, err)
	const rounds = 100
	count := make([]float64, len(p))
	for i := range rounds {
		r.Seed = uint64(i)
		out, err := e.Generate(background, r)
		require.NoError(t, err)
		for _, o := range out {
			count[o.IDs[0]]++
		}
	}
	n := float64(rounds * 32)
	statistic, cells := 0.0, 0.0
	for i, l := range p {
		want := n * math.Exp(float64(l))
		if math.IsInf(float64(l), -1) {
			require.Zero(t, count[i])
		}
		if want >= 5 {
			statistic, cells = statistic+(count[i]-want)*(count[i]-want)/want, cells+1
		}
	}
	require.Greater(t, cells, 3.0)
	require.Less(t, statistic, cells+6*math.Sqrt(2*cells))
}

// A backend that fails ends all requests with its error; the next ones work.
func TestFailure(t *testing.T) {
	b := &failing{Backend: openCPU(t)}
	e := New(b, toyModel(t, b, toy), Room{})
	defer e.Close()
	p, err := e.Prefix(background, prompt(2, 10))
	require.NoError(t, err)
	want, err := e.Generate(background, Request{Prefix: p, Prompt: prompt(1, 4)})
	require.NoError(t, err)
	b.after.Store(100)
	var wait sync.WaitGroup
	for i := range 3 {
		wait.Go(func() {
			_, err := e.Generate(background, Request{Prompt: prompt(i, 4)})
			require.ErrorIs(t, err, errFailing)
		})
	}
	wait.Wait()
	b.after.Store(0)
	got, err := e.Generate(background, Request{Prefix: p, Prompt: prompt(1, 4)})
	require.NoError(t, err)
	require.Equal(t, want, got)
	p.Close()
	e.idle(t)
}

// Close ends what is at work, and its goroutine.
func TestClose(t *testing.T) {
	b := openCPU(t)
	m := toyModel(t, b, toy)
	whole(t, m, b, prompt(1, 4)) // the backend starts its workers
	before := runtime.NumGoroutine()
	e := New(b, m, Room{})
	errs := make(chan error)
	started := make(chan bool)
	go func() {
		_, err := e.Generate(background, Request{Prompt: prompt(1, 4), Options: Options{Stop: func(ids []int32) bool {
			if len(ids) == 2 {
				close(started)
			}
			time.Sleep(time.Millisecond)
			return false
		}}})
		errs <- err
	}()
	<-started
	require.NoError(t, e.Close())
	require.ErrorIs(t, <-errs, ErrClosed)
	require.ErrorIs(t, e.Close(), ErrClosed)
	_, err := e.Generate(background, Request{Prompt: prompt(1, 4)})
	require.True(t, errors.Is(err, ErrClosed))
	for range 1000 { // the goroutine has said that it is done, and the caller's that it has its error
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}

// Rules that ban every token are an error, of samples and beams alike.
func TestNoToken(t *testing.T) {
	e := toyEngine(t, Room{})
	all := make([]int32, toy.Vocab)
	for i := range all {
		all[i] = int32(i)
	}
	for _, o := range []Options{{}, {Sampling: true, Return: 2}, {Beams: 2}} {
		o.Suppress = all
		_, err := e.Generate(background, Request{Prompt: prompt(1, 4), Options: o})
		require.ErrorIs(t, err, errNoToken)
	}
	e.idle(t)
}

// A forced token comes though all others are banned.
func TestForcedToken(t *testing.T) {
	e := toyEngine(t, Room{})
	all := make([]int32, 0, toy.Vocab)
	for i := range int32(toy.Vocab) {
		if i != 7 {
			all = append(all, i)
		}
	}
	for _, o := range []Options{{}, {Sampling: true}, {Beams: 2}} {
		o.MaxNewTokens, o.ForcedEOS, o.Suppress = 1, []int32{7}, all
		out, err := e.Generate(background, Request{Prompt: prompt(1, 4), Options: o})
		require.NoError(t, err)
		require.Equal(t, []int32{7}, out[0].IDs)
	}
	e.idle(t)
}

// A sequence ends with its end token, which is its last.
func TestEndOfText(t *testing.T) {
	e := toyEngine(t, Room{})
	free, err := e.Generate(background, Request{Prompt: prompt(1, 4), Options: Options{MaxNewTokens: 20}})
	require.NoError(t, err)
	at := 5
	for slices.Contains(free[0].IDs[:at], free[0].IDs[at]) {
		at++
	}
	out, err := e.Generate(background, Request{Prompt: prompt(1, 4), Options: Options{MaxNewTokens: 20, EOS: []int32{96, free[0].IDs[at]}}})
	require.NoError(t, err)
	require.Equal(t, free[0].IDs[:at+1], out[0].IDs)
	require.Equal(t, EndOfText, out[0].Finish)
	out, err = e.Generate(background, Request{Prompt: prompt(1, 4), Options: Options{MaxNewTokens: 20, Stop: func(ids []int32) bool { return len(ids) == 3 }}})
	require.NoError(t, err)
	require.Equal(t, free[0].IDs[:3], out[0].IDs)
	require.Equal(t, Stopped, out[0].Finish)
}

// A callback that panics ends its own request; so do logits that are no numbers. The others go on.
func TestCallbacks(t *testing.T) {
	e := toyEngine(t, Room{})
	other := Request{Prompt: prompt(1, 4), Options: Options{MaxNewTokens: 60}}
	want, err := e.Generate(background, other)
	require.NoError(t, err)
	fill := func(v float32) Processor {
		return func(_ []int32, x []float32) {
			for i := range x {
				x[i] = v
			}
		}
	}
	for _, beams := range []int{1, 2} {
		for name, o := range map[string]Options{
			"Stop panicked: no":       {Stop: func(ids []int32) bool { panic("no") }},
			"Processors panicked: no": {Processors: []Processor{func([]int32, []float32) { panic("no") }}},
			errNoToken.Error():        {Processors: []Processor{fill(-inf)}},
			errNoToken.Error() + " ":  {Processors: []Processor{fill(float32(math.NaN()))}},
		} {
			o.Beams, o.MaxNewTokens = beams, 10
			var wait sync.WaitGroup
			wait.Go(func() {
				got, err := e.Generate(background, other)
				require.NoError(t, err)
				require.Equal(t, want, got)
			})
			_, err := e.Generate(background, Request{Prompt: prompt(2, 4), Options: o})
			require.ErrorContains(t, err, strings.TrimSpace(name), "%d beams", beams)
			wait.Wait()
			e.idle(t)
		}
	}
}

// What the caller does to a prompt when its call has returned does not matter.
func TestPromptIsCopied(t *testing.T) {
	e := toyEngine(t, Room{})
	for i := range 50 {
		ids := prompt(i, 40)
		ctx, cancel := context.WithTimeout(background, time.Duration(i)*20*time.Microsecond)
		e.Generate(ctx, Request{Prompt: ids})
		cancel()
		clear(ids)
	}
	e.idle(t)
}
