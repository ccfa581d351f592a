package tokenizer

// Byte-pair encoding from vocab.json and merges.txt.

import (
	"fmt"
	"io/fs"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/rapt-go/rapt/model/internal/files"
)

const (
	wordsFile  = "vocab.json"
	mergesFile = "merges.txt"
)

// bpeKind is how a group of tokenizer classes of transformers makes a tokenizer of the two files.
type bpeKind int

const (
	gpt2Kind bpeKind = iota
	robertaKind
	blenderbotKind
	debertaKind
	qwen2Kind
	openAIKind
)

// bpeKinds are the kinds by the name of a tokenizer class or, where none is given, of a model: model_type of config.json without its dashes.
var bpeKinds = map[string]bpeKind{
	"gpt2": gpt2Kind, "codegen": gpt2Kind, "gptneo": gpt2Kind, "gptj": gpt2Kind, "opt": gpt2Kind, "phi": gpt2Kind, "gptbigcode": gpt2Kind,
	"roberta": robertaKind, "bart": robertaKind, "longformer": robertaKind, "led": robertaKind, "mvp": robertaKind, "bridgetower": robertaKind,
	"data2vectext": robertaKind, "ibert": robertaKind, "lilt": robertaKind, "robertaprelayernorm": robertaKind, "blenderbot": blenderbotKind,
	"deberta": debertaKind, "qwen2": qwen2Kind, "openaigpt": openAIKind,
}

