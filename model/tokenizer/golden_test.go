package tokenizer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// goldenDir is the folder of the golden fixtures, or the one that RAPT_GOLDEN names, relative to the root of the module.
func goldenDir() string {
	root := filepath.Join("..", "..")
	switch dir := os.Getenv("RAPT_GOLDEN"); {
	case dir == "":
		return filepath.Join(root, "testdata", "golden")
	case filepath.IsAbs(dir):
		return dir
	default:
		return filepath.Join(root, dir)
	}
}

// goldenRow is a line of expected.jsonl.
type goldenRow struct {
	Op        string
	Text      int
	Second    *int
	Max       int
	Stride    int
	Strategy  string
	IDs       []int32
	Tokens    []string
	Offsets   [][2]int32
	Types     []int32
	Special   []int
	NoSpecial bool `json:"no_special"`
	Left      bool
	Overflow  []goldenRow
	Decoded   *string
	Skipped   *string
	Cleaned   *string

	Normalized    *string // of SentencePiece
	TargetIDs     []int32 `json:"target_ids"` // of Marian
	DecodedTarget *string `json:"decoded_target"`
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func readLines[T any](t *testing.T, name string) []T {
	data, err := os.ReadFile(name)
	must(t, err)
	var out []T
	d := json.NewDecoder(bytes.NewReader(data))
	for d.More() {
		var v T
		must(t, d.Decode(&v))
		out = append(out, v)
	}
	return out
}

func readTexts(t *testing.T, name string) []string {
	var out []string
	for _, line := range readLines[struct{ Text string }](t, name) {
		out = append(out, line.Text)
	}
	return out
}

// TestGolden compares every line of every tokenizer, loaded from tokenizer.json and again from its plain files.
func TestGolden(t *testing.T) {
	dir := filepath.Join(goldenDir(), "tokenizers")
	folders, err := os.ReadDir(dir)
	must(t, err)
	texts := readTexts(t, filepath.Join(dir, "texts.jsonl"))
	tokenizers, lines, spieces := 0, 0, 0
	var names, plains []string
	for _, f := range folders {
		if !f.IsDir() {
			continue
		}
		folder := os.DirFS(filepath.Join(dir, f.Name()))
		tok, err := Load(folder)
		if err != nil { // no kind of tokenizer is left out
			t.Errorf("%s: %v", f.Name(), err)
			continue
		}
		rows := readLines[goldenRow](t, filepath.Join(dir, f.Name(), "expected.jsonl"))
		if len(rows) == 0 {
			t.Fatalf("%s: no lines", f.Name())
		}
		tokenizers++
		names = append(names, f.Name())
		lines += compareRows(t, f.Name(), tok, texts, rows)
		if _, err := fs.Stat(folder, "expected.spiece.jsonl"); err == nil {
			spiece, err := LoadSentencePiece(folder, "spiece.model")
			must(t, err)
			rows := readLines[goldenRow](t, filepath.Join(dir, f.Name(), "expected.spiece.jsonl"))
			lines += compareRows(t, f.Name()+"/spiece.model", spiece, texts, rows)
			spieces++
		}
		if name := plainFile(folder); name != "" {
			plain, err := LoadPlain(folder)
			must(t, err)
			rows = slices.DeleteFunc(rows, func(r goldenRow) bool { return beyond(plain, r) })
			lines += compareRows(t, f.Name()+"/"+name, plain, texts, rows)
			plains = append(plains, f.Name())
		}
	}
	if os.Getenv("RAPT_GOLDEN") == "" {
		for _, name := range []string{"wordpiece-cased", "wordpiece-uncased", "gpt2", "gpt2-prefix", "roberta", "marian", "spm-bpe", "spm-raw", "spm-unigram", "t5"} {
			if !slices.Contains(names, name) {
				t.Errorf("%s is missing from %v", name, names)
			}
		}
		for _, name := range []string{"wordpiece-cased", "wordpiece-uncased", "gpt2", "gpt2-prefix", "roberta"} {
			if !slices.Contains(plains, name) {
				t.Errorf("%s is missing from %v, which were read from their plain files", name, plains)
			}
		}
	}
	if spieces == 0 && os.Getenv("RAPT_GOLDEN") == "" {
		t.Error("no folder was read from its spiece.model")
	}
	if tokenizers == 0 {
		t.Fatalf("no tokenizers in %s", dir)
	}
	fmt.Printf("golden: %d tokenizers, %d lines\n", tokenizers, lines)
}

// TestLibrary compares options that the golden set lacks; _gen/fixtures.py wrote what the library gives.
func TestLibrary(t *testing.T) {
	texts := readTexts(t, filepath.Join("testdata", "texts.jsonl"))
	folders, err := filepath.Glob(filepath.Join("testdata", "*", "expected.jsonl"))
	must(t, err)
	if len(folders) == 0 {
		t.Fatal("no fixtures")
	}
	for _, name := range folders {
		tok, err := Load(os.DirFS(filepath.Dir(name)))
		must(t, err)
		compareRows(t, filepath.Dir(name), tok, texts, readLines[goldenRow](t, name))
	}
}

// plainFile is the plain file that the vocabulary of a folder is in; "" if it has none.
func plainFile(folder fs.FS) string {
	for _, name := range []string{vocabFile, mergesFile} {
		if _, err := fs.Stat(folder, name); err == nil {
			return name
		}
	}
	return ""
}

// beyond reports whether a line has tokens that a tokenizer does not know: those added in tokenizer.json alone.
func beyond(tok *Tokenizer, r goldenRow) bool {
	unknown := func(id int32) bool { _, ok := tok.Token(id); return !ok }
	return slices.ContainsFunc(r.IDs, unknown) ||
		slices.ContainsFunc(r.Overflow, func(o goldenRow) bool { return slices.ContainsFunc(o.IDs, unknown) })
}

// compareRows compares lines with what tok gives and counts them.
func compareRows(t *testing.T, name string, tok *Tokenizer, texts []string, rows []goldenRow) int {
	t.Helper()
	for i, r := range rows {
		if err := compareRow(tok, texts, r); err != nil {
			t.Errorf("%s line %d (%s): %v", name, i+1, r.Op, err)
		}
	}
	return len(rows)
}

func compareRow(tok *Tokenizer, texts []string, r goldenRow) error {
	if r.Op != "decode" {
		strategies := []string{"longest_first", "only_first", "only_second"}
		strategy := max(0, slices.Index(strategies, r.Strategy))
		o := Options{MaxLength: r.Max, Stride: r.Stride, Strategy: Strategy(strategy), NoSpecial: r.NoSpecial, Left: r.Left}
		var e Encoding
		var err error
		if r.Second != nil {
			e, err = tok.EncodePair(texts[r.Text], texts[*r.Second], o)
		} else {
			e, err = tok.Encode(texts[r.Text], o)
		}
		if err != nil {
			return err
		}
		if err := compareEncoding(&e, r); err != nil {
			return fmt.Errorf("%q: %w", texts[r.Text], err)
		}
		if len(e.Overflow) != len(r.Overflow) {
			return fmt.Errorf("%d further windows, want %d", len(e.Overflow), len(r.Overflow))
		}
		for i := range e.Overflow {
			if err := compareEncoding(&e.Overflow[i], r.Overflow[i]); err != nil {
				return fmt.Errorf("window %d of %q: %w", i+1, texts[r.Text], err)
			}
		}
	}
	if err := compareMore(tok, texts, r); err != nil {
		return err
	}
	for _, d := range []struct {
		want *string
		o    DecodeOptions
	}{{r.Decoded, DecodeOptions{}}, {r.Skipped, DecodeOptions{SkipSpecial: true}}, {r.Cleaned, DecodeOptions{SkipSpecial: true, CleanUp: true}}} {
		if d.want == nil {
			continue
		}
		if got := tok.Decode(r.IDs, d.o); got != *d.want {
			return fmt.Errorf("decoded %+v: %q, want %q", d.o, got, *d.want)
		}
	}
	return nil
}

// compareMore compares what lines of SentencePiece and Marian have besides.
func compareMore(tok *Tokenizer, texts []string, r goldenRow) error {
	if r.Normalized != nil {
		var n normalized
		n.reset([]byte(texts[r.Text]), 0)
		if err := tok.normalizer.normalize(&n); err != nil {
			return err
		}
		if string(n.text) != *r.Normalized {
			return fmt.Errorf("normalized %q, want %q", n.text, *r.Normalized)
		}
	}
	if r.TargetIDs == nil {
		return nil
	}
	e, err := tok.Target().Encode(texts[r.Text], Options{})
	if err != nil {
		return err
	}
	if !slices.Equal(e.IDs, r.TargetIDs) {
		return fmt.Errorf("target ids %v, want %v", e.IDs, r.TargetIDs)
	}
	if got := tok.Target().Decode(r.TargetIDs, DecodeOptions{SkipSpecial: true}); got != *r.DecodedTarget {
		return fmt.Errorf("decoded target: %q, want %q", got, *r.DecodedTarget)
	}
	return nil
}

func compareEncoding(e *Encoding, r goldenRow) error {
	if !slices.Equal(e.IDs, r.IDs) {
		return fmt.Errorf("ids %v, want %v", e.IDs, r.IDs)
	}
	if r.Offsets == nil { // Marian
		return nil
	}
	offsets := e.Offsets
	if r.Types != nil {
		offsets = e.CharOffsets()
		if !slices.Equal(e.Types, r.Types) {
			return fmt.Errorf("types %v, want %v", e.Types, r.Types)
		}
	}
	for i, s := range offsets {
		if [2]int32{s.Start, s.End} != r.Offsets[i] {
			return fmt.Errorf("offsets of token %d: %v, want %v", i, s, r.Offsets[i])
		}
	}
	if r.Tokens == nil { // further windows have none
		return nil
	}
	if got := e.Tokens(); !slices.Equal(got, r.Tokens) {
		return fmt.Errorf("tokens %q, want %q", strings.Join(got, "|"), strings.Join(r.Tokens, "|"))
	}
	for i := range e.IDs {
		if r.Special == nil { // SentencePiece adds none
			if e.Special(i) {
				return fmt.Errorf("token %d is special", i)
			}
		} else if e.Special(i) != (r.Special[i] == 1) {
			return fmt.Errorf("special of token %d: %v", i, e.Special(i))
		}
	}
	return nil
}
