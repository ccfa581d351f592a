package report

import (
	"slices"
	"strings"

	"github.com/rapt-go/rapt/cuda/ptx"
	"github.com/rapt-go/rapt/cuda/sim/exec"
)

// A Listing is a file with what was counted on its lines.
type Listing struct {
	File  string
	PTX   bool // a source file otherwise
	Lines []Line
}

// A Line is a line of a file, or lines that were left out.
type Line struct {
	Number   int // 0 for lines that were left out
	Text     string
	Count    exec.Count
	Findings []int // their indices
}

// around is how many lines of source are shown before and after one with instructions.
const around = 8

// PTXListing is the functions that the kernel consists of.
func (r *Report) PTXListing() Listing {
	l := Listing{File: r.Module.Name, PTX: true}
	shown := map[int]bool{}
	for _, f := range r.Module.Funcs {
		if f.Body == nil || !r.uses(f) {
			continue
		}
		for n := f.Pos.Line; n <= f.Body.End.Line; n++ {
			shown[int(n)] = true
		}
	}
	findings := map[int][]int{}
	for i, f := range r.Result.Findings {
		note(findings, int(f.Pos.Line), i)
		if f.Other != nil {
			note(findings, int(f.Other.Pos.Line), i)
		}
	}
	counts := r.Result.Counters.ByLine()
	l.Lines = lines(r.PTX, func(n int) bool { return shown[n] }, func(n int) exec.Count { return counts[n] }, findings)
	return l
}

func note(findings map[int][]int, line, finding int) {
	if !slices.Contains(findings[line], finding) {
		findings[line] = append(findings[line], finding)
	}
}

// uses reports whether f is the kernel or what it calls.
func (r *Report) uses(f *ptx.Func) bool {
	if f.Entry && f.Name == r.Kernel.Name() {
		return true
	}
	return slices.ContainsFunc(r.Kernel.Insts(), func(in *ptx.Inst) bool {
		return in != nil && !f.Entry && f.Pos.Line <= in.Pos.Line && in.Pos.Line <= f.Body.End.Line
	})
}

// SourceListings are the source files that the kernel's .loc directives name and that are at hand,
// in the order of their .file directives.
func (r *Report) SourceListings() (list []Listing) {
	counts := r.Result.Counters.BySource(r.Module)
	for _, file := range r.Module.Files {
		text, ok := r.Sources[file.Name]
		if !ok || slices.ContainsFunc(list, func(l Listing) bool { return l.File == file.Name }) {
			continue
		}
		shown := map[int]bool{}
		for _, in := range r.Kernel.Insts() {
			if n := r.lineIn(file.Name, in); n > 0 {
				for i := n - around; i <= n+around; i++ {
					shown[i] = true
				}
			}
		}
		if len(shown) == 0 {
			continue
		}
		l := Listing{File: file.Name}
		l.Lines = lines(text, func(n int) bool { return shown[n] },
			func(n int) exec.Count { return counts[exec.SourceLine{File: file.Name, Line: n}] }, r.findingsIn(file.Name))
		list = append(list, l)
	}
	return list
}

// lineIn is the line of an instruction in a source file, 0 if it is of another one.
func (r *Report) lineIn(file string, in *ptx.Inst) int {
	if in == nil || in.Loc == nil {
		return 0
	}
	for _, f := range r.Module.Files {
		if f.Index == in.Loc.File && f.Name == file {
			return in.Loc.Line
		}
	}
	return 0
}

// findingsIn is the findings on each line of a source file.
func (r *Report) findingsIn(file string) map[int][]int {
	findings := map[int][]int{}
	for i, f := range r.Result.Findings {
		places := []*ptx.Inst{f.Inst}
		if f.Other != nil {
			places = append(places, f.Other.Inst)
		}
		for _, in := range places {
			if n := r.lineIn(file, in); n > 0 {
				note(findings, n, i)
			}
		}
	}
	return findings
}

// lines are those of a text that are shown.
func lines(text string, shown func(int) bool, count func(int) exec.Count, findings map[int][]int) (list []Line) {
	n := 0
	for line := range strings.Lines(text) {
		n++
		if shown(n) {
			list = append(list, Line{Number: n, Text: expand(line), Count: count(n), Findings: findings[n]})
		} else if len(list) == 0 || list[len(list)-1].Number != 0 {
			list = append(list, Line{})
		}
	}
	return list
}

// hottest is the most warp instructions on a line.
func (l *Listing) hottest() (most uint64) {
	for i := range l.Lines {
		most = max(most, l.Lines[i].Count.Warp)
	}
	return most
}
