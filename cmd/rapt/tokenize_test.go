package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A tokenizerCase is a line of expected.jsonl: what Hugging Face's tokenizers says.
type tokenizerCase struct {
	Op       string
	Text     int // of texts.jsonl
	Second   *int
	Max      int
	Stride   int
	Strategy string
	IDs      []int32
	Tokens   []string
	Offsets  [][2]int
	Types    []int32
	Special  []int
	Overflow []tokens
	Decoded  string
	Skipped  string
}

// TestTokenize compares every text, pair, cut and list of ids. The folders hold
// nothing but the files of a tokenizer.
func TestTokenize(t *testing.T) {
	texts := readLines[struct{ Text string }](t, golden("tokenizers", "texts.jsonl"))
	for _, name := range []string{"wordpiece-cased", "wordpiece-uncased"} {
		model := golden("tokenizers", name)
		var lines []string // without truncation all go in one call
		var want []tokens
		for _, c := range readLines[tokenizerCase](t, golden("tokenizers", name, "expected.jsonl")) {
			if c.Op == "decode" {
				require.Equal(t, []decoded{{c.IDs, c.Decoded}}, ok[decoded](t, joinIDs(c.IDs), "tokenize", "--decode", "--model", model))
				require.Equal(t, c.Skipped, ok[decoded](t, joinIDs(c.IDs), "tokenize", "--decode", "--no-special", "--model", model)[0].Text)
				continue
			}
			w := tokens{Text: texts[c.Text].Text, IDs: c.IDs, Tokens: c.Tokens, Offsets: c.Offsets, Types: c.Types, Special: c.Special, Overflow: c.Overflow}
			if w.Overflow == nil {
				w.Overflow = []tokens{}
			}
			record := map[string]string{"text": w.Text}
			if c.Second != nil {
				w.Pair = &texts[*c.Second].Text
				record["pair"] = *w.Pair
			}
			line, err := json.Marshal(record)
			require.NoError(t, err)
			if c.Op == "truncate" {
				got := ok[tokens](t, string(line), "tokenize", "--jsonl", "--model", model,
					"--max-length", fmt.Sprint(c.Max), "--stride", fmt.Sprint(c.Stride), "--strategy", c.Strategy)
				for i := range got[0].Overflow { // of which the file has no more
					got[0].Overflow[i].Tokens, got[0].Overflow[i].Special = nil, nil
				}
				require.Equal(t, []tokens{w}, got)
				continue
			}
			lines, want = append(lines, string(line)), append(want, w)
		}
		require.NotEmpty(t, want)
		require.Equal(t, want, ok[tokens](t, strings.Join(lines, "\n"), "tokenize", "--jsonl", "--model", model))
	}
}

func TestTokenizeArguments(t *testing.T) {
	one := ok[tokens](t, "", "tokenize", "--pair", "and the earth", "the heavens", "the land")
	require.Len(t, one, 2)
	require.Equal(t, "and the earth", *one[1].Pair)
	require.Equal(t, []string{"[CLS]", "the", "land", "[SEP]", "and", "the", "earth", "[SEP]"}, one[1].Tokens)

	bare := ok[tokens](t, "", "tokenize", "--no-special", "the heavens")[0]
	require.Equal(t, []string{"the", "heavens"}, bare.Tokens)
	ids := strings.Fields(joinIDs(bare.IDs))
	require.Equal(t, []decoded{{bare.IDs, "the heavens"}}, ok[decoded](t, "", append([]string{"tokenize", "--decode"}, ids...)...))
	require.Equal(t, "the heavens", ok[decoded](t, "", append([]string{"tokenize", "--no-special", "--decode", "2"}, ids...)...)[0].Text)
	require.Len(t, ok[decoded](t, "2 3\n\n4\n", "tokenize", "--decode"), 3)
}

// readLines reads a file of JSON lines.
func readLines[T any](t *testing.T, path string) []T {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	var all []T
	for line := range strings.Lines(string(data)) {
		var x T
		require.NoError(t, json.Unmarshal([]byte(line), &x), line)
		all = append(all, x)
	}
	return all
}
