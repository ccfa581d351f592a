// Package model holds what all models share: the files of a checkpoint, its
// configuration and weights, batches of token sequences, and the interfaces by
// which tasks know a model.
package model

import (
	"io"

	"github.com/rapt-go/rapt/gpu"
)

// A Model is what every model is: weights on a backend, immutable once loaded,
// safe for concurrent use. Close frees them.
type Model interface {
	io.Closer

	// Limits bounds the sequences the model can read.
	Limits() Limits
}

// Limits bounds what a model can read, and says where its positions start.
type Limits struct {
	Vocab         int // ids are below it
	Length        int // tokens of a sequence; 0 means any number
	Types         int // token types are below it; 0 means that the model has none
	FirstPosition int // of a sequence's first token, as in RoBERTa; usually 0

	// SkipsPad is RoBERTa's rule: the token FirstPosition-1, which pads, is not counted and has that position.
	SkipsPad bool

	// EndPad is the token that pads the ends of sequences for a model that judges them by their last token, if it is not nil:
	// see [Batch.Unpadded].
	EndPad *int32
}

// An Encoder turns tokens into hidden states.
type Encoder interface {
	Model
	Width() int                                // of a hidden state
	Encode(s *gpu.Stream, in Batch) gpu.Tensor // [tokens or Want, width]
}

// A MaskedLM says which word stands at a masked position.
type MaskedLM interface {
	Model
	MaskedLogits(s *gpu.Stream, in Batch) gpu.Tensor // [tokens or Want, vocab] F32
}

// A SequenceClassifier judges whole sequences, or pairs of texts.
type SequenceClassifier interface {
	Model
	Classes() Classes
	Classify(s *gpu.Stream, in Batch) gpu.Tensor // logits [sequences, labels] F32
}

// A TokenClassifier judges every token.
type TokenClassifier interface {
	Model
	Classes() Classes
	ClassifyTokens(s *gpu.Stream, in Batch) gpu.Tensor // logits [tokens or Want, labels] F32
}

// A SpanReader finds where in its input an answer starts and ends.
type SpanReader interface {
	Model
	Spans(s *gpu.Stream, in Batch) gpu.Tensor // logits of start and end [tokens or Want, 2] F32
}

// A PairJudge says whether the second text of a pair follows the first.
type PairJudge interface {
	Model
	NextSentence(s *gpu.Stream, in Batch) gpu.Tensor // logits of "follows", "is random" [sequences, 2] F32
}

// A Decoder extends sequences of tokens. It never owns a cache.
type Decoder interface {
	Model

	// CacheShape says what a token leaves in a cache.
	CacheShape() CacheShape

	// Decode returns the logits of what follows each token, or each wanted one, [·, vocab] F32. Without a
	// cache sequences are whole; with one, in is what its Extend returned, and the tokens' keys and values go there.
	Decode(s *gpu.Stream, in Batch, c *Cache) gpu.Tensor
}

// Classes says what the logits of a classifier mean.
type Classes struct {
	Labels  []string
	Problem Problem
}

// A Problem is config.json's problem_type: how logits become scores.
type Problem uint8

// The problem types. Where config.json has none it is SingleLabel; transformers'
// pipelines then apply a sigmoid to a model of one label.
const (
	SingleLabel Problem = iota // softmax over the labels
	MultiLabel                 // a sigmoid for each label
	Regression                 // the logit is the answer
)
