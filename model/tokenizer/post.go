package tokenizer

// The last step: adding what a model wants around its texts.

import "unicode/utf8"

// templatePart is a part of a template: one of the texts, or special tokens.
type templatePart struct {
	seq  int     // 0 or 1; -1: ids
	ids  []int32 // the special tokens
	kind int32   // the type of its tokens
	rest int32   // the type in windows after the first, where special tokens are added; else it is seq
}

// postProcessor holds a template for one text and one for two.
type postProcessor struct {
	single, pair []templatePart
	bare         bool // they are those of noTemplate
	trim         bool // the white space at the ends of a token is not in its offsets,
	prefixed     bool // but for a single space at the beginning of a text or a window
}

func (p *postProcessor) template(pair bool) []templatePart {
	if pair {
		return p.pair
	}
	return p.single
}

// noTemplate puts the texts one after the other.
func noTemplate() postProcessor {
	return postProcessor{single: []templatePart{textPart(0, 0)}, pair: []templatePart{textPart(0, 0), textPart(1, 1)}}
}

func textPart(seq int, kind int32) templatePart {
	return templatePart{seq: seq, kind: kind, rest: int32(seq)}
}

func specialPart(kind int32, ids ...int32) templatePart {
	return templatePart{seq: -1, ids: ids, kind: kind}
}

// bertTemplate is [CLS] A [SEP] and [CLS] A [SEP] B [SEP], with B and what follows of type 1.
func bertTemplate(cls, sep int32) postProcessor {
	single := []templatePart{specialPart(0, cls), textPart(0, 0), specialPart(0, sep)}
	return postProcessor{single: single, pair: append(single[:3:3], textPart(1, 1), specialPart(1, sep))}
}

// robertaTemplate is <s> A </s> and <s> A </s></s> B </s>, all of type 0.
func robertaTemplate(cls, sep int32, trim, prefixed bool) postProcessor {
	single := []templatePart{specialPart(0, cls), textPart(0, 0), specialPart(0, sep)}
	return postProcessor{single: single, pair: append(single[:3:3], specialPart(0, sep), templatePart{seq: 1}, specialPart(0, sep)), trim: trim, prefixed: prefixed}
}

// added counts the special tokens of a template.
func added(parts []templatePart) int {
	n := 0
	for _, p := range parts {
		n += len(p.ids)
	}
	return n
}

// trimToken takes white space off the offsets of a token of a text. first: it is the first one of a text or a window.
func (p *postProcessor) trimToken(s *Span, text, token string, first bool) {
	left, right := 0, 0
	for rest := token; rest != ""; left++ {
		r, size := utf8.DecodeRuneInString(rest)
		if !isTrimmed(r) {
			break
		}
		rest = rest[size:]
	}
	for rest := token; rest != ""; right++ {
		r, size := utf8.DecodeLastRuneInString(rest)
		if !isTrimmed(r) {
			break
		}
		rest = rest[:len(rest)-size]
	}
	if left == 1 && p.prefixed && (first || s.Start == 0) {
		left = 0
	}
	for ; left > 0 && s.Start < s.End; left-- {
		_, size := utf8.DecodeRuneInString(text[s.Start:s.End])
		s.Start += int32(size)
	}
	if int(s.End) < right*utf8.UTFMax && utf8.RuneCountInString(text[:s.End]) < right { // more than the text has: the library leaves it
		return
	}
	for ; right > 0 && s.Start < s.End; right-- {
		_, size := utf8.DecodeLastRuneInString(text[s.Start:s.End])
		s.End -= int32(size)
	}
}

// isTrimmed reports white space, or a byte-level tokenizer's space.
func isTrimmed(r rune) bool { return r == 'Ġ' || runeClasses().of(r)&isSpace != 0 }
