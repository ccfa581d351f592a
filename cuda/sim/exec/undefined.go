package exec

import "math/bits"

// checkDefined reports registers that the instruction reads in lanes where nothing wrote them. A
// move of such a register is none: its destination becomes undefined in turn. Compilers make such
// moves, of values that are not used later. The result is the lanes in which that is the case.
func (w *warp) checkDefined(in *inst, mask, m uint32) (taint uint32) {
	for _, u := range in.uses {
		lanes := m
		if u == in.guardDef {
			lanes = mask
		}
		if bad := lanes &^ w.def[u]; bad != 0 {
			w.undefined(in, u, bad)
		}
	}
	if in.taint != nil {
		return in.taint(w, m)
	}
	for _, u := range in.copies {
		taint |= m &^ w.def[u]
	}
	return taint
}

// undefined reports register u, which the lanes read, and then takes it as written.
func (w *warp) undefined(in *inst, u int32, lanes uint32) {
	w.report(in, UninitRegister, bits.TrailingZeros32(lanes), "register %s is read, but nothing has written it%s", w.fn.names[u], otherLanes(lanes))
	w.def[u] |= lanes
}
