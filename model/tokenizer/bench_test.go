package tokenizer

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// benchTokenizer loads the folder that RAPT_TOKENIZER names, else a golden one, whose vocabulary is a thirtieth of a published one's.
func benchTokenizer(b *testing.B) (*Tokenizer, string) {
	dir := os.Getenv("RAPT_TOKENIZER")
	if dir == "" {
		dir = filepath.Join(goldenDir(), "tokenizers", "wordpiece-uncased")
	}
	t, err := Load(os.DirFS(dir))
	if err != nil {
		b.Fatal(err)
	}
	return t, fmt.Sprintf("vocab=%d", t.Size())
}

// benchTexts are texts of some 128 and 384 tokens to a published vocabulary: sentences of a file of bench/tokenizer, from another one on for each text.
func benchTexts(b *testing.B, name string, sentences int) (texts []string, size int64) {
	data, err := os.ReadFile(filepath.Join("..", "..", "bench", "tokenizer", name+".txt"))
	if err != nil {
		b.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	for i := range lines {
		var text []string
		for k := range sentences {
			text = append(text, lines[(i+k)%len(lines)])
		}
		texts = append(texts, strings.Join(text, " "))
		size += int64(len(texts[i]))
	}
	return texts, size / int64(len(lines))
}

var benchLengths = map[string][2]struct{ tokens, sentences int }{
	"english": {{128, 6}, {384, 18}},
	"mixed":   {{128, 3}, {384, 9}},
}

func benchmark(b *testing.B, f func(t *Tokenizer, text string)) {
	t, vocab := benchTokenizer(b)
	for _, name := range []string{"english", "mixed"} {
		for _, l := range benchLengths[name] {
			b.Run(fmt.Sprintf("%s/text=%s/tokens=%d", vocab, name, l.tokens), func(b *testing.B) {
				texts, size := benchTexts(b, name, l.sentences)
				tokens := 0
				for _, text := range texts {
					e, err := t.Encode(text, Options{})
					if err != nil {
						b.Fatal(err)
					}
					tokens += len(e.IDs)
				}
				b.SetBytes(size)
				b.ReportAllocs()
				i := 0
				for b.Loop() {
					f(t, texts[i%len(texts)])
					i++
				}
				b.ReportMetric(float64(tokens)/float64(len(texts)), "tokens/op")
			})
		}
	}
}

// longTexts are the files of the folder that RAPT_TEXTS names, as compare.py of bench/tokenizer writes them, else a quarter of a megabyte of one
// word, of spaces, of marks, and of sentences.
func longTexts(b *testing.B) map[string]string {
	out := map[string]string{}
	if dir := os.Getenv("RAPT_TEXTS"); dir != "" {
		names, err := filepath.Glob(filepath.Join(dir, "*.txt"))
		if err != nil || len(names) == 0 {
			b.Fatalf("no texts in %s: %v", dir, err)
		}
		for _, name := range names {
			data, err := os.ReadFile(name)
			if err != nil {
				b.Fatal(err)
			}
			out[strings.TrimSuffix(filepath.Base(name), ".txt")] = string(data)
		}
		return out
	}
	const size = 1 << 18
	for name, part := range map[string]string{"letters": "a", "spaces": " ", "marks": "\u0301"} {
		out[name] = strings.Repeat(part, size/len(part))
	}
	texts, length := benchTexts(b, "mixed", 9)
	out["sentences"] = strings.Repeat(strings.Join(texts, " "), size/(int(length)*len(texts)))
	return out
}

// BenchmarkLong encodes texts as a whole.
func BenchmarkLong(b *testing.B) {
	t, vocab := benchTokenizer(b)
	for name, text := range longTexts(b) {
		b.Run(fmt.Sprintf("%s/text=%s", vocab, name), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := t.Encode(text, Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkStream decodes token by token.
func BenchmarkStream(b *testing.B) {
	t, vocab := benchTokenizer(b)
	b.Run(vocab, func(b *testing.B) {
		texts, _ := benchTexts(b, "mixed", 9)
		e, err := t.Encode(texts[0], Options{})
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(texts[0])))
		b.ReportAllocs()
		s := t.Stream(DecodeOptions{})
		for b.Loop() {
			for _, id := range e.IDs {
				s.Next(id)
			}
			s.Rest()
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	benchmark(b, func(t *Tokenizer, text string) {
		if _, err := t.Encode(text, Options{}); err != nil {
			b.Fatal(err)
		}
	})
}
