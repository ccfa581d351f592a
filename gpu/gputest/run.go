package gputest

import (
	"errors"
	"regexp"
	"slices"
	"testing"

	"github.com/rapt-go/rapt/gpu"
)

// An Option changes what Run asks for.
type Option func(*suite)

// Small leaves out cases of more work than a simulator of a device does in about a
// second: see [Case.Small]. So does go test -short.
func Small() Option { return func(s *suite) { s.small = true } }

// Allocates says that running an operation takes memory of Go's heap, as in a simulator
// of a device, so that a forward pass cannot be held to taking none.
func Allocates() Option { return func(s *suite) { s.allocates = true } }

// Skips says, as regular expressions, which cases the backend does not support:
// "^(Gemm|Norm)/.*dt=bf16", "fmt=q8". It must refuse these with ErrUnsupported, and no
// others, so that the list, kept beside the backend, says exactly what is missing.
func Skips(patterns ...string) Option {
	return func(s *suite) {
		for _, p := range patterns {
			s.skips = append(s.skips, regexp.MustCompile(p))
		}
	}
}

// A suite is one run over one backend.
type suite struct {
	b                gpu.Backend
	small, allocates bool
	skips            []*regexp.Regexp
	refused          int // how many cases were, as listed
	stream           *gpu.Stream
	queue            gpu.Queue // of stream
}

func newSuite(b gpu.Backend, options []Option) *suite {
	s := &suite{b: b, small: testing.Short()}
	for _, o := range options {
		o(s)
	}
	return s
}

// Run tests that b keeps every promise of package gpu: the values of every
// operation within the derived tolerance, memory outside the outputs untouched and without
// influence, defined edges, results that do not depend on the batch to the bit,
// errors, transfers, the order of queues, replay, and a steady-state forward pass
// that allocates nothing on the heap.
func Run(t *testing.T, b gpu.Backend, options ...Option) {
	s := newSuite(b, options)
	t.Run("Parity", func(t *testing.T) {
		for _, c := range Cases() {
			t.Run(c.Name, func(t *testing.T) { s.parity(t, c) })
		}
	})
	t.Run("Invariance", s.invariance)
	t.Run("Bits", s.bits)
	t.Run("Draws", s.draws)
	t.Run("Errors", s.errors)
	t.Run("Memory", s.memory)
	t.Run("Layer", s.layer)
	s.close(t)
	t.Logf("%s does not support %d cases", b.Info().Name, s.refused)
}

// close closes the stream that cases ran on.
func (s *suite) close(t *testing.T) {
	if s.stream != nil {
		if err := s.stream.Close(); err != nil && !t.Failed() {
			t.Error(err)
		}
	}
}

// skip reports whether the backend refuses what name tests, err being what it says. It
// fails t if the list of skips says otherwise.
func (s *suite) skip(t *testing.T, name string, err error) bool {
	t.Helper()
	listed := slices.ContainsFunc(s.skips, func(r *regexp.Regexp) bool { return r.MatchString(name) })
	refused := errors.Is(err, gpu.ErrUnsupported)
	switch {
	case refused && listed:
		s.refused++
	case refused:
		t.Errorf("%s is not supported, and not in the list of skips: %v", name, err)
	case listed && err == nil:
		t.Errorf("%s is in the list of skips, and supported", name)
	}
	return refused
}
