package exec

import (
	"math/bits"
	"slices"

	"github.com/rapt-go/rapt/cuda/ptx"
)

// A Count is what was counted at one instruction, or over many. Nothing in it is a time.
type Count struct {
	Warp, Lane uint64 // instructions of warps, and of the lanes that execute them

	Requests uint64 // warp instructions to global or local memory
	Sectors  uint64 // of 32 bytes that they touch
	Ideal    uint64 // sectors that their bytes would fill, laid out without gaps
	Bytes    uint64 // asked for by all lanes

	SharedRequests  uint64 // warp instructions to shared memory
	Wavefronts      uint64 // passes through the banks that they take
	WavefrontsIdeal uint64 // the same without conflicts

	FLOPs    uint64 // floating point operations, a fused multiply-add is two; without MMAFLOPs
	MMAFLOPs uint64 // of matrix instructions
	Atomics  uint64 // lanes
	Barriers uint64 // warps
	Local    uint64 // requests to local memory, which are in Requests too
}

func (c *Count) add(d *Count) {
	c.Warp += d.Warp
	c.Lane += d.Lane
	c.Requests += d.Requests
	c.Sectors += d.Sectors
	c.Ideal += d.Ideal
	c.Bytes += d.Bytes
	c.SharedRequests += d.SharedRequests
	c.Wavefronts += d.Wavefronts
	c.WavefrontsIdeal += d.WavefrontsIdeal
	c.FLOPs += d.FLOPs
	c.MMAFLOPs += d.MMAFLOPs
	c.Atomics += d.Atomics
	c.Barriers += d.Barriers
	c.Local += d.Local
}

// SIMD is the fraction of lanes that are active in an instruction, 0 without any.
func (c *Count) SIMD() float64 {
	if c.Warp == 0 {
		return 0
	}
	return float64(c.Lane) / float64(32*c.Warp)
}

// Conflicts is the passes through the banks of shared memory that conflicts cost.
func (c *Count) Conflicts() uint64 { return c.Wavefronts - c.WavefrontsIdeal }

// A Class is what part of a multiprocessor an instruction is for.
type Class uint8

// The classes.
const (
	ClassInt     Class = iota // integer, logic, predicates
	ClassFloat                // f16, bf16, f32, f64
	ClassSpecial              // approximate functions
	ClassConvert
	ClassMove
	ClassControl
	ClassGlobal // and generic addresses
	ClassShared
	ClassLocal
	ClassConst // and parameters
	ClassAtomic
	ClassMatrix
	ClassWarp // shuffles, votes
	ClassSync // barriers, fences, waits
	numClasses
)

var classNames = [numClasses]string{"int", "float", "special", "convert", "move", "control", "global", "shared", "local", "const",
	"atomic", "matrix", "warp", "sync"}

// String is the class in one word.
func (c Class) String() string { return classNames[c] }

