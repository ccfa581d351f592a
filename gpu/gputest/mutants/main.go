// Command mutants tests the tests: it breaks a kernel of the CPU backend in one place,
// runs the conformance suite at small shapes, which must fail, and goes on to the next.
// Run it from anywhere in the module:
//
//	go run ./gpu/gputest/mutants [-run regexp]
//
// Sources stay as they are: each mutant is an overlay of one file (go help build). The
// program fails if a mutant survives, if one does not compile, or if the code that a
// mutant changes is no longer there.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

func main() {
	only := flag.String("run", "", "run only mutants whose name matches this regular `expression`")
	flag.Parse()
	if err := run(*only); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(only string) error {
	match, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if caught, err := caughtBy(root, os.DevNull); err != nil || caught != "" {
		return errors.Join(err, fmt.Errorf("the suite fails without a mutant: %s", caught))
	}
	ran, bad := 0, 0
	for _, m := range mutants {
		if !match.MatchString(m.name) {
			continue
		}
		ran++
		caught, err := m.try(root, dir)
		switch {
		case err != nil:
			bad++
			caught = "ERROR: " + err.Error()
		case caught == "":
			bad++
			caught = "SURVIVES"
		}
		fmt.Printf("%-24s %-44s %s\n", m.file, m.name, caught)
	}
	fmt.Printf("mutants: %d of %d caught\n", ran-bad, ran)
	if bad > 0 {
		return fmt.Errorf("%d of %d mutants were not caught", bad, ran)
	}
	return nil
}

// moduleRoot is the folder of the go.mod of the module that the program runs in.
func moduleRoot() (string, error) {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", err
	}
	if mod := strings.TrimSpace(string(out)); mod != "" && mod != os.DevNull {
		return filepath.Dir(mod), nil
	}
	return "", errors.New("not in a module: run it from the repository")
}

// apply returns the source of m's file with the mutation made.
func (m mutant) apply(root string) (path string, source []byte, err error) {
	path = filepath.Join(root, "cpu_fallback", m.file)
	before, err := os.ReadFile(path)
	if err != nil {
		return "", nil, err
	}
	if n := strings.Count(string(before), m.old); n != 1 {
		return "", nil, fmt.Errorf("%s has %d times, not once: %q", m.file, n, m.old)
	}
	return path, []byte(strings.Replace(string(before), m.old, m.new, 1)), nil
}

// try runs the suite over m, and returns which test caught it.
func (m mutant) try(root, dir string) (string, error) {
	path, source, err := m.apply(root)
	if err != nil {
		return "", err
	}
	mutated, overlay := filepath.Join(dir, filepath.Base(m.file)), filepath.Join(dir, "overlay.json")
	replace, err := json.Marshal(map[string]map[string]string{"Replace": {path: mutated}})
	if err := errors.Join(err, os.WriteFile(mutated, source, 0o600), os.WriteFile(overlay, replace, 0o600)); err != nil {
		return "", err
	}
	return caughtBy(root, overlay)
}

// deadline is far beyond what the suite takes: a mutant that loops is caught by it.
const deadline = 3 * time.Minute

var failed = regexp.MustCompile(`(?m)^ *--- FAIL: (\S+)`)

// caughtBy is the first test that fails with the given overlay, empty if none does.
func caughtBy(root, overlay string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	args := []string{"test", "-short", "-failfast", "-count=1", "-run", "^TestConformance$"}
	if overlay != os.DevNull {
		args = append(args, "-overlay", overlay)
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "./cpu_fallback")...)
	cmd.Dir = root
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.CombinedOutput()
	text := string(out)
	switch {
	case err == nil:
		return "", nil
	case ctx.Err() != nil:
		return "a run that does not end", nil
	case strings.Contains(text, "[build failed]") || strings.Contains(text, "[setup failed]"):
		return "", fmt.Errorf("it does not compile: %s", text)
	}
	by := failed.FindAllStringSubmatch(text, -1)
	switch {
	case len(by) > 0: // the innermost is printed last of the first branch
		return innermost(by), nil
	case strings.Contains(text, "panic:"):
		return "a panic", nil
	}
	return "", fmt.Errorf("go test fails without a failing test: %s", text)
}

// innermost is the first failing test that has no failing one within it.
func innermost(by [][]string) string {
	name := by[0][1]
	for _, m := range by[1:] {
		if strings.HasPrefix(m[1], name+"/") {
			name = m[1]
		}
	}
	return strings.TrimPrefix(name, "TestConformance/")
}
