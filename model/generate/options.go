package generate

import "math"

// Options says how tokens are chosen. Names and meanings are those of transformers' GenerationConfig; the zero value is
// greedy search to the end of what the model reads.
type Options struct {
	MaxNewTokens int // most new tokens, as far as the model reads; 0 means that MaxLength bounds alone
	MaxLength    int // most tokens, those of the prompt among them, if MaxNewTokens is 0; 0 means what the model reads
	MinNewTokens int // no end before so many new tokens
	MinLength    int // no end before so many tokens, those of the prompt among them

	EOS []int32 // any of them ends a sequence

	// Sampling draws each token; without it the likeliest is taken. The rules below it apply in this order, each to
	// what the earlier left; zero means not applied.
	Sampling      bool
	Temperature   float64 // divides logits; 0 means 1
	TopK          int
	TopP          float64
	MinP          float64
	TypicalP      float64
	EpsilonCutoff float64
	EtaCutoff     float64
	Seed          uint64 // equal seeds draw equal tokens, on every backend and in every batch

	// Beams above 1 is beam search.
	Beams         int
	LengthPenalty *float64 // exponent of the length that scores are divided by; nil means 1
	EarlyStopping Early
	Renormalize   bool // log-probabilities once more, after the rules (renormalize_logits)
	Return        int  // sequences of each prompt, 0 means 1; of a beam search at most Beams

	RepetitionPenalty float64   // 0 means 1, none
	NoRepeatNGram     int       // no n-gram of this size twice
	BadWords          [][]int32 // sequences that may not occur
	Suppress          []int32   // tokens that may not occur
	BeginSuppress     []int32   // tokens that may not come first
	ForcedBOS         *int32    // the second token of a sequence: of an encoder-decoder the one after the start token
	ForcedEOS         []int32   // the last token before MaxLength, or MaxNewTokens

	// Processors change logits after the rules above and before Temperature. They cost a copy of the row from the device
	// and back.
	Processors []Processor

	// Stop, if not nil, is called with the new tokens after each one, and ends the sequence if it says so: how stop
	// strings work.
	Stop func(ids []int32) bool
}

// A Processor changes in place the logits, one for each word of the vocabulary, of what follows ids: prompt and new tokens
// so far. Of a beam search they are log-probabilities. It must depend on its arguments alone, and may be called by several goroutines.
type Processor func(ids []int32, logits []float32)

// Early is when a beam search stops (early_stopping).
type Early uint8

// The rules of early stopping.
const (
	EarlyFalse Early = iota // when the best running beam is no better than the worst finished, at its present length
	EarlyTrue               // when as many as Beams are finished
	EarlyNever              // as EarlyFalse, but at the length most favourable to the running beam
)

// A Finish says why a sequence ended.
type Finish uint8

// The reasons.
const (
	Running   Finish = iota
	EndOfText        // a token of EOS, the last of the sequence
	Length           // MaxNewTokens, MaxLength, or what the model reads
	Stopped          // Options.Stop
)

func (f Finish) String() string {
	return [...]string{"running", "eos", "length", "stop"}[min(f, Stopped)]
}

// An Output is a sequence that was generated.
type Output struct {
	IDs      []int32   // the new tokens, with the end token if it was reached
	LogProbs []float64 // of each under the model, before any rule; of a beam search nil
	Score    float64   // the sum of LogProbs; of a beam search of the processed ones, over length^LengthPenalty
	Finish   Finish
}

// lengthPenalty is the exponent.
func (o *Options) lengthPenalty() float64 {
	if o.LengthPenalty == nil {
		return 1
	}
	return *o.LengthPenalty
}

// inf is what logits of banned tokens are below zero.
var inf = float32(math.Inf(1))
