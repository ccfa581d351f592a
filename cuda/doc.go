// Package cuda runs the operations of package gpu on an NVIDIA GPU, by the kernels of package kernels, over
// whatever executes PTX: a driver, or the simulator.
//
// Each operation is one kernel, in a few cases two. Activations are F32, F16 and, from compute capability 8.0 on, BF16.
// Which kernel serves an operation depends on types and alignment; how it is launched, on sizes; the bits of a result
// depend on neither alignment nor the number of rows and sequences.
//
// Work is queued: an error of a kernel comes with a later call. Ids and rows in device memory that are out of range
// are noticed by the kernels, which leave memory alone, and reported with ErrIndex by the next Sync or Download.
//
// A queue is a stream with a workspace of its own, pinned memory that transfers pass through, and a word that
// kernels report faults in. Capture records launches and hands them to the driver as one graph, so that no call of
// another goroutine falls into a capture.
package cuda
