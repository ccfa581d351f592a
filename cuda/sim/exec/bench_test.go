package exec

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sgemm is C = A·B in f32 by tiles of 16×16 in shared memory, one thread for each element: the loop
// over a tile is unrolled, as a compiler leaves it. All sizes are n, a multiple of 16.
func sgemm() string {
	var b strings.Builder
	b.WriteString(header + `
.visible .entry k(.param .u64 p0, .param .u64 p1, .param .u64 p2, .param .u32 p3)
{
	.reg .b32 %r<40>; .reg .b64 %rd<20>; .reg .f32 %f<40>; .reg .pred %p<4>;
	.shared .align 4 .b8 sa[1088];
	.shared .align 4 .b8 sb[1088];
	ld.param.u64 %rd1, [p0];
	ld.param.u64 %rd2, [p1];
	ld.param.u64 %rd3, [p2];
	ld.param.u32 %r1, [p3];
	mov.u32 %r2, %tid.x;
	mov.u32 %r3, %tid.y;
	mov.u32 %r4, %ctaid.x;
	mov.u32 %r5, %ctaid.y;
	shl.b32 %r6, %r5, 4;
	add.u32 %r6, %r6, %r3; // row
	shl.b32 %r7, %r4, 4;
	add.u32 %r7, %r7, %r2; // column
	mad.lo.u32 %r8, %r6, %r1, %r2;
	mul.wide.u32 %rd4, %r8, 4;
	add.s64 %rd4, %rd1, %rd4; // of A, on by 64 bytes
	mad.lo.u32 %r9, %r3, %r1, %r7;
	mul.wide.u32 %rd5, %r9, 4;
	add.s64 %rd5, %rd2, %rd5; // of B, on by 64·n bytes
	mul.wide.u32 %rd6, %r1, 64;
	mov.u32 %r10, sa;
	mov.u32 %r11, sb;
	mul.lo.u32 %r12, %r3, 68;
	add.u32 %r13, %r10, %r12; // row of sa
	shl.b32 %r14, %r2, 2;
	add.u32 %r15, %r11, %r14; // column of sb
	add.u32 %r16, %r13, %r14;
	add.u32 %r17, %r15, %r12;
	mov.f32 %f1, 0f00000000;
	mov.u32 %r18, 0;
LOOP:
	ld.global.f32 %f2, [%rd4];
	ld.global.f32 %f3, [%rd5];
	st.shared.f32 [%r16], %f2;
	st.shared.f32 [%r17], %f3;
	bar.sync 0;
`)
	for i := range 16 {
		fmt.Fprintf(&b, "\tld.shared.f32 %%f4, [%%r13+%d];\n\tld.shared.f32 %%f5, [%%r15+%d];\n\tfma.rn.f32 %%f1, %%f4, %%f5, %%f1;\n", 4*i, 68*i)
	}
	b.WriteString(`	bar.sync 0;
	add.s64 %rd4, %rd4, 64;
	add.s64 %rd5, %rd5, %rd6;
	add.u32 %r18, %r18, 16;
	setp.lt.u32 %p1, %r18, %r1;
	@%p1 bra LOOP;
	mad.lo.u32 %r19, %r6, %r1, %r7;
	mul.wide.u32 %rd7, %r19, 4;
	add.s64 %rd7, %rd3, %rd7;
	st.global.f32 [%rd7], %f1;
	ret;
}
`)
	return b.String()
}

