package task_test

// How calls share batches: order, fairness, cancellation, failure, and the end.

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model/task"
)

// newEmbedder embeds by the largest of each column, which has no rounding.
func newEmbedder(t testing.TB, f *fake, opts ...task.Option) *task.Embedder {
	t.Helper()
	e, err := task.NewEmbedder(f, newTokenizer(t), append(opts, task.On(f.b), task.PooledBy(task.MaxPooling))...)
	require.NoError(t, err)
	return e
}

// largest is what newEmbedder makes of a text.
func largest(f *fake, text string) []float32 {
	out := slices.Clone(f.values[id("[CLS]")])
	for _, token := range ids(text) {
		for i, v := range f.values[token] {
			out[i] = max(out[i], v)
		}
	}
	return out
}

// randomTexts makes texts of 0 to most words.
func randomTexts(r *rand.Rand, n, most int) []string {
	texts := make([]string, n)
	for i := range texts {
		var list []string
		for range r.IntN(most + 1) {
			list = append(list, string(rune('a'+r.IntN(8))))
		}
		texts[i] = strings.Join(list, " ")
	}
	return texts
}

// TestManyCalls has every call's answers right and in order.
func TestManyCalls(t *testing.T) {
	f := newFake(t, newHolder(t), 8, hashed)
	e := newEmbedder(t, f, task.BatchTokens(64))
	var all sync.WaitGroup
	for i := range 32 {
		all.Go(func() {
			r := rand.New(rand.NewPCG(1, uint64(i)))
			for range 8 {
				texts := randomTexts(r, r.IntN(12), 20)
				got, err := e.Embed(context.Background(), texts...)
				if err != nil || len(got) != len(texts) {
					t.Errorf("%d of %d: %v", len(got), len(texts), err)
					return
				}
				for j, text := range texts {
					if !slices.Equal(largest(f, text), got[j]) {
						t.Errorf("text %d, %q: %v", j, text, got[j])
					}
				}
			}
		})
	}
	all.Wait()
	require.NoError(t, e.Close())
	require.EqualValues(t, 1, f.closed.Load())
}

// TestSharedIsAlone has the bits of every vector of a real model the same, whoever
// shares its batch.
func TestSharedIsAlone(t *testing.T) {
	alone, err := task.OpenEmbedder(golden("bert-embed"), task.On(newHolder(t)), task.BatchTokens(1))
	require.NoError(t, err)
	defer alone.Close()
	shared, err := task.OpenEmbedder(golden("bert-embed"), task.On(newHolder(t)))
	require.NoError(t, err)
	defer shared.Close()
	texts := randomTexts(rand.New(rand.NewPCG(2, 2)), 16, 20)
	want, err := alone.Embed(context.Background(), texts...)
	require.NoError(t, err)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			got, err := shared.Embed(context.Background(), texts[i:i+8]...)
			if err != nil {
				t.Error(err)
			}
			for j, v := range got {
				if !slices.Equal(want[i+j], v) {
					t.Errorf("text %d differs in a shared batch", i+j)
				}
			}
		})
	}
	all.Wait()
}

// TestSharedBatch has calls that wait at once in one batch.
func TestSharedBatch(t *testing.T) {
	h := newHolder(t)
	f := newFake(t, h, 4, hashed)
	e := newEmbedder(t, f)
	defer e.Close()
	release := h.hold()
	embed := func(text string) func(context.Context) ([][]float32, error) {
		return func(ctx context.Context) ([][]float32, error) { return e.Embed(ctx, text) }
	}
	calls := []<-chan result[[][]float32]{start(t, context.Background(), embed("a"))}
	receive(t, h.held, "the first batch")
	texts := []string{"a", "b c", "", "d e f"}
	for _, text := range texts {
		calls = append(calls, start(t, context.Background(), embed(text)))
	}
	release()
	for i, c := range calls {
		r := receive(t, c, "an answer")
		require.NoError(t, r.err)
		require.Equal(t, largest(f, append([]string{"a"}, texts...)[i]), r.value[0])
	}
	require.Equal(t, [][]int{{3}, {3, 4, 2, 5}}, f.ran())
}

