package main

// The command as its users meet it: run in this process on the golden models.

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// A ran is what a command line did.
type ran struct {
	code           int
	stdout, stderr string
}

// rapt runs a command line with a standard input.
func rapt(t *testing.T, stdin string, args ...string) ran {
	t.Helper()
	var out, errs bytes.Buffer
	code := run(context.Background(), args, strings.NewReader(stdin), &out, &errs)
	return ran{code, out.String(), errs.String()}
}

// ok runs a command line that must be done, and returns its lines of JSON as T.
func ok[T any](t *testing.T, stdin string, args ...string) []T {
	t.Helper()
	r := rapt(t, stdin, slices.Insert(slices.Clone(args), 1, "--json", "--quiet")...)
	require.Equal(t, exitDone, r.code, "%q: %s", args, r.stderr)
	require.Empty(t, r.stderr, "%q is quiet", args)
	var all []T
	for line := range strings.Lines(r.stdout) {
		var x T
		dec := json.NewDecoder(strings.NewReader(line))
		dec.DisallowUnknownFields()
		require.NoError(t, dec.Decode(&x), line)
		all = append(all, x)
	}
	return all
}

// golden is the path of a golden folder.
func golden(parts ...string) string {
	return filepath.Join(append([]string{"..", "..", "testdata", "golden"}, parts...)...)
}

// readJSON reads a file that holds a T.
func readJSON[T any](t *testing.T, path string) T {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	var x T
	require.NoError(t, json.Unmarshal(data, &x), path)
	return x
}

