package tokenizer

// Tokens that are found in the text as they stand, before the model sees it.

import (
	"bytes"
	"unicode/utf8"
)

// addedToken is a token on top of the vocabulary, with the fields of tokenizer.json.
type addedToken struct {
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"` // only between characters that are no part of a word
	LStrip     bool   `json:"lstrip"`      // takes the white space on its left
	RStrip     bool   `json:"rstrip"`
	Normalized bool   `json:"normalized"` // matches the normalized text, in its own normalized form
	Special    bool   `json:"special"`    // left out of decoded text on request

	bare bool // a file gives its content alone
}

// matcher finds the added tokens of one kind: leftmost first, of those the longest.
type matcher struct {
	trie   *trie
	starts [256]bool
	only   int // the one byte that all begin with, or -1
	tokens map[int32]addedToken
}

// found is a match: white space taken in, so lo may lie before the end of the match before it if that took it already.
type found struct {
	id     int32
	lo, hi int
}

func newMatcher(words map[string]int32, tokens map[int32]addedToken) *matcher {
	if len(words) == 0 {
		return nil
	}
	m := &matcher{trie: newTrie(words), only: -1, tokens: tokens}
	first := m.trie.starts()
	for _, b := range first {
		m.starts[b] = true
	}
	if len(first) == 1 {
		m.only = int(first[0])
	}
	return m
}

// find appends what it finds in text.
func (m *matcher) find(dst []found, text []byte) []found {
	if m == nil {
		return dst
	}
	done := 0 // the end of the last match, with its white space
	for at := 0; at < len(text); {
		if m.only >= 0 {
			k := bytes.IndexByte(text[at:], byte(m.only))
			if k < 0 {
				break
			}
			at += k
		} else if !m.starts[text[at]] {
			at++
			continue
		}
		id, size := m.trie.longest(0, text[at:])
		if size == 0 {
			at++
			continue
		}
		lo, hi := at, at+size
		at = hi
		t := m.tokens[id]
		if t.SingleWord && (endsInWord(text[:lo]) || beginsWithWord(text[hi:])) {
			continue
		}
		// What the match before took in is not looked at again, so that matches within white space take linear time.
		if t.LStrip {
			lo = done + len(trimRight(text[min(done, lo):lo]))
		}
		if t.RStrip {
			hi = max(hi, done)
			hi = len(text) - len(trimLeft(text[hi:]))
		}
		dst = append(dst, found{id, lo, hi})
		done = hi
	}
	return dst
}

func endsInWord(text []byte) bool {
	r, size := utf8.DecodeLastRune(text)
	return size > 0 && runeClasses().of(r)&isWord != 0
}

func beginsWithWord(text []byte) bool {
	r, size := utf8.DecodeRune(text)
	return size > 0 && runeClasses().of(r)&isWord != 0
}
