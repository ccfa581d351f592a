// Package driver is the seam between the CUDA backend and whatever executes PTX: the
// driver of an NVIDIA GPU, or a simulator of one.
//
// It is the part of the CUDA driver API that a transformer needs, as interfaces. Calls
// may come from any goroutine and thread: an implementation sets its context itself.
// Failures wrap an [Error] with the driver's own code; after one that is sticky, such
// as [IllegalAddress], every call on the device fails with it.
package driver

import (
	"math"
	"time"
)

// A Driver is what finds and opens devices.
type Driver interface {
	// Name is what the driver is called in messages: "nvidia 550.54" or "sim".
	Name() string

	// Version is the CUDA version that the driver serves, as cuDriverGetVersion gives
	// it: 12040 is CUDA 12.4.
	Version() int

	// Devices describes the devices there are, in the driver's order.
	Devices() ([]Info, error)

	// Open makes a context on device i of Devices.
	Open(i int) (Device, error)
}

// Info is what a device is and how much of everything it has, by the attributes of
// cuDeviceGetAttribute. Sizes are in bytes.
type Info struct {
	Name            string
	UUID            [16]byte
	Major, Minor    int // compute capability
	SMs             int
	Memory          int64
	L2              int64
	SharedPerBlock  int // with opt-in: at most for one block
	SharedReserved  int // of every block's share of an SM, taken by the driver
	SharedPerSM     int
	RegistersPerSM  int // of 32 bits
	ThreadsPerBlock int
	ThreadsPerSM    int
	BlocksPerSM     int
	MaxGrid         [3]int
	MaxBlock        [3]int
	ClockKHz        int // of the SMs, at most
	MemoryClockKHz  int
	MemoryBusBits   int
}

// SM is the compute capability as compilers write it: 80 for sm_80.
func (i Info) SM() int { return 10*i.Major + i.Minor }

// WarpSize is how many threads run in step, on every NVIDIA GPU.
const WarpSize = 32

// A Ptr is an address in a device's memory. Zero is none.
type Ptr uint64

// A Host is page-locked memory of the host: copies of it are queued, and it may be
// written again, read or freed when an event after them is done.
type Host interface {
	Bytes() []byte
	Free() error
}

// A Device is one GPU's context. Close frees what is left in it. Memory may be freed when the work
// that uses it is known to be done, by Sync or an event: not every driver waits for it.
type Device interface {
	Info() Info
	Available() (int64, error) // bytes of memory that are free
	Alloc(bytes int) (Ptr, error)
	Free(Ptr) error
	Pin(bytes int) (Host, error)
	NewStream() (Stream, error)
	NewEvent() (Event, error)

	// Load compiles PTX for the device. The error's Log is the compiler's.
	Load(ptx []byte) (Module, error)

	Close() error
}

// A Stream is a queue of work that runs in order. Its calls return at once; errors of
// the work itself come with a later call.
type Stream interface {
	CopyIn(dst Ptr, src Host, off, n int) error // n bytes of src from off on
	CopyOut(dst Host, off, n int, src Ptr) error
	Copy(dst, src Ptr, n int) error
	Fill(dst Ptr, word uint32, words int) error

	// Launch runs a kernel. It does not keep args: a caller fills one slice again and
	// again. (As variadic arguments of an interface's method they would be allocated.)
	Launch(f Func, c Config, args []Arg) error

	Record(Event) error // the place that the stream has come to
	Wait(Event) error   // before what is queued next, until the event is done
	Sync() error        // return when all is done
	Close() error
}

// An Event marks a place in a stream.
type Event interface {
	Done() (bool, error)

	// Since is the time between two recorded events, by the device's clock.
	Since(earlier Event) (time.Duration, error)

	Close() error
}

// A Capturer is a Stream that can record what is queued on it, instead of running it,
// into a graph: from Begin until End.
type Capturer interface {
	Stream
	Begin() error
	End() (Graph, error)
}

// A Graph is recorded work, which is launched by one call.
type Graph interface {
	Launch(Stream) error
	Close() error
}

// A Module is compiled PTX.
type Module interface {
	Func(name string) (Func, error)
	Global(name string) (p Ptr, bytes int, err error)
	Close() error
}

// A Func is a kernel, and what the compiler made of it.
type Func interface {
	Name() string
	Attrs() Attrs
}

// Attrs is what a kernel needs, by cuFuncGetAttribute.
type Attrs struct {
	Registers  int // of a thread
	Shared     int // static, bytes of a block
	Local      int // bytes of a thread
	MaxThreads int // of a block
}

// Config is a launch's geometry. Shared is dynamic shared memory in bytes; what goes over
// 48 KiB needs an opt-in, for which an implementation asks once for each Func.
type Config struct {
	Grid, Block [3]int
	Shared      int
}

// An Arg is one parameter in a cell of 8 bytes, the least significant first. Kernels take
// pointers, 32-bit integers and F32 only.
type Arg uint64

// Addr is a pointer parameter.
func Addr(p Ptr) Arg { return Arg(p) }

// I32 is an integer parameter.
func I32(n int32) Arg { return Arg(uint32(n)) }

// F32 is a parameter of type float.
func F32(x float32) Arg { return Arg(math.Float32bits(x)) }
