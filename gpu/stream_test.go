package gpu

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func open(t testing.TB, wrap ...func(Queue) Queue) (*Stream, *fake) {
	t.Helper()
	f := &fake{limit: 1 << 30}
	s, err := NewStream(f, wrap...)
	if err != nil {
		t.Fatal(err)
	}
	return s, f
}

// Every operation of the vocabulary, its own struct among them, is known to Do and
// to Clone; a struct that embeds one is not one.
func TestEveryOpIsKnown(t *testing.T) {
	s, _ := open(t)
	for _, op := range Ops() {
		c := Clone(op)
		if c == nil || c == op || !reflect.DeepEqual(c, op) {
			t.Errorf("Clone(%T) is %v", op, c)
		}
		if s.Do(op); s.Err() != nil {
			t.Fatal(s.Err())
		}
	}
	if got := s.q.(*fakeQueue).n; got != len(Ops()) {
		t.Errorf("%d operations ran", got)
	}
	slots := reflect.TypeOf(s.slot)
	if slots.NumField() != len(Ops()) {
		t.Errorf("%d slots for %d operations", slots.NumField(), len(Ops()))
	}
	type impostor struct{ Fill }
	if s.Do(&impostor{}); !errors.Is(s.Err(), ErrUnsupported) {
		t.Error(s.Err())
	}
}

func TestDoDoesNotAllocate(t *testing.T) {
	s, _ := open(t)
	x, w, b := s.Temp(F32, 5, 24), s.Temp(F32, 24, 24), s.Temp(F32, 1, 24)
	seqs := Seqs{Start: s.Temp(I32, 1, 2), Len: s.Temp(I32, 1, 2), N: 2, Max: 5}
	if n := testing.AllocsPerRun(100, func() {
		defer s.Frame()()
		y := s.Like(x)
		s.Do(&Gemm{Dst: y, A: x, B: w, Bias: b, Act: GELU})
		s.Do(&Attention{Dst: s.Temp(F32, 5, 8), Q: y.ColRange(0, 8), K: y.ColRange(8, 16), V: y.ColRange(16, 24), QSeq: seqs, KSeq: seqs, Heads: 2})
		s.Do(&Norm{Dst: y, X: x, Residual: y, Gain: b, Bias: b, Eps: 1e-5})
		s.Do(&Pool{Dst: s.Temp(F32, 2, 24), X: y, Seqs: seqs, Kind: Mean})
		s.Do(&NormGrad{DX: s.Like(x), Fwd: Norm{X: x, Stat: s.Temp(F32, 5, 2)}, DDst: s.Like(x)})
		s.Do(&EmbedGrad{DTable: s.Temp(F32, 24, 24), Fwd: Embed{Table: w, IDs: seqs.Start}, DDst: s.Temp(F32, 2, 24)})
	}); n != 0 || s.Err() != nil {
		t.Errorf("%v allocations; %v", n, s.Err())
	}
}

// A forgetful queue keeps the pointer, against the contract, and sees it cleared.
type forgetful struct {
	Queue
	ops []Op
}

func (q *forgetful) Run(op Op) error { q.ops = append(q.ops, op); return nil }

func TestKeptPointerIsCleared(t *testing.T) {
	q := &forgetful{}
	s, _ := open(t, func(inner Queue) Queue { q.Queue = inner; return q })
	s.Do(&Fill{Dst: s.Temp(F32, 1, 1), Value: 3})
	if got := *q.ops[0].(*Fill); got != (Fill{}) {
		t.Error(got)
	}
}

// After an error everything goes on to its end, and the first error names the
// operation with its shapes.
func TestErrorsStick(t *testing.T) {
	s, f := open(t)
	s.Do(&Gemm{Dst: s.Temp(F32, 7, 3), A: s.Temp(F32, 7, 8), B: s.Temp(F32, 3, 9)})
	first := s.Err()
	for _, size := range [][2]int{{1 << 20, 1 << 20}, {-1, 4}, {math.MaxInt / 2, math.MaxInt / 2}, {2, math.MaxInt}} {
		if x := s.Temp(F32, size[0], size[1]); x.Rows != size[0] || x.Cols != size[1] || x.Buf != nil {
			t.Errorf("scratch after an error: %v in %v", x, x.Buf)
		}
	}
	Write(s, s.Temp(F32, 1, 4), []float32{1, 2, 3, 4})
	if _, err := Read[float32](s, Tensor{}); err != first {
		t.Error(err)
	}
	var e *OpError
	if err := s.Sync(); err != first || !errors.As(err, &e) || !errors.Is(err, ErrShape) {
		t.Error(err)
	}
	for _, part := range []string{"fake", "Gemm", "A f32[7×8]", "B f32[3×9]", "8 to sum over", "9"} {
		if !strings.Contains(first.Error(), part) {
			t.Errorf("%q does not say %q", first, part)
		}
	}
	if err := s.Close(); err != first {
		t.Error(err)
	}
	if f.freed != 1 {
		t.Errorf("%d slabs freed", f.freed)
	}
}

