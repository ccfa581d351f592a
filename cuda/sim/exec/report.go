package exec

import (
	"fmt"
	"math/bits"

	"github.com/rapt-go/rapt/cuda/ptx"
)

// This file makes findings.

// findingKey is what findings are told apart by: equal ones at the same place are counted.
type findingKey struct {
	kind      Kind
	id, other int32
}

// access describes a thread of the warp at an instruction; lane −1 is several.
func (w *warp) access(in *inst, lane int) *Access {
	a := w.cta.worker.run.place(in.id)
	a.Block, a.Warp, a.Lane = w.cta.block, w.id, lane
	if lane >= 0 {
		a.Thread = w.cta.thread(32*w.id + lane)
	}
	return a
}

// place describes an instruction.
func (r *run) place(id int32) *Access {
	k := r.launch.Kernel
	a := &Access{File: k.program.module.Name, Inst: k.insts[id]}
	if a.Inst == nil {
		a.Pos = k.owner[id].src.Body.End
		return a
	}
	a.Pos = a.Inst.Pos
	if l := a.Inst.Loc; l != nil {
		a.Source = fmt.Sprintf("%s:%d:%d", fileName(k.program.module, l.File), l.Line, l.Col)
	}
	return a
}

func fileName(m *ptx.Module, index int) string {
	for _, f := range m.Files {
		if f.Index == index {
			return f.Name
		}
	}
	return fmt.Sprintf("file %d", index)
}

// otherLanes says how many lanes besides the first have the same trouble.
func otherLanes(lanes uint32) string {
	switch n := bits.OnesCount32(lanes) - 1; n {
	case 0:
		return ""
	case 1:
		return "; one more lane has the same"
	default:
		return fmt.Sprintf("; %d more lanes have the same", n)
	}
}

// An issue is what a finding says besides the place.
type issue struct {
	space   ptx.Space
	addr    uint64
	bytes   int
	object  func() string
	other   *Access
	otherID int32
}

// report records a finding and goes on.
func (w *warp) report(in *inst, kind Kind, lane int, format string, args ...any) {
	w.reportIssue(in, kind, lane, nil, format, args...)
}

// fatal records a finding that ends the launch.
func (w *warp) fatal(in *inst, kind Kind, lane int, format string, args ...any) {
	w.fatalIssue(in, kind, lane, nil, format, args...)
}

// stop records a finding after which the block cannot go on.
func (w *warp) stop(in *inst, kind Kind, lane int, other *Access, format string, args ...any) {
	w.fatalIssue(in, kind, lane, &issue{other: other}, format, args...)
}

func (w *warp) fatalIssue(in *inst, kind Kind, lane int, is *issue, format string, args ...any) {
	w.record(in, kind, lane, is, true, format, args...)
	panic(aborted{})
}

func (w *warp) reportIssue(in *inst, kind Kind, lane int, is *issue, format string, args ...any) {
	w.record(in, kind, lane, is, false, format, args...)
}

func (w *warp) record(in *inst, kind Kind, lane int, is *issue, fatal bool, format string, args ...any) {
	if is == nil {
		is = &issue{otherID: -1}
	}
	worker := w.cta.worker
	key := findingKey{kind, in.id, is.otherID}
	if n, ok := worker.seen[key]; ok && !fatal {
		worker.seen[key] = n + 1
		return
	}
	r := worker.run
	r.mu.Lock()
	defer r.mu.Unlock()
	f := &Finding{Kind: kind, Code: kind.Code(), Fatal: fatal, Kernel: r.launch.Kernel.Name(), Access: *w.access(in, lane),
		Space: is.space, Addr: is.addr, Bytes: is.bytes, Msg: fmt.Sprintf(format, args...), Other: is.other}
	if is.object != nil {
		f.Object = is.object()
	}
	old := r.findings[key]
	if old == nil && len(r.findings) >= r.launch.MaxFindings && !fatal {
		return
	}
	switch {
	case old == nil:
		r.findings[key] = f
	case compareFindings(f, old) < 0:
		f.Times = old.Times
		r.findings[key] = f
	}
	worker.seen[key]++
}
