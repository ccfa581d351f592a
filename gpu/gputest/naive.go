package gputest

// The oracle as a backend.

import (
	"errors"
	"fmt"

	"github.com/rapt-go/rapt/gpu"
)

// Naive returns a backend of plain loops in host memory: every product and sum is rounded to float32, every sum is taken
// from first to last, and every element that an operation gives is rounded to its tensor's type. So its error is what
// honest code of a model in F16 or BF16 makes: the measure for backends that load models in those types.
func Naive() gpu.Backend { return naive[float32]{} }

// A naive computes in T, and stores every element once.
type naive[T real] struct{}

func (naive[T]) Info() gpu.Info {
	return gpu.Info{Name: fmt.Sprintf("naive %T", *new(T)), Vocabulary: gpu.Vocabulary, Memory: 1 << 30}
}
func (naive[T]) Supports(gpu.Op) error        { return nil }
func (naive[T]) NewQueue() (gpu.Queue, error) { return &naiveQueue[T]{}, nil }
func (naive[T]) Free(gpu.Buffer) error        { return nil }
func (naive[T]) Close() error                 { return nil }

func (naive[T]) Alloc(n int) (gpu.Buffer, error) {
	if n < 0 || n > 1<<30 {
		return nil, fmt.Errorf("%d bytes: %w", n, gpu.ErrMemory)
	}
	return &memory{data: make([]byte, n)}, nil
}

func (naive[T]) Prepare(dt gpu.DType, f gpu.Format, parts ...gpu.Host) (gpu.Tensor, error) {
	t := gpu.Tensor{DType: dt, Format: f}
	if dt > gpu.BF16 || f > gpu.Q4 {
		return t, fmt.Errorf("%v %v: %w", dt, f, gpu.ErrUnsupported)
	}
	for _, p := range parts {
		if p.Cols != parts[0].Cols {
			return t, fmt.Errorf("parts of %d and %d columns: %w", parts[0].Cols, p.Cols, gpu.ErrShape)
		}
		data := make([]byte, p.Rows*p.Cols*p.DType.Size())
		if n, err := p.Src.ReadAt(data, p.Off); n < len(data) {
			return t, errors.Join(err, errors.New("short weight"))
		}
	}
	return newEnv(roomy).Prepared(dt, f, parts...), nil
}

// A naiveQueue captures operations as well.
type naiveQueue[T real] struct{ record *naiveGraph[T] }

type naiveGraph[T real] struct{ ops []gpu.Op }

func (q *naiveQueue[T]) Run(op gpu.Op) error {
	if q.record != nil {
		q.record.ops = append(q.record.ops, gpu.Clone(op))
		return nil
	}
	return evaluate[T](op)
}

func (q *naiveQueue[T]) Capture(record func() error) (gpu.Graph, error) {
	g := &naiveGraph[T]{}
	q.record = g
	defer func() { q.record = nil }()
	return g, record()
}

func (g *naiveGraph[T]) Launch() (err error) {
	for _, op := range g.ops {
		err = errors.Join(err, evaluate[T](op))
	}
	return err
}

func (g *naiveGraph[T]) Close() error { return nil }

func (q *naiveQueue[T]) Upload(dst gpu.Buffer, off int, src []byte) error {
	copy(dst.(*memory).data[off:][:len(src)], src)
	return nil
}

func (q *naiveQueue[T]) Download(dst []byte, src gpu.Buffer, off int) error {
	copy(dst, src.(*memory).data[off:][:len(dst)])
	return nil
}

func (q *naiveQueue[T]) Sync() error  { return nil }
func (q *naiveQueue[T]) Close() error { return nil }
