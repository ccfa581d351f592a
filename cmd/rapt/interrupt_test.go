package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestInterrupt sends the command an interrupt in the middle of a long input: what it
// has written is whole lines, in order.
func TestInterrupt(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no way to send another process an interrupt")
	}
	bin := filepath.Join(t.TempDir(), "rapt")
	build, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput()
	require.NoError(t, err, string(build))

	cmd := exec.Command(bin, "embed", "--json", "--quiet")
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	require.NoError(t, cmd.Start())
	go func() { // until the command is gone
		for i := 0; ; i++ {
			if _, err := fmt.Fprintf(in, "line %d %s\n", i, strings.Repeat("and more ", i%50)); err != nil {
				return
			}
		}
	}()
	r := bufio.NewReader(out)
	read := func(i int) error {
		line, err := r.ReadString('\n')
		if err == nil {
			require.True(t, strings.HasPrefix(line, fmt.Sprintf(`{"text":"line %d `, i)), line)
			require.True(t, strings.HasSuffix(line, "]}\n"), line)
		}
		require.True(t, err == nil || line == "", "half a line: %s", line)
		return err
	}
	for i := range 20 {
		require.NoError(t, read(i))
	}
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	for i := 20; err == nil; i++ {
		err = read(i)
	}
	require.ErrorIs(t, err, io.EOF)
	var exit *exec.ExitError
	require.ErrorAs(t, cmd.Wait(), &exit)
	require.Equal(t, exitInterrupted, exit.ExitCode(), errs.String())
	require.Equal(t, "rapt: interrupted\n", errs.String())
}

// TestInterruptWhileWaiting ends a command that waits for input.
func TestInterruptWhileWaiting(t *testing.T) {
	in, feed := io.Pipe()
	defer feed.Close()
	ctx, cancel := context.WithCancel(context.Background())
	written, out := io.Pipe()
	done := make(chan int)
	go func() { done <- run(ctx, []string{"fill-mask", "--json", "--quiet"}, in, out, io.Discard) }()
	_, err := io.WriteString(feed, "a [MASK]\n")
	require.NoError(t, err)
	line, err := bufio.NewReader(written).ReadString('\n')
	require.NoError(t, err, "a result is written as soon as it is there")
	require.Contains(t, line, `{"text":"a [MASK]",`)
	cancel()
	require.Equal(t, exitInterrupted, <-done)
}
