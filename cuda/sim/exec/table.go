package exec

import (
	"github.com/rapt-go/rapt/cuda/ptx"
	"github.com/rapt-go/rapt/cuda/sim/arith"
)

// decoderOf is what decodes an instruction, nil for what is not executed.
func decoderOf(op ptx.Op) func(*decoder) {
	for _, family := range []func(ptx.Op) func(*decoder){decoderOfArithmetic, decoderOfBits, decoderOfValues, decoderOfMemory, decoderOfControl, decoderOfWarps, decoderOfBarriers} {
		if f := family(op); f != nil {
			return f
		}
	}
	return nil
}

// decoderOfValues is decoderOf for comparison, selection, moves and conversion.
func decoderOfValues(op ptx.Op) func(*decoder) {
	switch op {
	case ptx.OpSet:
		return decodeSet
	case ptx.OpSetp:
		return decodeSetp
	case ptx.OpSelp:
		return decodeSelp
	case ptx.OpSlct:
		return decodeSlct
	case ptx.OpTestp:
		return decodeTestp
	case ptx.OpMov:
		return decodeMov
	case ptx.OpCvt, ptx.OpCvtPack:
		return decodeCvt
	case ptx.OpCvta:
		return decodeCvta
	case ptx.OpIsspacep:
		return decodeIsspacep
	}
	return nil
}

// decoderOfControl is decoderOf for branches, calls and the end of threads.
func decoderOfControl(op ptx.Op) func(*decoder) {
	switch op {
	case ptx.OpBra:
		return decodeBra
	case ptx.OpBrxIdx:
		return decodeBrx
	case ptx.OpRet:
		return decodeRet
	case ptx.OpExit:
		return decodeExit
	case ptx.OpCall:
		return decodeCall
	case ptx.OpTrap, ptx.OpBrkpt:
		return decodeTrap
	case ptx.OpNanosleep:
		return decodeNanosleep
	}
	return nil
}

// decoderOfMemory is decoderOf for loads, stores, atomics, asynchronous copies and hints.
func decoderOfMemory(op ptx.Op) func(*decoder) {
	switch op {
	case ptx.OpLd, ptx.OpLdu:
		return decodeLd
	case ptx.OpSt:
		return decodeSt
	case ptx.OpPrefetch, ptx.OpPrefetchu, ptx.OpApplypriority, ptx.OpPmevent, ptx.OpDiscard, ptx.OpFenceProxy, ptx.OpFenceMbarrierInit, ptx.OpMembarProxy, ptx.OpGriddepcontrolLaunchDependents, ptx.OpGriddepcontrolWait, ptx.OpSetmaxnreg:
		return decodeNothing
	case ptx.OpAtom, ptx.OpRed:
		return decodeAtom
	case ptx.OpCpAsync:
		return decodeCpAsync
	case ptx.OpCpAsyncCommitGroup:
		return decodeCpCommit
	case ptx.OpCpAsyncWaitGroup, ptx.OpCpAsyncWaitAll:
		return decodeCpWait
	case ptx.OpMembar, ptx.OpFence:
		return decodeFence
	case ptx.OpCreatepolicyFractional:
		return decodeCreatepolicy
	}
	return nil
}

// decoderOfWarps is decoderOf for what the lanes of a warp do together.
func decoderOfWarps(op ptx.Op) func(*decoder) {
	switch op {
	case ptx.OpBarWarpSync:
		return decodeWarpSync
	case ptx.OpShfl:
		return decodeShfl
	case ptx.OpVote:
		return decodeVote
	case ptx.OpMatch:
		return decodeMatch
	case ptx.OpRedux:
		return decodeRedux
	case ptx.OpActivemask:
		return decodeActivemask
	case ptx.OpElect:
		return decodeElect
	case ptx.OpLdmatrix:
		return decodeLdmatrix
	case ptx.OpStmatrix:
		return decodeStmatrix
	case ptx.OpMovmatrix:
		return decodeMovmatrix
	case ptx.OpMma:
		return decodeMma
	}
	return nil
}

