package ptx

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestDeclarations holds declarations to the verdicts of ptxas 12.9.86 and 12.0.76, which agree about all of them.
func TestDeclarations(t *testing.T) {
	for _, c := range []struct{ decl, says string }{ // says is empty where ptxas accepts
		{".global .u8 x = 300;", ""},
		{".global .f32 x = -1.5;", ""},
		{".global .f64 x = 0f3F800000;", ""},
		{".global .b32 x = 1.5;", ""},
		{".global .u32 x = 1.5;", "x: found 0d3FF8000000000000, expected a constant of type .u32"},
		{".global .u32 x = 0f3F800000;", "x: found 0f3F800000, expected a constant of type .u32"},
		{".global .f32 x = 1;", "x: found 1, expected a constant of type .f32"},
		{".global .f16 x = 1.5;", "x: found an initial value of a .f16 variable; declare it as .b16, with its bits"},
		{".global .f16x2 x = 1;", "declare it as .b32"},
		{".global .f32 x = {1.5};", "x: found a list, expected an initial value of type .f32"},
		{".global .f32 x[1] = 1.5;", "x: found an initial value, expected a list of 1 in braces"},
		{".global .u32 x[2] = {};", ""},
		{".global .u32 x[2] = {1};", ""},
		{".global .u32 x[2] = {1, 2, 3};", "x: found 3 initial values, expected at most 2"},
		{".global .u32 x[2][2] = {{}, {1}};", ""},
		{".global .u32 x[2][2] = {1, 2};", "x: found an initial value, expected a list of 2 in braces"},
		{".global .u32 x[2][2] = {{1, 2, 3}};", "x: found 3 initial values, expected at most 2"},
		{".global .v2 .u32 x[2] = {{1, 2}};", ""},
		{".global .v2 .u32 x[2] = {1, 2};", "x: found an initial value, expected a list of 2 in braces"},
		{".global .v2 .u32 x = 1;", "x: found an initial value, expected a list of 2 in braces"},
		{".global .u32 x[0];", "x: an array of 0 elements"},
		{".extern .shared .b8 x[0];", ""},
		{".func f(.param .b8 x[0]) { ret; }", ""},
		{".global .align 2097152 .u32 x;", "found .align 2097152, expected a power of two, at most 1048576"}, // ptxas: at most 2³⁰
		{".global .u64 y; .global .u64 x = y+8;", ""},
		{".global .u64 y; .global .u32 x = y;", ""},
		{".global .u64 y; .global .u16 x = y;", "x: found the address of y, which a .u16 does not take, but a .u64"},
		{".global .u64 y; .global .b64 x = y;", "which a .b64 does not take"},
		{".global .u64 x = y; .global .u64 y;", "y is not declared before this"},
		{".func f { ret; } .global .u64 x = f;", ""},
		{".global .u64 x = f; .func f { ret; }", "f is not declared before this"},

		{".entry k() .maxntid 32 .maxntid 64 .minnctapersm 2 .maxnreg 32 { ret; }", ""},
		{".entry k() .maxntid 32,0,1 { ret; }", "found 0, expected at least 1"},
		{".entry k() .reqntid 0 { ret; }", "found 0, expected at least 1"},
		{".entry k() .maxnreg 0 { ret; }", "found 0, expected at least 1"},
		{".entry k() .minnctapersm 0 { ret; }", "found 0, expected at least 1"},
		{".entry k() .maxntid 32 .reqntid 32 { ret; }", "kernel k: found .maxntid and .reqntid, expected one of them"},
		{".entry k() .explicitcluster .reqnctapercluster 2 { ret; }", ""},
		{".entry k() .reqnctapercluster 2 .maxclusterrank 2 { ret; }", "kernel k: found .reqnctapercluster and .maxclusterrank, expected one of them"},
		{".func f .maxnreg 32 { ret; }", "function f: .maxntid, .maxnreg and their like are for an .entry"},
		{".func (.param .b32 r) f() .noreturn { exit; }", "function f: found .noreturn and 1 results, expected none"},

		{".func f { ret; } .func a; .alias a, f;", ""},
		{".alias a, f;", ".alias: function a is not declared before this"},
		{".func a; .alias a, f; .func f { ret; }", ".alias: function f is not declared before this"},
		{".func f { ret; } .func a { ret; } .alias a, f;", "expected a to be a .func without body and f one with a body"},
		{".func f; .func a; .alias a, f;", "expected a to be a .func without body and f one with a body"},
		{".func f { ret; } .func (.reg .b32 x) a; .alias a, f;", ".alias: a and f differ in their parameters or results"},

		{"# 1 \"scale.cu\"\n#line 3 \"scale.cu\"\n  # 3 \"scale.cu\"\n.global .u32 x;", ""},
		{"#define A 1", "found #"},
		{".entry k() { .reg .f32 f; div.full.ftz.f32 f, f, f; div.ftz.approx.f32 f, f, f; }", ""},
		{".entry k() { .reg .f32 f; div.ftz.full.f32 f, f, f; }", "no form of div has these suffixes"},
		{".shared .b64 m; .entry k() { .reg .b32 r; .reg .pred p; mbarrier.test_wait.parity.shared.b64 p, [m], r; }", ""},
		{".shared .b64 m; .entry k() { .reg .b32 r; .reg .pred p; mbarrier.test_wait.shared.parity.b64 p, [m], r; }", "no form of mbarrier.test_wait has"},
		{".entry k() { .reg .b32 r; .reg .f32 f; bmsk.clamp.b32 f, r, r; }", "operand 1: found f of type .f32"},
	} {
		_, err := Load("d.ptx", []byte(".version 8.0\n.target sm_90\n.address_size 64\n"+c.decl+"\n"))
		if c.says == "" {
			assert.NoError(t, err, c.decl)
		} else if assert.Error(t, err, c.decl) {
			assert.Contains(t, err.Error(), c.says, c.decl)
		}
	}
}

