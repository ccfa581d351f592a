package tokenizer

// Reading the post-processors of tokenizer.json.

import (
	"encoding/json"
	"fmt"
	"math"
)

// parsePost reads a post-processor. The ids of its special tokens must be known.
func (b *builder) parsePost(s section) (postProcessor, error) {
	switch s.Type {
	case "TemplateProcessing":
		return b.parseTemplate(s)
	case "BertProcessing", "RobertaProcessing":
		var f struct {
			Sep, CLS json.RawMessage
			Trim     *bool `json:"trim_offsets"`
			Prefix   *bool `json:"add_prefix_space"`
		}
		if err := s.into(&f); err != nil {
			return postProcessor{}, err
		}
		sep, err := b.parsePair(s, "sep", f.Sep)
		if err != nil {
			return postProcessor{}, err
		}
		cls, err := b.parsePair(s, "cls", f.CLS)
		if err != nil {
			return postProcessor{}, err
		}
		if s.Type == "BertProcessing" {
			return bertTemplate(cls, sep), nil
		}
		if f.Trim == nil || f.Prefix == nil {
			return postProcessor{}, s.need("trim_offsets and add_prefix_space")
		}
		return robertaTemplate(cls, sep, *f.Trim, *f.Prefix), nil
	case "Sequence":
		steps, err := list(s, "processors", b.parsePost)
		if err != nil {
			return postProcessor{}, err
		}
		return inTurn(s, steps)
	case "ByteLevel":
		return parseByteLevelPost(s)
	}
	return postProcessor{}, s.refuse()
}

// parsePair reads ["[SEP]", 102].
func (b *builder) parsePair(s section, field string, raw json.RawMessage) (int32, error) {
	var pair []json.RawMessage
	var name string
	var id int32
	if json.Unmarshal(raw, &pair) != nil || len(pair) != 2 || json.Unmarshal(pair[0], &name) != nil || json.Unmarshal(pair[1], &id) != nil {
		return 0, fmt.Errorf("%s.%s: expected [token, id]", s.path, field)
	}
	if err := b.known(name, id); err != nil {
		return 0, fmt.Errorf("%s.%s: %w", s.path, field, err)
	}
	return id, nil
}

// known reports an id that no token has.
func (b *builder) known(name string, id int32) error {
	if _, ok := b.t.tokens[id]; ok {
		return nil
	}
	if _, ok := b.added[id]; ok {
		return nil
	}
	return fmt.Errorf("%q has the id %d, which no token has", name, id)
}

// template is a TemplateProcessing being read.
type template struct {
	*builder
	section
	special map[string]specialTokens
	size    int // tokens and texts of the parts so far
}

// maxTemplate bounds a template, each token and each text counted: published ones have up to seven. maxTexts bounds how often a text may be
// in it, by which an encoding grows: published ones have it once.
const maxTemplate, maxTexts = 256, 4

type specialTokens struct {
	IDs []int32 `json:"ids"`
}

// templateItem has one of its fields.
type templateItem struct{ Sequence, SpecialToken *templateRef }

type templateRef struct {
	ID   string `json:"id"`
	Kind int64  `json:"type_id"`
}

func (b *builder) parseTemplate(s section) (postProcessor, error) {
	var f struct {
		Single  []templateItem           `json:"single"`
		Pair    []templateItem           `json:"pair"`
		Special map[string]specialTokens `json:"special_tokens"`
	}
	if err := s.into(&f); err != nil {
		return postProcessor{}, err
	}
	t := template{builder: b, section: s, special: f.Special}
	single, err := t.parts("single", f.Single, 1)
	if err != nil {
		return postProcessor{}, err
	}
	pair, err := t.parts("pair", f.Pair, 2)
	return postProcessor{single: single, pair: pair}, err
}

// parts reads the template for so many texts.
func (t *template) parts(name string, items []templateItem, texts int) ([]templatePart, error) {
	var out []templatePart
	uses := [2]int{}
	t.size = 0
	for i, item := range items {
		p, err := t.part(item, texts)
		if err == nil && p.seq >= 0 {
			if uses[p.seq]++; uses[p.seq] > maxTexts {
				err = fmt.Errorf("a text more than %d times", maxTexts)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("%s.%s[%d]: %w", t.path, name, i, err)
		}
		out = append(out, p)
	}
	return out, nil
}

func (t *template) part(item templateItem, texts int) (templatePart, error) {
	r := item.Sequence
	if r == nil {
		r = item.SpecialToken
	}
	if r == nil {
		return templatePart{}, fmt.Errorf("neither Sequence nor SpecialToken")
	}
	if r.Kind < 0 || r.Kind > math.MaxInt32 {
		return templatePart{}, fmt.Errorf("type_id %d", r.Kind)
	}
	ids := t.special[r.ID].IDs
	if item.Sequence != nil {
		ids = nil
	}
	if t.size += max(1, len(ids)); t.size > maxTemplate {
		return templatePart{}, fmt.Errorf("more than %d tokens and texts", maxTemplate)
	}
	if item.Sequence != nil {
		seq := map[string]int{"A": 1, "B": 2}[r.ID] // 0: neither
		if seq == 0 || seq > texts {
			return templatePart{}, fmt.Errorf("there is no sequence %q", r.ID)
		}
		return textPart(seq-1, int32(r.Kind)), nil
	}
	if _, ok := t.special[r.ID]; !ok {
		return templatePart{}, fmt.Errorf("%q is not among special_tokens", r.ID)
	}
	for _, id := range ids {
		if err := t.known(r.ID, id); err != nil {
			return templatePart{}, err
		}
	}
	return specialPart(int32(r.Kind), ids...), nil
}
