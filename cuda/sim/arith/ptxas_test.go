package arith

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPtxasConstants has what ptxas 12.9.86 (-arch=sm_90) makes of instructions with constant
// operands, read from the SASS. (Its folding is no truth for add.f32: differences that are ties it
// rounds to odd.)
func TestPtxasConstants(t *testing.T) {
	unary := func(op Op, typ Type, o Options, a uint64) uint64 {
		f, err := Unary(op, typ, o)
		require.NoError(t, err)
		return f(a)
	}
	binary := func(op Op, typ Type, o Options, a, b uint64) uint64 {
		f, err := Binary(op, typ, o)
		require.NoError(t, err)
		return f(a, b)
	}
	ternary := func(op Op, typ Type, a, b, c uint64, o Options) uint64 {
		f, err := Ternary(op, typ, o)
		require.NoError(t, err)
		return f(a, b, c)
	}
	cvt := func(dst, src Type, r Round, a uint64) uint64 { return cvtOf(t, dst, src, Options{Round: r})(a) }
	approx := func(op ApproxOp, a uint64) uint64 { return approxOf(t, op, F32, false)(a, 0) }
	for name, x := range map[string][2]uint64{
		"add.sat.f32 −0, −0":            {binary(Add, F32, Options{Sat: true}, 0x80000000, 0x80000000), 0},
		"add.sat.f32 −1, −0":            {binary(Add, F32, Options{Sat: true}, 0xbf800000, 0x80000000), 0},
		"cvt.sat.f32.f32 −0":            {cvtOf(t, F32, F32, Options{Sat: true})(0x80000000), 0},
		"add.rn.f32 −1, 1":              {binary(Add, F32, Options{}, 0xbf800000, 0x3f800000), 0},
		"mul.rn.f32":                    {binary(Mul, F32, Options{}, 0x3f7fffff, 0x80800000), 0x80800000},
		"mul.rn.ftz.f32":                {binary(Mul, F32, Options{FTZ: true}, 0x3f7fffff, 0x80800000), 0x80000000},
		"min.f32 +0, −0":                {binary(Min, F32, Options{}, 0, 0x80000000), 0x80000000},
		"max.f32 −0, +0":                {binary(Max, F32, Options{}, 0x80000000, 0), 0},
		"cvt.rn.f32.f64":                {cvt(F32, F64, RN, 0x380fffffffffffff), 0x00800000},
		"cvt.f64.f32 of a NaN":          {cvt(F64, F32, RN, 0x7f800001), 0x7ff8000020000000},
		"cvt.rna.tf32.f32":              {cvt(TF32, F32, RNA, 0x3f801000), 0x3f802000},
		"cvt.rn.bf16.f32 of a NaN":      {cvt(BF16, F32, RN, 0xffc00000), 0x7fff},
		"cvt.rn.f16.f32 of a NaN":       {cvt(F16, F32, RN, 0xffc00000), 0x7fff},
		"cvt.rni.f32.f32 −0.5":          {cvt(F32, F32, RNI, 0xbf000000), 0x80000000},
		"cvt.rni.f32.f32 2.5":           {cvt(F32, F32, RNI, 0x40200000), 0x40000000},
		"cvt.rni.u32.f32 −1":            {cvt(U32, F32, RNI, 0xbf800000), 0},
		"cvt.rzi.s32.f32 3e9":           {cvt(S32, F32, RZI, 0x4f32d05e), 0x7fffffff},
		"cvt.rzi.u16.f32 70000":         {cvt(U16, F32, RZI, 0x4788b800), 0xffff},
		"cvt.sat.s8.s32 300":            {cvtOf(t, S8, S32, Options{Sat: true})(300), 127},
		"cvt.s8.s32 200":                {cvt(S8, S32, RN, 200) & 0xffffffff, 0xffffffc8},
		"rcp.approx.f32 3":              {approx(ApproxRcp, 0x40400000), 0x3eaaaaab},
		"ex2.approx.f32 0.3":            {approx(ApproxEx2, 0x3e99999a), 0x3f9d9624},
		"lg2.approx.f32 1":              {approx(ApproxLg2, 0x3f800000), 0},
		"sin.approx.f32 1":              {approx(ApproxSin, 0x3f800000), 0x3f576aa4},
		"div.u32 5, 0":                  {binary(Div, U32, Options{}, 5, 0), 0xffffffff},
		"rem.u32 5, 0":                  {binary(Rem, U32, Options{}, 5, 0), 0xffffffff},
		"bfind.u32 0":                   {unary(Bfind, U32, Options{}, 0), 0xffffffff},
		"bfind.shiftamt.s32 −5":         {unary(BfindShift, S32, Options{}, 0xfffffffb), 29},
		"fns.b32 0xaaaaaaaa, 2, −1":     {uint64(Fns(0xaaaaaaaa, 2, 0xffffffff)), 1},
		"bfe.s32 0x80000000, 20, 40":    {ternary(Bfe, S32, 0x80000000, 20, 40, Options{}), 0xfffff800},
		"bfe.s32 0x80000000, 40, 4":     {ternary(Bfe, S32, 0x80000000, 40, 4, Options{}), 0xffffffff},
		"bfi.b32 0xff, 0, 28, 8":        {uint64(Bfi32(0xff, 0, 28, 8)), 0xf0000000},
		"shf.l.clamp.b32 by 40":         {ternary(ShfL, B32, 0x12345678, 0x9abcdef0, 40, Options{}), 0x12345678},
		"shf.r.wrap.b32 by 36":          {ternary(ShfR, B32, 0x12345678, 0x9abcdef0, 36, Options{Wrap: true}), 0x01234567},
		"mul24.hi.s32 0x00800000, 3":    {binary(Mul24Hi, S32, Options{}, 0x00800000, 3), 0xfffffe80},
		"shl.b32 0xff, 40":              {binary(Shl, B32, Options{}, 0xff, 40), 0},
		"shr.s32 0x80000000, 40":        {binary(Shr, S32, Options{}, 0x80000000, 40), 0xffffffff},
		"set.lt.f32.f32 2, 8 gives 1.0": {SetValue(F32, true), 0x3f800000},
	} {
		assert.Equal(t, x[1], x[0], "%s: %#x", name, x[0])
	}
}
