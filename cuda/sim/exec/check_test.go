package exec

import (
	"slices"
	"strings"
	"testing"

	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A defect is a kernel in which a checker has to find something, at the line that ends in // BAD, and
// a twin, by a replacement, in which nothing must be found.
type defect struct {
	name        string
	funcs, body string // functions of the module, the body of the kernel
	old, new    string // from the defective kernel to the twin
	kind        Kind
	code        driver.Code
	lane        int // of the finding; -1 is several, -2 not compared
	grid, block int
	shared      int
	other       string // text of the line of the conflicting access, empty without
	msg         string // what the finding says in any place
}

const (
	storeTid   = "st.shared.u32 [%r20], %t;"
	sharedBase = `
	.shared .align 16 .b8 buf[1024];
	mov.u32 %r19, buf;
	shl.b32 %r18, %t, 2;
	add.u32 %r20, %r19, %r18;
	xor.b32 %r17, %r18, 4;
	add.u32 %r21, %r19, %r17;
	xor.b32 %r16, %r18, 128;
	add.u32 %r22, %r19, %r16;
	add.s64 %rd1, %a0, %o;
	add.s64 %rd2, %a1, %o;
`
)

var defects = []defect{
	{name: "read past the end", body: `
	add.s64 %rd1, %a0, %o;
	ld.global.u32 %r1, [%rd1+4]; // BAD
	add.s64 %rd2, %a1, %o;
	st.global.u32 [%rd2], %r1;`,
		old: "+4]; // BAD", new: "]; // BAD", kind: OutOfBounds, code: driver.IllegalAddress, lane: 31, block: 128},
	{name: "write before the start", body: `
	add.s64 %rd2, %a1, %o;
	st.global.u32 [%rd2+-4], %t; // BAD`,
		old: "+-4]", new: "]", kind: OutOfBounds, code: driver.IllegalAddress, lane: 0, block: 32},
	{name: "null pointer", body: `
	st.global.u32 [%o], %t; // BAD`,
		old: "[%o]", new: "[%a1]", kind: OutOfBounds, code: driver.IllegalAddress, lane: 0, block: 1},
	{name: "misaligned vector", body: `
	ld.global.v2.u32 {%r1, %r2}, [%a0+4]; // BAD`,
		old: "+4]", new: "+8]", kind: Misaligned, code: driver.MisalignedAddress, lane: 0, block: 32},
	{name: "misaligned word", body: `
	add.s64 %rd1, %a0, %o;
	ld.global.u32 %r1, [%rd1+2]; // BAD`,
		old: "+2]", new: "]", kind: Misaligned, code: driver.MisalignedAddress, lane: 0, block: 32},
	{name: "shared past the end", body: `
	.shared .align 4 .b8 small[128];
	.shared .align 4 .b8 next[128];
	mov.u32 %r1, small;
	shl.b32 %r2, %t, 2;
	add.u32 %r1, %r1, %r2;
	st.shared.u32 [%r1+4], %t; // BAD
	mov.u32 %r3, next;
	st.shared.u32 [%r3], 1;`,
		old: "[%r1+4]", new: "[%r1]", kind: OutOfBounds, code: driver.IllegalAddress, lane: 31, block: 32},
	{name: "dynamic shared past the end", body: `
	.extern .shared .align 16 .b8 dyn[];
	mov.u32 %r1, dyn;
	shl.b32 %r2, %t, 2;
	add.u32 %r1, %r1, %r2;
	st.shared.u32 [%r1+4], %t; // BAD`,
		old: "[%r1+4]", new: "[%r1]", kind: OutOfBounds, code: driver.IllegalAddress, lane: 31, block: 32, shared: 128},
	{name: "generic address of shared memory past the end", body: `
	.shared .align 4 .b8 small[128];
	mov.u64 %rd3, small;
	cvta.shared.u64 %rd3, %rd3;
	add.s64 %rd3, %rd3, %o;
	st.u32 [%rd3+4], %t; // BAD`,
		old: "[%rd3+4]", new: "[%rd3]", kind: OutOfBounds, code: driver.IllegalAddress, lane: 31, block: 32},
	{name: "local past the end", body: `
	.local .align 4 .b8 stack[128];
	mov.u64 %rd3, stack;
	add.s64 %rd3, %rd3, %o;
	st.local.u32 [%rd3+4], %t; // BAD`,
		old: "[%rd3+4]", new: "[%rd3]", kind: OutOfBounds, code: driver.IllegalAddress, lane: 31, block: 32},
	{name: "uninitialised register", body: `
	setp.lt.u32 %p1, %t, 5;
	@%p1 mov.u32 %r1, 7;
	add.u32 %r2, %r1, 1; // BAD
	st.global.u32 [%a1], %r2;`,
		old: "@%p1 mov.u32 %r1, 7;", new: "mov.u32 %r1, 7;\n\tmov.u32 %t, 7;", kind: UninitRegister, code: driver.LaunchFailed, lane: 5, block: 32},
	{name: "uninitialised predicate", body: `
	setp.lt.u32 %p2, %t, 40;
	@%p2 bra GO;
	setp.lt.u32 %p1, %t, 5;
GO:
	@%p1 st.global.u32 [%a1], 1; // BAD`,
		old: "%t, 40;", new: "%t, 0;", kind: UninitRegister, code: driver.LaunchFailed, lane: 0, block: 32},
	{name: "uninitialised through a move", body: `
	setp.lt.u32 %p2, %t, 40;
	@%p2 bra GO;
	mov.u32 %r1, 1;
GO:
	mov.u32 %r2, %r1;
	add.u32 %r3, %r2, 1; // BAD
	st.global.u32 [%a1], %r3;`,
		old: "%t, 40;", new: "%t, 0;", kind: UninitRegister, code: driver.LaunchFailed, lane: 0, block: 32},
	{name: "undefined padding that is read back", body: `
	setp.lt.u32 %p2, %t, 40;
	@%p2 bra GO;
	mov.u32 %r2, 1;
GO:
	mov.u32 %r1, 5;
	st.global.v2.u32 [%a1], {%r1, %r2};
	ld.global.v2.u32 {%r3, %r4}, [%a1]; // LOAD
	add.u32 %r5, %r4, 1;
	st.global.u32 [%a1], %r5; // BAD`,
		old: "%r5, %r4, 1", new: "%r5, %r3, 1", kind: UninitMemory, code: driver.LaunchFailed, lane: 0, block: 1, other: "// LOAD"},
	{name: "uninitialised shared memory", body: sharedBase + `
	setp.ne.u32 %p1, %t, 9;
	@%p1 st.shared.u32 [%r20], %t;
	bar.sync 0;
	ld.shared.u32 %r1, [%r21]; // LOAD
	st.global.u32 [%rd2], %r1; // BAD`,
		old: "@%p1 st", new: "st", kind: UninitMemory, code: driver.LaunchFailed, lane: 8, block: 32, other: "// LOAD"},
	{name: "uninitialised local memory", body: `
	.local .align 4 .b8 stack[16];
	mov.u64 %rd3, stack;
	st.local.u16 [%rd3], 3;
	ld.local.u32 %r1, [%rd3]; // LOAD
	setp.eq.u32 %p1, %r1, 3;
	@%p1 st.global.u32 [%a1], 1; // BAD`,
		old: "st.local.u16", new: "st.local.u32", kind: UninitMemory, code: driver.LaunchFailed, lane: 0, block: 32, other: "// LOAD",
		msg: "byte 2 of the thread's local memory"},
	{name: "uninitialised global memory", body: `
	st.global.u8 [%a1+2], 3;
	ld.global.u8 %r1, [%a1+3]; // LOAD
	add.u32 %r1, %r1, 1;
	st.global.u8 [%a1+4], %r1; // BAD`,
		old: "ld.global.u8 %r1, [%a1+3]", new: "ld.global.u8 %r1, [%a1+2]", kind: UninitMemory, code: driver.LaunchFailed, lane: 0, block: 1, other: "// LOAD"},
	{name: "no barrier, read after write", body: sharedBase + storeTid + `
	// bar.sync 0;
	ld.shared.u32 %r1, [%r22]; // BAD
	st.global.u32 [%rd2], %r1;`,
		old: "// bar.sync 0;", new: "bar.sync 0;", kind: SharedRace, code: driver.LaunchFailed, lane: -2, block: 64},
	{name: "no barrier, write after read", body: sharedBase + storeTid + `
	bar.sync 0;
	ld.shared.u32 %r1, [%r22];
	// bar.sync 1;
	st.shared.u32 [%r20], %r1; // BAD`,
		old: "// bar.sync 1;", new: "bar.sync 1;", kind: SharedRace, code: driver.LaunchFailed, lane: -2, block: 64},
	{name: "two warps write different values", body: sharedBase + `
	st.shared.u32 [%r19], %t; // BAD`,
		old: "[%r19], %t;", new: "[%r19], 5;", kind: SharedRace, code: driver.LaunchFailed, lane: -2, block: 64},
	{name: "two lanes write different values", body: sharedBase + `
	st.shared.u32 [%r19], %t; // BAD`,
		old: "[%r19], %t;", new: "[%r19], 5;", kind: SharedRace, code: driver.LaunchFailed, lane: 1, block: 32, other: "st.shared.u32 [%r19], %t; // BAD"},
	{name: "no syncwarp", body: sharedBase + storeTid + `
	// bar.warp.sync -1;
	ld.shared.u32 %r1, [%r21]; // BAD`,
		old: "// bar", new: "bar", kind: SharedRace, code: driver.LaunchFailed, lane: 0, block: 32, other: storeTid},
	{name: "syncwarp of the wrong half", body: sharedBase + `
	setp.lt.u32 %p1, %t, 16;
	@%p1 bra LOW;
	bar.warp.sync 0xffff0000;
	bra OUT;
LOW:
	st.shared.u32 [%r20], %t;
	bar.warp.sync 0x000000ff;
	ld.shared.u32 %r1, [%r21]; // BAD
OUT:
	st.global.u32 [%rd2], %t;`,
		old: "0x000000ff", new: "0x0000ffff", kind: WarpSync, code: driver.LaunchFailed, lane: -2, block: 32},
	{name: "volatile accesses of a warp", body: sharedBase + storeTid + `
	ld.shared.u32 %r1, [%r21]; // BAD`,
		old: "st.shared.u32 [%r20], %t;\n\tld.shared", new: "st.volatile.shared.u32 [%r20], %t;\n\tld.volatile.shared", kind: SharedRace, code: driver.LaunchFailed, lane: 0, block: 32},
	{name: "plain read of what others add to", body: sharedBase + storeTid + `
	bar.sync 0;
	atom.shared.add.u32 %r1, [%r22], 1;
	ld.shared.u32 %r2, [%r20]; // BAD`,
		old: "ld.shared.u32 %r2, [%r20];", new: "atom.shared.add.u32 %r2, [%r20], 0;", kind: SharedRace, code: driver.LaunchFailed, lane: -2, block: 64},
	{name: "named barrier of one half", body: sharedBase + `
	setp.ge.u32 %p1, %t, 64;
	@%p1 bra OUT;
	st.shared.u32 [%r20], %t;
	bar.sync 1, 64;
	ld.shared.u32 %r1, [%r22]; // BAD
	bra END;
OUT:
	bar.sync 2, 64;
END:
	st.global.u32 [%rd2], %t;`,
		old: "never", new: "never", kind: 0, block: 128},
	{name: "arrive without sync", body: sharedBase + `
	setp.ge.u32 %p1, %t, 32;
	@%p1 bra READ;
	st.shared.u32 [%r20], %t;
	bar.arrive 1, 64;
	bra END;
READ:
	// bar.sync 1, 64;
	ld.shared.u32 %r1, [%r22]; // BAD
END:
	st.global.u32 [%rd2], %t;`,
		old: "// bar.sync", new: "bar.sync", kind: SharedRace, code: driver.LaunchFailed, lane: -2, block: 64},
	{name: "divergent barrier", body: `
	setp.lt.u32 %p1, %t, 20;
	@!%p1 bra L;
	bar.sync 0; // BAD
L:
	st.global.u32 [%a1], 1;`,
		old: "%t, 20;", new: "%t, 32;", kind: DivergentBarrier, code: driver.LaunchFailed, lane: 0, block: 64},
	{name: "barrier that a warp misses", body: `
	setp.lt.u32 %p1, %t, 32;
	@%p1 bra A;
	bar.sync 0; // BAD
	bra B;
A:
	bar.sync 1;
B:
	st.global.u32 [%a1], 1;`,
		old: "bar.sync 1;", new: "bar.sync 0;", kind: Deadlock, code: driver.LaunchTimeout, lane: -2, block: 64},
	{name: "barrier for more threads than there are", body: `
	bar.sync 1, 96; // BAD`,
		old: "96", new: "64", kind: Deadlock, code: driver.LaunchTimeout, lane: -2, block: 64},
	{name: "shuffle in a branch", body: `
	setp.lt.u32 %p1, %t, 20;
	@!%p1 bra L;
	shfl.sync.bfly.b32 %r1, %t, 1, 31, 0xffffffff; // BAD
L:
	st.global.u32 [%a1], 1;`,
		old: "0xffffffff", new: "0x000fffff", kind: WarpSync, code: driver.LaunchFailed, lane: 0, block: 32},
	{name: "shuffle from a lane outside of the mask", body: `
	setp.lt.u32 %p1, %t, 16;
	@!%p1 bra L;
	shfl.sync.bfly.b32 %r1, %t, 16, 31, 0x0000ffff; // BAD
L:
	st.global.u32 [%a1], 1;`,
		old: "%t, 16, 31", new: "%t, 8, 31", kind: WarpSync, code: driver.LaunchFailed, lane: 0, block: 32},
	{name: "shuffle without the own lane", body: `
	shfl.sync.idx.b32 %r1, %t, 0, 31, 0x7fffffff; // BAD`,
		old: "0x7fffffff", new: "0xffffffff", kind: WarpSync, code: driver.LaunchFailed, lane: 31, block: 32},
	{name: "vote in a branch", body: `
	setp.lt.u32 %p1, %t, 20;
	@!%p1 bra L;
	vote.sync.ballot.b32 %r1, %p1, 0xffffffff; // BAD
L:
	st.global.u32 [%a1], 1;`,
		old: "0xffffffff", new: "0x000fffff", kind: WarpSync, code: driver.LaunchFailed, lane: 0, block: 32},
	{name: "ldmatrix by half a warp", body: sharedBase + storeTid + `
	bar.sync 0;
	setp.lt.u32 %p1, %t, 16;
	@!%p1 bra L;
	ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r1}, [%r19]; // BAD
L:
	st.global.u32 [%a1], 1;`,
		old: "%t, 16;", new: "%t, 32;", kind: PartialWarp, code: driver.LaunchFailed, lane: 0, block: 32},
	{name: "mma in a partial block", body: `
	mov.u32 %r1, 0;
	mov.f32 %f1, 0f00000000;
	mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%f1,%f1,%f1,%f1}, {%r1,%r1}, {%r1}, {%f1,%f1,%f1,%f1}; // BAD`,
		old: "never", new: "never", kind: PartialWarp, code: driver.LaunchFailed, lane: 0, block: 31},
	{name: "cp.async read before its wait", body: sharedBase + `
	shl.b32 %r1, %t, 4;
	add.u32 %r2, %r19, %r1;
	cvt.u64.u32 %rd3, %r1;
	add.s64 %rd3, %a0, %rd3;
	cp.async.ca.shared.global [%r2], [%rd3], 16;
	cp.async.commit_group;
	cp.async.wait_group 1;
	bar.sync 0;
	ld.shared.u32 %r1, [%r2]; // BAD`,
		old: "wait_group 1", new: "wait_group 0", kind: AsyncRead, code: driver.LaunchFailed, lane: 0, block: 32, other: "cp.async.ca"},
	{name: "cp.async overwritten", body: sharedBase + `
	cp.async.ca.shared.global [%r20], [%rd1], 4;
	// cp.async.wait_all;
	st.shared.u32 [%r20], %t; // BAD`,
		old: "// cp", new: "cp", kind: AsyncOverwrite, code: driver.LaunchFailed, lane: 0, block: 32, other: "cp.async.ca"},
	{name: "cp.async waited for, no barrier", body: sharedBase + `
	cp.async.ca.shared.global [%r20], [%rd1], 4;
	cp.async.wait_all;
	// bar.sync 0;
	ld.shared.u32 %r1, [%r22]; // BAD`,
		old: "// bar", new: "bar", kind: 0, block: 64},
	{name: "cp.async into what others still read", body: sharedBase + storeTid + `
	bar.sync 0;
	ld.shared.u32 %r1, [%r22];
	// bar.sync 0;
	cp.async.ca.shared.global [%r20], [%rd1], 4; // BAD
	cp.async.wait_all;`,
		old: "// bar", new: "bar", kind: SharedRace, code: driver.LaunchFailed, lane: -2, block: 64},
	{name: "blocks write different values", body: `
	mov.u32 %r1, %ctaid.x;
	st.global.u32 [%a1], %r1; // BAD`,
		old: "[%a1], %r1", new: "[%a1], 3", kind: GlobalRace, code: driver.LaunchFailed, lane: -2, grid: 2, block: 1},
	{name: "block reads what another writes", body: `
	mov.u32 %r1, %ctaid.x;
	mul.wide.u32 %rd1, %r1, 4;
	add.s64 %rd1, %rd1, %a0;
	xor.b32 %r2, %r1, 1;
	mul.wide.u32 %rd2, %r2, 4;
	add.s64 %rd2, %rd2, %a0;
	st.global.u32 [%rd1], 77;
	ld.global.u32 %r3, [%rd2];
	st.global.u32 [%rd1+8], %r3;`,
		old: "[%rd2]", new: "[%rd1]", kind: GlobalRace, code: driver.LaunchFailed, lane: -2, grid: 2, block: 1},
	{name: "threads of a block exchange through global memory", body: `
	add.s64 %rd1, %a1, %o;
	st.global.u32 [%rd1], %t;
	xor.b32 %r1, %t, 32;
	mul.wide.u32 %rd2, %r1, 4;
	add.s64 %rd2, %rd2, %a0;
	// bar.sync 0;
	add.s64 %rd3, %rd2, 0;
	sub.s64 %rd3, %rd3, %a0;
	add.s64 %rd3, %rd3, %a1;
	st.global.u32 [%rd3], 9; // BAD`,
		old: "// bar", new: "bar", kind: GlobalRace, code: driver.LaunchFailed, lane: -2, block: 64},
	{name: "lanes exchange through global memory", body: `
	add.s64 %rd1, %a1, %o;
	st.global.u32 [%rd1], %t;
	// bar.warp.sync -1;
	xor.b32 %r1, %t, 1;
	mul.wide.u32 %rd2, %r1, 4;
	add.s64 %rd2, %rd2, %a1;
	ld.global.u32 %r2, [%rd2]; // BAD`,
		old: "// bar", new: "bar", kind: GlobalRace, code: driver.LaunchFailed, lane: 0, block: 32},
	{name: "bytes of one word by two blocks", body: `
	mov.u32 %r1, %ctaid.x;
	cvt.u64.u32 %rd1, %r1;
	add.s64 %rd1, %rd1, %a1;
	st.global.u8 [%rd1], %r1;
	st.global.u8 [%a1+7], 1;`,
		old: "never", new: "never", kind: 0, grid: 4, block: 1},
	{name: "runaway loop", body: `
L:
	add.u32 %r1, %t, 1;
	setp.ne.u32 %p1, %r1, 0;
	@%p1 bra L;
	st.global.u32 [%a1], 1;`,
		old: "setp.ne", new: "setp.eq", kind: Timeout, code: driver.LaunchTimeout, lane: 0, block: 32},
	{name: "runaway loop with a barrier", body: `
L:
	bar.sync 0;
	add.u32 %r1, %t, 1;
	setp.ne.u32 %p1, %r1, 0;
	@%p1 bra L;
	st.global.u32 [%a1], 1;`,
		old: "setp.ne", new: "setp.eq", kind: Timeout, code: driver.LaunchTimeout, lane: 0, block: 64},
	{name: "trap", body: `
	setp.eq.u32 %p1, %t, 7;
	@%p1 trap; // BAD`,
		old: "%t, 7", new: "%t, 70", kind: Trap, code: driver.LaunchFailed, lane: 7, block: 32},
	{name: "brx.idx out of its table", body: `
T: .branchtargets A, B;
	brx.idx %t, T; // BAD
A:
	st.global.u32 [%a1], 1;
B:
	st.global.u32 [%a1+4], 1;`,
		old: "never", new: "never", kind: IllegalOperand, code: driver.IllegalInstruction, lane: 2, block: 3},
	{name: "write to the kernel's parameters", body: `
	mov.u64 %rd1, p0;
	cvta.param.u64 %rd1, %rd1;
	st.u32 [%rd1], 1; // BAD`,
		old: "st.u32 [%rd1], 1;", new: "ld.u32 %r1, [%rd1];", kind: WrongSpace, code: driver.InvalidAddressSpace, lane: 0, block: 32},
}

// TestDefects runs each defective kernel, for which exactly its kind must be reported at its place,
// and its twin, which must be clean under several orders.
func TestDefects(t *testing.T) {
	for _, d := range slices.Concat(defects, undefinedDefects, paramDefects, readOnlyDefects, unsetDefects) {
		t.Run(d.name, func(t *testing.T) {
			src := strings.Replace(kernel(2, d.body), header, header+d.funcs, 1)
			if d.kind != 0 {
				d.mustFind(t, src)
			}
			if d.old == "never" && d.kind != 0 {
				return
			}
			require.True(t, d.old == "never" || strings.Contains(src, d.old), "the twin is the same")
			for seed := range uint64(4) {
				r, in, out := d.rig(t, strings.Replace(src, d.old, d.new, 1), seed)
				r.clean(max(d.grid, 1), d.block, in, out)
			}
		})
	}
}

func (d *defect) rig(t *testing.T, src string, seed uint64) (r *rig, in, out uint64) {
	r = newRig(t, src)
	r.launch.Shared, r.launch.Seed, r.launch.Budget, r.launch.Workers = d.shared, seed, 1e5, 1
	return r, r.words(make([]uint32, 128)...), r.space(512)
}

func (d *defect) mustFind(t *testing.T, src string) {
	for seed := range uint64(3) {
		r, in, out := d.rig(t, src, seed)
		res := r.run(max(d.grid, 1), d.block, in, out)
		require.NotEmpty(t, res.Findings, "seed %d", seed)
		f := res.Findings[0]
		assert.Equal(t, d.kind, f.Kind, "%v", f)
		assert.Equal(t, d.code, f.Code)
		if strings.Contains(src, "// BAD") && d.kind != WarpSync && d.kind != Deadlock {
			lines := []int{int(f.Pos.Line)}
			if f.Other != nil && d.other == "" && (f.Kind == SharedRace || f.Kind == GlobalRace || f.Kind == UninitRegister) {
				lines = append(lines, int(f.Other.Pos.Line)) // either of the two may be noticed second
			}
			assert.Contains(t, lines, lineOf(t, src, "// BAD"), "%v", f)
		}
		if d.lane > -2 {
			assert.Equal(t, d.lane, f.Lane, "%v", f)
		}
		if d.other != "" && assert.NotNil(t, f.Other) {
			assert.EqualValues(t, lineOf(t, src, d.other), f.Other.Pos.Line, "%v", f)
		}
		assert.Contains(t, f.Error(), d.msg)
		assert.Equal(t, "k", f.Kernel)
		assert.NotEmpty(t, f.Error())
	}
}
