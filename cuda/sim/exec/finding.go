package exec

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/cuda/ptx"
)

// A Kind is what a kernel did wrong.
type Kind uint8

// The kinds. Hardware refuses those up to Trap; it runs on after the others, with a wrong result or
// a result that depends on luck.
const (
	OutOfBounds    Kind = iota + 1 // an access to bytes of no allocation, variable or frame
	UseAfterFree                   // an access to a freed allocation
	Misaligned                     // an address that is no multiple of the access's size
	WrongSpace                     // an address of another state space, a write to a constant
	Timeout                        // a warp ran over its budget of instructions
	Deadlock                       // no warp of a block can go on
	StackOverflow                  // calls nested too deeply
	Trap                           // the trap instruction
	IllegalOperand                 // an operand outside of what the instruction defines

	UninitRegister   // a value that nothing has written has an effect
	UninitMemory     // the same of a value that was loaded from bytes that nothing has written
	SharedRace       // two threads access a byte of shared memory without order, one of them writes
	GlobalRace       // the same between blocks in global memory
	DivergentBarrier // an aligned barrier that part of a warp does not reach, unequal counts
	WarpSync         // a warp instruction whose member mask disagrees with the lanes that execute it
	PartialWarp      // a matrix instruction without the full warp
	AsyncRead        // the destination of cp.async is read before the copy is waited for
	AsyncOverwrite   // the same, written
	ReadOnlyCache    // ld.global.nc or ldu of bytes that the launch writes
)

var kindNames = [...]string{
	OutOfBounds: "out of bounds", UseAfterFree: "use after free", Misaligned: "misaligned address",
	WrongSpace: "wrong state space", Timeout: "runaway loop", Deadlock: "deadlock",
	StackOverflow: "stack overflow", Trap: "trap", IllegalOperand: "illegal operand",
	UninitRegister: "uninitialised register", UninitMemory: "uninitialised memory",
	SharedRace: "race in shared memory", GlobalRace: "race in global memory",
	DivergentBarrier: "divergent barrier", WarpSync: "warp mask mismatch", PartialWarp: "partial warp",
	AsyncRead: "read before cp.async has landed", AsyncOverwrite: "write before cp.async has landed", ReadOnlyCache: "read-only cache of what is written",
}

// String says what the kind is, in lower case.
func (k Kind) String() string {
	if int(k) < len(kindNames) && kindNames[k] != "" {
		return kindNames[k]
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// Fatal reports whether hardware stops the kernel.
func (k Kind) Fatal() bool { return k <= IllegalOperand }

// Code is the driver's code for the kind. What hardware does not notice is LaunchFailed.
func (k Kind) Code() driver.Code {
	switch k {
	case OutOfBounds, UseAfterFree:
		return driver.IllegalAddress
	case Misaligned:
		return driver.MisalignedAddress
	case WrongSpace:
		return driver.InvalidAddressSpace
	case Timeout, Deadlock:
		return driver.LaunchTimeout
	case StackOverflow:
		return driver.HardwareStackError
	case IllegalOperand:
		return driver.IllegalInstruction
	}
	return driver.LaunchFailed
}

// A Finding is something that a kernel did wrong, and where. It is an error.
type Finding struct {
	Kind   Kind
	Code   driver.Code
	Fatal  bool // the launch was ended
	Kernel string
	Access // the instruction that was executed when it was noticed
	Space  ptx.Space
	Addr   uint64
	Bytes  int     // of the access
	Object string  // what is at Addr: allocation or variable, and the offset
	Msg    string  // one sentence
	Other  *Access // of a conflict the other side; of an undefined value what it was computed by, or the load of it
	Times  int     // how often it was seen at this pair of places, at least 1
}

// An Access is one thread executing one instruction.
type Access struct {
	File   string // of the PTX
	Pos    ptx.Pos
	Inst   *ptx.Inst
	Source string // file:line:column by .loc, empty without
	Block  [3]int
	Thread [3]int // zeros where Lane is -1
	Warp   int
	Lane   int // -1: several, or not known
}

// Where is the place in the source where there is one, and in the PTX.
func (a *Access) Where() string {
	at := fmt.Sprintf("%s:%d:%d", a.File, a.Pos.Line, a.Pos.Col)
	if a.Source != "" {
		return a.Source + " (" + at + ")"
	}
	return at
}

// who names the thread.
func (a *Access) who() string {
	if a.Lane < 0 {
		return fmt.Sprintf("block %v warp %d", a.Block, a.Warp)
	}
	return fmt.Sprintf("block %v thread %v (warp %d lane %d)", a.Block, a.Thread, a.Warp, a.Lane)
}

// Error gives a few lines, the first with place, kind and message.
func (f *Finding) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %v: %s\n", f.Where(), f.Kind, f.Msg)
	fmt.Fprintf(&b, "\tkernel %s, %s", f.Kernel, f.who())
	if f.Inst != nil {
		fmt.Fprintf(&b, "\n\t> %s", instText(f.Inst))
	}
	if f.Object != "" {
		fmt.Fprintf(&b, "\n\tat %#x: %s", f.Addr, f.Object)
	}
	if f.Other != nil {
		relation := "conflicts with"
		switch f.Kind {
		case UninitRegister:
			relation = "used before at"
		case UninitMemory:
			relation = "loaded at"
		}
		fmt.Fprintf(&b, "\n\t%s %s, %s", relation, f.Other.Where(), f.Other.who())
		if f.Other.Inst != nil {
			fmt.Fprintf(&b, "\n\t> %s", instText(f.Other.Inst))
		}
	}
	if f.Times > 1 {
		fmt.Fprintf(&b, "\n\tand %d more times", f.Times-1)
	}
	return b.String()
}

// instText is the instruction's name with its modifiers.
func instText(in *ptx.Inst) string {
	var b strings.Builder
	if in.Guard != nil {
		b.WriteByte('@')
		if in.Guard.Not {
			b.WriteByte('!')
		}
		b.WriteString(in.Guard.Reg.Name + " ")
	}
	b.WriteString(in.Op.String())
	for _, m := range in.Mods {
		b.WriteString("." + m.String())
	}
	return b.String()
}

// compareFindings orders fatal ones first, then by block, then by place.
func compareFindings(f, g *Finding) int {
	if f.Fatal != g.Fatal {
		if f.Fatal {
			return -1
		}
		return 1
	}
	for i := 2; i >= 0; i-- {
		if c := cmp.Compare(f.Block[i], g.Block[i]); c != 0 {
			return c
		}
	}
	if c := cmp.Compare(f.Pos.Line, g.Pos.Line); c != 0 {
		return c
	}
	if c := cmp.Compare(f.Warp, g.Warp); c != 0 {
		return c
	}
	return cmp.Compare(f.Kind, g.Kind)
}
