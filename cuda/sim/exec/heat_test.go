package exec

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// heatKernel copies word tid of a0 to word 0, the same for all lanes, of a1, and adds to its word 1024,
// which lies on the second page.
var heatKernel = kernel(2, `
	add.u64 %rd0, %a0, %o;
	ld.global.u32 %r0, [%rd0];
	setp.eq.u32 %p0, %t, 0;
	@%p0 st.global.u32 [%a1], %r0;
	red.global.add.u32 [%a1+4096], 1;
`)

func TestHeat(t *testing.T) {
	r := newRig(t, heatKernel)
	a, b := r.words(make([]uint32, 70)...), r.words(make([]uint32, 1025)...)
	r.launch.Heat = true
	heat := r.clean(1, 64, a, b).Heat
	require.Len(t, heat, 2)
	assert.Equal(t, a, heat[0].Alloc.Base)
	assert.Equal(t, []uint64{8, 8, 8, 8, 8, 8, 8, 8, 0}, heat[0].Read, "280 bytes are 9 sectors, of 8 words each")
	assert.Equal(t, make([]uint64, 9), heat[0].Write)
	wantRead, wantWrite := make([]uint64, 129), make([]uint64, 129)
	wantWrite[0], wantRead[128], wantWrite[128] = 1, 64, 64
	assert.Equal(t, b, heat[1].Alloc.Base)
	assert.Equal(t, wantRead, heat[1].Read)
	assert.Equal(t, wantWrite, heat[1].Write)

	r.launch.Heat = false
	assert.Nil(t, r.clean(1, 64, a, b).Heat)
}

func TestBySource(t *testing.T) {
	src := strings.Replace(heatKernel, ".visible", ".file 7 \"heat.cu\"\n.visible", 1)
	src = strings.Replace(src, "add.u64 %rd0", ".loc 7 31 1\n\tadd.u64 %rd0", 1)
	src = strings.Replace(src, "\tred.", "\t.loc 7 33 1\n\tred.", 1)
	r := newRig(t, src)
	c := r.clean(1, 64, r.words(make([]uint32, 70)...), r.words(make([]uint32, 1025)...)).Counters
	lines := c.BySource(r.image.program.Module())
	require.Len(t, lines, 2)
	assert.EqualValues(t, 8, lines[SourceLine{"heat.cu", 31}].Warp, "two warps: add, ld, setp, st")
	assert.EqualValues(t, 4, lines[SourceLine{"heat.cu", 33}].Warp, "red, ret")
}
