package exec

import (
	"bytes"
	"fmt"
	"math/bits"
	"sync"
	"sync/atomic"

	"github.com/rapt-go/rapt/cuda/ptx"
	"github.com/rapt-go/rapt/cuda/sim/mem"
)

// This file is a launch's view of global memory: which sectors it touched, and which block accessed
// each byte last, to find races between blocks.
//
// A block is ordered behind another only if it has acquired what that one released: an atomic or
// strong access behind a fence, then an atomic or strong access to the same address (§8.8). The
// order of time inside of a block is not kept, so that what a block writes after its release is
// missed, never the other way round. Inside of a block, what a thread reads or writes has to be ordered
// behind what others wrote, by the clocks of shared.go; reads are not kept in time.

const (
	pageSize  = 4096
	pageShift = 12
	maxBlocks = 1 << 24 // that cells can tell apart
)

// globalState is the shadow of all allocations that a launch touches.
type globalState struct {
	run    *run
	races  bool
	shift  uint     // log2 of the bytes of a cell
	shadow sync.Map // *mem.Allocation to *shadow

	locks [64]sync.Mutex // of strong accesses, by address
	mu    sync.Mutex
	syncs map[uint64]*blockSet // blocks that have released, by the address of the release
}

// A blockSet is blocks by their index.
type blockSet map[int32]struct{}

// A shadow is what is known of an allocation, page by page.
type shadow struct {
	alloc *mem.Allocation
	pages []atomic.Pointer[page]
}

// A page has two cells for every few bytes, accessed atomically, with the clock of the writing warp, and
// a bit for every sector.
type page struct {
	write, read   []uint64
	clock         []uint32
	sectorsRead   [2]atomic.Uint64
	sectorsWriten [2]atomic.Uint64
	heat          *pageHeat // nil without Launch.Heat
}

// A global cell has, from the lowest bit, the lane (6), warp (5), instruction (20) and block (24) of
// an access.
const (
	cellBlock      = 31
	cellManyBlocks = 1 << 60 // reads by several blocks
	cellScopeCTA   = 1 << 57 // strong only for the threads of the block
)

// bothStrong reports whether two accesses are strong for each other.
func bothStrong(a, b uint64) bool {
	return a&b&cellStrong != 0 && ((a|b)&cellScopeCTA == 0 || blockOf(a) == blockOf(b) && (a|b)&cellManyBlocks == 0)
}

func blockOf(c uint64) int32 { return int32(c >> cellBlock & (maxBlocks - 1)) }

func (g *globalState) init(r *run) {
	g.run = r
	g.races = r.total <= maxBlocks && r.launch.Off&CheckGlobalRaces == 0
	g.shift = uint(bits.TrailingZeros(uint(r.launch.Kernel.globalGranule)))
}

func (g *globalState) shadowOf(a *mem.Allocation) *shadow {
	if s, ok := g.shadow.Load(a); ok {
		return s.(*shadow)
	}
	s, _ := g.shadow.LoadOrStore(a, &shadow{alloc: a, pages: make([]atomic.Pointer[page], (a.Size+pageSize-1)>>pageShift)})
	return s.(*shadow)
}

func (g *globalState) page(s *shadow, i int64) *page {
	if p := s.pages[i].Load(); p != nil {
		return p
	}
	p := g.newPage()
	if !s.pages[i].CompareAndSwap(nil, p) {
		p = s.pages[i].Load()
	}
	return p
}

// newPage is an empty page. Those of earlier launches are used again: with two cells and a clock for every
// few bytes, to make them anew takes longer than to clear them.
func (g *globalState) newPage() *page {
	p := &page{}
	if g.races {
		if old, ok := g.run.image.pages[g.shift].Get().(*page); ok {
			p = old
		} else {
			cells := pageSize >> g.shift
			both := make([]uint64, 2*cells)
			p.write, p.read, p.clock = both[:cells], both[cells:], make([]uint32, cells)
		}
	}
	if g.run.launch.Heat {
		p.heat = &pageHeat{}
	}
	return p
}

// recycle gives the pages to later launches, when this one is at its end.
func (g *globalState) recycle() {
	if !g.races {
		return
	}
	g.shadow.Range(func(_, v any) bool {
		s := v.(*shadow)
		for i := range s.pages {
			if p := s.pages[i].Swap(nil); p != nil {
				clear(p.write)
				clear(p.read)
				clear(p.clock)
				g.run.image.pages[g.shift].Put(&page{write: p.write, read: p.read, clock: p.clock})
			}
		}
		return true
	})
}

