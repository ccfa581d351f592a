package report

// The report as one page of HTML, which needs nothing else.

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/rapt-go/rapt/cuda/ptx"
	"github.com/rapt-go/rapt/cuda/sim/exec"
)

//go:embed report.html
var pageText string

var page = template.Must(template.New("report").Parse(pageText))

// A view is what the page shows.
type view struct {
	Kernel, File, Verdict string
	Clean                 bool
	Tiles                 []Row
	Findings              []findingView
	Differences           []string
	Sections              []Section
	Args                  []Arg
	Classes               []classView
	Heat                  []heatView
	Listings              []listingView
}

type findingView struct {
	ID, Kind, Msg, Where, Text string
	Fatal                      bool
	Links                      []link
}

type link struct{ Href, Text string }

type classView struct {
	Name, Warp, Share, SIMD string
	Percent                 float64
}

// A heatView is the accesses to an array, chunk by chunk.
type heatView struct {
	Name, Value, Chunk string
	Strips             []strip
}

type strip struct {
	Name, Total, Most string
	Chunks            []chunk
}

type chunk struct {
	Level int // 0 to levels
	Title string
}

type listingView struct {
	ID, File, Kind string
	Rows           []rowView
}

type rowView struct {
	ID, Text                       string
	Number, Level                  int
	Warp, SIMD, Sectors, Conflicts string
	Marks                          []link
}

// levels is how many shades of heat there are.
const levels = 10

// level is the shade of x, never that of nothing but for 0.
func level(x, most uint64, scale func(float64) float64) int {
	if x == 0 || most == 0 {
		return 0
	}
	return max(1, int(math.Ceil(levels*scale(float64(x)/float64(most)))))
}

func linear(x float64) float64 { return x }

// HTML writes the page.
func (r *Report) HTML(w io.Writer) error {
	v := view{Kernel: r.Kernel.Name(), File: r.Module.Name, Verdict: r.Verdict(), Differences: r.Differences, Sections: r.Sections(),
		Args: r.Args, Clean: len(r.Result.Findings)+len(r.Differences) == 0, Tiles: r.tiles(), Heat: r.heat()}
	for _, c := range r.Classes() {
		v.Classes = append(v.Classes, classView{c.Name, number(c.Count.Warp), percent(c.Share, 1), percent(c.Count.SIMD(), 1), 100 * c.Share})
	}
	sources := r.SourceListings()
	for i, l := range sources {
		v.Listings = append(v.Listings, listingOf(l, sourceID(i), "source"))
	}
	v.Listings = append(v.Listings, listingOf(r.PTXListing(), "ptx", "PTX"))
	for i, f := range r.Result.Findings {
		v.Findings = append(v.Findings, r.findingView(i, f, sources))
	}
	return page.Execute(w, v)
}

func sourceID(i int) string { return fmt.Sprintf("source%d", i+1) }

func findingID(i int) string { return fmt.Sprintf("finding-%d", i+1) }

// tiles are the quantities that come first.
func (r *Report) tiles() []Row {
	c := r.Result.Counters
	t := &c.Total
	return []Row{
		{"warp instructions", number(t.Warp), ""},
		{"SIMD efficiency", percent(t.SIMD(), 1), ""},
		{"sector efficiency", percent(float64(t.Ideal), float64(t.Sectors)), number(t.Ideal) + " of " + number(t.Sectors)},
		{"bank conflicts", number(t.Conflicts()), ""},
		{"DRAM bytes", number(uint64(c.DRAMRead + c.DRAMWrite)), ""},
		{"FLOPs", number(t.FLOPs + t.MMAFLOPs), ""},
		{"occupancy", percent(float64(r.Occupancy.Warps), float64(r.Occupancy.Of)), "limited by " + r.Occupancy.Limit},
	}
}

