package exec

import (
	"math/bits"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// warpResult runs a body for one warp; it leaves its result in %r50 of each lane. x of lane l is
// 3l + 1.
func warpResult(t *testing.T, body string, block int) []uint32 {
	t.Helper()
	r := newRig(t, kernel(1, `
	mad.lo.u32 %r1, %t, 3, 1;
	and.b32 %r2, %t, 1;
	setp.ne.u32 %p1, %r2, 0; // odd lanes
	setp.lt.u32 %p2, %t, 40;
	mov.u32 %r50, 0xdead;
	`+body+`
	add.s64 %rd1, %a0, %o;
	st.global.u32 [%rd1], %r50;`))
	out := r.space(4 * block)
	r.clean(1, block, out)
	return r.read(out, block)
}

func TestWarpInstructions(t *testing.T) {
	x := func(l int) uint32 { return uint32(3*l + 1) }
	for _, c := range []struct {
		body string
		want func(l int) uint32
	}{
		{"shfl.sync.bfly.b32 %r50, %r1, 5, 31, -1;", func(l int) uint32 { return x(l ^ 5) }},
		{"shfl.sync.idx.b32 %r50, %r1, 7, 31, -1;", func(int) uint32 { return x(7) }},
		{"shfl.sync.up.b32 %r50, %r1, 1, 0, -1;", func(l int) uint32 { return x(max(l-1, 0)) }},
		{"shfl.sync.down.b32 %r50, %r1, 2, 31, -1;", func(l int) uint32 {
			if l+2 > 31 {
				return x(l)
			}
			return x(l + 2)
		}},
		// Segments of 8 lanes: the mask in bits 8 to 12 of c is 0b11000.
		{"shfl.sync.idx.b32 %r50, %r1, 3, 0x181f, -1;", func(l int) uint32 { return x(l&^7 | 3) }},
		{"shfl.sync.down.b32 %r50, %r1, 1, 0x1807, -1;", func(l int) uint32 {
			if l%8 == 7 {
				return x(l)
			}
			return x(l + 1)
		}},
		{"shfl.sync.up.b32 %r50|%p3, %r1, 1, 0x1800, -1; selp.b32 %r50, %r50, 0, %p3;", func(l int) uint32 {
			if l%8 == 0 {
				return 0
			}
			return x(l - 1)
		}},
		{"shfl.sync.bfly.b32 %r50, %r1, %t, 31, -1;", func(int) uint32 { return x(0) }},
		{"vote.sync.ballot.b32 %r50, %p1, -1;", func(int) uint32 { return 0xaaaaaaaa }},
		{"vote.sync.ballot.b32 %r50, !%p1, -1;", func(int) uint32 { return 0x55555555 }},
		{"vote.sync.any.pred %p3, %p1, -1; selp.b32 %r50, 1, 0, %p3;", func(int) uint32 { return 1 }},
		{"vote.sync.all.pred %p3, %p1, -1; selp.b32 %r50, 1, 0, %p3;", func(int) uint32 { return 0 }},
		{"vote.sync.all.pred %p3, %p2, -1; selp.b32 %r50, 1, 0, %p3;", func(int) uint32 { return 1 }},
		{"vote.sync.uni.pred %p3, %p1, -1; selp.b32 %r50, 1, 0, %p3;", func(int) uint32 { return 0 }},
		{"shr.u32 %r3, %t, 2; match.any.sync.b32 %r50, %r3, -1;", func(l int) uint32 { return 15 << (l &^ 3) }},
		{"match.all.sync.b32 %r50|%p3, 7, -1; @!%p3 mov.u32 %r50, 5;", func(int) uint32 { return 0xffffffff }},
		{"match.all.sync.b32 %r50|%p3, %t, -1; @%p3 mov.u32 %r50, 5;", func(int) uint32 { return 0 }},
		{"redux.sync.add.u32 %r50, %r1, -1;", func(int) uint32 { return 3*31*16 + 32 }},
		{"redux.sync.max.s32 %r50, %r1, -1;", func(int) uint32 { return x(31) }},
		{"redux.sync.xor.b32 %r50, %t, -1;", func(int) uint32 { return 0 }},
		{"activemask.b32 %r50;", func(int) uint32 { return 0xffffffff }},
		{"@%p1 activemask.b32 %r50;", func(l int) uint32 {
			if l&1 == 0 {
				return 0xdead
			}
			return 0xaaaaaaaa
		}},
		{"elect.sync %r50|%p3, -1; @%p3 mov.u32 %r50, 99;", func(l int) uint32 {
			if l == 0 {
				return 99
			}
			return 0
		}},
		// Halves with masks of their own, in one instruction.
		{"setp.lt.u32 %p4, %t, 16; selp.b32 %r3, 0xffff, 0xffff0000, %p4; redux.sync.min.u32 %r50, %r1, %r3;", func(l int) uint32 { return x(l &^ 15) }},
		// In a branch, with the mask of the branch.
		{"@!%p1 bra E; redux.sync.add.u32 %r50, 1, 0xaaaaaaaa;\nE:", func(l int) uint32 {
			if l&1 == 0 {
				return 0xdead
			}
			return 16
		}},
		{"mov.u32 %r50, %lanemask_lt;", func(l int) uint32 { return 1<<l - 1 }},
		{"mov.u32 %r50, %lanemask_ge;", func(l int) uint32 { return ^uint32(0) << l }},
		{"mov.u32 %r3, %ntid.x; mov.u32 %r4, %nctaid.x; mad.lo.u32 %r50, %r3, 10, %r4;", func(int) uint32 { return 321 }},
		{"mov.u32 %r50, WARP_SZ;", func(int) uint32 { return 32 }},
		// Different warps synchronise in the two sides of a branch at different places.
		{"@%p1 bra A; bar.warp.sync -1; mov.u32 %r50, 1; bra E;\nA: bar.warp.sync -1; mov.u32 %r50, 2;\nE:", func(l int) uint32 { return uint32(1 + l&1) }},
	} {
		got := warpResult(t, c.body, 32)
		want := make([]uint32, 32)
		for l := range want {
			want[l] = c.want(l)
		}
		assert.Equal(t, want, got, c.body)
	}
}

// TestPartialWarp has lanes that do not exist in the member mask of all.
func TestPartialWarp(t *testing.T) {
	got := warpResult(t, "redux.sync.add.u32 %r50, 1, -1;", 45)
	for l, v := range got {
		want := uint32(32)
		if l >= 32 {
			want = 13
		}
		assert.Equal(t, want, v)
	}
}

func TestControlFlow(t *testing.T) {
	for _, c := range []struct {
		name, body string
		want       func(l int) uint32
	}{
		{"nested branches", `
	setp.lt.u32 %p3, %t, 16;
	@%p3 bra A;
	add.u32 %r50, %t, 1000;
	bra JOIN;
A:	@%p1 bra B;
	add.u32 %r50, %t, 2000;
	bra INNER;
B:	add.u32 %r50, %t, 3000;
INNER: shfl.sync.bfly.b32 %r50, %r50, 1, 31, 0xffff;
JOIN: shfl.sync.bfly.b32 %r50, %r50, 16, 31, -1;`, func(l int) uint32 {
			switch k := l ^ 16; {
			case k >= 16:
				return uint32(k + 1000)
			case k&1 == 0:
				return uint32(k ^ 1 + 3000)
			default:
				return uint32(k ^ 1 + 2000)
			}
		}},
		{"loop with a different count in each lane", `
	mov.u32 %r50, 0;
	mov.u32 %r3, 0;
LOOP: setp.gt.u32 %p3, %r3, %t;
	@%p3 bra DONE;
	add.u32 %r50, %r50, %r3;
	add.u32 %r3, %r3, 1;
	bra LOOP;
DONE: shfl.sync.idx.b32 %r4, %r50, 31, 31, -1; add.u32 %r50, %r50, %r4;`, func(l int) uint32 { return uint32(l*(l+1)/2 + 31*16) }},
		{"early exit before a barrier", `
	setp.eq.u32 %p3, %t, 3;
	@%p3 st.global.u32 [%a0+12], 7;
	@%p3 bra RETURN;
	bar.sync 0;
	vote.sync.ballot.b32 %r50, %p2, 0xfffffff7;
	add.s64 %rd1, %a0, %o;
	st.global.u32 [%rd1], %r50;
RETURN: ret;`, func(l int) uint32 {
			if l == 3 {
				return 7
			}
			return 0xfffffff7
		}},
		{"guarded exit", `
	add.s64 %rd1, %a0, %o;
	st.global.u32 [%rd1], 5;
	@%p1 exit;
	activemask.b32 %r50;`, func(l int) uint32 {
			if l&1 == 1 {
				return 5
			}
			return 0x55555555
		}},
		{"table of branches", `
	and.b32 %r3, %t, 3;
T: .branchtargets A, B, C, A;
	brx.idx %r3, T;
A:	mov.u32 %r50, 10;
	bra E;
B:	mov.u32 %r50, 20;
C:	add.u32 %r50, %r50, 1;
E:	redux.sync.add.u32 %r4, 1, -1;
	add.u32 %r50, %r50, %r4;`, func(l int) uint32 { return [4]uint32{42, 53, 0xdead + 33, 42}[l&3] }},
		{"trap that no lane reaches", `
	setp.gt.u32 %p3, %t, 100;
	@%p3 bra BAD;
	@%p1 bra ODD;
	mov.u32 %r50, 1;
	bra J;
ODD: setp.gt.u32 %p3, %r1, 1000;
	@%p3 bra BAD;
	mov.u32 %r50, 2;
J:	vote.sync.ballot.b32 %r3, %p2, -1;
	add.u32 %r50, %r50, %r3;
	bra OUT;
BAD: trap;
OUT:`, func(l int) uint32 { return uint32(l&1) + 0 }},
		{"loop that ends in the middle, and goes on in it", `
	mov.u32 %r3, 0;
	mov.u32 %r50, 0;
L:	add.u32 %r3, %r3, 1;
	and.b32 %r4, %r3, 1;
	setp.eq.u32 %p3, %r4, 0;
	@%p3 bra NEXT;
	add.u32 %r50, %r50, %r3;
	setp.gt.u32 %p4, %r50, %t;
	@%p4 bra OUT2;
NEXT: setp.lt.u32 %p3, %r3, 100;
	@%p3 bra L;
OUT2: bar.warp.sync -1;`, func(l int) uint32 {
			s := 0
			for i := 1; ; i += 2 { // squares
				if s += i; s > l {
					return uint32(s)
				}
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := warpResult(t, c.body, 32)
			want := make([]uint32, 32)
			for l := range want {
				want[l] = c.want(l)
			}
			assert.Equal(t, want, got)
		})
	}
}

const functions = header + `
.func (.reg .u32 %res) square(.reg .u32 %x)
{
	mul.lo.u32 %res, %x, %x;
	ret;
}
.func (.param .b32 out) sum(.param .b64 pair, .param .align 4 .b8 st[8])
{
	.reg .b64 %rd<3>; .reg .b32 %r<5>; .reg .pred %p;
	ld.param.b64 %rd1, [pair];
	cvt.u32.u64 %r1, %rd1;
	ld.param.b32 %r2, [st+4];
	add.u32 %r3, %r1, %r2;
	setp.gt.u32 %p, %r1, 15;
	@%p bra BIG;
	st.param.b32 [out], %r3;
	ret;
BIG: add.u32 %r3, %r3, 1000;
	st.param.b32 [out], %r3;
	ret;
}
.func (.reg .u32 %res) factorial(.reg .u32 %n)
{
	.reg .pred %p; .reg .b32 %m, %s; .local .align 4 .b8 keep[4]; .reg .b64 %a;
	setp.le.u32 %p, %n, 1;
	@%p bra ONE;
	mov.u64 %a, keep;
	st.local.u32 [%a], %n;
	sub.u32 %m, %n, 1;
	call (%s), factorial, (%m);
	ld.local.u32 %n, [%a];
	mul.lo.u32 %res, %s, %n;
	ret;
ONE: mov.u32 %res, 1;
	ret;
}
.func (.reg .u32 %res) twice(.reg .u32 %x)
{
	add.u32 %res, %x, %x;
	ret;
}
.visible .entry k(.param .u64 p0)
{
	.reg .b32 %r<20>, %t; .reg .b64 %rd<10>; .reg .pred %p<4>;
	mov.u32 %t, %tid.x;
	ld.param.u64 %rd1, [p0];
	mul.wide.u32 %rd2, %t, 16;
	add.s64 %rd1, %rd1, %rd2;
	call (%r1), square, (%t);
	st.global.u32 [%rd1], %r1;
	{
		.param .b64 a; .param .align 4 .b8 b[8]; .param .b32 c;
		cvt.u64.u32 %rd3, %t;
		st.param.b64 [a], %rd3;
		st.param.b32 [b], 1;
		st.param.b32 [b+4], 100;
		call.uni (c), sum, (a, b);
		ld.param.b32 %r2, [c];
	}
	st.global.u32 [%rd1+4], %r2;
	and.b32 %r3, %t, 7;
	call (%r4), factorial, (%r3);
	st.global.u32 [%rd1+8], %r4;
	setp.lt.u32 %p1, %t, 9;
	mov.u64 %rd4, square;
	mov.u64 %rd5, twice;
	selp.b64 %rd6, %rd4, %rd5, %p1;
P: .callprototype (.reg .u32 _) _ (.reg .u32 _);
	mov.u32 %r5, 12345;
	setp.ne.u32 %p2, %t, 20;
	@%p2 call (%r5), %rd6, (%t), P;
	bar.warp.sync -1;
	st.global.u32 [%rd1+12], %r5;
	ret;
}
`

func TestCalls(t *testing.T) {
	r := newRig(t, functions)
	out := r.space(16 * 32)
	r.clean(1, 32, out)
	got := r.read(out, 128)
	for l := range 32 {
		sum, f := uint32(l+100), uint32(1)
		if l > 15 {
			sum += 1000
		}
		for i := 2; i <= l&7; i++ {
			f *= uint32(i)
		}
		indirect := uint32(2 * l)
		if l < 9 {
			indirect = uint32(l * l)
		}
		if l == 20 {
			indirect = 12345
		}
		require.Equal(t, []uint32{uint32(l * l), sum, f, indirect}, got[4*l:4*l+4], "lane %d", l)
	}
}

// TestRecursionLimit has a function that calls itself for ever.
func TestRecursionLimit(t *testing.T) {
	r := newRig(t, header+`
.func down()
{
	.local .align 16 .b8 v[256];
	.reg .b64 %a;
	mov.u64 %a, v;
	st.local.u32 [%a], 1;
	call down;
	ret;
}
.visible .entry k() { call down; ret; }`)
	res := r.run(1, 32)
	require.Len(t, res.Findings, 1)
	require.Equal(t, StackOverflow, res.Findings[0].Kind)
}

// TestStackOfCalls has an entry with variables of 100 KiB, which its bound is not for, and a function with 1,000 bytes.
func TestStackOfCalls(t *testing.T) {
	r := newRig(t, header+`
.func once()
{
	.local .align 8 .b8 v[1000];
	st.local.u32 [v], 1;
	ret;
}
.visible .entry k()
{
	.local .align 8 .b8 v[102400];
	st.local.u32 [v], 1;
	call once;
	ret;
}`)
	r.launch.Stack = 1008 + callBytes
	r.clean(1, 32)
	r.launch.Stack--
	err := r.run(1, 32).Err()
	require.ErrorContains(t, err, "stack overflow: the call of once, nested 1 deep, takes 1040 bytes of local memory of a thread, and 1040 with the calls around it; calls have 1039")
}

// TestSpinLock has the lanes of a warp contend for a lock, which only independent scheduling of
// lanes resolves.
func TestSpinLock(t *testing.T) {
	r := newRig(t, kernel(1, `
AGAIN:
	atom.global.acquire.gpu.cas.b32 %r1, [%a0], 0, 1;
	setp.ne.u32 %p1, %r1, 0;
	@%p1 bra AGAIN;
	ld.relaxed.gpu.global.u32 %r2, [%a0+4];
	add.u32 %r2, %r2, 1;
	st.relaxed.gpu.global.u32 [%a0+4], %r2;
	membar.gl;
	atom.global.release.gpu.exch.b32 %r3, [%a0], 0;
`))
	a := r.words(0, 0)
	r.clean(2, 64, a)
	require.Equal(t, uint32(128), r.read(a, 2)[1])
}

func TestGridBarrier(t *testing.T) {
	// Each block publishes a value and waits for all others, more blocks than there are workers.
	r := newRig(t, kernel(2, `
	mov.u32 %r1, %ctaid.x;
	mul.wide.u32 %rd1, %r1, 4;
	add.s64 %rd2, %rd1, %a1;
	st.global.u32 [%rd2], %r1;
	membar.gl;
	atom.global.add.u32 %r2, [%a0], 1;
WAIT: ld.volatile.global.u32 %r3, [%a0];
	setp.lt.u32 %p1, %r3, 6;
	@%p1 bra WAIT;
	membar.gl;
	xor.b32 %r4, %r1, 1;
	mul.wide.u32 %rd3, %r4, 4;
	add.s64 %rd3, %rd3, %a1;
	ld.global.u32 %r5, [%rd3];
	st.global.u32 [%rd2+64], %r5;`))
	r.launch.Workers = 2
	a, b := r.words(0), r.space(128)
	r.clean(6, 1, a, b)
	require.Equal(t, []uint32{1, 0, 3, 2, 5, 4}, r.read(b+64, 6))
}

func TestShuffleOfISA(t *testing.T) {
	// Inclusive prefix sum by the ISA's example (§9.7.9.6).
	got := warpResult(t, `
	mov.u32 %r50, %t;
	shfl.sync.up.b32 %r3|%p3, %r50, 1, 0, -1; @%p3 add.u32 %r50, %r3, %r50;
	shfl.sync.up.b32 %r3|%p3, %r50, 2, 0, -1; @%p3 add.u32 %r50, %r3, %r50;
	shfl.sync.up.b32 %r3|%p3, %r50, 4, 0, -1; @%p3 add.u32 %r50, %r3, %r50;
	shfl.sync.up.b32 %r3|%p3, %r50, 8, 0, -1; @%p3 add.u32 %r50, %r3, %r50;
	shfl.sync.up.b32 %r3|%p3, %r50, 16, 0, -1; @%p3 add.u32 %r50, %r3, %r50;`, 32)
	for l, v := range got {
		assert.Equal(t, uint32(l*(l+1)/2), v)
	}
	_ = bits.Len
}

// TestFunctionAddresses has a table of functions among the variables, and a structure as an argument
// that is indexed.
func TestFunctionAddresses(t *testing.T) {
	r := newRig(t, header+`
.visible .func (.param .b32 out) triple(.param .b32 x)
{
	.reg .b32 %r<3>;
	ld.param.u32 %r1, [x];
	mul.lo.u32 %r2, %r1, 3;
	st.param.b32 [out], %r2;
	ret;
}
.visible .func (.param .b32 out) more(.param .b32 x)
{
	.reg .b32 %r<3>;
	ld.param.u32 %r1, [x];
	add.u32 %r2, %r1, 100;
	st.param.b32 [out], %r2;
	ret;
}
.visible .global .align 8 .u64 table[2] = {triple, more};
.func (.param .b32 out) pick(.param .align 4 .b8 st[16], .param .b32 i)
{
	.reg .b32 %r<3>; .reg .b64 %rd<4>;
	mov.b64 %rd1, st;
	ld.param.u32 %r1, [i];
	mul.wide.u32 %rd2, %r1, 4;
	add.s64 %rd3, %rd1, %rd2;
	ld.param.u32 %r2, [%rd3];
	st.param.b32 [out], %r2;
	ret;
}
.visible .entry k(.param .u64 p0)
{
	.reg .b32 %r<9>, %t; .reg .b64 %rd<9>;
	mov.u32 %t, %tid.x;
	and.b32 %r1, %t, 1;
	mul.wide.u32 %rd1, %r1, 8;
	mov.u64 %rd2, table;
	add.s64 %rd2, %rd2, %rd1;
	ld.global.u64 %rd3, [%rd2];
	{
		.param .b32 a; .param .b32 o;
		st.param.b32 [a], %t;
P: .callprototype (.param .b32 _) _ (.param .b32 _);
		call (o), %rd3, (a), P;
		ld.param.b32 %r2, [o];
	}
	and.b32 %r3, %t, 3;
	{
		.param .align 4 .b8 s[16]; .param .b32 i; .param .b32 o;
		st.param.b32 [s], 7;
		st.param.b32 [s+4], 77;
		st.param.b32 [s+8], 777;
		st.param.b32 [s+12], %t;
		st.param.b32 [i], %r3;
		call.uni (o), pick, (s, i);
		ld.param.b32 %r4, [o];
	}
	ld.param.u64 %rd4, [p0];
	mul.wide.u32 %rd5, %t, 8;
	add.s64 %rd4, %rd4, %rd5;
	st.global.v2.u32 [%rd4], {%r2, %r4};
	ret;
}`)
	out := r.space(256)
	r.clean(1, 32, out)
	got := r.read(out, 64)
	for l := range uint32(32) {
		called, picked := 3*l, [4]uint32{7, 77, 777, l}[l&3]
		if l&1 == 1 {
			called = l + 100
		}
		require.Equal(t, []uint32{called, picked}, got[2*l:2*l+2])
	}
}
