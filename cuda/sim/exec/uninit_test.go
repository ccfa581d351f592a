package exec

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// paddedStruct is a structure of a byte and a word in shared memory, at %r6, with its padding unwritten.
const paddedStruct = sharedBase + `
	shl.b32 %r6, %t, 3;
	add.u32 %r6, %r6, %r19;
	st.shared.u8 [%r6], %t;
	st.shared.u32 [%r6+4], 7;
`

// unsetDefects are loads of bytes that nothing has written: what they are used for, and copies of them.
var unsetDefects = []defect{
	{name: "padding of a structure copied in words, and read", body: paddedStruct + `
	ld.shared.u32 %r1, [%r6];
	st.shared.u32 [%r6+512], %r1;
	ld.shared.u32 %r2, [%r6+4];
	st.shared.u32 [%r6+516], %r2;
	ld.shared.u8 %r3, [%r6+513]; // LOAD
	ld.shared.u32 %r4, [%r6+516];
	add.u32 %r3, %r3, %r4;
	st.global.u32 [%rd2], %r3; // BAD`,
		old: "[%r6+513]", new: "[%r6+512]", kind: UninitMemory, code: driver.LaunchFailed, lane: 0, block: 32, other: "// LOAD",
		msg: "byte 513 of shared variable buf"},
	{name: "padding of a structure in a register", body: paddedStruct + `
	ld.shared.u64 %rd3, [%r6]; // LOAD
	shr.u64 %rd4, %rd3, 32;
	cvt.u32.u64 %r1, %rd3;
	and.b32 %r1, %r1, 0x1ff;
	cvt.u32.u64 %r2, %rd4;
	add.u32 %r1, %r1, %r2;
	st.global.u32 [%rd2], %r1; // BAD`,
		old: "0x1ff", new: "0xff", kind: UninitMemory, code: driver.LaunchFailed, lane: 0, block: 32, other: "// LOAD"},
	{name: "padding below a sum", body: paddedStruct + `
	ld.shared.u32 %r1, [%r6]; // LOAD
	add.u32 %r1, %r1, 3;
	st.global.u16 [%rd2], %r1; // BAD`,
		old: "global.u16", new: "global.u8", kind: UninitMemory, code: driver.LaunchFailed, lane: 0, block: 32, other: "// LOAD"},
	{name: "padding taken for a sign", body: paddedStruct + `
	ld.shared.s16 %r1, [%r6]; // LOAD
	shr.u32 %r1, %r1, 31;
	st.global.u8 [%rd2], %r1;
	ld.shared.u8 %r2, [%r6];
	setp.eq.u32 %p1, %r1, 1;
	@%p1 st.global.u32 [%rd2], 1; // BAD`,
		old: "%p1, %r1, 1", new: "%p1, %r2, 99", kind: UninitMemory, code: driver.LaunchFailed, lane: 0, block: 32, other: "// LOAD"},
	{name: "padding bytes permuted", body: paddedStruct + `
	ld.shared.u32 %r1, [%r6]; // LOAD
	prmt.b32 %r1, %r1, 5, 0x4414;
	st.global.u16 [%rd2], %r1;
	bfe.u32 %r2, %r1, 8, 8;
	bfe.u32 %r3, %r1, 0, 8;
	red.global.add.u32 [%rd1], %r2; // BAD`,
		old: "%r2; // BAD", new: "%r3; // BAD", kind: UninitMemory, code: driver.LaunchFailed, lane: -2, block: 32},
	{name: "unwritten word read and not used", body: sharedBase + `
	ld.shared.u32 %r1, [%r20]; // LOAD
	setp.gt.u32 %p1, %t, 40;
	selp.u32 %r2, %r1, 5, %p1;
	st.global.u32 [%rd2], %r2; // BAD`,
		old: "%t, 40;", new: "%t, 39;", block: 32},
	{name: "unwritten word chosen", body: sharedBase + `
	ld.shared.u32 %r1, [%r20]; // LOAD
	setp.gt.u32 %p1, %t, 30;
	selp.u32 %r2, %r1, 5, %p1;
	st.global.u32 [%rd2], %r2; // BAD`,
		old: "%t, 30;", new: "%t, 31;", kind: UninitMemory, code: driver.LaunchFailed, lane: 31, block: 32, other: "// LOAD"},
	{name: "unwritten tail copied through shared memory", body: sharedBase + `
	ld.global.u32 %r1, [%rd2+128];
	st.shared.u32 [%r20], %r1;
	bar.sync 0;
	ld.shared.u32 %r2, [%r21];
	st.global.u32 [%rd2+256], %r2;
	ld.global.u32 %r3, [%rd2+256]; // LOAD
	// mul.lo.u32 %r3, %r3, 3;
	st.global.u32 [%rd2+384], %r3; // BAD`,
		old: "never", new: "never", block: 32},
	{name: "unwritten tail copied through shared memory and used", body: sharedBase + `
	ld.global.u32 %r1, [%rd2+128];
	st.shared.u32 [%r20], %r1;
	bar.sync 0;
	ld.shared.u32 %r2, [%r21]; // LOAD
	mul.lo.u32 %r3, %r2, 3;
	st.global.u32 [%rd2+384], %r3; // BAD`,
		old: "mul.lo.u32 %r3", new: "mov.u32 %r3, %r2; //", kind: UninitMemory, code: driver.LaunchFailed, lane: 0, block: 32, other: "// LOAD"},
	{name: "unwritten bytes copied by cp.async", body: sharedBase + `
	st.global.u8 [%rd2], %t;
	cp.async.ca.shared.global [%r20], [%rd2], 4;
	cp.async.wait_all;
	ld.shared.u8 %r1, [%r20+1]; // LOAD
	red.global.add.u32 [%rd1], %r1; // BAD`,
		old: "[%r20+1]", new: "[%r20]", kind: UninitMemory, code: driver.LaunchFailed, lane: 0, block: 32, other: "// LOAD"},
	{name: "unwritten copies race", body: sharedBase + `
	ld.global.u32 %r1, [%rd2+128];
	st.shared.u32 [%r20], %r1; // BAD
	bar.warp.sync -1;
	// bar.sync 0;
	ld.shared.u32 %r2, [%r22];`,
		old: "// bar", new: "bar", kind: SharedRace, code: driver.LaunchFailed, lane: -2, block: 64},
	{name: "padding handed to a function", funcs: `
.func (.param .b32 res) first(.param .align 4 .b8 s[8])
{
	.reg .b32 %q<4>;
	ld.param.b32 %q1, [s];
	ld.param.b8 %q2, [s+4];
	add.u32 %q1, %q1, %q2;
	st.param.b32 [res], %q1; // BAD
	ret;
}
`, body: sharedBase + `
	st.shared.u32 [%r20], %t;
	ld.shared.u32 %r1, [%r20];
	ld.shared.u32 %r2, [%r20+512]; // LOAD
	{
	.param .align 4 .b8 c0[8];
	.param .b32 r0;
	st.param.b32 [c0], %r1;
	st.param.b32 [c0+4], %r2;
	// st.param.b8 [c0+4], 5;
	call (r0), first, (c0);
	ld.param.b32 %r3, [r0];
	}
	st.global.u32 [%rd2], %r3;`,
		old: "// st", new: "st", kind: UninitMemory, code: driver.LaunchFailed, lane: 0, block: 32, other: "// LOAD", msg: "of shared variable buf"},
}

