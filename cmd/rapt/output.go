package main

// Results on standard output: JSON lines, or columns.

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// An output gathers whole lines, so that whatever ends the command, what was written
// ends with one.
type output struct {
	w    io.Writer
	json bool
	bar  *progress
	buf  bytes.Buffer
	enc  *json.Encoder
}

// output is where results go, beside a bar.
func (c *common) output(bar *progress) *output {
	o := &output{w: c.stdout, json: c.json, bar: bar}
	o.enc = json.NewEncoder(&o.buf)
	o.enc.SetEscapeHTML(false)
	return o
}

// full is how much is gathered before it is written.
const full = 64 << 10

// object adds v as a line of JSON.
func (o *output) object(v any) error {
	if err := o.enc.Encode(v); err != nil {
		return err
	}
	return o.flushFull()
}

// columns adds a line of columns with tabs between them. A backslash of a text is written
// as \\, and what is not printable as [printable] does, so that a program can undo both.
func (o *output) columns(texts ...string) error {
	for i, s := range texts {
		if i > 0 {
			o.buf.WriteByte('\t')
		}
		o.buf.WriteString(printable(strings.ReplaceAll(s, `\`, `\\`)))
	}
	o.buf.WriteByte('\n')
	return o.flushFull()
}

// printable is s with what a terminal would obey, or let disguise other text, written as
// Go writes it: \n, \x1b, \u202e. That is control characters, separators of lines, marks
// that turn the direction of text, and bytes that are not UTF-8. Joiners and spaces of
// other scripts stay: words are spelt with them.
func printable(s string) string {
	if !strings.ContainsFunc(s, obeyed) && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case obeyed(r):
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		default:
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}

// printableLines is printable of each line.
func printableLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = printable(line)
	}
	return strings.Join(lines, "\n")
}

// obeyed reports whether r is for a terminal to obey rather than to show.
func obeyed(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Bidi_Control)
}

func (o *output) flushFull() error {
	if o.buf.Len() < full {
		return nil
	}
	return o.flush()
}

// flush writes what was gathered.
func (o *output) flush() error {
	if o.buf.Len() == 0 {
		return nil
	}
	o.bar.hide()
	_, err := o.w.Write(o.buf.Bytes())
	o.buf.Reset()
	if err != nil {
		return writeError(err)
	}
	return nil
}

// A score is a number that JSON has as null where it is not one.
type score float64

// MarshalJSON writes the shortest number that is x, or null for NaN and infinities.
func (x score) MarshalJSON() ([]byte, error) { return appendNumber(nil, float64(x), 64), nil }

// A single is a score of single precision.
type single float32

// MarshalJSON writes the shortest number that is x in single precision, or null.
func (x single) MarshalJSON() ([]byte, error) { return appendNumber(nil, float64(x), 32), nil }

// A vector is numbers of single precision.
type vector []float32

// MarshalJSON writes each number as [single] does.
func (v vector) MarshalJSON() ([]byte, error) {
	b := make([]byte, 0, 12*len(v)+2)
	b = append(b, '[')
	for i, x := range v {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendNumber(b, float64(x), 32)
	}
	return append(b, ']'), nil
}

// String is the numbers with spaces between them.
func (v vector) String() string {
	b := make([]byte, 0, 12*len(v))
	for i, x := range v {
		if i > 0 {
			b = append(b, ' ')
		}
		b = strconv.AppendFloat(b, float64(x), 'g', -1, 32)
	}
	return string(b)
}

// appendNumber appends x as JSON: the shortest digits that a number of so many bits
// is known by.
func appendNumber(b []byte, x float64, bits int) []byte {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return append(b, "null"...)
	}
	return strconv.AppendFloat(b, x, 'g', -1, bits)
}

// decimals is a number in a column.
func decimals[F ~float32 | ~float64](x F) string { return strconv.FormatFloat(float64(x), 'f', 4, 64) }

// list is l, but never null in JSON.
func list[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}
