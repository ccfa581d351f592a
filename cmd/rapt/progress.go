package main

// A bar on the terminal while work is long.

import (
	"fmt"
	"time"

	"github.com/schollz/progressbar/v3"
)

// patience is how long a command works before it shows a bar.
const patience = time.Second

// A progress shows how far work is. The nil progress shows nothing.
type progress struct {
	app   *app
	what  string
	total int64 // in any unit; -1 if unknown
	start time.Time
	bar   *progressbar.ProgressBar
	mixed bool // the bar is on the terminal that results go to
}

// progress begins to show how far work of a total is, if standard error is a terminal.
func (c *common) progress(what string, total int64) *progress {
	if c.quiet || c.live || !isTerminal(c.stderr) {
		return nil
	}
	return &progress{app: c.app, what: what, total: total, start: time.Now(), mixed: isTerminal(c.stdout)}
}

// set says how much is done, of the total's unit, and how many texts.
func (p *progress) set(done int64, texts int) {
	if p == nil || time.Since(p.start) < patience {
		return
	}
	if p.bar == nil {
		p.bar = progressbar.NewOptions64(p.total,
			progressbar.OptionSetWriter(p.app.stderr),
			progressbar.OptionSetWidth(24),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish(),
			progressbar.OptionSetRenderBlankState(true))
	}
	p.bar.Describe(fmt.Sprintf("%s: %d texts", p.what, texts))
	_ = p.bar.Set64(done) // a bar that cannot be drawn is no reason to stop
}

// hide clears the bar if what is written next would run into it.
func (p *progress) hide() {
	if p != nil && p.bar != nil && p.mixed {
		_ = p.bar.Clear()
	}
}

// done clears the bar.
func (p *progress) done() {
	if p != nil && p.bar != nil {
		_ = p.bar.Clear()
	}
}
