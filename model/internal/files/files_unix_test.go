//go:build linux || darwin

package files

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestEndless reads what would wait for a writer, and what has no end.
func TestEndless(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600))
	require.NoError(t, os.Symlink("/dev/zero", filepath.Join(dir, "zero")))
	for _, name := range []string{"pipe", "zero"} {
		done := make(chan error, 1)
		go func() {
			_, err := Read(os.DirFS(dir), name, 1<<20)
			done <- err
		}()
		select {
		case err := <-done:
			assert.EqualError(t, err, "not a regular file", name)
		case <-time.After(10 * time.Second):
			t.Fatalf("%s: still reading", name)
		}
	}
}
