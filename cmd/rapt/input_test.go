package main

// Where texts come from, and what is wrong with some.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// A line of tokenize --json; the fastest way from a text to a result.
type tokens struct {
	Text     string
	Pair     *string
	IDs      []int32
	Tokens   []string
	Offsets  [][2]int
	Types    []int32
	Special  []int
	Overflow []tokens
}

func readTexts(t *testing.T, stdin string, args ...string) []string {
	t.Helper()
	texts := []string{}
	for _, x := range ok[tokens](t, stdin, append([]string{"tokenize", "--model", golden("bert")}, args...)...) {
		texts = append(texts, x.Text)
	}
	return texts
}

func TestLines(t *testing.T) {
	long := strings.Repeat("long line ", 7_000) // more than a buffer of 64 KiB
	for in, want := range map[string][]string{
		"":                        {},
		"\n":                      {""},
		"a":                       {"a"},
		"a\n":                     {"a"},
		"a\n\n":                   {"a", ""},
		"\n\na\n":                 {"", "", "a"},
		"a\r\nb\r\n\r\nc":         {"a", "b", "", "c"},
		"a\rb\n":                  {"a\rb"},
		" a \n":                   {" a "},
		"naïve\nĦello\n":          {"naïve", "Ħello"},
		"\uFEFFa\r\n\uFEFFb":      {"a", "\uFEFFb"}, // a byte order mark, and none
		"\uFFFD is a character\n": {"\uFFFD is a character"},
		"a\x00b\n":                {"a\x00b"},
		long + "\nb":              {long, "b"},
	} {
		require.Equal(t, want, readTexts(t, in), "%.20q", in)
		require.Equal(t, want, readTexts(t, in, "--file", "-"), "%.20q", in)
		require.Equal(t, want, readTexts(t, "other", "--file", write(t, "lines.txt", in)), "%.20q", in)
	}
	require.Equal(t, []string{"a", "", "b"}, readTexts(t, "other", "a", "", "b"))
	require.Equal(t, []string{"-a", "--b"}, readTexts(t, "", "--", "-a", "--b"))
	require.Equal(t, []string{"a", "b"}, readTexts(t, "{\"text\":\"a\"}\r\n{ \"text\" : \"b\" }", "--jsonl"))
	require.Equal(t, []string{"tab\tnew\nline 😀"}, readTexts(t, `{"text":"tab\tnew\nline \ud83d\ude00"}`, "--jsonl"))
}

// TestBadLines has results of the lines before a bad one, and the bad one's place.
func TestBadLines(t *testing.T) {
	const good = `{"text":"good"}` + "\n"
	for _, c := range []struct {
		in   string
		args []string
		says []string
	}{
		{"good\n\xff\n", nil, []string{"stdin:2", "0xff", "UTF-8"}},
		{"good\nab\xc3", nil, []string{"stdin:2", "byte 3", "0xc3"}},
		{good + `{"text":"a","txt":"b"}`, []string{"--jsonl"}, []string{"stdin:2", `"txt"`, `"text"`, `"pair"`}},
		{good + `{"Text":"a"}`, []string{"--jsonl"}, []string{"stdin:2", `"Text"`}},
		{good + `{"text":5}`, []string{"--jsonl"}, []string{"stdin:2", `"text"`, "5", "string"}},
		{good + `{"text":null}`, []string{"--jsonl"}, []string{"stdin:2", `"text"`, "null", "string"}},
		{good + `{"text":["a"]}`, []string{"--jsonl"}, []string{"stdin:2", `"text"`, "string"}},
		{good + `{"text":"a","text":"b"}`, []string{"--jsonl"}, []string{"stdin:2", `"text"`, "twice"}},
		{good + `{"pair":"a"}`, []string{"--jsonl"}, []string{"stdin:2", `"text"`, "missing"}},
		{good + `{}`, []string{"--jsonl"}, []string{"stdin:2", `"text"`, "missing"}},
		{good + "\n" + good, []string{"--jsonl"}, []string{"stdin:2", "object"}},
		{good + `["text"]`, []string{"--jsonl"}, []string{"stdin:2", "object"}},
		{good + `{"text":"a"`, []string{"--jsonl"}, []string{"stdin:2", "JSON"}},
		{good + `{"text":"a"} {}`, []string{"--jsonl"}, []string{"stdin:2", "follows"}},
		{good + `{"text":"\ud83d"}`, []string{"--jsonl"}, []string{"stdin:2", `"text"`, "surrogate"}},
		{good + "{\"text\":\"\xff\"}", []string{"--jsonl"}, []string{"stdin:2", "UTF-8"}},
	} {
		r := rapt(t, c.in, append([]string{"tokenize", "--json", "--quiet"}, c.args...)...)
		require.Equal(t, exitFailure, r.code, "%.60q", c.in)
		require.Equal(t, 1, strings.Count(r.stdout, "\n"), "%.60q: the line before is answered", c.in)
		require.Contains(t, r.stdout, `{"text":"good",`)
		for _, s := range c.says {
			require.Contains(t, r.stderr, s, "%.60q", c.in)
		}
	}
	if !testing.Short() {
		r := rapt(t, "good\n"+strings.Repeat("x", maxLine+2), "tokenize", "--quiet")
		require.Equal(t, exitFailure, r.code)
		require.Contains(t, r.stderr, "stdin:2: the line is longer than 67108864 bytes")
	}
	r := rapt(t, "\xff\xfea\x00", "tokenize", "--quiet")
	require.Equal(t, exitFailure, r.code)
	require.Contains(t, r.stderr, "iconv -f utf-16")

	r = rapt(t, "", "tokenize", "a", "\xff")
	require.Equal(t, exitFailure, r.code)
	require.Contains(t, r.stderr, "text 2")

	r = rapt(t, "a\tb\na\n", "next-sentence", "--quiet")
	require.Equal(t, exitFailure, r.code)
	require.Contains(t, r.stderr, "stdin:2")
	require.Contains(t, r.stderr, "tab")

	r = rapt(t, `{"query":"a","texts":["b",5]}`, "rerank", "--jsonl", "--model", golden("bert-rerank"))
	require.Equal(t, exitFailure, r.code)
	require.Contains(t, r.stderr, `stdin:1: key "texts[1]" is 5`)

	r = rapt(t, `{"question":"a","text":"b"}`, "answer", "--jsonl", "--model", golden("bert-qa"))
	require.Equal(t, exitFailure, r.code)
	require.Contains(t, r.stderr, `stdin:1: unknown key "text": want "question", "context"`)
}

