// Package auto opens the best backend of this machine, and says why when it is not
// the one hoped for. Nothing falls back silently.
package auto

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	cpu "github.com/rapt-go/rapt/cpu_fallback"
	"github.com/rapt-go/rapt/gpu"
)

// ErrName is wrapped when no backend has the name asked for.
var ErrName = errors.New("unknown backend")

// Options says which backend is wanted.
type Options struct {
	Backend string // "auto" or empty, "cpu", "cuda", "cuda:N", "sim", "sim:sm_80"
	Threads int    // of the CPU; 0 means all that the process may use
}

// A Device is a backend that this build knows, and whether this machine has it.
type Device struct {
	Backend   string // "cpu", "cuda", "sim"
	Available bool
	Name      string   // of the hardware, if available
	Reason    string   // why not, otherwise
	Remedy    string   // what would make it available
	Memory    int64    // bytes free
	Threads   int      // of a CPU
	Tiers     []string // instruction sets that the CPU's kernels may use, the fastest first
}

// What a build without GPU code says of GPUs.
const (
	noCUDA = "this version of Rapt has no CUDA backend"
	noSim  = "this version of Rapt has no GPU simulator"
	useCPU = "use --backend cpu"
)

// names is the form of every name that a backend may have: a number after cuda counts
// GPUs from 0, a name after sim is an architecture as ptxas calls it.
var names = regexp.MustCompile(`^(|auto|cpu|cuda(:[0-9]{1,4})?|sim(:sm_[1-9][0-9]{1,2}[af]?)?)$`)

// Open opens the backend asked for. With "auto" it is the best that there is, and
// why says what was passed over for what reason; otherwise a backend that cannot
// be had is an error that wraps [gpu.ErrNoDevice], and a name that no backend may have
// one that wraps [ErrName].
func Open(o Options) (b gpu.Backend, why string, err error) {
	if !names.MatchString(o.Backend) {
		return nil, "", fmt.Errorf("%w %q: want auto, cpu, cuda, cuda:N, sim or sim:sm_80", ErrName, o.Backend)
	}
	switch kind, _, _ := strings.Cut(o.Backend, ":"); kind {
	case "", "auto":
		why = "cuda: " + noCUDA
	case "cuda":
		return nil, "", fmt.Errorf("backend %s: %w: %s; %s", o.Backend, gpu.ErrNoDevice, noCUDA, useCPU)
	case "sim":
		return nil, "", fmt.Errorf("backend %s: %w: %s; %s", o.Backend, gpu.ErrNoDevice, noSim, useCPU)
	}
	c, err := openCPU(o.Threads)
	if err != nil {
		return nil, why, err
	}
	return c, why, nil
}

func openCPU(threads int) (*cpu.Backend, error) {
	if threads == 0 {
		return cpu.Open()
	}
	return cpu.Open(cpu.Threads(threads))
}

// Devices lists the backends that this build knows, the available ones first.
func Devices() []Device {
	d := Device{Backend: "cpu"}
	if c, err := openCPU(0); err != nil {
		d.Reason, d.Remedy = err.Error(), "unset RAPT_CPU"
	} else {
		info := c.Info()
		d.Available, d.Name, d.Memory, d.Threads, d.Tiers = true, info.Name, info.Memory, c.Threads(), cpu.Tiers()
		c.Close()
	}
	return []Device{d, {Backend: "cuda", Reason: noCUDA, Remedy: useCPU}, {Backend: "sim", Reason: noSim, Remedy: useCPU}}
}
