package arith

import (
	"fmt"
	"math/big"
	"math/bits"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// bigOf is a register read as an integer of the type, by its definition: the low bits, less 2^width
// if the top one of a signed type is set.
func bigOf(t Type, a uint64) *big.Int {
	width := uint(t.Bits())
	x := new(big.Int).SetUint64(a)
	x.And(x, maskOf(width))
	if t.Signed() && x.Bit(int(width)-1) == 1 {
		x.Sub(x, new(big.Int).Lsh(bigOne, width))
	}
	return x
}

func maskOf(width uint) *big.Int {
	m := new(big.Int).Lsh(bigOne, width)
	return m.Sub(m, bigOne)
}

// low is the low bits of an integer, in two's complement.
func low(x *big.Int, width int) uint64 { return new(big.Int).And(x, maskOf(uint(width))).Uint64() }

// limitsOf are MININT and MAXINT.
func limitsOf(t Type) (least, most *big.Int) {
	width := uint(t.Bits())
	if !t.Signed() {
		return new(big.Int), maskOf(width)
	}
	return new(big.Int).Neg(new(big.Int).Lsh(bigOne, width-1)), maskOf(width - 1)
}

func clampBig(t Type, x *big.Int) *big.Int {
	least, most := limitsOf(t)
	switch {
	case x.Cmp(least) < 0:
		return least
	case x.Cmp(most) > 0:
		return most
	}
	return x
}

func hiOf(x *big.Int, width int) *big.Int { return new(big.Int).Rsh(x, uint(width)) }

func low24(t Type, a uint64) *big.Int {
	x := new(big.Int).SetUint64(a & 0xffffff)
	if t.Signed() && x.Bit(23) == 1 {
		x.Sub(x, big.NewInt(1<<24))
	}
	return x
}

var intTypes = []Type{U16, S16, U32, S32, U64, S64}

// TestIntArithmetic compares the integer instructions with integers of any size.
func TestIntArithmetic(t *testing.T) {
	rng := newRand(t)
	// A result is given by its value and, where it is not the type's, its width.
	type formula func(typ Type, a, b, c *big.Int) (*big.Int, int)
	z := func() *big.Int { return new(big.Int) }
	binary := map[Op]formula{
		Add:   func(typ Type, a, b, _ *big.Int) (*big.Int, int) { return z().Add(a, b), 0 },
		Sub:   func(typ Type, a, b, _ *big.Int) (*big.Int, int) { return z().Sub(a, b), 0 },
		MulLo: func(typ Type, a, b, _ *big.Int) (*big.Int, int) { return z().Mul(a, b), 0 },
		MulHi: func(typ Type, a, b, _ *big.Int) (*big.Int, int) { return hiOf(z().Mul(a, b), typ.Bits()), 0 },
		MulWide: func(typ Type, a, b, _ *big.Int) (*big.Int, int) {
			return z().Mul(a, b), 2 * typ.Bits()
		},
		Div: func(typ Type, a, b, _ *big.Int) (*big.Int, int) {
			if b.Sign() == 0 {
				return big.NewInt(-1), 0
			}
			return z().Quo(a, b), 0
		},
		Rem: func(typ Type, a, b, _ *big.Int) (*big.Int, int) {
			if b.Sign() == 0 {
				return big.NewInt(-1), 0
			}
			return z().Rem(a, b), 0
		},
		Min: func(typ Type, a, b, _ *big.Int) (*big.Int, int) {
			if a.Cmp(b) < 0 {
				return a, 0
			}
			return b, 0
		},
		Max: func(typ Type, a, b, _ *big.Int) (*big.Int, int) {
			if a.Cmp(b) > 0 {
				return a, 0
			}
			return b, 0
		},
		And: func(typ Type, a, b, _ *big.Int) (*big.Int, int) { return z().And(a, b), 0 },
		Or:  func(typ Type, a, b, _ *big.Int) (*big.Int, int) { return z().Or(a, b), 0 },
		Xor: func(typ Type, a, b, _ *big.Int) (*big.Int, int) { return z().Xor(a, b), 0 },
	}
	ternary := map[Op]formula{
		MadLo: func(typ Type, a, b, c *big.Int) (*big.Int, int) { return z().Add(z().Mul(a, b), c), 0 },
		MadHi: func(typ Type, a, b, c *big.Int) (*big.Int, int) {
			return z().Add(hiOf(z().Mul(a, b), typ.Bits()), c), 0
		},
		Sad: func(typ Type, a, b, c *big.Int) (*big.Int, int) { return z().Add(z().Abs(z().Sub(a, b)), c), 0 },
	}
	unary := map[Op]formula{
		Abs: func(typ Type, a, _, _ *big.Int) (*big.Int, int) { return z().Abs(a), 0 },
		Neg: func(typ Type, a, _, _ *big.Int) (*big.Int, int) { return z().Neg(a), 0 },
		Not: func(typ Type, a, _, _ *big.Int) (*big.Int, int) { return z().Not(a), 0 },
	}
	for _, typ := range intTypes {
		check := func(op Op, want formula, f func(a, b, c uint64) uint64) {
			for range 3000 {
				a, b, c := randomInt(rng), randomInt(rng), randomInt(rng)
				x, width := want(typ, bigOf(typ, a), bigOf(typ, b), bigOf(typ, c))
				if width == 0 {
					width = typ.Bits()
				}
				require.Equal(t, low(x, width), f(a, b, c), "%v.%v %#x %#x %#x", op, typ, a, b, c)
			}
		}
		for op, want := range unary {
			f, err := Unary(op, typ, Options{})
			require.NoError(t, err)
			check(op, want, func(a, _, _ uint64) uint64 { return f(a) })
		}
		for op, want := range binary {
			f, err := Binary(op, typ, Options{})
			if op == MulWide && typ.Bits() == 64 {
				require.ErrorIs(t, err, ErrUnsupported)
				continue
			}
			require.NoError(t, err)
			check(op, want, func(a, b, _ uint64) uint64 { return f(a, b) })
		}
		for op, want := range ternary {
			f, err := Ternary(op, typ, Options{})
			require.NoError(t, err)
			check(op, want, f)
		}
		if typ.Bits() < 64 {
			f, err := Ternary(MadWide, typ, Options{})
			require.NoError(t, err)
			for range 1000 {
				a, b, c := randomInt(rng), randomInt(rng), randomInt(rng)
				want := z().Add(z().Mul(bigOf(typ, a), bigOf(typ, b)), z().SetUint64(c))
				require.Equal(t, low(want, 2*typ.Bits()), f(a, b, c), "mad.wide.%v", typ)
			}
		}
	}
}

// TestIntSaturation covers .sat, .relu and the 24-bit products, which have few types.
func TestIntSaturation(t *testing.T) {
	rng := newRand(t)
	z := func() *big.Int { return new(big.Int) }
	sat := func(x *big.Int) uint64 { return low(clampBig(S32, x), 32) }
	add, _ := Binary(Add, S32, Options{Sat: true})
	sub, _ := Binary(Sub, S32, Options{Sat: true})
	mad, _ := Ternary(MadHi, S32, Options{Sat: true})
	mad24, _ := Ternary(Mad24Hi, S32, Options{Sat: true})
	maxRelu, _ := Binary(Max, S32, Options{Relu: true})
	minRelu, _ := Binary(Min, S16x2, Options{Relu: true})
	for range 20_000 {
		a, b, c := randomInt(rng), randomInt(rng), randomInt(rng)
		x, y, w := bigOf(S32, a), bigOf(S32, b), bigOf(S32, c)
		require.Equal(t, sat(z().Add(x, y)), add(a, b))
		require.Equal(t, sat(z().Sub(x, y)), sub(a, b))
		require.Equal(t, sat(z().Add(hiOf(z().Mul(x, y), 32), w)), mad(a, b, c))
		product24 := z().Mul(low24(S32, a), low24(S32, b))
		require.Equal(t, sat(z().Add(hiOf(product24, 16), w)), mad24(a, b, c), "%#x %#x %#x", a, b, c)
		require.Equal(t, uint64(max(int32(a), int32(b), 0)), maxRelu(a, b))
		lo, hi := max(min(int16(a), int16(b)), 0), max(min(int16(a>>16), int16(b>>16)), 0)
		require.Equal(t, uint64(hi)<<16|uint64(lo), minRelu(a, b))
		for _, typ := range []Type{U32, S32} {
			product := z().Mul(low24(typ, a), low24(typ, b))
			for op, want := range map[Op]*big.Int{Mul24Lo: product, Mul24Hi: hiOf(product, 16)} {
				f, err := Binary(op, typ, Options{})
				require.NoError(t, err)
				require.Equal(t, low(want, 32), f(a, b), "%v.%v", op, typ)
				g, err := Ternary(op-Mul24Lo+Mad24Lo, typ, Options{})
				require.NoError(t, err)
				require.Equal(t, low(z().Add(want, z().SetUint64(c)), 32), g(a, b, c), "mad24 %v.%v", op, typ)
			}
		}
	}
	for _, typ := range []Type{U16, S16, U32, U64, S64} {
		_, err := Binary(Add, typ, Options{Sat: true})
		assert.ErrorIs(t, err, ErrUnsupported, "add.sat.%v", typ)
	}
	addPair, err := Binary(Add, U16x2, Options{})
	require.NoError(t, err)
	assert.EqualValues(t, 0x00010000, addPair(0xffffffff, 0x00020001), "no carry between the halves")
}

// TestCarry adds and multiplies numbers of 128 bits in steps, as §9.7.2's examples do.
func TestCarry(t *testing.T) {
	rng := newRand(t)
	word := func(x *big.Int, i, width int) uint64 {
		return low(new(big.Int).Rsh(x, uint(i*width)), width)
	}
	for range 5000 {
		x := new(big.Int).SetUint64(randomInt(rng))
		x.Lsh(x, 64).Add(x, new(big.Int).SetUint64(randomInt(rng)))
		y := new(big.Int).SetUint64(randomInt(rng))
		y.Lsh(y, 64).Add(y, new(big.Int).SetUint64(randomInt(rng)))
		sum, difference := new(big.Int).Add(x, y), new(big.Int).Sub(x, y)
		var c, b uint32
		for i := range 4 {
			var d uint32
			d, c = AddCarry32(uint32(word(x, i, 32)), uint32(word(y, i, 32)), c)
			require.EqualValues(t, word(sum, i, 32), d)
			d, b = SubBorrow32(uint32(word(x, i, 32)), uint32(word(y, i, 32)), b)
			require.EqualValues(t, word(difference, i, 32), d)
		}
		var c64, b64 uint64
		for i := range 2 {
			var d uint64
			d, c64 = AddCarry64(word(x, i, 64), word(y, i, 64), c64)
			require.Equal(t, word(sum, i, 64), d)
			d, b64 = SubBorrow64(word(x, i, 64), word(y, i, 64), b64)
			require.Equal(t, word(difference, i, 64), d)
		}
		require.EqualValues(t, sum.Bit(128), c64)
		require.Equal(t, difference.Sign() < 0, b64 == 1)
		for _, hi := range []bool{false, true} {
			for _, signed := range []bool{false, true} {
				a, b, c, cf := rng.Uint64(), rng.Uint64(), rng.Uint64(), rng.Uint64N(2)
				for _, typ := range []Type{U32, U64} {
					if signed {
						typ++
					}
					p := new(big.Int).Mul(bigOf(typ, a), bigOf(typ, b))
					if hi {
						p = hiOf(p, typ.Bits())
					}
					half := low(p, typ.Bits())
					want := new(big.Int).SetUint64(half)
					want.Add(want, new(big.Int).SetUint64(low(new(big.Int).SetUint64(c), typ.Bits())))
					want.Add(want, new(big.Int).SetUint64(cf))
					var d, carry uint64
					if typ.Bits() == 32 {
						x, y := MadCarry32(uint32(a), uint32(b), uint32(c), uint32(cf), hi, signed)
						d, carry = uint64(x), uint64(y)
					} else {
						d, carry = MadCarry64(a, b, c, cf, hi, signed)
					}
					require.Equal(t, low(want, typ.Bits()), d, "%v hi %t", typ, hi)
					require.EqualValues(t, want.Bit(typ.Bits()), carry, "%v hi %t", typ, hi)
				}
			}
		}
	}
}

func TestIncDec(t *testing.T) {
	assert.EqualValues(t, 4, Inc32(3, 5))
	assert.EqualValues(t, 0, Inc32(5, 5))
	assert.EqualValues(t, 0, Inc32(9, 5))
	assert.EqualValues(t, 2, Dec32(3, 5))
	assert.EqualValues(t, 5, Dec32(0, 5))
	assert.EqualValues(t, 5, Dec32(9, 5))
}

// TestCounts is popc, clz, brev, cnot and bfind against bits and the semantics of §9.7.1.16.
func TestCounts(t *testing.T) {
	rng := newRand(t)
	for _, typ := range []Type{B32, B64, U32, S32, U64, S64} {
		width := typ.Bits()
		f := map[Op]func(uint64) uint64{}
		for _, op := range []Op{Popc, Clz, Brev, CNot, Bfind, BfindShift} {
			g, err := Unary(op, typ, Options{})
			require.NoError(t, err)
			f[op] = g
		}
		for range 3000 {
			a := randomInt(rng)
			if rng.IntN(20) == 0 {
				a = []uint64{0, ^uint64(0)}[rng.IntN(2)]
			}
			x := a & (^uint64(0) >> (64 - uint(width)))
			reversed := uint64(0)
			for i := range width {
				reversed |= x >> i & 1 << (width - 1 - i)
			}
			require.EqualValues(t, bits.OnesCount64(x), f[Popc](a))
			require.EqualValues(t, width-bits.Len64(x), f[Clz](a))
			require.Equal(t, reversed, f[Brev](a))
			require.Equal(t, x == 0, f[CNot](a) == 1)
			if typ.Signed() && x>>(width-1) == 1 {
				x = ^x & (^uint64(0) >> (64 - uint(width)))
			}
			want, shift := uint64(0xffffffff), uint64(0xffffffff)
			for i := width - 1; i >= 0; i-- {
				if x>>i&1 == 1 {
					want, shift = uint64(i), uint64(width-1-i)
					break
				}
			}
			require.Equal(t, want, f[Bfind](a), "bfind.%v %#x", typ, a)
			require.Equal(t, shift, f[BfindShift](a), "bfind.shiftamt.%v %#x", typ, a)
		}
	}
}

func TestErrorsNameTheOperation(t *testing.T) {
	_, err := Binary(Popc, U32, Options{})
	require.ErrorIs(t, err, ErrUnsupported)
	assert.Contains(t, err.Error(), "popc.u32")
	_, err = Unary(Sqrt, S32, Options{})
	assert.ErrorIs(t, err, ErrUnsupported)
	_, err = Ternary(Fma, U32, Options{})
	assert.ErrorIs(t, err, ErrUnsupported)
	_, err = Unary(Neg, TF32, Options{})
	assert.ErrorIs(t, err, ErrUnsupported)
	assert.Equal(t, "op(200)", fmt.Sprint(Op(200)))
	assert.Equal(t, "type(0)", fmt.Sprint(Type(0)))
	assert.Equal(t, "cmp(0)", fmt.Sprint(Cmp(0)))
	assert.Equal(t, "approx(99)", fmt.Sprint(ApproxOp(99)))
	assert.Equal(t, "round(77)", fmt.Sprint(Round(77)))
}
