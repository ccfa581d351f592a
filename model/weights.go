package model

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model/safetensors"
)

// ErrUnsupported is wrapped when a checkpoint asks for what is not implemented.
var ErrUnsupported = errors.New("not supported")

// ErrWeights is wrapped by what is wrong with a checkpoint's tensors.
var ErrWeights = errors.New("bad weights")

// A Source finds tensors by name: a [safetensors.Set], or random numbers in a test.
type Source interface {
	Lookup(name string) (safetensors.Tensor, bool)
	Tensors() []safetensors.Tensor
}

// Weights loads a model's weights onto a backend and owns them. Failures gather:
// Err lists every missing and misshapen tensor at once. After the first nothing more
// is loaded, only checked.
type Weights struct {
	*shared
	prefix string
}

type shared struct {
	b      gpu.Backend
	src    Source
	dtype  gpu.DType
	format gpu.Format
	names  []string // of what was loaded, the first of those stacked
	all    map[string]gpu.Tensor
	used   map[string]bool // names in the checkpoint
	size   Size
	errs   []error
}

// Size counts what was loaded, stacked and tied tensors once.
type Size struct {
	Matrix int64 // elements of matrices to multiply by
	Rows   int64 // rows of those: what has a scale in an 8-bit format
	Table  int64 // elements of tables to embed with
	Vector int64 // elements of vectors
	Tied   int64 // elements of tables that are laid out to multiply by besides; not in Elements
}

// Elements is how many there are of all kinds.
func (s Size) Elements() int64 { return s.Matrix + s.Table + s.Vector }

// Plus is the sum of two counts.
func (s Size) Plus(t Size) Size {
	return Size{s.Matrix + t.Matrix, s.Rows + t.Rows, s.Table + t.Table, s.Vector + t.Vector, s.Tied + t.Tied}
}

// Minus is the difference of two counts.
func (s Size) Minus(t Size) Size {
	return Size{s.Matrix - t.Matrix, s.Rows - t.Rows, s.Table - t.Table, s.Vector - t.Vector, s.Tied - t.Tied}
}

// NewWeights loads from src to b as dt in format f: Plain makes weights that can be
// trained, Native those that multiply fastest. Without a backend nothing is
// loaded, only checked and counted.
func NewWeights(b gpu.Backend, src Source, dt gpu.DType, f gpu.Format) *Weights {
	return &Weights{shared: &shared{b: b, src: src, dtype: dt, format: f,
		all: map[string]gpu.Tensor{}, used: map[string]bool{}}}
}

// At is w with prefix and a dot before every name.
func (w *Weights) At(prefix string, args ...any) *Weights {
	return &Weights{w.shared, w.prefix + fmt.Sprintf(prefix, args...) + "."}
}

// Under is w with root before every name as it stands, dot included or none.
func (w *Weights) Under(root string) *Weights { return &Weights{w.shared, root + w.prefix} }

// Root is what stands before name in the checkpoint: checkpoints of one model come
// with "bert." before every name of the encoder, without, or with more. Of
// several candidates the first of prefer wins, then the shortest. Where no tensor
// has the name it is prefer[0].
func (w *Weights) Root(name string, prefer ...string) string {
	for _, p := range prefer {
		if _, ok := w.find(p + name); ok {
			return p
		}
	}
	best, found := prefer[0], false
	for _, t := range w.src.Tensors() {
		p, ok := strings.CutSuffix(t.Name, name)
		if ok && (p == "" || strings.HasSuffix(p, ".")) && (!found || len(p) < len(best)) {
			best, found = p, true
		}
	}
	return best
}

// Has reports whether the checkpoint has a tensor.
func (w *Weights) Has(name string) bool {
	_, ok := w.find(w.prefix + name)
	return ok
}

