package gputest

import (
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/rapt-go/rapt/gpu"
)

// A bertLayer is an encoder layer in operations, its weights as a backend's models
// load.
type bertLayer struct {
	heads              int
	qkv, out, up, down linear
	norm1, norm2       [2]gpu.Tensor // gain, bias
	free               []gpu.Buffer
}

type linear struct{ weight, bias gpu.Tensor }

// newLayer prepares the weights of a layer; what it has of them it frees with close.
func (s *suite) newLayer(width, heads, ffn int) (*bertLayer, error) {
	e := newEnv(roomy)
	l := &bertLayer{heads: heads}
	var fail error
	matrix := func(dt gpu.DType, f gpu.Format, cols int, rows ...int) gpu.Tensor {
		w, err := s.b.Prepare(dt, f, e.Weight(dt, f, cols, rows...).Buf.(*memory).parts...)
		if err != nil {
			fail = errors.Join(fail, err)
			return w
		}
		l.free = append(l.free, w.Buf)
		return w
	}
	vector := func(n int) gpu.Tensor { return matrix(gpu.F32, gpu.Plain, n, 1) }
	layer := func(cols int, rows ...int) linear {
		n := 0
		for _, r := range rows {
			n += r
		}
		return linear{matrix(s.b.Info().Default, gpu.Native, cols, rows...), vector(n)}
	}
	l.qkv, l.out = layer(width, width, width, width), layer(width, width)
	l.up, l.down = layer(width, ffn), layer(ffn, width)
	l.norm1, l.norm2 = [2]gpu.Tensor{vector(width), vector(width)}, [2]gpu.Tensor{vector(width), vector(width)}
	return l, fail
}

func (s *suite) freeLayer(t *testing.T, l *bertLayer) {
	for _, b := range l.free {
		if err := s.b.Free(b); err != nil {
			t.Error(err)
		}
	}
}

func (l *bertLayer) forward(s *gpu.Stream, dst, x gpu.Tensor, seqs gpu.Seqs) {
	m, n := x.Rows, x.Cols
	qkv, o, h := s.Temp(x.DType, m, 3*n), s.Like(x), s.Temp(x.DType, m, l.up.weight.Rows)
	s.Do(&gpu.Gemm{Dst: qkv, A: x, B: l.qkv.weight, Bias: l.qkv.bias})
	s.Do(&gpu.Attention{Dst: o, Q: qkv.ColRange(0, n), K: qkv.ColRange(n, 2*n), V: qkv.ColRange(2*n, 3*n), QSeq: seqs, KSeq: seqs, Heads: l.heads})
	y := s.Like(x)
	s.Do(&gpu.Gemm{Dst: y, A: o, B: l.out.weight, Bias: l.out.bias})
	s.Do(&gpu.Norm{Dst: y, X: y, Residual: x, Gain: l.norm1[0], Bias: l.norm1[1], Eps: 1e-12})
	s.Do(&gpu.Gemm{Dst: h, A: y, B: l.up.weight, Bias: l.up.bias, Act: gpu.GELU})
	s.Do(&gpu.Gemm{Dst: o, A: h, B: l.down.weight, Bias: l.down.bias})
	s.Do(&gpu.Norm{Dst: dst, X: o, Residual: y, Gain: l.norm2[0], Bias: l.norm2[1], Eps: 1e-12})
}

// A batch is sequences, each its own number of rows of values that depend on which
// it is alone, on a stream.
type batch struct {
	x, dst gpu.Tensor
	seqs   gpu.Seqs
	ids    []int
}

// sequenceLens are the lengths of all sequences; a batch names some of them.
var sequenceLens = [...]int{5, 1, 0, 33, 19, 8}

func newBatch(s *gpu.Stream, width int, ids ...int) *batch {
	b := &batch{ids: ids}
	var start, lens []int32
	var values []float32
	rows, longest := 0, 0
	for _, id := range ids {
		n := sequenceLens[id]
		start, lens = append(start, int32(rows)), append(lens, int32(n))
		rows, longest = rows+n, max(longest, n)
		r := rand.New(rand.NewPCG(uint64(id), 3))
		for range n * width {
			values = append(values, float32(r.NormFloat64()))
		}
	}
	f, dt := s.Temp(gpu.F32, rows, width), s.Backend().Info().Default
	gpu.Write(s, f, values)
	b.x, b.dst = s.Temp(dt, rows, width), s.Temp(gpu.F32, rows, width)
	s.Do(&gpu.Cast{Dst: b.x, X: f})
	b.seqs = gpu.Seqs{Start: s.Temp(gpu.I32, 1, len(ids)), Len: s.Temp(gpu.I32, 1, len(ids)), N: len(ids), Max: longest}
	gpu.Write(s, b.seqs.Start, start)
	gpu.Write(s, b.seqs.Len, lens)
	return b
}

// run is one forward pass, its scratch released.
func (b *batch) run(s *gpu.Stream, l *bertLayer) {
	release := s.Frame()
	l.forward(s, b.dst, b.x, b.seqs)
	release()
}

