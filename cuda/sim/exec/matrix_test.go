package exec

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/rapt-go/rapt/cuda/sim/arith"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestLdmatrix loads four 8×8 matrices of which element (r, c) of matrix i is 64i + 8r + c, and stores
// the registers.
func TestLdmatrix(t *testing.T) {
	for _, trans := range []bool{false, true} {
		mod := ""
		if trans {
			mod = ".trans"
		}
		r := newRig(t, kernel(2, `
	.shared .align 16 .b8 sh[512];
	mul.wide.u32 %rd1, %t, 16;
	add.s64 %rd2, %a0, %rd1;
	ld.global.v4.u32 {%r1,%r2,%r3,%r4}, [%rd2];
	mov.u32 %r9, sh;
	shl.b32 %r10, %t, 4;
	add.u32 %r9, %r9, %r10;
	st.shared.v4.u32 [%r9], {%r1,%r2,%r3,%r4};
	bar.sync 0;
	ldmatrix.sync.aligned.m8n8.x4`+mod+`.shared.b16 {%r1,%r2,%r3,%r4}, [%r9];
	add.s64 %rd2, %a1, %rd1;
	st.global.v4.u32 [%rd2], {%r1,%r2,%r3,%r4};`))
		in := make([]uint32, 128)
		for i := range in {
			in[i] = uint32(2*i) | uint32(2*i+1)<<16
		}
		a, b := r.words(in...), r.space(512)
		res := r.clean(1, 32, a, b)
		got := r.read(b, 128)
		for l := range 32 {
			for i := range 4 {
				row, col := l/4, 2*(l%4)
				want := uint32(64*i+8*row+col) | uint32(64*i+8*row+col+1)<<16
				if trans {
					want = uint32(64*i+8*col+row) | uint32(64*i+8*(col+1)+row)<<16
				}
				require.Equal(t, want, got[4*l+i], "lane %d register %d", l, i)
			}
		}
		// Eight rows of 16 bytes side by side fill the 32 banks once.
		assert.EqualValues(t, 4+4, res.Counters.Total.Wavefronts) // the store takes as many
	}
}

func TestStmatrixAndMovmatrix(t *testing.T) {
	r := newRig(t, kernel(1, `
	.shared .align 16 .b8 sh[128];
	mov.u32 %r9, sh;
	and.b32 %r10, %t, 7;
	shl.b32 %r10, %r10, 4;
	add.u32 %r9, %r9, %r10;
	mad.lo.u32 %r1, %t, 0x20002, 0x10000; // element i of the matrix is i
	stmatrix.sync.aligned.m8n8.x1.trans.shared.b16 [%r9], {%r1};
	bar.sync 0;
	mov.u32 %r2, sh;
	shl.b32 %r3, %t, 2;
	add.u32 %r2, %r2, %r3;
	ld.shared.u32 %r4, [%r2];
	movmatrix.sync.aligned.m8n8.trans.b16 %r5, %r1;
	add.s64 %rd1, %a0, %o;
	st.global.u32 [%rd1], %r4;
	st.global.u32 [%rd1+128], %r5;`))
	a := r.space(256)
	r.clean(1, 32, a)
	got := r.read(a, 64)
	for l := range 32 {
		row, col := l/4, 2*(l%4)
		want := uint32(8*col+row) | uint32(8*(col+1)+row)<<16
		require.Equal(t, want, got[l])
		require.Equal(t, want, got[32+l])
	}
}

// An mmaCase is an mma by its modifiers, and how elements are made.
type mmaCase struct {
	mods       string
	m, n, k    int
	at, bt, dt arith.Type
	a, b, c    int // registers
}

