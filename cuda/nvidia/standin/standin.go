// Package standin makes a libcuda.so.1 for tests whose devices are those of any driver.Driver, such as package sim's. What binds
// NVIDIA's library can so be run from end to end on a machine without a GPU, in the process of the test or in another.
//
// It is a shared library of C which sends every call over a socket to a server here, and stricter than the real one: a
// call without a current context, with a handle of another context or with memory that is not page-locked
// fails; copies to the host land as late as they may. It has what package nvidia calls and no more.
package standin

import (
	_ "embed"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/rapt-go/rapt/cuda/driver"
)

//go:embed testdata/libcuda.c
var source []byte

// A Server has the devices.
type Server struct {
	Library string // the file

	driver driver.Driver

	mu      sync.Mutex
	fail    func(call string) driver.Code
	calls   map[string]int
	handles map[uint64]any
	last    uint64
	pending []*landing
}

// Start builds the library and serves it until the test ends. Without a C compiler the test is skipped, but not in CI.
// Functions that are named are left out.
func Start(tb testing.TB, d driver.Driver, without ...string) *Server {
	tb.Helper()
	// A socket's name is short, which a test's folder is not.
	dir, err := os.MkdirTemp("", "rapt")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	flags := []string{`-DSOCKET="` + socket + `"`}
	for _, name := range without {
		flags = append(flags, "-D"+name+"=without_"+name)
	}
	s := &Server{Library: build(tb, dir, flags...), driver: d, calls: map[string]int{}, handles: map[uint64]any{}, last: firstHandle}
	l, err := net.Listen("unix", socket)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go s.serve(c)
		}
	}()
	return s
}

// firstHandle is more than Go takes for an invalid pointer.
const firstHandle = 1 << 16

// Empty builds a library in which every call succeeds and does nothing.
func Empty(tb testing.TB) string {
	tb.Helper()
	return build(tb, tb.TempDir())
}

func build(tb testing.TB, dir string, flags ...string) string {
	tb.Helper()
	cc := os.Getenv("CC")
	if cc == "" {
		cc = "cc"
	}
	if _, err := exec.LookPath(cc); err != nil {
		if os.Getenv("CI") != "" {
			tb.Fatalf("a C compiler is needed: %v", err)
		}
		tb.Skipf("no C compiler: %v", err)
	}
	file, library := filepath.Join(dir, "libcuda.c"), filepath.Join(dir, "libcuda.so.1")
	if err := os.WriteFile(file, source, 0o600); err != nil {
		tb.Fatal(err)
	}
	args := append([]string{"-shared", "-fPIC", "-O2", "-pthread", "-o", library}, append(flags, file)...)
	if out, err := exec.Command(cc, args...).CombinedOutput(); err != nil {
		tb.Fatalf("%s: %v\n%s", cc, err, out)
	}
	return library
}

// Fail makes calls fail with what f returns for their names in the library, if that is not 0; f nil lets them be.
func (s *Server) Fail(f func(call string) driver.Code) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = f
}

// Calls is how often each function was called.
func (s *Server) Calls() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := map[string]int{}
	for name, k := range s.calls {
		n[name] = k
	}
	return n
}

// Live is how many contexts, and objects in them, have not been destroyed.
func (s *Server) Live() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.handles)
}
