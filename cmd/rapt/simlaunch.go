package main

// What rapt sim does with a kernel and a description.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/cuda/ptx"
	"github.com/rapt-go/rapt/cuda/sim"
	"github.com/rapt-go/rapt/cuda/sim/exec"
	"github.com/rapt-go/rapt/cuda/sim/mem"
	"github.com/rapt-go/rapt/cuda/sim/report"
	"github.com/rapt-go/rapt/gpu"
)

// A simKernel is a kernel that its device accepts.
type simKernel struct {
	desc      *launchDesc
	file      string
	src       []byte
	module    *ptx.Module
	program   *exec.Program
	kernel    *exec.Kernel
	attrs     driver.Attrs
	occupancy sim.Occupancy
}

// A simLaunch is a launch that has run.
type simLaunch struct {
	desc    *launchDesc
	report  *report.Report
	outputs [][]byte // of desc.args, nil for those that are no buffers
}

func loadKernel(file string, desc *launchDesc) (*simKernel, error) {
	k := &simKernel{desc: desc, file: file}
	var err error
	if k.src, err = readInput(file, largestInput); err != nil {
		return nil, failure{err}
	}
	v, err := sim.New(sim.Options{Devices: []driver.Info{desc.device}})
	if err != nil {
		return nil, failure{err}
	}
	dev, err := v.Open(0)
	if err != nil {
		return nil, failure{err}
	}
	defer dev.Close()
	m, err := dev.(*sim.Device).LoadFile(file, k.src)
	if err != nil {
		return nil, ptxError(file, err)
	}
	k.program, k.module = m.Program(), m.Program().Module()
	if k.kernel, err = k.find(); err != nil {
		return nil, failure{fmt.Errorf("%s: kernel: %w", desc.file, err)}
	}
	if err := k.checkArgs(); err != nil {
		return nil, failure{fmt.Errorf("%s: %w", desc.file, err)}
	}
	return k, k.accept(dev, m)
}

// ptxError has the status of what is not supported for PTX that may be right.
func ptxError(file string, err error) error {
	e, ok := errors.AsType[*driver.Error](err)
	switch {
	case !ok || e.Log == "":
		return failure{fmt.Errorf("%s: %w", file, err)}
	case e.Code == driver.NotSupported:
		return notSimulated{errors.New(e.Log)}
	}
	return failure{errors.New(e.Log)} // which names the file
}

// A notSimulated is PTX that may be right and is not simulated.
type notSimulated struct{ error }

// Is has the status of what is unsupported.
func (notSimulated) Is(target error) bool { return target == gpu.ErrUnsupported }

// find is the kernel of the description, or the only one.
func (k *simKernel) find() (*exec.Kernel, error) {
	var names []string
	for _, x := range k.program.Kernels() {
		names = append(names, x.Name())
	}
	has := fmt.Sprintf("%s has %s", k.file, strings.Join(names, ", "))
	switch x := k.program.Kernel(k.desc.kernel); {
	case len(names) == 0:
		return nil, fmt.Errorf("%s has none", k.file)
	case x != nil:
		return x, nil
	case k.desc.kernel != "":
		return nil, fmt.Errorf("%q: %s", k.desc.kernel, has)
	case len(names) > 1:
		return nil, fmt.Errorf("it is needed: %s", has)
	}
	return k.program.Kernels()[0], nil
}

func (k *simKernel) checkArgs() error {
	params := k.kernel.Params()
	if len(params) != len(k.desc.args) {
		return fmt.Errorf("args: %d, kernel %s has %d parameters", len(k.desc.args), k.kernel.Name(), len(params))
	}
	for i, a := range k.desc.args {
		size, what := 8, "a pointer"
		if a.scalar != 0 {
			size, what = a.scalar.size(), a.scalar.name()
		}
		if params[i].Size != size {
			return fmt.Errorf("%s: %s has %d bytes, parameter %s has %d", a.field, what, size, params[i].Name, params[i].Size)
		}
	}
	return nil
}

// accept asks the simulated driver whether it would start the launch.
func (k *simKernel) accept(dev driver.Device, m *sim.Module) error {
	f, err := m.Func(k.kernel.Name())
	if err != nil {
		return failure{fmt.Errorf("%s: %w", k.file, err)}
	}
	k.attrs = f.Attrs()
	k.occupancy = f.(*sim.Func).Occupancy(k.desc.config)
	s, err := dev.NewStream()
	if err != nil {
		return failure{err}
	}
	// A launch into a graph is checked, and does not run.
	if err := s.(driver.Capturer).Begin(); err != nil {
		return failure{err}
	}
	if err := s.Launch(f, k.desc.config, make([]driver.Arg, len(k.desc.args))); err != nil {
		return failure{fmt.Errorf("%s: on %s: %w", k.desc.file, k.desc.device.Name, err)}
	}
	return nil
}