// unsetProgram is a random kernel that loads from a0, which is written in part, computes with what it finds and
// stores what came of it in a1, of which each lane has 64 bytes.
func unsetProgram(rng *rand.Rand) string {
	var b strings.Builder
	b.WriteString(`
	.shared .align 8 .b8 s[512];
	mov.u32 %r9, s;
	shl.b32 %r8, %t, 3;
	add.u32 %r9, %r9, %r8;
	shl.b64 %rd9, %o, 2;
	add.s64 %rd8, %a0, %rd9;
	shl.b64 %rd9, %rd9, 2;
	add.s64 %rd9, %a1, %rd9;
	mov.u32 %r1, %t;
	mov.u32 %r2, 0xff;
	mov.u32 %r3, 0x12345678;
	mov.u64 %rd1, %o;
	mov.u64 %rd2, -1;
	setp.lt.u32 %p1, %t, 9;
	setp.ge.u32 %p2, %t, 20;
`)
	r := func() string { return fmt.Sprintf("%%r%d", 1+rng.IntN(3)) }
	d := func() string { return fmt.Sprintf("%%rd%d", 1+rng.IntN(2)) }
	p := func() string { return fmt.Sprintf("%%p%d", 1+rng.IntN(2)) }
	forms := []func() string{
		func() string { return fmt.Sprintf("ld.global.u32 %s, [%%rd8+%d]", r(), 4*rng.IntN(4)) },
		func() string { return fmt.Sprintf("ld.global.u64 %s, [%%rd8+%d]", d(), 8*rng.IntN(2)) },
		func() string { return fmt.Sprintf("ld.global.s8 %s, [%%rd8+%d]", r(), rng.IntN(16)) },
		func() string { return fmt.Sprintf("ld.global.u16 %s, [%%rd8+%d]", r(), 2*rng.IntN(8)) },
		func() string { return fmt.Sprintf("ld.global.v2.u32 {%%r1, %%r2}, [%%rd8+%d]", 8*rng.IntN(2)) },
		func() string { return "st.shared.u64 [%r9], " + d() },
		func() string { return "ld.shared.u64 " + d() + ", [%r9]" },
		func() string { return fmt.Sprintf("bfe.u32 %s, %s, %d, %d", r(), r(), rng.IntN(32), rng.IntN(20)) },
		func() string {
			return fmt.Sprintf("bfi.b32 %s, %s, %s, %d, %d", r(), r(), r(), rng.IntN(32), rng.IntN(20))
		},
		func() string { return fmt.Sprintf("prmt.b32 %s, %s, %s, %d", r(), r(), r(), rng.IntN(1<<16)) },
		func() string { return fmt.Sprintf("shl.b32 %s, %s, %d", r(), r(), rng.IntN(32)) },
		func() string { return fmt.Sprintf("shr.s32 %s, %s, %d", r(), r(), rng.IntN(32)) },
		func() string { return fmt.Sprintf("shr.u64 %s, %s, %d", d(), d(), rng.IntN(64)) },
		func() string { return "cvt.u32.u64 " + r() + ", " + d() },
		func() string { return "cvt.s64.s32 " + d() + ", " + r() },
		func() string { return "cvt.s32.s8 " + r() + ", " + r() },
		func() string { return "mov.b64 " + d() + ", {" + r() + ", " + r() + "}" },
		func() string { return "mov.b64 {%r1, %r2}, " + d() },
		func() string { return "and.b32 " + r() + ", " + r() + ", " + r() },
		func() string { return fmt.Sprintf("and.b32 %s, %s, %d", r(), r(), rng.Uint32()) },
		func() string { return "or.b64 " + d() + ", " + d() + ", " + d() },
		func() string { return "xor.b32 " + r() + ", " + r() + ", " + r() },
		func() string { return fmt.Sprintf("lop3.b32 %s, %s, %s, %s, %d", r(), r(), r(), r(), rng.IntN(256)) },
		func() string { return "add.u32 " + r() + ", " + r() + ", " + r() },
		func() string { return "sub.s64 " + d() + ", " + d() + ", " + d() },
		func() string { return "mad.lo.u32 " + r() + ", " + r() + ", 6, " + r() },
		func() string { return "mul.wide.s16 " + r() + ", %h1, %h2" },
		func() string { return "mov.b32 {%h1, %h2}, " + r() },
		func() string { return "min.u32 " + r() + ", " + r() + ", " + r() },
		func() string { return "selp.u32 " + r() + ", " + r() + ", " + r() + ", " + p() },
		func() string { return "setp.lt.u32 " + p() + ", " + r() + ", " + r() },
		func() string { return "and.pred " + p() + ", " + p() + ", " + p() },
		func() string { return "shfl.sync.bfly.b32 " + r() + ", " + r() + ", 3, 31, -1" },
	}
	b.WriteString("\tst.shared.u64 [%r9], %rd1;\n\tmov.b32 {%h1, %h2}, %r3;\n")
	for range 3 + rng.IntN(10) {
		b.WriteString("\t" + forms[rng.IntN(len(forms))]() + ";\n")
	}
	b.WriteString("\tst.global.u32 [%rd9], " + r() + ";\n\tst.global.u8 [%rd9+5], " + r() + ";\n\tst.global.u16 [%rd9+6], " + r() +
		";\n\tst.global.u64 [%rd9+8], " + d() + ";\n\tst.global.v2.u32 [%rd9+16], {" + r() + ", " + r() + "};\n")
	return kernel(2, b.String())
}