// results are the rows of every sequence by its number, after a pass.
func (b *batch) results(t *testing.T, s *gpu.Stream, l *bertLayer) map[int][]float32 {
	t.Helper()
	b.run(s, l)
	r, err := b.read(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (b *batch) read(s *gpu.Stream) (map[int][]float32, error) {
	y, err := gpu.Read[float32](s, b.dst)
	if err != nil {
		return nil, err
	}
	out := map[int][]float32{}
	for _, id := range b.ids {
		n := sequenceLens[id] * b.dst.Cols
		out[id], y = y[:n], y[n:]
	}
	return out, nil
}

// layer tests a BERT layer: that a sequence's result is the same to the bit in every
// batch, in every order, on every queue, replayed, and while others run; and that a
// repeated pass takes the same scratch and no memory of the heap.
func (s *suite) layer(t *testing.T) {
	width, heads, ffn := 128, 4, 512
	if s.small {
		width, heads, ffn = 32, 2, 48
	}
	st, err := gpu.NewStream(s.b)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	l, err := s.newLayer(width, heads, ffn)
	defer s.freeLayer(t, l)
	if s.skip(t, "Layer", err) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	all := newBatch(st, width, 0, 1, 2, 3, 4, 5)
	all.run(st, l)
	if s.skip(t, "Layer", st.Sync()) {
		return
	}
	want, err := all.read(st)
	if err != nil {
		t.Fatal(err)
	}
	sane(t, want)
	same := func(how string, got map[int][]float32) {
		t.Helper()
		for id, v := range got {
			if !slices.Equal(v, want[id]) {
				t.Errorf("%s changes sequence %d, of %d rows", how, id, sequenceLens[id])
			}
		}
	}
	same("a repeat", all.results(t, st, l))
	for id := range sequenceLens {
		same("being alone", newBatch(st, width, id).results(t, st, l))
	}
	same("another order", newBatch(st, width, 4, 2, 5, 0, 3, 1).results(t, st, l))
	same("a smaller batch", newBatch(st, width, 5, 3).results(t, st, l))
	s.atOnce(t, l, width, same)
	s.steady(t, st, l, all, same)
}

// steady tests passes that repeat: replayed, in the same scratch, without allocations.
func (s *suite) steady(t *testing.T, st *gpu.Stream, l *bertLayer, b *batch, same func(string, map[int][]float32)) {
	for _, how := range []string{"a first run", "capture", "replay", "a second replay"} {
		gpu.Write(st, b.dst, make([]float32, b.dst.Len()))
		st.Replay("layer", func() { b.run(st, l) })
		got, err := b.read(st)
		if err != nil {
			t.Fatal(err)
		}
		same(how, got)
	}
	release := st.Frame()
	x := st.Temp(gpu.F32, 3, 5)
	release()
	if y := st.Temp(gpu.F32, 3, 5); x != y {
		t.Errorf("scratch of a repeated frame is at %d, then at %d", x.Off, y.Off)
	}
	if s.allocates {
		return
	}
	if n := mallocs(func() { b.run(st, l) }); n != 0 || st.Err() != nil {
		t.Errorf("a repeated forward pass makes %d allocations; %v", n, st.Err())
	}
}

// sane tests that the results are those of a layer norm, so that equal ones mean something.
func sane(t *testing.T, results map[int][]float32) {
	seen := map[float32]bool{}
	for id, v := range results {
		for _, x := range v {
			if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
				t.Fatalf("sequence %d has %v", id, x)
			}
			seen[x] = true
		}
	}
	if len(seen) < 1000 {
		t.Errorf("only %d different values", len(seen))
	}
}

// atOnce runs the layer from several goroutines, each with a queue of its own.
func (s *suite) atOnce(t *testing.T, l *bertLayer, width int, same func(string, map[int][]float32)) {
	var wait sync.WaitGroup
	results := make([]map[int][]float32, 3)
	for i := range results {
		wait.Go(func() {
			st, err := gpu.NewStream(s.b)
			if err != nil {
				t.Error(err)
				return
			}
			b := newBatch(st, width, i, 3, 5-i)
			for range 3 {
				b.run(st, l)
			}
			if results[i], err = b.read(st); err != nil {
				t.Error(err)
			}
			if err := st.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	for _, r := range results {
		same("another queue", r)
	}
}

// mallocs is how many objects a call of f allocates, rounded down over many, at
// the least of three attempts: the runtime's own allocations come and go. Unlike
// testing.AllocsPerRun it leaves the backend all its processors.
func mallocs(f func()) uint64 {
	const runs = 50
	least := uint64(math.MaxUint64)
	for range 3 {
		var before, after runtime.MemStats
		f()
		runtime.ReadMemStats(&before)
		for range runs {
			f()
		}
		runtime.ReadMemStats(&after)
		least = min(least, (after.Mallocs-before.Mallocs)/runs)
	}
	return least
}