// launch runs the kernel, so many blocks at once; heat is for the page of HTML.
func (k *simKernel) launch(ctx context.Context, threads int, heat bool) (*simLaunch, error) {
	d := k.desc
	memory := mem.New(d.device.Memory, d.seed)
	image, err := k.program.Load(memory)
	if err != nil {
		return nil, failure{fmt.Errorf("%s: %w", k.file, err)}
	}
	cells, buffers, err := d.place(memory)
	if err != nil {
		return nil, failure{fmt.Errorf("%s: %w", d.file, err)}
	}
	params, err := k.kernel.PackArgs(cells)
	if err != nil {
		return nil, failure{fmt.Errorf("%s: args: %w", d.file, err)}
	}
	result, err := image.Launch(ctx, &exec.Launch{Kernel: k.kernel, Grid: d.config.Grid, Block: d.config.Block, Shared: d.config.Shared,
		Params: params, SM: d.device.SM(), SMs: d.device.SMs, Seed: d.seed, Numerics: d.numerics, Jitter: d.jitter, Workers: threads, Heat: heat})
	if err != nil {
		return nil, err
	}
	l := &simLaunch{desc: d, outputs: make([][]byte, len(d.args)), report: &report.Report{PTX: string(k.src), Module: k.module, Sources: k.sources(),
		Kernel: k.kernel, Device: d.device, Attrs: k.attrs, Config: d.config, Occupancy: k.occupancy, Seed: d.seed, Numerics: d.model, Result: result}}
	for i, a := range d.args {
		arg := report.Arg{Name: a.name, Value: a.text()}
		if a.buffer != nil {
			arg.Elem = int64(a.buffer.dtype.size())
			l.outputs[i] = buffers[i].Data
			if s := a.buffer.difference(a.name, buffers[i].Data); s != "" {
				l.report.Differences = append(l.report.Differences, s)
			}
			if s := a.buffer.unwritten(a.name, buffers[i].Init); s != "" {
				l.report.Differences = append(l.report.Differences, s)
			}
		}
		l.report.Args = append(l.report.Args, arg)
	}
	return l, nil
}

// place allocates and fills the buffers, and gives the arguments.
func (d *launchDesc) place(memory *mem.Memory) (cells []uint64, buffers []*mem.Allocation, err error) {
	cells, buffers = make([]uint64, len(d.args)), make([]*mem.Allocation, len(d.args))
	base := map[string]uint64{}
	for i, a := range d.args {
		cells[i] = a.cell
		b := a.buffer
		if b == nil {
			continue
		}
		if buffers[i], err = memory.AllocNamed(a.name, b.length*int64(b.dtype.size()), mem.Align); err != nil {
			return nil, nil, fieldError{a.field, err}
		}
		cells[i] = buffers[i].Base
		base[a.name] = cells[i]
		if b.data != nil {
			if err := memory.Write(cells[i], b.data); err != nil {
				return nil, nil, fieldError{a.field, err}
			}
		}
	}
	for i, a := range d.args {
		if a.target != "" {
			cells[i] = base[a.target] + uint64(a.offset)
		}
	}
	return cells, buffers, nil
}

// largestSource is in bytes.
const largestSource = 8 << 20

// sources are the files of .file directives that are found: by their paths, from the PTX's folder or the
// one above it, where a compiler may have run, or beside the PTX.
func (k *simKernel) sources() map[string]string {
	found := map[string]string{}
	dir := filepath.Dir(k.file)
	for _, f := range k.module.Files {
		for _, path := range []string{f.Name, filepath.Join(dir, f.Name), filepath.Join(dir, "..", f.Name), filepath.Join(dir, filepath.Base(f.Name))} {
			info, err := os.Stat(path)
			if err != nil || !info.Mode().IsRegular() || info.Size() > largestSource {
				continue
			}
			if text, err := os.ReadFile(path); err == nil {
				found[f.Name] = string(text)
				break
			}
		}
	}
	return found
}

// write writes the buffers that are for files.
func (l *simLaunch) write() error {
	for i, a := range l.desc.args {
		if a.buffer == nil || a.buffer.write == "" {
			continue
		}
		if err := os.WriteFile(l.desc.path(a.buffer.write), l.outputs[i], 0o666); err != nil {
			return fmt.Errorf("%s: %s.write: %w", l.desc.file, a.field, err)
		}
	}
	return nil
}

// text writes everything for people. What comes from files is written as [printable] does.
func (l *simLaunch) text(buf io.Writer, listings []report.Listing) error {
	w := &strings.Builder{}
	if err := l.report.Text(w); err != nil {
		return err
	}
	l.values(w)
	if len(listings) > 0 {
		fmt.Fprintln(w)
		if err := report.Annotate(w, listings...); err != nil {
			return err
		}
	}
	_, err := io.WriteString(buf, printableLines(strings.ReplaceAll(w.String(), "\t", "    ")))
	return err
}

// values writes the buffers that are to be printed.
func (l *simLaunch) values(w io.Writer) {
	for i, a := range l.desc.args {
		if a.buffer == nil || a.buffer.print == 0 {
			continue
		}
		n := min(a.buffer.print, a.buffer.length)
		fmt.Fprintf(w, "\n%s (%s × %d)", a.name, a.buffer.dtype.name(), a.buffer.length)
		const columns = 8
		for j := range n {
			if j%columns == 0 {
				fmt.Fprintf(w, "\n%8d:", j)
			}
			fmt.Fprintf(w, " %12s", a.buffer.dtype.text(a.buffer.dtype.at(l.outputs[i], j)))
		}
		if n < a.buffer.length {
			fmt.Fprintf(w, " …")
		}
		fmt.Fprintln(w)
	}
}
