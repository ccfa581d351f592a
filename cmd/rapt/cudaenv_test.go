package main

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// The folder that cuda-env names has what the compiler and the linker look for: in the repository, and in a module that
// requires it.
func TestCUDAEnv(t *testing.T) {
	t.Setenv("CGO_CFLAGS", "-O1 '-DWORDS=two words'")
	t.Setenv("CGO_LDFLAGS", "")
	module, err := filepath.Abs(filepath.Join("..", ".."))
	require.NoError(t, err)
	check := func() {
		r := rapt(t, "", "cuda-env")
		require.Equal(t, exitDone, r.code, r.stderr)
		m := regexp.MustCompile(`^CGO_CFLAGS='-I(\S+) -O1 '\\''-DWORDS=two words'\\'''\nCGO_LDFLAGS='-L(\S+)( -O2 -g)?'\nexport CGO_CFLAGS CGO_LDFLAGS\n$`).FindStringSubmatch(r.stdout)
		require.NotNil(t, m, r.stdout)
		require.Equal(t, m[1], m[2])
		require.FileExists(t, filepath.Join(m[1], "cuda.h"))
		require.FileExists(t, filepath.Join(m[1], "libcuda.so"))
	}
	check()
	libcuda := filepath.Join(module, "cuda", "nvidia", "libcuda")
	for own, want := range map[string]string{
		"-I" + libcuda + " -O1":          "-I" + libcuda + " -O1", // evaluated before
		"-I" + libcuda + "2":             "-I" + libcuda + " -I" + libcuda + "2",
		"-I/usr/local/cuda -I" + libcuda: "-I" + libcuda + " -I/usr/local/cuda -I" + libcuda,
	} {
		t.Setenv("CGO_CFLAGS", own)
		require.Contains(t, rapt(t, "", "cuda-env").stdout, "CGO_CFLAGS='"+want+"'\n")
	}
	t.Setenv("CGO_CFLAGS", "-O1 '-DWORDS=two words'")

	t.Chdir(t.TempDir())
	r := rapt(t, "", "cuda-env")
	require.Equal(t, exitFailure, r.code)
	require.Contains(t, r.stderr, "run it in a module that requires github.com/rapt-go/rapt")
	require.NoError(t, os.WriteFile("go.mod", []byte("module example.com/m\ngo 1.26.0\nrequire github.com/rapt-go/rapt v0.0.0\nreplace github.com/rapt-go/rapt => "+module+"\n"), 0o600))
	check()
}

func TestQuoting(t *testing.T) {
	require.Equal(t, "-I/a/b", flagWord("-I/a/b"))
	require.Equal(t, `"-I/a b'c"`, flagWord("-I/a b'c"))
	require.Equal(t, `'-I/a"b'`, flagWord(`-I/a"b`))
	require.Equal(t, `'it'\''s'`, shellWord("it's"))
}
