package tokenizer

import (
	"fmt"
	"io/fs"
	"math"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

const (
	tinyNormalizer = `{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true}`
	tinyDecoder    = `{"type":"WordPiece","prefix":"##","cleanup":true}`
	tinyPost       = `{"type":"BertProcessing","sep":["[SEP]",3],"cls":["[CLS]",2]}`
	tinyPre        = `{"type":"BertPreTokenizer"}`
)

// replaceStep is a Replace of tokenizer.json.
func replaceStep(pattern, content string) string {
	return fmt.Sprintf(`{"type":"Replace","pattern":{"String":%q},"content":%q}`, pattern, content)
}

// sequenceOf is a Sequence of count equal steps.
func sequenceOf(field, step string, count int) string {
	return `{"type":"Sequence","` + field + `":[` + strings.Repeat(step+",", count-1) + step + `]}`
}

// bombs are files that are small and legal, and ask for unbounded work when they are read.
func bombs() map[string]struct {
	files fstest.MapFS
	want  []string
} {
	template := func(single string) string {
		ids := strings.Repeat("1,", 200) + "1"
		return `{"type":"TemplateProcessing","single":[` + single + `],"pair":[],"special_tokens":{"x":{"id":"x","ids":[` + ids + `],"tokens":[]}}}`
	}
	special, text := `{"SpecialToken":{"id":"x","type_id":0}}`, `{"Sequence":{"id":"A","type_id":0}}`
	regex := func(expr string) string {
		return `{"type":"Split","pattern":{"Regex":"` + expr + `"},"behavior":"Isolated","invert":false}`
	}
	type bomb = struct {
		files fstest.MapFS
		want  []string
	}
	return map[string]bomb{
		"decoder doubles":      {tiny(tinyDecoder, sequenceOf("decoders", replaceStep("a", "aa"), 30)), []string{"decoder.decoders[6]", "64 times"}},
		"decoder fills gaps":   {tiny(tinyDecoder, sequenceOf("decoders", `{"type":"Replace","pattern":{"Regex":"x*"},"content":"abc"}`, 4)), []string{"decoder.decoders[3]"}},
		"decoder of one step":  {tiny(tinyDecoder, replaceStep("a", strings.Repeat("b", 65))), []string{"decoder: ", "64 times"}},
		"many steps":           {tiny(tinyNormalizer, sequenceOf("normalizers", `{"type":"NFC"}`, 1200)), []string{"normalizer.normalizers[999]", "1000 steps"}},
		"template of tokens":   {tiny(tinyPost, template(special+","+special)), []string{"post_processor.single[1]", "256"}},
		"template of texts":    {tiny(tinyPost, template(text+","+text+","+text+","+text+","+text)), []string{"post_processor.single[4]", "4 times"}},
		"pattern of a repeat":  {tiny(tinyPre, regex(strings.Repeat(`a{1000}`, 20))), []string{"pre_tokenizer", "instructions"}},
		"patterns together":    {tiny(tinyPre, sequenceOf("pretokenizers", regex("a{100}"), 200)), []string{"pre_tokenizer.pretokenizers[", `"a{100}"`, "instructions"}},
		"patterns of states":   {tiny(tinyPre, sequenceOf("pretokenizers", regex("(?:a|b)*a(?:a|b){14}"), 90)), []string{"pre_tokenizer.pretokenizers[", "states"}},
		"states of a repeat":   {tiny(tinyPre, regex("a{1000}b|a")), []string{"pre_tokenizer", `"a{1000}b|a"`, "states", "128"}},
		"ranges of sets":       {tiny(tinyPre, sequenceOf("pretokenizers", regex("["+strings.Repeat(`\\w`, 1000)+"]"), 20)), []string{"pre_tokenizer.pretokenizers[", "ranges in sets"}},
		"look behind":          {tiny(tinyPre, regex("(?<=a)b")), []string{"pre_tokenizer", `"(?<=a)b"`, "not supported"}},
		"repeat of nothing":    {tiny(tinyPre, regex("(?:a*)*")), []string{"pre_tokenizer", `"(?:a*)*"`, "not supported"}},
		"long pattern":         {tiny(tinyPre, regex(strings.Repeat("a", 5000))), []string{"pre_tokenizer", "5000 bytes", "4096"}},
		"long word":            {tiny(`"c":6`, `"`+strings.Repeat("c", 5000)+`":6`), []string{"model.vocab", "5000 bytes", "4096"}},
		"long added token":     {tiny(`"added_tokens":[`, `"added_tokens":[{"content":"`+strings.Repeat("c", 5000)+`"},`), []string{"added_tokens", "5000 bytes"}},
		"added tokens grow":    {growingAdded(), []string{"added_tokens", "normalizer.normalizers[", "(Replace)"}},
		"ids beyond the range": {tiny(`"a":4`, `"a":2147483647`, `"added_tokens":[`, `"added_tokens":[{"content":"a"},{"content":"<x>"},`), []string{"added_tokens", "<x>", "2147483648"}},
	}
}

// growing is a tokenizer whose normalizer doubles every “a” thirty times.
func growing() fstest.MapFS {
	return tiny(tinyNormalizer, sequenceOf("normalizers", replaceStep("a", "aa"), 30))
}

func growingAdded() fstest.MapFS {
	return tiny(tinyNormalizer, sequenceOf("normalizers", replaceStep("a", "aa"), 30),
		`"added_tokens":[`, `"added_tokens":[{"content":"aa","normalized":true},`)
}

// manyAdded is a tokenizer with so many added tokens.
func manyAdded(count int) fstest.MapFS {
	var b strings.Builder
	b.WriteString(`"added_tokens":[`)
	for i := range count {
		fmt.Fprintf(&b, `{"content":"<%d>"},`, i)
	}
	return tiny(`"added_tokens":[`, b.String())
}

func TestBombs(t *testing.T) {
	for name, c := range bombs() {
		_, err := Load(c.files)
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		for _, s := range append(c.want, jsonFile) {
			if !strings.Contains(err.Error(), s) {
				t.Errorf("%s: %q does not name %q", name, err, s)
			}
		}
	}
}

// TestManyAddedTokens reads what takes minutes if each token is compared with all before it.
func TestManyAddedTokens(t *testing.T) {
	const count = 100_000
	tok, err := Load(manyAdded(count))
	must(t, err)
	for _, i := range []int32{0, 1, count - 1} { // after the seven words
		if id, _ := tok.ID(fmt.Sprintf("<%d>", i)); id != 7+i {
			t.Errorf("<%d> has the id %d", i, id)
		}
	}
}

func TestNormalizerGrowth(t *testing.T) {
	prepend := `{"type":"Prepend","prepend":"` + strings.Repeat("a", 3000) + `"}`
	for name, c := range map[string]struct {
		files fstest.MapFS
		text  string
		want  string // in the error; empty: none
	}{
		"doubles":           {growing(), "xax", "normalizer.normalizers[12] (Replace)"}, // 2+2¹³ > 3·16+4096 ≥ 2+2¹²
		"nothing to double": {growing(), "xyz", ""},
		"in one step":       {tiny(tinyNormalizer, replaceStep("a", strings.Repeat("b", 10000))), "a", "normalizer (Replace)"},
		"once":              {tiny(tinyNormalizer, replaceStep("a", strings.Repeat("b", 4111))), "a", ""},
		"prepends":          {tiny(tinyNormalizer, sequenceOf("normalizers", prepend, 2)), "a", "normalizer.normalizers[1] (Prepend)"},
		"prepends once":     {tiny(tinyNormalizer, prepend), "a", ""},
		"in every segment":  {tiny(tinyNormalizer, prepend), "a[UNK]a", "normalizer (Prepend)"},
		"spaces":            {tiny(tinyNormalizer, sequenceOf("normalizers", tinyNormalizer, 40)), strings.Repeat("日", 1000), "(BertNormalizer)"},
		"longest form":      {tiny(tinyNormalizer, `{"type":"Sequence","normalizers":[{"type":"NFKD"},`+replaceStep(" ", "▁")+`]}`), strings.Repeat("\ufdfa", 5000), ""},
	} {
		tok, err := Load(c.files)
		must(t, err)
		for range 2 { // the second time with the scratch of the first
			_, err = tok.Encode(c.text, Options{})
			switch {
			case c.want == "" && err != nil:
				t.Errorf("%s: %v", name, err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("%s: %v does not name %q", name, err, c.want)
			}
		}
	}
	if got := maxNormalized(math.MaxInt32); got != math.MaxInt32 {
		t.Errorf("a text may grow to %d bytes, which offsets in a word cannot count", got)
	}
}

// TestDecoderGrowth checks that decoders as published files have them are taken.
func TestDecoderGrowth(t *testing.T) {
	for _, steps := range []string{
		replaceStep("▁", " ") + `,{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}`,
		tinyDecoder + "," + strings.Repeat(replaceStep(" .", ".")+",", 50) + `{"type":"Replace","pattern":{"Regex":" +"},"content":" "}`,
	} {
		_, err := Load(tiny(tinyDecoder, `{"type":"Sequence","decoders":[`+steps+`]}`))
		must(t, err)
	}
}

// TestNotFiles opens tokenizers of which a file is none.
func TestNotFiles(t *testing.T) {
	plain := func(name string, f *fstest.MapFile) fstest.MapFS {
		return fstest.MapFS{vocabFile: {Data: []byte("[UNK]\n[CLS]\n[SEP]\n")}, name: f}
	}
	pointer := &fstest.MapFile{Data: []byte("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")}
	for _, name := range []string{jsonFile, vocabFile, configFile, specialFile, addedFile} {
		for _, c := range []struct {
			file *fstest.MapFile
			want string
		}{
			{&fstest.MapFile{Mode: fs.ModeNamedPipe}, "not a regular file"},
			{&fstest.MapFile{Mode: fs.ModeDevice}, "not a regular file"},
			{&fstest.MapFile{Data: make([]byte, maxFile+1)}, fmt.Sprintf("%d bytes, more than the %d", maxFile+1, maxFile)},
			{pointer, "git lfs pull"},
		} {
			_, err := Load(plain(name, c.file))
			if err == nil || !strings.HasPrefix(err.Error(), name+": ") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %s: … %s", err, name, c.want)
			}
		}
	}
}

// TestJSONErrors checks that errors speak of the file, not of how it is read.
func TestJSONErrors(t *testing.T) {
	mark := tiny()
	mark[jsonFile].Data = append([]byte("\xef\xbb\xbf"), mark[jsonFile].Data...)
	config := func(text string) fstest.MapFS {
		files := tiny()
		files[configFile] = &fstest.MapFile{Data: []byte(text)}
		return files
	}
	semicolon := tiny(`"unk_token":"[UNK]"`, `"unk_token";"[UNK]"`)
	text := string(semicolon[jsonFile].Data)
	at := strings.IndexByte(text, ';')
	lines := strings.Split(text[:at], "\n")
	for _, c := range []struct {
		files fstest.MapFS
		want  string
	}{
		{mark, jsonFile + ": not JSON: invalid character 'ï' looking for beginning of value at byte 0: a byte order mark, which JSON does not allow; save the file as UTF-8 without it"},
		{semicolon, fmt.Sprintf(`%s: "model": not JSON: invalid character ';' after object key at byte %d (line %d, column %d)`,
			jsonFile, at, len(lines), len(lines[len(lines)-1])+1)},
		{tiny(`"lowercase":true`, `"lowercase":"yes"`), jsonFile + ": normalizer: lowercase: found string, expected true or false"},
		{config(`{"model_max_length":"512"}`), configFile + ": model_max_length: found string, expected a number"},
		{config(`{"mask_token":{"content":7}}`), configFile + ": mask_token.content: found number, expected a string"},
		{config("{\n\"do_lower_case\": True}"), configFile + `: "do_lower_case": not JSON: invalid character 'T' looking for beginning of value at byte 19 (line 2, column 18)`},
	} {
		if _, err := Load(c.files); err == nil || err.Error() != c.want {
			t.Errorf("%v\nwant %s", err, c.want)
		}
	}
}

// TestNoRoom checks what Options say of a MaxLength that special tokens fill. The files in testdata have what the library gives for it.
func TestNoRoom(t *testing.T) {
	tok, err := Load(tiny())
	must(t, err)
	e, err := tok.Encode("a b a", Options{MaxLength: 2})
	must(t, err)
	if want := []int32{2, 3}; !slices.Equal(e.IDs, want) || len(e.Overflow) != 1 {
		t.Fatalf("ids %v and %d further windows, want %v and one", e.IDs, len(e.Overflow), want)
	}
	if want := []int32{2, 4, 1, 4, 3}; !slices.Equal(e.Overflow[0].IDs, want) {
		t.Errorf("further window %v, want %v", e.Overflow[0].IDs, want)
	}
	e, err = tok.Encode("a b a", Options{MaxLength: 2, NoOverflow: true})
	must(t, err)
	if e.Overflow != nil {
		t.Errorf("%d further windows", len(e.Overflow))
	}
}

func TestVocabularyTooLarge(t *testing.T) {
	words := make(map[string]int32, maxWords+1)
	for i := range maxWords + 1 {
		words[strconv.Itoa(i)] = int32(i)
	}
	if err := (&builder{t: &Tokenizer{}}).setVocab(words); err == nil || !strings.Contains(err.Error(), strconv.Itoa(maxWords)) {
		t.Error(err)
	}
}

func TestCountValues(t *testing.T) {
	for text, want := range map[string][2]int{ // on one level, and on two
		`[]`: {0, 0}, `{}`: {0, 0}, ` [ ] `: {0, 0}, `[1]`: {1, 1}, `[1, "a,b]\\", {"x":[1,2],"y":2} ,[] ]`: {4, 6}, `{"a\",":1,"b":[2,3]}`: {2, 4}, `[["a","b"],["c","d"]]`: {2, 6}, `7`: {0, 0}, `[[[1,2]],[[3]]]`: {2, 4},
	} {
		if got := [2]int{countValues([]byte(text), 1, 99), countValues([]byte(text), 2, 99)}; got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}

// TestGarbage opens large files of values as small as can be: little may be made of them before they are refused.
func TestGarbage(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 400 MB")
	}
	const size = 20 << 20
	full := func(head, value, tail string) []byte {
		return []byte(head + strings.Repeat(value, (size-len(head)-len(tail))/len(value)) + tail)
	}
	distinct := func(head, format, tail string) []byte {
		out := make([]byte, 0, size)
		out = append(out, head...)
		for i := 0; len(out) < size-len(tail)-32; i++ {
			out = fmt.Appendf(out, format, i)
		}
		return append(out, tail...)
	}
	file := func(name string, data []byte, more ...string) fstest.MapFS {
		files := fstest.MapFS{name: {Data: data}}
		for i := 0; i < len(more); i += 2 {
			files[more[i]] = &fstest.MapFile{Data: []byte(more[i+1])}
		}
		return files
	}
	whole := string(tiny()[jsonFile].Data)
	json := func(old, field, value, last string) fstest.MapFS {
		head, tail, ok := strings.Cut(whole, old)
		if !ok {
			t.Fatal(old)
		}
		return file(jsonFile, full(head+field, value, last+tail))
	}
	bpe := func(field, value, last string) fstest.MapFS {
		return file(jsonFile, full(`{"model":{"type":"BPE","vocab":{"a":0},"`+field, value, last+"}}"))
	}
	for name, c := range map[string]struct {
		files fstest.MapFS
		want  []string
	}{
		"added tokens":       {json(`"added_tokens":[`, `"added_tokens":[`, "{},", ""), []string{jsonFile, "262144 added tokens"}},
		"words":              {json(`"vocab":{`, `"vocab":{`, `"a":1,`, ""), []string{jsonFile, "model", "1048576 words"}},
		"distinct words":     {file(jsonFile, distinct(`{"model":{"type":"BPE","merges":[],"vocab":{"x":0`, `,"%[1]d":%[1]d`, "}}}")), []string{jsonFile, "1048576 words"}},
		"pieces":             {file(jsonFile, full(`{"model":{"type":"Unigram","vocab":[`, `["",1],`, `["",1]]}}`)), []string{jsonFile, "1048576 pieces"}},
		"long pieces":        {file(jsonFile, full(`{"model":{"type":"Unigram","vocab":[`, `["`+strings.Repeat("x", 4000)+`",1],`, `["",1]]}}`)), []string{jsonFile, "16777216 bytes"}},
		"merges":             {bpe(`merges":[`, "[],", "[]]"), []string{jsonFile, "model.merges", "1048576"}},
		"a merge":            {bpe(`merges":[[`, `"",`, `""]]`), []string{jsonFile, "model.merges", "1048576"}},
		"merges as texts":    {bpe(`merges":[`, `"a a",`, `""]`), []string{jsonFile, "model.merges", "1048576"}},
		"a merge as a text":  {bpe(`merges":["`, " ", `"]`), []string{jsonFile, "merges[0]", "2 tokens"}},
		"steps":              {json(tinyNormalizer, `{"type":"Sequence","normalizers":[`, "0,", "0]}"), []string{jsonFile, "normalizer", "4194304"}},
		"fields":             {json(tinyPost, `{"type":"BertProcessing"`, `,"":0`, "}"), []string{jsonFile, "post_processor", "4194304"}},
		"lists":              {file(jsonFile, full(`{"x":[`, "[],", "[]]}")), []string{jsonFile, "model"}},
		"lines":              {file(vocabFile, distinct("", "%x\n", "")), []string{vocabFile, "lines", "1048576"}},
		"merges.txt":         {file(mergesFile, full("", "a\n", ""), wordsFile, `{"a":0}`), []string{mergesFile, "lines", "1048576"}},
		"merges.txt, spaces": {file(mergesFile, full("", " ", ""), wordsFile, `{"a":0}`), []string{mergesFile, "merges[0]", "2 tokens"}},
		"vocab.json":         {file(wordsFile, full("{", `"a":1,`, `"a":1}`), mergesFile, ""), []string{wordsFile, "1048576 words"}},
		"by id":              {file(configFile, full(`{"added_tokens_decoder":{`, `"1":{},`, `"1":{}}}`), jsonFile, whole), []string{configFile, "262144 added tokens"}},
		"by name":            {file(addedFile, full(`{`, `"":1,`, `"":1}`), jsonFile, whole), []string{addedFile, "262144 added tokens"}},
		"more":               {file(specialFile, full(`{"additional_special_tokens":[`, `"",`, `""]}`), jsonFile, whole), []string{specialFile, "262144 added tokens"}},
		"model":              {file("tokenizer.model", full("", "\x0a\x00", "")), []string{"tokenizer.model", "1048576"}},
	} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		start := time.Now()
		_, err := Load(c.files)
		took := time.Since(start)
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		for _, s := range c.want {
			if !strings.Contains(err.Error(), s) {
				t.Errorf("%s: %.300q does not name %q", name, err, s)
			}
		}
		if made := after.TotalAlloc - before.TotalAlloc; made > 10*size || took > 20*time.Second { // of the file and of its sections there are copies
			t.Errorf("%s: %d MB in %v", name, made>>20, took)
		}
	}
}
