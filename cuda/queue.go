package cuda

import (
	"errors"
	"fmt"
	"sync"

	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/gpu"
)

// A queue is a stream and what its operations need besides their operands.
type queue struct {
	pipe
	closed bool

	// The backend waits for queues that it does not own: it and Close take turns.
	life sync.Mutex
	gone bool // the stream is closed, or the device's end has closed it

	workspace      driver.Ptr // for split reductions
	workspaceBytes int
	fault          driver.Ptr // a word, zero until a kernel meets a bad index

	args   []driver.Arg
	record *graph // what is launched is recorded in it instead, if there is one
}

var (
	_ gpu.Queue    = (*queue)(nil)
	_ gpu.Capturer = (*queue)(nil)
)

const mostArgs = 64

// NewQueue makes a stream with its workspace.
func (b *Backend) NewQueue() (gpu.Queue, error) {
	if err := b.opened(); err != nil {
		return nil, err
	}
	b.capturing.RLock()
	defer b.capturing.RUnlock()
	q := &queue{pipe: pipe{b: b}, workspaceBytes: b.workspace, args: make([]driver.Arg, 0, mostArgs)}
	if err := q.open(); err != nil {
		q.release()
		return nil, fmt.Errorf("cuda: queue: %w", b.translated(err))
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.queues[q] = struct{}{}
	return q, nil
}

func (q *queue) open() (err error) {
	d := q.b.device
	if err := q.pipe.open(); err != nil {
		return err
	}
	if q.workspace, err = d.Alloc(max(q.workspaceBytes, 1)); err != nil {
		return err
	}
	if q.fault, err = d.Alloc(wordBytes); err != nil {
		return err
	}
	return q.stream.Fill(q.fault, 0, 1)
}

// release frees what the queue has.
func (q *queue) release() (err error) {
	d := q.b.device
	err = q.pipe.close()
	for _, p := range []driver.Ptr{q.workspace, q.fault} {
		if p != 0 {
			err = errors.Join(err, d.Free(p))
		}
	}
	return err
}

// Run launches the kernels of op. It takes no memory of the heap, but to refuse.
func (q *queue) Run(op gpu.Op) error {
	if err := q.opened(); err != nil {
		return err
	}
	b := q.b
	if err := b.Supports(op); err != nil {
		return err
	}
	switch op := op.(type) {
	case *gpu.Gemm:
		if err := b.operands(&op.Dst, &op.Pre, &op.UpPre, &op.A, &op.B, &op.Bias, &op.Up, &op.UpBias, &op.Mul, &op.Add); err != nil {
			return err
		}
		return q.runGemm(op)
	case *gpu.Norm:
		if err := b.operands(&op.Dst, &op.Sum, &op.Stat, &op.X, &op.Residual, &op.Gain, &op.Bias); err != nil {
			return err
		}
		return q.runNorm(op)
	case *gpu.Attention:
		if err := b.operands(&op.Dst, &op.LSE, &op.Q, &op.K, &op.V, &op.Bias, &op.QSeq.Start, &op.QSeq.Len, &op.KSeq.Start, &op.KSeq.Len, &op.KSeq.Pages); err != nil {
			return err
		}
		return q.runAttention(op)
	case *gpu.Embed:
		if err := b.operands(&op.Dst, &op.Table, &op.Pos, &op.Type, &op.IDs, &op.Positions, &op.Types); err != nil {
			return err
		}
		return q.runEmbed(op)
	case *gpu.Pointwise:
		if err := b.operands(&op.Dst, &op.X, &op.Y); err != nil {
			return err
		}
		return q.runPointwise(op)
	case *gpu.Softmax:
		if err := b.operands(&op.Dst, &op.X); err != nil {
			return err
		}
		return q.runSoftmax(op)
	case *gpu.Pool:
		if err := b.operands(&op.Dst, &op.X, &op.Seqs.Start, &op.Seqs.Len, &op.Seqs.Pages); err != nil {
			return err
		}
		return q.runPool(op)
	case *gpu.Put:
		if err := b.operands(&op.Dst, &op.Src, &op.At); err != nil {
			return err
		}
		return q.runPut(op)
	case *gpu.Take:
		if err := b.operands(&op.Dst, &op.Src, &op.At); err != nil {
			return err
		}
		return q.runTake(op)
	case *gpu.Cast:
		if err := b.operands(&op.Dst, &op.X); err != nil {
			return err
		}
		return q.runCast(op)
	case *gpu.TopK:
		if err := b.operands(&op.Value, &op.Index, &op.X); err != nil {
			return err
		}
		return q.runTopK(op)
	case *gpu.Sample:
		if err := b.operands(&op.Index, &op.X, &op.Seed); err != nil {
			return err
		}
		return q.runSample(op)
	case *gpu.CrossEntropy:
		if err := b.operands(&op.Loss, &op.LSE, &op.X, &op.Target); err != nil {
			return err
		}
		return q.runCrossEntropy(op)
	case *gpu.Warp:
		if err := b.operands(&op.Dst, &op.X, &op.Params); err != nil {
			return err
		}
		return q.runWarp(op)
	case *gpu.Scatter:
		if err := b.operands(&op.Dst, &op.Row, &op.Col, &op.Value); err != nil {
			return err
		}
		return q.runScatter(op)
	case *gpu.Fill:
		if err := b.operands(&op.Dst); err != nil {
			return err
		}
		return q.runFill(op)
	}
	return gpu.ErrUnsupported
}

// Supports reports whether Run would accept op. Gradients need kernels that are not there yet.
func (b *Backend) Supports(op gpu.Op) error {
	switch op := op.(type) {
	case *gpu.Gemm:
		return b.supportsGemm(op)
	case *gpu.Norm:
		return b.supportsNorm(op)
	case *gpu.Attention:
		return b.supportsAttention(op)
	case *gpu.Embed:
		return b.supportsEmbed(op)
	case *gpu.Pointwise:
		return b.supportsPointwise(op)
	case *gpu.Softmax:
		return b.supportsSoftmax(op)
	case *gpu.Pool:
		return b.supportsPool(op)
	case *gpu.Put:
		return b.supportsPut(op)
	case *gpu.Take:
		return b.supportsTake(op)
	case *gpu.Cast:
		return b.supportsCast(op)
	case *gpu.TopK:
		return b.supportsTopK(op)
	case *gpu.Sample:
		return b.supportsSample(op)
	case *gpu.CrossEntropy:
		return b.supportsCrossEntropy(op)
	case *gpu.Warp:
		return b.supportsWarp(op)
	case *gpu.Scatter:
		return b.supportsScatter(op)
	case *gpu.Fill:
		return b.supportsFill(op)
	case *gpu.NormGrad, *gpu.AttentionGrad, *gpu.EmbedGrad:
		return errNoGrad
	}
	return gpu.ErrUnsupported
}

var errNoGrad = fmt.Errorf("the CUDA backend has no kernels of gradients: %w", gpu.ErrUnsupported)

// runnable checks that the types of operands, named in order, are some that this GPU's kernels have.
func (b *Backend) runnable(names [8]string, ts ...*gpu.Tensor) error {
	for i, t := range ts {
		if t.DType == gpu.BF16 && !t.IsZero() && !b.hasBF16() {
			return fmt.Errorf("%s is %v, which compute capability %d.%d has not: %w", names[i], t.DType, b.sm/10, b.sm%10, gpu.ErrUnsupported)
		}
	}
	return nil
}

// launch queues a kernel, in blocks of the size that it is for.
func (q *queue) launch(name string, grid [3]int, args []driver.Arg) error {
	k, err := q.b.kernels.find(name)
	if err != nil {
		return q.b.translated(err)
	}
	c := driver.Config{Grid: grid, Block: [3]int{k.Threads, 1, 1}, Shared: k.Dynamic}
	if q.record != nil {
		q.record.add(k.fn, c, args)
		return nil
	}
	if err := q.stream.Launch(k.fn, c, args); err != nil {
		return fmt.Errorf("%s, a grid of %d×%d×%d: %w", name, grid[0], grid[1], grid[2], q.b.translated(err))
	}
	return nil
}

// addr is the address of a tensor's first element, zero if it is absent or empty.
func addr(t *gpu.Tensor) driver.Arg {
	b, ok := t.Buf.(*buffer)
	if !ok || t.IsZero() || t.Rows == 0 {
		return 0
	}
	return driver.Addr(b.ptr + driver.Ptr(t.Off*t.DType.Size()))
}

// i32 is a size, which operands has found to fit.
func i32(n int) driver.Arg { return driver.I32(int32(n)) }

// dtypeArg is the type as kernels number it: as package gpu does.
func dtypeArg(t *gpu.Tensor) driver.Arg { return driver.I32(int32(t.DType)) }

// faultArg is where kernels report a bad index.
func (q *queue) faultArg() driver.Arg { return driver.Addr(q.fault) }

// Upload copies src to dst at byte off, behind what is queued.
func (q *queue) Upload(dst gpu.Buffer, off int, src []byte) error {
	q.b.capturing.RLock()
	defer q.b.capturing.RUnlock()
	p, err := q.region(dst, off, len(src))
	if err != nil {
		return err
	}
	if err := q.in(p, src); err != nil {
		return fmt.Errorf("cuda: upload: %w", q.b.translated(err))
	}
	return nil
}

// Download waits for earlier work and copies from src at byte off.
func (q *queue) Download(dst []byte, src gpu.Buffer, off int) error {
	q.b.capturing.RLock()
	defer q.b.capturing.RUnlock()
	p, err := q.region(src, off, len(dst))
	if err != nil {
		return err
	}
	for first := true; first || len(dst) > 0; first = false {
		n, err := q.out(p, len(dst))
		if err != nil {
			return fmt.Errorf("cuda: download: %w", q.b.translated(err))
		}
		if err := q.wait(); err != nil {
			return err
		}
		copy(dst, q.landed()[:n])
		p, dst = p+driver.Ptr(n), dst[n:]
	}
	return nil
}

// region is the address of n bytes of a buffer.
func (q *queue) region(buf gpu.Buffer, off, n int) (driver.Ptr, error) {
	if err := q.opened(); err != nil {
		return 0, err
	}
	own, ok := buf.(*buffer)
	switch {
	case !ok || own == nil || own.b != q.b:
		return 0, fmt.Errorf("cuda: copy: a buffer of another backend, %T: %w", buf, gpu.ErrUnsupported)
	case own.ptr == 0:
		return 0, fmt.Errorf("cuda: copy: a freed buffer of %d bytes: %w", own.size, gpu.ErrClosed)
	case off < 0 || off > own.size || n > own.size-off:
		return 0, fmt.Errorf("cuda: copy %d bytes at %d of a buffer of %d: %w", n, off, own.size, gpu.ErrShape)
	case q.record != nil:
		return 0, fmt.Errorf("cuda: copy during a capture: %w", gpu.ErrUnsupported)
	}
	return own.ptr + driver.Ptr(off), nil
}

// Sync waits for all that is queued.
func (q *queue) Sync() error {
	q.b.capturing.RLock()
	defer q.b.capturing.RUnlock()
	if err := q.opened(); err != nil {
		return err
	}
	if q.record != nil {
		return fmt.Errorf("cuda: sync during a capture: %w", gpu.ErrUnsupported)
	}
	return q.wait()
}

// wait waits, and tells of faults. Who calls it holds capturing shared.
func (q *queue) wait() error {
	if err := errors.Join(q.word(q.fault), q.drain()); err != nil {
		return fmt.Errorf("cuda: %w", q.b.translated(err))
	}
	code := q.landed()[outBytes] // a small number, the least significant byte first
	if code == 0 {
		return nil
	}
	if err := q.stream.Fill(q.fault, 0, 1); err != nil {
		return fmt.Errorf("cuda: %w", q.b.translated(err))
	}
	return faultError(int(code))
}

// Close waits, and frees the workspace.
func (q *queue) Close() error {
	if q.closed {
		return nil
	}
	q.closed = true
	b := q.b
	b.mu.Lock()
	delete(b.queues, q)
	b.mu.Unlock()
	b.capturing.RLock()
	defer b.capturing.RUnlock()
	q.life.Lock()
	defer q.life.Unlock()
	if q.gone || b.closed.Load() { // a queue made while the backend was closed it may not have met
		return nil
	}
	q.gone = true
	if err := q.release(); err != nil {
		return fmt.Errorf("cuda: close a queue: %w", translated(err))
	}
	return nil
}

// settle waits for what is queued, from any goroutine. With last it is the queue's end, as the device is closed next.
func (q *queue) settle(last bool) error {
	q.life.Lock()
	defer q.life.Unlock()
	if q.gone {
		return nil
	}
	q.gone = last
	return q.stream.Sync()
}

func (q *queue) opened() error {
	if q.closed {
		return fmt.Errorf("cuda: queue: %w", gpu.ErrClosed)
	}
	return q.b.opened()
}
