package task_test

// What the tests run on: a model that is a table, whose answers can be had by hand; a
// backend that can be held; a tokenizer of a few words.

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	cpu "github.com/rapt-go/rapt/cpu_fallback"
	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/task"
	"github.com/rapt-go/rapt/model/tokenizer"
)

// words is the fake vocabulary; a word's id is its place.
var words = strings.Fields("[PAD] [UNK] [CLS] [SEP] [MASK] a b c d e f g h ##s ##er new york in .")

func id(word string) int { return slices.Index(words, word) }

// newTokenizer knows words.
func newTokenizer(t testing.TB) *tokenizer.Tokenizer {
	t.Helper()
	tok, err := tokenizer.LoadPlain(fstest.MapFS{"vocab.txt": {Data: []byte(strings.Join(words, "\n"))}})
	require.NoError(t, err)
	return tok
}

// ids is the tokens of a text of words, with the special ones.
func ids(text string) []int {
	list := []int{id("[CLS]")}
	for _, w := range strings.Fields(text) {
		list = append(list, id(w))
	}
	return append(list, id("[SEP]"))
}

// A holder is the processor as a backend whose queues can be made to wait.
type holder struct {
	gpu.Backend
	closed atomic.Int32
	ran    atomic.Int32             // operations
	gate   atomic.Pointer[chan any] // operations wait until it is closed
	held   chan any                 // an operation waits
}

func newHolder(t testing.TB) *holder {
	t.Helper()
	b, err := cpu.Open(cpu.Threads(2))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	return &holder{Backend: b, held: make(chan any, 1)}
}

func (h *holder) Close() error {
	h.closed.Add(1)
	return nil
}

// hold makes operations wait until release is called.
func (h *holder) hold() (release func()) {
	gate := make(chan any)
	h.gate.Store(&gate)
	return func() {
		h.gate.Store(nil)
		close(gate)
	}
}

func (h *holder) NewQueue() (gpu.Queue, error) {
	q, err := h.Backend.NewQueue()
	return heldQueue{q, h}, err
}

type heldQueue struct {
	gpu.Queue
	h *holder
}

func (q heldQueue) Run(op gpu.Op) error {
	q.h.ran.Add(1)
	if gate := q.h.gate.Load(); gate != nil {
		select {
		case q.h.held <- nil:
		default:
		}
		<-*gate
	}
	return q.Queue.Run(op)
}

// A fake is a model of every kind. Its output for a token is the token's row of a table,
// whatever stands around it, and for a sequence the sum of its tokens' rows.
type fake struct {
	t      testing.TB
	b      gpu.Backend
	limits model.Limits
	values [][]float32
	table  gpu.Tensor
	k      model.Classes
	closed atomic.Int32

	fail   func(lengths []int) error                    // of a batch
	output func(s *gpu.Stream, x gpu.Tensor) gpu.Tensor // changes what the model gives

	mu      sync.Mutex
	batches [][]int // lengths of the sequences of each batch
}

// newFake makes a fake of width columns, one for each label if there are labels.
func newFake(t testing.TB, b gpu.Backend, width int, value func(word string, column int) float32, labels ...string) *fake {
	t.Helper()
	f := &fake{t: t, b: b, limits: model.Limits{Vocab: len(words), Types: 2}, k: model.Classes{Labels: labels}}
	var data []byte
	for _, w := range words {
		row := make([]float32, width)
		for i := range row {
			row[i] = value(w, i)
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(row[i]))
		}
		f.values = append(f.values, row)
	}
	var err error
	f.table, err = b.Prepare(gpu.F32, gpu.Plain, gpu.Host{Src: bytes.NewReader(data), DType: gpu.HostF32, Rows: len(words), Cols: width})
	require.NoError(t, err)
	return f
}

// hashed is a table of numbers that look random, multiples of 1/8 so that sums of
// them are exact.
func hashed(word string, column int) float32 {
	h := uint32(column + 1)
	for _, b := range []byte(word) {
		h = (h ^ uint32(b)) * 16777619
	}
	return float32(int32(h>>16)%64) / 8
}