// Same reports whether a tensor of w is, to the bit, one of other, and takes it for
// used if so: checkpoints may hold tied tensors twice. Without a backend data are not
// read, and type and shape decide.
func (w *Weights) Same(name string, other *Weights, otherName string) bool {
	a, ok := w.find(w.prefix + name)
	b, has := other.find(other.prefix + otherName)
	if !ok || !has || a.DType != b.DType || !slices.Equal(a.Shape, b.Shape) {
		return false
	}
	if w.b != nil && !sameBytes(io.NewSectionReader(a.Src, a.Off, a.Size), io.NewSectionReader(b.Src, b.Off, b.Size)) {
		return false
	}
	w.used[a.Name] = true
	return true
}

// sameBytes compares to the end of both. What cannot be read is not the same.
func sameBytes(a, b io.Reader) bool {
	const piece = 1 << 20
	x, y := make([]byte, piece), make([]byte, piece)
	for {
		n, err := io.ReadFull(a, x)
		m, other := io.ReadFull(b, y)
		if n != m || !bytes.Equal(x[:n], y[:n]) {
			return false
		}
		if err != nil || other != nil {
			return ended(err) && ended(other)
		}
	}
}

// ended reports whether a reader has given all it has.
func ended(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }

// Matrix is the matrices of the given names stacked by rows, to multiply by:
// three names make one projection to queries, keys and values.
func (w *Weights) Matrix(rows, cols int, names ...string) gpu.Tensor {
	w.size.Matrix += int64(rows) * int64(cols)
	w.size.Rows += int64(rows)
	return w.load(w.dtype, w.format, []int{rows / len(names), cols}, names)
}

// Transposed is Matrix for checkpoints that store [cols, rows/names], as GPT-2's do.
func (w *Weights) Transposed(rows, cols int, names ...string) gpu.Tensor {
	w.size.Matrix += int64(rows) * int64(cols)
	w.size.Rows += int64(rows)
	return w.stack(w.dtype, w.format, []int{cols, rows / len(names)}, true, names)
}

// Table is plain rows, to embed with.
func (w *Weights) Table(rows, cols int, name string) gpu.Tensor {
	w.size.Table += int64(rows) * int64(cols)
	return w.load(w.dtype, gpu.Plain, []int{rows, cols}, []string{name})
}

// Tied is Matrix for a tensor that serves as a table too, and is counted there.
func (w *Weights) Tied(rows, cols int, name string) gpu.Tensor {
	w.size.Tied += int64(rows) * int64(cols)
	w.size.Rows += int64(rows)
	return w.load(w.dtype, w.format, []int{rows, cols}, []string{name})
}

// Vector is vectors laid end to end, in F32.
func (w *Weights) Vector(n int, names ...string) gpu.Tensor {
	w.size.Vector += int64(n)
	t := w.load(gpu.F32, gpu.Plain, []int{n / len(names)}, names)
	t.Rows, t.Cols, t.Stride = 1, n, n
	return t
}

// load prepares tensors of one shape, [n] or [rows, cols], stacked.
func (w *Weights) load(dt gpu.DType, f gpu.Format, shape []int, names []string) gpu.Tensor {
	return w.stack(dt, f, shape, false, names)
}

// stack is load for tensors that hold the transpose of what is wanted if trans.
func (w *Weights) stack(dt gpu.DType, f gpu.Format, shape []int, trans bool, names []string) gpu.Tensor {
	rows, cols := 1, shape[len(shape)-1]
	if len(shape) == 2 {
		rows = shape[0]
	}
	if trans {
		rows, cols = cols, rows
	}
	absent := gpu.Tensor{Rows: rows * len(names), Cols: cols, Stride: cols, DType: dt, Format: f}
	var parts []gpu.Host
	for _, name := range names {
		h, err := w.host(w.prefix+name, shape)
		if err != nil {
			w.errs = append(w.errs, err)
			continue
		}
		h.Rows, h.Cols, h.Trans = rows, cols, trans
		parts = append(parts, h)
	}
	if w.b == nil || len(w.errs) > 0 {
		return absent
	}
	t, err := w.b.Prepare(dt, f, parts...)
	if err != nil {
		w.errs = append(w.errs, fmt.Errorf("%s%s: %w", w.prefix, names[0], err))
		return absent
	}
	key := w.prefix + names[0]
	for w.all[key].Buf != nil {
		key += " (tied)"
	}
	w.names, w.all[key] = append(w.names, key), t
	return t
}