// A Touch is bytes of global memory that a launch accessed, to the smallest access of the kernel.
type Touch struct {
	Alloc  *mem.Allocation
	Off, N int64
	Write  bool // read otherwise
	Strong bool // by an atomic or other strong access, as far as one access to each place tells
}

// touched is what a launch accessed, but for constants, in runs of bytes.
func (g *globalState) touched() (list []Touch) {
	g.shadow.Range(func(_, v any) bool {
		s := v.(*shadow)
		for i := range s.pages {
			if p := s.pages[i].Load(); p != nil && !s.alloc.ReadOnly {
				list = g.runs(list, s.alloc, int64(i)<<pageShift, p.read, false)
				list = g.runs(list, s.alloc, int64(i)<<pageShift, p.write, true)
			}
		}
		return true
	})
	return list
}

// runs appends the runs of cells of a page that are set.
func (g *globalState) runs(list []Touch, a *mem.Allocation, base int64, cells []uint64, write bool) []Touch {
	size := int64(1) << g.shift
	for i, c := range cells {
		if c == 0 {
			continue
		}
		off := base + int64(i)*size
		t := Touch{Alloc: a, Off: off, N: min(size, a.Size-off), Write: write, Strong: c&cellStrong != 0}
		if n := len(list); n > 0 {
			l := &list[n-1]
			if l.Alloc == a && l.Off+l.N == t.Off && l.Write == write && l.Strong == t.Strong {
				l.N += t.N
				continue
			}
		}
		list = append(list, t)
	}
	return list
}

// traffic is the bytes of the distinct sectors that were read, and written.
func (g *globalState) traffic() (read, written int64) {
	g.shadow.Range(func(_, v any) bool {
		s := v.(*shadow)
		for i := range s.pages {
			if p := s.pages[i].Load(); p != nil {
				for j := range p.sectorsRead {
					read += 32 * int64(bits.OnesCount64(p.sectorsRead[j].Load()))
					written += 32 * int64(bits.OnesCount64(p.sectorsWriten[j].Load()))
				}
			}
		}
		return true
	})
	return read, written
}

func mark(bitmap *[2]atomic.Uint64, off, n int64) {
	for s := off >> 5; s <= (off+n-1)>>5; s++ {
		word, bit := &bitmap[s>>6&1], uint64(1)<<(s&63)
		if word.Load()&bit == 0 {
			word.Or(bit)
		}
	}
}

// globalAt is the allocation that holds n bytes at an address, a multiple of n, and the offset of the
// address in it. It ends the launch where there is none.
func (w *warp) globalAt(in *inst, lane int, addr uint64, n int) (*shadow, int64) {
	if addr&uint64(n-1) != 0 {
		w.misaligned(in, ptx.GlobalSpace, lane, addr, n)
	}
	return w.globalBytes(in, lane, addr, n)
}

func (w *warp) globalBytes(in *inst, lane int, addr uint64, n int) (*shadow, int64) {
	ref := &w.cta.worker.refs[in.id]
	if s := *ref; s != nil && s.alloc.Contains(addr, n) {
		return s, int64(addr - s.alloc.Base)
	}
	m := w.cta.worker.image.memory
	a := m.Find(addr)
	if a == nil || !a.Contains(addr, n) {
		w.globalBounds(in, lane, addr, n, a)
	}
	s := w.cta.worker.run.global.shadowOf(a)
	*ref = s
	return s, int64(addr - a.Base)
}

func (w *warp) globalBounds(in *inst, lane int, addr uint64, n int, a *mem.Allocation) {
	m := w.cta.worker.image.memory
	is := &issue{space: ptx.GlobalSpace, addr: addr, bytes: n, otherID: -1, object: func() string { return m.Describe(addr) }}
	switch {
	case a != nil:
		w.fatalIssue(in, OutOfBounds, lane, is, "%d bytes at %#x reach over the end of %v", n, addr, a)
	case m.Freed(addr):
		w.fatalIssue(in, UseAfterFree, lane, is, "%d bytes at %#x, in memory that was freed", n, addr)
	}
	if what, off, ok := w.windowAt(addr); ok {
		is.object = func() string { return fmt.Sprintf("offset %d of %s", off, what) }
		w.fatalIssue(in, OutOfBounds, lane, is, "%d bytes at %#x, which is the address of %s, not of global memory", n, addr, what)
	}
	w.fatalIssue(in, OutOfBounds, lane, is, "%d bytes at %#x, in no allocation", n, addr)
}

