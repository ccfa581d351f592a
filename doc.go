// Package rapt is the root of a library that runs transformer models on text in
// Go: encoders such as BERT and decoders such as GPT-2, loaded as Hugging Face ships
// them, with the numbers that transformers gives.
//
// The root holds no code. Start with [github.com/rapt-go/rapt/model/task], which
// is text in, answers out: embeddings, ranking, classification, tagging,
// extractive answers, masked words, next sentences, generation and scores. Below it,
// [github.com/rapt-go/rapt/model/zoo] opens a checkpoint as a model, and
// [github.com/rapt-go/rapt/gpu] is the vocabulary of operations that every
// backend runs; [github.com/rapt-go/rapt/cpu_fallback] runs them in pure Go.
//
// The command is cmd/rapt:
//
//	go run github.com/rapt-go/rapt/cmd/rapt@latest demo
package rapt
