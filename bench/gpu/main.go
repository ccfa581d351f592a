// Command gpu times the operations of encoders, a layer of BERT and whole forwards on an NVIDIA GPU, beside the peaks of the
// same GPU in the same run, and writes a table in Markdown and all figures in JSON. It is built with the tag cuda:
//
//	go run -tags cuda ./bench/gpu                      # or make bench-gpu
//	go run -tags cuda ./bench/gpu -backend cuda:1 -json FILE -md FILE
//
// An operation is timed by events on the device's clock, behind a large product that keeps the queue ahead of the
// host and leaves none of the operation's operands in a cache. The figure is the median of the repeats.
//
// Simulated GPUs have no times, by themselves (-backend sim:sm_80) or behind a stand-in for NVIDIA's library. Run on those,
// with -small, the program tests itself, and both outputs say so.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
)

// options is the command line.
type options struct {
	backend  string
	library  string
	json, md string
	small    bool
	repeats  int
}

func main() {
	var o options
	flag.StringVar(&o.backend, "backend", "cuda:0", "`NAME` of the GPU: cuda:N, or sim:sm_80, which has no times")
	flag.StringVar(&o.library, "library", "", "`FILE` of NVIDIA's library, instead of the system's")
	flag.StringVar(&o.json, "json", "", "`FILE` to write all figures into")
	flag.StringVar(&o.md, "md", "", "`FILE` to write the tables into, instead of the standard output")
	flag.BoolVar(&o.small, "small", false, "sizes that only show that the program runs")
	flag.IntVar(&o.repeats, "repeats", 30, "`N` measurements of each figure")
	flag.Parse()
	if err := run(o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench/gpu:", err)
		os.Exit(1)
	}
}

func run(o options, stdout io.Writer) error {
	if o.repeats < 1 {
		return fmt.Errorf("-repeats %d: expected at least 1", o.repeats)
	}
	result, err := measured(o)
	if err != nil {
		return err
	}
	if o.json != "" {
		data, err := result.json()
		if err != nil {
			return err
		}
		if err := os.WriteFile(o.json, data, 0o666); err != nil {
			return err
		}
	}
	if o.md != "" {
		return os.WriteFile(o.md, result.markdown(), 0o666)
	}
	_, err = stdout.Write(result.markdown())
	return err
}

// measured opens the GPU and takes all figures.
func measured(o options) (result *report, err error) {
	v, i, err := driverOf(o)
	if err != nil {
		return nil, err
	}
	sizes := usual
	if o.small {
		sizes = small
	}
	copying, err := copyBandwidth(v, i, sizes.copied, o.repeats)
	if err != nil {
		return nil, err
	}
	r, err := open(v, i, sizes, o.repeats)
	if err != nil {
		return nil, err
	}
	defer func() {
		if fail := r.close(); err == nil && fail != nil {
			result, err = nil, fail
		}
	}()
	result = newReport(v, r.be.Device(), o)
	result.Peaks.CopyGBps = round(copying / 1e9)
	for _, step := range []func(*report) error{r.peaks, r.operations, r.models} {
		if err := step(result); err != nil {
			return nil, err
		}
	}
	return result, nil
}
