package tokenizer

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// wire builds protocol buffers.
type wire []byte

func (w wire) varint(field, v uint64) wire {
	return binary.AppendUvarint(binary.AppendUvarint(w, field<<3), v)
}

func (w wire) bytes(field uint64, b string) wire {
	return append(binary.AppendUvarint(binary.AppendUvarint(w, field<<3|wireBytes), uint64(len(b))), b...)
}

func (w wire) float(field uint64, v float32) wire {
	return binary.LittleEndian.AppendUint32(binary.AppendUvarint(w, field<<3|wire32), math.Float32bits(v))
}

func (w wire) piece(text string, score float32, kind pieceKind) wire {
	return w.bytes(1, string(wire{}.bytes(1, text).float(2, score).varint(3, uint64(kind))))
}

// tinySpm is a model of three pieces, and what more is appended.
func tinySpm() wire {
	return wire{}.piece("<unk>", 0, pieceUnknown).piece("▁a", -1, pieceNormal).piece("a", -2, pieceNormal)
}

func withCharsmap(data []byte) wire {
	return tinySpm().bytes(3, string(wire{}.bytes(2, string(data))))
}

// charsmapOf is a map of 256 units in which u changes some, and texts.
func charsmapOf(texts string, u func(units []uint32)) []byte {
	units := make([]uint32, 256)
	units[0] = 1 << 10 // offset 1: no key
	u(units)
	data := binary.LittleEndian.AppendUint32(nil, 1024)
	for _, v := range units {
		data = binary.LittleEndian.AppendUint32(data, v)
	}
	return append(data, texts...)
}

// oneRule rewrites “a” as the text at byte 0: its unit is 1 ^ 'a' = 96, its value in unit 96 ^ 2 = 98.
func oneRule(units []uint32) {
	units[1^'a'] = 'a' | unitHasValue | 2<<10
	units[1^'a'^2] = 1 << 31
}

// circle has a unit of “a” whose child is itself.
func circle(units []uint32) { units[1^'a'] = 'a' | 'a'<<10 }

// longKey has one key of so many bytes: a unit in each of as many blocks of 256, the last one with a value.
func longKey(size int) []byte {
	units := make([]uint32, (size+2)*256)
	at, text := uint32(0), uint32('a')
	units[0] = 256 << 10
	for i := range uint32(size) {
		at = (i+1)<<8 | text
		units[at] = text | (at^(i+2)<<8)<<10
	}
	units[at] |= unitHasValue
	units[(size+1)<<8] = 1 << 31
	data := binary.LittleEndian.AppendUint32(nil, uint32(4*len(units)))
	for _, u := range units {
		data = binary.LittleEndian.AppendUint32(data, u)
	}
	return append(data, "b\x00"...)
}

// TestLongKey matches the longest key, and follows zero bytes no further than one.
func TestLongKey(t *testing.T) {
	c, err := newCharsmap(longKey(maxKey))
	require.NoError(t, err)
	text, size := c.find([]byte(strings.Repeat("a", 2*maxKey)), false)
	assert.Equal(t, maxKey, size)
	assert.Equal(t, "b", string(text))
	c, err = newCharsmap(charsmapOf("b\x00", oneRule))
	require.NoError(t, err)
	zeros := make([]byte, 1<<18)
	start := time.Now()
	for i := range zeros {
		if _, size := c.find(zeros[i:], false); size != 0 {
			t.Fatalf("a key of %d zero bytes", size)
		}
	}
	assert.Less(t, time.Since(start), 10*time.Second) // half a minute if each is followed to the end
}

