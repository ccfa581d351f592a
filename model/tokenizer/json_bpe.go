package tokenizer

// Reading byte-pair encoding and what comes with it from tokenizer.json.

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/rapt-go/rapt/model/internal/files"
)

// bpeSource is a model as files give it.
type bpeSource struct {
	bpeOptions
	merges       [][]string
	unk          *string
	byteFallback bool
}

// parseBPE reads a BPE model.
func (b *builder) parseBPE(s section) error {
	var f struct {
		Dropout      *float64                         `json:"dropout"`
		Unk          *string                          `json:"unk_token"`
		Prefix       *string                          `json:"continuing_subword_prefix"`
		Suffix       *string                          `json:"end_of_word_suffix"`
		FuseUnk      bool                             `json:"fuse_unk"`
		ByteFallback bool                             `json:"byte_fallback"`
		IgnoreMerges bool                             `json:"ignore_merges"`
		Vocab        few[map[string]int32, wordLimit] `json:"vocab"`
		Merges       json.RawMessage                  `json:"merges"`
	}
	if err := s.into(&f); err != nil {
		return err
	}
	if f.Vocab.all == nil || isNull(f.Merges) {
		return s.need("vocab and merges")
	}
	if d := f.Dropout; d != nil && *d != 0 {
		if !(*d > 0 && *d <= 1) {
			return fmt.Errorf("model.dropout: %v, expected 0 to 1", *d)
		}
		return fmt.Errorf("model.dropout: %v, with which a text has different tokens each time, is %w", *d, ErrUnsupported)
	}
	if err := b.setVocab(f.Vocab.all); err != nil {
		return fmt.Errorf("model.vocab: %w", err)
	}
	merges, err := parseMerges(f.Merges)
	if err != nil {
		return err
	}
	o := bpeOptions{fuseUnk: f.FuseUnk, ignoreMerges: f.IgnoreMerges}
	if f.Prefix != nil {
		o.prefix = *f.Prefix
	}
	if f.Suffix != nil {
		o.suffix = *f.Suffix
	}
	if err := b.setBPE(bpeSource{bpeOptions: o, merges: merges, unk: f.Unk, byteFallback: f.ByteFallback}); err != nil {
		return fmt.Errorf("model.%w", err)
	}
	return nil
}

// parseMerges reads a list of pairs, or one of strings with a space in between, as older files have it.
func parseMerges(raw json.RawMessage) ([][]string, error) {
	if countValues(raw, 2, 3*maxMerges+1) > 3*maxMerges { // a pair counts for three
		return nil, fmt.Errorf("model.merges: more than %d", maxMerges)
	}
	var merges [][]string
	if err := files.Decode(raw, &merges); err == nil {
		return merges, nil
	}
	merges = nil
	var lines []string
	if err := files.Decode(raw, &lines); err != nil {
		return nil, fmt.Errorf(`model.merges: expected a list of ["a", "b"] or of "a b": %w`, err)
	}
	for _, line := range lines {
		if !strings.HasPrefix(line, "#version") {
			merges = append(merges, strings.SplitN(line, " ", 3))
		}
	}
	return merges, nil
}

// setBPE makes the model of the vocabulary that is set; its errors begin with the name of a field. The pre-tokenizer must be known.
func (b *builder) setBPE(f bpeSource) error {
	if len(f.merges) > maxMerges {
		return fmt.Errorf("merges: %d; at most %d", len(f.merges), maxMerges)
	}
	if f.byteFallback && f.prefix+f.suffix != "" {
		return fmt.Errorf("byte_fallback with a prefix or a suffix is %w", ErrUnsupported)
	}
	if len(f.prefix) > maxWord || len(f.suffix) > maxWord {
		return fmt.Errorf("continuing_subword_prefix or end_of_word_suffix has more than %d bytes", maxWord)
	}
	merges := make([]merge, len(f.merges))
	for i, pair := range f.merges {
		m, err := b.merge(pair, len(f.prefix))
		if err != nil {
			return fmt.Errorf("merges[%d]: %w", i, err)
		}
		merges[i] = m
	}
	if f.unk != nil {
		if id, ok := b.words[*f.unk]; ok {
			b.unk = id
		}
	}
	var fallback *[256]int32
	if f.byteFallback {
		fallback = new([256]int32)
		for c := range fallback {
			id, ok := b.words[fmt.Sprintf("<0x%02X>", c)]
			if !ok {
				id = -1
			}
			fallback[c] = id
		}
	}
	model := newBPE(b.words, merges, b.unk, fallback, f.bpeOptions)
	if pre, ok := rawBytes(b.t.pre); ok {
		if m, ok := model.inBytes(); ok {
			model, b.t.pre = m, pre
		}
	}
	if f.unk != nil && b.unk < 0 && !model.raw { // in bytes nothing is unknown
		return fmt.Errorf("unk_token: %q is not in the vocabulary", *f.unk)
	}
	b.t.model = model
	return nil
}

