package tokenizer

// Reading tokenizer.json: its sections, the model, and what it says of truncation.

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/rapt-go/rapt/model/internal/files"
)

// parse reads tokenizer.json. Its padding is not read: nothing here is padded.
func (b *builder) parse(data []byte) error {
	var f struct {
		Version       *string                       `json:"version"`
		Truncation    json.RawMessage               `json:"truncation"`
		AddedTokens   few[[]addedToken, addedLimit] `json:"added_tokens"`
		Normalizer    json.RawMessage               `json:"normalizer"`
		PreTokenizer  json.RawMessage               `json:"pre_tokenizer"`
		PostProcessor json.RawMessage               `json:"post_processor"`
		Decoder       json.RawMessage               `json:"decoder"`
		Model         json.RawMessage               `json:"model"`
	}
	if err := files.Decode(data, &f); err != nil {
		return err
	}
	if f.Version != nil && *f.Version != "1.0" {
		return fmt.Errorf("version %q, expected \"1.0\"", *f.Version)
	}
	t := b.t
	var err error
	if t.normalizer, err = optional(f.Normalizer, "normalizer", parseNormalizer); err != nil {
		return err
	}
	if t.pre, err = optional(f.PreTokenizer, "pre_tokenizer", parsePreTokenizer); err != nil {
		return err
	}
	if t.decoder, err = optional(f.Decoder, "decoder", parseDecoder); err != nil {
		return err
	}
	if err := b.parseModel(f.Model); err != nil {
		return err
	}
	for _, a := range f.AddedTokens.all {
		if err := b.add(a); err != nil {
			return fmt.Errorf("added_tokens: %w", err)
		}
	}
	if !isNull(f.PostProcessor) {
		s, err := openSection("post_processor", f.PostProcessor, 0, newBudget())
		if err != nil {
			return err
		}
		if t.post, err = b.parsePost(s); err != nil {
			return err
		}
	}
	return b.parseTruncation(f.Truncation)
}

