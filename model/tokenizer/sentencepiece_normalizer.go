package tokenizer

// The normalizer of a SentencePiece model.

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// spmNormalizer is the normalizer of a SentencePiece model (normalizer.cc). Every byte of its text stands for what lies between the place
// in the original at which the byte was written and that of the next, so a token ends where the next begins.
type spmNormalizer struct {
	charsmap *charsmap // nil: no rules
	user     *trie     // pieces that stay as they are; nil: none
	dummy    bool      // puts a space before the text,
	suffix   bool      // or after it
	trim     bool      // takes spaces off the ends, and all but one of those in a row
	space    string
}

// newSpmNormalizer gives the normalizer of a model, keeping to the limit of the text.
func newSpmNormalizer(m *spmFile) (normalizer, error) {
	r := &m.normalizer
	p := &spmNormalizer{user: userPieces(m.pieces), dummy: r.dummy, suffix: m.trainer.suffix, trim: r.trim, space: " "}
	if r.escape {
		p.space = space
	}
	if len(r.charsmap) > 0 {
		var err error
		if p.charsmap, err = newCharsmap(r.charsmap); err != nil {
			return nil, fmt.Errorf("normalizer_spec.precompiled_charsmap: %w", err)
		}
	}
	return bounded{"normalizer_spec", p}, nil
}

const replacement = "\ufffd"

// next gives what a text begins with, rewritten, and how many bytes of the text that is.
func (p *spmNormalizer) next(text []byte) (out []byte, size int) {
	if p.user != nil {
		if _, size = p.user.longest(0, text); size > 0 {
			return text[:size], size
		}
	}
	if p.charsmap != nil {
		if out, size = p.charsmap.find(text, false); size > 0 {
			return out, size
		}
	}
	r, size := utf8.DecodeRune(text)
	if r == utf8.RuneError && size == 1 {
		return []byte(replacement), 1
	}
	return text[:size], size
}

// normalize expects a text as it was given.
func (p *spmNormalizer) normalize(n *normalized) error {
	n.begin()
	text, at := n.text, 0
	for p.trim && at < len(text) {
		out, size := p.next(text[at:])
		if string(out) != " " {
			break
		}
		at += size
	}
	if at == len(text) {
		n.swap()
		return nil
	}
	if p.dummy && !p.suffix {
		p.writeSpace(n, at)
	}
	spaced := p.trim // what stands before is a space
	for at < len(text) {
		out, size := p.next(text[at:])
		for spaced && len(out) > 0 && out[0] == ' ' {
			out = out[1:]
		}
		if len(out) > 0 {
			p.write(n, out, at)
			spaced = p.trim && out[len(out)-1] == ' '
		}
		at += size
		if len(n.nextText) > n.limit {
			return n.fits(int64(len(n.nextText)))
		}
	}
	for p.trim && bytes.HasSuffix(n.nextText, []byte(p.space)) {
		size := len(n.nextText) - len(p.space)
		at = int(n.nextAlign[size].Start - n.base)
		n.nextText, n.nextAlign = n.nextText[:size], n.nextAlign[:size]
	}
	if p.dummy && p.suffix {
		p.writeSpace(n, at)
	}
	end := n.base + int32(at)
	for i := len(n.nextAlign) - 1; i >= 0; i-- {
		n.nextAlign[i].End = end
		end = n.nextAlign[i].Start
	}
	n.swap()
	return nil
}

// write appends a text, its spaces in their form, that stands for what begins at a byte of the original.
func (p *spmNormalizer) write(n *normalized, out []byte, at int) {
	for len(out) > 0 {
		k := bytes.IndexByte(out, ' ')
		if k < 0 {
			k = len(out)
		}
		n.nextText = append(n.nextText, out[:k]...)
		n.nextAlign = appendSpans(n.nextAlign, Span{Start: n.base + int32(at)}, k)
		if out = out[k:]; len(out) > 0 {
			p.writeSpace(n, at)
			out = out[1:]
		}
	}
}

func (p *spmNormalizer) writeSpace(n *normalized, at int) {
	n.nextText = append(n.nextText, p.space...)
	n.nextAlign = appendSpans(n.nextAlign, Span{Start: n.base + int32(at)}, len(p.space))
}
