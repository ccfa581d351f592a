package ptx

// The syntax tree. Parse fills everything but the fields that a comment leaves to Check.

// Pos is a place in the source: line and column from 1, columns in bytes. The zero Pos is unknown.
type Pos struct{ Line, Col int32 }

// Module is one PTX file.
type Module struct {
	Name        string // of the file, for messages
	Version     Version
	Target      Target
	AddressSize int    // 32 or 64; where the file does not say, 64, as ptxas has it on 64-bit hosts (ISA 11.1.3 says 32)
	Items       []Item // everything below, in source order
	Files       []*File
	Vars        []*Var
	Funcs       []*Func // definitions and declarations
}

// Item is a declaration at module scope: *File, *Var, *Func, *Alias, *Pragma or *Section.
type Item interface{ item() }

// File is a .file directive, ISA 11.5.3.
type File struct {
	Pos         Pos
	Index       int
	Name        string
	Time, Size  uint64
	HasTimeSize bool
}

// Alias is an .alias directive, ISA 11.6.5.
type Alias struct {
	Pos          Pos
	Name, Target string
}

// Section is a .section directive, ISA 11.5.2: DWARF data, kept as text and otherwise ignored.
type Section struct {
	Pos  Pos
	Name string
	Text string // between the braces
}

// Var is a variable, a parameter or a parameter register, ISA 5.4.
type Var struct {
	Pos     Pos
	Linkage Linkage
	Space   Space // RegSpace for register parameters of functions
	Name    string
	Type    Type
	Vec     int     // 1, 2, 4 or 8
	Align   int     // as declared, 0 where not; AlignOf gives the effective one
	Dims    []int64 // array dimensions; -1 for an empty first dimension without initializer (extern shared, last parameter)
	Init    *Init   // nil without initializer
	Ptr     bool    // kernel parameter with .ptr
	PtrTo   Space   // its space
	PtrAl   int     // its .align
	Managed bool    // .attribute(.managed)
	Unified []uint64

	// Scope is the function that the variable belongs to, nil at module scope.
	Scope *Func
	// Reg is what Check binds a RegSpace parameter to.
	Reg *Reg
}

// Elems is the number of elements over all dimensions, 0 for unsized arrays.
func (v *Var) Elems() int64 {
	n := int64(1)
	for _, d := range v.Dims {
		n *= max(d, 0)
	}
	return n
}

// Size is the variable's size in bytes, 0 for unsized arrays.
func (v *Var) Size() int64 { return v.Elems() * int64(v.Type.Size()) * int64(max(v.Vec, 1)) }

// AlignOf is the alignment in bytes: as declared, else the natural one of the (vector) element, ISA 5.4.5.
func (v *Var) AlignOf() int {
	if v.Align > 0 {
		return v.Align
	}
	return max(v.Type.Size()*max(v.Vec, 1), 1)
}

// Init is an initializer, ISA 5.4.4: a list in braces, or one value.
type Init struct {
	Pos  Pos
	List []*Init // nil for a value
	// Value is an *Imm or a *SymRef (address of a variable or function) after Check, an *Ident before.
	Value Operand
	// Generic is set for generic(sym); Mask is that of 0xFF00(sym), which is one byte of the address, 0 without.
	Generic bool
	Mask    uint64
}

// Func is an .entry or a .func, ISA 11.2. Body is nil in a declaration.
type Func struct {
	Pos      Pos
	Linkage  Linkage
	Name     string
	Entry    bool
	Results  []*Var
	Params   []*Var
	NoReturn bool
	Perf     Perf
	Body     *Block

	// Regs are the registers that the body uses, in order of first use; Check fills it. Reg.Index indexes it.
	Regs []*Reg
}

// Perf are the performance-tuning and cluster directives of a function, ISA 11.4 and 11.7. Zero means absent.
type Perf struct {
	MaxNTID, ReqNTID  [3]int
	MinNCTAPerSM      int
	MaxNCTAPerSM      int
	MaxNReg           int
	ReqNCTAPerCluster [3]int
	ExplicitCluster   bool
	MaxClusterRank    int
	Unified           []uint64 // .attribute(.unified(a, b))
	Pragmas           []string
	ABIPreserve       int // .abi_preserve N
	ABIPreserveCtl    int // .abi_preserve_control N
}