func TestSentencePieceErrors(t *testing.T) {
	trainer := func(w wire) string { return string(w) }
	allBytes := tinySpm()
	for b := range 256 {
		allBytes = allBytes.piece(byteToPiece(byte(b)), 0, pieceByte)
	}
	none := func([]uint32) {}
	for name, c := range map[string]struct {
		data []byte
		want []string // parts of the error after the file's name; none: it loads
	}{
		"tiny":              {tinySpm(), nil},
		"all bytes":         {allBytes.bytes(2, trainer(wire{}.varint(35, 1))), nil},
		"unknown fields":    {tinySpm().varint(99, 5).float(98, 1).bytes(97, "x").bytes(2, trainer(wire{}.varint(4, 8000).bytes(1, "in.txt"))), nil},
		"empty":             {nil, []string{"no pieces"}},
		"text":              {[]byte("not a model at all"), []string{"not a SentencePiece model", "field"}},
		"cut":               {tinySpm()[:20], []string{"not a SentencePiece model", "bytes"}},
		"endless number":    {[]byte(strings.Repeat("\xff", 40)), []string{"a broken field key at byte 0"}},
		"huge length":       {wire{1<<3 | wireBytes, 0xff, 0xff, 0xff, 0xff, 0x7f}, []string{"field 1", "bytes, but 0 are left"}},
		"group":             {wire{1<<3 | 3}, []string{"field 1: wire type 3"}},
		"field 0":           {wire{0, 0}, []string{"field number 0"}},
		"piece is a number": {wire{}.varint(1, 3), []string{"pieces[0]: found a varint field, expected length-delimited"}},
		"score is a number": {wire{}.bytes(1, string(wire{}.bytes(1, "x").varint(2, 3))), []string{"pieces[0]: score: found a varint field, expected 32-bit"}},
		"type":              {wire{}.piece("x", 0, 9), []string{"pieces[0]: type: unknown number 9"}},
		"model type":        {tinySpm().bytes(2, trainer(wire{}.varint(3, 7))), []string{"trainer_spec.model_type", "7"}},
		"flag is a text":    {tinySpm().bytes(3, trainer(wire{}.bytes(3, "x"))), []string{"normalizer_spec: add_dummy_prefix: found a length-delimited field"}},
		"empty piece":       {tinySpm().piece("", 0, pieceNormal), []string{"pieces[3]: piece: empty"}},
		"long piece":        {tinySpm().piece(strings.Repeat("x", 5000), 0, pieceNormal), []string{"pieces[3]", "5000 bytes", "4096"}},
		"no UTF-8":          {tinySpm().piece("\xff", 0, pieceNormal), []string{"pieces[3]", "not UTF-8"}},
		"zero byte":         {tinySpm().piece("x\x00", 0, pieceNormal), []string{"pieces[3]", "zero byte"}},
		"twice":             {tinySpm().piece("a", 0, pieceNormal), []string{"pieces[3]", `"a"`, "pieces[2]"}},
		"not a number":      {tinySpm().piece("x", float32(math.NaN()), pieceNormal), []string{"pieces[3]: score: NaN"}},
		"infinite":          {tinySpm().piece("x", float32(math.Inf(1)), pieceNormal), []string{"pieces[3]: score: +Inf"}},
		"two unknown":       {tinySpm().piece("x", 0, pieceUnknown), []string{"pieces[3]", "second unknown"}},
		"none unknown":      {wire{}.piece("x", 0, pieceNormal), []string{"none is the unknown one"}},
		"byte":              {tinySpm().piece("<0x00>", 0, pieceByte), []string{"pieces[3]", "byte_fallback is off"}},
		"few bytes":         {tinySpm().piece("<0x00>", 0, pieceByte).bytes(2, trainer(wire{}.varint(35, 1))), []string{"1 bytes", "256"}},
		"no byte":           {tinySpm().piece("<0xaa>", 0, pieceByte).bytes(2, trainer(wire{}.varint(35, 1))), []string{"pieces[3]", "<0xaa>"}},
		"denormalizer":      {tinySpm().bytes(5, trainer(wire{}.bytes(2, "x"))), []string{"denormalizer_spec", "not supported"}},
		"one rule":          {withCharsmap(charsmapOf("b\x00", oneRule)), nil},
		"map cut":           {withCharsmap([]byte{1}), []string{"normalizer_spec.precompiled_charsmap", "1 bytes"}},
		"map too large":     {withCharsmap([]byte{0, 4, 0, 0, 1}), []string{"precompiled_charsmap", "1024 bytes, but 1"}},
		"map not of blocks": {withCharsmap(append([]byte{8, 0, 0, 0}, "12345678x\x00"...)), []string{"precompiled_charsmap", "multiple of 1024"}},
		"texts without end": {withCharsmap(charsmapOf("b", oneRule)), []string{"precompiled_charsmap", "zero byte"}},
		"texts no UTF-8":    {withCharsmap(charsmapOf("\xff\x00", oneRule)), []string{"precompiled_charsmap", "not UTF-8"}},
		"no root":           {withCharsmap(charsmapOf("b\x00", func(u []uint32) { u[0] = 0 })), []string{"precompiled_charsmap", "unit 0"}},
		"far unit":          {withCharsmap(charsmapOf("b\x00", func(u []uint32) { u[7] = 1 << 20 })), []string{"precompiled_charsmap", "unit 7"}},
		"far text":          {withCharsmap(charsmapOf("b\x00", func(u []uint32) { u[7] = 1<<31 | 2 })), []string{"precompiled_charsmap", "unit 7", "byte 2 of 2"}},
		"no value":          {withCharsmap(charsmapOf("b\x00", func(u []uint32) { u[7] = 'x' | unitHasValue | 1<<10 })), []string{"precompiled_charsmap", "unit 7", "no value"}},
		"circle":            {withCharsmap(charsmapOf("b\x00", circle)), []string{"normalizer_spec.precompiled_charsmap", "more than 256 bytes", "leads back"}},
		"longest key":       {withCharsmap(longKey(256)), nil},
		"long key":          {withCharsmap(longKey(257)), []string{"precompiled_charsmap", "more than 256 bytes"}},
		"zero bytes":        {withCharsmap(charsmapOf("b\x00", func(u []uint32) { u[1] = 'x' << 10 })), nil},
		"no rule":           {withCharsmap(charsmapOf("b\x00", none)), nil},
	} {
		_, err := LoadSentencePiece(fstest.MapFS{"m.model": {Data: c.data}}, "m.model")
		if c.want == nil {
			assert.NoError(t, err, name)
			continue
		}
		for _, s := range append(c.want, "m.model: ") {
			assert.ErrorContains(t, err, s, name)
		}
	}
	_, err := LoadSentencePiece(fstest.MapFS{}, "m.model")
	assert.ErrorIs(t, err, fs.ErrNotExist)
}