// TestUnsetHasNoEffect gives bytes that nothing has written two sets of values: where nothing is found, what
// the kernel has written must not tell the two apart, but for bytes that have none themselves and those that
// share a byte with an undefined bit.
func TestUnsetHasNoEffect(t *testing.T) {
	clean, copied, total := 0, 0, 400
	if testing.Short() {
		total = 100
	}
	for seed := range uint64(total) {
		src := unsetProgram(rand.New(rand.NewPCG(seed, 6)))
		results := func(fill byte) (data, written []byte, found bool) {
			r := newRig(t, src)
			in, out := r.space(512), r.space(2048)
			rng := rand.New(rand.NewPCG(seed, 7))
			a := r.memory.Find(in)
			for i := range a.Data {
				a.Data[i] = byte(rng.Uint32()) ^ fill
			}
			for i := range uint64(512) {
				if x := byte(rng.Uint32()); rng.IntN(3) > 0 {
					require.NoError(t, r.memory.Write(in+i, []byte{x}))
				}
			}
			res := r.run(1, 32, in, out)
			o := r.memory.Find(out)
			return o.Data, o.Init, len(res.Findings) > 0
		}
		x, written, found := results(0)
		if found {
			continue
		}
		clean++
		y, again, _ := results(0xff)
		require.Equal(t, written, again, "seed %d\n%s", seed, src)
		for i := range x {
			// All bits of the bytes that were not written differ: a byte that differs in all of its bits depends on them alone.
			require.False(t, written[i] != 0 && x[i]^y[i] == 0xff, "seed %d, byte %d: %#x and %#x\n%s", seed, i, x[i], y[i], src)
			if written[i] == 0 && i%64 < 4 {
				copied++
			}
		}
	}
	t.Logf("%d of %d kernels without a finding, %d unwritten bytes copied", clean, total, copied)
	assert.Greater(t, clean, total/20)
	assert.Less(t, clean, total*19/20)
	assert.NotZero(t, copied)
}
