package model

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"strconv"
	"strings"
	"unicode"

	"github.com/rapt-go/rapt/model/internal/files"
)

// configLimit is far above any config.json: the largest known, of models with
// ten thousand labels, are below a megabyte. A hostile one of this size, all
// of the shortest fields, takes sixteen times its length: a quarter of a gigabyte.
const configLimit = 16 << 20

// A Config reads a JSON file of settings field by field. What is wrong gathers:
// Err lists every field at once.
type Config struct {
	File   string // "config.json", for messages
	fields map[string]json.RawMessage
	errs   []error
}

// ReadConfig reads a file that holds one JSON object.
func ReadConfig(f Folder, file string) (*Config, error) {
	data, err := f.ReadFile(file, configLimit)
	if err != nil {
		return nil, err
	}
	c := &Config{File: file, fields: map[string]json.RawMessage{}}
	dec := json.NewDecoder(bytes.NewReader(data))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, fmt.Errorf("%s: not a JSON object%s%s", file, because(err), files.Place(data))
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, fmt.Errorf("%s: not JSON: %w%s", file, unexpected(err), files.Place(data))
		}
		name, _ := key.(string) // a Decoder inside an object gives strings as keys
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, fmt.Errorf("%s: %q: not JSON: %w%s", file, name, unexpected(err), files.Place(data))
		}
		c.fields[name] = value
	}
	if _, err := dec.Token(); err != nil {
		return nil, fmt.Errorf("%s: not JSON: %w%s", file, unexpected(err), files.Place(data))
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, fmt.Errorf("%s: something follows the JSON object%s", file, files.Place(data))
	}
	return c, nil
}

// unexpected says of the end of a file that it came early.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func because(err error) string {
	if err == nil {
		return ""
	}
	return ": " + unexpected(err).Error()
}

// Err lists what was wrong with the fields read so far.
func (c *Config) Err() error { return errors.Join(c.errs...) }

// Fields is the whole file, field by field.
func (c *Config) Fields() map[string]json.RawMessage { return maps.Clone(c.fields) }

// Raw is a field's JSON, nil if it is absent or null.
func (c *Config) Raw(name string) json.RawMessage {
	v := c.fields[name]
	if string(v) == "null" {
		return nil
	}
	return v
}

// Failf reports something wrong with a field.
func (c *Config) Failf(name, format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf("%s: %s %w", c.File, name, fmt.Errorf(format, args...)))
}

// shown is a field's value as a message can hold it: short, on one line, and
// without what a terminal would obey.
func (c *Config) shown(name string) string {
	const most = 60
	v := string(c.fields[name])
	if len(v) > most {
		v = strings.ToValidUTF8(v[:most], "") + "…"
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, v)
}

// Int is an integer from lo to hi; def if absent.
func (c *Config) Int(name string, def, lo, hi int) int {
	v := c.Raw(name)
	if v == nil {
		return def
	}
	n, err := strconv.ParseInt(string(v), 10, 64)
	switch {
	case err != nil && !errors.Is(err, strconv.ErrRange):
		c.Failf(name, "is %s, not an integer", c.shown(name))
	case err != nil || n < int64(lo) || n > int64(hi):
		c.Failf(name, "is %s, not from %d to %d", c.shown(name), lo, hi)
	default:
		return int(n)
	}
	return def
}

// Float is a number from lo to hi; def if absent.
func (c *Config) Float(name string, def, lo, hi float64) float64 {
	if c.Raw(name) == nil {
		return def
	}
	var x float64
	if err := json.Unmarshal(c.Raw(name), &x); err != nil {
		c.Failf(name, "is %s, not a number", c.shown(name))
		return def
	}
	if x < lo || x > hi {
		c.Failf(name, "is %s, not from %v to %v", c.shown(name), lo, hi)
		return def
	}
	return x
}

// Bool is true or false; def if absent.
func (c *Config) Bool(name string, def bool) bool { return field(c, name, "true or false", def) }

// Text is a string; def if absent.
func (c *Config) Text(name, def string) string { return field(c, name, "a string", def) }

// Texts is a list of strings, nil if absent.
func (c *Config) Texts(name string) []string {
	return field[[]string](c, name, "a list of strings", nil)
}

