package exec

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// randomFlow is a kernel of blocks that branch to each other at random, by what each thread has in
// its accumulator: loops, early returns, tables, calls, joins anywhere. After 60 steps a thread stores.
// %r1 is the thread's number in the grid.
func randomFlow(rng *rand.Rand) string {
	var b strings.Builder
	n := 4 + rng.IntN(9)
	label := func() string { return fmt.Sprintf("B%d", rng.IntN(n)) }
	for i := range n {
		fmt.Fprintf(&b, "B%d:\n\tadd.u32 %%r3, %%r3, 1;\n\tsetp.ge.u32 %%p1, %%r3, 60;\n", i)
		if rng.IntN(3) == 0 {
			b.WriteString("\t@%p1 st.global.u32 [%rd1], %r2;\n\t@%p1 ret;\n")
		} else {
			b.WriteString("\t@%p1 bra END;\n")
		}
		fmt.Fprintf(&b, "\tmad.lo.u32 %%r2, %%r2, 1664525, %d;\n\tshr.u32 %%r4, %%r2, 17;\n", 2*rng.IntN(1000)+1)
		switch rng.IntN(5) {
		case 0:
			fmt.Fprintf(&b, "\tand.b32 %%r4, %%r4, 3;\nT%d: .branchtargets %s, %s, %s, %s;\n\tbrx.idx %%r4, T%d;\n", i, label(), label(), label(), label(), i)
		case 1:
			fmt.Fprintf(&b, "\tsetp.lt.u32 %%p2, %%r4, %d;\n\t@!%%p2 bra %s;\n\tcall (%%r2), mix, (%%r2);\n\tbra %s;\n", rng.IntN(1<<15), label(), label())
		case 2:
			fmt.Fprintf(&b, "\tsetp.lt.u32 %%p2, %%r4, %d;\n\t@%%p2 call (%%r2), mix, (%%r2);\n\tbra %s;\n", rng.IntN(1<<15), label())
		default:
			fmt.Fprintf(&b, "\tsetp.lt.u32 %%p2, %%r4, %d;\n\t@%%p2 bra %s;\n", rng.IntN(1<<15), label())
			if rng.IntN(2) == 0 {
				fmt.Fprintf(&b, "\tbra %s;\n", label())
			}
		}
	}
	return header + `
.func (.reg .u32 %o) mix(.reg .u32 %x)
{
	.reg .pred %p; .reg .u32 %b;
	and.b32 %b, %x, 0x100000;
	setp.eq.u32 %p, %b, 0;
	@%p bra EVEN;
	mul.lo.u32 %o, %x, 7;
	ret;
EVEN:
	xor.b32 %o, %x, 0x55aa55aa;
	ret;
}
.visible .entry k(.param .u64 p0)
{
	.reg .pred %p<4>; .reg .b32 %r<9>; .reg .b64 %rd<4>;
	mov.u32 %r5, %ctaid.x;
	mov.u32 %r6, %ntid.x;
	mov.u32 %r7, %tid.x;
	mad.lo.u32 %r1, %r5, %r6, %r7;
	ld.param.u64 %rd1, [p0];
	mul.wide.u32 %rd2, %r1, 4;
	add.s64 %rd1, %rd1, %rd2;
	mad.lo.u32 %r2, %r1, 747796405, 12345;
	mov.u32 %r3, 0;
` + b.String() + `
END:
	st.global.u32 [%rd1], %r2;
	ret;
}
`
}

// TestRandomFlow holds warps that diverge against the same threads one by one.
func TestRandomFlow(t *testing.T) {
	for seed := range uint64(150) {
		src := randomFlow(rand.New(rand.NewPCG(seed, 9)))
		r := newRig(t, src)
		a, b := r.space(4*48), r.space(4*48)
		r.clean(1, 48, a)
		r.clean(48, 1, b)
		require.Equal(t, r.read(b, 48), r.read(a, 48), "seed %d:\n%s", seed, src)
	}
}
