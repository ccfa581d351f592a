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

// halfDefined leaves %r1 undefined in the lanes from 16 on, and %r2 and %r3 computed from it.
const halfDefined = `
	setp.lt.u32 %p1, %t, 16;
	@!%p1 bra GO;
	mov.u32 %r1, 1;
GO:
	add.u32 %r2, %r1, 1; // FIRST
	mul.lo.u32 %r3, %r2, %r2;
	add.s64 %rd1, %a0, %o;
	add.s64 %rd2, %a1, %o;
`

// undefinedDefects are undefined values that have an effect, and the same values thrown away.
var undefinedDefects = []defect{
	{name: "undefined value chosen by selp", body: halfDefined + `
	setp.lt.u32 %p2, %t, 20;
	selp.u32 %r4, %r3, 7, %p2;
	st.global.u32 [%rd2], %r4; // BAD`,
		old: "%t, 20;", new: "%t, 16;", kind: UninitRegister, code: driver.LaunchFailed, lane: 16, block: 32, other: "// FIRST",
		msg: "register %r4 is read, but its value comes from %r1, which nothing has written; 3 more lanes have the same"},
	{name: "undefined value chosen by slct", body: halfDefined + `
	sub.s32 %r5, %t, 17;
	slct.u32.s32 %r4, 7, %r3, %r5;
	st.global.u32 [%rd2], %r4; // BAD`,
		old: "%t, 17;", new: "%t, 16;", kind: UninitRegister, code: driver.LaunchFailed, lane: 16, block: 32, other: "// FIRST"},
	{name: "undefined condition of selp", body: halfDefined + `
	setp.eq.u32 %p2, %r3, 4;
	selp.u32 %r4, 1, 7, %p2;
	// mov.u32 %r4, 7;
	st.global.u32 [%rd2], %r4; // BAD`,
		old: "// mov", new: "mov", kind: UninitRegister, code: driver.LaunchFailed, lane: 16, block: 32, other: "// FIRST"},
	{name: "undefined value and a mask", body: halfDefined + `
	selp.u32 %r5, 255, 128, %p1;
	and.b32 %r4, %r3, %r5;
	st.global.u32 [%rd2], %r4; // BAD`,
		old: "255, 128, %p1", new: "255, 0, %p1", kind: UninitRegister, code: driver.LaunchFailed, lane: 16, block: 32, other: "// FIRST"},
	{name: "undefined value or a mask", body: halfDefined + `
	selp.u32 %r5, 0, 0x7fffffff, %p1;
	or.b32 %r4, %r5, %r3;
	st.global.u32 [%rd2], %r4; // BAD`,
		old: "0x7fffffff", new: "0xffffffff", kind: UninitRegister, code: driver.LaunchFailed, lane: 16, block: 32, other: "// FIRST"},
	{name: "undefined predicate in a guard", body: halfDefined + `
	setp.eq.u32 %p2, %r3, 4;
	setp.lt.u32 %p3, %t, 20;
	and.pred %p4, %p3, %p2;
	@%p4 st.global.u32 [%rd2], 1; // BAD`,
		old: "%t, 20;", new: "%t, 16;", kind: UninitRegister, code: driver.LaunchFailed, lane: 16, block: 32, other: "// FIRST"},
	{name: "undefined predicate or a false one", body: halfDefined + `
	setp.eq.u32 %p2, %r3, 4;
	setp.ge.u32 %p3, %t, 17;
	or.pred %p4, %p3, %p2;
	@%p4 bra OUT; // BAD
OUT:
	st.global.u32 [%rd2], 1;`,
		old: "%t, 17;", new: "%t, 16;", kind: UninitRegister, code: driver.LaunchFailed, lane: 16, block: 32, other: "// FIRST"},
	{name: "undefined value over a defined one", body: halfDefined + `
	mov.u32 %r4, 0;
	setp.lt.u32 %p2, %t, 20;
	@%p2 mov.u32 %r4, %r3;
	st.global.u32 [%rd2], %r4; // BAD`,
		old: "%t, 20;", new: "%t, 16;", kind: UninitRegister, code: driver.LaunchFailed, lane: 16, block: 32, other: "// FIRST"},
	{name: "undefined address", body: halfDefined + `
	cvt.u64.u32 %rd3, %r3;
	shr.u64 %rd3, %rd3, 31;
	shl.b64 %rd3, %rd3, 2;
	add.s64 %rd3, %rd3, %a0;
	// mov.u64 %rd3, %a0;
	ld.global.u32 %r4, [%rd3]; // BAD`,
		old: "// mov", new: "mov", kind: UninitRegister, code: driver.LaunchFailed, lane: 16, block: 32, other: "// FIRST"},
	{name: "undefined operand of a vote", body: halfDefined + `
	setp.eq.u32 %p2, %r3, 4;
	// setp.eq.u32 %p2, %t, 4;
	vote.sync.ballot.b32 %r4, %p2, -1; // BAD`,
		old: "// setp", new: "setp", kind: UninitRegister, code: driver.LaunchFailed, lane: 16, block: 32, other: "// FIRST"},
	{name: "undefined operand of an atomic addition", body: halfDefined + `
	// mov.u32 %r3, 1;
	red.global.add.u32 [%rd1], %r3; // BAD`,
		old: "// mov", new: "mov", kind: UninitRegister, code: driver.LaunchFailed, lane: 16, block: 32, other: "// FIRST"},
	{name: "undefined carry", body: halfDefined + `
	add.cc.u32 %r4, %r3, 1; // BAD`,
		old: "add.cc", new: "add", kind: UninitRegister, code: driver.LaunchFailed, lane: 16, block: 32, other: "// FIRST"},
	{name: "undefined value shuffled and computed with", body: halfDefined + `
	shfl.sync.idx.b32 %r4, %r1, 16, 31, -1;
	sub.u32 %r5, %r4, 1; // SECOND
	st.global.u32 [%rd2], %r5; // BAD`,
		old: "%r1, 16, 31", new: "%r1, 15, 31", kind: UninitRegister, code: driver.LaunchFailed, lane: 0, block: 32, other: "// SECOND"},
	{name: "undefined value carried round a loop", body: `
	mov.u32 %r4, 0;
LOOP:
	add.u32 %r2, %r1, %r4; // FIRST
	mov.u32 %r1, %r2;
	// mov.u32 %r1, 5;
	add.u32 %r4, %r4, 1;
	setp.lt.u32 %p1, %r4, 3;
	@%p1 bra LOOP;
	st.global.u32 [%a1], %r1;`,
		old: "// mov", new: "mov", kind: UninitRegister, code: driver.LaunchFailed, lane: 0, block: 32, other: "// FIRST"},
	{name: "undefined result in a vector", body: halfDefined + `
	mov.u32 %r5, 5;
	setp.eq.u32 %p3, %t, 16;
	@%p3 st.global.v2.u32 [%a1], {%r5, %r3}; // BAD`,
		old: "{%r5, %r3}", new: "{%r5, %r1}", kind: UninitRegister, code: driver.LaunchFailed, lane: 16, block: 32, other: "// FIRST"},
	{name: "undefined padding in shared memory that is read back", body: sharedBase + halfDefined + `
	mov.u32 %r5, 5;
	shl.b32 %r6, %t, 3;
	add.u32 %r6, %r6, %r19;
	st.shared.v2.u32 [%r6], {%r5, %r1};
	ld.shared.u32 %r7, [%r6+4]; // LOAD
	add.u32 %r7, %r7, 1;
	st.global.u32 [%rd2], %r7; // BAD`,
		old: "[%r6+4]", new: "[%r6]", kind: UninitMemory, code: driver.LaunchFailed, lane: 16, block: 32, other: "// LOAD"},
	{name: "undefined padding of a volatile store that is read back", body: halfDefined + `
	mov.u32 %r5, 5;
	setp.eq.u32 %p3, %t, 16;
	@%p3 st.volatile.global.v2.u32 [%a1], {%r5, %r1};
	@%p3 ld.volatile.global.u32 %r7, [%a1+4]; // LOAD
	@%p3 red.global.add.u32 [%a0], %r7; // BAD`,
		old: "%r7, [%a1+4]", new: "%r7, [%a1]", kind: UninitMemory, code: driver.LaunchFailed, lane: 16, block: 32, other: "// LOAD"},
}

