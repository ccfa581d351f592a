package arith

import "fmt"

// An Op is an operation of a selector. The same Op serves integers and floats where PTX uses one
// mnemonic for both.
type Op uint8

// The operations. Mul is the floating point product; MulLo, MulHi and MulWide the integer ones.
// BfindShift is bfind.shiftamt. Fma is fma and mad of floats.
const (
	Mov Op = iota + 1
	Abs
	Neg
	Not
	CNot
	Popc
	Clz
	Brev
	Bfind
	BfindShift
	Rcp
	Sqrt

	Add
	Sub
	Mul
	MulLo
	MulHi
	MulWide
	Mul24Lo
	Mul24Hi
	Div
	Rem
	Min
	Max
	And
	Or
	Xor
	Shl
	Shr
	Copysign
	Bmsk
	Szext

	Fma
	MadLo
	MadHi
	MadWide
	Mad24Lo
	Mad24Hi
	Sad
	Bfe
	ShfL
	ShfR
)

var opNames = [...]string{
	Mov: "mov", Abs: "abs", Neg: "neg", Not: "not", CNot: "cnot", Popc: "popc", Clz: "clz", Brev: "brev",
	Bfind: "bfind", BfindShift: "bfind.shiftamt", Rcp: "rcp", Sqrt: "sqrt", Add: "add", Sub: "sub", Mul: "mul",
	MulLo: "mul.lo", MulHi: "mul.hi", MulWide: "mul.wide", Mul24Lo: "mul24.lo", Mul24Hi: "mul24.hi", Div: "div",
	Rem: "rem", Min: "min", Max: "max", And: "and", Or: "or", Xor: "xor", Shl: "shl", Shr: "shr",
	Copysign: "copysign", Bmsk: "bmsk", Szext: "szext", Fma: "fma", MadLo: "mad.lo", MadHi: "mad.hi",
	MadWide: "mad.wide", Mad24Lo: "mad24.lo", Mad24Hi: "mad24.hi", Sad: "sad", Bfe: "bfe", ShfL: "shf.l",
	ShfR: "shf.r",
}

// String is the mnemonic.
func (op Op) String() string {
	if int(op) < len(opNames) && opNames[op] != "" {
		return opNames[op]
	}
	return fmt.Sprintf("op(%d)", uint8(op))
}

// packs reports whether the operation on a packed type is that on its halves.
func (op Op) packs() bool {
	switch op {
	case Abs, Neg, Add, Sub, Mul, Min, Max, Fma:
		return true
	}
	return false
}

// Unary selects an operation with one operand: Mov, Abs, Neg, Not, CNot, Popc, Clz, Brev, Bfind and
// BfindShift on integers, Mov, Abs, Neg, Rcp and Sqrt (both rounded as IEEE 754 asks) on floats.
// The counts of Popc, Clz and Bfind are u32 whatever the operand's type. Packed types are computed
// half by half.
func Unary(op Op, t Type, o Options) (func(a uint64) uint64, error) {
	var f unaryFunc
	switch lane := t.Lane(); {
	case t.Bits() == 0:
	case op == Mov:
		mask := t.mask()
		f = func(a uint64) uint64 { return a & mask }
		return f, nil
	case lane.isInt():
		f = unaryInt(op, lane)
	case lane.isFloat():
		f = unaryFloat(op, lane, o)
	}
	if f == nil || t.Lane() != t && !op.packs() {
		return nil, unsupported(op, t, o)
	}
	if t.Lane() != t {
		return func(a uint64) uint64 { return f(a&0xffff) | f(a>>16&0xffff)<<16 }, nil
	}
	return f, nil
}

// Binary selects an operation with two operands, from Add to Szext in the order of the constants.
// The shift amount of Shl and Shr and both operands of Bmsk and Szext are u32; Div of floats is
// rounded as IEEE 754 asks ([ApproxDiv] is the other). Packed types are computed half by half.
func Binary(op Op, t Type, o Options) (func(a, b uint64) uint64, error) {
	var f binaryFunc
	switch lane := t.Lane(); {
	case lane.isInt():
		f = binaryInt(op, lane, o)
	case lane.isFloat():
		f = binaryFloat(op, lane, o)
	}
	if f == nil || t.Lane() != t && !op.packs() {
		return nil, unsupported(op, t, o)
	}
	if t.Lane() != t {
		return func(a, b uint64) uint64 {
			return f(a&0xffff, b&0xffff) | f(a>>16&0xffff, b>>16&0xffff)<<16
		}, nil
	}
	return f, nil
}

// Ternary selects an operation with three operands: Fma and three-input Min and Max on floats,
// MadLo to ShfR on integers. c of MadWide has twice the width of t, and so has the result. Packed
// types are computed half by half.
func Ternary(op Op, t Type, o Options) (func(a, b, c uint64) uint64, error) {
	var f ternaryFunc
	switch lane := t.Lane(); {
	case lane.isInt():
		f = ternaryInt(op, lane, o)
	case lane.isFloat():
		f = ternaryFloat(op, lane, o)
	}
	if f == nil || t.Lane() != t && !op.packs() {
		return nil, unsupported(op, t, o)
	}
	if t.Lane() != t {
		return func(a, b, c uint64) uint64 {
			return f(a&0xffff, b&0xffff, c&0xffff) | f(a>>16&0xffff, b>>16&0xffff, c>>16&0xffff)<<16
		}, nil
	}
	return f, nil
}
