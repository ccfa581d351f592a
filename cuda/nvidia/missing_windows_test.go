//go:build cuda && (amd64 || arm64)

package nvidia_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/cuda/nvidia"
)

// Without a driver, or with a library that is none, New says what it has looked for and what would help.
func TestMissing(t *testing.T) {
	system := filepath.Join(os.Getenv("SystemRoot"), "System32")
	unavailable := func(library string) *nvidia.Unavailable {
		d, err := nvidia.New(nvidia.Options{Library: library})
		require.Nil(t, d)
		var u *nvidia.Unavailable
		require.True(t, errors.As(err, &u), "%v", err)
		return u
	}
	const load, install = "NVIDIA's driver does not load: ", "install the driver of an NVIDIA GPU"

	usual := filepath.Join(system, "nvcuda.dll")
	if _, err := os.Stat(usual); errors.Is(err, os.ErrNotExist) {
		u := unavailable("")
		assert.ErrorContains(t, u, load+usual+": ")
		assert.Equal(t, install, u.Remedy)
	}

	none := filepath.Join(t.TempDir(), "nvcuda.dll")
	u := unavailable(none)
	assert.ErrorContains(t, u, load+none+": ")
	assert.Equal(t, install, u.Remedy)

	require.NoError(t, os.WriteFile(none, []byte("no library"), 0o600))
	u = unavailable(none)
	assert.ErrorContains(t, u, load+none+": ")
	assert.Equal(t, install, u.Remedy)

	other := filepath.Join(system, "kernel32.dll") // which loads, and has none of the functions
	u = unavailable(other)
	assert.ErrorContains(t, u, "NVIDIA's driver, "+other+", is too old or broken: it lacks cuInit, ")
	assert.Equal(t, "install NVIDIA's driver 450 or newer", u.Remedy)
}
