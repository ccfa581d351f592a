package tokenizer

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// tiny gives a tokenizer.json with words of ids 0, 1, …; each edit replaces one text by another.
func tiny(edits ...string) fstest.MapFS {
	s := `{"version":"1.0","truncation":null,"padding":null,
"added_tokens":[{"id":1,"content":"[UNK]","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}],
"normalizer":{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true},
"pre_tokenizer":{"type":"BertPreTokenizer"},
"post_processor":{"type":"BertProcessing","sep":["[SEP]",3],"cls":["[CLS]",2]},
"decoder":{"type":"WordPiece","prefix":"##","cleanup":true},
"model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":100,
"vocab":{"[PAD]":0,"[UNK]":1,"[CLS]":2,"[SEP]":3,"a":4,"##b":5,"c":6}}}`
	return fstest.MapFS{jsonFile: {Data: []byte(strings.NewReplacer(edits...).Replace(s))}}
}

// TestBroken opens the broken checkpoints whose tokenizer must be refused.
func TestBroken(t *testing.T) {
	dir := filepath.Join("..", "..", "testdata", "golden", "error")
	data, err := os.ReadFile(filepath.Join(dir, "cases.json"))
	must(t, err)
	var file struct {
		Cases []struct {
			Name, Fails string
			MustName    []string `json:"error_must_name"`
		}
	}
	must(t, json.Unmarshal(data, &file))
	seen := 0
	for _, c := range file.Cases {
		tok, err := Load(os.DirFS(filepath.Join(dir, c.Name)))
		switch {
		case c.Fails != "tokenizer":
			continue
		case c.Name == "tokenizer_larger": // sound by itself: it has more words than the model has rows
			must(t, err)
			if tok.MaxID()+1 != 30 {
				t.Errorf("%s: MaxID %d", c.Name, tok.MaxID())
			}
			continue
		case err == nil:
			t.Errorf("%s: no error", c.Name)
			continue
		}
		seen++
		for _, s := range c.MustName {
			if !strings.Contains(err.Error(), s) {
				t.Errorf("%s: %q does not name %q", c.Name, err, s)
			}
		}
	}
	if seen == 0 {
		t.Error("no broken tokenizers")
	}
}