var mmaCases = []mmaCase{
	{"m16n8k16.row.col.f32.bf16.bf16.f32", 16, 8, 16, arith.BF16, arith.BF16, arith.F32, 4, 2, 4},
	{"m16n8k16.row.col.f32.f16.f16.f32", 16, 8, 16, arith.F16, arith.F16, arith.F32, 4, 2, 4},
	{"m16n8k8.row.col.f32.f16.f16.f32", 16, 8, 8, arith.F16, arith.F16, arith.F32, 2, 1, 4},
	{"m16n8k8.row.col.f32.bf16.bf16.f32", 16, 8, 8, arith.BF16, arith.BF16, arith.F32, 2, 1, 4},
	{"m16n8k16.row.col.f16.f16.f16.f16", 16, 8, 16, arith.F16, arith.F16, arith.F16, 4, 2, 2},
	{"m16n8k8.row.col.f32.tf32.tf32.f32", 16, 8, 8, arith.TF32, arith.TF32, arith.F32, 4, 2, 4},
	{"m16n8k4.row.col.f32.tf32.tf32.f32", 16, 8, 4, arith.TF32, arith.TF32, arith.F32, 2, 1, 4},
	{"m16n8k32.row.col.s32.s8.u8.s32", 16, 8, 32, arith.S8, arith.U8, arith.S32, 4, 2, 4},
	{"m16n8k16.row.col.s32.s8.s8.s32", 16, 8, 16, arith.S8, arith.S8, arith.S32, 2, 1, 4},
	{"m8n8k16.row.col.s32.u8.s8.s32", 8, 8, 16, arith.U8, arith.S8, arith.S32, 1, 1, 2},
	{"m16n8k64.row.col.s32.s4.u4.s32", 16, 8, 64, arith.S4, arith.U4, arith.S32, 4, 2, 4},
	{"m8n8k32.row.col.s32.s4.s4.s32", 8, 8, 32, arith.S4, arith.S4, arith.S32, 1, 1, 2},
	{"m16n8k256.row.col.s32.b1.b1.s32.xor.popc", 16, 8, 256, arith.B1, arith.B1, arith.S32, 4, 2, 4},
	{"m16n8k128.row.col.s32.b1.b1.s32.and.popc", 16, 8, 128, arith.B1, arith.B1, arith.S32, 2, 1, 4},
	{"m8n8k4.row.col.f64.f64.f64.f64", 8, 8, 4, arith.F64, arith.F64, arith.F64, 1, 1, 2},
	{"m16n8k8.row.col.f64.f64.f64.f64", 16, 8, 8, arith.F64, arith.F64, arith.F64, 4, 2, 4},
	{"m16n8k32.row.col.f32.e4m3.e5m2.f32", 16, 8, 32, arith.E4M3, arith.E5M2, arith.F32, 4, 2, 4},
}

// The numbers are small integers, so that all sums are exact in every format and order.
func encode(t arith.Type, v int) uint64 {
	switch t {
	case arith.BF16:
		return uint64(math.Float32bits(float32(v)) >> 16)
	case arith.F16:
		return uint64(arith.F16FromF32(math.Float32bits(float32(v))))
	case arith.TF32, arith.F32:
		return uint64(math.Float32bits(float32(v)))
	case arith.F64:
		return math.Float64bits(float64(v))
	case arith.E4M3: // 0, ±1, ±2, ±3: exponents 7 and 8
		return [...]uint64{0xc4, 0xc0, 0xb8, 0, 0x38, 0x40, 0x44}[v+3]
	case arith.E5M2:
		return [...]uint64{0xc2, 0xc0, 0xbc, 0, 0x3c, 0x40, 0x42}[v+3]
	}
	return uint64(v) & (1<<t.Bits() - 1)
}

// TestMma holds mma against the product of the matrices, with the fragments of the ISA's figures:
// with g = lane/4, t = lane%4 and p elements of 32 bits in a register, A has in register r, place e,
// element (g + 8·(r%2), p·t + e + 4p·(r/2)), B (p·t + e + 4p·r, g), C (g + 8·(i/2), 2t + i%2).
func TestMma(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, c := range mmaCases {
		for _, model := range []arith.Model{arith.Exact, arith.InOrder, arith.Truncating} {
			checkMma(t, rng, c, model)
		}
	}
}