func TestScratch(t *testing.T) {
	s, _ := open(t)
	var addresses [][2]int
	for range 3 {
		release := s.Frame()
		for _, cols := range []int{3, 50257, 1, 1 << 19} {
			x := s.Temp(F32, 2, cols)
			if x.Stride%4 != 0 || x.Off%64 != 0 {
				t.Errorf("%v: stride %d at %d", x, x.Stride, x.Off)
			}
			addresses = append(addresses, [2]int{x.Off, x.Buf.Size()})
		}
		release()
	}
	if n := len(addresses) / 3; !slices.Equal(addresses[n:2*n], addresses[2*n:]) {
		t.Errorf("a repeated step gets other addresses: %v", addresses)
	}
	if s.Err() != nil {
		t.Error(s.Err())
	}
}

func TestTransfer(t *testing.T) {
	s, _ := open(t)
	x := s.Temp(I32, 3, 5) // of stride 8
	all := make([]int32, 15)
	for i := range all {
		all[i] = int32(i)
	}
	Write(s, x, all)
	got, err := Read[int32](s, x.ColRange(1, 3))
	if want := []int32{1, 2, 6, 7, 11, 12}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	flat := s.Temp(F32, 1, 4)
	Write(s, flat, []float32{1, 2, 3, 4})
	into := make([]float32, 2)
	if ReadInto(s, into, flat.ColRange(2, 4)); !slices.Equal(into, []float32{3, 4}) {
		t.Error(into)
	}
	for name, f := range map[string]func(s *Stream){
		"short":       func(s *Stream) { Write(s, s.Temp(F32, 2, 2), []float32{1}) },
		"other type":  func(s *Stream) { Write(s, s.Temp(F32, 1, 1), []int32{1}) },
		"outside":     func(s *Stream) { Write(s, s.Temp(F32, 1, 4).ColRange(2, 6), make([]float32, 4)) },
		"endless":     func(s *Stream) { x := s.Temp(F32, 1, 4); x.Rows, x.Stride = math.MaxInt/2, 0; Read[float32](s, x) },
		"overlapping": func(s *Stream) { x := s.Temp(F32, 1, 8); x.Rows, x.Cols, x.Stride = 3, 4, 2; Read[float32](s, x) },
		"prepared": func(s *Stream) {
			w := s.Temp(F32, 1, 1)
			w.Format = Native
			Write(s, w, []float32{1})
		},
	} {
		s, _ := open(t)
		if f(s); !errors.Is(s.Err(), ErrShape) && !errors.Is(s.Err(), ErrUnsupported) {
			t.Errorf("%s: %v", name, s.Err())
		}
	}
}

// A nil operation is an error, and so is a struct that embeds one of ours.
func TestDoMisuse(t *testing.T) {
	for want, op := range map[error]Op{ErrShape: (*Gemm)(nil), ErrUnsupported: struct{ *Gemm }{}} {
		s, _ := open(t)
		if s.Do(op); !errors.Is(s.Err(), want) {
			t.Errorf("%T: %v, want %v", op, s.Err(), want)
		}
	}
}

// A captor captures as CUDA does: what was recorded is replayed with the addresses
// and the geometry that it had.
type captor struct {
	*fakeQueue
	recording bool
	recorded  []Op
	launches  int
}

func (q *captor) Run(op Op) error {
	if q.recording {
		q.recorded = append(q.recorded, Clone(op))
		return nil
	}
	return q.fakeQueue.Run(op)
}
func (q *captor) Capture(record func() error) (Graph, error) {
	q.recording = true
	defer func() { q.recording = false }()
	return fakeGraph{q}, record()
}

type fakeGraph struct{ q *captor }