// Stmt is a statement of a body: *Inst, *Label, *Block, *RegDecl, *Var, *Loc, *Pragma, *BranchTargets, *CallTargets or *Prototype.
type Stmt interface{ stmt() }

// Block is a scope in braces.
type Block struct {
	Pos   Pos
	Stmts []Stmt
	End   Pos // of the closing brace
}

// RegDecl declares registers: .reg .b32 %r<10>, a, b.
type RegDecl struct {
	Pos   Pos
	Type  Type
	Vec   int // 1, 2 or 4
	Names []RegName
}

// RegName is one name of a RegDecl; Count is 0 for a single register, N for a range %r<N>.
type RegName struct {
	Pos   Pos
	Name  string
	Count int64
}

// Reg is a register, made by Check for each declared name that is used. Registers of equal names in disjoint scopes are distinct.
type Reg struct {
	Name  string
	Type  Type
	Vec   int // 1, 2 or 4 elements
	Index int // in Func.Regs
	Decl  Pos
}

// Label is a place to branch to.
type Label struct {
	Pos  Pos
	Name string
}

// Loc is a .loc directive, ISA 11.5.4. Names of inlined functions are labels of .debug_str sections.
type Loc struct {
	Pos             Pos
	File, Line, Col int
	Func            string // function_name, empty without
	FuncOffset      int64
	InlinedAt       *Loc // only File, Line and Col are set
}

// Pragma is a .pragma directive, ISA 11.4.6.
type Pragma struct {
	Pos  Pos
	Text []string
}

// BranchTargets lists the labels that a brx.idx can reach, ISA 11.3.2. It is named by the label in front of it.
type BranchTargets struct {
	Pos     Pos
	Name    string
	Targets []*LabelRef
}

// CallTargets lists the functions that an indirect call can reach, ISA 11.3.1.
type CallTargets struct {
	Pos     Pos
	Name    string
	Targets []*SymRef
}

// Prototype describes the function of an indirect call, ISA 11.3.3.
type Prototype struct {
	Pos      Pos
	Name     string
	Results  []*Var
	Params   []*Var
	NoReturn bool
}

// Inst is one instruction.
type Inst struct {
	Pos   Pos
	Guard *RegRef // the predicate of @p; its Not is set for @!p; nil without
	Op    Op
	Mods  []Mod  // all suffixes, types included, in source order
	Types []Type // the types among them, in order
	Args  []Operand
	Call  *Call // operands of OpCall, which has no Args
	Loc   *Loc  // the .loc in force, nil without

	// Form is the row of the legality table that allows the instruction; Check sets it.
	Form *Form
}

// Call holds the operands of call, ISA 9.7.12: call (Results), Callee, (Args), Table.
type Call struct {
	Results []Operand
	Callee  Operand // *SymRef to a function, or *RegRef for an indirect call
	Args    []Operand
	Table   Operand // *LabelRef of a Prototype or CallTargets, *SymRef of an array of functions, nil without
}

// Operand is an operand: *Ident and *Indexed (only before Check), *RegRef, *Special, *SymRef, *LabelRef, *Imm, *Addr, *Vector, *Pair or *Sink.
type Operand interface {
	operand()
	Position() Pos
}

// Ident is a name that Check has not resolved yet.
type Ident struct {
	Pos    Pos
	Name   string
	Elem   string // x, y, z, w, r, g, b, a of a sub-vector; empty without
	Not    bool   // !p
	Neg    bool   // -x
	Offset int64  // sym+4
	HasOff bool
}

// Indexed is sym[n], the n-th element of an array, ISA 6.4.2. Check turns it into a SymRef or an Addr.
type Indexed struct {
	Pos   Pos
	Name  string
	Index int64
}