// find looks a tensor up under its name or the one that checkpoints converted from
// TensorFlow have: gamma for a norm's weight, beta for its bias.
func (w *Weights) find(name string) (safetensors.Tensor, bool) {
	t, ok := w.src.Lookup(name)
	if base, is := strings.CutSuffix(name, ".weight"); !ok && is {
		t, ok = w.src.Lookup(base + ".gamma")
	}
	if base, is := strings.CutSuffix(name, ".bias"); !ok && is {
		t, ok = w.src.Lookup(base + ".beta")
	}
	return t, ok
}

func (w *Weights) host(name string, shape []int) (gpu.Host, error) {
	t, ok := w.find(name)
	if !ok {
		return gpu.Host{}, fmt.Errorf("%w: %s is missing, %v wanted", ErrWeights, name, shape)
	}
	w.used[t.Name] = true
	if !slices.Equal(t.Shape, shape) {
		return gpu.Host{}, fmt.Errorf("%w: %s: %s is %v, not %v as config.json says", ErrWeights, t.File, t.Name, t.Shape, shape)
	}
	dt, err := hostType(t.DType)
	if err != nil {
		return gpu.Host{}, fmt.Errorf("%w: %s: %s %w", ErrWeights, t.File, t.Name, err)
	}
	return gpu.Host{Src: t.Src, Off: t.Off, DType: dt}, nil
}

// hostType is the type of a tensor of weights, which integers are not.
func hostType(dt safetensors.DType) (gpu.HostType, error) {
	switch dt {
	case "F64":
		return gpu.HostF64, nil
	case "F32":
		return gpu.HostF32, nil
	case "F16":
		return gpu.HostF16, nil
	case "BF16":
		return gpu.HostBF16, nil
	}
	return 0, fmt.Errorf("is of type %s, not one of F64, F32, F16, BF16", dt)
}

// mostErrors is how many failures Err prints; a wrong config.json makes thousands.
const mostErrors = 40

// Err lists every failure so far.
func (w *Weights) Err() error {
	if n := len(w.errs) - mostErrors; n > 0 {
		return errors.Join(append(slices.Clip(w.errs[:mostErrors]), fmt.Errorf("and %d more", n))...)
	}
	return errors.Join(w.errs...)
}

// Finish returns Err, and frees what was loaded if there is one.
func (w *Weights) Finish() error {
	if err := w.Err(); err != nil {
		return errors.Join(err, w.Close())
	}
	return nil
}

// All yields the weights in the order they were loaded, for optimizers and checkpoints.
func (w *Weights) All() iter.Seq2[string, gpu.Tensor] {
	return func(yield func(string, gpu.Tensor) bool) {
		for _, n := range w.names {
			if !yield(n, w.all[n]) {
				return
			}
		}
	}
}

// Unused is the names of the checkpoint's tensors that nothing asked for, sorted.
func (w *Weights) Unused() []string {
	var names []string
	for _, t := range w.src.Tensors() {
		if !w.used[t.Name] {
			names = append(names, t.Name)
		}
	}
	slices.Sort(names)
	return names
}

// Size counts what was asked for so far.
func (w *Weights) Size() Size { return w.size }

// Close frees the weights.
func (w *Weights) Close() (err error) {
	for _, t := range w.All() {
		err = errors.Join(err, w.b.Free(t.Buf))
	}
	w.names, w.all = nil, map[string]gpu.Tensor{}
	return err
}
