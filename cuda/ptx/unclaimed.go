package ptx

import "strings"

// Families of PTX that this package knows by name and does not claim: their files may be legal, and are refused with [ErrUnsupported].

// unclaimedOps are first words of opcodes, or their beginnings with dots, in the order in which they are tried.
var unclaimedOps = []struct{ prefix, family string }{
	{"wgmma", "warpgroup matrix instructions"},
	{"tcgen05", "tensor core generation 5 instructions"},
	{"cp.async.bulk", "bulk and tensor asynchronous copies"},
	{"cp.reduce.async", "bulk asynchronous reductions"},
	{"st.async", "asynchronous stores"}, {"red.async", "asynchronous reductions"}, {"st.bulk", "bulk stores"},
	{"multimem", "multimem instructions"},
	{"tensormap", "tensor maps"},
	{"wmma", "wmma instructions, which mma, ldmatrix and stmatrix can replace,"},
	{"mma.sp", "sparse matrix instructions"},
	{"mbarrier", "other forms of mbarrier"},
	{"clusterlaunchcontrol", "instructions of cluster launch control"},
	{"createpolicy", "other forms of createpolicy"},
	{"tex", "texture instructions"}, {"tld4", "texture instructions"}, {"txq", "texture instructions"},
	{"suld", "surface instructions"}, {"sust", "surface instructions"}, {"sured", "surface instructions"}, {"suq", "surface instructions"},
	{"istypep", "texture and surface references"},
	{"vadd", "video instructions"}, {"vsub", "video instructions"}, {"vabsdiff", "video instructions"}, {"vmin", "video instructions"},
	{"vmax", "video instructions"}, {"vshl", "video instructions"}, {"vshr", "video instructions"}, {"vmad", "video instructions"}, {"vset", "video instructions"},
	{"vadd2", "video instructions"}, {"vsub2", "video instructions"}, {"vavrg2", "video instructions"}, {"vabsdiff2", "video instructions"},
	{"vmin2", "video instructions"}, {"vmax2", "video instructions"}, {"vset2", "video instructions"},
	{"vadd4", "video instructions"}, {"vsub4", "video instructions"}, {"vavrg4", "video instructions"}, {"vabsdiff4", "video instructions"},
	{"vmin4", "video instructions"}, {"vmax4", "video instructions"}, {"vset4", "video instructions"},
	{"alloca", "instructions of stack allocation"}, {"stacksave", "instructions of stack allocation"}, {"stackrestore", "instructions of stack allocation"},
}

// unclaimed names the family that an opcode belongs to, empty for none of those above.
func unclaimed(opcode string) string {
	for _, u := range unclaimedOps {
		if rest, ok := strings.CutPrefix(opcode, u.prefix); ok && (rest == "" || rest[0] == '.' || rest[0] == ':') {
			return u.family + " are not supported"
		}
	}
	if strings.HasPrefix(opcode, "mma") && (strings.Contains(opcode, ".kind::") || strings.Contains(opcode, ".block_scale")) {
		return "mma with .kind and block scales are not supported"
	}
	if strings.HasPrefix(opcode, "ldmatrix") && strings.Contains(opcode, ".b8x16") {
		return "ldmatrix with unpacking is not supported"
	}
	if strings.HasPrefix(opcode, "cvt") && (strings.Contains(opcode, ".rs.") || strings.Contains(opcode, "x4.f32") || strings.Contains(opcode, ".scaled")) {
		return "conversions with stochastic rounding are not supported"
	}
	if strings.HasPrefix(opcode, "fence") && (strings.Contains(opcode, "::generic") || strings.Contains(opcode, ".sync_restrict")) {
		return "fences between the proxies of tensor maps are not supported"
	}
	if strings.HasPrefix(opcode, "ld.") && strings.Contains(opcode, ".unified") {
		return "unified loads are not supported"
	}
	return ""
}

// claimed tells an operation that the table has rows of although a prefix above fits it.
func claimed(op Op) bool {
	switch op {
	case OpMbarrierInit, OpMbarrierInval, OpMbarrierArrive, OpMbarrierArriveDrop, OpMbarrierTestWait, OpMbarrierTryWait, OpMbarrierExpectTx,
		OpMbarrierCompleteTx, OpMbarrierPendingCount, OpCreatepolicyFractional:
		return true
	}
	return false
}