func (r *Report) findingView(i int, f *exec.Finding, sources []Listing) findingView {
	v := findingView{ID: findingID(i), Kind: f.Kind.String(), Msg: f.Msg, Where: f.Where(), Fatal: f.Fatal}
	_, v.Text, _ = strings.Cut(f.Error(), "\n")
	v.Text = strings.ReplaceAll(v.Text, "\t", "")
	places := []*exec.Access{&f.Access}
	if f.Other != nil {
		places = append(places, f.Other)
	}
	for _, a := range places {
		for s, l := range sources {
			if n := r.lineIn(l.File, a.Inst); n > 0 {
				v.lead(fmt.Sprintf("#%s-%d", sourceID(s), n), fmt.Sprintf("%s line %d", l.File, n))
			}
		}
		if r.inPTX(a.Pos) {
			v.lead(fmt.Sprintf("#ptx-%d", a.Pos.Line), fmt.Sprintf("PTX line %d", a.Pos.Line))
		}
	}
	return v
}

// lead adds a link that is not there yet.
func (v *findingView) lead(href, text string) {
	if l := (link{href, text}); !slices.Contains(v.Links, l) {
		v.Links = append(v.Links, l)
	}
}

// inPTX reports whether a place is in the listing of the PTX.
func (r *Report) inPTX(at ptx.Pos) bool {
	for _, f := range r.Module.Funcs {
		if f.Body != nil && f.Pos.Line <= at.Line && at.Line <= f.Body.End.Line {
			return r.uses(f)
		}
	}
	return false
}

func listingOf(l Listing, id, kind string) listingView {
	v := listingView{ID: id, File: l.File, Kind: kind}
	most := l.hottest()
	for _, line := range l.Lines {
		row := rowView{Number: line.Number, Text: line.Text, ID: fmt.Sprintf("%s-%d", id, line.Number), Level: level(line.Count.Warp, most, linear)}
		row.Warp, row.SIMD, row.Sectors, row.Conflicts = cells(&line.Count)
		for _, f := range line.Findings {
			row.Marks = append(row.Marks, link{"#" + findingID(f), fmt.Sprint(f + 1)})
		}
		v.Rows = append(v.Rows, row)
	}
	return v
}

// chunks is how many cells the heat of an array has at most.
const chunks = 128

// heat is that of the arrays that the launch accessed.
func (r *Report) heat() (list []heatView) {
	for _, h := range r.Result.Heat {
		v := heatView{Name: h.Alloc.Name, Value: fmt.Sprintf("%s bytes", number(uint64(h.Alloc.Size)))}
		elem := int64(0)
		for _, a := range r.Args {
			if a.Name == h.Alloc.Name && a.Elem > 0 {
				v.Value, elem = a.Value, a.Elem
			}
		}
		each := (len(h.Read) + chunks - 1) / chunks // sectors of a chunk
		v.Chunk = sizeText(int64(each*exec.SectorSize), elem)
		for _, s := range []struct {
			name   string
			counts []uint64
		}{{"reads", h.Read}, {"writes", h.Write}} {
			if st := stripOf(s.name, s.counts, each, elem, h.Alloc.Size); st != nil {
				v.Strips = append(v.Strips, *st)
			}
		}
		list = append(list, v)
	}
	return list
}

// stripOf sums counts over chunks of so many sectors; nil if there are none.
func stripOf(name string, counts []uint64, each int, elem, size int64) *strip {
	var sums []uint64
	var total, most uint64
	for i, n := range counts {
		if i%each == 0 {
			sums = append(sums, 0)
		}
		sums[len(sums)-1] += n
		total += n
		most = max(most, sums[len(sums)-1])
	}
	if total == 0 {
		return nil
	}
	s := &strip{Name: name, Total: number(total), Most: number(most)}
	for i, n := range sums {
		first := int64(i * each * exec.SectorSize)
		last := min(first+int64(each*exec.SectorSize), size)
		// The square root lets seldom accessed places be told from those that never are.
		s.Chunks = append(s.Chunks, chunk{level(n, most, math.Sqrt), fmt.Sprintf("%s: %s %s", places(first, last, elem), number(n), name)})
	}
	return s
}

// sizeText is a number of bytes, in elements if their size is known.
func sizeText(n, elem int64) string {
	if elem == 0 {
		return plural(uint64(n), "byte")
	}
	return plural(uint64(n/elem), "element")
}

// places names the bytes from first to last, which is not among them, as elements if their size is known.
func places(first, last, elem int64) string {
	if elem == 0 {
		return fmt.Sprintf("bytes %d–%d", first, last-1)
	}
	return fmt.Sprintf("elements %d–%d", first/elem, (last-1)/elem)
}