// decoderOfBarriers is decoderOf for what orders the warps of a block or a cluster.
func decoderOfBarriers(op ptx.Op) func(*decoder) {
	switch op {
	case ptx.OpBar, ptx.OpBarrier:
		return decodeBar
	case ptx.OpMbarrierInit:
		return decodeMbarrierInit
	case ptx.OpMbarrierInval:
		return decodeMbarrierInval
	case ptx.OpMbarrierArrive, ptx.OpMbarrierArriveDrop:
		return decodeMbarrierArrive
	case ptx.OpMbarrierExpectTx, ptx.OpMbarrierCompleteTx:
		return decodeMbarrierTx
	case ptx.OpMbarrierTestWait, ptx.OpMbarrierTryWait:
		return decodeMbarrierWait
	case ptx.OpMbarrierPendingCount:
		return decodeMbarrierPendingCount
	case ptx.OpCpAsyncMbarrierArrive:
		return decodeCpAsyncArrive
	case ptx.OpBarrierClusterArrive, ptx.OpBarrierClusterWait:
		return decodeCluster
	case ptx.OpMapa:
		return decodeMapa
	case ptx.OpGetctarank:
		return decodeGetctarank
	}
	return nil
}

// decoderOfArithmetic is decoderOf for arithmetic.
func decoderOfArithmetic(op ptx.Op) func(*decoder) {
	switch op {
	case ptx.OpAbs:
		return unaryOp(arith.Abs)
	case ptx.OpNeg:
		return unaryOp(arith.Neg)
	case ptx.OpAdd:
		return decodeAddSub(arith.Add)
	case ptx.OpSub:
		return decodeAddSub(arith.Sub)
	case ptx.OpAddc:
		return func(d *decoder) { d.carry(carryAdd, true) }
	case ptx.OpSubc:
		return func(d *decoder) { d.carry(carrySub, true) }
	case ptx.OpMadc:
		return func(d *decoder) { d.carry(carryMad, true) }
	case ptx.OpMul, ptx.OpMul24:
		return decodeMul
	case ptx.OpMad, ptx.OpMad24:
		return decodeMad
	case ptx.OpFma:
		return decodeFma
	case ptx.OpSad:
		return ternaryOp(arith.Sad)
	case ptx.OpDiv:
		return decodeDiv
	case ptx.OpRem:
		return binaryOp(arith.Rem)
	case ptx.OpMin:
		return binaryOp(arith.Min)
	case ptx.OpMax:
		return binaryOp(arith.Max)
	case ptx.OpCopysign:
		return binaryOp(arith.Copysign)
	case ptx.OpDp4a:
		return decodeDp4a
	case ptx.OpDp2a:
		return decodeDp2a
	case ptx.OpRcp:
		return approximate(arith.ApproxRcp, arith.Rcp)
	case ptx.OpSqrt:
		return approximate(arith.ApproxSqrt, arith.Sqrt)
	case ptx.OpRsqrt:
		return approximate(arith.ApproxRsqrt, 0)
	case ptx.OpSin:
		return approximate(arith.ApproxSin, 0)
	case ptx.OpCos:
		return approximate(arith.ApproxCos, 0)
	case ptx.OpLg2:
		return approximate(arith.ApproxLg2, 0)
	case ptx.OpEx2:
		return approximate(arith.ApproxEx2, 0)
	case ptx.OpTanh:
		return approximate(arith.ApproxTanh, 0)
	}
	return nil
}

// decoderOfBits is decoderOf for logic, shifts and bit fields.
func decoderOfBits(op ptx.Op) func(*decoder) {
	switch op {
	case ptx.OpNot:
		return decodeNot
	case ptx.OpCnot:
		return unaryOp(arith.CNot)
	case ptx.OpPopc:
		return unaryOp(arith.Popc)
	case ptx.OpClz:
		return unaryOp(arith.Clz)
	case ptx.OpBrev:
		return unaryOp(arith.Brev)
	case ptx.OpBfind:
		return unaryOp(arith.Bfind)
	case ptx.OpAnd:
		return binaryOp(arith.And)
	case ptx.OpOr:
		return binaryOp(arith.Or)
	case ptx.OpXor:
		return binaryOp(arith.Xor)
	case ptx.OpShl:
		return binaryOp(arith.Shl)
	case ptx.OpShr:
		return binaryOp(arith.Shr)
	case ptx.OpShf:
		return decodeShf
	case ptx.OpLop3:
		return decodeLop3
	case ptx.OpPrmt:
		return decodePrmt
	case ptx.OpBfe:
		return ternaryOp(arith.Bfe)
	case ptx.OpBfi:
		return decodeBfi
	case ptx.OpBmsk:
		return decodeBmsk
	case ptx.OpSzext:
		return decodeSzext
	case ptx.OpFns:
		return decodeFns
	}
	return nil
}

// decodeNothing is for hints.
func decodeNothing(d *decoder) {
	d.inst.run = func(*warp, *inst, uint32) {}
}
