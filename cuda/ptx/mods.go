package ptx

// Mod is one dot-suffix of an opcode: .rn, .ftz, .global, .v4. The types are Mods too, with the values of Type.
type Mod uint16

// The modifiers of the claimed instruction families, grouped by what they say.
const (
	// Rounding, ISA 9.7.3 and 9.7.9 (integer rounding: rni, rzi, rmi, rpi).
	ModRN Mod = Mod(numTypes) + iota
	ModRZ
	ModRM
	ModRP
	ModRNA
	ModRNI
	ModRZI
	ModRMI
	ModRPI
	// Arithmetic flags.
	ModFTZ
	ModSat
	ModSatfinite
	ModRelu
	ModApprox
	ModFull
	ModCC
	ModHi
	ModLo
	ModWide
	ModNoftz
	ModOOB
	ModPropagateNaN
	ModXorsign
	ModAbs
	// Comparison and predicate operators, ISA 9.3.1.
	ModEQ
	ModNE
	ModLT
	ModLE
	ModGT
	ModGE
	ModLS
	ModHS
	ModEQU
	ModNEU
	ModLTU
	ModLEU
	ModGTU
	ModGEU
	ModNum
	ModNaN
	// Operations of set, setp, atom, red, redux, lop3, mma, match and vote.
	ModAnd
	ModOr
	ModXor
	ModAdd
	ModInc
	ModDec
	ModMin
	ModMax
	ModExch
	ModCas
	ModPopc
	ModAll
	ModAny
	ModUni
	ModBallot
	// testp classes, ISA 9.7.3.
	ModFinite
	ModInfinite
	ModNumber
	ModNotANumber
	ModNormal
	ModSubnormal
	// Byte permute modes, ISA 9.7.9 prmt.
	ModF4E
	ModB4E
	ModRC8
	ModECL
	ModECR
	ModRC16
	// Shift and bit-field modes.
	ModLeft
	ModRight
	ModClamp
	ModWrap
	ModShiftAmt
	// State spaces, ISA 5.1.
	ModConst
	ModGlobal
	ModLocal
	ModParam
	ModShared
	ModSharedCTA
	ModSharedCluster
	ModParamEntry
	ModParamFunc
	// Vector width.
	ModV2
	ModV4
	ModV8
	// Memory order and scope, ISA 8.
	ModWeak
	ModVolatile
	ModRelaxed
	ModAcquire
	ModRelease
	ModAcqRel
	ModSC
	ModMmio
	ModCTA
	ModCluster
	ModGPU
	ModSys
	ModGL
	// Cache operators and hints, ISA 9.7.9.
	ModCA
	ModCG
	ModCS
	ModLU
	ModCV
	ModWB
	ModWT
	ModNC
	ModLevelL1
	ModLevelL2
	ModL1EvictNormal
	ModL1EvictUnchanged
	ModL1EvictFirst
	ModL1EvictLast
	ModL1NoAllocate
	ModL2EvictNormal
	ModL2EvictFirst
	ModL2EvictLast
	ModL2EvictUnchanged
	ModL2CacheHint
	ModL2Prefetch64B
	ModL2Prefetch128B
	ModL2Prefetch256B
	ModTensormap
	// Warp and barrier modifiers.
	ModSync
	ModAsync
	ModAligned
	ModArrive
	ModRed
	ModUp
	ModDown
	ModBfly
	ModIdx
	ModX1
	ModX2
	ModX4
	ModTrans
	ModNoinc
	ModNoComplete
	ModExpectTx
	ModParity
	ModTo
	// Matrix layouts and shapes.
	ModRow
	ModCol
	ModM8N8
	ModM16N8
	ModM16N16
	ModM8N8K4
	ModM8N8K16
	ModM8N8K32
	ModM8N8K128
	ModM16N8K4
	ModM16N8K8
	ModM16N8K16
	ModM16N8K32
	ModM16N8K64
	ModM16N8K128
	ModM16N8K256
	// Fence and event kinds.
	ModAlias
	ModMask

	numMods
)

