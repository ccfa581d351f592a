package exec

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBarrierReductions(t *testing.T) {
	r := newRig(t, kernel(1, `
	setp.lt.u32 %p1, %t, 70;
	bar.red.popc.u32 %r1, 0, %p1;
	barrier.red.popc.u32 %r2, 3, !%p1;
	bar.red.and.pred %p2, 1, %p1;
	bar.red.or.pred %p3, 1, 96, %p1;
	selp.u32 %r3, 1, 0, %p2;
	selp.u32 %r4, 1, 0, %p3;
	mul.wide.u32 %rd1, %t, 16;
	add.s64 %rd1, %a0, %rd1;
	st.global.v4.u32 [%rd1], {%r1, %r2, %r3, %r4};`))
	a := r.space(16 * 96)
	r.clean(1, 96, a)
	for i := range 96 {
		require.Equal(t, []uint32{70, 26, 0, 1}, r.read(a+uint64(16*i), 4))
	}
}

// TestProducerConsumer hands words from one warp to another over named barriers.
func TestProducerConsumer(t *testing.T) {
	const src = `
	.shared .align 4 .b8 buf[128];
	mov.u32 %r9, buf;
	and.b32 %r10, %t, 31;
	shl.b32 %r10, %r10, 2;
	add.u32 %r9, %r9, %r10;
	mov.u32 %r1, 0;
	mov.u32 %r5, 0;
	setp.ge.u32 %p1, %t, 32;
	@%p1 bra CONSUMER;
PRODUCER:
	bar.sync 2, 64; // empty
	add.u32 %r2, %r1, %t;
	st.shared.u32 [%r9], %r2;
	bar.arrive 1, 64; // full
	add.u32 %r1, %r1, 1;
	setp.lt.u32 %p2, %r1, 5;
	@%p2 bra PRODUCER;
	ret;
CONSUMER:
	bar.arrive 2, 64;
	bar.sync 1, 64;
	ld.shared.u32 %r2, [%r9];
	add.u32 %r5, %r5, %r2;
	add.u32 %r1, %r1, 1;
	setp.lt.u32 %p2, %r1, 5;
	@%p2 bra CONSUMER;
	add.s64 %rd1, %a0, %o;
	st.global.u32 [%rd1+-128], %r5;`
	for seed := range uint64(5) {
		r := newRig(t, kernel(1, src))
		r.launch.Seed = seed
		a := r.space(128)
		r.clean(1, 64, a)
		for l, v := range r.read(a, 32) {
			require.EqualValues(t, 5*l+10, v)
		}
	}
}

// pipeline is a double-buffered copy of 8 tiles by cp.async: each thread reads its neighbour's word.
const pipeline = `
	.shared .align 16 .b8 buf[1024]; // two tiles of 128 words
	mov.u32 %r9, buf;
	shl.b32 %r10, %t, 2;
	add.u32 %r20, %r9, %r10;
	xor.b32 %r11, %r10, 132;
	add.u32 %r21, %r9, %r11;
	add.s64 %rd1, %a0, %o;
	mov.u32 %r1, 0;
	mov.u32 %r5, 0;
	cp.async.ca.shared.global [%r20], [%rd1], 4;
	cp.async.commit_group;
LOOP:
	add.u32 %r2, %r1, 1;
	setp.ge.u32 %p1, %r2, 8;
	@%p1 bra LAST;
	and.b32 %r3, %r2, 1;
	shl.b32 %r3, %r3, 9;
	add.u32 %r3, %r20, %r3;
	mul.wide.u32 %rd2, %r2, 512;
	add.s64 %rd2, %rd1, %rd2;
	cp.async.ca.shared.global [%r3], [%rd2], 4;
LAST:
	cp.async.commit_group;
	cp.async.wait_group 1;
	bar.sync 0;
	and.b32 %r4, %r1, 1;
	shl.b32 %r4, %r4, 9;
	add.u32 %r4, %r21, %r4;
	ld.shared.u32 %r6, [%r4];
	add.u32 %r5, %r5, %r6;
	bar.sync 1;
	mov.u32 %r1, %r2;
	setp.lt.u32 %p1, %r1, 8;
	@%p1 bra LOOP;
	add.s64 %rd3, %a1, %o;
	st.global.u32 [%rd3], %r5;`