// windowAt is what lies at a generic address that is not of global memory, and the offset in it.
func (w *warp) windowAt(addr uint64) (what string, off uint64, ok bool) {
	switch addr &^ (windowSize - 1) {
	case sharedWindow:
		what = "shared memory"
	case localWindow:
		what = "local memory"
	case paramWindow:
		what = "the parameters of kernel " + w.cta.launch.Kernel.Name()
	case frameWindow:
		what = "the parameters of function " + w.fn.src.Name
	case codeWindow:
		what = "functions"
	}
	return what, addr & (windowSize - 1), what != ""
}

func (w *warp) misaligned(in *inst, space ptx.Space, lane int, addr uint64, n int) {
	w.fatalIssue(in, Misaligned, lane, &issue{space: space, addr: addr, bytes: n, otherID: -1},
		"the address %#x of %d bytes is no multiple of %d", addr, n, n)
}

// readGlobal is the bookkeeping of a read of n bytes.
func (w *warp) readGlobal(in *inst, lane int, s *shadow, off int64, n int, strong bool) {
	g := &w.cta.worker.run.global
	a := s.alloc
	if !a.Whole() && w.cta.launch.Off&CheckUninit == 0 {
		if init := a.Init[off : off+int64(n)]; bytes.IndexByte(init, 0) >= 0 {
			w.foundUnset(in, lane, a.Base+uint64(off), n, unsetIn(init), unsetLoad{space: ptx.GlobalSpace, what: "global memory",
				object: func(_ int, addr uint64) string { return w.cta.worker.image.memory.Describe(addr) }})
		}
	}
	p := s.pages[off>>pageShift].Load()
	if p == nil {
		p = g.page(s, off>>pageShift)
	}
	mark(&p.sectorsRead, off&(pageSize-1), int64(n))
	if p.heat != nil {
		p.heat.read[off&(pageSize-1)>>sectorShift].Add(1)
	}
	if !g.races || a.ReadOnly {
		return
	}
	mine := w.globalCell(in, lane, strong)
	first := off & (pageSize - 1) >> g.shift
	last := (off&(pageSize-1) + int64(n) - 1) >> g.shift
	reads, writes := p.read[first:last+1], p.write[first:last+1]
	for i := range reads {
		if old := atomic.LoadUint64(&reads[i]); addRead(old, mine) != old {
			noteGlobalRead(&reads[i], mine)
		}
		if wr := atomic.LoadUint64(&writes[i]); wr != 0 && !bothStrong(mine, wr) {
			if blockOf(wr) != blockOf(mine) {
				w.globalRace(in, lane, a, off, n, wr, "reads what another block wrote")
			} else if !w.followsGlobal(wr, atomic.LoadUint32(&p.clock[first+int64(i)]), lane) {
				w.globalRace(in, lane, a, off, n, wr, "reads what another thread of the block wrote")
			}
		}
	}
}

// addRead is the cell of reads with one more. The first is kept: of later ones it matters whether they
// are another block's, and whether one is not strong.
func addRead(cell, mine uint64) uint64 {
	if cell == 0 {
		return mine
	}
	if blockOf(cell) != blockOf(mine) {
		cell |= cellManyBlocks
	}
	if mine&cellStrong == 0 {
		cell &^= cellStrong
	}
	return cell | mine&cellScopeCTA
}

func noteGlobalRead(cell *uint64, mine uint64) {
	for {
		old := atomic.LoadUint64(cell)
		if next := addRead(old, mine); next == old || atomic.CompareAndSwapUint64(cell, old, next) {
			return
		}
	}
}

func (w *warp) globalCell(in *inst, lane int, strong bool) uint64 {
	c := cellSet | uint64(w.cta.index)<<cellBlock | uint64(in.id)<<cellInst | uint64(w.id)<<cellWarp | uint64(lane)
	if strong {
		c |= cellStrong
		if in.mem != nil && in.mem.block {
			c |= cellScopeCTA
		}
	}
	return c
}