var modNames = [numMods]string{
	ModRN:               "rn",
	ModRZ:               "rz",
	ModRM:               "rm",
	ModRP:               "rp",
	ModRNA:              "rna",
	ModRNI:              "rni",
	ModRZI:              "rzi",
	ModRMI:              "rmi",
	ModRPI:              "rpi",
	ModFTZ:              "ftz",
	ModSat:              "sat",
	ModSatfinite:        "satfinite",
	ModRelu:             "relu",
	ModApprox:           "approx",
	ModFull:             "full",
	ModCC:               "cc",
	ModHi:               "hi",
	ModLo:               "lo",
	ModWide:             "wide",
	ModNoftz:            "noftz",
	ModOOB:              "oob",
	ModPropagateNaN:     "NaN",
	ModXorsign:          "xorsign",
	ModAbs:              "abs",
	ModEQ:               "eq",
	ModNE:               "ne",
	ModLT:               "lt",
	ModLE:               "le",
	ModGT:               "gt",
	ModGE:               "ge",
	ModLS:               "ls",
	ModHS:               "hs",
	ModEQU:              "equ",
	ModNEU:              "neu",
	ModLTU:              "ltu",
	ModLEU:              "leu",
	ModGTU:              "gtu",
	ModGEU:              "geu",
	ModNum:              "num",
	ModNaN:              "nan",
	ModAnd:              "and",
	ModOr:               "or",
	ModXor:              "xor",
	ModAdd:              "add",
	ModInc:              "inc",
	ModDec:              "dec",
	ModMin:              "min",
	ModMax:              "max",
	ModExch:             "exch",
	ModCas:              "cas",
	ModPopc:             "popc",
	ModAll:              "all",
	ModAny:              "any",
	ModUni:              "uni",
	ModBallot:           "ballot",
	ModFinite:           "finite",
	ModInfinite:         "infinite",
	ModNumber:           "number",
	ModNotANumber:       "notanumber",
	ModNormal:           "normal",
	ModSubnormal:        "subnormal",
	ModF4E:              "f4e",
	ModB4E:              "b4e",
	ModRC8:              "rc8",
	ModECL:              "ecl",
	ModECR:              "ecr",
	ModRC16:             "rc16",
	ModLeft:             "l",
	ModRight:            "r",
	ModClamp:            "clamp",
	ModWrap:             "wrap",
	ModShiftAmt:         "shiftamt",
	ModConst:            "const",
	ModGlobal:           "global",
	ModLocal:            "local",
	ModParam:            "param",
	ModShared:           "shared",
	ModSharedCTA:        "shared::cta",
	ModSharedCluster:    "shared::cluster",
	ModParamEntry:       "param::entry",
	ModParamFunc:        "param::func",
	ModV2:               "v2",
	ModV4:               "v4",
	ModV8:               "v8",
	ModWeak:             "weak",
	ModVolatile:         "volatile",
	ModRelaxed:          "relaxed",
	ModAcquire:          "acquire",
	ModRelease:          "release",
	ModAcqRel:           "acq_rel",
	ModSC:               "sc",
	ModMmio:             "mmio",
	ModCTA:              "cta",
	ModCluster:          "cluster",
	ModGPU:              "gpu",
	ModSys:              "sys",
	ModGL:               "gl",
	ModCA:               "ca",
	ModCG:               "cg",
	ModCS:               "cs",
	ModLU:               "lu",
	ModCV:               "cv",
	ModWB:               "wb",
	ModWT:               "wt",
	ModNC:               "nc",
	ModLevelL1:          "L1",
	ModLevelL2:          "L2",
	ModL1EvictNormal:    "L1::evict_normal",
	ModL1EvictUnchanged: "L1::evict_unchanged",
	ModL1EvictFirst:     "L1::evict_first",
	ModL1EvictLast:      "L1::evict_last",
	ModL1NoAllocate:     "L1::no_allocate",
	ModL2EvictNormal:    "L2::evict_normal",
	ModL2EvictFirst:     "L2::evict_first",
	ModL2EvictLast:      "L2::evict_last",
	ModL2EvictUnchanged: "L2::evict_unchanged",
	ModL2CacheHint:      "L2::cache_hint",
	ModL2Prefetch64B:    "L2::64B",
	ModL2Prefetch128B:   "L2::128B",
	ModL2Prefetch256B:   "L2::256B",
	ModTensormap:        "tensormap",
	ModSync:             "sync",
	ModAsync:            "async",
	ModAligned:          "aligned",
	ModArrive:           "arrive",
	ModRed:              "red",
	ModUp:               "up",
	ModDown:             "down",
	ModBfly:             "bfly",
	ModIdx:              "idx",
	ModX1:               "x1",
	ModX2:               "x2",
	ModX4:               "x4",
	ModTrans:            "trans",
	ModNoinc:            "noinc",
	ModNoComplete:       "noComplete",
	ModExpectTx:         "expect_tx",
	ModParity:           "parity",
	ModTo:               "to",
	ModRow:              "row",
	ModCol:              "col",
	ModM8N8:             "m8n8",
	ModM16N8:            "m16n8",
	ModM16N16:           "m16n16",
	ModM8N8K4:           "m8n8k4",
	ModM8N8K16:          "m8n8k16",
	ModM8N8K32:          "m8n8k32",
	ModM8N8K128:         "m8n8k128",
	ModM16N8K4:          "m16n8k4",
	ModM16N8K8:          "m16n8k8",
	ModM16N8K16:         "m16n8k16",
	ModM16N8K32:         "m16n8k32",
	ModM16N8K64:         "m16n8k64",
	ModM16N8K128:        "m16n8k128",
	ModM16N8K256:        "m16n8k256",
	ModAlias:            "alias",
	ModMask:             "mask",
}
