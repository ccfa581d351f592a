// Package arith is what PTX's instructions compute, on single values: integer, floating point and
// conversion instructions, the numerics and the fragment layouts of the matrix instructions.
//
// A value is its bit pattern, as it stands in a register: a uint64 of which the low bits count, or,
// for the functions that name their type, a uint32 or uint16. Input bits above the type's width are
// ignored and result bits above it are zero, but for [Cvt], whose results in signed types are
// sign-extended, as the ISA extends them into a wider register.
//
// The selectors ([Unary], [Binary], [Ternary], [Compare], [Cvt], …) choose a function once, when an
// instruction is decoded. They accept whatever has a meaning: which combinations a PTX version and
// a target allow is not known here. The plain functions beside them are small enough to be inlined
// in a loop over the lanes of a warp.
//
// Section numbers are those of the PTX ISA 8.8. Two things that the ISA leaves open are fixed so:
//
//   - NaN. f32 results are the canonical 0x7fffffff, f16 and bf16 results 0x7fff, as the ISA says
//     (§9.7.3, §9.7.4). f64 results take the first NaN among the operands, with its quiet bit set,
//     and 0xfff8000000000000 (CUDART_NAN of CUDA's math_constants.h) where no operand is one.
//     An f32 NaN converted to f64 keeps its payload. neg, abs and copysign change the sign bit only.
//   - .ftz. A result of add, mul, fma and div is flushed if it is subnormal before rounding, one of
//     cvt and the approximate instructions if it is after it. ptxas 12.9 folds constants so: a
//     mul.rn.ftz.f32 of (1 − 2⁻²⁴)·2⁻¹²⁶ is 0, though it rounds to the normal 2⁻¹²⁶, while
//     cvt.rn.ftz.f32.f64 of the f64 before 2⁻¹²⁶ is 2⁻¹²⁶.
package arith

import (
	"errors"
	"fmt"
)

// ErrUnsupported is wrapped by the errors of the selectors: the operation has no meaning for the
// type or with the modifiers, or it is not implemented. It must never be computed as something else.
var ErrUnsupported = errors.New("arith: not supported")

// A Type is an operand type of an instruction.
type Type uint8

// The types, as PTX spells them. B types are untyped bits. E2M1 to E5M2 are the floating point formats of 4, 6 and
// 8 bits, which occur only in pairs; those of 6 bits fill a byte each. UE8M0 is an exponent alone.
const (
	B1 Type = iota + 1
	U2
	S2
	U4
	S4
	U8
	S8
	B8
	U16
	S16
	B16
	U32
	S32
	B32
	U64
	S64
	B64
	E2M1
	E2M3
	E3M2
	E4M3
	E5M2
	F16
	BF16
	TF32
	F32
	F64
	U16x2
	S16x2
	F16x2
	BF16x2
	E4M3x2
	E5M2x2
	E2M1x2
	E2M3x2
	E3M2x2
	UE8M0x2
)

type typeInfo struct {
	name   string
	bits   int
	signed bool
	lane   Type // of a packed type, the type of each half
}

var types = [...]typeInfo{
	B1: {name: "b1", bits: 1}, U2: {name: "u2", bits: 2}, S2: {name: "s2", bits: 2, signed: true},
	U4: {name: "u4", bits: 4}, S4: {name: "s4", bits: 4, signed: true},
	U8: {name: "u8", bits: 8}, S8: {name: "s8", bits: 8, signed: true}, B8: {name: "b8", bits: 8},
	U16: {name: "u16", bits: 16}, S16: {name: "s16", bits: 16, signed: true}, B16: {name: "b16", bits: 16},
	U32: {name: "u32", bits: 32}, S32: {name: "s32", bits: 32, signed: true}, B32: {name: "b32", bits: 32},
	U64: {name: "u64", bits: 64}, S64: {name: "s64", bits: 64, signed: true}, B64: {name: "b64", bits: 64},
	E2M1: {name: "e2m1", bits: 4}, E2M3: {name: "e2m3", bits: 8}, E3M2: {name: "e3m2", bits: 8},
	E4M3: {name: "e4m3", bits: 8}, E5M2: {name: "e5m2", bits: 8},
	F16: {name: "f16", bits: 16}, BF16: {name: "bf16", bits: 16},
	TF32: {name: "tf32", bits: 32}, F32: {name: "f32", bits: 32}, F64: {name: "f64", bits: 64},
	U16x2: {name: "u16x2", bits: 32, lane: U16}, S16x2: {name: "s16x2", bits: 32, lane: S16},
	F16x2: {name: "f16x2", bits: 32, lane: F16}, BF16x2: {name: "bf16x2", bits: 32, lane: BF16},
	E4M3x2: {name: "e4m3x2", bits: 16, lane: E4M3}, E5M2x2: {name: "e5m2x2", bits: 16, lane: E5M2},
	E2M1x2: {name: "e2m1x2", bits: 8, lane: E2M1}, E2M3x2: {name: "e2m3x2", bits: 16, lane: E2M3},
	E3M2x2: {name: "e3m2x2", bits: 16, lane: E3M2}, UE8M0x2: {name: "ue8m0x2", bits: 16, lane: U8},
}