// write makes a file in a folder of the test.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestExitCodes(t *testing.T) {
	lines := write(t, "lines.txt", "a\nb\n")
	bert, classify, rerank := golden("bert"), golden("bert-classify"), golden("bert-rerank")
	for _, c := range []struct {
		args []string
		code int
		says []string
	}{
		{[]string{}, exitUsage, []string{"a command is needed", "Usage:"}},
		{[]string{"--help"}, exitDone, nil},
		{[]string{"--version"}, exitDone, nil},
		{[]string{"help"}, exitDone, nil},
		{[]string{"help", "embed"}, exitDone, nil},
		{[]string{"help", "nothing"}, exitUsage, []string{`"nothing"`}},
		{[]string{"embedd", "x"}, exitUsage, []string{`"embedd"`, "did you mean embed?"}},
		{[]string{"translate", "x"}, exitUsage, []string{`"translate"`}},
		{[]string{"completion", "bash"}, exitDone, nil},
		{[]string{"completion", "nothing"}, exitUsage, []string{"bash"}},
		{[]string{"embed", "--nothing", "x"}, exitUsage, []string{"--nothing"}},
		{[]string{"embed", "--precision", "int9", "x"}, exitUsage, []string{"--precision", "int9", "int8"}},
		{[]string{"embed", "--precision", "int8", "x"}, exitUnsupported, []string{"q8"}},
		{[]string{"embed", "--precision", "bf16", "x"}, exitUnsupported, []string{"bf16"}},
		{[]string{"embed", "--precision", "f32", "x"}, exitDone, nil},
		{[]string{"embed", "--backend", "cpu", "--threads", "1", "x"}, exitDone, []string{"backend: cpu", "1 thread"}},
		{[]string{"embed", "--backend", "tpu", "x"}, exitUsage, []string{"--backend", "tpu", "auto"}},
		{[]string{"embed", "--backend", "cuda:1", "x"}, exitUnsupported, []string{"cuda:1"}},
		{[]string{"embed", "--backend", "cuda:x", "x"}, exitUsage, []string{"--backend", "cuda:x", "cuda:N"}},
		{[]string{"embed", "--backend", "sim:", "x"}, exitUsage, []string{"--backend", "sim:", "sim:sm_80"}},
		{[]string{"embed", "--normalize=maybe", "x"}, exitUsage, []string{"--normalize", "maybe", "want true or false"}},
		{[]string{"embed", "--help=maybe"}, exitUsage, []string{"--help", "want true or false"}},
		{[]string{"embed", "--threads", "-1", "x"}, exitUsage, []string{"--threads", "-1", "integer"}},
		{[]string{"embed", "--batch-tokens", "many", "x"}, exitUsage, []string{"--batch-tokens", "many", "integer"}},
		{[]string{"embed", "--pooling", "sum", "x"}, exitUsage, []string{"--pooling", "sum", "mean, cls or max"}},
		{[]string{"embed", "--prompt", "query", "x"}, exitUsage, []string{"--prompt", "query"}},
		{[]string{"embed", "--file", lines, "x"}, exitUsage, []string{"--file"}},
		{[]string{"embed", "--jsonl", "x"}, exitUsage, []string{"--jsonl"}},
		{[]string{"embed", "--file", "no/such/file"}, exitFailure, []string{"no/such/file"}},
		{[]string{"embed", "--model", "no/such/folder", "x"}, exitFailure, []string{"no/such/folder"}},
		{[]string{"embed", "--model", "", "x"}, exitUsage, []string{"--model", "empty"}},
		{[]string{"embed", "--file", ""}, exitUsage, []string{"--file", "empty"}},
		{[]string{"embed", "--backend", "", "x"}, exitUsage, []string{"--backend", "empty"}},
		{[]string{"embed", "--model", golden("bert", "config.json"), "x"}, exitFailure, []string{"config.json", "not a folder"}},
		{[]string{"embed", "--version"}, exitDone, nil},
		{[]string{"fill-mask", strings.Repeat("long ", 200)}, exitFailure, []string{"text 1", "128", "--truncate"}},
		{[]string{"fill-mask", "--truncate", strings.Repeat("long ", 200) + "[MASK]"}, exitFailure, []string{"text 1", "no [MASK]", "truncation"}},
		{[]string{"fill-mask", "--truncate", "[MASK] " + strings.Repeat("long ", 200)}, exitDone, nil},
		{[]string{"fill-mask", "--top-k", "0", "[MASK]"}, exitUsage, []string{"--top-k", "0"}},
		{[]string{"fill-mask", "[MASK]", "no mask"}, exitFailure, []string{"text 2", "[MASK]"}},
		{[]string{"classify", "x"}, exitUsage, []string{"--model", "sequence classifier"}},
		{[]string{"classify", "--model", bert, "x"}, exitUnsupported, []string{"BertForPreTraining"}},
		{[]string{"next-sentence", "--model", golden("roberta-classify"), "x", "y"}, exitUnsupported, []string{"roberta"}},
		{[]string{"classify", "--model", classify, "--multi-label", "x"}, exitUsage, []string{"--multi-label", "--zero-shot"}},
		{[]string{"classify", "--model", classify, "--template", "{}", "x"}, exitUsage, []string{"--template", "--zero-shot"}},
		{[]string{"classify", "--model", classify, "--zero-shot", "a", "--template", "x", "x"}, exitUsage, []string{"--template", "{}"}},
		{[]string{"classify", "--model", classify, "--zero-shot", "a", "--pair", "x", "x"}, exitUsage, []string{"--pair"}},
		{[]string{"classify", "--model", golden("bert-multilabel"), "--zero-shot", "a", "x"}, exitUnsupported, []string{"entailment"}},
		{[]string{"classify", "--model", classify, strings.Repeat("long ", 100)}, exitFailure, []string{"text 1", "48", "--truncate"}},
		{[]string{"classify", "--model", classify, "--zero-shot", "a,,b", "x"}, exitUsage, []string{"--zero-shot", "empty"}},
		{[]string{"classify", "--model", classify, "--zero-shot", strings.Repeat("long ", 100), "x"}, exitFailure, []string{"text 1", "hypothesis"}},
		{[]string{"rerank", "a", "b"}, exitUsage, []string{"--model"}},
		{[]string{"rerank", "--model", rerank}, exitUsage, []string{"QUERY"}},
		{[]string{"rerank", "--model", rerank, "a"}, exitUsage, []string{"--query"}},
		{[]string{"rerank", "--model", rerank, "--jsonl", "--query", "a"}, exitUsage, []string{"--query", "--jsonl"}},
		{[]string{"rerank", "--model", classify, "a", "b"}, exitUnsupported, []string{"one label"}},
		{[]string{"tag", "--model", golden("bert-ner"), strings.Repeat("long ", 100)}, exitFailure, []string{"text 1", "48", "--truncate"}},
		{[]string{"tag", "--model", golden("bert-ner"), "--truncate", strings.Repeat("long ", 100)}, exitDone, nil},
		{[]string{"tag", "x"}, exitUsage, []string{"--model", "token classifier"}},
		{[]string{"tag", "--model", golden("bert-ner"), "--aggregation", "best", "x"}, exitUsage, []string{"--aggregation", "best", "simple"}},
		{[]string{"answer", "a", "b"}, exitUsage, []string{"--model", "question"}},
		{[]string{"answer", "--model", golden("bert-qa"), "a"}, exitUsage, []string{"QUESTION CONTEXT"}},
		{[]string{"answer", "--model", golden("bert-qa"), strings.Repeat("long ", 100), "b"}, exitFailure, []string{"text 1", "question", "windows of 64"}},
		{[]string{"next-sentence", strings.Repeat("long ", 200), "b"}, exitFailure, []string{"text 1", "128", "--truncate"}},
		{[]string{"next-sentence", "--truncate", strings.Repeat("long ", 200), "b"}, exitDone, nil},
		{[]string{"next-sentence", "a", "b", "c"}, exitUsage, []string{"A B", "3"}},
		{[]string{"generate", "--temperature", "0", "x"}, exitUsage, []string{"--temperature", "from 1e-30"}},
		{[]string{"generate", "--temperature", "1e-300", "x"}, exitUsage, []string{"--temperature", "from 1e-30 to 1e+30"}},
		{[]string{"generate", "--repetition-penalty", "1e-45", "x"}, exitUsage, []string{"--repetition-penalty", "from 1e-30"}},
		{[]string{"generate", "--epsilon-cutoff", "1", "x"}, exitUsage, []string{"--epsilon-cutoff", "less than 1"}},
		{[]string{"generate", "--eta-cutoff", "1", "x"}, exitUsage, []string{"--eta-cutoff", "less than 1"}},
		{[]string{"generate", "--temperature", "1", "--n", "40", "--batch-tokens", "8", "x"}, exitUsage, []string{"--n 40", "--batch-tokens 40"}},
		{[]string{"generate", "--beam", "9", "--batch-tokens", "8", "x"}, exitUsage, []string{"--beam 9", "--batch-tokens 9"}},
		{[]string{"generate", "--top-p", "1.5", "x"}, exitUsage, []string{"--top-p", "at most 1"}},
		{[]string{"generate", "--min-p", "-1", "x"}, exitUsage, []string{"--min-p", "from 0 to 1"}},
		{[]string{"generate", "--length-penalty", "NaN", "x"}, exitUsage, []string{"--length-penalty", "a number"}},
		{[]string{"generate", "--seed", "-1", "x"}, exitUsage, []string{"--seed", "from 0"}},
		{[]string{"generate", "--n", "0", "x"}, exitUsage, []string{"--n", "from 1"}},
		{[]string{"generate", "--max-new-tokens", "0", "x"}, exitUsage, []string{"--max-new-tokens", "from 1"}},
		{[]string{"generate", "--early-stopping", "maybe", "x"}, exitUsage, []string{"--early-stopping", "true, false or never"}},
		{[]string{"generate", "--greedy", "--seed", "1", "x"}, exitUsage, []string{"--greedy", "--seed"}},
		{[]string{"generate", "--greedy", "--beam", "2", "x"}, exitUsage, []string{"--greedy", "--beam"}},
		{[]string{"generate", "--greedy", "--n", "2", "x"}, exitUsage, []string{"--greedy", "--n"}},
		{[]string{"generate", "--top-k", "3", "--beam", "2", "x"}, exitUsage, []string{"--top-k", "--beam"}},
		{[]string{"generate", "--stop", "", "x"}, exitUsage, []string{"--stop"}},
		{[]string{"generate", "--n", "2", "x"}, exitUsage, []string{"--n 2", "--temperature"}},
		{[]string{"generate", "--n", "3", "--beam", "2", "x"}, exitUsage, []string{"--n 3", "--beam"}},
		{[]string{"generate", "--length-penalty", "2", "x"}, exitUsage, []string{"--length-penalty", "--beam"}},
		{[]string{"generate", "--min-new-tokens", "200", "x"}, exitUsage, []string{"--min-new-tokens 200", "--max-new-tokens", "128"}},
		{[]string{"generate", "--model", bert, "x"}, exitUnsupported, []string{"Decoder"}},
		{[]string{"generate", strings.Repeat("long ", 300)}, exitFailure, []string{"text 1", "256"}},
		{[]string{"score", strings.Repeat("long ", 300)}, exitFailure, []string{"text 1", "256", "--stride"}},
		{[]string{"score", "--stride", "300", "x"}, exitUsage, []string{"--stride 300", "256"}},
		{[]string{"score", "--prompt", "\xff", "x"}, exitFailure, []string{"--prompt", "UTF-8"}},
		{[]string{"tokenize", "--strategy", "best", "a"}, exitUsage, []string{"--strategy", "best", "longest_first"}},
		{[]string{"tokenize", "--stride", "4", "--max-length", "4", "a"}, exitUsage, []string{"--stride", "--max-length"}},
		{[]string{"tokenize", "--decode", "--pair", "a", "4"}, exitUsage, []string{"--pair", "--decode"}},
		{[]string{"tokenize", "--decode", "4", "x"}, exitFailure, []string{`"x"`}},
		{[]string{"tokenize", "--model", golden("error"), "x"}, exitFailure, []string{"tokenizer.json", golden("error")}},
		{[]string{"inspect", ""}, exitUsage, []string{"DIR"}},
		{[]string{"inspect", "a", "b"}, exitUsage, nil},
		{[]string{"inspect", "a", "--model", "b"}, exitUsage, []string{"--model"}},
		{[]string{"inspect", golden("error", "unknown_model")}, exitFailure, []string{"perceptron"}},
		{[]string{"devices", "x"}, exitUsage, nil},
		{[]string{"demo", "x"}, exitUsage, nil},
	} {
		r := rapt(t, "", c.args...)
		require.Equal(t, c.code, r.code, "%q: %s", c.args, r.stderr)
		require.NotContains(t, r.stderr, "strconv", "%q", c.args)
		for _, s := range c.says {
			require.Contains(t, r.stderr, s, "%q", c.args)
		}
	}
}

