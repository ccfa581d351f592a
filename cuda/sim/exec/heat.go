package exec

import (
	"cmp"
	"slices"
	"sync/atomic"

	"github.com/rapt-go/rapt/cuda/sim/mem"
)

// This file counts how often each place of global memory is accessed.

// SectorSize is the bytes of a sector, the unit in which DRAM and caches are read and written.
const SectorSize = 1 << sectorShift

const sectorShift = 5

// A Heat is how often the lanes of a launch accessed each sector of an allocation: an access counts
// at its first byte, an atomic operation as read and as write.
type Heat struct {
	Alloc       *mem.Allocation
	Read, Write []uint64
}

// pageHeat is the counts of a page.
type pageHeat struct {
	read, write [pageSize / SectorSize]atomic.Uint64
}

// heat is that of all allocations that the launch accessed, in the order of their allocation.
func (g *globalState) heat() (list []Heat) {
	g.shadow.Range(func(_, v any) bool {
		s := v.(*shadow)
		n := (s.alloc.Size + SectorSize - 1) / SectorSize
		h := Heat{Alloc: s.alloc, Read: make([]uint64, n), Write: make([]uint64, n)}
		for i := range s.pages {
			p := s.pages[i].Load()
			if p == nil {
				continue
			}
			first := i * len(p.heat.read)
			for j := range min(len(p.heat.read), len(h.Read)-first) {
				h.Read[first+j] = p.heat.read[j].Load()
				h.Write[first+j] = p.heat.write[j].Load()
			}
		}
		list = append(list, h)
		return true
	})
	slices.SortFunc(list, func(a, b Heat) int { return cmp.Compare(a.Alloc.Number, b.Alloc.Number) })
	return list
}
