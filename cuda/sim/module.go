package sim

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/cuda/ptx"
	"github.com/rapt-go/rapt/cuda/sim/exec"
	"github.com/rapt-go/rapt/cuda/sim/mem"
)

// maxStaticShared is what ptxas allows a kernel to declare, on any device.
const maxStaticShared = 48 * kib

// maxLocal is what a thread has of local memory, on any device.
const maxLocal = 512 * kib

// maxRegisters is what a thread can have.
const maxRegisters = 255

// A Module is loaded PTX.
type Module struct {
	dev     *Device
	name    string
	program *exec.Program
	image   *exec.Image
	funcs   map[string]*Func
	closed  bool
}

// A Func is a kernel.
type Func struct {
	module *Module
	name   string
	kernel *exec.Kernel
	attrs  driver.Attrs
}

var versionLine = regexp.MustCompile(`(?m)^\s*\.version\s+(\d+)\.(\d+)`)

// Load checks and decodes PTX. Its error is
//   - driver.InvalidImage where there is nothing, driver.NoBinaryForGPU for a cubin or fat binary,
//   - driver.UnsupportedPTXVersion if .version is newer than Options.Version compiles,
//   - driver.InvalidPTX for what is not legal, for a .target that the device does not have, for
//     more than 48 KiB of declared shared memory, and for a function with more than 512 KiB of local
//     memory and parameters of calls; with the reason in Log,
//   - driver.NotSupported, with the instruction in Log, for PTX that may be legal and is not simulated.
func (d *Device) Load(src []byte) (driver.Module, error) {
	m, err := d.LoadFile("", src)
	if err != nil {
		return nil, err
	}
	return m, nil
}

// LoadFile is Load of PTX from a file, which findings and errors name.
func (d *Device) LoadFile(name string, src []byte) (*Module, error) {
	d.drv.mu.Lock()
	defer d.drv.mu.Unlock()
	if err := d.plain("load"); err != nil {
		return nil, err
	}
	d.modules++
	if name == "" {
		name = fmt.Sprintf("module%d.ptx", d.modules)
	}
	program, file, err := d.compile(name, src)
	if err != nil {
		return nil, err
	}
	m := &Module{dev: d, name: name, program: program, funcs: map[string]*Func{}}
	if m.image, err = program.Load(d.memory); err != nil {
		if errors.Is(err, mem.ErrOutOfMemory) {
			return nil, memoryError("load", err)
		}
		return nil, loadError(driver.InvalidPTX, err)
	}
	for _, k := range program.Kernels() {
		m.funcs[k.Name()] = &Func{module: m, name: k.Name(), kernel: k, attrs: d.attrs(k, file)}
	}
	return m, nil
}

func loadError(code driver.Code, log error) error {
	if errors.Is(log, ptx.ErrUnsupported) || errors.Is(log, exec.ErrNotSimulated) {
		code = driver.NotSupported
	}
	return &driver.Error{Code: code, Call: "load", Log: log.Error()}
}

func (d *Device) compile(name string, src []byte) (*exec.Program, *ptx.Module, error) {
	switch {
	case len(bytes.TrimSpace(src)) == 0:
		return nil, nil, fail(driver.InvalidImage, "load", "expected PTX, found nothing")
	case bytes.HasPrefix(src, []byte("\x7fELF")), bytes.HasPrefix(src, []byte("\x50\xed\x55\xba")):
		return nil, nil, fail(driver.NoBinaryForGPU, "load", "expected PTX, found a binary")
	}
	if m := versionLine.FindSubmatch(src); m != nil {
		newest, _ := ptxOf(d.drv.version)
		major, _ := strconv.Atoi(string(m[1]))
		minor, _ := strconv.Atoi(string(m[2]))
		if major > int(newest.Major) || major == int(newest.Major) && minor > int(newest.Minor) {
			return nil, nil, &driver.Error{Code: driver.UnsupportedPTXVersion, Call: "load",
				Log: fmt.Sprintf("%s: .version %d.%d, the driver of CUDA %d.%d compiles up to %v", name, major, minor, d.drv.version/1000, d.drv.version%1000/10, newest)}
		}
	}
	file, err := ptx.Load(name, src)
	if err != nil {
		return nil, nil, loadError(driver.InvalidPTX, err)
	}
	if err := d.accepts(file); err != nil {
		return nil, nil, loadError(driver.InvalidPTX, err)
	}
	program, err := exec.Compile(file)
	if err != nil {
		return nil, nil, loadError(driver.InvalidPTX, err)
	}
	for _, f := range file.Funcs {
		if v := overLocal(f); v != nil {
			return nil, nil, loadError(driver.InvalidPTX, fmt.Errorf("%s:%d:%d: %s: the local memory of %s is more than %d bytes, which a thread has",
				name, v.Pos.Line, v.Pos.Col, v.Name, f.Name, maxLocal))
		}
	}
	for _, k := range program.Kernels() {
		if n := k.StaticShared(); n > maxStaticShared {
			return nil, nil, loadError(driver.InvalidPTX, fmt.Errorf("%s: entry %s declares %d bytes of shared memory, at most %d", name, k.Name(), n, maxStaticShared))
		}
	}
	return program, file, nil
}