func TestAsyncPipeline(t *testing.T) {
	for _, c := range []struct {
		old, new string
		kind     Kind
	}{
		{"none", "none", 0},
		{"wait_group 1", "wait_group 2", AsyncRead},
		{"bar.sync 0;", "", SharedRace},
		{"bar.sync 1;", "", SharedRace},
		{"	cp.async.commit_group;\nLOOP", "LOOP", AsyncRead},
	} {
		for seed := range uint64(4) {
			src := kernel(2, pipeline)
			if c.kind != 0 {
				require.Contains(t, src, c.old)
				src = replaceOnce(src, c.old, c.new)
			}
			r := newRig(t, src)
			r.launch.Seed = seed
			in := make([]uint32, 8*128)
			for i := range in {
				in[i] = uint32(i * i)
			}
			a, b := r.words(in...), r.space(512)
			if c.kind != 0 {
				kinds := map[Kind]bool{}
				for _, f := range r.run(1, 128, a, b).Findings {
					kinds[f.Kind] = true
				}
				assert.True(t, kinds[c.kind], "%q seed %d: found %v", c.old, seed, kinds)
				continue
			}
			r.clean(1, 128, a, b)
			for i, v := range r.read(b, 128) {
				want := uint32(0)
				for tile := range 8 {
					want += in[128*tile+i^33]
				}
				require.Equal(t, want, v)
			}
		}
	}
}

func replaceOnce(s, old, new string) string {
	i := len(s) - len(old)
	for j := 0; j+len(old) <= len(s); j++ {
		if s[j:j+len(old)] == old {
			i = j
			break
		}
	}
	return s[:i] + new + s[i+len(old):]
}

// TestAsyncSizes has copies of fewer bytes than the destination's, and none.
func TestAsyncSizes(t *testing.T) {
	r := newRig(t, kernel(2, `
	.shared .align 16 .b8 buf[64];
	mov.u32 %r9, buf;
	cp.async.cg.shared.global [%r9], [%a0], 16, 6;
	cp.async.ca.shared.global [%r9+16], [%a0], 8, 0;
	setp.eq.u32 %p1, %t, 0;
	cp.async.ca.shared.global [%r9+24], [%a0], 8, %p1;
	cp.async.ca.shared.global [%r9+32], [%a0+8], 4;
	cp.async.wait_all;
	ld.shared.v4.u32 {%r1,%r2,%r3,%r4}, [%r9];
	st.global.v4.u32 [%a1], {%r1,%r2,%r3,%r4};
	ld.shared.v4.u32 {%r1,%r2,%r3,%r4}, [%r9+16];
	st.global.v4.u32 [%a1+16], {%r1,%r2,%r3,%r4};
	ld.shared.u32 %r1, [%r9+32];
	st.global.u32 [%a1+32], %r1;`))
	a, b := r.words(0x03020100, 0x07060504, 0x0b0a0908), r.space(36)
	r.clean(1, 1, a, b)
	require.Equal(t, []uint32{0x03020100, 0x0504, 0, 0, 0, 0, 0, 0, 0x0b0a0908}, r.read(b, 9))
}

