package exec

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// An aluCase is an instruction, or a few, on x, y and z, and what the 64-bit result is. Operands are
// named by width: %x16, %x32, %x64, %xf (f32), %xd (f64); the result is %d16, %d32, %d64, %df, %dd
// or %dp.
type aluCase struct {
	text string
	want func(x, y, z uint64) uint64
}

func f32(x uint64) float32    { return math.Float32frombits(uint32(x)) }
func bits32(x float32) uint64 { return uint64(math.Float32bits(x)) }
func f64(x uint64) float64    { return math.Float64frombits(x) }
func choose(p bool, a, b uint64) uint64 {
	if p {
		return a
	}
	return b
}

var aluCases = []aluCase{
	{"add.u32 %d32, %x32, %y32;", func(x, y, _ uint64) uint64 { return uint64(uint32(x + y)) }},
	{"add.s64 %d64, %x64, %y64;", func(x, y, _ uint64) uint64 { return x + y }},
	{"add.u16 %d16, %x16, %y16;", func(x, y, _ uint64) uint64 { return uint64(uint16(x + y)) }},
	{"add.s32 %d32, %x32, -7;", func(x, _, _ uint64) uint64 { return uint64(uint32(x) - 7) }},
	{"add.s64 %d64, %x64, -7;", func(x, _, _ uint64) uint64 { return x - 7 }},
	{"sub.u32 %d32, %x32, %y32;", func(x, y, _ uint64) uint64 { return uint64(uint32(x - y)) }},
	{"sub.s64 %d64, %x64, %y64;", func(x, y, _ uint64) uint64 { return x - y }},
	{"mul.lo.s32 %d32, %x32, %y32;", func(x, y, _ uint64) uint64 { return uint64(uint32(x) * uint32(y)) }},
	{"mul.hi.u32 %d32, %x32, %y32;", func(x, y, _ uint64) uint64 { return uint64(uint32(x)) * uint64(uint32(y)) >> 32 }},
	{"mul.hi.s32 %d32, %x32, %y32;", func(x, y, _ uint64) uint64 {
		return uint64(uint32(int64(int32(x)) * int64(int32(y)) >> 32))
	}},
	{"mul.wide.u32 %d64, %x32, %y32;", func(x, y, _ uint64) uint64 { return uint64(uint32(x)) * uint64(uint32(y)) }},
	{"mul.wide.s32 %d64, %x32, %y32;", func(x, y, _ uint64) uint64 { return uint64(int64(int32(x)) * int64(int32(y))) }},
	{"mul.wide.s16 %d32, %x16, %y16;", func(x, y, _ uint64) uint64 { return uint64(uint32(int32(int16(x)) * int32(int16(y)))) }},
	{"mul.lo.u64 %d64, %x64, %y64;", func(x, y, _ uint64) uint64 { return x * y }},
	{"mul.hi.u64 %d64, %x64, %y64;", func(x, y, _ uint64) uint64 { h, _ := bits.Mul64(x, y); return h }},
	{"mad.lo.u32 %d32, %x32, %y32, %z32;", func(x, y, z uint64) uint64 { return uint64(uint32(x)*uint32(y) + uint32(z)) }},
	{"mad.wide.u32 %d64, %x32, %y32, %z64;", func(x, y, z uint64) uint64 { return uint64(uint32(x))*uint64(uint32(y)) + z }},
	{"mad.lo.s64 %d64, %x64, %y64, %z64;", func(x, y, z uint64) uint64 { return x*y + z }},
	{"div.u32 %d32, %x32, 17;", func(x, _, _ uint64) uint64 { return uint64(uint32(x) / 17) }},
	{"div.s32 %d32, %x32, -17;", func(x, _, _ uint64) uint64 { return uint64(uint32(int32(x) / -17)) }},
	{"rem.u64 %d64, %x64, 1000003;", func(x, _, _ uint64) uint64 { return x % 1000003 }},
	{"min.s32 %d32, %x32, %y32;", func(x, y, _ uint64) uint64 { return uint64(uint32(min(int32(x), int32(y)))) }},
	{"max.u32 %d32, %x32, %y32;", func(x, y, _ uint64) uint64 { return uint64(max(uint32(x), uint32(y))) }},
	{"min.u16 %d16, %x16, %y16;", func(x, y, _ uint64) uint64 { return uint64(min(uint16(x), uint16(y))) }},
	{"max.s64 %d64, %x64, %y64;", func(x, y, _ uint64) uint64 { return uint64(max(int64(x), int64(y))) }},
	{"abs.s32 %d32, %x32;", func(x, _, _ uint64) uint64 { return uint64(max(int32(x), -int32(x))) }},
	{"neg.s32 %d32, %x32;", func(x, _, _ uint64) uint64 { return uint64(-uint32(x)) }},
	{"sad.u32 %d32, %x32, %y32, %z32;", func(x, y, z uint64) uint64 {
		return uint64(max(uint32(x), uint32(y)) - min(uint32(x), uint32(y)) + uint32(z))
	}},
	{"and.b32 %d32, %x32, %y32;", func(x, y, _ uint64) uint64 { return uint64(uint32(x & y)) }},
	{"or.b64 %d64, %x64, %y64;", func(x, y, _ uint64) uint64 { return x | y }},
	{"xor.b16 %d16, %x16, %y16;", func(x, y, _ uint64) uint64 { return uint64(uint16(x ^ y)) }},
	{"not.b32 %d32, %x32;", func(x, _, _ uint64) uint64 { return uint64(^uint32(x)) }},
	{"not.b16 %d16, %x16;", func(x, _, _ uint64) uint64 { return uint64(^uint16(x)) }},
	{"cnot.b32 %d32, %x32;", func(x, _, _ uint64) uint64 { return choose(uint32(x) == 0, 1, 0) }},
	{"shl.b32 %d32, %x32, 5;", func(x, _, _ uint64) uint64 { return uint64(uint32(x) << 5) }},
	{"shl.b64 %d64, %x64, %y32;", func(x, y, _ uint64) uint64 { return x << uint32(y) }},
	{"shr.u32 %d32, %x32, %y32;", func(x, y, _ uint64) uint64 { return uint64(uint32(x) >> uint32(y)) }},
	{"shr.s32 %d32, %x32, 3;", func(x, _, _ uint64) uint64 { return uint64(uint32(int32(x) >> 3)) }},
	{"shr.s64 %d64, %x64, 40;", func(x, _, _ uint64) uint64 { return uint64(int64(x) >> 40) }},
	{"shr.s16 %d16, %x16, 3;", func(x, _, _ uint64) uint64 { return uint64(uint16(int16(x) >> 3)) }},
	{"shf.l.wrap.b32 %d32, %x32, %y32, 9;", func(x, y, _ uint64) uint64 { return uint64(uint32(y)<<9 | uint32(x)>>23) }},
	{"shf.r.clamp.b32 %d32, %x32, %y32, 9;", func(x, y, _ uint64) uint64 { return uint64(uint32(y)<<23 | uint32(x)>>9) }},
	{"popc.b64 %d32, %x64;", func(x, _, _ uint64) uint64 { return uint64(bits.OnesCount64(x)) }},
	{"clz.b32 %d32, %x32;", func(x, _, _ uint64) uint64 { return uint64(bits.LeadingZeros32(uint32(x))) }},
	{"brev.b64 %d64, %x64;", func(x, _, _ uint64) uint64 { return bits.Reverse64(x) }},
	{"bfind.u32 %d32, %x32;", func(x, _, _ uint64) uint64 { return uint64(uint32(bits.Len32(uint32(x)) - 1)) }},
	{"bfind.shiftamt.u32 %d32, %x32;", func(x, _, _ uint64) uint64 {
		return choose(uint32(x) == 0, 0xffffffff, uint64(bits.LeadingZeros32(uint32(x))))
	}},
	{"bfe.u32 %d32, %x32, 5, 11;", func(x, _, _ uint64) uint64 { return x >> 5 & (1<<11 - 1) }},
	{"bfi.b32 %d32, %x32, %y32, 7, 9;", func(x, y, _ uint64) uint64 {
		return uint64(uint32(y)&^(511<<7) | uint32(x)&511<<7)
	}},
	{"lop3.b32 %d32, %x32, %y32, %z32, 0x96;", func(x, y, z uint64) uint64 { return uint64(uint32(x ^ y ^ z)) }},
	{"lop3.b32 %d32, %x32, %y32, %z32, 0x40;", func(x, y, z uint64) uint64 { return uint64(uint32(x & y &^ z)) }},
	{"prmt.b32 %d32, %x32, %y32, 0x5410;", func(x, y, _ uint64) uint64 { return uint64(uint32(x)&0xffff | uint32(y)<<16) }},
	{"dp4a.u32.u32 %d32, %x32, %y32, %z32;", func(x, y, z uint64) uint64 {
		s := uint32(z)
		for i := 0; i < 32; i += 8 {
			s += uint32(x>>i&255) * uint32(y>>i&255)
		}
		return uint64(s)
	}},
	{"add.cc.u32 %d32, %x32, %y32; addc.u32 %d32, %z32, 0;", func(x, y, z uint64) uint64 {
		return uint64(uint32(z) + uint32((uint64(uint32(x))+uint64(uint32(y)))>>32))
	}},
	{"sub.cc.u32 %d32, %x32, %y32; subc.u32 %d32, %z32, 0;", func(x, y, z uint64) uint64 {
		return uint64(uint32(z) - uint32(choose(uint32(x) < uint32(y), 1, 0)))
	}},
	{"mad.lo.cc.u32 %d32, %x32, %y32, %z32; madc.hi.u32 %d32, %x32, %y32, 0;", func(x, y, z uint64) uint64 {
		return (uint64(uint32(x))*uint64(uint32(y)) + uint64(uint32(z))) >> 32
	}},
	{"add.f32 %df, %xf, %yf;", func(x, y, _ uint64) uint64 { return bits32(f32(x) + f32(y)) }},
	{"sub.f32 %df, %xf, %yf;", func(x, y, _ uint64) uint64 { return bits32(f32(x) - f32(y)) }},
	{"mul.f32 %df, %xf, 0f40400000;", func(x, _, _ uint64) uint64 { return bits32(f32(x) * 3) }},
	{"mul.f32 %df, %xf, 0.5;", func(x, _, _ uint64) uint64 { return bits32(f32(x) * 0.5) }},
	{"fma.rn.f64 %dd, %xd, %yd, %zd;", func(x, y, z uint64) uint64 { return math.Float64bits(math.FMA(f64(x), f64(y), f64(z))) }},
	{"mul.f64 %dd, %xd, %yd;", func(x, y, _ uint64) uint64 { return math.Float64bits(f64(x) * f64(y)) }},
	{"div.rn.f32 %df, %xf, %yf;", func(x, y, _ uint64) uint64 { return bits32(f32(x) / f32(y)) }},
	{"min.f32 %df, %xf, %yf;", func(x, y, _ uint64) uint64 { return bits32(min(f32(x), f32(y))) }},
	{"min.NaN.f32 %df, %xf, 0f7FC00000;", func(_, _, _ uint64) uint64 { return 0x7fffffff }},
	{"max.f32 %df, %xf, 0f7FC00000;", func(x, _, _ uint64) uint64 { return uint64(uint32(x)) }},
	{"neg.f32 %df, %xf;", func(x, _, _ uint64) uint64 { return uint64(uint32(x) ^ 1<<31) }},
	{"abs.f32 %df, %xf;", func(x, _, _ uint64) uint64 { return uint64(uint32(x) &^ (1 << 31)) }},
	{"copysign.f32 %df, %xf, %yf;", func(x, y, _ uint64) uint64 { return uint64(uint32(x)&(1<<31) | uint32(y)&^(1<<31)) }},
	{"sqrt.rn.f64 %dd, %xd;", func(x, _, _ uint64) uint64 { return math.Float64bits(math.Sqrt(f64(x))) }},
	{"ex2.approx.f32 %df, 0f40400000;", func(_, _, _ uint64) uint64 { return bits32(8) }},
	{"rcp.approx.f32 %df, 0f40800000;", func(_, _, _ uint64) uint64 { return bits32(0.25) }},
	{"setp.lt.s32 %dp, %x32, %y32;", func(x, y, _ uint64) uint64 { return choose(int32(x) < int32(y), 1, 0) }},
	{"setp.gt.u32 %dp, %x32, %y32;", func(x, y, _ uint64) uint64 { return choose(uint32(x) > uint32(y), 1, 0) }},
	{"setp.ge.s32 %dp, %x32, 5;", func(x, _, _ uint64) uint64 { return choose(int32(x) >= 5, 1, 0) }},
	{"setp.ls.u32 %dp, %x32, %y32;", func(x, y, _ uint64) uint64 { return choose(uint32(x) <= uint32(y), 1, 0) }},
	{"setp.ne.b32 %dp, %x32, %x32;", func(_, _, _ uint64) uint64 { return 0 }},
	{"setp.lt.s64 %dp, %x64, %y64;", func(x, y, _ uint64) uint64 { return choose(int64(x) < int64(y), 1, 0) }},
	{"setp.lt.s16 %dp, %x16, %y16;", func(x, y, _ uint64) uint64 { return choose(int16(x) < int16(y), 1, 0) }},
	{"setp.gtu.f32 %dp, %xf, %yf;", func(x, y, _ uint64) uint64 { return choose(!(f32(x) <= f32(y)), 1, 0) }},
	{"setp.le.f64 %dp, %xd, %yd;", func(x, y, _ uint64) uint64 { return choose(f64(x) <= f64(y), 1, 0) }},
	{"setp.lt.and.u32 %dp, %x32, %y32, %p9;", func(x, y, z uint64) uint64 { return choose(uint32(x) < uint32(y) && z&1 == 1, 1, 0) }},
	{"setp.lt.or.u32 %dp, %x32, %y32, !%p9;", func(x, y, z uint64) uint64 { return choose(uint32(x) < uint32(y) || z&1 == 0, 1, 0) }},
	{"setp.lt.u32 %p8|%dp, %x32, %y32;", func(x, y, _ uint64) uint64 { return choose(uint32(x) >= uint32(y), 1, 0) }},
	{"setp.lt.xor.u32 %p8|%dp, %x32, %y32, %p9;", func(x, y, z uint64) uint64 { return choose((uint32(x) >= uint32(y)) != (z&1 == 1), 1, 0) }},
	{"set.lt.u32.u32 %d32, %x32, %y32;", func(x, y, _ uint64) uint64 { return choose(uint32(x) < uint32(y), 0xffffffff, 0) }},
	{"set.lt.f32.u32 %df, %x32, %y32;", func(x, y, _ uint64) uint64 { return choose(uint32(x) < uint32(y), bits32(1), 0) }},
	{"selp.b32 %d32, %x32, %y32, %p9;", func(x, y, z uint64) uint64 { return choose(z&1 == 1, uint64(uint32(x)), uint64(uint32(y))) }},
	{"selp.b64 %d64, %x64, 12, !%p9;", func(x, _, z uint64) uint64 { return choose(z&1 == 0, x, 12) }},
	{"selp.b16 %d16, %x16, %y16, %p9;", func(x, y, z uint64) uint64 { return choose(z&1 == 1, x&0xffff, y&0xffff) }},
	{"slct.b32.s32 %d32, %x32, %y32, %z32;", func(x, y, z uint64) uint64 { return choose(int32(z) >= 0, x&0xffffffff, y&0xffffffff) }},
	{"testp.infinite.f32 %dp, %xf;", func(x, _, _ uint64) uint64 { return choose(math.IsInf(float64(f32(x)), 0), 1, 0) }},
	{"and.pred %dp, %p9, %p7;", func(x, _, z uint64) uint64 { return x & z & 1 }},
	{"xor.pred %dp, %p9, !%p7;", func(x, _, z uint64) uint64 { return (x ^ z ^ 1) & 1 }},
	{"not.pred %dp, %p9;", func(_, _, z uint64) uint64 { return ^z & 1 }},
	{"mov.pred %dp, %p9;", func(_, _, z uint64) uint64 { return z & 1 }},
	{"mov.b64 %d64, {%x32, %y32};", func(x, y, _ uint64) uint64 { return x&0xffffffff | y<<32 }},
	{"mov.b32 %d32, {%x16, %y16};", func(x, y, _ uint64) uint64 { return x&0xffff | y&0xffff<<16 }},
	{"mov.b64 {%r98, %d32}, %x64;", func(x, _, _ uint64) uint64 { return x >> 32 }},
	{"mov.b64 {_, %d32}, %x64;", func(x, _, _ uint64) uint64 { return x >> 32 }},
	{"mov.b64 {%h18, %h19, %d16, %h17}, %x64;", func(x, _, _ uint64) uint64 { return x >> 32 & 0xffff }},
	{"mov.f32 %df, 1.5;", func(_, _, _ uint64) uint64 { return bits32(1.5) }},
	{"mov.u32 %d32, %laneid;", nil},
	{"cvt.u64.u32 %d64, %x32;", func(x, _, _ uint64) uint64 { return x & 0xffffffff }},
	{"cvt.s64.s32 %d64, %x32;", func(x, _, _ uint64) uint64 { return uint64(int64(int32(x))) }},
	{"cvt.u32.u64 %d32, %x64;", func(x, _, _ uint64) uint64 { return x & 0xffffffff }},
	{"cvt.s32.s16 %d32, %x16;", func(x, _, _ uint64) uint64 { return uint64(uint32(int32(int16(x)))) }},
	{"cvt.u32.u8 %d32, %x32;", func(x, _, _ uint64) uint64 { return x & 255 }},
	{"cvt.s32.s8 %d32, %x32;", func(x, _, _ uint64) uint64 { return uint64(uint32(int32(int8(x)))) }},
	{"cvt.u16.u32 %d16, %x32;", func(x, _, _ uint64) uint64 { return x & 0xffff }},
	{"cvt.sat.u8.s32 %d32, %x32;", func(x, _, _ uint64) uint64 { return uint64(min(max(int32(x), 0), 255)) }},
	{"cvt.rn.f32.s32 %df, %x32;", func(x, _, _ uint64) uint64 { return bits32(float32(int32(x))) }},
	{"cvt.rzi.s32.f32 %d32, 0fC0200000;", func(_, _, _ uint64) uint64 { return uint64(uint32(0xfffffffe)) }},
	{"cvt.f64.f32 %dd, %xf;", func(x, _, _ uint64) uint64 { return math.Float64bits(float64(f32(x))) }},
	{"cvt.rn.bf16x2.f32 %d32, 0f3F800000, 0f40000000;", func(_, _, _ uint64) uint64 { return 0x3f80<<16 | 0x4000 }},
	{"cvt.f32.f16 %df, %h16;", func(_, _, _ uint64) uint64 { return bits32(1) }},
	{"fma.rn.bf16x2 %d32, %r97, %r97, %r97;", func(_, _, _ uint64) uint64 { return 0x4000<<16 | 0x40c0 }}, // (1, 2): 1·1+1, 2·2+2
	{"cvt.pack.sat.u8.s32.b32 %d32, 300, 7, 5;", func(_, _, _ uint64) uint64 { return 5<<16 | 255<<8 | 7 }},
	{"add.u32 %d32, %x32, 1; @%p9 add.u32 %d32, %d32, 1;", func(x, _, z uint64) uint64 { return uint64(uint32(x) + 1 + uint32(z&1)) }},
	{"mov.u64 %d64, 1; @!%p9 mov.u64 %d64, %x64;", func(x, _, z uint64) uint64 { return choose(z&1 == 0, x, 1) }},
}