// TestCharsmapGrowth checks that a rule with a long text is stopped while it is applied.
func TestCharsmapGrowth(t *testing.T) {
	data := charsmapOf(strings.Repeat("b", 1<<20)+"\x00", oneRule)
	spm, err := LoadSentencePiece(fstest.MapFS{"m": {Data: withCharsmap(data)}}, "m")
	require.NoError(t, err)
	tok, err := Load(unigramJSON(`"normalizer":null`, `"normalizer":{"type":"Precompiled","precompiled_charsmap":"`+base64.StdEncoding.EncodeToString(data)+`"}`))
	require.NoError(t, err)
	for name, tok := range map[string]*Tokenizer{"normalizer_spec": spm, "normalizer (Precompiled)": tok} {
		_, err := tok.Encode(strings.Repeat("a", 1<<16), Options{})
		assert.ErrorContains(t, err, name+": the text grows")
	}
}

// unigramJSON is a tokenizer.json of the Unigram kind, with replacements made in it.
func unigramJSON(edits ...string) fstest.MapFS {
	text := `{"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":null,"pre_tokenizer":{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true},` +
		`"post_processor":null,"decoder":{"type":"Metaspace","replacement":"▁","prepend_scheme":"always"},"model":{"type":"Unigram","unk_id":0,"vocab":[["<unk>",0],["▁a",-1.5],["▁",-2],["a",-3]],"byte_fallback":false}}`
	for i := 0; i < len(edits); i += 2 {
		if !strings.Contains(text, edits[i]) {
			panic(edits[i])
		}
		text = strings.ReplaceAll(text, edits[i], edits[i+1])
	}
	return fstest.MapFS{jsonFile: {Data: []byte(text)}}
}

