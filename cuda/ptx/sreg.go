package ptx

import (
	"fmt"
	"strconv"
	"strings"
)

// SReg is a special register, ISA 10.
type SReg uint8

// The special registers.
const (
	NoSReg SReg = iota
	SRegTID
	SRegNTID
	SRegLaneID
	SRegWarpID
	SRegNWarpID
	SRegCTAID
	SRegNCTAID
	SRegSMID
	SRegNSMID
	SRegGridID
	SRegIsExplicitCluster
	SRegClusterID
	SRegNClusterID
	SRegClusterCTAID
	SRegClusterNCTAID
	SRegClusterCTARank
	SRegClusterNCTARank
	SRegLaneMaskEQ
	SRegLaneMaskLE
	SRegLaneMaskLT
	SRegLaneMaskGE
	SRegLaneMaskGT
	SRegClock
	SRegClockHi
	SRegClock64
	SRegPM     // %pm0 to %pm7, the number in Special.Elem
	SRegPM64   // %pm0_64 to %pm7_64
	SRegEnvReg // %envreg0 to %envreg31
	SRegGlobalTimer
	SRegGlobalTimerLo
	SRegGlobalTimerHi
	SRegReservedSMemOffsetBegin
	SRegReservedSMemOffsetEnd
	SRegReservedSMemOffsetCap
	SRegReservedSMemOffset // %reserved_smem_offset_0 and _1, the number in Special.Elem
	SRegTotalSMemSize
	SRegAggrSMemSize
	SRegDynamicSMemSize
	SRegCurrentGraphExec
	SRegWarpSize // WARP_SZ, a constant of ISA 6.2 that reads like a register

	numSRegs
)

// sregInfo says how a special register is spelt and typed and since when it exists; vector registers have .x .y .z (.w).
var sregInfo = [numSRegs]struct {
	name    string
	typ     Type
	vector  bool
	version Version
	sm      int
}{
	SRegTID: {"%tid", U32, true, Version{1, 0}, 0}, SRegNTID: {"%ntid", U32, true, Version{1, 0}, 0},
	SRegLaneID: {"%laneid", U32, false, Version{1, 3}, 0}, SRegWarpID: {"%warpid", U32, false, Version{1, 3}, 0},
	SRegNWarpID: {"%nwarpid", U32, false, Version{2, 0}, 20},
	SRegCTAID:   {"%ctaid", U32, true, Version{1, 0}, 0}, SRegNCTAID: {"%nctaid", U32, true, Version{1, 0}, 0},
	SRegSMID: {"%smid", U32, false, Version{1, 3}, 0}, SRegNSMID: {"%nsmid", U32, false, Version{2, 0}, 20},
	SRegGridID:            {"%gridid", U64, false, Version{1, 0}, 0},
	SRegIsExplicitCluster: {"%is_explicit_cluster", Pred, false, Version{7, 8}, 90},
	SRegClusterID:         {"%clusterid", U32, true, Version{7, 8}, 90}, SRegNClusterID: {"%nclusterid", U32, true, Version{7, 8}, 90},
	SRegClusterCTAID: {"%cluster_ctaid", U32, true, Version{7, 8}, 90}, SRegClusterNCTAID: {"%cluster_nctaid", U32, true, Version{7, 8}, 90},
	SRegClusterCTARank:  {"%cluster_ctarank", U32, false, Version{7, 8}, 90},
	SRegClusterNCTARank: {"%cluster_nctarank", U32, false, Version{7, 8}, 90},
	SRegLaneMaskEQ:      {"%lanemask_eq", U32, false, Version{2, 0}, 20}, SRegLaneMaskLE: {"%lanemask_le", U32, false, Version{2, 0}, 20},
	SRegLaneMaskLT: {"%lanemask_lt", U32, false, Version{2, 0}, 20}, SRegLaneMaskGE: {"%lanemask_ge", U32, false, Version{2, 0}, 20},
	SRegLaneMaskGT: {"%lanemask_gt", U32, false, Version{2, 0}, 20},
	SRegClock:      {"%clock", U32, false, Version{1, 0}, 0}, SRegClockHi: {"%clock_hi", U32, false, Version{5, 0}, 20},
	SRegClock64: {"%clock64", U64, false, Version{2, 0}, 20},
	SRegPM:      {"%pm", U32, false, Version{1, 3}, 0}, SRegPM64: {"%pm_64", U64, false, Version{4, 0}, 50}, SRegEnvReg: {"%envreg", B32, false, Version{2, 1}, 0},
	SRegGlobalTimer: {"%globaltimer", U64, false, Version{3, 1}, 30}, SRegGlobalTimerLo: {"%globaltimer_lo", U32, false, Version{3, 1}, 30},
	SRegGlobalTimerHi:           {"%globaltimer_hi", U32, false, Version{3, 1}, 30},
	SRegReservedSMemOffsetBegin: {"%reserved_smem_offset_begin", B32, false, Version{7, 6}, 80},
	SRegReservedSMemOffsetEnd:   {"%reserved_smem_offset_end", B32, false, Version{7, 6}, 80},
	SRegReservedSMemOffsetCap:   {"%reserved_smem_offset_cap", B32, false, Version{7, 6}, 80},
	SRegReservedSMemOffset:      {"%reserved_smem_offset_", B32, false, Version{7, 6}, 80},
	SRegTotalSMemSize:           {"%total_smem_size", U32, false, Version{4, 1}, 20}, SRegAggrSMemSize: {"%aggr_smem_size", U32, false, Version{8, 1}, 90},
	SRegDynamicSMemSize: {"%dynamic_smem_size", U32, false, Version{4, 1}, 20}, SRegCurrentGraphExec: {"%current_graph_exec", U64, false, Version{8, 0}, 50},
	SRegWarpSize: {"WARP_SZ", U32, false, Version{1, 0}, 0},
}

// String is the register as PTX spells it.
func (r SReg) String() string {
	if r < numSRegs {
		return sregInfo[r].name
	}
	return fmt.Sprintf("SReg(%d)", uint8(r))
}

// Type is the type that the register reads as.
func (r SReg) Type() Type { return sregInfo[r].typ }

// sregByName is read-only after package initialisation.
var sregByName = func() map[string]SReg {
	m := make(map[string]SReg, numSRegs)
	for r := SRegTID; r < numSRegs; r++ {
		m[sregInfo[r].name] = r
	}
	return m
}()

// specialByName finds a special register; n is the number of a numbered one, -1 otherwise.
func specialByName(name string) (r SReg, n int) {
	if r := sregByName[name]; r != NoSReg && !numbered(r) {
		return r, -1
	}
	for _, f := range []struct {
		reg            SReg
		prefix, suffix string
		count          int
	}{{SRegPM64, "%pm", "_64", 8}, {SRegPM, "%pm", "", 8}, {SRegEnvReg, "%envreg", "", 32}, {SRegReservedSMemOffset, "%reserved_smem_offset_", "", 2}} {
		d, ok := strings.CutPrefix(name, f.prefix)
		if !ok {
			continue
		}
		if d, ok = strings.CutSuffix(d, f.suffix); !ok {
			continue
		}
		if n, err := strconv.Atoi(d); err == nil && n >= 0 && n < f.count && strconv.Itoa(n) == d {
			return f.reg, n
		}
	}
	return NoSReg, -1
}

// numbered tells a group of registers with a number in each name.
func numbered(r SReg) bool {
	return r == SRegPM || r == SRegPM64 || r == SRegEnvReg || r == SRegReservedSMemOffset
}
