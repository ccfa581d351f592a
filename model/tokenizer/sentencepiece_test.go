package tokenizer

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSentencePiece compares the folders that _gen/unigram.py wrote, or a larger set of its making in the folder that RAPT_SENTENCEPIECE names:
// each as its tokenizer.json, as its model in a checkpoint, and as its model alone, as far as there are lines for it.
func TestSentencePiece(t *testing.T) {
	dir := filepath.Join("testdata", "sentencepiece")
	if other := os.Getenv("RAPT_SENTENCEPIECE"); other != "" {
		dir = other
	}
	texts := readTexts(t, filepath.Join(dir, "texts.jsonl"))
	kinds := map[string]int{}
	folders, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, f := range folders {
		if !f.IsDir() {
			continue
		}
		folder := os.DirFS(filepath.Join(dir, f.Name()))
		for _, k := range []struct {
			file string
			load func(fs.FS) (*Tokenizer, error)
		}{
			{"expected.jsonl", Load},
			{"expected.plain.jsonl", LoadPlain},
			{"expected.spm.jsonl", func(fsys fs.FS) (*Tokenizer, error) { return LoadSentencePiece(fsys, "tokenizer.model") }},
		} {
			if _, err := fs.Stat(folder, k.file); err != nil {
				continue
			}
			tok, err := k.load(folder)
			require.NoError(t, err, f.Name())
			rows := readLines[goldenRow](t, filepath.Join(dir, f.Name(), k.file))
			require.NotEmpty(t, rows)
			compareRows(t, f.Name()+"/"+k.file, tok, texts, rows)
			kinds[k.file]++
		}
	}
	require.Len(t, kinds, 3, "some kind of lines is missing")
}

// TestPlainT5 compares T5's own model in a checkpoint with its tokenizer.json.
func TestPlainT5(t *testing.T) {
	dir := filepath.Join(goldenDir(), "tokenizers")
	tok, err := LoadPlain(os.DirFS(filepath.Join(dir, "t5")))
	require.NoError(t, err)
	texts := readTexts(t, filepath.Join(dir, "texts.jsonl"))
	compared := 0
	for _, r := range readLines[goldenRow](t, filepath.Join(dir, "t5", "expected.jsonl")) {
		if !beyond(tok, r) { // the odd added tokens are in tokenizer.json alone
			require.NoError(t, compareRow(tok, texts, r))
			compared++
		}
	}
	require.Greater(t, compared, 400)
}

// TestLongRuns encodes texts that an algorithm with a step for each pair of places would take minutes for.
func TestLongRuns(t *testing.T) {
	const size = 1 << 18
	for _, name := range []string{"t5", "spm-unigram", "spm-bpe", "spm-raw", "marian"} {
		tok, err := Load(os.DirFS(filepath.Join(goldenDir(), "tokenizers", name)))
		require.NoError(t, err)
		for _, run := range []string{"a", " ", "\u0301", "▁", "🤔", "ab ", "="} {
			text := strings.Repeat(run, size/len(run))
			e, err := tok.Encode(text, Options{})
			require.NoError(t, err)
			end := int32(0)
			for _, s := range e.Offsets {
				end = max(end, s.End)
			}
			if run != " " && run != "▁" { // models that take spaces off the ends take this sign for one
				require.GreaterOrEqual(t, int(end), len(strings.TrimRight(text, " ")), "%s: %q", name, run)
			}
			tok.Decode(e.IDs, DecodeOptions{})
		}
	}
}

// BenchmarkLongRuns reports the throughput of texts of 1 MB that have no words.
func BenchmarkLongRuns(b *testing.B) {
	for _, name := range []string{"t5", "spm-bpe"} {
		tok, err := Load(os.DirFS(filepath.Join(goldenDir(), "tokenizers", name)))
		require.NoError(b, err)
		for _, run := range []struct{ name, text string }{{"letter", "a"}, {"space", " "}, {"mark", "\u0301"}} {
			b.Run("model="+name+"/run="+run.name, func(b *testing.B) {
				text := strings.Repeat(run.text, 1<<20/len(run.text))
				b.SetBytes(int64(len(text)))
				b.ReportAllocs()
				for b.Loop() {
					if _, err := tok.Encode(text, Options{}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// TestUnigramAllocations checks that encoding allocates what it returns: ids, types and words together, sequences, offsets. A text of an
// unknown token takes another.
func TestUnigramAllocations(t *testing.T) {
	for _, name := range []string{"t5", "spm-unigram", "spm-bpe"} {
		tok, err := Load(os.DirFS(filepath.Join(goldenDir(), "tokenizers", name)))
		require.NoError(t, err)
		text := "The quick brown fox jumps over the lazy dog, and the rest."
		got := testing.AllocsPerRun(100, func() {
			_, err := tok.Encode(text, Options{})
			require.NoError(t, err)
		})
		// The race detector makes a pool drop some of what it is given.
		if got > 3 && !raceDetector {
			t.Errorf("%s: %v allocations, want 3", name, got)
		}
	}
}
