package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// simCase is the path of an example of package report: y[64b+t] = x[64b+63-t] / 2, where x is 0, 1, 2 …
func simCase(name string) string {
	return filepath.Join("..", "..", "cuda", "sim", "report", "testdata", name)
}

// simFiles puts the example's kernel, edited by pairs of old and new, and a description into a folder.
func simFiles(t *testing.T, desc string, edits ...string) (ptx, json string) {
	t.Helper()
	src, err := os.ReadFile(simCase("reverse.ptx"))
	require.NoError(t, err)
	dir := t.TempDir()
	ptx, json = filepath.Join(dir, "k.ptx"), filepath.Join(dir, "d.json")
	require.NoError(t, os.WriteFile(ptx, []byte(strings.NewReplacer(edits...).Replace(string(src))), 0o600))
	require.NoError(t, os.WriteFile(json, []byte(desc), 0o600))
	return ptx, json
}

// simDesc is a description with so many arguments' text after y and x.
func simDesc(y, x string) string {
	return `{"grid": [4], "block": [64], "device": "t4", "args": [` + y + `, ` + x + `, {"name": "a", "f32": 0.5}, {"name": "n", "i32": 200}]}`
}

const (
	simY = `{"name": "y", "buffer": "f32", "length": 200}`
	simX = `{"name": "x", "buffer": "f32", "length": 256, "fill": "iota"}`
)

func TestSim(t *testing.T) {
	r := rapt(t, "", "sim", simCase("reverse.ptx"), simCase("reverse.json"))
	require.Equal(t, exitDone, r.code, r.stderr)
	require.Empty(t, r.stderr)
	assert.Contains(t, r.stdout, "Kernel reverse: no findings\n")
	assert.Regexp(t, `sectors +57 +of 32 B; ideal 57`, r.stdout)
	assert.Regexp(t, `\ny \(f32 × 200\)\n +0: +31.5 +31 +30.5 +30 +29.5 +29 +28.5 +28 …\n`, r.stdout)

	for flag, want := range map[string]string{
		"--annotate":        "y[i] = a * s[63 - threadIdx.x];",
		"--annotate=source": "y[i] = a * s[63 - threadIdx.x];",
		"--annotate=ptx":    "st.global.f32 [%rd5], %f4;",
	} {
		r = rapt(t, "", "sim", flag, simCase("reverse.ptx"), simCase("reverse.json"))
		require.Equal(t, exitDone, r.code, r.stderr)
		assert.Regexp(t, `25/25 +\d+ +`+regexp.QuoteMeta(want), r.stdout, flag)
	}
	ptx, desc := simFiles(t, simDesc(simY, simX))
	r = rapt(t, "", "sim", "--annotate", ptx, desc)
	assert.Regexp(t, `25/25 +\d+ +st\.global`, r.stdout, "without the source")
	r = rapt(t, "", "sim", "--annotate=source", ptx, desc)
	assert.Equal(t, exitFailure, r.code)
	assert.Contains(t, r.stderr, "no source file")
}

// TestSimInput: no more is read than may be.
func TestSimInput(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ten")
	require.NoError(t, os.WriteFile(file, make([]byte, 10), 0o600))
	data, err := readInput(file, 10)
	require.NoError(t, err)
	assert.Len(t, data, 10)
	_, err = readInput(file, 9)
	assert.EqualError(t, err, file+": more than 9 bytes")

	r := rapt(t, "", "sim", "nothing.ptx", simCase("reverse.json"))
	assert.Equal(t, exitFailure, r.code)
	assert.Contains(t, r.stderr, "nothing.ptx: no such file")
}

func TestSimRace(t *testing.T) {
	ptx, desc := simFiles(t, simDesc(simY, simX), "bar.sync 0;", "")
	r := rapt(t, "", "sim", ptx, desc)
	require.Equal(t, exitFailure, r.code)
	assert.Regexp(t, `^reverse\.cu:\d+:0 \(\S+k\.ptx:\d+:2\): race in shared memory: `, r.stdout)
	assert.Contains(t, r.stdout, "byte 252 of shared variable s")
	assert.Regexp(t, `^rapt sim: kernel reverse: \d+ findings\n$`, r.stderr)
}

