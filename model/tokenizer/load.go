package tokenizer

// From the files of a checkpoint to a Tokenizer.

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/rapt-go/rapt/model/internal/files"
)

const (
	jsonFile    = "tokenizer.json"
	vocabFile   = "vocab.txt"
	configFile  = "tokenizer_config.json"
	specialFile = "special_tokens_map.json"
	addedFile   = "added_tokens.json"

	// maxFile bounds what is read into memory; the largest published tokenizer.json has some 40 MB.
	maxFile = 1 << 26
)

// Load reads the tokenizer of a checkpoint: tokenizer.json if there is one, else the plain files as [LoadPlain] does. The names of special tokens and
// the maximal length come from tokenizer_config.json and special_tokens_map.json, which may be missing.
// The error wraps [fs.ErrNotExist] if there is no tokenizer, and [ErrUnsupported] if it is of another kind.
func Load(fsys fs.FS) (*Tokenizer, error) {
	data, err := read(fsys, jsonFile)
	if errors.Is(err, fs.ErrNotExist) {
		return LoadPlain(fsys)
	}
	if err != nil {
		return nil, err
	}
	c, err := readConfig(fsys)
	if err != nil {
		return nil, err
	}
	b := newBuilder()
	err = b.parse(data)
	var t *Tokenizer
	if err == nil {
		t, err = b.finish(c)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", jsonFile, err)
	}
	return t, nil
}

// LoadPlain reads vocab.txt, or vocab.json and merges.txt, or a SentencePiece model, with tokenizer_config.json, special_tokens_map.json and
// added_tokens.json as far as they exist, and leaves a tokenizer.json aside. What they leave open is, for vocab.txt, as for BERT: lower case, “##”,
// 100 code points in a word; for vocab.json and merges.txt as the tokenizer_class, else the model_type of config.json has it: GPT-2, RoBERTa and
// BART, Blenderbot, DeBERTa, Qwen2 and the first GPT. Where transformers 5 and the tokenizer.json that was published with such files differ, the
// latter counts: with add_prefix_space the offsets of GPT-2 and CodeGen leave white space at the ends of a token out, as its trim_offsets says; DeBERTa's pairs
// have one [SEP] between them; a mask token that is named by its content alone takes the space before it for RoBERTa, BART, Blenderbot and DeBERTa.
// CLIP's plain files are refused with [ErrUnsupported].
//
// A SentencePiece model (spiece.model, sentencepiece.bpe.model, tokenizer.model or spm.model) becomes what AutoTokenizer of transformers 5 makes of it for
// T5, XLM-RoBERTa, CamemBERT, ALBERT and Llama, by the same two names; where neither is given it is read as [LoadSentencePiece] does, and other
// classes are refused with [ErrUnsupported]. Marian has source.spm and target.spm, with vocab.json: see [Tokenizer.Target].
func LoadPlain(fsys fs.FS) (*Tokenizer, error) {
	data, err := read(fsys, vocabFile)
	if errors.Is(err, fs.ErrNotExist) {
		if t, err := loadMerges(fsys); !errors.Is(err, fs.ErrNotExist) {
			return t, err
		}
		if name := spmFileOf(fsys); name != "" {
			return loadSpm(fsys, name)
		}
		for _, name := range []string{wordsFile, mergesFile} {
			if _, err := fs.Stat(fsys, name); err == nil {
				return nil, fmt.Errorf("%s: a tokenizer needs both %s and %s: %w", name, wordsFile, mergesFile, fs.ErrNotExist)
			}
		}
		return nil, fmt.Errorf("neither %s nor %s: %w", jsonFile, vocabFile, fs.ErrNotExist)
	}
	if err != nil {
		return nil, err
	}
	c, err := readConfig(fsys)
	if err != nil {
		return nil, err
	}
	b := newBuilder()
	if err := b.plain(data, c); err != nil {
		return nil, fmt.Errorf("%s: %w", vocabFile, err)
	}
	return b.finish(c)
}

// read reads a whole file of bounded size.
func read(fsys fs.FS, name string) ([]byte, error) {
	data, err := files.Read(fsys, name, maxFile)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return data, nil
}