func TestUnigramErrors(t *testing.T) {
	charsmap := func(s string) fstest.MapFS {
		return unigramJSON(`"normalizer":null`, `"normalizer":{"type":"Precompiled","precompiled_charsmap":`+s+`}`)
	}
	space := `{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true}`
	for name, c := range map[string]struct {
		files fstest.MapFS
		want  []string
	}{
		"as it is":          {unigramJSON(), nil},
		"old prefix":        {unigramJSON(`"prepend_scheme":"always"`, `"add_prefix_space":true,"str_rep":"▁"`), nil},
		"unk_id too high":   {unigramJSON(`"unk_id":0`, `"unk_id":4`), []string{"model.unk_id: 4 of 4"}},
		"unk_id negative":   {unigramJSON(`"unk_id":0`, `"unk_id":-1`), []string{"model.unk_id: -1"}},
		"no vocabulary":     {unigramJSON(`"vocab"`, `"words"`), []string{"model", "vocab"}},
		"no pair":           {unigramJSON(`["▁",-2]`, `["▁"]`), []string{"model", `["▁"]`, "[piece, score]"}},
		"score is a text":   {unigramJSON(`["▁",-2]`, `["▁","x"]`), []string{"model", "[piece, score]"}},
		"long piece":        {unigramJSON(`["▁",-2]`, `["`+strings.Repeat("x", 5000)+`",-2]`), []string{"model.vocab", "id 2", "5000 bytes"}},
		"two characters":    {unigramJSON(`"replacement":"▁"`, `"replacement":"▁▁"`), []string{"pre_tokenizer.replacement", "one character"}},
		"unknown scheme":    {unigramJSON(`"always"`, `"often"`), []string{"pre_tokenizer.prepend_scheme", "often"}},
		"contradiction":     {unigramJSON(`"split":true`, `"add_prefix_space":false`), []string{"pre_tokenizer", "add_prefix_space"}},
		"many rewrites":     {unigramJSON(space, sequenceOf("pretokenizers", space, 5)), []string{"pre_tokenizer.pretokenizers[4]", "4 steps"}},
		"map is null":       {charsmap("null"), []string{"normalizer", "precompiled_charsmap"}},
		"map is not base64": {charsmap(`"%"`), []string{"normalizer.precompiled_charsmap", "base64"}},
		"map is a circle":   {charsmap(`"` + base64.StdEncoding.EncodeToString(charsmapOf("b\x00", circle)) + `"`), []string{"normalizer.precompiled_charsmap", "leads back"}},
		"map is short":      {charsmap(`"AAAA"`), []string{"normalizer.precompiled_charsmap", "3 bytes"}},
	} {
		_, err := Load(c.files)
		if c.want == nil {
			assert.NoError(t, err, name)
			continue
		}
		for _, s := range append(c.want, jsonFile) {
			assert.ErrorContains(t, err, s, name)
		}
	}
}

// TestNoUnknown checks that a text that needs the unknown token of a model without one is an error, as in the library.
func TestNoUnknown(t *testing.T) {
	tok, err := Load(unigramJSON(`"unk_id":0`, `"unk_id":null`))
	require.NoError(t, err)
	_, err = tok.Encode("a aa", Options{})
	require.NoError(t, err)
	_, err = tok.Encode("a xa", Options{})
	assert.ErrorContains(t, err, `"x"`)
}

