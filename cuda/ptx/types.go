package ptx

import (
	"fmt"
	"strings"
)

// Type is a fundamental, packed or restricted type of PTX, ISA 5.2 and 9.7.14 (matrix element types).
type Type uint8

// The types of registers, variables and instructions. A Type doubles as the Mod of the same value: see [Mod.Type].
const (
	NoType Type = iota
	Pred
	B1
	B2
	B4
	B8
	B16
	B32
	B64
	B128
	U2
	U4
	U8
	U16
	U32
	U64
	S2
	S4
	S8
	S16
	S32
	S64
	F16
	BF16
	TF32
	F32
	F64
	F16x2
	BF16x2
	F32x2
	U16x2
	S16x2
	E4M3
	E5M2
	E4M3x2
	E5M2x2
	E2M3
	E3M2
	E2M1
	E2M3x2
	E3M2x2
	E2M1x2
	UE8M0x2
	// TexRef, SamplerRef and SurfRef are opaque: parsed in declarations, used by no claimed instruction.
	TexRef
	SamplerRef
	SurfRef

	numTypes
)

// typeInfo holds what the ISA fixes about a type: its name, its width and how its bits are read.
var typeInfo = [numTypes]struct {
	name string
	bits uint16
	kind typeKind
}{
	Pred: {"pred", 1, kindPred},
	B1:   {"b1", 1, kindBits}, B2: {"b2", 2, kindBits}, B4: {"b4", 4, kindBits}, B8: {"b8", 8, kindBits}, B16: {"b16", 16, kindBits},
	B32: {"b32", 32, kindBits}, B64: {"b64", 64, kindBits}, B128: {"b128", 128, kindBits},
	U2: {"u2", 2, kindUnsigned}, U4: {"u4", 4, kindUnsigned}, U8: {"u8", 8, kindUnsigned}, U16: {"u16", 16, kindUnsigned},
	U32: {"u32", 32, kindUnsigned}, U64: {"u64", 64, kindUnsigned},
	S2: {"s2", 2, kindSigned}, S4: {"s4", 4, kindSigned}, S8: {"s8", 8, kindSigned}, S16: {"s16", 16, kindSigned},
	S32: {"s32", 32, kindSigned}, S64: {"s64", 64, kindSigned},
	F16: {"f16", 16, kindFloat}, BF16: {"bf16", 16, kindFloat}, TF32: {"tf32", 32, kindFloat}, F32: {"f32", 32, kindFloat}, F64: {"f64", 64, kindFloat},
	F16x2: {"f16x2", 32, kindPacked}, BF16x2: {"bf16x2", 32, kindPacked}, F32x2: {"f32x2", 64, kindPacked},
	U16x2: {"u16x2", 32, kindPacked}, S16x2: {"s16x2", 32, kindPacked},
	E4M3: {"e4m3", 8, kindFloat}, E5M2: {"e5m2", 8, kindFloat}, E4M3x2: {"e4m3x2", 16, kindPacked}, E5M2x2: {"e5m2x2", 16, kindPacked},
	E2M3: {"e2m3", 6, kindFloat}, E3M2: {"e3m2", 6, kindFloat}, E2M1: {"e2m1", 4, kindFloat},
	E2M3x2: {"e2m3x2", 16, kindPacked}, E3M2x2: {"e3m2x2", 16, kindPacked}, E2M1x2: {"e2m1x2", 8, kindPacked}, UE8M0x2: {"ue8m0x2", 16, kindPacked},
	TexRef: {"texref", 64, kindOpaque}, SamplerRef: {"samplerref", 64, kindOpaque}, SurfRef: {"surfref", 64, kindOpaque},
}

type typeKind uint8

const (
	kindNone typeKind = iota
	kindPred
	kindBits
	kindUnsigned
	kindSigned
	kindFloat
	kindPacked
	kindOpaque
)

// String is the type as PTX spells it, without the dot.
func (t Type) String() string {
	if t < numTypes {
		return typeInfo[t].name
	}
	return fmt.Sprintf("Type(%d)", uint8(t))
}

// Bits is the width of a value of the type in bits; 1 for predicates.
func (t Type) Bits() int { return int(typeInfo[t].bits) }

// Size is the width of a value of the type in memory, in bytes; 0 for predicates and sub-byte types.
func (t Type) Size() int { return int(typeInfo[t].bits) / 8 }

// IsBits tells untyped bits (.b8 to .b128).
func (t Type) IsBits() bool { return typeInfo[t].kind == kindBits }

// IsSigned tells two's complement integers (.s8 to .s64).
func (t Type) IsSigned() bool { return typeInfo[t].kind == kindSigned }

// IsUnsigned tells unsigned integers (.u8 to .u64).
func (t Type) IsUnsigned() bool { return typeInfo[t].kind == kindUnsigned }

// IsInt tells signed and unsigned integers, not bits.
func (t Type) IsInt() bool { return t.IsSigned() || t.IsUnsigned() }

