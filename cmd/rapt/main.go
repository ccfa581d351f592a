// Command rapt runs transformer models on text: embeddings, masked words,
// classification, ranking, tagging, answers, generation. See rapt help.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// grace is what an interrupted command has to write what is finished, well below the
// 100 ms within which it must be gone even when its output is stuck.
const grace = 80 * time.Millisecond

func main() {
	// A reader that has seen enough, as head, is an error of a write, not a signal.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, func() {
		stop() // a second signal ends the process at once
		time.Sleep(grace)
		os.Exit(exitInterrupted)
	})
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