// TestMbarrier waits for one warp's words, and for copies, with mbarriers.
func TestMbarrier(t *testing.T) {
	const src = `
	.shared .align 8 .b64 bar;
	.shared .align 16 .b8 buf[256];
	mov.u32 %r9, buf;
	shl.b32 %r10, %t, 2;
	add.u32 %r20, %r9, %r10;
	xor.b32 %r11, %r10, 128;
	add.u32 %r21, %r9, %r11;
	setp.eq.u32 %p1, %t, 0;
	@%p1 mbarrier.init.shared.b64 [bar], 64;
	bar.sync 0;
	add.s64 %rd1, %a0, %o;
	cp.async.ca.shared.global [%r20], [%rd1], 4;
	cp.async.mbarrier.arrive.noinc.shared.b64 [bar];
	mov.u32 %r1, 0;
WAIT:
	mbarrier.try_wait.parity.shared.b64 %p2, [bar], 0;
	@!%p2 bra WAIT;
	ld.shared.u32 %r2, [%r21];
	mbarrier.arrive.shared.b64 %rd3, [bar];
WAIT2:
	mbarrier.test_wait.shared.b64 %p2, [bar], %rd3;
	@!%p2 bra WAIT2;
	st.shared.u32 [%r20], %r2;
	add.s64 %rd2, %a1, %o;
	st.global.u32 [%rd2], %r2;`
	for seed := range uint64(4) {
		for _, broken := range []string{"", "@!%p2 bra WAIT;", "@!%p2 bra WAIT2;"} {
			text := kernel(2, src)
			if broken != "" {
				text = replaceOnce(text, broken, "")
			}
			r := newRig(t, text)
			r.launch.Seed = seed
			in := make([]uint32, 64)
			for i := range in {
				in[i] = uint32(i + 5)
			}
			a, b := r.words(in...), r.space(256)
			res := r.run(1, 64, a, b)
			if broken != "" {
				assert.NotEmpty(t, res.Findings, broken)
				continue
			}
			require.NoError(t, res.Err())
			for i, v := range r.read(b, 64) {
				require.Equal(t, in[i^32], v)
			}
		}
	}
}

// TestSplitBarrierOfCluster is barrier.cluster, whose clusters are single blocks.
func TestSplitBarrierOfCluster(t *testing.T) {
	r := newRig(t, kernel(1, `
	.shared .align 4 .b8 buf[256];
	mov.u32 %r9, buf;
	shl.b32 %r10, %t, 2;
	add.u32 %r20, %r9, %r10;
	xor.b32 %r11, %r10, 128;
	add.u32 %r21, %r9, %r11;
	st.shared.u32 [%r20], %t;
	barrier.cluster.arrive.release.aligned;
	barrier.cluster.wait.acquire.aligned;
	ld.shared.u32 %r1, [%r21];
	add.s64 %rd1, %a0, %o;
	st.global.u32 [%rd1], %r1;`))
	a := r.space(256)
	r.clean(1, 64, a)
	for i, v := range r.read(a, 64) {
		require.EqualValues(t, i^32, v)
	}
}

// TestFenceReduction is the last block's sum of the others' results, which needs the fence.
func TestFenceReduction(t *testing.T) {
	const src = `
	mov.u32 %r1, %ctaid.x;
	mul.wide.u32 %rd1, %r1, 4;
	add.s64 %rd2, %rd1, %a1;
	st.global.u32 [%rd2], %r1;
	membar.gl;
	atom.global.inc.u32 %r2, [%a0], 7;
	setp.ne.u32 %p1, %r2, 7;
	@%p1 ret;
	membar.gl;
	mov.u32 %r3, 0;
	mov.u64 %rd3, %a1;
	mov.u32 %r5, 0;
L:	ld.global.u32 %r4, [%rd3];
	add.u32 %r5, %r5, %r4;
	add.s64 %rd3, %rd3, 4;
	add.u32 %r3, %r3, 1;
	setp.lt.u32 %p1, %r3, 8;
	@%p1 bra L;
	st.global.u32 [%a0+4], %r5;`
	for seed := range uint64(4) {
		r := newRig(t, kernel(2, src))
		r.launch.Seed = seed
		a, b := r.words(0, 0), r.space(32)
		r.clean(8, 1, a, b)
		require.Equal(t, uint32(28), r.read(a, 2)[1])
		r = newRig(t, kernel(2, replaceOnce(src, "membar.gl;", "")))
		r.launch.Seed, r.launch.Workers = seed, 1
		res := r.run(8, 1, r.words(0, 0), r.space(32))
		require.NotEmpty(t, res.Findings)
		require.Equal(t, GlobalRace, res.Findings[0].Kind)
	}
}

