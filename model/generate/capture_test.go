package generate

import (
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/gpu"
)

// A captor is a backend whose queues capture as CUDA does: addresses and geometry are those of the recording.
type captor struct {
	gpu.Backend
	ran, launched, captured, uploads, downloads int // of all its queues
}

type captorQueue struct {
	gpu.Queue
	b         *captor
	recording *[]gpu.Op
}

func (b *captor) NewQueue() (gpu.Queue, error) {
	q, err := b.Backend.NewQueue()
	return &captorQueue{Queue: q, b: b}, err
}

func (q *captorQueue) Run(op gpu.Op) error {
	if q.recording != nil {
		*q.recording = append(*q.recording, gpu.Clone(op))
		return nil
	}
	q.b.ran++
	return q.Queue.Run(op)
}

var errCapturing = errors.New("a transfer in a capture")

func (q *captorQueue) Upload(dst gpu.Buffer, off int, src []byte) error {
	if q.recording != nil {
		return errCapturing
	}
	q.b.uploads++
	return q.Queue.Upload(dst, off, src)
}

func (q *captorQueue) Download(dst []byte, src gpu.Buffer, off int) error {
	if q.recording != nil {
		return errCapturing
	}
	q.b.downloads++
	return q.Queue.Download(dst, src, off)
}

func (q *captorQueue) Capture(record func() error) (gpu.Graph, error) {
	g := &captorGraph{q: q}
	q.recording = &g.ops
	err := record()
	q.recording = nil
	q.b.captured++
	return g, err
}

type captorGraph struct {
	q   *captorQueue
	ops []gpu.Op
}

func (g *captorGraph) Launch() error {
	g.q.b.launched++
	for _, op := range g.ops {
		if err := g.q.Queue.Run(op); err != nil {
			return err
		}
	}
	return nil
}

func (g *captorGraph) Close() error { return nil }

// Once captured, a step is one submission between an upload of the batch, one of the settings, and a download of ids, and allocates nothing;
// it is captured anew only as the bound on keys doubles.
func TestSubmissions(t *testing.T) {
	if testing.Short() {
		t.Skip("minutes under the race detector, for which TestSoak does the same")
	}
	b := &captor{Backend: openCPU(t)}
	m := toyModel(t, b, long())
	for _, o := range []Options{{}, {Sampling: true, TopP: 0.9}} {
		w := startWriting(t, b, m, 3, o)
		for w.rows[0].place.Len() < 600 {
			w.tick()
		}
		require.LessOrEqual(t, b.captured, 3) // for 256, 512 and 1024 keys
		before := *b
		for range 100 {
			w.tick()
		}
		require.Zero(t, b.ran-before.ran)
		require.Equal(t, 100, b.launched-before.launched)
		require.Equal(t, 200, b.uploads-before.uploads)
		require.Equal(t, 100, b.downloads-before.downloads)
		require.Zero(t, testing.AllocsPerRun(50, func() { w.tick() }))
		require.NoError(t, w.s.Err())
		*b = captor{Backend: b.Backend}
	}
}

// Captured steps over padded batches give what eager ones do.
func TestCaptured(t *testing.T) {
	eager := toyEngine(t, Room{})
	b := &captor{Backend: openCPU(t)}
	e := New(b, toyModel(t, b, toy), Room{})
	defer e.Close()
	var wait sync.WaitGroup
	for i, r := range requests() {
		want, err := eager.Generate(background, r)
		require.NoError(t, err)
		got, err := e.Generate(background, r)
		require.NoError(t, err)
		require.Equal(t, want, got, "%d", i)
		for range 2 { // in batches of up to 26 sequences, which are padded
			wait.Go(func() {
				got, err := e.Generate(background, r)
				require.NoError(t, err)
				require.Equal(t, want, got, "%d", i)
			})
		}
	}
	wait.Wait()
	require.NotZero(t, b.launched)
}