// aluKernel loads x, y, z and stores the result, in each of several partial masks of the warp too.
func aluKernel(text string) string {
	store := "mov.u64 %rd20, %d64;"
	for _, s := range []struct{ name, text string }{
		{"%d16", "cvt.u64.u16 %rd20, %d16;"}, {"%d32", "cvt.u64.u32 %rd20, %d32;"}, {"%df", "mov.b32 %r90, %df; cvt.u64.u32 %rd20, %r90;"},
		{"%dd", "mov.b64 %rd20, %dd;"}, {"%dp", "selp.b64 %rd20, 1, 0, %dp;"},
	} {
		if strings.Contains(text, s.name) {
			store = s.text
		}
	}
	return kernel(2, `
	.reg .b16 %x16, %y16, %z16, %d16;
	.reg .b32 %x32, %y32, %z32, %d32;
	.reg .b64 %x64, %y64, %z64, %d64;
	.reg .f32 %xf, %yf, %zf, %df;
	.reg .f64 %xd, %yd, %zd, %dd;
	.reg .pred %dp;
	mul.wide.u32 %rd1, %t, 24;
	add.s64 %rd1, %rd1, %a0;
	ld.global.u64 %x64, [%rd1];
	ld.global.u64 %y64, [%rd1+8];
	ld.global.u64 %z64, [%rd1+16];
	cvt.u16.u64 %x16, %x64; cvt.u16.u64 %y16, %y64; cvt.u16.u64 %z16, %z64;
	cvt.u32.u64 %x32, %x64; cvt.u32.u64 %y32, %y64; cvt.u32.u64 %z32, %z64;
	mov.b32 %xf, %x32; mov.b32 %yf, %y32; mov.b32 %zf, %z32;
	mov.b64 %xd, %x64; mov.b64 %yd, %y64; mov.b64 %zd, %z64;
	and.b32 %r91, %z32, 1;
	setp.ne.u32 %p9, %r91, 0;
	and.b32 %r92, %x32, 1;
	setp.ne.u32 %p7, %r92, 0;
	mov.b16 %h16, 0x3c00;
	mov.b32 %r97, 0x3f804000;
	setp.ge.u32 %p6, %t, 32;
	and.b32 %r93, %t, 5;
	setp.ne.and.u32 %p6, %r93, 0, %p6;
	@%p6 bra OUT; // the second warp with a mask
	`+text+`
	`+store+`
	mul.wide.u32 %rd21, %t, 8;
	add.s64 %rd21, %rd21, %a1;
	st.global.u64 [%rd21], %rd20;
OUT:`)
}

