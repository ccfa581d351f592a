package main

// The description of a launch that rapt sim runs: a JSON object. Its errors name file and field.

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/cuda/sim"
	"github.com/rapt-go/rapt/cuda/sim/arith"
)

// A launchDesc is a description that was checked by itself, without the kernel.
type launchDesc struct {
	file     string // relative paths are relative to its folder
	kernel   string // empty: the only one
	config   driver.Config
	device   driver.Info
	seed     uint64
	numerics arith.Model
	model    string // numerics in words
	jitter   bool
	args     []argDesc
	bytes    int64 // of all buffers
}

// An argDesc is an argument: a scalar, a buffer or a pointer into one.
type argDesc struct {
	field  string // "args[2]"
	name   string
	scalar dtype // of a scalar, else 0
	cell   uint64
	buffer *bufferDesc
	target string // buffer that a pointer points into
	offset int64
}

// text is the argument for people.
func (a *argDesc) text() string {
	switch {
	case a.buffer != nil:
		return fmt.Sprintf("%s × %d, %s", a.buffer.dtype.name(), a.buffer.length, a.buffer.origin)
	case a.target != "":
		return fmt.Sprintf("%s + %d B", a.target, a.offset)
	}
	return a.scalar.name() + " " + a.scalar.text(a.cell)
}

var numericsNames = []string{"exact", "in-order", "truncating"}

// largestInput bounds what is read of a description or of PTX, in bytes: devices and pipes need not end.
const largestInput = 256 << 20

// readInput reads a file, or a pipe, of most bytes at most.
func readInput(file string, most int64) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(data)) > most {
		err = fmt.Errorf("%s: more than %d bytes", file, most)
	}
	return data, err
}

// readDesc reads a description.
func readDesc(file string) (*launchDesc, error) {
	data, err := readInput(file, largestInput)
	if err != nil {
		return nil, err
	}
	d := &launchDesc{file: file, device: sim.A100, model: numericsNames[0]}
	err = fields(data, map[string]func(json.RawMessage) error{
		"kernel":   into(&d.kernel, "a string"),
		"grid":     func(raw json.RawMessage) error { return threeSizes(raw, &d.config.Grid) },
		"block":    func(raw json.RawMessage) error { return threeSizes(raw, &d.config.Block) },
		"shared":   into(&d.config.Shared, "a number of bytes"),
		"device":   d.readDevice,
		"seed":     into(&d.seed, "an integer that is not negative"),
		"numerics": d.readNumerics,
		"jitter":   into(&d.jitter, "true or false"),
		"args":     d.readArgs,
	})
	if err == nil {
		err = d.check()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return d, nil
}

func (d *launchDesc) check() error {
	if d.config.Grid == [3]int{} || d.config.Block == [3]int{} {
		return errors.New("grid and block are needed, such as \"grid\": [4], \"block\": [128]")
	}
	for i, a := range d.args {
		if slices.ContainsFunc(d.args[:i], func(b argDesc) bool { return b.name == a.name }) {
			return fmt.Errorf("%s.name: %q is there twice", a.field, a.name)
		}
		if a.target == "" {
			continue
		}
		b := d.bufferOf(a.target)
		if b == nil {
			return fmt.Errorf("%s.pointer: there is no buffer %q", a.field, a.target)
		}
		if size := b.length * int64(b.dtype.size()); a.offset < 0 || a.offset > size {
			return fmt.Errorf("%s.offset: %d, buffer %s has %d bytes", a.field, a.offset, a.target, size)
		}
	}
	return nil
}

func (d *launchDesc) bufferOf(name string) *bufferDesc {
	i := slices.IndexFunc(d.args, func(a argDesc) bool { return a.name == name })
	if i < 0 {
		return nil
	}
	return d.args[i].buffer
}

// path is a path of the description.
func (d *launchDesc) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(d.file), name)
}

func (d *launchDesc) readDevice(raw json.RawMessage) error {
	var name string
	if err := into(&name, "a string")(raw); err != nil {
		return err
	}
	var err error
	d.device, err = sim.Profile(name)
	return err
}

func (d *launchDesc) readNumerics(raw json.RawMessage) error {
	if err := into(&d.model, "a string")(raw); err != nil {
		return err
	}
	i := slices.Index(numericsNames, d.model)
	if i < 0 {
		return fmt.Errorf("%q: want %s", d.model, alternatives(numericsNames))
	}
	d.numerics = []arith.Model{arith.Exact, arith.InOrder, arith.Truncating}[i]
	return nil
}