func TestCounters(t *testing.T) {
	r := newRig(t, kernel(2, `
	.shared .align 16 .b8 buf[8192];
	add.s64 %rd1, %a0, %o;
	ld.global.u32 %r1, [%rd1]; // 4 sectors of a warp
	mul.wide.u32 %rd2, %t, 128;
	add.s64 %rd2, %rd2, %a1;
	st.global.u32 [%rd2], %r1; // one sector each
	mov.u32 %r9, buf;
	shl.b32 %r2, %t, 7;
	add.u32 %r2, %r2, %r9;
	st.shared.u32 [%r2], %r1; // all in one bank
	shl.b32 %r3, %t, 3;
	add.u32 %r3, %r3, %r9;
	setp.lt.u32 %p1, %t, 16;
	@%p1 ld.shared.u32 %r4, [%r9];
	cvt.rn.f32.u32 %f1, %r1;
	fma.rn.f32 %f2, %f1, %f1, %f1;
	bar.sync 0;`))
	a, b := r.words(make([]uint32, 64)...), r.space(8192)
	r.launch.Off = CheckUninit | CheckRaces
	res := r.clean(1, 64, a, b)
	line := func(text string) Count {
		for i, in := range r.kernel.Insts() {
			if in != nil && instText(in) == text {
				return res.Counters.Inst[i]
			}
		}
		require.Fail(t, text)
		return Count{}
	}
	ld := line("ld.global.u32")
	assert.Equal(t, Count{Warp: 2, Lane: 64, Requests: 2, Sectors: 8, Ideal: 8, Bytes: 256}, ld)
	st := line("st.global.u32")
	assert.Equal(t, Count{Warp: 2, Lane: 64, Requests: 2, Sectors: 64, Ideal: 8, Bytes: 256}, st)
	sh := line("st.shared.u32")
	assert.Equal(t, Count{Warp: 2, Lane: 64, SharedRequests: 2, Wavefronts: 64, WavefrontsIdeal: 2}, sh)
	assert.EqualValues(t, 62, sh.Conflicts())
	half := line("@%p1 ld.shared.u32")
	assert.Equal(t, Count{Warp: 2, Lane: 16, SharedRequests: 1, Wavefronts: 1, WavefrontsIdeal: 1}, half)
	assert.InDelta(t, 0.25, half.SIMD(), 0)
	fma := line("fma.rn.f32")
	assert.EqualValues(t, 128, fma.FLOPs)
	assert.EqualValues(t, 2, res.Counters.Total.Barriers)
	assert.EqualValues(t, 256, res.Counters.DRAMRead)
	assert.EqualValues(t, 64*32, res.Counters.DRAMWrite)
	classes := res.Counters.ByClass()
	assert.EqualValues(t, 4, classes[ClassGlobal].Warp)
	assert.EqualValues(t, 2, classes[ClassSync].Warp)
	assert.Len(t, res.Counters.ByLine(), len(r.kernel.Insts())-1) // without the implicit return
}

func TestTouched(t *testing.T) {
	r := newRig(t, kernel(2, `
	add.s64 %rd1, %a0, %o;
	ld.global.u32 %r1, [%rd1+8];
	atom.global.add.u32 %r2, [%a1+4], 1;
	setp.eq.u32 %p1, %t, 3;
	@%p1 st.global.u32 [%a1+64], %r1;`))
	r.launch.Touch = true
	a, b := r.words(make([]uint32, 32)...), r.words(make([]uint32, 32)...)
	res := r.clean(1, 16, a, b)
	in, out := r.memory.Find(a), r.memory.Find(b)
	assert.ElementsMatch(t, []Touch{{in, 8, 64, false, false}, {out, 4, 4, false, true}, {out, 4, 4, true, true}, {out, 64, 4, true, false}}, res.Touched)
	sum := r.clean(1, 16, a, b).Counters
	sum.Add(res.Counters)
	assert.EqualValues(t, 32, sum.Threads)
	assert.Equal(t, 2*res.Counters.Total.Lane, sum.Total.Lane)
}