// TestALU holds instructions against Go's arithmetic, over full and partial warps.
func TestALU(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	const n = 64
	data := make([]uint64, 3*n)
	for i := range data {
		switch data[i] = rng.Uint64(); i % 7 {
		case 0: // small integers
			data[i] &= 63
		case 1: // floats of moderate size, as f32 and as f64
			data[i] = math.Float64bits(rng.NormFloat64())&^0xffffffff | bits32(float32(rng.NormFloat64()))
		}
		if e := data[i] >> 23 & 255; e == 255 { // no NaN: their payloads are package arith's matter
			data[i] &^= 1 << 23
		}
		if e := data[i] >> 52 & 2047; e == 2047 {
			data[i] &^= 1 << 52
		}
	}
	in := make([]byte, 8*len(data))
	for i, x := range data {
		binary.LittleEndian.PutUint64(in[8*i:], x)
	}
	for _, c := range aluCases {
		r := newRig(t, aluKernel(c.text))
		a, b := r.bytes(in), r.space(8*n)
		r.clean(1, n, a, b)
		out := r.read(b, 2*n)
		for i := range n {
			if i >= 32 && i&5 != 0 {
				continue
			}
			want := uint64(i % 32) // %laneid
			if c.want != nil {
				want = c.want(data[3*i], data[3*i+1], data[3*i+2])
			}
			got := uint64(out[2*i]) | uint64(out[2*i+1])<<32
			if isNaN(c.text, want) && isNaN(c.text, got) {
				continue
			}
			if !assert.Equal(t, fmt.Sprintf("%#x", want), fmt.Sprintf("%#x", got), "%s thread %d x %#x y %#x z %#x", c.text, i, data[3*i], data[3*i+1], data[3*i+2]) {
				break
			}
		}
	}
}

func isNaN(text string, v uint64) bool {
	return strings.Contains(text, "%dd,") && f64(v) != f64(v) || strings.Contains(text, "%df,") && f32(v) != f32(v)
}