// TestFairness has calls take turns: none is served twice before all are once, however
// many texts one has and whoever was there first.
func TestFairness(t *testing.T) {
	h := newHolder(t)
	f := newFake(t, h, 4, hashed)
	e := newEmbedder(t, f, task.BatchTokens(12)) // four texts of a word
	defer e.Close()
	embed := func(n int, text string) func(context.Context) ([][]float32, error) {
		return func(ctx context.Context) ([][]float32, error) {
			return e.Embed(ctx, slices.Repeat([]string{text}, n)...)
		}
	}
	release := h.hold()
	calls := []<-chan result[[][]float32]{start(t, context.Background(), embed(400, "a"))}
	receive(t, h.held, "the first batch")
	for range 10 {
		calls = append(calls, start(t, context.Background(), embed(2, "b")))
	}
	calls = append(calls, start(t, context.Background(), embed(1, ""))) // the only one of two tokens
	release()
	for _, c := range calls {
		require.NoError(t, receive(t, c, "an answer").err)
	}
	// Batch 0 is of the first call alone. Before the last call's text is one of each of the 11
	// others: it is the fourth of batch 3.
	require.Equal(t, 3, slices.IndexFunc(f.ran(), func(batch []int) bool { return slices.Contains(batch, 2) }))
}

// TestCancel has a call return while its batch is stuck, and drops the work of calls that
// are gone: what waits never runs, and what runs stops at its next operation.
func TestCancel(t *testing.T) {
	h := newHolder(t)
	e, err := task.OpenEmbedder(golden("bert-embed"), task.On(h))
	require.NoError(t, err)
	defer e.Close()
	want, err := e.Embed(context.Background(), "later")
	require.NoError(t, err)
	ops := h.ran.Swap(0)
	require.Greater(t, ops, int32(10))

	release := h.hold()
	call := func(ctx context.Context, text string) (<-chan result[[][]float32], context.CancelFunc) {
		ctx, cancel := context.WithCancel(ctx)
		return start(t, ctx, func(ctx context.Context) ([][]float32, error) { return e.Embed(ctx, text) }), cancel
	}
	running, stopRunning := call(context.Background(), "it runs")
	receive(t, h.held, "the batch")
	queued, stopQueued := call(context.Background(), "it waits")
	stopQueued()
	require.ErrorIs(t, receive(t, queued, "the call that waited").err, context.Canceled)
	stopRunning()
	require.ErrorIs(t, receive(t, running, "the call that ran").err, context.Canceled)
	later, stop := call(context.Background(), "later")
	defer stop()
	release()
	r := receive(t, later, "a later call")
	require.NoError(t, r.err)
	require.Equal(t, want, r.value)
	require.Equal(t, 1+ops, h.ran.Load(), "the operation that was stuck, and those of the later call")

	ended, end := context.WithCancel(context.Background())
	end()
	_, err = e.Embed(ended, "never")
	require.ErrorIs(t, err, context.Canceled)
	late, end := context.WithDeadline(context.Background(), time.Unix(0, 0))
	defer end()
	_, err = e.Embed(late, "never")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Equal(t, 1+ops, h.ran.Load())
}

// TestCancelOne leaves the other calls of a batch alone.
func TestCancelOne(t *testing.T) {
	h := newHolder(t)
	f := newFake(t, h, 4, hashed)
	e := newEmbedder(t, f)
	defer e.Close()
	release := h.hold()
	first := start(t, context.Background(), func(ctx context.Context) ([][]float32, error) { return e.Embed(ctx, "a") })
	receive(t, h.held, "the first batch")
	ctx, cancel := context.WithCancel(context.Background())
	goes := start(t, ctx, func(ctx context.Context) ([][]float32, error) { return e.Embed(ctx, "b", "c") })
	stays := start(t, context.Background(), func(ctx context.Context) ([][]float32, error) { return e.Embed(ctx, "d", "e") })
	cancel()
	require.ErrorIs(t, receive(t, goes, "the cancelled call").err, context.Canceled)
	release()
	require.NoError(t, receive(t, first, "the first call").err)
	r := receive(t, stays, "the other call")
	require.NoError(t, r.err)
	require.Equal(t, [][]float32{largest(f, "d"), largest(f, "e")}, r.value)
	require.Equal(t, [][]int{{3}, {3, 3}}, f.ran())
}

// TestClose answers calls that are not finished at once, and closes all but the backend.
func TestClose(t *testing.T) {
	h := newHolder(t)
	f := newFake(t, h, 4, hashed)
	e := newEmbedder(t, f)
	release := h.hold()
	embed := func(ctx context.Context) ([][]float32, error) { return e.Embed(ctx, "a") }
	running := start(t, context.Background(), embed)
	receive(t, h.held, "the batch")
	queued := start(t, context.Background(), embed)
	closed := make(chan error, 1)
	go func() { closed <- e.Close() }()
	require.ErrorIs(t, receive(t, queued, "the call that waits").err, task.ErrClosed)
	_, err := e.Embed(context.Background(), "a")
	require.ErrorIs(t, err, task.ErrClosed)
	require.ErrorIs(t, e.Close(), task.ErrClosed)
	require.Zero(t, f.closed.Load(), "a batch still runs on it")
	release()
	require.NoError(t, receive(t, closed, "Close"))
	if r := receive(t, running, "the call that runs"); r.err != nil {
		require.ErrorIs(t, r.err, task.ErrClosed)
	}
	require.EqualValues(t, 1, f.closed.Load())
	require.Zero(t, h.closed.Load(), "the backend is the caller's")
	require.Len(t, f.ran(), 1)
	_, err = e.Embed(context.Background(), "a")
	require.ErrorIs(t, err, task.ErrClosed)
}

