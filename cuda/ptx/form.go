package ptx

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// A Form is one row of the legality table, read from a line of text in a notation close to the ISA's own syntax:
//
//	add{.rnd}{.ftz}{.sat}.f32 d, a, b
//	ex2.approx.atype d, a ; 7.0 75
//
// Suffixes in braces are optional; a name of the sets below stands for any of its members, a|b for one of two, and m@7.8/90
// says that m needs .version 7.8 and sm_90. Suffixes may come in any order but for types, which come in theirs. Behind the
// semicolon stand the version and the targets that the row needs: 80 is sm_80 and later, 90a that chip alone, 100f its family; -6.3 that later versions have
// dropped it for sm_70 and up.
//
// Operands are letters: d is a result, other letters are sources, of the first type suffix unless :1 names the second, :w a
// type twice as wide, or :u32 a fixed type. Marks behind: ! register only, # immediate only (#0..15 in that range),
// <0..64%32 immediates are multiples of 32 in that range,
// _ may be the sink, * may be a special register, & may be the address of a variable, ~ may be wider than the type, ^ may
// be a negated predicate, ? may be absent. [a] is an address, {d} as many elements as .v2 and .v4 say, {d*4} four,
// {d+} a split of the type into equal parts, p|q two results, p/q one or two.
type Form struct {
	Text  string // the row
	Op    Op
	items []formItem
	args  []argSpec
	need  need
}

type formItem struct {
	alts     []formAlt
	optional bool
}

type formAlt struct {
	mod  Mod
	need need
}

// need is what a form or modifier asks of the file: at least a version, and any one of the targets.
type need struct {
	version Version
	until   Version // not later than this on sm_70 and up, unless zero
	targets []targetNeed
}

// targetNeed is sm or later when suffix is 0, that chip alone for 'a', that chip and its family for 'f'.
type targetNeed struct {
	sm     int
	suffix byte
}

func (n targetNeed) String() string {
	if n.suffix == 0 {
		return fmt.Sprintf("sm_%d", n.sm)
	}
	return fmt.Sprintf("sm_%d%c", n.sm, n.suffix)
}

func (n targetNeed) met(t Target) bool {
	switch n.suffix {
	case 'a':
		return t.SM == n.sm && t.Suffix == 'a'
	case 'f': // a family is the chips of one major number from the named one on
		return t.Suffix != 0 && t.SM >= n.sm && t.SM/10 == n.sm/10
	}
	return t.SM >= n.sm
}

func (n need) target(t Target) bool {
	for _, x := range n.targets {
		if x.met(t) {
			return true
		}
	}
	return len(n.targets) == 0
}

// tables are the rows of each operation, read once.
var tables = sync.OnceValue(func() *[numOps][]*Form {
	t := new([numOps][]*Form)
	for _, text := range formTexts {
		for _, line := range strings.Split(text, "\n") {
			line = strings.TrimSpace(line)
			if line == "" || strings.HasPrefix(line, "//") {
				continue
			}
			f, err := parseForm(line)
			if err != nil {
				panic("ptx: row of the legality table: " + line + ": " + err.Error()) // a constant of this package, held by TestTable
			}
			t[f.Op] = append(t[f.Op], f)
		}
	}
	return t
})

// FormsOf are the rows of the table for an operation, in the notation of [Form].
func FormsOf(op Op) []string {
	var s []string
	for _, f := range tables()[op] {
		s = append(s, f.Text)
	}
	return s
}

func parseForm(line string) (*Form, error) {
	f := &Form{Text: line}
	body, req, _ := strings.Cut(line, ";")
	var err error
	if f.need, err = parseNeed(strings.Fields(req)); err != nil {
		return nil, err
	}
	opcode, operands, _ := strings.Cut(strings.TrimSpace(body), " ")
	name := opcode
	if i := strings.IndexAny(opcode, "{"); i >= 0 {
		name = opcode[:i]
	}
	var rest string
	f.Op, rest = splitOp(name)
	if f.Op == OpNone {
		return nil, fmt.Errorf("unknown operation %s", name)
	}
	if f.items, err = parseItems(rest + opcode[len(name):]); err != nil {
		return nil, err
	}
	if operands = strings.TrimSpace(operands); operands != "" {
		for _, s := range strings.Split(operands, ",") {
			a, err := parseArg(strings.TrimSpace(s))
			if err != nil {
				return nil, err
			}
			f.args = append(f.args, a)
		}
	}
	return f, nil
}

func parseNeed(words []string) (n need, err error) {
	for _, w := range words {
		w, until := strings.CutPrefix(w, "-")
		if major, minor, ok := strings.Cut(w, "."); ok {
			a, err1 := strconv.ParseUint(major, 10, 8)
			b, err2 := strconv.ParseUint(minor, 10, 8)
			if err1 != nil || err2 != nil {
				return n, fmt.Errorf("version %s", w)
			}
			if until {
				n.until = Version{uint8(a), uint8(b)}
			} else {
				n.version = Version{uint8(a), uint8(b)}
			}
			continue
		}
		for _, t := range strings.Split(w, "|") {
			t, ok := ParseTarget("sm_" + t)
			if !ok {
				return n, fmt.Errorf("target %s", w)
			}
			n.targets = append(n.targets, targetNeed{t.SM, t.Suffix})
		}
	}
	return n, nil
}

