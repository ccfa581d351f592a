// Package mem is the global memory of one simulated device: allocations that behave like those of a
// driver as long as a program is right, and give it away where it is not.
//
// Bases are random (by a seed) and far apart, so that an address computed wrongly falls into a gap; a
// freed range is not used again before the address space is used up; every byte knows whether it was
// ever written.
//
// A Memory is safe for concurrent use by host calls and running kernels. Kernels write to
// Allocation.Data and Allocation.Init without locks: two that write the same bytes at the same time
// race with each other, as on a GPU.
package mem

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"sync"
	"sync/atomic"
)

// Device addresses lie in [Lowest, Highest). Everything else is free for windows of other state
// spaces in generic addressing.
const (
	Lowest  = 0x0000_1000_0000_0000
	Highest = 0x0000_5000_0000_0000
)

// Align is the alignment of allocations: what cuMemAlloc gives on current devices.
const Align = 512

// Gaps between allocations are between minGap and minGap+gapRange bytes: larger than what an index
// that is off by a row or a tile reaches, small beside the address space.
const (
	minGap   = 64 << 10
	gapRange = 1 << 20
)

// maxFreed is how many freed allocations are remembered for messages.
const maxFreed = 4096

var (
	// ErrOutOfMemory: the capacity is used up.
	ErrOutOfMemory = errors.New("out of memory")
	// ErrNotAllocated: an address is not the base of a live allocation.
	ErrNotAllocated = errors.New("not an allocation")
)

// An Allocation is a range of device memory. Data and Init are of Size bytes; a byte of Init is 1
// where the byte of Data was written.
type Allocation struct {
	Base     uint64
	Size     int64
	Number   int    // from 1, in the order of allocation
	Name     string // of a module variable, empty otherwise
	ReadOnly bool   // .const variables
	Data     []byte
	Init     []byte

	whole atomic.Bool
}

// Whole reports whether every byte is known to be initialised; false means that Init has to be asked.
func (a *Allocation) Whole() bool { return a.whole.Load() }

// SetInit marks n bytes from off on as initialised.
func (a *Allocation) SetInit(off, n int64) {
	if n == a.Size {
		a.whole.Store(true)
	}
	// Init is kept up in any case: bytes can lose their initial value by a copy.
	s := a.Init[off : off+n]
	for i := range s {
		s[i] = 1
	}
}

// ClearInit marks n bytes from off on as not initialised.
func (a *Allocation) ClearInit(off, n int64) {
	a.whole.Store(false)
	clear(a.Init[off : off+n])
}

// Contains reports whether n bytes from addr on lie inside.
func (a *Allocation) Contains(addr uint64, n int) bool {
	off := addr - a.Base
	return off < uint64(a.Size) && off+uint64(n) <= uint64(a.Size)
}

// String names the allocation in messages.
func (a *Allocation) String() string {
	if a.Name != "" {
		return fmt.Sprintf("variable %s (%d bytes at %#x)", a.Name, a.Size, a.Base)
	}
	return fmt.Sprintf("allocation #%d (%d bytes at %#x)", a.Number, a.Size, a.Base)
}

// Memory is the memory of one device.
type Memory struct {
	capacity int64
	live     atomic.Pointer[[]*Allocation] // sorted by Base, replaced on every change

	mu     sync.Mutex
	used   int64
	next   uint64
	number int
	rng    *rand.Rand
	freed  []*Allocation // without Data and Init, oldest first
}

// New makes a memory of the given capacity in bytes.
func New(capacity int64, seed uint64) *Memory {
	m := &Memory{capacity: capacity, rng: rand.New(rand.NewPCG(seed, 0x6d656d))}
	m.live.Store(new([]*Allocation))
	m.next = m.restart()
	return m
}

// restart is a place near the lowest address.
func (m *Memory) restart() uint64 { return (Lowest + m.rng.Uint64N(1<<40)) &^ (Align - 1) }

// Capacity is the size of the memory in bytes.
func (m *Memory) Capacity() int64 { return m.capacity }

// Used is the number of allocated bytes, rounded up to Align for each allocation.
func (m *Memory) Used() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.used
}

// Alloc allocates n bytes.
func (m *Memory) Alloc(n int64) (addr uint64, err error) {
	a, err := m.AllocNamed("", n, Align)
	if err != nil {
		return 0, err
	}
	return a.Base, nil
}