// ClassOf is the class of an instruction.
func ClassOf(in *ptx.Inst) Class {
	switch in.Op {
	case ptx.OpBra, ptx.OpBrxIdx, ptx.OpCall, ptx.OpRet, ptx.OpExit, ptx.OpTrap, ptx.OpBrkpt, ptx.OpNanosleep, ptx.OpPmevent:
		return ClassControl
	case ptx.OpMov, ptx.OpSelp, ptx.OpPrmt, ptx.OpCvta, ptx.OpIsspacep, ptx.OpMapa:
		return ClassMove
	case ptx.OpCvt:
		return ClassConvert
	case ptx.OpLd, ptx.OpLdu, ptx.OpSt, ptx.OpPrefetch, ptx.OpPrefetchu, ptx.OpDiscard, ptx.OpApplypriority:
		switch in.Space() {
		case ptx.SharedSpace, ptx.SharedCTA, ptx.SharedCluster:
			return ClassShared
		case ptx.LocalSpace:
			return ClassLocal
		case ptx.ConstSpace, ptx.ParamSpace, ptx.ParamEntry, ptx.ParamFunc:
			return ClassConst
		}
		return ClassGlobal
	case ptx.OpCpAsync:
		return ClassGlobal
	case ptx.OpLdmatrix, ptx.OpStmatrix:
		return ClassShared
	case ptx.OpAtom, ptx.OpRed:
		return ClassAtomic
	case ptx.OpMma, ptx.OpMovmatrix:
		return ClassMatrix
	case ptx.OpShfl, ptx.OpVote, ptx.OpMatch, ptx.OpRedux, ptx.OpActivemask, ptx.OpElect:
		return ClassWarp
	case ptx.OpBar, ptx.OpBarrier, ptx.OpBarWarpSync, ptx.OpMembar, ptx.OpFence, ptx.OpCpAsyncCommitGroup,
		ptx.OpCpAsyncWaitAll, ptx.OpCpAsyncWaitGroup, ptx.OpCpAsyncMbarrierArrive, ptx.OpMbarrierArrive, ptx.OpMbarrierArriveDrop,
		ptx.OpMbarrierInit, ptx.OpMbarrierInval, ptx.OpMbarrierTestWait, ptx.OpMbarrierTryWait, ptx.OpMbarrierPendingCount,
		ptx.OpMbarrierExpectTx, ptx.OpMbarrierCompleteTx:
		return ClassSync
	case ptx.OpEx2, ptx.OpLg2, ptx.OpSin, ptx.OpCos, ptx.OpTanh, ptx.OpRsqrt, ptx.OpRcp, ptx.OpSqrt:
		return ClassSpecial
	}
	for _, t := range in.Types {
		if t.IsFloat() || t == ptx.F16x2 || t == ptx.BF16x2 || t == ptx.F32x2 {
			return ClassFloat
		}
	}
	return ClassInt
}

// Counters are what a launch counted.
type Counters struct {
	Kernel                 string
	Grid, Block            [3]int
	Blocks, Warps, Threads int64
	Total                  Count
	Inst                   []Count // of each of Kernel.Insts
	DRAMRead, DRAMWrite    int64   // bytes of the distinct sectors that were read, and written

	insts []*ptx.Inst
}

// Add sums the counters of launches of the same kernel; those of one launch have its geometry, a sum
// that of the first.
func (c *Counters) Add(d *Counters) {
	c.Blocks += d.Blocks
	c.Warps += d.Warps
	c.Threads += d.Threads
	c.Total.add(&d.Total)
	for i := range min(len(c.Inst), len(d.Inst)) {
		c.Inst[i].add(&d.Inst[i])
	}
	c.DRAMRead += d.DRAMRead
	c.DRAMWrite += d.DRAMWrite
}

func (r *run) counters() *Counters {
	l := r.launch
	threads := int64(l.Block[0] * l.Block[1] * l.Block[2])
	c := &Counters{Kernel: l.Kernel.Name(), Grid: l.Grid, Block: l.Block, Blocks: r.total, Warps: r.total * ((threads + 31) / 32),
		Threads: r.total * threads, Inst: r.counts, insts: l.Kernel.insts}
	for i := range r.counts {
		x := &r.counts[i]
		if flops := l.Kernel.flops[i]; flops != 0 {
			x.FLOPs += x.Lane * uint64(flops)
		}
		c.Total.add(x)
	}
	c.DRAMRead, c.DRAMWrite = r.global.traffic()
	return c
}

// ByLine sums over the instructions of each line of the PTX.
func (c *Counters) ByLine() map[int]Count {
	lines := map[int]Count{}
	for i, in := range c.insts {
		if in != nil && c.Inst[i].Warp > 0 {
			x := lines[int(in.Pos.Line)]
			x.add(&c.Inst[i])
			lines[int(in.Pos.Line)] = x
		}
	}
	return lines
}

// A SourceLine is a line of a source file, by .loc.
type SourceLine struct {
	File string
	Line int
}

