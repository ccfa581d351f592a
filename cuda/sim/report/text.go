package report

// The report as text for a terminal.

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/rapt-go/rapt/cuda/sim/exec"
)

// Text writes the findings and the tables.
func (r *Report) Text(w io.Writer) error {
	var b strings.Builder
	for _, f := range r.Result.Findings {
		fmt.Fprintf(&b, "%s\n\n", f.Error())
	}
	for _, d := range r.Differences {
		fmt.Fprintf(&b, "%s\n\n", d)
	}
	fmt.Fprintf(&b, "Kernel %s: %s\n", r.Kernel.Name(), r.Verdict())
	t := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0) // a strings.Builder takes everything
	for _, s := range r.Sections() {
		fmt.Fprintf(t, "\n%s\n", s.Title)
		for _, row := range s.Rows {
			fmt.Fprintln(t, strings.TrimRight("  "+row.Name+"\t"+row.Value+"\t"+row.Note, "\t"))
		}
	}
	t.Flush()
	fmt.Fprintln(&b)
	t = tabwriter.NewWriter(&b, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "class\twarp instructions\tshare\tSIMD\t")
	for _, c := range r.Classes() {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t\n", c.Name, number(c.Count.Warp), percent(c.Share, 1), percent(c.Count.SIMD(), 1))
	}
	t.Flush()
	_, err := io.WriteString(w, b.String())
	return err
}

// Verdict is how many findings and differences there are.
func (r *Report) Verdict() string {
	n, d := len(r.Result.Findings), len(r.Differences)
	switch {
	case n == 0 && d == 0:
		return "no findings"
	case d == 0:
		return plural(uint64(n), "finding")
	case n == 0:
		return plural(uint64(d), "unexpected output")
	}
	return plural(uint64(n), "finding") + ", " + plural(uint64(d), "unexpected output")
}

// Annotate writes the lines of the listings with their counts: warp instructions, SIMD efficiency,
// sectors and their ideal, bank conflicts. Lines with findings are marked by !.
func Annotate(w io.Writer, listings ...Listing) error {
	var b strings.Builder
	for i, l := range listings {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%s\n%12s %6s %17s %9s\n", l.File, "warp instr", "SIMD", "sectors/ideal", "conflicts")
		for _, line := range l.Lines {
			if line.Number == 0 {
				fmt.Fprintf(&b, "%50s\n", "⋯")
				continue
			}
			mark := " "
			if len(line.Findings) > 0 {
				mark = "!"
			}
			warp, simd, sectors, conflicts := cells(&line.Count)
			row := fmt.Sprintf("%12s %6s %17s %9s %s%5d  %s", warp, simd, sectors, conflicts, mark, line.Number, line.Text)
			b.WriteString(strings.TrimRight(row, " ") + "\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// cells are the columns of a line, empty where there is nothing to say.
func cells(c *exec.Count) (warp, simd, sectors, conflicts string) {
	if c.Warp > 0 {
		warp, simd = number(c.Warp), strconv.FormatFloat(100*c.SIMD(), 'f', 0, 64)+" %"
	}
	if c.Sectors > 0 {
		sectors = number(c.Sectors) + "/" + number(c.Ideal)
	}
	if n := c.Conflicts(); n > 0 {
		conflicts = number(n)
	}
	return warp, simd, sectors, conflicts
}
