package tokenizer

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// sample has something for every step.
const sample = "Héllo [MASK]  <lstrip> wörld, İ\u0301\u0323 日本 x\x00y\u200bz 12½ \xff naïve. \U0010ffff solo"

// FuzzTokenizerJSON opens any bytes as tokenizer.json: an error, or a tokenizer that works.
func FuzzTokenizerJSON(f *testing.F) {
	for _, name := range []string{"wordpiece-cased", "wordpiece-uncased", "gpt2-prefix", "roberta"} {
		data, err := os.ReadFile(filepath.Join("..", "..", "testdata", "golden", "tokenizers", name, jsonFile))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	bert := `{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true}`
	bertPre := `{"type":"BertPreTokenizer"}`
	for _, edits := range [][]string{
		nil,
		{bert, `{"type":"Sequence","normalizers":[{"type":"NFKC"},{"type":"Prepend","prepend":"p "},{"type":"Replace","pattern":{"Regex":"[a-z]*"},"content":"ab"},{"type":"Strip","strip_left":true,"strip_right":true}]}`},
		{bert, `{"type":"Sequence","normalizers":[{"type":"NFD"},{"type":"StripAccents"},{"type":"Lowercase"}]}`},
		{bertPre, `{"type":"Sequence","pretokenizers":[{"type":"Whitespace"},{"type":"Digits","individual_digits":true}]}`},
		{bertPre, `{"type":"Split","pattern":{"Regex":"\\w+|[^\\w\\s]"},"behavior":"MergedWithNext","invert":true}`},
		{`{"type":"WordPiece","prefix":"##","cleanup":true}`, `{"type":"Sequence","decoders":[{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":9}]}`},
	} {
		f.Add(tiny(edits...)[jsonFile].Data)
	}
	charsmap := base64.StdEncoding.EncodeToString(charsmapOf("b  c\x00", oneRule))
	f.Add(unigramJSON()[jsonFile].Data)
	f.Add(unigramJSON(`"normalizer":null`, `"normalizer":{"type":"Precompiled","precompiled_charsmap":"`+charsmap+`"}`, `"byte_fallback":false`, `"byte_fallback":true`,
		`["a",-3]`, `["a",-3],["<0xC3>",-9],["<0xA9>",-9]`, `"split":true`, `"split":false`)[jsonFile].Data)
	f.Add(unigramJSON(`"unk_id":0`, `"unk_id":null`, `"always"`, `"first"`)[jsonFile].Data)
	pre, bytes := `{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}`, `"decoder":{"type":"ByteLevel"}`
	for _, edits := range [][]string{
		nil,
		{pre, `{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"(?i:'s)|\\p{L}++|\\p{N}{1,3}| ?[^\\s\\p{L}]+|\\s+(?!\\S)|\\s"},"behavior":"Isolated","invert":false},` + pre + `]}`},
		{pre, `{"type":"Sequence","pretokenizers":[{"type":"UnicodeScripts"},{"type":"FixedLength","length":3},{"type":"CharDelimiterSplit","delimiter":"x"}]}`, `"byte_fallback":false`, `"byte_fallback":true`},
		{`"end_of_word_suffix":null`, `"end_of_word_suffix":"c"`, bytes, `"decoder":{"type":"BPEDecoder","suffix":"c"}`, `"unk_token":null`, `"unk_token":"c"`, `"fuse_unk":false`, `"fuse_unk":true,"ignore_merges":true`},
		{`"normalizer":null`, `"normalizer":{"type":"Sequence","normalizers":[{"type":"Nmt"},{"type":"ByteLevel"}]}`, bytes, `"decoder":{"type":"CTC","pad_token":"a","word_delimiter_token":"b","cleanup":true}`},
		{`"add_prefix_space":false`, `"add_prefix_space":true`, `[["a","b"],["ab","c"],["b","c"],["Ġ","a"]]`, `["a b","ab c","b c"]`},
	} {
		f.Add(tinyBPE(edits...)[jsonFile].Data)
	}
	f.Add(growing()[jsonFile].Data)
	f.Add(growingAdded()[jsonFile].Data)
	f.Add(manyAdded(1000)[jsonFile].Data)
	for _, b := range bombs() {
		f.Add(b.files[jsonFile].Data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		tok, err := Load(fstest.MapFS{jsonFile: {Data: data}})
		if err != nil {
			return
		}
		for _, o := range []Options{{}, {MaxLength: 7, Stride: 2}, {MaxLength: 5, Left: true, NoSpecial: true}} {
			if e, err := tok.Encode(sample, o); err == nil {
				check(t, tok, &e, sample)
			}
			if e, err := tok.EncodePair(sample, "a b", o); err == nil {
				check(t, tok, &e, sample, "a b")
			}
		}
		tok.Truncation()
		tok.Special()
	})
}

// check compares an encoding and its windows with what must hold for any text.
func check(t *testing.T, tok *Tokenizer, e *Encoding, texts ...string) {
	t.Helper()
	n := len(e.IDs)
	if len(e.Types) != n || len(e.Words) != n || len(e.Sequence) != n || len(e.Offsets) != n || len(e.Tokens()) != n {
		t.Fatal("slices of different lengths")
	}
	chars := e.CharOffsets()
	last := [2]Span{}
	for i, id := range e.IDs {
		if _, ok := tok.Token(id); !ok || id > tok.MaxID() {
			t.Fatalf("token %d has the unknown id %d", i, id)
		}
		k, s := e.Sequence[i], e.Offsets[i]
		if k < 0 {
			continue
		}
		text := texts[k]
		if s.Start < 0 || s.Start > s.End || int(s.End) > len(text) {
			t.Fatalf("token %d: %v in %d bytes", i, s, len(text))
		}
		if s.Start < last[k].Start && !tok.post.trim { // a space put in front is trimmed to the end of what it stands for
			t.Fatalf("token %d: %v after %v", i, s, last[k])
		}
		last[k] = s
		if a, b := utf8.RuneCountInString(text[:s.Start]), utf8.RuneCountInString(text[:s.End]); chars[i] != (Span{int32(a), int32(b)}) {
			t.Fatalf("token %d: code points %v, want %d to %d", i, chars[i], a, b)
		}
	}
	if err := checkStream(tok, e.IDs); err != nil {
		t.Fatal(err)
	}
	for i := range e.Overflow {
		check(t, tok, &e.Overflow[i], texts...)
	}
}

// FuzzRoundTrip encodes any text and decodes it: where no token is unknown, the words of the normalized text come back.
func FuzzRoundTrip(f *testing.F) {
	var toks []*Tokenizer
	for _, name := range []string{"wordpiece-cased", "wordpiece-uncased"} {
		tok, err := Load(os.DirFS(filepath.Join("..", "..", "testdata", "golden", "tokenizers", name)))
		if err != nil {
			f.Fatal(err)
		}
		toks = append(toks, tok)
	}
	f.Add(sample, "pair", uint8(8), uint8(2))
	f.Add("unaffable words, don't they?", "", uint8(0), uint8(0))
	f.Add("e\u0301\u0323 \u1ec7 \u0f73\u0f71 각", "\u0301", uint8(5), uint8(1))
	f.Fuzz(func(t *testing.T, text, pair string, size, stride uint8) {
		for _, tok := range toks {
			e, err := tok.Encode(text, Options{NoSpecial: true})
			if err != nil {
				t.Fatal(err)
			}
			check(t, tok, &e, text)
			if !slices.Contains(e.IDs, tok.Special().Unk) && !slices.ContainsFunc(e.IDs, func(id int32) bool { return id >= 1000 || id < 5 }) {
				var n normalized
				n.reset([]byte(text), 0)
				tok.normalizer.normalize(&n)
				got := letters(tok.Decode(e.IDs, DecodeOptions{}))
				if want := letters(string(n.text)); got != want {
					t.Fatalf("%q came back as %q", want, got)
				}
			}
			for s := LongestFirst; s <= OnlySecond; s++ {
				o := Options{MaxLength: int(size), Stride: int(stride % 8), Strategy: s, NoOverflow: len(text)*len(pair) > 1<<14}
				if e, err := tok.EncodePair(text, pair, o); err == nil {
					if size > 0 && len(e.IDs) > int(size) {
						t.Fatalf("%d tokens in a window of %d", len(e.IDs), size)
					}
					check(t, tok, &e, text, pair)
				}
			}
		}
	})
}

// FuzzBytes encodes any bytes with byte-level tokenizers: they come back, as bytes and as text, and stand where the tokens say.
func FuzzBytes(f *testing.F) {
	var toks []*Tokenizer
	for _, name := range []string{"gpt2", "gpt2-prefix", "roberta"} {
		tok, err := Load(os.DirFS(filepath.Join("..", "..", "testdata", "golden", "tokenizers", name)))
		if err != nil {
			f.Fatal(err)
		}
		toks = append(toks, tok)
	}
	f.Add(sample, uint8(8))
	f.Add("\xf0\x9f\x98 x\xc3 \u0085\u00a0\r\n  \U0001f600'LL 123 ſ", uint8(5))
	f.Fuzz(func(t *testing.T, text string, size uint8) {
		for _, tok := range toks {
			e, err := tok.Encode(text, Options{NoSpecial: true})
			if err != nil {
				t.Fatal(err)
			}
			check(t, tok, &e, text)
			if w, err := tok.Encode(text, Options{MaxLength: int(size), Stride: int(size / 4)}); err == nil {
				check(t, tok, &w, text)
			}
			if len(tok.raw.find(nil, []byte(text)))+len(tok.normal.find(nil, []byte(text))) > 0 {
				continue // added tokens may take white space in
			}
			var raw []byte
			for _, s := range e.Tokens() {
				raw = appendToken(raw, s)
			}
			if back := strings.TrimPrefix(string(raw), " "); back != strings.TrimPrefix(text, " ") {
				t.Fatalf("%q came back as %q", text, back)
			}
			want, _ := appendLossy(nil, raw, true)
			if got := tok.Decode(e.IDs, DecodeOptions{}); got != string(want) {
				t.Fatalf("%q, want %q", got, want)
			}
		}
	})
}

// FuzzRegex compiles any expression and matches any text with it, with and without remembering what was tried.
func FuzzRegex(f *testing.F) {
	for _, expr := range []string{qwen2Regex, `(a|aa)+b|a`, `[^(\s|[.,])]++(?!x|$)`, `\p{^Lu}{2,3}?(?i:k)`, `a+?|(?:b|c){2}+`} {
		f.Add(expr, sample)
	}
	f.Add(`a*b|a|`, "aabca")
	f.Add(`(?=\p{Greek})|\s*$`, "aα ")
	f.Fuzz(func(t *testing.T, expr, text string) {
		left := 1 << 10
		d, err := compileRegex(expr, &left)
		if err != nil {
			return
		}
		a, b := allMatches(d, text, false), allMatches(d, text, true)
		if !slices.EqualFunc(a, b, slices.Equal[[]int]) {
			t.Fatalf("%q in %q: %v and %v", expr, text, a, b)
		}
		end, empty := -1, d.empty()
		for _, m := range a {
			if m[0] < max(end, 0) || m[0] > m[1] || m[1] > len(text) || m[0] == m[1] && (m[0] == end || !empty) {
				t.Fatalf("%q in %q: %v", expr, text, a)
			}
			end = m[1]
		}
	})
}

// FuzzMerges opens any bytes as vocab.json and merges.txt.
func FuzzMerges(f *testing.F) {
	f.Add([]byte(`{"a":0,"b":1,"ab":2,"<s>":3,"</s>":4,"\u0120":5}`), []byte("#version: 0.2\na b\n"), []byte(`{"add_prefix_space":true}`))
	f.Add([]byte(`{"a":0,"b</w>":1,"ab</w>":2,"<unk>":3}`), []byte("a b</w>\r\n"), []byte(`{"tokenizer_class":"OpenAIGPTTokenizer"}`))
	f.Add([]byte(`{"a":0,"b":1}`), []byte("a b c\na"), []byte(`{"tokenizer_class":"Qwen2Tokenizer","added_tokens_decoder":{"7":{"content":"x"}},"eos_token":{"content":"y","lstrip":true}}`))
	f.Fuzz(func(t *testing.T, words, merges, config []byte) {
		tok, err := Load(fstest.MapFS{wordsFile: {Data: words}, mergesFile: {Data: merges}, configFile: {Data: config}})
		if err != nil {
			return
		}
		for _, o := range []Options{{}, {MaxLength: 7, Stride: 2}} {
			if e, err := tok.Encode(sample, o); err == nil {
				check(t, tok, &e, sample)
			}
		}
	})
}

// letters is a text without white space; the library's clean-up writes “do not” as “don't”.
func letters(s string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(s), ""), "donot", "don't")
}

// TestNormalForms compares the normal forms of what decomposes or composes in one version of Unicode and the other with those of x/text.
func TestNormalForms(t *testing.T) {
	for _, s := range []string{sample, "e\u0323\u0301 \u1ec7 a\u0301\u0302\u0323", "각힣 \u1112\u1161\u11ab", "ﬁ ² ㈱ ﷺ", "\u0344 \u0f73\u0f71", "\u0301 first"} {
		if !utf8.ValidString(s) {
			s = strings.ToValidUTF8(s, "\ufffd")
		}
		for form, name := range map[norm.Form]string{norm.NFC: "NFC", norm.NFD: "NFD", norm.NFKC: "NFKC", norm.NFKD: "NFKD"} {
			var n normalized
			n.reset([]byte(s), 0)
			unicodeForm(form).normalize(&n)
			if want := form.String(s); string(n.text) != want {
				t.Errorf("%s of %+q: %+q, want %+q", name, s, n.text, want)
			}
		}
	}
}
