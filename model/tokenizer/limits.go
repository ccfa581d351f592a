package tokenizer

// What the files of a tokenizer may hold: their lists are counted before they are read, as a value of a few bytes may take a hundred in memory.

import (
	"encoding/json"
	"fmt"
)

const (
	maxWords  = 1 << 20 // four times the usual large vocabularies; the largest has some 900,000
	maxMerges = 1 << 20 // the longest published list has some 600,000
	maxAdded  = 1 << 18 // four times the most published: models of speech have a token for each of 65,536 codes

	// maxWord bounds the bytes of a token: looking for the longest one may follow so many bytes from each place of a text. The longest published
	// ones are runs of some hundred spaces.
	maxWord = 1 << 12

	// maxContents bounds the bytes of the words of a vocabulary, and of the added tokens, together: a trie takes some 40 bytes for each. The
	// largest published vocabulary has some 8 MB, added tokens less than one.
	maxContents = 1 << 24

	// maxSection bounds the bytes of a section other than the model; the rules of SentencePiece, in base64, take less than one MB.
	maxSection = 1 << 22
)

// few is a list or an object that is counted before it is read.
type few[T any, L limit] struct{ all T }

// limit names what there may be so many of.
type limit interface{ most() (string, int) }

type (
	wordLimit  struct{}
	pieceLimit struct{}
	addedLimit struct{}
)

func (wordLimit) most() (string, int)  { return "words", maxWords }
func (pieceLimit) most() (string, int) { return "pieces", maxWords }
func (addedLimit) most() (string, int) { return "added tokens", maxAdded }

// UnmarshalJSON reads a list or an object.
func (f *few[T, L]) UnmarshalJSON(data []byte) error {
	var l L
	what, most := l.most()
	if countValues(data, 1, most+1) > most {
		return fmt.Errorf("more than %d %s", most, what)
	}
	return json.Unmarshal(data, &f.all)
}

// countValues counts the values of a list or an object, and those of lists and objects in it as far as depth levels go, up to most. What is counted is JSON.
func countValues(data []byte, depth, most int) int {
	count, level, first := 0, 0, false // first: a value may begin here that no comma comes before
	for i := 0; i < len(data) && count < most; i++ {
		switch c := data[i]; c {
		case ' ', '\t', '\r', '\n':
			continue
		case ']', '}':
			level--
			first = false
			continue
		case ',':
			if level <= depth {
				count++
			}
			continue
		}
		if first && level <= depth {
			count++
		}
		first = false
		switch data[i] {
		case '[', '{':
			level++
			first = true
		case '"':
			for i++; i < len(data) && data[i] != '"'; i++ {
				if data[i] == '\\' {
					i++
				}
			}
		}
	}
	return count
}