// gemm is C = A·Bᵀ, bf16 in and f32 out, by tiles of 64×64×32 and four warps of 32×32: two stages of
// cp.async, rows of 64 bytes whose chunks of 16 are swizzled by (row/2) mod 4, ldmatrix and
// mma.m16n8k16. Sizes are n, a multiple of 64.
func gemm() string {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, "\t"+format+"\n", args...) }
	b.WriteString(header + `
.visible .entry k(.param .u64 p0, .param .u64 p1, .param .u64 p2, .param .u32 p3)
.maxntid 128, 1, 1
{
	.reg .b32 %r<100>, %a<8>, %b<8>; .reg .b64 %rd<40>; .reg .f32 %c<32>; .reg .pred %p<4>;
	.shared .align 128 .b8 tile[16384]; // two stages of A and B, 4096 bytes each
	ld.param.u64 %rd1, [p0];
	ld.param.u64 %rd2, [p1];
	ld.param.u64 %rd3, [p2];
	ld.param.u32 %r1, [p3];
	mov.u32 %r2, %tid.x;
	mov.u32 %r3, tile;
	mov.u32 %r4, %ctaid.x; // columns
	mov.u32 %r5, %ctaid.y; // rows
	shr.u32 %r6, %r2, 2; // row of the chunk, and 32 below
	and.b32 %r7, %r2, 3;
	shr.u32 %r8, %r6, 1;
	xor.b32 %r8, %r8, %r7;
	and.b32 %r8, %r8, 3;
	shl.b32 %r8, %r8, 4;
	shl.b32 %r9, %r6, 6;
	add.u32 %r10, %r8, %r9;
	add.u32 %r10, %r10, %r3; // where it goes
	shl.b32 %r11, %r7, 3;
`)
	for i, src := range []string{"%rd1", "%rd2"} {
		p("shl.b32 %%r12, %%r%d, 6;", 5-i)
		p("add.u32 %%r12, %%r12, %%r6;")
		p("mad.lo.u32 %%r12, %%r12, %%r1, %%r11;")
		p("mul.wide.u32 %%rd%d, %%r12, 2;", 4+i)
		p("add.s64 %%rd%d, %s, %%rd%d;", 4+i, src, 4+i)
	}
	p("mul.wide.u32 %%rd6, %%r1, 64; // 32 rows on")
	p("add.s64 %%rd7, %%rd4, %%rd6;")
	p("add.s64 %%rd8, %%rd5, %%rd6;")
	// Fragments: the lane's row of A and B, and its chunk in each half of the step.
	p("and.b32 %%r13, %%r2, 31;")
	p("shr.u32 %%r14, %%r2, 5;")
	p("and.b32 %%r15, %%r14, 1;")
	p("shr.u32 %%r16, %%r14, 1;")
	p("and.b32 %%r17, %%r13, 15;")
	p("shl.b32 %%r18, %%r15, 5;")
	p("add.u32 %%r18, %%r18, %%r17; // row of A")
	p("shr.u32 %%r19, %%r13, 4; // chunk")
	p("and.b32 %%r20, %%r13, 7;")
	p("shl.b32 %%r21, %%r19, 3;")
	p("add.u32 %%r20, %%r20, %%r21;")
	p("shl.b32 %%r21, %%r16, 5;")
	p("add.u32 %%r20, %%r20, %%r21; // row of B")
	p("shr.u32 %%r22, %%r13, 3;")
	p("and.b32 %%r22, %%r22, 1; // chunk")
	for i, x := range []struct{ row, chunk, base int }{{18, 19, 0}, {20, 22, 4096}} {
		for ks := range 2 {
			p("shr.u32 %%r23, %%r%d, 1;", x.row)
			p("add.u32 %%r24, %%r%d, %d;", x.chunk, 2*ks)
			p("xor.b32 %%r23, %%r23, %%r24;")
			p("and.b32 %%r23, %%r23, 3;")
			p("shl.b32 %%r23, %%r23, 4;")
			p("shl.b32 %%r24, %%r%d, 6;", x.row)
			p("add.u32 %%r23, %%r23, %%r24;")
			p("add.u32 %%r23, %%r23, %%r3;")
			p("add.u32 %%r%d, %%r23, %d;", 30+2*i+ks, x.base)
		}
	}
	for i := range 32 {
		p("mov.f32 %%c%d, 0f00000000;", i)
	}
	load := func(stage string) {
		p("add.u32 %%r40, %%r10, %s;", stage)
		for i, src := range []int{4, 7, 5, 8} {
			p("cp.async.cg.shared.global [%%r40+%d], [%%rd%d], 16;", 2048*i, src)
			p("add.s64 %%rd%d, %%rd%d, 64;", src, src)
		}
	}
	load("0")
	p("cp.async.commit_group;")
	p("mov.u32 %%r41, 32; // of k, loaded")
	p("mov.u32 %%r42, 8192; // the stage to load")
	b.WriteString("LOOP:\n")
	p("setp.ge.u32 %%p1, %%r41, %%r1;")
	p("@%%p1 bra LAST;")
	load("%r42")
	b.WriteString("LAST:\n")
	p("cp.async.commit_group;")
	p("cp.async.wait_group 1;")
	p("bar.sync 0;")
	p("xor.b32 %%r42, %%r42, 8192;")
	for ks := range 2 {
		p("add.u32 %%r43, %%r%d, %%r42;", 30+ks)
		p("add.u32 %%r44, %%r%d, %%r42;", 32+ks)
		for i := range 2 {
			p("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%%a%d,%%a%d,%%a%d,%%a%d}, [%%r43+%d];", 4*i, 4*i+1, 4*i+2, 4*i+3, 1024*i)
			p("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%%b%d,%%b%d,%%b%d,%%b%d}, [%%r44+%d];", 4*i, 4*i+1, 4*i+2, 4*i+3, 1024*i)
		}
		for i := range 2 {
			for j := range 4 {
				c := 16*i + 4*j
				p("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%%c%d,%%c%d,%%c%d,%%c%d}, {%%a%d,%%a%d,%%a%d,%%a%d}, {%%b%d,%%b%d}, {%%c%d,%%c%d,%%c%d,%%c%d};",
					c, c+1, c+2, c+3, 4*i, 4*i+1, 4*i+2, 4*i+3, 2*j, 2*j+1, c, c+1, c+2, c+3)
			}
		}
	}
	p("bar.sync 1;")
	p("add.u32 %%r41, %%r41, 32;")
	p("add.u32 %%r45, %%r1, 32;")
	p("setp.lt.u32 %%p1, %%r41, %%r45;")
	p("@%%p1 bra LOOP;")
	p("shl.b32 %%r50, %%r5, 6;")
	p("shl.b32 %%r51, %%r15, 5;")
	p("add.u32 %%r50, %%r50, %%r51;")
	p("shr.u32 %%r52, %%r13, 2;")
	p("add.u32 %%r50, %%r50, %%r52; // row")
	p("shl.b32 %%r53, %%r4, 6;")
	p("shl.b32 %%r54, %%r16, 5;")
	p("add.u32 %%r53, %%r53, %%r54;")
	p("and.b32 %%r55, %%r13, 3;")
	p("shl.b32 %%r55, %%r55, 1;")
	p("add.u32 %%r53, %%r53, %%r55; // column")
	p("mad.lo.u32 %%r56, %%r50, %%r1, %%r53;")
	p("mul.wide.u32 %%rd10, %%r56, 4;")
	p("add.s64 %%rd10, %%rd3, %%rd10;")
	p("mul.wide.u32 %%rd11, %%r1, 32; // eight rows on")
	for i := range 4 {
		for j := range 4 {
			c := 16*(i/2) + 4*j + 2*(i%2)
			p("st.global.v2.f32 [%%rd10+%d], {%%c%d, %%c%d};", 32*j, c, c+1)
		}
		p("add.s64 %%rd10, %%rd10, %%rd11;")
	}
	p("ret;")
	b.WriteString("}\n")
	return b.String()
}

