package main

// rapt sim: one launch of a kernel on a simulated GPU.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/rapt-go/rapt/cuda/sim/report"
)

const simHelp = `Run a kernel of a file of PTX on a simulated GPU, and report what it does wrong,
also where hardware would let it pass, and how much it does: instructions, sectors,
bank conflicts, FLOPs. Nothing in it is a time.

DESC.json describes the launch; paths in it are relative to its folder:

  {
    "kernel": "scale", "grid": [4], "block": [128, 1, 1], "shared": 0,
    "device": "a100", "seed": 1, "numerics": "exact", "jitter": false,
    "args": [
      {"name": "y", "buffer": "f32", "length": 500, "print": 8, "write": "y.bin",
       "expect": 3, "atol": 0, "rtol": 1e-6},
      {"name": "x", "buffer": "f32", "length": 500, "fill": "iota"},
      {"name": "n", "i32": 500},
      {"pointer": "x", "offset": 16}
    ]
  }

Only grid, block and args are needed, and kernel where the file has several.
  "shared"    dynamic shared memory in bytes
  "device"    a100, t4, a10, rtx3090, l4, rtx4090, h100, or sm_75 to sm_90
  "seed"      of the order of blocks and warps, and of addresses
  "numerics"  how mma adds up: exact, in-order, or truncating as tensor cores do
  "jitter"    approximate functions move inside of their bound

A scalar has its type as key: f32, f16, bf16, f64, i8 to i64, u8 to u64. A buffer is
an array of such a type. Nothing has written it, unless it has one of
  "fill"      zeros, iota (0, 1, 2 ...) or random, with "seed" and "range": [-1, 1],
              of integers [0, 100], the upper end excluded
  "values"    a list of numbers
  "file"      a file with the elements as they lie in memory
and "length" may be left out with the last two. After the launch
  "print"     prints its elements, or the first of them
  "write"     writes it to a file
  "expect"    compares it with a number, or a list of numbers, "expect_file" with
              a file: |got - want| may be "atol" + "rtol" * |want|, 0 by default

The status is 1 if there are findings, or an output is not what is expected.`

type simRun struct {
	common
	annotate string
	html     string
}

func simCommand(a *app) *cobra.Command {
	r := &simRun{common: common{app: a}}
	cmd := &cobra.Command{
		Use:     "sim KERNEL.ptx DESC.json",
		GroupID: groupTools,
		Short:   "Run a CUDA kernel without a GPU, check and count what it does",
		Long:    simHelp,
		Example: `  rapt sim scale.ptx scale.json
  rapt sim scale.ptx scale.json --annotate --html scale.html`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return errors.New("want two arguments, KERNEL.ptx and DESC.json")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return r.run(cmd.Context(), args[0], args[1])
		},
	}
	r.outputFlags(cmd)
	number(cmd, &r.threads, "threads", 0, 0, 1024, "blocks that run at once; 0 means as many as CPUs")
	choice(cmd, &r.annotate, "annotate", "", "list the code with what was counted on its lines", "auto", "ptx", "source")
	cmd.Flags().Lookup("annotate").NoOptDefVal = "auto"
	cmd.Flags().Var(filled{&r.html}, "html", "write the report as HTML to `FILE`")
	r.idleFlags(cmd)
	return cmd
}

func (r *simRun) run(ctx context.Context, ptxFile, descFile string) error {
	desc, err := readDesc(descFile)
	if err != nil {
		return failure{err}
	}
	k, err := loadKernel(ptxFile, desc)
	if err != nil {
		return err
	}
	l, err := k.launch(ctx, r.threads, r.html != "")
	if err != nil {
		return err
	}
	listings, err := r.listings(l.report)
	if err != nil {
		return failure{err}
	}
	o := r.output(nil)
	if r.json {
		err = l.lines(o, listings)
	} else {
		err = l.text(&o.buf, listings)
	}
	if err = errors.Join(err, o.flush()); err != nil {
		return err
	}
	if err := l.write(); err != nil {
		return failure{err}
	}
	if r.html != "" {
		var page bytes.Buffer
		if err := l.report.HTML(&page); err != nil {
			return failure{fmt.Errorf("%s: %w", r.html, err)}
		}
		if err := os.WriteFile(r.html, page.Bytes(), 0o666); err != nil {
			return failure{err}
		}
		r.note("report: %s", r.html)
	}
	if len(l.report.Result.Findings)+len(l.report.Differences) > 0 {
		return failure{fmt.Errorf("kernel %s: %s", l.report.Kernel.Name(), l.report.Verdict())}
	}
	return nil
}

// listings is what --annotate asks for: sources where they are at hand, else PTX.
func (r *simRun) listings(rep *report.Report) ([]report.Listing, error) {
	if r.annotate == "" {
		return nil, nil
	}
	sources := rep.SourceListings()
	switch {
	case r.annotate == "ptx" || r.annotate == "auto" && len(sources) == 0:
		return []report.Listing{rep.PTXListing()}, nil
	case len(sources) == 0:
		return nil, fmt.Errorf("--annotate=source: %s names no source file of kernel %s that is at hand", rep.Module.Name, rep.Kernel.Name())
	}
	return sources, nil
}
