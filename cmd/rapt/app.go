package main

// The command as a function, and its root.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// An app is what every command has: where it reads and writes.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	help           keeper // where cobra writes
}

// run runs the command line args and returns its exit code. When ctx ends, results that
// are finished are written and it returns, though work may go on in the background.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{stdin, stdout, stderr, keeper{w: stdout}}
	root := rootCommand(a)
	root.SetArgs(append([]string{}, args...)) // not nil, which means those of the process
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil && a.help.err != nil {
		err = writeError(a.help.err)
	}
	code := exitCode(ctx, err)
	switch code {
	case exitDone:
	case exitInterrupted:
		fmt.Fprintln(stderr, "rapt: interrupted")
	default:
		fmt.Fprintf(stderr, "%s: %s\n", cmd.CommandPath(), printableLines(err.Error()))
		if code == exitUsage {
			fmt.Fprintf(stderr, "See '%s --help'.\n", cmd.CommandPath())
		}
	}
	return code
}

// A keeper keeps the first error of its writer, for cobra forgets those of help and
// version.
type keeper struct {
	w   io.Writer
	err error
}

func (k *keeper) Write(b []byte) (int, error) {
	if k.err == nil {
		_, k.err = k.w.Write(b)
	}
	return len(b), nil
}

// rootCommand is rapt with its commands.
func rootCommand(a *app) *cobra.Command {
	root := bareRoot(a)
	root.AddGroup(&cobra.Group{ID: groupTasks, Title: "Tasks:"}, &cobra.Group{ID: groupTools, Title: "Tools:"})
	root.AddCommand(demoCommand(a), embedCommand(a), fillMaskCommand(a), classifyCommand(a), rerankCommand(a),
		tagCommand(a), answerCommand(a), nextSentenceCommand(a), generateCommand(a), scoreCommand(a),
		tokenizeCommand(a), inspectCommand(a), devicesCommand(a), simCommand(a), cudaEnvCommand(a))
	for _, c := range root.Commands() {
		c.Version = root.Version
		c.Flags().BoolP("version", "v", false, "print the version")
	}
	root.SetHelpCommand(helpCommand())
	root.SetHelpCommandGroupID(groupTools)
	root.SetCompletionCommandGroupID(groupTools)
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() == "completion" { // cobra's shows its help whatever shell it is asked for
			c.RunE = func(*cobra.Command, []string) error { return usagef("want a shell: bash, fish, powershell or zsh") }
			c.Args = nil
		}
		usageOfArgs(c)
	}
	return root
}

// bareRoot is rapt without its commands.
func bareRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "rapt",
		Short: "Run transformer models on text",
		Long: `Rapt runs transformer models on text, from checkpoints as Hugging Face ships them.

Texts are arguments, or lines of a file or of standard input; put -- before texts
that begin with a dash. Results go to standard output in the order of the texts,
everything else to standard error.
Without --model a small BERT or GPT-2 that knows the King James Bible is used where
it fits.

Exit status: 0 done, 1 failure, 2 usage, 3 unsupported model, operation or
backend, 130 interrupted.`,
		Example: `  rapt demo
  rapt fill-mask "The LORD is my [MASK]; I shall not want."
  rapt generate "In the beginning"
  rapt embed --model sentence-transformers/all-MiniLM-L6-v2 --json --file lines.txt`,
		Version:       version(),
		Args:          knownCommand,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cmd.SetOut(cmd.ErrOrStderr())
			return errors.Join(cmd.Help(), usagef("a command is needed"))
		},
	}
	root.SetIn(a.stdin)
	root.SetOut(&a.help)
	root.SetErr(a.stderr)
	root.SuggestionsMinimumDistance = 2
	root.SetVersionTemplate("rapt {{.Version}}\n")
	root.SetFlagErrorFunc(flagError)
	return root
}

// The groups of commands in the help.
const groupTasks, groupTools = "tasks", "tools"

// usageOfArgs makes the complaints of a command and its own commands about
// arguments usage errors.
func usageOfArgs(c *cobra.Command) {
	if check := c.Args; check != nil {
		c.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return usageError{err}
			}
			return nil
		}
	}
	for _, sub := range c.Commands() {
		usageOfArgs(sub)
	}
}

func knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	err := fmt.Errorf("unknown command %q", args[0])
	if close := cmd.SuggestionsFor(args[0]); len(close) > 0 {
		err = fmt.Errorf("%w; did you mean %s?", err, close[0])
	}
	return usageError{err}
}

// helpCommand is cobra's, except that a command that does not exist is an error.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Help about any command",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return knownCommand(cmd.Root(), args)
			}
			c.InitDefaultHelpFlag()
			return c.Help()
		},
	}
}

// version is what the Go command knows of the build: a released version, or the
// revision it was made of.
func version() string {
	v := "(unknown)"
	if info, ok := debug.ReadBuildInfo(); ok {
		v = info.Main.Version
	}
	return fmt.Sprintf("%s %s %s/%s", v, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// isTerminal reports whether x, a reader or writer, is a terminal.
func isTerminal(x any) bool {
	f, ok := x.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