func parseItems(s string) ([]formItem, error) {
	var items []formItem
	for s != "" {
		optional := s[0] == '{'
		var part string
		if optional {
			end := strings.IndexByte(s, '}')
			if end < 0 {
				return nil, fmt.Errorf("braces")
			}
			part, s = s[1:end], s[end+1:]
		} else {
			end := len(s)
			for i := 1; i < len(s); i++ {
				if s[i] == '{' || s[i] == '.' && !versionDot(s, i) {
					end = i
					break
				}
			}
			part, s = s[:end], s[end:]
		}
		it, err := parseItem(part)
		if err != nil {
			return nil, err
		}
		it.optional = optional
		items = append(items, it)
	}
	return items, nil
}

// versionDot tells the dot of m@7.8 from that of a suffix.
func versionDot(s string, i int) bool {
	at := strings.LastIndexAny(s[:i], "@.|/{")
	return at >= 0 && s[at] == '@'
}

func parseItem(s string) (it formItem, err error) {
	if !strings.HasPrefix(s, ".") {
		return it, fmt.Errorf("suffix %q", s)
	}
	for _, alt := range strings.Split(s[1:], "|") {
		name, req, _ := strings.Cut(alt, "@")
		n, err := parseNeed(strings.FieldsFunc(req, func(r rune) bool { return r == '/' }))
		if err != nil {
			return it, err
		}
		members := []string{name}
		if set, ok := formSets[name]; ok {
			members = strings.Fields(set)
		}
		for _, m := range members {
			name, req, _ := strings.Cut(m, "@")
			k := n
			if req != "" {
				if k, err = parseNeed(strings.FieldsFunc(req, func(r rune) bool { return r == '/' })); err != nil {
					return it, err
				}
			}
			mod, ok := modByName[name]
			if !ok {
				return it, fmt.Errorf("unknown suffix .%s", name)
			}
			it.alts = append(it.alts, formAlt{mod, k})
		}
	}
	return it, nil
}

// match fits suffixes to the row. It gives what the chosen ones need.
func (f *Form) match(mods []Mod) (n need, ok bool) {
	var used uint64
	var next [numOrders]int // first item that the next suffix of an ordered kind can take
	n = f.need
	for _, m := range mods {
		i, k := f.place(m, used, next[orderOf(m)])
		if i < 0 {
			if f.again(m, used) {
				continue
			}
			return n, false
		}
		n = n.and(f.items[i].alts[k].need)
		used |= 1 << i
		if o := orderOf(m); o != orderFree {
			next[o] = i + 1
		}
	}
	for i := range f.items {
		if used&(1<<i) == 0 && !f.items[i].optional {
			return n, false
		}
	}
	return n, true
}

// place finds the first free item from the given one on that offers the suffix, and which of its alternatives it is.
func (f *Form) place(m Mod, used uint64, from int) (item, alt int) {
	for i := from; i < len(f.items); i++ {
		if used&(1<<i) != 0 {
			continue
		}
		if k := f.items[i].find(m); k >= 0 {
			return i, k
		}
	}
	return -1, 0
}

// Suffixes of these kinds stand in the row's order among their own kind.
const (
	orderFree = iota
	orderType
	orderLayout
	orderSpace
	orderOperation
	numOrders
)

func orderOf(m Mod) int {
	switch {
	case m.Type() != NoType:
		return orderType
	case m == ModRow || m == ModCol:
		return orderLayout
	case m.Space() != Generic:
		return orderSpace
	case m >= ModAnd && m <= ModBallot:
		return orderOperation
	}
	return orderFree
}

// again tells a suffix that may be repeated. ptxas minds repeated roundings, types and .ftz, but not these.
func (f *Form) again(m Mod, used uint64) bool {
	switch m {
	case ModSat, ModApprox, ModRelu, ModSatfinite, ModSync, ModCC, ModShiftAmt, ModUni:
	default:
		return false
	}
	for i := range f.items {
		if used&(1<<i) != 0 && f.items[i].find(m) >= 0 {
			return true
		}
	}
	return false
}

func (it *formItem) find(m Mod) int {
	for i := range it.alts {
		if it.alts[i].mod == m {
			return i
		}
	}
	return -1
}

// and is both needs. Where both name targets, the more specific list stays: rows never combine two families.
func (n need) and(o need) need {
	if o.version.AtLeast(n.version) {
		n.version = o.version
	}
	switch {
	case len(n.targets) == 0:
		n.targets = o.targets
	case len(o.targets) == 0:
	case len(o.targets) > len(n.targets), o.targets[0].sm > n.targets[0].sm && n.targets[0].suffix == 0, o.targets[0].suffix != 0 && n.targets[0].suffix == 0:
		n.targets = o.targets
	}
	return n
}