// simLines are the lines of JSON of a run, by their type.
func simLines(t *testing.T, stdout string) map[string][]map[string]any {
	t.Helper()
	lines := map[string][]map[string]any{}
	for line := range strings.Lines(stdout) {
		var v map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &v), line)
		kind, _ := v["type"].(string)
		lines[kind] = append(lines[kind], v)
	}
	return lines
}

func TestSimJSON(t *testing.T) {
	r := rapt(t, "", "sim", "--json", "--annotate=source", simCase("reverse.ptx"), simCase("reverse.json"))
	require.Equal(t, exitDone, r.code, r.stderr)
	lines := simLines(t, r.stdout)
	require.Len(t, lines["output"], 1)
	assert.Equal(t, []any{31.5, 31.0, 30.5, 30.0, 29.5, 29.0, 28.5, 28.0}, lines["output"][0]["values"])
	require.Len(t, lines["counters"], 1)
	c := lines["counters"][0]
	assert.Equal(t, 1024.0, c["dram_read"])
	assert.Equal(t, 800.0, c["dram_write"])
	assert.Equal(t, "blocks", c["occupancy"].(map[string]any)["limit"])
	total := c["total"].(map[string]any)
	assert.Equal(t, 57.0, total["sectors"])
	assert.Equal(t, 200.0, total["flops"])
	assert.Equal(t, 8.0, c["classes"].(map[string]any)["sync"].(map[string]any)["warp_instructions"])
	require.Len(t, lines["line"], 6, "lines 5 to 10 have instructions")
	assert.Equal(t, 49.0, lines["line"][4]["count"].(map[string]any)["warp_instructions"])

	ptx, desc := simFiles(t, simDesc(simY, simX), "ld.global.f32 %f1, [%rd3]", "ld.global.f32 %f1, [%rd3+4]")
	r = rapt(t, "", "sim", "--json", ptx, desc)
	require.Equal(t, exitFailure, r.code)
	f := simLines(t, r.stdout)["finding"]
	require.NotEmpty(t, f)
	assert.Equal(t, true, f[0]["fatal"])
	assert.Equal(t, 700.0, f[0]["code"], "CUDA_ERROR_ILLEGAL_ADDRESS")
	assert.Contains(t, f[0]["object"], "past the end of variable x")
	assert.Equal(t, []any{3.0, 0.0, 0.0}, f[0]["at"].(map[string]any)["block"])
	assert.Equal(t, 31.0, f[0]["at"].(map[string]any)["lane"], "the last element")
}

func TestSimHTML(t *testing.T) {
	file := filepath.Join(t.TempDir(), "r.html")
	r := rapt(t, "", "sim", "--html", file, simCase("reverse.ptx"), simCase("reverse.json"))
	require.Equal(t, exitDone, r.code, r.stderr)
	assert.Equal(t, "report: "+file+"\n", r.stderr)
	page, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Contains(t, string(page), `title="elements 192–199: 8 writes"`)
	assert.Contains(t, string(page), "y[i] = a * s[63 - threadIdx.x];")
}

