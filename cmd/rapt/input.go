package main

// Where texts come from: arguments, or the lines of a file or of standard input.

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"
	"unicode/utf8"
)

// A record is one input of a command: a text, a pair of texts, or a text and a list.
type record struct {
	where   string // "lines.txt:17", "text 2": for messages
	first   string
	second  string
	paired  bool // second is there
	list    []string
	placeOf func(i int) string // where text i of list is
	size    int                // bytes read for it
}

// A schema says what a command's records are, by the keys of JSON lines.
type schema struct {
	first, second string
	needSecond    bool
	list          string
}

// An input is a command's records, read as they are asked for.
type input struct {
	total   int64 // bytes of all records; -1 if unknown
	records iter.Seq2[record, error]
	close   func() error
}

// maxLine bounds the memory that one line may take.
const maxLine = 64 << 20

// input returns the records of a command: those of args, if there are any, else the
// lines of the file, else those of standard input.
func (c *common) input(s schema, args []record) (*input, error) {
	if len(args) > 0 {
		if c.file != "" || c.jsonl {
			return nil, usagef("texts are given as arguments and by %s: give one of them", c.source())
		}
		return ofArguments(args), nil
	}
	name, r, err := c.reader()
	if err != nil {
		return nil, err
	}
	in := &input{total: -1, records: parseLines(name, r, c.parser(s)), close: func() error { return nil }}
	if f, ok := r.(*os.File); ok && name != stdinName {
		in.close = f.Close
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			in.total = info.Size()
		}
	}
	return in, nil
}

// source names the flag that says where texts come from.
func (c *common) source() string {
	if c.file != "" {
		return "--file"
	}
	return "--jsonl"
}

const stdinName = "stdin"

// reader opens what lines are read from.
func (c *common) reader() (name string, r io.Reader, err error) {
	switch {
	case c.file != "" && c.file != "-":
		f, err := openFile(c.file)
		return c.file, f, err
	case c.file == "" && isTerminal(c.stdin):
		return "", nil, usagef("no text: give texts as arguments, --file FILE, or pipe lines into standard input (--file - reads a terminal)")
	}
	return stdinName, c.stdin, nil
}

// openFile opens a file that is not a folder, which some systems open too.
func openFile(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%s is a folder: want a file of texts", path)
	}
	if err != nil {
		return nil, err
	}
	return os.Open(path)
}

func ofArguments(args []record) *input {
	in := &input{close: func() error { return nil }}
	for i, r := range args {
		args[i].size = len(r.first) + len(r.second)
		in.total += int64(args[i].size)
	}
	in.records = func(yield func(record, error) bool) {
		for _, r := range args {
			err := validText(r.first, r.second)
			if !yield(r, at(r.where, err)) || err != nil {
				return
			}
		}
	}
	return in
}

// texts makes a record of each argument.
func texts(args []string) []record {
	records := make([]record, len(args))
	for i, a := range args {
		records[i] = record{where: argument(i), first: a}
	}
	return records
}

func argument(i int) string { return fmt.Sprintf("text %d", i+1) }

// pairOf makes one record of two arguments, or none of none.
func pairOf(args []string) []record {
	if len(args) == 0 {
		return nil
	}
	return []record{{where: argument(0), first: args[0], second: args[1], paired: true}}
}

// parser is how a line becomes a record.
func (c *common) parser(s schema) func(line string) (record, error) {
	switch {
	case c.jsonl:
		return s.parseJSON
	case s.needSecond:
		return s.parseColumns
	}
	return func(line string) (record, error) { return record{first: line}, nil }
}

// parseColumns cuts a line of two texts at its tab.
func (s schema) parseColumns(line string) (record, error) {
	first, second, ok := strings.Cut(line, "\t")
	if !ok || strings.Contains(second, "\t") {
		return record{}, fmt.Errorf("want %s and %s with a tab between them, or --jsonl", s.first, s.second)
	}
	return record{first: first, second: second, paired: true}, nil
}