func isNull(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

// section is an object of the file that names its type.
type section struct {
	path  string
	raw   json.RawMessage
	Type  string `json:"type"`
	depth int
	left  *budget
}

// budget is what a section and those within it may still use, so that a small file cannot ask for unbounded work.
type budget struct {
	sections     int     // published files have some ten
	instructions int     // of compiled regular expressions; published ones take some hundred, and matching each byte takes up to all of them
	growth       float64 // the factor by which decoders may make tokens longer
	rewrites     int     // of pre-tokenizers that write the text anew; published files have one
}

// maxDepth bounds sections within sections; published files have one level.
const maxDepth = 16

// newBudget is that of a section of the file.
func newBudget() *budget {
	return &budget{sections: 1000, instructions: 1 << 14, growth: 64, rewrites: 4}
}

// rewrite counts a pre-tokenizer that copies the text and makes it longer.
func (s section) rewrite() error {
	if s.left.rewrites--; s.left.rewrites < 0 {
		return fmt.Errorf("%s: more than %d steps that write the text anew", s.path, newBudget().rewrites)
	}
	return nil
}

// grow counts how much longer a decoder may make a token: decoding reports no errors.
func (s section) grow(factor float64) error {
	if s.left.growth /= factor; s.left.growth < 1 {
		return fmt.Errorf("%s: decoders up to this one could make tokens more than %g times as long", s.path, newBudget().growth)
	}
	return nil
}

func openSection(path string, raw json.RawMessage, depth int, left *budget) (section, error) {
	s := section{path: path, raw: raw, depth: depth, left: left}
	if depth > maxDepth {
		return s, fmt.Errorf("%s: more than %d levels", path, maxDepth)
	}
	if len(raw) > maxSection && path != "model" {
		return s, fmt.Errorf("%s: %d bytes; at most %d", path, len(raw), maxSection)
	}
	if left.sections--; left.sections < 0 {
		return s, fmt.Errorf("%s: more than %d steps", path, newBudget().sections)
	}
	return s, s.into(&s)
}

// into decodes the fields of a section.
func (s section) into(v any) error {
	if err := files.Decode(s.raw, v); err != nil {
		return fmt.Errorf("%s: %w", s.path, err)
	}
	return nil
}

// need says that a field is missing.
func (s section) need(fields string) error {
	return fmt.Errorf("%s: a %s needs %s", s.path, s.Type, fields)
}

// refuse says that a type is none, or one of others that exist.
func (s section) refuse(others ...string) error {
	if slices.Contains(others, s.Type) {
		return fmt.Errorf("%s: type %q is %w", s.path, s.Type, ErrUnsupported)
	}
	return fmt.Errorf("%s: unknown type %q", s.path, s.Type)
}

// optional parses a section that may be null, which gives the zero value.
func optional[T any](raw json.RawMessage, path string, parse func(section) (T, error)) (out T, err error) {
	if isNull(raw) {
		return out, nil
	}
	s, err := openSection(path, raw, 0, newBudget())
	if err != nil {
		return out, err
	}
	return parse(s)
}

// list parses the sections in a field of a Sequence.
func list[T any](s section, field string, parse func(section) (T, error)) ([]T, error) {
	var fields map[string]json.RawMessage
	if err := s.into(&fields); err != nil {
		return nil, err
	}
	var raws []json.RawMessage
	if isNull(fields[field]) {
		return nil, s.need(field)
	}
	if err := files.Decode(fields[field], &raws); err != nil {
		return nil, fmt.Errorf("%s.%s: %w", s.path, field, err)
	}
	out := make([]T, 0, len(raws))
	for i, raw := range raws {
		inner, err := openSection(fmt.Sprintf("%s.%s[%d]", s.path, field, i), raw, s.depth+1, s.left)
		if err != nil {
			return nil, err
		}
		v, err := parse(inner)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// parseModel reads the model and its vocabulary.
func (b *builder) parseModel(raw json.RawMessage) error {
	if isNull(raw) {
		return fmt.Errorf("no model")
	}
	s, err := openSection("model", raw, 0, newBudget())
	if err != nil {
		return err
	}
	var f struct {
		Unk      *string                          `json:"unk_token"`
		Prefix   *string                          `json:"continuing_subword_prefix"`
		MaxRunes *float64                         `json:"max_input_chars_per_word"`
		Vocab    few[map[string]int32, wordLimit] `json:"vocab"`
		Merges   json.RawMessage                  `json:"merges"`
	}
	switch s.Type {
	case "WordPiece":
	case "Unigram":
		return b.parseUnigram(s)
	case "BPE":
		return b.parseBPE(s)
	case "WordLevel":
		return b.parseWordLevel(s)
	case "": // files older than the field
		s.Type = "WordPiece"
		err := json.Unmarshal(raw, &f)
		if f.Merges != nil {
			s.Type = "BPE"
			return b.parseBPE(s)
		}
		if err != nil {
			return fmt.Errorf("model: a type other than BPE and WordPiece is %w", ErrUnsupported)
		}
	default:
		return s.refuse()
	}
	if err := s.into(&f); err != nil {
		return err
	}
	if f.Unk == nil || f.Prefix == nil || f.MaxRunes == nil || f.Vocab.all == nil {
		return s.need("unk_token, continuing_subword_prefix, max_input_chars_per_word and vocab")
	}
	if *f.MaxRunes < 0 {
		return fmt.Errorf("model.max_input_chars_per_word: %v", *f.MaxRunes)
	}
	if err := b.setVocab(f.Vocab.all); err != nil {
		return fmt.Errorf("model.vocab: %w", err)
	}
	unk, ok := f.Vocab.all[*f.Unk]
	if !ok {
		return fmt.Errorf("model.unk_token: %q is not in the vocabulary", *f.Unk)
	}
	b.unk = unk
	b.t.model = newWordPiece(f.Vocab.all, unk, *f.Prefix, int(min(*f.MaxRunes, math.MaxInt32)))
	return nil
}

func (b *builder) parseTruncation(raw json.RawMessage) error {
	if isNull(raw) {
		return nil
	}
	var f struct {
		Direction string `json:"direction"`
		MaxLength int    `json:"max_length"`
		Strategy  string `json:"strategy"`
		Stride    int    `json:"stride"`
	}
	if err := files.Decode(raw, &f); err != nil {
		return fmt.Errorf("truncation: %w", err)
	}
	strategy := slices.Index([]string{LongestFirst: "LongestFirst", OnlyFirst: "OnlyFirst", OnlySecond: "OnlySecond"}, f.Strategy)
	if strategy < 0 || f.Direction != "" && f.Direction != "Left" && f.Direction != "Right" {
		return fmt.Errorf("truncation: unknown strategy %q or direction %q", f.Strategy, f.Direction)
	}
	b.t.truncation = &Options{MaxLength: f.MaxLength, Stride: f.Stride, Strategy: Strategy(strategy), Left: f.Direction == "Left"}
	return nil
}
