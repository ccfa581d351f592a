package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// fakeCache makes a cache with snapshots of a model.
func fakeCache(t *testing.T, hub, repo, main string, commits ...string) {
	t.Helper()
	for i, c := range commits {
		dir := filepath.Join(hub, repo, "snapshots", c)
		require.NoError(t, os.MkdirAll(dir, 0o700))
		at := time.Unix(int64(1000*(i+1)), 0)
		require.NoError(t, os.Chtimes(dir, at, at))
	}
	if main != "" {
		refs := filepath.Join(hub, repo, "refs")
		require.NoError(t, os.MkdirAll(refs, 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(refs, "main"), []byte(main), 0o600))
	}
}

// noCache takes the variables that say where the cache is.
func noCache(t *testing.T) (home string) {
	home = t.TempDir()
	for _, v := range []string{"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"} {
		t.Setenv(v, "")
	}
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	return home
}

func TestHubCache(t *testing.T) {
	home := noCache(t)
	for _, c := range []struct{ variable, value, want string }{
		{"", "", filepath.Join(home, ".cache", "huggingface", "hub")},
		{"XDG_CACHE_HOME", "/xdg", filepath.FromSlash("/xdg/huggingface/hub")},
		{"HF_HOME", "~/hf", filepath.Join(home, "hf", "hub")},
		{"HUGGINGFACE_HUB_CACHE", "/old", filepath.FromSlash("/old")},
		{"HF_HUB_CACHE", "/new", filepath.FromSlash("/new")}, // each goes before those above
	} {
		if c.variable != "" {
			t.Setenv(c.variable, c.value)
		}
		got, err := hubCache()
		require.NoError(t, err)
		require.Equal(t, c.want, got)
	}
}

func TestFindModel(t *testing.T) {
	noCache(t)
	hub := t.TempDir()
	t.Setenv("HF_HUB_CACHE", hub)
	fakeCache(t, hub, "models--org--name", "old\n", "old", "new")
	fakeCache(t, hub, "models--org--no-ref", "", "old", "new")
	fakeCache(t, hub, "models--bert-base", "only", "only")
	for name, want := range map[string]string{
		"org/name":   "models--org--name/snapshots/old",
		"org/no-ref": "models--org--no-ref/snapshots/new",
		"bert-base":  "models--bert-base/snapshots/only",
	} {
		got, err := findModel(name)
		require.NoError(t, err)
		require.Equal(t, filepath.Join(hub, filepath.FromSlash(want)), got)
	}
	for _, path := range []string{".", "./org/name", "/no/such/folder", "a/b/c", "../x"} {
		got, err := findModel(path)
		require.NoError(t, err)
		require.Equal(t, path, got, "a path is not looked up")
	}
	_, err := findModel("org/other")
	require.ErrorContains(t, err, hub)
	require.ErrorContains(t, err, "hf download org/other")
}

// TestBadRef has no other snapshot in place of the one that refs/main names.
func TestBadRef(t *testing.T) {
	noCache(t)
	hub := t.TempDir()
	t.Setenv("HF_HUB_CACHE", hub)
	for name, ref := range map[string]string{"absent": "gone", "outside": "../../elsewhere", "empty": "\n", "dot": ".", "deep": "old/x", "file": "file"} {
		fakeCache(t, hub, "models--org--"+name, ref, "old", "new")
		require.NoError(t, os.WriteFile(filepath.Join(hub, "models--org--"+name, "snapshots", "file"), nil, 0o600))
		_, err := findModel("org/" + name)
		require.ErrorIs(t, err, errBadRef, name)
		for _, s := range []string{"model org/" + name, "refs/main", strconv.Quote(strings.TrimSpace(ref)), `"file", "new", "old"`, "hf download org/" + name} {
			require.ErrorContains(t, err, s)
		}
	}
	fakeCache(t, hub, "models--org--none", "gone")
	_, err := findModel("org/none")
	require.ErrorContains(t, err, "there is nothing")
	require.NoError(t, os.MkdirAll(filepath.Join(hub, "models--org--folder", "refs", "main"), 0o700))
	_, err = findModel("org/folder")
	require.ErrorIs(t, err, errBadRef)
}

// TestNoHome names the model and what helps.
func TestNoHome(t *testing.T) {
	noCache(t)
	for _, v := range []string{"HOME", "USERPROFILE", "home"} {
		t.Setenv(v, "")
	}
	r := rapt(t, "", "embed", "--model", "org/name", "x")
	require.Equal(t, exitFailure, r.code)
	require.Contains(t, r.stderr, "org/name")
	require.Contains(t, r.stderr, "HF_HOME")
}

// TestCachedModel opens a model by its name.
func TestCachedModel(t *testing.T) {
	noCache(t)
	hub := t.TempDir()
	t.Setenv("HF_HUB_CACHE", hub)
	fakeCache(t, hub, "models--org--bert", "abc")
	snapshots := filepath.Join(hub, "models--org--bert", "snapshots")
	require.NoError(t, os.MkdirAll(snapshots, 0o700))
	require.NoError(t, os.CopyFS(filepath.Join(snapshots, "abc"), os.DirFS(golden("bert-classify"))))
	want := ok[classification](t, "", "classify", "--model", golden("bert-classify"), "a")
	require.Equal(t, want, ok[classification](t, "", "classify", "--model", "org/bert", "a"))

	r := rapt(t, "", "classify", "--model", "org/other", "a")
	require.Equal(t, exitFailure, r.code)
	require.Contains(t, r.stderr, "hf download org/other")
}
