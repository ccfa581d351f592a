package tokenizer

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
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