func (d *launchDesc) readArgs(raw json.RawMessage) error {
	var items []json.RawMessage
	if err := into(&items, "a list of objects")(raw); err != nil {
		return err
	}
	for i, item := range items {
		a := argDesc{field: fmt.Sprintf("args[%d]", i)}
		if err := a.read(item, d, i); err != nil {
			return fieldError{fmt.Sprintf("[%d]", i), err}
		}
		a.name = cmp.Or(a.name, fmt.Sprintf("arg%d", i))
		d.args = append(d.args, a)
	}
	return nil
}

func (a *argDesc) read(raw json.RawMessage, d *launchDesc, index int) error {
	b := &bufferDesc{}
	kinds := 0
	known := map[string]func(json.RawMessage) error{
		"name":    into(&a.name, "a string"),
		"pointer": func(raw json.RawMessage) error { kinds++; return into(&a.target, "the name of a buffer")(raw) },
		"offset":  into(&a.offset, "a number of bytes"),
		"buffer": func(raw json.RawMessage) error {
			kinds++
			a.buffer = b
			return b.readDType(raw)
		},
	}
	for t, name := range dtypeNames {
		known[name] = func(raw json.RawMessage) (err error) {
			kinds++
			a.scalar = dtype(t + 1)
			a.cell, err = a.scalar.parse(raw)
			return err
		}
	}
	details := map[string]json.RawMessage{}
	for _, key := range bufferKeys {
		known[key] = func(raw json.RawMessage) error { details[key] = raw; return nil }
	}
	if err := fields(raw, known); err != nil {
		return err
	}
	if kinds != 1 {
		return fmt.Errorf("want one of buffer, pointer and the types of scalars, such as %q: 5", "i32")
	}
	if a.target == "" && a.offset != 0 {
		return fieldError{"offset", errors.New("is for a pointer")}
	}
	if a.buffer != nil {
		return b.read(details, d, uint64(index))
	}
	for _, key := range bufferKeys {
		if details[key] != nil {
			return fieldError{key, errors.New("is for a buffer")}
		}
	}
	return nil
}

// A fieldError is an error at a field of an object. Its text begins with the path of the field.
type fieldError struct {
	field string
	err   error
}

func (e fieldError) Error() string {
	path, err := e.field, e.err
	for {
		inner, ok := err.(fieldError)
		if !ok {
			return path + ": " + err.Error()
		}
		if inner.field[0] != '[' {
			path += "."
		}
		path, err = path+inner.field, inner.err
	}
}

func (e fieldError) Unwrap() error { return e.err }

// fields reads an object by a function for each key that it may have.
func fields(data []byte, known map[string]func(json.RawMessage) error) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		if _, ok := errors.AsType[*json.SyntaxError](err); ok {
			return syntaxAt(data, dec, err)
		}
		return errors.New("want a JSON object")
	}
	seen := map[string]bool{}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return syntaxAt(data, dec, err)
		}
		key, _ := t.(string) // a Decoder inside an object gives strings as keys
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return fieldError{key, syntaxAt(data, dec, err)}
		}
		switch read := known[key]; {
		case read == nil:
			return fmt.Errorf("unknown field %q", key)
		case seen[key]:
			return fmt.Errorf("field %q is there twice", key)
		default:
			if err := read(raw); err != nil {
				return fieldError{key, err}
			}
		}
		seen[key] = true
	}
	if _, err := dec.Token(); err != nil {
		return syntaxAt(data, dec, err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return errors.New("something follows the JSON object")
	}
	return nil
}

// syntaxAt is an error of syntax with its line.
func syntaxAt(data []byte, dec *json.Decoder, err error) error {
	offset := dec.InputOffset()
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		offset = max(offset, e.Offset)
	}
	line := 1 + bytes.Count(data[:min(max(offset, 0), int64(len(data)))], []byte("\n"))
	return fmt.Errorf("line %d: %w", line, notJSON(err))
}

// into reads a value of the kind of p.
func into[T any](p *T, kind string) func(json.RawMessage) error {
	return func(raw json.RawMessage) error {
		var x *T // null is none
		if err := json.Unmarshal(raw, &x); err != nil || x == nil {
			return fmt.Errorf("%s: want %s", short(raw), kind)
		}
		*p = *x
		return nil
	}
}

// threeSizes reads one to three sizes, the rest is 1.
func threeSizes(raw json.RawMessage, to *[3]int) error {
	var list []int
	const want = "one to three positive sizes, such as [4, 2]"
	if err := into(&list, want)(raw); err != nil {
		return err
	}
	*to = [3]int{1, 1, 1}
	if len(list) < 1 || len(list) > 3 || slices.Min(list) < 1 {
		return fmt.Errorf("%s: want %s", short(raw), want)
	}
	copy(to[:], list)
	return nil
}