// AllocNamed allocates n bytes for a variable, aligned to a power of two. They are not initialised.
func (m *Memory) AllocNamed(name string, n, align int64) (*Allocation, error) {
	if n <= 0 {
		return nil, fmt.Errorf("mem: allocation of %d bytes, expected at least 1", n)
	}
	align = max(align, Align)
	m.mu.Lock()
	defer m.mu.Unlock()
	if n > m.capacity-m.used {
		return nil, fmt.Errorf("mem: %w: %d bytes wanted, %d of %d free", ErrOutOfMemory, n, m.capacity-m.used, m.capacity)
	}
	m.number++
	a := &Allocation{Base: m.place(uint64(n), uint64(align)), Size: n, Number: m.number, Name: name,
		Data: make([]byte, n), Init: make([]byte, n)}
	for i := range a.Data {
		a.Data[i] = poison
	}
	m.used += round(n)
	old := *m.live.Load()
	i := sort.Search(len(old), func(i int) bool { return old[i].Base > a.Base })
	list := slices.Insert(slices.Clone(old), i, a)
	m.live.Store(&list)
	return a, nil
}

// poison is what memory holds that was never written.
const poison = 0xCD

func round(n int64) int64 { return (n + Align - 1) &^ (Align - 1) }

// place is a free range of n bytes behind the one given last. The address space is 2^46 bytes, so
// that it comes round only after very many allocations.
func (m *Memory) place(n, align uint64) uint64 {
	for {
		base := (m.next + minGap + m.rng.Uint64N(gapRange) + align - 1) &^ (align - 1)
		if base+n+minGap > Highest {
			m.next = m.restart()
			continue
		}
		live := *m.live.Load()
		i := sort.Search(len(live), func(i int) bool { return live[i].Base+uint64(live[i].Size)+minGap > base })
		if i == len(live) || live[i].Base >= base+n+minGap {
			m.next = base + n
			return base
		}
		m.next = live[i].Base + uint64(live[i].Size)
	}
}

// Free ends an allocation. Its addresses are not used again.
func (m *Memory) Free(addr uint64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	old := *m.live.Load()
	i := sort.Search(len(old), func(i int) bool { return old[i].Base >= addr })
	if i == len(old) || old[i].Base != addr {
		return fmt.Errorf("mem: free of %#x: %w's base: it is %s", addr, ErrNotAllocated, m.describe(addr))
	}
	a := old[i]
	m.used -= round(a.Size)
	if len(m.freed) == maxFreed {
		m.freed = m.freed[1:]
	}
	m.freed = append(m.freed, &Allocation{Base: a.Base, Size: a.Size, Number: a.Number, Name: a.Name})
	list := slices.Delete(slices.Clone(old), i, i+1)
	m.live.Store(&list)
	return nil
}

// Find is the allocation that holds the byte at addr, nil without.
func (m *Memory) Find(addr uint64) *Allocation {
	live := *m.live.Load()
	lo, hi := 0, len(live)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if live[mid].Base <= addr {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo > 0 && addr-live[lo-1].Base < uint64(live[lo-1].Size) {
		return live[lo-1]
	}
	return nil
}

// Freed reports whether addr lies in an allocation that was freed.
func (m *Memory) Freed(addr uint64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.findFreed(addr) != nil
}

func (m *Memory) findFreed(addr uint64) *Allocation {
	for _, a := range slices.Backward(m.freed) {
		if addr-a.Base < uint64(a.Size) {
			return a
		}
	}
	return nil
}

// Describe says what is at an address, for messages: "byte 16 of allocation #3 (64 bytes at 0x…)".
func (m *Memory) Describe(addr uint64) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.describe(addr)
}

func (m *Memory) describe(addr uint64) string {
	if a := m.Find(addr); a != nil {
		return fmt.Sprintf("byte %d of %v", addr-a.Base, a)
	}
	if a := m.findFreed(addr); a != nil {
		return fmt.Sprintf("byte %d of freed %v", addr-a.Base, a)
	}
	if addr < Lowest || addr >= Highest {
		if addr < 1<<16 {
			return "the zero page (a null pointer?)"
		}
		return "no device address"
	}
	live := *m.live.Load()
	i := sort.Search(len(live), func(i int) bool { return live[i].Base > addr })
	var near *Allocation
	distance := uint64(minGap + gapRange)
	if i > 0 {
		near, distance = live[i-1], addr-live[i-1].Base-uint64(live[i-1].Size)
	}
	if i < len(live) && live[i].Base-addr < distance {
		return fmt.Sprintf("%d bytes before %v", live[i].Base-addr, live[i])
	}
	if near != nil && distance < minGap+gapRange {
		return fmt.Sprintf("byte %d past the end of %v", distance, near)
	}
	return "never allocated"
}