func TestHelp(t *testing.T) {
	for _, c := range rootCommand(&app{}).Commands() {
		if c.Name() == "help" || c.Name() == "completion" {
			continue
		}
		r := rapt(t, "", c.Name(), "--help")
		require.Equal(t, exitDone, r.code)
		require.Empty(t, r.stderr)
		require.Contains(t, r.stdout, "Examples:\n  rapt "+c.Name(), "%s shows how it is used", c.Name())
		for line := range strings.Lines(c.Long) {
			require.LessOrEqual(t, len([]rune(strings.TrimSpace(line))), 84, "%s: %s", c.Name(), line)
		}
	}
}

// TestCommonFlags has every command take every common flag, and say in its help and on
// standard error which has no meaning for it.
func TestCommonFlags(t *testing.T) {
	all := []string{"--model", golden("bert"), "--backend", "cpu", "--threads", "1", "--precision", "f32", "--json",
		"--file", write(t, "empty.txt", ""), "--jsonl", "--batch-tokens", "64", "--quiet"}
	idle := map[string][]string{
		"tokenize": {"backend", "threads", "precision", "batch-tokens"},
		"inspect":  {"backend", "threads", "precision", "batch-tokens", "file", "jsonl"},
		"devices":  {"model", "backend", "threads", "precision", "batch-tokens", "file", "jsonl"},
		"demo":     {"model", "json", "file", "jsonl"},
		"cuda-env": {"model", "backend", "threads", "precision", "batch-tokens", "file", "jsonl", "json"},
		"sim":      {"model", "backend", "precision", "batch-tokens", "file", "jsonl"},
	}
	texts := map[string][]string{"sim": {simCase("reverse.ptx"), simCase("reverse.json")}}
	for _, c := range rootCommand(&app{}).Commands() {
		name := c.Name()
		if name == "help" || name == "completion" {
			continue
		}
		require.NotNil(t, c.Flags().Lookup("version"), name)
		help := rapt(t, "", name, "--help").stdout
		for _, flag := range commonNames {
			require.NotNil(t, c.Flags().Lookup(flag), "%s --%s", name, flag)
			require.Regexp(t, `--`+flag+`\b`, help, name)
			noted := regexp.MustCompile(`--` + flag + `( [A-Z]+)? +has no meaning for ` + name + `\n`).MatchString(help)
			require.Equal(t, slices.Contains(idle[name], flag), noted, "%s --%s: %s", name, flag, help)
		}
		if name == "demo" && testing.Short() {
			continue
		}
		r := rapt(t, "", slices.Concat([]string{name}, all, texts[name])...)
		require.NotContains(t, r.stderr, "unknown", name)
		if idle[name] != nil {
			require.Equal(t, exitDone, r.code, "%s: %s", name, r.stderr)
			require.Empty(t, r.stderr, "%s is quiet", name)
		}
	}
	r := rapt(t, "", "devices", "--threads", "2", "--json")
	require.Equal(t, exitDone, r.code)
	require.Equal(t, "--threads has no meaning for devices\n", r.stderr)
	r = rapt(t, "", "inspect", "--threads", "many")
	require.Equal(t, exitUsage, r.code)
	require.Contains(t, r.stderr, "integer")
}

