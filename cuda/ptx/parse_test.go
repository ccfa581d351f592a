package ptx

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// corpus is every PTX file of testdata. All of them are accepted by ptxas 12.9.86.
func corpus(tb testing.TB) map[string][]byte {
	tb.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", "*.ptx"))
	require.NoError(tb, err)
	require.NotEmpty(tb, paths)
	files := map[string][]byte{}
	for _, p := range paths {
		b, err := os.ReadFile(p)
		require.NoError(tb, err)
		files[filepath.Base(p)] = b
	}
	return files
}

func load(t *testing.T, body string) *Module {
	t.Helper()
	m, err := Load("test.ptx", []byte(body))
	require.NoError(t, err)
	return m
}

func kernel(body string) string {
	return ".version 8.0\n.target sm_90a\n.address_size 64\n.entry k(.param .u64 arg)\n{\n" + body + "\n}\n"
}

func insts(m *Module) (list []*Inst) {
	for _, f := range m.Funcs {
		f.Walk(func(s Stmt) {
			if in, ok := s.(*Inst); ok {
				list = append(list, in)
			}
		})
	}
	return list
}

func TestCorpus(t *testing.T) {
	for name, src := range corpus(t) {
		m, err := Load(name, src)
		require.NoError(t, err)
		for _, in := range insts(m) {
			if in.Op != OpCall {
				require.NotNil(t, in.Form, "%s:%d: %v", name, in.Pos.Line, in)
			}
		}
	}
}

// TestHandwritten compares the tree of a file that uses everything with what its text says.
func TestHandwritten(t *testing.T) {
	m, err := Load("handwritten.ptx", corpus(t)["handwritten.ptx"])
	require.NoError(t, err)
	assert.Equal(t, Version{8, 8}, m.Version)
	assert.Equal(t, Target{SM: 90, Suffix: 'a', Options: "debug"}, m.Target)
	assert.Equal(t, 64, m.AddressSize)
	assert.Equal(t, &File{Pos: m.Files[0].Pos, Index: 1, Name: "a name.cu", Time: 1700000000, Size: 42, HasTimeSize: true}, m.Files[0])

	vars := map[string]*Var{}
	for _, v := range m.Vars {
		vars[v.Name] = v
	}
	assert.Equal(t, uint64(7), vars["counter"].Init.Value.(*Imm).Bits, "1 + 2 * 3")
	assert.Equal(t, uint64(0xFF), vars["flags"].Init.Value.(*Imm).Bits, "(7 > 3) ? ~0 & 0xFF : 1 << 4")
	assert.Equal(t, []int64{-1}, vars["dynamic"].Dims)
	assert.Equal(t, Extern, vars["dynamic"].Linkage)
	assert.Equal(t, []int64{4}, vars["bytes"].Dims, "counted from the initializer")
	assert.Equal(t, int64(16), vars["vector"].Size())
	assert.True(t, vars["managed"].Managed)
	row := vars["table"].Init.List[1].List
	assert.Equal(t, math.Float64bits(0.5), row[0].Value.(*Imm).Bits)
	second := vars["addresses"].Init.List[3]
	assert.True(t, second.Generic)
	assert.Same(t, vars["managed"], second.Value.(*SymRef).Var)
	assert.Equal(t, int64(16), second.Value.(*SymRef).Offset)

	k := m.Funcs[len(m.Funcs)-1]
	assert.True(t, k.Entry)
	assert.Equal(t, Perf{MaxNTID: [3]int{256, 1, 1}, MinNCTAPerSM: 2, MaxNReg: 64, ReqNCTAPerCluster: [3]int{2, 1, 1}, ExplicitCluster: true, Pragmas: []string{"nounroll"}}, k.Perf)
	require.Len(t, k.Params, 3)
	assert.True(t, k.Params[0].Ptr)
	assert.Equal(t, GlobalSpace, k.Params[0].PtrTo)
	assert.Equal(t, int64(24), k.Params[1].Size())
	assert.Equal(t, 8, k.Params[1].AlignOf())
}

