package main

// The lines of JSON that rapt sim writes: each an object with its type.

import (
	"encoding/json"

	"github.com/rapt-go/rapt/cuda/sim/exec"
	"github.com/rapt-go/rapt/cuda/sim/report"
)

type simFinding struct {
	Type     string    `json:"type"` // finding
	Kind     string    `json:"kind"`
	Message  string    `json:"message"`
	Fatal    bool      `json:"fatal"`
	Code     int       `json:"code"` // CUresult
	Kernel   string    `json:"kernel"`
	At       simPlace  `json:"at"`
	Conflict *simPlace `json:"conflict,omitempty"`
	Address  uint64    `json:"address,omitempty"`
	Bytes    int       `json:"bytes,omitempty"`
	Object   string    `json:"object,omitempty"`
	Times    int       `json:"times"`
	Text     string    `json:"text"`
}

type simPlace struct {
	File        string `json:"file"`
	Line        int32  `json:"line"`
	Column      int32  `json:"column"`
	Source      string `json:"source,omitempty"`
	Instruction string `json:"instruction,omitempty"`
	Block       [3]int `json:"block"`
	Thread      [3]int `json:"thread"`
	Warp        int    `json:"warp"`
	Lane        int    `json:"lane"`
}

type simDifference struct {
	Type    string `json:"type"` // difference
	Message string `json:"message"`
}

type simOutput struct {
	Type   string            `json:"type"` // output
	Name   string            `json:"name"`
	DType  string            `json:"dtype"`
	Length int64             `json:"length"`
	Values []json.RawMessage `json:"values"`
}

type simCounters struct {
	Type      string              `json:"type"` // counters
	Kernel    string              `json:"kernel"`
	Device    string              `json:"device"`
	Grid      [3]int              `json:"grid"`
	Block     [3]int              `json:"block"`
	Blocks    int64               `json:"blocks"`
	Warps     int64               `json:"warps"`
	Threads   int64               `json:"threads"`
	Total     simCount            `json:"total"`
	DRAMRead  int64               `json:"dram_read"`
	DRAMWrite int64               `json:"dram_write"`
	Classes   map[string]simCount `json:"classes"`
	Occupancy simOccupancy        `json:"occupancy"`
}

type simOccupancy struct {
	Blocks    int    `json:"blocks"`
	Warps     int    `json:"warps"`
	Of        int    `json:"of"`
	Limit     string `json:"limit"`
	Registers int    `json:"registers"`
	Shared    int    `json:"shared"`
	SMs       int    `json:"sms"`
}

type simCount struct {
	Warp            uint64  `json:"warp_instructions"`
	Lane            uint64  `json:"thread_instructions"`
	SIMD            float64 `json:"simd"`
	Requests        uint64  `json:"requests"`
	Sectors         uint64  `json:"sectors"`
	Ideal           uint64  `json:"sectors_ideal"`
	Bytes           uint64  `json:"bytes"`
	SharedRequests  uint64  `json:"shared_requests"`
	Wavefronts      uint64  `json:"wavefronts"`
	WavefrontsIdeal uint64  `json:"wavefronts_ideal"`
	Conflicts       uint64  `json:"bank_conflicts"`
	FLOPs           uint64  `json:"flops"`
	MMAFLOPs        uint64  `json:"mma_flops"`
	Atomics         uint64  `json:"atomics"`
	Barriers        uint64  `json:"barriers"`
	Local           uint64  `json:"local_requests"`
}

type simLine struct {
	Type     string   `json:"type"` // line
	File     string   `json:"file"`
	Line     int      `json:"line"`
	Text     string   `json:"text"`
	Count    simCount `json:"count"`
	Findings []int    `json:"findings"` // from 0, in their order
}

func countOf(c *exec.Count) simCount {
	return simCount{c.Warp, c.Lane, c.SIMD(), c.Requests, c.Sectors, c.Ideal, c.Bytes, c.SharedRequests, c.Wavefronts, c.WavefrontsIdeal,
		c.Conflicts(), c.FLOPs, c.MMAFLOPs, c.Atomics, c.Barriers, c.Local}
}

func placeOf(a *exec.Access) simPlace {
	p := simPlace{File: a.File, Line: a.Pos.Line, Column: a.Pos.Col, Source: a.Source, Block: a.Block, Thread: a.Thread, Warp: a.Warp, Lane: a.Lane}
	if a.Inst != nil {
		p.Instruction = a.Inst.Op.String()
		for _, m := range a.Inst.Mods {
			p.Instruction += "." + m.String()
		}
	}
	return p
}

// lines writes everything as lines of JSON.
func (l *simLaunch) lines(o *output, listings []report.Listing) error {
	for _, f := range l.report.Result.Findings {
		v := simFinding{Type: "finding", Kind: f.Kind.String(), Message: f.Msg, Fatal: f.Fatal, Code: int(f.Code), Kernel: f.Kernel,
			At: placeOf(&f.Access), Address: f.Addr, Bytes: f.Bytes, Object: f.Object, Times: max(f.Times, 1), Text: f.Error()}
		if f.Other != nil {
			other := placeOf(f.Other)
			v.Conflict = &other
		}
		if err := o.object(v); err != nil {
			return err
		}
	}
	for _, d := range l.report.Differences {
		if err := o.object(simDifference{"difference", d}); err != nil {
			return err
		}
	}
	if err := l.outputLines(o); err != nil {
		return err
	}
	if err := o.object(l.counters()); err != nil {
		return err
	}
	for _, listing := range listings {
		for _, line := range listing.Lines {
			if line.Number == 0 || line.Count.Warp == 0 && len(line.Findings) == 0 {
				continue
			}
			if err := o.object(simLine{"line", listing.File, line.Number, line.Text, countOf(&line.Count), list(line.Findings)}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *simLaunch) outputLines(o *output) error {
	for i, a := range l.desc.args {
		if a.buffer == nil || a.buffer.print == 0 {
			continue
		}
		b := a.buffer
		v := simOutput{Type: "output", Name: a.name, DType: b.dtype.name(), Length: b.length}
		for j := range min(b.print, b.length) {
			v.Values = append(v.Values, b.dtype.json(b.dtype.at(l.outputs[i], j)))
		}
		if err := o.object(v); err != nil {
			return err
		}
	}
	return nil
}

// json is an element as JSON, null for NaN and infinities.
func (t dtype) json(c uint64) json.RawMessage {
	switch {
	case t == f64:
		return appendNumber(nil, t.float64(c), 64)
	case t.float():
		return appendNumber(nil, t.float64(c), 32)
	}
	return json.RawMessage(t.text(c))
}

func (l *simLaunch) counters() simCounters {
	r := l.report
	c := r.Result.Counters
	v := simCounters{Type: "counters", Kernel: c.Kernel, Device: r.Device.Name, Grid: c.Grid, Block: c.Block, Blocks: c.Blocks, Warps: c.Warps,
		Threads: c.Threads, Total: countOf(&c.Total), DRAMRead: c.DRAMRead, DRAMWrite: c.DRAMWrite, Classes: map[string]simCount{},
		Occupancy: simOccupancy{r.Occupancy.Blocks, r.Occupancy.Warps, r.Occupancy.Of, r.Occupancy.Limit, r.Attrs.Registers,
			r.Attrs.Shared + r.Config.Shared, r.Device.SMs}}
	for _, class := range r.Classes() {
		v.Classes[class.Name] = countOf(&class.Count)
	}
	return v
}