// half is a bf16 value that f32 holds exactly.
func half(rng *rand.Rand) float32 {
	return math.Float32frombits(math.Float32bits(float32(rng.NormFloat64())) & 0xffff0000)
}

// gemmRig is a rig with two random matrices of n×n and room for a third.
func gemmRig(t *testing.T, src string, n int, bf16 bool) (r *rig, args []uint64, a, b []float32) {
	rng := rand.New(rand.NewPCG(1, 2))
	r = newRig(t, src)
	a, b = make([]float32, n*n), make([]float32, n*n)
	for i := range a {
		a[i], b[i] = half(rng), half(rng)
	}
	for _, m := range [][]float32{a, b} {
		var data []byte
		for _, x := range m {
			if bf16 {
				data = binary.LittleEndian.AppendUint16(data, uint16(math.Float32bits(x)>>16))
			} else {
				data = binary.LittleEndian.AppendUint32(data, math.Float32bits(x))
			}
		}
		args = append(args, r.bytes(data))
	}
	args = append(args, r.space(4*n*n), uint64(n))
	if bf16 {
		r.launch.Grid, r.launch.Block = [3]int{n / 64, n / 64, 1}, [3]int{128, 1, 1}
	} else {
		r.launch.Grid, r.launch.Block = [3]int{n / 16, n / 16, 1}, [3]int{16, 16, 1}
	}
	return r, args, a, b
}

