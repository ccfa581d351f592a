package main

// The part of the demo that writes.

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/rapt-go/rapt/model/generate"
	"github.com/rapt-go/rapt/model/task"
)

// openings are what the demo continues: with the likeliest tokens, or with those that a seed draws.
var openings = []struct {
	text string
	seed uint64 // 0 draws nothing
}{
	{"And the LORD said unto Moses,", 0},
	{"In the beginning", 4},
	{"Now the king of Egypt", 3},
}

// continueAll shows how openings go on.
func continueAll(ctx context.Context, o *output, g *task.Generator) error {
	fmt.Fprintf(&o.buf, "How does it go on?\n\n")
	for _, x := range openings {
		d := g.Defaults()
		d.MaxNewTokens = 32
		if x.seed != 0 {
			d.Sampling, d.Temperature, d.TopK, d.Seed = true, 0.8, 40, x.seed
		}
		out, err := only(g.Generate(ctx, d, x.text))
		if err != nil {
			return err
		}
		text := x.text + out[0].Text
		if out[0].Finish != generate.EndOfText {
			text += " …"
		}
		fmt.Fprintf(&o.buf, "%s\n", wrap(text, "  ", "    "))
	}
	fmt.Fprintln(&o.buf)
	return nil
}

// writingSpeed measures the tokens per second of so many texts that are written at once, over and over for long enough
// that a clock tick and a cold cache do not count.
func writingSpeed(ctx context.Context, g *task.Generator, texts int) (float64, error) {
	const long = 300 * time.Millisecond
	d := g.Defaults()
	d.EOS, d.MaxNewTokens = nil, 32
	prompts := slices.Repeat([]string{openings[0].text}, texts)
	start, done := time.Now(), 0
	for done == 0 || time.Since(start) < long {
		out, err := g.Generate(ctx, d, prompts...)
		if err != nil {
			return 0, err
		}
		for _, o := range out {
			done += len(o[0].IDs)
		}
	}
	return float64(done) / time.Since(start).Seconds(), nil
}
