package sim

import (
	"context"

	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/cuda/sim/exec"
	"github.com/rapt-go/rapt/cuda/sim/mem"
)

// This file is what operations do.

type taskKind uint8

const (
	copyIn taskKind = iota
	copyOut
	copyDevice
	fill
	launch
)

// A task is work for a stream, as it was asked for. It does not change, so that a graph can run it
// again and again.
type task struct {
	kind     taskKind
	call     string
	dst, src uint64
	n        int // bytes
	word     uint32
	host     *host
	off      int
	launch   *launched
}

// An outcome is what came of a task.
type outcome struct {
	findings []*Finding
	cost     int64 // nanoseconds on the clock of events
	result   *exec.Result
}

func (t *task) empty() bool { return t.kind != launch && t.n == 0 }

// check is what the call of the task answers at once.
func (t *task) check(d *Device) error {
	if t.kind == launch {
		return t.launch.fn.usable(d, t.call)
	}
	if t.n < 0 {
		return fail(driver.InvalidValue, t.call, "a negative size")
	}
	if h := t.host; h != nil {
		if h.data == nil {
			return fail(driver.InvalidValue, t.call, "%s was freed", objectName(h))
		}
		if t.off < 0 || t.off > h.size-t.n {
			return fail(driver.InvalidValue, t.call, "bytes %d to %d of %s", t.off, t.off+t.n-1, objectName(h))
		}
	}
	if t.kind == fill && t.dst%4 != 0 {
		return fail(driver.InvalidValue, t.call, "the address %#x is no multiple of 4", t.dst)
	}
	for _, addr := range t.addresses() {
		if err := t.inside(d, addr); err != nil {
			return err
		}
	}
	if t.kind == copyDevice && t.dst < t.src+uint64(t.n) && t.src < t.dst+uint64(t.n) {
		return fail(driver.InvalidValue, t.call, "from %#x to %#x: the ranges overlap", t.src, t.dst)
	}
	return nil
}

// addresses are the device ranges of a copy or fill, each of t.n bytes.
func (t *task) addresses() []uint64 {
	switch {
	case t.empty() || t.kind == launch:
		return nil
	case t.kind == copyOut:
		return []uint64{t.src}
	case t.kind == copyDevice:
		return []uint64{t.dst, t.src}
	}
	return []uint64{t.dst}
}

func (t *task) inside(d *Device, addr uint64) error {
	a := d.memory.Find(addr)
	if a == nil {
		return fail(driver.InvalidValue, t.call, "%#x: %s", addr, d.describe(addr))
	}
	if int64(t.n) > a.Size-int64(addr-a.Base) {
		return fail(driver.InvalidValue, t.call, "%d bytes at %#x reach over the end: %s", t.n, addr, d.describe(addr))
	}
	return nil
}

// objects are what the task was given that can be freed.
func (t *task) objects(d *Device) (objects []any) {
	add := func(addr uint64) {
		if a := d.memory.Find(addr); a != nil {
			objects = append(objects, a)
		}
	}
	for _, addr := range t.addresses() {
		add(addr)
	}
	if t.host != nil {
		objects = append(objects, t.host)
	}
	if t.launch != nil {
		objects = append(objects, t.launch.fn.module)
		for _, x := range t.launch.args {
			add(uint64(x))
		}
	}
	return objects
}

// run does the task, without the driver's lock.
func (t *task) run(o *op) (out outcome) {
	m := o.stream.dev.memory
	// A nanosecond moves about what an A100 moves in one; it is not to be taken for more.
	out.cost = 1000 + int64(t.n)/1024
	var err error
	switch t.kind {
	case copyIn:
		var b []byte
		b, out.findings = o.source()
		o.touched(m, t.dst, weakWrite)
		o.touches.add(t.host, weakRead, int64(t.off), int64(t.off+t.n))
		err = m.Write(t.dst, b)
	case copyOut:
		b := t.bytes()
		out.findings = o.written(b)
		if addr, found := m.FirstUninit(t.src, int64(t.n)); found && o.stream.dev.drv.opts.Off&UninitCopies == 0 {
			out.findings = append(out.findings, &Finding{Kind: UninitCopy, Call: t.call, Msg: "nothing wrote " + m.Describe(addr)})
		}
		o.touched(m, t.src, weakRead)
		o.touches.add(t.host, weakWrite, int64(t.off), int64(t.off+t.n))
		err = m.Read(b, t.src)
	case copyDevice:
		o.touched(m, t.src, weakRead)
		o.touched(m, t.dst, weakWrite)
		err = m.Copy(t.dst, t.src, int64(t.n))
	case fill:
		o.touched(m, t.dst, weakWrite)
		err = m.Fill(t.dst, t.word, int64(t.n)/4)
	case launch:
		return t.launch.run(o)
	}
	if err != nil {
		out.findings = append(out.findings, &Finding{Kind: Failed, Call: t.call, Msg: err.Error()})
	}
	return out
}

// touched notes the bytes of a copy or fill.
func (o *op) touched(m *mem.Memory, addr uint64, way int) {
	if a := m.Find(addr); a != nil {
		lo := int64(addr - a.Base)
		o.touches.add(a, way, lo, lo+int64(o.task.n))
	}
}

// run launches the kernel.
func (l *launched) run(o *op) (out outcome) {
	d := o.stream.dev
	opts := &d.drv.opts
	run := &exec.Launch{Kernel: l.fn.kernel, Grid: l.config.Grid, Block: l.config.Block, Shared: l.config.Shared, Params: l.params,
		SM: d.info.SM(), SMs: d.info.SMs, Seed: opts.Seed + o.number*0x9e3779b97f4a7c15, Numerics: opts.Numerics, Jitter: opts.Jitter, JitterSeed: opts.Seed,
		Workers: opts.Workers, Budget: opts.Budget, Stack: opts.Stack, GridID: o.number, Off: opts.Off.execChecks(), Touch: o.watched}
	result, err := l.fn.module.image.Launch(context.Background(), run)
	if err != nil {
		out.findings = []*Finding{{Kind: Failed, Call: o.task.call, Msg: err.Error()}}
		return out
	}
	out.result = result
	out.cost = 1000 + int64(result.Counters.Total.Warp)/int64(d.info.SMs)
	for _, f := range result.Findings {
		out.findings = append(out.findings, &Finding{Kind: InKernel, Call: o.task.call, Kernel: f})
	}
	for _, t := range result.Touched {
		o.touches.add(t.Alloc, way(t), t.Off, t.Off+t.N)
	}
	return out
}

func way(t exec.Touch) int {
	switch {
	case t.Write && t.Strong:
		return strongWrite
	case t.Write:
		return weakWrite
	case t.Strong:
		return strongRead
	}
	return weakRead
}
