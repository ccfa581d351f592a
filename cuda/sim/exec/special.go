package exec

import (
	"github.com/rapt-go/rapt/cuda/ptx"
)

// frameAddress stands among special registers for the address of a local variable.
const frameAddress ptx.SReg = 255

// special is the slot of a special register (§10). Most are fixed for a thread and are set when its
// block starts.
func (d *decoder) special(o *ptx.Special) slot {
	if o.Reg == ptx.SRegWarpSize {
		return d.constant(ptx.U32, 32)
	}
	key := specialKey{o.Reg, o.Elem}
	if s, ok := d.names[key]; ok {
		return s
	}
	s := d.newSlot(o.Reg.String(), o.Reg.Type(), 1)
	s.def = -1
	d.names[key] = s
	sp := special{o.Reg, o.Elem, s}
	switch o.Reg {
	case ptx.SRegClock, ptx.SRegClockHi, ptx.SRegClock64, ptx.SRegGlobalTimer, ptx.SRegGlobalTimerLo, ptx.SRegGlobalTimerHi:
		d.fn.dynamic = append(d.fn.dynamic, sp)
	case ptx.SRegPM, ptx.SRegPM64, ptx.SRegEnvReg, ptx.SRegReservedSMemOffset, ptx.SRegCurrentGraphExec:
		d.refuse("special register %v", o.Reg)
	default:
		d.fn.static = append(d.fn.static, sp)
	}
	return s
}

// setSpecial sets a special register in all lanes of the frame.
func (w *warp) setSpecial(s special) {
	switch s.slot.class {
	case cPred:
		w.p[s.slot.idx] = 0 // %is_explicit_cluster: launches have none
	case c64:
		r := &w.r64[s.slot.idx]
		for l := range r {
			r[l] = w.specialValue(s, l)
		}
	default:
		r := &w.r32[s.slot.idx]
		for l := range r {
			r[l] = uint32(w.specialValue(s, l))
		}
	}
}

// clockPerInst is how far the clocks advance for each instruction of a warp: about one issue slot.
const clockPerInst = 4

func (w *warp) specialValue(s special, lane int) uint64 {
	c := w.cta
	pick := func(v [3]int) uint64 {
		if s.elem < 0 || s.elem > 2 {
			return 0
		}
		return uint64(uint32(v[s.elem]))
	}
	clock := w.executed() * clockPerInst
	switch s.reg {
	case frameAddress:
		return localBase + uint64(w.frame.localBase) + uint64(int64(s.elem))
	case ptx.SRegTID:
		return pick(c.thread(w.id*32 + lane))
	case ptx.SRegNTID:
		return pick(c.launch.Block)
	case ptx.SRegLaneID:
		return uint64(lane)
	case ptx.SRegWarpID:
		return uint64(w.id)
	case ptx.SRegNWarpID:
		return 64
	case ptx.SRegCTAID, ptx.SRegClusterID:
		return pick(c.block)
	case ptx.SRegNCTAID, ptx.SRegNClusterID:
		return pick(c.launch.Grid)
	case ptx.SRegSMID:
		return uint64(c.index % c.launch.SMs)
	case ptx.SRegNSMID:
		return uint64(c.launch.SMs)
	case ptx.SRegGridID:
		return c.launch.GridID
	case ptx.SRegClusterNCTAID, ptx.SRegClusterNCTARank:
		return 1
	case ptx.SRegLaneMaskEQ:
		return 1 << lane
	case ptx.SRegLaneMaskLE:
		return 1<<(lane+1) - 1
	case ptx.SRegLaneMaskLT:
		return 1<<lane - 1
	case ptx.SRegLaneMaskGE:
		return uint64(^uint32(0) << lane)
	case ptx.SRegLaneMaskGT:
		return uint64(^uint32(0) << lane << 1)
	case ptx.SRegClock, ptx.SRegClock64, ptx.SRegGlobalTimer, ptx.SRegGlobalTimerLo:
		return clock
	case ptx.SRegClockHi, ptx.SRegGlobalTimerHi:
		return clock >> 32
	case ptx.SRegTotalSMemSize, ptx.SRegAggrSMemSize:
		return uint64(c.launch.Kernel.shared.static + c.launch.Shared)
	case ptx.SRegDynamicSMemSize:
		return uint64(c.launch.Shared)
	}
	return 0
}