// RegRef is a use of a register, or of one element of a vector register.
type RegRef struct {
	Pos  Pos
	Reg  *Reg
	Elem int  // 0 to 3 for .x to .w, -1 for the whole register
	Not  bool // !p, the inverted predicate
}

// Special is a use of a special register, ISA 10.
type Special struct {
	Pos  Pos
	Reg  SReg
	Elem int // 0 to 3 for .x to .w of a vector register, -1 otherwise
}

// SymRef is the address of a variable or function, plus an offset in bytes. One of Var and Func is set.
type SymRef struct {
	Pos    Pos
	Var    *Var
	Func   *Func
	Offset int64
}

// LabelRef is a label as an operand. One of Label, Targets, Calls and Proto is set by Check.
type LabelRef struct {
	Pos     Pos
	Name    string
	Label   *Label
	Targets *BranchTargets
	Calls   *CallTargets
	Proto   *Prototype
}

// Imm is a constant, ISA 4.5.
type Imm struct {
	Pos  Pos
	Kind ImmKind
	// Bits are the two's complement bits of an integer, the binary32 bits of ImmF32 (in the low half), the binary64 bits of ImmF64.
	Bits uint64

	noSign bool // a bit pattern, which takes no sign in front
}

// ImmKind is how a constant was written.
type ImmKind uint8

// The kinds of constants.
const (
	ImmInt  ImmKind = iota // signed integer, or any whose bits 63 is clear
	ImmUint                // unsigned integer: suffix U, or too large for .s64
	ImmF32                 // 0f followed by eight hexadecimal digits
	ImmF64                 // 0d followed by sixteen, or a decimal
)

// Addr is a memory operand [Base+Offset], ISA 6.4.1.
type Addr struct {
	Pos    Pos
	Base   Operand // *RegRef, *SymRef (its own Offset is 0), or nil for an absolute address
	Offset int64
}

// Vector is a list {a, b}, ISA 6.4.3.
type Vector struct {
	Pos   Pos
	Elems []Operand
}

// Pair is a|b, two results of setp, shfl and match.
type Pair struct {
	Pos  Pos
	A, B Operand
}

// Sink is _, a result that is thrown away, ISA 6.4.
type Sink struct{ Pos Pos }

func (*File) item()    {}
func (*Alias) item()   {}
func (*Section) item() {}
func (*Var) item()     {}
func (*Func) item()    {}
func (*Pragma) item()  {}

func (*Inst) stmt()          {}
func (*Label) stmt()         {}
func (*Block) stmt()         {}
func (*RegDecl) stmt()       {}
func (*Var) stmt()           {}
func (*Loc) stmt()           {}
func (*Pragma) stmt()        {}
func (*BranchTargets) stmt() {}
func (*CallTargets) stmt()   {}
func (*Prototype) stmt()     {}

func (*Ident) operand()    {}
func (*Indexed) operand()  {}
func (*RegRef) operand()   {}
func (*Special) operand()  {}
func (*SymRef) operand()   {}
func (*LabelRef) operand() {}
func (*Imm) operand()      {}
func (*Addr) operand()     {}
func (*Vector) operand()   {}
func (*Pair) operand()     {}
func (*Sink) operand()     {}

// Position is where the operand starts.
func (o *Ident) Position() Pos { return o.Pos }

// Position is where the operand starts.
func (o *Indexed) Position() Pos { return o.Pos }

// Position is where the operand starts.
func (o *RegRef) Position() Pos { return o.Pos }

// Position is where the operand starts.
func (o *Special) Position() Pos { return o.Pos }

// Position is where the operand starts.
func (o *SymRef) Position() Pos { return o.Pos }

// Position is where the operand starts.
func (o *LabelRef) Position() Pos { return o.Pos }

// Position is where the operand starts.
func (o *Imm) Position() Pos { return o.Pos }

// Position is where the operand starts.
func (o *Addr) Position() Pos { return o.Pos }

// Position is where the operand starts.
func (o *Vector) Position() Pos { return o.Pos }

// Position is where the operand starts.
func (o *Pair) Position() Pos { return o.Pos }

// Position is where the operand starts.
func (o *Sink) Position() Pos { return o.Pos }