func TestOperands(t *testing.T) {
	m := load(t, kernel(`
		.reg .pred p, q; .reg .b32 %r<4>; .reg .f32 f; .reg .b64 %rd<2>; .reg .v4 .f32 v; .shared .b32 s[8];
		@!p mov.b32 %r1, -5;
		mov.f32 f, 1.5;
		mov.f32 f, 0f7F800000;
		mov.u32 %r2, %ctaid.z;
		mov.f32 f, v.w;
		mov.u32 %r3, s+8;
		ld.shared.b32 %r0, [s+-4];
		st.shared.b32 s[3], %r0;
		setp.lt.and.s32 p|q, %r1, %r2, !q;
		mov.b64 {%r0, _}, %rd1;
		mov.u32 %r1, 0xFFFFFFFFU;`))
	in := insts(m)
	assert.True(t, in[0].Guard.Not)
	assert.Equal(t, "p", in[0].Guard.Reg.Name)
	assert.Equal(t, int64(-5), int64(in[0].Args[1].(*Imm).Bits))
	assert.Equal(t, Imm{Pos: in[1].Args[1].Position(), Kind: ImmF64, Bits: math.Float64bits(1.5)}, *in[1].Args[1].(*Imm))
	assert.Equal(t, uint64(0x7F800000), in[2].Args[1].(*Imm).Bits)
	assert.Equal(t, ImmF32, in[2].Args[1].(*Imm).Kind)
	assert.Equal(t, SRegCTAID, in[3].Args[1].(*Special).Reg)
	assert.Equal(t, 2, in[3].Args[1].(*Special).Elem)
	assert.Equal(t, 3, in[4].Args[1].(*RegRef).Elem)
	assert.Equal(t, int64(8), in[5].Args[1].(*SymRef).Offset)
	assert.Equal(t, int64(-4), in[6].Args[1].(*Addr).Offset)
	assert.Equal(t, int64(12), in[7].Args[0].(*Addr).Offset, "s[3] of four bytes each")
	assert.Equal(t, "q", in[8].Args[0].(*Pair).B.(*RegRef).Reg.Name)
	assert.True(t, in[8].Args[3].(*RegRef).Not)
	assert.IsType(t, &Sink{}, in[9].Args[0].(*Vector).Elems[1])
	assert.Equal(t, ImmUint, in[10].Args[1].(*Imm).Kind)
}

// TestDecode asks instructions what a decoder asks.
func TestDecode(t *testing.T) {
	m := load(t, kernel(`
		.reg .b32 %r<8>; .reg .b64 %rd<2>; .reg .f32 %f<8>; .reg .pred p;
		ld.acquire.gpu.global.L1::evict_last.v4.f32 {%f0,%f1,%f2,%f3}, [%rd0];
		mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%f0,%f1,%f2,%f3}, {%r0,%r1}, {%r2}, {%f0,%f1,%f2,%f3};
		cvt.rzi.sat.u8.f32 %r0, %f0;
		atom.shared.cta.min.s32 %r0, [%rd0], 3;
		setp.lo.u32 p, %r0, %r1;
		mul.lo.s32 %r0, %r1, %r2;
		ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r0,%r1,%r2,%r3}, [%r4];
		ld.global.cg.u32 %r0, [%rd0];`))
	in := insts(m)
	assert.Equal(t, []any{ModAcquire, ModGPU, GlobalSpace, 4, F32}, []any{in[0].Order(), in[0].Scope(), in[0].Space(), in[0].Vec(), in[0].Type(0)})
	rows, cols, depth := in[1].Shape().Shape()
	assert.Equal(t, []int{16, 8, 8}, []int{rows, cols, depth})
	a, b := in[1].Layouts()
	assert.Equal(t, []Mod{ModRow, ModCol}, []Mod{a, b})
	assert.Equal(t, []Type{F32, F16, F16, F32}, in[1].Types)
	assert.Equal(t, ModRZI, in[2].Rounding())
	assert.True(t, in[2].Has(ModSat))
	assert.Equal(t, []Type{U8, F32}, in[2].Types)
	assert.Equal(t, []any{ModMin, ModCTA, SharedSpace}, []any{in[3].Operation(), in[3].Scope(), in[3].Space()})
	assert.Equal(t, ModLo, in[4].Compare())
	assert.Equal(t, []Mod{ModLo, 0}, []Mod{in[5].Half(), in[5].Compare()})
	assert.Equal(t, 4, in[6].Num())
	assert.Equal(t, ModCG, in[7].Cache())
}