// sum is a function of two parameters and a result in memory.
const sum = `
.func (.param .b32 res) sum(.param .b32 x, .param .b32 y)
{
	.reg .b32 %q<4>;
	.reg .pred %z;
	ld.param.u32 %q1, [x];
	ld.param.u32 %q2, [y]; // READ
	add.u32 %q1, %q1, %q2;
	setp.gt.u32 %z, %q2, 7;
	@%z bra OUT;
	st.param.b32 [res], %q1;
OUT:
	ret;
}
`

const callSum = `
	add.s64 %rd2, %a1, %o;
	{
	.param .b32 c0;
	.param .b32 c1;
	.param .b32 r0;
	st.param.b32 [c0], %t;
	st.param.b32 [c1], 7;
	call (r0), sum, (c0, c1);
	ld.param.b32 %r1, [r0]; // RESULT
	}
	st.global.u32 [%rd2], %r1;
`

// paramDefects are calls with what nobody has stored, and addresses of parameters in the wrong place.
var paramDefects = []defect{
	{name: "parameter not stored", funcs: sum, body: strings.Replace(callSum, "st.param.b32 [c1], 7;", "// st.param.b32 [c1], 7;", 1),
		old: "// st", new: "st", kind: UninitMemory, code: driver.LaunchFailed, lane: 0, block: 32,
		msg: "byte 0 of y (4 bytes) of function sum"},
	{name: "parameter not stored by a second call", funcs: sum, body: callSum + strings.Replace(strings.Replace(callSum,
		"st.param.b32 [c1], 7;", "// st.param.b32 [c1], 7;", 1), "[%rd2]", "[%rd2+128]", 1),
		old: "// st", new: "st", kind: UninitMemory, code: driver.LaunchFailed, lane: 0, block: 32, msg: "a parameter that nothing has written a value to"},
	{name: "parameter stored in part", funcs: sum, body: strings.Replace(callSum, "st.param.b32 [c1], 7;", "st.param.b16 [c1], 7;", 1),
		old: "b16 [c1], 7", new: "b32 [c1], 7", kind: UninitMemory, code: driver.LaunchFailed, lane: 0, block: 32,
		msg: "byte 2 of y (4 bytes) of function sum"},
	{name: "undefined register stored as a parameter", funcs: sum, body: halfDefined + strings.Replace(callSum, "[c1], 7;", "[c1], %r1;", 1),
		old: "[c1], %r1;", new: "[c1], 7;", kind: UninitMemory, code: driver.LaunchFailed, lane: 16, block: 32,
		msg: "byte 0 of y (4 bytes) of function sum"},
	{name: "result not stored", funcs: sum, body: strings.Replace(callSum, "[c1], 7;", "[c1], 8;", 1),
		old: "[c1], 8;", new: "[c1], 7;", kind: UninitMemory, code: driver.LaunchFailed, lane: 0, block: 32,
		msg: "byte 0 of r0 (4 bytes) of function k"},
	{name: "result read before the call", funcs: sum, body: strings.Replace(callSum, "call (r0)", "ld.param.b32 %r1, [r0];\n\tst.global.u32 [%rd2], %r1;\n\tcall (r0)", 1),
		old: "st.global.u32 [%rd2], %r1;\n\tcall", new: "call", kind: UninitMemory, code: driver.LaunchFailed, lane: 0, block: 32},
	{name: "register result not set", funcs: `
.func (.reg .b32 res) twice(.reg .b32 x)
{
	.reg .pred %z;
	setp.lt.u32 %z, x, 9;
	@%z add.u32 res, x, x;
	ret; // BAD
}
`, body: `
	add.s64 %rd2, %a1, %o;
	call (%r1), twice, (%t);
	st.global.u32 [%rd2], %r1;`,
		old: "x, 9;", new: "x, 99;", kind: UninitRegister, code: driver.LaunchFailed, lane: 9, block: 32},
	{name: "address of a parameter as one of global memory", body: `
	mov.u64 %rd1, p1;
	ld.global.u64 %rd2, [%rd1]; // BAD`,
		old: "ld.global.u64 %rd2, [%rd1];", new: "ld.param.u64 %rd2, [p1];", kind: OutOfBounds, code: driver.IllegalAddress, lane: 0, block: 32,
		msg: "8 bytes at 0x620000000008, which is the address of the parameters of kernel k, not of global memory"},
	{name: "generic address of shared memory as one of global memory", body: sharedBase + `
	cvt.u64.u32 %rd3, %r20;
	cvta.shared.u64 %rd3, %rd3;
	st.global.u32 [%rd3], %t; // BAD`,
		old: "st.global", new: "st", kind: OutOfBounds, code: driver.IllegalAddress, lane: 0, block: 32,
		msg: "which is the address of shared memory, not of global memory"},
}

