package main

// The buffers and scalars of a launch that is described in JSON: their types, contents, and what is
// expected of them.

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/rapt-go/rapt/cuda/sim/arith"
)

// A dtype is a type of elements, from 1.
type dtype uint8

var dtypeNames = []string{"f32", "f16", "bf16", "f64", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64"}

const (
	f32 dtype = iota + 1
	f16
	bf16
	f64
)

func (t dtype) name() string   { return dtypeNames[t-1] }
func (t dtype) float() bool    { return t <= f64 }
func (t dtype) unsigned() bool { return t.name()[0] == 'u' }

// size is in bytes.
func (t dtype) size() int {
	bits, _ := strconv.Atoi(strings.TrimLeft(t.name(), "bfiu"))
	return bits / 8
}

// parse reads a number, or "nan", "inf" or "-inf" for a type of floating point, and gives its bits.
func (t dtype) parse(raw json.RawMessage) (uint64, error) {
	s := string(raw)
	if t.float() {
		s = strings.Trim(s, `"`)
		x, err := strconv.ParseFloat(s, 64)
		special := s == "nan" || s == "inf" || s == "-inf"
		if s == string(raw) == special || err != nil && !errors.Is(err, strconv.ErrRange) {
			return 0, fmt.Errorf("%s: want a number, \"nan\", \"inf\" or \"-inf\"", short(raw))
		}
		if c := t.of(x); special || !math.IsInf(t.float64(c), 0) {
			return c, nil
		}
		return 0, fmt.Errorf("%s is too large for %s", short(raw), t.name())
	}
	bits := 8 * t.size()
	if t.unsigned() {
		x, err := strconv.ParseUint(s, 10, bits)
		if err != nil {
			return 0, fmt.Errorf("%s: want an integer from 0 to %d", short(raw), uint64(math.MaxUint64)>>(64-bits))
		}
		return x, nil
	}
	x, err := strconv.ParseInt(s, 10, bits)
	if err != nil {
		return 0, fmt.Errorf("%s: want an integer from %d to %d", short(raw), int64(math.MinInt64)>>(64-bits), int64(math.MaxInt64)>>(64-bits))
	}
	return uint64(x) & (math.MaxUint64 >> (64 - bits)), nil
}

// of is the bits of x: rounded for floating point, by way of f32 for the narrow types, else wrapped round.
func (t dtype) of(x float64) uint64 {
	switch t {
	case f64:
		return math.Float64bits(x)
	case f32:
		return uint64(math.Float32bits(float32(x)))
	case f16:
		return uint64(arith.F16FromF32(math.Float32bits(float32(x))))
	case bf16:
		return uint64(arith.BF16FromF32(math.Float32bits(float32(x))))
	}
	return uint64(int64(x)) & (math.MaxUint64 >> (64 - 8*t.size()))
}

// holds reports whether x is a value of an integer type.
func (t dtype) holds(x float64) bool { return math.Abs(x) < 1<<53 && t.float64(t.of(x)) == x }

// signed is the value of an integer that is not unsigned.
func (t dtype) signed(c uint64) int64 {
	shift := 64 - 8*t.size()
	return int64(c<<shift) >> shift
}

// float64 is the value of an element, rounded for large integers.
func (t dtype) float64(c uint64) float64 {
	switch {
	case t == f64:
		return math.Float64frombits(c)
	case t == f32:
		return float64(math.Float32frombits(uint32(c)))
	case t == f16:
		return float64(math.Float32frombits(arith.F32FromF16(uint16(c))))
	case t == bf16:
		return float64(math.Float32frombits(arith.F32FromBF16(uint16(c))))
	case t.unsigned():
		return float64(c)
	}
	return float64(t.signed(c))
}

// text is the value of an element.
func (t dtype) text(c uint64) string {
	switch {
	case t == f64:
		return strconv.FormatFloat(t.float64(c), 'g', -1, 64)
	case t.float():
		return strconv.FormatFloat(t.float64(c), 'g', -1, 32)
	case t.unsigned():
		return strconv.FormatUint(c, 10)
	}
	return strconv.FormatInt(t.signed(c), 10)
}

// put appends an element, lowest byte first.
func (t dtype) put(b []byte, c uint64) []byte {
	return append(b, binary.LittleEndian.AppendUint64(nil, c)[:t.size()]...)
}

// at is element i of a buffer's bytes.
func (t dtype) at(b []byte, i int64) uint64 {
	var cell [8]byte
	copy(cell[:], b[i*int64(t.size()):][:t.size()])
	return binary.LittleEndian.Uint64(cell[:])
}

// A bufferDesc is an array in device memory.
type bufferDesc struct {
	dtype  dtype
	length int64  // elements
	origin string // how it is filled, in words
	data   []byte // nil: nothing wrote it

	print int64  // elements to print
	write string // file
	want  []byte // nil: nothing is expected
	atol  float64
	rtol  float64
}

var bufferKeys = []string{"length", "fill", "range", "seed", "values", "file", "print", "write", "expect", "expect_file", "atol", "rtol"}

// mostBytes is what all buffers may have: a description is for trying out a kernel.
const mostBytes = 1 << 30

func (b *bufferDesc) readDType(raw json.RawMessage) error {
	var name string
	if err := into(&name, alternatives(dtypeNames))(raw); err != nil {
		return err
	}
	b.dtype = dtype(slices.Index(dtypeNames, name) + 1)
	if b.dtype == 0 {
		return fmt.Errorf("%q: want %s", name, alternatives(dtypeNames))
	}
	return nil
}

// read reads what a buffer holds, is to hold, and is good for. Random values come of the seed, which
// is index where there is none.
func (b *bufferDesc) read(raw map[string]json.RawMessage, d *launchDesc, index uint64) error {
	bounds, seed := []float64{-1, 1}, index
	if !b.dtype.float() {
		bounds = []float64{0, 100}
	}
	var fill, file string
	for _, f := range []struct {
		key  string
		read func(json.RawMessage) error
	}{
		{"length", into(&b.length, "a number of elements")},
		{"fill", into(&fill, "none, zeros, iota or random")},
		{"range", into(&bounds, "two numbers")},
		{"seed", into(&seed, "an integer that is not negative")},
		{"file", into(&file, "a path")},
		{"values", func(raw json.RawMessage) (err error) { b.data, err = b.values(raw, &b.length); return err }},
		{"print", b.readPrint},
		{"write", into(&b.write, "a path")},
		{"atol", into(&b.atol, "a number")},
		{"rtol", into(&b.rtol, "a number")},
	} {
		if raw[f.key] == nil {
			continue
		}
		if err := f.read(raw[f.key]); err != nil {
			return fieldError{f.key, err}
		}
	}
	if len(bounds) != 2 || !(bounds[0] < bounds[1]) || !b.dtype.float() && !(b.dtype.holds(bounds[0]) && b.dtype.holds(bounds[1]-1)) {
		return fieldError{"range", fmt.Errorf("%s: want two numbers in the range of %s, the lower one first", short(raw["range"]), b.dtype.name())}
	}
	if err := b.fillBy(fill, file, raw["values"] != nil, d, bounds, seed); err != nil {
		return err
	}
	return b.readExpected(raw["expect"], raw["expect_file"], d)
}

// fillBy makes the contents.
func (b *bufferDesc) fillBy(fill, file string, values bool, d *launchDesc, bounds []float64, seed uint64) error {
	sources := 0
	for _, given := range []bool{fill != "", file != "", values} {
		if given {
			sources++
		}
	}
	if sources > 1 {
		return errors.New("want one of fill, values and file")
	}
	if file != "" {
		data, err := b.fromFile(d.path(file))
		if err != nil {
			return fieldError{"file", err}
		}
		if b.length == 0 {
			b.length = int64(len(data) / b.dtype.size())
		}
		b.data, b.origin = data, "from "+file
	}
	if b.length < 1 || b.length > mostBytes/int64(b.dtype.size()) {
		return fieldError{"length", fmt.Errorf("%d: want 1 to %d", b.length, mostBytes/b.dtype.size())}
	}
	size := b.length * int64(b.dtype.size())
	if b.data != nil && int64(len(b.data)) != size {
		return fieldError{"length", fmt.Errorf("%d elements, %d are given", b.length, len(b.data)/b.dtype.size())}
	}
	if d.bytes += size; d.bytes > mostBytes {
		return fieldError{"length", fmt.Errorf("the buffers so far have %d bytes: at most %d", d.bytes, mostBytes)}
	}
	if values {
		b.origin = "given values"
	}
	if sources == 1 && fill == "" {
		return nil
	}
	var element func(i int64) float64
	switch fill {
	case "", "none":
		b.origin = "not written"
		return nil
	case "zeros":
		element = func(int64) float64 { return 0 }
	case "iota":
		element = func(i int64) float64 { return float64(i) }
	case "random":
		rng := rand.New(rand.NewPCG(seed, 0x66696c6c))
		element = func(int64) float64 { return bounds[0] + (bounds[1]-bounds[0])*rng.Float64() }
		if !b.dtype.float() {
			uniform := element
			element = func(i int64) float64 { return math.Floor(uniform(i)) }
		}
	default:
		return fieldError{"fill", fmt.Errorf("%q: want none, zeros, iota or random", fill)}
	}
	b.origin = fill
	b.data = make([]byte, 0, size)
	for i := range b.length {
		b.data = b.dtype.put(b.data, b.dtype.of(element(i)))
	}
	return nil
}

// values reads a list of elements; length is set to theirs where there is none.
func (b *bufferDesc) values(raw json.RawMessage, length *int64) ([]byte, error) {
	var items []json.RawMessage
	if err := into(&items, "a list of numbers")(raw); err != nil {
		return nil, err
	}
	data := make([]byte, 0, len(items)*b.dtype.size())
	for i, item := range items {
		c, err := b.dtype.parse(item)
		if err != nil {
			return nil, fieldError{fmt.Sprintf("[%d]", i), err}
		}
		data = b.dtype.put(data, c)
	}
	if *length == 0 {
		*length = int64(len(items))
	}
	return data, nil
}

// fromFile reads elements as they lie in memory.
func (b *bufferDesc) fromFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a file", path)
	}
	if n := info.Size(); n > mostBytes || n%int64(b.dtype.size()) != 0 {
		return nil, fmt.Errorf("%s: %d bytes: want a multiple of %d, at most %d", path, n, b.dtype.size(), mostBytes)
	}
	return os.ReadFile(path)
}