func (t Type) info() typeInfo {
	if int(t) >= len(types) {
		return typeInfo{}
	}
	return types[t]
}

// Bits is the width of a value of the type; 0 for a Type that is none.
func (t Type) Bits() int { return t.info().bits }

// Signed reports whether the type is a signed integer.
func (t Type) Signed() bool { return t.info().signed }

// Lane is the type of each half of a packed type, and the type itself otherwise.
func (t Type) Lane() Type {
	if lane := t.info().lane; lane != 0 {
		return lane
	}
	return t
}

// String is the type as PTX spells it, without the dot.
func (t Type) String() string {
	if name := t.info().name; name != "" {
		return name
	}
	return fmt.Sprintf("type(%d)", uint8(t))
}

func (t Type) isInt() bool   { return t >= U2 && t <= B64 }
func (t Type) isFloat() bool { return t >= E2M1 && t <= F64 }

// mask has the low bits that a value of the type occupies.
func (t Type) mask() uint64 { return ^uint64(0) >> (64 - uint(t.Bits())) }

// extend reads the low bits of a register as an integer of the type, sign-extended where the type
// is signed.
func (t Type) extend(a uint64) uint64 {
	unused := 64 - uint(t.Bits())
	if t.Signed() {
		return uint64(int64(a<<unused) >> unused)
	}
	return a << unused >> unused
}

// A Round is a rounding modifier (§9.7.3, §9.7.9.21 cvt).
type Round uint8

// RN is to nearest, ties to even; RZ toward zero; RM toward −∞; RP toward +∞; RNA to nearest, ties
// away from zero. The I forms round to an integer.
const (
	RN Round = iota
	RZ
	RM
	RP
	RNA
	RNI
	RZI
	RMI
	RPI
)

// String is the modifier as PTX spells it, without the dot.
func (r Round) String() string {
	names := [...]string{"rn", "rz", "rm", "rp", "rna", "rni", "rzi", "rmi", "rpi"}
	if int(r) < len(names) {
		return names[r]
	}
	return fmt.Sprintf("round(%d)", uint8(r))
}

// toInteger reports whether the mode is one of the I forms, and the direction it rounds in.
func (r Round) toInteger() (Round, bool) {
	if r >= RNI && r <= RPI {
		return r - RNI, true
	}
	return r, false
}

// Options are the modifiers of an instruction. The zero value is an instruction without any.
type Options struct {
	Round     Round
	FTZ       bool // subnormal f32 (and f16) inputs and results become zeros of their sign
	Sat       bool // integers: clamp to the type; floats: clamp to [0, 1], NaN becomes +0
	SatFinite bool // clamp to the largest finite value
	Relu      bool // negative results become +0, NaN the canonical NaN
	NaN       bool // min, max: NaN if any input is NaN
	XorSign   bool // min, max: the sign is the product of the signs; with Abs
	Abs       bool // min, max: of the magnitudes
	Wrap      bool // shf, bmsk, szext: the amount modulo 32, not clamped to it
}

// Signatures of what the selectors return.
type (
	unaryFunc   = func(a uint64) uint64
	binaryFunc  = func(a, b uint64) uint64
	ternaryFunc = func(a, b, c uint64) uint64
	compareFunc = func(a, b uint64) bool
)

func unsupported(op fmt.Stringer, t Type, o Options) error {
	return fmt.Errorf("%w: %v.%v with %+v", ErrUnsupported, op, t, o)
}
