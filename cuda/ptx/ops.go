package ptx

// Op is the name of an instruction without its modifiers. Names that the ISA spells with dots (cp.async.wait_group) are one Op.
type Op uint8

// The instructions of the claimed families, in alphabetical order.
const (
	OpNone Op = iota
	OpAbs
	OpActivemask
	OpAdd
	OpAddc
	OpAnd
	OpApplypriority
	OpAtom
	OpBar
	OpBarWarpSync
	OpBarrier
	OpBarrierClusterArrive
	OpBarrierClusterWait
	OpBfe
	OpBfi
	OpBfind
	OpBmsk
	OpBra
	OpBrev
	OpBrkpt
	OpBrxIdx
	OpCall
	OpClz
	OpCnot
	OpCopysign
	OpCos
	OpCpAsync
	OpCpAsyncCommitGroup
	OpCpAsyncMbarrierArrive
	OpCpAsyncWaitAll
	OpCpAsyncWaitGroup
	OpCreatepolicyFractional
	OpCvt
	OpCvtPack
	OpCvta
	OpDiscard
	OpDiv
	OpDp2a
	OpDp4a
	OpElect
	OpEx2
	OpExit
	OpFence
	OpFenceMbarrierInit
	OpFenceProxy
	OpFma
	OpFns
	OpGetctarank
	OpGriddepcontrolLaunchDependents
	OpGriddepcontrolWait
	OpIsspacep
	OpLd
	OpLdmatrix
	OpLdu
	OpLg2
	OpLop3
	OpMad
	OpMad24
	OpMadc
	OpMapa
	OpMatch
	OpMax
	OpMbarrierArrive
	OpMbarrierArriveDrop
	OpMbarrierCompleteTx
	OpMbarrierExpectTx
	OpMbarrierInit
	OpMbarrierInval
	OpMbarrierPendingCount
	OpMbarrierTestWait
	OpMbarrierTryWait
	OpMembar
	OpMembarProxy
	OpMin
	OpMma
	OpMov
	OpMovmatrix
	OpMul
	OpMul24
	OpNanosleep
	OpNeg
	OpNot
	OpOr
	OpPmevent
	OpPopc
	OpPrefetch
	OpPrefetchu
	OpPrmt
	OpRcp
	OpRed
	OpRedux
	OpRem
	OpRet
	OpRsqrt
	OpSad
	OpSelp
	OpSet
	OpSetmaxnreg
	OpSetp
	OpShf
	OpShfl
	OpShl
	OpShr
	OpSin
	OpSlct
	OpSqrt
	OpSt
	OpStmatrix
	OpSub
	OpSubc
	OpSzext
	OpTanh
	OpTestp
	OpTrap
	OpVote
	OpXor

	numOps
)