// TestSimBuffers writes the output of one launch to a file and reads it as input of the next, which
// turns it round again, and compares what comes.
func TestSimBuffers(t *testing.T) {
	y := func(more string) string { return strings.TrimSuffix(simY, "}") + more + "}" }
	ptx, desc := simFiles(t, strings.Replace(simDesc(y(`, "write": "y.bin"`), simX), "200", "256", 2))
	require.Equal(t, exitDone, rapt(t, "", "sim", ptx, desc).code)
	data, err := os.ReadFile(filepath.Join(filepath.Dir(desc), "y.bin"))
	require.NoError(t, err)
	require.Len(t, data, 1024)

	again := func(expect string) ran {
		d := strings.Replace(simDesc(y(`, "print": 3, `+expect), `{"name": "x", "buffer": "f32", "file": "y.bin"}`), "0.5", "2", 1)
		require.NoError(t, os.WriteFile(desc, []byte(d), 0o600))
		return rapt(t, "", "sim", ptx, desc)
	}
	iota := make([]float32, 200)
	for i := range iota {
		iota[i] = float32(i)
	}
	want, err := json.Marshal(iota)
	require.NoError(t, err)
	r := again(`"expect": ` + string(want))
	require.Equal(t, exitDone, r.code, r.stderr)
	assert.Regexp(t, `0: +0 +1 +2 …\n`, r.stdout)
	r = again(`"expect": 100, "atol": 99.5`)
	require.Equal(t, exitFailure, r.code)
	assert.Contains(t, r.stdout, "y: 1 of 200 elements differ from what was expected: y[0] is 0, expected 100\n")
	assert.Contains(t, r.stderr, "kernel reverse: 1 unexpected output\n")
	assert.Equal(t, exitDone, again(`"expect": 100, "rtol": 1`).code)
	r = again(`"expect": 7`)
	assert.Contains(t, r.stdout, "y: 199 of 200 elements differ from what was expected: y[0] is 0, expected 7; worst: y[199] is 199, expected 7\n")
	require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(desc), "want.bin"), data[:800], 0o600))
	assert.Contains(t, again(`"expect_file": "want.bin"`).stdout, "y[0] is 0, expected 31.5")
}

// TestSimUnwritten copies words that nothing has written: there is nothing wrong with that, but to expect
// something of them.
func TestSimUnwritten(t *testing.T) {
	const copies = `.version 7.0
.target sm_80
.address_size 64
.visible .entry copy(.param .u64 y, .param .u64 x)
{
	.reg .b64 %rd<6>; .reg .b32 %r<4>;
	ld.param.u64 %rd1, [y];
	ld.param.u64 %rd2, [x];
	mov.u32 %r1, %tid.x;
	mul.wide.u32 %rd3, %r1, 4;
	add.s64 %rd1, %rd1, %rd3;
	add.s64 %rd2, %rd2, %rd3;
	ld.global.u32 %r2, [%rd2];
	st.global.u32 [%rd1], %r2;
	ret;
}
`
	ptx, desc := simFiles(t, `{"grid": [1], "block": [8], "args": [{"name": "y", "buffer": "u32", "length": 8, "print": 8}, {"buffer": "u32", "length": 8}]}`)
	require.NoError(t, os.WriteFile(ptx, []byte(copies), 0o600))
	require.Equal(t, exitDone, rapt(t, "", "sim", ptx, desc).code)
	require.NoError(t, os.WriteFile(desc, []byte(`{"grid": [1], "block": [8], "args": [{"name": "y", "buffer": "u32", "length": 8, "expect": 1}, {"buffer": "u32", "length": 8}]}`), 0o600))
	r := rapt(t, "", "sim", ptx, desc)
	require.Equal(t, exitFailure, r.code)
	assert.Contains(t, r.stdout, "y: 8 of 8 elements have no value: nothing has written y[0], or only with what it read where nothing had been written\n")
}

func TestSimPointer(t *testing.T) {
	// Both parameters point into x, the output at its second half.
	ptx, desc := simFiles(t, `{"kernel": "reverse", "grid": [1], "block": [64], "args": [{"pointer": "x", "offset": 256},
		{"name": "x", "buffer": "f32", "length": 128, "fill": "zeros", "expect": 0}, {"f32": "nan"}, {"u32": 0}]}`)
	require.Equal(t, exitDone, rapt(t, "", "sim", ptx, desc).code)
	ptx, desc = simFiles(t, `{"kernel": "reverse", "grid": [1], "block": [64], "args": [{"pointer": "x", "offset": 256},
		{"name": "x", "buffer": "f32", "length": 128, "fill": "zeros", "expect": 0}, {"f32": "nan"}, {"u32": 64}]}`)
	r := rapt(t, "", "sim", ptx, desc)
	require.Equal(t, exitFailure, r.code)
	assert.Contains(t, r.stdout, "x[64] is NaN, expected 0")
}

