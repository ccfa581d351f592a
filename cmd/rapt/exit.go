package main

// Exit codes, and which error gets which.

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"syscall"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/tokenizer"
)

const (
	exitDone        = 0
	exitFailure     = 1
	exitUsage       = 2
	exitUnsupported = 3
	exitInterrupted = 130
)

// A usageError is a mistake in how the command was called.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// A failure exits with 1, whatever it wraps.
type failure struct{ error }

// exitCode is the exit code for an error of a command that ran under ctx.
func exitCode(ctx context.Context, err error) int {
	switch {
	case err == nil, errors.Is(err, errReaderGone):
		return exitDone
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		return exitInterrupted
	case isA[usageError](err):
		return exitUsage
	case isA[failure](err):
		return exitFailure
	case unsupported(err):
		return exitUnsupported
	}
	return exitFailure
}

func isA[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

func unsupported(err error) bool {
	for _, target := range []error{gpu.ErrUnsupported, gpu.ErrNoDevice, model.ErrUnsupported, tokenizer.ErrUnsupported} {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}

// errReaderGone is the error of a write whose reader has closed its end of the pipe:
// it has what it wanted, and the command ends quietly.
var errReaderGone = errors.New("nobody reads the output")

// writeError tells a reader that is gone from other failures to write.
func writeError(err error) error {
	// What Windows answers: ERROR_BROKEN_PIPE and ERROR_NO_DATA.
	const brokenPipe, noData = syscall.Errno(109), syscall.Errno(232)
	if errors.Is(err, syscall.EPIPE) ||
		runtime.GOOS == "windows" && (errors.Is(err, brokenPipe) || errors.Is(err, noData)) {
		return errReaderGone
	}
	return fmt.Errorf("output: %w", err)
}