// TestGemms holds both kernels against a product in float64, under several orders, without findings.
func TestGemms(t *testing.T) {
	const n = 128
	for seed := range uint64(3) {
		for _, bf16 := range []bool{false, true} {
			src := sgemm()
			if bf16 {
				src = gemm()
			}
			r, args, a, b := gemmRig(t, src, n, bf16)
			r.launch.Seed = seed
			res := r.clean(0, 0, args...)
			got := r.read(args[2], n*n)
			for i := range n {
				for j := range n {
					sum, size := 0.0, 0.0
					for k := range n {
						x := float64(a[i*n+k]) * float64(b[k*n+j])
						if bf16 {
							x = float64(a[i*n+k]) * float64(b[j*n+k])
						}
						sum += x
						size += math.Abs(x)
					}
					// n roundings to f32 of sums that are at most size.
					require.InDelta(t, sum, float64(math.Float32frombits(got[i*n+j])), n*size*0x1p-24, "%v (%d, %d)", bf16, i, j)
				}
			}
			c := res.Counters
			if bf16 {
				assert.EqualValues(t, 2*n*n*n, c.Total.MMAFLOPs)
				assert.Zero(t, c.Total.Conflicts(), "the swizzle")
				assert.EqualValues(t, 2*n*n*2, c.DRAMRead)
			} else {
				assert.EqualValues(t, 2*n*n*n, c.Total.FLOPs)
			}
			assert.EqualValues(t, 4*n*n, c.DRAMWrite)
			assert.InDelta(t, 1, c.Total.SIMD(), 0.02) // branches that are not taken
		}
	}
}

// TestGemmMutants breaks the kernel in ways that hardware may let pass.
func TestGemmMutants(t *testing.T) {
	const n = 128
	for _, m := range []struct {
		name, old, new string
		kinds          []Kind
	}{
		{"no barrier before the tile is read", "bar.sync 0;", "", []Kind{SharedRace, UninitMemory, AsyncRead}},
		{"no barrier before the tile is replaced", "bar.sync 1;", "", []Kind{SharedRace}},
		{"waits for the wrong group", "wait_group 1", "wait_group 2", []Kind{AsyncRead, AsyncOverwrite}},
		{"loads a stage too many", "setp.ge.u32 %p1, %r41, %r1;", "setp.gt.u32 %p1, %r41, %r1;", []Kind{OutOfBounds}},
		{"a row too far in shared memory", "[%r44+1024]", "[%r44+13312]", []Kind{OutOfBounds, UninitMemory}},
		{"accumulators are not cleared", "mov.f32 %c0, 0f00000000;", "", []Kind{UninitRegister}},
		{"blocks write each other's tiles", "shl.b32 %r53, %r4, 6;", "shl.b32 %r53, %r4, 5;", []Kind{GlobalRace}},
		{"half of a chunk is copied", "[%r40+2048], [%rd7], 16;", "[%r40+2052], [%rd7], 16;", []Kind{Misaligned}},
	} {
		src := gemm()
		require.Contains(t, src, m.old, m.name)
		r, args, _, _ := gemmRig(t, strings.Replace(src, m.old, m.new, 1), n, true)
		r.launch.Workers = 1
		res := r.run(0, 0, args...)
		if assert.NotEmpty(t, res.Findings, m.name) {
			assert.Contains(t, m.kinds, res.Findings[0].Kind, "%s: %v", m.name, res.Findings[0])
		}
	}
	// Without the swizzle the kernel is right, and slow.
	src := gemm()
	for _, x := range []string{"xor.b32 %r8, %r8, %r7;", "xor.b32 %r23, %r23, %r24;"} {
		require.Contains(t, src, x)
	}
	src = strings.ReplaceAll(src, "xor.b32 %r8, %r8, %r7;", "mov.b32 %r8, %r7;")
	src = strings.ReplaceAll(src, "xor.b32 %r23, %r23, %r24;", "mov.b32 %r23, %r24;")
	r, args, _, _ := gemmRig(t, src, n, true)
	res := r.clean(0, 0, args...)
	assert.Greater(t, res.Counters.Total.Conflicts(), uint64(1000))
}

// BenchmarkGemm reports instructions of threads for a second of one worker, with all checkers.
func BenchmarkGemm(b *testing.B) {
	for _, bf16 := range []bool{false, true} {
		name, src, n := "kernel=sgemm", sgemm(), 128
		if bf16 {
			name, src, n = "kernel=mma", gemm(), 256
		}
		b.Run(name, func(b *testing.B) {
			r, args, _, _ := gemmRig(&testing.T{}, src, n, bf16)
			r.launch.Workers = 1
			lanes := uint64(0)
			for b.Loop() {
				res := r.run(0, 0, args...)
				if len(res.Findings) > 0 {
					b.Fatal(res.Findings[0])
				}
				lanes += res.Counters.Total.Lane
			}
			b.ReportMetric(float64(lanes)/b.Elapsed().Seconds()/1e6, "Minst/s")
		})
	}
}
