// Package header stops a build with cgo in which gorgonia.org/cu finds no cuda.h, or one that it does not compile with, and says
// what to do.
package header