// BySource sums over the instructions of each line of the source, of inlined functions at the line
// inside of them. What has no .loc is not in it.
func (c *Counters) BySource(m *ptx.Module) map[SourceLine]Count {
	lines := map[SourceLine]Count{}
	for i, in := range c.insts {
		if in != nil && in.Loc != nil && c.Inst[i].Warp > 0 {
			at := SourceLine{fileName(m, in.Loc.File), in.Loc.Line}
			x := lines[at]
			x.add(&c.Inst[i])
			lines[at] = x
		}
	}
	return lines
}

// ByClass sums over the instructions of each class.
func (c *Counters) ByClass() [numClasses]Count {
	var classes [numClasses]Count
	for i, in := range c.insts {
		if in != nil {
			classes[ClassOf(in)].add(&c.Inst[i])
		}
	}
	return classes
}

// countSectors counts a request of n bytes at each active lane's address.
func (c *Count) countSectors(addr *lanes64, m uint32, n int) {
	c.Requests++
	lanes := bits.OnesCount32(m)
	c.Bytes += uint64(lanes * n)
	size := uint64(n)
	var seen [32 * 2]uint64 // a lane's bytes, 32 at most, touch two sectors
	count := 0
	last := ^uint64(0) // no sector
	for ; m != 0; m &= m - 1 {
		a := addr[bits.TrailingZeros32(m)&31]
		for s, end := a>>5, (a+size-1)>>5; s <= end; s++ {
			if s == last {
				continue
			}
			last = s
			dup := false
			for i := count - 1; i >= 0; i-- {
				if seen[i] == s {
					dup = true
					break
				}
			}
			if !dup && count < len(seen) {
				seen[count] = s
				count++
			}
		}
	}
	c.Sectors += uint64(count)
	c.Ideal += uint64(min(count, (lanes*n+31)/32))
}

// countBanks counts a request to shared memory: n bytes at each active lane's address. Of 4 bytes all
// lanes go together, of 8 half a warp, of 16 a quarter; what goes together takes as many passes as
// there are different words in one of the 32 banks.
func (c *Count) countBanks(addr *lanes64, m uint32, n int) {
	c.SharedRequests++
	group := 32
	if n > 4 {
		group = max(32*4/n, 1)
	}
	for first := 0; first < 32; first += group {
		lanes := m >> first
		if group < 32 {
			lanes &= 1<<group - 1
		}
		if lanes == 0 {
			continue
		}
		c.Wavefronts += bankPasses(addr, lanes<<first, n)
		c.WavefrontsIdeal++
	}
}

// bankPasses is the most different places in one bank. What has more bytes than a bank and is aligned
// to them takes several banks at once, as one of them.
func bankPasses(addr *lanes64, m uint32, n int) uint64 {
	shift := uint(2)
	for n > 4 && shift < 4 {
		n, shift = n/2, shift+1
	}
	banks := uint32(128>>shift - 1)
	var seen [32]uint32 // the place in each bank, plus one
	for rest := m; rest != 0; rest &= rest - 1 {
		w := uint32(addr[bits.TrailingZeros32(rest)&31]) >> shift
		b := w & banks & 31
		if seen[b] == 0 {
			seen[b] = w + 1
		} else if seen[b] != w+1 {
			return manyBankPasses(addr, m, shift, banks)
		}
	}
	return 1
}

func manyBankPasses(addr *lanes64, m uint32, shift uint, banks uint32) uint64 {
	var places [32][32]uint32
	var count [32]uint8
	most := uint8(0)
	for ; m != 0; m &= m - 1 {
		w := uint32(addr[bits.TrailingZeros32(m)&31]) >> shift
		b := w & banks & 31
		if !slices.Contains(places[b][:count[b]], w) {
			places[b][count[b]&31] = w
			count[b]++
			most = max(most, count[b])
		}
	}
	return uint64(most)
}
