// Package report writes what a simulated launch of a kernel counted and found, for people.
package report

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/cuda/ptx"
	"github.com/rapt-go/rapt/cuda/sim"
	"github.com/rapt-go/rapt/cuda/sim/exec"
)

// A Report is a launch and what came of it. All fields but Sources, Args and Differences are needed.
type Report struct {
	PTX       string // the text of the module
	Module    *ptx.Module
	Sources   map[string]string // the text of source files that are at hand, by their names in .file
	Kernel    *exec.Kernel
	Device    driver.Info
	Attrs     driver.Attrs
	Config    driver.Config
	Occupancy sim.Occupancy
	Seed      uint64
	Numerics  string
	Args      []Arg
	Result    *exec.Result

	// Differences are what outputs have instead of what was expected of them, one sentence each.
	Differences []string
}

// An Arg is an argument of the kernel.
type Arg struct {
	Name  string
	Value string // "f32 × 1024, iota"

	// Elem is the bytes of an element of a buffer, whose allocation is named Name.
	Elem int64
}

// A Section is rows of a table with a title.
type Section struct {
	Title string
	Rows  []Row
}

// A Row is a quantity, its value with the unit, and what it means.
type Row struct{ Name, Value, Note string }

// Sections are the facts of the launch and the counters.
func (r *Report) Sections() []Section {
	return []Section{r.launch(), r.occupancy(), r.work(), r.global(), r.shared()}
}

func (r *Report) launch() Section {
	c := r.Result.Counters
	rows := []Row{
		{"device", r.Device.Name, fmt.Sprintf("sm_%d, %d SMs", r.Device.SM(), r.Device.SMs)},
		{"grid", triple(r.Config.Grid), plural(uint64(c.Blocks), "block")},
		{"block", triple(r.Config.Block), plural(uint64(c.Threads/max(c.Blocks, 1)), "thread")},
		{"shared memory", bytesText(uint64(r.Attrs.Shared + r.Config.Shared)), fmt.Sprintf("of a block; %d B static, %d B dynamic", r.Attrs.Shared, r.Config.Shared)},
		{"registers", number(uint64(r.Attrs.Registers)), "of a thread, an estimate"},
		{"seed", strconv.FormatUint(r.Seed, 10), "of the order of warps, and of addresses"},
		{"numerics", r.Numerics, ""},
	}
	return Section{"Launch", rows}
}

func (r *Report) occupancy() Section {
	o := r.Occupancy
	rows := []Row{
		{"blocks of an SM", number(uint64(o.Blocks)), "limited by " + o.Limit},
		{"warps of an SM", number(uint64(o.Warps)), fmt.Sprintf("%s of %d", percent(float64(o.Warps), float64(o.Of)), o.Of)},
	}
	if at := o.Blocks * r.Device.SMs; at > 0 {
		rows = append(rows, Row{"waves", fmt.Sprintf("%.2f", float64(r.Result.Counters.Blocks)/float64(at)), fmt.Sprintf("%s run at once", plural(uint64(at), "block"))})
	}
	return Section{"Occupancy", rows}
}

func (r *Report) work() Section {
	t := &r.Result.Counters.Total
	flops := ""
	if t.MMAFLOPs > 0 {
		flops = percent(float64(t.MMAFLOPs), float64(t.FLOPs+t.MMAFLOPs)) + " in matrix instructions"
	}
	return Section{"Work", []Row{
		{"warp instructions", number(t.Warp), ""},
		{"thread instructions", number(t.Lane), ""},
		{"SIMD efficiency", percent(t.SIMD(), 1), "active lanes of a warp"},
		{"FLOPs", number(t.FLOPs + t.MMAFLOPs), flops},
		{"barriers", number(t.Barriers), "that warps came to"},
		{"atomics", number(t.Atomics), "of threads"},
	}}
}

func (r *Report) global() Section {
	c := r.Result.Counters
	t := &c.Total
	dram := uint64(c.DRAMRead + c.DRAMWrite)
	rows := []Row{
		{"requests", number(t.Requests), local(t)},
		{"bytes", bytesText(t.Bytes), "that threads asked for"},
		{"sectors", number(t.Sectors), "of 32 B; ideal " + number(t.Ideal) + ratio(t.Sectors, t.Ideal)},
		{"DRAM read", bytesText(uint64(c.DRAMRead)), "in distinct sectors"},
		{"DRAM written", bytesText(uint64(c.DRAMWrite)), "in distinct sectors"},
	}
	if dram > 0 {
		rows = append(rows, Row{"intensity", fmt.Sprintf("%.2f", float64(t.FLOPs+t.MMAFLOPs)/float64(dram)), "FLOPs a byte of DRAM"})
	}
	return Section{"Global and local memory", rows}
}

func local(t *exec.Count) string {
	if t.Local == 0 {
		return "of warps"
	}
	return fmt.Sprintf("of warps, %s of them to local memory", number(t.Local))
}

func (r *Report) shared() Section {
	t := &r.Result.Counters.Total
	return Section{"Shared memory", []Row{
		{"requests", number(t.SharedRequests), "of warps"},
		{"wavefronts", number(t.Wavefronts), "ideal " + number(t.WavefrontsIdeal) + ratio(t.Wavefronts, t.WavefrontsIdeal)},
		{"bank conflicts", number(t.Conflicts()), "wavefronts more than ideal"},
	}}
}

// A Class is the instructions of one part of a multiprocessor.
type Class struct {
	Name  string
	Count exec.Count
	Share float64 // of all warp instructions
}

// Classes are the classes with instructions that were executed.
func (r *Report) Classes() (list []Class) {
	all := float64(max(r.Result.Counters.Total.Warp, 1))
	for i, c := range r.Result.Counters.ByClass() {
		if c.Warp > 0 {
			list = append(list, Class{exec.Class(i).String(), c, float64(c.Warp) / all})
		}
	}
	return list
}

func triple(v [3]int) string {
	for i := range v {
		v[i] = max(v[i], 1)
	}
	if v[1] == 1 && v[2] == 1 {
		return strconv.Itoa(v[0])
	}
	return fmt.Sprintf("%d × %d × %d", v[0], v[1], v[2])
}

// number is n with commas.
func number(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func plural(n uint64, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return number(n) + " " + word + "s"
}

func percent(part, of float64) string {
	if of == 0 {
		return "–"
	}
	return strconv.FormatFloat(100*part/of, 'f', 1, 64) + " %"
}

// ratio is how many times too much there is, empty where there is nothing.
func ratio(is, ideal uint64) string {
	if ideal == 0 {
		return ""
	}
	return fmt.Sprintf(", %.2f times that", float64(is)/float64(ideal))
}

func bytesText(n uint64) string {
	const unit = 1024
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	x, prefix := float64(n)/unit, 0
	for ; x >= unit && prefix < len("KMGTPE")-1; prefix++ {
		x /= unit
	}
	return fmt.Sprintf("%s B (%.1f %ciB)", number(n), x, "KMGTPE"[prefix])
}

// expand replaces tabs, which browsers and terminals show too wide.
func expand(line string) string {
	return strings.ReplaceAll(strings.TrimRight(line, "\r\n"), "\t", "    ")
}
