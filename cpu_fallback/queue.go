package cpu

import (
	"fmt"
	"math"

	"github.com/rapt-go/rapt/gpu"
)

// A queue runs operations at once, in the caller's goroutine and the workers. It owns
// all that they need, so that Run allocates nothing.
type queue struct {
	b       *Backend
	k       *kernels
	closed  bool
	scratch []scratch // one for each worker, the last for the caller

	// The jobs of operations, one of each kind: the workers get a pointer.
	gemm          gemmJob
	norm          normJob
	normGrad      normGradJob
	attention     attentionJob
	attentionGrad attentionGradJob
	embed         embedJob
	embedGrad     embedGradJob
	pointwise     pointwiseJob
	softmax       softmaxJob
	pool          poolJob
	put           putJob
	take          takeJob
	cast          castJob
	topK          topKJob
	sample        sampleJob
	crossEntropy  crossEntropyJob
	warp          warpJob
	fill          fillJob
}

// A scratch is what one worker computes in. It has room for every operation, but for attention with
// heads wider than usual and Warp of long rows, which make it grow.
type scratch struct {
	f []float32
	d []float64
}

const (
	widestHead     = math.MaxInt32 / 4096 // far beyond any, and its scratch can be counted in an int of 32 bits
	scratchDoubles = 2 * chunk
)

// chunk is how many columns a tile of a reduction over rows takes.
const chunk = 256

func newQueue(b *Backend) *queue {
	q := &queue{b: b, k: b.k, scratch: make([]scratch, b.workers.n+1)}
	for i := range q.scratch {
		q.scratch[i] = scratch{make([]float32, max(gemmScratch, attentionScratch(usualHead))), make([]float64, scratchDoubles)}
	}
	return q
}

// reserve makes room in every worker's scratch for the floats that heads of a width take, the last
// panel being padded.
func (q *queue) reserve(floats func(width int) int, width int) error {
	width = (width + q.k.panel - 1) / q.k.panel * q.k.panel
	if width > widestHead {
		return fmt.Errorf("heads of %d columns, above %d: %w", width, widestHead, gpu.ErrUnsupported)
	}
	if err := q.grow(floats(width)); err != nil {
		return fmt.Errorf("heads of %d columns: %w", width, err)
	}
	return nil
}

// grow makes every worker's scratch n floats, if it is less.
func (q *queue) grow(n int) error {
	if n <= len(q.scratch[0].f) {
		return nil
	}
	for i := range q.scratch {
		if left, ok := q.b.memory.take(4 * n); !ok {
			return fmt.Errorf("%d bytes of scratch for each thread, of %d available: %w", 4*n, left, gpu.ErrMemory)
		}
		q.scratch[i].f = make([]float32, n)
	}
	return nil
}

// Run computes op and returns.
func (q *queue) Run(op gpu.Op) error {
	if err := q.open(); err != nil {
		return err
	}
	if err := q.b.Supports(op); err != nil {
		return err
	}
	switch op := op.(type) {
	case *gpu.Gemm:
		return q.runGemm(op)
	case *gpu.Norm:
		return q.runNorm(op)
	case *gpu.Attention:
		return q.runAttention(op)
	case *gpu.Embed:
		return q.runEmbed(op)
	case *gpu.Pointwise:
		return q.runPointwise(op)
	case *gpu.Softmax:
		return q.runSoftmax(op)
	case *gpu.Pool:
		return q.runPool(op)
	case *gpu.Put:
		return q.runPut(op)
	case *gpu.Take:
		return q.runTake(op)
	case *gpu.Cast:
		return q.runCast(op)
	case *gpu.TopK:
		return q.runTopK(op)
	case *gpu.Sample:
		return q.runSample(op)
	case *gpu.CrossEntropy:
		return q.runCrossEntropy(op)
	case *gpu.Warp:
		return q.runWarp(op)
	case *gpu.Scatter:
		return q.runScatter(op)
	case *gpu.Fill:
		return q.runFill(op)
	case *gpu.NormGrad:
		return q.runNormGrad(op)
	case *gpu.AttentionGrad:
		return q.runAttentionGrad(op)
	case *gpu.EmbedGrad:
		return q.runEmbedGrad(op)
	}
	return gpu.ErrUnsupported
}

// share runs j on the workers: a work on so many elements, each of about so many nanoseconds.
func (q *queue) share(j job, tiles, elements, nanoseconds int) {
	q.b.workers.run(j, tiles, int64(elements)*int64(nanoseconds), q.scratch)
}

// Upload copies src to dst.
func (q *queue) Upload(dst gpu.Buffer, off int, src []byte) error {
	b, err := q.region(dst, off, len(src))
	copy(b, src)
	return err
}

// Download copies from src to dst.
func (q *queue) Download(dst []byte, src gpu.Buffer, off int) error {
	b, err := q.region(src, off, len(dst))
	copy(dst, b)
	return err
}

func (q *queue) region(buf gpu.Buffer, off, n int) ([]byte, error) {
	if err := q.open(); err != nil {
		return nil, err
	}
	b, err := contents(buf)
	if err != nil {
		return nil, fmt.Errorf("cpu: copy: %w", err)
	}
	if off < 0 || off > len(b) || n > len(b)-off {
		return nil, fmt.Errorf("cpu: copy %d bytes at %d of a buffer of %d: %w", n, off, len(b), gpu.ErrShape)
	}
	return b[off : off+n], nil
}

// Sync has nothing to wait for.
func (q *queue) Sync() error { return q.open() }

// Close gives the scratch back.
func (q *queue) Close() error {
	*q = queue{b: q.b, closed: true}
	return nil
}

func (q *queue) open() error {
	if q.closed {
		return fmt.Errorf("cpu: queue: %w", gpu.ErrClosed)
	}
	return q.b.open()
}