// TestSeeds runs blocks and warps in different orders; an atomic sum of integers must not care, the
// order of tickets must.
func TestSeeds(t *testing.T) {
	orders := map[[8]uint32]bool{}
	for seed := range uint64(20) {
		r := newRig(t, kernel(2, `
	mov.u32 %r1, %ctaid.x;
	atom.global.add.u32 %r2, [%a0], 1;
	mul.wide.u32 %rd1, %r1, 4;
	add.s64 %rd1, %rd1, %a1;
	st.global.u32 [%rd1], %r2;`))
		r.launch.Seed, r.launch.Workers = seed, 1
		a, b := r.words(0), r.space(32)
		r.clean(8, 1, a, b)
		require.Equal(t, uint32(8), r.read(a, 1)[0])
		orders[[8]uint32(r.read(b, 8))] = true
	}
	assert.Greater(t, len(orders), 5)
}

// TestJitter moves approximations, each within the ISA's bound: 2 ulp for ex2 near 1 (§9.7.3.20 gives
// 2⁻²² relative).
func TestJitter(t *testing.T) {
	values := map[uint32]bool{}
	for seed := range uint64(20) {
		r := newRig(t, kernel(1, `ex2.approx.f32 %f1, 0f3E99999A; st.global.f32 [%a0], %f1;`))
		r.launch.JitterSeed, r.launch.Jitter = seed, true
		a := r.space(4)
		r.clean(1, 1, a)
		v := r.read(a, 1)[0]
		values[v] = true
		exact := math.Exp2(float64(math.Float32frombits(0x3E99999A)))
		require.InEpsilon(t, exact, float64(math.Float32frombits(v)), 0x1p-22)
	}
	assert.Greater(t, len(values), 1)
}

func TestLaunchErrors(t *testing.T) {
	r := newRig(t, kernel(1, "st.global.u32 [%a0], 1;"))
	_, err := r.kernel.PackArgs(nil)
	require.ErrorContains(t, err, "0 arguments, expected 1")
	for _, l := range []Launch{
		{}, {Kernel: r.kernel}, {Kernel: r.kernel, Params: make([]byte, 8), Block: [3]int{2048, 1, 1}},
		{Kernel: r.kernel, Params: make([]byte, 8), Shared: -1}, {Kernel: r.kernel, Params: make([]byte, 8), Grid: [3]int{-1, 1, 1}},
	} {
		_, err := r.image.Launch(t.Context(), &l)
		require.Error(t, err)
	}
	loop := newRig(t, kernel(0, "L: bra L;"))
	loop.launch.Params, loop.launch.Budget = []byte{}, 1<<40
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err = loop.image.Launch(ctx, &loop.launch)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestUseAfterFree(t *testing.T) {
	r := newRig(t, kernel(1, "ld.global.u32 %r1, [%a0+8];"))
	a := r.words(1, 2, 3)
	r.clean(1, 1, a)
	require.NoError(t, r.memory.Free(a))
	res := r.run(1, 1, a)
	require.Len(t, res.Findings, 1)
	f := res.Findings[0]
	assert.Equal(t, UseAfterFree, f.Kind)
	assert.Equal(t, a+8, f.Addr)
	assert.Contains(t, f.Object, "byte 8 of freed allocation #1 (12 bytes")
}

// TestFindingText reads a finding as a user does.
func TestFindingText(t *testing.T) {
	src := kernel(1, `
	.loc 1 12 7
	add.s64 %rd1, %a0, %o;
	.loc 1 13 3
	st.global.u32 [%rd1+-4], %t;`)
	r := newRig(t, replaceOnce(src, ".visible", ".file 1 \"scale.cu\"\n.visible"))
	a := r.space(128)
	err := r.run(2, 32, a).Err()
	require.Error(t, err)
	assert.Regexp(t, `^scale\.cu:13:3 \(test\.ptx:\d+:2\): out of bounds: 4 bytes at 0x[0-9a-f]+, in no allocation
	kernel k, block \[[01] 0 0\] thread \[0 0 0\] \(warp 0 lane 0\)
	> st\.global\.u32
	at 0x[0-9a-f]+: 4 bytes before allocation #1 \(128 bytes at 0x[0-9a-f]+\)`, err.Error())
}
