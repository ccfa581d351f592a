package tokenizer

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func golden(t *testing.T, name string) *Tokenizer {
	t.Helper()
	tok, err := Load(os.DirFS(filepath.Join("..", "..", "testdata", "golden", "tokenizers", name)))
	must(t, err)
	return tok
}

func TestTruncationErrors(t *testing.T) {
	tok := golden(t, "wordpiece-uncased")
	long := strings.Repeat("a ", 40)
	for _, c := range []struct {
		o    Options
		pair bool
		want []string
	}{
		{Options{MaxLength: -1}, false, []string{"MaxLength -1"}},
		{Options{Stride: -2}, false, []string{"Stride -2"}},
		{Options{MaxLength: 1}, false, []string{"MaxLength 1", "2 special"}},
		{Options{MaxLength: 8, Stride: 9}, false, []string{"Stride of 9", "MaxLength 8"}},
		{Options{MaxLength: 8, Stride: 6}, false, []string{"Stride of 6", "6 tokens", "MaxLength 8"}},
		{Options{MaxLength: 9, Stride: 3}, true, []string{"Stride of 3", "3 tokens", "MaxLength 9"}},
		{Options{MaxLength: 8, Strategy: OnlySecond}, false, []string{"only_second", "one text"}},
		{Options{MaxLength: 20, Strategy: OnlySecond}, true, []string{"only_second", "MaxLength 20", "40"}},
		{Options{MaxLength: 8, Strategy: 7}, true, []string{"Strategy(7)"}},
	} {
		var err error
		if c.pair {
			_, err = tok.EncodePair(long, long, c.o)
		} else {
			_, err = tok.Encode(long, c.o)
		}
		if err == nil {
			t.Errorf("%+v: no error", c.o)
			continue
		}
		for _, s := range c.want {
			if !strings.Contains(err.Error(), s) {
				t.Errorf("%+v: %q does not name %q", c.o, err, s)
			}
		}
	}
}

// TestManyWindows checks that the windows of two long texts, whose number is a product, are refused rather than built.
func TestManyWindows(t *testing.T) {
	tok := golden(t, "wordpiece-uncased")
	long := strings.Repeat("a ", 20000)
	if _, err := tok.EncodePair(long, long, Options{MaxLength: 13}); err == nil || !strings.Contains(err.Error(), "NoOverflow") {
		t.Errorf("error %v", err)
	}
	e, err := tok.EncodePair(long, long, Options{MaxLength: 13, NoOverflow: true})
	must(t, err)
	if len(e.IDs) != 13 || e.Overflow != nil {
		t.Errorf("%d tokens and %d further windows", len(e.IDs), len(e.Overflow))
	}
}

// TestManyOddTokens cuts a text of unknown tokens into many windows: each must not look at the tokens of all.
func TestManyOddTokens(t *testing.T) {
	tok, err := Load(tiny(`"model":{"type":"WordPiece"`, `"model":{"type":"Unigram","unk_id":1`,
		`{"[PAD]":0,"[UNK]":1,"[CLS]":2,"[SEP]":3,"a":4,"##b":5,"c":6}`, `[["[PAD]",0],["[UNK]",0],["[CLS]",0],["[SEP]",0],["a",-1]]`))
	must(t, err)
	const count = 1 << 18
	start := time.Now()
	e, err := tok.Encode(strings.Repeat("xa", count), Options{MaxLength: 8})
	must(t, err)
	if took := time.Since(start); took > 10*time.Second { // half a minute where each window looks at all
		t.Errorf("%v", took)
	}
	windows := append([]Encoding{e}, e.Overflow...)
	if want := (2*count + 5) / 6; len(windows) != want {
		t.Fatalf("%d windows, want %d", len(windows), want)
	}
	for i := range windows {
		for k, s := range windows[i].Tokens() {
			if want := [2]string{"x", "a"}[k&1^1]; !windows[i].Special(k) && s != want {
				t.Fatalf("window %d, token %d: %q, want %q", i, k, s, want)
			}
		}
	}
}

// TestSpacedTokens finds tokens of white space that take in the white space beside them, in linear time. What is wanted is what the library gives
// for two and for three of them.
func TestSpacedTokens(t *testing.T) {
	for side, want := range map[string][]Span{"lstrip": {{0, 2}, {2, 4}, {4, 6}}, "rstrip": {{1, 6}, {3, 6}, {5, 6}}} {
		tok, err := Load(tiny(`"added_tokens":[`, `"added_tokens":[{"content":"\n","special":true,"`+side+`":true},`))
		must(t, err)
		e, err := tok.Encode(" \n \n \n", Options{NoSpecial: true})
		must(t, err)
		if !slices.Equal(e.Offsets, want) || !slices.Equal(e.CharOffsets(), want) {
			t.Errorf("%s: %v and %v, want %v", side, e.Offsets, e.CharOffsets(), want)
		}
		start := time.Now()
		e, err = tok.Encode(strings.Repeat(" \n", 1<<18), Options{NoSpecial: true})
		must(t, err)
		if e.CharOffsets(); time.Since(start) > 10*time.Second || len(e.IDs) != 1<<18 {
			t.Errorf("%s: %d tokens in %v", side, len(e.IDs), time.Since(start))
		}
	}
}

