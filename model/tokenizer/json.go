package tokenizer

// Reading tokenizer.json: one explicit switch for each section.

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/rapt-go/rapt/model/internal/files"
)

// parse reads tokenizer.json. Its padding is not read: nothing here is padded.
func (b *builder) parse(data []byte) error {
	var f struct {
		Version       *string         `json:"version"`
		Truncation    json.RawMessage `json:"truncation"`
		AddedTokens   []addedToken    `json:"added_tokens"`
		Normalizer    json.RawMessage `json:"normalizer"`
		PreTokenizer  json.RawMessage `json:"pre_tokenizer"`
		PostProcessor json.RawMessage `json:"post_processor"`
		Decoder       json.RawMessage `json:"decoder"`
		Model         json.RawMessage `json:"model"`
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
	for _, a := range f.AddedTokens {
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

func openSection(path string, raw json.RawMessage, depth int, left *budget) (section, error) {
	s := section{path: path, raw: raw, depth: depth, left: left}
	if depth > maxDepth {
		return s, fmt.Errorf("%s: more than %d levels", path, maxDepth)
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

// parseNormalizer reads a normalizer that keeps to the limit of the text.
func parseNormalizer(s section) (normalizer, error) {
	step, err := parseStep(s)
	if _, ok := step.(normalizers); ok || err != nil { // the steps of a Sequence are bounded each
		return step, err
	}
	return bounded{fmt.Sprintf("%s (%s)", s.path, s.Type), step}, nil
}

func parseStep(s section) (normalizer, error) {
	switch s.Type {
	case "BertNormalizer":
		return parseBertNormalizer(s)
	case "Lowercase":
		return lowercase{}, nil
	case "NFC":
		return unicodeForm(norm.NFC), nil
	case "NFD":
		return unicodeForm(norm.NFD), nil
	case "NFKC":
		return unicodeForm(norm.NFKC), nil
	case "NFKD":
		return unicodeForm(norm.NFKD), nil
	case "StripAccents":
		return stripAccents{}, nil
	case "Strip":
		var f struct {
			Left  *bool `json:"strip_left"`
			Right *bool `json:"strip_right"`
		}
		if err := s.into(&f); err != nil {
			return nil, err
		}
		if f.Left == nil || f.Right == nil {
			return nil, s.need("strip_left and strip_right")
		}
		return strip{*f.Left, *f.Right}, nil
	case "Prepend":
		var f struct {
			Prepend *string `json:"prepend"`
		}
		if err := s.into(&f); err != nil {
			return nil, err
		}
		if f.Prepend == nil {
			return nil, s.need("prepend")
		}
		return prepend(*f.Prepend), nil
	case "Replace":
		return parseReplace(s)
	case "Nmt":
		return nmt{}, nil
	case "ByteLevel":
		return byteNormalizer{}, nil
	case "Precompiled":
		return parsePrecompiled(s)
	case "Sequence":
		steps, err := list(s, "normalizers", parseNormalizer)
		return normalizers(steps), err
	}
	return nil, s.refuse()
}

func parseBertNormalizer(s section) (normalizer, error) {
	var f struct {
		Clean  *bool `json:"clean_text"`
		Spaced *bool `json:"handle_chinese_chars"`
		Strip  *bool `json:"strip_accents"`
		Lower  *bool `json:"lowercase"`
	}
	if err := s.into(&f); err != nil {
		return nil, err
	}
	if f.Clean == nil || f.Spaced == nil || f.Lower == nil {
		return nil, s.need("clean_text, handle_chinese_chars and lowercase")
	}
	if f.Strip == nil {
		f.Strip = f.Lower
	}
	return newBertNormalizer(*f.Clean, *f.Spaced, *f.Strip, *f.Lower), nil
}

func parseReplace(s section) (replace, error) {
	var f struct {
		Pattern json.RawMessage `json:"pattern"`
		Content *string         `json:"content"`
	}
	if err := s.into(&f); err != nil {
		return replace{}, err
	}
	if f.Content == nil {
		return replace{}, s.need("pattern and content")
	}
	p, err := parsePattern(s, f.Pattern)
	return replace{p, *f.Content}, err
}

func parsePreTokenizer(s section) (preTokenizer, error) {
	classes := runeClasses()
	isPunct := func(r rune) bool { return classes.of(r)&isPunctuation != 0 }
	switch s.Type {
	case "BertPreTokenizer":
		return bertPreTokenizer{classes}, nil
	case "Whitespace":
		return wordSplit{classes}, nil
	case "WhitespaceSplit":
		return runeSplit{unicode.IsSpace, removed}, nil
	case "Punctuation":
		var f struct {
			Behavior string `json:"behavior"`
		}
		if err := s.into(&f); err != nil {
			return nil, err
		}
		if f.Behavior == "" {
			f.Behavior = "Isolated"
		}
		d, err := parseDelimiter(s, f.Behavior)
		return runeSplit{isPunct, d}, err
	case "Digits":
		var f struct {
			Individual *bool `json:"individual_digits"`
		}
		if err := s.into(&f); err != nil {
			return nil, err
		}
		if f.Individual == nil {
			return nil, s.need("individual_digits")
		}
		d := contiguous
		if *f.Individual {
			d = isolated
		}
		return runeSplit{func(r rune) bool { return inSet(numeric[:], r) }, d}, nil
	case "Split":
		return parseSplit(s)
	case "ByteLevel":
		return parseByteLevel(s)
	case "CharDelimiterSplit":
		return parseCharDelimiter(s)
	case "UnicodeScripts":
		return scriptSplit{}, nil
	case "FixedLength":
		return parseFixedLength(s)
	case "Metaspace":
		m, err := parseMetaspace(s)
		if err == nil {
			err = s.rewrite()
		}
		return m, err
	case "Sequence":
		steps, err := list(s, "pretokenizers", parsePreTokenizer)
		return preTokenizers(steps), err
	}
	return nil, s.refuse()
}

func parseSplit(s section) (preTokenizer, error) {
	var f struct {
		Pattern  json.RawMessage `json:"pattern"`
		Behavior string          `json:"behavior"`
		Invert   *bool           `json:"invert"`
	}
	if err := s.into(&f); err != nil {
		return nil, err
	}
	if f.Invert == nil {
		return nil, s.need("pattern, behavior and invert")
	}
	d, err := parseDelimiter(s, f.Behavior)
	if err != nil {
		return nil, err
	}
	p, err := parsePattern(s, f.Pattern)
	return patternSplit{p, *f.Invert, d}, err
}

func parseDelimiter(s section, behavior string) (delimiter, error) {
	names := []string{removed: "Removed", isolated: "Isolated", mergedWithPrevious: "MergedWithPrevious", mergedWithNext: "MergedWithNext", contiguous: "Contiguous"}
	i := slices.Index(names, behavior)
	if i < 0 {
		return 0, fmt.Errorf("%s: unknown behavior %q", s.path, behavior)
	}
	return delimiter(i), nil
}

func parseDecoder(s section) (decoder, error) {
	switch s.Type {
	case "WordPiece":
		var f struct {
			Prefix  *string `json:"prefix"`
			CleanUp *bool   `json:"cleanup"`
		}
		if err := s.into(&f); err != nil {
			return nil, err
		}
		if f.Prefix == nil || f.CleanUp == nil {
			return nil, s.need("prefix and cleanup")
		}
		return wordPieceDecoder{*f.Prefix, *f.CleanUp}, s.grow(2) // a space before a token of one byte
	case "ByteLevel":
		return byteDecoder{}, s.grow(2) // a character of two bytes may become U+FFFD, of three
	case "BPEDecoder":
		return parseBPEDecoder(s)
	case "CTC":
		return parseCTC(s)
	case "Fuse":
		return fuse{}, nil
	case "ByteFallback":
		return byteFallback{}, nil
	case "Metaspace":
		return parseMetaspace(s)
	case "Strip":
		var f struct {
			Content string `json:"content"`
			Start   int    `json:"start"`
			Stop    int    `json:"stop"`
		}
		if err := s.into(&f); err != nil {
			return nil, err
		}
		if f.Content == "" {
			return nil, s.need("content")
		}
		return stripDecoder{f.Content, f.Start, f.Stop}, nil
	case "Replace":
		r, err := parseReplace(s)
		if err == nil {
			err = s.grow(r.growth())
		}
		return r, err
	case "Sequence":
		steps, err := list(s, "decoders", parseDecoder)
		return decoders(steps), err
	}
	return nil, s.refuse()
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
		Unk      *string          `json:"unk_token"`
		Prefix   *string          `json:"continuing_subword_prefix"`
		MaxRunes *float64         `json:"max_input_chars_per_word"`
		Vocab    map[string]int32 `json:"vocab"`
		Merges   json.RawMessage  `json:"merges"`
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
	if f.Unk == nil || f.Prefix == nil || f.MaxRunes == nil || f.Vocab == nil {
		return s.need("unk_token, continuing_subword_prefix, max_input_chars_per_word and vocab")
	}
	if *f.MaxRunes < 0 {
		return fmt.Errorf("model.max_input_chars_per_word: %v", *f.MaxRunes)
	}
	if err := b.setVocab(f.Vocab); err != nil {
		return fmt.Errorf("model.vocab: %w", err)
	}
	unk, ok := f.Vocab[*f.Unk]
	if !ok {
		return fmt.Errorf("model.unk_token: %q is not in the vocabulary", *f.Unk)
	}
	b.unk = unk
	b.t.model = newWordPiece(f.Vocab, unk, *f.Prefix, int(min(*f.MaxRunes, math.MaxInt32)))
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