// writeGlobal is the bookkeeping of a write of the bytes b, which are to be in place of old.
func (w *warp) writeGlobal(in *inst, lane int, s *shadow, off int64, old, b []byte, strong bool) {
	g := &w.cta.worker.run.global
	a := s.alloc
	n := len(b)
	if a.ReadOnly {
		w.fatalIssue(in, WrongSpace, lane, &issue{space: ptx.ConstSpace, addr: a.Base + uint64(off), bytes: n, otherID: -1,
			object: func() string { return a.String() }}, "a write to constant memory")
	}
	if !a.Whole() {
		init := a.Init[off : off+int64(n)]
		for i := range init {
			init[i] = 1
		}
	}
	p := s.pages[off>>pageShift].Load()
	if p == nil {
		p = g.page(s, off>>pageShift)
	}
	mark(&p.sectorsWriten, off&(pageSize-1), int64(n))
	if p.heat != nil {
		p.heat.write[off&(pageSize-1)>>sectorShift].Add(1)
	}
	if !strong {
		w.sync.fenced, w.sync.fencedCTA = false, false
	}
	if !g.races {
		return
	}
	mine := w.globalCell(in, lane, strong)
	first := off & (pageSize - 1) >> g.shift
	last := (off&(pageSize-1) + int64(n) - 1) >> g.shift
	for c := first; c <= last; c++ {
		clock := atomic.LoadUint32(&p.clock[c])
		wr := atomic.SwapUint64(&p.write[c], mine)
		atomic.StoreUint32(&p.clock[c], w.sync.clock)
		if wr != 0 && !bothStrong(mine, wr) && !bytes.Equal(old, b) {
			if blockOf(wr) != blockOf(mine) {
				w.globalRace(in, lane, a, off, n, wr, "writes what another block wrote")
			} else if !w.followsGlobal(wr, clock, lane) {
				w.globalRace(in, lane, a, off, n, wr, "writes what another thread of the block wrote")
			}
		}
		rd := atomic.LoadUint64(&p.read[c])
		if rd&cellReadOnly != 0 {
			w.readOnlyConflict(in, lane, a, off, n, rd, "writes what the launch reads through the read-only cache")
		} else if rd != 0 && (blockOf(rd) != blockOf(mine) || rd&cellManyBlocks != 0) && !bothStrong(mine, rd) && !bytes.Equal(old, b) {
			w.globalRace(in, lane, a, off, n, rd, "writes what another block read")
		}
	}
}

// followsGlobal is follows for a write of this block.
func (w *warp) followsGlobal(c uint64, clock uint32, lane int) bool {
	return w.follows(c&(1<<cellBlock-1)|uint64(clock)<<cellClock, lane)
}

func (w *warp) globalRace(in *inst, lane int, a *mem.Allocation, off int64, n int, cell uint64, what string) {
	if in.mem != nil && in.mem.readOnly {
		return // which must not be ordered either; see readonly.go
	}
	if cell&cellManyBlocks == 0 && int(blockOf(cell)) != w.cta.index {
		if _, ok := w.cta.acquired[blockOf(cell)]; ok {
			return
		}
	} else if cell&cellManyBlocks != 0 && len(w.cta.acquired) > 0 {
		return
	}
	is := &issue{space: ptx.GlobalSpace, addr: a.Base + uint64(off), bytes: n, otherID: -1,
		object: func() string { return w.cta.worker.image.memory.Describe(a.Base + uint64(off)) }}
	if cell&cellManyBlocks == 0 || int(blockOf(cell)) != w.cta.index { // otherwise the cell names this block, not one it conflicts with
		is.other, is.otherID = w.globalOther(cell), cellID(cell)
	}
	w.reportIssue(in, GlobalRace, lane, is, "it %s, with nothing that orders the two", what)
}

// globalOther is the access that a cell stands for.
func (w *warp) globalOther(cell uint64) *Access {
	other := w.cta.worker.run.place(cellID(cell))
	g := w.cta.launch.Grid
	i := int(blockOf(cell))
	other.Block, other.Warp, other.Lane = [3]int{i % g[0], i / g[0] % g[1], i / g[0] / g[1]}, cellOf(cell), cellLane(cell)
	other.Thread = w.cta.thread(32*other.Warp + other.Lane)
	return other
}

// lockGlobal makes a strong access to an address atomic, and orders it with others to the address for
// the Go memory model.
func (w *warp) lockGlobal(addr uint64) *sync.Mutex {
	return &w.cta.worker.run.global.locks[addr>>4*0x9e3779b97f4a7c15>>58]
}

// syncGlobal orders blocks by a strong access to an address: it acquires what others have released
// there, and releases in turn if it is behind a fence.
func (w *warp) syncGlobal(addr uint64, acquires, releases bool) {
	g := &w.cta.worker.run.global
	if !g.races {
		return
	}
	w.syncShared(int(addr), acquires, releases || w.sync.fencedCTA) // for the warps of the block
	g.mu.Lock()
	defer g.mu.Unlock()
	c := w.cta
	set := g.syncs[addr]
	if acquires && set != nil {
		if c.acquired == nil {
			c.acquired = blockSet{}
		}
		for b := range *set {
			c.acquired[b] = struct{}{}
		}
	}
	if !releases {
		return
	}
	if set == nil {
		if g.syncs == nil {
			g.syncs = map[uint64]*blockSet{}
		}
		set = &blockSet{}
		g.syncs[addr] = set
	}
	(*set)[int32(c.index)] = struct{}{}
	for b := range c.acquired {
		(*set)[b] = struct{}{}
	}
}