// A broken is an output that takes nothing.
type broken struct{ err error }

func (b broken) Write([]byte) (int, error) { return 0, b.err }

// TestBrokenOutput fails where help or the version cannot be written, as results do; a
// reader that is gone is no failure.
func TestBrokenOutput(t *testing.T) {
	for _, args := range [][]string{{"help"}, {"--help"}, {"--version"}, {"help", "embed"}, {"embed", "--help"}, {"embed", "--version"},
		{"completion", "bash"}, {"devices"}, {"devices", "--json"}, {"inspect"}, {"fill-mask", "a [MASK]", "--quiet"}} {
		var errs bytes.Buffer
		code := run(context.Background(), args, strings.NewReader(""), broken{syscall.ENOSPC}, &errs)
		require.Equal(t, exitFailure, code, "%q", args)
		require.Equal(t, 1, strings.Count(errs.String(), syscall.ENOSPC.Error()), "%q: %s", args, errs.String())
		code = run(context.Background(), args, strings.NewReader(""), broken{syscall.EPIPE}, &errs)
		require.Equal(t, exitDone, code, "%q", args)
	}
}

func TestNotes(t *testing.T) {
	r := rapt(t, "", "fill-mask", "a [MASK]")
	require.Equal(t, exitDone, r.code)
	require.Regexp(t, `^model: the embedded bert-kjv.*\nbackend: cpu .*, \d+ threads?; passed over: cuda.*\n$`, r.stderr)

	r = rapt(t, "", "fill-mask", "--quiet", "a [MASK]")
	require.Empty(t, r.stderr)
}
