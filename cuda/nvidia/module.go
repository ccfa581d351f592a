//go:build cuda && (linux || windows) && (amd64 || arm64)

package nvidia

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"sync"

	"github.com/rapt-go/rapt/cuda/driver"
)

// A module is PTX that the driver has compiled.
type module struct {
	object
	handle     handle
	parameters map[string]int // of each entry
}

// logBytes is room for the compiler's complaints, of which the first is the one that counts.
const logBytes = 16 << 10

// Load compiles PTX. The error's Log is the compiler's.
func (d *device) Load(ptx []byte) (driver.Module, error) {
	const call = "cuModuleLoadDataEx"
	if len(bytes.TrimSpace(ptx)) == 0 {
		return nil, d.fail(driver.InvalidImage, call, "expected PTX, found nothing")
	}
	if bytes.IndexByte(ptx, 0) >= 0 {
		return nil, d.fail(driver.NoBinaryForGPU, call, "expected PTX, found a binary")
	}
	if err := d.enter(call); err != nil {
		return nil, err
	}
	defer d.leave()
	log := make([]byte, logBytes)
	h, c := d.lib.load(append(slices.Clip(ptx), 0), log)
	if c != 0 {
		err := d.fail(c, call, "").(*driver.Error)
		err.Log = text(log)
		if c == driver.UnsupportedPTXVersion {
			err.Detail = tooNew(ptx, d.v.cuda)
		}
		return nil, err
	}
	m := &module{object: object{d: d, kind: "module"}, handle: h, parameters: parameters(ptx)}
	d.adopt(&m.object)
	return m, nil
}

// An entry, with its parameters if it has any.
var entry = regexp.MustCompile(`\.entry\s+([\w$%]+)\s*(\(([^)]*)\))?`)

// parameters counts those of each entry. The driver does not, and reads as many as there are.
func parameters(ptx []byte) map[string]int {
	n := map[string]int{}
	for _, m := range entry.FindAllSubmatch(ptx, -1) {
		n[string(m[1])] = bytes.Count(m[3], []byte(".param"))
	}
	return n
}

// Func is an entry of the module.
func (m *module) Func(name string) (driver.Func, error) {
	call := "cuModuleGetFunction of " + name
	if err := m.enter(call); err != nil {
		return nil, err
	}
	defer m.leave()
	h, c := m.d.lib.function(m.handle, name)
	if c != 0 {
		return nil, m.d.fail(c, call, "")
	}
	f := &function{module: m, name: name, handle: h}
	var ok bool
	if f.parameters, ok = m.parameters[name]; !ok {
		return nil, m.d.fail(driver.NotFound, call, "the PTX has no such entry")
	}
	for a, to := range map[int]*int{funcMaxThreads: &f.attrs.MaxThreads, funcShared: &f.attrs.Shared, funcLocal: &f.attrs.Local, funcRegisters: &f.attrs.Registers} {
		if *to, c = m.d.lib.functionAttribute(a, h); c != 0 {
			return nil, m.d.fail(c, fmt.Sprintf("cuFuncGetAttribute %d of %s", a, name), "")
		}
	}
	return f, nil
}

// Global is the address of a variable of the module, and its size.
func (m *module) Global(name string) (driver.Ptr, int, error) {
	call := "cuModuleGetGlobal of " + name
	if err := m.enter(call); err != nil {
		return 0, 0, err
	}
	defer m.leave()
	p, n, c := m.d.lib.global(m.handle, name)
	if c != 0 {
		return 0, 0, m.d.fail(c, call, "")
	}
	return p, n, nil
}

// Close unloads the module.
func (m *module) Close() error {
	return m.close("cuModuleUnload", func() driver.Code { return m.d.lib.unload(m.handle) })
}

// A function is a kernel.
type function struct {
	module     *module
	name       string
	handle     handle
	parameters int
	attrs      driver.Attrs

	once  sync.Mutex // of opted
	opted bool       // into all the shared memory that a block can have
}

// Name is the entry's name.
func (f *function) Name() string { return f.name }

// Attrs is what the kernel needs.
func (f *function) Attrs() driver.Attrs { return f.attrs }

// withoutOptIn is the shared memory that any kernel can have.
const withoutOptIn = 48 << 10

// optIn asks for as much dynamic shared memory as a block can have, which by itself takes nothing away.
func (f *function) optIn() error {
	f.once.Lock()
	defer f.once.Unlock()
	if f.opted {
		return nil
	}
	d := f.module.d
	n := d.info.SharedPerBlock - f.attrs.Shared
	if c := d.lib.setFunctionAttribute(f.handle, funcDynamicAllowed, n); c != 0 {
		return d.fail(c, fmt.Sprintf("cuFuncSetAttribute of %s: %d bytes of dynamic shared memory", f.name, n), "")
	}
	f.opted = true
	return nil
}