func checkMma(t *testing.T, rng *rand.Rand, c mmaCase, model arith.Model) {
	p := 1
	reg, bits := "%r", 32
	if c.at == arith.F64 {
		reg, bits = "%rd", 64
	} else {
		p = 32 / c.at.Bits()
	}
	random := func(t arith.Type) int {
		switch {
		case t == arith.B1:
			return rng.IntN(2)
		case t == arith.U8 || t == arith.U4:
			return rng.IntN(8)
		}
		return rng.IntN(7) - 3
	}
	A, B, C := make([]int, c.m*c.k), make([]int, c.k*c.n), make([]int, c.m*c.n)
	for i := range A {
		A[i] = random(c.at)
	}
	for i := range B {
		B[i] = random(c.bt)
	}
	for i := range C {
		C[i] = rng.IntN(7) - 3
	}
	pc := 1
	if c.dt == arith.F16 {
		pc = 2
	}
	total := c.a + c.b + c.c
	data := make([]uint64, 32*total)
	for l := range 32 {
		g, q := l/4, l%4
		w := data[l*total:]
		for r := range c.a {
			for e := range p {
				row, col := g+8*(r%2), p*q+e+4*p*(r/2)
				if c.m == 8 {
					row, col = g, p*q+e
				}
				w[r] |= encode(c.at, A[row*c.k+col]) << (e * c.at.Bits() % bits)
			}
		}
		for r := range c.b {
			for e := range p {
				w[c.a+r] |= encode(c.bt, B[(p*q+e+4*p*r)*c.n+g]) << (e * c.bt.Bits() % bits)
			}
		}
		for r := range c.c {
			for e := range pc {
				i := r*pc + e
				w[c.a+c.b+r] |= encode(c.dt, C[(g+8*(i/2))*c.n+2*q+i%2]) << (16 * e)
			}
		}
	}
	want := func(i, j int) int {
		s := C[i*c.n+j]
		for k := range c.k {
			a, b := A[i*c.k+k], B[k*c.n+j]
			switch {
			case strings.Contains(c.mods, "xor"):
				s += a ^ b
			case strings.Contains(c.mods, "and"):
				s += a & b
			default:
				s += a * b
			}
		}
		return s
	}
	var body strings.Builder
	load := func(name string, first, n int) string {
		var regs []string
		for i := range n {
			r := fmt.Sprintf("%s%d", reg, 10+first+i)
			fmt.Fprintf(&body, "ld.global.b%d %s, [%%rd1+%d];\n", bits, r, (first+i)*bits/8)
			regs = append(regs, r)
		}
		return "{" + strings.Join(regs, ",") + "}"
	}
	fmt.Fprintf(&body, "mul.wide.u32 %%rd1, %%t, %d; add.s64 %%rd1, %%rd1, %%a0;\n", total*bits/8)
	a, b, cc := load("a", 0, c.a), load("b", c.a, c.b), load("c", c.a+c.b, c.c)
	if bits == 64 || c.dt == arith.F32 {
		// Accumulators of a floating type need registers of it.
		kind := map[int]string{32: "%f", 64: "%fd"}[bits]
		for i := range c.c {
			fmt.Fprintf(&body, "mov.b%d %s%d, %s%d;\n", bits, kind, i, reg, 10+c.a+c.b+i)
		}
		cc = strings.ReplaceAll(cc, reg, kind)
		for i := c.c - 1; i >= 0; i-- {
			cc = strings.ReplaceAll(cc, fmt.Sprintf("%s%d", kind, 10+c.a+c.b+i), fmt.Sprintf("%s%d", kind, i))
		}
		if bits == 64 {
			for i := range c.a + c.b {
				fmt.Fprintf(&body, "mov.b64 %%fd%d, %%rd%d;\n", 10+i, 10+i)
			}
			a, b = strings.ReplaceAll(a, "%rd", "%fd"), strings.ReplaceAll(b, "%rd", "%fd")
		}
	}
	fmt.Fprintf(&body, "mma.sync.aligned.%s %s, %s, %s, %s;\n", c.mods, cc, a, b, cc)
	fmt.Fprintf(&body, "mul.wide.u32 %%rd2, %%t, %d; add.s64 %%rd2, %%rd2, %%a1;\n", c.c*bits/8)
	for i, r := range strings.Split(strings.Trim(cc, "{}"), ",") {
		fmt.Fprintf(&body, "st.global.b%d [%%rd2+%d], %s;\n", bits, i*bits/8, r)
	}
	r := newRig(t, strings.Replace(kernel(2, body.String()), ".version 8.0", ".version 8.4", 1))
	r.launch.Numerics = model
	words := make([]uint32, 0, 2*len(data))
	for _, x := range data {
		words = append(words, uint32(x))
		if bits == 64 {
			words = append(words, uint32(x>>32))
		}
	}
	in, out := r.words(words...), r.space(32*c.c*bits/8)
	res := r.clean(1, 32, in, out)
	got := r.read(out, 32*c.c*bits/32)
	assert.EqualValues(t, 2*c.m*c.n*c.k, res.Counters.Total.MMAFLOPs)
	for l := range 32 {
		for i := range c.c * pc {
			row, col := l/4+8*(i/2), 2*(l%4)+i%2
			x := uint64(got[(l*c.c*bits/32)+i/pc*bits/32]) >> (16 * (i % pc))
			if bits == 64 {
				x |= uint64(got[2*(l*c.c+i)+1]) << 32
			}
			if pc == 2 {
				x &= 0xffff
			}
			mask := uint64(1)<<c.dt.Bits() - 1
			if c.dt.Bits() == 64 {
				mask = ^uint64(0)
			}
			require.Equal(t, encode(c.dt, want(row, col))&mask, x, "%s model %d (%d, %d)", c.mods, model, row, col)
		}
	}
}

