package exec

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestLoadsAndStores copies bytes with each width and vector, through each space.
func TestLoadsAndStores(t *testing.T) {
	for _, typ := range []string{"u8", "b16", "u32", "b64", "f32", "f64", "s64"} {
		size := map[string]int{"u8": 1, "b16": 2, "u32": 4, "b64": 8, "f32": 4, "f64": 8, "s64": 8}[typ]
		reg := map[string]string{"u8": "%h", "b16": "%h", "u32": "%r", "b64": "%rd", "f32": "%f", "f64": "%fd", "s64": "%rd"}[typ]
		for _, n := range []int{1, 2, 4} {
			if n*size > 16 {
				continue
			}
			regs, vec := fmt.Sprintf("%s10", reg), ""
			if n > 1 {
				regs, vec = "{"+regs, fmt.Sprintf(".v%d", n)
				for i := 1; i < n; i++ {
					regs += fmt.Sprintf(", %s%d", reg, 10+i)
				}
				regs += "}"
			}
			src := kernel(2, fmt.Sprintf(`
	.shared .align 16 .b8 sh[512];
	.local .align 16 .b8 lo[32];
	mul.wide.u32 %%rd1, %%t, %d;
	add.s64 %%rd2, %%a0, %%rd1;
	ld.global.nc%[2]s.%[3]s %[4]s, [%%rd2];
	mov.u64 %%rd3, sh;
	add.s64 %%rd3, %%rd3, %%rd1;
	st.shared%[2]s.%[3]s [%%rd3], %[4]s;
	ld.volatile.shared%[2]s.%[3]s %[4]s, [%%rd3];
	mov.u64 %%rd4, lo;
	st.local%[2]s.%[3]s [%%rd4+16], %[4]s;
	cvta.local.u64 %%rd4, %%rd4;
	ld%[2]s.%[3]s %[4]s, [%%rd4+16];
	cvta.shared.u64 %%rd5, %%rd3;
	st%[2]s.%[3]s [%%rd5], %[4]s;
	ld.shared%[2]s.%[3]s %[4]s, [%%rd3];
	add.s64 %%rd2, %%a1, %%rd1;
	st.global.cs%[2]s.%[3]s [%%rd2], %[4]s;`, n*size, vec, typ, regs))
			r := newRig(t, src)
			data := make([]byte, 32*n*size)
			for i := range data {
				data[i] = byte(i*7 + i>>5)
			}
			a, b := r.bytes(data), r.space(len(data))
			r.clean(1, 32, a, b)
			got := make([]byte, len(data))
			require.NoError(t, r.memory.Read(got, b))
			assert.Equal(t, data, got, "%s%s", vec, typ)
		}
	}
}

// TestExtension has loads into wider registers.
func TestExtension(t *testing.T) {
	r := newRig(t, kernel(2, `
	ld.global.s8 %r1, [%a0];
	st.global.u32 [%a1], %r1;
	ld.global.u8 %r1, [%a0];
	st.global.u32 [%a1+4], %r1;
	ld.global.s16 %rd1, [%a0];
	st.global.u64 [%a1+8], %rd1;
	ld.global.s32 %rd1, [%a0];
	st.global.u64 [%a1+16], %rd1;
	ld.global.s8 %h1, [%a0];
	mov.b32 %r2, {%h1, %h1};
	st.global.u32 [%a1+24], %r2;
	mov.u32 %r3, 0x12345678;
	st.global.u8 [%a1+28], %r3;
	st.global.u16 [%a1+30], %r3;
	st.global.u8 [%a1+29], 9;`))
	a, b := r.words(0x8090fff0), r.space(32)
	r.clean(1, 1, a, b)
	require.Equal(t, []uint32{0xfffffff0, 0xf0, 0xfffffff0, 0xffffffff, 0x8090fff0, 0xffffffff, 0xfff0fff0, 0x56780978}, r.read(b, 8))
}

