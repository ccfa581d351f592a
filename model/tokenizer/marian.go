package tokenizer

// Marian checkpoints: a SentencePiece model for each side, whose pieces get their ids from vocab.json.

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"unicode"
)

const (
	sourceFile      = "source.spm"
	targetFile      = "target.spm"
	vocabJSONFile   = "vocab.json"
	targetVocabFile = "target_vocab.json"
)

// loadMarian reads source.spm, target.spm and vocab.json, and target_vocab.json where the configuration says that the sides have their own
// (separate_vocabs), as MarianTokenizer of transformers does without its rewriting of punctuation.
func loadMarian(fsys fs.FS) (*Tokenizer, error) {
	c, err := readConfig(fsys)
	if err != nil {
		return nil, err
	}
	if class := trimClass(c.Class); class != "" && class != "Marian" {
		return nil, fmt.Errorf("%s: the tokenizer_class %q for %s is %w", configFile, c.Class, sourceFile, ErrUnsupported)
	}
	c.nameMarian()
	source, err := marianSide(fsys, c, sourceFile, vocabJSONFile)
	if err != nil {
		return nil, err
	}
	vocab := vocabJSONFile
	if c.Separate {
		vocab = targetVocabFile
	}
	source.target, err = marianSide(fsys, c, targetFile, vocab)
	return source, err
}

// nameMarian names the special tokens that the files leave open.
func (c *config) nameMarian() {
	for _, p := range []struct {
		token **named
		name  string
	}{{&c.Unk, "<unk>"}, {&c.EOS, "</s>"}, {&c.Pad, "<pad>"}} {
		if *p.token == nil {
			*p.token = &named{Content: p.name}
		}
	}
}

func marianSide(fsys fs.FS, c *config, spmName, vocabName string) (*Tokenizer, error) {
	for _, name := range []string{spmName, vocabName} {
		if _, err := fs.Stat(fsys, name); errors.Is(err, fs.ErrNotExist) { // not an error about a folder without a tokenizer
			return nil, fmt.Errorf("%s is missing beside %s", name, sourceFile)
		}
	}
	m, err := readSpmFile(fsys, spmName)
	if err != nil {
		return nil, err
	}
	var words few[map[string]int32, wordLimit]
	if err := readJSON(fsys, vocabName, &words); err != nil {
		return nil, err
	}
	b := newBuilder()
	if err := b.setVocab(words.all); err != nil {
		return nil, fmt.Errorf("%s: %w", vocabName, err)
	}
	spm, err := newSpmModel(m)
	if err == nil {
		b.t.normalizer, err = newSpmNormalizer(m)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", spmName, err)
	}
	if err := b.marian(spm, c); err != nil {
		return nil, fmt.Errorf("%s: %w", vocabName, err)
	}
	return b.finish(c)
}

// marian sets the steps of one side.
func (b *builder) marian(spm *spmModel, c *config) error {
	unk, ok := b.words[c.Unk.Content]
	if !ok {
		return fmt.Errorf("no entry is the unknown token %q", c.Unk.Content)
	}
	eos, ok := b.words[c.EOS.Content]
	if !ok {
		return fmt.Errorf("no entry is the end token %q", c.EOS.Content)
	}
	b.unk, b.t.unknown = unk, unk
	special := map[string]bool{}
	for _, n := range append([]named{*c.Unk, *c.EOS, *c.Pad}, c.More.all...) {
		n.Special, n.Normalized = true, false
		special[n.Content] = true
		if err := b.add(addedToken(n)); err != nil {
			return err
		}
	}
	model := &marianModel{spm: spm, words: b.words, unk: unk, ids: make([]int32, len(spm.pieces))}
	for i, p := range spm.pieces {
		if id, ok := b.words[p.text]; ok {
			model.ids[i] = id
		} else {
			model.ids[i] = unk
		}
	}
	b.t.codes = true
	b.t.model, b.t.decoder = model, marianDecoder{spm, special}
	b.t.post = postProcessor{
		single: []templatePart{textPart(0, 0), specialPart(0, eos)},
		pair:   []templatePart{textPart(0, 0), {seq: 1}, specialPart(0, eos)},
	}
	return nil
}

// marianModel gives pieces their ids of the vocabulary.
type marianModel struct {
	spm   *spmModel
	ids   []int32          // by the id of the piece in the model
	words map[string]int32 // what is no piece may be a word all the same
	unk   int32
}

func (*marianModel) kind() string { return "Marian" }

func (m *marianModel) tokenize(text []byte, dst []token) []token {
	start := len(dst)
	dst = m.spm.tokenize(text, dst)
	for i := start; i < len(dst); i++ {
		k := &dst[i]
		if k.id != m.spm.unk {
			k.id = m.ids[k.id]
		} else if id, ok := m.words[string(text[k.lo:k.hi])]; ok {
			k.id = id
		} else {
			k.id = m.unk
		}
	}
	return dst
}

// languageCode is the length of a code like >>fra<< at the beginning of a text: a token of its own.
func languageCode(text []byte) int {
	if !bytes.HasPrefix(text, []byte(">>")) {
		return 0
	}
	if k := bytes.Index(text, []byte("<<")); k >= 0 {
		return k + 2
	}
	return 0
}

// marianDecoder joins pieces with the model, and writes special tokens as they are, a space after each.
type marianDecoder struct {
	spm     *spmModel
	special map[string]bool
}

func (d marianDecoder) decode(tokens []string) []string {
	var b strings.Builder
	start := 0
	for i, s := range tokens {
		if d.special[s] {
			b.WriteString(d.spm.decode(tokens[start:i])[0])
			b.WriteString(s)
			b.WriteByte(' ')
			start = i + 1
		}
	}
	b.WriteString(d.spm.decode(tokens[start:])[0])
	return []string{strings.TrimFunc(strings.ReplaceAll(b.String(), space, " "), isStripped)}
}

// isStripped is what Python's strip takes for white space.
func isStripped(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }
