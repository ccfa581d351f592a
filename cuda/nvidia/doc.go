// Package nvidia is the driver of NVIDIA's GPUs behind the driver seam: libcuda.so.1 on Linux, nvcuda.dll on
// Windows, which come with NVIDIA's driver.
//
// It is built with the tag cuda, on amd64 and arm64. On Linux with cgo the calls go through gorgonia.org/cu, and
// through C beside it where cu does not bind them; without cgo, and on Windows, by addresses looked up in the library.
// The library is loaded by New: a program that has this package starts on machines without it, and New tells what is
// missing. Without the tag New says so. On Linux without cgo such a program is not static, as without the tag, but needs glibc.
//
// # Threads
//
// CUDA's current context is a property of a thread, and goroutines move between threads. So every call locks its
// goroutine to a thread, makes the context current there and calls. Go has no memory of a thread in which to
// remember which context is current; a thread of its own for each context would cost a switch of goroutines for every
// call, microseconds where cuCtxSetCurrent takes a fraction of one, and Sync would hold up everybody.
//
// # Lifetime
//
// A [driver.Device] has a context of its own, so that Close frees all that was made in it and an error that loses
// a context loses no other. Whatever is used after its Close, or its device's, answers an error and does not reach
// the driver, for which it would be undefined; a Close waits for calls in progress.
package nvidia