// TestScopes: registers of inner scopes hide outer ones, labels are of their scope, and ranges end.
func TestScopes(t *testing.T) {
	m := load(t, kernel(`.reg .b32 %r<4>; mov.b32 %r1, 1; { .reg .b32 %r<2>; mov.b32 %r1, 2; L: bra L; } mov.b32 %r1, 3; { L: bra L; }`))
	in := insts(m)
	outer, inner := in[0].Args[0].(*RegRef).Reg, in[1].Args[0].(*RegRef).Reg
	assert.NotSame(t, outer, inner)
	assert.Same(t, outer, in[3].Args[0].(*RegRef).Reg)
	assert.NotSame(t, in[2].Args[0].(*LabelRef).Label, in[4].Args[0].(*LabelRef).Label)
	regs := m.Funcs[0].Regs
	require.Len(t, regs, 2)
	for i, r := range regs {
		assert.Equal(t, i, r.Index)
	}
}

// TestErrors holds each complaint to its place, its kind and its words.
func TestErrors(t *testing.T) {
	for _, c := range []struct {
		src, where string
		kind       error
		says       string
	}{
		{"", "1:1", ErrSyntax, "found the end of the file, expected .version"},
		{".version 7.0\n.target gfx90", "2:9", ErrSyntax, "found target gfx90, expected one such as sm_80"},
		{".version 6.5\n.target sm_80", "1:1", ErrVersion, ".target sm_80 needs .version 7.0"},
		{".version 9.0\n.target sm_90", "1:1", ErrUnsupported, ".version 9.0, expected 6.0 to 8.8"},
		{".version 7.0\n.target sm_80\n.shared .b32 x = 4;", "3:18", ErrIllegal, "only .global and .const variables have initial values"},
		{".version 7.0\n.target sm_80\n.global .b32 x; .global .b32 x;", "3:30", ErrName, "x is declared again"},
		{kernel("mov.b32 %r0, 1;"), "6:9", ErrName, "%r0 is not declared"},
		{kernel(".reg .b32 %r<4>; mov.b32 %r4, 1;"), "6:26", ErrName, "%r4 is not declared"},
		{kernel(".reg .b32 %r<4>, %r3;"), "6:18", ErrName, "%r3 is declared again"},
		{kernel(".reg .b32 arg;"), "6:11", ErrName, "arg is declared again"},
		{kernel(".shared .b32 arg;"), "6:14", ErrName, "arg is declared again"},
		{".version 7.1\n.target sm_80\n.global .b32 x; .global .u8 y = 0xF0(x);", "3:33", ErrIllegal, "expected one byte, such as 0xFF00"},
		{".version 7.0\n.target sm_80\n.global .b32 x; .global .u8 y = 0xFF(x);", "3:33", ErrVersion, "need .version 7.1"},
		{".version 6.0\n.target sm_61\n.global .b32 x; .entry k() { .reg .b32 r; atom.relaxed.global.add.u32 r, [x], r; }", "3:43", ErrTarget, "needs .target sm_70"},
		{".version 6.0\n.target sm_61\n.global .b32 x; .entry k() { .reg .b32 r; st.weak.global.u32 [x], r; }", "3:43", ErrTarget, "needs .target sm_70"},
		{kernel("bra nowhere;"), "6:5", ErrName, "nowhere is not declared"},
		{kernel("L: L: ret;"), "6:4", ErrName, "L is declared again"},
		{kernel(".reg .b32 a; @a ret;"), "6:15", ErrIllegal, "found @a of type .b32, expected a predicate"},
		{kernel("frobnicate.u32 a;"), "6:1", ErrSyntax, "found frobnicate, which is not an instruction"},
		{kernel(".reg .f32 f; add.rn.ffz.f32 f, f, f;"), "6:14", ErrIllegal, "unknown modifier .ffz"},
		{kernel(".reg .f32 f; fma.f32 f, f, f, f;"), "6:14", ErrIllegal, "legal: fma.rnd{.ftz}{.sat}.f32 d, a, b, c"},
		{kernel(".reg .f32 f; .reg .b32 r;\nadd.s32 r, r, f;"), "7:15", ErrIllegal, "operand 3: found f of type .f32, expected a register of type .s32"},
		{kernel(".reg .f32 f;\nadd.f32 f, f;"), "7:1", ErrIllegal, "found 2 operands, expected 3"},
		{kernel(".reg .f32 f; add.f32 f, f 1.0;"), "6:27", ErrSyntax, "found 1.0, expected ';' after the instruction"},
		{kernel(".reg .b32 r; mov.b32 r, 5/0;"), "6:26", ErrSyntax, "a division by zero"},
		{kernel(".reg .b32 r; mov.b32 r, 0x;"), "6:25", ErrSyntax, "number 0x"},
		{kernel("/* no end"), "6:1", ErrSyntax, "a comment that does not end"},
		{kernel(".pragma \"no end;"), "6:9", ErrSyntax, "a string that does not end"},
		{kernel("ret;\x01"), "6:5", ErrSyntax, "byte 0x01"},
		{kernel("wgmma.fence.sync.aligned;"), "6:1", ErrUnsupported, "warpgroup matrix instructions are not supported"},
		{kernel("tex.2d.v4.f32.f32 {a,b,c,d}, [t, {x,y}];"), "6:1", ErrUnsupported, "texture instructions are not supported"},
		{kernel("cp.async.bulk.commit_group;"), "6:1", ErrUnsupported, "bulk and tensor asynchronous copies"},
		{kernel("mbarrier.frob.b64 [arg];"), "6:1", ErrUnsupported, "other forms of mbarrier are not supported"},
		{strings.Replace(kernel(".reg .b32 r;\nredux.sync.add.u32 r, r, -1;"), "sm_90a", "sm_75", 1), "7:1", ErrTarget, "needs .target sm_80 (the file has sm_75)"},
		{strings.Replace(kernel(".reg .b16 h; .reg .f32 f; cvt.rn.satfinite.f16.f32 h, f;"), "sm_90a", "sm_80", 1), "6:27", ErrVersion, "needs .version 8.1 (the file has 8.0)"},
		{kernel(".reg .b32 r; ld.global.b32 r, [s]; .shared .b32 s;"), "6:32", ErrName, "s is not declared"},
		{kernel(".shared .b32 s; .reg .b32 r; ld.global.b32 r, [s];"), "6:48", ErrIllegal, "found s in .shared, expected a variable in .global"},
		{kernel(".reg .b32 r; st.param.b32 [arg], r;"), "6:28", ErrIllegal, "parameters of a kernel are read-only"},
		{kernel(".reg .pred q; bar.sync 16;"), "6:24", ErrIllegal, "found 16, expected a constant from 0 to 15"},
	} {
		_, err := Load("test.ptx", []byte(c.src))
		require.Error(t, err, "%s", c.src)
		var first *Error
		require.ErrorAs(t, err, &first)
		assert.Equal(t, "test.ptx:"+c.where, fmt.Sprintf("%s:%d:%d", first.File, first.Pos.Line, first.Pos.Col), "%s", c.src)
		assert.ErrorIs(t, err, c.kind, "%s", c.src)
		assert.Contains(t, err.Error(), c.says, "%s", c.src)
	}
}