// IsFloat tells scalar floating-point types.
func (t Type) IsFloat() bool { return typeInfo[t].kind == kindFloat }

// IsPacked tells several values in one register (.f16x2).
func (t Type) IsPacked() bool { return typeInfo[t].kind == kindPacked }

// Space is a state space of PTX, ISA 5.1. The zero value is generic addressing in instructions.
type Space uint8

// The state spaces that variables and addresses can be in.
const (
	Generic Space = iota
	RegSpace
	ConstSpace
	GlobalSpace
	LocalSpace
	ParamSpace
	SharedSpace
	SharedCTA     // .shared::cta: of this CTA, the same as SharedSpace for variables
	SharedCluster // .shared::cluster: of any CTA of the cluster
	ParamEntry    // .param::entry
	ParamFunc     // .param::func
	TexSpace      // .tex, deprecated

	numSpaces
)

var spaceNames = [numSpaces]string{"", "reg", "const", "global", "local", "param", "shared", "shared::cta", "shared::cluster", "param::entry", "param::func", "tex"}

// String is the space as PTX spells it, without the dot; empty for generic addressing.
func (s Space) String() string {
	if s < numSpaces {
		return spaceNames[s]
	}
	return fmt.Sprintf("Space(%d)", uint8(s))
}

// Linkage says who else sees a function or variable, ISA 11.6.
type Linkage uint8

// The linking directives.
const (
	Internal Linkage = iota
	Visible
	Extern
	Weak
	Common
)

var linkageNames = [...]string{"", ".visible", ".extern", ".weak", ".common"}

// String is the directive with its dot; empty for Internal.
func (l Linkage) String() string { return linkageNames[l] }

// Version is an ISA version as in .version 7.0.
type Version struct{ Major, Minor uint8 }

// AtLeast tells whether v is w or later.
func (v Version) AtLeast(w Version) bool {
	return v.Major > w.Major || v.Major == w.Major && v.Minor >= w.Minor
}

// String is the version as the directive spells it.
func (v Version) String() string { return fmt.Sprintf("%d.%d", v.Major, v.Minor) }

// Target is an architecture as in .target sm_90a, ISA 11.1.2. Suffix is 0, 'a' (that chip only) or 'f' (its family).
type Target struct {
	SM      int    // 75, 80, 86, 89, 90, 100, ...
	Suffix  byte   // 0, 'a' or 'f'
	Options string // what follows the architecture, comma-separated: "debug", "texmode_unified"
}

// String is the architecture as the directive spells it, without options.
func (t Target) String() string {
	s := fmt.Sprintf("sm_%d", t.SM)
	if t.Suffix != 0 {
		s += string(t.Suffix)
	}
	return s
}

// modByName finds a modifier by its spelling without the dot. It is read-only after package initialisation.
var modByName = func() map[string]Mod {
	m := make(map[string]Mod, numMods)
	for t := Pred; t < numTypes; t++ {
		m[typeInfo[t].name] = Mod(t)
	}
	for i := Mod(numTypes); i < numMods; i++ {
		if modNames[i] != "" {
			m[modNames[i]] = i
		}
	}
	return m
}()

// Type is the type that the modifier names, or NoType.
func (m Mod) Type() Type {
	if m < Mod(numTypes) {
		return Type(m)
	}
	return NoType
}

// String is the modifier without its dot.
func (m Mod) String() string {
	if m < Mod(numTypes) {
		return Type(m).String()
	}
	if m < numMods {
		return modNames[m]
	}
	return fmt.Sprintf("Mod(%d)", uint16(m))
}

// Space is the state space that the modifier names, or Generic.
func (m Mod) Space() Space {
	switch m {
	case ModConst:
		return ConstSpace
	case ModGlobal:
		return GlobalSpace
	case ModLocal:
		return LocalSpace
	case ModParam:
		return ParamSpace
	case ModShared:
		return SharedSpace
	case ModSharedCTA:
		return SharedCTA
	case ModSharedCluster:
		return SharedCluster
	case ModParamEntry:
		return ParamEntry
	case ModParamFunc:
		return ParamFunc
	}
	return Generic
}

// Shape is the matrix shape that the modifier names (.m16n8k16 gives 16, 8, 16; .m8n8 gives 8, 8, 0), or zeros.
func (m Mod) Shape() (rows, cols, depth int) {
	if m < ModM8N8 || m > ModM16N8K256 {
		return 0, 0, 0
	}
	s := modNames[m]
	if strings.Contains(s, "k") {
		_, _ = fmt.Sscanf(s, "m%dn%dk%d", &rows, &cols, &depth)
	} else {
		_, _ = fmt.Sscanf(s, "m%dn%d", &rows, &cols)
	}
	return rows, cols, depth
}

// String is the instruction's name.
func (o Op) String() string {
	if o < numOps {
		return opNames[o]
	}
	return fmt.Sprintf("Op(%d)", uint8(o))
}
