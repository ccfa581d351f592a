package arith

import (
	"math/big"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestShifts(t *testing.T) {
	rng := newRand(t)
	for _, typ := range []Type{B16, U16, S16, B32, U32, S32, B64, U64, S64} {
		left, err := Binary(Shl, typ, Options{})
		require.NoError(t, err)
		right, err := Binary(Shr, typ, Options{})
		require.NoError(t, err)
		for range 3000 {
			a, n := randomInt(rng), uint32(rng.IntN(80))
			if rng.IntN(10) == 0 {
				n = rng.Uint32()
			}
			clamped := min(n, uint32(typ.Bits())) // "amounts greater than the register width are clamped"
			amount := uint64(n) | garbage<<32
			require.Equal(t, low(new(big.Int).Lsh(bigOf(typ, a), uint(clamped)), typ.Bits()), left(a, amount), "shl.%v %#x %d", typ, a, n)
			require.Equal(t, low(new(big.Int).Rsh(bigOf(typ, a), uint(clamped)), typ.Bits()), right(a, amount), "shr.%v %#x %d", typ, a, n)
			switch typ {
			case B32:
				require.EqualValues(t, left(a, amount), Shl32(uint32(a), n))
				require.EqualValues(t, right(a, amount), ShrU32(uint32(a), n))
			case S32:
				require.EqualValues(t, right(a, amount), ShrS32(uint32(a), n))
			case U64:
				require.Equal(t, left(a, amount), Shl64(a, n))
				require.Equal(t, right(a, amount), ShrU64(a, n))
			case S64:
				require.Equal(t, right(a, amount), ShrS64(a, n))
			}
		}
	}
}

// TestFunnelShift shifts the 64-bit value {b, a} as §9.7.8.7 says.
func TestFunnelShift(t *testing.T) {
	rng := newRand(t)
	for range 5000 {
		a, b, c := rng.Uint32(), rng.Uint32(), uint32(rng.IntN(70))
		joined := new(big.Int).SetUint64(uint64(b)<<32 | uint64(a))
		for _, wrap := range []bool{false, true} {
			n := uint(min(c, 32))
			if wrap {
				n = uint(c % 32)
			}
			left := new(big.Int).Rsh(new(big.Int).Lsh(joined, n), 32)
			right := new(big.Int).Rsh(joined, n)
			f, err := Ternary(ShfL, B32, Options{Wrap: wrap})
			require.NoError(t, err)
			g, err := Ternary(ShfR, B32, Options{Wrap: wrap})
			require.NoError(t, err)
			require.Equal(t, low(left, 32), f(uint64(a), uint64(b), uint64(c)), "shf.l wrap %t %d", wrap, c)
			require.Equal(t, low(right, 32), g(uint64(a), uint64(b), uint64(c)), "shf.r wrap %t %d", wrap, c)
		}
	}
}

// TestBitFields runs the loops of §9.7.1.19 and §9.7.1.20 over every position and length.
func TestBitFields(t *testing.T) {
	rng := newRand(t)
	for _, typ := range []Type{U32, S32, U64, S64} {
		f, err := Ternary(Bfe, typ, Options{})
		require.NoError(t, err)
		msb := typ.Bits() - 1
		for pos := range 256 {
			for length := range 256 {
				if pos > 66 && length > 66 && (pos+length)%31 != 0 {
					continue
				}
				a, b := rng.Uint64(), rng.Uint64()
				bit := func(x uint64, i int) uint64 { return x >> i & 1 }
				var sign, want uint64
				if typ.Signed() && length != 0 {
					sign = bit(a, min(pos+length-1, msb))
				}
				inserted := b & typ.mask()
				for i := 0; i <= msb; i++ {
					x := sign
					if i < length && pos+i <= msb {
						x = bit(a, pos+i)
						inserted = inserted&^(1<<(pos+i)) | bit(a, i)<<(pos+i)
					}
					want |= x << i
				}
				amount := [2]uint64{uint64(pos) | 0x4200, uint64(length) | 0x1700} // only 8 bits count
				require.Equal(t, want, f(a, amount[0], amount[1]), "bfe.%v %#x %d %d", typ, a, pos, length)
				p, n := uint32(amount[0]), uint32(amount[1])
				switch typ {
				case U32:
					require.EqualValues(t, want, BfeU32(uint32(a), p, n))
					require.EqualValues(t, inserted, Bfi32(uint32(a), uint32(b), p, n), "bfi.b32 %#x %#x %d %d", a, b, pos, length)
				case S32:
					require.EqualValues(t, want, BfeS32(uint32(a), p, n))
				case U64:
					require.Equal(t, inserted, Bfi64(a, b, p, n), "bfi.b64 %#x %#x %d %d", a, b, pos, length)
				}
			}
		}
	}
}

// TestFns has the ISA's examples (§9.7.1.17) and its loop.
func TestFns(t *testing.T) {
	const minusOne = 0xffffffff
	assert.EqualValues(t, 3, Fns(0xaaaaaaaa, 3, 1))
	assert.EqualValues(t, 3, Fns(0xaaaaaaaa, 3, minusOne))
	assert.EqualValues(t, 3, Fns(0xaaaaaaaa, 2, 1))
	assert.EqualValues(t, 1, Fns(0xaaaaaaaa, 2, minusOne))
	rng := newRand(t)
	for range 20_000 {
		mask, base, offset := rng.Uint32(), rng.IntN(32), rng.IntN(70)-35
		want := uint32(minusOne)
		if offset == 0 {
			if mask>>base&1 == 1 {
				want = uint32(base)
			}
		} else {
			inc, count := 1, offset-1
			if offset < 0 {
				inc, count = -1, -offset-1
			}
			for pos := base; pos >= 0 && pos < 32; pos += inc {
				if mask>>pos&1 == 1 {
					if count == 0 {
						want = uint32(pos)
						break
					}
					count--
				}
			}
		}
		require.Equal(t, want, Fns(mask, uint32(base), uint32(offset)), "%#x %d %d", mask, base, offset)
	}
	assert.EqualValues(t, uint32(minusOne), Fns(minusOne, 40, minusOne))
	assert.EqualValues(t, uint32(minusOne), Fns(minusOne, 0, 0x80000000))
}

// TestMasks is the semantics of bmsk and szext, with the ISA's examples (§9.7.1.22, §9.7.1.21).
func TestMasks(t *testing.T) {
	assert.EqualValues(t, 6, Bmsk32(1, 2, true))
	assert.EqualValues(t, 0, Szext32(0xffffffff, 0, false, true))
	rng := newRand(t)
	for range 6000 {
		a, b, v := uint32(rng.IntN(70)), uint32(rng.IntN(70)), rng.Uint32()
		if rng.IntN(20) == 0 {
			b = rng.Uint32()
		}
		for _, wrap := range []bool{false, true} {
			a1, b1 := a&31, b&31
			mask0, mask1 := ^uint32(0)<<a1, ^uint32(0)<<(a1+b1)
			overflow := a1+b1 >= 32
			if !wrap {
				if a >= 32 {
					overflow, mask0 = true, 0
				}
				overflow = overflow || b >= 32
			}
			if overflow {
				mask1 = 0
			} else if b1 == 0 {
				mask1 = ^uint32(0)
			}
			require.Equal(t, mask0&^mask1, Bmsk32(a, b, wrap), "bmsk %d %d wrap %t", a, b, wrap)
			for _, typ := range []Type{U32, S32} {
				tooLarge := b >= 32 && !wrap
				mask := ^uint32(0) << b1
				if tooLarge {
					mask = 0
				}
				want := v &^ mask
				if b1 != 0 && !tooLarge && typ == S32 && v>>((b1-1)&31)&1 == 1 {
					want |= mask
				}
				require.Equal(t, want, Szext32(v, b, typ == S32, wrap), "szext.%v %#x %d wrap %t", typ, v, b, wrap)
				f, err := Binary(Szext, typ, Options{Wrap: wrap})
				require.NoError(t, err)
				require.EqualValues(t, want, f(uint64(v), uint64(b)))
			}
			f, err := Binary(Bmsk, B32, Options{Wrap: wrap})
			require.NoError(t, err)
			require.EqualValues(t, mask0&^mask1, f(uint64(a), uint64(b)))
		}
	}
}

// TestLop3 computes each table as the ISA does (§9.7.8.6), from 0xF0, 0xCC and 0xAA.
func TestLop3(t *testing.T) {
	const a, b, c = 0x0f0f1234, 0x33339abc, 0x5555def0
	for lut, want := range map[uint8]uint32{
		0x80: a & b & c, 0xfe: a | b | c, 0x40: a & b &^ c, 0x1a: (a&b | c) ^ a, 0x96: a ^ b ^ c, 0x00: 0,
		0xff: 0xffffffff, 0xf0: a, 0xcc: b, 0xaa: c, 0xe8: a&b | a&c | b&c, 0xca: a&b | ^uint32(a)&c,
	} {
		assert.Equal(t, want, Lop3(lut)(a, b, c), "lut %#x", lut)
	}
	for lut := range 256 {
		f := Lop3(uint8(lut))
		assert.EqualValues(t, lut, f(0xf0, 0xcc, 0xaa)&255, "the table of the table")
	}
}

// TestPrmt has the byte tables of §9.7.9.7, from the most significant byte down, and examples of the
// generic mode (CUB's PRMT and the ISA's replicated sign).
func TestPrmt(t *testing.T) {
	const a, b = 0x83828180, 0x07060504
	generic := Prmt(PrmtGeneric)
	assert.EqualValues(t, 0x07050301, generic(0x03020100, 0x07060504, 0x7531))
	assert.EqualValues(t, uint32(0xff00ff82), generic(a, b, 0x8c92), "signs of b0, b4, b1; byte 2")
	tables := map[PrmtMode][4]string{
		PrmtF4E: {"3210", "4321", "5432", "6543"}, PrmtB4E: {"5670", "6701", "7012", "0123"},
		PrmtRC8: {"0000", "1111", "2222", "3333"}, PrmtECL: {"3210", "3211", "3222", "3333"},
		PrmtECR: {"0000", "1110", "2210", "3210"}, PrmtRC16: {"1010", "3232", "1010", "3232"},
	}
	source := []uint32{0x80, 0x81, 0x82, 0x83, 4, 5, 6, 7}
	for mode, rows := range tables {
		f := Prmt(mode)
		for c, row := range rows {
			var want uint32
			for _, digit := range row {
				want = want<<8 | source[digit-'0']
			}
			assert.Equal(t, want, f(a, b, uint32(c)|uint32(garbage)&^3), "mode %d c %d", mode, c)
		}
	}
}

func TestPackedDotProducts(t *testing.T) {
	rng := newRand(t)
	extend := func(x uint32, width uint, signed bool) int64 {
		v := int64(x & (1<<width - 1))
		if signed && v>>(width-1) == 1 {
			v -= 1 << width
		}
		return v
	}
	for range 5000 {
		a, b, c := rng.Uint32(), rng.Uint32(), rng.Uint32()
		for mode := range 8 {
			sa, sb, hi := mode&1 != 0, mode&2 != 0, mode&4 != 0
			want4, want2 := int64(c), int64(c)
			for i := range 4 {
				want4 += extend(a>>(8*i), 8, sa) * extend(b>>(8*i), 8, sb)
			}
			selected := b
			if hi {
				selected = b >> 16
			}
			for i := range 2 {
				want2 += extend(a>>(16*i), 16, sa) * extend(selected>>(8*i), 8, sb)
			}
			require.Equal(t, uint32(want4), Dp4a(a, b, c, sa, sb))
			require.Equal(t, uint32(want2), Dp2a(a, b, c, hi, sa, sb))
		}
	}
}