// TestCloseMidway closes under load: every call is answered, or gets ErrClosed.
func TestCloseMidway(t *testing.T) {
	for range 20 {
		f := newFake(t, newHolder(t), 4, hashed)
		e := newEmbedder(t, f, task.BatchTokens(16))
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				for {
					got, err := e.Embed(context.Background(), "a", "b c", "d")
					if err != nil {
						if !errors.Is(err, task.ErrClosed) {
							t.Error(err)
						}
						return
					}
					if !slices.Equal(largest(f, "b c"), got[1]) {
						t.Errorf("%v", got)
					}
				}
			})
		}
		time.Sleep(time.Millisecond)
		require.NoError(t, e.Close())
		all.Wait()
	}
}

// TestNothingIsLeft has no goroutine of a task or of its backend after Close, nor after
// a failed Open.
func TestNothingIsLeft(t *testing.T) {
	e, err := task.OpenEmbedder(golden("bert-embed"))
	require.NoError(t, err)
	require.Contains(t, e.Backend(), "cpu")
	_, err = e.Embed(context.Background(), "a few words")
	require.NoError(t, err)
	require.NotEmpty(t, leftovers())
	require.NoError(t, e.Close())
	for _, open := range []func() error{
		func() error { _, err := task.OpenEmbedder(golden("error/config_missing")); return err },
		func() error { _, err := task.OpenClassifier(golden("error/tokenizer_larger")); return err },
		func() error { _, err := task.OpenReranker(golden("bert-classify")); return err },
		func() error { _, err := task.OpenFiller(golden("bert-cased-mlm"), task.TopK(-1)); return err },
		func() error { _, err := task.OpenEmbedder(golden("bert-embed"), task.PooledBy("sum")); return err },
		func() error { _, err := task.OpenReader(golden("bert-qa"), task.BatchTokens(-1)); return err },
	} {
		require.Error(t, open())
	}
	require.Eventually(t, func() bool { return len(leftovers()) == 0 }, wait, time.Millisecond, "%v", leftovers())
}

// leftovers is the goroutines that run the module's code, other than its tests.
func leftovers() []string {
	buf := make([]byte, 1<<20)
	var found []string
	for g := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if strings.Contains(g, "rapt-go/rapt/model/task.") && !strings.Contains(g, "testing.tRunner") ||
			strings.Contains(g, "rapt-go/rapt/cpu_fallback.") {
			found = append(found, g)
		}
	}
	return found
}

func TestProgress(t *testing.T) {
	f := newFake(t, newHolder(t), 4, hashed)
	e := newEmbedder(t, f, task.BatchTokens(7))
	defer e.Close()
	var seen []int
	ctx := task.WithProgress(context.Background(), func(done, total int) {
		require.Equal(t, 50, total)
		seen = append(seen, done)
	})
	_, err := e.Embed(ctx, slices.Repeat([]string{"a b"}, 50)...)
	require.NoError(t, err)
	require.Zero(t, seen[0])
	require.Equal(t, 50, seen[len(seen)-1])
	for i, n := range seen[1:] {
		require.Greater(t, n, seen[i])
	}
}

// TestProgressPanics leaves the task sound: a panic is the caller's own.
func TestProgressPanics(t *testing.T) {
	f := newFake(t, newHolder(t), 4, hashed)
	e := newEmbedder(t, f)
	defer e.Close()
	ctx := task.WithProgress(context.Background(), func(int, int) { panic("mine") })
	require.PanicsWithValue(t, "mine", func() { _, _ = e.Embed(ctx, "a") })
	got, err := e.Embed(context.Background(), "b")
	require.NoError(t, err)
	require.Equal(t, [][]float32{largest(f, "b")}, got)
}

