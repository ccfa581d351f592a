package gpu

import "fmt"

// A fake is a backend with memory and no arithmetic.
type fake struct {
	limit int // bytes, if not 0
	freed int
}

type fakeBuffer struct{ b []byte }

func (b *fakeBuffer) Size() int { return len(b.b) }

func (f *fake) Info() Info        { return Info{Name: "fake", Vocabulary: Vocabulary} }
func (f *fake) Supports(Op) error { return nil }
func (f *fake) Free(Buffer) error { f.freed++; return nil }
func (f *fake) Close() error      { return nil }
func (f *fake) Alloc(n int) (Buffer, error) {
	if f.limit > 0 && n > f.limit {
		return nil, fmt.Errorf("%d bytes: %w", n, ErrMemory)
	}
	return &fakeBuffer{make([]byte, n)}, nil
}
func (f *fake) Prepare(dt DType, fm Format, parts ...Host) (Tensor, error) {
	rows, cols := parts[0].Rows, parts[0].Cols
	buf, err := f.Alloc(rows * cols * dt.Size())
	return Tensor{Buf: buf, Rows: rows, Cols: cols, Stride: cols, DType: dt, Format: fm}, err
}
func (f *fake) NewQueue() (Queue, error) { return &fakeQueue{f: f}, nil }

// A fakeQueue counts what it runs.
type fakeQueue struct {
	f    *fake
	n    int
	fail error
}

func (q *fakeQueue) Run(Op) error { q.n++; return q.fail }
func (q *fakeQueue) Sync() error  { return nil }
func (q *fakeQueue) Close() error { return nil }
func (q *fakeQueue) Upload(dst Buffer, off int, src []byte) error {
	copy(dst.(*fakeBuffer).b[off:], src)
	return nil
}
func (q *fakeQueue) Download(dst []byte, src Buffer, off int) error {
	copy(dst, src.(*fakeBuffer).b[off:])
	return nil
}