// TestSpacedTokensAgain has tokens that each take in all the white space after them where it costs time: trimmed, and normalized.
func TestSpacedTokensAgain(t *testing.T) {
	text := strings.Repeat(" \n", 1<<17)
	for name, edits := range map[string][]string{
		"normalized": {`"rstrip":true`, `"rstrip":true,"normalized":true`, tinyNormalizer, "null"},
		"trimmed":    {tinyPost, `{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true}`},
		"both":       {`"rstrip":true`, `"rstrip":true,"normalized":true`, tinyNormalizer, "null", tinyPost, `{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true}`},
	} {
		added := strings.NewReplacer(edits...).Replace(`"added_tokens":[{"content":"\n","special":true,"rstrip":true},`)
		tok, err := Load(tiny(append([]string{`"added_tokens":[`, added}, edits...)...))
		must(t, err)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		e, err := tok.Encode(text, Options{NoSpecial: true, MaxLength: 8})
		switch {
		case name == "normalized" && (err != nil || len(e.Overflow) != (1<<17)/8-1):
			t.Errorf("%s: %d further windows and %v", name, len(e.Overflow), err)
		case name != "normalized" && (err == nil || !strings.Contains(err.Error(), "again and again")):
			t.Errorf("%s: %v", name, err)
		}
		runtime.ReadMemStats(&after)
		if made := after.TotalAlloc - before.TotalAlloc; made > 1<<30 { // 17 GB where each has its own text
			t.Errorf("%s: %d MB", name, made>>20)
		}
		_, err = tok.Encode("a"+strings.Repeat(" \n", 12)+"a", Options{})
		must(t, err)
	}
}

// TestWords checks the index of words, which is that of the library's word_ids.
func TestWords(t *testing.T) {
	tok := golden(t, "wordpiece-uncased")
	e, err := tok.EncodePair("un<rstrip> affable,", "b", Options{})
	must(t, err)
	words := map[int32]string{}
	for i, w := range e.Words {
		if e.Sequence[i] == 0 {
			words[w] += strings.TrimPrefix(e.Tokens()[i], "##")
		} else if (e.Sequence[i] < 0) != (w < 0) {
			t.Errorf("token %d: sequence %d, word %d", i, e.Sequence[i], w)
		}
	}
	if want := []string{"un", "<rstrip> ", "affable", ","}; words[0] != want[0] || words[1] != want[1] || words[2] != want[2] || words[3] != want[3] {
		t.Errorf("words %q, want %q", words, want)
	}
}

// TestInvalidUTF8 checks that a byte that is no code point counts as one of its own.
func TestInvalidUTF8(t *testing.T) {
	tok := golden(t, "wordpiece-cased")
	e, err := tok.Encode("a\xff\xfe b", Options{NoSpecial: true})
	must(t, err)
	if want := []Span{{0, 1}, {4, 5}}; !slices.Equal(e.Offsets, want) {
		t.Errorf("offsets %v, want %v", e.Offsets, want)
	}
	if want := []Span{{0, 1}, {4, 5}}; !slices.Equal(e.CharOffsets(), want) {
		t.Errorf("code points %v, want %v", e.CharOffsets(), want)
	}
}

func TestConcurrent(t *testing.T) {
	tok := golden(t, "wordpiece-uncased")
	texts := readTexts(t, filepath.Join("testdata", "texts.jsonl"))
	want := make([][]int32, len(texts))
	for i, s := range texts {
		e, err := tok.Encode(s, Options{})
		must(t, err)
		want[i] = e.IDs
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i, s := range texts {
				if e, err := tok.Encode(s, Options{}); err != nil || !slices.Equal(e.IDs, want[i]) {
					t.Errorf("%q: %v, %v", s, e.IDs, err)
				}
			}
		})
	}
	wg.Wait()
}

// TestAllocations checks that encoding allocates what it returns: ids, types and words together, sequences, offsets.
func TestAllocations(t *testing.T) {
	tok := golden(t, "wordpiece-uncased")
	text := "The quick brown fox jumps over naïve Übermut, 日本 и река. [MASK]"
	got := testing.AllocsPerRun(100, func() {
		if _, err := tok.Encode(text, Options{MaxLength: 16, NoOverflow: true}); err != nil {
			t.Fatal(err)
		}
	})
	// The race detector makes a pool drop some of what it is given.
	if got > 3 && !raceDetector {
		t.Errorf("%v allocations, want 3", got)
	}
}