// readJSON decodes a file into v; a missing one leaves v as it is.
func readJSON(fsys fs.FS, name string, v any) error {
	data, err := read(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := files.Decode(data, v); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// config is what the files beside the vocabulary say.
type config struct {
	Class       string                              `json:"tokenizer_class"`
	Lower       *bool                               `json:"do_lower_case"`
	Ideographs  *bool                               `json:"tokenize_chinese_chars"`
	Strip       *bool                               `json:"strip_accents"`
	MaxLength   *float64                            `json:"model_max_length"` // 1e30 stands for none
	CLS         *named                              `json:"cls_token"`
	Sep         *named                              `json:"sep_token"`
	Mask        *named                              `json:"mask_token"`
	Pad         *named                              `json:"pad_token"`
	Unk         *named                              `json:"unk_token"`
	BOS         *named                              `json:"bos_token"`
	EOS         *named                              `json:"eos_token"`
	AddBOS      bool                                `json:"add_bos_token"`
	AddEOS      bool                                `json:"add_eos_token"`
	Prefix      *bool                               `json:"add_prefix_space"`
	Trim        *bool                               `json:"trim_offsets"`
	Separate    bool                                `json:"separate_vocabs"`
	Legacy      *bool                               `json:"legacy"`
	KeepAccents *bool                               `json:"keep_accents"`
	ExtraIDs    *float64                            `json:"extra_ids"`
	More        few[[]named, addedLimit]            `json:"additional_special_tokens"`
	ByID        few[map[string]named, addedLimit]   `json:"added_tokens_decoder"`
	AddedTokens few[map[string]float64, addedLimit] `json:"-"` // added_tokens.json
}

// named is a token given by its content alone or with its properties.
type named addedToken

// UnmarshalJSON reads a string or an object.
func (n *named) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		n.bare = true
		return json.Unmarshal(data, &n.Content)
	}
	return json.Unmarshal(data, (*addedToken)(n))
}

// roles are the special tokens of c, in the order in which the library adds them.
func (c *config) roles() []**named {
	return []**named{&c.Unk, &c.Sep, &c.Pad, &c.CLS, &c.Mask}
}

// readConfig reads the files beside the vocabulary; tokenizer_config.json goes before special_tokens_map.json.
func readConfig(fsys fs.FS) (*config, error) {
	var c, s config
	if err := readJSON(fsys, configFile, &c); err != nil {
		return nil, err
	}
	if err := readJSON(fsys, specialFile, &s); err != nil {
		return nil, err
	}
	if err := readJSON(fsys, addedFile, &c.AddedTokens); err != nil {
		return nil, err
	}
	theirs := s.allRoles()
	for i, p := range c.allRoles() {
		if *p == nil {
			*p = *theirs[i]
		}
	}
	if c.More.all == nil {
		c.More = s.More
	}
	return &c, nil
}

// maxLength is model_max_length where it is a length.
func (c *config) maxLength() int {
	if c.MaxLength == nil || !(*c.MaxLength >= 1 && *c.MaxLength < 1e9) {
		return 0
	}
	return int(*c.MaxLength)
}

// role is the id of the token with a role: the one that the files name, else the first of the usual names that exists.
func (t *Tokenizer) role(name *named, usual ...string) int32 {
	if name != nil {
		usual = append([]string{name.Content}, usual...)
	}
	for _, s := range usual {
		if id, ok := t.ids[s]; ok {
			return id
		}
	}
	return -1
}

func (t *Tokenizer) roles(c *config, unk int32) Special {
	s := Special{
		CLS:  t.role(c.CLS, "[CLS]", "<s>"),
		SEP:  t.role(c.Sep, "[SEP]", "</s>"),
		Mask: t.role(c.Mask, "[MASK]", "<mask>"),
		Pad:  t.role(c.Pad, "[PAD]", "<pad>"),
		Unk:  unk,
	}
	if c.Unk != nil {
		s.Unk = t.role(c.Unk)
	}
	return s
}

// trimClass gives the name of a tokenizer class without the endings that name an implementation.
func trimClass(class string) string {
	return strings.TrimSuffix(strings.TrimSuffix(class, "Fast"), "Tokenizer")
}