func (g fakeGraph) Launch() error { g.q.launches++; return nil }
func (g fakeGraph) Close() error  { return nil }

func TestReplay(t *testing.T) {
	q := &captor{}
	s, _ := open(t, func(inner Queue) Queue { q.fakeQueue = inner.(*fakeQueue); return q })
	step := func() { s.Do(&Fill{Dst: s.Temp(F32, 1, 1)}) }
	for range 5 { // eager, captured and launched, launched…
		release := s.Frame()
		s.Replay("step", step)
		release()
	}
	if q.n != 1 || len(q.recorded) != 1 || q.launches != 4 {
		t.Errorf("%d ran, %d recorded, %d launches", q.n, len(q.recorded), q.launches)
	}
	first := s.Temp(F32, 1, 1)
	release := s.Frame()
	s.Replay("keeps", step)
	release()
	var made Tensor
	for range 4 { // what record made stays apart from what comes after it, on replays too
		release := s.Frame()
		s.Replay("keeps", func() { made = s.Temp(F32, 1, 1); s.Do(&Fill{Dst: made}) })
		if after := s.Temp(F32, 1, 1); made.Buf != nil && after.Overlaps(made) || after.Overlaps(first) {
			t.Errorf("%v lies over %v", after, made)
		}
		release()
	}
	n := q.n
	if s.Replay("step", step); q.n != n+1 {
		t.Error("a capture was replayed at other addresses")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// A keeper needs what it has seen: no frame releases it, Reuse does not give it away.
type keeper struct{ Queue }

func (keeper) Keeps() bool { return true }

func TestKeeper(t *testing.T) {
	s, _ := open(t, func(q Queue) Queue { return keeper{q} })
	release := s.Frame()
	x := s.Temp(F32, 1, 64)
	release()
	if y := s.Temp(F32, 1, 64); y.Off == x.Off {
		t.Error("a frame released what is kept")
	}
	if s.Reuse(x).Off == x.Off {
		t.Error("Reuse gave away what is kept")
	}
	s, _ = open(t)
	if x := s.Temp(F32, 1, 64); s.Reuse(x) != x {
		t.Error("Reuse took fresh memory for nothing")
	}
}

func TestDropout(t *testing.T) {
	s, _ := open(t)
	if d := s.Dropout(0.5); d != (Drop{}) {
		t.Error("dropout outside training")
	}
	s.Train(7)
	a, b := s.Dropout(0.3), s.Dropout(0.3)
	if a == b || a.Rate != 0.3 {
		t.Errorf("%v, %v", a, b)
	}
	kept, n := 0, 1<<16
	for e := range n {
		switch k := a.Keep(e); k {
		case 0:
		case 1 / (1 - float32(0.3)):
			kept++
		default:
			t.Fatal(k)
		}
	}
	// A fair coin of probability p deviates from n·p by more than 5·√(n·p·(1−p)) = 590
	// less than once in a million keys; this key is fixed.
	if d := kept - n*7/10; max(d, -d) > 590 {
		t.Errorf("%d of %d kept", kept, n)
	}
}

func ExampleDescribe() {
	x := Tensor{Rows: 2, Cols: 8, Stride: 8}
	fmt.Println(Describe(&Norm{Dst: x, X: x, Gain: Tensor{Rows: 1, Cols: 8}}))
	// Output: Norm Dst f32[2×8] X f32[2×8] Gain f32[1×8]
}

func BenchmarkDo(b *testing.B) {
	s, _ := open(b)
	x, y, w := s.Temp(F32, 8, 64), s.Temp(F32, 8, 64), s.Temp(F32, 64, 64)
	b.ReportAllocs()
	for b.Loop() {
		s.Do(&Gemm{Dst: y, A: x, B: w})
	}
}

// Passes of training differ in what they drop, so none is replayed.
func TestReplayTrains(t *testing.T) {
	s, _ := open(t, func(inner Queue) Queue { return &captor{fakeQueue: inner.(*fakeQueue)} })
	ran := 0
	pass := func() { ran++; s.Dropout(0.5) }
	for range 3 {
		s.Replay("pass", pass)
	}
	if ran != 2 || !s.Captures() {
		t.Fatalf("ran %d times", ran)
	}
	s.Train(1)
	for range 3 {
		s.Replay("pass", pass)
	}
	if ran != 5 || s.Captures() {
		t.Errorf("ran %d times after training began", ran-2)
	}
}