func TestConventionErrors(t *testing.T) {
	dir := filepath.Join(goldenDir(), "tokenizers", "marian")
	marian := func(edit func(f fstest.MapFS)) fstest.MapFS {
		f := fstest.MapFS{}
		for _, name := range []string{sourceFile, targetFile, vocabJSONFile, configFile} {
			data, err := os.ReadFile(filepath.Join(dir, name))
			require.NoError(t, err)
			f[name] = &fstest.MapFile{Data: data}
		}
		edit(f)
		return f
	}
	folder := func(config string, model wire) fstest.MapFS {
		return fstest.MapFS{"spiece.model": {Data: model}, configFile: {Data: []byte(config)}}
	}
	bpe := tinySpm().bytes(2, string(wire{}.varint(3, typeBPE)))
	for name, c := range map[string]struct {
		files fstest.MapFS
		want  []string
	}{
		"unknown class":     {folder(`{"tokenizer_class":"OddTokenizer"}`, tinySpm()), []string{configFile, "OddTokenizer", "spiece.model", "not supported"}},
		"T5 of BPE":         {folder(`{"tokenizer_class":"T5TokenizerFast"}`, bpe), []string{"spiece.model", "trainer_spec.model_type: BPE"}},
		"Llama of Unigram":  {folder(`{"tokenizer_class":"LlamaTokenizer"}`, tinySpm()), []string{"spiece.model", "trainer_spec.model_type: Unigram"}},
		"no unknown":        {folder(`{"tokenizer_class":"T5Tokenizer","unk_token":"?"}`, tinySpm()), []string{"spiece.model", `"?"`}},
		"many sentinels":    {folder(`{"tokenizer_class":"T5Tokenizer","extra_ids":1e12}`, tinySpm()), []string{"extra_ids", configFile}},
		"few pieces":        {folder(`{"tokenizer_class":"XLMRobertaTokenizer"}`, wire{}.piece("<unk>", 0, pieceUnknown)), []string{"spiece.model", "1 pieces"}},
		"Marian of another": {marian(func(f fstest.MapFS) { f[configFile].Data = []byte(`{"tokenizer_class":"T5Tokenizer"}`) }), []string{configFile, "T5Tokenizer", sourceFile}},
		"no target":         {marian(func(f fstest.MapFS) { delete(f, targetFile) }), []string{targetFile}},
		"no vocabulary":     {marian(func(f fstest.MapFS) { delete(f, vocabJSONFile) }), []string{vocabJSONFile}},
		"no second one":     {marian(func(f fstest.MapFS) { f[configFile].Data = []byte(`{"separate_vocabs":true}`) }), []string{targetVocabFile}},
		"no end":            {marian(func(f fstest.MapFS) { f[vocabJSONFile].Data = []byte(`{"<unk>":0}`) }), []string{vocabJSONFile, "</s>"}},
		"broken model":      {marian(func(f fstest.MapFS) { f[targetFile].Data = []byte("x") }), []string{targetFile + ": not a SentencePiece model"}},
	} {
		_, err := Load(c.files)
		for _, s := range c.want {
			assert.ErrorContains(t, err, s, name)
		}
	}
}

// TestMarian checks what the golden lines do not: language codes, separate vocabularies, special tokens in a text.
func TestMarian(t *testing.T) {
	dir := filepath.Join(goldenDir(), "tokenizers", "marian")
	files := fstest.MapFS{}
	for _, name := range []string{sourceFile, targetFile} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		files[name] = &fstest.MapFile{Data: data}
	}
	files[vocabJSONFile] = &fstest.MapFile{Data: []byte(`{"</s>":0,"<unk>":1,"▁a":2,">>fra<<":3,"<pad>":4,"▁":5,"▁日":6}`)}
	files[targetVocabFile] = &fstest.MapFile{Data: []byte(`{"</s>":0,"<unk>":1,"▁":7,"a":8,"<pad>":9}`)}
	files[configFile] = &fstest.MapFile{Data: []byte(`{"separate_vocabs":true}`)}
	tok, err := Load(files)
	require.NoError(t, err)
	for _, c := range []struct {
		text   string
		ids    []int32
		tokens []string
	}{
		{">>fra<< a", []int32{3, 2, 0}, []string{">>fra<<", "▁a", "</s>"}},
		{">>deu<<a", []int32{1, 2, 0}, []string{">>deu<<", "▁a", "</s>"}},
		{">>fra<<", []int32{3, 0}, []string{">>fra<<", "</s>"}},
		{"a </s>>>fra<<a", []int32{2, 0, 3, 2, 0}, []string{"▁a", "</s>", ">>fra<<", "▁a", "</s>"}},
		{"日", []int32{5, 1, 0}, []string{"▁", "日", "</s>"}}, // “▁” is a piece, so “▁日” is no run of unknown ones
	} {
		e, err := tok.Encode(c.text, Options{})
		require.NoError(t, err)
		assert.Equal(t, c.ids, e.IDs, c.text)
		assert.Equal(t, c.tokens, e.Tokens(), c.text)
	}
	e, err := tok.Target().Encode("a", Options{})
	require.NoError(t, err)
	assert.Equal(t, []int32{7, 8, 0}, e.IDs)
	assert.Equal(t, "a", tok.Target().Decode(e.IDs, DecodeOptions{SkipSpecial: true}))
	assert.Equal(t, "a</s>", tok.Target().Decode(e.IDs, DecodeOptions{}))
	assert.Nil(t, tok.Target().Target())
	assert.Equal(t, int32(4), tok.Special().Pad)
}

