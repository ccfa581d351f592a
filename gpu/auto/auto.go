// Package auto opens the best backend of this machine, and says why when it is not
// the one hoped for. Nothing falls back silently.
package auto

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	cpu "github.com/rapt-go/rapt/cpu_fallback"
	"github.com/rapt-go/rapt/cuda"
	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/cuda/nvidia"
	"github.com/rapt-go/rapt/cuda/sim"
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
	Backend   string // "cpu", "sim", "cuda:0", or "cuda" if there is none
	Available bool
	Name      string   // of the hardware, if available
	Reason    string   // why not, otherwise
	Remedy    string   // what would make it available
	Memory    int64    // bytes free
	Threads   int      // of a CPU
	Tiers     []string // instruction sets that the CPU's kernels may use, the fastest first
}

const useCPU = "use --backend cpu"

// usualSim is the device that sim alone means.
const usualSim = "sm_80"

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
	switch kind, which, _ := strings.Cut(o.Backend, ":"); kind {
	case "", "auto":
		g, err := firstCUDA()
		if err == nil {
			return g, "", nil
		}
		why = "cuda: " + err.Error()
		if r := remedy(err); r != "" {
			why += "; " + r
		}
	case "cuda":
		i, _ := strconv.Atoi(which) // the form of which has been checked
		g, err := openCUDA(i)
		if err == nil {
			return g, "", nil
		}
		if r := remedy(err); r != "" {
			err = fmt.Errorf("%w; %s", err, r)
		}
		if !errors.Is(err, gpu.ErrNoDevice) {
			err = fmt.Errorf("%w: %w", gpu.ErrNoDevice, err)
		}
		return nil, "", fmt.Errorf("backend %s: %w; or %s", o.Backend, err, useCPU)
	case "sim":
		if which == "" {
			which = usualSim
		}
		s, err := openSim(which, o.Threads)
		if err != nil {
			return nil, "", fmt.Errorf("backend %s: %w; %s", o.Backend, err, useCPU)
		}
		return s, "", nil
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

// openCUDA opens a GPU of this machine.
func openCUDA(i int) (*cuda.Backend, error) {
	d, err := nvidia.New(nvidia.Options{})
	if err != nil {
		return nil, err
	}
	return cuda.Open(d, i)
}

// firstCUDA opens the first GPU that serves. The error is that of the first.
func firstCUDA() (*cuda.Backend, error) {
	b, first := openCUDA(0)
	if first == nil {
		return b, nil
	}
	d, err := nvidia.New(nvidia.Options{})
	if err != nil {
		return nil, first
	}
	infos, err := d.Devices()
	for i := 1; err == nil && i < len(infos); i++ {
		if b, err := cuda.Open(d, i); err == nil {
			return b, nil
		}
	}
	return nil, first
}

// remedy is what helps against an error of openCUDA, empty if nothing is known to.
func remedy(err error) string {
	var missing *nvidia.Unavailable
	var failed *driver.Error
	switch {
	case errors.As(err, &missing):
		return missing.Remedy
	case errors.As(err, &failed):
		return nvidia.Remedy(failed.Code)
	}
	return ""
}

// openSim opens a simulated GPU of an architecture, which runs kernels on as many threads.
func openSim(sm string, threads int) (*cuda.Backend, error) {
	info, err := sim.Profile(sm)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", gpu.ErrNoDevice, err)
	}
	d, err := sim.New(sim.Options{Devices: []driver.Info{info}, Workers: threads})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", gpu.ErrNoDevice, err)
	}
	return cuda.Open(d, 0, cuda.Name("sim:"+sm), cuda.Workspace(simWorkspace), cuda.Slabs(0))
}

// simWorkspace is memory of this machine that each queue takes.
const simWorkspace = 1 << 20

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
	devices := append([]Device{d, simulated()}, gpus()...)
	slices.SortStableFunc(devices, func(a, b Device) int {
		switch {
		case a.Available == b.Available:
			return 0
		case a.Available:
			return -1
		}
		return 1
	})
	return devices
}

// gpus describes the GPUs by names that Open takes, or says why there is none.
func gpus() []Device {
	missing := func(backend string, err error) Device {
		return Device{Backend: backend, Reason: err.Error(), Remedy: cmp.Or(remedy(err), useCPU)}
	}
	d, err := nvidia.New(nvidia.Options{})
	if err != nil {
		return []Device{missing("cuda", err)}
	}
	infos, err := d.Devices()
	if err != nil {
		return []Device{missing("cuda", err)}
	}
	var devices []Device
	for i, info := range infos {
		name := fmt.Sprintf("cuda:%d", i)
		b, err := cuda.Open(d, i)
		if err != nil {
			devices = append(devices, missing(name, err))
			continue
		}
		devices = append(devices, Device{Backend: name, Available: true, Name: fmt.Sprintf("%s, compute capability %d.%d, driver %s", info.Name, info.Major, info.Minor, d.Name()), Memory: b.Info().Memory})
		b.Close()
	}
	return devices
}

// simulated describes the simulator, for which any machine will do.
func simulated() Device {
	d := Device{Backend: "sim"}
	s, err := openSim(usualSim, 0)
	if err != nil {
		d.Reason, d.Remedy = err.Error(), useCPU
		return d
	}
	defer s.Close()
	d.Available, d.Name, d.Memory = true, s.Info().Name+", "+s.Device().Name+" in software: slow, for tests of kernels", s.Info().Memory
	return d
}