func TestLoadErrors(t *testing.T) {
	deep := strings.Repeat(`{"type":"Sequence","normalizers":[`, 500) + strings.Repeat(`]}`, 500)
	bert := `{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true}`
	split := func(expr string) string {
		return `{"type":"Split","pattern":{"Regex":"` + expr + `"},"behavior":"Isolated","invert":false}`
	}
	pre := `{"type":"BertPreTokenizer"}`
	post := `{"type":"BertProcessing","sep":["[SEP]",3],"cls":["[CLS]",2]}`
	for _, c := range []struct {
		name        string
		files       fstest.MapFS
		unsupported bool
		want        []string
	}{
		{"nothing", fstest.MapFS{}, false, []string{jsonFile, vocabFile}},
		{"empty", fstest.MapFS{jsonFile: {}}, false, []string{jsonFile}},
		{"empty byte-pair files", fstest.MapFS{"vocab.json": {}, "merges.txt": {}}, false, []string{"vocab.json"}},
		{"sentencepiece", fstest.MapFS{"spiece.model": {}}, false, []string{"spiece.model", "no pieces"}},
		{"BPE", tiny(`"WordPiece","unk_token"`, `"BPE","unk_token"`), false, []string{jsonFile, "model", "BPE", "merges"}},
		{"vocab.json alone", fstest.MapFS{"vocab.json": {Data: []byte("{}")}}, false, []string{"vocab.json", "merges.txt"}},
		{"unknown model", tiny(`"WordPiece","unk_token"`, `"Morse","unk_token"`), false, []string{jsonFile, "model", "Morse"}},
		{"unknown normalizer", tiny(bert, `{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Foo"}]}`), false, []string{"normalizer.normalizers[1]", "Foo"}},
		{"no type", tiny(bert, `{"lowercase":true}`), false, []string{"normalizer", `""`}},
		{"missing field", tiny(`"clean_text":true,`, ``), false, []string{"normalizer", "clean_text"}},
		{"wrong kind", tiny(`"lowercase":true`, `"lowercase":"yes"`), false, []string{"normalizer", "lowercase"}},
		{"deep", tiny(bert, deep), false, []string{"levels"}},
		{"look ahead at a word", tiny(pre, split(`\\s+(?!\\S+)`)), true, []string{"pre_tokenizer", `(?!`, "look ahead"}},
		{"look behind", tiny(pre, split(`(?<!a)b`)), true, []string{"pre_tokenizer", `(?<!a)b`}},
		{"line anchor", tiny(pre, split(`^a`)), true, []string{"pre_tokenizer", "^"}},
		{"word boundary", tiny(pre, split(`\\bx`)), true, []string{"pre_tokenizer", `\b`}},
		{"unbalanced", tiny(pre, split(`(a`)), true, []string{"pre_tokenizer", "(a"}},
		{"no pattern", tiny(pre, `{"type":"Split","behavior":"Isolated","invert":false}`), false, []string{"pre_tokenizer"}},
		{"bad behavior", tiny(pre, `{"type":"Punctuation","behavior":"Sideways"}`), false, []string{"pre_tokenizer", "Sideways"}},
		{"unknown id in a template", tiny(`["[SEP]",3]`, `["[SEP]",33]`), false, []string{"post_processor", "33"}},
		{"template without B", tiny(post, `{"type":"TemplateProcessing","single":[{"Sequence":{"id":"B","type_id":0}}],"pair":[],"special_tokens":{}}`), false, []string{"single[0]", "B"}},
		{"template without special token", tiny(post, `{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"[X]","type_id":0}}],"pair":[],"special_tokens":{}}`), false, []string{"single[0]", "[X]"}},
		{"unknown decoder", tiny(`{"type":"WordPiece","prefix"`, `{"type":"Rot13","prefix"`), false, []string{"decoder", "Rot13"}},
		{"version", tiny(`"1.0"`, `"2.0"`), false, []string{"version", "2.0"}},
		{"negative id", tiny(`"a":4`, `"a":-4`), false, []string{"model.vocab", "-4"}},
		{"huge id", tiny(`"a":4`, `"a":4000000000`), false, []string{"vocab", "4000000000"}},
		{"fractional id", tiny(`"a":4`, `"a":4.5`), false, []string{"vocab", "4.5"}},
		{"same id", tiny(`"a":4`, `"a":5`), false, []string{`"##b"`, `"a"`, "5"}},
		{"no unknown token", tiny(`"unk_token":"[UNK]"`, `"unk_token":"[NOPE]"`), false, []string{"unk_token", "[NOPE]"}},
		{"no vocabulary", tiny(`"vocab"`, `"words"`), false, []string{"model", "vocab"}},
		{"truncation", tiny(`"truncation":null`, `"truncation":{"max_length":8,"strategy":"Shortest","stride":0}`), false, []string{"truncation", "Shortest"}},
		{"config", fstest.MapFS{vocabFile: {Data: []byte("[UNK]\n")}, configFile: {Data: []byte("{")}}, false, []string{configFile}},
		{"class", fstest.MapFS{vocabFile: {Data: []byte("[UNK]\n")}, configFile: {Data: []byte(`{"tokenizer_class":"BertJapaneseTokenizer"}`)}}, true, []string{"BertJapaneseTokenizer"}},
		{"added token on a word's id", tiny(`"a":4`, `"a":7`, `"added_tokens":[`, `"added_tokens":[{"content":"<x>"},`), false, []string{jsonFile, "<x>", "7", `"a"`}},
		{"vocabulary without [UNK]", fstest.MapFS{vocabFile: {Data: []byte("a\nb\n")}}, false, []string{vocabFile, "[UNK]"}},
		{"vocabulary without [CLS]", fstest.MapFS{vocabFile: {Data: []byte("a\n[UNK]\n")}}, false, []string{vocabFile, "[CLS]"}},
		{"vocabulary in Latin-1", fstest.MapFS{vocabFile: {Data: []byte("caf\xe9\n")}}, false, []string{vocabFile, "UTF-8"}},
	} {
		_, err := Load(c.files)
		if err == nil {
			t.Errorf("%s: no error", c.name)
			continue
		}
		if errors.Is(err, ErrUnsupported) != c.unsupported {
			t.Errorf("%s: %q: unsupported: %v", c.name, err, !c.unsupported)
		}
		for _, s := range c.want {
			if !strings.Contains(err.Error(), s) {
				t.Errorf("%s: %q does not name %q", c.name, err, s)
			}
		}
	}
	if _, err := Load(fstest.MapFS{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no files: %v", err)
	}
}

// TestSparse checks that gaps between ids cost nothing, and that of equal keys the last counts.
func TestSparse(t *testing.T) {
	tok, err := Load(tiny(`"a":4`, `"a":7,"a":2147483000`))
	must(t, err)
	if tok.MaxID() != 2147483000 || tok.Size() != 7 {
		t.Errorf("MaxID %d, Size %d", tok.MaxID(), tok.Size())
	}
	e, err := tok.Encode("a", Options{})
	must(t, err)
	if want := []int32{2, 2147483000, 3}; !slices.Equal(e.IDs, want) {
		t.Errorf("ids %v, want %v", e.IDs, want)
	}
}

// TestPlain checks what the plain files say and what they leave open.
func TestPlain(t *testing.T) {
	vocab := "[PAD]\r\n[UNK]\r\n[CLS]\r\n[SEP]\r\na\r\n##b\r\nb\r\nÉ\r\n<new>"
	files := fstest.MapFS{
		vocabFile:   {Data: []byte(vocab)},
		specialFile: {Data: []byte(`{"cls_token":{"content":"[CLS]","lstrip":false},"additional_special_tokens":["<new>"]}`)},
		configFile:  {Data: []byte(`{"do_lower_case":false,"model_max_length":1000000000000000019884624838656}`)},
		addedFile:   {Data: []byte(`{"<more>":10}`)},
	}
	tok, err := LoadPlain(files)
	must(t, err)
	e, err := tok.Encode("ab É<new> é <more>", Options{})
	must(t, err)
	// [MASK] is not in the vocabulary, so it gets no id; <more> gets the number of words, not what its file says.
	if want := []int32{2, 4, 5, 7, 8, 1, 9, 3}; !slices.Equal(e.IDs, want) {
		t.Errorf("ids %v, want %v", e.IDs, want)
	}
	if s := tok.Special(); s != (Special{CLS: 2, SEP: 3, Mask: -1, Pad: 0, Unk: 1}) {
		t.Errorf("special %+v", s)
	}
	if tok.MaxLength() != 0 {
		t.Errorf("MaxLength %d", tok.MaxLength())
	}
	if got := tok.Decode([]int32{8, 6}, DecodeOptions{SkipSpecial: true}); got != "b" {
		t.Errorf("decoded %q", got)
	}
}
