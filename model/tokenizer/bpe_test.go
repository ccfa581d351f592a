package tokenizer

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"
)

// TestLibraryBPE compares byte-pair encoding with options that the golden set lacks; _gen/fixtures_bpe.py wrote what the library gives.
func TestLibraryBPE(t *testing.T) {
	dir := filepath.Join("testdata", "bpe")
	texts := readTexts(t, filepath.Join(dir, "texts.jsonl"))
	folders, err := filepath.Glob(filepath.Join(dir, "*", "expected.jsonl"))
	must(t, err)
	if len(folders) < 27 {
		t.Fatalf("%d fixtures", len(folders))
	}
	for _, name := range folders {
		tok, err := Load(os.DirFS(filepath.Dir(name)))
		must(t, err)
		compareRows(t, filepath.Dir(name), tok, texts, readLines[goldenRow](t, name))
	}
}

// tinyBPE gives a byte-level tokenizer.json of a few words; each edit replaces one text by another.
func tinyBPE(edits ...string) fstest.MapFS {
	s := `{"version":"1.0","added_tokens":[{"content":"<s>","special":true}],"normalizer":null,
"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true},
"post_processor":{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true},"decoder":{"type":"ByteLevel"},
"model":{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":null,"end_of_word_suffix":null,"fuse_unk":false,"byte_fallback":false,
"vocab":{"<s>":0,"a":1,"b":2,"c":3,"Ġ":4,"ab":5,"bc":6,"abc":7,"Ġa":8},"merges":[["a","b"],["ab","c"],["b","c"],["Ġ","a"]]}}`
	return fstest.MapFS{jsonFile: {Data: []byte(strings.NewReplacer(edits...).Replace(s))}}
}

