//go:build linux || darwin

package safetensors

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestCutWhileOpen cuts a mapped file short: reading what is gone is an error, not the end of the process.
func TestCutWhileOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.safetensors")
	data := make([]byte, 1<<20)
	require.NoError(t, Save(path, nil, []Tensor{tensor("a", U8, []int{len(data)}, data)}))
	f, err := Open(path)
	require.NoError(t, err)
	x, _ := f.Lookup("a")
	assert.Len(t, bytesOf(t, x), len(data))
	require.NoError(t, os.Truncate(path, 100))
	_, err = x.Src.ReadAt(make([]byte, 10), x.Off+x.Size-10)
	assert.ErrorContains(t, err, path)
	assert.ErrorContains(t, err, "changed while it was open")
	require.NoError(t, f.Close())
}

// TestPipe opens a named pipe without a writer, which must not wait for one.
func TestPipe(t *testing.T) {
	for _, name := range []string{weightsName, indexName} {
		dir := t.TempDir()
		require.NoError(t, syscall.Mkfifo(filepath.Join(dir, name), 0o600))
		done := make(chan error, 2)
		go func() {
			_, err := OpenDir(dir)
			done <- err
			_, err = OpenFS(os.DirFS(dir))
			done <- err
		}()
		for range 2 {
			select {
			case err := <-done:
				assert.ErrorContains(t, err, name)
				assert.ErrorContains(t, err, "regular file")
			case <-time.After(10 * time.Second):
				t.Fatal("still waiting for the pipe's writer")
			}
		}
	}
}

// TestSaveOverItsSource saves tensors over the mapped file that they are read from, through a symbolic link, as a cache of downloads has them.
func TestSaveOverItsSource(t *testing.T) {
	dir := t.TempDir()
	blob, link := filepath.Join(dir, "blob"), filepath.Join(dir, "model.safetensors")
	require.NoError(t, Save(blob, nil, []Tensor{tensor("a", U8, []int{3}, []byte("old")), tensor("b", U8, []int{1}, []byte("b"))}))
	before, err := os.ReadFile(blob)
	require.NoError(t, err)
	require.NoError(t, os.Symlink("blob", link))
	f, err := Open(link)
	require.NoError(t, err)
	defer f.Close()
	a, _ := f.Lookup("a")
	require.NoError(t, Save(link, nil, []Tensor{a}))
	assert.Equal(t, "old", string(bytesOf(t, a)), "the open file is the old one")
	after, err := os.ReadFile(blob)
	require.NoError(t, err)
	assert.Equal(t, before, after)
	g, err := Open(link)
	require.NoError(t, err)
	defer g.Close()
	assert.Equal(t, []string{"a"}, names(g.Tensors()))
}