// overLocal is the variable that takes a function's local memory beyond what a thread has, nil if none
// does. What calls pass lies there too.
func overLocal(f *ptx.Func) (over *ptx.Var) {
	size := int64(0)
	add := func(v *ptx.Var) {
		if v.Space != ptx.LocalSpace && v.Space != ptx.ParamSpace || over != nil {
			return
		}
		if size += v.Size(); size > maxLocal {
			over = v
		}
	}
	if !f.Entry {
		for _, v := range slices.Concat(f.Results, f.Params) {
			add(v)
		}
	}
	f.Walk(func(s ptx.Stmt) {
		if v, ok := s.(*ptx.Var); ok {
			add(v)
		}
	})
	return over
}

// accepts reports a .target that the device does not have. Those with a are for one chip, those with
// f for the chips of its family from it on.
func (d *Device) accepts(file *ptx.Module) error {
	t, sm := file.Target, d.info.SM()
	ok := t.SM <= sm
	switch t.Suffix {
	case 'a':
		ok = t.SM == sm
	case 'f':
		ok = t.SM <= sm && t.SM/10 == sm/10
	}
	if !ok {
		return fmt.Errorf("%s: .target %v, which does not run on sm_%d", file.Name, t, sm)
	}
	return nil
}

// attrs is what the compiler makes of a kernel. Registers are an estimate, within the bounds that the
// entry's directives set and that ptxas keeps by spilling.
func (d *Device) attrs(k *exec.Kernel, file *ptx.Module) driver.Attrs {
	a := driver.Attrs{Shared: k.StaticShared(), Local: k.LocalBytes(), MaxThreads: d.info.ThreadsPerBlock}
	if n := k.MaxThreads(); n > 0 {
		a.MaxThreads = min(a.MaxThreads, n)
	}
	bound := maxRegisters
	for _, f := range file.Funcs {
		if f.Entry && f.Name == k.Name() {
			if n := f.Perf.MaxNReg; n > 0 {
				bound = min(bound, n)
			}
			if n := k.MaxThreads(); n > 0 {
				warps := (n + driver.WarpSize - 1) / driver.WarpSize * max(f.Perf.MinNCTAPerSM, 1)
				bound = min(bound, max(d.info.RegistersPerSM/(warps*driver.WarpSize)&^(registerUnit-1), registerUnit))
			}
		}
	}
	a.Registers = min(k.Registers(), bound)
	return a
}

// Program is what the module was decoded to.
func (m *Module) Program() *exec.Program { return m.program }

// usable is the error of any call on the module.
func (m *Module) usable(call string) error {
	if err := m.dev.usable(call); err != nil {
		return err
	}
	if m.closed {
		return fail(driver.InvalidHandle, call, "%s was closed", m.name)
	}
	return nil
}

// Func is a kernel of the module, a *[Func].
func (m *Module) Func(name string) (driver.Func, error) {
	m.dev.drv.mu.Lock()
	defer m.dev.drv.mu.Unlock()
	call := "function " + name
	if err := m.usable(call); err != nil {
		return nil, err
	}
	if f := m.funcs[name]; f != nil {
		return f, nil
	}
	return nil, fail(driver.NotFound, call, "%s has no such entry", m.name)
}

// Global is the address of a variable of the module.
func (m *Module) Global(name string) (driver.Ptr, int, error) {
	m.dev.drv.mu.Lock()
	defer m.dev.drv.mu.Unlock()
	call := "variable " + name
	if err := m.usable(call); err != nil {
		return 0, 0, err
	}
	addr, size, ok := m.image.Global(name)
	if !ok {
		return 0, 0, fail(driver.NotFound, call, "%s has no such variable", m.name)
	}
	return driver.Ptr(addr), int(size), nil
}

// owns reports whether an object goes with the module: itself, and its variables.
func (m *Module) owns(object any) bool {
	a, ok := object.(*mem.Allocation)
	if !ok || a.Name == "" {
		return object == any(m)
	}
	addr, _, found := m.image.Global(a.Name)
	return found && addr == a.Base
}

// Close unloads the module. It is a finding while the host has not waited for its kernels.
func (m *Module) Close() error {
	d := m.dev
	d.drv.mu.Lock()
	defer d.drv.mu.Unlock()
	if d.closed || m.closed {
		return fail(driver.InvalidHandle, "close of a module", "%s was closed already", m.name)
	}
	if err := d.plain("close of a module"); err != nil {
		return err
	}
	if err := d.release("close of a module", m.name, m.owns); err != nil {
		return err
	}
	m.closed = true
	m.image.Unload()
	return nil
}