// TestSimHelp has the example of the help read.
func TestSimHelp(t *testing.T) {
	begin, end := strings.Index(simHelp, "\n  {\n"), strings.Index(simHelp, "\n  }\n")
	d, err := readDesc(write(t, "scale.json", simHelp[begin:end+5]))
	require.NoError(t, err)
	assert.Equal(t, "scale", d.kernel)
	require.Len(t, d.args, 4)
	assert.Equal(t, "x", d.args[3].target)
}

// TestSimElements has bits of elements by IEEE 754 and two's complement.
func TestSimElements(t *testing.T) {
	for _, c := range []struct {
		dtype, text string
		bits        uint64
	}{
		{"f32", "1.5", 0x3fc00000}, {"f16", "1.5", 0x3e00}, {"bf16", "-1.5", 0xbfc0}, {"f64", "-2", 0xc000000000000000},
		{"f16", `"-inf"`, 0xfc00}, {"f32", `"inf"`, 0x7f800000}, {"i8", "-1", 0xff}, {"u8", "255", 0xff}, {"i16", "-32768", 0x8000},
		{"i64", "-1", math.MaxUint64}, {"u64", "18446744073709551615", math.MaxUint64}, {"i32", "2147483647", 0x7fffffff},
	} {
		var b bufferDesc
		require.NoError(t, b.readDType(json.RawMessage(`"`+c.dtype+`"`)))
		got, err := b.dtype.parse(json.RawMessage(c.text))
		require.NoError(t, err, c)
		assert.Equal(t, c.bits, got, c)
		if c.text[0] != '"' {
			assert.Equal(t, c.text, b.dtype.text(got))
		}
		require.Equal(t, got, b.dtype.at(b.dtype.put(make([]byte, b.dtype.size()), got), 1))
	}
}

