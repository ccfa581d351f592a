// Package tokenizer turns text into the ids of a checkpoint and back, equal to Hugging Face's library "tokenizers".
//
// A [Tokenizer] is read from the files of a checkpoint: tokenizer.json, or the plain files of older ones. It works in five steps, each one of the
// sections of tokenizer.json: added tokens are found in the text, the normalizer rewrites what lies between them, the pre-tokenizer cuts it into
// words, the model gives the tokens of each word, and the post-processor puts special tokens around them. The decoder goes the other way.
// The models are WordPiece, byte-pair encoding, Unigram and WordLevel; a file that needs more than there is is refused with [ErrUnsupported].
//
// Offsets follow the library through every change of the text: they are ranges of the text as given.
package tokenizer

import (
	"errors"
	"sync"
)

// ErrUnsupported is wrapped by errors about files that are sound but need what this package does not have.
var ErrUnsupported = errors.New("not supported")

// Tokenizer is immutable and safe for concurrent use.
type Tokenizer struct {
	ids     map[string]int32
	tokens  map[int32]entry
	special Special
	maxID   int32

	raw, normal *matcher // added tokens that match the text as it stands, and normalized
	unknown     int32    // the id of tokens whose text is what they stand for; -1: there is no such token, where the model may need it
	codes       bool     // a text may begin with a language code, see languageCode
	normalizer  normalizer
	pre         preTokenizer
	model       model
	post        postProcessor
	decoder     decoder
	edges       []uint64 // a bit for each id: its token may begin or end with white space; nil where ids have too many gaps for it

	target     *Tokenizer
	maxLength  int
	truncation *Options
	pool       sync.Pool
}

// entry is the token of an id.
type entry struct {
	text    string // what it decodes to: of an added token that is normalized, the normalized form
	word    string // the word of the vocabulary, where it has one; else text
	special bool   // left out by DecodeOptions.SkipSpecial
}

// Special gives the ids of the tokens with a role, -1 for a role that no token has.
type Special struct{ CLS, SEP, Mask, Pad, Unk int32 }

// Kind is the name of the tokenizer's model: "WordPiece", "BPE", "Unigram" or "WordLevel"; "Word" or "Char" of a
// SentencePiece model; "Marian".
func (t *Tokenizer) Kind() string { return t.model.kind() }

// ID gives the id of a token.
func (t *Tokenizer) ID(token string) (int32, bool) {
	id, ok := t.ids[token]
	return id, ok
}

// Token gives the text of an id.
func (t *Tokenizer) Token(id int32) (string, bool) {
	e, ok := t.tokens[id]
	return e.text, ok
}

// Size is the number of tokens, added ones counted. Ids may have gaps: an embedding needs MaxID()+1 rows.
func (t *Tokenizer) Size() int { return len(t.ids) }

// MaxID is the highest id.
func (t *Tokenizer) MaxID() int32 { return t.maxID }

// Special gives the tokens with a role.
func (t *Tokenizer) Special() Special { return t.special }

// MaxLength is the number of tokens that the checkpoint says its model takes (model_max_length), special ones counted; 0 if it does not say.
func (t *Tokenizer) MaxLength() int { return t.maxLength }

// Target is the tokenizer of the side that a translation is into, where the sides have their own (Marian): labels are encoded, and what a model
// generates decoded, with it. It is nil where one tokenizer serves both.
func (t *Tokenizer) Target() *Tokenizer { return t.target }

// Truncation gives the section of that name in tokenizer.json, if there is one. It is not applied by itself:
// pass it to [Tokenizer.Encode] where it is wanted.
func (t *Tokenizer) Truncation() (o Options, ok bool) {
	if t.truncation == nil {
		return Options{}, false
	}
	return *t.truncation, true
}