func TestBPEErrors(t *testing.T) {
	pre := `{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}`
	post := `{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true}`
	merges := `[["a","b"],["ab","c"],["b","c"],["Ġ","a"]]`
	plain := func(name, text string) fstest.MapFS {
		files := fstest.MapFS{wordsFile: {Data: []byte(`{"a":0,"b":1,"ab":2,"<s>":3}`)}, mergesFile: {Data: []byte("#version: 0.2\na b\n")}}
		files[name] = &fstest.MapFile{Data: []byte(text)}
		return files
	}
	for name, c := range map[string]struct {
		files       fstest.MapFS
		unsupported bool
		want        []string
	}{
		"no merges":            {tinyBPE(`"merges"`, `"mergers"`), false, []string{"model", "merges"}},
		"left is no token":     {tinyBPE(`["ab","c"]`, `["xy","c"]`), false, []string{"model.merges[1]", `"xy"`}},
		"right is no token":    {tinyBPE(`["ab","c"]`, `["ab","z"]`), false, []string{"model.merges[1]", `"z"`}},
		"joined is no token":   {tinyBPE(`["ab","c"]`, `["c","c"]`), false, []string{"model.merges[1]", `"cc"`}},
		"three tokens":         {tinyBPE(`["ab","c"]`, `["a","b","c"]`), false, []string{"model.merges[1]", "expected 2 tokens"}},
		"an old line of three": {tinyBPE(merges, `["a b","a b c"]`), false, []string{"model.merges[1]", "expected 2 tokens"}},
		"merges of numbers":    {tinyBPE(merges, `[[1,2]]`), false, []string{"model.merges", "expected a string"}},
		"a huge prefix":        {tinyBPE(`"continuing_subword_prefix":null`, `"continuing_subword_prefix":"`+strings.Repeat("p", 5000)+`"`, merges, `[]`), false, []string{"continuing_subword_prefix", "4096"}},
		"shorter than prefix":  {tinyBPE(`"continuing_subword_prefix":null`, `"continuing_subword_prefix":"##"`), false, []string{"model.merges[0]", `"b"`, "prefix"}},
		"dropout":              {tinyBPE(`"dropout":null`, `"dropout":0.1`), true, []string{"model.dropout", "0.1"}},
		"dropout beyond 1":     {tinyBPE(`"dropout":null`, `"dropout":1.5`), false, []string{"model.dropout", "1.5"}},
		"unknown token":        {tinyBPE(`"unk_token":null`, `"unk_token":"<unk>"`), false, []string{"model.unk_token", "<unk>"}},
		"fallback with suffix": {tinyBPE(`"end_of_word_suffix":null`, `"end_of_word_suffix":"</w>"`, `"byte_fallback":false`, `"byte_fallback":true`), true, []string{"model.byte_fallback"}},
		"pre-tokenizer":        {tinyBPE(pre, `{"type":"ByteLevel"}`), false, []string{"pre_tokenizer", "add_prefix_space"}},
		"many byte levels":     {tinyBPE(pre, sequenceOf("pretokenizers", pre, 30)), false, []string{"pre_tokenizer.pretokenizers[4]"}},
		"post-processor":       {tinyBPE(post, `{"type":"ByteLevel"}`), false, []string{"post_processor", "trim_offsets"}},
		"two post-processors":  {tinyBPE(post, sequenceOf("processors", post, 2)), true, []string{"post_processor"}},
		"delimiter":            {tinyBPE(pre, `{"type":"CharDelimiterSplit","delimiter":"ab"}`), false, []string{"pre_tokenizer.delimiter", "ab"}},
		"length":               {tinyBPE(pre, `{"type":"FixedLength","length":0}`), false, []string{"pre_tokenizer.length"}},
		"BPEDecoder":           {tinyBPE(`"decoder":{"type":"ByteLevel"}`, `"decoder":{"type":"BPEDecoder"}`), false, []string{"decoder", "suffix"}},
		"CTC":                  {tinyBPE(`"decoder":{"type":"ByteLevel"}`, `"decoder":{"type":"CTC"}`), false, []string{"decoder", "pad_token"}},
		"vocab.json":           {plain(wordsFile, `{"a":0,"b":0}`), false, []string{wordsFile, `"a"`, `"b"`}},
		"merges.txt":           {plain(mergesFile, "a b\nab x\n"), false, []string{mergesFile, "merges[1]", `"x"`}},
		"class":                {plain(configFile, `{"tokenizer_class":"HerbertTokenizer"}`), true, []string{configFile, "HerbertTokenizer"}},
		"no <s>":               {plain(configFile, `{"tokenizer_class":"GPT2Tokenizer","added_tokens_decoder":{"x":{"content":"<y>"}}}`), false, []string{configFile, `"x"`}},
	} {
		_, err := Load(c.files)
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		if errors.Is(err, ErrUnsupported) != c.unsupported {
			t.Errorf("%s: %q: unsupported: %v", name, err, !c.unsupported)
		}
		for _, s := range c.want {
			if !strings.Contains(err.Error(), s) {
				t.Errorf("%s: %q does not name %q", name, err, s)
			}
		}
	}
}

// TestBPEOdd reads what is odd but sound: merges that are there twice (the last counts) or lead in circles.
func TestBPEOdd(t *testing.T) {
	for merges, want := range map[string][]int32{
		`[["a","b"],["ab","c"],["b","c"],["a","b"]]`:  {1, 6}, // b c comes before the second a b
		`[["b","c"],["a","bc"],["a","b"],["ab","c"]]`: {7},
		`[["a","b"],["b","c"]]`:                       {5, 3},
		`[]`:                                          {1, 2, 3},
		`["#version: 0.2","b c","a b"]`:               {1, 6},
	} {
		tok, err := Load(tinyBPE(`[["a","b"],["ab","c"],["b","c"],["Ġ","a"]]`, merges))
		must(t, err)
		e, err := tok.Encode("abc", Options{})
		must(t, err)
		if !slices.Equal(e.IDs, want) {
			t.Errorf("%s: %v, want %v", merges, e.IDs, want)
		}
	}
}

// naive merges as the definition says: the first merge of the list that applies, at its leftmost place.
func naive(parts []string, merges [][2]string) []string {
	for {
		best, at := len(merges), 0
		for i := 0; i+1 < len(parts); i++ {
			if k := slices.Index(merges, [2]string{parts[i], parts[i+1]}); k >= 0 && k < best {
				best, at = k, i
			}
		}
		if best == len(merges) {
			return parts
		}
		parts = append(append(slices.Clone(parts[:at]), parts[at]+parts[at+1]), parts[at+2:]...)
	}
}