func (b *bufferDesc) readPrint(raw json.RawMessage) error {
	var all bool
	if json.Unmarshal(raw, &all) == nil {
		if all {
			b.print = math.MaxInt64
		}
		return nil
	}
	err := into(&b.print, "true, or a number of elements")(raw)
	if err == nil && b.print < 0 {
		err = fmt.Errorf("%d: want true, or a number of elements", b.print)
	}
	return err
}

// readExpected reads what the buffer is to hold: a value for all elements, or a list, or a file.
func (b *bufferDesc) readExpected(expect, file json.RawMessage, d *launchDesc) (err error) {
	field := "expect"
	switch {
	case expect != nil && file != nil:
		return errors.New("want one of expect and expect_file")
	case file != nil:
		field = "expect_file"
		var name string
		if err = into(&name, "a path")(file); err == nil {
			b.want, err = b.fromFile(d.path(name))
		}
	case len(expect) > 0 && expect[0] == '[':
		b.want, err = b.values(expect, new(int64))
	case expect != nil:
		var c uint64
		if c, err = b.dtype.parse(expect); err == nil {
			for range b.length {
				b.want = b.dtype.put(b.want, c)
			}
		}
	default:
		return nil
	}
	if err == nil && int64(len(b.want)) != b.length*int64(b.dtype.size()) {
		err = fmt.Errorf("%d elements, the buffer has %d", len(b.want)/b.dtype.size(), b.length)
	}
	if err != nil {
		return fieldError{field, err}
	}
	for key, tol := range map[string]float64{"atol": b.atol, "rtol": b.rtol} {
		if tol < 0 {
			return fieldError{key, fmt.Errorf("%g is negative", tol)}
		}
	}
	return nil
}