// readOnlyDefects are reads of what the launch writes by ld.global.nc and ldu.
var readOnlyDefects = []defect{
	{name: "read through the read-only cache, then written", body: `
	add.s64 %rd1, %a0, %o;
	ld.global.nc.u32 %r1, [%rd1]; // READ
	add.u32 %r1, %r1, 1;
	st.global.u32 [%rd1], %r1; // BAD`,
		old: "global.nc", new: "global", kind: ReadOnlyCache, code: driver.LaunchFailed, lane: 0, block: 32, other: "// READ"},
	{name: "written, then read through the read-only cache", body: `
	add.s64 %rd1, %a1, %o;
	st.global.u32 [%rd1], %t; // WRITE
	bar.sync 0;
	ld.global.nc.u32 %r1, [%rd1]; // BAD`,
		old: "global.nc", new: "global", kind: ReadOnlyCache, code: driver.LaunchFailed, lane: 0, block: 64, other: "// WRITE"},
	{name: "written by an atomic operation, read by ldu", body: `
	add.s64 %rd1, %a0, %o;
	red.global.add.u32 [%rd1], 1; // WRITE
	ldu.global.u32 %r1, [%rd1]; // BAD`,
		old: "ldu.global", new: "ld.relaxed.gpu.global", kind: ReadOnlyCache, code: driver.LaunchFailed, lane: 0, block: 32, other: "// WRITE"},
	{name: "plain read and one through the read-only cache before a write", body: `
	add.s64 %rd1, %a0, %o;
	ld.global.u32 %r2, [%rd1];
	ld.global.nc.u32 %r1, [%rd1]; // READ
	ld.global.u32 %r2, [%rd1];
	st.global.u32 [%rd1], 1; // BAD`,
		old: "global.nc", new: "global", kind: ReadOnlyCache, code: driver.LaunchFailed, lane: 0, block: 32, other: "// READ"},
	{name: "read-only words beside written ones", body: `
	shl.b64 %rd1, %o, 1;
	add.s64 %rd1, %a0, %rd1;
	ld.global.nc.u32 %r1, [%rd1];
	st.global.u32 [%rd1+4], %r1;`,
		old: "never", new: "never", block: 32},
}