// TestMerges compares short and long words with the definition.
func TestMerges(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 120 {
		words := map[string]int32{"a": 0, "b": 1, "c": 2}
		names := []string{"a", "b", "c"}
		var merges [][2]string
		var list []merge
		for range rng.IntN(25) {
			l, r := names[rng.IntN(len(names))], names[rng.IntN(len(names))]
			if slices.Contains(merges, [2]string{l, r}) || len(l+r) > 12 {
				continue
			}
			if _, ok := words[l+r]; !ok {
				words[l+r] = int32(len(names))
				names = append(names, l+r)
			}
			merges, list = append(merges, [2]string{l, r}), append(list, merge{words[l], words[r], words[l+r]})
		}
		b := newBPE(words, list, -1, nil, bpeOptions{})
		for range 8 {
			text := make([]byte, 1+rng.IntN(4*maxScan))
			for i := range text {
				text[i] = "abc"[rng.IntN(3)]
			}
			want := naive(strings.Split(string(text), ""), merges)
			for range 2 { // again from the words that are remembered
				var got []string
				for _, k := range b.tokenize(text, nil) {
					if string(text[k.lo:k.hi]) != names[k.id] {
						t.Fatalf("%q: token %q at %q", text, names[k.id], text[k.lo:k.hi])
					}
					got = append(got, names[k.id])
				}
				if !slices.Equal(got, want) {
					t.Fatalf("%q with %v: %v, want %v", text, merges, got, want)
				}
			}
		}
	}
}

// TestLongWords encodes texts that are one word, whose merges take a time in the square of their length if each looks at all pairs.
func TestLongWords(t *testing.T) {
	tok := golden(t, "gpt2")
	for name, part := range map[string]string{"letters": "a", "spaces": " ", "marks": "\u0301", "pairs": "ab", "lines": "\n    ", "words": "the", "ideographs": "日本"} {
		text := strings.Repeat(part, 1<<18/len(part))
		start := time.Now()
		e, err := tok.Encode(text, Options{})
		must(t, err)
		if took := time.Since(start); took > 20*time.Second { // the square takes minutes
			t.Errorf("%s: %v", name, took)
		}
		if got := tok.Decode(e.IDs, DecodeOptions{}); got != text {
			t.Errorf("%s: %d bytes came back of %d", name, len(got), len(text))
		}
	}
}

func TestConcurrentBPE(t *testing.T) {
	tok := golden(t, "roberta")
	texts := readTexts(t, filepath.Join("testdata", "bpe", "texts.jsonl"))
	want := make([]string, len(texts))
	for i, s := range texts {
		e, err := tok.Encode(s, Options{})
		must(t, err)
		want[i] = fmt.Sprint(e.IDs, e.Offsets)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i, s := range texts {
				if e, err := tok.Encode(s, Options{}); err != nil || fmt.Sprint(e.IDs, e.Offsets) != want[i] {
					t.Errorf("%q: %v, %v", s, e.IDs, err)
				}
			}
		})
	}
	wg.Wait()
}

// TestBPEAllocations checks that encoding allocates what it returns, and that a stream allocates a token's text.
func TestBPEAllocations(t *testing.T) {
	tok := golden(t, "gpt2")
	text := "The quick brown fox jumps over naïve Übermut, 日本 и река. 123"
	if got := testing.AllocsPerRun(100, func() {
		if _, err := tok.Encode(text, Options{}); err != nil {
			t.Fatal(err)
		}
	}); got > 3 && !raceDetector {
		t.Errorf("%v allocations, want 3", got)
	}
	e, err := tok.Encode(text, Options{})
	must(t, err)
	s := tok.Stream(DecodeOptions{})
	if got := testing.AllocsPerRun(100, func() {
		for _, id := range e.IDs {
			s.Next(id)
		}
	}); got > 2*float64(len(e.IDs)) {
		t.Errorf("%v allocations for %d tokens", got, len(e.IDs))
	}
}

