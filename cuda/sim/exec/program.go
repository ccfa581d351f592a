package exec

import (
	"errors"
	"fmt"

	"github.com/rapt-go/rapt/cuda/ptx"
)

// ErrNotSimulated is wrapped by the errors of [Compile]: an instruction is legal, and this package
// does not execute it.
var ErrNotSimulated = errors.New("not simulated")

// maxCompileErrors bounds what one module can say.
const maxCompileErrors = 20

// A Program is a decoded module. It is immutable.
type Program struct {
	module  *ptx.Module
	kernels []*Kernel
}

// A Kernel is a decoded entry.
type Kernel struct {
	program *Program
	entry   *function
	funcs   []*function // entry first, then all that it can call
	insts   []*ptx.Inst
	owner   []*function // of each of insts
	params  []Param
	nParams int // bytes

	shared sharedLayout
	// The smallest access to shared and to global memory, 1 to 16 bytes.
	sharedGranule, globalGranule int
	precise                      bool     // warps are ordered by more than barriers of the whole block
	flops                        []uint32 // of a lane, of each of insts
}

// A Param is a parameter of a kernel: its place in the bytes of [Launch.Params].
type Param struct {
	Name                string
	Offset, Size, Align int
}

// Compile decodes all entries of a module that [ptx.Module.Check] accepted. The error names each
// instruction that the simulator does not execute, with its place, and wraps [ErrNotSimulated]. One such
// instruction is enough to refuse the file, whichever entry it is in: a module says at once what of it cannot be
// tested, rather than when somebody launches it.
func Compile(m *ptx.Module) (*Program, error) {
	p := &Program{module: m}
	if m.AddressSize != 64 {
		return nil, fmt.Errorf("%s: %w: .address_size %d, only 64", m.Name, ErrNotSimulated, m.AddressSize)
	}
	var errs []error
	for _, f := range m.Funcs {
		if !f.Entry || f.Body == nil {
			continue
		}
		k, err := compileKernel(p, f)
		errs = append(errs, err...)
		p.kernels = append(p.kernels, k)
		if len(errs) >= maxCompileErrors {
			errs = errs[:maxCompileErrors]
			break
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return p, nil
}

// Kernels are the entries in the order of the file.
func (p *Program) Kernels() []*Kernel { return p.kernels }

// Kernel is the entry of that name, nil without.
func (p *Program) Kernel(name string) *Kernel {
	for _, k := range p.kernels {
		if k.Name() == name {
			return k
		}
	}
	return nil
}

// Module is what the program was decoded from.
func (p *Program) Module() *ptx.Module { return p.module }

// Name is the entry's name.
func (k *Kernel) Name() string { return k.entry.src.Name }

// Params are the kernel's parameters in order.
func (k *Kernel) Params() []Param { return k.params }

// ParamBytes is the length of [Launch.Params].
func (k *Kernel) ParamBytes() int { return k.nParams }

// StaticShared is the shared memory that the kernel declares, in bytes of a block.
func (k *Kernel) StaticShared() int { return k.shared.static }

// LocalBytes is the local memory of a thread that the entry itself declares.
func (k *Kernel) LocalBytes() int { return k.entry.localBytes }

// MaxThreads is the largest block that .maxntid or .reqntid allows, 0 without.
func (k *Kernel) MaxThreads() int {
	n := k.entry.src.Perf.MaxNTID
	if n[0] == 0 {
		n = k.entry.src.Perf.ReqNTID
	}
	if n[0] == 0 {
		return 0
	}
	return n[0] * max(n[1], 1) * max(n[2], 1)
}

// ReqBlock is the block size that .reqntid demands, zeros without.
func (k *Kernel) ReqBlock() [3]int {
	n := k.entry.src.Perf.ReqNTID
	if n[0] != 0 {
		n[1], n[2] = max(n[1], 1), max(n[2], 1)
	}
	return n
}

// Registers is an estimate of what ptxas would allocate for a thread: the most 32-bit registers that
// are alive at once, and at least 16.
func (k *Kernel) Registers() int {
	n := 16
	for _, f := range k.funcs {
		n = max(n, f.regPressure)
	}
	return n
}

// Insts are the instructions of the kernel and of all that it calls; the counters have their order.
func (k *Kernel) Insts() []*ptx.Inst { return k.insts }

// PackArgs lays out one value for each parameter, of 8 bytes at most, lowest byte first.
func (k *Kernel) PackArgs(cells []uint64) ([]byte, error) {
	if len(cells) != len(k.params) {
		return nil, fmt.Errorf("exec: kernel %s: %d arguments, expected %d", k.Name(), len(cells), len(k.params))
	}
	b := make([]byte, k.nParams)
	for i, p := range k.params {
		if p.Size > 8 {
			return nil, fmt.Errorf("exec: kernel %s: parameter %s has %d bytes, at most 8 fit an argument", k.Name(), p.Name, p.Size)
		}
		for j := range p.Size {
			b[p.Offset+j] = byte(cells[i] >> (8 * j))
		}
	}
	return b, nil
}