// TestNoTexts asks for nothing.
func TestNoTexts(t *testing.T) {
	f := newFake(t, newHolder(t), 4, hashed)
	e := newEmbedder(t, f)
	defer e.Close()
	calls := 0
	got, err := e.Embed(task.WithProgress(context.Background(), func(done, total int) {
		require.Zero(t, done)
		require.Zero(t, total)
		calls++
	}))
	require.NoError(t, err)
	require.Empty(t, got)
	require.Equal(t, 1, calls)
	require.Empty(t, f.ran())
}

// TestFailure fails the calls of one batch, and the next is well.
func TestFailure(t *testing.T) {
	h := newHolder(t)
	f := newFake(t, h, 4, hashed)
	boom := errors.New("boom")
	f.fail = func(lengths []int) error {
		if slices.Contains(lengths, 5) {
			return boom
		}
		return nil
	}
	e := newEmbedder(t, f, task.BatchTokens(8))
	defer e.Close()
	embed := func(texts ...string) func(context.Context) ([][]float32, error) {
		return func(ctx context.Context) ([][]float32, error) { return e.Embed(ctx, texts...) }
	}
	release := h.hold()
	first := start(t, context.Background(), embed("a"))
	receive(t, h.held, "the first batch")
	bad := start(t, context.Background(), embed("a b c", "d"))
	beside := start(t, context.Background(), embed("e"))
	after := start(t, context.Background(), embed("f", "g"))
	release()
	require.NoError(t, receive(t, first, "the batch before").err)
	require.ErrorIs(t, receive(t, bad, "the bad call").err, boom)
	require.ErrorIs(t, receive(t, beside, "the call beside it").err, boom)
	r := receive(t, after, "the call after it")
	require.NoError(t, r.err)
	require.Equal(t, [][]float32{largest(f, "f"), largest(f, "g")}, r.value)
	require.Equal(t, [][]int{{3}, {5, 3}, {3, 3}}, f.ran(), "the other text of the bad call is dropped")
}

// TestBackendFails has an error of a backend at its queue, and a new one after it.
func TestBackendFails(t *testing.T) {
	h := newHolder(t)
	f := newFake(t, h, 4, hashed)
	no := &noQueue{Backend: h}
	e, err := task.NewEmbedder(f, newTokenizer(t), task.On(no))
	require.NoError(t, err)
	defer e.Close()
	no.err = gpu.ErrNoDevice
	_, err = e.Embed(context.Background(), "a")
	require.ErrorIs(t, err, gpu.ErrNoDevice)
	no.err = nil
	_, err = e.Embed(context.Background(), "a")
	require.NoError(t, err)
}

type noQueue struct {
	gpu.Backend
	err error
}

func (n *noQueue) NewQueue() (gpu.Queue, error) {
	if n.err != nil {
		return nil, n.err
	}
	return n.Backend.NewQueue()
}

// TestBatches packs texts under the budget, each call's longest first.
func TestBatches(t *testing.T) {
	for _, budget := range []int{0, 1, 10, 30, math.MaxInt} {
		f := newFake(t, newHolder(t), 4, hashed)
		e := newEmbedder(t, f, task.BatchTokens(budget))
		texts := randomTexts(rand.New(rand.NewPCG(3, 3)), 300, 25)
		_, err := e.Embed(context.Background(), texts...)
		require.NoError(t, err)
		require.NoError(t, e.Close())
		most := budget
		if budget == 0 {
			most = task.DefaultBatchTokens
		}
		total, last := 0, 1<<30
		for i, batch := range f.ran() {
			tokens := 0
			for _, n := range batch {
				require.LessOrEqual(t, n, last, "longest first")
				tokens, last = tokens+n, n
			}
			require.True(t, tokens <= most || len(batch) == 1, "%d tokens of %d", tokens, most)
			if i+1 < len(f.ran()) {
				require.Greater(t, tokens+f.ran()[i+1][0], most, "no batch is left with room")
			}
			total += len(batch)
		}
		require.Equal(t, len(texts), total)
	}
	_, err := task.NewEmbedder(newFake(t, newHolder(t), 4, hashed), newTokenizer(t), task.On(newHolder(t)), task.BatchTokens(-1))
	require.ErrorContains(t, err, "-1")
}

// TestManyTexts is one call of many.
func TestManyTexts(t *testing.T) {
	f := newFake(t, newHolder(t), 4, hashed)
	e := newEmbedder(t, f, task.BatchTokens(1<<14))
	defer e.Close()
	texts := make([]string, 20_000)
	for i := range texts {
		texts[i] = string(rune('a' + i%8))
	}
	got, err := e.Embed(context.Background(), texts...)
	require.NoError(t, err)
	for i := range texts {
		require.Equal(t, largest(f, texts[i]), got[i])
	}
}