func TestModuleVariables(t *testing.T) {
	r := newRig(t, header+`
.global .align 4 .u32 counter = 5;
.const .align 4 .f32 table[4] = {1.0, 0f40000000, 3.0};
.global .align 8 .u64 address[2] = {generic(counter), counter+4};
.global .align 2 .b8 text[3] = {65, 66, 67};
.global .align 4 .u32 zero[8];
.visible .entry k(.param .u64 p0, .param .align 8 .b8 st[16], .param .u16 small)
{
	.reg .b64 %rd<10>; .reg .b32 %r<10>; .reg .f32 %f<4>; .reg .b16 %h<4>;
	ld.param.u64 %rd1, [p0];
	ld.global.u32 %r1, [counter];
	st.global.u32 [%rd1], %r1;
	ld.const.f32 %f1, [table+8];
	st.global.f32 [%rd1+4], %f1;
	ld.global.u64 %rd2, [address];
	ld.u32 %r2, [%rd2];
	st.global.u32 [%rd1+8], %r2;
	ld.global.u8 %r3, [text+1];
	st.global.u32 [%rd1+12], %r3;
	mov.u64 %rd3, table;
	cvta.const.u64 %rd4, %rd3;
	ld.f32 %f2, [%rd4+4];
	st.global.f32 [%rd1+16], %f2;
	ld.global.u32 %r4, [zero+28];
	st.global.u32 [%rd1+20], %r4;
	ld.param.u32 %r5, [st+12];
	st.global.u32 [%rd1+24], %r5;
	ld.param.u16 %h1, [small];
	cvt.u32.u16 %r6, %h1;
	st.global.u32 [%rd1+28], %r6;
	atom.global.add.u32 %r7, [counter], 3;
	ret;
}`)
	out := r.space(32)
	require.Equal(t, []Param{{"p0", 0, 8, 8}, {"st", 8, 16, 8}, {"small", 24, 2, 2}}, r.kernel.Params())
	params := make([]byte, 26)
	binary.LittleEndian.PutUint64(params, out)
	binary.LittleEndian.PutUint32(params[20:], 77)
	binary.LittleEndian.PutUint16(params[24:], 65535)
	r.launch.Params = params
	res, err := r.image.Launch(t.Context(), &r.launch)
	require.NoError(t, err)
	require.NoError(t, res.Err())
	require.Equal(t, []uint32{5, math.Float32bits(3), 5, 66, math.Float32bits(2), 0, 77, 65535}, r.read(out, 8))
	addr, size, ok := r.image.Global("counter")
	require.True(t, ok)
	require.EqualValues(t, 4, size)
	require.Equal(t, []uint32{8}, r.read(addr, 1))
	r.image.Unload()
	require.Error(t, r.memory.Read(make([]byte, 4), addr))
}

// TestInitialValues has initial values whose bits the type does not say alone (ptxas 12.9).
func TestInitialValues(t *testing.T) {
	r := newRig(t, header+`
.global .b32 f = 1.5;
.global .b64 d = 1.5;
.global .b32 i = -1;
.global .v2 .u32 v[2] = {{1, 2}, {3, 4}};
.global .v2 .u16 m[2][2] = {{{1, 2}, {3, 4}}, {{5, 6}, {7}}};
.visible .entry k() { ret; }`)
	for _, c := range []struct {
		name string
		want []uint32
	}{
		{"f", []uint32{0x3fc00000}},
		{"d", []uint32{0, 0x3ff80000}},
		{"i", []uint32{0xffffffff}},
		{"v", []uint32{1, 2, 3, 4}},
		{"m", []uint32{0x20001, 0x40003, 0x60005, 7}},
	} {
		addr, size, ok := r.image.Global(c.name)
		require.True(t, ok, c.name)
		require.EqualValues(t, 4*len(c.want), size, c.name)
		require.Equal(t, c.want, r.read(addr, len(c.want)), c.name)
	}
}

func TestAtomics(t *testing.T) {
	const n = 64
	float := math.Float32bits
	for _, c := range []struct {
		text  string
		start uint32
		want  uint32
	}{
		{"atom.SPACE.add.u32 %r1, [ADDR], 2;", 5, 5 + 2*n},
		{"red.SPACE.add.u32 [ADDR], %t;", 0, n * (n - 1) / 2},
		{"red.relaxed.gpu.SPACE.max.u32 [ADDR], %t;", 7, n - 1},
		{"atom.SPACE.min.s32 %r1, [ADDR], -4;", 7, 0xfffffffc},
		{"atom.SPACE.inc.u32 %r1, [ADDR], 9;", 0, n % 10},
		{"atom.SPACE.dec.u32 %r1, [ADDR], 9;", 0, (10 - n%10) % 10},
		{"shl.b32 %r2, 1, %t; red.SPACE.or.b32 [ADDR], %r2;", 0, 0xffffffff},
		{"red.SPACE.xor.b32 [ADDR], 1;", 3, 3},
		{"red.SPACE.and.b32 [ADDR], 0xf0;", 0xff, 0xf0},
		{"red.SPACE.add.f32 [ADDR], 0f3F000000;", float(1), float(1 + n/2)},
		{"mov.b32 %r3, 0x3c000000; red.SPACE.add.noftz.f16x2 [ADDR], %r3;", 0x3c003c00, 0x54103c00}, // 65 = 0x5410
		{"atom.SPACE.exch.b32 %r1, [ADDR], 77;", 7, 77},
		{"atom.SPACE.cas.b32 %r1, [ADDR], 7, 99;", 7, 99},
		{"atom.SPACE.cas.b32 %r1, [ADDR], 8, 99;", 7, 7},
	} {
		for _, space := range []string{"global", "shared"} {
			text, addr := strings.ReplaceAll(c.text, "SPACE", space), "%a0"
			before, after := "", ""
			if space == "shared" {
				addr = "sh"
				before = ".shared .align 4 .b32 sh; setp.ne.u32 %p1, %t, 0; @!%p1 ld.global.u32 %r9, [%a0]; @!%p1 st.shared.u32 [sh], %r9; bar.sync 0;"
				after = "bar.sync 0; @!%p1 ld.shared.u32 %r9, [sh]; @!%p1 st.global.u32 [%a0], %r9;"
			}
			r := newRig(t, kernel(1, before+strings.ReplaceAll(text, "ADDR", addr)+after))
			a := r.words(c.start)
			res := r.clean(1, n, a)
			assert.Equal(t, c.want, r.read(a, 1)[0], text)
			assert.EqualValues(t, n, res.Counters.Total.Atomics)
		}
	}
}