// merge gives the ids of a merge and of what it makes: the left token, and the right one without the prefix.
func (b *builder) merge(pair []string, prefix int) (m merge, err error) {
	if len(pair) != 2 {
		return m, fmt.Errorf("found %.80q, expected 2 tokens", pair)
	}
	if len(pair[1]) < prefix {
		return m, fmt.Errorf("%.80q is shorter than the prefix of %d bytes", pair[1], prefix)
	}
	for i, name := range [3]string{pair[0], pair[1], pair[0] + pair[1][prefix:]} {
		id, ok := b.words[name]
		if !ok {
			return m, fmt.Errorf("%.80q and %.80q: %.80q is not in the vocabulary", pair[0], pair[1], name)
		}
		*[3]*int32{&m.left, &m.right, &m.joined}[i] = id
	}
	return m, nil
}

// rawBytes gives a pre-tokenizer that leaves bytes as they are, where it writes them as characters last of all.
func rawBytes(p preTokenizer) (preTokenizer, bool) {
	switch p := p.(type) {
	case byteLevel:
		p.raw = true
		return p, true
	case preTokenizers:
		if len(p) == 0 || slices.ContainsFunc(p[:len(p)-1], writesBytes) {
			return nil, false
		}
		last, ok := rawBytes(p[len(p)-1])
		if !ok {
			return nil, false
		}
		steps := append(p[:len(p)-1:len(p)-1], last)
		if l, ok := last.(byteLevel); ok && !l.prefix && l.words == nil { // nothing is left to do
			steps = steps[:len(steps)-1]
		}
		if len(steps) == 1 {
			return steps[0], true
		}
		return steps, true
	}
	return nil, false
}

// writesBytes reports whether bytes become characters.
func writesBytes(p preTokenizer) bool {
	steps, ok := p.(preTokenizers)
	if ok {
		return slices.ContainsFunc(steps, writesBytes)
	}
	_, ok = p.(byteLevel)
	return ok
}

// parseByteLevel reads a ByteLevel pre-tokenizer.
func parseByteLevel(s section) (preTokenizer, error) {
	var f struct {
		Prefix *bool `json:"add_prefix_space"`
		Trim   *bool `json:"trim_offsets"`
		Regex  *bool `json:"use_regex"`
	}
	if err := s.into(&f); err != nil {
		return nil, err
	}
	if f.Prefix == nil || f.Trim == nil {
		return nil, s.need("add_prefix_space and trim_offsets")
	}
	return newByteLevel(*f.Prefix, f.Regex == nil || *f.Regex), s.rewrite()
}

func parseCharDelimiter(s section) (preTokenizer, error) {
	var f struct {
		Delimiter string `json:"delimiter"`
	}
	if err := s.into(&f); err != nil {
		return nil, err
	}
	r, size := utf8.DecodeRuneInString(f.Delimiter)
	if size == 0 || size != len(f.Delimiter) {
		return nil, fmt.Errorf("%s.delimiter: %.80q, expected one character", s.path, f.Delimiter)
	}
	return runeSplit{func(c rune) bool { return c == r }, removed}, nil
}

func parseFixedLength(s section) (preTokenizer, error) {
	f := struct {
		Length int `json:"length"`
	}{5}
	if err := s.into(&f); err != nil {
		return nil, err
	}
	if f.Length < 1 {
		return nil, fmt.Errorf("%s.length: %d, expected at least 1", s.path, f.Length)
	}
	return fixedLength(f.Length), nil
}

// parseByteLevelPost reads a ByteLevel post-processor, which adds nothing.
func parseByteLevelPost(s section) (postProcessor, error) {
	var f struct {
		Prefix *bool `json:"add_prefix_space"`
		Trim   *bool `json:"trim_offsets"`
	}
	if err := s.into(&f); err != nil {
		return postProcessor{}, err
	}
	if f.Prefix == nil || f.Trim == nil {
		return postProcessor{}, s.need("add_prefix_space and trim_offsets")
	}
	p := noTemplate()
	p.bare, p.trim, p.prefixed = true, *f.Trim, *f.Prefix
	return p, nil
}

// inTurn gives post-processors as one: one that adds tokens, and one that trims offsets, which may be the same.
func inTurn(s section, steps []postProcessor) (postProcessor, error) {
	out := noTemplate()
	out.bare = true
	for _, p := range steps {
		if !p.bare && !out.bare || p.trim && out.trim {
			return postProcessor{}, fmt.Errorf("%s: two post-processors that add tokens, or that trim offsets, are %w", s.path, ErrUnsupported)
		}
		if !p.bare {
			out.single, out.pair, out.bare = p.single, p.pair, false
		}
		if p.trim {
			out.trim, out.prefixed = true, p.prefixed
		}
	}
	return out, nil
}

func parseBPEDecoder(s section) (decoder, error) {
	var f struct {
		Suffix *string `json:"suffix"`
	}
	if err := s.into(&f); err != nil {
		return nil, err
	}
	if f.Suffix == nil {
		return nil, s.need("suffix")
	}
	return bpeDecoder(*f.Suffix), s.grow(3) // an empty suffix sets a space before and after every character
}

func parseCTC(s section) (decoder, error) {
	var f struct {
		Pad       *string `json:"pad_token"`
		Delimiter *string `json:"word_delimiter_token"`
		CleanUp   *bool   `json:"cleanup"`
	}
	if err := s.into(&f); err != nil {
		return nil, err
	}
	if f.Pad == nil || f.Delimiter == nil || f.CleanUp == nil {
		return nil, s.need("pad_token, word_delimiter_token and cleanup")
	}
	return ctcDecoder{*f.Pad, *f.Delimiter, *f.CleanUp}, s.grow(3)
}