// difference says how got differs from what is expected, empty if it does not.
func (b *bufferDesc) difference(name string, got []byte) string {
	if b.want == nil {
		return ""
	}
	bad, first, worst, most := 0, int64(0), int64(0), 0.0
	for i := range b.length {
		off := b.off(b.dtype.at(got, i), b.dtype.at(b.want, i))
		if off <= 1 {
			continue
		}
		if bad == 0 {
			first = i
		}
		if bad++; off > most {
			worst, most = i, off
		}
	}
	if bad == 0 {
		return ""
	}
	at := func(i int64) string {
		return fmt.Sprintf("%s[%d] is %s, expected %s", name, i, b.dtype.text(b.dtype.at(got, i)), b.dtype.text(b.dtype.at(b.want, i)))
	}
	s := fmt.Sprintf("%s: %d of %d elements differ from what was expected: %s", name, bad, b.length, at(first))
	if worst != first {
		s += "; worst: " + at(worst)
	}
	return s
}

// unwritten says that elements of which something is expected have no value; written has a byte for each of
// the buffer's, 0 where nothing has written it.
func (b *bufferDesc) unwritten(name string, written []byte) string {
	if b.want == nil {
		return ""
	}
	bad, first := 0, int64(0)
	size := int64(b.dtype.size())
	for i := range b.length {
		if bytes.IndexByte(written[i*size:(i+1)*size], 0) < 0 {
			continue
		}
		if bad == 0 {
			first = i
		}
		bad++
	}
	if bad == 0 {
		return ""
	}
	return fmt.Sprintf("%s: %d of %d elements have no value: nothing has written %s[%d], or only with what it read where nothing had been written", name, bad, b.length, name, first)
}

// off is the difference in units of what is allowed, or 1 more than it where nothing is allowed; at most
// 1 for equal values and for two NaNs.
func (b *bufferDesc) off(got, want uint64) float64 {
	if got == want {
		return 0
	}
	g, w := b.dtype.float64(got), b.dtype.float64(want)
	if math.IsNaN(g) && math.IsNaN(w) || b.dtype.float() && g == w {
		return 0
	}
	diff := math.Abs(g - w)
	if !b.dtype.float() && diff == 0 {
		diff = 1 // large integers that round to the same
	}
	off := 1 + diff
	if allowed := b.atol + b.rtol*math.Abs(w); allowed > 0 {
		off = diff / allowed
	}
	if math.IsNaN(off) {
		return math.Inf(1)
	}
	return off
}