// TestByteFallbackDecoder checks which tokens are bytes: the cases are those of decoders/byte_fallback.rs, and of Rust's from_str_radix.
func TestByteFallbackDecoder(t *testing.T) {
	for _, c := range []struct{ in, want []string }{
		{[]string{"Hey", "friend!"}, []string{"Hey", "friend!"}},
		{[]string{"<0x61>"}, []string{"a"}},
		{[]string{"<0xE5>"}, []string{"\ufffd"}},
		{[]string{"<0xE5>", "<0x8f>"}, []string{"\ufffd", "\ufffd"}},
		{[]string{"<0xE5>", "<0x8f>", "<0xab>"}, []string{"叫"}},
		{[]string{"<0xE5>", "<0x8f>", "<0xab>", "a"}, []string{"叫", "a"}},
		{[]string{"<0xE5>", "<0x8f>", "a"}, []string{"\ufffd", "\ufffd", "a"}},
		{[]string{"<0x+5>", "<0x-5>", "<0xg0>"}, []string{"\x05", "<0x-5>", "<0xg0>"}},
	} {
		assert.Equal(t, c.want, byteFallback{}.decode(append([]string(nil), c.in...)), "%q", c.in)
	}
}

// FuzzSentencePiece opens any bytes as a model: an error, or a tokenizer that works.
func FuzzSentencePiece(f *testing.F) {
	for _, kind := range []uint64{typeUnigram, typeBPE, typeWord, typeChar} {
		m := tinySpm().piece("▁ab", -3, pieceNormal).piece("==", 0, pieceUser).piece("aa", -1, pieceUnused).piece("</s>", 0, pieceControl)
		f.Add([]byte(m.bytes(2, string(wire{}.varint(3, kind)))), "a ab == aaa ▁x")
		m = m.bytes(3, string(wire{}.bytes(2, string(charsmapOf("bc d\x00", oneRule))).varint(3, 0).varint(4, 0).varint(5, 0)))
		f.Add([]byte(m.bytes(2, string(wire{}.varint(3, kind).varint(24, 1)))), "a  日\xff")
	}
	bytes := tinySpm()
	for b := range 256 {
		bytes = bytes.piece(byteToPiece(byte(b)), 0, pieceByte)
	}
	f.Add([]byte(bytes.bytes(2, string(wire{}.varint(35, 1)))), "a é")
	f.Fuzz(func(t *testing.T, data []byte, text string) {
		tok, err := LoadSentencePiece(fstest.MapFS{"m": {Data: data}}, "m")
		if err != nil {
			return
		}
		for _, s := range []string{text, sample} {
			e, err := tok.Encode(s, Options{})
			if err != nil {
				continue
			}
			check(t, tok, &e, s)
			if utf8.ValidString(s) {
				tok.DecodeTokens(e.Tokens())
			}
		}
		for _, config := range []string{"T5", "XLMRoberta", "Albert", "Llama"} {
			tok, err := LoadPlain(fstest.MapFS{"spiece.model": {Data: data}, configFile: {Data: []byte(fmt.Sprintf(`{"tokenizer_class":"%sTokenizer"}`, config))}})
			if err != nil {
				continue
			}
			if e, err := tok.Encode(text, Options{}); err == nil {
				check(t, tok, &e, text)
			}
		}
	})
}
