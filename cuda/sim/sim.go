// Package sim is NVIDIA GPUs in software, behind the driver seam.
//
// Its devices have the limits of real ones, execute PTX by package exec, and answer what a driver
// answers, by the driver's codes. Where hardware leaves a mistake unnoticed they report a [Finding]:
// a kernel's race, a host buffer that is written before its copy has run, work on two streams that
// nothing orders.
//
// Work that is queued on a stream runs when the seed says so, in one of the orders that streams and
// events allow: some seeds run it as late as possible, some at once, some in between. It runs on the
// goroutines of the calls that need it, so that there is nothing to stop when a device is closed, and
// a program with one goroutine is reproducible from its seed. Nothing here is a time: the clock behind
// events counts instructions and bytes.
//
// What is caught and what is not, beside the kernels' own findings of package exec:
//   - A CopyIn whose host bytes change before it runs, and a CopyOut into bytes that the host wrote
//     after it was queued, if the seed lets the copy run later than the change. Until it runs, the
//     bytes of a CopyOut read as 0xCD.
//   - A CopyOut of device memory that nothing wrote.
//   - Copies, fills and kernels on different streams that touch the same bytes, one of them writing,
//     with neither an event nor Sync between: in every order. A stream that was created after the
//     earlier kernels had run is the exception, and so are kernels with GlobalRaces off. Atomic accesses
//     do not race with each other.
//   - Memory, host memory and modules that are freed before the host has waited for the work that was
//     given them as copies' ranges or kernels' arguments. A pointer that lies in memory is not
//     followed.
package sim

import (
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/cuda/sim/arith"
	"github.com/rapt-go/rapt/cuda/sim/exec"
)

// Checks are checkers that can be switched off.
type Checks uint8

// The checkers.
const (
	SharedRaces   Checks = 1 << iota // between threads of a block
	GlobalRaces                      // between blocks
	StreamRaces                      // between streams
	Uninitialised                    // kernels that use what they read from memory which nothing wrote
	UninitCopies                     // copies of such memory to the host
	HostBuffers                      // host memory that is changed under a queued copy
	Frees                            // memory that is freed under queued work
)

// Options is what to simulate. The zero value is one A100 with every check on.
type Options struct {
	Devices  []driver.Info // nil is one A100, empty is none
	Version  int           // CUDA version of the driver, 0 is 12090; it bounds the PTX that loads
	Seed     uint64        // of the order of streams, blocks and warps, of addresses, and of Jitter
	Numerics arith.Model   // of floating point matrix instructions
	Jitter   bool          // approximate instructions move inside of their bound
	Workers  int           // blocks that run at once, 0 is GOMAXPROCS; with more than one, blocks that race do so in this process too
	Budget   uint64        // instructions of a warp before it has run away, 0 is 2²⁶
	Stack    int           // bytes of local memory of a thread for calls, 0 is 64 KiB; see exec.Launch
	Off      Checks

	// Lenient goes on after findings that hardware would not have noticed. Otherwise they are errors
	// as those that it does notice: driver.LaunchFailed on every later call.
	Lenient bool

	// HostMemory bounds the memory of this machine that allocations on all devices take, 0 is 4 GiB.
	// A device has at most that much available.
	HostMemory int64
}

// Driver is a driver of simulated devices.
type Driver struct {
	opts    Options
	devices []driver.Info
	version int

	mu      sync.Mutex // of everything below, and of devices, streams, events, host memory
	idle    sync.Cond  // running has become false
	running bool       // an operation runs, without the lock:
	current *op
	pace    pace
	rng     *rand.Rand
	open    []*Device
	opened  uint64 // devices, so far
	streams []*stream
	now     int64  // nanoseconds of the clock of events
	numbers int    // streams, so far
	pins    int    // host memory, so far
	ops     uint64 // launches that have run
	order   order
}

var _ driver.Driver = (*Driver)(nil)

// New makes a driver. The error is that of a profile or version that makes no sense.
func New(o Options) (*Driver, error) {
	v := &Driver{opts: o, devices: o.Devices, version: o.Version}
	if v.devices == nil {
		v.devices = []driver.Info{A100}
	}
	if v.version == 0 {
		v.version = newestCUDA
	}
	if v.opts.HostMemory == 0 {
		v.opts.HostMemory = 4 << 30
	}
	if _, ok := ptxOf(v.version); !ok {
		return nil, fmt.Errorf("sim: CUDA version %d, expected %d to %d", v.version, oldestCUDA, newestCUDA)
	}
	for i, d := range v.devices {
		if d.Major == 0 || d.SMs <= 0 || d.Memory <= 0 || d.SharedPerBlock <= 0 || d.RegistersPerSM <= 0 ||
			d.ThreadsPerBlock <= 0 || d.ThreadsPerSM <= 0 || d.BlocksPerSM <= 0 {
			return nil, fmt.Errorf("sim: device %d (%q): a limit is missing: start from a profile such as sim.A100", i, d.Name)
		}
	}
	v.idle.L = &v.mu
	v.rng = rand.New(rand.NewPCG(o.Seed, 0x73747265616d))
	v.pace = paceOf(o.Seed)
	return v, nil
}

// Name is "sim".
func (v *Driver) Name() string { return "sim" }

// Version is that of the options.
func (v *Driver) Version() int { return v.version }

// Devices describes the devices. The error is driver.NoDevice where there are none.
func (v *Driver) Devices() ([]driver.Info, error) {
	if len(v.devices) == 0 {
		return nil, &driver.Error{Code: driver.NoDevice, Call: "devices"}
	}
	infos := make([]driver.Info, len(v.devices))
	for i, d := range v.devices {
		infos[i] = numbered(d, i)
	}
	return infos, nil
}

// numbered is a device with a UUID of its own.
func numbered(d driver.Info, i int) driver.Info {
	if d.UUID == [16]byte{} {
		copy(d.UUID[:], "rapt-sim")
		d.UUID[15] = byte(i)
	}
	return d
}

// Open makes a context on device i. The result is a *[Device].
func (v *Driver) Open(i int) (driver.Device, error) {
	if i < 0 || i >= len(v.devices) {
		return nil, &driver.Error{Code: driver.InvalidDevice, Call: "open", Detail: fmt.Sprintf("device %d of %d", i, len(v.devices))}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.opened++
	d := newDevice(v, i, v.opened)
	v.open = append(v.open, d)
	return d, nil
}

// execChecks are the checkers of kernels among those that are off.
func (c Checks) execChecks() (off exec.Checks) {
	if c&SharedRaces != 0 {
		off |= exec.CheckRaces
	}
	if c&GlobalRaces != 0 {
		off |= exec.CheckGlobalRaces
	}
	if c&Uninitialised != 0 {
		off |= exec.CheckUninit
	}
	return off
}