// TestRecovery: one bad statement does not hide the next, and the list of complaints ends.
func TestRecovery(t *testing.T) {
	_, err := Load("test.ptx", []byte(kernel("foo a; bar b c; wgmma.x y;\n{ baz; }")+".global .b32 5;\n.entry ok() { ret; }"))
	var list ErrorList
	require.ErrorAs(t, err, &list)
	assert.Len(t, list, 5)
	assert.ErrorIs(t, err, ErrSyntax)
	assert.ErrorIs(t, err, ErrUnsupported)
	_, err = Load("test.ptx", []byte(kernel(strings.Repeat("foo;\n", 1000))))
	require.ErrorAs(t, err, &list)
	assert.Len(t, list, maxErrors)
}

// TestHostile: inputs that ask for much get an error, not the memory or the stack.
func TestHostile(t *testing.T) {
	n := 100_000
	for name, src := range map[string]string{
		"scopes":      kernel(strings.Repeat("{", n)),
		"parentheses": kernel("mov.b32 r, " + strings.Repeat("(", n) + "1;"),
		"signs":       kernel("mov.b32 r, " + strings.Repeat("-", n) + "1;"),
		"vectors":     kernel("mov.b32 r, " + strings.Repeat("{", n) + "1;"),
		"conditions":  kernel("mov.b32 r, " + strings.Repeat("1?", n) + "1;"),
		"lists":       ".version 7.0\n.target sm_80\n.global .b32 x[] = " + strings.Repeat("{", n),
		"range":       kernel(".reg .b32 %r<99999999999>;"),
		"array":       ".version 7.0\n.target sm_80\n.global .b32 x[4294967296][4294967296];",
	} {
		_, err := Load(name, []byte(src))
		require.Error(t, err, name)
	}
	m := load(t, kernel(".reg .b32 %r<2147483647>; mov.b32 %r2147483646, 1;"))
	assert.Len(t, m.Funcs[0].Regs, 1, "a range costs what is used of it")
}

