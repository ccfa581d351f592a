package sim

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/cuda/sim/exec"
)

// A Kind is what a program did wrong around its kernels.
type Kind uint8

// The kinds.
const (
	InKernel    Kind = iota // see Finding.Kernel
	HostChanged             // host memory changed between the call of CopyIn and the copy
	HostWritten             // host memory was written between the call of CopyOut and the copy
	UninitCopy              // a copy to the host of device memory that nothing wrote
	StreamRace              // work on two streams touches the same bytes, and nothing orders it
	FreedInUse              // something was freed that queued work uses
	Failed                  // work that could not run, though its call found nothing wrong with it
)

var kindNames = [...]string{InKernel: "kernel", HostChanged: "host buffer changed under a copy", HostWritten: "host buffer written under a copy",
	UninitCopy: "copy of uninitialised memory", StreamRace: "race between streams", FreedInUse: "freed in use", Failed: "failed"}

// String says what the kind is, in lower case.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// A Finding is something that a program did wrong. It is an error.
type Finding struct {
	Kind   Kind
	Call   string        // what was queued: "launch gemm_bf16", "copy in of 64 bytes"
	On     string        // the stream: "stream 2"; streams are numbered on the driver, from 1
	Other  string        // the call that it conflicts with, and its stream
	Msg    string        // one sentence
	Kernel *exec.Finding // of InKernel
}

// Code is the driver's code: for what hardware does not notice LaunchFailed.
func (f *Finding) Code() driver.Code {
	switch f.Kind {
	case InKernel:
		return f.Kernel.Code
	case Failed:
		return driver.IllegalAddress
	}
	return driver.LaunchFailed
}

// Fatal reports whether hardware stops here too.
func (f *Finding) Fatal() bool { return f.Kind == Failed || f.Kind == InKernel && f.Kernel.Fatal }

// Error gives a few lines, the first with call, kind and message.
func (f *Finding) Error() string {
	if f.Kernel != nil {
		return f.Kernel.Error()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %v: %s", f.Call, f.Kind, f.Msg)
	if f.On != "" {
		fmt.Fprintf(&b, "\n\ton %s", f.On)
	}
	if f.Other != "" {
		fmt.Fprintf(&b, "\n\tconflicts with %s", f.Other)
	}
	return b.String()
}

// maxFindings bounds what a device remembers.
const maxFindings = 1000

// report records a finding, and loses the device if it has to. The lock is held.
func (d *Device) report(f *Finding) {
	if len(d.findings) < maxFindings {
		d.findings = append(d.findings, f)
	}
	if d.lost == nil && (f.Fatal() || !d.drv.opts.Lenient) {
		d.lost = &driver.Error{Code: f.Code(), Call: f.Call, Detail: f.Error()}
	}
}

// Findings is everything that was found so far, in the order of execution: at most 1000, of each
// launch at most 20.
func (d *Device) Findings() []*Finding {
	d.drv.mu.Lock()
	defer d.drv.mu.Unlock()
	return slices.Clone(d.findings)
}
