package tokenizer

// Reading the steps of tokenizer.json: normalizers, pre-tokenizers and decoders, by the names of their types.

import (
	"encoding/json"
	"fmt"
	"slices"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// always reads a type without fields.
func always[T any](v T) func(section) (T, error) {
	return func(section) (T, error) { return v, nil }
}

// parseNormalizer reads a normalizer that keeps to the limit of the text.
func parseNormalizer(s section) (normalizer, error) {
	if s.Type == "Sequence" { // its steps are bounded each
		steps, err := list(s, "normalizers", parseNormalizer)
		return normalizers(steps), err
	}
	parse, ok := map[string]func(section) (normalizer, error){
		"BertNormalizer": parseBertNormalizer,
		"ByteLevel":      always[normalizer](byteNormalizer{}),
		"Lowercase":      always[normalizer](lowercase{}),
		"NFC":            always[normalizer](unicodeForm(norm.NFC)),
		"NFD":            always[normalizer](unicodeForm(norm.NFD)),
		"NFKC":           always[normalizer](unicodeForm(norm.NFKC)),
		"NFKD":           always[normalizer](unicodeForm(norm.NFKD)),
		"Nmt":            always[normalizer](nmt{}),
		"Precompiled":    parsePrecompiled,
		"Prepend":        parsePrepend,
		"Replace":        func(s section) (normalizer, error) { return parseReplace(s) },
		"Strip":          parseStrip,
		"StripAccents":   always[normalizer](stripAccents{}),
	}[s.Type]
	if !ok {
		return nil, s.refuse()
	}
	step, err := parse(s)
	if err != nil {
		return nil, err
	}
	return bounded{fmt.Sprintf("%s (%s)", s.path, s.Type), step}, nil
}

func parseStrip(s section) (normalizer, error) {
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
}

func parsePrepend(s section) (normalizer, error) {
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
	parse, ok := map[string]func(section) (preTokenizer, error){
		"BertPreTokenizer":   always[preTokenizer](bertPreTokenizer{runeClasses()}),
		"ByteLevel":          parseByteLevel,
		"CharDelimiterSplit": parseCharDelimiter,
		"Digits":             parseDigits,
		"FixedLength":        parseFixedLength,
		"Metaspace":          parseMetaspaceSplit,
		"Punctuation":        parsePunctuation,
		"Split":              parseSplit,
		"UnicodeScripts":     always[preTokenizer](scriptSplit{}),
		"Whitespace":         always[preTokenizer](wordSplit{runeClasses()}),
		"WhitespaceSplit":    always[preTokenizer](runeSplit{unicode.IsSpace, removed}),
		"Sequence": func(s section) (preTokenizer, error) {
			steps, err := list(s, "pretokenizers", parsePreTokenizer)
			return preTokenizers(steps), err
		},
	}[s.Type]
	if !ok {
		return nil, s.refuse()
	}
	return parse(s)
}

func parsePunctuation(s section) (preTokenizer, error) {
	f := struct {
		Behavior string `json:"behavior"`
	}{"Isolated"}
	if err := s.into(&f); err != nil {
		return nil, err
	}
	classes := runeClasses()
	d, err := parseDelimiter(s, f.Behavior)
	return runeSplit{func(r rune) bool { return classes.of(r)&isPunctuation != 0 }, d}, err
}

func parseDigits(s section) (preTokenizer, error) {
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
}

func parseMetaspaceSplit(s section) (preTokenizer, error) {
	m, err := parseMetaspace(s)
	if err != nil {
		return nil, err
	}
	return m, s.rewrite()
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
	parse, ok := map[string]func(section) (decoder, error){
		"BPEDecoder":   parseBPEDecoder,
		"ByteFallback": always[decoder](byteFallback{}),
		"ByteLevel":    func(s section) (decoder, error) { return byteDecoder{}, s.grow(2) }, // a character of two bytes may become U+FFFD, of three
		"CTC":          parseCTC,
		"Fuse":         always[decoder](fuse{}),
		"Metaspace":    func(s section) (decoder, error) { return parseMetaspace(s) },
		"Replace":      parseReplaceDecoder,
		"Strip":        parseStripDecoder,
		"WordPiece":    parseWordPieceDecoder,
		"Sequence": func(s section) (decoder, error) {
			steps, err := list(s, "decoders", parseDecoder)
			return decoders(steps), err
		},
	}[s.Type]
	if !ok {
		return nil, s.refuse()
	}
	return parse(s)
}

func parseWordPieceDecoder(s section) (decoder, error) {
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
}

func parseStripDecoder(s section) (decoder, error) {
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
}

func parseReplaceDecoder(s section) (decoder, error) {
	r, err := parseReplace(s)
	if err != nil {
		return nil, err
	}
	return r, s.grow(r.growth())
}
