package report_test

import (
	"context"
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/cuda/ptx"
	"github.com/rapt-go/rapt/cuda/sim"
	"github.com/rapt-go/rapt/cuda/sim/exec"
	"github.com/rapt-go/rapt/cuda/sim/mem"
	"github.com/rapt-go/rapt/cuda/sim/report"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	return string(text)
}

// reverse launches the kernel of testdata in 4 blocks of 64 threads, for 200 of 256 elements.
func reverse(t *testing.T, src string) *report.Report {
	t.Helper()
	m, err := ptx.Load("reverse.ptx", []byte(src))
	require.NoError(t, err)
	p, err := exec.Compile(m)
	require.NoError(t, err)
	memory := mem.New(1<<30, 1)
	im, err := p.Load(memory)
	require.NoError(t, err)
	y, err := memory.AllocNamed("y", 800, 1)
	require.NoError(t, err)
	x, err := memory.AllocNamed("x", 1024, 1)
	require.NoError(t, err)
	require.NoError(t, memory.Fill(x.Base, 0x3f800000, 256))
	k := p.Kernel("reverse")
	params, err := k.PackArgs([]uint64{y.Base, x.Base, uint64(driver.F32(2)), 200})
	require.NoError(t, err)
	c := driver.Config{Grid: [3]int{4, 1, 1}, Block: [3]int{64, 1, 1}}
	a := driver.Attrs{Registers: k.Registers(), Shared: k.StaticShared()}
	res, err := im.Launch(context.Background(), &exec.Launch{Kernel: k, Grid: c.Grid, Block: c.Block, Params: params, Heat: true})
	require.NoError(t, err)
	return &report.Report{PTX: src, Module: m, Sources: map[string]string{"reverse.cu": read(t, "reverse.cu")}, Kernel: k, Device: sim.T4,
		Attrs: a, Config: c, Occupancy: sim.Occupy(sim.T4, a, 64, 0), Numerics: "exact", Result: res,
		Args: []report.Arg{{Name: "y", Value: "f32 × 200, not written", Elem: 4}}}
}

// TestSource has the counts of each line of reverse.cu, which follow from the text of the PTX: 8 warps
// execute each instruction, those of line 9 the 7 that have threads below 200, 8 in the last of them.
func TestSource(t *testing.T) {
	list := reverse(t, read(t, "reverse.ptx")).SourceListings()
	require.Len(t, list, 1)
	assert.Equal(t, "reverse.cu", list[0].File)
	require.Len(t, list[0].Lines, 10)
	for line, warp := range map[int]uint64{1: 0, 4: 0, 5: 4 * 8, 6: 8 * 8, 7: 8, 8: 3 * 8, 9: 7 * 7} {
		assert.Equal(t, warp, list[0].Lines[line-1].Count.Warp, "line %d", line)
	}
	nine := list[0].Lines[8].Count
	assert.EqualValues(t, 7*200, nine.Lane)
	assert.EqualValues(t, 800/32, nine.Sectors)
	assert.EqualValues(t, 200, nine.FLOPs)
	assert.EqualValues(t, 256*4/32, list[0].Lines[5].Count.Sectors)
}

func TestText(t *testing.T) {
	r := reverse(t, read(t, "reverse.ptx"))
	var b strings.Builder
	require.NoError(t, r.Text(&b))
	for _, row := range []string{`Kernel reverse: no findings`, `grid +4 +4 blocks`, `block +64 +64 threads`, `blocks of an SM +16 +limited by blocks`,
		`FLOPs +200\n`, `barriers +8 `, `requests +15 +of warps`, `sectors +57 +of 32 B; ideal 57, 1.00 times that`, `DRAM read +1,024 B`,
		`DRAM written +800 B`, `bank conflicts +0 `, `sync +8 +`} {
		assert.Regexp(t, row, b.String())
	}
	b.Reset()
	require.NoError(t, report.Annotate(&b, r.SourceListings()...))
	assert.Contains(t, b.String(), "\n          49   89 %             25/25                9          y[i] = a * s[63 - threadIdx.x];\n")
	b.Reset()
	require.NoError(t, report.Annotate(&b, r.PTXListing()))
	assert.Regexp(t, `\n +8 +100 % +32/32 +29 +ld\.global\.f32 %f1, \[%rd3\];\n`, b.String())
	assert.NotContains(t, b.String(), ".address_size", "outside of the kernel")
}