func (f *fake) Limits() model.Limits   { return f.limits }
func (f *fake) Width() int             { return f.table.Cols }
func (f *fake) Classes() model.Classes { return f.k }
func (f *fake) Close() error {
	f.closed.Add(1)
	return f.b.Free(f.table.Buf)
}

// rows is what the model gives for each token.
func (f *fake) rows(s *gpu.Stream, in model.Batch) gpu.Tensor {
	lengths, err := gpu.Read[int32](s, in.Seqs.Len)
	if err == nil {
		f.mu.Lock()
		var batch []int
		for _, n := range lengths {
			batch = append(batch, int(n))
		}
		f.batches = append(f.batches, batch)
		f.mu.Unlock()
		if f.fail != nil {
			if err := f.fail(batch); err != nil {
				s.Fail(err)
			}
		}
	}
	x := s.Temp(gpu.F32, in.IDs.Cols, f.table.Cols)
	s.Do(&gpu.Embed{Dst: x, Table: f.table, IDs: in.IDs})
	x = in.Wanted(s, x)
	if f.output != nil {
		return f.output(s, x)
	}
	return x
}

func (f *fake) sums(s *gpu.Stream, in model.Batch) gpu.Tensor {
	rows := f.rows(s, in)
	x := s.Temp(gpu.F32, in.Seqs.N, rows.Cols)
	s.Do(&gpu.Pool{Dst: x, X: rows, Seqs: in.Seqs, Kind: gpu.Sum})
	return x
}

func (f *fake) Encode(s *gpu.Stream, in model.Batch) gpu.Tensor         { return f.rows(s, in) }
func (f *fake) MaskedLogits(s *gpu.Stream, in model.Batch) gpu.Tensor   { return f.rows(s, in) }
func (f *fake) ClassifyTokens(s *gpu.Stream, in model.Batch) gpu.Tensor { return f.rows(s, in) }
func (f *fake) Spans(s *gpu.Stream, in model.Batch) gpu.Tensor          { return f.rows(s, in) }
func (f *fake) Classify(s *gpu.Stream, in model.Batch) gpu.Tensor       { return f.sums(s, in) }
func (f *fake) NextSentence(s *gpu.Stream, in model.Batch) gpu.Tensor   { return f.sums(s, in) }

// CacheShape is nothing: what follows a token depends on the token alone.
func (f *fake) CacheShape() model.CacheShape { return model.CacheShape{} }

func (f *fake) Decode(s *gpu.Stream, in model.Batch, _ *model.Cache) gpu.Tensor { return f.rows(s, in) }

// ran is the lengths of the sequences of each batch so far.
func (f *fake) ran() [][]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.batches)
}

// sum is what the model gives for a sequence.
func (f *fake) sum(tokens []int) []float64 {
	out := make([]float64, f.table.Cols)
	for _, token := range tokens {
		for i, v := range f.values[token] {
			out[i] += float64(v)
		}
	}
	return out
}

// softmax of what the model gives.
func softmax(x []float64) []float64 {
	p, sum := make([]float64, len(x)), 0.0
	for i, v := range x {
		p[i] = math.Exp(v)
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	return p
}

// wait is the longest that a test waits for what must happen: it fails then, and is not
// a bound that is measured against.
const wait = 30 * time.Second

// receive waits for a value.
func receive[T any](t testing.TB, c <-chan T, what string) T {
	t.Helper()
	select {
	case x := <-c:
		return x
	case <-time.After(wait):
		require.FailNow(t, "nothing came", what)
		panic("unreachable")
	}
}

// A result is what a call returned.
type result[R any] struct {
	value R
	err   error
}

// start makes a call in a goroutine of its own, and returns when its sequences wait for
// the engine.
func start[R any](t testing.TB, ctx context.Context, call func(context.Context) (R, error)) <-chan result[R] {
	t.Helper()
	queued := make(chan any, 1)
	done := make(chan result[R], 1)
	go func() {
		v, err := call(task.WithProgress(ctx, func(finished, _ int) {
			if finished == 0 {
				queued <- nil
			}
		}))
		done <- result[R]{v, err}
	}()
	receive(t, queued, "a call that waits")
	return done
}

// golden is the path of a golden checkpoint.
func golden(name string) string { return filepath.Join("..", "..", "testdata", "golden", name) }