// byteOrderMark begins the files of some editors, and is no text.
const byteOrderMark = "\uFEFF"

// parseLines makes a record of every line. A line that cannot be read is an error in
// its place, and the last.
func parseLines(name string, r io.Reader, parse func(string) (record, error)) iter.Seq2[record, error] {
	return func(yield func(record, error) bool) {
		n := 0
		for line, err := range lines(r) {
			n++
			where, size := lineOf(name, n), len(line)+1
			rec := record{}
			if err == nil {
				if n == 1 {
					line = strings.TrimPrefix(line, byteOrderMark)
				}
				line = strings.TrimSuffix(line, "\r")
				err = validText(line)
			}
			if err == nil {
				rec, err = parse(line)
			}
			rec.where, rec.size = where, size
			rec.placeOf = func(i int) string { return fmt.Sprintf("%s: text %d", where, i+1) }
			if !yield(rec, at(where, err)) || err != nil {
				return
			}
		}
	}
}

func lineOf(name string, n int) string { return fmt.Sprintf("%s:%d", name, n) }

// at is err with the place that it is about.
func at(where string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", where, err)
}

// lines yields the lines of r without their ends. A newline at the end of r ends its
// last line.
func lines(r io.Reader) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		b := bufio.NewReaderSize(r, 64<<10)
		for {
			line, err := readLine(b)
			if errors.Is(err, io.EOF) && line == "" {
				return
			}
			whole := err == nil
			if errors.Is(err, io.EOF) {
				err = nil
			}
			if !yield(strings.TrimSuffix(line, "\n"), err) || !whole {
				return
			}
		}
	}
}

// readLine reads to the next newline, which it returns too.
func readLine(b *bufio.Reader) (string, error) {
	var long bytes.Buffer
	for {
		part, err := b.ReadSlice('\n')
		if long.Len()+len(part) > maxLine {
			return "", fmt.Errorf("the line is longer than %d bytes", maxLine)
		}
		if err == nil && long.Len() == 0 {
			return string(part), nil
		}
		long.Write(part)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return long.String(), err
		}
	}
}

// validText reports text that is not UTF-8.
func validText(texts ...string) error {
	for _, s := range texts {
		for i, r := range s {
			if r != utf8.RuneError {
				continue
			}
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				return fmt.Errorf("byte %d, %#x, is not UTF-8: convert the text first, as by iconv -f %s -t utf-8", i+1, s[i], likely(s))
			}
		}
	}
	return nil
}

// likely is the encoding that text which is not UTF-8 probably has.
func likely(s string) string {
	if strings.HasPrefix(s, "\xff\xfe") || strings.HasPrefix(s, "\xfe\xff") { // its byte order mark
		return "utf-16"
	}
	return "latin1"
}

// textSchema is the records of commands that read texts one by one.
var textSchema = schema{first: "text"}

// inputHelp says in a command's help what its input is.
func inputHelp(s schema) string {
	help := "Without arguments every line of --file or of standard input is a text, an empty line an empty text."
	keys := quoted(s.keys())
	switch {
	case s.needSecond:
		help = fmt.Sprintf("Without arguments every line of --file or of standard input is a %s and a %s with a tab between them.", s.first, s.second)
	case s.second != "":
		keys = fmt.Sprintf("%q and, if there is one, %q", s.first, s.second)
	}
	return "\n" + wrap(fmt.Sprintf("%s With --jsonl a line is an object with %s.", help, keys), "", "") + escapeHelp
}

const escapeHelp = `

In columns a tab, newline, carriage return or backslash of a text is written as
\t, \n, \r or \\, and other characters that a terminal obeys as \x1b or \u202e.`

// wrap breaks a text into lines of less than 80 columns, which begin with first and
// next.
func wrap(text, first, next string) string {
	const width = 79
	line := first
	var b strings.Builder
	for i, word := range strings.Fields(text) {
		if i > 0 && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			b.WriteString(line + "\n")
			line = next + word
			continue
		}
		if i > 0 {
			line += " "
		}
		line += word
	}
	return b.String() + line
}
