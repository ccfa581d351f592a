// Package cpu runs every operation of package gpu on the processor, in portable Go:
// cache-blocked, on all cores.
//
// Activations are F32; [gpu.Cast], [gpu.Put], [gpu.Take] and [gpu.Fill] also serve F16 and
// BF16, Put and Take I32. Weights are F32, Plain or Native. Heads of attention have up to
// 512 columns. Indices out of range are found before anything is written.
//
// A result has the same bits whatever the number of threads, rows and sequences, and
// whether weights are Plain or Native: a sum is taken in an order that its length alone
// determines, and loops that serve the same operation round alike. The bits may differ between
// architectures, for a compiler may round a product and its sum once, not twice (FMA), as
// Go's does for arm64 and GOAMD64=v3.
//
// The inner loops are in one table, kernels, chosen by [Open].
package cpu

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/rapt-go/rapt/gpu"
)

// A Backend is the processor as a [gpu.Backend].
type Backend struct {
	k       *kernels
	workers *workers
	closed  atomic.Bool
	memory  meter
}

// An Option changes what Open does.
type Option func(*config) error

type config struct{ threads int }

const maxThreads = 1024

// Threads makes the backend compute on n threads, the caller's included. The default
// is GOMAXPROCS, or the processor quota of the process's cgroup if that is less.
func Threads(n int) Option {
	return func(c *config) error {
		if n < 1 || n > maxThreads {
			return fmt.Errorf("cpu: %d threads, not 1 to %d: %w", n, maxThreads, gpu.ErrUnsupported)
		}
		c.threads = n
		return nil
	}
}

// Open returns the backend. The environment variable RAPT_CPU names the tier to use,
// one of [Tiers]; without it, the fastest is.
func Open(opts ...Option) (*Backend, error) {
	c := config{threads: min(runtime.GOMAXPROCS(0), processorQuota(), maxThreads)}
	for _, o := range opts {
		if err := o(&c); err != nil {
			return nil, err
		}
	}
	if tier := os.Getenv("RAPT_CPU"); tier != "" && !slices.Contains(Tiers(), tier) {
		return nil, fmt.Errorf("cpu: RAPT_CPU=%s: this build and machine have %s: %w", tier, strings.Join(Tiers(), ", "), gpu.ErrUnsupported)
	}
	return &Backend{k: &portable, workers: startWorkers(c.threads - 1)}, nil
}

// Threads is the number of threads that operations run on.
func (b *Backend) Threads() int { return b.workers.n + 1 }

// Info describes the backend. Memory is what the system said within the last second is
// available, less what Alloc gave out since; on systems other than Linux it is a guess.
func (b *Backend) Info() gpu.Info {
	return gpu.Info{Name: "cpu " + b.k.name, Vocabulary: gpu.Vocabulary, Default: gpu.F32, Memory: b.memory.read()}
}

// Alloc returns zeroed memory. More than [gpu.Info] calls available is refused with
// ErrMemory, for the Go runtime would end the process.
func (b *Backend) Alloc(bytes int) (gpu.Buffer, error) {
	if err := b.open(); err != nil {
		return nil, err
	}
	buf, err := b.alloc(bytes)
	if err != nil {
		return nil, err
	}
	return buf, nil
}

func (b *Backend) alloc(bytes int) (*buffer, error) {
	if left, ok := b.memory.take(bytes); !ok {
		return nil, fmt.Errorf("cpu: %d bytes, of %d available: %w", bytes, left, gpu.ErrMemory)
	}
	return newBuffer(bytes), nil
}

// Free releases the buffer; operations that are running on it end undisturbed.
// Freeing nil does nothing.
func (b *Backend) Free(buf gpu.Buffer) error {
	if buf == nil {
		return nil
	}
	own, ok := buf.(*buffer)
	if !ok || own == nil {
		return fmt.Errorf("cpu: free a buffer of another backend, %T: %w", buf, gpu.ErrUnsupported)
	}
	if own.mem.Swap(nil) == nil {
		return fmt.Errorf("cpu: free a buffer of %d bytes again: %w", own.size, gpu.ErrClosed)
	}
	return nil
}

// NewQueue returns a queue whose Run returns when the work is done.
func (b *Backend) NewQueue() (gpu.Queue, error) {
	if err := b.open(); err != nil {
		return nil, err
	}
	return newQueue(b), nil
}

// Close ends the workers. Later work is answered with ErrClosed; buffers stay
// valid to Free.
func (b *Backend) Close() error {
	if !b.closed.Swap(true) {
		b.workers.stop()
	}
	return nil
}

func (b *Backend) open() error {
	if b.closed.Load() {
		return fmt.Errorf("cpu: backend: %w", gpu.ErrClosed)
	}
	return nil
}