var opNames = [numOps]string{
	OpAbs:                            "abs",
	OpActivemask:                     "activemask",
	OpAdd:                            "add",
	OpAddc:                           "addc",
	OpAnd:                            "and",
	OpApplypriority:                  "applypriority",
	OpAtom:                           "atom",
	OpBar:                            "bar",
	OpBarWarpSync:                    "bar.warp.sync",
	OpBarrier:                        "barrier",
	OpBarrierClusterArrive:           "barrier.cluster.arrive",
	OpBarrierClusterWait:             "barrier.cluster.wait",
	OpBfe:                            "bfe",
	OpBfi:                            "bfi",
	OpBfind:                          "bfind",
	OpBmsk:                           "bmsk",
	OpBra:                            "bra",
	OpBrev:                           "brev",
	OpBrkpt:                          "brkpt",
	OpBrxIdx:                         "brx.idx",
	OpCall:                           "call",
	OpClz:                            "clz",
	OpCnot:                           "cnot",
	OpCopysign:                       "copysign",
	OpCos:                            "cos",
	OpCpAsync:                        "cp.async",
	OpCpAsyncCommitGroup:             "cp.async.commit_group",
	OpCpAsyncMbarrierArrive:          "cp.async.mbarrier.arrive",
	OpCpAsyncWaitAll:                 "cp.async.wait_all",
	OpCpAsyncWaitGroup:               "cp.async.wait_group",
	OpCreatepolicyFractional:         "createpolicy.fractional",
	OpCvt:                            "cvt",
	OpCvtPack:                        "cvt.pack",
	OpCvta:                           "cvta",
	OpDiscard:                        "discard",
	OpDiv:                            "div",
	OpDp2a:                           "dp2a",
	OpDp4a:                           "dp4a",
	OpElect:                          "elect",
	OpEx2:                            "ex2",
	OpExit:                           "exit",
	OpFence:                          "fence",
	OpFenceMbarrierInit:              "fence.mbarrier_init",
	OpFenceProxy:                     "fence.proxy",
	OpFma:                            "fma",
	OpFns:                            "fns",
	OpGetctarank:                     "getctarank",
	OpGriddepcontrolLaunchDependents: "griddepcontrol.launch_dependents",
	OpGriddepcontrolWait:             "griddepcontrol.wait",
	OpIsspacep:                       "isspacep",
	OpLd:                             "ld",
	OpLdmatrix:                       "ldmatrix",
	OpLdu:                            "ldu",
	OpLg2:                            "lg2",
	OpLop3:                           "lop3",
	OpMad:                            "mad",
	OpMad24:                          "mad24",
	OpMadc:                           "madc",
	OpMapa:                           "mapa",
	OpMatch:                          "match",
	OpMax:                            "max",
	OpMbarrierArrive:                 "mbarrier.arrive",
	OpMbarrierArriveDrop:             "mbarrier.arrive_drop",
	OpMbarrierCompleteTx:             "mbarrier.complete_tx",
	OpMbarrierExpectTx:               "mbarrier.expect_tx",
	OpMbarrierInit:                   "mbarrier.init",
	OpMbarrierInval:                  "mbarrier.inval",
	OpMbarrierPendingCount:           "mbarrier.pending_count",
	OpMbarrierTestWait:               "mbarrier.test_wait",
	OpMbarrierTryWait:                "mbarrier.try_wait",
	OpMembar:                         "membar",
	OpMembarProxy:                    "membar.proxy",
	OpMin:                            "min",
	OpMma:                            "mma",
	OpMov:                            "mov",
	OpMovmatrix:                      "movmatrix",
	OpMul:                            "mul",
	OpMul24:                          "mul24",
	OpNanosleep:                      "nanosleep",
	OpNeg:                            "neg",
	OpNot:                            "not",
	OpOr:                             "or",
	OpPmevent:                        "pmevent",
	OpPopc:                           "popc",
	OpPrefetch:                       "prefetch",
	OpPrefetchu:                      "prefetchu",
	OpPrmt:                           "prmt",
	OpRcp:                            "rcp",
	OpRed:                            "red",
	OpRedux:                          "redux",
	OpRem:                            "rem",
	OpRet:                            "ret",
	OpRsqrt:                          "rsqrt",
	OpSad:                            "sad",
	OpSelp:                           "selp",
	OpSet:                            "set",
	OpSetmaxnreg:                     "setmaxnreg",
	OpSetp:                           "setp",
	OpShf:                            "shf",
	OpShfl:                           "shfl",
	OpShl:                            "shl",
	OpShr:                            "shr",
	OpSin:                            "sin",
	OpSlct:                           "slct",
	OpSqrt:                           "sqrt",
	OpSt:                             "st",
	OpStmatrix:                       "stmatrix",
	OpSub:                            "sub",
	OpSubc:                           "subc",
	OpSzext:                          "szext",
	OpTanh:                           "tanh",
	OpTestp:                          "testp",
	OpTrap:                           "trap",
	OpVote:                           "vote",
	OpXor:                            "xor",
}