// TestBytes checks that any bytes come back, UTF-8 or not.
func TestBytes(t *testing.T) {
	tok := golden(t, "gpt2")
	raw := make([]byte, 256)
	for i := range raw {
		raw[i] = byte(i)
	}
	e, err := tok.Encode(string(raw), Options{})
	must(t, err)
	var got []byte
	for _, s := range e.Tokens() {
		got = appendToken(got, s)
	}
	if string(got) != string(raw) {
		t.Errorf("%q", got)
	}
	for text, want := range map[string]string{ // The Unicode Standard, tables 3-8 to 3-11
		"\xc0\xaf\xe0\x80\xbf\xf0\x81\x82A": "\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffdA", "\xed\xa0\x80\xed\xbf\xbf\xed\xafA": "\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffdA",
		"\xf4\x91\x92\x93\xffA\x80\xbfB": "\ufffd\ufffd\ufffd\ufffd\ufffdA\ufffd\ufffdB", "\xe1\x80\xe2\xf0\x91\x92\xf1\xbfA": "\ufffd\ufffd\ufffd\ufffdA",
	} {
		if got, _ := appendLossy(nil, []byte(text), true); string(got) != want {
			t.Errorf("%+q: %+q, want %+q", text, got, want)
		}
	}
}

// TestPlainBPE checks what the files beside vocab.json and merges.txt say and what they leave open.
func TestPlainBPE(t *testing.T) {
	vocab := `{"a":0,"b":1,"ab":2,"Ġ":3,"<s>":4,"</s>":5,"<pad>":6,"<unk>":7,"<mask>":8,"<|endoftext|>":9,"b</w>":10,"ab</w>":11,"1":12,"c":13}`
	load := func(files map[string]string) (*Tokenizer, error) {
		fsys := fstest.MapFS{wordsFile: {Data: []byte(vocab)}, mergesFile: {Data: []byte("#version: 0.2\r\na b\r\na b</w>\r\n")}}
		for name, text := range files {
			fsys[name] = &fstest.MapFile{Data: []byte(text)}
		}
		return Load(fsys)
	}
	for _, c := range []struct {
		name  string
		files map[string]string
		text  string
		want  []int32
	}{
		{"by special tokens", nil, "ab <mask>b", []int32{4, 2, 8, 1, 5}},
		{"by the model", map[string]string{"config.json": `{"model_type":"gpt2"}`}, "ab<mask><|endoftext|>", []int32{2, 0, 9}}, // of <mask> the vocabulary has one letter
		{"class before model", map[string]string{"config.json": `{"model_type":"gpt2"}`, configFile: `{"tokenizer_class":"BartTokenizerFast"}`}, "b", []int32{4, 1, 5}},
		{"a space in front", map[string]string{configFile: `{"tokenizer_class":"GPT2Tokenizer","add_prefix_space":true}`}, "b", []int32{3, 1}},
		{"a new token", map[string]string{configFile: `{"tokenizer_class":"GPT2Tokenizer","pad_token":"<p>"}`}, "b<p>", []int32{1, 14}},
		{"begin and end", map[string]string{configFile: `{"tokenizer_class":"GPT2Tokenizer","bos_token":"</s>","add_bos_token":true,"add_eos_token":true}`}, "b", []int32{5, 1, 9}},
		{"added tokens", map[string]string{configFile: `{"tokenizer_class":"GPT2Tokenizer"}`, addedFile: `{"<x>":14,"<y>":15}`}, "<y>b<x>", []int32{15, 1, 14}},
		{"GPT-1", map[string]string{configFile: `{"tokenizer_class":"OpenAIGPTTokenizer"}`}, "AB b é", []int32{11, 10, 7}},
		{"Blenderbot", map[string]string{configFile: `{"tokenizer_class":"BlenderbotTokenizer"}`}, "b", []int32{3, 1}},
		{"Qwen2", map[string]string{configFile: `{"tokenizer_class":"Qwen2Tokenizer"}`}, "ab11b", []int32{2, 12, 12, 1}},
	} {
		tok, err := load(c.files)
		must(t, err)
		e, err := tok.Encode(c.text, Options{})
		must(t, err)
		if !slices.Equal(e.IDs, c.want) {
			t.Errorf("%s: %v, want %v", c.name, e.IDs, c.want)
		}
	}
}