// TestTruncated: every beginning of a file is refused or accepted, never a panic.
func TestTruncated(t *testing.T) {
	for name, src := range corpus(t) {
		for i := 0; i < len(src); i += 37 {
			if _, err := Load(name, src[:i]); err != nil {
				var list ErrorList
				require.True(t, errors.As(err, &list), "%s[:%d]", name, i)
			}
		}
	}
}

// TestPrint: printing and parsing again gives the same tree, and printing that the same text.
func TestPrint(t *testing.T) {
	for name, src := range corpus(t) {
		first, err := Parse(name, src)
		require.NoError(t, err)
		text := first.String()
		second, err := Parse(name, []byte(text))
		require.NoError(t, err, name)
		require.Equal(t, dump(first), dump(second), name)
		require.Equal(t, text, second.String(), name)

		checked, err := Load(name, src)
		require.NoError(t, err)
		// Check turns an indexed array into the address that it stands for.
		text = strings.Replace(text, "ld.const.f32 %f5, table[3];", "ld.const.f32 %f5, [table+12];", 1)
		require.Equal(t, text, checked.String(), "%s: names resolved", name)
	}
}

// dump is a tree as text, without the places.
func dump(m *Module) string {
	var b strings.Builder
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Pointer, reflect.Interface:
			if v.IsNil() {
				b.WriteString("nil ")
				return
			}
			if v.Kind() == reflect.Interface {
				fmt.Fprintf(&b, "%v ", v.Elem().Type())
			}
			walk(v.Elem())
		case reflect.Slice:
			fmt.Fprintf(&b, "[%d ", v.Len())
			for i := range v.Len() {
				walk(v.Index(i))
			}
		case reflect.Struct:
			b.WriteByte('{')
			for i := range v.NumField() {
				f := v.Type().Field(i)
				if f.Type == reflect.TypeFor[Pos]() || f.Name == "Scope" || f.Name == "noSign" {
					continue
				}
				b.WriteString(f.Name + ":")
				walk(v.Field(i))
			}
			b.WriteByte('}')
		default:
			fmt.Fprintf(&b, "%v ", v)
		}
	}
	walk(reflect.ValueOf(m.Items))
	return b.String()
}