// undefinedProgram is a random kernel that computes with %r1 and %h1, which the lanes above 15 have not written
// unless set says so, and stores what came of it.
func undefinedProgram(rng *rand.Rand, set string) string {
	var b strings.Builder
	b.WriteString("\n\tsetp.lt.u32 %p1, %t, 16;\n\t@!%p1 bra GO;\n\tmov.u32 %r1, 77;\n\tmov.u16 %h1, 3;\nGO:\n" + set)
	b.WriteString("\tmov.u32 %r2, %t;\n\tmov.u32 %r3, 0;\n\tmov.u32 %r4, -1;\n\tmov.u16 %h2, 9;\n\tsetp.eq.u32 %p2, %t, 20;\n\tsetp.ge.u32 %p3, %t, 8;\n")
	r := func() string { return fmt.Sprintf("%%r%d", 1+rng.IntN(4)) }
	h := func() string { return fmt.Sprintf("%%h%d", 1+rng.IntN(2)) }
	p := func() string { return fmt.Sprintf("%%p%d", 1+rng.IntN(3)) }
	for range 4 + rng.IntN(8) {
		guard := ""
		if rng.IntN(4) == 0 {
			guard = "@" + []string{"", "!"}[rng.IntN(2)] + p() + " "
		}
		forms := []string{
			"add.u32 " + r() + ", " + r() + ", " + r(),
			"mul.lo.u32 " + r() + ", " + r() + ", " + r(),
			"mad.lo.s32 " + r() + ", " + r() + ", 3, " + r(),
			"and.b32 " + r() + ", " + r() + ", " + r(),
			"or.b32 " + r() + ", " + r() + ", " + r(),
			"and.b32 " + r() + ", " + r() + ", 0",
			"and.b16 " + h() + ", " + h() + ", " + h(),
			"not.b32 " + r() + ", " + r(),
			"mov.u32 " + r() + ", " + r(),
			"cvt.u32.u16 " + r() + ", " + h(),
			"cvt.u16.u32 " + h() + ", " + r(),
			"mov.b32 " + r() + ", {" + h() + ", " + h() + "}",
			"prmt.b32 " + r() + ", " + r() + ", " + r() + ", 0x5410",
			"lop3.b32 " + r() + ", " + r() + ", " + r() + ", " + r() + ", 0xe8",
			"selp.u32 " + r() + ", " + r() + ", " + r() + ", " + p(),
			"slct.u32.s32 " + r() + ", " + r() + ", " + r() + ", " + r(),
			"slct.u32.f32 " + r() + ", " + r() + ", " + r() + ", %f1",
			"setp.lt.u32 " + p() + ", " + r() + ", " + r(),
			"setp.gt.and.s32 " + p() + "|" + p() + ", " + r() + ", 5, " + p(),
			"and.pred " + p() + ", " + p() + ", " + p(),
			"or.pred " + p() + ", " + p() + ", !" + p(),
			"xor.pred " + p() + ", " + p() + ", " + p(),
			"shfl.sync.bfly.b32 " + r() + ", " + r() + ", 16, 31, -1",
			"shfl.sync.idx.b32 " + r() + "|" + p() + ", " + r() + ", " + r() + ", 31, -1",
			"vote.sync.ballot.b32 " + r() + ", " + p() + ", -1",
		}
		x := forms[rng.IntN(len(forms))]
		if strings.Contains(x, "sync") {
			guard = ""
		}
		b.WriteString("\t" + guard + x + ";\n")
	}
	b.WriteString("\tshl.b64 %rd1, %o, 1;\n\tadd.s64 %rd1, %a0, %rd1;\n\tst.global.u32 [%rd1], " + r() + ";\n\t@" + p() + " st.global.v2.u32 [%rd1], {" + r() + ", " + r() + "};\n")
	return kernel(1, "\tmov.f32 %f1, 0fBF800000;\n"+b.String())
}

