package cpu

import (
	"errors"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/rapt-go/rapt/gpu"
)

var _ gpu.Backend = (*Backend)(nil)

func TestOpen(t *testing.T) {
	b, err := Open(Threads(3))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	i := b.Info()
	if b.Threads() != 3 || i.Name != "cpu portable" || i.Vocabulary != gpu.Vocabulary || i.Default != gpu.F32 || i.Memory <= 0 {
		t.Errorf("%d threads, %+v", b.Threads(), i)
	}
	if _, err := Open(Threads(0)); !errors.Is(err, gpu.ErrUnsupported) || !strings.Contains(err.Error(), "0 threads") {
		t.Errorf("Threads(0): %v", err)
	}
	d, err := Open()
	if err != nil || d.Threads() < 1 || d.Threads() > runtime.GOMAXPROCS(0) {
		t.Errorf("%v, %v", d, err)
	}
	d.Close()
}

func TestTierFromEnvironment(t *testing.T) {
	t.Setenv("RAPT_CPU", "portable")
	b, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	b.Close()
	t.Setenv("RAPT_CPU", "mmx")
	if _, err := Open(); !errors.Is(err, gpu.ErrUnsupported) || !strings.Contains(err.Error(), "RAPT_CPU=mmx") || !strings.Contains(err.Error(), "portable") {
		t.Errorf("an unknown tier: %v", err)
	}
}

func TestAlloc(t *testing.T) {
	b := newRig(t).b
	for _, n := range []int{0, 1, 255, 1 << 20, 3<<20 + 1} {
		buf, err := b.Alloc(n)
		if err != nil || buf.Size() != n {
			t.Fatalf("Alloc(%d): %v, %v", n, buf, err)
		}
		if p := uintptr(unsafe.Pointer(buf.(*buffer).mem.Load())); p%256 != 0 {
			t.Errorf("Alloc(%d) at %#x", n, p)
		}
		if err := b.Free(buf); err != nil {
			t.Error(err)
		}
		if err := b.Free(buf); !errors.Is(err, gpu.ErrClosed) {
			t.Errorf("Free again: %v", err)
		}
	}
	for _, n := range []int{-1, math.MinInt, math.MaxInt, math.MaxInt - 256, math.MaxInt - smallAlloc} {
		if _, err := b.Alloc(n); !errors.Is(err, gpu.ErrMemory) {
			t.Errorf("Alloc(%d): %v", n, err)
		}
	}
	if err := b.Free(nil); err != nil {
		t.Error(err)
	}
	if err := b.Free(foreign{}); !errors.Is(err, gpu.ErrUnsupported) {
		t.Errorf("Free of another backend's buffer: %v", err)
	}
}

// An allocation asks the system only if the last answer is old or does not suffice.
func TestMeter(t *testing.T) {
	const n = 2 * smallAlloc
	var m meter
	m.read()
	asked := m.asked
	if asked.IsZero() || m.left <= 0 {
		t.Fatalf("%d bytes left, as of %v", m.left, asked)
	}
	left, ok := m.take(n)
	if m.take(smallAlloc); !ok || left != m.left || m.asked != asked {
		t.Errorf("2 MiB: %v, %d bytes left of %d; asked at %v and %v", ok, left, m.left, asked, m.asked)
	}
	m.left = n - 1
	if _, ok := m.take(n); !ok || m.left < n || m.asked == asked {
		t.Errorf("after all was given out: %v, %d bytes left, asked at %v and %v", ok, m.left, asked, m.asked)
	}
	m.asked, m.left = asked.Add(-2*answerAge), 1
	if m.read() == 1 {
		t.Error("an old answer is given")
	}
	before := m.left
	for _, n := range []int{-1, math.MaxInt} {
		if left, ok := m.take(n); ok || left > 2*before {
			t.Errorf("%d bytes: %v, of %d", n, ok, left)
		}
	}
}

// foreign is a buffer of another backend.
type foreign struct{}

func (foreign) Size() int { return 1 << 20 }

func TestUseAfterFree(t *testing.T) {
	r := newRig(t)
	q, err := r.b.NewQueue()
	if err != nil {
		t.Fatal(err)
	}
	buf, err := r.b.Alloc(64)
	if err != nil {
		t.Fatal(err)
	}
	x := gpu.Tensor{Buf: buf, Rows: 1, Cols: 16, Stride: 16}
	r.b.Free(buf)
	if err := q.Run(&gpu.Fill{Dst: x}); !errors.Is(err, gpu.ErrClosed) {
		t.Errorf("Run: %v", err)
	}
	if err := q.Upload(buf, 0, make([]byte, 4)); !errors.Is(err, gpu.ErrClosed) {
		t.Errorf("Upload: %v", err)
	}
	x.Buf = foreign{}
	if err := q.Run(&gpu.Fill{Dst: x}); !errors.Is(err, gpu.ErrUnsupported) {
		t.Errorf("Run on another backend's buffer: %v", err)
	}
}