// TestParamSpace has the bounds of ptxas.
func TestParamSpace(t *testing.T) {
	for _, c := range []struct {
		version string
		bytes   int
		ok      bool
	}{{"8.0", 4352, true}, {"8.0", 4353, false}, {"8.1", 32764, true}, {"8.1", 32765, false}} {
		_, err := Load("d.ptx", fmt.Appendf(nil, ".version %s\n.target sm_80\n.entry k(.param .b8 z[%d]) { ret; }", c.version, c.bytes))
		assert.Equal(t, c.ok, err == nil, "%v: %v", c, err)
	}
}

// TestUE8M0Registers: packed bytes are in untyped registers, by the verdicts of ptxas 12.9.86.
func TestUE8M0Registers(t *testing.T) {
	for _, form := range []string{"cvt.rz.ue8m0x2.f32 %s, f, f;", "cvt.rz.ue8m0x2.bf16x2 %s, r;", "cvt.rn.bf16x2.ue8m0x2 r, %s;"} {
		for reg, ok := range map[string]bool{"b": true, "u": false, "h": false} {
			inst := fmt.Sprintf(form, reg)
			_, err := Load("d.ptx", []byte(".version 8.6\n.target sm_100a\n.entry k() { .reg .b16 b; .reg .u16 u; .reg .f16 h; .reg .b32 r; .reg .f32 f; "+inst+" }"))
			assert.Equal(t, ok, err == nil, "%s %v", inst, err)
		}
	}
}

// TestClusterDirectives: they need .version 7.8 and .target sm_90.
func TestClusterDirectives(t *testing.T) {
	const entry = "\n.entry k() .maxclusterrank 2 { ret; }"
	_, err := Load("d.ptx", []byte(".version 7.7\n.target sm_80"+entry))
	assert.ErrorIs(t, err, ErrVersion)
	_, err = Load("d.ptx", []byte(".version 7.8\n.target sm_80"+entry))
	assert.ErrorIs(t, err, ErrTarget)
}

// TestAddressSize: without the directive addresses have the host's 64 bits, as ptxas has it.
func TestAddressSize(t *testing.T) {
	m, err := Load("d.ptx", []byte(".version 7.0\n.target sm_80\n.entry k() { ret; }"))
	require.NoError(t, err)
	assert.Equal(t, 64, m.AddressSize)
}

// TestRecoveryBehindVector: the operands behind a vector belong to the statement that was given up.
func TestRecoveryBehindVector(t *testing.T) {
	_, err := Load("d.ptx", []byte(kernel("tex.1d.v4.f32.s32 {a,b,c,d}, [t, {x}];\nred.async.b32 [x], {a};\nfoo;")))
	var list ErrorList
	require.ErrorAs(t, err, &list)
	require.Len(t, list, 3)
	assert.Equal(t, int32(8), list[2].Pos.Line)
}
