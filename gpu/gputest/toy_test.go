package gputest

// The oracle as a backend: the suite's own subject.

import (
	"errors"
	"fmt"

	"github.com/rapt-go/rapt/gpu"
)

// A toy computes in T, and stores every element once.
type toy[T real] struct{}

func (toy[T]) Info() gpu.Info {
	return gpu.Info{Name: fmt.Sprintf("toy %T", *new(T)), Vocabulary: gpu.Vocabulary, Memory: 1 << 30}
}
func (toy[T]) Supports(gpu.Op) error        { return nil }
func (toy[T]) NewQueue() (gpu.Queue, error) { return &toyQueue[T]{}, nil }
func (toy[T]) Free(gpu.Buffer) error        { return nil }
func (toy[T]) Close() error                 { return nil }

func (toy[T]) Alloc(n int) (gpu.Buffer, error) {
	if n < 0 || n > 1<<30 {
		return nil, fmt.Errorf("%d bytes: %w", n, gpu.ErrMemory)
	}
	return &memory{data: make([]byte, n)}, nil
}

func (toy[T]) Prepare(dt gpu.DType, f gpu.Format, parts ...gpu.Host) (gpu.Tensor, error) {
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

// A toyQueue captures operations as well.
type toyQueue[T real] struct{ record *toyGraph[T] }

type toyGraph[T real] struct{ ops []gpu.Op }

func (q *toyQueue[T]) Run(op gpu.Op) error {
	if q.record != nil {
		q.record.ops = append(q.record.ops, gpu.Clone(op))
		return nil
	}
	return evaluate[T](op)
}

func (q *toyQueue[T]) Capture(record func() error) (gpu.Graph, error) {
	g := &toyGraph[T]{}
	q.record = g
	defer func() { q.record = nil }()
	return g, record()
}

func (g *toyGraph[T]) Launch() (err error) {
	for _, op := range g.ops {
		err = errors.Join(err, evaluate[T](op))
	}
	return err
}

func (g *toyGraph[T]) Close() error { return nil }

func (q *toyQueue[T]) Upload(dst gpu.Buffer, off int, src []byte) error {
	copy(dst.(*memory).data[off:][:len(src)], src)
	return nil
}

func (q *toyQueue[T]) Download(dst []byte, src gpu.Buffer, off int) error {
	copy(dst, src.(*memory).data[off:][:len(dst)])
	return nil
}

func (q *toyQueue[T]) Sync() error  { return nil }
func (q *toyQueue[T]) Close() error { return nil }
