package exec

import "github.com/rapt-go/rapt/cuda/ptx"

// Lanes are one register of the 32 threads of a warp.
type (
	lanes32 = [32]uint32
	lanes64 = [32]uint64
)

// A class is the slab that a register lives in.
type class uint8

const (
	c32   class = iota // up to 32 bits, the unused upper ones zero
	c64                // 64 bits
	cPred              // a mask of the lanes for which it is true
)

// A slot is a register or a constant of a function.
type slot struct {
	class class
	bits  uint8 // of the register
	not   bool  // an inverted predicate
	idx   int32 // in the slab
	def   int32 // in frame.def, -1 for constants
}

func (s slot) isConst() bool { return s.def < 0 }

// The kinds of instructions, by what the loop over them has to do.
type instKind uint8

const (
	kRun    instKind = iota // run
	kA32                    // d = a32(a, b, c), all in c32
	kA64                    // the same in c64
	kSet                    // predicate d = set32(a, b)
	kSet64                  //
	kBlock                  // block, which may end the warp's turn
	kBranch                 // to target
	kBrx                    // to one of targets
	kExit                   //
	kRet                    //
	kCall                   //
)

// An inst is a decoded instruction.
type inst struct {
	kind     instKind
	guardNot bool
	lazy     bool // bytes that nothing has written are passed on
	spread   spread
	guard    int32 // -1: none
	guardDef int32
	d        int32
	a, b, c  int32
	target   int32
	rpc      int32 // where diverged lanes meet again, -1: nowhere
	id       int32 // in Kernel.insts

	a32   func(d, a, b, c *lanes32)
	a64   func(d, a, b, c *lanes64)
	set32 func(a, b *lanes32) uint32
	set64 func(a, b *lanes64) uint32
	run   func(w *warp, in *inst, m uint32)
	block func(w *warp, in *inst, m uint32) bool // true ends the turn

	*flow                                   // after decoding only registers that may be read unwritten, nil without; all are in function.flow
	controls []int32                        // of spreadExact: of copies those that have to be defined
	taint    func(w *warp, m uint32) uint32 // of spreadLanes: the lanes in which the results are undefined

	targets []int32 // of kBrx
	call    *callInfo
	mem     *memAccess
	result  func(w *warp, p *path, b *barrier) // of bar.red, when the barrier opens
	src     *ptx.Inst
	flops   uint32 // of a lane
}

// A flow is the registers that an instruction reads and writes, in frame.def. The results depend on copies,
// which may be undefined; see undefined.go. What else it reads is uses.
type flow struct {
	uses, copies, defs []int32
}

// A function is a decoded .entry or .func.
type function struct {
	src     *ptx.Func
	code    []inst
	flow    []flow // of each of code
	n32     int    // slots of each class
	n64     int
	nPred   int
	nDef    int
	const32 []constant
	const64 []constant
	predOne int32 // the slot of the constant true, -1 without

	dynamic []special // registers whose value is asked anew by each instruction that reads them
	static  []special // registers that are fixed for a thread

	params      map[*ptx.Var]int // offset in frame.params
	paramBytes  int
	locals      map[*ptx.Var]int
	localBytes  int
	slots       []slot   // of all registers, by def
	names       []string // the same
	formals     []int32  // register parameters, in frame.def
	results     []int32  // register results
	followed    bitset   // registers that may be read unwritten, by def
	regOf       map[*ptx.Reg]slot
	regPressure int
}

// A constant is a slot with a value, or the address of a variable that is known when the module is
// loaded, plus an offset.
type constant struct {
	idx   int32
	value uint64
	sym   *ptx.Var
	fn    *ptx.Func
}

// A special is a special register and its slot.
type special struct {
	reg  ptx.SReg
	elem int
	slot slot
}