// TestUndefinedHasNoEffect gives the undefined registers of random kernels two sets of values: where nothing is
// found without any, the results must not tell the two apart. Where padding is stored, there are none to compare.
func TestUndefinedHasNoEffect(t *testing.T) {
	clean, total := 0, 300
	if testing.Short() {
		total = 100
	}
	for seed := range uint64(total) {
		program := func(set string) string { return undefinedProgram(rand.New(rand.NewPCG(seed, 5)), set) }
		results := func(set string) (words []uint32, unwritten []bool, found bool) {
			r := newRig(t, program(set))
			out := r.space(256)
			res := r.run(1, 32, out)
			for i := range uint64(64) {
				_, bad := r.memory.FirstUninit(out+4*i, 4)
				unwritten = append(unwritten, bad)
			}
			return r.read(out, 64), unwritten, len(res.Findings) > 0
		}
		_, unwritten, found := results("")
		if found {
			continue
		}
		clean++
		a, _, _ := results("\t@!%p1 mov.u32 %r1, 0x7edcba98;\n\t@!%p1 mov.u16 %h1, 0x1234;\n")
		b, _, _ := results("\t@!%p1 mov.u32 %r1, 0x80000001;\n\t@!%p1 mov.u16 %h1, 0xfff0;\n")
		for i := range a {
			require.True(t, a[i] == b[i] || unwritten[i], "seed %d, word %d: %#x and %#x\n%s", seed, i, a[i], b[i], program(""))
		}
	}
	t.Logf("%d of %d kernels without a finding", clean, total)
	assert.Greater(t, clean, total/10)
	assert.Less(t, clean, total*9/10)
}
