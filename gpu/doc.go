// Package gpu defines tensors, operations, and the interface that every
// compute backend implements, the CPU's included.
//
// An operation is a struct holding one kernel's worth of work. A [Stream] checks
// it ([Check]) and hands it to a [Queue]. Because every operation passes one
// method, Queue.Run, a recorder, a profiler and a gradient tape are small
// wrappers, given to [NewStream].
//
// The set of operations is small on purpose: they are the fused operations of
// transformers, not a tensor algebra, so that a BERT layer is seven of them.
package gpu

// Vocabulary is the version of the set of operations and their fields. A
// backend states the one it was written for in [Info]; a [Stream] refuses to send
// it an operation that uses a younger field, which it would silently ignore.
const Vocabulary = 2
