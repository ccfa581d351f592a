package tokenizer

// What a checkpoint makes of its SentencePiece model, where it has no tokenizer.json: what AutoTokenizer of transformers 5 builds.

import (
	"cmp"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"strconv"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// spmFiles are the names that SentencePiece models have in checkpoints.
var spmFiles = []string{sourceFile, "spiece.model", "sentencepiece.bpe.model", "tokenizer.model", "spm.model"}

// spmFileOf is the model of a folder, "" if it has none.
func spmFileOf(fsys fs.FS) string {
	i := slices.IndexFunc(spmFiles, func(name string) bool { _, err := fs.Stat(fsys, name); return err == nil })
	if i < 0 {
		return ""
	}
	return spmFiles[i]
}

// convention is how the checkpoints of a class use their Unigram model.
type convention struct {
	classes    []string
	modelTypes []string // of config.json, which count where no class is named
	// front takes the place of the first skip pieces, back comes after all; both hold names of roles (their tokens may have other names) or tokens.
	front, back []string
	skip        int
	names       map[string]string // of the special tokens by their role
	lstrip      bool              // the mask takes the space before it
	sentinels   bool              // tokens for what T5 leaves out come last
	albert      bool              // what its original code does to a text goes before the rules of the model
	// The special tokens around one text, and those around and between two, by role; A and B are the texts.
	single, pair []string
	types        bool // the second text and what follows it are of type 1
}

// fairseq has its own order of the first tokens, which is not that of SentencePiece.
var fairseq = []string{"bos", "pad", "eos", "unk"}

var robertaNames = map[string]string{"bos": "<s>", "eos": "</s>", "unk": "<unk>", "sep": "</s>", "pad": "<pad>", "cls": "<s>", "mask": "<mask>"}

var conventions = []convention{
	{
		classes: []string{"T5", "MT5"}, modelTypes: []string{"t5", "mt5", "umt5"}, sentinels: true,
		names:  map[string]string{"eos": "</s>", "unk": "<unk>", "pad": "<pad>"},
		single: []string{"A", "eos"}, pair: []string{"A", "eos", "B", "eos"},
	},
	{
		classes: []string{"XLMRoberta"}, modelTypes: []string{"xlm-roberta", "xlm-roberta-xl"},
		names: robertaNames, front: fairseq, skip: 3, back: []string{"mask"},
		single: []string{"bos", "A", "eos"}, pair: []string{"bos", "A", "eos", "eos", "B", "eos"},
	},
	{
		classes: []string{"Camembert"}, modelTypes: []string{"camembert"}, names: robertaNames, lstrip: true,
		front: []string{"<s>NOTUSED", "pad", "</s>NOTUSED", "unk", "<unk>NOTUSED"}, skip: 1, back: []string{"mask"},
		single: []string{"bos", "A", "eos"}, pair: []string{"bos", "A", "eos", "eos", "B", "eos"},
	},
	{
		classes: []string{"Albert"}, modelTypes: []string{"albert"}, albert: true, types: true,
		names:  map[string]string{"bos": "[CLS]", "eos": "[SEP]", "unk": "<unk>", "sep": "[SEP]", "pad": "<pad>", "cls": "[CLS]", "mask": "[MASK]"},
		single: []string{"cls", "A", "sep"}, pair: []string{"cls", "A", "sep", "B", "sep"},
	},
}

// loadSpm reads the tokenizer of a folder with a SentencePiece model.
func loadSpm(fsys fs.FS, name string) (*Tokenizer, error) {
	if name == sourceFile {
		return loadMarian(fsys)
	}
	c, err := readConfig(fsys)
	if err != nil {
		return nil, err
	}
	class := trimClass(c.Class)
	var main struct {
		ModelType string `json:"model_type"`
	}
	if class == "" {
		if err := readJSON(fsys, "config.json", &main); err != nil {
			return nil, err
		}
	}
	m, err := readSpmFile(fsys, name)
	if err != nil {
		return nil, err
	}
	b := newBuilder()
	for i := range conventions {
		if v := &conventions[i]; slices.Contains(v.classes, class) || class == "" && slices.Contains(v.modelTypes, main.ModelType) {
			if err := b.follow(v, m, c); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			return b.finish(c)
		}
	}
	switch {
	case class == "Llama", class == "" && main.ModelType == "llama":
		err = b.llama(m, c)
	case class == "", class == "PreTrained", class == "TokenizersBackend":
		err = b.sentencePiece(m)
	default:
		return nil, fmt.Errorf("%s: the tokenizer_class %q for %s is %w", configFile, c.Class, name, ErrUnsupported)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return b.finish(c)
}

// role gives where a role's token is kept.
func (c *config) role(name string) **named {
	switch name {
	case "bos":
		return &c.BOS
	case "eos":
		return &c.EOS
	case "unk":
		return &c.Unk
	case "sep":
		return &c.Sep
	case "pad":
		return &c.Pad
	case "cls":
		return &c.CLS
	case "mask":
		return &c.Mask
	}
	return nil
}

// roleNames are the roles in the order in which transformers adds their tokens.
var roleNames = []string{"bos", "eos", "unk", "sep", "pad", "cls", "mask"}

// follow builds a tokenizer as a convention has it.
func (b *builder) follow(v *convention, m *spmFile, c *config) error {
	if m.trainer.modelType != typeUnigram {
		return fmt.Errorf("trainer_spec.model_type: %s, expected Unigram for a %sTokenizer", spmKinds[m.trainer.modelType], v.classes[0])
	}
	for role, name := range v.names {
		if p := c.role(role); *p == nil {
			*p = &named{Content: name, LStrip: role == "mask" && v.lstrip}
		}
	}
	vocab, err := v.vocabulary(m, c)
	if err != nil {
		return err
	}
	unk := int32(-1)
	for id, w := range vocab {
		if w.text == c.Unk.Content {
			unk = int32(id)
			break
		}
	}
	if unk < 0 {
		return fmt.Errorf("no piece is the unknown token %q", c.Unk.Content)
	}
	if err := b.setUnigram(vocab, unk, false); err != nil {
		return err
	}
	if err := b.conventionSteps(v, m, c); err != nil {
		return err
	}
	if err := b.addConvention(v, m, c); err != nil {
		return err
	}
	if b.t.post.single, err = b.frame(v, c, v.single); err != nil {
		return err
	}
	b.t.post.pair, err = b.frame(v, c, v.pair)
	return err
}

// vocabulary gives the pieces in the order of their ids.
func (v *convention) vocabulary(m *spmFile, c *config) ([]scoredWord, error) {
	if len(m.pieces) < v.skip {
		return nil, fmt.Errorf("%d pieces, of which a %sTokenizer replaces %d", len(m.pieces), v.classes[0], v.skip)
	}
	var out []scoredWord
	put := func(names []string) {
		for _, s := range names {
			score := 0.0
			if p := c.role(s); p != nil {
				s = (*p).Content
			} else if s == "<unk>NOTUSED" {
				score = -100
			}
			out = append(out, scoredWord{s, score})
		}
	}
	put(v.front)
	for _, p := range m.pieces[v.skip:] {
		out = append(out, scoredWord{p.text, float64(p.score)})
	}
	put(v.back)
	sentinels, err := v.sentinelNames(c)
	if err != nil {
		return nil, err
	}
	slices.Reverse(sentinels)
	put(sentinels)
	return out, nil
}

// maxSentinels bounds extra_ids; published models have 100.
const maxSentinels = 1 << 16

// sentinelNames are the tokens that T5 puts in the place of what it leaves out.
func (v *convention) sentinelNames(c *config) ([]string, error) {
	if !v.sentinels {
		return nil, nil
	}
	count := 100.0
	if c.ExtraIDs != nil {
		count = *c.ExtraIDs
	}
	if !(count >= 0 && count <= maxSentinels) || count != math.Trunc(count) {
		return nil, fmt.Errorf("extra_ids of %s: %v, expected a whole number up to %d", configFile, count, maxSentinels)
	}
	out := make([]string, int(count))
	for i := range out {
		out[i] = fmt.Sprintf("<extra_id_%d>", i)
	}
	return out, nil
}

// conventionSteps sets the steps before and after the model.
func (b *builder) conventionSteps(v *convention, m *spmFile, c *config) error {
	var steps normalizers
	if v.albert {
		steps = albertSteps(c)
	}
	if len(m.normalizer.charsmap) > 0 {
		p, err := newPrecompiled(m.normalizer.charsmap)
		if err != nil {
			return fmt.Errorf("normalizer_spec.precompiled_charsmap: %w", err)
		}
		steps = append(steps, bounded{"normalizer_spec.precompiled_charsmap", p})
	}
	if len(steps) > 0 {
		b.t.normalizer = steps
	}
	words := metaspace{replacement: space}
	b.t.pre, b.t.decoder = preTokenizers{runeSplit{unicode.IsSpace, removed}, words}, words
	return nil
}

// albertSteps are what a lower-case model does before its own rules.
func albertSteps(c *config) normalizers {
	steps := normalizers{replace{pattern{literal: "``"}, `"`}, replace{pattern{literal: "''"}, `"`}}
	if c.KeepAccents == nil || !*c.KeepAccents {
		steps = append(steps, bounded{"NFKD", unicodeForm(norm.NFKD)}, stripAccents{})
	}
	if c.Lower == nil || *c.Lower {
		steps = append(steps, lowercase{})
	}
	return steps
}

// addConvention adds the special tokens, the pieces of the model that no text is to be cut in, and the sentinels.
func (b *builder) addConvention(v *convention, m *spmFile, c *config) error {
	var list []addedToken
	for _, role := range roleNames {
		if p := *c.role(role); p != nil && v.names[role] != "" {
			a := addedToken(*p)
			a.Special = true
			list = append(list, a)
		}
	}
	for _, p := range m.pieces {
		if p.kind == pieceControl || p.kind == pieceUser {
			list = append(list, addedToken{Content: p.text, Special: p.kind == pieceControl})
		}
	}
	sentinels, err := v.sentinelNames(c)
	if err != nil {
		return err
	}
	for _, s := range sentinels {
		list = append(list, addedToken{Content: s, Special: true})
	}
	for _, n := range c.More.all {
		n.Special = true
		list = append(list, addedToken(n))
	}
	return b.addListed(list, c)
}

// addListed adds tokens, as far as they are listed with the properties that added_tokens_decoder gives them, and then what more is listed there.
func (b *builder) addListed(list []addedToken, c *config) error {
	keys := make([]string, 0, len(c.ByID.all))
	ids := map[string]float64{}
	for key := range c.ByID.all {
		id, err := strconv.ParseFloat(key, 64)
		if err != nil {
			return fmt.Errorf("added_tokens_decoder of %s: %q is no id", configFile, key)
		}
		keys, ids[key] = append(keys, key), id
	}
	slices.SortFunc(keys, func(x, y string) int { return cmp.Or(cmp.Compare(ids[x], ids[y]), cmp.Compare(x, y)) })
	listed := map[string]addedToken{}
	for _, key := range keys {
		a := addedToken(c.ByID.all[key])
		listed[a.Content] = a
		list = append(list, a)
	}
	done := map[string]bool{}
	for _, a := range list {
		if done[a.Content] {
			continue
		}
		done[a.Content] = true
		if l, ok := listed[a.Content]; ok {
			l.Special = l.Special || a.Special
			a = l
		}
		if err := b.add(a); err != nil {
			return err
		}
	}
	return nil
}

// frame makes a template of roles and texts.
func (b *builder) frame(v *convention, c *config, parts []string) ([]templatePart, error) {
	var out []templatePart
	kind := int32(0)
	for _, s := range parts {
		switch s {
		case "A":
			out = append(out, textPart(0, 0))
		case "B":
			if v.types {
				kind = 1
			}
			out = append(out, textPart(1, kind))
		default:
			name := (*c.role(s)).Content
			id, ok := b.t.ids[name]
			if !ok {
				return nil, fmt.Errorf("no piece is the special token %q", name)
			}
			out = append(out, specialPart(kind, id))
		}
	}
	return out, nil
}