// TestMma884 has four products at once, each A of row r + 1 in all columns, B of column c + 1: every
// element is 4·(r + 1)·(c + 1), plus its place in C.
func TestMma884(t *testing.T) {
	for _, layout := range []string{"row.col", "col.row", "row.row", "col.col"} {
		for _, wide := range []bool{false, true} {
			checkMma884(t, layout, wide)
		}
	}
}

func checkMma884(t *testing.T, layout string, wide bool) {
	half := func(v int) uint32 { return uint32(encode(arith.F16, v)) }
	words := make([]uint32, 32*12)
	at := func(l, i int) (row, col int) { // of an accumulator
		h := 4 * (l / 16)
		if wide {
			return l&1 + i&2 + h, i&4 + l&2 + i&1
		}
		return l%4 + h, i
	}
	for l := range 32 {
		h := 4 * (l / 16)
		for i := range 4 {
			row, col := l%4+h, i+h
			if layout[:3] == "col" {
				row = i + h
			}
			if layout[4:] == "col" {
				col = l%4 + h
			}
			words[12*l+i/2] |= half(row+1) << (16 * (i & 1))
			words[12*l+2+i/2] |= half(col+1) << (16 * (i & 1))
		}
		for i := range 8 {
			row, col := at(l, i)
			if wide {
				words[12*l+4+i] = uint32(encode(arith.F32, 8*row+col))
			} else {
				words[12*l+4+i/2] |= half(8*row+col) << (16 * (i & 1))
			}
		}
	}
	types, regs := "f16.f16.f16.f16", "{%r5,%r6,%r7,%r8}"
	if wide {
		types, regs = "f32.f16.f16.f32", "{%f5,%f6,%f7,%f8,%f9,%f10,%f11,%f12}"
	}
	body := "mul.wide.u32 %rd1, %t, 48; add.s64 %rd2, %rd1, %a1; add.s64 %rd1, %rd1, %a0;\n"
	store := ""
	for i := range 12 {
		body += fmt.Sprintf("ld.global.b32 %%r%d, [%%rd1+%d]; mov.b32 %%f%d, %%r%d;\n", 1+i, 4*i, 1+i, 1+i)
	}
	for i, r := range strings.Split(strings.Trim(regs, "{}"), ",") {
		store += fmt.Sprintf("st.global.b32 [%%rd2+%d], %s;\n", 4*i, r)
	}
	r := newRig(t, kernel(2, body+"mma.sync.aligned.m8n8k4."+layout+"."+types+" "+regs+", {%r1,%r2}, {%r3,%r4}, "+regs+";\n"+store))
	in, out := r.words(words...), r.space(32*48)
	r.clean(1, 32, in, out)
	got := r.read(out, 32*12)
	for l := range 32 {
		for i := range 8 {
			row, col := at(l, i)
			want := 4*(row+1)*(col+1) + 8*row + col
			if wide {
				require.Equal(t, uint32(encode(arith.F32, want)), got[12*l+i], "%s lane %d element %d", layout, l, i)
			} else {
				require.Equal(t, half(want), got[12*l+i/2]>>(16*(i&1))&0xffff, "%s lane %d element %d", layout, l, i)
			}
		}
	}
}