// qwen2Regex is what Qwen2's tokenizer cuts texts with.
const qwen2Regex = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`

// loadMerges reads vocab.json and merges.txt. Its error wraps fs.ErrNotExist if one of them is missing.
func loadMerges(fsys fs.FS) (*Tokenizer, error) {
	lines, err := read(fsys, mergesFile)
	if err != nil {
		return nil, err
	}
	data, err := read(fsys, wordsFile)
	if err != nil {
		return nil, err
	}
	c, err := readConfig(fsys)
	if err != nil {
		return nil, err
	}
	var words few[map[string]int32, wordLimit]
	if err := files.Decode(data, &words); err != nil {
		return nil, fmt.Errorf("%s: %w", wordsFile, err)
	}
	b := newBuilder()
	if err := b.setVocab(words.all); err != nil {
		return nil, fmt.Errorf("%s: %w", wordsFile, err)
	}
	kind, err := b.bpeKind(fsys, c)
	if err != nil {
		return nil, err
	}
	if err := b.plainBPE(kind, string(lines), c); err != nil {
		return nil, err
	}
	return b.finish(c)
}

// bpeKind is that of the class or the model that the files name, else by the special tokens of the vocabulary.
func (b *builder) bpeKind(fsys fs.FS, c *config) (bpeKind, error) {
	lower := func(name string) string { return strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(name)) }
	if class := trimClass(c.Class); class != "" && class != "TokenizersBackend" && class != "PreTrained" {
		kind, ok := bpeKinds[lower(class)]
		if !ok {
			return 0, fmt.Errorf("the tokenizer_class %q of %s is %w", c.Class, configFile, ErrUnsupported)
		}
		return kind, nil
	}
	var model struct {
		Type string `json:"model_type"`
	}
	if err := readJSON(fsys, "config.json", &model); err != nil {
		return 0, err
	}
	if kind, ok := bpeKinds[lower(model.Type)]; ok {
		return kind, nil
	}
	_, opens := b.words["<s>"]
	_, closes := b.words["</s>"]
	if opens && closes {
		return robertaKind, nil
	}
	return gpt2Kind, nil
}

// readMergeLines splits merges.txt; its first line may be a version.
func readMergeLines(text string) (merges [][]string) {
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		if line != "" && !strings.HasPrefix(line, "#version") {
			merges = append(merges, strings.SplitN(line, " ", 3))
		}
	}
	return merges
}

func (b *builder) plainBPE(kind bpeKind, lines string, c *config) error {
	prefix := kind == blenderbotKind
	if c.Prefix != nil {
		prefix = *c.Prefix
	}
	c.nameBPERoles(kind)
	if count := strings.Count(lines, "\n"); count > maxMerges {
		return fmt.Errorf("%s: %d lines; at most %d", mergesFile, count, maxMerges)
	}
	t, source := b.t, bpeSource{merges: readMergeLines(lines)}
	t.pre, t.decoder = newByteLevel(prefix, true), byteDecoder{}
	switch kind {
	case qwen2Kind:
		left := newBudget().instructions
		d, err := compileRegex(qwen2Regex, &left)
		if err != nil {
			return err
		}
		t.normalizer = unicodeForm(norm.NFC)
		t.pre = preTokenizers{patternSplit{pattern: pattern{dfa: d}, delimiter: isolated}, newByteLevel(prefix, false)}
	case openAIKind:
		t.normalizer, t.pre = newBertNormalizer(true, true, true, true), bertPreTokenizer{runeClasses()}
		t.decoder = bpeDecoder("</w>")
		source.suffix, source.unk = "</w>", &c.Unk.Content
	}
	if err := b.setBPE(source); err != nil {
		return fmt.Errorf("%s: %w", mergesFile, err)
	}
	if err := b.addNamed(c); err != nil {
		return fmt.Errorf("%s: %w", wordsFile, err)
	}
	return b.plainPost(kind, prefix, c)
}

// plainPost sets what goes around a text.
func (b *builder) plainPost(kind bpeKind, prefix bool, c *config) error {
	t := b.t
	switch kind {
	case robertaKind, debertaKind:
		var ids [2]int32
		for i, n := range []*named{c.CLS, c.Sep} {
			id, ok := t.ids[n.Content]
			if !ok {
				return fmt.Errorf("%s: no word is the special token %q", wordsFile, n.Content)
			}
			ids[i] = id
		}
		trim := kind == robertaKind && (c.Trim == nil || *c.Trim)
		t.post = robertaTemplate(ids[0], ids[1], trim, prefix)
		if kind == debertaKind {
			t.post = bertTemplate(ids[0], ids[1])
		}
		return nil
	case gpt2Kind:
		// With a space in front the offsets are those of the tokenizer.json of such files (trim_offsets); transformers 5 trims none.
		t.post.trim, t.post.prefixed = prefix, prefix
	}
	var around [2][]int32
	for i, n := range []struct {
		add  bool
		name *named
	}{{c.AddBOS, c.BOS}, {c.AddEOS, c.EOS}} {
		if n.add && n.name != nil {
			id, ok := t.ids[n.name.Content]
			if !ok {
				return fmt.Errorf("%s: no word is the special token %q", wordsFile, n.name.Content)
			}
			around[i] = []int32{id}
		}
	}
	if around[0] != nil || around[1] != nil {
		t.post.single = []templatePart{specialPart(0, around[0]...), textPart(0, 0), specialPart(0, around[1]...)}
		t.post.pair = append(t.post.single[:3:3], specialPart(1, around[0]...), textPart(1, 1), specialPart(1, around[1]...))
	}
	return nil
}

// nameBPERoles names the special tokens that the files leave open.
func (c *config) nameBPERoles(kind bpeKind) {
	name := func(p **named, content string) {
		if *p == nil && content != "" {
			*p = &named{Content: content, bare: true}
		}
	}
	names := [...]string{"<|endoftext|>", "<|endoftext|>", "<|endoftext|>", "", "", "", ""}
	switch kind {
	case robertaKind, blenderbotKind:
		names = [...]string{"<s>", "</s>", "<unk>", "</s>", "<pad>", "<s>", "<mask>"}
	case debertaKind:
		names = [...]string{"[CLS]", "[SEP]", "[UNK]", "[SEP]", "[PAD]", "[CLS]", "[MASK]"}
	case qwen2Kind:
		names = [...]string{"", "<|endoftext|>", "<|endoftext|>", "", "<|endoftext|>", "", ""}
	case openAIKind:
		names = [...]string{"", "", "<unk>", "", "", "", ""}
	}
	for i, p := range c.allRoles() {
		name(p, names[i])
	}
	// A mask given by its name takes the space before it, as the tokenizer.json that came with such files says.
	if (kind == robertaKind || kind == blenderbotKind || kind == debertaKind) && c.Mask != nil && c.Mask.bare {
		c.Mask.LStrip = true
	}
}

// allRoles are the special tokens in the order in which transformers adds them.
func (c *config) allRoles() []**named {
	return []**named{&c.BOS, &c.EOS, &c.Unk, &c.Sep, &c.Pad, &c.CLS, &c.Mask}
}

// addNamed adds the tokens that the plain files name: those with an id by their id, then those of added_tokens.json, then the special ones. What
// the vocabulary lacks gets the next id.
func (b *builder) addNamed(c *config) error {
	special := map[string]bool{}
	var named []addedToken
	for _, p := range c.allRoles() {
		if *p != nil && !special[(*p).Content] {
			special[(*p).Content] = true
			named = append(named, addedToken(**p))
		}
	}
	for _, n := range c.More.all {
		if !special[n.Content] {
			special[n.Content] = true
			named = append(named, addedToken(n))
		}
	}
	list, err := c.numbered(special)
	if err != nil {
		return err
	}
	done := map[string]bool{}
	for _, a := range list {
		done[a.Content] = true
	}
	for _, a := range named {
		if !done[a.Content] {
			a.Special = true
			list = append(list, a)
		}
	}
	for _, a := range list {
		if err := b.add(a); err != nil {
			return err
		}
	}
	return nil
}
