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
		switch {
		case err != nil:
			return postProcessor{}, err
		case len(steps) == 0:
			return noTemplate(), nil
		case len(steps) > 1:
			return postProcessor{}, fmt.Errorf("%s: more than one post-processor is %w", s.path, ErrUnsupported)
		}
		return steps[0], nil
	}
	return postProcessor{}, s.refuse("ByteLevel")
}

// parsePair reads ["[SEP]", 102].
func (b *builder) parsePair(s section, field string, raw json.RawMessage) (int32, error) {
	var pair []json.RawMessage
	var name string
	var id int32
	if json.Unmarshal(raw, &pair) != nil || len(pair) != 2 || json.Unmarshal(pair[0], &name) != nil || json.Unmarshal(pair[1], &id) != nil {
		return 0, fmt.Errorf("%s.%s: expected [token, id]", s.path, field)
	}
	return id, b.known(s, name, id)
}

// known reports an id that no token has.
func (b *builder) known(s section, name string, id int32) error {
	if _, ok := b.t.tokens[id]; ok {
		return nil
	}
	if _, ok := b.added[id]; ok {
		return nil
	}
	return fmt.Errorf("%s: %q has the id %d, which no token has", s.path, name, id)
}

func (b *builder) parseTemplate(s section) (postProcessor, error) {
	type ref struct {
		ID   string `json:"id"`
		Kind int64  `json:"type_id"`
	}
	type part struct{ Sequence, SpecialToken *ref }
	var f struct {
		Single  []part `json:"single"`
		Pair    []part `json:"pair"`
		Special map[string]struct {
			IDs []int32 `json:"ids"`
		} `json:"special_tokens"`
	}
	if err := s.into(&f); err != nil {
		return postProcessor{}, err
	}
	read := func(name string, parts []part, texts int) ([]templatePart, error) {
		var out []templatePart
		for i, p := range parts {
			r := p.Sequence
			if r == nil {
				r = p.SpecialToken
			}
			switch {
			case r == nil:
				return nil, fmt.Errorf("%s.%s[%d]: neither Sequence nor SpecialToken", s.path, name, i)
			case r.Kind < 0 || r.Kind > math.MaxInt32:
				return nil, fmt.Errorf("%s.%s[%d]: type_id %d", s.path, name, i, r.Kind)
			case p.Sequence != nil:
				seq := map[string]int{"A": 1, "B": 2}[r.ID] // 0: neither
				if seq == 0 || seq > texts {
					return nil, fmt.Errorf("%s.%s[%d]: there is no sequence %q", s.path, name, i, r.ID)
				}
				out = append(out, textPart(seq-1, int32(r.Kind)))
			default:
				t, ok := f.Special[r.ID]
				if !ok {
					return nil, fmt.Errorf("%s.%s[%d]: %q is not among special_tokens", s.path, name, i, r.ID)
				}
				for _, id := range t.IDs {
					if err := b.known(s, r.ID, id); err != nil {
						return nil, err
					}
				}
				out = append(out, specialPart(int32(r.Kind), t.IDs...))
			}
		}
		return out, nil
	}
	single, err := read("single", f.Single, 1)
	if err != nil {
		return postProcessor{}, err
	}
	pair, err := read("pair", f.Pair, 2)
	return postProcessor{single: single, pair: pair}, err
}