func TestTransferBounds(t *testing.T) {
	r := newRig(t)
	q, _ := r.b.NewQueue()
	buf, _ := r.b.Alloc(64)
	for _, c := range []struct{ off, n int }{{-1, 4}, {61, 4}, {65, 0}, {math.MaxInt, 4}, {0, 65}} {
		if err := q.Upload(buf, c.off, make([]byte, c.n)); !errors.Is(err, gpu.ErrShape) {
			t.Errorf("Upload of %d at %d: %v", c.n, c.off, err)
		}
		if err := q.Download(make([]byte, c.n), buf, c.off); !errors.Is(err, gpu.ErrShape) {
			t.Errorf("Download of %d at %d: %v", c.n, c.off, err)
		}
	}
	if err := q.Upload(nil, 0, nil); !errors.Is(err, gpu.ErrUnsupported) {
		t.Errorf("Upload to nil: %v", err)
	}
}

func TestClosed(t *testing.T) {
	b, err := Open(Threads(2))
	if err != nil {
		t.Fatal(err)
	}
	q, _ := b.NewQueue()
	buf, _ := b.Alloc(64)
	b.Close()
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	_, alloc := b.Alloc(1)
	_, prepare := b.Prepare(gpu.F32, gpu.Plain, gpu.Host{})
	_, queue := b.NewQueue()
	for name, err := range map[string]error{"Alloc": alloc, "Prepare": prepare, "NewQueue": queue, "Run": q.Run(&gpu.Fill{}), "Sync": q.Sync(), "Upload": q.Upload(buf, 0, nil)} {
		if !errors.Is(err, gpu.ErrClosed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := errors.Join(q.Close(), b.Free(buf)); err != nil {
		t.Error(err)
	}
	r := newRig(t)
	q, _ = r.b.NewQueue()
	if q.Close(); !errors.Is(q.Run(&gpu.Fill{}), gpu.ErrClosed) {
		t.Error("a closed queue runs")
	}
	if err := q.Close(); err != nil {
		t.Errorf("closed again: %v", err)
	}
}

func TestSupports(t *testing.T) {
	r := newRig(t)
	q, _ := r.b.NewQueue()
	for _, op := range gpu.Ops() {
		if err := errors.Join(r.b.Supports(op), q.Run(op)); err != nil {
			t.Errorf("%T of no work: %v", op, err)
		}
	}
	x := r.matrix(2, 8)
	h := gpu.Tensor{Buf: x.Buf, Rows: 2, Cols: 8, Stride: 8, DType: gpu.F16}
	for says, op := range map[string]gpu.Op{
		"X is f16":         &gpu.Norm{Dst: x, X: h},
		"Residual is f16":  &gpu.Norm{Dst: x, X: x, Residual: h},
		"format q8":        &gpu.Gemm{Dst: x, A: x, B: gpu.Tensor{Buf: x.Buf, Rows: 8, Cols: 8, Format: gpu.Q8}},
		"in Fwd: Q is f16": &gpu.AttentionGrad{Fwd: gpu.Attention{Q: h, Heads: 1}},
	} {
		for _, err := range []error{r.b.Supports(op), q.Run(op)} {
			if !errors.Is(err, gpu.ErrUnsupported) || !strings.Contains(err.Error(), says) {
				t.Errorf("%q expected: %v", says, err)
			}
		}
	}
}

// A counter counts how often each of its tiles is computed.
type counter struct{ times []atomic.Int32 }

func (c *counter) tile(i int, _ *scratch) { c.times[i].Add(1) }

func TestWorkersComputeEachTileOnce(t *testing.T) {
	for _, n := range []int{0, 1, 5} {
		w := startWorkers(n)
		s := make([]scratch, n+1)
		for tiles := range 200 {
			c := &counter{make([]atomic.Int32, tiles)}
			w.run(c, tiles, worthSharing, s)
			for i := range c.times {
				if c.times[i].Load() != 1 {
					t.Fatalf("%d workers: tile %d of %d ran %d times", n, i, tiles, c.times[i].Load())
				}
			}
			if tiles%50 == 0 { // let them fall asleep
				for w.parked.Load() < int32(n) {
					runtime.Gosched()
				}
			}
		}
		w.stop()
		c := &counter{make([]atomic.Int32, 9)}
		w.run(c, 9, worthSharing, s)
		for i := range c.times {
			if c.times[i].Load() != 1 {
				t.Error("stopped workers do not leave the work to the caller")
			}
		}
	}
}

// A head too wide for the usual scratch makes it grow. With one key its weight is 1: the output is V, and V's
// gradient the output's.
func TestWideHead(t *testing.T) {
	r := newRig(t)
	const d = 70_001
	x := r.random(d)
	row := func() gpu.Tensor { return r.floats(1, d, x) }
	zeros := func() gpu.Tensor { return r.floats(1, d, make([]float32, d)) }
	fwd := gpu.Attention{Dst: zeros(), LSE: r.floats(1, 1, []float32{0}), Q: row(), K: row(), V: row(), QSeq: r.seqs(1), KSeq: r.seqs(1), Heads: 1}
	r.do(&fwd)
	grad := gpu.AttentionGrad{Fwd: fwd, DDst: row(), DQ: zeros(), DK: zeros(), DV: zeros()}
	r.do(&grad)
	for name, y := range map[string]gpu.Tensor{"Dst": fwd.Dst, "DV": grad.DV} {
		got, err := gpu.Read[float32](r.s, y)
		if err != nil || !slices.Equal(got, x) {
			t.Errorf("%s is not V: %v", name, err)
		}
	}
}
