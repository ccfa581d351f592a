package task

// From ids that come one by one to text.

import (
	"slices"
	"strings"

	"github.com/rapt-go/rapt/model/tokenizer"
)

// around is how many tokens before an id its text may depend on: a decoder looks at whether a token is the first, and a
// character of UTF-8 has four bytes, each of which may be a token.
const around = 8

// tail is the last n of ids.
func tail(ids []int32, n int) []int32 { return ids[max(0, len(ids)-n):] }

var spelling = tokenizer.DecodeOptions{SkipSpecial: true}

// textAfter is the text of ids that follow others, without special tokens.
func textAfter(t Tokenizer, before, ids []int32) string {
	before = tail(before, around)
	text, ok := strings.CutPrefix(t.Decode(slices.Concat(before, ids), spelling), t.Decode(before, spelling))
	if !ok {
		return t.Decode(ids, spelling)
	}
	return text
}

// A speller gives the text of ids as they come: of each the text that it makes certain, in whole characters; all that is left
// of the last.
type speller func(id int32, last bool) string

// newSpeller spells what follows ids.
func newSpeller(t Tokenizer, before []int32) speller {
	before = tail(before, around)
	known, ok := t.(interface {
		Stream(o tokenizer.DecodeOptions) *tokenizer.TextStream
	})
	if !ok {
		return slowSpeller(t, before)
	}
	s := known.Stream(spelling)
	owed := len(t.Decode(before, spelling)) // bytes of text before
	for _, id := range before {
		owed -= len(s.Next(id))
	}
	return func(id int32, last bool) string {
		text := s.Next(id)
		if last {
			text += s.Rest()
		}
		old := min(max(owed, 0), len(text))
		owed -= old
		return text[old:]
	}
}

// slowSpeller spells with a tokenizer that has no streams: it decodes all ids again each time. What bytes that are no whole
// character decode to is the only text that a later id changes.
func slowSpeller(t Tokenizer, before []int32) speller {
	const unfinished = "\uFFFD"
	ids, shown := slices.Clone(before), len(t.Decode(before, spelling))
	return func(id int32, last bool) string {
		ids = append(ids, id)
		text := t.Decode(ids, spelling)
		if !last {
			text = strings.TrimSuffix(text, unfinished)
		}
		if len(text) <= shown {
			return ""
		}
		defer func() { shown = len(text) }()
		return text[shown:]
	}
}

// common is how many elements two slices begin with in common.
func common[T comparable](a, b []T) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}