func TestSimErrors(t *testing.T) {
	for _, c := range []struct {
		desc string
		says string
	}{
		{``, "want a JSON object"},
		{`[]`, "want a JSON object"},
		{"{\n\"grid\": [1],\n\"block\" [1]}", "line 3: not JSON"},
		{`{"grid": [1], "block": [1]} 1`, "something follows"},
		{`{"grids": [1]}`, `unknown field "grids"`},
		{`{"grid": [1], "grid": [1]}`, `"grid" is there twice`},
		{`{"grid": [0]}`, "grid: [0]: want one to three positive sizes"},
		{`{"grid": [1,1,1,1]}`, "grid: [1,1,1,1]"},
		{`{"block": null}`, "block: null"},
		{`{"device": "a1000"}`, `device: sim: no device "a1000"`},
		{`{"numerics": "fast"}`, `numerics: "fast": want exact, in-order or truncating`},
		{`{"seed": -1}`, "seed: -1: want an integer"},
		{`{"args": []}`, "grid and block are needed"},
		{`{"args": [{}]}`, "args[0]: want one of buffer"},
		{`{"args": [{"f32": 1, "i32": 1}]}`, "args[0]: want one of buffer"},
		{`{"args": [{"i32": 2147483648}]}`, "args[0].i32: 2147483648: want an integer from -2147483648 to 2147483647"},
		{`{"args": [{"u8": 1.5}]}`, "args[0].u8: 1.5: want an integer from 0 to 255"},
		{`{"args": [{"f16": 1e6}]}`, "args[0].f16: 1e6 is too large for f16"},
		{`{"args": [{"f32": "nan0"}]}`, "args[0].f32"},
		{`{"args": [{"f32": "1"}]}`, "args[0].f32"},
		{`{"args": [{"f32": 1, "length": 2}]}`, "args[0].length: is for a buffer"},
		{`{"args": [{"buffer": "f8", "length": 1}]}`, `args[0].buffer: "f8": want f32, f16`},
		{`{"args": [{"buffer": "f32"}]}`, "args[0].length: 0: want 1 to"},
		{`{"args": [{"buffer": "f32", "length": 268435457}]}`, "args[0].length: 268435457: want 1 to 268435456"},
		{`{"args": [{"buffer": "f32", "length": 268435456}, {"buffer": "u8", "length": 1}]}`, "args[1].length: the buffers so far have 1073741825 bytes"},
		{`{"args": [{"buffer": "f32", "length": 1, "fill": "ones"}]}`, `args[0].fill: "ones": want none, zeros, iota or random`},
		{`{"args": [{"buffer": "f32", "fill": "zeros", "values": [1]}]}`, "args[0]: want one of fill, values and file"},
		{`{"args": [{"buffer": "i8", "values": [1, 200]}]}`, "args[0].values[1]: 200: want an integer from -128 to 127"},
		{`{"args": [{"buffer": "f32", "length": 3, "values": [1]}]}`, "args[0].length: 3 elements, 1 are given"},
		{`{"args": [{"buffer": "f32", "file": "no.bin"}]}`, "no.bin"},
		{`{"args": [{"buffer": "f64", "file": "d.json"}]}`, "args[0].file: "},
		{`{"args": [{"buffer": "u8", "length": 1, "fill": "random", "range": [-1, 1]}]}`, "args[0].range: [-1, 1]: want two numbers in the range of u8"},
		{`{"args": [{"buffer": "f32", "length": 2, "expect": [1]}]}`, "args[0].expect: 1 elements, the buffer has 2"},
		{`{"args": [{"buffer": "f32", "length": 2, "expect": 1, "atol": -1}]}`, "args[0].atol: -1 is negative"},
		{`{"args": [{"buffer": "f32", "length": 2, "print": -1}]}`, "args[0].print: -1"},
		{`{"grid": [1], "block": [1], "args": [{"pointer": "z"}]}`, `args[0].pointer: there is no buffer "z"`},
		{`{"grid": [1], "block": [1], "args": [{"pointer": "y", "offset": 9}, {"name": "y", "buffer": "f32", "length": 2}]}`, "args[0].offset: 9, buffer y has 8 bytes"},
		{`{"grid": [1], "block": [1], "args": [{"name": "y", "i32": 1}, {"name": "y", "i32": 1}]}`, `args[1].name: "y" is there twice`},
		{`{"kernel": "inverse", "grid": [1], "block": [1]}`, `kernel: "inverse": `},
		{`{"grid": [1], "block": [1]}`, "args: 0, kernel reverse has 4 parameters"},
		{strings.Replace(simDesc(simY, simX), "i32", "i64", 1), "args[3]: i64 has 8 bytes, parameter reverse_n has 4"},
		{strings.Replace(simDesc(simY, simX), "[64]", "[2048]", 1), "block"},
		{strings.Replace(simDesc(simY, simX), `"device"`, `"shared": 70000, "device"`, 1), "70000 bytes of shared memory"},
	} {
		if strings.Contains(c.desc, `"file": "d.json"`) {
			c.desc += " " // a length that is no multiple of 8
			for len(c.desc)%8 != 1 {
				c.desc += " "
			}
		}
		ptx, desc := simFiles(t, c.desc)
		r := rapt(t, "", "sim", ptx, desc)
		require.Equal(t, exitFailure, r.code, "%s: %s", c.desc, r.stdout)
		require.Contains(t, r.stderr, c.says, c.desc)
		require.Contains(t, r.stderr, desc, "the file is named")
		require.Empty(t, r.stdout)
	}
	r := rapt(t, "", "sim", simCase("reverse.ptx"))
	require.Equal(t, exitUsage, r.code)
}

func TestSimBadPTX(t *testing.T) {
	for _, c := range []struct {
		old, new, says string
		code           int
	}{
		{"add.s32 %r4", "add.q32 %r4", "k.ptx:24:", exitFailure},
		{"sm_75", "sm_80", "k.ptx: .target sm_80, which does not run on sm_75", exitFailure},
		{"s[256]", "s[65536]", "k.ptx: entry reverse declares 65536 bytes", exitFailure},
		{"bar.sync 0;", "wmma.load.a.sync.aligned.row.m16n16k16.global.f16 {%r1}, [%rd1];", "k.ptx:35:", exitUnsupported},
	} {
		ptx, desc := simFiles(t, simDesc(simY, simX), c.old, c.new)
		r := rapt(t, "", "sim", ptx, desc)
		require.Equal(t, c.code, r.code, "%s: %s", c.new, r.stderr)
		require.Contains(t, r.stderr, c.says)
	}
}
