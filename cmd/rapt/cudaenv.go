package main

// rapt cuda-env: what the compiler needs to build gorgonia.org/cu without the CUDA toolkit.

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

// libcuda is the package whose folder has cuda.h and the linker script.
const libcuda = "github.com/rapt-go/rapt/cuda/nvidia/libcuda"

func cudaEnvCommand(a *app) *cobra.Command {
	c := &common{app: a}
	cmd := &cobra.Command{
		Use:     "cuda-env",
		GroupID: groupTools,
		Short:   "Print the environment in which -tags cuda builds with cgo",
		Long: `Print CGO_CFLAGS and CGO_LDFLAGS, as shell assignments, with which go build -tags
cuda works with cgo on a machine without the CUDA toolkit. They name a folder of
this module as the Go command finds it from the current folder: in the
repository, the module cache or a vendor folder. Without cgo nothing is needed.`,
		Example: "  rapt cuda-env\n  eval \"$(rapt cuda-env)\" && go build -tags cuda ./...\n  CGO_ENABLED=0 go build -tags cuda ./...",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			text, err := cudaEnv()
			if err != nil {
				return err
			}
			if _, err := fmt.Fprint(c.stdout, text); err != nil {
				return writeError(err)
			}
			return nil
		},
	}
	c.quietFlag(cmd)
	c.idleFlags(cmd)
	return cmd
}

// cudaEnv is the assignments. The Go command's own flags follow: who sets the variables replaces its -O2.
func cudaEnv() (string, error) {
	dir, err := goOutput("list", "-find", "-f", "{{.Dir}}", libcuda)
	if err != nil {
		return "", fmt.Errorf("%s was not found: run it in a module that requires github.com/rapt-go/rapt: %w", libcuda, err)
	}
	var b strings.Builder
	for _, v := range []struct{ name, flag string }{{"CGO_CFLAGS", "-I"}, {"CGO_LDFLAGS", "-L"}} {
		flags, err := goOutput("env", v.name)
		if err != nil {
			return "", err
		}
		if own := flagWord(v.flag + dir); !strings.HasPrefix(flags+" ", own+" ") { // first, before the folder of a toolkit
			flags = strings.TrimSpace(own + " " + flags)
		}
		fmt.Fprintf(&b, "%s=%s\n", v.name, shellWord(flags))
	}
	b.WriteString("export CGO_CFLAGS CGO_LDFLAGS\n")
	return b.String(), nil
}

// flagWord quotes a flag as the Go command splits its variables.
func flagWord(s string) string {
	switch {
	case !strings.ContainsAny(s, " \t'\""):
		return s
	case !strings.Contains(s, `"`):
		return `"` + s + `"`
	}
	return "'" + s + "'"
}

// shellWord quotes a word for a POSIX shell.
func shellWord(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// goOutput is what the Go command prints, without the end of the line. The error is what it complains of.
func goOutput(args ...string) (string, error) {
	out, err := exec.Command("go", args...).Output()
	if failed, ok := err.(*exec.ExitError); ok && len(failed.Stderr) > 0 {
		err = fmt.Errorf("go %s: %s", args[0], strconv.Quote(strings.TrimSpace(string(failed.Stderr))))
	}
	return strings.TrimSpace(string(out)), err
}