func FuzzParse(f *testing.F) {
	for _, src := range corpus(f) {
		f.Add(src)
	}
	f.Add([]byte(kernel("{ .reg .b32 %r<4>; @!p bra L; L: add.s32 %r1, -%r2, 0x7f; call (a), f, (b); }")))
	f.Fuzz(func(t *testing.T, src []byte) {
		m, err := Parse("fuzz.ptx", src)
		if err != nil {
			return
		}
		text := m.String()
		again, err := Parse("fuzz.ptx", []byte(text))
		if err != nil {
			t.Fatalf("printed text does not parse: %v\n%s", err, text)
		}
		if again.String() != text {
			t.Fatalf("printed twice:\n%s\n%s", text, again)
		}
		_ = m.Check()
	})
}

func BenchmarkLoad(b *testing.B) {
	one := string(corpus(b)["clang_O3.ptx"])
	head := one[:strings.Index(one, ".address_size 64")+len(".address_size 64")]
	var src strings.Builder
	src.WriteString(head)
	body := one[strings.Index(one, ".visible .entry row_softmax"):]
	body = body[:strings.Index(body, "\n}")+3]
	fmt.Fprintf(&src, "\n.extern .shared .align 4 .b8 scratch[];\n")
	for i := 0; src.Len() < 1<<20; i++ {
		src.WriteString(strings.ReplaceAll(strings.ReplaceAll(body, "row_softmax", fmt.Sprintf("row_softmax%d", i)), "scratch", "scratch"))
	}
	text := []byte(src.String())
	for _, c := range []struct {
		name string
		run  func() error
	}{
		{"parse", func() error { _, err := Parse("bench", text); return err }},
		{"load", func() error { _, err := Load("bench", text); return err }},
	} {
		b.Run("op="+c.name+"/size=1MiB", func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if err := c.run(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestConstants: C's operators on 64-bit integers, ISA 4.5. The wanted values are a C compiler's.
func TestConstants(t *testing.T) {
	for src, want := range map[string]uint64{
		"1 + 2 * 3":                              7,
		"(1 + 2) * 3":                            9,
		"-7 / 2":                                 ^uint64(2),
		"-7 % 3":                                 ^uint64(0),
		"7U - 8U > 0":                            1,
		"7 - 8 > 0":                              0,
		"-1 > 1U":                                1,
		"-1 >> 1":                                math.MaxUint64,
		"0xFFFFFFFFFFFFFFFFU >> 60":              15,
		"1 << 4 | 1 == 1":                        17,
		"1 | 6 ^ 2 & 3":                          5,
		"~0 & 0xF0 ^ 0x0F":                       0xFF,
		"1 < 2 && 2 < 1":                         0,
		"1 < 2 || 2 < 1":                         1,
		"!5 + !0":                                1,
		"1 ? 0 ? 2 : 3 : 4":                      3,
		"(.s64) -1 < 0":                          1,
		"(.u64) -1 < 0":                          0,
		"0b1011":                                 11,
		"0777":                                   511,
		"18446744073709551615":                   math.MaxUint64,
		"-9223372036854775807 - 1 == -(1 << 63)": 1,
	} {
		m, err := Load("test.ptx", []byte(".version 7.0\n.target sm_80\n.global .u64 x = "+src+";"))
		require.NoError(t, err, src)
		assert.Equal(t, want, m.Vars[0].Init.Value.(*Imm).Bits, src)
	}
}
