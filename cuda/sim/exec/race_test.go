package exec

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestLockOfLanes has the lanes of two warps take turns in what a lock protects, which acquire and release order
// without a fence, in shared and in global memory; without a release, the writes of one are not ordered behind the reads
// of others.
func TestLockOfLanes(t *testing.T) {
	const lock = `
	.shared .align 8 .b8 s[16];
	mov.u32 %r9, s;
	setp.ne.u32 %p1, %t, 0;
	@%p1 bra READY;
	st.shared.v2.u32 [s], {0, 0};
READY:
	bar.sync 0;
AGAIN:
	atom.acquire.cta.shared.cas.b32 %r1, [%r9], 0, 1;
	setp.ne.u32 %p1, %r1, 0;
	@%p1 bra AGAIN;
	ld.shared.u32 %r2, [%r9+4];
	add.u32 %r2, %r2, 1;
	st.shared.u32 [%r9+4], %r2;
	atom.release.cta.shared.exch.b32 %r3, [%r9], 0;
	bar.sync 0;
	ld.shared.u32 %r2, [%r9+4];
	st.global.u32 [%a1], %r2;
`
	inGlobal := strings.NewReplacer("mov.u32 %r9, s", "mov.u64 %rd9, %a0", "st.shared.v2.u32 [s], {0, 0}", "st.global.v2.u32 [%a0], {0, 0}",
		"shared", "global", "%r9", "%rd9", ".shared .align 8 .b8 s[16];", "").Replace(lock)
	// What is protected lies in shared memory, the lock does not.
	mixed := strings.NewReplacer("cta.shared.cas.b32 %r1, [%r9]", "gpu.global.cas.b32 %r1, [%a0]", "cta.shared.exch.b32 %r3, [%r9]", "gpu.global.exch.b32 %r3, [%a0]").Replace(lock)
	for name, body := range map[string]string{"shared": lock, "global": inGlobal, "mixed": mixed} {
		for seed := range uint64(3) {
			r := newRig(t, kernel(2, body))
			r.launch.Seed = seed
			a, b := r.words(0, 0), r.words(0)
			res := r.run(1, 64, a, b)
			require.NoError(t, res.Err(), "%s, seed %d", name, seed)
			require.EqualValues(t, 64, r.read(b, 1)[0], name)
			r = newRig(t, kernel(2, strings.Replace(body, ".release", ".relaxed", 1)))
			r.launch.Seed = seed
			a, b = r.words(0, 0), r.words(0)
			res = r.run(1, 64, a, b)
			require.NotEmpty(t, res.Findings, "%s, seed %d", name, seed)
			for _, f := range res.Findings {
				assert.Contains(t, []Kind{SharedRace, GlobalRace}, f.Kind)
				if f.Other != nil && f.Lane >= 0 {
					assert.False(t, f.Warp == f.Other.Warp && f.Lane == f.Other.Lane && f.Block == f.Other.Block, "a race of a thread with itself: %v", f)
				}
			}
		}
	}
}

// TestAtomicsOfScope has atomics of .cta scope, which are none between blocks.
func TestAtomicsOfScope(t *testing.T) {
	r := newRig(t, kernel(1, "\tred.relaxed.cta.global.add.u32 [%a0], 1;\n"))
	a := r.words(0)
	r.clean(1, 96, a)
	require.EqualValues(t, 96, r.read(a, 1)[0])
	res := r.run(2, 32, a)
	require.NotEmpty(t, res.Findings)
	require.Equal(t, GlobalRace, res.Findings[0].Kind)
}
