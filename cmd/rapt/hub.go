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
		return "", err
	}
	repo := filepath.Join(hub, "models--"+strings.ReplaceAll(name, "/", "--"))
	dir, err := snapshot(repo)
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

// snapshot is the folder of a cached model: what main refers to, else the newest.
func snapshot(repo string) (string, error) {
	all := filepath.Join(repo, "snapshots")
	if commit, err := os.ReadFile(filepath.Join(repo, "refs", "main")); err == nil {
		name := strings.TrimSpace(string(commit))
		if filepath.IsLocal(name) && isFolder(filepath.Join(all, name)) {
			return filepath.Join(all, name), nil
		}
	}
	entries, err := os.ReadDir(all)
	if err != nil {
		return "", err
	}
	newest, at := "", time.Time{}
	for _, e := range entries {
		dir := filepath.Join(all, e.Name())
		if info, err := os.Stat(dir); err == nil && info.IsDir() && (newest == "" || info.ModTime().After(at)) {
			newest, at = dir, info.ModTime()
		}
	}
	if newest == "" {
		return "", fmt.Errorf("%s is empty", all)
	}
	return newest, nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
