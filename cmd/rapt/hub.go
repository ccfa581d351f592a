package main

// Where a model is: in a folder, or in the local cache of Hugging Face's libraries.
//
// The cache has models--ORG--NAME/snapshots/COMMIT/, with refs/main holding a COMMIT:
// https://huggingface.co/docs/huggingface_hub/guides/manage-cache.

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// modelName is the form of a model's name on the hub: NAME or ORG/NAME.
var modelName = regexp.MustCompile(`^([A-Za-z0-9][\w.-]*/)?[A-Za-z0-9][\w.-]*$`)

// findModel is the folder that --model means: one of that path, or else the snapshot of
// the model of that name in the cache. Nothing is downloaded.
func findModel(name string) (string, error) {
	if _, err := os.Stat(name); err == nil || !errors.Is(err, fs.ErrNotExist) || !modelName.MatchString(name) {
		return name, nil // what is wrong with it, the loader says
	}
	hub, err := hubCache()
	if err != nil {
		return "", fmt.Errorf("model %s: not a folder, and nothing says where the Hugging Face cache is (%w): set HF_HOME to its folder", name, err)
	}
	repo := filepath.Join(hub, "models--"+strings.ReplaceAll(name, "/", "--"))
	dir, err := snapshot(repo)
	if errors.Is(err, errBadRef) {
		return "", fmt.Errorf("model %s: %s: %w. Nothing is downloaded; this downloads it: hf download %s", name, repo, err, name)
	}
	if err != nil {
		return "", fmt.Errorf("model %s: neither a folder nor in the Hugging Face cache, %s (%w). Nothing is downloaded; this downloads it: hf download %s",
			name, hub, err, name)
	}
	return dir, nil
}

// hubCache is the cache's folder, found as huggingface_hub finds it.
func hubCache() (string, error) {
	for _, place := range []struct{ variable, below string }{
		{"HF_HUB_CACHE", ""},
		{"HUGGINGFACE_HUB_CACHE", ""},
		{"HF_HOME", "hub"},
		{"XDG_CACHE_HOME", "huggingface/hub"},
	} {
		dir := os.Getenv(place.variable)
		if dir == "" {
			continue
		}
		dir, err := expandHome(dir)
		return filepath.Join(dir, place.below), err
	}
	return expandHome("~/.cache/huggingface/hub")
}

// expandHome puts the user's folder in place of a leading ~.
func expandHome(path string) (string, error) {
	rest, ok := strings.CutPrefix(path, "~")
	if !ok || rest != "" && !os.IsPathSeparator(rest[0]) {
		return path, nil
	}
	home, err := os.UserHomeDir()
	return filepath.Join(home, rest), err
}

// errBadRef is of a cache whose refs/main is no snapshot that is there. Another snapshot
// might be another model, so none takes its place.
var errBadRef = errors.New("refs/main is of no snapshot")

// snapshot is the folder of a cached model: what main refers to, or the newest if there
// is no refs/main, as when a commit was downloaded by its name.
func snapshot(repo string) (string, error) {
	all := filepath.Join(repo, "snapshots")
	commit, err := os.ReadFile(filepath.Join(repo, "refs", "main"))
	if errors.Is(err, fs.ErrNotExist) {
		return newest(all)
	}
	if err != nil {
		return "", fmt.Errorf("%w: %w", errBadRef, err)
	}
	name := strings.TrimSpace(string(commit))
	if !filepath.IsLocal(name) || name != filepath.Base(name) || name == "." {
		return "", fmt.Errorf("%w: it is %q, want the name of a snapshot; there is %s", errBadRef, name, listed(all))
	}
	if !isFolder(filepath.Join(all, name)) {
		return "", fmt.Errorf("%w: it is %q, which is no folder of snapshots/; there is %s", errBadRef, name, listed(all))
	}
	return filepath.Join(all, name), nil
}

// listed is what a folder holds, to print.
func listed(dir string) string {
	const most = 5
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) == 0 {
		return "nothing"
	}
	var names []string
	for _, e := range entries[:min(most, len(entries))] {
		names = append(names, strconv.Quote(e.Name()))
	}
	if n := len(entries) - most; n > 0 {
		names = append(names, fmt.Sprintf("and %d more", n))
	}
	return strings.Join(names, ", ")
}

// newest is the newest of the folders in a folder.
func newest(all string) (string, error) {
	entries, err := os.ReadDir(all)
	if err != nil {
		return "", err
	}
	dir, at := "", time.Time{}
	for _, e := range entries {
		path := filepath.Join(all, e.Name())
		if info, err := os.Stat(path); err == nil && info.IsDir() && (dir == "" || info.ModTime().After(at)) {
			dir, at = path, info.ModTime()
		}
	}
	if dir == "" {
		return "", fmt.Errorf("%s is empty", all)
	}
	return dir, nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