// Ints is a list of integers from lo to hi, nil if absent. A lone integer is a list of one.
func (c *Config) Ints(name string, lo, hi int) []int {
	v := c.Raw(name)
	if v == nil {
		return nil
	}
	const kind = "an integer or a list of integers"
	list := []json.RawMessage{v}
	if v[0] == '[' {
		list = field[[]json.RawMessage](c, name, kind, nil)
	}
	return c.ints(name, kind, list, lo, hi)
}

// IntLists is a list of lists of integers from lo to hi, nil if absent.
func (c *Config) IntLists(name string, lo, hi int) [][]int {
	const kind = "a list of lists of integers"
	var lists [][]int
	for _, v := range field[[]json.RawMessage](c, name, kind, nil) {
		var list []json.RawMessage
		if err := json.Unmarshal(v, &list); err != nil || list == nil {
			c.Failf(name, "is %s, not %s", c.shown(name), kind)
			return nil
		}
		ints := c.ints(name, kind, list, lo, hi)
		if ints == nil {
			return nil
		}
		lists = append(lists, ints)
	}
	return lists
}

// ints reads a list, which is part of field name, and is nil if an element is wrong.
func (c *Config) ints(name, kind string, list []json.RawMessage, lo, hi int) []int {
	ints := make([]int, 0, len(list))
	for _, v := range list {
		n, err := strconv.ParseInt(string(v), 10, 64)
		switch {
		case err != nil && !errors.Is(err, strconv.ErrRange):
			c.Failf(name, "is %s, not %s", c.shown(name), kind)
			return nil
		case err != nil || n < int64(lo) || n > int64(hi):
			c.Failf(name, "has %.20s, not from %d to %d", v, lo, hi)
			return nil
		}
		ints = append(ints, int(n))
	}
	return ints
}

// Object is a field that is an object, whose fields are read in turn and whose Err
// is its own; nil if absent.
func (c *Config) Object(name string) *Config {
	fields := field[map[string]json.RawMessage](c, name, "an object", nil)
	if fields == nil {
		return nil
	}
	return &Config{File: c.File + ": " + name, fields: fields}
}

func field[T any](c *Config, name, kind string, def T) T {
	v := c.Raw(name)
	if v == nil {
		return def
	}
	var x T
	if err := json.Unmarshal(v, &x); err != nil {
		c.Failf(name, "is %s, not %s", c.shown(name), kind)
		return def
	}
	return x
}

// ModelType is the field model_type, which must be there.
func (c *Config) ModelType() string {
	t := c.Text("model_type", "")
	if t == "" && c.Err() == nil {
		c.Failf("model_type", "is absent: the file does not say which architecture it is of")
	}
	return t
}

// Class is the first of the architectures, such as "BertForMaskedLM"; empty if
// the file has none.
func (c *Config) Class() string {
	if a := c.Texts("architectures"); len(a) > 0 {
		return a[0]
	}
	return ""
}

// mostLabels bounds num_labels: far more than any head has, far less than a
// hostile file would have us allocate.
const mostLabels = 1 << 20

// Classes reads id2label (or num_labels) and problem_type.
func (c *Config) Classes() Classes {
	var k Classes
	names := field[map[string]string](c, "id2label", "an object of strings", nil)
	n := len(names)
	if names == nil {
		n = c.Int("num_labels", 2, 1, mostLabels)
	} else if n == 0 {
		c.Failf("id2label", "is {}, without a label")
	}
	for i := range n {
		label, ok := names[strconv.Itoa(i)]
		if names == nil {
			label = fmt.Sprintf("LABEL_%d", i)
		} else if !ok {
			c.Failf("id2label", "has %d labels and none for %d", n, i)
			break
		}
		k.Labels = append(k.Labels, label)
	}
	switch p := c.Text("problem_type", ""); p {
	case "", "single_label_classification":
	case "multi_label_classification":
		k.Problem = MultiLabel
	case "regression":
		k.Problem = Regression
	default:
		c.Failf("problem_type", "is %q, not one of %s", p, strings.Join([]string{
			"regression", "single_label_classification", "multi_label_classification"}, ", "))
	}
	return k
}