// TestConflicts has every lane of a warp store to the same bank.
func TestConflicts(t *testing.T) {
	src := strings.Replace(read(t, "reverse.ptx"), "s[256]", "s[8192]", 1)
	src = strings.Replace(src, "shl.b32 %r5, %r2, 2;", "shl.b32 %r5, %r2, 7;", 1)
	src = strings.Replace(src, "[%r9+252]", "[%r9+8064]", 1)
	r := reverse(t, src)
	require.NoError(t, r.Result.Err())
	var b strings.Builder
	require.NoError(t, r.Text(&b))
	// 8 stores and 6 loads of 32 lanes, a load of 8.
	assert.Regexp(t, `wavefronts +456 +ideal 15, 30\.40 times that`, b.String())
	assert.Regexp(t, `bank conflicts +441 `, b.String())
}

// races is the kernel without its barrier.
func races(t *testing.T) *report.Report {
	return reverse(t, strings.Replace(read(t, "reverse.ptx"), "bar.sync 0;", "", 1))
}

func TestFindings(t *testing.T) {
	r := races(t)
	require.NotEmpty(t, r.Result.Findings)
	var b strings.Builder
	require.NoError(t, r.Text(&b))
	assert.Regexp(t, `(?m)^reverse\.cu:[69]:0 \(reverse\.ptx:\d+:2\): race in shared memory: `, b.String())
	assert.Regexp(t, `Kernel reverse: \d+ findings`, b.String())
	assert.NotEmpty(t, r.SourceListings()[0].Lines[8].Findings)
	b.Reset()
	require.NoError(t, report.Annotate(&b, r.SourceListings()...))
	assert.Contains(t, b.String(), " !    9  ")
}

// A page is what a strict parser of XML finds in the HTML, which is well-formed as XML too.
type page struct {
	text        string
	ids         map[string]int
	refs, class []string
}

func pageOf(t *testing.T, r *report.Report) page {
	t.Helper()
	var b strings.Builder
	require.NoError(t, r.HTML(&b))
	p := page{text: b.String(), ids: map[string]int{}}
	dec := xml.NewDecoder(strings.NewReader(p.text))
	dec.Entity = xml.HTMLEntity
	for {
		tok, err := dec.Token()
		if err == io.EOF {
			return p
		}
		require.NoError(t, err)
		start, ok := tok.(xml.StartElement)
		if !ok {
			continue
		}
		for _, a := range start.Attr {
			switch a.Name.Local {
			case "id":
				p.ids[a.Value]++
			case "href":
				p.refs = append(p.refs, a.Value)
			case "class":
				p.class = append(p.class, a.Value)
			case "src", "srcset", "action":
				assert.Fail(t, "an external resource", a.Value)
			}
		}
	}
}

func TestHTML(t *testing.T) {
	p := pageOf(t, reverse(t, read(t, "reverse.ptx")))
	assert.NotRegexp(t, `(?i)https?:|url\(|@import|<script|<link|ZgotmplZ`, p.text)
	assert.Contains(t, p.text, "prefers-color-scheme: dark")
	assert.Contains(t, p.text, "no findings")
	assert.Regexp(t, `<tr id="source1-9" class="l8"><td class="n">49</td><td class="n">89 %</td><td class="n">25/25</td>`, p.text)
	assert.Contains(t, p.class, "l10", "the hottest line")
	// 32 lanes read each 128 bytes of x, of 32 sectors of 8 elements.
	assert.Equal(t, 32, len(regexp.MustCompile(`title="bytes \d+–\d+: 8 reads"`).FindAllString(p.text, -1)))
	assert.Equal(t, 25, len(regexp.MustCompile(`title="elements \d+–\d+: 8 writes"`).FindAllString(p.text, -1)))
	assert.Contains(t, p.text, `title="elements 192–199: 8 writes"`)
	assert.Empty(t, p.refs)
}

func TestHTMLFindings(t *testing.T) {
	r := races(t)
	r.Differences = []string{"y: <b> & more"}
	p := pageOf(t, r)
	assert.Contains(t, p.text, "y: &lt;b&gt; &amp; more")
	assert.Contains(t, p.ids, "finding-1")
	require.Contains(t, p.refs, "#source1-9")
	require.Contains(t, p.refs, "#finding-1")
	for _, ref := range p.refs {
		require.True(t, strings.HasPrefix(ref, "#"), ref)
		assert.Equal(t, 1, p.ids[ref[1:]], "%s leads somewhere", ref)
	}
	for id, n := range p.ids {
		assert.Equal(t, 1, n, id)
	}
}