// TestErrorInTheMiddle is a text that a model refuses, among many.
func TestErrorInTheMiddle(t *testing.T) {
	lines := strings.Repeat("a [MASK] here\n", 100) // ten batches
	path := write(t, "lines.txt", lines+"none here\n"+lines)
	r := rapt(t, "", "fill-mask", "--model", golden("bert-cased-mlm"), "--batch-tokens", "64", "--top-k", "1", "--json", "--quiet", "--file", path)
	require.Equal(t, exitFailure, r.code)
	require.Equal(t, 100, strings.Count(r.stdout, "\n"))
	require.Contains(t, r.stderr, path+":101: ")
	require.Contains(t, r.stderr, "[MASK]")
}

// orderLines make some five batches of the usual size.
const orderLines = 80

// TestOrder runs a ragged file in small and large batches: order and bits are equal.
func TestOrder(t *testing.T) {
	var b strings.Builder
	for i := range orderLines {
		fmt.Fprintf(&b, "line %d%s\n", i, strings.Repeat(" and more", i*7%40))
	}
	path := write(t, "lines.txt", b.String())
	args := []string{"classify", "--model", golden("bert-classify"), "--truncate", "--json", "--quiet", "--file", path}
	want := rapt(t, "", args...)
	require.Equal(t, exitDone, want.code, want.stderr)
	got := rapt(t, "", append(args, "--batch-tokens", "8", "--threads", "3")...)
	require.Equal(t, want, got)
	i := 0
	for line := range strings.Lines(want.stdout) {
		require.True(t, strings.HasPrefix(line, fmt.Sprintf(`{"text":"line %d`, i)), "%d: %s", i, line)
		i++
	}
	require.Equal(t, orderLines, i)
}

// A writer that fails after some bytes.
type failing struct {
	left int
	err  error
}

func (f *failing) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, f.err
	}
	return len(p), nil
}

func TestOutputThatFails(t *testing.T) {
	lines := strings.Repeat("a few words\n", 5000)
	var errs bytes.Buffer
	args := []string{"tokenize", "--json", "--quiet"}
	gone := &failing{1000, &os.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.EPIPE}}
	require.Equal(t, exitDone, run(context.Background(), args, strings.NewReader(lines), gone, &errs))
	require.Empty(t, errs.String(), "a reader that has enough is no error")

	full := &failing{1000, errors.New("disk full")}
	require.Equal(t, exitFailure, run(context.Background(), args, strings.NewReader(lines), full, &errs))
	require.Contains(t, errs.String(), "disk full")
}

func TestInputThatFails(t *testing.T) {
	r := rapt(t, "", "tokenize", "--quiet", "--file", t.TempDir())
	require.Equal(t, exitFailure, r.code)
	require.Contains(t, r.stderr, "folder")
}
